import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import { inputGrad, weightAndBiasGrad, weightGrad } from './conv-records.ts'
import type { Conv2dOptions } from './conv.ts'
import { convTranspose1d, convTranspose2d, convTranspose3d } from './conv-transpose.ts'
import { conv1d, conv2d, conv3d } from './conv.ts'

type Run = (x: Tensor, w: Tensor, b?: Tensor | null) => Tensor

const withOptions =
  (options: Conv2dOptions = {}): Run =>
  (x, w, b = null) =>
    conv2d(x, w, b, options)

const ALL_OPTIONS = { stride: [2, 3], padding: [2, 1], dilation: [1, 2], groups: 2 } as const

samplesFor('conv2d', [
  { name: 'no options', run: withOptions(), golden: 'conv:plain' },
  { name: 'no bias', run: withOptions(), golden: 'conv:no bias' },
  { name: 'one input channel', run: withOptions({ padding: 1 }), golden: 'conv:one channel' },
  { name: 'a large kernel', run: withOptions({ padding: 2 }), golden: 'conv:5x5 kernel' },
  { name: 'a kernel of one place', run: withOptions(), golden: 'conv:1x1 kernel' },
  {
    name: 'more channels than a vector holds',
    run: withOptions({ padding: 1 }),
    golden: 'conv:many channels',
  },
  { name: 'all options', run: withOptions(ALL_OPTIONS), golden: 'conv:all options' },
  {
    name: 'few channels, all options',
    run: withOptions({ stride: [3, 2], padding: [1, 3], dilation: [2, 3] }),
    golden: 'conv:few channels, all options',
  },
  {
    name: 'each channel for itself',
    run: withOptions({ padding: 1, groups: 4 }),
    golden: 'conv:depthwise',
  },
  {
    name: 'a kernel as large as the input',
    run: withOptions(),
    golden: "conv:kernel of the input's size",
  },
  {
    name: 'more padding than kernel',
    run: withOptions({ padding: 4, stride: 2 }),
    golden: 'conv:padding beyond the kernel',
  },
  { name: 'padding same', run: withOptions({ padding: 'same' }), golden: 'conv:same' },
  {
    name: 'padding same for an even kernel',
    run: withOptions({ padding: 'same' }),
    golden: 'conv:same, even kernel',
  },
  {
    name: 'padding same for a dilated kernel',
    run: withOptions({ padding: 'same', dilation: [3, 2] }),
    golden: 'conv:same, dilated',
  },
  { name: 'padding valid', run: withOptions({ padding: 'valid' }), golden: 'conv:valid' },
  { name: 'no batch axis', run: withOptions({ padding: 1 }), golden: 'conv:no batch' },
  { name: 'an empty batch', run: withOptions(), golden: 'conv:empty batch' },
  { name: 'float64', run: withOptions({ stride: 2, padding: 1 }), golden: 'conv:float64' },
  { name: 'int64', run: withOptions({ padding: 1 }), golden: 'conv:int64' },
  { name: 'int32', run: withOptions({ padding: 1 }), golden: 'conv:int32' },
  { name: 'uint8 wraps', run: withOptions({ padding: 1 }), golden: 'conv:uint8' },
  {
    name: 'an input stored channels-last and a transposed weight',
    inputs: [
      { shape: [2, 3, 4, 5], layout: 'channelsLast' },
      { shape: [2, 3, 2, 2], layout: 'transposed' },
      { shape: [2], layout: 'sliced' },
    ],
    run: withOptions({ padding: 1 }),
  },
  {
    name: 'expanded and sliced inputs',
    inputs: [
      { shape: [2, 3, 4, 4], layout: 'expanded' },
      { shape: [2, 3, 3, 3], layout: 'sliced' },
    ],
    run: withOptions(),
  },
  {
    name: 'operands of several dtypes',
    inputs: [{ shape: [1, 1, 4, 4], dtype: 'uint8' }, [2, 1, 3, 3]],
    run: withOptions(),
    throws: /conv2d: input, weight and bias must have the same dtype.*to\('float32'\)/s,
  },
  {
    name: 'channels that do not fit',
    inputs: [
      [1, 5, 4, 4],
      [4, 2, 3, 3],
    ],
    run: withOptions(),
    throws:
      /^conv2d: input has 5 channels, but weight\.shape\[1\] \(2\) · groups \(1\) is 2\n {2}input: float32 \[1, 5, 4, 4\] {3}weight: float32 \[4, 2, 3, 3\]/,
  },
  {
    name: 'groups that do not divide the output channels',
    inputs: [
      [1, 4, 4, 4],
      [3, 2, 2, 2],
    ],
    run: withOptions({ groups: 2 }),
    throws: /weight\.shape\[0\] \(3\) must be a multiple of groups \(2\)/,
  },
  {
    name: 'a kernel larger than the padded input',
    inputs: [
      [1, 1, 4, 6],
      [1, 1, 3, 3],
    ],
    run: withOptions({ dilation: 3, padding: [1, 0] }),
    throws: /the kernel covers a height of 7, the padded input has 6/,
  },
  {
    name: 'an input without height',
    inputs: [
      [1, 1, 0, 6],
      [1, 1, 1, 1],
    ],
    run: withOptions({ padding: 2 }),
    throws: /input has no height/,
  },
  {
    name: 'no kernel',
    inputs: [
      [1, 1, 4, 6],
      [1, 1, 0, 1],
    ],
    run: withOptions(),
    throws: /the kernel is 0 × 1/,
  },
  {
    name: 'a stride of 0',
    inputs: [
      [1, 1, 4, 6],
      [1, 1, 1, 1],
    ],
    run: withOptions({ stride: 0 }),
    throws: /stride is a whole number ≥ 1 or a pair of them, not 0/,
  },
  {
    name: 'a negative padding',
    inputs: [
      [1, 1, 4, 6],
      [1, 1, 1, 1],
    ],
    run: withOptions({ padding: [1, -1] }),
    throws: /padding is a whole number ≥ 0 or a pair of them, not \[1, -1\]/,
  },
  {
    name: 'padding same with a stride',
    inputs: [
      [1, 1, 4, 6],
      [1, 1, 1, 1],
    ],
    run: withOptions({ padding: 'same', stride: 2 }),
    throws: /padding 'same' keeps the size, which stride \[2, 2\] does not/,
  },
  {
    name: 'a fractional number of groups',
    inputs: [
      [1, 1, 4, 6],
      [1, 1, 1, 1],
    ],
    run: withOptions({ groups: 0.5 }),
    throws: /groups is a whole number ≥ 1, not 0\.5/,
  },
  {
    name: 'an input without channels axis',
    inputs: [
      [4, 6],
      [1, 1, 1, 1],
    ],
    run: withOptions(),
    throws: /input must be \[N, C, H, W\] or \[C, H, W\], but has 2 axes/,
  },
  {
    name: 'a weight with 3 axes',
    inputs: [
      [1, 1, 4, 6],
      [1, 1, 1],
    ],
    run: withOptions(),
    throws: /weight must be \[outChannels, .*but has 3 axes/,
  },
  {
    name: 'a bias of another length',
    inputs: [[1, 1, 4, 6], [2, 1, 1, 1], [3]],
    run: withOptions(),
    throws: /bias must be \[2\], one number for each output channel, not \[3\]/,
  },
  {
    name: 'bools',
    inputs: [
      { shape: [1, 1, 4, 6], dtype: 'bool' },
      { shape: [2, 1, 1, 1], dtype: 'bool' },
    ],
    run: withOptions(),
    throws: /conv2d: is not defined for bool/,
  },
])

samplesFor('conv1d', [
  { name: 'no options', run: (x, w, b) => conv1d(x, w, b), golden: 'conv:conv1d: plain' },
  {
    name: 'all options',
    run: (x, w, b) => conv1d(x, w, b, { stride: 2, padding: [3], dilation: 2, groups: 2 }),
    golden: 'conv:conv1d: all options',
  },
  {
    name: 'padding same for an even kernel',
    run: (x, w, b) => conv1d(x, w, b, { padding: 'same' }),
    golden: 'conv:conv1d: same, even kernel',
  },
  {
    name: 'no batch axis',
    run: (x, w, b) => conv1d(x, w, b, 1, 1),
    golden: 'conv:conv1d: no batch',
  },
  { name: 'int64', run: (x, w, b) => conv1d(x, w, b), golden: 'conv:conv1d: int64' },
  {
    name: 'operands by name',
    inputs: [
      [2, 3, 7],
      [4, 3, 3],
    ],
    run: (input, weight) => conv1d(input, { weight, stride: 2 }),
  },
  {
    name: 'an input with 4 axes',
    inputs: [
      [1, 1, 4, 6],
      [1, 1, 1],
    ],
    run: (x, w) => conv1d(x, w),
    throws: /conv1d: input must be \[N, C, L\] or \[C, L\], but has 4 axes/,
  },
  {
    name: 'a kernel longer than the input',
    inputs: [
      [1, 1, 4],
      [1, 1, 5],
    ],
    run: (x, w) => conv1d(x, w),
    throws: /the kernel covers a length of 5, the padded input has 4/,
  },
])
samplesFor('conv3d', [
  { name: 'no options', run: (x, w, b) => conv3d(x, w, b), golden: 'conv:conv3d: plain' },
  {
    name: 'all options',
    run: (x, w, b) =>
      conv3d(x, w, b, { stride: [2, 1, 3], padding: [2, 1, 0], dilation: [1, 2, 3], groups: 2 }),
    golden: 'conv:conv3d: all options',
  },
  {
    name: 'padding same',
    run: (x, w, b) => conv3d(x, w, b, { padding: 'same' }),
    golden: 'conv:conv3d: same',
  },
  {
    name: 'no batch axis',
    run: (x, w, b) => conv3d(x, w, b, 1, 1),
    golden: 'conv:conv3d: no batch',
  },
  {
    name: 'float64 in groups',
    run: (x, w, b) => conv3d(x, w, b, { groups: 2 }),
    golden: 'conv:conv3d: float64',
  },
  {
    name: 'each channel for itself, more padding than kernel',
    run: (x, w) => conv3d(x, w, null, { groups: 3, padding: 3, stride: 2 }),
    golden: 'conv:conv3d: depthwise, padding beyond the kernel',
  },
  {
    name: 'a stride for two axes',
    inputs: [
      [1, 1, 4, 6, 5],
      [1, 1, 1, 1, 1],
    ],
    run: (x, w) => conv3d(x, w, null, [1, 2] as never),
    throws: /conv3d: stride is a whole number ≥ 1 or three of them, not \[1, 2\]/,
  },
])

samplesFor('convTranspose1d', [
  {
    name: 'no options',
    run: (x, w, b) => convTranspose1d(x, w, b),
    golden: 'conv:conv_transpose1d: plain',
  },
  {
    name: 'all options, by position',
    run: (x, w, b) => convTranspose1d(x, w, b, 3, 2, 2, 2, 2),
    golden: 'conv:conv_transpose1d: all options',
  },
  {
    name: 'no batch axis',
    run: (x, w) => convTranspose1d(x, w, { stride: 2 }),
    golden: 'conv:conv_transpose1d: no batch',
  },
])
samplesFor('convTranspose2d', [
  {
    name: 'no options',
    run: (x, w, b) => convTranspose2d(x, w, b),
    golden: 'conv:conv_transpose2d: plain',
  },
  {
    name: 'all options',
    run: (x, w, b) =>
      convTranspose2d(x, w, b, {
        stride: [2, 3],
        padding: [1, 2],
        outputPadding: [1, 2],
        groups: 2,
        dilation: [2, 1],
      }),
    golden: 'conv:conv_transpose2d: all options',
  },
  {
    name: 'output padding beyond the stride',
    run: (x, w, b) =>
      convTranspose2d(x, w, b, {
        stride: [1, 2],
        padding: 1,
        outputPadding: [1, 3],
        dilation: [2, 4],
      }),
    golden: 'conv:conv_transpose2d: output padding beyond the stride',
  },
  {
    name: 'output padding beyond the windows',
    run: (x, w, b) => convTranspose2d(x, w, b, { outputPadding: [2, 3], dilation: [3, 4] }),
    golden: 'conv:conv_transpose2d: output padding beyond the windows',
  },
  {
    name: 'more padding than kernel',
    run: (x, w) => convTranspose2d(x, w, { padding: 2 }),
    golden: 'conv:conv_transpose2d: padding beyond the kernel',
  },
  {
    name: 'no batch axis',
    run: (x, w, b) => convTranspose2d(x, w, b),
    golden: 'conv:conv_transpose2d: no batch',
  },
  {
    name: 'int64',
    run: (x, w, b) => convTranspose2d(x, w, b),
    golden: 'conv:conv_transpose2d: int64',
  },
  {
    name: 'channels that do not fit',
    inputs: [
      [1, 3, 4, 4],
      [2, 4, 3, 3],
    ],
    run: (x, w) => convTranspose2d(x, w),
    throws: /convTranspose2d: input has 3 channels, but weight\.shape\[0\] is 2/,
  },
  {
    name: 'an output padding that is too large',
    inputs: [
      [1, 2, 4, 4],
      [2, 4, 3, 3],
    ],
    run: (x, w) => convTranspose2d(x, w, { outputPadding: 2, stride: 2 }),
    throws: /outputPadding \(2\) must be less than the stride \(2\) or the dilation \(1\)/,
  },
  {
    name: 'nothing left of the output',
    inputs: [
      [1, 2, 1, 4],
      [2, 4, 3, 3],
    ],
    run: (x, w) => convTranspose2d(x, w, { padding: 2 }),
    throws: /the output would have a height of -1/,
  },
])
samplesFor('convTranspose3d', [
  {
    name: 'no options',
    run: (x, w, b) => convTranspose3d(x, w, b),
    golden: 'conv:conv_transpose3d: plain',
  },
  {
    name: 'all options',
    run: (x, w, b) =>
      convTranspose3d(x, w, b, {
        stride: [2, 1, 3],
        padding: [1, 0, 1],
        outputPadding: [1, 0, 2],
        groups: 2,
        dilation: [1, 2, 1],
      }),
    golden: 'conv:conv_transpose3d: all options',
  },
  {
    name: 'no batch axis',
    run: (x, w, b) => convTranspose3d(x, w, b),
    golden: 'conv:conv_transpose3d: no batch',
  },
])

const VOLUME_PARAMS = { numbers: [2, 1, 1, 1, 0, 1, 1, 2, 1, 2] }
const PLAIN_VOLUME = { numbers: [1, 1, 1, 0, 0, 0, 1, 1, 1, 1] }

samplesFor('conv3dInputGrad', [
  {
    name: 'all options',
    run: (dy: Tensor, w: Tensor) => inputGrad(dy, w, [1, 4, 4, 5, 3], VOLUME_PARAMS),
    golden: 'conv:volume input gradient',
  },
])
samplesFor('conv3dWeightGrad', [
  {
    name: 'all options',
    run: (dy: Tensor, x: Tensor) => weightGrad(dy, x, [6, 2, 3, 2, 2], VOLUME_PARAMS),
    golden: 'conv:volume weight gradient',
  },
  {
    name: 'channels-last',
    run: (dy: Tensor, x: Tensor) => weightGrad(dy, x, [6, 2, 3, 2, 2], VOLUME_PARAMS, true),
    golden: 'conv:volume weight gradient',
  },
])
samplesFor('conv3dWeightAndBiasGrad', [
  {
    name: 'both at once',
    run: (dy: Tensor, x: Tensor) => weightAndBiasGrad(dy, x, [3, 2, 2, 2, 1], PLAIN_VOLUME),
    golden: 'conv:volume weight and bias gradient',
  },
])

const GRAD_PARAMS = { numbers: [2, 1, 1, 2, 1, 2, 2] }
const PLAIN_PARAMS = { numbers: [1, 1, 0, 0, 1, 1, 1] }

samplesFor('conv2dInputGrad', [
  {
    name: 'all options',
    run: (dy: Tensor, w: Tensor) => inputGrad(dy, w, [2, 4, 6, 5], GRAD_PARAMS),
    golden: 'conv:input gradient',
  },
  {
    name: 'a gradient that does not fit',
    inputs: [
      [2, 6, 3, 4],
      [6, 2, 3, 3],
    ],
    run: (dy: Tensor, w: Tensor) => inputGrad(dy, w, [2, 4, 6, 5], GRAD_PARAMS),
    throws: /conv2dInputGrad: the output's height or width does not follow/,
  },
])
samplesFor('conv2dWeightGrad', [
  {
    name: 'all options',
    run: (dy: Tensor, x: Tensor) => weightGrad(dy, x, [6, 2, 3, 3], GRAD_PARAMS),
    golden: 'conv:weight gradient',
  },
  {
    name: 'channels-last',
    run: (dy: Tensor, x: Tensor) => weightGrad(dy, x, [6, 2, 3, 3], GRAD_PARAMS, true),
    golden: 'conv:weight gradient',
  },
])
samplesFor('conv2dWeightAndBiasGrad', [
  {
    name: 'both at once',
    run: (dy: Tensor, x: Tensor) => weightAndBiasGrad(dy, x, [3, 2, 2, 2], PLAIN_PARAMS),
    golden: 'conv:weight and bias gradient',
  },
  {
    name: 'channels-last',
    run: (dy: Tensor, x: Tensor) => weightAndBiasGrad(dy, x, [3, 2, 2, 2], PLAIN_PARAMS, true),
    golden: 'conv:weight and bias gradient',
  },
  {
    name: 'the bias alone',
    inputs: [
      [2, 3, 3, 4],
      [2, 2, 4, 5],
    ],
    run: (dy: Tensor, x: Tensor) =>
      weightAndBiasGrad(dy, x, [3, 2, 2, 2], PLAIN_PARAMS)[1] as Tensor,
  },
])
