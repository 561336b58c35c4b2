/**
 * Random tensors. They are the numbers that PyTorch's CPU gives for the same seed, dtype, sizes and
 * order of calls.
 */
import type { CreationOptions } from './creation.ts'
import { chooseDtype, finish } from './creation.ts'
import type { DTypeCode } from './dtype.ts'
import { BOOL, dtypeName, INT64, isFloatingCode, promote } from './dtype.ts'
import { requireTensor } from './elementwise.ts'
import { DTypeError, ShapeError, ValueError } from './errors.ts'
import type { Generator } from './generator.ts'
import { generatorIndex } from './generator.ts'
import type { MethodTable } from './methods.ts'
import type { Input, Op } from './op.ts'
import { defineOp, run, runInPlace } from './op.ts'
import type { Shape } from './shape.ts'
import { broadcastShapes, checkShape, sameShape } from './shape.ts'
import { show } from './show.ts'
import { Tensor } from './tensor.ts'
import { castCode } from './ops/cast.ts'

/** What functions that make random tensors accept. */
export interface RandomOptions extends CreationOptions {
  /** Default: {@link defaultGenerator}. */
  generator?: Generator | null
}

/** What functions that draw into a given tensor accept. */
export interface SamplingOptions {
  /** Default: {@link defaultGenerator}. */
  generator?: Generator | null
}

/** A whole number; beyond ±2^53 it must be given as bigint. */
export type Whole = number | bigint

// Whatever is overwritten by random numbers gets no gradient.
const overwritten = { derivative: { input: () => null } } as const
const uniformOp = defineOp('uniform', ['input'], overwritten)
const normalOp = defineOp('normal', ['input'], overwritten)
const exponentialOp = defineOp('exponential', ['input'], overwritten)
const randintOp = defineOp('randint', ['input'], overwritten)
const randomOp = defineOp('random', ['input'], overwritten)
const bernoulliOp = defineOp('bernoulli', ['input'], overwritten)
const bernoulliEachOp = defineOp('bernoulliEach', ['input', 'p'], {
  derivative: { input: () => null, p: 'non-differentiable' },
})
const normalEachOp = defineOp('normalEach', ['mean', 'std'], {
  derivative: { mean: 'non-differentiable', std: 'non-differentiable' },
})
const randpermOp = defineOp('randperm', [], { derivative: {} })

/** A new tensor; with `like`, in the memory order of that tensor. */
function make(
  op: Op<null>,
  like: Tensor | null,
  shape: Shape,
  dtype: DTypeCode,
  numbers: readonly number[],
): Tensor {
  // Values of `like` play no part, so neither does its history.
  return run(op, [like?._requiresGrad ? like.detach() : like], shape, dtype, numbers)
}

function requireFloating(op: string, dtype: DTypeCode, input?: Tensor): void {
  if (isFloatingCode(dtype)) return
  throw new DTypeError(
    op,
    input === undefined ? [] : { input },
    `samples are floating, ${dtypeName(dtype)} cannot hold them`,
    "use { dtype: 'float32' }, or randint() for integers",
  )
}

function requireThat(op: string, rule: string, fix: string, holds: boolean): void {
  if (!holds) throw new ValueError(op, [], rule, fix)
}

/**
 * Uniform in [0, 1). Dtype: floating.
 *
 * @throws {ShapeError} for bad sizes. @throws {DTypeError} for a dtype that is not floating.
 * @see torch.rand
 */
export function rand(size: readonly number[], options?: RandomOptions): Tensor {
  const dtype = chooseDtype('rand', options)
  requireFloating('rand', dtype)
  const numbers = [generatorIndex('rand', options?.generator), 0, 1]
  return finish('rand', make(uniformOp, null, checkShape('rand', size), dtype, numbers), options)
}

/**
 * Normal with mean 0 and standard deviation 1. Dtype: floating.
 *
 * @throws {ShapeError} for bad sizes. @throws {DTypeError} for a dtype that is not floating.
 * @see torch.randn
 */
