/** The detectors, in sizes that learn from scratch on two cores. */
import type { Detector } from '@flambeau/vision-models'
import { SmallFasterRCNN, SmallSSD, SmallYOLOv1, SmallYOLOv5 } from '@flambeau/vision-models'

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

/** Digits are from a fifth to half as high as the scene: small ones are found at fine maps. */
const HEIGHTS = [0.22, 0.32, 0.45]

export const recipes = {
  yolo: {
    title: 'YOLO, fifth form',
    build: (size) => new SmallYOLOv5({ numClasses, size: [size, size], heights: HEIGHTS }),
    epochs: 20,
    lr: 3e-3,
  },
  'yolo-v1': {
    title: 'YOLO, first form',
    build: (size) => new SmallYOLOv1({ numClasses, size: [size, size] }),
    epochs: 20,
    lr: 2e-3,
  },
  ssd: {
    title: 'SSD',
    build: (size) => new SmallSSD({ numClasses, size: [size, size] }),
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
