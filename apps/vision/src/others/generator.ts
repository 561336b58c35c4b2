/** Trains a generator on digits, or on pictures of a folder. */
import { join } from 'node:path'
import { tensor } from '@flambeau/core'
import { DataLoader } from '@flambeau/data'
import { imageGrid } from '@flambeau/plot'
import { saveTrained } from '../checkpoint.ts'
import { passes } from '../registry.ts'
import type { Run } from '../run.ts'
import { announce, refuse } from '../run.ts'
import { openSource } from '../sources.ts'
import type { GeneratorPlan } from '../zoo/generation.ts'
import { judgeAt, judgedBy } from '../zoo/generation.ts'

/** Pixels a side. */
const SIZE = 28
/** Pictures that are shown to those that draw what they see, and that are drawn in the end. */
const SHOWN = 100

/** Leaves a file of weights for each network, and drawn.png. */
export async function trainGenerator(run: Run, plan: GeneratorPlan): Promise<void> {
  const { out, options, name, epochs, batchSize, lr, say } = run
  const { data, images, seed, skipCorrupt, size = SIZE } = options
  refuse(options.resume, '--resume', 'generators are not kept on the way')
  refuse(options.mixedPrecision, '--mixed-precision', 'generators are too small to gain by it')
  refuse(size !== SIZE, '--size', `generators draw ${SIZE} × ${SIZE} pixels`)
  const { train, test, classes } = openSource(data, {
    channels: 1,
    size,
    images: Math.min(images, plan.images),
    testImages: SHOWN,
    seed,
    skipCorrupt,
    plain: true,
  })
  say(
    `${train.length.toLocaleString('en')} images of ${size} × ${size} to learn from, from ${data}`,
  )
  const first = await new DataLoader(test, { batchSize: SHOWN })[Symbol.asyncIterator]().next()
  const [shown] = (first as Exclude<typeof first, { done: true }>).value
  const loader = new DataLoader(train, {
    batchSize,
    shuffle: true,
    dropLast: train.length > batchSize,
  })
  const material = { images: loader, shown, classes: classes.length, epochs, lr }
  const { networks, drawn } = await plan.make(material)
  announce(run, Object.values(networks))
  const view = { channels: 1, size, mean: [0], std: [1] } as const
  for (const [part, network] of Object.entries(networks)) {
    saveTrained(join(out, `${part}.safetensors`), network.stateDict(), { name, classes, view })
  }
  const count = drawn.shape[0] as number
  // Evenly among all that were drawn, so that each class is seen.
  const step = Math.max(1, Math.floor(count / SHOWN))
  const places = Array.from({ length: Math.min(SHOWN, count) }, (_, i) => i * step)
  imageGrid(drawn.indexSelect(0, tensor(places, { dtype: 'int64' })).clamp(0, 1), {
    title: `What ${name} draws after ${passes(epochs)}`,
    columns: 10,
    range: [0, 1],
    invert: true,
  }).save(join(out, 'drawn.png'))
  const files = Object.keys(networks).map((part) => `${part}.safetensors`)
  let score = ''
  if (data === 'mnist') {
    const judge = await judgeAt(join(out, 'judge.safetensors'), say)
    score = `a judge of digits gives ${judgedBy(judge, drawn).toFixed(2)} of 10; `
  }
  say(`${score}in ${out}: ${files.join(', ')}, drawn.png`)
}
