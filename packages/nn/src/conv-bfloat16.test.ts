import type { Tensor } from '@flambeau/core'
import { conv2d, conv3d, convTranspose2d, manualSeed, randn } from '@flambeau/core'
import '@flambeau/autograd'
import { describe, expect, it } from 'vitest'

/** Numbers that bfloat16 holds. */
const exact = (shape: readonly number[]): Tensor =>
  randn([...shape])
    .to('bfloat16')
    .to('float32')

/** The result and the gradients of all inputs. */
function passes(
  fn: (x: Tensor, w: Tensor, b: Tensor) => Tensor,
  inputs: readonly Tensor[],
  upstream: Tensor,
  dtype: 'float32' | 'bfloat16',
): Tensor[] {
  const own = inputs.map((one) => one.to(dtype).detach().clone())
  for (const one of own) one.requiresGrad = true
  const y = fn(own[0] as Tensor, own[1] as Tensor, own[2] as Tensor)
  y.backward(upstream.to(dtype))
  return [y, ...own.map((one) => one.grad as Tensor)].map((one) => {
    expect(one.dtype).toBe(dtype)
    return one.detach().to('float64')
  })
}

interface Sizes {
  batch?: number
  from?: number
  to?: number
  size?: number
  kernel?: number
  stride?: number
  padding?: number
  dilation?: number
  groups?: number
}

// Large enough for the processor's instructions for bfloat16, where it has some.
const cases: [string, Sizes][] = [
  ['a plain one', {}],
  ['steps of two', { stride: 2, from: 32, to: 64, size: 28 }],
  ['single pixels', { kernel: 1, padding: 0, from: 64, to: 32 }],
  ['groups', { groups: 2, from: 32, to: 32, kernel: 5, padding: 2 }],
  ['gaps in the kernel', { dilation: 2, padding: 2, from: 48 }],
  ['odd channels, and pixels that no window reads', { from: 17, to: 19, stride: 3, padding: 0 }],
  ['one image', { batch: 1, size: 40 }],
  ['too few channels', { from: 3, to: 16, size: 40 }],
]

describe('convolutions of bfloat16', () => {
  it.each(cases)('%s: results and gradients are those of float32, rounded', (_name, sizes) => {
    manualSeed(4)
    const { batch = 2, from = 16, to = 16, size = 33, kernel = 3 } = sizes
    const { stride = 1, padding = 1, dilation = 1, groups = 1 } = sizes
    const inputs = [
      exact([batch, from, size, size]),
      exact([to, from / groups, kernel, kernel]),
      exact([to]),
    ]
    const errors = differences(
      (x, w, b) => conv2d(x, w, b, stride, padding, dilation, groups),
      inputs,
    )
    // Half a step of bfloat16, and what sums in another order may add.
    expect(Math.max(...errors)).toBeLessThan(2 ** -7)
  })

  it('volumes, and transposed ones', () => {
    manualSeed(4)
    const volume = [exact([2, 16, 5, 12, 12]), exact([16, 16, 3, 3, 3]), exact([16])]
    const errors = differences((x, w, b) => conv3d(x, w, b, 1, 1), volume)
    const image = [exact([2, 32, 16, 16]), exact([32, 16, 2, 2]), exact([16])]
    errors.push(...differences((x, w, b) => convTranspose2d(x, w, b, 2), image))
    expect(Math.max(...errors)).toBeLessThan(2 ** -7)
  })
})

/** By how much the results in bfloat16 differ from those in float32, as shares of the largest number. */
function differences(
  fn: (x: Tensor, w: Tensor, b: Tensor) => Tensor,
  inputs: readonly Tensor[],
): number[] {
  const [x, w, b] = inputs as [Tensor, Tensor, Tensor]
  const upstream = exact(fn(x, w, b).shape)
  const wide = passes(fn, inputs, upstream, 'float32')
  const narrow = passes(fn, inputs, upstream, 'bfloat16')
  return wide.map((expected, i) => {
    const error = (narrow[i] as Tensor).sub(expected).abs().max().item()
    return error / expected.abs().max().item()
  })
}
