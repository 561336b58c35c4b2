import type { Worker } from 'node:worker_threads'
import {
  arange,
  collectGarbage,
  getRngState,
  manualSeed,
  memoryStats,
  Tensor,
  zeros,
} from '@flambeau/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DataLoaderOptions, Dataset, IterableDataset } from '../index.ts'
import {
  ChainDataset,
  ConcatDataset,
  DataLoader,
  LoaderTimeoutError,
  StackDataset,
  Subset,
  TensorDataset,
  WorkerCrashError,
  workerDataset,
  WorkerError,
} from '../index.ts'
import {
  Large,
  LateStream,
  Noisy,
  NoisyLater,
  Places,
  Stream,
  Troubled,
} from '../testing/worker-datasets.ts'
import type { Trouble } from '../testing/worker-datasets.ts'

const module = new URL('../testing/worker-datasets.ts', import.meta.url)

/** Tensors as their values. */
function plain(value: unknown): unknown {
  if (value instanceof Tensor) return value.tolist()
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]))
}

async function epoch(loader: AsyncIterable<unknown>, count = Infinity): Promise<unknown[]> {
  const seen: unknown[] = []
  for await (const batch of loader) {
    seen.push(plain(batch))
    if (seen.length >= count) break
  }
  return seen
}

/** What the loop throws, and what it had before. */
async function trouble(
  loader: AsyncIterable<unknown>,
): Promise<{ error: unknown; seen: unknown[] }> {
  const seen: unknown[] = []
  try {
    for await (const batch of loader) seen.push(plain(batch))
  } catch (error) {
    return { error, seen }
  }
  throw new Error('the loop did not throw')
}

// Every thread that a test starts, until it ends.
const threads = new Set<Worker>()
let started = 0
const watch = (worker: Worker): void => {
  started++
  threads.add(worker)
  worker.once('exit', () => threads.delete(worker))
}
beforeEach(() => {
  started = 0
  process.on('worker', watch)
})
afterEach(() => {
  process.off('worker', watch)
})

