import {
  arange,
  DTypeError,
  Generator,
  manualSeed,
  ones,
  rand,
  randint,
  setDefaultDtype,
  ShapeError,
  type Tensor,
  tensor,
  ValueError,
  zeros,
} from '@flambeau/core'
import { assertClose } from '@flambeau/core/testing'
import { describe, expect, test } from 'vitest'
import { makeHere } from '../loader/revive.ts'
import type * as transforms from './index.ts'
import {
  AutoAugment,
  CenterCrop,
  ColorJitter,
  Compose,
  convertBoxes,
  CutMix,
  GaussianBlur,
  Grayscale,
  HorizontalFlip,
  type ImageSample,
  Lambda,
  MixUp,
  Normalize,
  OneOf,
  Pad,
  RandAugment,
  RandomAffine,
  RandomCrop,
  RandomErasing,
  RandomPerspective,
  RandomResizedCrop,
  RandomRotation,
  Resize,
  Rotate,
  SomeOf,
  ToTensor,
  type Transform,
  TrivialAugmentWide,
  VerticalFlip,
} from './index.ts'

const seeded = (seed: number): Generator => new Generator().manualSeed(seed)

/** A bright rectangle, with its mask, its box and its middle. */
function marked(height = 60, width = 90): Required<Omit<ImageSample, 'masks'>> {
  const image = zeros([3, height, width], { dtype: 'uint8' })
  image.narrow(1, 22, 9).narrow(2, 40, 13).fill_(200)
  return {
    image,
    mask: image.select(0, 0).gt(0).to('uint8'),
    boxes: tensor([[40, 22, 53, 31]]),
    labels: tensor([7]),
    keypoints: tensor([[[46.5, 26.5, 2]]]),
  }
}

/** Bounds of what is not 0: left, top, right, bottom. */
function extent(planes: Tensor, least: number): number[] {
  const bright = planes
    .view(-1, ...planes.shape.slice(-2))
    .select(0, 0)
    .gt(least)
  const rows = bright.any(1).toArray() as Uint8Array
  const columns = bright.any(0).toArray() as Uint8Array
  return [columns.indexOf(1), rows.indexOf(1), columns.lastIndexOf(1) + 1, rows.lastIndexOf(1) + 1]
}

