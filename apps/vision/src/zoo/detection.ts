/** Does a detector learn to find digits in scenes? */
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { manualSeed } from '@flambeau/core'
import type { Scene, SceneBatch } from '@flambeau/data'
import {
  ArrayDataset,
  collateScenes,
  DataLoader,
  makeDigitScenes,
  MeanAveragePrecision,
  readScenes,
} from '@flambeau/data'
import { AdamW, OneCycleLR } from '@flambeau/optim'
import type { FitOptions, TrainingHistory } from '@flambeau/trainer'
import { fit } from '@flambeau/trainer'
import type { Detection, Detector, Proposer } from '@flambeau/vision-models'
import {
  boxIou,
  FastRCNN,
  OverFeat,
  RCNN,
  slidingWindows,
  SmallBackbone,
  SmallFasterRCNN,
  SmallMaskRCNN,
  SmallSSD,
  SmallYOLOv1,
  SmallYOLOv5,
  SPPNet,
  totalLoss,
} from '@flambeau/vision-models'
import { rateGivenNow } from '../rate.ts'
import type { Result } from './result.ts'
import { timed } from './result.ts'

/** Pixels a side of a scene, and how many there are to learn from and to be judged by. */
export const SIZE = 96
const LEARNED = 2000
const TEST = 100
/** Digits are so high, as shares of the scene. */
const SCALE = [0.25, 0.5] as const

export interface DetectorPlan {
  /** For so many classes with the background, and scenes of so many pixels a side. */
  readonly build: (numClasses: number, size: number) => Detector
  /** The first so many scenes. */
  readonly images: number
  readonly epochs: number
  readonly batchSize: number
  readonly lr: number
  /** The mean average precision at an overlap of one half. */
  readonly goal: number
  /** The same of masks, and the mean overlap of masks; of detectors that find some. */
  readonly maskPrecisionGoal?: number
  readonly maskGoal?: number
}

/** For maps of stride 8, 16 and 32. */
const HEIGHTS = [0.28, 0.36, 0.46]

/** Windows in the sizes and shapes of digits, which stand in for a search by grouping. */
const windowsFor =
  (size: number): Proposer =>
  () =>
    slidingWindows([size, size], {
      sizes: [0.24, 0.32, 0.42].map((share) => share * size),
      aspectRatios: [1.1, 1.8],
      stride: 0.25,
    })

/** Detectors, small enough to learn from scratch in a minute or two. */
export const DETECTORS: Readonly<Record<string, DetectorPlan>> = {
  overfeat: {
    build: (numClasses) => new OverFeat({ numClasses, scales: [1, 0.75], widths: [24, 48, 96] }),
    images: 1000,
    epochs: 8,
    batchSize: 16,
    lr: 3e-3,
    goal: 0.5,
  },
  rcnn: {
    build: (numClasses, size) =>
      new RCNN({ numClasses, propose: windowsFor(size), cropSize: 24, samples: 32 }),
    images: 800,
    epochs: 7,
    batchSize: 8,
    lr: 2e-3,
    goal: 0.5,
  },
  spp_net: {
    build: (numClasses, size) =>
      new SPPNet({ numClasses, propose: windowsFor(size), samples: 32, backbone: shared() }),
    images: 800,
    epochs: 8,
    batchSize: 8,
    lr: 2e-3,
    goal: 0.5,
  },
  fast_rcnn: {
    build: (numClasses, size) =>
      new FastRCNN({ numClasses, propose: windowsFor(size), samples: 32, backbone: shared() }),
    images: 800,
    epochs: 8,
    batchSize: 8,
    lr: 2e-3,
    goal: 0.5,
  },
  faster_rcnn: {
    build: (numClasses) => new SmallFasterRCNN({ numClasses }),
    images: 800,
    epochs: 6,
    batchSize: 8,
    lr: 2e-3,
    goal: 0.6,
  },
  mask_rcnn: {
    build: (numClasses) => new SmallMaskRCNN({ numClasses }),
    images: 800,
    epochs: 6,
    batchSize: 8,
    lr: 2e-3,
    goal: 0.6,
    maskPrecisionGoal: 0.6,
    maskGoal: 0.5,
  },
  yolo_v1: {
    build: (numClasses, size) => new SmallYOLOv1({ numClasses, size: [size, size] }),
    images: 2000,
    epochs: 11,
    batchSize: 16,
    lr: 2e-3,
    goal: 0.5,
  },
  yolo_v5: {
    build: (numClasses, size) =>
      new SmallYOLOv5({ numClasses, size: [size, size], heights: HEIGHTS }),
    images: 1000,
    epochs: 12,
    batchSize: 16,
    lr: 3e-3,
    goal: 0.6,
  },
  ssd: {
    build: (numClasses, size) => new SmallSSD({ numClasses, size: [size, size] }),
    images: 2000,
    epochs: 8,
    batchSize: 16,
    lr: 3e-3,
    goal: 0.6,
  },
}

function shared(): SmallBackbone {
  return new SmallBackbone({ widths: [24, 48, 96], levels: 1 })
}

/** What {@link judge} finds. */
export interface Verdict {
  /** At an overlap of one half. */
  readonly meanAveragePrecision: number
  /** Null of detectors that find no masks. */
  readonly masks: MaskVerdict | null
}

