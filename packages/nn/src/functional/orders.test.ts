/** That the functions whose order of arguments is not torch's do what core's do. */
import * as core from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import { functional as F } from '../index.ts'

const numbers = (...sizes: number[]): Tensor =>
  core
    .arange(sizes.reduce((a, b) => a * b, 1))
    .mul(0.7)
    .sin()
    .reshape(sizes)

function expectSame(a: Tensor, b: Tensor): void {
  expect(a.shape).toEqual(b.shape)
  expect(Array.from(a.toArray())).toEqual(Array.from(b.toArray()))
}

describe('normalisation', () => {
  const x = numbers(4, 3, 5)
  const [mean, variance, w, b] = [numbers(3), numbers(3).square().add(1), numbers(3), numbers(3)]

  it('takes running statistics before weight and bias', () => {
    expectSame(F.batchNorm(x, mean, variance, w, b), core.batchNorm(x, w, b, mean, variance))
    expectSame(
      F.batchNorm(x, null, null, { training: true }),
      core.batchNorm(x, { training: true }),
    )
    expectSame(F.instanceNorm(x, { weight: w }), core.instanceNorm(x, w))
  })

  it('moves running statistics while training', () => {
    const running = [core.zeros([3]), core.ones([3])] as const
    F.batchNorm(x, ...running, w, b, true, 0.5)
    expect(running[0].allclose(x.mean([0, 2]).mul(0.5))).toBe(true)
    expect(running[1].allclose(x.var([0, 2]).mul(0.5).add(0.5))).toBe(true)
  })

  it('refuses statistics of a single value', () => {
    expect(() => F.batchNorm(core.ones([1, 3]), null, null, { training: true })).toThrow(
      /batchNorm: there is only one value per channel/,
    )
    expect(() => F.instanceNorm(core.ones([2, 3, 1]))).toThrow(/only one pixel per channel/)
  })
})

describe('embeddings', () => {
  const table = numbers(5, 4)
  const indices = core.tensor([
    [1, 4],
    [0, 1],
  ])

  it('take indices first', () => {
    expectSame(F.embedding(indices, table), core.embedding(table, indices))
    expectSame(
      F.embeddingBag(indices, table, { mode: 'sum' }),
      core.embeddingBag(table, indices.flatten(), core.tensor([0, 2])).output,
    )
    expectSame(
      F.embeddingBag(core.tensor([1, 4, 0]), table, core.tensor([0, 1])),
      core.embeddingBag(table, core.tensor([1, 4, 0]), core.tensor([0, 1]), { mode: 'mean' })
        .output,
    )
  })

  it('scale rows in place to a largest norm', () => {
    const own = core.tensor([
      [3, 4],
      [0.3, 0.4],
      [6, 8],
    ])
    expectSame(F.embedding(core.tensor([1]), own, { maxNorm: 1 }), core.tensor([[0.3, 0.4]]))
    expect(
      F.embedding(core.tensor([0]), own, null, 1)
        .norm()
        .item(),
    ).toBeCloseTo(1)
    expect(own.select(0, 2).tolist()).toEqual([6, 8])
  })

  it('count a padding row from the back', () => {
    expectSame(
      F.embeddingBag(indices, table, { mode: 'sum', paddingIdx: -1 }),
      F.embeddingBag(indices, table, { mode: 'sum', paddingIdx: 4 }),
    )
    expect(() => F.embedding(indices, table, 5)).toThrow(/paddingIdx 5 is outside \[-5, 4\]/)
  })

  it('refuse what does not fit', () => {
    expect(() => F.embeddingBag(indices, table, core.tensor([0]))).toThrow(/takes no offsets/)
    expect(() => F.embeddingBag(core.tensor([1]), table)).toThrow(/or \[n\] with offsets/)
    expect(() => F.embeddingBag(indices, table, { mode: 'max', scaleGradByFreq: true })).toThrow(
      /scaleGradByFreq is not for mode 'max'/,
    )
  })
})