describe('image, mask, boxes and keypoints move together', () => {
  const movers: Record<string, (seed: number) => Transform> = {
    Resize: () => new Resize([47, 110]),
    RandomCrop: () => new RandomCrop([50, 75]),
    CenterCrop: () => new CenterCrop([45, 61]),
    RandomResizedCrop: () => new RandomResizedCrop([64, 64], { scale: [0.7, 1] }),
    Pad: () => new Pad([3, 5, 7, 2]),
    HorizontalFlip: () => new HorizontalFlip(1),
    VerticalFlip: () => new VerticalFlip(1),
    Rotate: () => new Rotate({ limit: 30, p: 1, border: 'constant' }),
    'Rotate by fixed angles': () => new Rotate({ angles: [0, 90, 180, 270], p: 1, expand: true }),
    'Rotate, expanded': () => new Rotate(80, { p: 1, border: 'constant', expand: true }),
    RandomRotation: () => new RandomRotation(20, { interpolation: 'bilinear' }),
    RandomAffine: () =>
      new RandomAffine(15, { translate: [0.1, 0.1], scale: [0.8, 1.3], shear: [-9, 9, -9, 9] }),
    RandomPerspective: () => new RandomPerspective(0.3, { p: 1 }),
    RandAugment: () => new RandAugment(2, 9),
    all: (seed) =>
      new Compose([
        new Rotate(20, { p: 1 }),
        new HorizontalFlip(),
        new RandomAffine(5, { interpolation: seed % 2 === 0 ? 'bilinear' : 'bicubic' }),
        new Resize([80, 120]),
      ]),
  }

  test.each(Object.keys(movers))('%s', (name) => {
    for (let seed = 0; seed < 6; seed++) {
      const transform = (movers[name] as (seed: number) => Transform)(seed)
      const before = marked()
      const after = transform.apply(before, seeded(seed))
      const [, height = 0, width = 0] = after.image.shape
      expect(after.mask.shape).toEqual([height, width])
      // What the map does to a rectangle lies in its box, and touches all sides of it.
      const [box = []] = after.boxes.tolist() as unknown as number[][]
      const seen = extent(after.mask, 0)
      const slack = name === 'all' ? 9 : name.startsWith('Rand') || name.includes('Rot') ? 4 : 1.01
      for (const [i, side] of box.entries()) {
        const inward = i < 2 ? (seen[i] as number) - side : side - (seen[i] as number)
        expect(inward, `${name} ${seed}, side ${i}`).toBeGreaterThan(-1.01)
        expect(inward, `${name} ${seed}, side ${i}`).toBeLessThan(slack)
      }
      // The middle of the rectangle is the middle of the mask.
      const [[[x = 0, y = 0, flag] = []] = []] = after.keypoints.tolist() as unknown as number[][][]
      expect(flag).toBe(2)
      const middle = [0, 1].map((i) => ((seen[i] as number) + (seen[i + 2] as number)) / 2)
      expect(Math.abs(x - (middle[0] as number))).toBeLessThan(2.1)
      expect(Math.abs(y - (middle[1] as number))).toBeLessThan(2.1)
      if (name !== 'RandAugment') {
        const own = after.image.select(0, 0).gt(100).to('uint8').sub(after.mask).ne(0)
        expect(own.sum().item()).toBeLessThan(60)
      }
      expect(after.labels.tolist()).toEqual([7])
      // What was given is as it was.
      expect(before.image.equal(marked().image)).toBe(true)
    }
  })

  test('an image in gives an image, with and without channels', () => {
    const image = arange(12).view(3, 4)
    const flipped = new HorizontalFlip(1).apply(image)
    expect(flipped.tolist()).toEqual([
      [3, 2, 1, 0],
      [7, 6, 5, 4],
      [11, 10, 9, 8],
    ])
    expect(new ToTensor().apply(image).shape).toEqual([1, 3, 4])
  })

  test('other fields stay, and one row of masks and labels goes with each box', () => {
    const sample = {
      image: zeros([1, 20, 20]),
      boxes: tensor([
        [0, 0, 4, 4],
        [8, 8, 12, 12],
        [9, 1, 19, 19],
      ]),
      labels: tensor([1, 2, 3]),
      masks: arange(3).view(3, 1, 1).expand([3, 20, 20]).contiguous(),
      keypoints: arange(12).view(3, 2, 2),
      name: 'first',
    }
    const out = new CenterCrop(10).apply(sample)
    expect(out.labels.tolist()).toEqual([2, 3])
    expect(out.boxes.tolist()).toEqual([
      [3, 3, 7, 7],
      [4, 0, 10, 10],
    ])
    expect(out.masks.shape).toEqual([2, 10, 10])
    expect(out.masks.select(0, 1).max().item()).toBe(2)
    expect(out.keypoints.shape).toEqual([2, 2, 2])
    expect(out.name).toBe('first')
  })

  test('what stays of boxes is decided by area and visible share, over all steps', () => {
    const sample = {
      image: zeros([1, 20, 20]),
      boxes: tensor([
        [0, 8, 10, 4],
        [8, 8, 4, 4],
      ]),
      labels: tensor([1, 2]),
    }
    const crops = [new CenterCrop([20, 12]), new Pad(4), new CenterCrop([20, 16])]
    const labels = (boxes: transforms.BoxOptions): unknown =>
      new Compose(crops, { boxes: { format: 'xywh', ...boxes } }).apply(sample).labels.tolist()
    // 6 of 10 columns of the first one are left; padding does not bring the others back.
    expect(labels({})).toEqual([1, 2])
    expect(labels({ minVisibility: 0.59 })).toEqual([1, 2])
    expect(labels({ minVisibility: 0.61 })).toEqual([2])
    expect(labels({ minArea: 17 })).toEqual([1])
    const boxes = new Compose(crops, { boxes: { format: 'xywh' } }).apply(sample).boxes
    expect(boxes.tolist()).toEqual([
      [2, 8, 6, 4],
      [6, 8, 4, 4],
    ])
    expect(labels({ minArea: 100 })).toEqual([])
  })

  test('points without a box of their own stay, marked as gone if they can be', () => {
    const image = zeros([1, 10, 10])
    const flagged = new CenterCrop(4).apply({
      image,
      keypoints: tensor([
        [5, 5, 1],
        [0, 0, 2],
      ]),
    })
    expect(flagged.keypoints.tolist()).toEqual([
      [2, 2, 1],
      [-3, -3, 0],
    ])
    const plain = new CenterCrop(4).apply({ image, keypoints: tensor([[0, 0]]) })
    expect(plain.keypoints.tolist()).toEqual([[-3, -3]])
  })

  test('no boxes at all are fine', () => {
    const out = new Rotate(30, { p: 1 }).apply({ image: zeros([1, 8, 8]), boxes: zeros([0, 4]) })
    expect(out.boxes.shape).toEqual([0, 4])
  })

  test('formats of boxes are converted both ways', () => {
    const boxes = tensor([[2, 4, 6, 10]], { dtype: 'float32' })
    const size = [20, 10] as const
    const forms = { xywh: [2, 4, 4, 6], cxcywh: [4, 7, 4, 6], yolo: [0.4, 0.35, 0.4, 0.3] } as const
    for (const [form, want] of Object.entries(forms)) {
      const there = convertBoxes(boxes, 'xyxy', form as 'yolo', { size })
      assertClose(there, tensor([[...want]], { dtype: 'float32' }))
      assertClose(convertBoxes(there, form as 'yolo', 'xyxy', { size }), boxes)
    }
    expect(() => convertBoxes(boxes, 'xyxy', 'yolo')).toThrow(/need its size/)
    expect(() => convertBoxes(boxes, 'xyxy', 'corners' as 'xyxy')).toThrow(ValueError)
    expect(() => convertBoxes(zeros([2, 3]), 'xyxy', 'xywh')).toThrow(/boxes are \[N, 4\]/)
  })
})