export interface MaskVerdict {
  /** The mean average precision where masks overlap by half, and the mean over overlaps from .5 to .95. */
  readonly precision50: number
  readonly precision: number
  /** The mean overlap of masks, 0 for objects that were not found. */
  readonly iou: number
}

/** How well a detector finds what is in scenes. */
export function judge(net: Detector, scenes: readonly Scene[]): Verdict {
  const metric = new MeanAveragePrecision({ iouThresholds: [0.5] })
  const masks = new MeanAveragePrecision({ iouType: 'segm' })
  const overlaps: number[] = []
  for (let from = 0; from < scenes.length; from += 25) {
    const { images, targets } = collateScenes(scenes.slice(from, from + 25))
    const found = net.detect(images)
    metric.update(found, [...targets])
    if (!net.needsMasks) continue
    masks.update(found as WithMasks<Detection>[], targets as readonly WithMasks<SceneTarget>[])
    found.forEach((one, i) => overlaps.push(...maskOverlaps(one, targets[i] as SceneTarget)))
  }
  const meanAveragePrecision = metric.compute().map50
  if (!net.needsMasks) return { meanAveragePrecision, masks: null }
  const { map50, map } = masks.compute()
  const iou = overlaps.reduce((sum, x) => sum + x, 0) / overlaps.length
  return { meanAveragePrecision, masks: { precision50: map50, precision: map, iou } }
}

type SceneTarget = Scene['target']
type WithMasks<T extends { readonly masks?: Tensor }> = T & { readonly masks: Tensor }

/** For each object, the overlap of its mask with that of the surest detection of its class on it. */
function maskOverlaps(found: Detection, target: SceneTarget): number[] {
  const [labels, classes] = [found.labels.tolist(), target.labels.tolist()] as [number[], number[]]
  const near = boxIou(target.boxes, found.boxes).tolist() as number[][]
  return classes.map((label, object) => {
    const best = labels.findIndex(
      (one, i) => one === label && ((near[object] as number[])[i] as number) >= 0.5,
    )
    if (best < 0 || found.masks === undefined || target.masks === undefined) return 0
    const drawn = found.masks.select(0, best).select(0, 0).gt(0.5)
    const real = target.masks.select(0, object).gt(0)
    return drawn.logicalAnd(real).sum().item() / drawn.logicalOr(real).sum().item()
  })
}

/** Scenes of digits, made in a folder when they are first asked for; with masks. */
export async function digitScenes(
  folder: string,
  { train, count, size }: { train: boolean; count: number; size: number },
): Promise<readonly Scene[]> {
  const place = join(folder, train ? 'train' : 'test')
  const seed = train ? 0 : 1
  await makeDigitScenes(place, { count, size, seed, train, digits: [1, 3], scale: SCALE })
  return (await readScenes(place, { masks: true })).scenes
}

/** Trains a detector on scenes. @param more What else `fit` is to do. */
export function learnToDetect(
  net: Detector,
  scenes: readonly Scene[],
  recipe: Pick<DetectorPlan, 'epochs' | 'batchSize' | 'lr'>,
  more: Partial<FitOptions<SceneBatch>> = {},
): Promise<TrainingHistory> {
  const { epochs, batchSize, lr } = recipe
  const loader = new DataLoader(new ArrayDataset(scenes), {
    batchSize,
    shuffle: true,
    dropLast: scenes.length > batchSize,
    collateFn: collateScenes,
  })
  const optimizer = new AdamW(net.parameters(), { lr, weightDecay: 1e-3 })
  const totalSteps = Math.max(2, epochs * loader.length)
  return fit(net, loader, {
    optimizer,
    scheduler: new OneCycleLR(optimizer, { maxLr: lr, totalSteps }),
    schedule: 'step',
    forward: ({ images, targets }: SceneBatch) => totalLoss(net.losses(images, targets)),
    epochs,
    clipGradNorm: 10,
    ...more,
    callbacks: [rateGivenNow(optimizer, lr), ...(more.callbacks ?? [])],
  })
}

/** The result of one detector. @param folder Of the scenes. */
export async function provesToDetect(name: string, seed: number, folder: string): Promise<Result> {
  const plan = DETECTORS[name] as DetectorPlan
  const { build, images, epochs, goal, maskPrecisionGoal, maskGoal } = plan
  const learned = await digitScenes(folder, { train: true, count: LEARNED, size: SIZE })
  const test = await digitScenes(folder, { train: false, count: TEST, size: SIZE })
  return timed(async () => {
    manualSeed(seed)
    const net = build(11, SIZE)
    const parameters = [...net.parameters()].reduce((sum, one) => sum + one.numel(), 0)
    await learnToDetect(net, learned.slice(0, images), plan)
    const { meanAveragePrecision, masks } = judge(net, test)
    return {
      name,
      kind: 'detection',
      parameters,
      input: `3 × ${SIZE} × ${SIZE}`,
      training: `${images} scenes, ${epochs} epochs`,
      overfitSteps: null,
      value: meanAveragePrecision,
      goal,
      ...(masks === null || maskGoal === undefined || maskPrecisionGoal === undefined
        ? {}
        : {
            maskPrecision: masks.precision50,
            maskPrecisionGoal,
            maskIoU: masks.iou,
            maskGoal,
          }),
    } as const
  })
}
