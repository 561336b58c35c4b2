import { tensor } from '../creation.ts'
import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import { normalizeChannels, normalizeRows, updateRunning } from './norm-records.ts'
import { batchNorm, groupNorm, instanceNorm, layerNorm, rmsNorm } from './normalization.ts'

type Operand = Tensor | null

const FLOAT64 = { rtol: 1e-9, atol: 1e-9 }
// Digits go where a mean of 1000 is taken off.
const LARGE_MEAN = { rtol: 2e-3, atol: 2e-3 }

samplesFor('layerNorm', [
  { name: 'rows', golden: 'normalization:layerNorm: plain', run: (x) => layerNorm(x, [4]) },
  {
    name: 'weight and bias',
    golden: 'normalization:layerNorm: weight and bias',
    run: (x: Tensor, w: Operand, b: Operand) => layerNorm(x, [5], w, b),
  },
  {
    name: 'a weight alone, another eps',
    golden: 'normalization:layerNorm: weight alone',
    run: (x: Tensor, weight: Operand) => layerNorm(x, { normalizedShape: [5], weight, eps: 0.5 }),
  },
  {
    name: 'a bias alone',
    golden: 'normalization:layerNorm: bias alone',
    run: (x: Tensor, _w: Operand, bias: Operand) => layerNorm(x, [5], { bias }),
  },
  {
    name: 'rows of two axes',
    golden: 'normalization:layerNorm: two axes',
    run: (x: Tensor, w: Operand, b: Operand) => layerNorm(x, [3, 4], w, b, 1e-5, false),
  },
  {
    name: 'one row',
    golden: 'normalization:layerNorm: whole tensor',
    run: (x: Tensor, w: Operand, b: Operand) => layerNorm(x, 6, w, b),
  },
  {
    name: 'rows longer than a register',
    golden: 'normalization:layerNorm: long rows',
    run: (x: Tensor, w: Operand, b: Operand) => layerNorm(x, [70], w, b),
  },
  {
    name: 'a mean far from 0',
    golden: 'normalization:layerNorm: large mean',
    tolerance: LARGE_MEAN,
    run: (x: Tensor, w: Operand, b: Operand) => layerNorm(x, [40], w, b),
  },
  {
    name: 'float64',
    golden: 'normalization:layerNorm: float64',
    tolerance: FLOAT64,
    run: (x: Tensor, w: Operand, b: Operand) => layerNorm(x, [6], w, b),
  },
  {
    name: 'a transposed input',
    inputs: [{ shape: [3, 4], layout: 'transposed' }, [4], { shape: [4], layout: 'sliced' }],
    run: (x: Tensor, w: Operand, b: Operand) => layerNorm(x, [4], w, b),
  },
  { name: 'no rows', inputs: [[0, 4], [4], [4]], run: (x, w, b) => layerNorm(x, [4], w, b) },
  { name: 'empty rows', inputs: [[2, 0], [0], [0]], run: (x, w, b) => layerNorm(x, [0], w, b) },
  {
    name: 'a shape that is not the end of the input',
    inputs: [[2, 3]],
    run: (x) => layerNorm(x, [2]),
    throws: /layerNorm: input must end in normalizedShape \[2\], but ends in \[3\]/,
  },
  {
    name: 'no axes',
    inputs: [[2, 3]],
    run: (x) => layerNorm(x, []),
    throws: /normalizedShape is a list of at least one size, not \[\]/,
  },
  {
    name: 'integers',
    inputs: [{ shape: [2, 3], dtype: 'int64' }],
    run: (x) => layerNorm(x, [3]),
    throws: /layerNorm: input must be floating/,
  },
  {
    name: 'a weight of another shape',
    inputs: [[2, 3], [2]],
    run: (x, w) => layerNorm(x, [3], w),
    throws: /weight must be \[3\], one factor for each element of a row, not \[2\]/,
  },
  {
    name: 'a weight of another dtype',
    inputs: [[2, 3], { shape: [3], dtype: 'int64' }],
    run: (x, w) => layerNorm(x, [3], w),
    throws: /weight must be float32 as the input is/,
  },
])

samplesFor('rmsNorm', [
  { name: 'rows', golden: 'normalization:rmsNorm: plain', run: (x) => rmsNorm(x, [4]) },
  {
    name: 'a weight and another eps',
    golden: 'normalization:rmsNorm: weight',
    run: (x: Tensor, w: Operand) => rmsNorm(x, [5], w, 1e-3),
  },
  {
    name: 'rows of two axes',
    golden: 'normalization:rmsNorm: two axes',
    run: (x: Tensor, weight: Operand) => rmsNorm(x, [3, 4], { weight }),
  },
  {
    name: 'rows longer than a register',
    golden: 'normalization:rmsNorm: long rows',
    run: (x: Tensor, w: Operand) => rmsNorm(x, [70], w),
  },
  {
    name: 'small values beside the default eps',
    golden: 'normalization:rmsNorm: default eps',
    tolerance: { rtol: 1e-4, atol: 1e-4 },
    gradcheck: false, // too curved for differences at this scale
    run: (x: Tensor, w: Operand) => rmsNorm(x, [6], w),
  },
  {
    name: 'float64, its eps',
    golden: 'normalization:rmsNorm: float64',
    tolerance: { rtol: 1e-9, atol: 1e-9 },
    gradcheck: false,
    run: (x: Tensor, w: Operand) => rmsNorm(x, [6], w),
  },
  { name: 'no rows', inputs: [[0, 4], [4]], run: (x, w) => rmsNorm(x, [4], w) },
  {
    name: 'integers',
    inputs: [{ shape: [2, 3], dtype: 'int64' }],
    run: (x) => rmsNorm(x, [3]),
    throws: /rmsNorm: input must be floating/,
  },
])

