/** Layers and losses as functions, without state. @see torch.nn.functional */
export {
  avgPool2d,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  crossEntropy,
  dropout,
  gelu,
  groupNorm,
  layerNorm,
  linear,
  logSoftmax,
  maxPool2d,
  mseLoss,
  nllLoss,
  oneHot,
  relu,
  rmsNorm,
  sigmoid,
  silu,
  softmax,
  tanh,
} from '@flambeau/core'
export type { BatchNormOptions, InstanceNormOptions } from './normalization.ts'
export { batchNorm, instanceNorm } from './normalization.ts'
