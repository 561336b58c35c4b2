import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { full, Generator, ones, randint, tensor, zeros } from '@flambeau/core'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { DataLoader } from '../data-loader.ts'
import { FormatError } from '../formats/errors.ts'
import { generateCarvana, generateDetection, generateShapes } from '../generators/index.ts'
import { readImage, writeImage } from '../images/index.ts'
import { makeHere } from '../loader/revive.ts'
import {
  CenterCrop,
  Compose,
  HorizontalFlip,
  RandomCrop,
  Resize,
  ToTensor,
} from '../transforms/index.ts'
import type { CarvanaPair } from './images.ts'
import {
  ArrayDataset,
  CarvanaDataset,
  CocoDetection,
  ImageFolder,
  VOCDetection,
  VOCSegmentation,
  collateScenes,
  makeDigitScenes,
  readScenes,
} from './images.ts'
import { fillPolygon, fillRuns } from './coco-masks.ts'

const root = mkdtempSync(join(tmpdir(), 'flambeau-sources-'))
const at = (...parts: string[]): string => join(root, ...parts)
const folder = (...parts: string[]): string => {
  mkdirSync(at(...parts), { recursive: true })
  return at(...parts)
}

beforeAll(async () => {
  await generateCarvana(at('cars'), { count: 6, size: [48, 72], seed: 3, views: 3 })
  await generateDetection(at('digits'), { count: 5, size: [64, 80], seed: 3 })
  await generateShapes(at('shapes'), { count: 12, size: [24, 30], seed: 3 })
}, 60_000)
afterAll(() => rmSync(root, { recursive: true }))

describe('generators', () => {
  test('the same seed gives the same files, another one others', async () => {
    const files = async (name: string, seed: number): Promise<string[]> => {
      await generateCarvana(at(name), { count: 2, size: [32, 48], seed })
      await generateDetection(at(name), { count: 1, size: [32, 32], seed })
      await generateShapes(at(name), { count: 1, size: [32, 32], seed })
      const names = readdirSync(at(name), { recursive: true, encoding: 'utf8' }).toSorted()
      return names
        .filter((one) => one.includes('.'))
        .map((one) => `${one} ${readFileSync(at(name, one)).toString('base64')}`)
    }
    const first = await files('one', 5)
    expect(await files('two', 5)).toEqual(first)
    const other = await files('three', 6)
    expect(other.filter((one) => first.includes(one))).toEqual([])
  }, 60_000)

  test('cars have the names of Kaggle, and cover a good part of the picture', async () => {
    const names = readdirSync(at('cars')).filter((name) => name.endsWith('.jpg'))
    expect(names.every((name) => /^[0-9a-f]{12}_(01|06|11)\.jpg$/.test(name))).toBe(true)
    expect(new Set(names.map((name) => name.slice(0, 12))).size).toBe(2)
    const data = new CarvanaDataset(at('cars'))
    for (let i = 0; i < data.length; i++) {
      const { image, mask } = await data.getItem(i)
      const share = mask.mean().item()
      expect(share).toBeGreaterThan(0.06)
      expect(share).toBeLessThan(0.5)
      // The car differs from what is around it, and nothing is flat.
      expect(image.to('float32').std().item()).toBeGreaterThan(10)
    }
  })

  test('digits lie in their boxes, and so do their masks', async () => {
    const data = new CocoDetection(at('digits/images'), at('digits/annotations.json'), {
      masks: true,
    })
    expect(data.classes).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    for (let i = 0; i < data.length; i++) {
      const { boxes, labels, masks } = await data.getItem(i)
      const rows = boxes.tolist() as unknown as number[][]
      expect(rows.length).toBeGreaterThanOrEqual(1)
      expect(labels.shape).toEqual([rows.length])
      for (const [k, [left = 0, top = 0, right = 0, bottom = 0]] of rows.entries()) {
        const mask = masks?.select(0, k) as ReturnType<typeof zeros>
        const inside = mask.narrow(0, top, bottom - top).narrow(1, left, right - left)
        expect(inside.sum().item()).toBe(mask.sum().item())
        for (const edge of [inside.select(0, 0), inside.select(0, -1)]) {
          expect(edge.sum().item()).toBeGreaterThan(0)
        }
        for (const edge of [inside.select(1, 0), inside.select(1, -1)]) {
          expect(edge.sum().item()).toBeGreaterThan(0)
        }
        expect(mask.sum().item()).toBeGreaterThan(5)
      }
    }
  })

  test('refuse bad options', async () => {
    await expect(generateCarvana(at('x'), { count: -1 })).rejects.toThrow(/count must be/)
    await expect(generateCarvana(at('x'), { count: 1, views: 17 })).rejects.toThrow(/views must be/)
    await expect(generateShapes(at('x'), { count: 1, size: [5, 5] })).rejects.toThrow(
      /sides from 16/,
    )
    await expect(generateDetection(at('x'), { count: 1, digits: [3, 2] })).rejects.toThrow(
      /digits must/,
    )
  })
})

