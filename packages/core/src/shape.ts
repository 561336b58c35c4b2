import type { Describable } from './errors.ts'
import { show } from './show.ts'
import { IndexError, ShapeError, ValueError } from './errors.ts'

/** Sizes, outermost axis first. */
export type Shape = readonly number[]

/** The most axes that a tensor can have. */
export const MAX_RANK = 16

export function numElements(shape: Shape): number {
  let n = 1
  for (let i = 0; i < shape.length; i++) n *= shape[i] as number
  return n
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`
}

/**
 * The shape to which both broadcast: aligned at the last axis, each pair of sizes must be equal or
 * contain a 1.
 *
 * @throws {ShapeError} naming the first pair that does not fit.
 */
export function broadcastShapes(
  op: string,
  a: Shape,
  b: Shape,
  inputs: Record<string, Describable> = { a, b },
): Shape {
  if (sameShape(a, b)) return a
  const rank = Math.max(a.length, b.length)
  const out: number[] = Array.from({ length: rank }, () => 1)
  for (let i = 1; i <= rank; i++) {
    const x = i <= a.length ? (a[a.length - i] as number) : 1
    const y = i <= b.length ? (b[b.length - i] as number) : 1
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(
        op,
        inputs,
        `shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast: axis -${i} has size ${x} in one and ${y} in the other`,
        'make the sizes equal, or one of them 1 (unsqueeze adds an axis of size 1)',
      )
    }
    out[rank - i] = x === 1 ? y : x
  }
  return out
}

/**
 * An axis counted from the front. Negative axes count from the back; a tensor without axes accepts
 * 0 and -1, as in PyTorch.
 *
 * @throws {IndexError} if there is no such axis.
 */
export function normalizeAxis(op: string, axis: number, rank: number, input?: Describable): number {
  const limit = Math.max(rank, 1)
  if (!Number.isInteger(axis) || axis < -limit || axis >= limit) {
    throw new IndexError(
      op,
      input === undefined ? [] : { input },
      `axis ${show(axis)} is outside [${-limit}, ${limit - 1}]`,
      `the tensor has ${rank} ${rank === 1 ? 'axis' : 'axes'}; negative axes count from the back`,
    )
  }
  return axis < 0 ? axis + limit : axis
}

/** Axes counted from the front, in the order given. @throws {IndexError, ValueError} */
export function normalizeAxes(
  op: string,
  axes: number | readonly number[],
  rank: number,
  input?: Describable,
): number[] {
  const list = typeof axes === 'number' ? [axes] : Array.isArray(axes) ? [...axes] : null
  if (list === null) {
    throw new ValueError(
      op,
      input === undefined ? [] : { input },
      `axes come as a whole number or an array of them, not as ${show(axes)}`,
      'name one axis, or several in an array',
    )
  }
  const out = list.map((axis) => normalizeAxis(op, axis, rank, input))
  if (new Set(out).size !== out.length) {
    throw new ValueError(
      op,
      input === undefined ? [] : { input },
      `an axis appears more than once in [${list.join(', ')}]`,
      'name each axis once',
    )
  }
  return out
}

/**
 * Checks that `sizes` is a list of sizes that a tensor can have, and returns a copy of it: a tensor
 * keeps its shape, whatever becomes of the caller's array.
 *
 * @throws {ShapeError} if a size is not a whole number ≥ 0, there are more than 16 axes, or more
 * elements than memory can hold.
 */
export function checkShape(op: string, sizes: readonly number[]): Shape {
  if (!Array.isArray(sizes)) {
    throw new ShapeError(op, [], `a shape is an array of sizes, not ${show(sizes)}`, 'pass [2, 3]')
  }
  const shape = [...(sizes as readonly number[])]
  if (shape.length > MAX_RANK) {
    throw new ShapeError(
      op,
      { shape },
      `a tensor has at most ${MAX_RANK} axes, not ${shape.length}`,
      'merge axes',
    )
  }
  let total = 8
  for (const size of shape as readonly unknown[]) {
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) {
      throw new ShapeError(
        op,
        { shape },
        `sizes are whole numbers ≥ 0, but one is ${show(size)}`,
        'round the size, or check how it was computed',
      )
    }
    total *= Math.max(size, 1)
  }
  // Strides count the sizes beside a 0 too, so these must not overflow either.
  if (total > 2 ** 47) {
    throw new ShapeError(
      op,
      { shape },
      `${formatShape(shape)} has more elements than memory can hold`,
      'use a smaller shape',
    )
  }
  return shape
}
