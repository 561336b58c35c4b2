/** Modules, layers, losses and initialisers. */
import '@flambeau/autograd'

export * as functional from './functional/index.ts'
export * as init from './init.ts'
export type { ReLUOptions } from './layers/activation.ts'
export {
  Hardsigmoid,
  Hardswish,
  LogSigmoid,
  Mish,
  ReLU,
  ReLU6,
  SELU,
  Sigmoid,
  SiLU,
  Softsign,
  Tanh,
  Tanhshrink,
} from './layers/activation.ts'
export type {
  HardtanhLayerOptions,
  PReLUOptions,
  SoftplusSettings,
} from './layers/activation-curves.ts'
export {
  CELU,
  ELU,
  GELU,
  GLU,
  Hardshrink,
  Hardtanh,
  LeakyReLU,
  PReLU,
  RReLU,
  Softplus,
  Softshrink,
  Threshold,
} from './layers/activation-curves.ts'
export { ModuleList } from './layers/container.ts'
export { ParameterList } from './layers/parameter-containers.ts'
export type {
  ModuleDictConstructor,
  NamedFields,
  NamedGet,
  NumberedFields,
  ParameterDictConstructor,
  SequentialConstructor,
} from './layers/typed-containers.ts'
export { ModuleDict, ParameterDict, Sequential } from './layers/typed-containers.ts'
export { copyModule } from './layers/copy.ts'
export { Rearrange, Reduce } from './layers/einops.ts'
export type {
  ConvOptions,
  ConvSettings,
  ConvTransposeOptions,
  Pair,
  PaddingMode,
  Single,
  Triple,
} from './layers/conv.ts'
export { Conv1d, Conv2d, Conv3d, LazyConv1d, LazyConv2d, LazyConv3d } from './layers/conv-layers.ts'
export {
  ConvTranspose1d,
  ConvTranspose2d,
  ConvTranspose3d,
  LazyConvTranspose1d,
  LazyConvTranspose2d,
  LazyConvTranspose3d,
} from './layers/conv-transposed.ts'
export type { AdaptiveMaxSettings, AdaptiveSettings } from './layers/adaptive-pooling.ts'
export {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveAvgPool3d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  AdaptiveMaxPool3d,
} from './layers/adaptive-pooling.ts'
export {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  LazyBatchNorm1d,
  LazyBatchNorm2d,
  LazyBatchNorm3d,
} from './layers/batch-norm.ts'
export type { NormOptions } from './layers/channel-norm.ts'
export {
  InstanceNorm1d,
  InstanceNorm2d,
  InstanceNorm3d,
  LazyInstanceNorm1d,
  LazyInstanceNorm2d,
  LazyInstanceNorm3d,
} from './layers/instance-norm.ts'
export type { CosineSimilaritySettings, PairwiseDistanceSettings } from './layers/distance.ts'
export { CosineSimilarity, PairwiseDistance } from './layers/distance.ts'
export type { DropoutSettings } from './layers/dropout.ts'
export {
  AlphaDropout,
  Dropout,
  Dropout1d,
  Dropout2d,
  Dropout3d,
  FeatureAlphaDropout,
} from './layers/dropout.ts'
export type { GroupNormOptions, LayerNormOptions, RMSNormOptions } from './layers/normalization.ts'
export {
  CrossMapLRN2d,
  GroupNorm,
  LayerNorm,
  LocalResponseNorm,
  RMSNorm,
} from './layers/normalization.ts'
export type {
  BagCallOptions,
  EmbeddingBagLayerOptions,
  EmbeddingLayerOptions,
  EmbeddingSettings,
} from './layers/embedding.ts'
export { Embedding, EmbeddingBag } from './layers/embedding.ts'
export type { FlattenSettings, UnflattenSettings } from './layers/rearranging.ts'
export {
  Flatten,
  Fold,
  PixelShuffle,
  PixelUnshuffle,
  Unflatten,
  Unfold,
} from './layers/rearranging.ts'
export type { MaxUnpoolSettings } from './layers/pooling-special.ts'
export {
  FractionalMaxPool2d,
  FractionalMaxPool3d,
  LPPool1d,
  LPPool2d,
  LPPool3d,
  MaxUnpool1d,
  MaxUnpool2d,
  MaxUnpool3d,
} from './layers/pooling-special.ts'
export type {
  AttentionCall,
  AttentionCallOptions,
  MultiheadAttentionOptions,
} from './layers/attention.ts'
export { MultiheadAttention } from './layers/attention.ts'
export type {
  Hx,
  LSTMState,
  RecurrentCellOptions,
  RecurrentNonlinearity,
  RNNCellOptions,
} from './layers/recurrent-cells.ts'
export { GRUCell, LSTMCell, RNNCell } from './layers/recurrent-cells.ts'
export type { LSTMOptions, RecurrentOptions, RNNOptions } from './layers/recurrent.ts'
export { GRU, LSTM, RNN } from './layers/recurrent.ts'
export type {
  EncoderCall,
  EncoderCallOptions,
  TransformerCall,
  TransformerCallOptions,
  TransformerDecoderOptions,
  TransformerEncoderOptions,
  TransformerOptions,
} from './layers/transformer.ts'
export { Transformer, TransformerDecoder, TransformerEncoder } from './layers/transformer.ts'
export type {
  DecoderCall,
  DecoderCallOptions,
  EncoderLayerCall,
  EncoderLayerCallOptions,
  TransformerActivation,
  TransformerLayerOptions,
  TransformerSettings,
} from './layers/transformer-layers.ts'
export { TransformerDecoderLayer, TransformerEncoderLayer } from './layers/transformer-layers.ts'
export type { FactoryOptions } from './layers/factory.ts'
export type { BilinearOptions, LinearOptions } from './layers/linear.ts'
export { Bilinear, Identity, LazyLinear, Linear } from './layers/linear.ts'
export type { SparseConvOptions, SubmanifoldConvOptions } from './layers/sparse-conv.ts'
export { SparseConv2d, SparseModule, SubmanifoldConv2d } from './layers/sparse-conv.ts'
export type { SparseMaxPoolOptions, SparseNorm } from './layers/sparse-conv-layers.ts'
export {
  SparseBatchNorm2d,
  SparseMaxPool2d,
  SparseReLU,
  SparseSequential,
} from './layers/sparse-conv-layers.ts'
export type { SparseTensor2dOptions } from './layers/sparse-conv-tensor.ts'
export { SparseTensor2d } from './layers/sparse-conv-tensor.ts'
export type { DilatedBlock2dOptions, ReceptiveField, WindowLayer } from './layers/dilated.ts'
export { DilatedBlock2d, receptiveField } from './layers/dilated.ts'
export type { ImageTokenizerOptions, PositionEmbedding } from './layers/image-tokenizer.ts'
export { ImageTokenizer, patchify, unpatchify } from './layers/image-tokenizer.ts'
export type { UpsampleOptions } from './layers/upsampling.ts'
export { Upsample, UpsamplingBilinear2d, UpsamplingNearest2d } from './layers/upsampling.ts'
export type { ConstantPadOptions, Padding, PaddingOptions } from './layers/padding.ts'
export {
  CircularPad1d,
  CircularPad2d,
  CircularPad3d,
  ConstantPad1d,
  ConstantPad2d,
  ConstantPad3d,
  ReflectionPad1d,
  ReflectionPad2d,
  ReflectionPad3d,
  ReplicationPad1d,
  ReplicationPad2d,
  ReplicationPad3d,
  ZeroPad1d,
  ZeroPad2d,
  ZeroPad3d,
} from './layers/padding.ts'
export { LogSoftmax, Softmax, Softmax2d, Softmin } from './layers/softmax.ts'
export type { AvgPoolDivisorSettings, AvgPoolSettings, MaxPoolSettings } from './layers/pooling.ts'
export {
  AvgPool1d,
  AvgPool2d,
  AvgPool3d,
  MaxPool1d,
  MaxPool2d,
  MaxPool3d,
} from './layers/pooling.ts'
export type { CrossEntropyLossOptions, Reduction } from './losses/cross-entropy.ts'
export { CrossEntropyLoss } from './losses/cross-entropy.ts'
export { MSELoss } from './losses/mse.ts'
export type { SmoothL1LossOptions, HuberLossOptions } from './losses/absolute.ts'
export { L1Loss, SmoothL1Loss, HuberLoss } from './losses/absolute.ts'
export type { BCELossOptions, BCEWithLogitsLossOptions } from './losses/binary.ts'
export { BCELoss, BCEWithLogitsLoss, SoftMarginLoss } from './losses/binary.ts'
export type { PoissonNLLLossOptions, GaussianNLLLossOptions } from './losses/likelihood.ts'
export { PoissonNLLLoss, GaussianNLLLoss } from './losses/likelihood.ts'
export type {
  CosineEmbeddingLossOptions,
  HingeEmbeddingLossOptions,
  MarginRankingLossOptions,
  TripletMarginLossOptions,
  TripletMarginWithDistanceLossOptions,
} from './losses/embedding.ts'
export {
  CosineEmbeddingLoss,
  HingeEmbeddingLoss,
  MarginRankingLoss,
  TripletMarginLoss,
  TripletMarginWithDistanceLoss,
} from './losses/embedding.ts'
export type {
  MultiLabelSoftMarginLossOptions,
  MultiMarginLossOptions,
  NLLLossOptions,
} from './losses/classes.ts'
export {
  MultiLabelMarginLoss,
  MultiLabelSoftMarginLoss,
  MultiMarginLoss,
  NLLLoss,
} from './losses/classes.ts'
export type { CTCLossOptions, KLDivLossOptions } from './losses/divergence.ts'
export { CTCLoss, KLDivLoss } from './losses/divergence.ts'
export type { LinearCrossEntropyLossOptions } from './losses/linear-cross-entropy.ts'
export { LinearCrossEntropyLoss } from './losses/linear-cross-entropy.ts'
export type { AdaptiveLogSoftmaxOptions, AdaptiveResult } from './losses/adaptive-log-softmax.ts'
export { AdaptiveLogSoftmaxWithLoss } from './losses/adaptive-log-softmax.ts'
export type { AnyModule, NamedModulesOptions, NamedTensorsOptions } from './module.ts'
export { Module } from './module.ts'
export type { ModuleConversion, ModuleConversionOptions } from './module-convert.ts'
export type {
  BackwardHook,
  BackwardPreHook,
  ForwardHook,
  ForwardHookOptions,
  ForwardPreHook,
  Gradients,
  RemovableHandle,
} from './module-hooks.ts'
export type {
  LoadOptions,
  LoadReport,
  LoadStateDictPostHook,
  LoadStateDictPreHook,
  StateDict,
  StateDictHook,
  StateDictOptions,
} from './module-state.ts'
export { Parameter } from './parameter.ts'
export type { OutputShape, SummaryInput, SummaryOptions, SummaryRow } from './summary.ts'
export { ModelSummary, summary } from './summary.ts'
export * as utils from './utils/index.ts'
