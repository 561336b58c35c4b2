/** Metrics of one batch, as functions: what the class of the same options gives after one update. */
import type { Tensor, TensorData } from '@flambeau/core'
import type { ConfusionMatrixOptions, OverlapAverage, OverlapOptions } from './confusion.ts'
import { ConfusionMatrix, Dice, IoU } from './confusion.ts'
import type { MeanAveragePrecisionOptions, MeanAveragePrecisionResult } from './detection.ts'
import { MeanAveragePrecision } from './detection.ts'
import type { DetectedBy, IouType, TrueBy } from './detection-inputs.ts'
import type { Average, ScoreOf } from './labels.ts'
import type { Metric } from './metric.ts'
import type { RankingOptions } from './ranking.ts'
import { AUROC, AveragePrecision } from './ranking.ts'
import type { MultiOutput, R2Options } from './regression.ts'
import { MeanAbsoluteError, MeanSquaredError, R2Score } from './regression.ts'
import type { AccuracyOptions, AveragedOptions, FBetaOptions } from './stat-scores.ts'
import { Accuracy, F1Score, FBetaScore, Precision, Recall } from './stat-scores.ts'
import type { BLEUOptions, Tokens } from './text.ts'
import { BLEUScore, Perplexity } from './text.ts'

function once<Result, Inputs extends readonly unknown[]>(
  metric: Metric<Result, Inputs>,
  ...inputs: Inputs
): Result {
  metric.update(...inputs)
  return metric.compute()
}

/** {@link Accuracy} of one batch. @throws as its `update` does. */
export function accuracy<A extends Average = 'micro'>(
  preds: TensorData,
  target: TensorData,
  options: AccuracyOptions<A> = {},
): ScoreOf<A> {
  return once(new Accuracy(options), preds, target)
}

/** {@link Precision} of one batch. @throws as its `update` does. */
export function precision<A extends Average = 'macro'>(
  preds: TensorData,
  target: TensorData,
  options: AveragedOptions<A> = {},
): ScoreOf<A> {
  return once(new Precision(options), preds, target)
}

/** {@link Recall} of one batch. @throws as its `update` does. */
export function recall<A extends Average = 'macro'>(
  preds: TensorData,
  target: TensorData,
  options: AveragedOptions<A> = {},
): ScoreOf<A> {
  return once(new Recall(options), preds, target)
}

/** {@link F1Score} of one batch. @throws as its `update` does. */
export function f1Score<A extends Average = 'macro'>(
  preds: TensorData,
  target: TensorData,
  options: AveragedOptions<A> = {},
): ScoreOf<A> {
  return once(new F1Score(options), preds, target)
}

/** {@link FBetaScore} of one batch. @throws as its `update` does. */
export function fbetaScore<A extends Average = 'macro'>(
  preds: TensorData,
  target: TensorData,
  options: FBetaOptions<A> = {},
): ScoreOf<A> {
  return once(new FBetaScore(options), preds, target)
}

/** {@link ConfusionMatrix} of one batch. @throws as its `update` does. */
export function confusionMatrix(
  preds: TensorData,
  target: TensorData,
  options: ConfusionMatrixOptions = {},
): Tensor {
  return once(new ConfusionMatrix(options), preds, target)
}

/** {@link IoU} of one batch. @throws as its `update` does. */
export function iou<A extends OverlapAverage = 'macro'>(
  preds: TensorData,
  target: TensorData,
  options: OverlapOptions<A> = {},
): ScoreOf<A> {
  return once(new IoU(options), preds, target)
}

/** {@link Dice} of one batch. @throws as its `update` does. */
export function dice<A extends OverlapAverage = 'macro'>(
  preds: TensorData,
  target: TensorData,
  options: OverlapOptions<A> = {},
): ScoreOf<A> {
  return once(new Dice(options), preds, target)
}

/** {@link AUROC} of one batch. @throws as its `update` does. */
export function auroc<A extends Average = 'macro'>(
  preds: TensorData,
  target: TensorData,
  options: RankingOptions<A> = {},
): ScoreOf<A> {
  return once(new AUROC(options), preds, target)
}

/** {@link AveragePrecision} of one batch. @throws as its `update` does. */
export function averagePrecision<A extends Average = 'macro'>(
  preds: TensorData,
  target: TensorData,
  options: RankingOptions<A> = {},
): ScoreOf<A> {
  return once(new AveragePrecision(options), preds, target)
}

/** {@link MeanAbsoluteError} of one batch. @throws as its `update` does. */
export function meanAbsoluteError(preds: TensorData, target: TensorData): number {
  return once(new MeanAbsoluteError(), preds, target)
}

/** {@link MeanSquaredError} of one batch. @throws as its `update` does. */
export function meanSquaredError(
  preds: TensorData,
  target: TensorData,
  options: { squared?: boolean } = {},
): number {
  return once(new MeanSquaredError(options), preds, target)
}

/** {@link R2Score} of one batch. @throws as its `update` does. */
export function r2Score<A extends MultiOutput = 'uniformAverage'>(
  preds: TensorData,
  target: TensorData,
  options: R2Options<A> = {},
): ScoreOf<A> {
  return once(new R2Score(options), preds, target)
}

/** {@link Perplexity} of one batch. @throws as its `update` does. */
export function perplexity(
  preds: TensorData,
  target: TensorData,
  options: { ignoreIndex?: number | null } = {},
): number {
  return once(new Perplexity(options), preds, target)
}

/** {@link BLEUScore} of these texts. @throws as its `update` does. */
export function bleuScore(
  preds: readonly Tokens[],
  target: readonly (string | readonly Tokens[])[],
  options: BLEUOptions = {},
): number {
  return once(new BLEUScore(options), preds, target)
}

/** {@link MeanAveragePrecision} of these images. @throws as its `update` does. */
export function meanAveragePrecision<T extends IouType = 'bbox'>(
  preds: readonly DetectedBy[T][],
  target: readonly TrueBy[T][],
  options: MeanAveragePrecisionOptions<T> = {},
): MeanAveragePrecisionResult {
  return once(new MeanAveragePrecision<T>(options), preds, target)
}
