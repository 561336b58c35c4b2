import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ones, randn, tensor, zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { buildPage } from '../scripts/build-page.mjs'
import type { Board } from './index.ts'
import { serveBoard, SummaryWriter } from './index.ts'
import { boardProgram } from './program.ts'
import type {
  EmbeddingMessage,
  GraphItem,
  HistogramsMessage,
  ImageInfo,
  PrCurveInfo,
  RunsMessage,
} from './protocol.ts'
import { rebin } from './rebin.ts'

const top = mkdtempSync(join(tmpdir(), 'flambeau-board-'))
const boards: Board[] = []
afterEach(async () => {
  for (const board of boards.splice(0)) await board.close()
})
afterAll(() => rmSync(top, { recursive: true }))

let made = 0
const folder = (): string => join(top, String(made++))

async function serve(runs: string): Promise<Board> {
  const board = await serveBoard(runs, { port: 0, intervalMs: 50 })
  boards.push(board)
  return board
}

async function get<T>(board: Board, path: string): Promise<T> {
  const answer = await fetch(board.url + path)
  expect(answer.status).toBe(200)
  return (await answer.json()) as T
}

/** The answer to a path as it stands, which fetch would tidy. */
function rawGet(
  board: Board,
  path: string,
  headers = {},
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: board.port, path, headers }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => (body += part))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }))
    })
    asked.on('error', reject)
    asked.end()
  })
}

/** A folder with a run `first` that has something of everything. */
function someRuns(): string {
  const runs = folder()
  using writer = new SummaryWriter(join(runs, 'first'))
  writer.addScalar('train/loss', 0.5, 1, 100)
  writer.addScalar('train/loss', Number.NaN, 2, 101)
  writer.addImage('picture', zeros([3, 4, 6]), 7)
  writer.addHistogram('weights', [1, 2, 2, 3], 3)
  writer.addText('note', 'hello', 4)
  writer.addGraph(new nn.Sequential(new nn.Linear(4, 3), new nn.ReLU()), [2, 4])
  writer.addHparams({ lr: 0.1 }, { best: 0.9 }, { runName: 'tried' })
  return runs
}

