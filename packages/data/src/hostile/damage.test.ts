import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { arange, collectGarbage, memoryStats, rand, tensor } from '@flambeau/core'
import { afterAll, describe, expect, it } from 'vitest'
import {
  loadCheckpoint,
  loadNpy,
  loadNpz,
  loadSafetensors,
  loadTorch,
  openSafetensors,
  parseCsv,
  parseIdx,
  readCsv,
  saveCheckpoint,
  saveNpy,
  saveNpz,
  saveSafetensors,
  saveTorch,
  TextLineDataset,
} from '../index.ts'
import { bounded, damaged, randomFrom } from '../testing/bounded.ts'

const folder = mkdtempSync(join(tmpdir(), 'flambeau-damage-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string): string => join(folder, name)
const fixture = (name: string): string => new URL(`../${name}`, import.meta.url).pathname

const tensors = {
  weight: rand([3, 4]),
  half: tensor([1.5, -2, 3], { dtype: 'float16' }),
  flags: tensor([true, false, true]),
  wide: arange(24).view(2, 3, 4),
}
saveSafetensors(at('a.safetensors'), tensors, { format: 'pt', note: 'ä' })
saveSafetensors(at('b.safetensors'), { bias: rand([7]) })
writeFileSync(
  at('model.safetensors.index.json'),
  JSON.stringify({
    metadata: { total_size: 100 },
    weight_map: { weight: 'a.safetensors', bias: 'b.safetensors' },
  }),
)
saveCheckpoint(at('c.safetensors'), { tensors, epoch: 3, names: ['a', 'b'], best: null })
saveNpy(at('x.npy'), arange(24).view(2, 3, 4))
await saveNpz(at('x.npz'), tensors)
await saveNpz(at('packed.npz'), tensors, { compressed: true })
await saveTorch({ tensors, epoch: 3, list: [1, 'two', [3]] }, at('x.pt'))
const idx = Buffer.from([
  0,
  0,
  0x0c,
  2,
  0,
  0,
  0,
  2,
  0,
  0,
  0,
  3,
  ...Array.from({ length: 24 }, (_, i) => i),
])
writeFileSync(at('x-idx2'), idx)
writeFileSync(at('x-idx2.gz'), gzipSync(idx))
const rows = Array.from({ length: 30 }, (_, i) => `${i},${i / 3},"text, ${i}",${i % 2 === 0}`)
writeFileSync(at('x.csv'), `id,value,note,even\n${rows.join('\n')}\n`)
writeFileSync(at('x.txt'), rows.join('\r\n'))
writeFileSync(at('wide.txt'), Buffer.from(rows.join('\n'), 'utf16le'))

function allLines(path: string, encoding: string): string[] {
  using lines = new TextLineDataset(path, { encoding })
  return Array.from({ length: lines.length }, (_, i) => lines.getItem(i))
}

/** Reads everything that a file offers, without leaving it open. */
function readAll(path: string): unknown {
  using file = openSafetensors(path)
  for (const name of file.keys()) file.slice(name, [[0, 1]])
  return file.load()
}

type Reader = (path: string) => unknown
const readIdx: Reader = (path) => parseIdx(readFileSync(path), { path })
const formats: [name: string, file: string, read: Reader][] = [
  ['a PyTorch file of ours', at('x.pt'), loadTorch],
  ['a PyTorch file with views', fixture('fixtures/torch/kinds_2.pt'), loadTorch],
  ['a PyTorch file of protocol 4', fixture('fixtures/torch/kinds_4.pt'), loadTorch],
  ['a PyTorch training checkpoint', fixture('fixtures/training.pt'), loadTorch],
  ['a PyTorch file before 1.6', fixture('fixtures/torch/kinds_legacy.pt'), loadTorch],
  ['safetensors', at('a.safetensors'), loadSafetensors],
  ['safetensors, opened lazily', at('a.safetensors'), readAll],
  ['an index of safetensors', at('model.safetensors.index.json'), readAll],
  ['a checkpoint', at('c.safetensors'), (path) => loadCheckpoint(path)],
  ['npy', at('x.npy'), loadNpy],
  ['npy of version 3', fixture('formats/fixtures/npy/version3.npy'), loadNpy],
  ['npy in Fortran order', fixture('formats/fixtures/npy/fortran.npy'), loadNpy],
  ['npz', at('x.npz'), (path) => loadNpz(path)],
  ['packed npz', at('packed.npz'), (path) => loadNpz(path)],
  ['npz of NumPy', fixture('formats/fixtures/npy/packed.npz'), (path) => loadNpz(path)],
  ['IDX', at('x-idx2'), readIdx],
  ['IDX packed with gzip', at('x-idx2.gz'), readIdx],
  ['CSV', at('x.csv'), (path) => readCsv(path)],
  [
    'CSV with dtypes',
    at('x.csv'),
    (path) => readCsv(path, { dtypes: { id: 'int16', note: 'category' } }),
  ],
  ['lines of UTF-8', at('x.txt'), (path) => allLines(path, 'utf-8')],
  ['lines of UTF-16', at('wide.txt'), (path) => allLines(path, 'utf-16le')],
]

describe.each(formats)('%s', (name, file, read) => {
  const bytes = readFileSync(file)
  // The index must lie beside the files it names.
  const target = join(
    folder,
    `damaged-${formats.findIndex(([one]) => one === name)}.${file.endsWith('.json') ? 'json' : 'bin'}`,
  )

  it('is read as long as it is whole', async () => {
    expect((await bounded(() => read(file))).refused).toBeNull()
  })

  it('survives 400 kinds of damage, each in time and memory', { timeout: 180_000 }, async () => {
    const random = randomFrom(7)
    let refusals = 0
    collectGarbage()
    const before = process.resourceUsage().maxRSS
    for (let round = 0; round < 400; round++) {
      const changed = damaged(bytes, random)
      writeFileSync(target, changed)
      try {
        const { refused } = await bounded(() => read(target))
        if (refused !== null) refusals++
      } catch (error) {
        throw new Error(`round ${round}: ${(error as Error).message}`, { cause: error })
      }
    }
    const lenient = /lines|CSV/.test(name)
    expect(refusals).toBeGreaterThan(lenient ? 30 : 130)
    // Nothing is left of what was refused: hundreds of megabytes would be a leak.
    expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(256)
    collectGarbage()
    expect(memoryStats().liveBytes).toBeLessThan(2 ** 20)
  })

  it('survives being cut anywhere', { timeout: 180_000 }, async () => {
    const step = Math.max(1, Math.floor(bytes.length / 150))
    for (let length = 0; length < bytes.length; length += step) {
      writeFileSync(target, bytes.subarray(0, length))
      const { refused } = await bounded(() => read(target))
      // A text may end anywhere, and a table after any row.
      const wanted = /lines|CSV/.test(name) ? refused === null : false
      expect({ length, read: refused === null }).toEqual({ length, read: wanted })
    }
  })
})

it('random bytes are refused by every format', { timeout: 180_000 }, async () => {
  const random = randomFrom(11)
  for (let round = 0; round < 60; round++) {
    const bytes = Uint8Array.from({ length: random(4000) }, () => random(256))
    for (const [name, file, read] of formats) {
      const start = readFileSync(file).subarray(0, random(2) * 8)
      const target = at(`random.${file.endsWith('.json') ? 'json' : 'bin'}`)
      writeFileSync(target, Buffer.concat([start, bytes]))
      const { refused } = await bounded(() => read(target))
      const wanted = /lines|CSV/.test(name) ? refused === null : false
      expect({ name, read: refused === null }).toEqual({ name, read: wanted })
    }
    await bounded(() => parseCsv(bytes, { encoding: 'latin1', quote: null }))
  }
})
