import { readFileSync } from 'node:fs'
import type { Tensor, TensorData } from '@flambeau/core'
import {
  arange,
  fromTypedArray,
  IndexError,
  rand,
  ShapeError,
  stack,
  tensor,
  ValueError,
  zeros,
} from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import type { DetectedBoxes, DetectedMasks, Metric, MetricStateDict, TrueBoxes } from './index.ts'
import * as m from './index.ts'

type Nested = number[] | number[][] | number[][][]
type Averages = Record<'micro' | 'macro' | 'weighted' | 'none', number & number[]>

// Written by fixtures/metrics.py with scikit-learn, pycocotools, sacrebleu and NLTK.
const goldens = JSON.parse(
  readFileSync(new URL('fixtures/metrics.json', import.meta.url), 'utf8'),
) as {
  classes: Record<string, never> & { logits: number[][]; target: number[]; classes: number }
  binary: Record<string, never> & { scores: number[]; target: number[] }
  scores: { scores: number[][]; target: number[]; auroc: Averages; ap: Averages }
  labels: Record<string, never> & { scores: number[][]; target: number[][] }
  regression: Record<string, never> & { preds: number[][]; target: number[][] }
  perplexity: { logits: number[][][]; target: number[][]; value: number }
  bleu: {
    hyps: string[]
    refs: string[][]
    cases: { sentences: number[]; smoothing: m.Smoothing; nGram?: number; value: number }[]
  }
  detection: {
    preds: { boxes: number[][]; scores: number[]; labels: number[] }[]
    target: { boxes: number[][]; labels: number[]; iscrowd: number[]; area: number[] }[]
    coco: Record<string, number> & { mapPerClass: number[] }
    voc: { map: number; mapPerClass: number[] }
    voc2007: { map: number; mapPerClass: number[] }
  }
}
const float64 = (data: Nested) => tensor(data, { dtype: 'float64' })

/** The value after batches of unequal size, continued from a saved state in the middle. */
function streamed<R>(
  make: () => Metric<R, [preds: Tensor, target: Tensor]>,
  preds: Nested,
  target: Nested,
): R {
  const first = make()
  first.update(float64(preds.slice(0, 3)), tensor(target.slice(0, 3)))
  first.reset()
  const cut = Math.floor(target.length / 5)
  const batches = [0, 1, cut, 3 * cut, 3 * cut, target.length]
  let metric = first
  for (let i = 1; i < batches.length; i++) {
    const [a, b] = [batches[i - 1]!, batches[i]!]
    if (a < b) metric.update(float64(preds.slice(a, b)), tensor(target.slice(a, b)))
    const next = make()
    next.loadStateDict(metric.stateDict())
    metric = next
  }
  return metric.compute()
}

/** Numbers, arrays and tensors, compared to 12 digits; null in goldens is NaN. */
function expectClose(actual: unknown, wanted: unknown, digits = 12): void {
  const flat = (value: unknown): number[] =>
    [value].flat(9).map((one) => one ?? Number.NaN) as number[]
  const [a, b] = [flat(actual), flat(wanted)]
  expect(a.length).toBe(b.length)
  for (const [i, value] of a.entries()) {
    if (Number.isNaN(b[i])) expect(value).toBeNaN()
    else expect(value).toBeCloseTo(b[i] as number, digits)
  }
}

