/** The forms in ONNX of all operations that have one. */
import type { Forms } from './context.ts'
import { elementwise } from './ops/elementwise.ts'
import { indexing } from './ops/indexing.ts'
import { layers } from './ops/layers.ts'
import { recurrentForms } from './ops/recurrent.ts'
import { reductions } from './ops/reduce.ts'
import { sampling } from './ops/sampling.ts'
import { shapes } from './ops/shapes.ts'
import { sparse } from './ops/sparse.ts'

/** By operation. */
export const forms: Forms = {
  ...elementwise,
  ...shapes,
  ...indexing,
  ...reductions,
  ...layers,
  ...recurrentForms,
  ...sampling,
  ...sparse,
}

/** Operations whose results are drawn. */
export const random: ReadonlySet<string> = new Set([
  'uniform',
  'normal',
  'normalEach',
  'randint',
  'randperm',
  'random',
  'bernoulli',
  'bernoulliEach',
  'multinomial',
  'poisson',
  'binomial',
  'exponential',
  'cauchy',
  'logNormal',
  'geometric',
  'dropout',
  'dropoutBits',
])
