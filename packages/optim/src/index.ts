/** Optimizers and schedulers of learning rates. */
export type { AdadeltaOptions } from './adadelta.ts'
export { Adadelta } from './adadelta.ts'
export type { AdafactorOptions } from './adafactor.ts'
export { Adafactor } from './adafactor.ts'
export type { AdagradOptions } from './adagrad.ts'
export { Adagrad } from './adagrad.ts'
export type { AdamOptions, AdamWOptions } from './adam.ts'
export { Adam, AdamW } from './adam.ts'
export type { AdamaxOptions } from './adamax.ts'
export { Adamax } from './adamax.ts'
export type { ASGDOptions } from './asgd.ts'
export { ASGD } from './asgd.ts'
export type { CommonOptions, Full } from './elementwise.ts'
export { ElementwiseOptimizer } from './elementwise.ts'
export type { GradScalerOptions, GradScalerState, Outputs } from './grad-scaler.ts'
export { GradScaler } from './grad-scaler.ts'
export type { LBFGSOptions } from './lbfgs.ts'
export { LBFGS } from './lbfgs.ts'
export type { MuonOptions } from './muon.ts'
export { Muon } from './muon.ts'
export type { NAdamOptions } from './nadam.ts'
export { NAdam } from './nadam.ts'
export type {
  OptimizerState,
  OptionValue,
  ParamGroup,
  Params,
  ParamState,
  StateValue,
  StepItem,
  Switches,
  ZeroGradOptions,
} from './optimizer.ts'
export { Optimizer } from './optimizer.ts'
export type {
  HookOptions,
  RemovableHandle,
  StateDictHook,
  StateHook,
  StepPostHook,
  StepPreHook,
} from './optimizer-hooks.ts'
export type { Implementation } from './options.ts'
export type { RAdamOptions } from './radam.ts'
export { RAdam } from './radam.ts'
export type { RMSpropOptions } from './rmsprop.ts'
export { RMSprop } from './rmsprop.ts'
export type { RpropOptions } from './rprop.ts'
export { Rprop } from './rprop.ts'
export * from './schedulers/index.ts'
export type { SGDOptions } from './sgd.ts'
export { SGD } from './sgd.ts'
export * as swaUtils from './swa-utils/index.ts'
