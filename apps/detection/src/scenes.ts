/** Scenes of digits: made once, read into memory, and put together by four. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { rand, stack } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { CocoDetection, Dataset, generateDetection, writeFileAtomic } from '@flambeau/data'
import type { SampleContext } from '@flambeau/data'
import { mosaic } from '@flambeau/vision-models'
import type { DetectionTarget, LabelledImage } from '@flambeau/vision-models'

/** Scenes as a detector takes them. */
export interface SceneBatch {
  /** `[N, 3, H, W]`, 0 to 1. */
  readonly images: Tensor
  readonly targets: readonly DetectionTarget[]
}

/** What scenes of a folder are made by. */
export interface SceneRecipe {
  readonly count: number
  /** Pixels a side. */
  readonly size: number
  readonly seed: number
  /** Digits of MNIST's training set, or of its test set. */
  readonly train: boolean
}

/** Digits are so high, as shares of the scene. */
const SCALE: readonly [number, number] = [0.2, 0.5]

/** Makes the scenes of a folder, unless it has them already. */
export async function makeScenes(folder: string, recipe: SceneRecipe): Promise<void> {
  const note = join(folder, 'recipe.json')
  const text = `${JSON.stringify(recipe)}\n`
  if (existsSync(note) && readFileSync(note, 'utf8') === text) return
  const { count, size, seed, train } = recipe
  await generateDetection(folder, {
    count,
    size: [size, size],
    seed,
    train,
    digits: [2, 5],
    scale: SCALE,
  })
  writeFileAtomic(note, [Buffer.from(text)])
}

/** Scenes in memory. With `mosaicShare`, so many of them are parts of four. */
export class Scenes extends Dataset<LabelledImage, SceneBatch> {
  override readonly length: number
  readonly #all: readonly LabelledImage[]
  readonly #mosaicShare: number

  constructor(all: readonly LabelledImage[], mosaicShare: number = 0) {
    super()
    this.#all = all
    this.length = all.length
    this.#mosaicShare = mosaicShare
  }

  /** All scenes of a folder in COCO's layout. Classes are counted from 1: 0 is the background. */
  static async read(folder: string, mosaicShare: number = 0): Promise<Scenes> {
    const source = new CocoDetection(join(folder, 'images'), join(folder, 'annotations.json'))
    const all: LabelledImage[] = []
    for (let i = 0; i < source.length; i++) {
      const { image, boxes, labels } = await source.getItem(i)
      all.push({ image, target: { boxes, labels: labels.add(1) } })
    }
    return new Scenes(all, mosaicShare)
  }

  override getItem(index: number, context?: SampleContext): LabelledImage {
    const one = this.#all[index] as LabelledImage
    if (context === undefined || this.#mosaicShare === 0) return one
    const { generator } = context
    const [chance, ...draws] = rand([4], { generator }).tolist() as [number, ...number[]]
    if (chance >= this.#mosaicShare) return one
    const others = draws.map((x) => this.#all[Math.floor(x * this.length)] as LabelledImage)
    const [, height, width] = one.image.shape as [number, number, number]
    return mosaic([one, ...others], [height, width], { generator })
  }
}

/** Scenes of one size as a batch. */
export function collateScenes(scenes: readonly LabelledImage[]): SceneBatch {
  return {
    images: stack(scenes.map(({ image }) => image.float().div(255))),
    targets: scenes.map(({ target }) => target),
  }
}
