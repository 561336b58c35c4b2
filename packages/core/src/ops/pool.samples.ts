import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMax,
  adaptiveMaxPool1d,
} from './adaptive-pool.ts'
import { averageGrad, gather, maximumGrad } from './pool-records.ts'
import type { AvgPool2dOptions, MaxPool2dOptions } from './pool.ts'
import { avgPool1d, avgPool2d, avgPool3d, maxPool1d, maxPool2d, maxPool3d } from './pool.ts'
import type { Pair } from './windows.ts'

/** Goldens hold values and indices. */
const both =
  (size: Pair, options?: MaxPool2dOptions) =>
  (x: Tensor): readonly Tensor[] => [...maxPool2d(x, size, { ...options, returnIndices: true })]

const values =
  (size: Pair, options?: MaxPool2dOptions) =>
  (x: Tensor): Tensor =>
    maxPool2d(x, size, { ...options, returnIndices: false })

const mean =
  (size: Pair, options: AvgPool2dOptions = {}) =>
  (x: Tensor): Tensor =>
    avgPool2d(x, size, options)

const DILATED = {
  stride: [2, 1],
  padding: [1, 1],
  dilation: [2, 3],
  ceilMode: true,
} as const

samplesFor('maxPool2d', [
  { name: 'windows side by side', inputs: [[2, 3, 4, 6]], run: values(2) },
  { name: 'a rest is cut off', inputs: [[1, 2, 5, 7]], run: values(2) },
  { name: 'more channels than a vector holds', inputs: [[1, 19, 4, 4]], run: values(2) },
  {
    name: 'overlapping windows',
    inputs: [[2, 3, 7, 7]],
    run: values(3, { stride: 2, padding: 1 }),
  },
  { name: 'all options', inputs: [[2, 5, 9, 8]], run: values([3, 2], DILATED) },
  { name: 'more than 256 places', inputs: [[1, 2, 18, 17]], run: values(17, { stride: 1 }) },
  {
    name: 'stored channels-last',
    inputs: [{ shape: [2, 3, 4, 5], layout: 'channelsLast' }],
    run: values(2),
  },
  { name: 'a sliced input', inputs: [{ shape: [2, 3, 4, 5], layout: 'sliced' }], run: values(2) },
  { name: 'no batch axis', inputs: [[2, 4, 4]], run: values(2) },
  {
    name: 'too much padding',
    inputs: [[1, 1, 4, 4]],
    run: values(3, { padding: 2 }),
    throws: /^maxPool2d: padding \(2\) must be at most half of the window \(3\)/,
  },
  {
    name: 'a window larger than the input',
    inputs: [[1, 1, 4, 8]],
    run: values(5),
    throws: /the window covers a height of 5, the padded input has 4/,
  },
  {
    name: 'a window in the padding alone',
    inputs: [[1, 1, 1, 6]],
    run: values([2, 1], { stride: 1, padding: [5, 0], dilation: [10, 1] }),
    throws: /a window lies in the padding alone/,
  },
  {
    name: 'a stride of 0',
    inputs: [[1, 1, 4, 4]],
    run: values(2, { stride: 0 }),
    throws: /stride is a whole number ≥ 1/,
  },
  {
    name: 'a window of 0',
    inputs: [[1, 1, 4, 4]],
    run: values(0),
    throws: /kernelSize is a whole number ≥ 1 or a pair of them, not 0/,
  },
  {
    name: 'no channels',
    inputs: [[1, 0, 4, 4]],
    run: values(2),
    throws: /only the batch may be empty/,
  },
  {
    name: 'a matrix',
    inputs: [[4, 4]],
    run: values(2),
    throws: /input must be \[N, C, H, W\] or \[C, H, W\], but has 2 axes/,
  },
  {
    name: 'bools',
    inputs: [{ shape: [1, 1, 4, 4], dtype: 'bool' }],
    run: values(2),
    throws: /maxPool2d: is not defined for bool/,
  },
])

