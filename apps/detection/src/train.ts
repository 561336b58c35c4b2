/** Trains a detector, and looks at what it finds after each epoch. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { manualSeed, setNumThreads } from '@flambeau/core'
import type { SceneBatch } from '@flambeau/data'
import {
  collateScenes,
  DataLoader,
  makeDigitScenes,
  readScenes,
  saveSafetensors,
  writeFileAtomic,
} from '@flambeau/data'
import { AdamW } from '@flambeau/optim'
import { trainingCurves } from '@flambeau/plot'
import { fit, formatPercent, warmCosine } from '@flambeau/trainer'
import { totalLoss } from '@flambeau/vision-models'
import { drawScenes, meanAveragePrecision } from './judge.ts'
import type { ModelName } from './models.ts'
import { recipes } from './models.ts'
import { MosaicScenes } from './scenes.ts'

export interface TrainOptions {
  readonly model: ModelName
  readonly out: string
  /** Folder of the scenes, which all models share. */
  readonly data: string
  readonly epochs?: number
  readonly lr?: number
  /** Scenes to learn from. */
  readonly images: number
  /** Scenes to be judged by, of digits that were not learned. */
  readonly testImages: number
  /** Pixels a side. */
  readonly size: number
  readonly batchSize: number
  /** Share of scenes that are put together of four. */
  readonly mosaic: number
  readonly seed: number
  readonly threads?: number
  readonly resume: boolean
}

/** What metrics.json says of an epoch. */
interface EpochMetrics {
  readonly epoch: number
  readonly loss: number
  readonly seconds: number
  /** At an overlap of one half. */
  readonly meanAveragePrecision: number
}

export async function train(options: TrainOptions, say: (text: string) => void): Promise<void> {
  const { model: name, size, batchSize, seed, data } = options
  const recipe = recipes[name]
  const { epochs = recipe.epochs, lr = recipe.lr } = options
  const out = join(options.out, name)
  if (options.threads !== undefined) setNumThreads(options.threads)
  mkdirSync(out, { recursive: true })
  const [learned, unseen] = [join(data, 'train'), join(data, 'test')]
  await makeDigitScenes(learned, { count: options.images, size, seed, train: true })
  await makeDigitScenes(unseen, { count: options.testImages, size, seed: seed + 1, train: false })
  const { scenes: test } = await readScenes(unseen)
  const { scenes } = await readScenes(learned)

  manualSeed(seed)
  const net = recipe.build(size)
  const loader = new DataLoader(new MosaicScenes(scenes, options.mosaic), {
    batchSize,
    shuffle: true,
    dropLast: true,
    collateFn: collateScenes,
  })
  const parameters = [...net.parameters()].reduce((sum, one) => sum + one.numel(), 0)
  say(
    `${recipe.title}: ${parameters.toLocaleString('en')} parameters, ${options.images} scenes of ${size} × ${size}`,
  )

  const optimizer = new AdamW(net.parameters(), { lr, weightDecay: 1e-3 })
  const { callback, ...rate } = warmCosine(optimizer, lr, epochs * loader.length)
  let found = options.resume ? earlierEpochs(out) : []
  await fit(net, loader, {
    optimizer,
    ...rate,
    forward: ({ images, targets }: SceneBatch) => totalLoss(net.losses(images, targets)),
    epochs,
    clipGradNorm: 10,
    checkpoints: join(out, 'checkpoints'),
    resume: options.resume,
    callbacks: [
      callback,
      {
        onEpochEnd: ({ epoch, loss, seconds }, history) => {
          const precision = meanAveragePrecision(net, test)
          say(`  mAP@0.5 ${formatPercent(precision).trim()}`)
          const earlier = found.filter((one) => one.epoch < epoch)
          found = [...earlier, { epoch, loss, seconds, meanAveragePrecision: precision }]
          drawScenes(net, test, 6, out)
          keepCurves(out, recipe.title, history.stepLosses, found)
          saveSafetensors(join(out, 'model.safetensors'), net.stateDict(), {
            model: name,
            size: String(size),
          })
        },
      },
    ],
  })
  say(`in ${out}: scene-1.png and on, loss.png, metrics.json, model.safetensors`)
}

/** What metrics.json says of the run so far. */
function earlierEpochs(out: string): EpochMetrics[] {
  const path = join(out, 'metrics.json')
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as EpochMetrics[]) : []
}

function keepCurves(
  out: string,
  title: string,
  losses: readonly number[],
  found: readonly EpochMetrics[],
): void {
  const perEpoch = losses.length / Math.max(found.length, 1)
  trainingCurves({
    title: `${title} on scenes of digits`,
    train: losses.map((y, i) => ({ x: (i + 1) / perEpoch, y })),
    epochLoss: found.map(({ loss }) => loss),
    metrics: [
      {
        name: 'Mean average precision at an overlap of one half, digits that were not learned',
        points: found.map((one) => one.meanAveragePrecision),
      },
    ],
  }).save(join(out, 'loss.png'))
  const json = new TextEncoder().encode(`${JSON.stringify(found, null, 2)}\n`)
  writeFileAtomic(join(out, 'metrics.json'), [json])
}
