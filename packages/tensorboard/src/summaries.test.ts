import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DType } from '@flambeau/core'
import { arange, ones, rand, ShapeError, tensor, ValueError, zeros } from '@flambeau/core'
import { decode } from 'fast-png'
import sharp from 'sharp'
import { afterAll, describe, expect, test } from 'vitest'
import { EventAccumulator, SummaryWriter } from './index.ts'

const top = mkdtempSync(join(tmpdir(), 'flambeau-summaries-'))
afterAll(() => rmSync(top, { recursive: true }))

let made = 0
const folder = (): string => join(top, String(made++))

/** A run that `write` wrote, read. */
function written(write: (writer: SummaryWriter) => void): EventAccumulator {
  using writer = new SummaryWriter(folder())
  write(writer)
  writer.close()
  return new EventAccumulator(writer.logDir).reload()
}

interface Goldens {
  labels: number[]
  predictions: number[]
  weights: number[]
  curve: number[][]
  weighted: number[][]
  full: number[]
  frames: number[][][]
}
const goldens = JSON.parse(
  readFileSync(join(import.meta.dirname, '../goldens/curves.json'), 'utf8'),
) as Goldens

describe('precision-recall curves', () => {
  const { labels, predictions, weights } = goldens
  const names = [
    'truePositives',
    'falsePositives',
    'trueNegatives',
    'falseNegatives',
    'precision',
    'recall',
  ] as const

  test('are those that PyTorch computes, of tensors and of lists', () => {
    const run = written((writer) => {
      writer.addPrCurve('curve', tensor(labels), tensor(predictions), 3, 11)
      writer.addPrCurve('weighted', labels, predictions, { numThresholds: 5, weights })
      writer.addPrCurve('full', tensor(labels).bool(), tensor(predictions), 1, 500)
    })
    expect(run.tags().prCurves).toEqual(['curve', 'full', 'weighted'])
    for (const tag of ['curve', 'weighted'] as const) {
      const [found] = run.prCurves(tag)
      names.forEach((name, i) => {
        expect(found?.[name]).toEqual(goldens[tag][i]?.map(Math.fround))
      })
    }
    expect(run.prCurves('curve')[0]).toMatchObject({ step: 3, wallTime: expect.any(Number) })
    expect(run.prCurves('curve')[0]?.thresholds.slice(0, 3)).toEqual([0, 0.1, 0.2])
    expect(run.prCurves('full')[0]?.precision).toEqual(goldens.full.map(Math.fround))
  })

  test('may be computed elsewhere', () => {
    const rows = goldens.curve as [number[], number[], number[], number[], number[], number[]]
    const run = written((writer) => writer.addPrCurveRaw('raw', ...rows, 4, { numThresholds: 11 }))
    expect(run.prCurves('raw')[0]).toMatchObject({ step: 4, truePositives: rows[0] })
  })

  test('tell what is wrong with what they are made of', () => {
    written((writer) => {
      const add = (some: number[], others: number[], count = 127): void =>
        writer.addPrCurve('x', some, others, 0, count)
      expect(() => add([0, 1], [0.5])).toThrow(ShapeError)
      expect(() => add([0, 1], [0.5])).toThrow(/2 labels, 1 predictions/)
      expect(() => add([0, 2], [0.5, 0.5])).toThrow(/labels\[1\] is 2/)
      expect(() => add([0, 1], [0.5, 1.5])).toThrow(/predictions\[1\] is 1.5.*sigmoid/s)
      expect(() => add([0, 1], [0.5, Number.NaN])).toThrow(/predictions\[1\] is NaN/)
      expect(() => add([], [])).toThrow(/no elements/)
      expect(() => add([0], [0], 1)).toThrow(/numThresholds is 1/)
      expect(() => writer.addPrCurveRaw('x', [1], [1], [1], [1], [1], [])).toThrow(/1, 0 numbers/)
    })
  })
})

