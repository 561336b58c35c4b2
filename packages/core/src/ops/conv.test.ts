import { describe, expect, it } from 'vitest'
import '../index.ts'
import { randn } from '../random.ts'
import type { Tensor } from '../tensor.ts'
import { convTranspose1d, convTranspose2d } from './conv-transpose.ts'
import { conv1d, conv2d, conv3d } from './conv.ts'
import { avgPool3d, maxPool1d, maxPool3d } from './pool.ts'

const line = randn([2, 3, 8])
const volume = randn([2, 3, 6, 6, 6])
const results: Record<string, () => Tensor> = {
  conv1d: () => conv1d(line, randn([4, 3, 3])),
  'conv2d without batch': () => conv2d(randn([3, 6, 6]), randn([4, 3, 3, 3])),
  'conv2d with uneven padding': () =>
    conv2d(randn([1, 3, 6, 6]), randn([4, 3, 2, 2]), { padding: 'same' }),
  conv3d: () => conv3d(volume, randn([4, 3, 2, 2, 2])),
  convTranspose1d: () => convTranspose1d(line, randn([3, 4, 3])),
  'convTranspose2d with a large output padding': () =>
    convTranspose2d(randn([1, 2, 3, 3]), randn([2, 2, 2, 2]), {
      outputPadding: 1,
      dilation: 2,
    }),
  maxPool1d: () => maxPool1d(line, 2),
  maxPool3d: () => maxPool3d(volume, 2),
  'indices of maxPool3d': () => maxPool3d(volume, 2, { returnIndices: true }).indices,
  avgPool3d: () => avgPool3d(volume, 2),
}

describe('results of convolution and pooling', () => {
  it.each(Object.entries(results))('are views of another shape: %s', (_, make) => {
    const result = make()
    const expected = result.reshape([-1]).tolist()
    const flat = result.view([-1])
    expect(flat.tolist()).toEqual(expected)
    expect(flat.sharesStorageWith(result)).toBe(true)
  })

  it('stay in their order while a part of them is seen', () => {
    const result = conv2d(randn([2, 3, 6, 6]), randn([4, 3, 3, 3]))
    const part = result.narrow(2, 0, 2)
    expect(() => result.view([-1])).toThrow(/strides do not allow this view/)
    expect(part.shape).toEqual([2, 4, 2, 4])
  })
})

describe('a transposed tensor', () => {
  it('is no view of another shape, whether its base is alive or not', () => {
    expect(() => randn([2, 3, 4]).transpose(1, 2).view([2, -1])).toThrow(
      /strides do not allow this view/,
    )
    const image = randn([2, 3, 4, 5])
    const turned = image.permute(0, 3, 1, 2)
    image.dispose()
    expect(() => turned.view([2, -1])).toThrow(/strides do not allow this view/)
  })
})

describe('options', () => {
  it('are named as in PyTorch, at compile time too', () => {
    const weight = randn([4, 3, 3])
    expect(conv1d(line, { weight, stride: 2 }).shape).toEqual([2, 4, 3])
    // @ts-expect-error: there is no such option
    expect(() => conv1d(line, weight, { strides: 2 })).toThrow(/there is no option 'strides'/)
    // @ts-expect-error: a size for two axes
    expect(() => conv1d(line, weight, { stride: [1, 2] })).toThrow(
      /a number in a list, not \[1, 2\]/,
    )
    // @ts-expect-error: the kernel's size is needed
    expect(() => maxPool1d(line, { stride: 2 })).toThrow(/kernelSize is a whole number/)
    const pooled: { values: Tensor; indices: Tensor } = maxPool1d(line, 2, { returnIndices: true })
    expect(pooled.indices.dtype).toBe('int64')
  })
})
