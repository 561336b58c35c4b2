import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { noGrad } from '@flambeau/autograd'
import { manualSeed, rand, randn, tensor, zeros } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { copyModule } from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { describe, expect, it } from 'vitest'
import * as V from './index.ts'

interface Keys {
  readonly keys: string
  readonly parameters: number
}

interface Numbers {
  readonly losses: Record<string, number>
  readonly found: readonly {
    boxes: number[][]
    scores: number[]
    labels: number[]
    masks?: number[]
    count: number
  }[]
}

const stored = JSON.parse(
  readFileSync(new URL('../goldens/detectors.json', import.meta.url), 'utf8'),
) as { ssd300: Keys; faster50: Keys; mask50: Keys; mask18: Keys } & {
  ssd300Numbers: Numbers
  mask18Numbers: Numbers
}

function expectKeys(net: V.Detector, want: Keys): void {
  const lines = Object.entries(net.stateDict()).map(([key, value]) => {
    return `${key}:${JSON.stringify(value.shape)}\n`
  })
  expect(createHash('sha256').update(lines.join('')).digest('hex')).toBe(want.keys)
  expect([...net.parameters()].reduce((sum, one) => sum + one.numel(), 0)).toBe(want.parameters)
}

/** Parameters that say what there is and where. */
const LAST = /cls_logits|bbox_pred|cls_score|classification_head|regression_head|fcn_logits/

/** The weights of the golden: He's normal ones in order, the last smaller by a gain, biases 0. */
function draw(net: V.Detector, gain: number): void {
  manualSeed(0)
  noGrad(() => {
    for (const [name, parameter] of net.namedParameters()) {
      if (parameter.ndim > 1) {
        const fan = parameter.numel() / (parameter.shape[0] as number)
        const scale = LAST.test(name) ? gain : 1
        parameter.copy_(randn(parameter.shape).mul(scale * Math.sqrt(2 / fan)))
      } else if (!parameter.eq(20).all().item()) parameter.fill_(0)
    }
  })
}

function goldenScene(): { images: Tensor[]; targets: V.DetectionTarget[] } {
  manualSeed(1)
  const images = [rand([3, 48, 64]), rand([3, 64, 40])]
  const boxes = (rows: number[][]): Tensor => tensor(rows, { dtype: 'float32' })
  const mask = (image: number, parts: [number, number, number, number][]): Tensor => {
    const [, height, width] = (images[image] as Tensor).shape as [number, number, number]
    const out = zeros([parts.length, height, width], { dtype: 'uint8' })
    parts.forEach(([y1, y2, x1, x2], i) => {
      out
        .select(0, i)
        .narrow(0, y1, y2 - y1)
        .narrow(1, x1, x2 - x1)
        .fill_(1)
    })
    return out
  }
  const first = mask(0, [
    [10, 36, 6, 28],
    [12, 40, 24, 56],
  ])
  const rows = [
    [4, 6, 30, 40],
    [20, 10, 60, 45],
  ]
  return {
    images,
    targets: [
      { boxes: boxes(rows), labels: tensor([1, 3]), masks: first },
      { boxes: boxes([[5, 5, 35, 60]]), labels: tensor([2]), masks: mask(1, [[8, 50, 8, 30]]) },
    ],
  }
}

function expectNumbers(net: V.Detector, gain: number, want: Numbers): void {
  draw(net, gain)
  const { images, targets } = goldenScene()
  const losses = noGrad(() => net.train().losses(images, targets))
  for (const [name, value] of Object.entries(want.losses)) {
    expect([name, (losses[name]?.item() as number) / value]).toEqual([name, expect.closeTo(1, 4)])
  }
  net.detect(images).forEach((found, i) => {
    const expected = want.found[i] as Numbers['found'][number]
    expect(found.boxes.shape[0]).toBe(expected.count)
    const first = expected.scores.length
    const near = (got: Tensor, numbers: number[] | number[][], tolerance: number): void => {
      const difference = got.narrow(0, 0, first).sub(tensor(numbers, { dtype: 'float32' }))
      expect(difference.abs().max().item()).toBeLessThan(tolerance)
    }
    near(found.scores, expected.scores, 1e-4)
    near(found.boxes, expected.boxes, 1e-2)
    expect(found.labels.narrow(0, 0, first).tolist()).toEqual(expected.labels)
    if (expected.masks !== undefined) {
      near((found.masks as Tensor).sum([1, 2, 3]), expected.masks, 0.5)
    }
  })
}

