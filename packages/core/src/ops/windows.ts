/** What operations on sliding windows share: numbers per axis, sizes, and inputs without a batch. */
import { requireTensor } from '../elementwise.ts'
import type { Describable } from '../errors.ts'
import { show } from '../show.ts'
import { ShapeError, ValueError } from '../errors.ts'
import type { Tensor } from '../tensor.ts'

/** A number for the length, alone or in a list. */
export type Single = number | readonly [length: number]

/** A number for height and width alike, or one for each. */
export type Pair = number | readonly [height: number, width: number] | readonly [both: number]

/** A number for depth, height and width alike, or one for each. */
export type Triple =
  | number
  | readonly [depth: number, height: number, width: number]
  | readonly [all: number]

/** A number per axis, or one for all of them. */
export type Sizes = Single | Pair | Triple

/** How many axes windows slide along. */
export type Dims = 1 | 2 | 3

const MOST = 2 ** 31 - 1
const AXES = ['depth', 'height', 'width'] as const
const LETTERS = ['D', 'H', 'W'] as const

/** The name of an axis that windows slide along. */
export function axisName(dims: Dims, axis: number): string {
  return dims === 1 ? 'length' : (AXES[axis + 3 - dims] as string)
}

/** Shapes in messages: `[N, C, H, W]`. */
export function formatImages(dims: Dims, before: readonly string[]): string {
  return `[${[...before, ...(dims === 1 ? ['L'] : LETTERS.slice(3 - dims))].join(', ')}]`
}

/**
 * A number for each of the axes.
 *
 * @throws {ValueError} unless they are whole numbers ≥ `least`.
 */
export function sizesOf(
  op: string,
  name: string,
  value: Sizes | readonly number[],
  dims: Dims,
  least: number,
  inputs: Record<string, Describable>,
): readonly number[] {
  const given = typeof value === 'number' ? [value] : value
  const list =
    Array.isArray(given) && given.length === 1
      ? Array.from({ length: dims }, () => (given as readonly unknown[])[0])
      : given
  const valid =
    Array.isArray(list) &&
    list.length === dims &&
    list.every((part) => Number.isInteger(part) && part >= least && part <= MOST)
  if (!valid) {
    const kind = ['a number in a list', 'a pair of them', 'three of them'][dims - 1] as string
    const example = Array.from({ length: dims }, (_, axis) => axisName(dims, axis)).join(', ')
    throw new ValueError(
      op,
      inputs,
      `${name} is a whole number ≥ ${least} or ${kind}, not ${show(value)}`,
      `pass ${name}: ${Math.max(least, 1)} or ${name}: [${example}]`,
    )
  }
  return list as readonly number[]
}

/** Input positions from the first to the last place of a window. */
export function reachOf(kernel: number, dilation: number): number {
  return (kernel - 1) * dilation + 1
}

/**
 * Throws unless `input` is [N, C, …] or, without a batch, [C, …] with `dims` further axes.
 *
 * @throws {ShapeError} for other ranks.
 */
export function requireImages(op: string, input: Tensor, dims: Dims = 2): void {
  requireTensor(op, 'input', input)
  if (input.ndim === dims + 1 || input.ndim === dims + 2) return
  throw new ShapeError(
    op,
    { input },
    `input must be ${formatImages(dims, ['N', 'C'])} or ${formatImages(dims, ['C'])}, but has ${input.ndim} ${input.ndim === 1 ? 'axis' : 'axes'}`,
    'add axes with unsqueeze(), or merge some with flatten()',
  )
}
