/** Backgrounds that are not plain. */
import type { Dice } from './dice.ts'
import type { Rgb } from './svg.ts'
import { blend, css, ellipse, gradient, hsl, line, polygon, rectangle, scaled } from './svg.ts'

function stripes(dice: Dice, height: number, width: number, a: Rgb, b: Rgb): string {
  const wide = dice.between(0.03, 0.12) * width
  const parts = [rectangle(0, 0, width, height, `fill="${css(a)}"`)]
  for (let x = -2 * width; x < 3 * width; x += 2 * wide) {
    parts.push(rectangle(x, -2 * height, wide, 5 * height, `fill="${css(b)}"`))
  }
  return `<g transform="rotate(${dice.whole(0, 179)} ${width / 2} ${height / 2})">${parts.join('')}</g>`
}

function tiles(dice: Dice, height: number, width: number, a: Rgb, b: Rgb): string {
  const side = dice.between(0.06, 0.16) * width
  const parts = [rectangle(0, 0, width, height, `fill="${css(b)}"`)]
  for (let y = 0; y < height; y += side) {
    for (let x = 0; x < width; x += side) {
      const colour = scaled(a, dice.between(0.9, 1.1))
      parts.push(rectangle(x, y, side * 0.94, side * 0.94, `fill="${css(colour)}"`))
    }
  }
  return parts.join('')
}

function blobs(dice: Dice, height: number, width: number, a: Rgb, b: Rgb): string {
  const parts = [rectangle(0, 0, width, height, `fill="${css(a)}"`)]
  for (let i = 0; i < 14; i++) {
    const colour = blend(a, b, dice.share())
    const [x, y] = [dice.between(0, width), dice.between(0, height)]
    const [rx, ry] = [dice.between(0.05, 0.3) * width, dice.between(0.05, 0.3) * height]
    parts.push(ellipse(x, y, rx, ry, `fill="${css(colour)}" fill-opacity="0.6"`))
  }
  return parts.join('')
}

function shards(dice: Dice, height: number, width: number, a: Rgb, b: Rgb): string {
  const parts = [rectangle(0, 0, width, height, `fill="${css(a)}"`)]
  for (let i = 0; i < 16; i++) {
    const [x, y] = [dice.between(0, width), dice.between(0, height)]
    const corner = (): [number, number] => [
      x + dice.between(-0.25, 0.25) * width,
      y + dice.between(-0.25, 0.25) * height,
    ]
    const colour = blend(a, b, dice.share())
    parts.push(polygon([corner(), corner(), corner()], `fill="${css(colour)}" fill-opacity="0.7"`))
  }
  for (let i = 0; i < 4; i++) {
    const style = `stroke="${css(b)}" stroke-width="${dice.between(0.5, 3).toFixed(1)}"`
    const ends = [0, 1].map((): [number, number] => [
      dice.between(0, width),
      dice.between(0, height),
    ])
    parts.push(line(ends, style))
  }
  return parts.join('')
}

/** A background of two related colours, with a pattern, a gradient of light, and grain. */
export function backdrop(dice: Dice, height: number, width: number): string {
  const hue = dice.between(0, 360)
  const light = dice.between(0.15, 0.85)
  const a = hsl(hue, dice.between(0.05, 0.55), light)
  const b = hsl(
    (hue + dice.between(-50, 50) + 360) % 360,
    dice.between(0.05, 0.55),
    light * dice.between(0.6, 1.1),
  )
  const pattern = dice.pick([stripes, tiles, blobs, shards])(dice, height, width, a, b)
  const [coarse, seed] = [dice.between(0.02, 0.5).toFixed(3), dice.whole(0, 9999)]
  const grain = `<filter id="grain" x="0" y="0" width="1" height="1"><feTurbulence type="fractalNoise" baseFrequency="${coarse}" numOctaves="3" seed="${seed}"/><feColorMatrix type="saturate" values="0"/><feComposite operator="in" in2="SourceGraphic"/></filter>`
  const shade = gradient('shade', [
    [0, [255, 255, 255]],
    [1, [0, 0, 0]],
  ])
  return (
    `<defs>${grain}${shade}</defs>${pattern}` +
    rectangle(0, 0, width, height, 'fill="url(#shade)" opacity="0.18"') +
    rectangle(0, 0, width, height, 'fill="#000" filter="url(#grain)" opacity="0.3"')
  )
}
