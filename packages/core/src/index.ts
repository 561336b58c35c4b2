/** Tensors without gradients: creation, operations, memory. The public API. */
import './methods.ts'

export type { Autocast, AutocastOptions, CustomBwdOptions, CustomFwdOptions } from './autocast.ts'
export {
  autocast,
  clearAutocastCache,
  customBwd,
  customFwd,
  getAutocastDtype,
  isAutocastAvailable,
  isAutocastCacheEnabled,
  isAutocastEnabled,
  setAutocastCacheEnabled,
  setAutocastDtype,
} from './autocast.ts'
export type { CreationMethods } from './creation-methods.ts'
export type { CreationOptions, FillValue, SizeArguments } from './creation-options.ts'
export type {
  EmptyStridedOptions,
  EyeOptions,
  FormattedOptions,
  FullLikeOptions,
  FullOptions,
} from './creation.ts'
export { emptyLike, emptyStrided, fullLike } from './creation.ts'
export type { Device } from './device.ts'
export { getDefaultDevice, isDeviceAvailable, setDefaultDevice } from './device.ts'
export type { DType } from './dtype.ts'
export { getDefaultDtype, promoteTypes, setDefaultDtype, setDefaultTensorType } from './dtype.ts'
export type { Operand } from './elementwise.ts'
export * from './errors.ts'
export type {
  AsarrayOptions,
  AsTensorOptions,
  FrombufferOptions,
  NestedTensors,
  SourceArray,
  TensorData,
} from './from-data.ts'
export {
  asarray,
  asTensor,
  frombuffer,
  fromNumpy,
  fromTypedArray,
  scalarTensor,
  tensor,
} from './from-data.ts'
export {
  defaultGenerator,
  Generator,
  getRngState,
  initialSeed,
  manualSeed,
  seed,
  setRngState,
} from './generator.ts'
export * from './memory.ts'
export { detach_, isGradEnabled, isInference, isInferenceModeEnabled } from './modes.ts'
export type { NamedResult } from './named-result.ts'
export type { PrintOptions } from './print-options.ts'
export { setPrintoptions } from './print-options.ts'
export type { RandomOptions, RandomSizes, SamplingOptions, Whole } from './random-arguments.ts'
export type { RandintOptions } from './random.ts'
export { randintLike, randLike, randnLike } from './random.ts'
export type { ArangeOptions, Bound, LinspaceOptions, LogspaceOptions } from './ranges.ts'

export * as profiler from './profiler/index.ts'
export * from './queries.ts'
export { keep, scope } from './scope.ts'
export type { AnyDType, ItemOf, NestedArray, TypedArrayOf } from './tensor.ts'
export { Tensor } from './tensor.ts'
export type { FInfo, IInfo } from './type-info.ts'
export { canCast, finfo, iinfo } from './type-info.ts'

export * from './ops/activation.ts'
export type { AdaptivePoolOptions, OutputSize } from './ops/adaptive-pool.ts'
export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
} from './ops/adaptive-pool.ts'
export type { MovedimOptions, SwapaxesOptions, TransposeOptions } from './ops/axes.ts'
export { moveaxis, movedim, permute, swapaxes, swapdims, t, transpose } from './ops/axes.ts'
export type {
  AddmmOptions,
  AddmvOptions,
  AddrOptions,
  BatchOptions,
  ScaleOptions,
} from './ops/add-products.ts'
export { addmv_ } from './ops/add-products.ts'
export * from './ops/binary.ts'
export type { BinaryCrossEntropyWithLogitsOptions } from './ops/binary-loss.ts'
export { binaryCrossEntropyWithLogits } from './ops/binary-loss.ts'
export * from './ops/bounds.ts'
export type { ConversionOptions, ToOptions } from './ops/cast.ts'
export { to } from './ops/cast.ts'
export type { AlongOptions } from './ops/compare-reduce.ts'

export * from './ops/comparison.ts'
export * from './ops/conv.ts'
export type {
  ConvTranspose1dOptions,
  ConvTranspose2dOptions,
  ConvTranspose3dOptions,
} from './ops/conv-transpose.ts'
export { convTranspose1d, convTranspose2d, convTranspose3d } from './ops/conv-transpose.ts'
export type { CrossOptions, OuterOptions, TensordotOptions } from './ops/contractions.ts'
export { trace } from './ops/contractions.ts'
export * from './ops/copy.ts'
export * from './ops/covariance.ts'
export type { CtcLossOptions, Lengths } from './ops/ctc.ts'
export { ctcLoss } from './ops/ctc.ts'
export type { CumulativeOptions } from './ops/cumulative.ts'

