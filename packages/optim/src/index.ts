/** Optimizers. */
export type { AdamOptions } from './adam.ts'
export { Adam } from './adam.ts'
export type { OptimizerState, OptionValue, ParamGroup, Params, ParamState } from './optimizer.ts'
export { Optimizer } from './optimizer.ts'
export type { SGDOptions } from './sgd.ts'
export { SGD } from './sgd.ts'
export * from './schedulers/index.ts'
