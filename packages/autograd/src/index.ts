/**
 * Automatic differentiation. Importing this package makes operations record themselves and gives
 * tensors `requiresGrad`, `grad`, `backward()` and friends.
 */
// Alone, so that the declarations of Tensor's members come along.
import './gradient-api.ts'
import { extendTensor } from './gradient-api.ts'
import { installRecorder } from './tape.ts'

installRecorder()
extendTensor()

export type { AnomalyOptions } from './anomaly.ts'
export { detectAnomaly, setDetectAnomaly } from './anomaly.ts'
export type { CheckpointOptions, Stage } from './checkpoint.ts'
export { checkpoint, checkpointSequential } from './checkpoint.ts'
export type {
  BackwardArguments,
  BackwardOfOptions,
  BackwardOptions,
  GradOptions,
  Weights,
} from './gradients.ts'
export { grad } from './grad.ts'
export type { GradTransformArguments, GradTransformOptions } from './grad-transform.ts'
export { gradAndValue } from './grad-transform.ts'
export { backward } from './gradients.ts'
export { isGradEnabled, isInferenceModeEnabled, vmap } from '@flambeau/core'
export type { Gradient } from './function.ts'
export { CustomFunction as Function, FunctionContext, onceDifferentiable } from './function.ts'
export type {
  HessianOptions,
  JacobianOptions,
  PerTensor,
  ProductOptions,
  TensorFunction,
  Tensors,
} from './functional.ts'
export { hessian, hvp, jacobian, jvp, vhp, vjp } from './functional.ts'
export * as functional from './functional.ts'
export type { GradMode, InferenceMode } from './grad-mode.ts'
export { enableGrad, inferenceMode, noGrad, setGradEnabled } from './grad-mode.ts'
export type { GradcheckOptions, GradgradcheckOptions } from './gradcheck.ts'
export { gradcheck, gradgradcheck } from './gradcheck.ts'
export type { Edge } from './graph-node.ts'
export { GraphNode } from './graph-node.ts'
export type {
  AccumulateHook,
  Hook,
  HookHandle,
  NodeHook,
  NodeHookResult,
  NodePrehook,
} from './hooks.ts'