export type { DiagflatOptions, DiagonalOptions, DiagOptions } from './ops/diagonals.ts'
export { diagEmbed, diagflat, diagonal } from './ops/diagonals.ts'
export * from './ops/differences.ts'
export type { CdistOptions, ComputeMode, PdistOptions } from './ops/distances.ts'
export { cdist, pdist } from './ops/distances.ts'
export type { BinomialOptions, MultinomialArguments } from './ops/distributions.ts'
export { binomial } from './ops/distributions.ts'
export type { DropoutArguments, DropoutOptions } from './ops/dropout.ts'
export {
  alphaDropout,
  alphaDropout_,
  dropout,
  dropout_,
  featureAlphaDropout,
  featureAlphaDropout_,
  featureDropout,
  featureDropout_,
} from './ops/dropout.ts'
export type { BagMode, EmbeddingBagOptions, EmbeddingBags } from './ops/embedding-bag.ts'
export { embeddingBag } from './ops/embedding-bag.ts'
export type { EmbeddingOptions } from './ops/embedding.ts'
export { embedding } from './ops/embedding.ts'
export type { TensorList } from './ops/expand.ts'
export {
  broadcastShapes,
  broadcastTensors,
  broadcastTo,
  expand,
  expandAs,
  sumToSize,
} from './ops/expand.ts'
export type { AxisSizes, Rearrangeable, Reducer } from './ops/einops.ts'
export { rearrange, reduce, repeat } from './ops/einops.ts'
export type { AxisLabels } from './ops/einsum.ts'
export { einsum } from './ops/einsum.ts'
export * from './ops/grids.ts'
export type {
  GatherArguments,
  IndexSelectArguments,
  TakeAlongDimArguments,
  TakeArguments,
} from './ops/gathering.ts'

export * from './ops/histogram.ts'
export * from './ops/index-ops.ts'
export * from './ops/indexing.ts'
export * from './ops/integrals.ts'
export * from './ops/joining.ts'
export type { ScaledDotProductAttentionOptions } from './ops/attention.ts'
export { scaledDotProductAttention } from './ops/attention.ts'
export type { CrossEntropyOptions, LossReduction, NllLossOptions } from './ops/loss.ts'
export { crossEntropy, mseLoss, nllLoss } from './ops/loss.ts'
export * as linalg from './with-out/linalg.ts'
export type { MatrixPowerOptions } from './ops/linalg/powers.ts'
export { matrixExp } from './ops/linalg/powers.ts'
export type {
  MatrixRankOptions,
  PinverseOptions,
  PinvOptions,
  RankOptions,
  Tolerance,
} from './ops/linalg/pseudoinverse.ts'
export { matrixRank, pinverse } from './ops/linalg/pseudoinverse.ts'
export type { TensorinvOptions, TensorsolveOptions } from './ops/linalg/tensor-maps.ts'
export type { EighOptions, Triangle } from './ops/linalg/eigen.ts'
export type {
  LinalgNormOptions,
  MatrixNormOptions,
  MatrixOrder,
  NormOptions,
  VectorNormOptions,
} from './ops/linalg/norms.ts'

export type { HouseholderOptions, OldQrOptions, QrMode, QrOptions } from './ops/linalg/qr.ts'

export type { LuFactorOptions, SolveOptions } from './ops/linalg/solve.ts'
export { det, logdet } from './ops/linalg/solve.ts'
export type { OldSvdOptions, SvdOptions, SvdvalsOptions } from './ops/linalg/svd.ts'

export type {
  CholeskySolveOptions,
  SolveTriangularOptions,
  UpperOptions,
} from './ops/linalg/triangular.ts'