describe('videos', () => {
  test('are animated images, several of them in the grid of PyTorch', async () => {
    const video = arange(36).reshape(3, 2, 1, 2, 3).div(36)
    const run = written((writer) => writer.addVideo('clip', video, 2, 5))
    const [image] = run.images('clip')
    expect(image).toMatchObject({ step: 2, width: 12, height: 2 })
    const file = sharp(Buffer.from(image?.read() ?? []), { animated: true })
    expect(await file.metadata()).toMatchObject({ format: 'gif', pages: 2, delay: [200, 200] })
    const { data, info } = await file.removeAlpha().raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([12, 4])
    const shown = Array.from(data.filter((_, i) => i % 3 === 0))
    const wanted = goldens.frames.flat(2).map((value) => Math.trunc((value / 36) * 255))
    expect(shown).toEqual(wanted)
  })

  test('have colours, of integers as they are', async () => {
    const frames = zeros([1, 2, 3, 4, 4], { dtype: 'uint8' })
    frames.narrow(1, 1, 1).narrow(2, 0, 1).fill_(255)
    const run = written((writer) => writer.addVideo('red', frames))
    const file = sharp(Buffer.from(run.images('red')[0]?.read() ?? []), { page: 1 })
    const { channels } = await file.stats()
    expect(channels.slice(0, 3).map(({ mean }) => mean)).toEqual([255, 0, 0])
    expect((await file.metadata()).delay?.[0]).toBe(250)
  })

  test('with more colours than a GIF has keep those that are near', async () => {
    const run = written((writer) => writer.addVideo('many', rand([1, 1, 3, 40, 40])))
    const { channels } = await sharp(Buffer.from(run.images('many')[0]?.read() ?? [])).stats()
    for (const { mean } of channels.slice(0, 3)) expect(Math.abs(mean - 127)).toBeLessThan(15)
  })

  test('of another form are turned down', () => {
    written((writer) => {
      expect(() => writer.addVideo('x', rand([2, 3, 4, 4]))).toThrow(
        /\[N, T, C, H, W\].*unsqueeze/s,
      )
      expect(() => writer.addVideo('x', rand([1, 2, 2, 4, 4]))).toThrow(ShapeError)
      expect(() => writer.addVideo('x', rand([1, 1, 3, 4, 4]), { fps: 60 })).toThrow(/fps is 60/)
    })
  })
})

test('sounds are WAV files, cut off at their ends', () => {
  const run = written((writer) => {
    writer.addAudio('tone', tensor([[0, 0.5, -1, 2]]), 7, 8000)
    expect(() => writer.addAudio('x', rand([2, 5]))).toThrow(/\[1, L\].*\[2, 5\]/s)
    expect(() => writer.addAudio('x', rand([5]), { sampleRate: 0.5 })).toThrow(/sampleRate is 0.5/)
  })
  const [sound] = run.audio('tone')
  expect(sound).toMatchObject({ step: 7, sampleRate: 8000, lengthFrames: 4 })
  const bytes = sound?.read() ?? new Uint8Array()
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  expect(Buffer.from(bytes).toString('latin1', 0, 4)).toBe('RIFF')
  expect(view.getUint32(24, true)).toBe(8000)
  const samples = [0, 1, 2, 3].map((i) => view.getInt16(44 + 2 * i, true))
  expect(samples).toEqual([0, 16383, -32767, 32767])
})