describe('metrics of classes', () => {
  const { logits, target, classes: numClasses, ...golden } = goldens.classes
  const run = (make: (o: { numClasses: number }) => unknown): unknown =>
    streamed(() => make({ numClasses }) as never, logits, target)
  const g = golden as unknown as Record<string, Averages & Record<string, unknown>>

  it.each(['micro', 'macro', 'weighted', 'none'] as const)(
    'are those of scikit-learn: %s',
    (average) => {
      expectClose(
        run((o) => new m.Precision({ ...o, average })),
        g['precision']![average],
      )
      expectClose(
        run((o) => new m.Recall({ ...o, average })),
        g['recall']![average],
      )
      expectClose(
        run((o) => new m.F1Score({ ...o, average })),
        g['f1']![average],
      )
    },
  )

  it('count right predictions, also among the k best', () => {
    expectClose(
      run((o) => new m.Accuracy(o)),
      g['accuracy'],
    )
    expectClose(
      run(() => new m.Accuracy()),
      g['accuracy'],
    )
    expectClose(
      run((o) => new m.Accuracy({ ...o, average: 'macro' })),
      g['macroAccuracy'],
    )
    expectClose(
      run((o) => new m.Accuracy({ ...o, topK: 2 })),
      g['top2'],
    )
    expectClose(
      run(() => new m.TopKAccuracy({ k: 3 })),
      g['top3']!['micro'],
    )
    expectClose(
      run((o) => new m.TopKAccuracy({ ...o, k: 3, average: 'none' })),
      g['top3']!['none'],
    )
    expectClose(
      run((o) => new m.FBetaScore({ ...o, beta: 2 })),
      g['f2'],
    )
  })

  it('leave out ignored targets', () => {
    const ignoreIndex = 2
    const ignored = g['ignored'] as Record<string, unknown>
    expectClose(
      run((o) => new m.Accuracy({ ...o, ignoreIndex })),
      ignored['accuracy'],
    )
    expectClose(
      run(() => new m.Accuracy({ ignoreIndex })),
      ignored['accuracy'],
    )
    expectClose(
      run((o) => new m.F1Score({ ...o, ignoreIndex })),
      ignored['f1'],
    )
    const matrix = run((o) => new m.ConfusionMatrix({ ...o, ignoreIndex })) as ReturnType<
      typeof tensor
    >
    expect(matrix.tolist()).toEqual(ignored['confusion'])
  })

  it('tell which class was taken for which', () => {
    const matrix = run((o) => new m.ConfusionMatrix(o)) as Tensor
    expect(matrix.dtype).toBe('int64')
    expect(matrix.tolist()).toEqual(g['confusion'])
    for (const normalize of ['true', 'pred', 'all'] as const) {
      const made = run((o) => new m.ConfusionMatrix({ ...o, normalize })) as ReturnType<
        typeof tensor
      >
      expectClose(made.tolist(), g[`normalize_${normalize}`])
    }
  })

  it('measure overlap; a class that is nowhere has none', () => {
    expectClose(
      run((o) => new m.IoU({ ...o, average: 'none' })),
      [...(g['iou'] as never as number[]), null],
    )
    expectClose(
      run((o) => new m.IoU(o)),
      g['miou'],
    )
    expectClose(
      run((o) => new m.IoU({ ...o, includeBackground: false })),
      g['miouForeground'],
    )
    expectClose(
      run((o) => new m.IoU({ ...o, average: 'micro' })),
      g['iouMicro'],
    )
    expectClose(
      run((o) => new m.Dice({ ...o, average: 'none' })),
      [...(g['dice'] as never as number[]), null],
    )
  })

  it('take maps of scores and classes of any dtype', () => {
    const scores = rand([2, 3, 4, 5])
    const truth = rand([2, 4, 5]).mul(3).to('uint8')
    const wanted = scores.argmax(1).eq(truth).to('float64').mean().item()
    for (const dtype of ['float64', 'float32'] as const)
      expectClose(m.accuracy(scores.to(dtype), truth, { numClasses: 3 }), wanted)
    for (const dtype of ['int64', 'int32', 'uint8', 'int8'] as const)
      expectClose(m.accuracy(scores.argmax(1).to(dtype), truth.to(dtype)), wanted)
    expectClose(m.accuracy(tensor([[0.25, 0.5]], { dtype: 'bfloat16' }), tensor([1])), 1)
  })
})

describe('metrics of two classes', () => {
  const { scores, target, ...golden } = goldens.binary
  const g = golden as unknown as Record<string, number>
  const run = (make: () => unknown): unknown => streamed(make as never, scores, target)

  it('are those of scikit-learn', () => {
    expectClose(
      run(() => new m.Accuracy({ task: 'binary' })),
      g['accuracy'],
    )
    expectClose(
      run(() => new m.Precision()),
      g['precision'],
    )
    expectClose(
      run(() => new m.Recall()),
      g['recall'],
    )
    expectClose(
      run(() => new m.F1Score()),
      g['f1'],
    )
    expectClose(
      run(() => new m.IoU()),
      g['iou'],
    )
    expectClose(
      run(() => new m.AUROC()),
      g['auroc'],
    )
    expectClose(
      run(() => new m.AveragePrecision()),
      g['ap'],
    )
    const matrix = m.confusionMatrix(float64(scores), tensor(target))
    expect(matrix.tolist()).toEqual(g['confusion'])
  })

  it('take logits with another threshold, and booleans', () => {
    expect(
      m.recall(tensor([-1, 2, 0.3]), tensor([true, true, true]), { threshold: 0 }),
    ).toBeCloseTo(2 / 3)
    expect(m.precision(tensor([true, true]), tensor([true, false]))).toBe(0.5)
  })
})