describe('ImageFolder', () => {
  test('classes are folders, in order', async () => {
    const data = new ImageFolder(at('shapes'))
    expect(data.classes).toEqual(['circle', 'cross', 'ring', 'square', 'star', 'triangle'])
    expect(data.classToIdx['ring']).toBe(2)
    expect(data.length).toBe(12)
    const [image, label] = await data.getItem(-1)
    expect([image.shape, image.dtype, label]).toEqual([[3, 24, 30], 'uint8', 5])
    await expect(data.getItem(12)).rejects.toThrow(/sample 12 does not exist/)
  })

  test('draws for each sample from its own numbers, also in workers', async () => {
    const transform = new Compose([new RandomCrop(16), new HorizontalFlip(), new ToTensor()])
    const epoch = async (numWorkers: number): Promise<number[]> => {
      const data = new ImageFolder(at('shapes'), { transform })
      const loader = new DataLoader(data, {
        batchSize: 5,
        numWorkers,
        generator: new Generator().manualSeed(4),
      })
      const sums: number[] = []
      for await (const [images] of loader) sums.push(images.sum().item())
      return sums
    }
    const alone = await epoch(0)
    expect(alone.length).toBe(3)
    expect(await epoch(2)).toEqual(alone)
  }, 60_000)

  test('a corrupt file is an error that names it, or is skipped', async () => {
    const broken = folder('broken')
    for (const name of ['a', 'b']) folder('broken', name)
    await writeImage(at('broken/a/1.png'), zeros([3, 8, 8]))
    writeFileSync(at('broken/a/2.jpg'), 'nothing')
    await writeImage(at('broken/b/1.png'), ones([1, 8, 8]))
    const data = new ImageFolder(broken)
    await expect(data.getItem(1)).rejects.toThrow(/image: the first bytes.*a\/2\.jpg/s)
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const tolerant = new ImageFolder(broken, { onError: 'skip' })
    const [image, label] = await tolerant.getItem(1)
    expect([image.shape, image.max().item(), label]).toEqual([[3, 8, 8], 255, 1])
    await tolerant.getItem(1)
    expect(warning).toHaveBeenCalledTimes(1)
    expect(String(warning.mock.calls[0]?.[0])).toMatch(/ImageFolder skips a sample.*2\.jpg/s)
    warning.mockRestore()
  })

  test('says what is missing', () => {
    expect(() => new ImageFolder(at('nowhere'))).toThrow(/the folder does not exist/)
    expect(() => new ImageFolder(folder('void'))).toThrow(/there are no folders/)
    folder('half', 'cat')
    expect(() => new ImageFolder(at('half'))).toThrow(/there is no image in it/)
    expect(new ImageFolder(at('half'), { allowEmpty: true }).length).toBe(0)
    expect(() => new ImageFolder(at('shapes'), { onError: 'ignore' as 'skip' })).toThrow(/onError/)
    expect(() => new ImageFolder(at('shapes'), { transform: (() => 0) as never })).toThrow(
      /Transform/,
    )
  })
})

