/**
 * New random tensors. They are the numbers that PyTorch's CPU gives for the same seed, dtype, sizes
 * and order of calls. Filling tensors and other distributions are in ops/sampling.ts.
 */
import { chooseDtype, finish, finishLike } from './creation.ts'
import type { DType, DTypeCode } from './dtype.ts'
import { BOOL, dtypeName, INT64, isFloatingCode } from './dtype.ts'
import { requireTensor } from './elementwise.ts'
import { DTypeError, ValueError } from './errors.ts'
import { generatorIndex } from './generator.ts'
import type { Op } from './op.ts'
import { defineOp, run } from './op.ts'
import type {
  GivenRandom,
  RandomOptions,
  RandomSizes,
  SamplingOptions,
  Whole,
} from './random-arguments.ts'
import { pick, readRandom, requireThat, shapeOf } from './random-arguments.ts'
import type { Shape } from './shape.ts'
import { checkShape } from './shape.ts'
import { show } from './show.ts'
import type { AnyDType } from './tensor.ts'
import { Tensor } from './tensor.ts'

// Whatever is overwritten by random numbers gets no gradient.
const overwritten = { derivative: { input: () => null } } as const
/** @internal */
export const uniformOp: Op<null> = defineOp('uniform', ['input'], overwritten)
/** @internal */
export const normalOp: Op<null> = defineOp('normal', ['input'], overwritten)
/** @internal */
export const randintOp: Op<null> = defineOp('randint', ['input'], overwritten)
const randpermOp = defineOp('randperm', [], { derivative: {} })

/** A new tensor; with `like`, in the memory order of that tensor. @internal */
export function make(
  op: Op<null>,
  like: Tensor | null,
  shape: Shape,
  dtype: DTypeCode,
  numbers: readonly number[],
): Tensor {
  // Values of `like` play no part, so neither does its history.
  return run(op, [like?._requiresGrad ? like.detach() : like], shape, dtype, numbers)
}

/** @internal @throws {DTypeError} unless `dtype` is floating. */
export function requireFloating(op: string, dtype: DTypeCode, input?: Tensor): void {
  if (isFloatingCode(dtype)) return
  throw new DTypeError(
    op,
    input === undefined ? [] : { input },
    `samples are floating, ${dtypeName(dtype)} cannot hold them`,
    "use { dtype: 'float32' }, or randint() for integers",
  )
}

/** A tensor of samples of a distribution with two parameters. */
function sized(
  op: string,
  record: Op<null>,
  arguments_: readonly unknown[],
  like: Tensor | null,
): Tensor {
  const given = readRandom(op, arguments_, like === null ? ['size'] : [])
  const { options } = given
  const dtype = chooseDtype(op, options, like?._dtype)
  requireFloating(op, dtype, like ?? undefined)
  const shape = like === null ? shapeOf(op, given) : like._shape
  if (like !== null) requireNoMore(op, given, 0)
  const numbers = [generatorIndex(op, options.generator), 0, 1]
  return finishLike(op, like, options, (order) => make(record, order, shape, dtype, numbers))
}

function requireNoMore(op: string, { positional }: GivenRandom, count: number): void {
  if (positional.length <= count) return
  throw new ValueError(
    op,
    [],
    `${positional.length} arguments are given where ${count} are taken`,
    'give options by name',
  )
}

/**
 * Uniform in [0, 1). The size comes as an array, `rand([2, 3])`, or as numbers, `rand(2, 3)`.
 * Dtype: floating.
 *
 * @throws {ShapeError} for bad sizes. @throws {DTypeError} for a dtype that is not floating.
 * @see torch.rand
 */
export function rand<D extends DType = AnyDType>(...given: RandomSizes<D>): Tensor<D> {
  return sized('rand', uniformOp, given, null)
}

/**
 * Normal with mean 0 and standard deviation 1. The size comes as an array, `randn([2, 3])`, or as
 * numbers, `randn(2, 3)`. Dtype: floating.
 *
 * @throws {ShapeError} for bad sizes. @throws {DTypeError} for a dtype that is not floating.
 * @see torch.randn
 */
export function randn<D extends DType = AnyDType>(...given: RandomSizes<D>): Tensor<D> {
  return sized('randn', normalOp, given, null)
}

/** {@link rand} with the shape, dtype and memory order of `input`. @see torch.rand_like */
export function randLike<D extends DType>(input: Tensor<D>, options?: RandomOptions<D>): Tensor<D>
export function randLike<D extends DType>(input: Tensor, options: RandomOptions<D>): Tensor<D>
export function randLike(input: Tensor, options?: RandomOptions): Tensor {
  requireTensor('randLike', 'input', input)
  return sized('randLike', uniformOp, [options], input)
}

/** {@link randn} with the shape, dtype and memory order of `input`. @see torch.randn_like */
export function randnLike<D extends DType>(input: Tensor<D>, options?: RandomOptions<D>): Tensor<D>
export function randnLike<D extends DType>(input: Tensor, options: RandomOptions<D>): Tensor<D>
export function randnLike(input: Tensor, options?: RandomOptions): Tensor {
  requireTensor('randnLike', 'input', input)
  return sized('randnLike', normalOp, [options], input)
}

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/** The lowest and the highest integer of a dtype; floating ones are narrowed by native code. */
function limits(dtype: DTypeCode): readonly [bigint, bigint] {
  switch (dtypeName(dtype)) {
    case 'int32':
      return [-(2n ** 31n), 2n ** 31n - 1n]
    case 'int16':
      return [-(2n ** 15n), 2n ** 15n - 1n]
    case 'int8':
      return [-128n, 127n]
    case 'uint8':
      return [0n, 255n]
    case 'bool':
      return [0n, 1n]
    default:
      return [INT64_MIN, INT64_MAX]
  }
}