const image = randint(0, 256, [3, 24, 32], { dtype: 'uint8', generator: seeded(1) })
const random: Transform[] = [
  new RandomCrop(16),
  new RandomResizedCrop(16),
  new HorizontalFlip(),
  new VerticalFlip({ p: 0.5 }),
  new Rotate(35, { p: 0.7 }),
  new Rotate({ angles: [0, 90] }),
  new RandomRotation(20),
  new RandomAffine(20, { translate: [0.1, 0.1], p: 0.8 }),
  new RandomPerspective(),
  new ColorJitter(0.2, 0.2, 0.2, 0.1),
  new GaussianBlur(3),
  new RandomErasing(0.9, { value: 'random' }),
  new AutoAugment(),
  new RandAugment(),
  new TrivialAugmentWide(),
  new OneOf([new HorizontalFlip(), new VerticalFlip()]),
  new SomeOf([new HorizontalFlip(), new VerticalFlip(), new Grayscale(3)], [1, 3]),
]

describe('random numbers', () => {
  test.each(random.map((one, i) => [`${one.constructor.name} ${i}`, one] as const))(
    '%s: a seed decides, also again in another thread',
    async (_, transform) => {
      const twin = (await makeHere(transform.toWorker())) as Transform
      const results = [0, 1, 2, 3, 4, 5, 6, 7].map((seed) => {
        const once = transform.apply(image, seeded(seed))
        expect(transform.apply(image, seeded(seed)).equal(once)).toBe(true)
        expect(twin.apply(image, seeded(seed)).equal(once)).toBe(true)
        return once.to('float32').mean().item()
      })
      const samples = results.map(String).join()
      // Flips keep the mean, all others give different images for different seeds.
      const flips = transform instanceof OneOf || /Flip|Rotate/.test(transform.constructor.name)
      if (!flips)
        expect({ samples, different: new Set(results).size > 1 }).toMatchObject({ different: true })
      expect(transform.isRandom).toBe(true)
    },
  )

  test('the default generator is used without one', () => {
    manualSeed(3)
    const first = new RandomCrop(8).apply(image)
    manualSeed(3)
    expect(new RandomCrop(8).apply(image).equal(first)).toBe(true)
  })

  test('probabilities are what they say', () => {
    const generator = seeded(0)
    const happens = (transform: Transform): number => {
      let count = 0
      const still = arange(6).view(1, 2, 3)
      for (let i = 0; i < 400; i++) {
        if (!transform.apply(still, generator).equal(still)) count++
      }
      return count / 400
    }
    expect(happens(new HorizontalFlip(0.3))).toBeCloseTo(0.3, 1)
    expect(happens(new HorizontalFlip(0))).toBe(0)
    expect(happens(new HorizontalFlip(1))).toBe(1)
    expect(happens(new Rotate({ angles: [180], p: 0.5 }))).toBeCloseTo(0.5, 1)
    expect(happens(new OneOf([new HorizontalFlip(0.9)], { p: 0.4 }))).toBeCloseTo(0.4, 1)
    const two = new OneOf([new HorizontalFlip(0.2), new Lambda((x) => x)], { p: 1 })
    expect(happens(two)).toBeCloseTo(1 / 6, 1)
    expect(happens(new SomeOf([new HorizontalFlip(1), new Lambda((x) => x)], 1))).toBeCloseTo(
      0.5,
      1,
    )
    expect(happens(new Compose([new HorizontalFlip(1)], { p: 0.2 }))).toBeCloseTo(0.2, 1)
  })

  test('each image of a batch has numbers of its own', () => {
    const batch = arange(3).view(1, 1, 3).expand([40, 1, 3]).contiguous()
    const flipped = new HorizontalFlip().applyBatch(batch, seeded(0)).select(2, 0)
    expect(new Set(flipped.view(-1).tolist() as number[])).toEqual(new Set([0, 2]))
  })
})