describe('the server', () => {
  test('tells of runs and what they logged', async () => {
    const board = await serve(someRuns())
    const { state, runs } = await get<RunsMessage>(board, 'api/runs')
    expect([state, runs.map(({ name }) => name)]).toEqual(['runs', ['first', 'first/tried']])
    expect(runs[0]).toMatchObject({
      scalars: ['train/loss'],
      last: { 'train/loss': null },
      images: ['picture'],
      histograms: ['weights'],
      texts: ['note'],
      hasGraph: true,
    })
    expect(runs[1]).toMatchObject({ hparams: { lr: 0.1 }, last: { best: expect.closeTo(0.9, 5) } })
    expect(await get(board, 'api/scalars?run=first&tag=train/loss&from=1')).toEqual({
      from: 1,
      generation: 0,
      steps: [2],
      times: [101],
      values: [null],
    })
    expect((await get<ImageInfo[]>(board, 'api/images?run=first&tag=picture'))[0]).toMatchObject({
      step: 7,
      width: 6,
      height: 4,
    })
    const image = await fetch(`${board.url}api/image?run=first&tag=picture&index=0`)
    expect(image.headers.get('content-type')).toBe('image/png')
    const texts = await get<unknown[]>(board, 'api/texts?run=first&tag=note')
    expect(texts).toMatchObject([{ step: 4, text: 'hello' }])
  })

  test('tells of precision-recall curves, sounds and charts that were laid out', async () => {
    const runs = folder()
    using writer = new SummaryWriter(join(runs, 'first'))
    writer.addPrCurve('spam', [0, 1], [0.25, 0.75], 2, 5)
    writer.addAudio('tone', zeros([1, 400]), 3, 8000)
    writer.addCustomScalars({ some: { both: ['Multiline', ['a', 'b']] } })
    writer.flush()
    const board = await serve(runs)
    const [run] = (await get<RunsMessage>(board, 'api/runs')).runs
    expect(run).toMatchObject({ prCurves: ['spam'], audio: ['tone'], embeddings: [] })
    expect(run?.customScalars).toEqual([
      { category: 'some', title: 'both', type: 'Multiline', tags: ['a', 'b'] },
    ])
    const [curve] = await get<PrCurveInfo[]>(board, 'api/pr-curves?run=first&tag=spam')
    expect(curve).toMatchObject({
      step: 2,
      precision: [0.5, 0.5, 1, 1, 0],
      recall: [1, 1, 1, 1, 0],
    })
    const sounds = await get<unknown[]>(board, 'api/audio?run=first&tag=tone')
    expect(sounds).toMatchObject([{ step: 3, seconds: 0.05, sampleRate: 8000 }])
    const sound = await fetch(`${board.url}api/sound?run=first&tag=tone&index=0`)
    expect(sound.headers.get('content-type')).toBe('audio/wav')
    expect((await sound.arrayBuffer()).byteLength).toBe(844)
    for (const path of ['sound?run=first&tag=tone&index=1', 'embedding?run=first&index=0']) {
      expect((await fetch(`${board.url}api/${path}`)).status).toBe(404)
    }
  })

  test.each([
    ['more numbers than points', 4, 9],
    ['more points than numbers', 30, 3],
  ])('turns an embedding of %s so that one sees most of it', async (_name, count, size) => {
    const runs = folder()
    using writer = new SummaryWriter(join(runs, 'first'))
    const mat = randn([count, size])
    writer.addEmbedding(mat, { labelImg: ones([count, 1, 2, 3]), globalStep: 6 })
    const board = await serve(runs)
    const [run] = (await get<RunsMessage>(board, 'api/runs')).runs
    expect(run?.embeddings).toEqual([{ tag: 'default', step: 6 }])
    const path = 'api/embedding?run=first&index=0'
    const { points, shares, ...rest } = await get<EmbeddingMessage>(board, path)
    const columns = Math.ceil(Math.sqrt(count))
    const image = { width: 3, height: 2, columns }
    expect(rest).toEqual({ count, size, header: [], labels: [], image })
    // All of the variance is in three directions, of 3 numbers or 4 points; distances are kept.
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1)
    const far = ([a = [], b = []]: readonly (readonly number[])[]): number =>
      Math.hypot(...a.map((value, i) => value - (b[i] as number)))
    expect(far(points)).toBeCloseTo(far(mat.tolist() as number[][]), 4)
    expect(shares.toSorted((a, b) => b - a)).toEqual(shares)
    const sprite = await fetch(`${board.url}api/sprite?run=first&index=0`)
    expect(sprite.headers.get('content-type')).toBe('image/png')
  })

  test('makes a tree of the graph', async () => {
    const board = await serve(someRuns())
    const [model] = await get<GraphItem[]>(board, 'api/graph?run=first')
    expect(model).toMatchObject({ name: 'Sequential', parameters: 15, shape: [2, 3] })
    expect(model?.children[0]).toMatchObject({ name: '0', type: 'Linear', shape: [2, 3] })
    expect(model?.children[0]?.children.map(({ name, kind }) => [name, kind])).toEqual([
      ['weight', 'parameter'],
      ['bias', 'parameter'],
      ['linear', 'operation'],
    ])
  })

  test('puts histograms of all steps over the same bins', () => {
    const common = { wallTime: 0, sum: 0, sumSquares: 0 }
    const { low, high, steps, counts }: HistogramsMessage = rebin([
      { ...common, step: 0, min: 0, max: 1, num: 4, bucketLimit: [0, 1], bucket: [0, 4] },
      { ...common, step: 5, min: 1, max: 2, num: 6, bucketLimit: [1, 1.5, 2], bucket: [2, 0, 4] },
    ])
    expect([low, high, steps]).toEqual([0, 2, [0, 5]])
    const sums = counts.map((list) => list.reduce((a, b) => a + b, 0))
    expect(sums[0]).toBeCloseTo(4)
    expect(sums[1]).toBeCloseTo(6)
    expect(counts[0]?.slice(24).every((count) => count === 0)).toBe(true)
  })

  test('reports damaged files, and goes on with the rest', async () => {
    const runs = someRuns()
    const files = readdirSync(join(runs, 'first')).filter((name) => name.includes('tfevents'))
    appendFileSync(join(runs, 'first', files[0] as string), new Uint8Array(40).fill(7))
    const board = await serve(runs)
    const [run] = (await get<RunsMessage>(board, 'api/runs')).runs
    expect(run?.problems[0]).toMatch(/byte \d+: the length of a record is damaged/)
    expect(run?.scalars).toEqual(['train/loss'])
  })

  test('gives nothing but its own files and the runs', async () => {
    await buildPage()
    const runs = someRuns()
    writeFileSync(join(runs, 'secret.txt'), 'secret')
    writeFileSync(join(runs, 'first', 'secret.txt'), 'secret')
    const board = await serve(runs)
    const page = await rawGet(board, '/')
    expect(page.status).toBe(200)
    expect(page.body).not.toMatch(/https?:/)
    for (const path of [
      '/secret.txt',
      '/../package.json',
      '/..%2f..%2fpackage.json',
      '/%2e%2e/%2e%2e/package.json',
      '/index.html/../../../package.json',
      '/constructor',
      '/api/scalars?run=../first&tag=train/loss',
      '/api/scalars?run=first&tag=other',
      '/api/image?run=first&tag=picture&index=1',
      '/api/image?run=first&tag=picture&index=-1',
      '/api/graph?run=first/tried',
    ]) {
      const { status, body } = await rawGet(board, path)
      expect([path, status]).toEqual([path, 404])
      expect(body).not.toMatch(/secret\b.*secret|"name"/)
    }
    expect((await rawGet(board, '/api/runs', { Host: 'evil.example' })).status).toBe(403)
    expect((await fetch(board.url, { method: 'POST' })).status).toBe(405)
  })

  test('says so if the port is taken, or there is none', async () => {
    const board = await serve(folder())
    await expect(serveBoard(top, { port: board.port })).rejects.toThrow(/port \d+ is taken/)
    await expect(serveBoard(top, { port: 70000 })).rejects.toThrow(/port/)
  })
})