describe('metrics of scores and labels', () => {
  const { scores, target, auroc, ap } = goldens.scores
  const labels = goldens.labels as unknown as Record<string, Averages> & {
    scores: number[][]
    target: number[][]
  }

  it.each(['macro', 'weighted', 'none'] as const)(
    'rank classes one against the rest: %s',
    (average) => {
      const o = { numClasses: 4, average }
      expectClose(
        streamed(() => new m.AUROC(o), scores, target),
        auroc[average],
      )
      expectClose(
        streamed(() => new m.AveragePrecision(o), scores, target),
        ap[average],
      )
    },
  )

  it.each(['micro', 'macro', 'weighted'] as const)('take labels: %s', (average) => {
    const o = { numLabels: 3, average }
    const of = (metric: m.AnyMetric): unknown =>
      streamed(() => metric as never, labels.scores, labels.target)
    expectClose(of(new m.Precision(o)), labels['precision']![average])
    expectClose(of(new m.Recall(o)), labels['recall']![average])
    expectClose(of(new m.F1Score(o)), labels['f1']![average])
    expectClose(of(new m.AUROC(o)), labels['auroc']![average])
    expectClose(of(new m.AveragePrecision(o)), labels['ap']![average])
  })

  it('count labels apart', () => {
    const [s, t] = [float64(labels.scores), tensor(labels.target)]
    const o = { numLabels: 3, average: 'none' } as const
    expectClose(m.accuracy(s, t, { numLabels: 3 }), labels['accuracy']!.micro)
    expectClose(m.accuracy(s, t, o), labels['accuracy']!.none)
    expectClose(m.iou(s, t, o), labels['iou'])
    expectClose(m.auroc(s, t, o), labels['auroc']!.none)
    expect(m.confusionMatrix(s, t, { numLabels: 3 }).tolist()).toEqual(labels['confusion'])
  })

  it('leave out single labels', () => {
    const o = { numLabels: 2, ignoreIndex: -1, average: 'none' } as const
    const s = tensor([
      [0.9, 0.1],
      [0.2, 0.8],
      [0.3, 0.4],
    ])
    const t = tensor([
      [1, -1],
      [-1, 1],
      [0, 0],
    ])
    expect(m.accuracy(s, t, o)).toEqual([1, 1])
    expect(m.auroc(s, t, o)).toEqual([1, 1])
    expect(m.auroc(s, t, { ...o, average: 'micro' })).toBe(1)
  })

  it('have no value where a class is missing', () => {
    expect(m.auroc(tensor([0.1, 0.9]), tensor([1, 1]))).toBeNaN()
    expect(m.averagePrecision(tensor([0.1, 0.9]), tensor([0, 0]))).toBeNaN()
    const s = tensor([
      [0.7, 0.2, 0.1],
      [0.1, 0.8, 0.1],
    ])
    const none = m.auroc(s, tensor([0, 1]), { numClasses: 3, average: 'none' })
    expect(none).toEqual([1, 1, Number.NaN])
    expect(m.auroc(s, tensor([0, 1]), { numClasses: 3 })).toBe(1)
  })

  it('are exact over many batches', () => {
    const n = 2000
    const s = Float64Array.from({ length: n }, (_, i) => ((i * 7919) % 1013) % 97)
    const t = Float64Array.from({ length: n }, (_, i) => Number((i * 31) % 7 < 3))
    let pairs = 0
    let good = 0
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        if (t[i] !== 1 || t[j] !== 0) continue
        pairs++
        good += s[i]! > s[j]! ? 1 : s[i] === s[j] ? 0.5 : 0
      }
    }
    const metric = new m.AUROC()
    for (let i = 0; i < n; i += 37)
      metric.update(fromTypedArray(s.slice(i, i + 37)), fromTypedArray(t.slice(i, i + 37)))
    expectClose(metric.compute(), good / pairs)
  })
})