describe('embeddings', () => {
  test('lie in the folder of the run, with labels and images, and are read back', () => {
    const logDir = folder()
    using writer = new SummaryWriter(logDir)
    const mat = tensor([
      [1, 2],
      [3, 4],
      [5, 0.5],
    ])
    writer.addEmbedding(mat, ['a', 'b\tc', 'd'], rand([3, 1, 4, 5]), 12)
    writer.addEmbedding(mat, {
      tag: 'layer/1',
      metadata: [
        [1, true],
        [2, false],
        [3, null],
      ],
      metadataHeader: ['n', 'ok'],
    })
    writer.addEmbedding(mat.mul(2), { globalStep: 12 })
    const run = new EventAccumulator(logDir).reload()
    const [second, first] = run.embeddings.toSorted((a, b) => a.step - b.step)
    expect(run.embeddings.map(({ tag, step }) => [tag, step])).toEqual([
      ['default', 12],
      ['layer/1', 0],
    ])
    // What was logged again under the same name and step is the newer one.
    expect(first?.read()).toEqual({
      vectors: [
        [2, 4],
        [6, 8],
        [10, 1],
      ],
      header: null,
      labels: [],
    })
    expect(second?.read()).toEqual({
      vectors: [
        [1, 2],
        [3, 4],
        [5, 0.5],
      ],
      header: ['n', 'ok'],
      labels: [
        ['1', 'true'],
        ['2', 'false'],
        ['3', 'null'],
      ],
    })
    writer.addEmbedding(mat, ['a', 'b\tc', 'd'], rand([3, 1, 4, 5]), 13)
    expect(run.poll()).toBe(true)
    expect(run.poll()).toBe(false)
    const [newest] = run.embeddings.filter(({ step }) => step === 13)
    expect(newest?.imageSize).toEqual([5, 4])
    expect(newest?.read().labels).toEqual([['a'], ['b c'], ['d']])
    const { width, height } = decode(newest?.readSprite() as Uint8Array)
    expect([width, height]).toEqual([10, 10])
  })

  test('that PyTorch described are found, and files elsewhere are not read', () => {
    const run = written((writer) => writer.addScalar('x', 1))
    writeFileSync(join(run.path, 'points.tsv'), '1\t2\n3\t4\n')
    const text = `embeddings {
  tensor_name: "p\\303\\251:00002"
  tensor_path: "points.tsv"
}
embeddings { tensor_name: "bad:0" tensor_path: "../../secret.tsv" }
embeddings { tensor_name: "checkpoint" }
`
    writeFileSync(join(run.path, 'projector_config.pbtxt'), text)
    const [good, bad] = run.reload().embeddings
    expect(run.embeddings).toHaveLength(2)
    expect(good).toMatchObject({ tag: 'pé', step: 2, imageSize: null })
    expect(good?.read().vectors).toEqual([
      [1, 2],
      [3, 4],
    ])
    expect(() => good?.readSprite()).toThrow(/no images/)
    expect(() => bad?.read()).toThrow(/outside of the run/)
  })

  test('tell what does not fit together', () => {
    written((writer) => {
      const mat = ones([2, 3])
      expect(() => writer.addEmbedding(ones([2]))).toThrow(/not \[N, D\]/)
      expect(() => writer.addEmbedding(mat, ['a'])).toThrow(/1 labels for 2 rows/)
      expect(() => writer.addEmbedding(mat, null, ones([1, 1, 4, 4]))).toThrow(/one for each row/)
      const header = ['n', 'm']
      expect(() =>
        writer.addEmbedding(mat, { metadata: [['a', 'b'], ['c']], metadataHeader: header }),
      ).toThrow(/metadata\[1\] has 1 labels for 2 columns/)
    })
  })
})

test('charts are laid out in categories', () => {
  const run = written((writer) => {
    writer.addCustomScalars({
      losses: { both: ['Multiline', ['train/loss', 'val/loss']] },
      spread: { band: ['Margin', ['mean', 'low', 'high']] },
    })
    const wrong = { x: { y: ['Pie', ['a']] } } as never
    expect(() => writer.addCustomScalars(wrong)).toThrow(/chart 'y' is a "Pie"/)
    expect(() => writer.addCustomScalarsMarginchart(['a', 'b'])).toThrow(/has 2 tags/)
    expect(() => writer.addCustomScalarsMultilinechart([])).toThrow(ValueError)
  })
  expect(run.customScalars).toEqual([
    { category: 'losses', title: 'both', type: 'Multiline', tags: ['train/loss', 'val/loss'] },
    { category: 'spread', title: 'band', type: 'Margin', tags: ['mean', 'low', 'high'] },
  ])
  const other = written((writer) => writer.addCustomScalarsMarginchart(['a', 'b', 'c'], 'k'))
  expect(other.customScalars).toEqual([
    { category: 'k', title: 'untitled', type: 'Margin', tags: ['a', 'b', 'c'] },
  ])
})

test('meshes keep vertices, faces, colours and what is said of the camera', () => {
  const corners = arange(12).reshape(1, 4, 3)
  const run = written((writer) => {
    const faces = tensor([[[0, 1, 2]]])
    writer.addMesh('shape', corners, corners.mul(2), faces, { configDict: { camera: { fov: 75 } } })
    writer.addMesh('shape', corners, { globalStep: 1 })
    expect(() => writer.addMesh('x', ones([4, 3]))).toThrow(/vertex is \[4, 3\], not \[B, N, 3\]/)
    expect(() => writer.addMesh('x', corners, ones([1, 3, 3]))).toThrow(/one for each vertex/)
  })
  const [first, second] = run.meshes('shape')
  expect([first?.step, first?.config, second?.step]).toEqual([0, '{"camera":{"fov":75}}', 1])
  expect(first?.read('vertices')).toEqual({ shape: [1, 4, 3], values: [...Array(12).keys()] })
  expect(first?.read('colors')?.values.at(-1)).toBe(22)
  expect(first?.read('faces')).toEqual({ shape: [1, 1, 3], values: [0, 1, 2] })
  expect(second?.read('faces')).toBeNull()
})

