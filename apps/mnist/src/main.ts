/** npm run mnist */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { runProgram } from '@flambeau/command-line'
import { getNumThreads, manualSeed, setNumThreads } from '@flambeau/core'
import { Compose, DataLoader, MNIST, Normalize, ToTensor, writeFileAtomic } from '@flambeau/data'
import type { Options } from './options.ts'
import { program } from './options.ts'
import { createProgress, formatLoss, formatPercent } from '@flambeau/trainer'
import type { Recipe } from './recipes.ts'
import { recipes } from './recipes.ts'
import { drawPictures, metricsOf } from './report.ts'
import type { History } from './state.ts'
import { loadState, saveState } from './state.ts'
import { accuracyOf, DivergedError, predict, trainEpoch } from './train.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** Makes a folder and those above it. `mkdir -p` of Node never returns where the system refuses. */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  mkdirSync(path)
}

async function run(options: Options): Promise<void> {
  const recipe: Recipe = recipes[options.model]
  if (options.threads !== undefined) setNumThreads(options.threads)
  makeFolder(resolve(options.out))
  const checkpoint = join(options.out, 'checkpoint.safetensors')

  // With the mean and standard deviation of all training pixels.
  const normalize = recipe.normalize ? [new Normalize([0.1307], [0.3081])] : []
  const transform = new Compose([new ToTensor(), ...normalize])
  const train = new MNIST({ train: true, transform })
  const test = new MNIST({ train: false, transform })
  manualSeed(options.seed)
  const model = recipe.model()
  const optimizer = recipe.optimizer(model.parameters(), options.lr)
  let history: History = { epochs: [], stepLosses: [], stepMs: [] }
  if (options.resume) {
    const before = loadState(checkpoint, options, model, optimizer)
    if (before === null) say(`nothing to resume in ${options.out}: starting anew`)
    else history = before
  }

  const parameters = [...model.parameters()].reduce((sum, one) => sum + one.numel(), 0)
  say(`${options.model}: ${recipe.summary}`)
  say(
    `${parameters.toLocaleString('en')} parameters, ${train.length.toLocaleString('en')} training and ${test.length.toLocaleString('en')} test images, ${getNumThreads()} ${getNumThreads() === 1 ? 'thread' : 'threads'}, seed ${options.seed}`,
  )
  if (history.epochs.length > 0) say(`resumed after epoch ${history.epochs.length}`)

  const trainLoader = new DataLoader(train, { batchSize: options.batchSize, shuffle: true })
  const testLoader = new DataLoader(test, { batchSize: 1000 })
  let predictions: Uint8Array | null = null
  for (let epoch = history.epochs.length + 1; epoch <= options.epochs; epoch++) {
    const progress = createProgress({
      label: `epoch ${epoch}/${options.epochs}`,
      total: train.length,
      unit: 'images',
    })
    const result = await trainEpoch(model, optimizer, recipe, trainLoader, progress, history)
    predictions = await predict(model, testLoader, test.length)
    const testAccuracy = accuracyOf(predictions, test)
    progress.finish([
      `loss ${formatLoss(result.loss)}`,
      `accuracy ${formatPercent(result.accuracy)}`,
      `test ${formatPercent(testAccuracy)}`,
    ])
    for (const group of optimizer.paramGroups) group.lr *= recipe.lrDecay
    history.epochs.push({
      epoch,
      trainLoss: result.loss,
      testAccuracy,
      seconds: result.seconds,
      imagesPerSecond: result.imagesPerSecond,
    })
    saveState(checkpoint, options, model, optimizer, history)
  }

  predictions ??= await predict(model, testLoader, test.length)
  const metrics = metricsOf(options, history, accuracyOf(predictions, test))
  const json = new TextEncoder().encode(`${JSON.stringify(metrics, null, 2)}\n`)
  writeFileAtomic(join(options.out, 'metrics.json'), [json])
  if (options.json !== undefined) writeFileAtomic(options.json, [json])
  drawPictures(options, recipe, history, test, predictions)
  say(
    `test accuracy ${(metrics.testAccuracy * 100).toFixed(2)} %, median step ${metrics.stepMsMedian.toFixed(2)} ms, peak memory ${Math.round(metrics.peakRssMb)} MB`,
  )
  say(`in ${options.out}: checkpoint.safetensors, metrics.json, loss.png, digits.png`)
}

await runProgram('mnist', (write) => program(write, run), [DivergedError])
