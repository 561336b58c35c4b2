/** Trains a model on any source. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { manualSeed, setNumThreads } from '@flambeau/core'
import { Accuracy, DataLoader, FormatError, loadCheckpoint } from '@flambeau/data'
import type { Module } from '@flambeau/nn'
import type { Optimizer } from '@flambeau/optim'
import { AdamW, OneCycleLR, SGD } from '@flambeau/optim'
import { fit, formatPercent } from '@flambeau/trainer'
import { saveTrained } from './checkpoint.ts'
import { findModel, lossOf, sizeFor } from './models.ts'
import { rateGivenNow } from './rate.ts'
import type { Recipe } from './registry.ts'
import { inWords } from './registry.ts'
import { drawReport, keepCurves, lookAt } from './report.ts'
import type { TrainOptions } from './run.ts'
import { sameRun } from './run.ts'
import { openSource } from './sources.ts'
import { trainOther } from './train-others.ts'

/** The optimizer of a recipe. */
export function optimizerOf(model: Module, recipe: Recipe): Optimizer {
  const { lr, weightDecay } = recipe
  if (recipe.optimizer === 'adamw') return new AdamW(model.parameters(), { lr, weightDecay })
  return new SGD(model.parameters(), { lr, momentum: 0.9, weightDecay })
}

/** Trains the model of that name; leaves its weights, its curves and pictures. */
export async function train(
  name: string,
  options: TrainOptions,
  say: (text: string) => void,
): Promise<void> {
  if (await trainOther(name, options, say)) return
  const entry = findModel(name)
  const { data, seed, images, testImages, skipCorrupt, mixedPrecision, workers } = options
  const { out = join('runs', 'vision', name), resume } = options
  const { epochs = entry.recipe.epochs, batchSize = entry.recipe.batchSize } = options
  const recipe: Recipe = { ...entry.recipe, epochs, batchSize, lr: options.lr ?? entry.recipe.lr }
  if (options.threads !== undefined) setNumThreads(options.threads)
  const { channels } = entry.input
  const size = sizeFor(name, options.size)
  const source = openSource(data, { channels, size, images, testImages, seed, skipCorrupt })
  const { classes, view } = source
  if (classes.length < 2) {
    const reason = `all of its images are of one class, ${classes.join()}: there is nothing to tell it from`
    const fix = 'give images of two classes or more, each in a folder of its own'
    throw new FormatError({ format: 'ImageFolder', path: data, reason, fix })
  }
  mkdirSync(out, { recursive: true })

  manualSeed(seed)
  const model = entry.build({ classes: classes.length, size })
  const optimizer = optimizerOf(model, recipe)
  const loading = { batchSize, numWorkers: workers, persistentWorkers: workers > 0 }
  // A last batch of one image would be nothing to normalise by.
  const dropLast = source.train.length % batchSize === 1 && source.train.length > batchSize
  const loader = new DataLoader(source.train, { ...loading, shuffle: true, dropLast })
  const test = new DataLoader(source.test, loading)
  const totalSteps = Math.max(2, epochs * loader.length)
  const scheduler = new OneCycleLR(optimizer, { maxLr: recipe.lr, totalSteps })
  const parameters = [...model.parameters()].reduce((sum, one) => sum + one.numel(), 0)
  say(
    `${name}: ${parameters.toLocaleString('en')} parameters, ${inWords(recipe)}, images of ${channels} × ${size} × ${size}`,
  )
  say(
    `${source.train.length.toLocaleString('en')} images to learn from and ${source.test.length.toLocaleString('en')} to test on, ${classes.length} classes, from ${data}`,
  )

  const history = await fit(model, loader, {
    optimizer,
    scheduler,
    schedule: 'step',
    forward: ([x, y]: [Tensor, Tensor]) => {
      const [loss, logits] = lossOf(entry, model, x, y)
      return { loss, compared: [logits.float(), y] }
    },
    epochs,
    validation: test,
    metrics: { accuracy: new Accuracy({ numClasses: classes.length }) },
    checkpoints: join(out, 'checkpoints'),
    resume,
    autocast: mixedPrecision,
    state: {
      run: sameRun({ name, data, size, recipe: { ...recipe, lr: undefined }, seed, images }),
    },
    callbacks: [
      rateGivenNow(optimizer, recipe.lr),
      {
        onEpochEnd: (_record, so) =>
          keepCurves(out, name, inWords(recipe), so, {
            lossName: 'cross-entropy',
            label: 'Accuracy on test images',
            points: so.epochs.map(({ metrics }) => metrics['accuracy'] ?? Number.NaN),
          }),
      },
    ],
  })
  const { bestCheckpoint } = history
  if (bestCheckpoint === null || history.epochs.length === 0) return
  const { model: weights } = loadCheckpoint(bestCheckpoint) as { model: Record<string, Tensor> }
  model.loadStateDict(weights)
  saveTrained(join(out, 'model.safetensors'), weights, { name, classes, view })
  const seen = await lookAt(model, test, view)
  drawReport(out, name, classes, seen)
  say(
    `accuracy ${formatPercent(seen.accuracy).trim()} of ${seen.labels.length.toLocaleString('en')} test images; in ${out}: model.safetensors, curves.png, confusion.png, wrong.png, metrics.json`,
  )
}