samplesFor('maxPool2dWithIndices', [
  { name: 'windows side by side', run: both(2), golden: 'pool:max/2x2' },
  { name: 'a rest is cut off', run: both(2), golden: 'pool:max/rest cut off' },
  { name: 'many channels', run: both(2), golden: 'pool:max/many channels' },
  {
    name: 'overlapping windows',
    run: both(3, { stride: 2, padding: 1 }),
    golden: 'pool:max/overlapping',
  },
  { name: 'all options', run: both([3, 2], DILATED), golden: 'pool:max/all options' },
  {
    name: 'the number of windows rounded up',
    run: both(2, { stride: 3, ceilMode: true }),
    golden: 'pool:max/rounded up',
  },
  { name: 'one window', run: both([3, 4]), golden: 'pool:max/one window' },
  {
    name: 'gaps between windows',
    run: both(2, { stride: 3 }),
    golden: 'pool:max/gaps between windows',
  },
  { name: 'no batch axis', run: both(2), golden: 'pool:max/no batch' },
  { name: 'an empty batch', run: both(2), golden: 'pool:max/empty batch' },
  { name: 'float64', run: both(3, { stride: 1 }), golden: 'pool:max/float64' },
  {
    name: 'the first of equal values',
    run: both(2),
    golden: 'pool:max/ties',
    gradcheck: false, // kinks
  },
  {
    name: 'NaN and infinities',
    run: both(2),
    golden: 'pool:max/NaN and infinities',
    gradcheck: false, // not finite
  },
  ...['int64', 'int32', 'uint8'].map((dtype) => ({
    name: dtype,
    run: both(3, { stride: 2, padding: 1 }),
    golden: `pool:max/${dtype}`,
  })),
])

const pair = (result: Iterable<Tensor>): readonly Tensor[] => [...result]

samplesFor('maxPool1d', [
  { name: 'windows side by side', run: (x) => maxPool1d(x, 2), golden: 'pool:max1d/2' },
  {
    name: 'all options, and indices',
    run: (x: Tensor) => pair(maxPool1d(x, 3, [2], 1, 2, true, true)),
    golden: 'pool:max1d/all options',
  },
  {
    name: 'no batch axis',
    run: (x: Tensor) => pair(maxPool1d(x, { kernelSize: 3, stride: null, returnIndices: true })),
    golden: 'pool:max1d/no batch',
  },
  {
    name: 'padding beyond half of the window, though it is dilated',
    inputs: [[1, 1, 9]],
    run: (x) => maxPool1d(x, 2, { padding: 2, dilation: 3 }),
    throws: /maxPool1d: padding \(2\) must be at most half of the window \(2\)/,
  },
])
samplesFor('maxPool3d', [
  {
    name: 'windows side by side',
    run: (x: Tensor) => pair(maxPool3d(x, 2, { returnIndices: true })),
    golden: 'pool:max3d/2',
  },
  {
    name: 'all options',
    run: (x: Tensor) =>
      pair(
        maxPool3d(x, [2, 3, 2], {
          stride: [1, 2, 2],
          padding: [1, 1, 0],
          dilation: [2, 1, 2],
          ceilMode: true,
          returnIndices: true,
        }),
      ),
    golden: 'pool:max3d/all options',
  },
  { name: 'values alone', run: (x) => maxPool3d(x, 2, 1), golden: 'pool:max3d/values' },
  {
    name: 'no batch axis',
    run: (x: Tensor) => pair(maxPool3d(x, 2, { returnIndices: true })),
    golden: 'pool:max3d/no batch',
  },
  {
    name: 'an empty batch',
    run: (x: Tensor) => pair(maxPool3d(x, 2, { returnIndices: true })),
    golden: 'pool:max3d/empty batch',
  },
  {
    name: 'the first of equal values, the last NaN',
    run: (x: Tensor) => pair(maxPool3d(x, 2, { returnIndices: true })),
    golden: 'pool:max3d/ties and NaN',
    gradcheck: false, // kinks
  },
])

const OVERLAPPING = { numbers: [3, 3, 2, 2, 1, 1, 1, 1] }

