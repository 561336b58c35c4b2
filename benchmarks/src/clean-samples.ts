/** From the samples of several processes to one number. */
import type { Sample } from './protocol.ts'

/** Fewer uncontended samples than this do not make a median. */
const ENOUGH = 3

export interface Summary {
  /** Milliseconds per call. */
  readonly median: number
  /** Whether too few samples had the cores to themselves; the least disturbed were used then. */
  readonly contended: boolean
}

/** The middle value; the mean of the middle two for an even count. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted.length >> 1
  const high = sorted[upper]
  if (high === undefined) throw new RangeError('a median needs at least one value')
  return sorted.length % 2 === 1 ? high : ((sorted[upper - 1] as number) + high) / 2
}

/** The quarter of the samples that waited least. */
function leastDisturbed(samples: readonly Sample[]): readonly Sample[] {
  const count = Math.max(ENOUGH, Math.ceil(samples.length / 4))
  return samples.toSorted(([, a], [, b]) => a - b).slice(0, count)
}

/** The median of the samples that waited for a core for less than `maxWait` of their time. */
export function summarize(samples: readonly Sample[], maxWait: number): Summary {
  const clean = samples.filter(([, waited]) => waited < maxWait)
  const contended = clean.length < Math.min(ENOUGH, samples.length)
  const used = contended ? leastDisturbed(samples) : clean
  return { median: median(used.map(([ms]) => ms)), contended }
}
