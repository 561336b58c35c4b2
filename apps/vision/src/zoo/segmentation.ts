/** Does a segmenter learn to find figures? */
import type { Tensor } from '@flambeau/core'
import { arange, Generator, manualSeed, rand, randn, stack, where, zeros } from '@flambeau/core'
import { DataLoader, IoU, TensorDataset } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { AdamW, OneCycleLR } from '@flambeau/optim'
import type { FitOptions, TrainingHistory } from '@flambeau/trainer'
import { fit } from '@flambeau/trainer'
import { FCN, PSPNet, SegNet, UNet, ViTSegmenter } from '@flambeau/vision-models'
import { rateGivenNow } from '../rate.ts'
import type { Result } from './result.ts'
import { timed } from './result.ts'

/** Background, circle, square, triangle. */
const CLASSES = 4
/** Pixels a side where a plan asks for no other. */
export const SIZE = 48
const TEST = 200

/** Pictures of figures on noise, with the class of each pixel. */
export interface Figures {
  /** `[N, 3, H, W]`. */
  readonly images: Tensor
  /** int64 `[N, H, W]`. */
  readonly masks: Tensor
}

/**
 * `count` pictures of `size` pixels a side with two figures each, one in front of the other; the same for the
 * same seed.
 */
export function drawFigures(count: number, seed: number, size: number = SIZE): Figures {
  const generator = new Generator().manualSeed(seed)
  const dice = rand([count, 2, 7], { generator }).tolist() as number[][][]
  const y = arange(size).view(size, 1).float().add(0.5)
  const x = arange(size).view(1, size).float().add(0.5)
  const [images, masks]: [Tensor[], Tensor[]] = [[], []]
  for (const figures of dice) {
    let image = randn([3, size, size], { generator }).mul(0.15).add(0.4)
    let mask = zeros([size, size], { dtype: 'int64' })
    for (const [kind = 0, across = 0, down = 0, scale = 0, ...colour] of figures) {
      const radius = (size / 48) * (8 + 6 * scale)
      const dx = x.sub(radius + across * (size - 2 * radius))
      const dy = y.sub(radius + down * (size - 2 * radius))
      const label = 1 + Math.floor(kind * 3)
      let inside = dx
        .square()
        .add(dy.square())
        .lt(radius ** 2)
      if (label === 2)
        inside = dx
          .abs()
          .maximum(dy.abs())
          .lt(radius * 0.85)
      // Below the top, above the ground, and narrower towards the top.
      if (label === 3)
        inside = dx
          .abs()
          .mul(2)
          .lt(dy.add(radius))
          .logicalAnd(dy.lt(radius * 0.9))
      mask = mask.maskedFill(inside, label)
      const paint = stack(colour.map((part) => zeros([size, size]).add(part)))
      image = where(inside, paint.add(image.sub(0.4).mul(0.5)), image)
    }
    images.push(image)
    masks.push(mask)
  }
  return { images: stack(images), masks: stack(masks) }
}

export interface SegmenterPlan {
  /** For so many classes with the background, and pictures of so many pixels a side. */
  readonly build: (numClasses: number, size: number) => nn.Module
  /** Pixels a side of its pictures. Default {@link SIZE}. */
  readonly size?: number
  readonly images: number
  readonly epochs: number
  readonly batchSize: number
  readonly lr: number
  readonly goal: number
}

