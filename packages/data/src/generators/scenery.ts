/** Places where cars stand. */
import type { Vector } from './car.ts'
import type { Light } from './camera.ts'
import { normalize } from './camera.ts'
import type { Dice } from './dice.ts'
import type { Rgb } from './svg.ts'
import { blend, css, ellipse, gradient, hsl, line, polygon, rectangle, scaled } from './svg.ts'

export interface Scenery {
  /** Definitions and shapes behind the car. */
  body: string
  /** In front of everything: dark corners, a tint. */
  front: string
  light: Light
  /** Rows from the top to where the ground begins. */
  horizon: number
  /** Does the floor mirror? */
  glossy: boolean
  shadow: number
}

const grain = (id: string, frequency: number, octaves: number, seed: number): string =>
  `<filter id="${id}" x="0" y="0" width="1" height="1"><feTurbulence type="fractalNoise" baseFrequency="${frequency}" numOctaves="${octaves}" seed="${seed}"/><feColorMatrix type="saturate" values="0"/><feComposite operator="in" in2="SourceGraphic"/></filter>`

const soft = (width: number): string =>
  `<filter id="soft" x="-0.3" y="-0.8" width="1.6" height="2.6"><feGaussianBlur stdDeviation="${(width / 60).toFixed(1)}"/></filter>` +
  `<filter id="softer" x="-0.3" y="-0.8" width="1.6" height="2.6"><feGaussianBlur stdDeviation="${(width / 130).toFixed(1)}"/></filter>` +
  `<filter id="far" x="-0.1" y="-0.1" width="1.2" height="1.2"><feGaussianBlur stdDeviation="${(width / 300).toFixed(1)}"/></filter>`

interface Canvas {
  height: number
  width: number
  horizon: number
  dice: Dice
}

function sun(dice: Dice): Vector {
  const turn = dice.between(0, 2 * Math.PI)
  const high = dice.between(0.6, 1.3)
  return normalize([
    Math.cos(turn) * Math.cos(high),
    Math.sin(turn) * Math.cos(high),
    Math.sin(high),
  ])
}

function studio({ height, width, horizon, dice }: Canvas): [string, string, Partial<Light>] {
  const wall = hsl(dice.between(190, 240), dice.between(0, 0.08), dice.between(0.72, 0.93))
  const floor = scaled(wall, dice.between(0.55, 0.92))
  const defs =
    gradient('wall', [
      [0, scaled(wall, 0.82)],
      [0.75, wall],
      [1, scaled(wall, 0.93)],
    ]) +
    gradient('floor', [
      [0, scaled(wall, 0.93)],
      [0.25, floor],
      [1, scaled(floor, 0.78)],
    ])
  const [cx, cy] = [width / 2, horizon + (height - horizon) * 0.42]
  const disc = ellipse(
    cx,
    cy,
    width * 0.56,
    (height - horizon) * 0.5,
    `fill="${css(scaled(floor, 0.9))}" fill-opacity="0.55" stroke="${css(scaled(floor, 0.7))}" stroke-width="1"`,
  )
  const lamps = Array.from({ length: dice.whole(1, 4) }, () => {
    const x = dice.between(0, width)
    return ellipse(
      x,
      dice.between(-0.1, 0.12) * height,
      width * 0.18,
      height * 0.05,
      'fill="#fff" fill-opacity="0.5" filter="url(#soft)"',
    )
  })
  const seam = Array.from({ length: dice.whole(0, 5) }, () => {
    const x = dice.between(0, width)
    return line(
      [
        [x, 0],
        [x, horizon],
      ],
      `stroke="${css(scaled(wall, 0.86))}" stroke-width="0.8"`,
    )
  })
  const body =
    rectangle(0, 0, width, horizon + 1, 'fill="url(#wall)"') +
    seam.join('') +
    lamps.join('') +
    rectangle(0, horizon, width, height - horizon, 'fill="url(#floor)"') +
    disc
  return [defs, body, { ambient: dice.between(0.5, 0.62), sky: [246, 247, 250], ground: floor }]
}

function sky(canvas: Canvas): [string, string, Rgb] {
  const { width, horizon, dice } = canvas
  const kind = dice.share()
  const top: Rgb = kind < 0.5 ? [78, 130, 196] : kind < 0.8 ? [150, 160, 172] : [92, 84, 130]
  const low: Rgb = kind < 0.5 ? [196, 214, 230] : kind < 0.8 ? [206, 210, 214] : [242, 178, 122]
  const clouds = Array.from({ length: dice.whole(0, 7) }, () =>
    ellipse(
      dice.between(0, width),
      dice.between(0, horizon * 0.7),
      dice.between(0.06, 0.2) * width,
      dice.between(0.015, 0.05) * width,
      `fill="#fff" fill-opacity="${dice.between(0.15, 0.6).toFixed(2)}" filter="url(#soft)"`,
    ),
  )
  return [
    gradient('sky', [
      [0, top],
      [1, low],
    ]),
    rectangle(0, 0, width, horizon + 1, 'fill="url(#sky)"') + clouds.join(''),
    blend(top, low, 0.5),
  ]
}

