/** One epoch of training, and the evaluation. */
import type { Tensor } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import type { DataLoader, MNIST } from '@flambeau/data'
import type { Module } from '@flambeau/nn'
import type { Optimizer } from '@flambeau/optim'
import type { Progress } from '@flambeau/trainer'
import { formatLoss, formatPercent } from '@flambeau/trainer'
import type { Recipe } from './recipes.ts'
import type { History } from './state.ts'

/** Batches of `[images, labels]`. */
export type Batches = DataLoader<[Tensor, Tensor], [Tensor, Tensor]>

export interface TrainResult {
  loss: number
  accuracy: number
  seconds: number
  imagesPerSecond: number
}

/** The loss became NaN or infinite: there is nothing left to train. */
export class DivergedError extends Error {
  override readonly name: string = 'DivergedError'
}

function correct(output: Tensor, labels: Tensor): number {
  return output.argmax(1).eq(labels).sum().item()
}

export async function trainEpoch(
  model: Module,
  optimizer: Optimizer,
  recipe: Recipe,
  loader: Batches,
  progress: Progress,
  history: History,
): Promise<TrainResult> {
  model.train()
  let images = 0
  let right = 0
  let lossSum = 0
  const start = performance.now()
  for await (const [input, labels] of loader) {
    const stepStart = performance.now()
    const output = model(input)
    const loss = recipe.loss(output, labels)
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    const value = loss.item()
    history.stepMs.push(performance.now() - stepStart)
    history.stepLosses.push(value)
    if (!Number.isFinite(value)) {
      throw new DivergedError(
        `the loss became ${value} in step ${history.stepLosses.length}; try a smaller --lr`,
      )
    }
    const count = labels.numel()
    images += count
    lossSum += value * count
    right += correct(output.detach(), labels)
    const figures = [
      `loss ${formatLoss(lossSum / images)}`,
      `accuracy ${formatPercent(right / images)}`,
    ]
    progress.update(images, figures)
  }
  const seconds = (performance.now() - start) / 1000
  return {
    loss: lossSum / images,
    accuracy: right / images,
    seconds,
    imagesPerSecond: images / seconds,
  }
}

/** Predicted digits of a whole data set of `count` images. */
export async function predict(model: Module, loader: Batches, count: number): Promise<Uint8Array> {
  model.eval()
  const predictions = new Uint8Array(count)
  let at = 0
  await noGrad(async () => {
    for await (const [input] of loader) {
      const labels = model(input).argmax(1).toArray()
      predictions.set(labels, at)
      at += labels.length
    }
  })
  return predictions
}

/** Share of equal entries. */
export function accuracyOf(predictions: Uint8Array, data: MNIST): number {
  const labels = data.labels.toArray()
  let right = 0
  for (let i = 0; i < predictions.length; i++) if (predictions[i] === labels[i]) right++
  return right / predictions.length
}