/** Segmenters, small enough to learn in a minute. */
export const SEGMENTERS: Readonly<Record<string, SegmenterPlan>> = {
  unet: {
    build: (numClasses) => new UNet({ outChannels: numClasses, features: [16, 32, 64, 128] }),
    images: 600,
    epochs: 10,
    batchSize: 16,
    lr: 3e-3,
    goal: 0.75,
  },
  segnet: {
    build: (numClasses) =>
      new SegNet({ numClasses, features: [16, 32, 64, 64], convolutions: [2, 2, 2, 2] }),
    images: 600,
    epochs: 12,
    batchSize: 16,
    lr: 3e-3,
    goal: 0.65,
  },
  fcn32s: {
    build: (numClasses) => new FCN(32, { numClasses, headWidth: 256, dropout: 0.1 }),
    // It decides once per 32 pixels.
    size: 96,
    images: 300,
    epochs: 10,
    batchSize: 8,
    lr: 3e-4,
    goal: 0.3,
  },
  fcn16s: {
    build: (numClasses) => new FCN(16, { numClasses, headWidth: 256, dropout: 0.1 }),
    images: 300,
    epochs: 6,
    batchSize: 8,
    lr: 3e-4,
    goal: 0.35,
  },
  fcn8s: {
    build: (numClasses) => new FCN(8, { numClasses, headWidth: 256, dropout: 0.1 }),
    images: 300,
    epochs: 6,
    batchSize: 8,
    lr: 3e-4,
    goal: 0.4,
  },
  pspnet18: {
    build: (numClasses) => new PSPNet({ numClasses, depth: 18 }),
    images: 600,
    epochs: 6,
    batchSize: 8,
    lr: 1e-3,
    goal: 0.6,
  },
  vit_segmenter: {
    build: (numClasses, size) =>
      new ViTSegmenter('tiny', {
        imageSize: size,
        patchSize: size / 8,
        numClasses,
        hiddenDim: 128,
        numLayers: 4,
        numHeads: 4,
      }),
    images: 2500,
    epochs: 12,
    batchSize: 8,
    lr: 1e-3,
    goal: 0.5,
  },
}

/** Trains a segmenter on figures, and looks at others after each epoch. @param more What else `fit` is to do. */
export function learnToSegment(
  model: nn.Module,
  { learned, test, numClasses }: { learned: Figures; test: Figures; numClasses: number },
  recipe: Pick<SegmenterPlan, 'epochs' | 'batchSize' | 'lr'>,
  more: Partial<FitOptions<[Tensor, Tensor]>> = {},
): Promise<TrainingHistory> {
  const { epochs, batchSize, lr } = recipe
  const [count] = learned.images.shape as [number]
  const loader = new DataLoader(new TensorDataset(learned.images, learned.masks), {
    batchSize,
    shuffle: true,
    // A last batch of one picture would be nothing to normalise by.
    dropLast: count % batchSize === 1 && count > batchSize,
  })
  const optimizer = new AdamW(model.parameters(), { lr })
  const totalSteps = Math.max(2, epochs * loader.length)
  return fit(model, loader, {
    optimizer,
    scheduler: new OneCycleLR(optimizer, { maxLr: lr, totalSteps }),
    schedule: 'step',
    loss: nn.functional.crossEntropy,
    epochs,
    clipGradNorm: 1,
    validation: new DataLoader(new TensorDataset(test.images, test.masks), { batchSize: 50 }),
    metrics: { iou: new IoU({ numClasses }) },
    ...more,
    callbacks: [rateGivenNow(optimizer, lr), ...(more.callbacks ?? [])],
  })
}

/** The result of one segmenter. */
export async function provesToSegment(name: string, seed: number): Promise<Result> {
  const plan = SEGMENTERS[name] as SegmenterPlan
  const { size = SIZE, images, epochs, goal } = plan
  return timed(async () => {
    manualSeed(seed)
    const data = {
      learned: drawFigures(images, seed, size),
      test: drawFigures(TEST, seed + 1, size),
      numClasses: CLASSES,
    }
    const model = plan.build(CLASSES, size)
    const parameters = [...model.parameters()].reduce((sum, one) => sum + one.numel(), 0)
    const history = await learnToSegment(model, data, plan)
    return {
      name,
      kind: 'segmentation',
      parameters,
      input: `3 × ${size} × ${size}`,
      training: `${images} pictures, ${epochs} epochs`,
      overfitSteps: null,
      value: history.epochs.at(-1)?.metrics['iou'] ?? 0,
      goal,
    } as const
  })
}
