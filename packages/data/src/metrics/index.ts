/** Metrics: streaming, and right across batches of unequal size. */
export type { RunningAverageOptions } from './aggregation.ts'
export { MeanMetric, RunningAverage } from './aggregation.ts'
export type { AnyMetric, CollectionValues } from './collection.ts'
export { MetricCollection } from './collection.ts'
export type {
  ConfusionMatrixOptions,
  Normalization,
  OverlapAverage,
  OverlapOptions,
} from './confusion.ts'
export { ConfusionMatrix, Dice, IoU } from './confusion.ts'
export type { MeanAveragePrecisionOptions, MeanAveragePrecisionResult } from './detection.ts'
export type {
  BoxFormat,
  DetectedBoxes,
  DetectedBy,
  DetectedMasks,
  IouType,
  TrueBoxes,
  TrueBy,
  TrueMasks,
} from './detection-inputs.ts'
export { MeanAveragePrecision } from './detection.ts'
export * from './functional.ts'
export type { Average, ClassificationOptions, ScoreOf, Task } from './labels.ts'
export type { MetricState, MetricStateDict } from './metric.ts'
export { Metric } from './metric.ts'
export type { RankingOptions } from './ranking.ts'
export { AUROC, AveragePrecision } from './ranking.ts'
export type { MultiOutput, R2Options } from './regression.ts'
export { MeanAbsoluteError, MeanSquaredError, R2Score } from './regression.ts'
export type { AccuracyOptions, AveragedOptions, FBetaOptions } from './stat-scores.ts'
export { Accuracy, F1Score, FBetaScore, Precision, Recall, TopKAccuracy } from './stat-scores.ts'
export type { BLEUOptions, Smoothing, Tokens } from './text.ts'
export { BLEUScore, Perplexity } from './text.ts'
