/** Does a segmenter learn to find figures? */
import type { Tensor } from '@flambeau/core'
import { arange, Generator, manualSeed, rand, randn, stack, where, zeros } from '@flambeau/core'
import { DataLoader, IoU, TensorDataset } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { AdamW, OneCycleLR } from '@flambeau/optim'
import { fit } from '@flambeau/trainer'
import { FCN, PSPNet, SegNet, UNet, ViTSegmenter } from '@flambeau/vision-models'
import type { Result } from './result.ts'
import { timed } from './result.ts'

/** Background, circle, square, triangle. */
const CLASSES = 4
const SIZE = 48
const TEST = 200

/** Pictures of figures on noise, with the class of each pixel. */
export interface Figures {
  /** `[N, 3, 48, 48]`. */
  readonly images: Tensor
  /** int64 `[N, 48, 48]`. */
  readonly masks: Tensor
}

/** `count` pictures with two figures each, one in front of the other; the same for the same seed. */
export function drawFigures(count: number, seed: number): Figures {
  const generator = new Generator().manualSeed(seed)
  const dice = rand([count, 2, 7], { generator }).tolist() as number[][][]
  const y = arange(SIZE).view(SIZE, 1).float().add(0.5)
  const x = arange(SIZE).view(1, SIZE).float().add(0.5)
  const [images, masks]: [Tensor[], Tensor[]] = [[], []]
  for (const figures of dice) {
    let image = randn([3, SIZE, SIZE], { generator }).mul(0.15).add(0.4)
    let mask = zeros([SIZE, SIZE], { dtype: 'int64' })
    for (const [kind = 0, across = 0, down = 0, scale = 0, ...colour] of figures) {
      const radius = 8 + 6 * scale
      const dx = x.sub(radius + across * (SIZE - 2 * radius))
      const dy = y.sub(radius + down * (SIZE - 2 * radius))
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
      const paint = stack(colour.map((part) => zeros([SIZE, SIZE]).add(part)))
      image = where(inside, paint.add(image.sub(0.4).mul(0.5)), image)
    }
    images.push(image)
    masks.push(mask)
  }
  return { images: stack(images), masks: stack(masks) }
}

interface Plan {
  readonly build: () => nn.Module
  readonly images: number
  readonly epochs: number
  readonly batchSize: number
  readonly lr: number
  readonly goal: number
}

/** Segmenters, small enough to learn in a minute. */
export const SEGMENTERS: Readonly<Record<string, Plan>> = {
  unet: {
    build: () => new UNet({ outChannels: CLASSES, features: [16, 32, 64, 128] }),
    images: 600,
    epochs: 10,
    batchSize: 16,
    lr: 3e-3,
    goal: 0.75,
  },
  segnet: {
    build: () =>
      new SegNet({ numClasses: CLASSES, features: [16, 32, 64, 64], convolutions: [2, 2, 2, 2] }),
    images: 600,
    epochs: 12,
    batchSize: 16,
    lr: 3e-3,
    goal: 0.65,
  },
  fcn32s: {
    build: () => new FCN(32, { numClasses: CLASSES, headWidth: 256, dropout: 0.1 }),
    images: 300,
    epochs: 8,
    batchSize: 8,
    lr: 3e-4,
    goal: 0.3,
  },
  fcn16s: {
    build: () => new FCN(16, { numClasses: CLASSES, headWidth: 256, dropout: 0.1 }),
    images: 300,
    epochs: 8,
    batchSize: 8,
    lr: 3e-4,
    goal: 0.35,
  },
  fcn8s: {
    build: () => new FCN(8, { numClasses: CLASSES, headWidth: 256, dropout: 0.1 }),
    images: 300,
    epochs: 8,
    batchSize: 8,
    lr: 3e-4,
    goal: 0.4,
  },
  pspnet18: {
    build: () => new PSPNet({ numClasses: CLASSES, depth: 18 }),
    images: 600,
    epochs: 6,
    batchSize: 8,
    lr: 1e-3,
    goal: 0.6,
  },
  vit_segmenter: {
    build: () =>
      new ViTSegmenter('tiny', {
        imageSize: SIZE,
        patchSize: 6,
        numClasses: CLASSES,
        hiddenDim: 128,
        numLayers: 4,
        numHeads: 4,
      }),
    images: 1000,
    epochs: 14,
    batchSize: 8,
    lr: 1e-3,
    goal: 0.5,
  },
}

/** The result of one segmenter. */
export async function provesToSegment(name: string, seed: number): Promise<Result> {
  const { build, images, epochs, batchSize, lr, goal } = SEGMENTERS[name] as Plan
  return timed(async () => {
    const loaderOf = (data: Figures, shuffle: boolean) =>
      new DataLoader(new TensorDataset(data.images, data.masks), {
        batchSize: shuffle ? batchSize : 50,
        shuffle,
      })
    manualSeed(seed)
    const loader = loaderOf(drawFigures(images, seed), true)
    const model = build()
    const parameters = [...model.parameters()].reduce((sum, one) => sum + one.numel(), 0)
    const optimizer = new AdamW(model.parameters(), { lr })
    const totalSteps = epochs * loader.length
    const history = await fit(model, loader, {
      optimizer,
      scheduler: new OneCycleLR(optimizer, { maxLr: lr, totalSteps }),
      schedule: 'step',
      loss: nn.functional.crossEntropy,
      epochs,
      clipGradNorm: 1,
      validation: loaderOf(drawFigures(TEST, seed + 1), false),
      metrics: { iou: new IoU({ numClasses: CLASSES }) },
    })
    return {
      name,
      kind: 'segmentation',
      parameters,
      input: `3 × ${SIZE} × ${SIZE}`,
      training: `${images} pictures, ${epochs} epochs`,
      overfitSteps: null,
      value: history.epochs.at(-1)?.metrics['iou'] ?? 0,
      goal,
    } as const
  })
}
