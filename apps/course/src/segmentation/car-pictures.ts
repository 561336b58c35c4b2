/** The pictures of this group: a folder with photographs of cars, and one with their masks. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import type { SampleContext, Transform, WorkerRecipe } from '@flambeau/data'
import { DataLoader, Dataset, generateCarvana, readImage } from '@flambeau/data'

export interface CarSample {
  image: Tensor // [3, H, W]
  mask: Tensor // [1, H, W], 1 where the car is
}

export class CarPictures extends Dataset<CarSample> {
  readonly images: readonly string[]
  override readonly length: number

  constructor(
    readonly imageFolder: string,
    readonly maskFolder: string,
    readonly transform: Transform | null = null,
  ) {
    super()
    this.images = readdirSync(imageFolder).filter((name) => name.endsWith('.jpg'))
    this.length = this.images.length
  }

  override async getItem(index: number, context?: SampleContext): Promise<CarSample> {
    const name = this.images[index] as string
    const image = await readImage(join(this.imageFolder, name), { mode: 'rgb' })
    const maskName = name.replace('.jpg', '_mask.gif')
    const white = await readImage(join(this.maskFolder, maskName), { mode: 'gray' })
    const sample = { image, mask: white.ge(128).to('uint8') }
    return this.transform?.apply(sample, context?.generator) ?? sample
  }

  /** How a worker makes it again. */
  override toWorker(): WorkerRecipe {
    const args = [this.imageFolder, this.maskFolder, this.transform]
    return { module: import.meta.url, export: 'CarPictures', args }
  }
}

/** Folders to learn from and to validate on, with pictures that are drawn: other cars in each. */
export async function drawCars(
  root: string,
  counts: { train: number; val: number },
  size: [number, number],
): Promise<{ train: string; val: string }> {
  const folders = { train: join(root, 'train'), val: join(root, 'val') }
  await generateCarvana(folders.train, { count: counts.train, size, seed: 1 })
  await generateCarvana(folders.val, { count: counts.val, size, seed: 2 })
  return folders
}

interface LoaderSettings {
  readonly batchSize: number
  readonly numWorkers: number
}

/** One loader for each folder: shuffled and augmented to learn from, plain to validate on. */
export function getLoaders(
  folders: { train: string; val: string },
  transforms: { train: Transform; val: Transform },
  settings: LoaderSettings,
): { trainLoader: DataLoader<CarSample>; valLoader: DataLoader<CarSample> } {
  const { train, val } = folders
  return {
    trainLoader: new DataLoader(new CarPictures(train, train, transforms.train), {
      ...settings,
      shuffle: true,
    }),
    valLoader: new DataLoader(new CarPictures(val, val, transforms.val), settings),
  }
}
