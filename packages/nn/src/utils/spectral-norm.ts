/** Weights divided by their largest singular value, by a hook. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { empty, IndexError, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, show } from '@flambeau/core/internal'
import { normalize } from '../functional/normalization.ts'
import { ConvNd } from '../layers/conv.ts'
import type { AnyModule } from '../module.ts'
import { Parameter } from '../parameter.ts'
import {
  attachRule,
  detachRule,
  fieldsOf,
  ownParameter,
  removeField,
  requireFree,
} from './weight-hooks.ts'

export interface SpectralNormOptions {
  /** The parameter's name. Default 'weight'. */
  name?: string
  /** Rounds of the power method for each call while training. Default 1. */
  nPowerIterations?: number
  /** The least norm that is divided by. Default 1e-12. */
  eps?: number
  /** The axis of the outputs. Default 1 for transposed convolutions, otherwise 0. */
  dim?: number | null
}

const NAMES = ['name', 'nPowerIterations', 'eps', 'dim'] as const

/** The axis, counted from the front. @throws {IndexError} if the weight does not have it. */
export function outputAxis(op: string, weight: Tensor, dim: number): number {
  const axis = dim < 0 ? dim + weight.ndim : dim
  if (Number.isInteger(axis) && axis >= 0 && axis < weight.ndim) return axis
  throw new IndexError(
    op,
    { weight },
    `dim must be from ${-weight.ndim} to ${weight.ndim - 1}, not ${show(dim)}`,
    'pass { dim: 0 }',
  )
}

/** The axis of the outputs against all others, `[outputs, others]`. */
export function asMatrix(weight: Tensor, axis: number): Tensor {
  const front = axis === 0 ? weight : weight.movedim(axis, 0)
  return front.reshape([front.shape[0] as number, -1])
}

/** A random vector of length 1. */
export function randomDirection(like: Tensor, size: number, eps: number): Tensor {
  return normalize(empty([size], { dtype: like.dtype, device: like.device }).normal_(0, 1), {
    dim: 0,
    eps,
  })
}

/** u and v after `rounds` more of the power method, in place; which of them comes first differs. */
export function iterate(
  matrix: Tensor,
  u: Tensor,
  v: Tensor,
  { rounds, eps, first }: { rounds: number; eps: number; first: 'u' | 'v' },
): void {
  noGrad(() => {
    const left = (): unknown => u.copy_(normalize(matrix.mv(v), { dim: 0, eps }))
    const right = (): unknown => v.copy_(normalize(matrix.t().mv(u), { dim: 0, eps }))
    for (let i = 0; i < rounds; i++) {
      if (first === 'u') left()
      right()
      if (first === 'v') left()
    }
  })
}

/** @throws {ValueError} unless there is at least one round and eps is a number ≥ 0. */
export function requireRounds(op: string, rounds: number, eps: number): void {
  if (Number.isInteger(rounds) && rounds >= 1 && eps >= 0) return
  throw new ValueError(
    op,
    { nPowerIterations: rounds, eps },
    'nPowerIterations must be a whole number ≥ 1, and eps at least 0',
    'leave them out',
  )
}

/**
 * Divides a weight by its largest singular value, which keeps gradients of discriminators in bounds:
 * weight = weight_orig / (uᵀ · weight_orig · v). A hook computes it before each call and improves u
 * and v by the power method while training. Returns the module.
 *
 * The weight is seen as a matrix `[shape[dim], others]`. State-dict names: `weight_orig`, and the
 * buffers `weight_u` and `weight_v`.
 *
 * @throws {ValueError} if there is no parameter of this name, or it is normalised already, or
 * nPowerIterations is not a whole number ≥ 1. @throws {IndexError} for an axis that is not there.
 * @see Miyato et al. 2018, https://arxiv.org/abs/1802.05957; torch.nn.utils.spectral_norm;
 * `parametrizations.spectralNorm`, which computes the weight where it is used
 *
 * @example
 * ```ts
 * import * as nn from '@flambeau/nn'
 * const layer = nn.utils.spectralNorm(new nn.Linear(20, 40))
 * console.log(Object.keys(layer.stateDict()))
 * // => [ 'bias', 'weight_orig', 'weight_u', 'weight_v' ]
 * ```
 */
export function spectralNorm<M extends AnyModule>(
  module: M,
  ...given: Arguments<SpectralNormOptions, typeof NAMES>
): M {
  const op = 'spectralNorm'
  const read = parameters<[string, number, number, number | null]>(op, NAMES)(given)
  const [name = 'weight', rounds = 1, eps = 1e-12] = read
  requireRounds(op, rounds, eps)
  requireFree(op, module, name)
  const weight = ownParameter(op, module, name)
  const axis = outputAxis(
    op,
    weight,
    read[3] ?? (module instanceof ConvNd && module.transposed ? 1 : 0),
  )
  const [u, v] = noGrad(() => {
    const { shape } = asMatrix(weight, axis)
    return shape.map((size) => randomDirection(weight, size, eps))
  })
  const fields = fieldsOf(module)
  removeField(module, name)
  fields[`${name}_orig`] = weight
  fields[name] = weight.detach()
  module.registerBuffer(`${name}_u`, u as Tensor)
  module.registerBuffer(`${name}_v`, v as Tensor)
  attachRule(module, name, {
    op,
    compute(owner, calling) {
      const own = fieldsOf(owner)
      const original = own[`${name}_orig`] as Tensor
      const matrix = asMatrix(original, axis)
      const [left, right] = [own[`${name}_u`], own[`${name}_v`]] as [Tensor, Tensor]
      if (calling && owner.training) iterate(matrix, left, right, { rounds, eps, first: 'v' })
      // Copies: the next call changes the buffers, and this one's gradient needs them as they are.
      const sigma = left.clone().dot(matrix.mv(right.clone()))
      return original.div(sigma)
    },
  })
  return module
}

/**
 * Takes {@link spectralNorm} off: the weight is a parameter again, of its present value.
 *
 * @throws {ValueError} if it is not on.
 * @see torch.nn.utils.remove_spectral_norm
 */
export function removeSpectralNorm<M extends AnyModule>(
  module: M,
  ...given: Arguments<{ name?: string }, ['name']>
): M {
  const op = 'removeSpectralNorm'
  const [name = 'weight'] = parameters<[string]>(op, ['name'])(given)
  const weight = noGrad(() => detachRule(op, 'spectralNorm', module, name))
  for (const key of [`${name}_u`, `${name}_v`, `${name}_orig`]) removeField(module, key)
  fieldsOf(module)[name] = new Parameter(weight)
  return module
}