describe('detectors that torchvision has', () => {
  it('have its keys', () => {
    expectKeys(new V.SSD300({ numClasses: 5 }), stored.ssd300)
    expectKeys(new V.FasterRCNNResNet(), stored.faster50)
    expectKeys(new V.MaskRCNNResNet(), stored.mask50)
  })

  it('take its checkpoints from before it renamed keys', () => {
    const options = { depth: 18, numClasses: 3, pyramidWidth: 8, headWidth: 8 } as const
    const net = new V.MaskRCNNResNet({ ...options, maskWidths: [8], maskReduced: 8 })
    const old = Object.entries(net.stateDict()).map(([key, value]): [string, Tensor] => [
      key
        .replace(/(_blocks\.\d)\.0\./, '$1.')
        .replace('rpn.head.conv.0.0.', 'rpn.head.conv.')
        .replace('mask_head.0.0.', 'mask_head.mask_fcn1.'),
      value.clone().add(1),
    ])
    const name = 'backbone.body.bn1.num_batches_tracked'
    net.loadStateDict({ ...Object.fromEntries(old), [name]: tensor(3) })
    const { bias } = (net.rpn.head.conv[0] as unknown as Record<string, V.FeatureMaps>)[
      '0'
    ] as unknown as { bias: Tensor }
    expect(bias.mean().item()).toBe(1)
  })

  it('SSD300 has its losses and finds the same', { timeout: 60_000 }, () => {
    expectNumbers(new V.SSD300({ numClasses: 5 }), 0.01, stored.ssd300Numbers)
  })

  it('Mask R-CNN has its losses and finds the same', { timeout: 60_000 }, () => {
    const net = new V.MaskRCNNResNet({
      depth: 18,
      numClasses: 5,
      headWidth: 32,
      maskWidths: [16, 16],
      maskReduced: 16,
      minSize: 64,
      maxSize: 96,
      scoreThreshold: 0.25,
      samples: 100_000,
      proposals: { samples: 100_000, proposals: [60, 60] },
    })
    expectKeys(net, stored.mask18)
    expectNumbers(net, 0.1, stored.mask18Numbers)
  })
})

/** Red squares and blue bars on noise, 64 pixels a side. */
function scenes(): { images: Tensor[]; targets: V.DetectionTarget[] } {
  manualSeed(5)
  const images: Tensor[] = []
  const targets = [0, 1].map((i): V.DetectionTarget => {
    const image = rand([3, 64, 64]).mul(0.3)
    const masks = zeros([2, 64, 64])
    const rows = [
      [6 + 3 * i, 8, 30 + 3 * i, 32],
      [34, 30 + 2 * i, 54, 56 + 2 * i],
    ] as [number, number, number, number][]
    rows.forEach(([x1, y1, x2, y2], k) => {
      for (const plane of [image.select(0, 2 * k), masks.select(0, k)]) {
        plane
          .narrow(0, y1, y2 - y1)
          .narrow(1, x1, x2 - x1)
          .fill_(1)
      }
    })
    images.push(image)
    return { boxes: tensor(rows, { dtype: 'float32' }), labels: tensor([1, 2]), masks }
  })
  return { images, targets }
}

