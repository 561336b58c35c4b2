import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  arange,
  Generator,
  getRngState,
  manualSeed,
  rand,
  randint,
  setRngState,
  Tensor,
} from '@flambeau/core'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import type { DataLoaderOptions, SampleContext } from './index.ts'
import {
  BatchSampler,
  DataLoader,
  Dataset,
  DistributedSampler,
  IterableDataset,
  loadCheckpoint,
  RandomSampler,
  Sampler,
  saveCheckpoint,
  SubsetRandomSampler,
  TensorDataset,
  WeightedRandomSampler,
} from './index.ts'
import { LateStream, Noisy, NoisyLater, Stream, Troubled } from './testing/worker-datasets.ts'

interface Epochs {
  batches: (number | number[])[][]
  next: number
}

// Made by fixtures/loader.py.
const golden = JSON.parse(
  readFileSync(new URL('./fixtures/loader.json', import.meta.url), 'utf8'),
) as { epochs: Record<string, Epochs> }

/** Tensors as their values. */
function plain(value: unknown): unknown {
  if (value instanceof Tensor) return value.tolist()
  return Array.isArray(value) ? value.map(plain) : value
}

async function epoch(loader: AsyncIterable<unknown>, count = Infinity): Promise<unknown[]> {
  const seen: unknown[] = []
  for await (const batch of loader) {
    seen.push(plain(batch))
    if (seen.length >= count) break
  }
  return seen
}

class Squares extends Dataset<[number, { half: number; name: string }]> {
  override readonly length = 7
  override getItem(index: number): [number, { half: number; name: string }] {
    return [index * index, { half: index / 2, name: `n${index}` }]
  }
}

