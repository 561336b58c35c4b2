import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { arange, ones, randn, ShapeError, tensor, ValueError, zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { decode } from 'fast-png'
import { afterAll, describe, expect, test } from 'vitest'
import { crc32c, maskedCrc32c } from './crc32c.ts'
import type { ImageEvent } from './index.ts'
import {
  EventAccumulator,
  EventFileReader,
  readEvents,
  SummaryWriter,
  SystemLoad,
} from './index.ts'
import { frame } from './records.ts'

const goldens = join(import.meta.dirname, '../goldens')
const top = mkdtempSync(join(tmpdir(), 'flambeau-events-'))
afterAll(() => rmSync(top, { recursive: true }))

let made = 0
const folder = (): string => join(top, String(made++))
const fileIn = (run: string): string =>
  join(run, readdirSync(run).find((name) => name.includes('tfevents')) as string)

/** A run that `write` wrote, read. */
function written(write: (writer: SummaryWriter) => void): EventAccumulator {
  using writer = new SummaryWriter(folder())
  write(writer)
  writer.close()
  return new EventAccumulator(writer.logDir).reload()
}

interface Expected {
  scalars: Record<string, [wallTime: number, step: number, value: number][]>
  histograms: Record<string, Record<string, number | number[]>>
  images: Record<string, [step: number, width: number, height: number][]>
}
const expected = JSON.parse(readFileSync(join(goldens, 'expected.json'), 'utf8')) as Expected

/** Numbers that differ by rounding at most. */
function expectClose(found: unknown, wanted: unknown): void {
  const [a, b] = [found, wanted].map((value) => [value].flat() as number[]) as [number[], number[]]
  expect(a).toHaveLength(b.length)
  a.forEach((value, i) => {
    expect(Math.abs(value - (b[i] as number))).toBeLessThanOrEqual(1e-9 * Math.abs(b[i] as number))
  })
}

describe('records', () => {
  test('have the checksums of the standard', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(maskedCrc32c(new Uint8Array())).toBe(0xa282ead8)
  })
})

describe('a run that PyTorch wrote', () => {
  const run = new EventAccumulator(join(goldens, 'torch')).reload()

  test('has the curves that TensorBoard finds in it, in either form', () => {
    for (const [tag, wanted] of Object.entries(expected.scalars)) {
      const found = run.scalars(tag).map(({ wallTime, step, value }) => [wallTime, step, value])
      expect({ [tag]: found }).toEqual({ [tag]: wanted })
    }
    expect(run.scalars('accuracy').map(({ value }) => value)).toEqual([0.75])
    expect(run.scalars('exact').map(({ value }) => value)).toEqual([0.1])
    expect(run.problems).toEqual([])
  })

  test('has its histograms', () => {
    expect(Object.keys(expected.histograms).toSorted()).toEqual(run.tags().histograms)
    for (const [tag, wanted] of Object.entries(expected.histograms)) {
      const [found] = run.histograms(tag)
      for (const [name, value] of Object.entries(wanted)) {
        expectClose((found as unknown as Record<string, unknown>)[name], value)
      }
    }
  })

  test('has its images, read when they are asked for', () => {
    for (const [tag, wanted] of Object.entries(expected.images)) {
      expect(run.images(tag).map(({ step, width, height }) => [step, width, height])).toEqual(
        wanted,
      )
    }
    const { width, height, channels } = decode((run.images('image')[0] as ImageEvent).read())
    expect([width, height, channels]).toEqual([5, 4, 3])
  })

  test('has its text, its graph and, below it, its hyper-parameters', () => {
    expect(run.texts('note').map(({ step, text }) => [step, text])).toEqual([[4, '**bold** text']])
    const nodes = run.graph() ?? []
    expect(nodes.some(({ name }) => name.startsWith('Sequential/Linear[0]'))).toBe(true)
    const tried = new EventAccumulator(join(goldens, 'torch/tried')).reload()
    // PyTorch writes what is true as 1.
    expect(tried.hparams).toEqual({ lr: 0.1, model: 'mlp', bias: 1 })
    expect(tried.scalars('best')[0]?.value).toBeCloseTo(0.9)
  })
})