describe('worker threads', () => {
  it('give the same batches as none, and end with the epoch', async () => {
    const epochs = async (numWorkers: number, more: object = {}): Promise<unknown[]> => {
      manualSeed(1)
      const loader = new DataLoader(new Noisy(11), {
        batchSize: 3,
        shuffle: true,
        numWorkers,
        ...more,
      })
      const seen = [await epoch(loader), await epoch(loader), getRngState().tolist()]
      await loader.close()
      expect(threads.size).toBe(0)
      return seen
    }
    const none = await epochs(0)
    expect(await epochs(1)).toEqual(none)
    expect(await epochs(2, { prefetchFactor: 1 })).toEqual(none)
    expect(started).toBe(6)
    expect(await epochs(2, { persistentWorkers: true })).toEqual(none)
    expect(started).toBe(8)
  })

  it('read samples that arrive later, streams too', async () => {
    const batches = (data: Dataset | IterableDataset, numWorkers: number): Promise<unknown[]> => {
      manualSeed(2)
      return epoch(new DataLoader(data, { batchSize: 4, numWorkers }))
    }
    expect(await batches(new NoisyLater(10), 1)).toEqual(await batches(new NoisyLater(10), 0))
    expect(await batches(new LateStream(10), 1)).toEqual(await batches(new LateStream(10), 0))
  })

  it('know who they are, and have what they were given', async () => {
    const shared = zeros([2])
    const data = new Places(8, { same: shared, list: [shared], text: 'x', when: new Date(0) })
    const workerInitFn = { module, export: 'init' }
    const loader = new DataLoader(data, { batchSize: 2, numWorkers: 2, workerInitFn })
    const place = (index: number, worker: number): object => ({
      index: [index, index + 1],
      worker: [worker, worker],
      workers: [2, 2],
      own: [true, true],
      same: [true, true],
      initialised: [10 + worker, 10 + worker],
    })
    expect(await epoch(loader)).toEqual([place(0, 0), place(2, 1), place(4, 0), place(6, 1)])
  })

  it('share the memory of tensors, in datasets of datasets too', async () => {
    const values = arange(6).to('float32')
    const rows = new TensorDataset(values.view(3, 2))
    const data = new StackDataset({
      all: new ConcatDataset([new Subset(rows, [2]), rows]),
      listed: new ConcatDataset([
        await workerDataset(module, 'makeShared', [values.narrow(0, 0, 4)]),
      ]),
    })
    const loader = new DataLoader(data, { batchSize: 4, numWorkers: 1, persistentWorkers: true })
    const first = {
      all: [
        [
          [4, 5],
          [0, 1],
          [2, 3],
          [4, 5],
        ],
      ],
      listed: [0, 1, 2, 3],
    }
    expect(await epoch(loader)).toEqual([first])
    values.add_(10)
    const second = {
      all: [
        [
          [14, 15],
          [10, 11],
          [12, 13],
          [14, 15],
        ],
      ],
      listed: [10, 11, 12, 13],
    }
    expect(await epoch(loader)).toEqual([second])
    await loader.close()
  })

  it('put samples together, there or here', async () => {
    const batches = (options: object): Promise<unknown[]> => {
      manualSeed(3)
      return epoch(
        new DataLoader(
          Array.from({ length: 5 }, (_, i) => [i]),
          { batchSize: 2, ...options },
        ),
      )
    }
    const named = { module, export: 'sumWithNoise' }
    const { sumWithNoise } = await import('../testing/worker-datasets.ts')
    const here = await batches({ collateFn: sumWithNoise })
    expect(here.map((batch) => (batch as number[])[0])).toEqual([1, 5, 4])
    expect(await batches({ collateFn: named })).toEqual(here)
    expect(await batches({ collateFn: named, numWorkers: 2 })).toEqual(here)
    expect(await batches({ collateFn: sumWithNoise, numWorkers: 2 })).toEqual(here)
    const one = new DataLoader([Float32Array.of(1)], { batchSize: null, numWorkers: 1 })
    expect(await epoch(one)).toEqual([[1]])
  })

  it('have nothing to do for empty datasets', async () => {
    expect(await epoch(new DataLoader([], { numWorkers: 1 }))).toEqual([])
    expect(await epoch(new DataLoader(new Stream([0, 0]), { numWorkers: 2 }))).toEqual([])
    expect(threads.size).toBe(0)
  })

  it("share a stream as PyTorch's workers do", async () => {
    for (const [counts, all, whole] of [
      [
        [3, 5],
        [[0, 1], [100, 101], [2], [102, 103], [104]],
        [
          [0, 1],
          [100, 101],
          [102, 103],
        ],
      ],
      [
        [0, 4],
        [
          [100, 101],
          [102, 103],
        ],
        [
          [100, 101],
          [102, 103],
        ],
      ],
    ] as [number[], number[][], number[][]][]) {
      for (const dropLast of [false, true]) {
        const loader = new DataLoader(new Stream(counts), { batchSize: 2, numWorkers: 2, dropLast })
        const values = (await epoch(loader)).map((batch) => (batch as unknown[])[0])
        expect(values).toEqual(dropLast ? whole : all)
      }
    }
    const chain = new ChainDataset([new LateStream(2), new LateStream(1)])
    expect(await epoch(new DataLoader(chain, { batchSize: 4, numWorkers: 1 }))).toEqual([[0, 1, 0]])
  })

  it('may give batches as they come', async () => {
    const data = new ConcatDataset<unknown>([new NoisyLater(1), new NoisyLater(40)])
    const loader = new DataLoader(data, { batchSize: 4, numWorkers: 2, inOrder: false })
    const numbers = (await epoch(loader)).flatMap((batch) => (batch as number[][])[0] as number[])
    expect(numbers.sort((a, b) => a - b)).toEqual([0, ...Array.from({ length: 40 }, (_, i) => i)])
  })
})