describe('CarvanaDataset', () => {
  test('gives images and masks of 0 and 1, transformed together', async () => {
    const transform = new Compose([new Resize([32, 40]), new HorizontalFlip(1), new ToTensor()])
    const plain = await new CarvanaDataset(at('cars')).getItem(0)
    expect([plain.image.dtype, plain.image.shape]).toEqual(['uint8', [3, 48, 72]])
    const data = new CarvanaDataset(at('cars'), { transform })
    const { image, mask } = await data.getItem(0)
    expect([image.dtype, image.shape, mask.dtype, mask.shape]).toEqual([
      'float32',
      [3, 32, 40],
      'float32',
      [1, 32, 40],
    ])
    expect(mask.mul(mask.sub(1)).abs().sum().item()).toBe(0)
    const flipped = await new CarvanaDataset(at('cars'), {
      transform: new HorizontalFlip(1),
    }).getItem(0)
    expect(flipped.mask.flip([2]).equal(plain.mask)).toBe(true)
    const twin = (await makeHere(data.toWorker())) as CarvanaDataset
    expect((await twin.getItem(0)).image.equal(image)).toBe(true)
  })

  test("takes Kaggle's folders, and shrinks photographs with their masks", async () => {
    folder('kaggle', 'train')
    folder('kaggle', 'train_masks')
    for (const name of readdirSync(at('cars'))) {
      const to = name.endsWith('.gif') ? 'train_masks' : 'train'
      copyFileSync(at('cars', name), at('kaggle', to, name))
    }
    const data = new CarvanaDataset(at('kaggle'), { shrinkTo: [20, 30] })
    expect(data.length).toBe(6)
    const { image, mask } = await data.getItem(2)
    expect([image.shape, mask.shape]).toEqual([
      [3, 24, 36],
      [1, 24, 36],
    ])

    // A mask of half the size is a mistake, even where the decoder would halve the image too.
    const { image: photograph, mask: cut } = data.pairs[2] as CarvanaPair
    for (const size of [
      [24, 36],
      [12, 18],
      [6, 9],
    ] as const) {
      await writeImage(cut, zeros([1, ...size]))
      await expect(data.getItem(2)).rejects.toThrow(
        `the mask of ${size.join(' × ')} does not fit ${basename(photograph)} of 48 × 72`,
      )
    }
  })

  test('names masks that are missing, and masks of another size', async () => {
    folder('unpaired')
    for (const name of ['a_01', 'b_01', 'c_01']) {
      await writeImage(at('unpaired', `${name}.jpg`), zeros([3, 16, 20]))
    }
    await writeImage(at('unpaired/b_01_mask.gif'), zeros([1, 16, 20]))
    expect(() => new CarvanaDataset(at('unpaired'))).toThrow(
      /2 of 3 images have no mask: a_01\.jpg, c_01\.jpg/,
    )
    for (const name of ['a_01', 'c_01']) {
      await writeImage(at('unpaired', `${name}_mask.gif`), zeros([1, 20, 16]))
    }
    const data = new CarvanaDataset(at('unpaired'))
    expect((await data.getItem(1)).mask.sum().item()).toBe(0)
    await expect(data.getItem(0)).rejects.toThrow(
      /Carvana: the mask of 20 × 16 does not fit a_01\.jpg of 16 × 20\n {2}file: .*a_01_mask\.gif/,
    )
    writeFileSync(
      at('unpaired/c_01_mask.gif'),
      readFileSync(at('unpaired/c_01_mask.gif')).subarray(0, 30),
    )
    await expect(data.getItem(2)).rejects.toThrow(/c_01_mask\.gif/)
    expect(() => new CarvanaDataset(folder('empty'))).toThrow(/there are no \.jpg files/)
  })
})

const annotated = (annotations: unknown, more: object = {}): string => {
  const path = at('annotations.json')
  const all = {
    images: [{ id: 3, file_name: 'a.png', height: 10, width: 12 }],
    categories: [
      { id: 9, name: 'dog' },
      { id: 4, name: 'cat' },
    ],
    annotations,
    ...more,
  }
  writeFileSync(path, typeof annotations === 'string' ? annotations : JSON.stringify(all))
  return path
}

