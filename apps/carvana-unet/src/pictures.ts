/** What a run shows. */
import { join } from 'node:path'
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { stack, tensor } from '@flambeau/core'
import type { CarvanaSample, Dataset } from '@flambeau/data'
import { writeFileAtomic } from '@flambeau/data'
import { imageGrid, trainingCurves } from '@flambeau/plot'
import type { TrainingHistory } from '@flambeau/trainer'
import type { UNet } from '@flambeau/vision-models'

const COLOUR = [0.05, 0.95, 0.55]
const WRONG = [1, 0.1, 0.2]

/** An image `[3, H, W]` in [0, 1] with a mask `[H, W]` over it. */
export function covered(image: Tensor, mask: Tensor, colour: readonly number[] = COLOUR): Tensor {
  const tint = tensor([...colour]).view(3, 1, 1)
  return image.add(mask.mul(0.5).mul(tint.sub(image)))
}

/** Dice of two masks of 0 and 1. */
function diceOf(a: Tensor, b: Tensor): number {
  return (2 * a.mul(b).sum().item()) / Math.max(1, a.sum().add(b.sum()).item())
}

const SHOWN = 8

/**
 * Pictures of different cars from different sides with what was predicted: the mask over the image, and in red where
 * it is wrong.
 */
export async function drawMasks(
  out: string,
  name: string,
  net: UNet,
  data: Dataset<CarvanaSample>,
  title: string,
): Promise<void> {
  const step = Math.max(1, Math.floor(data.length / SHOWN))
  const places = Array.from(
    { length: Math.min(SHOWN, data.length) },
    (_, i) => i * step + (i % step),
  )
  const samples: CarvanaSample[] = []
  for (const at of places) samples.push(await data.getItem(at))
  const image = stack(samples.map((one) => one.image))
  const mask = stack(samples.map((one) => one.mask))
  const wasTraining = net.training
  net.eval()
  const predicted = noGrad(() => net(image).gt(0).float())
  net.train(wasTraining)
  const tiles: Tensor[] = []
  const captions: string[] = []
  places.forEach((_, i) => {
    const [picture, there, found] = [image.select(0, i), mask.select(0, i), predicted.select(0, i)]
    tiles.push(covered(picture, found), covered(picture, found.sub(there).abs(), WRONG))
    captions.push(`Dice ${diceOf(found, there).toFixed(3)}`, 'wrong')
  })
  imageGrid(stack(tiles), { title, columns: 4, captions, tile: 200, range: [0, 1] }).save(
    join(out, name),
  )
}

/** Curves and metrics of the run so far. */
export function keepCurves(out: string, history: TrainingHistory, subtitle: string): void {
  const { epochs, stepLosses } = history
  const perEpoch = stepLosses.length / Math.max(epochs.length, 1)
  const metric = (name: string): number[] =>
    epochs.map(({ metrics }) => metrics[name] ?? Number.NaN)
  trainingCurves({
    title: 'U-Net on cars',
    subtitle,
    lossName: 'binary cross-entropy',
    train: stepLosses.map((y, i) => ({ x: (i + 1) / perEpoch, y })),
    epochLoss: epochs.map(({ loss }) => loss),
    metrics: [
      { name: 'Dice on cars not learnt from', points: metric('dice') },
      { name: 'Pixels right', points: metric('accuracy') },
    ],
  }).save(join(out, 'curves.png'))
  const json = new TextEncoder().encode(`${JSON.stringify({ epochs }, null, 2)}\n`)
  writeFileAtomic(join(out, 'metrics.json'), [json])
}
