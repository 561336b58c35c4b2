/** Metrics and pictures of a finished run. */
import { join } from 'node:path'
import { getNumThreads, tensor } from '@flambeau/core'
import type { MNIST } from '@flambeau/data'
import { imageGrid, trainingCurves } from '@flambeau/plot'
import type { Options } from './options.ts'
import type { Recipe } from './recipes.ts'
import type { EpochResult, History } from './state.ts'

/** The contents of metrics.json. */
export interface Metrics {
  model: string
  device: string
  threads: number
  seed: number
  epochs: EpochResult[]
  testAccuracy: number
  /** Median duration of a training step (forward, backward, update) in milliseconds. */
  stepMsMedian: number
  /** The most resident memory of the process, in units of 2^20 bytes. */
  peakRssMb: number
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return 0
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

export function metricsOf(options: Options, history: History, testAccuracy: number): Metrics {
  return {
    model: options.model,
    device: 'cpu',
    threads: getNumThreads(),
    seed: options.seed,
    epochs: history.epochs,
    testAccuracy,
    stepMsMedian: median(history.stepMs),
    // maxRSS is in kilobytes.
    peakRssMb: process.resourceUsage().maxRSS / 1024,
  }
}

/** Digits shown: the first 88 of the test set, then the first 12 that were read wrongly. */
const SHOWN = 100
const WRONG_SHOWN = 12

function choose(predictions: Uint8Array, labels: ArrayLike<number>): number[] {
  const wrong: number[] = []
  for (let i = SHOWN - WRONG_SHOWN; i < predictions.length && wrong.length < WRONG_SHOWN; i++) {
    if (predictions[i] !== labels[i]) wrong.push(i)
  }
  const first = Array.from({ length: SHOWN - wrong.length }, (_, i) => i)
  return [...first, ...wrong.filter((i) => i >= first.length)]
}

export function drawPictures(
  options: Options,
  recipe: Recipe,
  history: History,
  test: MNIST,
  predictions: Uint8Array,
): void {
  const steps = history.stepLosses.length
  const epochs = history.epochs.length
  const last = history.epochs.at(-1)
  const accuracy = last === undefined ? 0 : last.testAccuracy
  const curves = trainingCurves({
    title: `MNIST, ${options.model}`,
    subtitle: recipe.summary,
    lossName: recipe.lossName,
    train: history.stepLosses.map((y, i) => ({ x: ((i + 1) / steps) * epochs, y })),
    epochLoss: history.epochs.map(({ epoch, trainLoss }) => ({ x: epoch, y: trainLoss })),
    metrics: [
      {
        name: 'Accuracy on the test set',
        points: history.epochs.map(({ epoch, testAccuracy }) => ({ x: epoch, y: testAccuracy })),
      },
    ],
  })
  curves.save(join(options.out, 'loss.png')).save(join(options.out, 'loss.svg'))

  const labels = test.labels.toArray()
  const shown = choose(predictions, labels)
  const wrong = shown.map((index) => labels[index] !== predictions[index])
  const right = wrong.filter((one) => !one).length
  const all = `${(accuracy * 100).toFixed(2)} % of all ${test.length.toLocaleString('en')} test images right`
  imageGrid(test.images.indexSelect(0, tensor(shown)).unsqueeze(1), {
    title: `Test digits read by ${options.model}`,
    subtitle: `${all}; the last ${WRONG_SHOWN} here are mistakes; ${right} of ${shown.length} right`,
    captions: shown.map((index, i) =>
      wrong[i] === true ? `${predictions[index]} → true ${labels[index]}` : `${predictions[index]}`,
    ),
    marked: wrong,
    columns: 10,
    invert: true,
  }).save(join(options.out, 'digits.png'))
}
