/** Covariances and correlations of variables, and the bilinear map. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { BOOL, category, isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { product } from './product-rules.ts'

/** What {@link cov} takes by name. */
export interface CovOptions {
  /** What is taken from the number of observations: 1 for samples, 0 for a population. Default 1. */
  correction?: number
  /** How often each observation counts: whole numbers `[N]`. Default: once. */
  fweights?: Tensor | null
  /** The weight of each observation: floating `[N]`. Default: all the same. */
  aweights?: Tensor | null
}

type CovArguments = Arguments<CovOptions, ['correction', 'fweights', 'aweights']>

const readCov = parameters<[number, Tensor | null, Tensor | null]>('cov', [
  'correction',
  'fweights',
  'aweights',
])

function requireWeights(input: Tensor, name: string, weights: Tensor, observations: number): void {
  requireTensor('cov', name, weights)
  const whole = category(weights._dtype) === 1
  if (name === 'fweights' ? !whole : !isFloatingCode(weights._dtype)) {
    throw new DTypeError(
      'cov',
      { input, [name]: weights },
      `${name} must be ${name === 'fweights' ? 'integers' : 'floating'}, not ${weights.dtype}`,
      'fweights count observations, aweights weigh them',
    )
  }
  if (weights.ndim > 1 || weights.numel() !== observations) {
    throw new ShapeError(
      'cov',
      { input, [name]: weights },
      `${name} must have one axis with an element for each of the ${observations} observations`,
      'observations are the columns of the input',
    )
  }
  if (observations > 0 && weights.min().item() < 0) {
    throw new ValueError('cov', { input, [name]: weights }, `${name} must not be negative`)
  }
}

/**
 * The covariances of variables, which are the rows; columns are observations.
 *
 * Shapes: input `[V, N]` -> `[V, V]`; `[N]` or `[]` is a single variable -> `[]`. Dtype: floating;
 * integers become the default dtype.
 *
 * @throws {ShapeError} for more than two axes, or weights that do not fit. @throws {DTypeError} for
 * bool, or weights of the wrong kind. @throws {ValueError} for negative weights.
 * @see torch.cov
 */
export function cov(input: Tensor, ...given: CovArguments): Tensor {
  const [correction = 1, fweights = null, aweights = null] = readCov(given)
  requireTensor('cov', 'input', input)
  if (typeof correction !== 'number') {
    throw new ValueError(
      'cov',
      { input },
      `correction is a number, not ${show(correction)}`,
      'pass 1',
    )
  }
  if (input.ndim > 2) {
    throw new ShapeError(
      'cov',
      { input },
      `input must have at most two axes, not ${input.ndim}`,
      'rows are variables, columns observations',
    )
  }
  if (input._dtype === BOOL) {
    throw new DTypeError('cov', { input }, 'is not defined for bool', "convert with .to('float32')")
  }
  const x = input.ndim < 2 ? input.reshape([1, -1]) : input
  const observations = x.shape[1] as number
  let weights: Tensor | null = null
  if (fweights !== null) {
    requireWeights(input, 'fweights', fweights, observations)
    weights = fweights.reshape([-1])
  }
  if (aweights !== null) {
    requireWeights(input, 'aweights', aweights, observations)
    weights = weights === null ? aweights.reshape([-1]) : weights.mul(aweights.reshape([-1]))
  }
  const weighted = (values: Tensor): Tensor => (weights === null ? values : values.mul(weights))
  const total = weights === null ? observations : weights.sum()
  const centred = x.sub(weighted(x).sum(1, true).div(total))
  const products = product(centred, weighted(centred).t(), 'cov')
  return products.div(degrees(total, weights, aweights, correction)).squeeze()
}

/** What the sums of products are divided by; 0 where it would be negative. */
function degrees(
  total: Tensor | number,
  weights: Tensor | null,
  aweights: Tensor | null,
  correction: number,
): Tensor | number {
  if (typeof total === 'number') return Math.max(total - correction, 0)
  if (weights === null || aweights === null || correction === 0)
    return total.sub(correction).clampMin(0)
  const share = weights
    .mul(aweights.reshape([-1]))
    .sum()
    .div(total)
  return total.sub(share.mul(correction)).clampMin(0)
}