describe('a folder without runs', () => {
  test('is explained, by what is wrong with it', async () => {
    const missing = folder()
    expect((await serve(missing)).message).toMatch(/does not exist/)
    mkdirSync(missing)
    expect((await serve(missing)).message).toMatch(/There are no runs/)
    writeFileSync(join(missing, 'notes.txt'), 'hello')
    expect((await serve(join(missing, 'notes.txt'))).message).toMatch(/is a file/)
  })

  test('shows runs as soon as there are some', async () => {
    const runs = folder()
    const board = await serve(runs)
    expect((await get<RunsMessage>(board, 'api/runs')).state).toBe('missing')
    using writer = new SummaryWriter(join(runs, 'late'))
    writer.addScalar('loss', tensor(1), 0)
    writer.flush()
    const { state, runs: found } = await get<RunsMessage>(board, 'api/runs')
    expect([state, found.map(({ name }) => name)]).toEqual(['runs', ['late']])
    rmSync(runs, { recursive: true })
    expect((await get<RunsMessage>(board, 'api/runs')).runs).toEqual([])
  })

  test('may be a run by itself', async () => {
    const runs = someRuns()
    const board = await serve(join(runs, 'first'))
    const { runs: found } = await get<RunsMessage>(board, 'api/runs')
    expect(found.map(({ name }) => name)).toEqual(['first', 'tried'])
  })
})

describe('the command', () => {
  test('says where the page is, and what is wrong', async () => {
    const lines: string[] = []
    const run = (...args: string[]): Promise<unknown> =>
      boardProgram(
        (line) => void lines.push(line),
        (board) => void boards.push(board),
      ).parseAsync(args, { from: 'user' })
    await run(someRuns(), '--port', '0')
    expect(lines[0]).toMatch(/^2 runs in/)
    expect(lines[1]).toMatch(/http:\/\/127\.0\.0\.1:\d+\//)
    await run(folder(), '-p', '0')
    expect(lines[2]).toMatch(/does not exist.*SummaryWriter/)
  })
})