describe('tensors', () => {
  const dtypes: DType[] = ['float32', 'float64', 'float16', 'bfloat16', 'uint8', 'int8', 'int16']
  test.each([...dtypes, 'int32', 'int64', 'bool'] as DType[])(
    'of %s are kept as they are',
    (dtype) => {
      const value = tensor([
        [0, 1, 2],
        [3, 0, 5],
      ]).to(dtype)
      const [found] = written((writer) => writer.addTensor('x', value, 3)).tensors('x')
      expect(found?.step).toBe(3)
      expect(found?.read().dtype).toBe(dtype)
      expect(found?.read().tolist()).toEqual(value.tolist())
    },
  )

  test('may be empty, or a single number', () => {
    const run = written((writer) => {
      writer.addTensor('empty', zeros([0, 3]))
      writer.addTensor('one', tensor(2.5))
    })
    expect(run.tensors('empty')[0]?.read().shape).toEqual([0, 3])
    expect(run.tensors('one')[0]?.read().item()).toBe(2.5)
  })
})

test('histograms that were counted already are kept', () => {
  const run = written((writer) => {
    writer.addHistogramRaw('h', 0, 2, 3, 3, 5, [1, 2], tensor([1, 2]), 4)
    expect(() => writer.addHistogramRaw('x', 0, 1, 1, 1, 1, [1], [])).toThrow(
      /1 limits and 0 counts/,
    )
  })
  const wanted = { step: 4, min: 0, max: 2, num: 3, sum: 3, sumSquares: 5, bucket: [1, 2] }
  expect(run.histograms('h')[0]).toMatchObject({ ...wanted, bucketLimit: [1, 2] })
})

test('boxes are drawn into images', () => {
  const run = written((writer) => {
    writer.addImageWithBoxes('boxes', zeros([3, 12, 16]), tensor([[2, 3, 9, 10]]), 1)
    writer.addImageWithBoxes('twice', zeros([1, 12, 16]), tensor([[2, 3, 9, 10]]), { rescale: 2 })
    expect(() => writer.addImageWithBoxes('x', zeros([3, 4, 4]), tensor([1, 2]))).toThrow(
      /\[N, 4\]/,
    )
  })
  const { data, width } = decode(run.images('boxes')[0]?.read() ?? new Uint8Array())
  const at = (x: number, y: number): number[] => [...data.subarray((y * width + x) * 3).slice(0, 3)]
  for (const [x, y] of [
    [2, 3],
    [9, 10],
    [5, 4],
    [3, 7],
    [8, 7],
  ] as const) {
    expect(at(x, y)).toEqual([255, 0, 0])
  }
  for (const [x, y] of [
    [5, 6],
    [1, 3],
    [10, 7],
    [5, 11],
  ] as const) {
    expect(at(x, y)).toEqual([0, 0, 0])
  }
  expect(run.images('twice')[0]).toMatchObject({ width: 32, height: 24 })
})