describe('DataLoader', () => {
  it('makes batches in order, the last one smaller or left out', async () => {
    const data = new TensorDataset(arange(7))
    const sizes = (dropLast: boolean): number[] =>
      [...new DataLoader(data, { batchSize: 3, dropLast })].map(([x]) => x.numel())
    expect(sizes(false)).toEqual([3, 3, 1])
    expect(sizes(true)).toEqual([3, 3])
    expect(new DataLoader(data, { batchSize: 3 }).length).toBe(3)
    expect(new DataLoader(data, { batchSize: 3, dropLast: true }).length).toBe(2)
    expect(await epoch(new DataLoader(data, 4, false))).toEqual([[[0, 1, 2, 3]], [[4, 5, 6]]])
    expect(await epoch(new DataLoader([10, 20, 30], 2))).toEqual([[10, 20], [30]])
  })

  it('has the dataset with its own type: length, and the fields of a class', () => {
    const told = (loader: DataLoader<[Tensor]>): number => loader.dataset.length
    expect(told(new DataLoader(new TensorDataset(arange(7)), { batchSize: 2 }))).toBe(7)
    const loader = new DataLoader(new Squares(), { batchSize: 3, shuffle: true })
    expectTypeOf(loader.dataset).toEqualTypeOf<Squares>()
    expect(loader.dataset).toBeInstanceOf(Squares)
    expectTypeOf(new DataLoader([1, 2]).dataset.length).toEqualTypeOf<number>()
    expect(new DataLoader([1, 2]).dataset.length).toBe(2)
    expectTypeOf(new DataLoader(new Stream([2])).dataset).toEqualTypeOf<Stream>()
  })

  it.each([
    ['plain', () => ({ batchSize: 4 })],
    ['shuffle', () => ({ batchSize: 4, shuffle: true })],
    ['dropLast', () => ({ batchSize: 4, shuffle: true, dropLast: true })],
    [
      'generator',
      () => ({ batchSize: 4, shuffle: true, generator: new Generator().manualSeed(3) }),
    ],
    ['oneByOne', () => ({ batchSize: null, shuffle: true })],
    ['sampler', () => ({ batchSize: 3, sampler: new RandomSampler(eleven, { numSamples: 25 }) })],
    ['replacement', () => ({ batchSize: 30, sampler: new RandomSampler(eleven, true, 70) })],
    [
      'batchSampler',
      () => ({ batchSampler: new BatchSampler(new SubsetRandomSampler([5, 1, 9, 7]), 3, true) }),
    ],
  ] as [string, () => DataLoaderOptions][])(
    'has the order of PyTorch, and draws as much: %s',
    async (name, options) => {
      manualSeed(7)
      const loader = new DataLoader(new TensorDataset(arange(11)), options() as never)
      const batches = [await epoch(loader), await epoch(loader)].map((seen) =>
        seen.map((batch) => (batch as unknown[])[0]),
      )
      expect({ batches, next: randint(1_000_000, [1]).item() }).toEqual(golden.epochs[name])
      expect(loader.length).toBe(golden.epochs[name]?.batches[0]?.length)
    },
  )

  it('collates numbers, objects and strings, or what it is told', async () => {
    const [first] = [...new DataLoader(new Squares(), { batchSize: 3 })]
    expect(first?.[0].dtype).toBe('int64')
    expect(first?.[1].half.tolist()).toEqual([0, 0.5, 1])
    expect(first?.[1].name).toEqual(['n0', 'n1', 'n2'])
    const own = new DataLoader(new Squares(), {
      batchSize: 4,
      collateFn: (samples) => samples.map(([square]) => square),
    })
    const batches: number[][] = [...own]
    expect(batches).toEqual([
      [0, 1, 4, 9],
      [16, 25, 36],
    ])
    const module = new URL('./testing/worker-datasets.ts', import.meta.url)
    const named = { module, export: 'scaledBy', args: [10] }
    expect(await epoch(new DataLoader([1, 2, 3], { batchSize: 2, collateFn: named }))).toEqual([
      [10, 20],
      [30],
    ])
  })

  it('gives samples one by one without a batch size', async () => {
    const loader = new DataLoader([Float32Array.of(1), Float32Array.of(2)], { batchSize: null })
    expect(await epoch(loader)).toEqual([[1], [2]])
    const own = new DataLoader(new Squares(), {
      batchSize: null,
      collateFn: (sample) => (sample as unknown as [number])[0],
    })
    expect((await epoch(own)).slice(0, 3)).toEqual([0, 1, 4])
  })

  it('has no batches of an empty dataset', async () => {
    const loader = new DataLoader([], { batchSize: 2 })
    expect([loader.length, await epoch(loader)]).toEqual([0, []])
    expect(await epoch(new DataLoader(new Stream([0]), { batchSize: 2 }))).toEqual([])
    expect(() => new DataLoader([], { shuffle: true })).toThrow(/numSamples .* not 0/)
  })

  it('can be iterated twice at a time', async () => {
    const loader = new DataLoader([1, 2, 3], { batchSize: 1 })
    const [a, b] = [loader[Symbol.asyncIterator](), loader[Symbol.asyncIterator]()]
    expect(plain((await a.next()).value)).toEqual([1])
    expect(plain((await b.next()).value)).toEqual([1])
    expect(plain((await a.next()).value)).toEqual([2])
    await a.return()
    expect(await a.next()).toEqual({ done: true, value: undefined })
    expect(plain((await b.next()).value)).toEqual([2])
  })

  it('reads streams', async () => {
    const stream = (options: object): Promise<unknown[]> =>
      epoch(new DataLoader(new LateStream(5), options))
    expect(await stream({ batchSize: 2 })).toEqual([[0, 1], [2, 3], [4]])
    expect(await stream({ batchSize: 2, dropLast: true })).toEqual([
      [0, 1],
      [2, 3],
    ])
    expect(await stream({ batchSize: null })).toEqual([0, 1, 2, 3, 4])
    const sync = new DataLoader(new Stream([3]), { batchSize: 2 })
    expect((await epoch(sync)).map((batch) => (batch as unknown[])[0])).toEqual([[0, 1], [2]])
    expect(() => sync.length).toThrow(/IterableDataset has no length/)
  })

  it('closes streams that are left early', async () => {
    let closed = 0
    class Endless extends IterableDataset<number> {
      override *[Symbol.iterator](): globalThis.Generator<number> {
        try {
          for (let i = 0; ; i++) yield i
        } finally {
          closed++
        }
      }
    }
    expect(await epoch(new DataLoader(new Endless(), { batchSize: 2 }), 2)).toEqual([
      [0, 1],
      [2, 3],
    ])
    for (const batch of new DataLoader(new Endless())) {
      expect(plain(batch)).toEqual([0])
      break
    }
    expect(closed).toBe(2)
  })
})