describe('Normalize and ToTensor', () => {
  test('one pass over bytes is what the two are one after the other', () => {
    const [mean, std] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ] as const
    const normalize = new Normalize(mean, std)
    const two = normalize.apply(new ToTensor().apply(image))
    const interleaved = image.permute(1, 2, 0).contiguous().permute(2, 0, 1)
    for (const one of [image, interleaved]) {
      const fused = normalize.apply(one)
      assertClose(fused, two, { rtol: 1e-5, atol: 1e-6 })
      expect(fused.isContiguous()).toBe(true)
    }
    const batch = image.unsqueeze(0).expand([2, 3, 24, 32])
    assertClose(normalize.applyBatch(batch).select(0, 1), two, { rtol: 1e-5, atol: 1e-6 })
    const mission = new Compose([new Normalize([0, 0, 0], [1, 1, 1]), new ToTensor()])
    assertClose(mission.apply(image), image.to('float32').div(255))
  })

  test('an image of floats stays what it is, with the mean and std of its own precision', () => {
    const normalize = new Normalize([0.1307], [0.3081])
    const double = normalize.apply(tensor([[[0.2]]], { dtype: 'float64' })).item()
    expect(double).toBe((0.2 - 0.1307) / 0.3081)
    for (const dtype of ['float16', 'bfloat16', 'float64'] as const) {
      expect(normalize.apply(zeros([1, 2, 2], { dtype })).dtype).toBe(dtype)
      expect(normalize.applyBatch(zeros([3, 1, 2, 2], { dtype })).dtype).toBe(dtype)
    }
    expect(normalize.apply(zeros([1, 2, 2], { dtype: 'int64' })).dtype).toBe('float32')
  })

  test('refuse what does not fit', () => {
    expect(() => new Normalize([0], [0])).toThrow(/std must be > 0/)
    expect(() => new Normalize([0, 0], [1, 1]).apply(image)).toThrow(ShapeError)
  })
})

describe('Lambda', () => {
  test('may flatten the image, at the end of a list', () => {
    const flat = new Lambda((x) => x.flatten())
    const list = new Compose([new ToTensor(), new Normalize([0.5], [0.5]), flat])
    const digit = arange(12).to('uint8').view(3, 4)
    expect(list.apply(digit).shape).toEqual([12])
    expect(list.applyBatch(digit.unsqueeze(0).expand([5, 3, 4])).shape).toEqual([5, 12])
    expect(new Compose([flat, new Lambda((x) => x.mul(2))]).apply(digit).shape).toEqual([12])
    expect(flat.apply({ image: digit, labels: tensor(3) }).image.shape).toEqual([12])
  })

  test('keeps an image where something needs one', () => {
    const flat = new Lambda((x) => x.flatten())
    expect(() => new Compose([flat, new HorizontalFlip(1)]).apply(image)).toThrow(
      /HorizontalFlip: the image must be \[C, H, W\] here, a function before made it \[2304\]/,
    )
    const mask = zeros([24, 32])
    expect(() => flat.apply({ image, mask })).toThrow(/must return \[C, H, W\]/)
    const crop = new Lambda((x) => x.narrow(1, 0, 6), { mask: (x) => x.narrow(1, 0, 6) })
    expect(crop.apply({ image, mask }).mask.shape).toEqual([6, 32])
  })
})