/**
 * The correlation coefficients of variables, which are the rows: covariances divided by both standard
 * deviations, in [-1, 1].
 *
 * Shapes: input `[V, N]` -> `[V, V]`; `[N]` or `[]` is a single variable -> `[]`. Dtype: floating;
 * integers become the default dtype.
 *
 * @throws {ShapeError} for more than two axes. @throws {DTypeError} for bool.
 * @see torch.corrcoef
 */
export function corrcoef(input: Tensor): Tensor {
  requireTensor('corrcoef', 'input', input)
  const c = cov(input)
  if (c.ndim === 0) return c.div(c)
  const deviation = c.diagonal().sqrt()
  return c.div(deviation.unsqueeze(1)).div(deviation.unsqueeze(0)).clamp(-1, 1)
}

/** What {@link bilinear} takes by name. */
export interface BilinearOptions {
  input2: Tensor
  weight: Tensor
  /** Added to each result. Default: none. */
  bias?: Tensor | null
}

const readBilinear = parameters<[Tensor, Tensor, Tensor | null]>('bilinear', [
  'input2',
  'weight',
  'bias',
])

/**
 * A linear map of each of two vectors: out[o] = input1ᵀ · weight[o] · input2 + bias[o].
 *
 * Shapes: input1 `[..., I]`, input2 `[..., J]` with the same leading axes, weight `[O, I, J]`, bias
 * `[O]` -> `[..., O]`. Dtype: their common dtype.
 *
 * @throws {ShapeError} if sizes differ. @throws {DTypeError} for bool.
 * @see torch.nn.functional.bilinear
 */
export function bilinear(
  input1: Tensor,
  ...given: Arguments<BilinearOptions, ['input2', 'weight', 'bias']>
): Tensor {
  const [input2, weight, bias = null] = readBilinear(given)
  requireTensor('bilinear', 'input1', input1)
  requireTensor('bilinear', 'input2', input2)
  requireTensor('bilinear', 'weight', weight)
  const inputs = { input1, input2, weight }
  const lead = input1.shape.slice(0, -1)
  if (
    input1.ndim === 0 ||
    input1.ndim !== input2.ndim ||
    lead.some((size, axis) => size !== input2.shape[axis])
  ) {
    throw new ShapeError(
      'bilinear',
      inputs,
      'both inputs need the same axes before the last',
      'expand the smaller one',
    )
  }
  const [o, i, j] = weight.shape as unknown as [number, number, number]
  if (weight.ndim !== 3 || input1.shape.at(-1) !== i || input2.shape.at(-1) !== j) {
    throw new ShapeError(
      'bilinear',
      inputs,
      `weight must have the axes [out, ${input1.shape.at(-1)}, ${input2.shape.at(-1)}], the last ones of the inputs`,
      'swap the inputs, or transpose the last two axes of the weight',
    )
  }
  if (bias !== null) requireBias(bias, o)
  const rows = lead.reduce((a, b) => a * b, 1)
  // [rows, I] · [I, O·J] -> [rows, O, J], times input2 [rows, J, 1]
  const columns = weight.transpose(0, 1).reshape([i, o * j])
  const partial = product(input1.reshape([rows, i]), columns, 'bilinear').reshape([rows, o, j])
  const out = product(partial, input2.reshape([rows, j, 1]), 'bilinear').reshape([...lead, o])
  return bias === null ? out : out.add(bias)
}

function requireBias(bias: Tensor, out: number): void {
  requireTensor('bilinear', 'bias', bias)
  if (bias.ndim === 1 && bias.shape[0] === out) return
  throw new ShapeError(
    'bilinear',
    { bias },
    `bias must have the shape [${out}], an element for each matrix of the weight`,
    'reshape the bias, or add it with add()',
  )
}

export interface CovarianceMethods {
  /** See {@link cov}. */
  cov(...given: CovArguments): Tensor
  /** See {@link corrcoef}. */
  corrcoef(): Tensor
}

export const covarianceMethods: MethodTable<CovarianceMethods> = { cov, corrcoef }
