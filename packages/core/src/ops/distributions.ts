/** Samples whose distribution tensors describe: categories, Poisson and binomial counts. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import type { DType } from '../dtype.ts'
import { INT64, isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import type { Generator } from '../generator.ts'
import { generatorIndex } from '../generator.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, run } from '../op.ts'
import type { SamplingOptions } from '../random-arguments.ts'
import { internally } from '../scope.ts'
import { broadcastShapes, checkShape, formatShape } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'

// No gradient flows to the parameters of a distribution.
const poissonOp = defineOp('poisson', ['input'], { derivative: { input: () => null } })
const binomialOp = defineOp('binomial', ['count', 'prob'], {
  derivative: { count: () => null, prob: () => null },
})
const multinomialOp = defineOp('multinomial', ['input'], {
  derivative: { input: 'non-differentiable' },
})

type GeneratorOption = Generator | null

function requireFloats(op: string, name: string, value: Tensor): void {
  if (isFloatingCode(value._dtype)) return
  throw new DTypeError(
    op,
    { [name]: value },
    `${name} must be floating, not ${value.dtype}`,
    `convert: ${name}.to('float32')`,
  )
}

const readPoisson = parameters<[GeneratorOption]>('poisson', ['generator'])

/**
 * How often something happens that happens `input` times on average, for each element.
 *
 * Shapes: input `[*]`, rates of at least 0 -> same. Dtype: floating, kept. No gradient flows.
 *
 * @throws {ValueError} if a rate is negative. @throws {DTypeError} if the input is not floating.
 * @see torch.poisson; W. Hörmann 1993, algorithm PTRS, for rates of 10 and more
 */
export function poisson<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<SamplingOptions, ['generator']>
): Tensor<D> {
  requireTensor('poisson', 'input', input)
  const [generator] = readPoisson(given)
  requireFloats('poisson', 'input', input)
  const numbers = [generatorIndex('poisson', generator)]
  return run(poissonOp, [input], input._shape, input._dtype, numbers)
}

export interface BinomialOptions extends SamplingOptions {
  /** Probabilities of success. */
  prob: Tensor
}

const readBinomial = parameters<[Tensor, GeneratorOption]>('binomial', ['prob', 'generator'])

/**
 * Successes among `count` trials that succeed with probability `prob`, for each element.
 *
 * Shapes: count and prob broadcast. Dtype: floating, the same for both. No gradient flows. NaN where
 * an operand is; probabilities outside of [0, 1] count as 0 or 1.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for other dtypes.
 * @see torch.binomial; W. Hörmann 1993, algorithm BTRS, where 10 successes or more are expected
 */
export function binomial<D extends DType>(
  count: Tensor<D>,
  ...given: Arguments<BinomialOptions, ['prob', 'generator']>
): Tensor<D> {
  requireTensor('binomial', 'count', count)
  const [prob, generator] = readBinomial(given)
  requireTensor('binomial', 'prob', prob)
  requireFloats('binomial', 'count', count)
  if (prob._dtype !== count._dtype) {
    throw new DTypeError(
      'binomial',
      { count, prob },
      `prob must have the dtype of count, ${count.dtype}, not ${prob.dtype}`,
      `convert: prob.to('${count.dtype}')`,
    )
  }
  const shape = broadcastShapes('binomial', count._shape, prob._shape, { count, prob })
  const numbers = [generatorIndex('binomial', generator)]
  return run(binomialOp, [count.expand(shape), prob.expand(shape)], shape, count._dtype, numbers)
}

export interface MultinomialOptions extends SamplingOptions {
  /** Samples of each distribution. */
  numSamples: number
  /** May a category be drawn several times? Default false. */
  replacement?: boolean
}

/** What `multinomial` takes after its tensor. */
export type MultinomialArguments = Arguments<
  MultinomialOptions,
  ['numSamples', 'replacement', 'generator']
>

const readMultinomial = parameters<[number, boolean, GeneratorOption]>('multinomial', [
  'numSamples',
  'replacement',
  'generator',
])

