import { readFileSync } from 'node:fs'
import { arange, manualSeed, rand, tensor, zeros } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import type { SampleContext } from './index.ts'
import {
  ChainDataset,
  ConcatDataset,
  DataLoader,
  Dataset,
  IterableDataset,
  randomSplit,
  sampleContext,
  StackDataset,
  Subset,
  TensorDataset,
} from './index.ts'

const golden = JSON.parse(
  readFileSync(new URL('./fixtures/loader.json', import.meta.url), 'utf8'),
) as { split: { length: number; lengths: number[]; parts: number[][] }[] }

/** Reads many at once, and says how it was asked. */
class Bulk extends Dataset<number> {
  readonly length = 10
  readonly asked: string[] = []
  override getItem(index: number): number {
    this.asked.push(`one ${index}`)
    return index
  }
  override getItems(indices: readonly number[], contexts?: readonly SampleContext[]): number[] {
    this.asked.push(`many ${indices.join(' ')} ${contexts?.map((one) => one.index).join(' ')}`)
    return [...indices]
  }
}

class Later extends Dataset<string> {
  readonly length = 10
  override async getItem(index: number): Promise<string> {
    await Promise.resolve()
    return `later ${index}`
  }
}

class Words extends IterableDataset<string> {
  readonly words: string[]
  constructor(...words: string[]) {
    super()
    this.words = words
  }
  get length(): number {
    return this.words.length
  }
  override *[Symbol.iterator](): Generator<string> {
    yield* this.words
  }
}

describe('TensorDataset and Subset', () => {
  it('read single samples and batches alike', async () => {
    const data = new TensorDataset(arange(6).view(3, 2), tensor([5, 6, 7]))
    expect(data.getItem(-1).map((x) => x.tolist())).toEqual([[4, 5], 7])
    expect(data.getBatch([2, 0]).map((x) => x.tolist())).toEqual([
      [
        [4, 5],
        [0, 1],
      ],
      [7, 5],
    ])
    const part = new Subset(data, [2, -2])
    expect(part.length).toBe(2)
    expect(part.getItem(0)[1].item()).toBe(7)
    expect((await part.getBatch?.([1]))?.[1].tolist()).toEqual([6])
  })

  it('pass on how many samples are read at once, with their contexts', async () => {
    const data = new Bulk()
    const part = new Subset(data, [9, 8, 7])
    const loader = new DataLoader(part, { batchSize: 2 })
    for await (const x of loader) expect(x.ndim).toBe(1)
    expect(data.asked).toEqual(['many 9 8 0 1', 'many 7 2'])
  })

  it('do not pass by what a subclass does to samples', async () => {
    class Doubled extends Subset<number> {
      override getItem(index: number): number {
        return 2 * (super.getItem(index) as number)
      }
    }
    const seen: unknown[] = []
    for await (const x of new DataLoader(new Doubled(new Bulk(), [3, 4]), { batchSize: 2 })) {
      seen.push((x as Tensor).tolist())
    }
    expect(seen).toEqual([[6, 8]])
  })

  it('say what is wrong', () => {
    expect(() => new TensorDataset(zeros([3]), zeros([4]))).toThrow(/first axes must be equal/)
    expect(() => new TensorDataset()).toThrow(/at least one tensor/)
    expect(() => new TensorDataset(zeros([]))).toThrow(/first axes/)
    expect(() => new TensorDataset(arange(3)).getItem(3)).toThrow(/there are 3/)
    expect(() => new TensorDataset(arange(3)).getBatch([0, 5])).toThrow(/sample 5 does not exist/)
    expect(() => new Subset(new Bulk(), [10])).toThrow(/sample 10 does not exist/)
    expect(() => new Subset(new Words() as never, [0])).toThrow(/IterableDataset have no index/)
  })
})

describe('ConcatDataset', () => {
  it('finds samples of all parts, empty ones too', () => {
    const part = (n: number, from: number): TensorDataset<[Tensor]> =>
      new TensorDataset(arange(from, from + n))
    const data = new ConcatDataset([part(0, 0), part(2, 10), part(0, 0), part(3, 20)])
    expect([data.length, data.cumulativeSizes]).toEqual([5, [0, 2, 2, 5]])
    const read = (i: number): number => (data.getItem(i) as [Tensor])[0].item()
    expect([0, 1, 2, 4, -1, -5].map(read)).toEqual([10, 11, 20, 22, 22, 10])
    expect(() => data.getItem(5)).toThrow(/sample 5 does not exist; there are 5/)
    expect(() => new ConcatDataset([])).toThrow(/at least one dataset/)
    expect(() => new ConcatDataset([new Words() as never])).toThrow(/IterableDataset/)
  })
})