const eleven = { length: 11 }

describe('random numbers of samples', () => {
  it('do not disturb the default generator', async () => {
    manualSeed(4)
    const loader = new DataLoader(new Noisy(6), { batchSize: 2 })
    const iterator = loader[Symbol.asyncIterator]()
    const state = getRngState().tolist()
    for (let i = 0; i < 3; i++) await iterator.next()
    expect(getRngState().tolist()).toEqual(state)
  })

  it('differ from epoch to epoch and from sample to sample, and follow the seed', async () => {
    const noise = async (seed: number): Promise<number[]> => {
      manualSeed(seed)
      const loader = new DataLoader(new Noisy(8), { batchSize: 4 })
      const epochs = [await epoch(loader), await epoch(loader)] as [number, number[][]][][]
      return epochs.flat().flatMap(([, byDefault]) => byDefault.map(([first]) => first as number))
    }
    const first = await noise(1)
    expect(new Set(first).size).toBe(16)
    expect(await noise(1)).toEqual(first)
    expect(await noise(2)).not.toEqual(first)
  })

  it('are the same in any order, and for any size of batches', async () => {
    const noise = async (options: object): Promise<Map<number, number[]>> => {
      const generator = new Generator().manualSeed(9)
      const loader = new DataLoader(new Noisy(8), { generator, ...options })
      const seen = new Map<number, number[]>()
      for await (const [index, byDefault] of loader) {
        for (const [i, one] of (index.tolist() as number[]).entries()) {
          seen.set(one, byDefault.select(0, i).tolist() as number[])
        }
      }
      return seen
    }
    const one = await noise({ batchSize: 1 })
    expect(one.size).toBe(8)
    expect(await noise({ batchSize: 3 })).toEqual(one)
    expect(await noise({ batchSize: 8, sampler: [7, 6, 5, 4, 3, 2, 1, 0] })).toEqual(one)
  })

  it('differ between copies of a sample in an epoch', async () => {
    const sampler = new WeightedRandomSampler([1, 0, 0], 8)
    const [batch] = (await epoch(new DataLoader(new Noisy(3), { batchSize: 8, sampler }))) as [
      [number[], number[][]],
    ]
    expect(new Set(batch[0])).toEqual(new Set([0]))
    expect(new Set(batch[1].map(String)).size).toBe(8)
  })

  it('do not get mixed up by samples that are read at once', async () => {
    const noise = async (prefetchFactor: number): Promise<unknown[]> => {
      manualSeed(3)
      const loader = new DataLoader(new NoisyLater(12), { batchSize: 4, prefetchFactor })
      return epoch(loader)
    }
    const one = await noise(1)
    expect(new Set((one as [unknown, number[]][]).flatMap(([, x]) => x.map(String))).size).toBe(12)
    expect(await noise(3)).toEqual(one)
  })

  it('reach a collate function', async () => {
    const batches = async (): Promise<unknown[]> => {
      manualSeed(3)
      const collateFn = (samples: number[], context: SampleContext): unknown => [
        samples.length,
        context.index,
        rand([1]),
        rand([1], { generator: context.generator }),
      ]
      return epoch(new DataLoader([1, 2, 3], { batchSize: 2, collateFn }))
    }
    const first = (await batches()) as number[][]
    expect(first.map(([count, number]) => [count, number])).toEqual([
      [2, 0],
      [1, 1],
    ])
    expect(new Set(first.flatMap(([, , a, b]) => [String(a), String(b)])).size).toBe(4)
    expect(await batches()).toEqual(first)
  })
})

