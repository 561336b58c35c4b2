/** What a run shows: curves, which classes are mistaken for which, and the pictures that were. */
import { join } from 'node:path'
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { stack, tensor } from '@flambeau/core'
import { writeFileAtomic } from '@flambeau/data'
import type { Module } from '@flambeau/nn'
import { confusionMatrix, imageGrid, trainingCurves } from '@flambeau/plot'
import type { Batches, TrainingHistory } from '@flambeau/trainer'
import type { View } from './sources.ts'

/** How many wrong pictures are shown. */
const SHOWN = 40

/** What a network said of all test images. */
export interface Seen {
  readonly labels: readonly number[]
  readonly predictions: readonly number[]
  readonly accuracy: number
  /** The first that were wrong: `[C, H, W]` in [0, 1], with their place among the labels. */
  readonly wrong: readonly { readonly at: number; readonly image: Tensor }[]
}

/** Asks a network for all images. */
export async function lookAt(
  model: Module,
  batches: Batches<[Tensor, Tensor]>,
  { mean, std }: View,
): Promise<Seen> {
  const labels: number[] = []
  const predictions: number[] = []
  const wrong: { at: number; image: Tensor }[] = []
  const [shift, scale] = [mean, std].map((values) => tensor([...values]).view(-1, 1, 1)) as [
    Tensor,
    Tensor,
  ]
  model.eval()
  for await (const [images, truth] of batches) {
    const found = noGrad(() => model(images).argmax(1)).tolist() as number[]
    ;(truth.tolist() as number[]).forEach((label, i) => {
      if (found[i] !== label && wrong.length < SHOWN) {
        const image = images.select(0, i).mul(scale).add(shift).clamp(0, 1)
        wrong.push({ at: labels.length, image })
      }
      labels.push(label)
      predictions.push(found[i] as number)
    })
  }
  const right = labels.filter((label, i) => label === predictions[i]).length
  return { labels, predictions, accuracy: right / Math.max(1, labels.length), wrong }
}

/** Writes confusion.png and wrong.png. */
export function drawReport(
  out: string,
  name: string,
  classes: readonly string[],
  seen: Seen,
): void {
  const counts = classes.map(() => classes.map(() => 0))
  seen.labels.forEach((label, i) => {
    const row = counts[label] as number[]
    const column = seen.predictions[i] as number
    row[column] = (row[column] as number) + 1
  })
  const names = { rowNames: classes, columnNames: classes, xLabel: 'predicted', yLabel: 'true' }
  confusionMatrix(counts, { title: `What ${name} takes for what`, ...names }).save(
    join(out, 'confusion.png'),
  )
  const { wrong } = seen
  const mistakes = seen.labels.filter((label, i) => label !== seen.predictions[i]).length
  const said = `${mistakes} of ${seen.labels.length} test images were read wrongly`
  // A grid needs a picture, also where none is wrong.
  if (wrong.length === 0) {
    drawNote(join(out, 'wrong.png'), `${name}: no mistakes in ${seen.labels.length} images`)
    return
  }
  imageGrid(stack(wrong.map(({ image }) => image)), {
    title: `Mistakes of ${name}`,
    subtitle: `${said}; shown as predicted → true`,
    columns: 8,
    tile: 96,
    range: [0, 1],
    captions: wrong.map(({ at }) => {
      const [predicted, truth] = [seen.predictions[at] as number, seen.labels[at] as number]
      return `${classes[predicted]} → ${classes[truth]}`
    }),
  }).save(join(out, 'wrong.png'))
}

/** A picture that has only a title. */
function drawNote(path: string, title: string): void {
  imageGrid(tensor([[[[1]]]]), { title, range: [0, 1] }).save(path)
}

/** What the curves of a run show beside the loss. */
export interface Curves {
  readonly lossName: string
  /** What the values mean, one for each epoch. */
  readonly label: string
  readonly points: readonly number[]
}

/** Writes curves.png and metrics.json. */
export function keepCurves(
  out: string,
  name: string,
  recipe: string,
  { epochs, stepLosses }: TrainingHistory,
  { lossName, label, points }: Curves,
): void {
  const perEpoch = stepLosses.length / Math.max(epochs.length, 1)
  trainingCurves({
    title: name,
    subtitle: recipe,
    lossName,
    train: stepLosses.map((y, i) => ({ x: (i + 1) / perEpoch, y })),
    epochLoss: epochs.map(({ loss }) => loss),
    metrics: [{ name: label, points }],
  }).save(join(out, 'curves.png'))
  const values = epochs.map((one, i) => ({ ...one, value: points[i] }))
  const found = { model: name, value: label, epochs: values }
  const json = new TextEncoder().encode(`${JSON.stringify(found, null, 2)}\n`)
  writeFileAtomic(join(out, 'metrics.json'), [json])
}
