/** Layers and losses as functions, without state. @see torch.nn.functional */
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  cosineSimilarity,
  crossEntropy,
  dropout,
  gelu,
  groupNorm,
  hardshrink,
  layerNorm,
  linear,
  logSoftmax,
  maxPool1d,
  maxPool2d,
  maxPool3d,
  mseLoss,
  nllLoss,
  oneHot,
  pairwiseDistance,
  pixelShuffle,
  pixelUnshuffle,
  prelu,
  relu_,
  rmsNorm,
  scaledDotProductAttention,
  selu_,
  sigmoid,
  softmax,
  softplus,
  tanh,
  threshold_,
  celu_,
  bilinear,
  pdist,
} from '@flambeau/core'
export * from './activation.ts'
export type { ScaledDotProductAttentionOptions } from '@flambeau/core'
export type { MultiHeadAttentionForwardOptions } from './attention.ts'
export { multiHeadAttentionForward } from './attention.ts'
export type { DropoutArguments, DropoutOptions } from './dropout.ts'
export { alphaDropout, dropout1d, dropout2d, dropout3d, featureAlphaDropout } from './dropout.ts'
export type { EmbeddingBagOptions, EmbeddingOptions } from './embedding.ts'
export { embedding, embeddingBag } from './embedding.ts'
export type {
  BinaryCrossEntropyWithLogitsOptions,
  CosineEmbeddingLossOptions,
  CtcLossOptions,
  HingeEmbeddingLossOptions,
  MarginRankingLossOptions,
  TripletMarginLossOptions,
} from './losses.ts'
export {
  binaryCrossEntropyWithLogits,
  cosineEmbeddingLoss,
  ctcLoss,
  hingeEmbeddingLoss,
  marginRankingLoss,
  tripletMarginLoss,
} from './losses.ts'
export type {
  DistanceFunction,
  LinearCrossEntropyOptions,
  MultilabelSoftMarginLossOptions,
  MultiMarginLossOptions,
  TripletMarginWithDistanceLossOptions,
} from './class-losses.ts'
export {
  linearCrossEntropy,
  multilabelMarginLoss,
  multilabelSoftMarginLoss,
  multiMarginLoss,
  tripletMarginWithDistanceLoss,
} from './class-losses.ts'
export type {
  GaussianNllLossOptions,
  HuberLossOptions,
  KlDivOptions,
  KlReduction,
  PoissonNllLossOptions,
} from './elementwise-losses.ts'
export {
  binaryCrossEntropy,
  gaussianNllLoss,
  huberLoss,
  klDiv,
  l1Loss,
  poissonNllLoss,
  smoothL1Loss,
  softMarginLoss,
} from './elementwise-losses.ts'
export type {
  BatchNormOptions,
  InstanceNormOptions,
  LocalResponseNormOptions,
  NormalizeOptions,
} from './normalization.ts'
export { batchNorm, instanceNorm, localResponseNorm, normalize } from './normalization.ts'
export type { PadMode, PadOptions } from './padding.ts'
export { pad } from './padding.ts'
export type { AdaptiveMaxPoolOptions } from './pooling.ts'
export { adaptiveMaxPool1d, adaptiveMaxPool2d, adaptiveMaxPool3d } from './pooling.ts'
export type { SoftminOptions } from './softmin.ts'
export { softmin } from './softmin.ts'
export type { Both, FoldOptions, WindowOptions } from './windows.ts'
export { fold, unfold } from './windows.ts'
export type { FractionalMaxPoolOptions } from './fractional-pool.ts'
export { fractionalMaxPool2d, fractionalMaxPool3d } from './fractional-pool.ts'
export type { LpPoolArguments, LpPoolOptions } from './lp-pool.ts'
export { lpPool1d, lpPool2d, lpPool3d } from './lp-pool.ts'
export type { MaxUnpoolArguments, MaxUnpoolOptions } from './unpooling.ts'
export { maxUnpool1d, maxUnpool2d, maxUnpool3d } from './unpooling.ts'
export type { InterpolateOptions, InterpolationMode } from './interpolation.ts'
export { interpolate } from './interpolation.ts'
export type {
  AffineGridOptions,
  GridPaddingMode,
  GridSampleMode,
  GridSampleOptions,
} from './grid.ts'
export { affineGrid, gridSample } from './grid.ts'
