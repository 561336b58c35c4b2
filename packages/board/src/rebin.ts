/** Histograms of several steps over the same bins. */
import type { Histogram, HistogramEvent } from '@flambeau/tensorboard'
import type { HistogramsMessage } from './protocol.ts'

const BINS = 48
/** More steps than this would be a blur. */
const MOST_STEPS = 50

/** Spreads the buckets of a histogram evenly over bins from `low` to `high`. */
function spread(histogram: Histogram, low: number, high: number): number[] {
  const counts = new Array<number>(BINS).fill(0)
  const scale = BINS / (high - low)
  histogram.bucket.forEach((count, i) => {
    if (count === 0) return
    // The first and the last bucket may reach further than the numbers do.
    const left = Math.max(i === 0 ? histogram.min : (histogram.bucketLimit[i - 1] as number), low)
    const right = Math.min(histogram.bucketLimit[i] as number, histogram.max, high)
    const [from, to] = [(left - low) * scale, (Math.max(right, left) - low) * scale]
    const [first, last] = [Math.min(Math.floor(from), BINS - 1), Math.min(Math.ceil(to), BINS)]
    if (to - from < 1e-9) {
      counts[first] = (counts[first] as number) + count
      return
    }
    for (let bin = first; bin < last; bin++) {
      const share = (Math.min(to, bin + 1) - Math.max(from, bin)) / (to - from)
      counts[bin] = (counts[bin] as number) + count * Math.max(share, 0)
    }
  })
  return counts
}

/** Steps to show: all, or as many as fit, the last among them. */
function chosen<T>(events: readonly T[]): T[] {
  const every = Math.ceil(events.length / MOST_STEPS)
  return events.filter((_, i) => (events.length - 1 - i) % every === 0)
}

/** Histograms over common bins, from the least number to the greatest. */
export function rebin(events: readonly HistogramEvent[]): HistogramsMessage {
  const shown = chosen(events)
  let low = Math.min(...shown.map(({ min }) => min))
  let high = Math.max(...shown.map(({ max }) => max))
  if (!(high > low)) [low, high] = [low - 0.5, low + 0.5]
  return {
    low,
    high,
    steps: shown.map(({ step }) => step),
    counts: shown.map((event) => spread(event, low, high)),
  }
}