describe('pooling to a given size', () => {
  it('returns indices where they are asked for', () => {
    const x = numbers(2, 3, 7)
    const { values, indices } = core.adaptiveMaxPool1d(x, 3)
    expectSame(F.adaptiveMaxPool1d(x, 3), values)
    expectSame(F.adaptiveMaxPool1d(x, 3, true).indices, indices)
    expect(F.adaptiveMaxPool2d(numbers(2, 4, 6), [2, null]).shape).toEqual([2, 2, 6])
    const volumes = F.adaptiveMaxPool3d(numbers(1, 2, 3, 4, 5), 2, { returnIndices: true })
    expect(volumes.indices.shape).toEqual([1, 2, 2, 2, 2])
  })
})

describe('losses', () => {
  const [a, b] = [numbers(4, 3), numbers(4, 3).cos()]
  const signs = core.tensor([1, -1, 1, -1])

  it('are means by default, and take the old flags', () => {
    const each = core.hingeEmbeddingLoss(a, signs.unsqueeze(1))
    expectSame(F.hingeEmbeddingLoss(a, signs.unsqueeze(1)), each.mean())
    expectSame(F.hingeEmbeddingLoss(a, signs.unsqueeze(1), 1, false), each.sum())
    expectSame(F.hingeEmbeddingLoss(a, signs.unsqueeze(1), { reduce: false }), each)
    expectSame(
      F.cosineEmbeddingLoss(a, b, signs, 0.1),
      core.cosineEmbeddingLoss(a, b, signs, 0.1, 1),
    )
    const target = signs.unsqueeze(1).expand([4, 3])
    expectSame(F.marginRankingLoss(a, b, target), core.marginRankingLoss(a, b, target, 0, 'mean'))
    expectSame(
      F.tripletMarginLoss(a, b, b.neg(), { margin: 2, reduction: 'sum' }),
      core.tripletMarginLoss(a, b, b.neg(), { margin: 2, reduction: 2 }),
    )
    const yes = b.abs()
    expectSame(
      F.binaryCrossEntropyWithLogits(a, yes, { posWeight: core.tensor([2, 1, 0.5]) }),
      core.binaryCrossEntropyWithLogits(a, yes, null, core.tensor([2, 1, 0.5]), 'mean'),
    )
    const scores = core.logSoftmax(numbers(6, 2, 4), 2)
    const labels = core.tensor([
      [1, 2],
      [3, 1],
    ])
    expectSame(
      F.ctcLoss(scores, labels, [6, 5], [2, 1]),
      core.ctcLoss(scores, labels, [6, 5], [2, 1], 0, 'mean'),
    )
  })

  it('refuse what torch takes and nn.functional does not', () => {
    expect(() => F.binaryCrossEntropyWithLogits(a, b.narrow(0, 0, 1))).toThrow(/the same shape/)
    expect(() => F.marginRankingLoss(a, b, signs.unsqueeze(1).unsqueeze(0))).toThrow(
      /the same number of axes/,
    )
    expect(() => F.tripletMarginLoss(a, b, b, { margin: 0 })).toThrow(/margin must be above 0/)
  })
})

describe('dropout of channels', () => {
  it('drops or keeps whole channels', () => {
    core.manualSeed(0)
    const x = core.ones([4, 8, 3, 3])
    const sums = F.dropout2d(x).sum([2, 3]).flatten().tolist() as number[]
    expect(new Set(sums)).toEqual(new Set([0, 18]))
    const lines = F.dropout1d(core.ones([8, 5]))
      .sum(1)
      .tolist() as number[]
    expect(new Set(lines)).toEqual(new Set([0, 10]))
  })

  it('writes into its input where it is told to', () => {
    core.manualSeed(0)
    const x = core.ones([8, 2, 2, 2])
    expect(F.dropout3d(x, 0.5, true, true)).toBe(x)
    expect(x.eq(0).any().item()).toBeTruthy()
  })

  it('of SELU networks does nothing unless training', () => {
    const x = numbers(4, 3)
    expectSame(F.alphaDropout(x, 0.5), x)
    expectSame(F.featureAlphaDropout(x, 0.5), x)
    core.manualSeed(0)
    const dropped = F.alphaDropout(x, 0.5, true)
    core.manualSeed(0)
    expectSame(dropped, core.alphaDropout(x, 0.5, true))
  })

  it('refuses other ranks', () => {
    expect(() => F.dropout1d(core.ones([2, 3, 4, 5]))).toThrow(
      /dropout1d: input must be \[N, C, L\]/,
    )
  })
})
