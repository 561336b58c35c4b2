/** Whether both sides computed the same: a fast wrong step must not count. */
import type { Answer } from './protocol.ts'

/** Relative difference of losses that rounding may cause. */
export const LOSS_TOLERANCE = 1e-3

/** The same for digests, in which the errors of many elements cancel out. */
export const DIGEST_TOLERANCE = 1e-5

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
export function disagreement(flambeau: Answer, pytorch: Answer): string | null {
  return (
    firstDifference('loss', 'losses', flambeau.losses, pytorch.losses, LOSS_TOLERANCE) ??
    firstDifference('digest', 'digests', flambeau.digests, pytorch.digests, DIGEST_TOLERANCE)
  )
}
