/** Helpers for modules and parameters. @see torch.nn.utils */
export type {
  ClipNormOptions,
  ClipValueOptions,
  ClipWithNormOptions,
  TotalNormOptions,
} from './gradients.ts'
export { clipGradNorm_, clipGradsWithNorm_, clipGradValue_, getTotalNorm } from './gradients.ts'
export { parametersToVector, vectorToParameters } from './vectors.ts'
export * as rnn from './rnn.ts'
export {
  fuseConvBnEval,
  fuseConvBnWeights,
  fuseLinearBnEval,
  fuseLinearBnWeights,
} from './fusion.ts'
export * as parametrizations from './parametrizations.ts'
export * as parametrize from './parametrize.ts'
export * as prune from './prune.ts'
export { skipInit } from './skip-init.ts'
export type { SpectralNormOptions } from './spectral-norm.ts'
export { removeSpectralNorm, spectralNorm } from './spectral-norm.ts'
export * as stateless from './stateless.ts'
export type { WeightNormOptions } from './weight-norm.ts'
export { removeWeightNorm, weightNorm } from './weight-norm.ts'