export function randn(size: readonly number[], options?: RandomOptions): Tensor {
  const dtype = chooseDtype('randn', options)
  requireFloating('randn', dtype)
  const numbers = [generatorIndex('randn', options?.generator), 0, 1]
  return finish('randn', make(normalOp, null, checkShape('randn', size), dtype, numbers), options)
}

/** {@link rand} with the shape, dtype and memory order of `input`. @see torch.rand_like */
export function randLike(input: Tensor, options?: RandomOptions): Tensor {
  requireTensor('randLike', 'input', input)
  const dtype = chooseDtype('randLike', options, input._dtype)
  requireFloating('randLike', dtype, input)
  const numbers = [generatorIndex('randLike', options?.generator), 0, 1]
  return finish('randLike', make(uniformOp, input, input._shape, dtype, numbers), options)
}

/** {@link randn} with the shape, dtype and memory order of `input`. @see torch.randn_like */
export function randnLike(input: Tensor, options?: RandomOptions): Tensor {
  requireTensor('randnLike', 'input', input)
  const dtype = chooseDtype('randnLike', options, input._dtype)
  requireFloating('randnLike', dtype, input)
  const numbers = [generatorIndex('randnLike', options?.generator), 0, 1]
  return finish('randnLike', make(normalOp, input, input._shape, dtype, numbers), options)
}

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/** The lowest and the highest integer of a dtype; floating ones are narrowed by native code. */
function limits(dtype: DTypeCode): readonly [bigint, bigint] {
  switch (dtypeName(dtype)) {
    case 'int32':
      return [-(2n ** 31n), 2n ** 31n - 1n]
    case 'uint8':
      return [0n, 255n]
    case 'bool':
      return [0n, 1n]
    default:
      return [INT64_MIN, INT64_MAX]
  }
}

/** A whole number as a bigint of 64 bits. */
function whole(op: string, name: string, value: Whole): bigint {
  const valid = typeof value === 'bigint' || Number.isSafeInteger(value)
  const exact = valid ? BigInt(value) : 0n
  if (!valid || exact < INT64_MIN || exact > INT64_MAX) {
    throw new ValueError(
      op,
      [{ name, description: show(value) }],
      `${name} must be a whole number of 64 bits`,
      'round it; beyond ±2^53, pass a bigint',
    )
  }
  return exact
}

/** As two parameters, from which native code takes the upper and the lower 32 bits. */
function halves(value: bigint): [number, number] {
  return [Number(value >> 32n), Number(value & 0xffffffffn)]
}

/** The parameters of integers in [low, high). */
function range(
  op: string,
  low: Whole,
  high: Whole,
  dtype: DTypeCode,
  options: SamplingOptions | undefined,
): number[] {
  const first = whole(op, 'low', low)
  const end = whole(op, 'high', high)
  requireThat(
    op,
    `low (${first}) must be less than high (${end})`,
    'high itself is never drawn',
    first < end,
  )
  const [least, most] = limits(dtype)
  requireThat(
    op,
    `${dtypeName(dtype)} holds ${least} to ${most}, not all of [${first}, ${end})`,
    'use a wider dtype',
    first >= least && end - 1n <= most,
  )
  return [generatorIndex(op, options?.generator), ...halves(first), ...halves(end)]
}

/**
 * Whole numbers from `low` (default 0) up to and without `high`. Dtype: int64 unless options say.
 *
 * @throws {ValueError} unless low < high and the dtype can hold the numbers.
 * @throws {ShapeError} for bad sizes.
 * @see torch.randint
 *
 * @example
 * ```ts
 * import { manualSeed, randint } from '@flambeau/core'
 * manualSeed(0)
 * console.log(randint(10, [4])) // tensor([4, 9, 3, 0])
 * console.log(randint(-5, 5, [2])) // tensor([-2,  4])
 * ```
 */
