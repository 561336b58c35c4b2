/** Whether both sides computed the same: a fast wrong step must not count. */
import type { Answer, BenchDevice, Precision } from './protocol.ts'

/** Relative difference of digests that rounding may cause: errors of many elements cancel out. */
export const DIGEST_TOLERANCE = 1e-5

/**
 * The same for losses: GPUs convolve float32 with 11 bits (TF32, PyTorch's default), and bfloat16 has 8, which
 * each side rounds to at places of its own.
 */
export function lossTolerance(device: BenchDevice, precision: Precision): number {
  if (precision === 'bfloat16') return 3e-2
  return device === 'cuda' ? 1e-2 : 1e-3
}

function differ(ours: number, theirs: number, tolerance: number): boolean {
  return !(Math.abs(ours - theirs) <= tolerance * Math.abs(theirs))
}

function firstDifference(
  one: string,
  many: string,
  ours: readonly number[],
  theirs: readonly number[],
  tolerance: number,
): string | null {
  if (ours.length !== theirs.length) {
    return `${ours.length} ${many} instead of PyTorch's ${theirs.length}`
  }
  const at = ours.findIndex((value, i) => differ(value, theirs[i] as number, tolerance))
  if (at < 0) return null
  const [mine, reference] = [ours[at] as number, theirs[at] as number]
  return `${one} ${at + 1} is ${mine.toPrecision(7)}, PyTorch's ${reference.toPrecision(7)}`
}

/** What is wrong with flambeau's losses and results, given PyTorch's; null if nothing is. */
export function disagreement(
  flambeau: Answer,
  pytorch: Answer,
  allowedOfLosses: number,
): string | null {
  return (
    firstDifference('loss', 'losses', flambeau.losses, pytorch.losses, allowedOfLosses) ??
    firstDifference('digest', 'digests', flambeau.digests, pytorch.digests, DIGEST_TOLERANCE)
  )
}