samplesFor('maxPool2dGrad', [
  {
    name: 'overlapping windows',
    run: (dy: Tensor, indices: Tensor) => maximumGrad(dy, indices, [1, 2, 5, 6], OVERLAPPING),
    golden: 'pool:max gradient',
  },
  {
    name: 'an index outside of its window',
    inputs: [[1, 1, 1, 1], { shape: [1, 1, 1, 1], dtype: 'int64', values: [99] }],
    run: (dy: Tensor, indices: Tensor) => maximumGrad(dy, indices, [1, 1, 2, 2], OVERLAPPING),
    throws: /index 99 does not lie in the window/,
  },
])
samplesFor('maxPool2dGather', [
  {
    name: 'overlapping windows',
    run: (x: Tensor, indices: Tensor) => gather(x, indices, [1, 2, 3, 3], OVERLAPPING),
    golden: 'pool:gather',
  },
])

samplesFor('avgPool2d', [
  { name: 'windows side by side', run: mean(2), golden: 'pool:avg/2x2' },
  { name: 'a rest is cut off', run: mean(2), golden: 'pool:avg/rest cut off' },
  { name: 'many channels', run: mean(2), golden: 'pool:avg/many channels' },
  {
    name: 'overlapping windows',
    run: mean(3, { stride: 2, padding: 1 }),
    golden: 'pool:avg/overlapping',
  },
  {
    name: 'padding does not count',
    run: mean(3, { stride: 2, padding: 1, countIncludePad: false }),
    golden: 'pool:avg/padding not counted',
  },
  {
    name: 'the number of windows rounded up',
    run: mean(2, { stride: 2, padding: 1, ceilMode: true }),
    golden: 'pool:avg/rounded up',
  },
  {
    name: 'rounded up, padding does not count',
    run: mean(2, { stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
    golden: 'pool:avg/rounded up, padding not counted',
  },
  {
    name: 'another divisor',
    run: mean([3, 2], { stride: [1, 3], divisorOverride: -5 }),
    golden: 'pool:avg/another divisor',
  },
  { name: 'no batch axis', run: mean(2), golden: 'pool:avg/no batch' },
  { name: 'an empty batch', run: mean(2), golden: 'pool:avg/empty batch' },
  { name: 'float64', run: mean(3, { stride: 1 }), golden: 'pool:avg/float64' },
  {
    name: 'stored channels-last',
    inputs: [{ shape: [2, 3, 4, 5], layout: 'channelsLast' }],
    run: mean(2),
  },
  {
    name: 'a divisor of 0',
    inputs: [[1, 1, 4, 4]],
    run: mean(2, { divisorOverride: 0 }),
    throws: /divisorOverride is a number other than 0, not 0/,
  },
  { name: 'int64 is cut towards zero', run: mean(2, { padding: 1 }), golden: 'pool:avg/int64' },
  {
    name: 'int32',
    inputs: [{ shape: [1, 1, 4, 4], dtype: 'int32' }],
    run: mean(2),
    throws: /avgPool2d: elements must be floating or int64/,
  },
])
samplesFor('avgPool1d', [
  { name: 'windows side by side', run: (x) => avgPool1d(x, 2), golden: 'pool:avg1d/2' },
  {
    name: 'all options',
    run: (x) => avgPool1d(x, 3, 2, 1, true, false),
    golden: 'pool:avg1d/all options',
  },
  { name: 'no batch axis', run: (x) => avgPool1d(x, [3], [1]), golden: 'pool:avg1d/no batch' },
])
samplesFor('avgPool3d', [
  { name: 'windows side by side', run: (x) => avgPool3d(x, 2), golden: 'pool:avg3d/2' },
  {
    name: 'all options',
    run: (x) => avgPool3d(x, [2, 3, 2], [1, 2, 2], [1, 1, 0], true, false),
    golden: 'pool:avg3d/all options',
  },
  {
    name: 'another divisor',
    run: (x) => avgPool3d(x, 2, { stride: 1, padding: 1, divisorOverride: 3 }),
    golden: 'pool:avg3d/another divisor',
  },
  {
    name: 'int64 is cut towards zero',
    run: (x) => avgPool3d(x, 2, { padding: 1 }),
    golden: 'pool:avg3d/int64',
  },
])
samplesFor('adaptiveAvgPool1d', [
  { name: 'even windows', run: (x) => adaptiveAvgPool1d(x, 3), golden: 'pool:adaptive avg1d/3' },
  {
    name: 'uneven windows',
    run: (x) => adaptiveAvgPool1d(x, [4]),
    golden: 'pool:adaptive avg1d/4',
  },
  { name: 'more windows', run: (x) => adaptiveAvgPool1d(x, 9), golden: 'pool:adaptive avg1d/9' },
  {
    name: 'infinities stay in their windows',
    run: (x) => adaptiveAvgPool1d(x, 3),
    golden: 'pool:adaptive avg1d/infinities',
    gradcheck: false, // not finite
  },
  { name: 'no windows', inputs: [[1, 2, 3]], run: (x) => adaptiveAvgPool1d(x, 0) },
  {
    name: 'a negative size',
    inputs: [[1, 2, 3]],
    run: (x) => adaptiveAvgPool1d(x, -1),
    throws: /adaptiveAvgPool1d: outputSize is a whole number ≥ 0 or \[length\], not -1/,
  },
  {
    name: 'an empty axis',
    inputs: [[1, 2, 0]],
    run: (x) => adaptiveAvgPool1d(x, 2),
    throws: /the axes to pool must not be empty/,
  },
])
samplesFor('adaptiveAvgPool2d', [
  { name: 'one window', run: (x) => adaptiveAvgPool2d(x, 1), golden: 'pool:adaptive avg2d/1' },
  {
    name: 'uneven windows',
    run: (x) => adaptiveAvgPool2d(x, [3, 4]),
    golden: 'pool:adaptive avg2d/3x4',
  },
  {
    name: 'a height that stays, no batch axis',
    run: (x) => adaptiveAvgPool2d(x, [null, 2]),
    golden: 'pool:adaptive avg2d/no batch',
  },
  { name: 'an empty batch', inputs: [[0, 2, 3, 3]], run: (x) => adaptiveAvgPool2d(x, 2) },
])
samplesFor('adaptiveAvgPool3d', [
  {
    name: 'uneven windows',
    run: (x) => adaptiveAvgPool3d(x, [2, 3, 2]),
    golden: 'pool:adaptive avg3d/2x3x2',
  },
  { name: 'even windows', run: (x) => adaptiveAvgPool3d(x, 2), golden: 'pool:adaptive avg3d/2' },
])
samplesFor('adaptiveMaxPool1d', [
  {
    name: 'even windows',
    run: (x: Tensor) => pair(adaptiveMaxPool1d(x, 3)),
    golden: 'pool:adaptive max1d/3',
  },
  {
    name: 'uneven windows',
    run: (x: Tensor) => pair(adaptiveMaxPool1d(x, 4)),
    golden: 'pool:adaptive max1d/4',
  },
  {
    name: 'the first of equal values, the last NaN',
    run: (x: Tensor) => pair(adaptiveMaxPool1d(x, 3)),
    golden: 'pool:adaptive max1d/ties and NaN',
    gradcheck: false, // kinks
  },
  { name: 'no windows', inputs: [[1, 2, 3]], run: (x) => pair(adaptiveMaxPool1d(x, 0)) },
  {
    name: 'integers',
    inputs: [{ shape: [1, 2, 3], dtype: 'int64' }],
    run: (x: Tensor) => pair(adaptiveMaxPool1d(x, 2)),
    throws: /adaptiveMaxPool1d: elements must be floating/,
  },
])
samplesFor('adaptiveMaxPool2d', [
  {
    name: 'uneven windows',
    run: (x: Tensor) => pair(adaptiveMax('adaptiveMaxPool2d', 2, x, [3, 4])),
    golden: 'pool:adaptive max2d/3x4',
  },
])
samplesFor('adaptiveMaxPool3d', [
  {
    name: 'uneven windows',
    run: (x: Tensor) => pair(adaptiveMax('adaptiveMaxPool3d', 3, x, [2, 3, 2])),
    golden: 'pool:adaptive max3d/2x3x2',
  },
])

samplesFor('avgPool2dGrad', [
  {
    name: 'padding does not count',
    run: (dy: Tensor) => averageGrad(dy, [1, 2, 5, 6], { numbers: [3, 3, 2, 2, 1, 1, 0, 0] }),
    golden: 'pool:avg gradient',
  },
])
