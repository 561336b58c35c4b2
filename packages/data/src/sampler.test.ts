import { readFileSync } from 'node:fs'
import { Generator, manualSeed, tensor, zeros } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import {
  BatchSampler,
  DistributedSampler,
  RandomSampler,
  SequentialSampler,
  SubsetRandomSampler,
  WeightedRandomSampler,
} from './index.ts'

interface Golden {
  weighted: number[]
  weightedOnce: number[]
  distributed: {
    length: number
    replicas: number
    dropLast: boolean
    epoch: number
    shuffle: boolean
    ranks: number[][]
  }[]
}

// Made by fixtures/loader.py.
const golden = JSON.parse(
  readFileSync(new URL('./fixtures/loader.json', import.meta.url), 'utf8'),
) as Golden
const range = (length: number): { length: number } => ({ length })

describe('samplers', () => {
  it('draw by weight as PyTorch does', () => {
    manualSeed(2)
    const weights = [0.1, 0.9, 0.4, 0.7, 3.0, 0.6]
    expect([...new WeightedRandomSampler(weights, 12)]).toEqual(golden.weighted)
    const generator = new Generator().manualSeed(8)
    const once = new WeightedRandomSampler([0.9, 0.4, 0.05, 0.2, 0.3, 0.1], {
      numSamples: 5,
      replacement: false,
      generator,
    })
    expect([...once]).toEqual(golden.weightedOnce)
    expect(once.length).toBe(5)
  })

  it('share the samples among processes as PyTorch does', () => {
    for (const { length, replicas, dropLast, epoch, shuffle, ranks } of golden.distributed) {
      const shares = ranks.map((_, rank) => {
        const sampler = new DistributedSampler(range(length), replicas, rank, {
          shuffle,
          seed: 4,
          dropLast,
        })
        sampler.setEpoch(epoch)
        expect(sampler.length).toBe(ranks[rank]?.length)
        return [...sampler]
      })
      expect(shares).toEqual(ranks)
    }
  })

  it('have none of an empty dataset', () => {
    expect([...new SequentialSampler([])]).toEqual([])
    expect([...new SubsetRandomSampler([])]).toEqual([])
    expect([...new DistributedSampler(range(0), 2, 1)]).toEqual([])
    expect([...new BatchSampler([], 2, false)]).toEqual([])
  })

  it('draw more samples than there are', () => {
    const drawn = [...new RandomSampler(range(3), false, 7)]
    expect(drawn.length).toBe(7)
    expect(drawn.slice(0, 3).sort((a, b) => a - b)).toEqual([0, 1, 2])
    expect(drawn.slice(3, 6).sort((a, b) => a - b)).toEqual([0, 1, 2])
    const replaced = [...new RandomSampler(range(2), { replacement: true, numSamples: 40 })]
    expect(replaced.length).toBe(40)
    expect(new Set(replaced)).toEqual(new Set([0, 1]))
  })

  it('leave out the last batch, or not', () => {
    expect([...new BatchSampler([1, 2, 3], { batchSize: 2, dropLast: true })]).toEqual([[1, 2]])
    const sampler = new BatchSampler(new SequentialSampler(range(5)), 2, { dropLast: false })
    expect([sampler.length, ...sampler]).toEqual([3, [0, 1], [2, 3], [4]])
    const endless = new BatchSampler(new Set([1]).values(), 1, true)
    expect(() => endless.length).toThrow(/must have a length/)
  })

  it('say what is wrong', () => {
    expect(() => new RandomSampler(range(0))).toThrow(
      /numSamples must be a whole number ≥ 1, not 0/,
    )
    expect(() => new RandomSampler(range(2), 1 as never)).toThrow(
      /replacement must be true or false/,
    )
    expect(() => new RandomSampler(range(2), { numSamples: -1 })).toThrow(/not -1/)
    expect(() => new RandomSampler({} as never)).toThrow(/must have a length/)
    expect(() => new RandomSampler(range(2), { generator: 5 as never })).toThrow(/be a Generator/)
    expect(() => new WeightedRandomSampler([1], 0)).toThrow(/numSamples .* not 0/)
    expect(() => new WeightedRandomSampler(zeros([2, 2]), 1)).toThrow(/weights must have one axis/)
    expect(() => [...new WeightedRandomSampler(tensor([0, 0]), 1)]).toThrow(/multinomial/)
    expect(() => new BatchSampler([1], 0, false)).toThrow(/batchSize .* not 0/)
    expect(() => new BatchSampler(5 as never, 1, false)).toThrow(/sampler must be an iterable/)
    expect(() => new BatchSampler([1], 2.5, false)).toThrow(/batchSize .* not 2.5/)
    expect(() => new BatchSampler([1], 2, undefined as never)).toThrow(/dropLast must be true/)
    expect(() => new DistributedSampler(range(2), 2, 2)).toThrow(/rank .* 0 to 1, not 2/)
    expect(() => new DistributedSampler(range(2), 0, 0)).toThrow(/numReplicas .* not 0/)
    expect(() => new DistributedSampler(range(2), 1, 0).setEpoch(0.5)).toThrow(/whole number/)
  })
})
