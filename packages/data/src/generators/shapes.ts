import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileAtomic } from '../formats/atomic-write.ts'
import { encodeImage } from '../images/encode.ts'
import type { GeneratorOptions } from './carvana.ts'
import { checkGenerator, forEachPicture, photograph } from './carvana.ts'
import { Dice, seedOf } from './dice.ts'
import { css, ellipse, hsl, polygon, render } from './svg.ts'
import { backdrop } from './textures.ts'

type Points = [number, number][]

/** Corners of a figure around (0, 0), of radius 1. */
function star(corners: number, inner: number): Points {
  return Array.from({ length: 2 * corners }, (_, i): [number, number] => {
    const [angle, radius] = [(Math.PI * i) / corners, i % 2 === 0 ? 1 : inner]
    return [radius * Math.sin(angle), -radius * Math.cos(angle)]
  })
}

const cross: Points = [
  [-0.3, -1],
  [0.3, -1],
  [0.3, -0.3],
  [1, -0.3],
  [1, 0.3],
  [0.3, 0.3],
  [0.3, 1],
  [-0.3, 1],
  [-0.3, 0.3],
  [-1, 0.3],
  [-1, -0.3],
  [-0.3, -0.3],
]
const square: Points = [
  [-0.85, -0.85],
  [0.85, -0.85],
  [0.85, 0.85],
  [-0.85, 0.85],
]
const triangle: Points = [
  [0, -1],
  [0.95, 0.75],
  [-0.95, 0.75],
]

/** A figure of radius 1 in one colour, by class. */
const FIGURES: Readonly<Record<string, (colour: string) => string>> = {
  circle: (colour) => ellipse(0, 0, 0.95, 0.95, `fill="${colour}"`),
  cross: (colour) => polygon(cross, `fill="${colour}"`),
  ring: (colour) => ellipse(0, 0, 0.75, 0.75, `fill="none" stroke="${colour}" stroke-width="0.36"`),
  square: (colour) => polygon(square, `fill="${colour}"`),
  star: (colour) => polygon(star(5, 0.45), `fill="${colour}"`),
  triangle: (colour) => polygon(triangle, `fill="${colour}"`),
}

/**
 * Writes pictures of figures on textured backgrounds, in a folder for each of six classes: circle, cross,
 * ring, square, star, triangle; picture i shows class i % 6. Sizes, places, turns, colours and light vary.
 *
 * @param folder made if it does not exist.
 * @param options.size default [64, 64].
 * @throws {ValueError} for bad options. @throws {FileWriteError} if a file cannot be written.
 * @see {@link ImageFolder}
 *
 * @example
 * ```ts
 * import { mkdtempSync, readdirSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { generateShapes } from '@flambeau/data'
 * const folder = mkdtempSync(join(tmpdir(), 'shapes-'))
 * await generateShapes(folder, { count: 12, size: [32, 32] })
 * console.log(readdirSync(folder)) // => [ 'circle', 'cross', 'ring', 'square', 'star', 'triangle' ]
 * ```
 */
export async function generateShapes(folder: string, options: GeneratorOptions): Promise<void> {
  const { count, height, width, seed } = checkGenerator('generateShapes', options, [64, 64])
  const classes = Object.keys(FIGURES)
  for (const name of classes) mkdirSync(join(folder, name), { recursive: true })
  await forEachPicture(count, async (index) => {
    const dice = new Dice(seedOf(seed, index))
    const name = classes[index % classes.length] as string
    const hue = dice.between(0, 360)
    const back = backdrop(dice, height, width)
    const light = dice.chance(0.5) ? dice.between(0.7, 0.95) : dice.between(0.05, 0.35)
    const figure = FIGURES[name] as (colour: string) => string
    const side = Math.min(height, width)
    const [radius, turn] = [dice.between(0.2, 0.4) * side, dice.whole(-25, 25)]
    const x = dice.between(radius, width - radius)
    const y = dice.between(radius, height - radius)
    const put = (dx: number, colour: string, opacity: number): string =>
      `<g transform="translate(${x + dx} ${y + dx}) rotate(${turn}) scale(${radius})" opacity="${opacity}">${figure(colour)}</g>`
    const colour = css(hsl(hue, dice.between(0.4, 0.95), light))
    const body = back + put(0.03 * side, '#000', 0.35) + put(0, colour, 1)
    const pixels = await render(body, height, width)
    const image = photograph(pixels, height, width, dice, dice.between(0.5, 5))
    const file = join(folder, name, `${String(index).padStart(5, '0')}.jpg`)
    writeFileAtomic(file, [await encodeImage(image, 'JPEG', { quality: 92 })])
  })
}