test('names of boxes are written at their bottoms', () => {
  const run = written((writer) => {
    const boxes = tensor([
      [1, 1, 20, 14],
      [22, 1, 40, 14],
    ])
    writer.addImageWithBoxes('named', ones([3, 16, 44]), boxes, { labels: ['T1', 'é'] })
    writer.addImageWithBoxes('one', ones([3, 16, 44]), boxes.narrow(0, 0, 1), { labels: 'T1' })
    const wrong: [labels: unknown, message: RegExp][] = [
      [['T1'], /there are 1 labels for 2 boxes/],
      [['T1', 2], /labels\[1\] must be a string/],
      [3, /labels must be a list of names, not 3/],
    ]
    for (const [labels, message] of wrong) {
      const options = { labels: labels as string[] }
      expect(() => writer.addImageWithBoxes('x', ones([3, 16, 44]), boxes, options)).toThrow(
        message,
      )
    }
  })
  const drawing = (tag: string): string[] => {
    const { data, width } = decode(run.images(tag)[0]?.read() ?? new Uint8Array())
    const letters = Array.from({ length: data.length / 3 }, (_, i) => {
      const [red, green] = data.subarray(3 * i)
      return green === 255 ? '.' : red === 255 ? '-' : '#'
    })
    return Array.from({ length: 16 }, (_, y) => letters.slice(y * width, (y + 1) * width).join(''))
  }
  expect(drawing('named').slice(5, 16)).toEqual([
    '.--................--.--...............--...',
    '.-------------.....--.-------..........--...',
    '.-#####---#---.....--.-#####-..........--...',
    '.---#----##---.....--.-#---#-..........--...',
    '.---#-----#---.....--.-#---#-..........--...',
    '.---#-----#---.....--.-#---#-..........--...',
    '.---#-----#---.....--.-#---#-..........--...',
    '.---#-----#---.....--.-#---#-..........--...',
    '.---#----###---------.-#####-------------...',
    '.--------------------.-------------------...',
    '............................................',
  ])
  expect(drawing('one')[8]).toBe('.---#----##---.....--.......................')
})

/** A message of protocol buffers: fields by their numbers, of texts, messages and small numbers. */
function proto(...fields: [no: number, value: string | Uint8Array | number][]): Uint8Array {
  return Buffer.concat(
    fields.map(([no, value]) => {
      if (typeof value === 'number') return Uint8Array.of(no << 3, value)
      const bytes = Buffer.from(value)
      return Buffer.concat([Uint8Array.of((no << 3) | 2, bytes.length), bytes])
    }),
  )
}

test('the graph of an ONNX file has inputs, parameters, operations and outputs', () => {
  const shape = (...sizes: number[]): Uint8Array =>
    proto([
      2,
      proto([
        1,
        proto([2, proto(...sizes.map((size) => [1, proto([1, size])] as [number, Uint8Array]))]),
      ]),
    ])
  const graph = proto(
    [1, proto([1, 'x'], [1, 'w'], [2, 'h'], [3, 'net/fc'], [4, 'MatMul'])],
    [1, proto([1, 'h'], [2, 'y'], [4, 'Relu'])],
    [5, proto([1, 4], [1, 3], [8, 'w'])],
    [11, Buffer.concat([proto([1, 'x']), shape(2, 4)])],
    [12, Buffer.concat([proto([1, 'y']), shape(2, 3)])],
  )
  const path = `${folder()}.onnx`
  writeFileSync(path, proto([1, 8], [7, graph]))
  const run = written((writer) => {
    writer.addOnnxGraph(path)
    expect(() => writer.addOnnxGraph(Uint8Array.of(1, 2, 3))).toThrow(/is no ONNX file/)
    expect(() => writer.addOnnxGraph(`${path}x`)).toThrow(/ENOENT/)
  })
  expect(run.graph()).toEqual([
    { name: 'x', op: 'Input', inputs: [], shape: [2, 4] },
    { name: 'w', op: 'Parameter', inputs: [], shape: [4, 3] },
    { name: 'net/fc', op: 'MatMul', inputs: ['x', 'w'], shape: null },
    { name: 'y', op: 'Relu', inputs: ['net/fc'], shape: null },
    { name: 'output/y', op: 'Output', inputs: ['y'], shape: [2, 3] },
  ])
})

test('what a training that went on replaces is gone', () => {
  const logDir = folder()
  for (const purgeStep of [null, 3]) {
    using writer = new SummaryWriter({ logDir, purgeStep })
    for (const step of purgeStep === null ? [1, 3, 5] : [3]) {
      writer.addPrCurve('p', [0, 1], [0.2, 0.8], step)
      writer.addAudio('a', rand([4]), step)
      writer.addTensor('t', rand([4]), step)
      writer.addMesh('m', rand([1, 4, 3]), { globalStep: step })
    }
  }
  const run = new EventAccumulator(logDir).reload()
  for (const list of [run.prCurves('p'), run.audio('a'), run.tensors('t'), run.meshes('m')]) {
    expect(list.map(({ step }) => step)).toEqual([1, 3])
  }
})
