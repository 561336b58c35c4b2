import type { Tensor } from '@flambeau/core'
import { manualSeed, ones, randn, zeros } from '@flambeau/core'
import { grad, gradcheck } from '@flambeau/autograd'
import { describe, expect, it } from 'vitest'
import * as nn from '../index.ts'

/** Which positions of a row the middle of the output depends on, found by the gradient. */
function seen(net: nn.Module, width: number, at: number): [first: number, last: number] {
  const x = ones([1, 1, 1, width], { requiresGrad: true })
  const [gradient] = grad(net(x).select(3, at).sum(), [x]) as [Tensor]
  const places = gradient.flatten().ne(0).nonzero().flatten().tolist() as number[]
  return [places[0] as number, places.at(-1) as number]
}

describe('receptiveField', () => {
  it('is what gradients say', () => {
    manualSeed(0)
    const net = new nn.Sequential(
      new nn.Conv2d(1, 2, [1, 3], { dilation: 2, padding: [0, 1] }),
      new nn.Tanh(),
      new nn.Sequential(new nn.AvgPool2d([1, 2]), new nn.Conv2d(2, 1, [1, 3], { stride: [1, 2] })),
      new nn.Conv2d(1, 1, [1, 3], { padding: 'same', dilation: 3 }),
    )
    const { size, stride, start } = nn.receptiveField(net)
    const [a, b] = [seen(net, 200, 10), seen(net, 200, 11)]
    expect(size).toEqual([1, a[1] - a[0] + 1])
    expect(stride[1]).toBe(b[0] - a[0])
    expect(start[1]).toBe((a[0] + a[1]) / 2 - 10 * (stride[1] as number))
  })

  it('takes objects, and says what it does not know', () => {
    expect(nn.receptiveField([{ kernelSize: 3 }, { kernelSize: 3, stride: 2 }]).size).toEqual([5])
    expect(nn.receptiveField(new nn.ReLU())).toEqual({ size: [1], stride: [1], start: [0] })
    expect(nn.receptiveField(new nn.MaxPool2d(3, 2, 1))).toEqual({
      size: [3, 3],
      stride: [2, 2],
      start: [0, 0],
    })
    for (const layer of [
      new nn.Linear(2, 2),
      new nn.Flatten(),
      new nn.AdaptiveAvgPool2d(1),
      new nn.ConvTranspose2d(1, 1, 2),
      new nn.LSTM(2, 2),
      new nn.Upsample({ scaleFactor: 2 }),
      new nn.TransformerEncoderLayer(4, 1),
    ]) {
      expect(() => nn.receptiveField(layer as nn.AnyModule)).toThrow(/not known what/)
    }
    expect(() => nn.receptiveField([null as never])).toThrow(/no layer/)
    expect(() => nn.receptiveField([new nn.Conv1d(1, 1, 3), new nn.Conv2d(1, 1, 3)])).toThrow(
      /same axes/,
    )
  })
})

describe('DilatedBlock2d', () => {
  it('keeps the size and sees as far as it says', () => {
    manualSeed(1)
    const block = new nn.DilatedBlock2d(1, 3, [1, 3], { dilations: [1, 2, 4] }).eval()
    for (const one of block.parameters()) one.data = one.abs().detach()
    expect(block(randn([2, 1, 5, 7])).shape).toEqual([2, 3, 5, 7])
    const [first, last] = seen(block, 40, 20)
    expect(block.receptiveField.size).toEqual([1, last - first + 1])
    expect(Object.keys(block.stateDict())).toContain('norms.2.running_var')
  })

  it('adds its input, and has exact gradients', () => {
    manualSeed(2)
    const options = { dtype: 'float64' } as const
    const block = new nn.DilatedBlock2d(2, 2, {
      residual: true,
      norm: false,
      dilations: [2],
      ...options,
    })
    const x = randn([1, 2, 4, 3], { ...options, requiresGrad: true })
    expect(gradcheck((one: Tensor) => block(one), [x])).toBe(true)
    for (const one of block.parameters()) one.data = zeros(one.shape, options)
    expect(block(x).tolist()).toEqual(x.relu().tolist())
    expect(Object.keys(block.stateDict())).toEqual(['convs.0.weight', 'convs.0.bias'])
  })

  it('says what is wrong', () => {
    expect(() => new nn.DilatedBlock2d(1, 2, { residual: true })).toThrow(/\(2\).*\(1\)/)
    expect(() => new nn.DilatedBlock2d(1, 2, { dilations: [] })).toThrow(/dilations must be a list/)
    expect(() => new nn.DilatedBlock2d(1, 2, { dilations: [0] })).toThrow(/dilations/)
    expect(() => new nn.DilatedBlock2d(1, 2)(ones([2, 2]))).toThrow(/2 axes/)
  })
})
