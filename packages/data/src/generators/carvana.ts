import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { fromTypedArray, randn, ValueError } from '@flambeau/core'
import { internally, requireNumberList, requireOptions, show } from '@flambeau/core/internal'
import { writeFileAtomic } from '../formats/atomic-write.ts'
import { encodeImage } from '../images/encode.ts'
import { encodeGif } from '../images/gif.ts'
import type { View } from './camera.ts'
import { drawCar, drawReflection, drawShadow } from './camera.ts'
import { randomCar } from './car.ts'
import { Dice, seedOf } from './dice.ts'
import { scenery } from './scenery.ts'
import { render } from './svg.ts'

/** Options of all generators of image files. */
export interface GeneratorOptions {
  /** How many pictures. */
  count: number
  /** Of each picture. Default depends on the generator. */
  size?: readonly [height: number, width: number]
  /** The same seed gives the same files. Default 0. */
  seed?: number
}

/** Options of {@link generateCarvana}. */
export interface CarvanaGeneratorOptions extends GeneratorOptions {
  /** Pictures of each car, from 1 to 16 sides. Default 4. */
  views?: number
}

/** @internal */
export function checkGenerator(
  op: string,
  options: GeneratorOptions,
  size: readonly [number, number],
): { count: number; height: number; width: number; seed: number } {
  requireOptions(op, options, ['count'])
  const { count, seed = 0 } = options
  requireNumberList(op, 'size', options.size ?? size, 2)
  const [height, width] = options.size ?? size
  const whole = (value: number, least: number, most: number): boolean =>
    Number.isInteger(value) && value >= least && value <= most
  if (whole(count, 0, 1e6) && whole(height, 16, 8192) && whole(width, 16, 8192)) {
    if (Number.isSafeInteger(seed)) return { count, height, width, seed }
  }
  throw new ValueError(
    op,
    [],
    `count must be a whole number, sides from 16 to 8192 pixels, and seed a whole number, not ${show(count)}, ${height} × ${width} and ${show(seed)}`,
    `${op}(folder, { count: 100, size: [160, 240], seed: 0 })`,
  )
}

/** Runs `make` for 0 to count - 1, some at a time. @internal */
export async function forEachPicture(
  count: number,
  make: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await make(next++)
  }
  await Promise.all(Array.from({ length: Math.min(4, count) }, worker))
}

/** The noise of a camera: more in the dark. @internal */
export function photograph(
  pixels: Uint8Array,
  height: number,
  width: number,
  dice: Dice,
  strength: number,
): Tensor {
  return internally(() => {
    const image = fromTypedArray(pixels, [height, width, 3]).to('float32')
    const noise = randn([height, width, 3], { dtype: 'float32', generator: dice.generator }).mul(
      strength,
    )
    const grey = randn([height, width, 1], { dtype: 'float32', generator: dice.generator }).mul(
      strength * 0.8,
    )
    return image.add(noise).add(grey).round().clamp(0, 255).to('uint8').permute(2, 0, 1)
  })
}

const BLACK_AND_WHITE = [
  [0, 0, 0],
  [255, 255, 255],
] as const

/**
 * Writes pictures of cars and their masks, in the files of Kaggle's Carvana challenge:
 * `0cdf5b5d0ce1_01.jpg` and `0cdf5b5d0ce1_01_mask.gif`. Cars of seven kinds in many colours stand in studios,
 * streets, garages and the country, seen from up to 16 sides.
 *
 * @param folder made if it does not exist.
 * @param options.size default [160, 240].
 * @throws {ValueError} for bad options. @throws {FileWriteError} if a file cannot be written.
 * @see {@link CarvanaDataset}
 *
 * @example
 * ```ts
 * import { mkdtempSync, readdirSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { generateCarvana } from '@flambeau/data'
 * const folder = mkdtempSync(join(tmpdir(), 'carvana-'))
 * await generateCarvana(folder, { count: 3, size: [40, 60], seed: 1 })
 * console.log(readdirSync(folder).length) // => 6
 * ```
 */
export async function generateCarvana(
  folder: string,
  options: CarvanaGeneratorOptions,
): Promise<void> {
  const { count, height, width, seed } = checkGenerator('generateCarvana', options, [160, 240])
  const { views = 4 } = options
  if (!Number.isInteger(views) || views < 1 || views > 16) {
    throw new ValueError(
      'generateCarvana',
      [],
      `views must be a whole number from 1 to 16, not ${views}`,
      '{ views: 16 }',
    )
  }
  mkdirSync(folder, { recursive: true })
  await forEachPicture(count, async (index) => {
    const car = Math.floor(index / views)
    const dice = new Dice(seedOf(seed, car))
    const id = Array.from({ length: 12 }, () => dice.whole(0, 15).toString(16)).join('')
    const side = Math.floor(((index % views) * 16) / views)
    const name = `${id}_${String(side + 1).padStart(2, '0')}`
    const { image, mask } = await picture(dice, seedOf(seed + 1, index), side, height, width)
    const jpeg = await encodeImage(image, 'JPEG', { quality: 92 })
    writeFileAtomic(join(folder, `${name}.jpg`), [jpeg])
    writeFileAtomic(join(folder, `${name}_mask.gif`), [
      encodeGif(mask, height, width, BLACK_AND_WHITE),
    ])
  })
}

/** One car from one side: the picture, and 1 for each pixel of the car. */
async function picture(
  carDice: Dice,
  seed: number,
  side: number,
  height: number,
  width: number,
): Promise<{ image: Tensor; mask: Uint8Array }> {
  const car = randomCar(carDice)
  const place = scenery(carDice, height, width)
  const dice = new Dice(seed)
  const pitch = dice.between(0.1, 0.24)
  const distance = dice.between(7.5, 10)
  // As large as fits, seen from any side.
  const room = Math.min(width, 1.7 * height)
  const scale = (room * dice.between(0.74, 0.96)) / (car.length * 1.14)
  const ground = place.horizon + (height - place.horizon) * dice.between(0.3, 0.5)
  const view: View = {
    yaw: (side / 16) * 2 * Math.PI + dice.between(-0.06, 0.06) + 0.3,
    pitch,
    distance,
    scale,
    x: width / 2 + dice.between(-0.05, 0.05) * width,
    y: ground - scale * 0.55,
  }
  const { picture: drawn, mask: outline } = drawCar(car, view, place.light)
  const parts = [
    place.body,
    place.glossy ? drawReflection(car, view, place.light) : '',
    drawShadow(car, view, place.light, place.shadow),
    drawn,
    place.front,
  ]
  const black = `<rect width="${width}" height="${height}" fill="#000"/>`
  const [pixels, silhouette] = await Promise.all([
    render(parts.join(''), height, width),
    render(black + outline, height, width),
  ])
  const mask = Uint8Array.from({ length: height * width }, (_, i) =>
    (silhouette[3 * i] as number) >= 128 ? 1 : 0,
  )
  return { image: photograph(pixels, height, width, dice, dice.between(0.6, 2.6)), mask }
}
