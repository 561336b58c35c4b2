/** Tensors filled with uniform, normal, exponential and other random numbers; see random.ts. */
import { parameters } from '../arguments.ts'
import { chooseDtype, finish } from '../creation.ts'
import type { DType } from '../dtype.ts'
import { BOOL, isFloatingCode, promote } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import type { Generator } from '../generator.ts'
import { generatorIndex } from '../generator.ts'
import type { MethodTable } from '../methods.ts'
import type { Input, Op } from '../op.ts'
import { defineOp, run, runInPlace } from '../op.ts'
import {
  halves,
  make,
  normalOp,
  randintOp,
  range,
  requireFloating,
  uniformOp,
  whole,
} from '../random.ts'
import type { RandomOptions, SamplingOptions, Whole } from '../random-arguments.ts'
import { pick, readRandom, real, requireThat, shapeOf } from '../random-arguments.ts'
import { broadcastShapes, sameShape } from '../shape.ts'
import { show } from '../show.ts'
import type { AnyDType } from '../tensor.ts'
import { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'

// No gradient flows: not to what is overwritten, and not to parameters.
const overwritten = { derivative: { input: () => null } } as const
const exponentialOp = defineOp('exponential', ['input'], overwritten)
const cauchyOp = defineOp('cauchy', ['input'], overwritten)
const logNormalOp = defineOp('logNormal', ['input'], overwritten)
const geometricOp = defineOp('geometric', ['input'], overwritten)
const randomOp = defineOp('random', ['input'], overwritten)
const bernoulliOp = defineOp('bernoulli', ['input'], overwritten)
const bernoulliEachOp = defineOp('bernoulliEach', ['input', 'p'], {
  derivative: { input: () => null, p: () => null },
})
const normalEachOp = defineOp('normalEach', ['mean', 'std'], {
  derivative: { mean: () => null, std: () => null },
})

type GeneratorOption = Generator | null

const readBernoulli = parameters<[number, GeneratorOption]>('bernoulli', ['p', 'generator'])

/**
 * 1 with the probability that `input` says for each element, else 0; with `p`, a tensor like
 * `input` in which each element is 1 with that probability, whatever the input holds.
 *
 * Shapes: input `[*]` -> same. Dtype: that of the input, floating unless `p` is given. No gradient
 * flows.
 *
 * @throws {DTypeError} if probabilities are not floating. @throws {ValueError} outside of [0, 1].
 * @see torch.bernoulli
 */
export function bernoulli<D extends DType>(
  input: Tensor<D>,
  p?: number | (SamplingOptions & { p?: number }),
  options?: SamplingOptions,
): Tensor<D> {
  requireTensor('bernoulli', 'input', input)
  const [probability, generator] = readBernoulli([p, options])
  const index = generatorIndex('bernoulli', generator)
  if (probability !== undefined) {
    requireProbability('bernoulli', probability)
    return make(bernoulliOp, input, input._shape, input._dtype, [index, probability])
  }
  requireProbabilities('bernoulli', input)
  return run(bernoulliEachOp, [null, input], input._shape, input._dtype, [index])
}

function requireProbability(op: string, p: unknown): asserts p is number {
  requireThat(
    op,
    `p must lie in [0, 1], not ${show(p)}`,
    'p is a probability',
    typeof p === 'number' && p >= 0 && p <= 1,
  )
}

function requireProbabilities(op: string, p: Tensor): void {
  requireTensor(op, 'input', p)
  if (isFloatingCode(p._dtype)) return
  throw new DTypeError(op, { p }, 'probabilities are floating numbers', "convert: p.to('float32')")
}

function requireStd(op: string, std: unknown): void {
  requireThat(
    op,
    `std must be at least 0, not ${show(std)}`,
    'pass a standard deviation',
    typeof std === 'number' && std >= 0,
  )
}

export interface NormalOptions extends SamplingOptions {
  mean: Tensor | number
  /** Default 1. */
  std?: Tensor | number
}

export interface NormalSizeOptions extends RandomOptions {
  mean: number
  std: number
  size: readonly number[]
}

/**
 * Normal with mean and standard deviation given as numbers, with a size, or element by element.
 *
 * Shapes: mean and std broadcast. Dtype: theirs, floating. No gradient flows to them.
 *
 * @throws {ValueError} if a standard deviation is negative. @throws {ShapeError, DTypeError}
 * @see torch.normal
 */
export function normal(
  mean: number,
  std: number,
  size: readonly number[] | (RandomOptions & { size: readonly number[] }),
  options?: RandomOptions,
): Tensor
export function normal(options: NormalSizeOptions | NormalOptions): Tensor
export function normal(
  mean: Tensor | number,
  std?: Tensor | number | Omit<NormalOptions, 'mean'>,
  options?: SamplingOptions,
): Tensor
export function normal(mean: number, options: Omit<NormalSizeOptions, 'mean'>): Tensor
export function normal(...arguments_: unknown[]): Tensor {
  const given = readRandom('normal', arguments_, ['mean', 'std', 'size'])
  const { positional, options } = given
  const mean = pick('normal', given, 0, 'mean')
  const std = pick('normal', given, 1, 'std', 1)
  if (std instanceof Tensor) requireTensor('normal', 'std', std)
  else requireStd('normal', std)
  if (mean instanceof Tensor || std instanceof Tensor) {
    if (positional.length > 2 || options['size'] !== undefined) {
      throw new ValueError('normal', [], 'the size is that of mean and std', 'leave it out')
    }
    return normalEach(mean as Tensor | number, std as Tensor | number, options)
  }
  const dtype = chooseDtype('normal', options)
  requireFloating('normal', dtype)
  const shape = shapeOf('normal', { positional: positional.slice(2), options })
  const index = generatorIndex('normal', options.generator)
  const numbers = [index, real('normal', 'mean', mean), std as number]
  return finish('normal', () => make(normalOp, null, shape, dtype, numbers), options)
}

function normalEach(
  mean: Tensor | number,
  std: Tensor | number,
  { generator }: SamplingOptions,
): Tensor {
  if (!(mean instanceof Tensor)) real('normal', 'mean', mean)
  const tensors = [mean, std].filter((x) => x instanceof Tensor)
  const dtype = tensors.map((x) => x._dtype).reduce(promote)
  requireFloating('normal', dtype)
  const shape = tensors
    .map((x) => x._shape)
    .reduce((a, b) => broadcastShapes('normal', a, b, { mean, std }))
  const index = generatorIndex('normal', generator)
  const inputs: Input[] = [mean, std].map((x) => (x instanceof Tensor ? castCode(x, dtype) : null))
  const numbers = [mean, std].map((x) => (typeof x === 'number' ? x : 0))
  return run(normalEachOp, inputs, shape, dtype, [index, ...numbers])
}

function fill(
  op: Op<null>,
  name: string,
  self: Tensor,
  generator: GeneratorOption | undefined,
  ...numbers: number[]
): Tensor {
  runInPlace(op, [self], [self], [generatorIndex(name, generator), ...numbers])
  return self
}

/** The largest finite number of the floating dtypes that are narrower than JavaScript's. */
const LARGEST: Partial<Record<string, number>> = {
  float32: 3.4028234663852886e38,
  float16: 65504,
  bfloat16: 3.3895313892515355e38,
}

const readUniform = parameters<[number, number, GeneratorOption]>('uniform_', [
  'from',
  'to',
  'generator',
])

function uniform_(self: Tensor, ...given: unknown[]): Tensor {
  requireTensor('uniform_', 'input', self)
  const [from = 0, to = 1, generator] = readUniform(given)
  requireFloating('uniform_', self._dtype, self)
  const widest = LARGEST[self.dtype] ?? Number.MAX_VALUE
  requireThat(
    'uniform_',
    `[${show(from)}, ${show(to)}) must be a finite range in which from does not exceed to`,
    `bounds and their difference may be as large as ${widest}`,
    [from, to].every((bound) => typeof bound === 'number' && Math.abs(bound) <= widest) &&
      from <= to &&
      to - from <= widest,
  )
  return fill(uniformOp, 'uniform_', self, generator, from, to)
}

const readNormal = parameters<[number, number, GeneratorOption]>('normal_', [
  'mean',
  'std',
  'generator',
])

function normal_(self: Tensor, ...given: unknown[]): Tensor {
  requireTensor('normal_', 'input', self)
  const [mean = 0, std = 1, generator] = readNormal(given)
  requireFloating('normal_', self._dtype, self)
  requireStd('normal_', std)
  return fill(normalOp, 'normal_', self, generator, real('normal_', 'mean', mean), std)
}

/** @throws {ValueError} unless `value` is a number above 0. */
function requirePositive(op: string, name: string, value: unknown): void {
  requireThat(
    op,
    `${name} must be more than 0, not ${show(value)}`,
    `pass another ${name}`,
    typeof value === 'number' && value > 0,
  )
}

const readExponential = parameters<[number, GeneratorOption]>('exponential_', [
  'lambd',
  'generator',
])

function exponential_(self: Tensor, ...given: unknown[]): Tensor {
  requireTensor('exponential_', 'input', self)
  const [lambd = 1, generator] = readExponential(given)
  requireFloating('exponential_', self._dtype, self)
  requirePositive('exponential_', 'lambd', lambd)
  return fill(exponentialOp, 'exponential_', self, generator, lambd)
}

const readCauchy = parameters<[number, number, GeneratorOption]>('cauchy_', [
  'median',
  'sigma',
  'generator',
])

function cauchy_(self: Tensor, ...given: unknown[]): Tensor {
  requireTensor('cauchy_', 'input', self)
  const [median = 0, sigma = 1, generator] = readCauchy(given)
  requireFloating('cauchy_', self._dtype, self)
  requirePositive('cauchy_', 'sigma', sigma)
  return fill(cauchyOp, 'cauchy_', self, generator, real('cauchy_', 'median', median), sigma)
}

const readLogNormal = parameters<[number, number, GeneratorOption]>('logNormal_', [
  'mean',
  'std',
  'generator',
])

function logNormal_(self: Tensor, ...given: unknown[]): Tensor {
  requireTensor('logNormal_', 'input', self)
  const [mean = 1, std = 2, generator] = readLogNormal(given)
  requireFloating('logNormal_', self._dtype, self)
  requirePositive('logNormal_', 'std', std)
  return fill(logNormalOp, 'logNormal_', self, generator, real('logNormal_', 'mean', mean), std)
}

const readGeometric = parameters<[number, GeneratorOption]>('geometric_', ['p', 'generator'])

function geometric_(self: Tensor, ...given: unknown[]): Tensor {
  requireTensor('geometric_', 'input', self)
  const [p, generator] = readGeometric(given)
  if (self._dtype === BOOL) {
    throw new DTypeError('geometric_', { input: self }, 'bools cannot count', 'use int64')
  }
  requireThat(
    'geometric_',
    `p must lie in (0, 1), not ${show(p)}`,
    'p is the probability of a success',
    typeof p === 'number' && p > 0 && p < 1,
  )
  return fill(geometricOp, 'geometric_', self, generator, p as number)
}

const readBernoulliFill = parameters<[number | Tensor, GeneratorOption]>('bernoulli_', [
  'p',
  'generator',
])

function bernoulli_(self: Tensor, ...given: unknown[]): Tensor {
  requireTensor('bernoulli_', 'input', self)
  const [p = 0.5, generator] = readBernoulliFill(given)
  if (!(p instanceof Tensor)) {
    requireProbability('bernoulli_', p)
    return fill(bernoulliOp, 'bernoulli_', self, generator, p)
  }
  requireProbabilities('bernoulli_', p)
  const shape = broadcastShapes('bernoulli_', self._shape, p._shape, { input: self, p })
  if (!sameShape(shape, self._shape)) {
    throw new ShapeError(
      'bernoulli_',
      { input: self, p },
      'p must broadcast to the shape of the tensor that is written',
      'expand the tensor first',
    )
  }
  runInPlace(bernoulliEachOp, [self], [self, p], [generatorIndex('bernoulli_', generator)])
  return self
}

function random_(self: Tensor, ...arguments_: unknown[]): Tensor {
  requireTensor('random_', 'input', self)
  const given = readRandom('random_', arguments_, ['from', 'to'])
  const { positional, options } = given
  // One bound alone is the upper one.
  const short = positional.length === 1 && options['to'] === undefined
  const from = short ? undefined : (positional[0] ?? options['from'])
  const to = short ? positional[0] : positional.length > 1 ? positional[1] : options['to']
  if (positional.length > 2) {
    throw new ValueError('random_', [], 'at most two bounds are taken', 'random_(from, to)')
  }
  if (to === undefined && from === undefined) {
    return fill(randomOp, 'random_', self, options.generator)
  }
  if (to === undefined || to === null) {
    const low = halves(whole('random_', 'from', from ?? 0))
    return fill(randomOp, 'random_', self, options.generator, ...low)
  }
  const numbers = range('random_', from ?? 0, to, self._dtype, options)
  runInPlace(randintOp, [self], [self], numbers)
  return self
}

export interface SamplingMethods<D extends DType = AnyDType> {
  /** Fills with uniform numbers of [from, to), default [0, 1). @see torch.Tensor.uniform_ */
  uniform_(from?: number, to?: number, options?: SamplingOptions): Tensor<D>
  uniform_(from: number, options: SamplingOptions & { to?: number }): Tensor<D>
  uniform_(options: SamplingOptions & { from?: number; to?: number }): Tensor<D>
  /** Fills with normal numbers. Default mean 0, std 1. @see torch.Tensor.normal_ */
  normal_(mean?: number, std?: number, options?: SamplingOptions): Tensor<D>
  normal_(mean: number, options: SamplingOptions & { std?: number }): Tensor<D>
  normal_(options: SamplingOptions & { mean?: number; std?: number }): Tensor<D>
  /** Fills with exponential numbers of mean 1 / lambd, default 1. @see torch.Tensor.exponential_ */
  exponential_(lambd?: number, options?: SamplingOptions): Tensor<D>
  exponential_(options: SamplingOptions & { lambd?: number }): Tensor<D>
  /** Fills with Cauchy numbers. Default median 0, sigma 1. @see torch.Tensor.cauchy_ */
  cauchy_(median?: number, sigma?: number, options?: SamplingOptions): Tensor<D>
  cauchy_(median: number, options: SamplingOptions & { sigma?: number }): Tensor<D>
  cauchy_(options: SamplingOptions & { median?: number; sigma?: number }): Tensor<D>
  /**
   * Fills with numbers whose logarithms are normal with this mean and std, default 1 and 2.
   *
   * @see torch.Tensor.log_normal_
   */
  logNormal_(mean?: number, std?: number, options?: SamplingOptions): Tensor<D>
  logNormal_(mean: number, options: SamplingOptions & { std?: number }): Tensor<D>
  logNormal_(options: SamplingOptions & { mean?: number; std?: number }): Tensor<D>
  /**
   * Fills with how many trials it takes to the first success, each of probability p in (0, 1): 1,
   * 2, 3, … @see torch.Tensor.geometric_
   */
  geometric_(p: number, options?: SamplingOptions): Tensor<D>
  geometric_(options: SamplingOptions & { p: number }): Tensor<D>
  /** Fills with 1 at probability p (default 0.5) and 0 else. @see torch.Tensor.bernoulli_ */
  bernoulli_(p?: number | Tensor, options?: SamplingOptions): Tensor<D>
  bernoulli_(options: SamplingOptions & { p?: number | Tensor }): Tensor<D>
  /**
   * Fills with whole numbers: all that the dtype holds from 0 on (floating dtypes: those that they
   * hold without gaps), `random_(to)` below `to`, `random_(from, to)` of [from, to),
   * `random_(from, null)` from `from` on. @see torch.Tensor.random_
   */
  random_(options?: SamplingOptions & { from?: Whole; to?: Whole | null }): Tensor<D>
  random_(to: Whole, options?: SamplingOptions): Tensor<D>
  random_(from: Whole, options: SamplingOptions & { to: Whole | null }): Tensor<D>
  random_(from: Whole, to: Whole | null, options?: SamplingOptions): Tensor<D>
  /** See {@link bernoulli}. */
  bernoulli(p?: number | (SamplingOptions & { p?: number }), options?: SamplingOptions): Tensor<D>
}

export const samplingMethods: MethodTable<SamplingMethods> = {
  uniform_,
  normal_,
  exponential_,
  cauchy_,
  logNormal_,
  geometric_,
  bernoulli_,
  random_,
  bernoulli,
}