describe('trouble in a worker', () => {
  it.each([
    [0, 0],
    [5, 2],
    [6, 3],
  ])('an error at sample %i comes in its turn', async (at, before) => {
    const loader = new DataLoader(new Troubled(7, at, at === 5 ? 'reject' : 'throw'), {
      batchSize: 2,
      numWorkers: 2,
    })
    const { error, seen } = await trouble(loader)
    expect(seen.length).toBe(before)
    expect(error).toBeInstanceOf(WorkerError)
    const { message, cause, workerId, index, indices, code } = error as WorkerError
    expect(message).toMatch(
      /worker \d at sample \d, in a batch of samples .*RangeError: sample \d is/s,
    )
    expect([workerId, index, code]).toEqual([before % 2, at, 'ERR_WORKER'])
    expect(indices).toEqual([2 * before, 2 * before + 1].filter((i) => i < 7))
    expect(cause).toMatchObject({ name: 'RangeError', message: `sample ${at} is broken` })
    expect((cause as Error).stack).toMatch(/worker-datasets\.ts:\d+/)
    if (at !== 5) expect((cause as Error).cause).toMatchObject({ name: 'TypeError' })
    expect(threads.size).toBe(0)
  })

  it.each([
    ['throw text', /a value that is no Error was thrown: "only text"/, WorkerError],
    ['function', /the batch\S* is a function, which cannot go to another thread/, WorkerError],
    ['gradient', /requires a gradient/, WorkerError],
    ['exit', /in a batch of samples 2, 3: .* exit code 7/, WorkerCrashError],
    ['uncaught', /the worker ended: nobody catches this/, WorkerCrashError],
  ] as [Trouble, RegExp, Function][])('%s reaches the loop', async (kind, message, type) => {
    const { error } = await trouble(
      new DataLoader(new Troubled(6, 3, kind), {
        batchSize: kind === 'function' || kind === 'gradient' ? null : 2,
        numWorkers: 1,
      }),
    )
    expect(error).toBeInstanceOf(type)
    expect((error as Error).message).toMatch(message)
    expect(threads.size).toBe(0)
  })

  it.each(['hang', 'spin'] as const)('a sample that does not come: %s', async (kind) => {
    // The first epoch is for starting, which may take long where much else runs.
    let epochs = 0
    const sampler = {
      [Symbol.iterator]: () => (epochs++ === 0 ? [0, 1] : [0, 1, 2, 3, 4, 5]).values(),
    }
    const loader = new DataLoader(new Troubled(6, 4, kind), {
      batchSize: 2,
      sampler,
      numWorkers: 2,
      timeout: 20,
      persistentWorkers: true,
    })
    expect(await epoch(loader)).toEqual([[0, 1]])
    loader.timeout = 2
    const { error, seen } = await trouble(loader)
    expect([seen.length, threads.size]).toEqual([2, 0])
    expect(error).toBeInstanceOf(LoaderTimeoutError)
    expect((error as Error).message).toMatch(/worker 0 did not give batch 2 within 2 s/)
  })

  it('leaves workers that are kept usable', async () => {
    const loader = new DataLoader(new Troubled(4, 3, 'throw'), {
      batchSize: 2,
      numWorkers: 1,
      persistentWorkers: true,
    })
    for (let i = 0; i < 3; i++) {
      const { error, seen } = await trouble(loader)
      expect([(error as WorkerError).index, seen]).toEqual([3, [[0, 1]]])
    }
    expect(started).toBe(1)
    await loader.close()
    expect((await trouble(loader)).seen).toEqual([[0, 1]])
    expect(started).toBe(2)
    await loader.close()
  })

  it('at the start names its cause', async () => {
    const starting = async (data: object, options: object = {}): Promise<string> => {
      const { error } = await trouble(new DataLoader(data as never, { numWorkers: 1, ...options }))
      expect(error).toBeInstanceOf(WorkerError)
      expect(threads.size).toBe(0)
      return (error as Error).message
    }
    const base = { length: 2, getItem: (i: number) => i }
    const from = (recipe: object): object => ({ ...base, toWorker: () => recipe })
    expect(await starting(from({ module, export: 'Missing' }))).toMatch(/no export "Missing"/)
    expect(await starting(from({ module: new URL('./none.ts', module) }))).toMatch(/none\.ts/)
    expect(await starting([1], { workerInitFn: { module, export: 'badInit' } })).toMatch(
      /could not start: init failed/,
    )
    expect(await starting([1], { collateFn: { module, export: 'notADataset' } })).toMatch(
      /collateFn is not a function/,
    )
  })

  it('before any worker starts is thrown at once', async () => {
    const begin = (data: object, options: DataLoaderOptions = {}): unknown =>
      new DataLoader(data as never, { numWorkers: 1, ...options } as never)[Symbol.asyncIterator]()
    expect(() => begin(new Places(1, { act: () => 1 }))).toThrow(
      /the dataset\.args\[1\]\.act is a function, which cannot go/,
    )
    expect(() => begin(new Places(1, { own: new (class Mine {})() }))).toThrow(
      /an instance of Mine, which cannot go to another thread/,
    )
    expect(() => begin([1], { collateFn: { module: 'here' } })).toThrow(/names no module: "here"/)
    class Cut extends Subset<number> {}
    const cut = new Cut(new Places(2) as never, [0])
    expect(() => begin(cut)).toThrow(/Cut extends Subset, but does not say/)
    expect(() => [...new DataLoader([1], { numWorkers: 1 })]).toThrow(/for await/)
    expect(started).toBe(0)
    await expect(workerDataset(module, 'notADataset')).rejects.toThrow(/makes no dataset/)
    await expect(workerDataset(module, 'Missing')).rejects.toThrow(/no export "Missing"/)
  })
})