describe('metrics of numbers', () => {
  const { preds, target, ...golden } = goldens.regression
  const g = golden as unknown as Record<string, number>
  const run = (make: () => unknown): unknown => {
    const metric = make() as Metric<unknown, [unknown, unknown]>
    for (const [a, b] of [
      [0, 3],
      [3, 4],
      [4, 25],
    ] as const)
      metric.update(float64(preds.slice(a, b)), float64(target.slice(a, b)))
    return metric.compute()
  }

  it('are those of scikit-learn', () => {
    expectClose(
      run(() => new m.MeanAbsoluteError()),
      g['mae'],
      9,
    )
    expectClose(
      run(() => new m.MeanSquaredError()),
      g['mse'],
      9,
    )
    expectClose(
      run(() => new m.MeanSquaredError({ squared: false })),
      Math.sqrt(g['mse']!),
      9,
    )
    const numOutputs = 2
    expectClose(
      run(() => new m.R2Score({ numOutputs })),
      g['r2'],
      9,
    )
    expectClose(
      run(() => new m.R2Score({ numOutputs, multioutput: 'rawValues' })),
      g['r2Raw'],
      9,
    )
    const weighted = run(() => new m.R2Score({ numOutputs, multioutput: 'varianceWeighted' }))
    expectClose(weighted, g['r2Weighted'], 9)
    expectClose(
      run(() => new m.R2Score()),
      g['r2Flat'],
      9,
    )
  })

  it('know constant targets', () => {
    expect(m.r2Score(tensor([2, 2]), tensor([2, 2]))).toBe(1)
    expect(m.r2Score(tensor([2, 3]), tensor([2, 2]))).toBe(0)
    expect(m.r2Score(tensor([2]), tensor([2]))).toBeNaN()
  })

  it('average', () => {
    const mean = new m.MeanMetric()
    mean.update(tensor([1, 2, 6]), tensor([1, 1, 2]))
    mean.update(1, 4)
    expect(mean.compute()).toBe(19 / 8)
    expect(() => mean.update(tensor([1, 2]), tensor([1, 2, 3]))).toThrow(ShapeError)
    expect(() => mean.update(1, -1)).toThrow(ValueError)
    const running = new m.RunningAverage({ momentum: 0.9 })
    for (const value of [1, 2]) running.update(tensor([value, value]))
    expect(running.compute()).toBeCloseTo(1.1)
    expect(() => new m.RunningAverage({ window: 0 })).toThrow(/whole number ≥ 1/)
    expect(() => new m.RunningAverage({ momentum: 1 })).toThrow(/below 1/)
  })
})

describe('metrics of texts', () => {
  it('know how many tokens a model hesitates between', () => {
    const { logits, target, value } = goldens.perplexity
    const metric = new m.Perplexity({ ignoreIndex: -100 })
    metric.update(tensor(logits.slice(0, 1)), tensor(target.slice(0, 1)))
    metric.update(tensor(logits.slice(1)), tensor(target.slice(1)))
    expectClose(metric.compute(), value, 5)
    expectClose(m.perplexity(float64(logits), tensor(target), { ignoreIndex: -100 }), value)
    expect(() => m.perplexity(float64(logits), tensor(target))).toThrow(IndexError)
    expect(() => m.perplexity(tensor([[1, 2]]), tensor([0]))).toThrow(/floating/)
  })

  it.each(goldens.bleu.cases)('translate: %o', ({ sentences, smoothing, nGram, value }) => {
    const metric = new m.BLEUScore({ smoothing, nGram: nGram ?? 4 })
    for (const i of sentences) metric.update([goldens.bleu.hyps[i]!], [goldens.bleu.refs[i]!])
    expectClose(metric.compute(), value)
    const hyps = sentences.map((i) => goldens.bleu.hyps[i]!.split(' '))
    const refs = sentences.map((i) => goldens.bleu.refs[i]!.map((text) => text.split(' ')))
    expectClose(m.bleuScore(hyps, refs, { smoothing, nGram: nGram ?? 4 }), value)
  })

  it('take one reference as a text, and refuse none', () => {
    expect(m.bleuScore(['a b c d'], ['a b c d'])).toBe(1)
    expect(m.bleuScore([''], [['a b']])).toBe(0)
    expect(() => m.bleuScore(['a'], [[]])).toThrow(/no reference/)
    expect(() => m.bleuScore(['a', 'b'], ['a'])).toThrow(/2 translations have 1/)
  })
})