describe('StackDataset', () => {
  it('puts samples side by side, also those that arrive later', async () => {
    const bulk = new Bulk()
    const listed = new StackDataset(bulk, new Later())
    expect(await listed.getItem(3)).toEqual([3, 'later 3'])
    expect(await listed.getItems([1, 2])).toEqual([
      [1, 'later 1'],
      [2, 'later 2'],
    ])
    const named = new StackDataset({ bulk, other: new Bulk() })
    expect(named.getItem(-1)).toEqual({ bulk: 9, other: 9 })
    const batches: unknown[] = []
    for await (const batch of new DataLoader(named, { batchSize: 5 })) {
      batches.push([batch.bulk.tolist(), batch.other.tolist()])
    }
    expect(batches).toEqual([
      [
        [0, 1, 2, 3, 4],
        [0, 1, 2, 3, 4],
      ],
      [
        [5, 6, 7, 8, 9],
        [5, 6, 7, 8, 9],
      ],
    ])
  })

  it('says what is wrong', () => {
    expect(() => new StackDataset(new Bulk(), new TensorDataset(arange(3)))).toThrow(/same length/)
    expect(() => new StackDataset()).toThrow(/at least one dataset/)
    class Short extends Bulk {
      override getItems(): number[] {
        return [1]
      }
    }
    expect(() => new StackDataset(new Short()).getItems([1, 2])).toThrow(/1 samples for 2 indices/)
  })
})

describe('ChainDataset', () => {
  it('gives one stream after another', async () => {
    const chain = new ChainDataset([new Words('a', 'b'), new Words(), new Words('c')])
    expect(chain.length).toBe(3)
    const seen: unknown[] = []
    for await (const batch of new DataLoader(chain, { batchSize: 2 })) seen.push(batch)
    expect(seen).toEqual([['a', 'b'], ['c']])
  })

  it('says what is wrong', async () => {
    const chain = new ChainDataset([new Bulk() as never])
    expect(() => chain.length).toThrow(/must be an IterableDataset/)
    class Nothing extends IterableDataset {}
    const loader = new DataLoader(new Nothing())
    await expect(loader[Symbol.asyncIterator]().next()).rejects.toThrow(
      /Nothing cannot be iterated/,
    )
    expect(() => new ChainDataset([new Nothing()]).length).toThrow(/has no length/)
  })
})

describe('randomSplit', () => {
  it('gives the parts that PyTorch gives', () => {
    manualSeed(5)
    for (const { length, lengths, parts } of golden.split) {
      const data = new TensorDataset(arange(length))
      expect(randomSplit(data, lengths).map((part) => part.indices)).toEqual(parts)
    }
  })

  it('says what is wrong', () => {
    const data = new Bulk()
    expect(() => randomSplit(data, [3, 3])).toThrow(/add up to 10/)
    expect(() => randomSplit(data, [1.5, -0.5])).toThrow(/fraction 0 \(1.5\)/)
    expect(() => randomSplit(data, [12, -2])).toThrow(/add up to 10/)
    expect(() => randomSplit(data, [])).toThrow(/add up to 10/)
    expect(() => randomSplit([1] as never, [1])).toThrow(/getItem/)
  })
})

describe('the context of a sample', () => {
  it('depends on the seed, the epoch and the index', () => {
    const seeds = [
      sampleContext(0),
      sampleContext(1),
      sampleContext(2 ** 33),
      sampleContext(0, { epoch: 1 }),
      sampleContext(0, { seed: 1 }),
      sampleContext(0, { seed: 2n ** 40n }),
    ].map((context) => context.seed)
    expect(new Set(seeds).size).toBe(seeds.length)
    for (const seed of seeds) expect(Number.isSafeInteger(seed) && seed >= 0).toBe(true)
    expect(sampleContext(5, { seed: 3, epoch: 2 }).seed).toBe(
      sampleContext(5, { seed: 3, epoch: 2 }).seed,
    )
    const { generator, seed } = sampleContext(7)
    expect(generator.initialSeed()).toBe(BigInt(seed))
  })

  it('gives seeds that are spread evenly', () => {
    const draws = Array.from({ length: 4000 }, (_, i) => sampleContext(i).seed / 2 ** 53)
    const mean = draws.reduce((a, b) => a + b, 0) / draws.length
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02)
    expect(new Set(draws).size).toBe(4000)
    const first = Array.from({ length: 300 }, (_, i) =>
      rand([1], { generator: sampleContext(i).generator }).item(),
    )
    expect(Math.abs(first.reduce((a, b) => a + b, 0) / 300 - 0.5)).toBeLessThan(0.06)
  })
})