// Finite differences would move the running statistics too: those samples are left out of them.

type Batch = (x: Tensor, w?: Operand, b?: Operand, mean?: Operand, variance?: Operand) => Tensor[]

/** Runs with copies of the running statistics, and gives them back changed. */
function withRunning(
  run: (x: Tensor, w: Operand, b: Operand, mean: Operand, variance: Operand) => Tensor,
): Batch {
  return (x, w = null, b = null, mean = null, variance = null) => {
    const running = [mean, variance].map((t) => t && t.detach().clone()) as [Operand, Operand]
    const y = run(x, w, b, ...running)
    return running[0] === null ? [y] : [y, running[0], running[1] as Tensor]
  }
}

const training = withRunning((x, w, b, mean, variance) => batchNorm(x, w, b, mean, variance, true))

samplesFor('batchNorm', [
  { name: 'no pixels', golden: 'normalization:batchNorm: plain', run: training },
  { name: 'images', golden: 'normalization:batchNorm: images', run: training },
  {
    name: 'sequences, a weight alone',
    golden: 'normalization:batchNorm: sequences, weight alone',
    run: (x: Tensor, w: Operand) => batchNorm(x, w, { training: true, eps: 0.1 }),
  },
  {
    name: 'volumes, a bias alone',
    golden: 'normalization:batchNorm: volumes, bias alone',
    run: training,
  },
  {
    name: 'running statistics',
    golden: 'normalization:batchNorm: running',
    gradcheck: false,
    run: training,
  },
  {
    name: 'another momentum',
    golden: 'normalization:batchNorm: running, momentum',
    gradcheck: false,
    run: withRunning((x, w, b, mean, variance) =>
      batchNorm(x, w, b, mean, variance, true, 0.7, 1e-5, false),
    ),
  },
  {
    name: 'evaluation',
    golden: 'normalization:batchNorm: evaluation',
    gradcheck: false,
    run: withRunning((x, w, b, mean, variance) => batchNorm(x, w, b, mean, variance)),
  },
  {
    name: 'evaluation without weight and bias',
    golden: 'normalization:batchNorm: evaluation, nothing else',
    gradcheck: false,
    run: withRunning((x, _w, _b, runningMean, runningVar) =>
      batchNorm(x, { runningMean, runningVar, training: false, eps: 0.1 }),
    ),
  },
  {
    name: 'a mean far from 0',
    golden: 'normalization:batchNorm: large mean',
    tolerance: LARGE_MEAN,
    run: training,
  },
  { name: 'many channels', golden: 'normalization:batchNorm: many channels', run: training },
  {
    name: 'float64',
    golden: 'normalization:batchNorm: float64',
    tolerance: FLOAT64,
    run: training,
  },
  {
    name: 'images stored channels-last',
    inputs: [{ shape: [2, 3, 4, 5], layout: 'channelsLast' }, [3], [3]],
    run: training,
  },
  { name: 'sliced sequences', inputs: [{ shape: [2, 3, 4], layout: 'sliced' }], run: training },
  { name: 'no images', inputs: [[0, 3, 2, 2], [3], [3]], run: training },
  {
    name: 'no pixels at all',
    inputs: [[2, 3, 0], [3], [3], [3], [3]],
    gradcheck: false,
    run: training,
  },
  {
    name: 'no channels axis',
    inputs: [[3]],
    run: training,
    throws: /batchNorm: input must be \[N, C, …\], but has 1 axis/,
  },
  {
    name: 'evaluation without statistics',
    inputs: [[2, 3]],
    run: (x) => batchNorm(x),
    throws: /runningMean and runningVar are needed unless training is true/,
  },
  {
    name: 'a mean without a variance',
    inputs: [[2, 3], [3]],
    run: (x, runningMean) => batchNorm(x, { runningMean, training: true }),
    throws: /runningMean and runningVar come together/,
  },
  {
    name: 'a weight of another length',
    inputs: [[2, 3], [2]],
    run: training,
    throws: /weight must be \[3\], one number for each channel, not \[2\]/,
  },
])

const instances = withRunning((x, w, b, mean, variance) =>
  instanceNorm(x, w, b, mean, variance, true, 0.1, 1e-5, false),
)