describe('MeanAveragePrecision', () => {
  const { preds, target, coco, voc, voc2007 } = goldens.detection
  type Given = [DetectedBoxes[], TrueBoxes[]]
  const images = (from = 0, to = preds.length): Given => [
    preds.slice(from, to).map(({ boxes, scores, labels }) => ({
      boxes: float64(boxes),
      scores: float64(scores),
      labels: tensor(labels),
    })),
    target.slice(from, to).map(({ boxes, labels, iscrowd, area }) => ({
      boxes: float64(boxes),
      labels: tensor(labels),
      iscrowd: tensor(iscrowd),
      area: float64(area),
    })),
  ]

  it('gives the numbers of pycocotools', () => {
    const metric = new m.MeanAveragePrecision()
    metric.update(...images(0, 5))
    metric.update(...images(5, 6))
    const next = new m.MeanAveragePrecision()
    next.loadStateDict(metric.stateDict())
    next.update(...images(6))
    const made = next.compute()
    for (const [name, value] of Object.entries(coco))
      expectClose((made as unknown as Record<string, unknown>)[name], value)
    expect(made.classes).toEqual([0, 1, 2, 3])
  })

  it('gives the numbers of Pascal VOC', () => {
    for (const [definition, golden] of [
      ['voc', voc],
      ['voc2007', voc2007],
    ] as const) {
      const { map, mapPerClass, mapSmall } = m.meanAveragePrecision(...images(), { definition })
      expectClose([map, ...mapPerClass], [golden.map, ...golden.mapPerClass])
      expect(mapSmall).toBe(-1)
    }
  })

  it('knows the ways to write boxes', () => {
    const truth = [{ boxes: tensor([[10, 20, 50, 80]]), labels: tensor([0]) }]
    const given = { xyxy: [10, 20, 50, 80], xywh: [10, 20, 40, 60], cxcywh: [30, 50, 40, 60] }
    for (const [boxFormat, box] of Object.entries(given)) {
      const options = { boxFormat: boxFormat as m.BoxFormat }
      const found = [{ boxes: tensor([box]), scores: tensor([0.5]), labels: tensor([0]) }]
      const same = [{ boxes: tensor([box]), labels: tensor([0]) }]
      expect(m.meanAveragePrecision(found, same, options).map).toBe(1)
    }
    const none = [{ boxes: tensor([]), scores: tensor([]), labels: tensor([]) }]
    expect(m.meanAveragePrecision(none, truth).map).toBe(0)
    expect(m.meanAveragePrecision(none, none).map).toBe(-1)
  })

  it('refuses what does not fit', () => {
    const box = tensor([[0, 0, 1, 1]])
    const label = tensor([0])
    const found = (scores: number[], boxes = box): Given[0] => [
      { boxes, scores: tensor(scores), labels: label },
    ]
    const run =
      (preds: Given[0], truths: Given[1] = [{ boxes: box, labels: label }]) =>
      () =>
        m.meanAveragePrecision(preds, truths)
    expect(run(found([0.5, 0.5]))).toThrow(/scores must have one element/)
    expect(run(found([Number.NaN]))).toThrow(/scores has a NaN/)
    expect(run(found([0.5]), [])).toThrow(/equally many/)
    expect(run(found([0.5], tensor([1, 2, 3, 4])))).toThrow(/\[N, 4\]/)
  })
})