export function randint(high: Whole, size: readonly number[], options?: RandomOptions): Tensor
export function randint(
  low: Whole,
  high: Whole,
  size: readonly number[],
  options?: RandomOptions,
): Tensor
export function randint(
  first: Whole,
  second: Whole | readonly number[],
  third?: readonly number[] | RandomOptions,
  fourth?: RandomOptions,
): Tensor {
  const short = Array.isArray(second)
  const [low, high] = short ? [0, first] : [first, second as Whole]
  const size = (short ? second : third) as readonly number[]
  const options = (short ? third : fourth) as RandomOptions | undefined
  const dtype = chooseDtype('randint', options, INT64)
  const shape = checkShape('randint', size)
  const numbers = range('randint', low, high, dtype, options)
  return finish('randint', make(randintOp, null, shape, dtype, numbers), options)
}

/** {@link randint} with the shape, dtype and memory order of `input`. @see torch.randint_like */
export function randintLike(input: Tensor, high: Whole, options?: RandomOptions): Tensor
export function randintLike(input: Tensor, low: Whole, high: Whole, options?: RandomOptions): Tensor
export function randintLike(
  input: Tensor,
  first: Whole,
  second?: Whole | RandomOptions,
  third?: RandomOptions,
): Tensor {
  requireTensor('randintLike', 'input', input)
  const short = second === undefined || typeof second === 'object'
  const [low, high] = short ? [0, first] : [first, second]
  const options = short ? second : third
  const dtype = chooseDtype('randintLike', options, input._dtype)
  const numbers = range('randintLike', low, high, dtype, options)
  return finish('randintLike', make(randintOp, input, input._shape, dtype, numbers), options)
}

/**
 * The numbers 0 to n - 1 in random order. Dtype: int64 unless options say.
 *
 * @throws {ValueError} unless `n` is a whole number ≥ 0 whose numbers the dtype can hold.
 * @throws {DTypeError} for bool.
 * @see torch.randperm
 */
export function randperm(n: number, options?: RandomOptions): Tensor {
  const dtype = chooseDtype('randperm', options, INT64)
  requireThat(
    'randperm',
    `n must be a whole number ≥ 0, not ${show(n)}`,
    'randperm(10)',
    Number.isInteger(n) && n >= 0,
  )
  if (dtype === BOOL) {
    throw new DTypeError('randperm', { n }, 'bools cannot be permuted', 'use int64')
  }
  const shape = checkShape('randperm', [n])
  const index = generatorIndex('randperm', options?.generator)
  return finish('randperm', run(randpermOp, [], shape, dtype, [index]), options)
}

/**
 * 1 with the probability that `input` says for each element, else 0.
 *
 * Shapes: input `[*]` -> same. Dtype: floating, kept. No gradient flows.
 *
 * @throws {DTypeError} if input is not floating. @throws {ValueError} outside of [0, 1].
 * @see torch.bernoulli
 */
export function bernoulli(input: Tensor, options?: SamplingOptions): Tensor {
  requireProbabilities('bernoulli', input)
  const numbers = [generatorIndex('bernoulli', options?.generator)]
  return run(bernoulliEachOp, [null, input], input._shape, input._dtype, numbers)
}

function requireProbabilities(op: string, p: Tensor): void {
  requireTensor(op, 'input', p)
  if (isFloatingCode(p._dtype)) return
  throw new DTypeError(op, { p }, 'probabilities are floating numbers', "convert: p.to('float32')")
}

