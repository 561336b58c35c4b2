/** What operations on sliding windows share: pairs of numbers, sizes, and inputs without a batch. */
import { requireTensor } from '../elementwise.ts'
import type { Describable } from '../errors.ts'
import { show } from '../show.ts'
import { ShapeError, ValueError } from '../errors.ts'
import type { Tensor } from '../tensor.ts'

/** A number for height and width alike, or one for each. */
export type Pair = number | readonly [height: number, width: number]

const MOST = 2 ** 31 - 1

/**
 * Height and width as two numbers.
 *
 * @throws {ValueError} unless they are whole numbers ≥ `least`.
 */
export function pairOf(
  op: string,
  name: string,
  value: Pair,
  least: number,
  inputs: Record<string, Describable>,
): readonly [number, number] {
  const list = typeof value === 'number' ? [value, value] : value
  const valid =
    Array.isArray(list) &&
    list.length === 2 &&
    list.every((part) => Number.isInteger(part) && part >= least && part <= MOST)
  if (!valid) {
    throw new ValueError(
      op,
      inputs,
      `${name} is a whole number ≥ ${least} or a pair of them, not ${show(value)}`,
      `pass ${name}: ${Math.max(least, 1)} or ${name}: [height, width]`,
    )
  }
  return list as unknown as readonly [number, number]
}

/** Input positions from the first to the last place of a window. */
export function reachOf(kernel: number, dilation: number): number {
  return (kernel - 1) * dilation + 1
}

/**
 * Throws unless `input` is [N, C, H, W] or, without a batch, [C, H, W].
 *
 * @throws {ShapeError} for other ranks.
 */
export function requireImages(op: string, input: Tensor): void {
  requireTensor(op, 'input', input)
  if (input.ndim === 3 || input.ndim === 4) return
  throw new ShapeError(
    op,
    { input },
    `input must be [N, C, H, W] or [C, H, W], but has ${input.ndim} ${input.ndim === 1 ? 'axis' : 'axes'}`,
    'add axes with unsqueeze(), or merge some with flatten()',
  )
}