describe('samples that arrive later', () => {
  class Slow extends Dataset<number> {
    readonly length = 24
    now = 0
    most = 0
    begun = 0
    override async getItem(index: number): Promise<number> {
      this.begun++
      this.most = Math.max(this.most, ++this.now)
      await new Promise((resolve) => setTimeout(resolve, 2))
      this.now--
      if (index === 13) throw new RangeError('sample 13')
      return index
    }
  }

  it('are read ahead, but not too far', async () => {
    for (const [prefetchFactor, most] of [
      [1, 3],
      [2, 6],
      [4, 12],
    ]) {
      const data = new Slow()
      const loader = new DataLoader(data, {
        batchSize: 3,
        prefetchFactor: prefetchFactor as number,
      })
      const iterator = loader[Symbol.asyncIterator]()
      for (let batch = 0; batch < 3; batch++) {
        await iterator.next()
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      expect(data.most).toBe(most)
      await iterator.return()
    }
  })

  it('throw in their turn, and only then', async () => {
    const data = new Slow()
    const seen: unknown[] = []
    const loop = async (): Promise<void> => {
      for await (const batch of new DataLoader(data, { batchSize: 3, prefetchFactor: 4 })) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        seen.push(plain(batch))
      }
    }
    await expect(loop()).rejects.toThrow(new RangeError('sample 13'))
    expect(seen.length).toBe(4)
    const begun = data.begun
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(data.begun).toBe(begun)
  })

  it('are asked for in order by a caller who does not wait', async () => {
    const iterator = new DataLoader(new LateStream(4), { batchSize: 2 })[Symbol.asyncIterator]()
    const results = await Promise.all([iterator.next(), iterator.next(), iterator.next()])
    expect(results.map(({ done, value }) => [done, plain(value)])).toEqual([
      [false, [0, 1]],
      [false, [2, 3]],
      [true, undefined],
    ])
  })

  it('cannot be iterated without waiting', () => {
    expect(() => [...new DataLoader(new NoisyLater(3))]).toThrow(/for await/)
  })
})

describe('errors', () => {
  it('of a sample come as they are', async () => {
    for (const at of [0, 3, 5]) {
      const loader = new DataLoader(new Troubled(6, at, 'throw'), { batchSize: 2 })
      const seen: unknown[] = []
      await expect(async () => {
        for await (const batch of loader) seen.push(batch)
      }).rejects.toThrow(new RangeError(`sample ${at} is broken`))
      expect(seen.length).toBe(Math.floor(at / 2))
    }
  })

  it.each([
    [{ batchSize: 0 }, /batchSize must be a whole number ≥ 1, not 0/],
    [{ batchSize: 1.5 }, /not 1.5/],
    [{ numWorkers: -1 }, /numWorkers must be a whole number ≥ 0, not -1/],
    [{ timeout: -1 }, /timeout must be a number of seconds ≥ 0/],
    [{ timeout: 1 }, /numWorkers is 0/],
    [{ prefetchFactor: 0 }, /prefetchFactor .* not 0/],
    [{ persistentWorkers: true }, /persistentWorkers needs workers/],
    [{ multiprocessingContext: 'fork' }, /workers are threads/],
    [{ shuffle: 1 }, /shuffle must be true or false/],
    [{ shuffle: true, sampler: [0] }, /sampler and shuffle both say the order/],
    [{ sampler: 5 }, /sampler must be an iterable/],
    [{ batchSampler: [[0]], batchSize: 2 }, /batchSampler says what batchSize/],
    [{ batchSampler: [[0]], dropLast: true }, /batchSampler says what batchSize/],
    [{ batchSize: null, dropLast: true }, /no last one to drop/],
    [{ collateFn: 5 }, /collateFn must be a function/],
    [{ generator: 5 }, /generator must be a Generator/],
    [{ numWorkers: 1, workerInitFn: () => {} }, /cannot go to other threads as a function/],
    [{ numWorkers: 1 }, /Squares does not say how a worker makes it again/],
    [{ inOrder: 'no' }, /inOrder must be true or false/],
    [{ batchsize: 3 }, /there is no option 'batchsize'/],
  ] as [object, RegExp][])('say what is wrong with options: %j', (options, message) => {
    expect(() => new DataLoader(new Squares(), options as never)).toThrow(message)
  })

  it('say what does not go with streams', () => {
    for (const options of [{ shuffle: true }, { sampler: [1] }, { batchSampler: [[1]] }]) {
      expect(() => new DataLoader(new Stream([1]), options)).toThrow(/its own/)
    }
    expect(() => new DataLoader(5 as never)).toThrow(/a length and a method getItem/)
    const endless = new DataLoader([1], { sampler: new Set([0]).values() })
    expect(() => endless.length).toThrow(/must have a length/)
  })

  it('tell of samples that do not exist', async () => {
    const flat = new DataLoader([1, 2], { batchSampler: [0, 1] as never })
    await expect(epoch(flat)).rejects.toThrow(/arrays of indices, not number/)
    const loader = new DataLoader([1, 2], { sampler: [0, 5] })
    await expect(epoch(loader)).rejects.toThrow(/sample 5 does not exist/)
  })
})

