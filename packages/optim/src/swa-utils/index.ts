/** Averages of weights along a training. */
export type { AveragedModelOptions } from './averaged-model.ts'
export { AveragedModel } from './averaged-model.ts'
export type { AvgFn, MultiAvgFn } from './averaging.ts'
export { getEmaAvgFn, getEmaMultiAvgFn, getSwaAvgFn, getSwaMultiAvgFn } from './averaging.ts'
export type { AnnealStrategy, SWALROptions } from './swa-lr.ts'
export { SWALR } from './swa-lr.ts'
export { updateBn } from './update-bn.ts'
