/** How well a detector finds, in a number and in pictures. */
import { join } from 'node:path'
import { MeanAveragePrecision } from '@flambeau/data'
import type { Tensor } from '@flambeau/core'
import { overlay } from '@flambeau/plot'
import type { Detection, Detector } from '@flambeau/vision-models'
import type { Scenes } from './scenes.ts'
import { collateScenes } from './scenes.ts'

/** The mean average precision at an overlap of one half. */
export function meanAveragePrecision(net: Detector, scenes: Scenes): number {
  const metric = new MeanAveragePrecision({ iouThresholds: [0.5] })
  for (let from = 0; from < scenes.length; from += 25) {
    const count = Math.min(25, scenes.length - from)
    const part = Array.from({ length: count }, (_, i) => scenes.getItem(from + i))
    const { images, targets } = collateScenes(part)
    metric.update(net.detect(images), [...targets])
  }
  return metric.compute().map50
}

/** Draws what was found over a picture, if it is at least so sure. */
export function drawFound(image: Tensor, found: Detection, least: number, path: string): number {
  const scores = found.scores.tolist() as number[]
  // Scores fall: those that are sure come first.
  const count = scores.filter((score) => score >= least).length
  const labels = (found.labels.tolist() as number[]).slice(0, count)
  overlay(image, {
    boxes: found.boxes.narrow(0, 0, count),
    labels,
    captions: labels.map((label, i) => `${label - 1}  ${Math.round(scores[i]! * 100)} %`),
  }).save(path)
  return count
}

/** Draws the first scenes with what is found in them. */
export function drawScenes(net: Detector, scenes: Scenes, count: number, out: string): void {
  const part = Array.from({ length: Math.min(count, scenes.length) }, (_, i) => scenes.getItem(i))
  const found = net.detect(collateScenes(part).images)
  part.forEach(({ image }, i) => {
    drawFound(image, found[i] as Detection, 0.3, join(out, `scene-${i + 1}.png`))
  })
}