const size = [64, 64] as const
const numClasses = 3
const detectors: Record<string, { build: () => V.Detector; steps: number; lr: number }> = {
  ssd: {
    build: () =>
      new V.SmallSSD({
        numClasses,
        size,
        widths: [8, 16, 32, 32, 32],
        scales: [0.3, 0.5, 0.7, 0.9],
      }),
    steps: 40,
    lr: 3e-3,
  },
  'yolo, first form': {
    build: () => new V.YOLOv1({ numClasses, size, widths: [8, 16, 32] }),
    steps: 60,
    lr: 3e-3,
  },
  'yolo, fifth form': {
    build: () =>
      new V.YOLOv5({
        numClasses,
        size,
        widthMultiple: 0.125,
        depthMultiple: 0.33,
        anchors: [
          [
            [24, 24],
            [20, 26],
          ],
          [[34, 34]],
          [[60, 60]],
        ],
        anchorRatio: 1.5,
      }),
    steps: 60,
    lr: 1e-2,
  },
  'yolo, fifth form, small': {
    build: () => new V.SmallYOLOv5({ numClasses, size, heights: [0.4, 0.5, 0.9] }),
    steps: 60,
    lr: 1e-2,
  },
  'faster r-cnn': { build: () => new V.SmallFasterRCNN({ numClasses }), steps: 30, lr: 3e-3 },
  'mask r-cnn': { build: () => new V.SmallMaskRCNN({ numClasses }), steps: 25, lr: 3e-3 },
  'fast r-cnn': { build: () => new V.FastRCNN({ numClasses }), steps: 30, lr: 3e-3 },
  'spp-net': { build: () => new V.SPPNet({ numClasses }), steps: 40, lr: 3e-3 },
  'r-cnn': {
    build: () => new V.RCNN({ numClasses, cropSize: 24, samples: 32 }),
    steps: 20,
    lr: 3e-3,
  },
  overfeat: { build: () => new V.OverFeat({ numClasses, scales: [1] }), steps: 30, lr: 3e-3 },
}

describe.each(Object.entries(detectors))('%s', (_, { build, steps, lr }) => {
  const { images, targets } = scenes()

  it('learns a batch by heart', { timeout: 60_000 }, () => {
    manualSeed(0)
    const net = build()
    const optimizer = new Adam(net.parameters(), { lr })
    for (let step = 0; step < steps; step++) {
      const loss = V.totalLoss(net(images, targets) as V.DetectorLosses)
      optimizer.zeroGrad()
      loss.backward()
      optimizer.step()
    }
    expect([...net.parameters()].every((one) => one.grad !== null)).toBe(true)
    net.eval()
    ;(net(images) as V.Detection[]).forEach((found, i) => {
      const { boxes, labels, masks } = targets[i] as Required<V.DetectionTarget>
      const overlap = V.boxIou(boxes, found.boxes)
      for (const object of [0, 1]) {
        // The best that is found of its class lies on it.
        const own = found.labels.eq(labels.select(0, object)).nonzero().squeeze(1)
        expect(own.numel()).toBeGreaterThan(0)
        const best = own.select(0, 0).item()
        expect(overlap.select(0, object).select(0, best).item()).toBeGreaterThan(0.6)
        expect(found.scores.select(0, best).item()).toBeGreaterThan(0.3)
        if (found.masks === undefined) continue
        const drawn = found.masks.select(0, best).select(0, 0).gt(0.5)
        const both = drawn.logicalAnd(masks.select(0, object).gt(0.5)).sum().item()
        expect(both / drawn.sum().item()).toBeGreaterThan(0.7)
      }
    })
  })

  it('has copies with the same losses, that find the same', () => {
    const net = build()
    const copy = copyModule(net)
    const seen = [net, copy].map((one) => {
      manualSeed(1)
      return [V.totalLoss(one.losses(images, targets)).item(), one.eval().detect(images)] as const
    })
    const [own, other] = seen as [(typeof seen)[0], (typeof seen)[0]]
    expect(other[0]).toBe(own[0])
    other[1].forEach(({ boxes }, i) => expect(boxes.tolist()).toEqual(own[1][i]?.boxes.tolist()))
  })

  it('goes back from images without objects', () => {
    manualSeed(0)
    const net = build()
    const none = { boxes: zeros([0, 4]), labels: zeros([0], { dtype: 'int64' }) }
    const empty = images.map(() => ({ ...none, masks: zeros([0, 64, 64]) }))
    const loss = V.totalLoss(net.losses(images, empty))
    expect(Number.isFinite(loss.item())).toBe(true)
    loss.backward()
    const gradients = [...net.parameters()].flatMap((one) => (one.grad === null ? [] : [one.grad]))
    expect(gradients.length).toBeGreaterThan(0)
    expect(gradients.every((one) => one.isfinite().all().item())).toBe(true)
  })
})