test('summaries in the form of TensorFlow 2 are read', () => {
  const run = new EventAccumulator(join(goldens, 'tf2')).reload()
  expect(run.scalars('loss')).toEqual([{ wallTime: 1000.5, step: 6, value: 0.25 }])
  expect(run.histograms('weights')[0]).toMatchObject({
    num: 8,
    bucketLimit: [0, 1, 2],
    bucket: [0, 3, 5],
  })
  const images = run.images('image')
  expect(images.map(({ width, height, index }) => [width, height, index])).toEqual([
    [7, 9, 0],
    [7, 9, 1],
  ])
  expect(Buffer.from((images[1] as ImageEvent).read()).toString()).toBe('not really a PNG2')
})

describe('what is written', () => {
  test('are the histograms that PyTorch writes', () => {
    const values = Float64Array.from({ length: 50 }, (_, i) => Math.fround(-1 + (3 * i) / 49))
    const run = written((writer) => {
      writer.addHistogram('weights', values, 2)
      writer.addHistogram('ten', values, 2, 10)
      writer.addHistogram(
        'auto',
        values.map((value) => value * value),
        { bins: 'auto' },
      )
      writer.addHistogram('joined', tensor([...values]), { globalStep: 2, maxBins: 20 })
    })
    for (const [tag, wanted] of Object.entries(expected.histograms)) {
      const [found] = run.histograms(tag)
      expect({ [tag]: found?.bucket }).toEqual({ [tag]: wanted['bucket'] })
      expect(found?.num).toBe(50)
      for (const [i, edge] of (found?.bucketLimit ?? []).entries()) {
        expect(edge).toBeCloseTo((wanted['bucketLimit'] as number[])[i] as number, 5)
      }
    }
  })

  test('are curves with their steps and times, by position or by name', () => {
    const run = written((writer) => {
      writer.addScalar('a', 0.5, 1, 100)
      writer.addScalar('a', tensor(0.25), { globalStep: 2, walltime: 101 })
      writer.addScalar('b', 0.1, { newStyle: true, doublePrecision: true })
      writer.addScalar('b', 0.1, 1, 5, true)
      writer.addScalars('pair', { x: 1, y: 2 }, 3)
    })
    expect(run.scalars('a')).toEqual([
      { wallTime: 100, step: 1, value: 0.5 },
      { wallTime: 101, step: 2, value: 0.25 },
    ])
    expect(run.scalars('b').map(({ value }) => value)).toEqual([0.1, Math.fround(0.1)])
    const below = new EventAccumulator(join(run.path, 'pair_y')).reload()
    expect(below.scalars('pair')[0]).toMatchObject({ step: 3, value: 2 })
  })

  test('are images of any format, several in a grid of eight to a row', () => {
    const pixels = (image: ImageEvent | undefined): number[] => [
      ...decode((image as ImageEvent).read()).data,
    ]
    const run = written((writer) => {
      const hwc = arange(12, { dtype: 'int64' }).reshape(2, 2, 3)
      writer.addImage('hwc', hwc, { dataformats: 'HWC' })
      writer.addImage('chw', hwc.permute(2, 0, 1), 4)
      writer.addImage('hw', tensor([[0, 0.5, 2, -1]]), { dataformats: 'HW' })
      writer.addImages('many', zeros([10, 3, 2, 2]))
      writer.addFigure('figure', { png: () => (run0.images('image')[0] as ImageEvent).read() }, 7)
    })
    expect(pixels(run.images('hwc')[0])).toEqual([...Array(12).keys()])
    expect(pixels(run.images('chw')[0])).toEqual([...Array(12).keys()])
    expect(pixels(run.images('hw')[0])).toEqual([0, 127, 255, 0])
    expect(run.images('many')[0]).toMatchObject({ width: 16, height: 4 })
    expect(run.images('figure')[0]).toMatchObject({ step: 7, width: 5, height: 4 })
  })
  const run0 = new EventAccumulator(join(goldens, 'torch')).reload()

  test('is the graph of a model, with edges between its operations', () => {
    class Net extends nn.Module {
      readonly fc1 = new nn.Linear(4, 3)
      readonly act = new nn.ReLU()
      forward(x: Tensor): Tensor {
        const hidden = this.act(this.fc1(x))
        return hidden.add(hidden)
      }
    }
    const model = new Net()
    const nodes = written((writer) => writer.addGraph(model, [2, 4])).graph() ?? []
    const node = (name: string): unknown => nodes.find((one) => one.name === name)
    expect(node('Net/Linear[fc1]/weight')).toMatchObject({ op: 'Parameter', shape: [3, 4] })
    expect(node('Net/Linear[fc1]/linear')).toMatchObject({
      inputs: ['input/input', 'Net/Linear[fc1]/weight', 'Net/Linear[fc1]/bias'],
      shape: [2, 3],
    })
    expect(node('Net/add')).toMatchObject({ inputs: ['Net/ReLU[act]/relu', 'Net/ReLU[act]/relu'] })
    expect(node('output/output')).toMatchObject({ inputs: ['Net/add'] })
    expect(model.training).toBe(true)
    expect(() => written((writer) => writer.addGraph(model, [2, 5]))).toThrow(/fc1 .*fails/)
  })

  test('are hyper-parameters, texts and the load of the machine', () => {
    const run = written((writer) => {
      writer.addText('note', 'héllo', 2)
      writer.addHparams({ lr: 0.1, net: 'mlp', bias: false }, { best: 0.5 }, { runName: 'tried' })
      using load = new SystemLoad()
      writer.addSystemLoad(load, 5)
    })
    expect(run.texts('note')[0]).toMatchObject({ step: 2, text: 'héllo' })
    expect(run.scalars('system/process_memory_mb')[0]?.value).toBeGreaterThan(10)
    const tried = new EventAccumulator(join(run.path, 'tried')).reload()
    expect(tried.hparams).toEqual({ lr: 0.1, net: 'mlp', bias: false })
    expect(tried.hparamMetrics).toEqual(['best'])
    expect(tried.scalars('best')[0]?.value).toBe(0.5)
  })

  test('tells how long the event loop was held up, also right after a sample', async () => {
    using load = new SystemLoad()
    for (let round = 0; round < 2; round++) {
      const end = performance.now() + 60
      while (performance.now() < end);
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(load.sample().eventLoopDelayMs).toBeGreaterThan(30)
    }
  })

  test('is purged from the step at which a training went on', () => {
    const logDir = folder()
    for (const [start, purgeStep] of [
      [0, null],
      [3, 3],
    ] as const) {
      using writer = new SummaryWriter({ logDir, purgeStep })
      for (let step = start; step < 5; step++) writer.addScalar('x', start, step)
    }
    const values = new EventAccumulator(logDir).reload().scalars('x')
    expect(values.map(({ step, value }) => [step, value])).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
      [3, 3],
      [4, 3],
    ])
  })

  test('reaches the file when there are ten events, and when it is closed', () => {
    using writer = new SummaryWriter(folder())
    const count = (): number => readEvents(fileIn(writer.logDir)).events.length
    for (let step = 0; step < 9; step++) writer.addScalar('x', 0, step)
    expect(count()).toBe(1)
    writer.addScalar('x', 0, 9)
    expect(count()).toBe(11)
    writer.addScalar('x', 0, 10)
    writer.flush()
    expect(count()).toBe(12)
  })
})