// Beyond, float32 has no number of its own for each category.
const MOST_CATEGORIES = 2 ** 24

function requireDistributions(input: Tensor, count: unknown, replacement: boolean): void {
  requireFloats('multinomial', 'input', input)
  if (input.ndim !== 1 && input.ndim !== 2) {
    throw new ShapeError(
      'multinomial',
      { input },
      `weights have 1 or 2 axes, not ${input.ndim}`,
      'flatten the leading axes',
    )
  }
  const categories = input._shape.at(-1) as number
  if (!Number.isInteger(count) || (count as number) < 1) {
    throw new ValueError(
      'multinomial',
      { input },
      `numSamples must be a whole number of at least 1, not ${show(count)}`,
      'multinomial(weights, 1)',
    )
  }
  if (!replacement && (count as number) > categories) {
    throw new ValueError(
      'multinomial',
      { input },
      `${count as number} samples of ${categories} categories cannot all differ`,
      'draw fewer, or with { replacement: true }',
    )
  }
  if (categories < 1 || categories > MOST_CATEGORIES) {
    throw new ShapeError(
      'multinomial',
      { input },
      `there must be 1 to 2^24 categories, but ${formatShape(input._shape)} has ${categories}`,
      'split the distribution',
    )
  }
}

/** @throws {ValueError} unless all weights are finite and ≥ 0, and some of each row more than 0. */
function requireWeights(input: Tensor): void {
  if (input.numel() === 0) return
  const bad = input.ge(0).logicalAnd(input.lt(Number.POSITIVE_INFINITY)).logicalNot()
  if (bad.any().item()) {
    throw new ValueError(
      'multinomial',
      { input },
      'weights are finite numbers of at least 0, but one is negative, infinite or NaN',
      'softmax() makes weights of scores',
    )
  }
  if (input.sum(-1).eq(0).any().item()) {
    throw new ValueError(
      'multinomial',
      { input },
      'the weights of a distribution must not all be 0',
      'leave out rows without weight',
    )
  }
}

/**
 * Categories drawn with probabilities in proportion to the weights `input`: `numSamples` of each
 * row, without `replacement` all different.
 *
 * Shapes: input `[C]` -> `[numSamples]`; `[N, C]` -> `[N, numSamples]`. Dtype: floating -> int64.
 *
 * @throws {ValueError} if a weight is negative or not finite, all of a row are 0, or more samples are
 * asked for than there are categories. @throws {ShapeError, DTypeError}
 * @see torch.multinomial
 *
 * @example
 * ```ts
 * import { manualSeed, multinomial, tensor } from '@flambeau/core'
 * manualSeed(0)
 * console.log(multinomial(tensor([0.1, 0.2, 0.7]), 2)) // tensor([2, 1])
 * ```
 */
export function multinomial(input: Tensor, ...given: MultinomialArguments): Tensor<'int64'> {
  requireTensor('multinomial', 'input', input)
  const [count, replacement = false, generator] = readMultinomial(given)
  requireDistributions(input, count, replacement)
  const samples = count as number
  const shape = checkShape('multinomial', [...input._shape.slice(0, -1), samples])
  return internally(() => {
    const weights = input.detach()
    if (replacement && samples > 1) {
      const rows = weights.reshape([-1, input._shape.at(-1) as number])
      const numbers = [generatorIndex('multinomial', generator)]
      const drawn = run(multinomialOp, [rows], [rows._shape[0] as number, samples], INT64, numbers)
      return drawn.reshape(shape)
    }
    requireWeights(weights)
    // The first of exponential waiting times whose rates are the weights.
    const waits = weights
      .contiguous()
      .clone()
      .exponential_(1, { generator: generator ?? null })
    const order = weights.div(waits)
    if (samples === 1) return order.argmax(-1, { keepdim: true })
    return order.topk(samples, -1).indices
  })
}

export interface DistributionMethods {
  /** See {@link multinomial}. */
  multinomial(...given: MultinomialArguments): Tensor<'int64'>
}

export const distributionMethods: MethodTable<DistributionMethods> = { multinomial }
