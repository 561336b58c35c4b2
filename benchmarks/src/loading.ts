/**
 * Loads and augments pairs of a JPEG of 160 × 240 and a GIF mask, as a training of Carvana does, and
 * compares with PyTorch's DataLoader on the same files and as many processes as threads here:
 *
 *   node benchmarks/dist/loading.js [--count 512] [--workers 2] [--epochs 3] [--python python3]
 *
 * Sides take turns, so that both meet the same disturbances; the best epoch of each counts.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { setNumThreads } from '@flambeau/core'
import {
  CarvanaDataset,
  Compose,
  DataLoader,
  generateCarvana,
  HorizontalFlip,
  Normalize,
  Resize,
  Rotate,
  VerticalFlip,
} from '@flambeau/data'

/** Images in a second, and milliseconds of all processors for one. */
interface Rate {
  rate: number
  cpu: number
}

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '512' },
    workers: { type: 'string', default: '2' },
    epochs: { type: 'string', default: '3' },
    python: { type: 'string', default: 'python3' },
  },
})
const [count, workers, epochs] = [values.count, values.workers, values.epochs].map(Number) as [
  number,
  number,
  number,
]

const folder = mkdtempSync(join(tmpdir(), 'flambeau-loading-'))
try {
  await generateCarvana(folder, { count, size: [160, 240], seed: 0 })
  setNumThreads(1)
  const best = new Map<string, Rate>()
  const note = (name: string, { rate, cpu }: Rate): void => {
    const before = best.get(name) ?? { rate: 0, cpu: Infinity }
    best.set(name, { rate: Math.max(before.rate, rate), cpu: Math.min(before.cpu, cpu) })
  }
  for (let epoch = 0; epoch < epochs; epoch++) {
    note('flambeau', await ours(workers))
    for (const pipeline of ['torchvision', 'opencv', 'pillow']) {
      const theirs = python(pipeline)
      if (theirs !== undefined) note(pipeline, theirs)
    }
  }
  for (const [name, { rate, cpu }] of best) {
    console.log(
      `${name.padEnd(12)} ${rate.toFixed(0).padStart(6)} images/s  ${cpu.toFixed(2)} ms of CPU`,
    )
  }
} finally {
  rmSync(folder, { recursive: true })
}

async function ours(numWorkers: number): Promise<Rate> {
  const transform = new Compose([
    new Resize([160, 240]),
    new Rotate(35, { p: 1 }),
    new HorizontalFlip(0.5),
    new VerticalFlip(0.1),
    new Normalize([0, 0, 0], [1, 1, 1]),
  ])
  const data = new CarvanaDataset(folder, { transform })
  const options = { batchSize: 16, shuffle: true, numWorkers, persistentWorkers: numWorkers > 0 }
  const loader = new DataLoader(data, options)
  const pass = async (): Promise<number> => {
    let images = 0
    for await (const { image } of loader) images += image.size(0)
    return images
  }
  // Threads and libraries are ready before the clock starts, as they are from the second epoch on.
  await pass()
  const before = process.cpuUsage()
  const start = performance.now()
  const images = await pass()
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(before)
  return { rate: images / seconds, cpu: (user + system) / 1000 / images }
}

/** The same by PyTorch; undefined where a library is missing. */
function python(pipeline: string): Rate | undefined {
  const script = join(import.meta.dirname, '../pytorch/loading.py')
  const args = [script, folder, pipeline, String(workers)]
  const { status, stdout } = spawnSync(values.python, args, { encoding: 'utf8' })
  return status === 0 ? (JSON.parse(stdout.trim().split('\n').at(-1) as string) as Rate) : undefined
}