describe('CocoDetection', () => {
  beforeAll(() => writeImage(at('a.png'), zeros([3, 10, 12])))
  afterEach(() => vi.restoreAllMocks())

  test('reads boxes, classes, polygons, run lengths and keypoints', async () => {
    const one = { id: 1, image_id: 3, category_id: 9, iscrowd: 0, keypoints: [1, 2, 2, 0, 0, 0] }
    const path = annotated([
      { ...one, bbox: [2, 3, 4, 5], segmentation: [[2, 3, 6, 3, 6, 8, 2, 8]] },
      {
        ...one,
        bbox: [-2, 0, 5, 2],
        category_id: 4,
        iscrowd: 1,
        segmentation: { counts: [0, 2, 8, 2, 8, 2, 98], size: [10, 12] },
      },
      { ...one, bbox: [20, 0, 5, 2] },
      { ...one, bbox: [2, 3, 0, 5] },
    ])
    const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const data = new CocoDetection(root, path, { masks: true, keypoints: true })
    expect(String(warning.mock.calls[0]?.[0])).toMatch(
      /leaves out 2 of 4 boxes.*\[20, 0, 5, 2\] of annotation 1\n.*annotations\.json$/,
    )
    expect(data.classes).toEqual(['cat', 'dog'])
    const { boxes, labels, masks, keypoints, imageId, image } = await data.getItem(0)
    expect(boxes.tolist()).toEqual([
      [2, 3, 6, 8],
      [0, 0, 3, 2],
    ])
    expect([labels.tolist(), labels.dtype, boxes.dtype, imageId, image.shape]).toEqual([
      [1, 0],
      'int64',
      'float32',
      3,
      [3, 10, 12],
    ])
    expect(masks?.sum([1, 2]).tolist()).toEqual([20, 6])
    expect(masks?.select(0, 0).narrow(0, 3, 5).narrow(1, 2, 4).sum().item()).toBe(20)
    expect(masks?.select(0, 1).narrow(0, 0, 2).narrow(1, 0, 3).sum().item()).toBe(6)
    expect(keypoints?.shape).toEqual([2, 2, 3])
    const crop = new CenterCrop([6, 6])
    const cropped = await new CocoDetection(root, path, { masks: true, transform: crop }).getItem(0)
    expect([cropped.boxes.tolist(), cropped.labels.tolist(), cropped.masks?.shape]).toEqual([
      [[0, 1, 3, 6]],
      [1],
      [1, 6, 6],
    ])
    const alone = new CocoDetection(root, path, { skipCrowds: true })
    expect((await alone.getItem(0)).labels.tolist()).toEqual([1])
    const twin = (await makeHere(data.toWorker())) as CocoDetection
    expect((await twin.getItem(0)).boxes.equal(boxes)).toBe(true)
  })

  test('run lengths as text', () => {
    const mask = new Uint8Array(120)
    const fail = (what: string): never => {
      throw new Error(what)
    }
    // Runs of 13, 5, 5, 5 and 92; the last two are stored as 0 and 87 more than those two before.
    fillRuns(mask, 10, 12, '=550g2', fail)
    expect(mask.reduce((sum, x) => sum + x, 0)).toBe(10)
    expect([mask[3 * 12 + 1], mask[7 * 12 + 1], mask[8 * 12 + 1]]).toEqual([1, 1, 0])
    expect(() => fillRuns(mask, 10, 12, '=55', fail)).toThrow(/run lengths of 23 pixels/)
    expect(() => fillRuns(mask, 10, 12, '\u0001', fail)).toThrow(/cannot be read/)
    expect(() => fillRuns(mask, 10, 12, [0, 121], fail)).toThrow(/do not fit/)
    expect(() => fillRuns(mask, 10, 12, [-1, 121], fail)).toThrow(/do not fit/)
  })

  test('polygons that cross themselves or leave the image', () => {
    const mask = new Uint8Array(100)
    fillPolygon(mask, 10, 10, [-5, -5, 15, -5, 15, 3, -5, 3])
    expect(mask.reduce((sum, x) => sum + x, 0)).toBe(30)
    mask.fill(0)
    fillPolygon(mask, 10, 10, [0, 0, 10, 10, 10, 0, 0, 10])
    const count = mask.reduce((sum, x) => sum + x, 0)
    expect(count).toBeGreaterThan(40)
    expect(count).toBeLessThan(60)
  })

  test('says what is wrong with annotations', async () => {
    const bad = (annotations: unknown, more = {}): unknown =>
      new CocoDetection(root, annotated(annotations, more))
    const good = { id: 1, image_id: 3, category_id: 9, bbox: [0, 0, 1, 1] }
    expect(() => new CocoDetection(root, at('none.json'))).toThrow(/the file does not exist/)
    expect(() => bad('{')).toThrow(FormatError)
    expect(() => bad('[]')).toThrow(/an object is expected/)
    expect(() => bad(3)).toThrow(/'annotations' must be a list/)
    expect(() => bad([{ ...good, image_id: 7 }])).toThrow(/of image 7, which is none/)
    expect(() => bad([{ ...good, category_id: 7 }])).toThrow(/of category 7, which is none/)
    expect(() => bad([{ ...good, bbox: [1, 2] }])).toThrow(/annotations\[0\]\.bbox must be four/)
    expect(() => bad([], { images: [{ id: 1 }] })).toThrow(/images\[0\] needs/)
    expect(() => bad([], { categories: [{ id: 1 }] })).toThrow(/categories\[0\] needs/)
    const item = (segmentation: unknown): Promise<unknown> =>
      new CocoDetection(root, annotated([{ ...good, segmentation }]), { masks: true }).getItem(0)
    await expect(item([[1, 2]])).rejects.toThrow(/fewer than three points/)
    await expect(item({ counts: [3], size: [10, 12] })).rejects.toThrow(/3 pixels for 10 × 12/)
    await expect(item({ counts: [3], size: [9, 9] })).rejects.toThrow(/another size/)
    await expect(item({ size: [10, 12] })).rejects.toThrow(/no run lengths/)
    await expect(item(undefined)).rejects.toThrow(/no polygons/)
    const size = { images: [{ id: 3, file_name: 'a.png', height: 5, width: 5 }] }
    const other = new CocoDetection(root, annotated([], size))
    await expect(other.getItem(0)).rejects.toThrow(/is 10 × 12, its annotations are of 5 × 5/)
  })
})

