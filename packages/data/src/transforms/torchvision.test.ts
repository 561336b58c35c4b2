/** Transforms against torchvision's: the same seed gives the same image. See fixtures/transforms.py. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromTypedArray, Generator, type Tensor, tensor } from '@flambeau/core'
import { expect, test } from 'vitest'
import type { Transform } from './index.ts'
import {
  AutoAugment,
  CenterCrop,
  ColorJitter,
  GaussianBlur,
  Grayscale,
  HorizontalFlip,
  Pad,
  RandAugment,
  RandomAffine,
  RandomCrop,
  RandomErasing,
  RandomPerspective,
  RandomResizedCrop,
  RandomRotation,
  Resize,
  TrivialAugmentWide,
  VerticalFlip,
} from './index.ts'

interface Packed {
  dtype: 'uint8'
  shape: number[]
  data: string
}
interface Case {
  seed: number
  image: Packed
  mask?: Packed
  boxes?: number[][]
}
interface Goldens {
  image: Packed
  mask: Packed
  boxes: number[][]
  cases: Record<string, Case>
}

const path = join(import.meta.dirname, '../fixtures/transforms.json')
const goldens = JSON.parse(readFileSync(path, 'utf8')) as Goldens
const unpack = ({ data, shape }: Packed): Tensor =>
  fromTypedArray(Uint8Array.from(Buffer.from(data, 'base64')), shape)

/** Levels by which values may differ, and the share of them that may differ by more. */
interface Tolerance {
  levels: number
  share?: number
}

const exact: Tolerance = { levels: 0 }
const rounded: Tolerance = { levels: 1 }
// Places halfway between two pixels fall to either.
const nearest: Tolerance = { levels: 0, share: 0.012 }
// One level more or less before a threshold, or a steep table.
const policies: Tolerance = { levels: 3, share: 0.03 }

const table: Record<string, readonly [Transform, Tolerance]> = {
  'Resize shorter': [new Resize(13), rounded],
  'Resize bounded': [new Resize(13, { maxSize: 15 }), rounded],
  CenterCrop: [new CenterCrop([11, 16]), exact],
  'CenterCrop larger': [new CenterCrop([25, 33]), exact],
  Pad: [new Pad([1, 2, 3, 4], { fill: 9 }), exact],
  'Pad reflect': [new Pad([1, 2, 3, 4], { paddingMode: 'reflect' }), exact],
  'Pad symmetric': [new Pad([5, 2], 0, 'symmetric'), exact],
  'Pad edge': [new Pad({ padding: 3, paddingMode: 'edge' }), exact],
  RandomCrop: [new RandomCrop(14, 2), exact],
  RandomResizedCrop: [new RandomResizedCrop([16, 16]), rounded],
  HorizontalFlip: [new HorizontalFlip(), exact],
  VerticalFlip: [new VerticalFlip(), exact],
  'RandomRotation filled': [new RandomRotation(35, { fill: 7 }), nearest],
  'ColorJitter brightness': [new ColorJitter({ brightness: 0.5 }), rounded],
  'ColorJitter contrast': [new ColorJitter({ contrast: 0.5 }), rounded],
  'ColorJitter saturation': [new ColorJitter({ saturation: 0.5 }), rounded],
  'ColorJitter hue': [new ColorJitter({ hue: 0.3 }), rounded],
  ColorJitter: [new ColorJitter(0.4, 0.4, 0.4, 0.1), { levels: 2, share: 0.01 }],
  Grayscale: [new Grayscale(), rounded],
  GaussianBlur: [new GaussianBlur([5, 3], [0.4, 2]), rounded],
  RandomErasing: [new RandomErasing(0.7, { value: 5 }), exact],
  RandAugment: [new RandAugment(3, 12), policies],
  TrivialAugmentWide: [new TrivialAugmentWide(), policies],
}
for (const policy of ['imagenet', 'cifar10', 'svhn'] as const) {
  table[`AutoAugment ${policy}`] = [new AutoAugment(policy), policies]
}
for (const size of [
  [10, 13],
  [33, 47],
] as const) {
  for (const filter of ['nearest', 'nearest-exact', 'bilinear', 'bicubic'] as const) {
    const how = filter.startsWith('nearest') ? exact : rounded
    const name = `Resize ${size.join('x')} ${filter}`
    table[name] = [new Resize(size, filter), how]
    table[`${name} rough`] = [new Resize(size, filter, null, false), how]
  }
}
for (const interpolation of ['nearest', 'bilinear'] as const) {
  const how = interpolation === 'nearest' ? nearest : rounded
  const turn = { interpolation }
  table[`RandomRotation ${interpolation}`] = [new RandomRotation(35, turn), how]
  table[`RandomRotation ${interpolation} expand`] = [
    new RandomRotation(35, interpolation, true),
    how,
  ]
  table[`RandomRotation ${interpolation} centre`] = [
    new RandomRotation(35, { ...turn, center: [3, 4] }),
    how,
  ]
  table[`RandomAffine ${interpolation}`] = [
    new RandomAffine(20, [0.1, 0.2], [0.8, 1.2], 10, interpolation),
    how,
  ]
  table[`RandomAffine ${interpolation} shears`] = [
    new RandomAffine(5, { shear: [-9, 9, 3, 12], interpolation }),
    how,
  ]
  table[`RandomPerspective ${interpolation}`] = [new RandomPerspective(0.5, 1, turn), how]
}

function expectClose(got: Tensor, packed: Packed, { levels, share = 0 }: Tolerance): void {
  const want = unpack(packed)
  expect(got.shape).toEqual(want.shape)
  expect(got.dtype).toBe(packed.dtype)
  const off = got.to('int32').sub(want.to('int32')).abs()
  const wrong = off.gt(levels).to('float32').mean().item()
  const most = off.max().item()
  if (wrong > share) expect({ wrong, most }).toEqual({ wrong: share, most: levels })
}

const image = unpack(goldens.image)
const interleaved = image.permute(1, 2, 0).contiguous().permute(2, 0, 1)
const mask = unpack(goldens.mask)
const boxes = tensor(goldens.boxes)

test.each(Object.keys(goldens.cases))('%s', (name) => {
  const { seed, ...want } = goldens.cases[name] as Case
  const [transform, tolerance] = table[name.replace(/, seed \d+$/, '')] as [Transform, Tolerance]
  const generator = (): Generator => new Generator().manualSeed(seed)
  expectClose(transform.apply(image, generator()), want.image, tolerance)
  expectClose(transform.apply(interleaved, generator()), want.image, tolerance)
  if (want.mask === undefined) return
  const joint = transform.apply({ image, mask, boxes }, generator())
  expectClose(joint.image, want.image, tolerance)
  expectClose(joint.mask, want.mask, { levels: 0, share: 0.012 })
  const left = (want.boxes as number[][]).filter(([a = 0, b = 0, c = 0, d = 0]) => c > a && d > b)
  const got = joint.boxes.tolist() as unknown as number[][]
  expect(got.length).toBe(left.length)
  for (const [i, box] of left.entries()) {
    for (const [k, value] of box.entries()) expect(got[i]?.[k]).toBeCloseTo(value, 3)
  }
})
