/** Histograms as event files hold them. */
import { ValueError } from '@flambeau/core'
import { requireCount, requireNumberList, requireOneOf } from '@flambeau/core/internal'
import type { HistogramProto } from './messages.ts'

/** How numbers are sorted into bins. */
export type Bins = 'tensorflow' | 'auto' | 'fd' | 'sturges' | number | readonly number[]

/** Names of rules for the number of bins. */
const RULES = ['auto', 'fd', 'sturges'] as const

/** TensorFlow's edges: each 1.1 times the one before, from 1e-12 to 1e20, on either side of 0. */
const tensorflowEdges: readonly number[] = (() => {
  const positive: number[] = []
  for (let edge = 1e-12; edge < 1e20; edge *= 1.1) positive.push(edge)
  const negative = positive.map((edge) => -edge).toReversed()
  return [...negative, 0, ...positive]
})()

/**
 * Counts numbers between edges; numbers outside of them are left out, the last edge is within.
 *
 * @see numpy.histogram
 */
function count(values: Float64Array, edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length - 1).fill(0)
  const [first, last] = [edges[0] as number, edges.at(-1) as number]
  for (const value of values) {
    if (value < first || value > last) continue
    let [low, high] = [0, edges.length - 1]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((edges[middle] as number) <= value) low = middle
      else high = middle
    }
    counts[low] = (counts[low] as number) + 1
  }
  return counts
}

function extent(values: Float64Array): [number, number] {
  let [low, high] = [Infinity, -Infinity]
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return [low, high]
}

/** The number of equal bins that numpy's rules give. */
function binCount(values: Float64Array, bins: 'auto' | 'fd' | 'sturges', range: number): number {
  const sturges = range / (Math.log2(values.length) + 1)
  const sorted = values.toSorted()
  const quantile = (share: number): number => {
    const at = share * (sorted.length - 1)
    const [low, high] = [sorted[Math.floor(at)] as number, sorted[Math.ceil(at)] as number]
    return low + (high - low) * (at % 1)
  }
  const fd = (2 * (quantile(0.75) - quantile(0.25))) / Math.cbrt(values.length)
  const width =
    bins === 'sturges' ? sturges : bins === 'fd' ? fd : fd > 0 ? Math.min(fd, sturges) : sturges
  return width > 0 ? Math.ceil(range / width) : 1
}

/** Bins that fit into memory, whatever outliers there are. */
const MOST_BINS = 2 ** 20

function edgesOf(op: string, values: Float64Array, bins: Bins): readonly number[] {
  if (bins === 'tensorflow') return tensorflowEdges
  if (typeof bins === 'object') {
    requireNumberList(op, 'bins', bins)
    const isRising = bins.every((edge, i) => i === 0 || edge > (bins[i - 1] as number))
    if (bins.length >= 2 && isRising) return bins
    throw new ValueError(op, { bins }, 'edges of bins are two or more rising numbers', 'sort them')
  }
  if (typeof bins !== 'number') requireOneOf(op, 'bins', bins, RULES)
  let [low, high] = extent(values)
  const range = high - low
  const wanted = typeof bins === 'number' ? bins : range > 0 ? binCount(values, bins, range) : 1
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > MOST_BINS) {
    const rule = `bins are from 1 to ${MOST_BINS}, not ${wanted}`
    throw new ValueError(op, [], rule, "give a whole number of them, or 'tensorflow'")
  }
  if (low === high) [low, high] = [low - 0.5, high + 0.5]
  return Array.from({ length: wanted + 1 }, (_, i) => low + ((high - low) * i) / wanted)
}

/**
 * A histogram of numbers, without the empty bins at either end.
 *
 * @param maxBins Neighbours are joined until there are about as few. Default as many as there are.
 * @throws {ValueError} if there are no finite numbers.
 */
export function makeHistogram(
  op: string,
  values: Float64Array,
  bins: Bins,
  maxBins: number | null = null,
): HistogramProto {
  if (values.length === 0) {
    throw new ValueError(op, [], 'a histogram needs at least one number', 'leave empty tensors out')
  }
  if (!values.every(Number.isFinite)) {
    const rule = 'some of the numbers are NaN or infinite'
    throw new ValueError(op, [], rule, 'look where they come from: isFinite().all()')
  }
  if (maxBins !== null) requireCount(op, 'maxBins', maxBins, 1)
  let edges = edgesOf(op, values, bins)
  let counts = count(values, edges)
  if (maxBins !== null && counts.length > maxBins) {
    const joined = Math.floor(counts.length / maxBins)
    const sums: number[] = []
    counts.forEach((n, i) => {
      const into = Math.floor(i / joined)
      sums[into] = (sums[into] ?? 0) + n
    })
    edges = [...edges.slice(0, -1).filter((_, i) => i % joined === 0), edges.at(-1) as number]
    counts = sums
  }
  // From the edge below the first bin that has something: a reader takes it as the left end.
  const first = counts.findIndex((n) => n > 0)
  const last = counts.findLastIndex((n) => n > 0)
  let [sum, sumSquares] = [0, 0]
  for (const value of values) {
    sum += value
    sumSquares += value * value
  }
  const [min, max] = extent(values)
  const bucket = [...(first > 0 ? [] : [0]), ...counts.slice(Math.max(first - 1, 0), last + 1)]
  const bucketLimit = edges.slice(first, last + 2)
  return { min, max, num: values.length, sum, sumSquares, bucketLimit, bucket }
}