describe('MeanAveragePrecision of masks', () => {
  // Written by fixtures/masks.py with pycocotools.
  const { side, images, coco } = JSON.parse(
    readFileSync(new URL('fixtures/masks.json', import.meta.url), 'utf8'),
  ) as {
    side: number
    images: (Record<'there' | 'found', number[][]> &
      Record<'labels' | 'crowds' | 'classes' | 'scores', number[]>)[]
    coco: Record<string, number>
  }
  const across = arange(side).unsqueeze(0)
  const down = arange(side).unsqueeze(1)
  /** Discs [x, y, radius] as masks. */
  const draw = (discs: number[][]): Tensor =>
    discs.length === 0
      ? zeros([0, side, side])
      : stack(
          discs.map(([x = 0, y = 0, radius = 0]) =>
            across
              .sub(x)
              .square()
              .add(down.sub(y).square())
              .le(radius ** 2),
          ),
        )
  const segm = { iouType: 'segm' } as const
  const one = (masks: TensorData, scores = [0.9], labels = [1]): DetectedMasks => ({
    masks,
    scores: tensor(scores),
    labels: tensor(labels),
  })

  it('gives the numbers of pycocotools', () => {
    const preds = images.map(({ found, scores, classes }) => ({
      masks: draw(found),
      scores: float64(scores),
      labels: tensor(classes),
    }))
    const target = images.map(({ there, labels, crowds }) => ({
      masks: draw(there),
      labels: tensor(labels),
      iscrowd: tensor(crowds),
    }))
    const metric = new m.MeanAveragePrecision(segm)
    metric.update(preds.slice(0, 5), target.slice(0, 5))
    const next = new m.MeanAveragePrecision(segm)
    next.loadStateDict(metric.stateDict())
    next.update(preds.slice(5), target.slice(5))
    const made = next.compute() as unknown as Record<string, unknown>
    for (const [name, value] of Object.entries(coco)) expectClose(made[name], value)
  })

  it('gives what is computed by hand', () => {
    const there = [
      { masks: tensor([[[1, 1, 0, 0, 0]], [[0, 0, 1, 1, 1]]]), labels: tensor([1, 1]) },
    ]
    const found = tensor([[[1, 1, 0, 0, 0]], [[0, 1, 1, 1, 0]], [[0, 0, 0, 0, 1]]])
    // The first finds the first object. The second overlaps the other by 2 of 4 pixels, the third by 1 of 3.
    const both = [one(found, [0.9, 0.8, 0.7], [1, 1, 1])]
    const at = (threshold: number) =>
      m.meanAveragePrecision(both, there, { ...segm, iouThresholds: [threshold] }).map
    expect(at(0.5)).toBe(1)
    // One object of two is found: precision 1 at the 51 recalls up to a half.
    expect(at(0.55)).toBeCloseTo(51 / 101, 12)
    expect(m.meanAveragePrecision(both, there, segm).map).toBeCloseTo((1 + 9 * (51 / 101)) / 10, 12)
    // Better than the true ones, the wrong one comes first: precision 0, 1/2 and 2/3.
    const wrongFirst = [one(found, [0.7, 0.6, 0.9], [1, 1, 1])]
    const { map50, mar1 } = m.meanAveragePrecision(wrongFirst, there, segm)
    expect(map50).toBeCloseTo(2 / 3, 12)
    expect(mar1).toBe(0)
  })

  it('knows the ways to give masks, and what one pixel decides', () => {
    const there = [{ masks: tensor([[[true, true, true, false]]]), labels: tensor([1]) }]
    const of = (masks: TensorData): number => m.meanAveragePrecision([one(masks)], there, segm).map
    expect(of(tensor([[[0.6, 0.51, 0.9, 0.5]]]))).toBe(1)
    expect(of(tensor([[[[7, 1, 2, 0]]]]))).toBe(1)
    expect(of(tensor([[[0, 0, 0, 0]]]))).toBe(0)
    expect(of(tensor([[[0, 0, 0, 1]]]))).toBe(0)
    expect(m.meanAveragePrecision([one(tensor([]), [], [])], there, segm).map).toBe(0)
  })

  it('refuses what does not fit', () => {
    const run =
      (found: DetectedMasks, masks: TensorData = tensor([[[1, 1]]])) =>
      () =>
        m.meanAveragePrecision([found], [{ masks, labels: tensor([1]) }], segm)
    expect(run(one(tensor([[[1, 1, 1]]])))).toThrow(/one size, not 1 × 3 and 1 × 2/)
    expect(run(one(tensor([[1, 1]])))).toThrow(/\[N, H, W\]/)
    expect(run(one(tensor([[[1, 1]]]), [0.5, 0.5]))).toThrow(/scores must have one element/)
    expect(run(one(tensor([[[Number.NaN, 1]]])))).toThrow(/a mask is NaN/)
    expect(run({ scores: tensor([1]), labels: tensor([1]) } as DetectedMasks)).toThrow(/no masks/)
    expect(() => new m.MeanAveragePrecision({ iouType: 'mask' as 'segm' })).toThrow(
      /"bbox", "segm"/,
    )
  })
})

