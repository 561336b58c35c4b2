/** Schedulers of learning rates. */
export { ChainedScheduler, SequentialLR } from './combined.ts'
export type { CosineAnnealingLROptions, CosineAnnealingWarmRestartsOptions } from './cosine.ts'
export { CosineAnnealingLR, CosineAnnealingWarmRestarts } from './cosine.ts'
export type { CyclicLROptions, OneCycleLROptions, ScaleFn } from './cycles.ts'
export { CyclicLR, OneCycleLR } from './cycles.ts'
export type {
  ConstantLROptions,
  ExponentialLROptions,
  LambdaLROptions,
  LinearLROptions,
  LrLambda,
  MultiStepLROptions,
  PolynomialLROptions,
  StepLROptions,
} from './factors.ts'
export {
  ConstantLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  MultiplicativeLR,
  MultiStepLR,
  PolynomialLR,
  StepLR,
} from './factors.ts'
export type { ReduceLROnPlateauOptions } from './plateau.ts'
export { ReduceLROnPlateau } from './plateau.ts'
export type { AnyOptimizer, SchedulerState, SchedulerValue } from './scheduler.ts'
export { LRScheduler } from './scheduler.ts'