describe('a file that is being written, or damaged', () => {
  const bytes = (): Uint8Array => {
    const run = written((writer) => {
      for (let step = 0; step < 6; step++) writer.addScalar('x', step, step)
    })
    return readFileSync(fileIn(run.path))
  }
  const save = (content: Uint8Array): string => {
    const path = `${join(top, String(made++))}.tfevents`
    writeFileSync(path, content)
    return path
  }

  test('is read as far as it goes, and on from there', () => {
    const all = bytes()
    const path = save(all.subarray(0, all.length - 5))
    const reader = new EventFileReader(path)
    expect(reader.read()).toHaveLength(6)
    expect(reader.read()).toHaveLength(0)
    writeFileSync(path, all)
    expect(reader.read().map(({ step }) => step)).toEqual([5])
    expect(reader.problems).toEqual([])
  })

  test('is read in parts as well as at once', () => {
    const reader = new EventFileReader(save(bytes()))
    let count = 0
    for (let events = reader.read(30); events.length > 0; events = reader.read(30)) {
      count += events.length
    }
    expect(count).toBe(7)
  })

  test('loses the damaged record alone, if its length is good', () => {
    const all = bytes()
    const last = all.length - 6
    all[last] = (all[last] as number) ^ 1
    const { events, problems } = readEvents(save(all))
    expect(events).toHaveLength(6)
    expect(problems.map(({ message }) => message)).toEqual(['a record is damaged and was left out'])
  })

  test('is not read behind a damaged length', () => {
    const all = bytes()
    all[0] = (all[0] as number) ^ 1
    const { events, problems } = readEvents(save(all))
    expect(events).toHaveLength(0)
    expect(problems[0]).toMatchObject({ offset: 0, message: expect.stringMatching(/length/) })
  })

  test('may hold records that are no events', () => {
    const noise = frame(Uint8Array.from([0xff, 0xff, 0xff]))
    const { events, problems } = readEvents(save(Buffer.concat([bytes(), noise, bytes()])))
    expect(events).toHaveLength(14)
    expect(problems[0]?.message).toMatch(/no event/)
  })

  test('is kept apart from files that are no event files', () => {
    const run = written((writer) => writer.addScalar('x', 1))
    copyFileSync(join(goldens, 'expected.json'), join(run.path, 'notes.json'))
    expect(run.reload().scalars('x')).toHaveLength(1)
  })
})

