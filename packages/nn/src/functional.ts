/** Layers and losses as functions, without state. @see torch.nn.functional */
export {
  avgPool2d,
  conv2d,
  crossEntropy,
  dropout,
  gelu,
  linear,
  logSoftmax,
  maxPool2d,
  mseLoss,
  nllLoss,
  oneHot,
  relu,
  sigmoid,
  silu,
  softmax,
  tanh,
} from '@flambeau/core'
