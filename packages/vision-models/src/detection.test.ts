import { readFileSync } from 'node:fs'
import { gradcheck } from '@flambeau/autograd'
import { manualSeed, rand, randn, ShapeError, tensor, ValueError, zeros } from '@flambeau/core'
import type { NestedArray, Tensor } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import * as V from './index.ts'

const stored = JSON.parse(
  readFileSync(new URL('../goldens/detection.json', import.meta.url), 'utf8'),
) as Record<string, NestedArray>
const golden = (name: string): Tensor => tensor(stored[name] as NestedArray, { dtype: 'float32' })

function expectGolden(got: Tensor, name: string, tolerance = 1e-5): void {
  const want = golden(name)
  expect(got.shape).toEqual(want.shape)
  expect(got.sub(want).abs().max().item()).toBeLessThan(tolerance * (1 + want.abs().max().item()))
}

describe('boxes', () => {
  const [a, b] = [golden('a'), golden('b')]

  it('have the areas, overlaps and forms of torchvision', () => {
    expectGolden(V.boxArea(a), 'area')
    expectGolden(V.boxIou(a, b), 'iou')
    expectGolden(V.generalizedBoxIou(a, b), 'giou')
    expectGolden(V.boxConvert(a, 'xyxy', 'xywh'), 'xywh')
    expectGolden(V.boxConvert(a, 'xyxy', 'cxcywh'), 'cxcywh')
    for (const form of ['xywh', 'cxcywh'] as const) {
      expectGolden(V.boxConvert(V.boxConvert(a, 'xyxy', form), form, 'xyxy'), 'a')
    }
    expectGolden(V.clipBoxesToImage(a.mul(3).sub(20), [30, 40]), 'clipped')
  })

  it('are dropped where they are small, or refused where they are none', () => {
    const boxes = tensor([
      [0, 0, 4, 4],
      [0, 0, 1, 9],
      [2, 2, 8, 6],
    ]).float()
    expect(V.removeSmallBoxes(boxes, 3).tolist()).toEqual([0, 2])
    expect(() => V.boxIou(a, zeros([4]))).toThrow(ShapeError)
    expect(() => V.boxConvert(a, 'xyxy', 'yx' as never)).toThrow(ValueError)
  })

  it('are suppressed by better ones as the definition says', () => {
    manualSeed(3)
    const corners = rand([60, 2]).mul(40)
    const boxes = V.boxConvert(
      tensor((corners.tolist() as number[][]).map(([x, y], i) => [x!, y!, 8 + (i % 7), 9])).float(),
      'xywh',
      'xyxy',
    )
    const scores = rand([60])
    const iou = V.boxIou(boxes, boxes).tolist() as number[][]
    const order = scores.argsort({ descending: true }).tolist() as number[]
    const kept: number[] = []
    for (const i of order) if (kept.every((j) => iou[i]![j]! <= 0.3)) kept.push(i)
    expect(V.nms(boxes, scores, 0.3).tolist()).toEqual(kept)
    expect(kept.length).toBeLessThan(60)

    const labels = tensor(order.map((_, i) => i % 3))
    const byClass = [0, 1, 2].flatMap((label) => {
      const own = order.filter((i) => i % 3 === label)
      const chosen: number[] = []
      for (const i of own) if (chosen.every((j) => iou[i]![j]! <= 0.3)) chosen.push(i)
      return chosen
    })
    const found = V.batchedNms(boxes, scores, labels, 0.3).tolist() as number[]
    const ascending = (x: number, y: number): number => x - y
    expect(found.toSorted(ascending)).toEqual(byClass.toSorted(ascending))
    expect(V.nms(zeros([0, 4]), zeros([0]), 0.5).shape).toEqual([0])
    expect(() => V.nms(boxes, zeros([3]), 0.5)).toThrow(/scores must be \[N\]/)
  })

  it('lose score by their overlap with better ones if suppression is soft', () => {
    const boxes = tensor([
      [0, 0, 10, 10],
      [0, 0, 10, 5],
      [50, 50, 60, 60],
    ]).float()
    const { kept, scores } = V.softNms(boxes, tensor([0.9, 0.8, 0.7]))
    expect(kept.tolist()).toEqual([0, 2, 1])
    expect(scores.select(0, 2).item()).toBeCloseTo(0.8 * Math.exp(-(0.5 ** 2) / 0.5), 5)
  })
})