describe('small YOLOs', () => {
  it('have anchors of the heights that are asked for, also where the image is no square', () => {
    const { anchors } = new V.SmallYOLOv5({ size: [64, 96], heights: [0.25, 0.5, 0.75] })
    expect(anchors.map((own) => own[1])).toEqual([
      [12, 16],
      [24, 32],
      [36, 48],
    ])
    expect(() => new V.SmallYOLOv5({ heights: [0.25, 0.5] })).toThrow(/a list of 3 numbers/)
    expect(() => new V.YOLOv5({ size, anchors: [[], [[1, 2]], [[3, 4]]] })).toThrow(/none for one/)
  })

  it('have cells of sixteen pixels', () => {
    expect(new V.SmallYOLOv1({ numClasses, size }).gridSize).toEqual([4, 4])
  })
})

describe('post-processing', () => {
  it('gives empty lists where nothing is found', () => {
    manualSeed(0)
    for (const build of [
      () => new V.SmallSSD({ numClasses, size, scoreThreshold: 1 }),
      () => new V.YOLOv1({ numClasses, size, scoreThreshold: 1 }),
      () => new V.YOLOv5({ numClasses, size, widthMultiple: 0.125, scoreThreshold: 1 }),
      () => new V.SmallMaskRCNN({ numClasses, scoreThreshold: 1 }),
      () => new V.FastRCNN({ numClasses, propose: () => zeros([0, 4]) }),
      () => new V.RCNN({ numClasses, propose: () => zeros([0, 4]) }),
      () => new V.OverFeat({ numClasses, scoreThreshold: 1 }),
    ]) {
      const [found] = build().detect([rand([3, 64, 64])]) as [V.Detection]
      expect(found.boxes.shape).toEqual([0, 4])
      expect([found.scores.shape, found.labels.shape]).toEqual([[0], [0]])
      if (found.masks !== undefined) expect(found.masks.shape).toEqual([0, 1, 64, 64])
    }
  })

  it('merges what overlaps, by class', () => {
    const boxes = tensor([
      [0, 0, 10, 10],
      [0, 0, 14, 10],
      [0, 0, 10, 10],
    ]).float()
    const found = { boxes, scores: tensor([0.75, 0.25, 0.5]), labels: tensor([1, 1, 2]) }
    const merged = V.mergeBoxes(found, 0.5)
    expect(merged.boxes.tolist()).toEqual([
      [0, 0, 11, 10],
      [0, 0, 10, 10],
    ])
    expect(merged.labels.tolist()).toEqual([1, 2])
  })

  it('brings boxes back to the size of the image', () => {
    const batcher = new V.ImageBatcher({ fixedSize: [50, 50] })
    const batch = batcher.batch([rand([3, 100, 200])])
    const [target] = batcher.targets(batch, [
      { boxes: tensor([[20, 10, 40, 30]]).float(), labels: tensor([1]) },
    ]) as [V.DetectionTarget]
    expect(target.boxes.tolist()).toEqual([[5, 5, 10, 15]])
    const [found] = batcher.restore(batch, [
      { boxes: target.boxes, scores: tensor([1]), labels: target.labels },
    ]) as [V.Detection]
    expect(found.boxes.tolist()).toEqual([[20, 10, 40, 30]])
  })
})

