import { arange, Generator, manualSeed, tensor, zeros } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import { DataLoader, Dataset, defaultCollate, Subset, TensorDataset } from './index.ts'

class Squares extends Dataset<[number, { half: number; name: string }]> {
  override readonly length = 7
  override getItem(index: number): [number, { half: number; name: string }] {
    return [index * index, { half: index / 2, name: `n${index}` }]
  }
}

async function epoch(loader: DataLoader<[Tensor], [Tensor]>): Promise<number[]> {
  const seen: number[] = []
  for await (const [x] of loader) seen.push(...x.toArray())
  return seen
}

describe('DataLoader', () => {
  it('makes batches in order, the last one smaller or left out', () => {
    const data = new TensorDataset(arange(7))
    const sizes = (dropLast: boolean): number[] =>
      [...new DataLoader(data, { batchSize: 3, dropLast })].map(([x]) => x.numel())
    expect(sizes(false)).toEqual([3, 3, 1])
    expect(sizes(true)).toEqual([3, 3])
    expect(new DataLoader(data, { batchSize: 3 }).length).toBe(3)
  })

  it('shuffles anew each epoch, by the seed', async () => {
    const data = new TensorDataset(arange(50))
    const run = async (): Promise<number[][]> => {
      manualSeed(5)
      const loader = new DataLoader(data, { batchSize: 8, shuffle: true })
      return [await epoch(loader), await epoch(loader)]
    }
    const [first, second] = (await run()) as [number[], number[]]
    expect(first).not.toEqual(second)
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect(await run()).toEqual([first, second])
  })

  it('leaves the default generator alone when it has one of its own', async () => {
    manualSeed(1)
    const loader = new DataLoader(new TensorDataset(arange(20)), {
      shuffle: true,
      generator: new Generator().manualSeed(3),
    })
    const first = await epoch(loader)
    const other = new DataLoader(new TensorDataset(arange(20)), {
      shuffle: true,
      generator: new Generator().manualSeed(3),
    })
    manualSeed(2)
    expect(await epoch(other)).toEqual(first)
  })

  it('collates numbers, objects and strings', () => {
    const [first] = [...new DataLoader(new Squares(), { batchSize: 3 })] as unknown as [
      [Tensor, { half: Tensor; name: string[] }],
    ]
    expect(first[0].dtype).toBe('int64')
    expect(first[0].tolist()).toEqual([0, 1, 4])
    expect(first[1].half.tolist()).toEqual([0, 0.5, 1])
    expect(first[1].name).toEqual(['n0', 'n1', 'n2'])
  })

  it('takes a collate function', () => {
    const loader = new DataLoader(new Squares(), {
      batchSize: 4,
      collate: (samples) => samples.map(([square]) => square) as never,
    })
    expect([...loader]).toEqual([
      [0, 1, 4, 9],
      [16, 25, 36],
    ])
  })

  it('says what is wrong', () => {
    expect(() => new DataLoader(new Squares(), { batchSize: 0 })).toThrow(
      /batchSize must be a whole number ≥ 1, not 0/,
    )
    expect(() => new TensorDataset(zeros([3]), zeros([4]))).toThrow(/first axes must be equal/)
    expect(() => new TensorDataset(arange(3)).getItem(3)).toThrow(
      /sample 3 does not exist; there are 3/,
    )
    expect(() => new Subset(new Squares(), [7])).toThrow(/sample 7 does not exist/)
    expect(() => defaultCollate([[1, 2], [3]])).toThrow(/different numbers of parts/)
    expect(() => defaultCollate([undefined])).toThrow(/samples of type undefined/)
  })
})

describe('datasets', () => {
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
    const part = new Subset(data, [2, 1])
    expect(part.length).toBe(2)
    expect(part.getItem(0)[1].item()).toBe(7)
    expect((await part.getBatch?.([1]))?.[1].tolist()).toEqual([6])
  })
})