function requireStd(op: string, std: number): void {
  requireThat(
    op,
    `std must be at least 0, not ${show(std)}`,
    'pass a standard deviation',
    typeof std === 'number' && std >= 0,
  )
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
  size: readonly number[],
  options?: RandomOptions,
): Tensor
export function normal(
  mean: Tensor | number,
  std?: Tensor | number,
  options?: SamplingOptions,
): Tensor
export function normal(
  mean: Tensor | number,
  std: Tensor | number = 1,
  third?: readonly number[] | SamplingOptions,
  fourth?: RandomOptions,
): Tensor {
  if (typeof std === 'number') requireStd('normal', std)
  else requireTensor('normal', 'std', std)
  if (typeof mean === 'number' && typeof std === 'number') {
    const dtype = chooseDtype('normal', fourth)
    requireFloating('normal', dtype)
    const shape = checkShape('normal', third as readonly number[])
    const numbers = [generatorIndex('normal', fourth?.generator), mean, std]
    return finish('normal', make(normalOp, null, shape, dtype, numbers), fourth)
  }
  if (typeof mean !== 'number') requireTensor('normal', 'mean', mean)
  const tensors = [mean, std].filter((x) => x instanceof Tensor)
  const dtype = tensors.map((x) => x._dtype).reduce(promote)
  requireFloating('normal', dtype)
  const shape = tensors
    .map((x) => x._shape)
    .reduce((a, b) => broadcastShapes('normal', a, b, { mean, std }))
  const index = generatorIndex('normal', (third as SamplingOptions | undefined)?.generator)
  const inputs: Input[] = [mean, std].map((x) => (x instanceof Tensor ? castCode(x, dtype) : null))
  const numbers = [mean, std].map((x) => (typeof x === 'number' ? x : 0))
  return run(normalEachOp, inputs, shape, dtype, [index, ...numbers])
}

/** Values for named arguments that are given by position or in a trailing options object. */
function named(
  args: readonly unknown[],
  defaults: Record<string, number>,
): { values: number[]; generator: Generator | null | undefined } {
  const last = args.at(-1)
  const isOptions = typeof last === 'object' && last !== null
  const options = (isOptions ? last : {}) as Record<string, unknown>
  const positional = isOptions ? args.slice(0, -1) : args
  const values = Object.entries(defaults).map(
    ([name, value], i) => (positional[i] ?? options[name] ?? value) as number,
  )
  return { values, generator: options['generator'] as Generator | null | undefined }
}

function fill(op: Op<null>, name: string, self: Tensor, numbers: readonly number[]): Tensor {
  requireTensor(name, 'input', self)
  runInPlace(op, [self], [self], numbers)
  return self
}

function uniform_(self: Tensor, ...args: unknown[]): Tensor {
  const { values, generator } = named(args, { from: 0, to: 1 })
  const [from, to] = values as [number, number]
  requireTensor('uniform_', 'input', self)
  requireFloating('uniform_', self._dtype, self)
  const widest = self.dtype === 'float32' ? 3.4028234663852886e38 : Number.MAX_VALUE
  requireThat(
    'uniform_',
    `[${show(from)}, ${show(to)}) must be a finite range in which from does not exceed to`,
    `bounds and their difference may be as large as ${widest}`,
    [from, to].every((bound) => typeof bound === 'number' && Math.abs(bound) <= widest) &&
      from <= to &&
      to - from <= widest,
  )
  return fill(uniformOp, 'uniform_', self, [generatorIndex('uniform_', generator), from, to])
}

function normal_(self: Tensor, ...args: unknown[]): Tensor {
  const { values, generator } = named(args, { mean: 0, std: 1 })
  const [mean, std] = values as [number, number]
  requireTensor('normal_', 'input', self)
  requireFloating('normal_', self._dtype, self)
  requireStd('normal_', std)
  return fill(normalOp, 'normal_', self, [generatorIndex('normal_', generator), mean, std])
}

function exponential_(self: Tensor, ...args: unknown[]): Tensor {
  const { values, generator } = named(args, { lambd: 1 })
  const [lambd] = values as [number]
  requireTensor('exponential_', 'input', self)
  requireFloating('exponential_', self._dtype, self)
  requireThat(
    'exponential_',
    `lambd must be more than 0, not ${show(lambd)}`,
    'lambd is 1 / mean',
    typeof lambd === 'number' && lambd > 0,
  )
  const numbers = [generatorIndex('exponential_', generator), lambd]
  return fill(exponentialOp, 'exponential_', self, numbers)
}

