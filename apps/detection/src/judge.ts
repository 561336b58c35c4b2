/** How well a detector finds, in a number and in pictures. */
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import type { Scene } from '@flambeau/data'
import { collateScenes, MeanAveragePrecision } from '@flambeau/data'
import { overlay } from '@flambeau/plot'
import type { Detection, Detector } from '@flambeau/vision-models'

/** The mean average precision at an overlap of one half. */
export function meanAveragePrecision(net: Detector, scenes: readonly Scene[]): number {
  const metric = new MeanAveragePrecision({ iouThresholds: [0.5] })
  for (let from = 0; from < scenes.length; from += 25) {
    const { images, targets } = collateScenes(scenes.slice(from, from + 25))
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
  const captions = labels.map((label, i) => `${label - 1}  ${Math.round(scores[i]! * 100)} %`)
  // The surest last: its caption lies above others.
  overlay(image, {
    boxes: found.boxes.narrow(0, 0, count).flip([0]),
    labels: labels.toReversed(),
    captions: captions.toReversed(),
  }).save(path)
  return count
}

/** Draws the first scenes with what is found in them. */
export function drawScenes(
  net: Detector,
  scenes: readonly Scene[],
  count: number,
  out: string,
): void {
  const part = scenes.slice(0, count)
  const found = net.detect(collateScenes(part).images)
  part.forEach(({ image }, i) => {
    drawFound(image, found[i] as Detection, 0.3, join(out, `scene-${i + 1}.png`))
  })
}
