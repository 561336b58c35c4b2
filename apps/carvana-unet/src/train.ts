/** The training. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { manualSeed, setNumThreads, ValueError } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import type { CarvanaSample, Dataset } from '@flambeau/data'
import {
  Accuracy,
  DataLoader,
  Dice,
  FormatError,
  loadCheckpoint,
  writeFileAtomic,
} from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { Adam, GradScaler, OneCycleLR } from '@flambeau/optim'
import { fit, formatPercent } from '@flambeau/trainer'
import type { DataOptions, Size } from './data.ts'
import { openData } from './data.ts'
import { build, saveModel } from './model.ts'
import { drawMasks, keepCurves } from './pictures.ts'

export interface TrainOptions extends DataOptions {
  readonly full: boolean
  readonly width: number
  readonly size: Size
  readonly epochs: number
  readonly batchSize: number
  readonly lr: number
  /** Was the learning rate asked for? Then it holds for a resumed training too. */
  readonly lrGiven: boolean
  /** Does the learning rate stay, or go up and down along one cycle? */
  readonly schedule: 'constant' | 'cycle'
  readonly patience: number
  readonly mixedPrecision?: 'bfloat16' | 'float16'
  readonly workers: number
  readonly threads?: number
  readonly resume: boolean
}

/** A batch: images `[N, 3, H, W]`, masks `[N, 1, H, W]`. */
interface Batch {
  readonly image: Tensor
  readonly mask: Tensor
}

/**
 * Writes down what decides the numbers; a run that goes on must have the same, but may leave a cycle for a
 * constant rate.
 *
 * @throws {ValueError}
 */
function keepSettings(options: TrainOptions): void {
  const { out, resume, width, size, batchSize, seed, schedule, lr, epochs } = options
  const always = { width, size, batchSize, seed }
  const settings = schedule === 'cycle' ? { ...always, schedule, lr, epochs } : always
  const path = join(out, 'settings.json')
  if (resume && existsSync(path)) {
    const before = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    const same = Object.entries(settings).every(
      ([name, value]) => JSON.stringify(before[name]) === JSON.stringify(value),
    )
    if (!same) {
      const rule = `the run in ${out} has ${JSON.stringify(before)}, this one asks for ${JSON.stringify(settings)}`
      throw new ValueError('resume', [], rule, 'pass the same options, or another --out folder')
    }
  }
  writeFileAtomic(path, [new TextEncoder().encode(JSON.stringify(settings))])
}

/** @throws {FormatError} if there is no car in any mask, and so no Dice. */
async function requireCars(pictures: Dataset<CarvanaSample>, path: string): Promise<void> {
  for (let i = 0; i < pictures.length; i++) {
    const { mask } = await pictures.getItem(i)
    if (mask.gt(0).any().item()) return
  }
  const reason = `no car is in the masks of the ${pictures.length} pictures to validate on`
  const fix = 'check the masks: cars are white, all else is black'
  throw new FormatError({ format: 'Carvana', path, reason, fix })
}

export async function train(options: TrainOptions, say: (text: string) => void): Promise<void> {
  const { out, width, size, epochs, batchSize, lr, seed, workers, mixedPrecision } = options
  const cycle = options.schedule === 'cycle'
  if (options.threads !== undefined) setNumThreads(options.threads)
  mkdirSync(out, { recursive: true })
  const { train: learning, validation, folder } = await openData(options, say)
  await requireCars(validation, folder)

  manualSeed(seed)
  const net = build(width)
  const optimizer = new Adam(net.parameters(), { lr })
  const loss = new nn.BCEWithLogitsLoss()
  const loaderOptions = { batchSize, numWorkers: workers, persistentWorkers: workers > 0 }
  const loader = new DataLoader<CarvanaSample, Batch>(learning, { ...loaderOptions, shuffle: true })
  const totalSteps = Math.max(2, epochs * loader.length)
  const scheduler = cycle ? new OneCycleLR(optimizer, { maxLr: lr, totalSteps }) : undefined
  const parameters = [...net.parameters()].reduce((sum, one) => sum + one.numel(), 0)
  const recipe = `Adam ${lr}${cycle ? ' in one cycle' : ''}, batches of ${batchSize}, ${size.join(' × ')} pixels, ${width} to ${16 * width} channels`
  say(
    `${parameters.toLocaleString('en')} parameters; ${learning.length} pictures to learn from and ${validation.length} of other cars to validate on, in ${folder}`,
  )
  say(recipe)
  keepSettings(options)

  const history = await fit<Batch>(net, loader, {
    optimizer,
    forward: ({ image, mask }) => {
      const output = net(image)
      return { loss: loss(output, mask), compared: [output.float(), mask] }
    },
    epochs,
    validation: new DataLoader<CarvanaSample, Batch>(validation, loaderOptions),
    // Logits: above 0 is a car.
    metrics: {
      dice: new Dice({ threshold: 0 }),
      accuracy: new Accuracy({ task: 'binary', threshold: 0 }),
    },
    ...(scheduler === undefined ? {} : { scheduler, schedule: 'step' as const }),
    monitor: 'dice',
    earlyStopping: options.patience,
    checkpoints: join(out, 'checkpoints'),
    resume: options.resume,
    ...(mixedPrecision === undefined ? {} : { autocast: { dtype: mixedPrecision } }),
    ...(mixedPrecision === 'float16' ? { scaler: new GradScaler() } : {}),
    callbacks: [
      {
        onEpochStart: () => {
          if (!options.lrGiven || cycle) return
          // The checkpoint may be of another rate, or from within a cycle.
          for (const group of optimizer.paramGroups)
            Object.assign(group, { lr, betas: [0.9, 0.999] })
        },
        onEpochEnd: async ({ epoch, metrics }, so) => {
          keepCurves(out, so, recipe)
          const dice = (metrics['dice'] ?? Number.NaN).toFixed(4)
          const title = `Masks after epoch ${epoch}, Dice ${dice}`
          const name = `epoch-${String(epoch).padStart(3, '0')}.png`
          await drawMasks(out, name, net, validation, title)
        },
      },
    ],
  })
  const { bestCheckpoint, ended } = history
  if (bestCheckpoint === null || history.epochs.length === 0) return
  const { model } = loadCheckpoint(bestCheckpoint) as { model: Record<string, Tensor> }
  net.loadStateDict(model)
  saveModel(join(out, 'model.safetensors'), model, width, size)
  const best = history.epochs.reduce((a, b) =>
    (b.metrics['dice'] ?? 0) > (a.metrics['dice'] ?? 0) ? b : a,
  )
  const dice = best.metrics['dice'] ?? Number.NaN
  await drawMasks(
    out,
    'masks.png',
    net,
    validation,
    `Masks of the best epoch, Dice ${dice.toFixed(4)}`,
  )
  if (ended === 'early') say(`stopped early: no better Dice in ${options.patience + 1} epochs`)
  say(
    `best Dice ${dice.toFixed(4)} and ${formatPercent(best.metrics['accuracy'] ?? 0).trim()} of pixels right, in epoch ${best.epoch}; in ${out}: model.safetensors, masks.png, curves.png, metrics.json`,
  )
}
