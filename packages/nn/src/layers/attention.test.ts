import { arange, manualSeed, memoryStats, ones, rand } from '@flambeau/core'
import { randn, resetPeakMemoryStats } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import { MultiheadAttention } from './attention.ts'
import { TransformerDecoderLayer, TransformerEncoderLayer } from './transformer-layers.ts'
import { Transformer } from './transformer.ts'

const difference = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item()

/** The outputs and the gradients of the inputs, with and without weights. */
function bothWays(
  make: () => MultiheadAttention,
  inputs: readonly Tensor[],
  options: { keyPaddingMask?: Tensor; attnMask?: Tensor; isCausal?: boolean } = {},
): [fused: Tensor[], whole: Tensor[]] {
  const [query, key, value] = inputs as [Tensor, Tensor, Tensor]
  return [false, true].map((needWeights) => {
    manualSeed(1)
    const layer = make()
    for (const input of inputs) input.grad = null
    const [output] = layer(query, key, value, { ...options, needWeights })
    output.mul(output).sum().backward()
    const grads = new Set([...inputs, ...layer.parameters()].map((one) => one.grad))
    return [output, ...grads]
  }) as unknown as [Tensor[], Tensor[]]
}

function expectAlike([fused, whole]: [Tensor[], Tensor[]]): void {
  expect(fused.length).toBe(whole.length)
  fused.forEach((one, i) => expect(difference(one, whole[i] as Tensor)).toBeLessThan(1e-4))
}

describe('attention without weights is what it is with weights', () => {
  const leaf = (...shape: number[]): Tensor => randn(shape, { requiresGrad: true })

  for (const batchFirst of [false, true]) {
    const make = (): MultiheadAttention => new MultiheadAttention(8, 2, { batchFirst })
    const shape = (length: number): number[] => (batchFirst ? [3, length, 8] : [length, 3, 8])
    const named = batchFirst ? 'batches first' : 'lengths first'

    it(`of a sequence to itself, ${named}`, () => {
      const x = leaf(...shape(5))
      expectAlike(bothWays(make, [x, x, x]))
    })

    it(`of one sequence to another, ${named}`, () => {
      const [x, y] = [leaf(...shape(5)), leaf(...shape(7))]
      const keyPaddingMask = ones([3, 7], { dtype: 'bool' }).triu(3)
      expectAlike(bothWays(make, [x, y, y], { keyPaddingMask }))
    })

    it(`of three sequences, causal, ${named}`, () => {
      const inputs = [leaf(...shape(6)), leaf(...shape(6)), leaf(...shape(6))]
      const attnMask = Transformer.generateSquareSubsequentMask(6)
      expectAlike(bothWays(make, inputs, { attnMask, isCausal: true }))
    })
  }

  it('with keys that are learnt, and zeros', () => {
    const x = leaf(4, 3, 8)
    const make = (): MultiheadAttention =>
      new MultiheadAttention(8, 2, { addBiasKv: true, addZeroAttn: true })
    const attnMask = Transformer.generateSquareSubsequentMask(4)
    expectAlike(bothWays(make, [x, x, x], { attnMask, isCausal: true }))
  })
})

it('keeps no matrix of weights when nobody asks for it', () => {
  const layer = new MultiheadAttention(16, 8, { batchFirst: true })
  const x = randn([1, 2048, 16])
  const before = memoryStats().liveBytes
  resetPeakMemoryStats()
  const [output, weights] = noGrad(() => layer(x, x, x, { needWeights: false }))
  expect(weights).toBeNull()
  expect(output.shape).toEqual([1, 2048, 16])
  expect(memoryStats().peakBytes - before).toBeLessThan(8 * 2048 * 2048) // a quarter of it
})

// From PyTorch 2.13: manual_seed(3), the layer and randn(3, 5, 8); manual_seed(5), the call and
// rand(1); then the decoder layer, randn(3, 5, 8) as memory, manual_seed(5) and its call. Numbers are the
// first ones of (y * arange(8)).sum(2).
const DROPPED = [
  {
    batchFirst: true,
    encoder: [-7.03022, -3.824646, 2.566584, -11.180369, 5.066134],
    decoder: [-12.649324, -4.963129, -4.537505, -9.987232, 1.465448],
  },
  {
    batchFirst: false,
    encoder: [-4.003169, 2.308565, -2.109256, -8.401471, -0.444818],
    decoder: [-6.811711, -1.522934, -1.571453, -7.508766, 10.859138],
  },
]

for (const { batchFirst, encoder, decoder } of DROPPED) {
  it(`layers drop what PyTorch drops, ${batchFirst ? 'batches' : 'lengths'} first`, () => {
    const start = (y: Tensor): number[] =>
      y.mul(arange(8)).sum(2).flatten().narrow(0, 0, 5).tolist() as number[]
    manualSeed(3)
    const one = new TransformerEncoderLayer(8, 2, 16, 0.3, { batchFirst })
    const x = randn([3, 5, 8])
    manualSeed(5)
    start(one(x)).forEach((value, i) => expect(value).toBeCloseTo(encoder[i] as number, 4))
    rand([1])
    const two = new TransformerDecoderLayer(8, 2, 16, 0.3, { batchFirst })
    const memory = randn([3, 5, 8])
    manualSeed(5)
    const tgtMask = Transformer.generateSquareSubsequentMask(batchFirst ? 5 : 3)
    const y = two(x, memory, { tgtMask, tgtIsCausal: true })
    start(y).forEach((value, i) => expect(value).toBeCloseTo(decoder[i] as number, 4))
  })
}