/** A whole number as a bigint of 64 bits. @internal */
export function whole(op: string, name: string, value: unknown): bigint {
  const valid = typeof value === 'bigint' || Number.isSafeInteger(value)
  const exact = valid ? BigInt(value as Whole) : 0n
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

/** As two parameters, from which native code takes the upper and the lower 32 bits. @internal */
export function halves(value: bigint): [number, number] {
  return [Number(value >> 32n), Number(value & 0xffffffffn)]
}

/** The parameters of integers in [low, high). @internal */
export function range(
  op: string,
  low: unknown,
  high: unknown,
  dtype: DTypeCode,
  options: SamplingOptions,
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
  return [generatorIndex(op, options.generator), ...halves(first), ...halves(end)]
}

/** Options of {@link randint} by name. */
export interface RandintOptions<D extends DType = DType> extends RandomOptions<D> {
  /** The lowest number. Default 0. */
  low?: Whole
  /** One more than the highest number. */
  high: Whole
  size: readonly number[]
}

/** Bounds by position and by name: a single positional one is the upper bound, unless that is named. */
function bounds(op: string, given: GivenRandom): [low: unknown, high: unknown] {
  const { positional, options } = given
  const short = positional.length === 1 && options['high'] === undefined
  const low = pick(op, given, short ? -1 : 0, 'low', 0)
  const high = pick(op, given, short ? 0 : 1, 'high')
  return [low, high]
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
export function randint<D extends DType = 'int64'>(
  high: Whole,
  size: readonly number[],
  options?: RandomOptions<D>,
): Tensor<D>
export function randint<D extends DType = 'int64'>(
  low: Whole,
  high: Whole,
  size: readonly number[],
  options?: RandomOptions<D>,
): Tensor<D>
export function randint<D extends DType = 'int64'>(options: RandintOptions<D>): Tensor<D>
export function randint<D extends DType = 'int64'>(
  high: Whole,
  options: Omit<RandintOptions<D>, 'high' | 'low'>,
): Tensor<D>
export function randint<D extends DType = 'int64'>(
  low: Whole,
  options: Omit<RandintOptions<D>, 'low'>,
): Tensor<D>
export function randint<D extends DType = 'int64'>(
  low: Whole,
  high: Whole,
  options: Omit<RandintOptions<D>, 'high' | 'low'>,
): Tensor<D>
export function randint(...arguments_: unknown[]): Tensor {
  const given = readRandom('randint', arguments_, ['low', 'high', 'size'])
  const { options } = given
  const at = given.positional.findIndex((value) => Array.isArray(value))
  const rest = at < 0 ? given.positional : given.positional.slice(0, at)
  requireNoMore('randint', given, at < 0 ? 2 : at + 1)
  const sizes = { positional: at < 0 ? [] : [given.positional[at]], options }
  const [low, high] = bounds('randint', { positional: rest, options })
  requireNoMore('randint', { positional: rest, options }, 2)
  const dtype = chooseDtype('randint', options, INT64)
  const shape = shapeOf('randint', sizes)
  const numbers = range('randint', low, high, dtype, options)
  return finish('randint', () => make(randintOp, null, shape, dtype, numbers), options)
}

/** {@link randint} with the shape, dtype and memory order of `input`. @see torch.randint_like */
export function randintLike(input: Tensor, high: Whole | Tensor, options?: RandomOptions): Tensor
export function randintLike(input: Tensor, low: Whole, high: Whole, options?: RandomOptions): Tensor
export function randintLike(
  input: Tensor,
  options: RandomOptions & { low?: Whole; high: Whole | Tensor },
): Tensor
export function randintLike(
  input: Tensor,
  low: Whole,
  options: RandomOptions & { high: Whole },
): Tensor
export function randintLike(input: Tensor, ...arguments_: unknown[]): Tensor {
  requireTensor('randintLike', 'input', input)
  const given = readRandom('randintLike', arguments_, ['low', 'high'])
  requireNoMore('randintLike', given, 2)
  const [low, high] = bounds('randintLike', given)
  const dtype = chooseDtype('randintLike', given.options, input._dtype)
  const end = high instanceof Tensor ? high.item() : high
  const numbers = range('randintLike', low, end, dtype, given.options)
  return finishLike('randintLike', input, given.options, (order) =>
    make(randintOp, order, input._shape, dtype, numbers),
  )
}

/**
 * The numbers 0 to n - 1 in random order. Dtype: int64 unless options say.
 *
 * @throws {ValueError} unless `n` is a whole number ≥ 0 whose numbers the dtype can hold.
 * @throws {DTypeError} for bool.
 * @see torch.randperm
 */
export function randperm<D extends DType = 'int64'>(
  n: number,
  options?: RandomOptions<D>,
): Tensor<D>
export function randperm<D extends DType = 'int64'>(
  options: RandomOptions<D> & { n: number },
): Tensor<D>
export function randperm(...arguments_: unknown[]): Tensor {
  const given = readRandom('randperm', arguments_, ['n'])
  requireNoMore('randperm', given, 1)
  const { options } = given
  const n = pick('randperm', given, 0, 'n') as number
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
  const index = generatorIndex('randperm', options.generator)
  return finish('randperm', () => run(randpermOp, [], shape, dtype, [index]), options)
}