function building(canvas: Canvas, x: number, wide: number): string {
  const { horizon, dice, height } = canvas
  const tall = dice.between(0.35, 0.98) * horizon
  const colour = hsl(dice.between(10, 50), dice.between(0.05, 0.3), dice.between(0.35, 0.72))
  const glass = blend([50, 62, 76], [150, 170, 190], dice.share())
  const [columns, rows] = [dice.whole(2, 6), dice.whole(2, 7)]
  const parts = [rectangle(x, horizon - tall, wide, tall + height * 0.02, `fill="${css(colour)}"`)]
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < rows; j++) {
      const [cw, ch] = [wide / columns, tall / rows]
      const lit = dice.chance(0.12)
        ? ([236, 214, 150] as const)
        : scaled(glass, dice.between(0.7, 1.2))
      parts.push(
        rectangle(
          x + cw * (i + 0.22),
          horizon - tall + ch * (j + 0.22),
          cw * 0.56,
          ch * 0.5,
          `fill="${css(lit)}"`,
        ),
      )
    }
  }
  return parts.join('')
}

function street(canvas: Canvas): [string, string, Partial<Light>] {
  const { height, width, horizon, dice } = canvas
  const [defs, above, around] = sky(canvas)
  const houses: string[] = []
  for (let x = -0.05 * width; x < width;) {
    const wide = dice.between(0.12, 0.34) * width
    houses.push(building(canvas, x, wide))
    x += wide * dice.between(0.95, 1.15)
  }
  const asphalt = hsl(dice.between(200, 260), 0.04, dice.between(0.26, 0.46))
  const walk = horizon + (height - horizon) * dice.between(0.06, 0.16)
  const kerb = scaled(asphalt, 1.5)
  const marks = Array.from({ length: dice.whole(0, 6) }, (_, i) => {
    const [x, y] = [width * (i * 0.24 - 0.1), height * dice.between(0.9, 0.93)]
    return polygon(
      [
        [x, y],
        [x + width * 0.12, y],
        [x + width * 0.11, y + height * 0.018],
        [x - width * 0.012, y + height * 0.018],
      ],
      'fill="#e6e4da" fill-opacity="0.8"',
    )
  })
  const body =
    above +
    `<g filter="url(#far)">${houses.join('')}</g>` +
    rectangle(0, horizon, width, walk - horizon, `fill="${css(kerb)}"`) +
    rectangle(0, walk, width, height - walk, `fill="${css(asphalt)}"`) +
    marks.join('') +
    rectangle(0, walk, width, height - walk, 'fill="#000" filter="url(#grain)" opacity="0.22"')
  return [defs, body, { ambient: dice.between(0.34, 0.5), sky: around, ground: asphalt }]
}

function country(canvas: Canvas): [string, string, Partial<Light>] {
  const { height, width, horizon, dice } = canvas
  const [defs, above, around] = sky(canvas)
  const green = hsl(dice.between(70, 130), dice.between(0.2, 0.45), dice.between(0.24, 0.38))
  const hills = [0.5, 0.25].map((far) => {
    const points: [number, number][] = [[-1, horizon + 2]]
    for (let i = 0; i <= 12; i++) {
      points.push([(width * i) / 12, horizon - dice.between(0.02, 0.22) * far * height * 1.6])
    }
    points.push([width + 1, horizon + 2])
    return polygon(points, `fill="${css(blend(green, around, far))}"`)
  })
  const trees = Array.from({ length: dice.whole(2, 14) }, () => {
    const [x, size] = [dice.between(0, width), dice.between(0.05, 0.16) * height]
    const trunk = rectangle(
      x - size * 0.06,
      horizon - size,
      size * 0.12,
      size * 1.05,
      'fill="#4a3a2a"',
    )
    const crown = Array.from({ length: 7 }, () =>
      ellipse(
        x + dice.between(-0.5, 0.5) * size,
        horizon - size * dice.between(0.8, 1.7),
        size * dice.between(0.3, 0.55),
        size * dice.between(0.3, 0.5),
        `fill="${css(scaled(green, dice.between(0.55, 1.15)))}"`,
      ),
    )
    return trunk + crown.join('')
  })
  const dirt = dice.chance(0.5)
  const road = dirt
    ? hsl(32, dice.between(0.15, 0.3), dice.between(0.42, 0.6))
    : hsl(220, 0.03, 0.4)
  const edge = horizon + (height - horizon) * dice.between(0.1, 0.28)
  const body =
    above +
    hills.join('') +
    `<g filter="url(#far)">${trees.join('')}</g>` +
    rectangle(0, horizon, width, height - horizon, `fill="${css(green)}"`) +
    rectangle(0, edge, width, height - edge, `fill="${css(road)}"`) +
    rectangle(0, horizon, width, height - horizon, 'fill="#000" filter="url(#grain)" opacity="0.3"')
  return [defs, body, { ambient: dice.between(0.34, 0.5), sky: around, ground: road }]
}

