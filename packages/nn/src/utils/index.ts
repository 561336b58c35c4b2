/** Helpers for modules and parameters. @see torch.nn.utils */
export type { TotalNormOptions } from './gradients.ts'
export { clipGradNorm_, clipGradValue_, getTotalNorm } from './gradients.ts'
export { parametersToVector, vectorToParameters } from './vectors.ts'
export * as rnn from './rnn.ts'