describe('MixUp and CutMix', () => {
  test('mix each sample with the one before, and labels likewise', () => {
    const images = arange(4).view(4, 1, 1, 1).expand([4, 1, 6, 6]).to('float32').contiguous()
    const labels = tensor([0, 1, 2, 3])
    for (let seed = 0; seed < 5; seed++) {
      const [mixed, shares] = new MixUp({ numClasses: 4, alpha: 0.4 }).apply(
        [images, labels],
        seeded(seed),
      )
      const own = shares.diag(0)
      const want = arange(4)
        .mul(own)
        .add(tensor([3, 0, 1, 2]).mul(own.neg().add(1)))
      assertClose(mixed.select(1, 0).select(1, 0).select(1, 0), want, { rtol: 1e-5, atol: 1e-6 })
      assertClose(shares.sum(1), ones([4]))

      const [cut, parts] = new CutMix({ numClasses: 4 }).apply([images, labels], seeded(seed))
      const kept = cut.select(0, 2).eq(2).to('float32').mean().item()
      const rows = parts.tolist() as number[][]
      expect(rows[2]?.[2]).toBeCloseTo(kept, 5)
      expect(rows[2]?.[1]).toBeCloseTo(1 - kept, 5)
    }
  })

  test('shares follow Beta(alpha, alpha)', () => {
    const generator = seeded(0)
    const draw = (alpha: number): number[] =>
      Array.from({ length: 300 }, (): number => {
        const labels = tensor([0, 1])
        const mix = new MixUp({ numClasses: 2, alpha })
        return mix
          .apply([zeros([2, 1, 1, 1]), labels], generator)[1]
          .select(0, 0)
          .select(0, 0)
          .item()
      })
    for (const alpha of [0.2, 1, 3]) {
      const shares = draw(alpha)
      const mean = shares.reduce((sum, x) => sum + x, 0) / 300
      const variance = shares.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 300
      expect(mean).toBeCloseTo(0.5, 1)
      expect(Math.abs(variance - 1 / (4 * (2 * alpha + 1)))).toBeLessThan(0.02)
    }
  })

  test('refuse what is not a batch', () => {
    const mix = new MixUp()
    expect(() => mix.apply([zeros([2, 1, 2, 2]), tensor([0, 1])])).toThrow(/need numClasses/)
    expect(() => mix.apply([zeros([1, 2, 2]), tensor([0])])).toThrow(ShapeError)
    expect(() => mix.apply([zeros([2, 1, 2, 2]), tensor([0])])).toThrow(ShapeError)
    expect(() => new CutMix({ alpha: 0 })).toThrow(/alpha > 0/)
    const soft = new CutMix({ numClasses: 3 })
    expect(() => soft.apply([zeros([2, 1, 2, 2]), zeros([2, 2])])).toThrow(/numClasses is 3/)
  })
})