function garage({ height, width, horizon, dice }: Canvas): [string, string, Partial<Light>] {
  const wall = hsl(dice.between(0, 50), dice.between(0.05, 0.4), dice.between(0.35, 0.7))
  const floor = hsl(dice.between(180, 240), 0.03, dice.between(0.35, 0.62))
  const rows = dice.whole(7, 16)
  const brick = horizon / rows
  const joints: string[] = []
  for (let j = 0; j <= rows; j++) {
    const style = `stroke="${css(scaled(wall, 0.8))}" stroke-width="0.7"`
    joints.push(
      line(
        [
          [0, j * brick],
          [width, j * brick],
        ],
        style,
      ),
    )
    for (let x = (j % 2) * brick; x < width; x += brick * 2) {
      joints.push(
        line(
          [
            [x, j * brick],
            [x, (j + 1) * brick],
          ],
          style,
        ),
      )
    }
  }
  const doors = Array.from({ length: dice.whole(0, 2) }, () => {
    const [x, wide] = [dice.between(0, 0.8) * width, dice.between(0.15, 0.4) * width]
    const grey = dice.between(90, 190)
    const slats = Array.from({ length: 8 }, (_, i) => {
      const y = horizon * (0.25 + (0.75 * i) / 8)
      return line(
        [
          [x, y],
          [x + wide, y],
        ],
        `stroke="${css([grey * 0.8, grey * 0.8, grey * 0.8])}"`,
      )
    })
    return (
      rectangle(x, horizon * 0.25, wide, horizon * 0.75, `fill="${css([grey, grey, grey])}"`) +
      slats.join('')
    )
  })
  const defs = gradient('floor', [
    [0, scaled(floor, 0.85)],
    [1, scaled(floor, 1.1)],
  ])
  const body =
    rectangle(0, 0, width, horizon + 1, `fill="${css(wall)}"`) +
    joints.join('') +
    doors.join('') +
    rectangle(0, horizon, width, height - horizon, 'fill="url(#floor)"') +
    rectangle(
      0,
      horizon,
      width,
      height - horizon,
      'fill="#000" filter="url(#grain)" opacity="0.22"',
    )
  return [defs, body, { ambient: dice.between(0.42, 0.58), sky: [220, 222, 226], ground: floor }]
}

/** One of four kinds of places, lit by a light of its own. */
export function scenery(dice: Dice, height: number, width: number): Scenery {
  const horizon = height * dice.between(0.42, 0.6)
  const canvas = { height, width, horizon, dice }
  const place = dice.whole(0, 9)
  const make = place < 3 ? studio : place < 6 ? street : place < 8 ? country : garage
  const [defs, body, own] = make(canvas)
  const warm = dice.between(-1, 1)
  const light: Light = {
    direction:
      make === studio || make === garage ? normalize([0.2, dice.between(-0.5, 0.5), 1]) : sun(dice),
    ambient: 0.45,
    colour: [255 + 8 * warm, 252, 250 - 14 * warm],
    sky: [210, 220, 235],
    ground: [90, 90, 92],
    ...own,
  }
  const noise = grain('grain', 0.5, 3, dice.whole(0, 9999))
  const vignette =
    '<radialGradient id="corners" cx="0.5" cy="0.5" r="0.75"><stop offset="0.6" stop-color="#000" stop-opacity="0"/><stop offset="1" stop-color="#000" stop-opacity="0.4"/></radialGradient>'
  const dark = dice.chance(0.6) ? rectangle(0, 0, width, height, 'fill="url(#corners)"') : ''
  return {
    body: `<defs>${defs}${noise}${soft(width)}${vignette}</defs>${body}`,
    front: dark,
    light,
    horizon,
    glossy: make === studio && dice.chance(0.7),
    shadow: make === studio ? 0.42 : dice.between(0.4, 0.62),
  }
}
