/** The order in memory of gradients. */
import {
  autocast,
  conv1d,
  conv2d,
  conv3d,
  convTranspose2d,
  convTranspose3d,
  randn,
} from '@flambeau/core'
import type { MemoryFormat, Tensor } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import { grad } from './index.ts'

type Convolution = (x: Tensor, weight: Tensor, bias: Tensor) => Tensor
interface Case {
  name: string
  input: number[]
  weight: number[]
  run: Convolution
}

const options = { stride: 2, padding: 1, groups: 2 } as const
const cases: Case[] = [
  {
    name: 'conv2d',
    input: [2, 3, 7, 6],
    weight: [4, 3, 3, 2],
    run: (x, w) => conv2d(x, w),
  },
  {
    name: 'conv2d with a bias',
    input: [2, 3, 7, 6],
    weight: [4, 3, 3, 2],
    run: (x, w, b) => conv2d(x, w, b),
  },
  {
    name: 'conv2d of groups',
    input: [2, 4, 7, 6],
    weight: [4, 2, 3, 2],
    run: (x, w, b) => conv2d(x, w, b, options),
  },
  {
    name: 'conv2d of many channels',
    input: [4, 32, 16, 16],
    weight: [48, 32, 3, 3],
    run: (x, w, b) => conv2d(x, w, b, { padding: 1 }),
  },
  {
    name: 'conv2d of bfloat16',
    input: [2, 32, 12, 12],
    weight: [32, 32, 3, 3],
    run: (x, w, b) =>
      autocast({ deviceType: 'cpu', dtype: 'bfloat16' }, () => conv2d(x, w, b)).to('float32'),
  },
  {
    name: 'conv3d',
    input: [2, 3, 4, 5, 6],
    weight: [4, 3, 2, 3, 2],
    run: (x, w) => conv3d(x, w),
  },
  {
    name: 'conv3d with a bias',
    input: [2, 4, 4, 5, 6],
    weight: [4, 2, 2, 3, 2],
    run: (x, w, b) => conv3d(x, w, b, options),
  },
  {
    name: 'convTranspose2d',
    input: [2, 4, 5, 6],
    weight: [4, 2, 3, 2],
    run: (x, w, b) => convTranspose2d(x, w, b, options),
  },
  {
    name: 'convTranspose3d',
    input: [2, 4, 3, 4, 5],
    weight: [4, 2, 2, 3, 2],
    run: (x, w, b) => convTranspose3d(x, w, b, options),
  },
]

describe('gradients of weights of convolutions', () => {
  it.each(cases)('lie in memory as the weights do: $name', ({ input, weight: shape, run }) => {
    const x = randn(input)
    const numbers = randn(shape)
    const bias = randn([shape[0] as number]).requiresGrad_()
    const upstream = randn(run(x, numbers, bias).shape)
    const last = shape.length === 4 ? 'channelsLast' : 'channelsLast3d'
    const gradientOf = (format: MemoryFormat): Tensor => {
      const weight = numbers.contiguous({ memoryFormat: format }).clone().requiresGrad_()
      expect(weight.isContiguous(last)).toBe(format === last)
      // The second pass adds to what the first one gave.
      for (let pass = 0; pass < 2; pass++) {
        run(x, weight, bias).backward(upstream)
        expect((weight.grad as Tensor).stride()).toEqual(weight.stride())
      }
      return weight.grad as Tensor
    }
    expect(gradientOf(last).tolist()).toEqual(gradientOf('contiguousFormat').tolist())
  })

  it('do so where a kernel has one place, and along one axis', () => {
    const dot = randn([4, 3, 1, 1]).contiguous({ memoryFormat: 'channelsLast' }).requiresGrad_()
    conv2d(randn([2, 3, 5, 5]), dot)
      .sum()
      .backward()
    expect((dot.grad as Tensor).stride()).toEqual(dot.stride())
    const line = randn([4, 3, 2]).transpose(1, 2).contiguous().transpose(1, 2).requiresGrad_()
    conv1d(randn([2, 3, 5]), line)
      .sum()
      .backward()
    expect((line.grad as Tensor).stride()).toEqual(line.stride())
  })

  it('have gradients themselves', () => {
    const x = randn([1, 2, 4, 4], { dtype: 'float64' }).requiresGrad_()
    const numbers = randn([3, 2, 2, 2], { dtype: 'float64' })
    const second = (format: MemoryFormat): unknown => {
      const weight = numbers.contiguous({ memoryFormat: format }).clone().requiresGrad_()
      const cube = conv2d(x, weight).pow(3).sum()
      const [first] = grad([cube], [weight], { createGraph: true })
      return grad([(first as Tensor).pow(2).sum()], [x, weight]).map((g) => (g as Tensor).tolist())
    }
    expect(second('channelsLast')).toEqual(second('contiguousFormat'))
  })
})