describe('warnings', () => {
  it('tell of streams that are longer than they say', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue()
    class Longer extends IterableDataset<number> {
      readonly length = 3;
      override *[Symbol.iterator](): globalThis.Generator<number> {
        yield* [1, 2, 3, 4, 5]
      }
    }
    const loader = new DataLoader(new Longer(), { batchSize: 1 })
    await epoch(loader)
    expect(warn).not.toHaveBeenCalled()
    expect(loader.length).toBe(3)
    await epoch(loader)
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/3 batches, but gives more/)]])
    warn.mockRestore()
  })

  it('tell once that there is no memory to pin', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue()
    for (let i = 0; i < 2; i++)
      expect(new DataLoader([1], { pinMemory: true }).pinMemory).toBe(true)
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/there is no GPU/)]])
    warn.mockRestore()
  })
})

describe('the state of a loader', () => {
  const samplers: [string, () => Partial<DataLoaderOptions>][] = [
    ['in order', () => ({})],
    ['shuffle', () => ({ shuffle: true })],
    ['own generator', () => ({ shuffle: true, generator: new Generator().manualSeed(8) })],
    [
      'sampler with a generator',
      () => ({
        sampler: new RandomSampler(eleven, true, 40, new Generator().manualSeed(2)),
      }),
    ],
    ['weighted', () => ({ sampler: new WeightedRandomSampler([1, 2, 3, 4], 11) })],
    [
      'batch sampler',
      () => ({
        batchSize: 1,
        batchSampler: new BatchSampler(new SubsetRandomSampler([4, 3, 2, 1, 0]), 2, false),
      }),
    ],
  ]

  it.each(samplers)('goes on in the middle of any epoch: %s', async (_, options) => {
    const make = (): DataLoader<[number, Tensor, Tensor]> =>
      new DataLoader(new Noisy(11), { batchSize: 2, ...options() } as never)
    manualSeed(6)
    const whole = make()
    const all = [await epoch(whole), await epoch(whole), await epoch(whole)]
    const length = all[0]?.length as number
    for (let stop = 0; stop <= length; stop++) {
      manualSeed(6)
      const loader = make()
      await epoch(loader)
      const iterator = loader[Symbol.asyncIterator]()
      for (let i = 0; i < stop; i++) await iterator.next()
      const [state, random] = [loader.stateDict(), getRngState()]
      expect([state.epoch, state.running, state.batches]).toEqual([1, true, stop])
      manualSeed(99)
      const other = make()
      other.loadStateDict(state)
      expect(other.stateDict()).toEqual(state)
      setRngState(random)
      expect(await epoch(other)).toEqual(all[1]?.slice(stop))
      // Resuming drew nothing more from the default generator.
      if (stop > 0) expect(getRngState().tolist()).toEqual(random.tolist())
      expect(await epoch(other)).toEqual(all[2])
    }
  })

  it('goes on between epochs', async () => {
    const make = (): DataLoader<[number, Tensor, Tensor]> =>
      new DataLoader(new Noisy(5), {
        shuffle: true,
        generator: new Generator().manualSeed(1),
      })
    const loader = make()
    await epoch(loader)
    const state = loader.stateDict()
    expect([state.epoch, state.running, state.batches]).toEqual([1, false, 0])
    const other = make()
    other.loadStateDict(state)
    expect(await epoch(other)).toEqual(await epoch(loader))
  })

  it('goes on from a checkpoint', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'loader-'))
    const make = (): DataLoader<[number, Tensor, Tensor]> =>
      new DataLoader(new Noisy(9), {
        batchSize: 2,
        sampler: new RandomSampler({ length: 9 }),
        generator: new Generator().manualSeed(4),
      })
    const path = join(folder, 'state')
    try {
      manualSeed(2)
      const all = await epoch(make(), 4)
      manualSeed(2)
      const loader = make()
      const seen: unknown[] = []
      for await (const batch of loader) {
        seen.push(plain(batch))
        if (seen.length === 2) break
      }
      saveCheckpoint(path, { loader })
      manualSeed(77)
      const other = make()
      loadCheckpoint(path, { loader: other })
      expect([...seen, ...(await epoch(other, 2))]).toEqual(all)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('goes on with streams, from their start', async () => {
    for (const options of [{ batchSize: 2 }, { batchSize: null }]) {
      manualSeed(1)
      const loader = new DataLoader(new Stream([9]), options)
      const all = await epoch(loader)
      manualSeed(1)
      const first = await epoch(loader, 3)
      const other = new DataLoader(new Stream([9]), options)
      other.loadStateDict(loader.stateDict())
      expect([...first, ...(await epoch(other))]).toEqual(all)
    }
    const late = new DataLoader(new LateStream(6), { batchSize: 2 })
    await epoch(late, 1)
    const other = new DataLoader(new LateStream(6), { batchSize: 2 })
    other.loadStateDict(late.stateDict())
    expect(await epoch(other)).toEqual([
      [2, 3],
      [4, 5],
    ])
  })

  it('has the state of samplers', async () => {
    const make = (): [DataLoader<number>, DistributedSampler] => {
      const sampler = new DistributedSampler(eleven, 2, 0)
      return [
        new DataLoader(
          Array.from({ length: 11 }, (_, i) => i),
          { sampler },
        ),
        sampler,
      ]
    }
    const [loader, sampler] = make()
    sampler.setEpoch(3)
    const all = await epoch(loader)
    await epoch(loader, 2)
    const [other, restored] = make()
    other.loadStateDict(loader.stateDict())
    expect(restored.epoch).toBe(0)
    expect(await epoch(other)).toEqual(all.slice(2))
    expect(restored.epoch).toBe(3)

    class Counting extends Sampler {
      readonly length = 3
      from = 0;
      override *[Symbol.iterator](): globalThis.Generator<number> {
        const from = this.from++
        for (let i = 0; i < 3; i++) yield (from + i) % 11
      }
      override stateDict(): Record<string, unknown> {
        return { from: this.from }
      }
      override loadStateDict(state: Record<string, unknown>): void {
        this.from = state['from'] as number
      }
    }
    const numbers = Array.from({ length: 11 }, (_, i) => i)
    const counting = new DataLoader(numbers, { sampler: new Counting() })
    await epoch(counting)
    await epoch(counting, 1)
    const again = new DataLoader(numbers, { sampler: new Counting() })
    again.loadStateDict(counting.stateDict())
    expect([await epoch(again), await epoch(again)]).toEqual([
      [[2], [3]],
      [[2], [3], [4]],
    ])
  })

  it('does not go on from anything else', () => {
    const loader = new DataLoader([1, 2])
    const state = loader.stateDict()
    for (const wrong of [null, 5, {}, { ...state, batches: -1 }, { ...state, ahead: 'x' }]) {
      expect(() => loader.loadStateDict(wrong as never)).toThrow(/is not what a loader saves/)
    }
    expect(() => loader.loadStateDict({ ...state, samplers: [] })).toThrow(/0 samplers/)
    const stream = new DataLoader(new Stream([1]))
    expect(() => stream.loadStateDict({ ...stream.stateDict(), numWorkers: 2 })).toThrow(
      /read by 2 workers, and numWorkers is 0/,
    )
  })

  it('gives its first batch', async () => {
    const loader = new DataLoader(new TensorDataset(arange(5)), { batchSize: 2 })
    expect((await loader.first())[0].tolist()).toEqual([0, 1])
    await expect(new DataLoader([]).first()).rejects.toThrow(/there are no batches/)
  })
})