describe('mistakes', () => {
  test('are told with their fix', () => {
    using writer = new SummaryWriter(folder())
    expect(() => writer.addScalar('x', randn([2]))).toThrow(/a scalar is one number/)
    expect(() => writer.addScalar('x', 1, 0.5)).toThrow(/the step is 0.5/)
    expect(() => writer.addScalar('x', 1, { step: 2 } as never)).toThrow(ValueError)
    expect(() => writer.addImage('x', ones([2, 4, 4]))).toThrow(ShapeError)
    expect(() => writer.addImage('x', ones([4, 4]))).toThrow(/dataformats 'CHW'/)
    expect(() => writer.addImage('x', ones([4, 4]), { dataformats: 'XY' })).toThrow(ValueError)
    expect(() => writer.addHistogram('x', [])).toThrow(/at least one number/)
    expect(() => writer.addHistogram('x', [Number.NaN])).toThrow(/NaN or infinite/)
    expect(() => writer.addHistogram('x', [1], { bins: [2, 1] })).toThrow(/rising/)
    expect(() => writer.addHparams({ f: (() => 0) as never }, {})).toThrow(/f is a function/)
    writer.close()
    expect(() => writer.addScalar('x', 1)).toThrow(/is closed/)
    expect(() => new SummaryWriter(folder(), { maxQueue: 0 })).toThrow(/maxQueue is 0/)
    expect(() => new EventAccumulator(folder())).toThrow(/ENOENT/)
    const run = written((one) => one.addScalar('x', 1))
    expect(() => run.scalars('y')).toThrow(/one of x/)
  })
})