export type { AnyReduction } from './ops/loss-rule.ts'
export type {
  CosineEmbeddingLossOptions,
  HingeEmbeddingLossOptions,
  MarginRankingLossOptions,
  TripletMarginLossOptions,
} from './ops/margin-losses.ts'
export {
  cosineEmbeddingLoss,
  hingeEmbeddingLoss,
  marginRankingLoss,
  tripletMarginLoss,
} from './ops/margin-losses.ts'
export type { NonzeroOptions } from './ops/masking.ts'
export { argwhere, maskedFill, maskedScatter } from './ops/masking.ts'
export type {
  DotOptions,
  FactorOptions,
  LinearOptions,
  MatrixOptions,
  VectorOptions,
} from './ops/matmul.ts'
export { linear } from './ops/matmul.ts'
export type { MemoryFormat, MemoryFormatOptions } from './ops/memory-format.ts'
export type {
  ConstantPadOptions,
  DiagonalScatterOptions,
  SelectScatterOptions,
  SliceScatterOptions,
} from './ops/placing.ts'
export * from './ops/nan-reduce.ts'
export * from './ops/renorm.ts'
export { constantPadNd, diagonalScatter, selectScatter, sliceScatter } from './ops/placing.ts'
export * from './ops/one-hot.ts'
export * from './ops/pool.ts'
export type {
  BatchNormOptions,
  GroupNormOptions,
  InstanceNormOptions,
  LayerNormOptions,
  RmsNormOptions,
} from './ops/normalization.ts'
export { batchNorm, groupNorm, instanceNorm, layerNorm, rmsNorm } from './ops/normalization.ts'
export type { ProdOptions, SumOptions } from './ops/reduce.ts'
export { countNonzero } from './ops/reduce.ts'
export type { AxisOptions, Dims, ReduceOptions } from './ops/reduce-axes.ts'
export * from './ops/rearranging.ts'
export type { CellWeights, GruCellOptions, LstmCellOptions } from './ops/recurrent.ts'
export { gruCell, lstmCell, rnnReluCell, rnnTanhCell } from './ops/recurrent.ts'
export type { RepeatInterleaveOptions } from './ops/repeating.ts'
export { repeatInterleave, tile } from './ops/repeating.ts'
export * from './ops/running.ts'
export * from './ops/searching.ts'
export type { SizeList, Sizes } from './ops/sizes.ts'
export type { NarrowOptions, SelectOptions, UnfoldOptions } from './ops/slicing.ts'
export { narrow, select, slice, unfold } from './ops/slicing.ts'
export * from './ops/selection.ts'
export type { NormalOptions, NormalSizeOptions } from './ops/sampling.ts'

export type { Reduction } from './ops/scatter-reduce.ts'
export type {
  ScatterAddArguments,
  ScatterArguments,
  ScatterReduceArguments,
} from './ops/scattering.ts'

export type { SoftmaxOptions } from './ops/softmax.ts'

export * from './ops/sorting.ts'
export type { SpmmOptions } from './ops/sparse-product.ts'
export { spmm } from './ops/sparse-product.ts'
export * from './ops/splitting.ts'
export type { AsStridedOptions, AsStridedScatterOptions } from './ops/strided.ts'
export { asStrided, asStrided_, asStridedScatter } from './ops/strided.ts'
export type { ValuesAndIndices } from './ops/taken.ts'
export type { CosineSimilarityOptions, PairwiseDistanceOptions } from './ops/similarity.ts'
export { cosineSimilarity, pairwiseDistance } from './ops/similarity.ts'
export * from './ops/ternary.ts'
export * from './ops/transcendental.ts'
export { i0_ } from './ops/bessel.ts'
export * from './ops/closeness.ts'
export * from './ops/division.ts'
export * from './ops/divisors.ts'
export { erf_, erfc_ } from './ops/error-functions.ts'

export * from './ops/hyperbolic.ts'
export type { LogitBound, LogitOptions } from './ops/logarithmic.ts'
export { logit_, xlogy_ } from './ops/logarithmic.ts'
export * from './ops/logic.ts'
export * from './ops/powers.ts'
export * from './ops/predicates.ts'
export * from './ops/rounding.ts'
export * from './ops/signs.ts'
export * from './ops/thresholds.ts'
export * from './ops/trigonometric.ts'
export * from './ops/unary.ts'
export * from './ops/unique.ts'
export type { VarOptions } from './ops/variance.ts'
export { variance } from './ops/variance.ts'
export type {
  FlattenOptions,
  OtherOptions,
  SqueezeOptions,
  UnflattenOptions,
  UnsqueezeOptions,
} from './ops/views.ts'
export {
  detach,
  flatten,
  ravel,
  reshape,
  reshapeAs,
  squeeze,
  unflatten,
  unsqueeze,
  view,
  viewAs,
} from './ops/views.ts'
export type { Pair, Single, Triple } from './ops/windows.ts'
export * as special from './with-out/special.ts'
export type { ListedDims, MappedDims, Randomness, VmapOptions } from './vmap/vmap.ts'
export { vmap } from './vmap/vmap.ts'
export { version } from './version.ts'

