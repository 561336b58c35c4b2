/** For the tests of this package and of packages on top of it. */
import '../index.ts'
import '../creation.samples.ts'
import '../ops/activation.samples.ts'
import '../ops/binary.samples.ts'
import '../ops/bounds.samples.ts'
import '../ops/compare-reduce.samples.ts'
import '../ops/comparison.samples.ts'
import '../ops/conv.samples.ts'
import '../ops/copy.samples.ts'
import '../ops/cumulative.samples.ts'
import '../ops/dropout.samples.ts'
import '../ops/gradients.samples.ts'
import '../ops/index-ops.samples.ts'
import '../ops/indexing.samples.ts'
import '../ops/joining.samples.ts'
import '../ops/loss.samples.ts'
import '../ops/masking.samples.ts'
import '../ops/matmul.samples.ts'
import '../ops/optim.samples.ts'
import '../ops/pool.samples.ts'
import '../ops/reduce.samples.ts'
import '../ops/softmax.samples.ts'
import '../ops/ternary.samples.ts'
import '../ops/transcendental.samples.ts'
import '../ops/unary.samples.ts'
import '../ops/variance.samples.ts'
import '../ops/views.samples.ts'
import '../random.samples.ts'

export { assertClose, defaultTolerance } from './close.ts'
export type { GoldenCase, StoredTensor } from './goldens.ts'
export { goldenCase, goldenInputs, storedTensor, upstream } from './goldens.ts'
export type { InputSpec, Layout, Sample, Tolerance } from './samples.ts'
export {
  allSamples,
  makeInput,
  operationsWithoutSamples,
  samplesFor,
  withLayout,
} from './samples.ts'
export type { FuzzFailure, FuzzOptions, FuzzReport, FuzzTarget } from './fuzz.ts'
export { fuzz, publicTargets, sampleTargets } from './fuzz.ts'