describe('targets', () => {
  const net = new V.YOLOv1({ numClasses, size, widths: [8, 8, 8] })
  const image = zeros([3, 64, 64])
  const target = (box: number[], label = 1): V.DetectionTarget => ({
    boxes: tensor([[1, 1, 9, 9], box], { dtype: 'float32' }),
    labels: tensor([1, label]),
  })
  const refuse = (targets: unknown, message: RegExp): void => {
    expect(() => net([image], targets as V.DetectionTarget[])).toThrow(message)
  }

  it('are refused with the number of image and box', () => {
    refuse([target([4, 4, 4, 9])], /box 1 of image 0 has no area/)
    refuse([target([4, 4, 70, 9])], /box 1 of image 0 lies outside of its 64 × 64/)
    refuse([target([-2, 4, 7, 9])], /box 1 of image 0 lies outside/)
    refuse([target([4, 4, Number.NaN, 9])], /box 1 of image 0 is not of finite/)
    refuse([target([4, 4, 9, 9], 3)], /box 1 of image 0 has the label 3, .* 1 to 2/)
    refuse([target([4, 4, 9, 9], 0)], /box 1 of image 0 has the label 0/)
    refuse([{ boxes: zeros([1, 4]) }], /target of image 0 has no labels/)
    refuse([{ labels: zeros([1]) }], /target of image 0 has no boxes/)
    refuse([{ boxes: zeros([2, 3]), labels: tensor([1, 1]) }], /floating \[N, 4\]/)
    refuse([{ boxes: zeros([1, 4]), labels: tensor([1, 1]) }], /labels of image 0/)
    refuse([], /0 targets for 1 images/)
    refuse(undefined, /training needs targets/)
    expect(() => net.losses([zeros([64, 64])], [])).toThrow(/image 0 is not a floating/)
    expect(() => net.detect([])).toThrow(/no images/)
  })

  it('of masks are refused without them, or of another size', () => {
    const masked = new V.SmallMaskRCNN({ numClasses })
    const own = target([4, 4, 9, 9])
    expect(() => masked.losses([image], [own])).toThrow(/image 0 has no masks/)
    const small = { ...own, masks: zeros([2, 32, 32]) }
    expect(() => masked.losses([image], [small])).toThrow(/masks of image 0 must be \[2, 64, 64\]/)
  })
})

describe('proposals', () => {
  it('of grouping surround what differs', () => {
    manualSeed(0)
    const image = rand([3, 48, 48]).mul(0.1)
    image.narrow(1, 10, 16).narrow(2, 6, 20).add_(0.8)
    const boxes = V.selectiveSearch(image)
    const object = tensor([[6, 10, 26, 26]]).float()
    expect(V.boxIou(object, boxes).max().item()).toBeGreaterThan(0.8)
  })

  it('of windows cover the image', () => {
    const boxes = V.slidingWindows([40, 60], { sizes: [20], aspectRatios: [1, 4], stride: 0.5 })
    expect(boxes.amax(0).tolist()).toEqual([50, 20, 60, 40])
    expect(boxes.min().item()).toBe(0)
  })
})

describe('mosaics', () => {
  const one = (value: number): V.LabelledImage => ({
    image: zeros([3, 40, 40]).add(value),
    target: { boxes: tensor([[1, 1, 39, 39]]).float(), labels: tensor([value]) },
  })

  it('show a part of each, with its boxes cut', () => {
    manualSeed(2)
    const four = [1, 2, 3, 4].map(one)
    const { image, target } = V.mosaic(four, [40, 40], { leastVisible: 0 })
    expect(target.labels.tolist()).toEqual([1, 2, 3, 4])
    V.checkTargets('test', [image], [target], 5)
    const corners = [image.at(0, 0, 0), image.at(0, 0, 39), image.at(0, 39, 0), image.at(0, 39, 39)]
    expect(corners.map((x) => x.item())).toEqual([1, 2, 3, 4])
    expect(V.mosaic(four, [40, 40], { leastVisible: 0.9 }).target.boxes.shape).toEqual([0, 4])
    expect(() => V.mosaic(four.slice(1), [40, 40])).toThrow(/3 images/)
  })
})

it('the complete overlap also looks at distance and shape', () => {
  const box = tensor([[0, 0, 10, 10]]).float()
  const loss = (other: number[]): number =>
    V.completeBoxIouLoss(box, tensor([other]).float()).item()
  expect(loss([0, 0, 10, 10])).toBeCloseTo(0, 5)
  expect(loss([20, 0, 30, 10])).toBeCloseTo(1 + 400 / 1000, 5)
  // Half of it, centres 2.5 apart in a hull of 10 × 10, and sides 1 : 2.
  const angle = (4 / Math.PI ** 2) * (Math.atan(2) - Math.atan(1)) ** 2
  const expected = 0.5 + 6.25 / 200 + angle ** 2 / (0.5 + angle)
  expect(loss([0, 0, 10, 5])).toBeCloseTo(expected, 5)
})
