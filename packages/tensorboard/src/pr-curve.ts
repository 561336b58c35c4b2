/** Precision against recall at rising thresholds. */
import { ShapeError, Tensor, ValueError } from '@flambeau/core'
import { requireNumberList, show } from '@flambeau/core/internal'
import type { SummaryValue } from './messages.ts'
import { DT, PrCurveData } from './messages.ts'

/** Thresholds from 0 to 1 that a curve has at most. */
const MOST = 127
const LEAST_COUNT = 1e-7

/** Numbers in a list or a tensor. */
export type Numbers = Tensor | ArrayLike<number>

/** True and false positives and negatives, precision and recall: a number for each threshold. */
export type CurveRows = readonly [
  truePositives: ArrayLike<number>,
  falsePositives: ArrayLike<number>,
  trueNegatives: ArrayLike<number>,
  falseNegatives: ArrayLike<number>,
  precision: ArrayLike<number>,
  recall: ArrayLike<number>,
]

/**
 * Numbers as a list, in the order in which they lie in a tensor.
 *
 * @throws {ValueError} for what is neither.
 */
export function listOf(op: string, name: string, values: Numbers): Float64Array {
  if (!(values instanceof Tensor)) {
    const given = values as unknown
    const isNumbers = ArrayBuffer.isView(given) && Symbol.iterator in given
    if (!isNumbers) requireNumberList(op, name, given)
    return Float64Array.from(values, Number)
  }
  return Float64Array.from(values.detach().flatten().toArray() as ArrayLike<number>, Number)
}

/** @throws {ValueError} for less than 2. More than 127 are taken for 127, as PyTorch does. */
export function thresholdsOf(op: string, count: number): number {
  if (Number.isInteger(count) && count >= 2) return Math.min(count, MOST)
  throw new ValueError(
    op,
    [],
    `numThresholds is ${show(count)}`,
    `a whole number from 2 to ${MOST}`,
  )
}

/**
 * Counts what is right and wrong if everything from a threshold on is taken for positive.
 *
 * @throws {ShapeError} if the lists differ in length. @throws {ValueError} for predictions outside of
 * [0, 1], labels that are not 0 or 1, or no elements.
 */
export function computeCurve(
  op: string,
  labels: Numbers,
  predictions: Numbers,
  count: number,
  weights: Numbers | number,
): CurveRows {
  const [truth, scores] = [listOf(op, 'labels', labels), listOf(op, 'predictions', predictions)]
  const weight = typeof weights === 'number' ? null : listOf(op, 'weights', weights)
  const tensors = Object.fromEntries(
    Object.entries({ labels, predictions }).filter(([, one]) => one instanceof Tensor),
  ) as Record<string, Tensor>
  if (truth.length !== scores.length || (weight !== null && weight.length !== truth.length)) {
    const rule = `there are ${truth.length} labels, ${scores.length} predictions${weight === null ? '' : ` and ${weight.length} weights`}`
    throw new ShapeError(op, tensors, rule, 'give one of each for every element')
  }
  if (truth.length === 0) throw new ValueError(op, tensors, 'there are no elements', 'give some')
  const isSingle = predictions instanceof Tensor && predictions.dtype !== 'float64'
  const positives = new Float64Array(count)
  const negatives = new Float64Array(count)
  for (let i = 0; i < truth.length; i++) {
    const [label, score] = [truth[i] as number, scores[i] as number]
    if (label !== 0 && label !== 1) {
      throw new ValueError(op, tensors, `labels[${i}] is ${label}`, 'labels are 0 and 1')
    }
    if (!(score >= 0 && score <= 1)) {
      const rule = `predictions[${i}] is ${score}`
      throw new ValueError(op, tensors, rule, 'probabilities are from 0 to 1: use sigmoid()')
    }
    const share = weight === null ? (weights as number) : (weight[i] as number)
    // In the precision of the predictions, as PyTorch does.
    const place = score * (count - 1)
    const bucket = Math.floor(isSingle ? Math.fround(place) : place)
    const counted = label === 1 ? positives : negatives
    counted[bucket] = (counted[bucket] as number) + share
  }
  const above = (list: Float64Array): Float64Array => {
    const sums = Float64Array.from(list)
    for (let i = count - 2; i >= 0; i--) sums[i] = (sums[i] as number) + (sums[i + 1] as number)
    return sums
  }
  const [tp, fp] = [above(positives), above(negatives)]
  const [allPositive, allNegative] = [tp[0] as number, fp[0] as number]
  const tn = fp.map((value) => allNegative - value)
  const fn = tp.map((value) => allPositive - value)
  const share = (of: Float64Array, rest: Float64Array): Float64Array =>
    of.map((value, i) => value / Math.max(LEAST_COUNT, value + (rest[i] as number)))
  return [tp, fp, tn, fn, share(tp, fp), share(tp, fn)]
}

/** A curve as the plug-in `pr_curves` reads it. @throws {ShapeError} if the rows differ in length. */
export function prCurveValue(
  op: string,
  tag: string,
  rows: CurveRows,
  numThresholds: number,
): SummaryValue {
  const [first] = rows
  const lengths = rows.map(({ length }) => length)
  if (first.length === 0 || lengths.some((length) => length !== first.length)) {
    const rule = `the rows have ${lengths.join(', ')} numbers`
    throw new ShapeError(op, [], rule, 'give one for each threshold in all of them')
  }
  const tensor = {
    dtype: DT.float,
    tensorShape: { dim: [{ size: rows.length }, { size: first.length }] },
    floatVal: rows.flatMap((row) => Array.from(row)),
  }
  const content = PrCurveData.encode({ version: 0, numThresholds })
  return { tag, tensor, metadata: { pluginData: { pluginName: 'pr_curves', content } } }
}