describe('bad calls say what is wrong', () => {
  const cases: [string, () => unknown, RegExp][] = [
    ['size', () => new Resize(0), /Resize: size must be a whole number ≥ 1/],
    ['filter', () => new Resize(4, 'lanczos' as 'area'), /interpolation must be one of bilinear/],
    ['option', () => new Resize({ size: 3, foo: 1 } as never), /there is no option 'foo'/],
    ['maxSize', () => new Resize([3, 4], { maxSize: 5 }), /maxSize/],
    ['crop', () => new RandomCrop(99).apply(image), /does not fit the image of 24 × 32/],
    ['padding', () => new Pad([1, 2, 3] as never), /one, two or four whole numbers/],
    ['mode', () => new Pad(1, { paddingMode: 'mirror' as 'edge' }), /border must be one of/],
    ['p', () => new HorizontalFlip(1.5), /p must be from 0 to 1/],
    ['angles', () => new Rotate({ angles: [] }), /angles must be a list/],
    ['limit', () => new Rotate(-3), /limit must be a number ≥ 0/],
    ['translate', () => new RandomAffine(1, [2, 0]), /shares from 0 to 1/],
    ['scale', () => new RandomAffine(1, { scale: [0, 1] }), /scale must be/],
    ['hue', () => new ColorJitter({ hue: 0.7 }), /within \[-0.5, 0.5\]/],
    ['channels', () => new Grayscale(2 as 1), /must be 1 or 3/],
    ['kernel', () => new GaussianBlur(4), /kernel sizes must be odd/],
    ['sigma', () => new GaussianBlur(3, [2, 1]), /sigma positive/],
    ['policy', () => new AutoAugment('coco' as 'svhn'), /policy must be one of/],
    ['magnitude', () => new RandAugment(2, 31), /magnitude one from 0 to 30/],
    ['bins', () => new TrivialAugmentWide(1), /whole number ≥ 2/],
    ['list', () => new Compose([(x: Tensor) => x] as never), /functions: new Lambda/],
    ['n', () => new SomeOf([new ToTensor()], 2), /from 0 to 1/],
    ['boxes', () => new Compose([], { boxes: { minVisibility: 2 } }), /minVisibility from 0 to 1/],
    ['flip of null', () => new HorizontalFlip(null as never), /options are an object, not null/],
    ['lambda', () => new Lambda((() => 3) as never).apply(image), /must return a tensor, not 3/],
    ['nothing', () => new ToTensor().apply({} as never), /a sample with an image/],
    ['rank', () => new HorizontalFlip().apply(zeros([2, 3, 4, 5])), /applyBatch takes/],
    [
      'mask',
      () => new Resize(4).apply({ image, mask: zeros([5, 5]) }),
      /the mask of 5 × 5 does not/,
    ],
    [
      'labels',
      () => new Resize(4).apply({ image, boxes: zeros([2, 4]), labels: zeros([3]) }),
      /labels has 3 rows for 2 boxes/,
    ],
    ['points', () => new Resize(4).apply({ image, keypoints: zeros([2, 5]) }), /\[\.\.\., 2\]/],
    ['four', () => new ColorJitter(0.1).apply(zeros([4, 3, 3])), /1 or 3 channels/],
    ['fills', () => new Pad(1, { fill: [1, 2] }).apply(image), /2 numbers for 3 channels/],
    ['erase', () => new RandomErasing(1, { value: [1, 2] }).apply(image), /2 values do not fit/],
    ['empty', () => new Resize(4).apply(zeros([3, 0, 4])), /the image has no pixels/],
  ]
  test.each(cases)('%s', (_, call, message) => {
    expect(call).toThrow(message)
  })

  test('types', () => {
    expect(() => new ColorJitter(0.1).apply(zeros([3, 4, 4], { dtype: 'int64' }))).toThrow(
      DTypeError,
    )
    expect(() => new Lambda((x) => x).toWorker()).not.toThrow()
    class Mine extends ToTensor {}
    expect(() => new Mine().toWorker()).toThrow(/does not say how a worker makes it again/)
  })
})

test('floats in [0, 1] are changed as bytes are', () => {
  const bytes = randint(0, 256, [3, 20, 20], { dtype: 'uint8', generator: seeded(5) })
  const floats = bytes.to('float32').div(255)
  const both = [
    new ColorJitter(0.3, 0.3, 0.3, 0.1),
    new GaussianBlur(5),
    new Rotate(30, { p: 1 }),
    new Resize([10, 31]),
    new Resize([7, 9], 'area'),
    new RandomPerspective(0.4, { p: 1 }),
    new Grayscale(3),
    new RandAugment(1, 20),
  ]
  for (const transform of both) {
    for (let seed = 0; seed < 4; seed++) {
      const a = transform.apply(bytes, seeded(seed)).to('float32').div(255)
      const b = transform.apply(floats, seeded(seed))
      const off = a.sub(b).abs().gt(0.02).to('float32').mean().item()
      expect(off, `${transform.constructor.name} ${seed}`).toBeLessThan(0.03)
    }
  }
})

test('views of other memory orders, and rand of everything, keep their values', () => {
  const flat = rand([5, 7], { generator: seeded(2) })
  expect(new Resize([5, 7]).apply(flat).equal(flat)).toBe(true)
  const turned = new Rotate({ angles: [180], p: 1, interpolation: 'nearest' }).apply(flat.t())
  expect(turned.equal(flat.t().flip([0, 1]))).toBe(true)
})

test('whole numbers as parameters, and another default dtype, change nothing', () => {
  setDefaultDtype('float64')
  try {
    const [one, all] = [new Normalize([0], [1 / 255]), new GaussianBlur([3, 1], 1)]
    expect(one.apply(tensor([[[7]]], { dtype: 'uint8' })).dtype).toBe('float32')
    expect(all.apply(image).equal(all.apply(image.contiguous()))).toBe(true)
    for (const transform of random) transform.apply(image, seeded(0))
  } finally {
    setDefaultDtype('float32')
  }
})