// These take `out` too, in place of what has the same names above.
export type { OutOf, WithOut } from './with-out/out.ts'
export {
  abs,
  absolute,
  acos,
  acosh,
  addcdiv,
  addcmul,
  angle,
  arccos,
  arccosh,
  arcsin,
  arcsinh,
  arctan,
  arctan2,
  arctanh,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  bitwiseNot,
  ceil,
  copysign,
  cos,
  cosh,
  deg2rad,
  erf,
  erfc,
  erfinv,
  exp,
  exp2,
  expm1,
  fix,
  floor,
  frac,
  hardshrink,
  heaviside,
  i0,
  isneginf,
  isposinf,
  lerp,
  log,
  log10,
  log1p,
  log2,
  logicalNot,
  nanToNum,
  neg,
  negative,
  nextafter,
  rad2deg,
  reciprocal,
  round,
  rsqrt,
  sgn,
  sigmoid,
  sign,
  signbit,
  sin,
  sinc,
  sinh,
  sqrt,
  square,
  tan,
  tanh,
  threshold,
  trunc,
  where,
} from './with-out/elementwise.ts'
export {
  add,
  bitwiseAnd,
  bitwiseLeftShift,
  bitwiseOr,
  bitwiseRightShift,
  bitwiseXor,
  clamp,
  clampMax,
  clampMin,
  clip,
  digamma,
  div,
  divide,
  eq,
  floatPower,
  floorDivide,
  fmax,
  fmin,
  fmod,
  frexp,
  gcd,
  ge,
  greater,
  greaterEqual,
  gt,
  hypot,
  igamma,
  igammac,
  lcm,
  ldexp,
  le,
  less,
  lessEqual,
  lgamma,
  logaddexp,
  logaddexp2,
  logicalAnd,
  logicalOr,
  logicalXor,
  logit,
  lt,
  maximum,
  minimum,
  mul,
  multiply,
  mvlgamma,
  ne,
  notEqual,
  polygamma,
  pow,
  remainder,
  sub,
  subtract,
  trueDivide,
  xlogy,
} from './with-out/operands.ts'
export {
  addbmm,
  addmm,
  addmv,
  addr,
  baddbmm,
  bmm,
  cholesky,
  choleskyInverse,
  choleskySolve,
  cross,
  dot,
  inner,
  inverse,
  kron,
  matmul,
  matrixPower,
  mm,
  mv,
  norm,
  outer,
  qr,
  slogdet,
  svd,
  tensordot,
  vdot,
} from './with-out/products.ts'
export {
  all,
  amax,
  amin,
  aminmax,
  any,
  argmax,
  argmin,
  bincount,
  cummax,
  cummin,
  cumprod,
  cumsum,
  histc,
  histogram,
  logSoftmax,
  logcumsumexp,
  logsumexp,
  max,
  mean,
  min,
  nanmean,
  nansum,
  prod,
  renorm,
  softmax,
  std,
  stdMean,
  sum,
  var,
  varMean,
} from './with-out/reductions.ts'
export {
  arange,
  bernoulli,
  empty,
  eye,
  full,
  linspace,
  logspace,
  multinomial,
  normal,
  ones,
  onesLike,
  poisson,
  rand,
  randint,
  randn,
  randperm,
  zeros,
  zerosLike,
} from './with-out/creation.ts'
export {
  argsort,
  bucketize,
  cat,
  columnStack,
  concat,
  concatenate,
  diag,
  diff,
  dstack,
  gather,
  hstack,
  indexAdd,
  indexCopy,
  indexReduce,
  indexSelect,
  isin,
  kthvalue,
  maskedSelect,
  median,
  mode,
  msort,
  nanmedian,
  nonzero,
  rowStack,
  scatter,
  scatterAdd,
  scatterReduce,
  searchsorted,
  sort,
  stack,
  take,
  takeAlongDim,
  topk,
  tril,
  triu,
  vstack,
} from './with-out/arranging.ts'
