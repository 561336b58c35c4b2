/** Convolution and pooling. Inputs are stored in the order N, C, H, W, as a user would make them. */
import type { Tensor } from '@flambeau/core'
import { randn } from '@flambeau/core'
import { functional } from '@flambeau/nn'
import type { Differentiable, Workload } from '../workload.ts'
import { backwardAlone, leaf, plain } from '../workload.ts'

const { avgPool2d, conv2d, convTranspose2d, maxPool2d } = functional

interface Convolution {
  /** [N, C, H, W] */
  shape: readonly [number, number, number, number]
  outChannels: number
  kernel: number
  stride?: number
  padding?: number
  /** A first layer wants no gradient of its input. */
  first?: boolean
  depthwise?: boolean
}

function convolution(name: string, options: Convolution): readonly Workload[] {
  const { shape, outChannels, kernel, stride = 1, padding = 0 } = options
  const { first = false, depthwise = false } = options
  const channels = shape[1]
  const groups = depthwise ? channels : 1
  const parts = (wanted: boolean): Differentiable => {
    const x = randn(shape, { requiresGrad: wanted && !first })
    const weightShape = [outChannels, channels / groups, kernel, kernel]
    const weight = randn(weightShape, { requiresGrad: wanted })
    const bias = randn([outChannels], { requiresGrad: wanted })
    const inputs = first ? [weight, bias] : [x, weight, bias]
    return [() => conv2d(x, weight, bias, { stride, padding, groups }), inputs]
  }
  const summary = `conv2d [${shape.join(', ')}] to ${outChannels}, kernel ${kernel}, stride ${stride}`
  return [
    plain(name, depthwise ? `${summary}, depthwise` : summary, () => parts(false)[0]),
    backwardAlone(
      `${name}_bwd`,
      first ? 'its backward pass, weight and bias only' : 'its backward pass',
      () => parts(true),
    ),
  ]
}

const pooledShape = [16, 64, 112, 112]

function pooling(name: string, summary: string, run: (x: Tensor) => Tensor): Workload {
  return plain(name, `${summary} of [16, 64, 112, 112]`, () => {
    const x = randn(pooledShape)
    return () => run(x)
  })
}

function poolingBackward(name: string, run: (x: Tensor) => Tensor): Workload {
  return backwardAlone(name, 'its backward pass', () => {
    const x = leaf(pooledShape)
    return [() => run(x), [x]]
  })
}

function transposed(requiresGrad: boolean): Differentiable {
  const x = randn([4, 128, 80, 120], { requiresGrad })
  const weight = randn([128, 64, 2, 2], { requiresGrad })
  const bias = randn([64], { requiresGrad })
  return [() => convTranspose2d(x, weight, bias, { stride: 2 }), [x, weight, bias]]
}

export const convolutions: readonly Workload[] = [
  ...convolution('op_conv_c3_64_160x240', {
    shape: [4, 3, 160, 240],
    outChannels: 64,
    kernel: 3,
    padding: 1,
    first: true,
  }),
  ...convolution('op_conv_c64_64_160x240', {
    shape: [4, 64, 160, 240],
    outChannels: 64,
    kernel: 3,
    padding: 1,
  }),
  ...convolution('op_conv_c128_128_28x28', {
    shape: [16, 128, 28, 28],
    outChannels: 128,
    kernel: 3,
    padding: 1,
  }),
  ...convolution('op_conv_c256_512_s2_14x14', {
    shape: [16, 256, 14, 14],
    outChannels: 512,
    kernel: 3,
    stride: 2,
    padding: 1,
  }),
  ...convolution('op_conv_c256_1024_1x1_14x14', {
    shape: [16, 256, 14, 14],
    outChannels: 1024,
    kernel: 1,
  }),
  ...convolution('op_conv_c1_16_28x28', {
    shape: [64, 1, 28, 28],
    outChannels: 16,
    kernel: 3,
    padding: 1,
    first: true,
  }),
  ...convolution('op_conv_dw128_56x56', {
    shape: [8, 128, 56, 56],
    outChannels: 128,
    kernel: 3,
    padding: 1,
    depthwise: true,
  }),
  plain(
    'op_convT_128_64_80x120',
    'convTranspose2d [4, 128, 80, 120] to 64, kernel 2, stride 2',
    () => transposed(false)[0],
  ),
  backwardAlone('op_convT_128_64_80x120_bwd', 'its backward pass', () => transposed(true)),
  pooling('op_maxpool_k2', 'max pooling 2', (x) => maxPool2d(x, 2)),
  pooling('op_maxpool_k3s2p1', 'max pooling 3, stride 2, padding 1', (x) =>
    maxPool2d(x, 3, { stride: 2, padding: 1 }),
  ),
  poolingBackward('op_maxpool_k2_bwd', (x) => maxPool2d(x, 2)),
  pooling('op_avgpool_k2', 'mean pooling 2', (x) => avgPool2d(x, 2)),
  poolingBackward('op_avgpool_k2_bwd', (x) => avgPool2d(x, 2)),
]
