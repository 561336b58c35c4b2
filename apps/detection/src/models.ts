/** The detectors, in sizes that learn from scratch on two cores. */
import type { AnchorShape, Detector } from '@flambeau/vision-models'
import { SmallFasterRCNN, SmallSSD, YOLOv1, YOLOv5 } from '@flambeau/vision-models'

/** Ten digits, and the background. */
const numClasses = 11

export interface Recipe {
  readonly title: string
  /** For scenes of so many pixels a side. */
  readonly build: (size: number) => Detector
  /** Passes over the scenes by default. */
  readonly epochs: number
  readonly lr: number
}

/** Shapes of digits that are from a fifth to half as high as the scene: small ones at fine maps. */
function anchorsFor(size: number): AnchorShape[][] {
  return [0.22, 0.32, 0.45].map((high) =>
    [0.5, 0.75, 1].map((ratio): AnchorShape => [high * ratio * size, high * size]),
  )
}

export const recipes = {
  yolo: {
    title: 'YOLO, fifth form',
    build: (size) =>
      new YOLOv5({
        numClasses,
        size: [size, size],
        widthMultiple: 0.25,
        depthMultiple: 0.33,
        anchors: anchorsFor(size),
        anchorRatio: 2,
        lossWeights: { class: 5 },
      }),
    epochs: 20,
    lr: 3e-3,
  },
  'yolo-v1': {
    title: 'YOLO, first form',
    build: (size) => new YOLOv1({ numClasses, size: [size, size], widths: [24, 48, 96, 192] }),
    epochs: 20,
    lr: 2e-3,
  },
  ssd: {
    title: 'SSD',
    build: (size) =>
      new SmallSSD({ numClasses, size: [size, size], widths: [16, 32, 64, 96, 128] }),
    epochs: 20,
    lr: 3e-3,
  },
  'faster-rcnn': {
    title: 'Faster R-CNN',
    build: () => new SmallFasterRCNN({ numClasses }),
    epochs: 7,
    lr: 2e-3,
  },
} as const satisfies Record<string, Recipe>

export type ModelName = keyof typeof recipes