describe('VOC', () => {
  const object = (name: string, sides: number[], difficult = 0): string =>
    `<object><name>${name}</name><difficult>${difficult}</difficult><bndbox>${['xmin', 'ymin', 'xmax', 'ymax'].map((side, i) => `<${side}>${sides[i]}</${side}>`).join('')}</bndbox></object>`
  const write = (name: string, body: string): void =>
    writeFileSync(at('voc/Annotations', `${name}.xml`), body)

  beforeAll(async () => {
    for (const name of ['JPEGImages', 'Annotations', 'SegmentationClass']) folder('voc', name)
    folder('voc', 'ImageSets', 'Main')
    for (const name of ['a', 'b']) {
      await writeImage(at(`voc/JPEGImages/${name}.jpg`), zeros([3, 20, 30]))
    }
    const size = '<size><width>30</width><height>20</height><depth>3</depth></size>'
    write(
      'a',
      `<annotation>${size}${object('cat', [3, 5, 12, 9])}${object('dog', [28, 1, 40, 4], 1)}</annotation>`,
    )
    write('b', '<annotation></annotation>')
    writeFileSync(at('voc/ImageSets/Main/train.txt'), 'a\nb  1\n')
    const palette = [
      [0, 0, 0],
      [128, 0, 0],
    ] as const
    const indices = randint(0, 2, [20, 30], { dtype: 'uint8' })
    await writeImage(at('voc/SegmentationClass/a.png'), indices, { palette })
    await writeImage(at('voc/SegmentationClass/b.png'), full([2, 2], 1, { dtype: 'uint8' }), {
      palette,
    })
  })

  test('boxes start at 0 and end in the image', async () => {
    const data = new VOCDetection(at('voc'))
    expect(data.names).toEqual(['a', 'b'])
    const { boxes, labels, name } = await data.getItem(0)
    expect([boxes.tolist(), labels.tolist(), name]).toEqual([
      [
        [2, 4, 12, 9],
        [27, 0, 30, 4],
      ],
      [7, 11],
      'a',
    ])
    expect((await data.getItem(1)).boxes.shape).toEqual([0, 4])
    const easy = new VOCDetection(at('voc'), { skipDifficult: true, classes: ['dog', 'cat'] })
    expect((await easy.getItem(0)).labels.tolist()).toEqual([1])
    const twin = (await makeHere(data.toWorker())) as VOCDetection
    expect((await twin.getItem(0)).boxes.equal(boxes)).toBe(true)
  })

  test('masks are indices', async () => {
    const data = new VOCSegmentation(at('voc'))
    const { mask } = await data.getItem(0)
    const index = await readImage(at('voc/SegmentationClass/a.png'), { mode: 'index' })
    expect(mask.equal(index.select(0, 0))).toBe(true)
    expect(mask.max().item()).toBe(1)
    await expect(data.getItem(1)).rejects.toThrow(/mask of 2 × 2 does not fit its image of 20 × 30/)
  })

  test('says what is wrong', async () => {
    const item = (body: string): Promise<unknown> => {
      write('b', body)
      return new VOCDetection(at('voc')).getItem(1)
    }
    await expect(item('<annotation>')).rejects.toThrow(/is not XML/)
    await expect(item('<other/>')).rejects.toThrow(/no <annotation>/)
    await expect(item('')).rejects.toThrow(FormatError)
    const wrap = (inner: string): string => `<annotation>${inner}</annotation>`
    await expect(item(wrap(object('ufo', [1, 1, 2, 2])))).rejects.toThrow(/object 0 is a "ufo"/)
    await expect(item(wrap('<object><name>cat</name></object>'))).rejects.toThrow(
      /needs a <bndbox>/,
    )
    await expect(item(wrap('<object/>'))).rejects.toThrow(FormatError)
    await expect(item(wrap('<size><width>31</width><height>20</height></size>'))).rejects.toThrow(
      /of 20 × 31 pixels, the image has 20 × 30/,
    )
    const bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    await expect(item(bomb + wrap(object('&b;', [1, 1, 2, 2])))).rejects.toThrow(FormatError)
    expect(() => new VOCDetection(at('voc'), { imageSet: 'test' })).toThrow(
      /the list does not exist/,
    )
    writeFileSync(at('voc/ImageSets/Main/evil.txt'), '../../etc/passwd\n')
    expect(() => new VOCDetection(at('voc'), { imageSet: 'evil' })).toThrow(
      /leads out of the folder/,
    )
  })
})