describe('an iteration that is left', () => {
  it('ends its workers: break, throw, return, await using', async () => {
    const make = (): DataLoader<[number, Tensor, Tensor]> =>
      new DataLoader(new Noisy(40), { batchSize: 2, numWorkers: 1 })
    expect((await epoch(make(), 2)).length).toBe(2)
    expect(threads.size).toBe(0)
    await expect(async () => {
      for await (const _ of make()) throw new Error('mine')
    }).rejects.toThrow('mine')
    expect(threads.size).toBe(0)
    const iterator = make()[Symbol.asyncIterator]()
    await iterator.return()
    expect([threads.size, await iterator.next()]).toEqual([0, { done: true, value: undefined }])
    expect(started).toBe(3)
  })

  it('ends its workers in the middle of a sample', async () => {
    const loader = new DataLoader(new Troubled(8, 2, 'spin'), { batchSize: 2, numWorkers: 1 })
    expect(await epoch(loader, 1)).toEqual([[0, 1]])
    expect(threads.size).toBe(0)
  })

  it('ends its workers when it is forgotten', async () => {
    await (async () => {
      const loader = new DataLoader(new Noisy(40), { batchSize: 2, numWorkers: 1 })
      const iterator = loader[Symbol.asyncIterator]()
      await iterator.next()
    })()
    await (async () => {
      const loader = new DataLoader(new Noisy(4), { numWorkers: 1, persistentWorkers: true })
      await epoch(loader)
    })()
    expect(threads.size).toBe(2)
    for (let i = 0; i < 200 && threads.size > 0; i++) {
      collectGarbage()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(threads.size).toBe(0)
  })

  it('ends while a batch is under way', async () => {
    const data = new Troubled(4, 0, 'hang')
    const iterator = new DataLoader(data, { numWorkers: 1 })[Symbol.asyncIterator]()
    const pending = iterator.next()
    await new Promise((resolve) => setTimeout(resolve, 10))
    await iterator.return()
    expect(await pending).toEqual({ done: true, value: undefined })
    const kept = new DataLoader(data, { numWorkers: 1, persistentWorkers: true })
    const waiting = kept[Symbol.asyncIterator]().next()
    await new Promise((resolve) => setTimeout(resolve, 10))
    const refused = waiting.catch((error: unknown) => error)
    await kept.close()
    expect(String(await refused)).toMatch(/its workers were closed/)
    expect(threads.size).toBe(0)
  })

  it('goes on though only the loop holds the loader', async () => {
    const options = { batchSize: 2, numWorkers: 1, persistentWorkers: true }
    let count = 0
    for await (const _ of new DataLoader(new Noisy(12), options)) {
      collectGarbage()
      await new Promise((resolve) => setTimeout(resolve, 10))
      count++
    }
    expect(count).toBe(6)
  })

  it('leaves kept workers to the next one', async () => {
    const loader = new DataLoader(new Noisy(12), {
      batchSize: 2,
      numWorkers: 1,
      persistentWorkers: true,
    })
    expect((await epoch(loader, 1)).length).toBe(1)
    const first = loader[Symbol.asyncIterator]()
    await first.next()
    const second = loader[Symbol.asyncIterator]()
    await second.next()
    await expect(first.next()).rejects.toThrow(/serve a later one/)
    expect((await epoch({ [Symbol.asyncIterator]: () => second })).length).toBe(5)
    expect(started).toBe(1)
    await loader.close()
  })
})

describe('the state of a loader with workers', () => {
  it('goes on with any number of workers', async () => {
    const make = (numWorkers: number, inOrder = true): DataLoader<[number, Tensor, Tensor]> =>
      new DataLoader(new Noisy(13), { batchSize: 2, shuffle: true, numWorkers, inOrder })
    manualSeed(8)
    const all = [await epoch(make(0)), getRngState()] as const
    for (const [from, to] of [
      [0, 2],
      [2, 1],
      [1, 0],
    ] as [number, number][]) {
      manualSeed(8)
      const loader = make(from)
      const first = await epoch(loader, 3)
      const state = loader.stateDict()
      expect([state.batches, state.ahead]).toEqual([3, []])
      const other = make(to)
      other.loadStateDict(state)
      expect([...first, ...(await epoch(other))]).toEqual(all[0])
      expect(getRngState().tolist()).toEqual(all[1].tolist())
    }
  })

  it('knows which batches came, in whatever order', async () => {
    const make = (): DataLoader<[number, Tensor, Tensor]> =>
      new DataLoader(new Noisy(13), { batchSize: 2, numWorkers: 2, inOrder: false })
    manualSeed(8)
    const loader = make()
    const iterator = loader[Symbol.asyncIterator]()
    const seen: number[] = []
    for (let i = 0; i < 3; i++)
      seen.push(...((plain((await iterator.next()).value) as number[][])[0] as number[]))
    const state = loader.stateDict()
    await iterator.return()
    expect(state.batches + state.ahead.length).toBe(3)
    for (const changed of [state, { ...state, batches: 1, ahead: [3, 5] }]) {
      const other = make()
      other.loadStateDict(changed)
      const rest = (await epoch(other)).flatMap((batch) => (batch as number[][])[0] as number[])
      const had = changed === state ? seen : [0, 1, 6, 7, 10, 11]
      expect([...had, ...rest].sort((a, b) => a - b)).toEqual(
        Array.from({ length: 13 }, (_, i) => i),
      )
    }
  })

  it('goes on with streams', async () => {
    const make = (): DataLoader<[number, number, Tensor], [Tensor, Tensor, Tensor], Stream> =>
      new DataLoader(new Stream([5, 9]), { batchSize: 2, numWorkers: 2 })
    manualSeed(8)
    const all = await epoch(make())
    manualSeed(8)
    const loader = make()
    const first = await epoch(loader, 4)
    const other = make()
    other.loadStateDict(loader.stateDict())
    expect([...first, ...(await epoch(other))]).toEqual(all)
  })
})

describe('the memory of workers', () => {
  it('is given back: 1,000 batches through 2 of them, and what is on its way', async () => {
    collectGarbage()
    const before = memoryStats().liveBytes
    // Functions of their own: a loop's variables live as long as what it is in.
    const readAll = async (): Promise<void> => {
      let [count, early, total] = [0, 0, 0]
      for await (const batch of new DataLoader(new Large(1000), { numWorkers: 2 })) {
        total += batch.select(1, 7).item()
        if (++count === 300) early = process.memoryUsage.rss()
      }
      expect([count, total]).toEqual([1000, 499_500])
      expect(process.memoryUsage.rss() - early).toBeLessThan(200 * (1 << 20))
    }
    const readSome = async (options: object): Promise<void> => {
      const loader = new DataLoader(new Large(50), { numWorkers: 2, ...options })
      for await (const batch of loader) if (batch.select(1, 7).item() === 5) break
      await loader.close()
    }
    await readAll()
    await readSome({})
    await readSome({ persistentWorkers: true })
    collectGarbage()
    expect(memoryStats().liveBytes - before).toBeLessThan(2 << 20)
  })
})
