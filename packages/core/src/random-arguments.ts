/** How functions that make random tensors take their arguments. */
import { isNamed } from './arguments.ts'
import type { CreationOptions } from './creation.ts'
import type { DType } from './dtype.ts'
import { ShapeError, ValueError } from './errors.ts'
import type { Generator } from './generator.ts'
import type { Shape } from './shape.ts'
import { checkShape } from './shape.ts'
import { show } from './show.ts'

/** What functions that make random tensors accept. */
export interface RandomOptions<D extends DType = DType> extends CreationOptions<D> {
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

const OPTIONS: readonly string[] = ['generator', 'dtype', 'device', 'requiresGrad']

/** Positional arguments, and the named ones of one trailing object. */
export interface GivenRandom {
  readonly positional: readonly unknown[]
  readonly options: RandomOptions & Readonly<Record<string, unknown>>
}

const NO_OPTIONS: RandomOptions & Readonly<Record<string, unknown>> = {}

/**
 * Takes arguments apart. `names` may be given by name beside the options that all functions have.
 *
 * @throws {ValueError} for other names, and for arguments after the named ones.
 */
export function readRandom(
  op: string,
  given: readonly unknown[],
  names: readonly string[],
): GivenRandom {
  let last = given.length
  while (last > 0 && given[last - 1] === undefined) last--
  const options = last > 0 ? given[last - 1] : undefined
  if (!isNamed(options)) return { positional: given.slice(0, last), options: NO_OPTIONS }
  const unknown = Object.keys(options).find((key) => !OPTIONS.includes(key) && !names.includes(key))
  if (unknown !== undefined) {
    const all = [...names, ...OPTIONS]
    throw new ValueError(op, [], `there is no option '${unknown}'`, `options: ${all.join(', ')}`)
  }
  return { positional: given.slice(0, last - 1), options }
}

/**
 * The value of a parameter that may be given by position or by name.
 *
 * @throws {ValueError} if it is given twice, or not at all and there is no default.
 */
export function pick(
  op: string,
  { positional, options }: GivenRandom,
  place: number,
  name: string,
  otherwise?: unknown,
): unknown {
  const at = place < 0 ? undefined : positional[place]
  const named = options[name]
  if (at !== undefined && named !== undefined) {
    throw new ValueError(op, [], `'${name}' is given by position and by name`, 'give it once')
  }
  const value = at ?? named ?? otherwise
  if (value !== undefined) return value
  throw new ValueError(op, [], `${name} is needed`, `pass it in its place, or as { ${name}: … }`)
}

/** Sizes as one array, or one by one. */
export type RandomSizes<D extends DType = DType> =
  | [size: readonly number[], options?: RandomOptions<D>]
  | [options: RandomOptions<D> & { size: readonly number[] }]
  | number[]
  | [...size: number[], options: RandomOptions<D>]

/**
 * The shape among the arguments of `rand` and its like: one array, numbers, or by name.
 *
 * @throws {ShapeError} if there is none, or it is none that a tensor can have.
 */
export function shapeOf(op: string, given: GivenRandom): Shape {
  const { positional, options } = given
  const sizes =
    positional.length === 0
      ? options['size']
      : positional.length === 1 && Array.isArray(positional[0])
        ? positional[0]
        : positional
  if (sizes === undefined || (positional.length > 0 && options['size'] !== undefined)) {
    throw new ShapeError(
      op,
      [],
      sizes === undefined ? 'the size is needed' : 'the size is given by position and by name',
      `${op}([2, 3])`,
    )
  }
  return checkShape(op, sizes as readonly number[])
}

/** A real number. @throws {ValueError} for anything else. */
export function real(op: string, name: string, value: unknown): number {
  if (typeof value === 'number') return value
  throw new ValueError(op, [], `${name} must be a number, not ${show(value)}`, `{ ${name}: 1 }`)
}

/** @throws {ValueError} with this text, unless it holds. */
export function requireThat(op: string, rule: string, fix: string, holds: boolean): void {
  if (!holds) throw new ValueError(op, [], rule, fix)
}