describe('every metric', () => {
  const [s, t] = [tensor([0.2, 0.8]), tensor([0, 1])]
  const all: [make: () => m.AnyMetric, data: unknown[]][] = [
    [() => new m.Accuracy(), [s, t]],
    [() => new m.Precision(), [s, t]],
    [() => new m.Recall(), [s, t]],
    [() => new m.F1Score(), [s, t]],
    [() => new m.IoU(), [s, t]],
    [() => new m.Dice(), [s, t]],
    [() => new m.AUROC(), [s, t]],
    [() => new m.AveragePrecision(), [s, t]],
    [() => new m.MeanMetric(), [s]],
    [() => new m.RunningAverage(), [s]],
    [() => new m.MeanAbsoluteError(), [s, t]],
    [() => new m.MeanSquaredError(), [s, t]],
    [() => new m.R2Score(), [s, t]],
    [() => new m.Perplexity(), [tensor([[0.1, 0.2]]), tensor([0])]],
    [() => new m.BLEUScore({ nGram: 1 }), [['a b'], ['a']]],
  ]

  it.each(all.map(([make, data]) => [make().constructor.name, make, data] as const))(
    '%s has no value before any sample, and forgets',
    (_name, make, data) => {
      const metric = make()
      expect(metric.compute()).toBeNaN()
      const empty: MetricStateDict = metric.stateDict()
      metric.update(...(data as never[]))
      expect(metric.compute()).not.toBeNaN()
      metric.reset()
      expect(metric.compute()).toBeNaN()
      expect(Object.keys(metric.stateDict())).toEqual(Object.keys(empty))
    },
  )

  it('takes empty batches', () => {
    const metric = new m.Accuracy({ numClasses: 3 })
    metric.update(rand([0, 3]), tensor([], { dtype: 'int64' }))
    expect(metric.compute()).toBeNaN()
  })

  it('says what does not fit', () => {
    const metric = new m.Accuracy({ numClasses: 3 })
    const run = (preds: Tensor, target: number[]) => () => metric.update(preds, tensor(target))
    expect(run(rand([2, 4]), [0, 1])).toThrow(
      /axis 1 of preds \(4\) must be the number of classes \(3\)/,
    )
    expect(run(rand([2, 3]), [0, 3])).toThrow(/target has the class 3, there are 0 to 2/)
    expect(run(rand([2]), [0, 1])).toThrow(/classes along axis 1/)
    expect(run(tensor([0, 1, 2]), [0, 1])).toThrow(ShapeError)
    expect(run(tensor([[0, Number.NaN, 1]]), [0])).toThrow(/a prediction is NaN/)
    expect(() => new m.F1Score({ task: 'multiclass' })).toThrow(/numClasses must be a whole number/)
    expect(() => new m.F1Score({ average: 'sum' as never })).toThrow(/average must be one of/)
    expect(() => new m.Accuracy({ numClasses: 3, topK: 4 })).toThrow(/must not exceed/)
    expect(() => new m.AUROC({ numClasses: 3, average: 'micro' })).toThrow(/average must be one of/)
    // What was refused does not count.
    expect(metric.compute()).toBeNaN()
  })

  it('refuses states of others', () => {
    const metric = new m.ConfusionMatrix({ numClasses: 3 })
    const other = new m.ConfusionMatrix({ numClasses: 2 }).stateDict()
    expect(() => metric.loadStateDict(other)).toThrow(/'counts' must have 9 elements, not 4/)
    expect(() => metric.loadStateDict(new m.MeanMetric().stateDict())).toThrow(/does not know/)
    expect(() => metric.loadStateDict({ counts: 3 })).toThrow(/one axis/)
  })
})

describe('MetricCollection', () => {
  it('updates, computes, saves and resets all', () => {
    const make = (): m.MetricCollection<{ accuracy: m.Accuracy; auroc: m.AUROC }> =>
      new m.MetricCollection({ accuracy: new m.Accuracy({ task: 'binary' }), auroc: new m.AUROC() })
    const metrics = make()
    metrics.update(tensor([0.9, 0.2]), tensor([1, 0]))
    const next = make()
    next.loadStateDict(metrics.stateDict())
    next.update(tensor([0.8]), tensor([0]))
    expect(next.compute()).toEqual({ accuracy: 2 / 3, auroc: 1 })
    next.reset()
    expect(next.compute().accuracy).toBeNaN()
    expect(() => next.loadStateDict({})).toThrow(/'accuracy' is missing/)
    expect(() => new m.MetricCollection({ loss: 1 as never })).toThrow(/no metric/)
  })
})