describe('regions', () => {
  const [features, rois] = [golden('features'), golden('rois')]

  it('are sampled as torchvision does', () => {
    const scale = { spatialScale: 0.25 }
    const aligned = { ...scale, samplingRatio: 2, aligned: true }
    expectGolden(V.roiAlign(features, rois, [3, 2], aligned), 'align')
    expectGolden(V.roiAlign(features, rois, [3, 2], scale), 'alignAdaptive')
  })

  it('are differentiable', () => {
    const x = randn([1, 2, 6, 6]).double().requiresGrad_()
    const boxes = tensor([[0, 0.5, 1, 4, 5]]).double()
    expect(gradcheck((f: Tensor) => V.roiAlign(f, boxes, 2, { samplingRatio: 2 }), [x])).toBe(true)
    expect(gradcheck((f: Tensor) => V.roiPool(f, boxes, 2), [x])).toBe(true)
  })

  it('have their maxima, 0 where nothing lies', () => {
    const x = randn([1, 2, 8, 8])
    const pooled = V.roiPool(
      x,
      tensor([
        [0, 2, 0, 5, 3],
        [0, 20, 20, 24, 24],
      ]).float(),
      2,
    )
    const want = x.at(0, 1, '0:2', '4:6').max().item()
    expect(pooled.at(0, 1, 0, 1).item()).toBeCloseTo(want, 6)
    expect(pooled.select(0, 1).abs().sum().item()).toBe(0)
  })

  it('are refused off the images, or in other shapes', () => {
    expect(() => V.roiAlign(features, tensor([[2, 0, 0, 4, 4]]).float(), 2)).toThrow(
      /not among the 2/,
    )
    expect(() => V.roiAlign(features, zeros([3, 4]), 2)).toThrow(/\[K, 5\]/)
    expect(
      V.withImageNumbers([zeros([1, 4]), zeros([2, 4])])
        .select(1, 0)
        .tolist(),
    ).toEqual([0, 1, 1])
  })
})

describe('anchors', () => {
  it('stand where torchvision puts them', () => {
    const anchors = new V.AnchorGenerator(
      [[16, 32], [64]],
      [
        [0.5, 1, 2],
        [0.5, 1, 2],
      ],
    )
    expect(anchors.perPlace).toEqual([6, 3])
    expectGolden(
      anchors.forMaps(
        [
          [4, 5],
          [2, 3],
        ],
        [64, 80],
      ),
      'anchors',
    )
  })

  it('see boxes as torchvision codes them', () => {
    const coder = new V.BoxCoder([10, 10, 5, 5])
    expectGolden(coder.encode(golden('same'), golden('a')), 'codes')
    expectGolden(coder.decode(golden('noise'), golden('a')), 'decoded')
  })

  it('are matched with true boxes', () => {
    const iou = golden('overlaps')
    expect(V.matchAnchors(iou, 0.7, 0.3, false).matched.tolist()).toEqual(stored['matched'])
    expect(V.matchAnchors(iou, 0.9, 0.6, true).matched.tolist()).toEqual(stored['matchedBest'])
    expect(V.matchAnchors(zeros([0, 3]), 0.5, 0.5, true).matched.tolist()).toEqual([-1, -1, -1])
  })
})

it('has the losses of torchvision', () => {
  expectGolden(V.sigmoidFocalLoss(golden('logits'), golden('targets')), 'focal')
  expectGolden(V.generalizedBoxIouLoss(golden('a'), golden('same')), 'gious')
  const [a, b] = [golden('a').double().requiresGrad_(), golden('same').double()]
  expect(gradcheck((x: Tensor) => V.generalizedBoxIouLoss(x, b, 'mean'), [a])).toBe(true)
})
