/** Metrics and pictures of a finished run. */
import { join } from 'node:path'
import { getNumThreads } from '@flambeau/core'
import type { MNIST } from '@flambeau/data'
import { digitGrid } from './digit-grid.ts'
import type { Options } from './options.ts'
import { lossCurve } from './plot.ts'
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
  lossCurve({
    title: `MNIST, ${options.model}`,
    subtitle: recipe.summary,
    lossName: recipe.lossName,
    train: history.stepLosses.map((y, i) => ({ x: ((i + 1) / steps) * epochs, y })),
    epochLoss: history.epochs.map(({ epoch, trainLoss }) => ({ x: epoch, y: trainLoss })),
    testAccuracy: history.epochs.map(({ epoch, testAccuracy }) => ({ x: epoch, y: testAccuracy })),
    path: join(options.out, 'loss.png'),
  })

  const labels = test.labels.toArray()
  const pixels = test.images.toArray() as Uint8Array
  const shown = choose(predictions, labels)
  const size = 28 * 28
  const images = new Uint8Array(shown.length * size)
  shown.forEach((index, i) =>
    images.set(pixels.subarray(index * size, (index + 1) * size), i * size),
  )
  digitGrid({
    title: `Test digits read by ${options.model}`,
    subtitle: `${(accuracy * 100).toFixed(2)} % of all ${test.length.toLocaleString('en')} test images right; the last ${WRONG_SHOWN} here are mistakes`,
    images,
    labels: shown.map((index) => labels[index] as number),
    predictions: shown.map((index) => predictions[index] as number),
    columns: 10,
    path: join(options.out, 'digits.png'),
  })
}