describe('ArrayDataset', () => {
  test('tuples, samples and tensors', () => {
    const flip = new HorizontalFlip(1)
    const image = tensor([[1, 2]])
    expect(new ArrayDataset([image]).getItem(0)).toBe(image)
    const [flipped, label] = new ArrayDataset([[image, 5] as const], { transform: flip }).getItem(0)
    expect([flipped.tolist(), label]).toEqual([[[2, 1]], 5])
    const sample = new ArrayDataset([{ image, mask: image }], { transform: flip }).getItem(0)
    expect(sample.mask.tolist()).toEqual([[2, 1]])
    expect(new ArrayDataset([image], { transform: flip }).getItem(0).tolist()).toEqual([[2, 1]])
    expect(() => new ArrayDataset(3 as never)).toThrow(/an array of samples/)
    expect(() => new ArrayDataset([image]).getItem(1)).toThrow(/sample 1 does not exist/)
  })
})

describe('scenes', () => {
  test('of digits are made once, and read with classes from 1', async () => {
    const options = { count: 3, size: 48, seed: 2, train: false, digits: [1, 2] } as const
    await makeDigitScenes(at('scenes'), options)
    const written = statSync(at('scenes', 'annotations.json')).mtimeMs
    await makeDigitScenes(at('scenes'), options)
    expect(statSync(at('scenes', 'annotations.json')).mtimeMs).toBe(written)

    const { scenes, classes } = await readScenes(at('scenes'), { masks: true })
    expect([scenes.length, classes.length]).toEqual([3, 10])
    for (const { target } of scenes) {
      const { boxes, labels, masks } = target
      expect(masks?.shape).toEqual([labels.numel(), 48, 48])
      expect([labels.min().item() >= 1, labels.max().item() <= 10]).toEqual([true, true])
      expect(boxes.min().item()).toBeGreaterThanOrEqual(0)
    }
    const { images, targets } = collateScenes(scenes)
    expect([images.shape, images.max().item() <= 1, targets.length]).toEqual([
      [3, 3, 48, 48],
      true,
      3,
    ])
    expect((await readScenes(at('scenes'))).scenes[0]?.target.masks).toBeUndefined()
  })

  test('of other sizes, of none and of empty folders are refused', async () => {
    const one = { image: zeros([3, 8, 8]), target: { boxes: zeros([0, 4]), labels: zeros([0]) } }
    const other = { ...one, image: zeros([3, 8, 9]) }
    expect(() => collateScenes([one, other])).toThrow(/image 1 of the batch has another size/)
    expect(() => collateScenes([])).toThrow(/there are no scenes/)
    await expect(readScenes(at('nowhere'))).rejects.toThrow(/the file does not exist/)
    folder('void')
    const nothing = { images: [], categories: [], annotations: [] }
    writeFileSync(at('void', 'annotations.json'), JSON.stringify(nothing))
    await expect(readScenes(at('void'))).rejects.toThrow(/there is no image in it/)
  })
})