samplesFor('instanceNorm', [
  { name: 'sequences', golden: 'normalization:instanceNorm: plain', run: instances },
  { name: 'images', golden: 'normalization:instanceNorm: images', run: instances },
  {
    name: 'running statistics',
    golden: 'normalization:instanceNorm: running',
    gradcheck: false,
    run: instances,
  },
  {
    name: 'normalised by running statistics',
    golden: 'normalization:instanceNorm: running statistics',
    gradcheck: false,
    run: withRunning((x, weight, bias, runningMean, runningVar) =>
      instanceNorm(x, weight, { bias, runningMean, runningVar, useInputStats: false }),
    ),
  },
  {
    name: 'no statistics of either kind',
    inputs: [[2, 3, 4]],
    run: (x) => instanceNorm(x, { useInputStats: false }),
    throws: /runningMean and runningVar are needed unless useInputStats is true/,
  },
])

samplesFor('groupNorm', [
  { name: 'sequences', golden: 'normalization:groupNorm: plain', run: (x) => groupNorm(x, 2) },
  {
    name: 'images',
    golden: 'normalization:groupNorm: images',
    run: (x: Tensor, w: Operand, b: Operand) => groupNorm(x, 3, w, b),
  },
  {
    name: 'all channels in one group',
    golden: 'normalization:groupNorm: one group',
    run: (x: Tensor, weight: Operand) => groupNorm(x, { numGroups: 1, weight, eps: 0.1 }),
  },
  {
    name: 'no pixels',
    golden: 'normalization:groupNorm: no pixels axis',
    run: (x: Tensor, w: Operand, b: Operand) => groupNorm(x, 2, w, b),
  },
  {
    name: 'each channel for itself',
    golden: 'normalization:groupNorm: each channel',
    run: (x: Tensor, weight: Operand, bias: Operand) => groupNorm(x, 3, { bias, weight }),
  },
  {
    name: 'float64',
    golden: 'normalization:groupNorm: float64',
    tolerance: FLOAT64,
    run: (x: Tensor, w: Operand, b: Operand) => groupNorm(x, 2, w, b),
  },
  {
    name: 'images stored channels-last',
    inputs: [{ shape: [2, 4, 3, 5], layout: 'channelsLast' }, [4], [4]],
    run: (x: Tensor, w: Operand, b: Operand) => groupNorm(x, 2, w, b),
  },
  { name: 'no images', inputs: [[0, 4, 2]], run: (x) => groupNorm(x, 2) },
  { name: 'no groups', inputs: [[2, 4]], run: (x) => groupNorm(x, 0), throws: /≥ 1, not 0/ },
  {
    name: 'groups that do not divide the channels',
    inputs: [[2, 4, 3]],
    run: (x) => groupNorm(x, 3),
    throws: /groupNorm: numGroups \(3\) must divide the channels \(4\)/,
  },
])

// The gradients as operations of their own are reached through theirs.

samplesFor('normRowsGrad', [
  {
    name: 'the second derivative of layerNorm',
    inputs: [[2, 3], [3], [3]],
    run: (x, w, b) => layerNorm(x, [3], w, b),
  },
  {
    name: 'a parameter that is not one',
    inputs: [[2, 3]],
    run: (x) => normalizeRows(x, null, null, { axes: 1, eps: 'none' as never, centred: true }),
    throws: /a parameter must be a number/,
  },
])
samplesFor('normChannelsGrad', [
  {
    name: 'the second derivative of groupNorm',
    inputs: [[2, 4, 3], [4], [4]],
    run: (x, w, b) => groupNorm(x, 2, w, b),
  },
  {
    name: 'groups that the kernel refuses',
    inputs: [[2, 3, 4]],
    run: (x) => normalizeChannels(x, null, null, { groups: 2, eps: 1 }, false)[0],
    throws: /the groups do not divide the channels/,
  },
])
const evaluated = (x: Tensor, w: Operand = null, b: Operand = null): Tensor => {
  const { dtype } = x
  const mean = tensor([0.5, -1, 2], { dtype })
  return batchNorm(x, w, b, mean, tensor([1, 0.5, 3], { dtype }))
}

samplesFor('batchNormEvaluated', [
  { name: 'reached through batchNorm', inputs: [[2, 3, 4], [3], [3]], run: evaluated },
  {
    name: 'images stored channels-last',
    inputs: [{ shape: [2, 3, 2, 4], layout: 'channelsLast' }, [3]],
    run: evaluated,
  },
  { name: 'no weights, no pixels', inputs: [[4, 3]], run: evaluated },
])
samplesFor('batchNormEvaluatedGrad', [
  { name: 'reached through batchNorm', inputs: [[2, 3, 4], [3]], run: evaluated },
])
samplesFor('normRunning', [
  {
    name: 'towards new statistics, the variance corrected',
    inputs: [{ shape: [2], values: [1, 2] }],
    run: (mean: Tensor) => {
      const running = [mean.detach().clone(), tensor([4, 8], { dtype: mean.dtype })] as const
      const statistics = tensor([3, 4, 0, 0, 1, 2], { dtype: mean.dtype }).reshape([3, 2])
      updateRunning(running[0], running[1], statistics, 0.5, 2)
      return [...running]
    },
    gradcheck: false,
  },
])
