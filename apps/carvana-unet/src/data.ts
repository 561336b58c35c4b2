/** Where the pictures come from, and what becomes of them on the way to the network. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Generator, randperm } from '@flambeau/core'
import {
  CarvanaDataset,
  Compose,
  FormatError,
  generateCarvana,
  HorizontalFlip,
  imageInfo,
  Normalize,
  Resize,
  Rotate,
  Subset,
  VerticalFlip,
  writeFileAtomic,
} from '@flambeau/data'
import type { CarvanaOptions, CarvanaPair, CarvanaSample, Dataset } from '@flambeau/data'

export type Size = readonly [height: number, width: number]

/** Pixels become shares of 255. */
const normalize = (): Normalize => new Normalize([0, 0, 0], [1, 1, 1])

/** Of pictures to learn from: image and mask turn and flip together. */
function trainTransform(size: Size): Compose {
  return new Compose([
    new Resize(size),
    new Rotate(35, { p: 1 }),
    new HorizontalFlip(0.5),
    new VerticalFlip(0.1),
    normalize(),
  ])
}

/** Of pictures to look at. */
export function plainTransform(size: Size): Compose {
  return new Compose([new Resize(size), normalize()])
}

export interface DataOptions {
  /** Of the user; undefined for pictures that are rendered. */
  readonly data?: string
  /** Folder of the run. */
  readonly out: string
  /** How many to render, or to take at most. */
  readonly images: number
  readonly valShare: number
  readonly size: Size
  readonly seed: number
  readonly skipCorrupt: boolean
}

/** Pictures to learn from, to validate on, and where they lie. */
export interface Split {
  readonly train: Dataset<CarvanaSample>
  readonly validation: Dataset<CarvanaSample>
  readonly folder: string
}

/** Renders pictures in Kaggle's layout, unless they are there. The folder that holds them. */
async function rendered(options: DataOptions, say: (text: string) => void): Promise<string> {
  const { out, images, seed } = options
  const folder = join(out, 'data')
  const record = join(folder, 'rendered.json')
  const wanted = `${JSON.stringify({ images, seed })}\n`
  if (existsSync(record) && readFileSync(record, 'utf8') === wanted) return folder
  say(`rendering ${images} pictures of cars into ${folder}, once`)
  for (const part of ['train', 'train_masks', 'new']) {
    rmSync(join(folder, part), { recursive: true, force: true })
  }
  const fresh = join(folder, 'new')
  await generateCarvana(fresh, { count: images, size: [160, 240], seed })
  for (const part of ['train', 'train_masks']) mkdirSync(join(folder, part))
  for (const name of readdirSync(fresh)) {
    const part = name.endsWith('_mask.gif') ? 'train_masks' : 'train'
    renameSync(join(fresh, name), join(folder, part, name))
  }
  rmSync(fresh, { recursive: true })
  writeFileAtomic(record, [new TextEncoder().encode(wanted)])
  return folder
}

/**
 * Which pairs have whole headers and masks of the size of their images: all, or an error that names the
 * first others; with `skipCorrupt`, those others are left out.
 */
async function soundPairs(
  pairs: readonly CarvanaPair[],
  skipCorrupt: boolean,
  say: (text: string) => void,
): Promise<ReadonlySet<CarvanaPair>> {
  const sound = new Set<CarvanaPair>()
  for (const pair of pairs) {
    try {
      const [image, mask] = await Promise.all([imageInfo(pair.image), imageInfo(pair.mask)])
      if (image.height !== mask.height || image.width !== mask.width) {
        throw new FormatError({
          format: 'Carvana',
          path: pair.mask,
          reason: `the mask of ${mask.height} × ${mask.width} does not fit ${basename(pair.image)} of ${image.height} × ${image.width}`,
          fix: 'masks have the size of their images; --skip-corrupt leaves such pairs out',
        })
      }
      sound.add(pair)
    } catch (error) {
      if (!skipCorrupt || !(error instanceof FormatError)) throw error
      say(`left out: ${error.message}`)
    }
  }
  return sound
}

/** The car that a file shows: `0cdf5b5d0ce1` of `0cdf5b5d0ce1_01.jpg`. */
const carOf = (path: string): string => basename(path).replace(/_?\d*\.[^.]*$/, '')

/**
 * Pictures to learn from and to validate on. All pictures of a car are on the same side, so that the
 * network is never asked for a car that it has learnt from.
 *
 * @throws {FormatError} for folders without pictures, pictures without masks, or too few cars.
 */
export async function openData(options: DataOptions, say: (text: string) => void): Promise<Split> {
  const { size, skipCorrupt, seed, valShare } = options
  const folder = options.data ?? (await rendered(options, say))
  const common: CarvanaOptions = { onError: skipCorrupt ? 'skip' : 'throw', shrinkTo: size }
  const learning: CarvanaOptions = { ...common, transform: trainTransform(size) }
  const looking: CarvanaOptions = { ...common, transform: plainTransform(size) }
  const sides = ['train_images', 'train_mask', 'val_images', 'val_mask'] as const
  if (sides.every((side) => existsSync(join(folder, side)))) {
    // Divided by hand already.
    const part = (images: string, masks: string, rest: CarvanaOptions): CarvanaDataset =>
      new CarvanaDataset(folder, {
        ...rest,
        images: join(folder, images),
        masks: join(folder, masks),
      })
    const train = part('train_images', 'train_mask', learning)
    const validation = part('val_images', 'val_mask', looking)
    const first = async (data: CarvanaDataset, most: number): Promise<Dataset<CarvanaSample>> => {
      const sound = await soundPairs(data.pairs, skipCorrupt, say)
      const places = data.pairs.flatMap((pair, i) => (sound.has(pair) ? [i] : []))
      return new Subset(data, places.slice(0, most))
    }
    const held = Math.max(1, Math.round(options.images * valShare))
    return {
      folder,
      train: await first(train, options.images),
      validation: await first(validation, held),
    }
  }

  const train = new CarvanaDataset(folder, learning)
  const sound = await soundPairs(train.pairs, skipCorrupt, say)
  const cars = [...new Set([...sound].map(({ image }) => carOf(image)))]
  if (cars.length < 2) {
    throw new FormatError({
      format: 'Carvana',
      path: folder,
      reason: `its ${sound.size} pictures show ${cars.length} car, and some cars are held back for validation`,
      fix: 'name pictures CAR_01.jpg, CAR_02.jpg, …, or divide them yourself: train_images, train_mask, val_images, val_mask',
    })
  }
  const generator = new Generator().manualSeed(seed)
  const order = randperm(cars.length, { generator }).tolist() as number[]
  const held = new Set(
    order
      .slice(0, Math.min(cars.length - 1, Math.max(1, Math.round(cars.length * valShare))))
      .map((at) => cars[at]),
  )
  const isHeld = train.pairs.map(({ image }) => held.has(carOf(image)))
  const where = (side: boolean, most: number): number[] =>
    train.pairs
      .flatMap((pair, i) => (sound.has(pair) && isHeld[i] === side ? [i] : []))
      .slice(0, most)
  const most = Math.max(1, Math.round(options.images * valShare))
  return {
    folder,
    train: new Subset(train, where(false, Math.max(1, options.images - most))),
    validation: new Subset(new CarvanaDataset(folder, looking), where(true, most)),
  }
}
