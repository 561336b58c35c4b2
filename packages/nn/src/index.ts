/** Modules, layers, losses and initialisers. */
import '@flambeau/autograd'

export * as functional from './functional/index.ts'
export * as init from './init.ts'
export type { ReLUOptions } from './layers/activation.ts'
export { ReLU, Sigmoid, Tanh } from './layers/activation.ts'
export {
  ModuleDict,
  ModuleList,
  ParameterDict,
  ParameterList,
  Sequential,
} from './layers/container.ts'
export type { Conv2dOptions, Pair } from './layers/conv.ts'
export { Conv2d } from './layers/conv.ts'
export { Dropout } from './layers/dropout.ts'
export { Flatten } from './layers/flatten.ts'
export type { LinearOptions } from './layers/linear.ts'
export { Linear } from './layers/linear.ts'
export type { MaxPool2dOptions } from './layers/pooling.ts'
export { MaxPool2d } from './layers/pooling.ts'
export type { CrossEntropyLossOptions, Reduction } from './losses/cross-entropy.ts'
export { CrossEntropyLoss } from './losses/cross-entropy.ts'
export { MSELoss } from './losses/mse.ts'
export type { AnyModule } from './module.ts'
export { Module } from './module.ts'
export type { ModuleConversion } from './module-convert.ts'
export type {
  BackwardHook,
  BackwardPreHook,
  ForwardHook,
  ForwardHookOptions,
  ForwardPreHook,
  Gradients,
  RemovableHandle,
} from './module-hooks.ts'
export type { LoadOptions, LoadReport, StateDict, StateDictOptions } from './module-state.ts'
export { Parameter } from './parameter.ts'
export * as utils from './utils/index.ts'