function bernoulli_(
  self: Tensor,
  first?: number | Tensor | { p?: number },
  options?: SamplingOptions,
): Tensor {
  requireTensor('bernoulli_', 'input', self)
  if (first instanceof Tensor) {
    requireProbabilities('bernoulli_', first)
    const shape = broadcastShapes('bernoulli_', self._shape, first._shape, {
      input: self,
      p: first,
    })
    if (!sameShape(shape, self._shape)) {
      throw new ShapeError(
        'bernoulli_',
        { input: self, p: first },
        'p must broadcast to the shape of the tensor that is written',
        'expand the tensor first',
      )
    }
    const index = generatorIndex('bernoulli_', options?.generator)
    runInPlace(bernoulliEachOp, [self], [self, first], [index])
    return self
  }
  const { values, generator } = named(
    [first, options].filter((x) => x !== undefined),
    { p: 0.5 },
  )
  const [p] = values as [number]
  requireThat(
    'bernoulli_',
    `p must lie in [0, 1], not ${show(p)}`,
    'p is a probability',
    typeof p === 'number' && p >= 0 && p <= 1,
  )
  return fill(bernoulliOp, 'bernoulli_', self, [generatorIndex('bernoulli_', generator), p])
}

function random_(self: Tensor, ...args: unknown[]): Tensor {
  requireTensor('random_', 'input', self)
  const last = args.at(-1)
  const isOptions = typeof last === 'object' && last !== null
  const options: SamplingOptions | undefined = isOptions ? last : undefined
  const bounds = (isOptions ? args.slice(0, -1) : args) as (Whole | null)[]
  const [first, second] = bounds
  if (first === undefined) {
    return fill(randomOp, 'random_', self, [generatorIndex('random_', options?.generator)])
  }
  if (second === null) {
    const low = whole('random_', 'from', first ?? 0)
    const index = generatorIndex('random_', options?.generator)
    return fill(randomOp, 'random_', self, [index, ...halves(low)])
  }
  const [low, high] = second === undefined ? [0, first as Whole] : [first as Whole, second]
  return fill(randintOp, 'random_', self, range('random_', low, high, self._dtype, options))
}

export interface RandomMethods {
  /** Fills with uniform numbers of [from, to), default [0, 1). @see torch.Tensor.uniform_ */
  uniform_(from?: number, to?: number, options?: SamplingOptions): Tensor
  uniform_(options: SamplingOptions & { from?: number; to?: number }): Tensor
  /** Fills with normal numbers. Default mean 0, std 1. @see torch.Tensor.normal_ */
  normal_(mean?: number, std?: number, options?: SamplingOptions): Tensor
  normal_(options: SamplingOptions & { mean?: number; std?: number }): Tensor
  /** Fills with exponential numbers of mean 1 / lambd, default 1. @see torch.Tensor.exponential_ */
  exponential_(lambd?: number, options?: SamplingOptions): Tensor
  exponential_(options: SamplingOptions & { lambd?: number }): Tensor
  /** Fills with 1 at probability p (default 0.5) and 0 else. @see torch.Tensor.bernoulli_ */
  bernoulli_(p?: number | Tensor, options?: SamplingOptions): Tensor
  bernoulli_(options: SamplingOptions & { p?: number }): Tensor
  /**
   * Fills with whole numbers: all that the dtype holds from 0 on (floating dtypes: up to 2^24 or
   * 2^53), `random_(to)` below `to`, `random_(from, to)` of [from, to), `random_(from, null)` from
   * `from` on. @see torch.Tensor.random_
   */
  random_(options?: SamplingOptions): Tensor
  random_(to: Whole, options?: SamplingOptions): Tensor
  random_(from: Whole, to: Whole | null, options?: SamplingOptions): Tensor
  /** See {@link bernoulli}. */
  bernoulli(options?: SamplingOptions): Tensor
}

export const randomMethods: MethodTable<RandomMethods> = {
  uniform_,
  normal_,
  exponential_,
  bernoulli_,
  random_,
  bernoulli,
}
