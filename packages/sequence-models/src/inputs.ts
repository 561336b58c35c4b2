/** What models check of their inputs. */
import type { Tensor } from '@flambeau/core'
import { arange, DTypeError, ShapeError, ValueError } from '@flambeau/core'

/** @throws {ShapeError} unless tokens are `[N, T]` with a step or more. @throws {DTypeError} */
export function requireTokens(op: string, name: string, tokens: Tensor): void {
  if (tokens.dtype !== 'int64' && tokens.dtype !== 'int32') {
    throw new DTypeError(op, { [name]: tokens }, `${name} must be int64 or int32`, ".to('int64')")
  }
  if (tokens.ndim === 2 && tokens.shape[1] !== 0) return
  throw new ShapeError(
    op,
    { [name]: tokens },
    `${name} must be [N, T] with at least one step`,
    tokens.ndim === 1 ? 'unsqueeze(0) makes a batch of one' : 'leave empty sequences out',
  )
}

/** @throws {ShapeError} unless features are `[N, T, size]` with a step or more. */
export function requireSteps(op: string, name: string, x: Tensor, size: number): void {
  if (x.ndim === 3 && x.shape[1] !== 0 && x.shape[2] === size) return
  throw new ShapeError(
    op,
    { [name]: x },
    `${name} must be [N, T, ${size}] with at least one step`,
    'reshape it, and leave empty sequences out',
  )
}

/** @throws {ValueError} unless all are whole numbers of at least `least`. */
export function requireCounts(op: string, counts: Record<string, number>, least = 1): void {
  for (const [name, count] of Object.entries(counts)) {
    if (Number.isSafeInteger(count) && count >= least) continue
    const rule = `${name} must be a whole number of at least ${least}, not ${count}`
    throw new ValueError(op, counts, rule, `pass ${name}: ${Math.max(least, 8)}`)
  }
}

/** @throws {ValueError} if sequences are longer than a table of positions. */
export function requirePositions(op: string, length: number, maxLength: number): void {
  if (length <= maxLength) return
  throw new ValueError(
    op,
    { length, maxLength },
    `a sequence of ${length} steps is longer than the table of ${maxLength} positions`,
    'cut it, or build the model with a larger maxLength',
  )
}

/** @throws {ShapeError, DTypeError} unless a mask is bool and of this shape. */
export function requireMask(op: string, name: string, mask: Tensor, shape: number[]): void {
  if (mask.dtype !== 'bool') {
    throw new DTypeError(op, { [name]: mask }, `${name} must be bool`, ".to('bool')")
  }
  if (mask.shape.join() === shape.join()) return
  const rule = `${name} must be [${shape.join(', ')}]`
  throw new ShapeError(op, { [name]: mask }, rule, 'one flag for each step of each sequence')
}

/**
 * The number of real steps of each row, int64 `[N]`.
 *
 * @throws {ShapeError, DTypeError} unless a mask is bool, of this shape, with the real steps of each row
 * first, and at least one.
 */
export function lengthsOf(op: string, name: string, mask: Tensor, shape: [number, number]): Tensor {
  requireMask(op, name, mask, shape)
  const lengths = mask.sum(1)
  const straight = arange(shape[1]).unsqueeze(0).lt(lengths.unsqueeze(1))
  if (shape[0] === 0 || (straight.equal(mask) && lengths.min().item() > 0)) return lengths
  const rule = 'real steps come first in each row, and there is at least one'
  throw new ShapeError(op, { [name]: mask }, rule, 'put padding at the end')
}
