/**
 * Cars in three dimensions: bodies lofted through rings from the rear to the front, cabins on top, wheels.
 * Lengths are metres: x points forwards, y to the car's left, z up.
 */
import type { Dice } from './dice.ts'
import type { Rgb } from './svg.ts'
import { hsl } from './svg.ts'

export type Vector = readonly [x: number, y: number, z: number]
export type Material =
  | 'paint'
  | 'glass'
  | 'dark'
  | 'tyre'
  | 'rim'
  | 'lamp'
  | 'rear'
  | 'plate'
  | 'trim'

/** A flat piece of the surface; seen from outside, its corners go counter-clockwise. */
export interface Face {
  readonly points: readonly Vector[]
  readonly material: Material
  /** Pieces of later layers lie upon earlier ones. */
  readonly layer: number
  /** Of parts that stick out: the side they are on, 1 left and -1 right. */
  readonly side?: number
}

export interface Car {
  readonly faces: readonly Face[]
  readonly colour: Rgb
  readonly length: number
  readonly width: number
  readonly height: number
}

/** Shares of the length at which things are, from the rear (0) to the front (1); heights in metres. */
interface Shape {
  readonly length: readonly [number, number]
  readonly width: number
  readonly height: readonly [number, number]
  readonly belt: number
  readonly hood: number
  readonly trunk: number
  /** Rear end of the cabin, of its roof; front end of the roof, of the cabin. */
  readonly cabin: readonly [number, number, number, number]
  /** The last of it, behind the cabin, is open. */
  readonly bed?: boolean
}

const SHAPES: readonly Shape[] = [
  // Saloon, hatchback, estate, off-roader, van, coupé, pickup.
  {
    length: [4.5, 4.9],
    width: 1.82,
    height: [1.42, 1.5],
    belt: 0.92,
    hood: 0.82,
    trunk: 0.96,
    cabin: [0.1, 0.27, 0.54, 0.72],
  },
  {
    length: [3.8, 4.3],
    width: 1.76,
    height: [1.46, 1.55],
    belt: 0.94,
    hood: 0.86,
    trunk: 0.96,
    cabin: [0.01, 0.1, 0.55, 0.74],
  },
  {
    length: [4.6, 4.9],
    width: 1.82,
    height: [1.45, 1.52],
    belt: 0.92,
    hood: 0.83,
    trunk: 0.95,
    cabin: [0.01, 0.07, 0.55, 0.72],
  },
  {
    length: [4.4, 4.9],
    width: 1.9,
    height: [1.68, 1.85],
    belt: 1.08,
    hood: 1.0,
    trunk: 1.1,
    cabin: [0.01, 0.06, 0.57, 0.71],
  },
  {
    length: [4.7, 5.1],
    width: 1.95,
    height: [1.8, 1.95],
    belt: 1.05,
    hood: 0.98,
    trunk: 1.08,
    cabin: [0.005, 0.03, 0.66, 0.86],
  },
  {
    length: [4.3, 4.6],
    width: 1.84,
    height: [1.28, 1.36],
    belt: 0.86,
    hood: 0.74,
    trunk: 0.9,
    cabin: [0.1, 0.32, 0.48, 0.68],
  },
  {
    length: [5.1, 5.5],
    width: 1.95,
    height: [1.75, 1.88],
    belt: 1.08,
    hood: 1.05,
    trunk: 1.05,
    cabin: [0.38, 0.41, 0.56, 0.7],
    bed: true,
  },
]

const PAINTS: readonly Rgb[] = [
  [236, 238, 240],
  [196, 200, 205],
  [120, 125, 132],
  [52, 55, 60],
  [24, 25, 28],
  [150, 22, 28],
  [26, 60, 122],
  [64, 110, 160],
  [40, 74, 58],
  [150, 120, 84],
  [214, 176, 42],
  [196, 84, 30],
]

const clamp = (x: number): number => Math.min(1, Math.max(0, x))
const smooth = (x: number): number => clamp(x) ** 2 * (3 - 2 * clamp(x))

/** Quads between rings of points; `material` says what each is. */
function loft(
  rings: readonly (readonly Vector[])[],
  material: (ring: number, place: number) => Material,
  layer: number,
): Face[] {
  const faces: Face[] = []
  for (let i = 0; i + 1 < rings.length; i++) {
    const [back, front] = [rings[i] as Vector[], rings[i + 1] as Vector[]]
    for (let k = 0; k + 1 < back.length; k++) {
      const points = [back[k], front[k], front[k + 1], back[k + 1]] as Vector[]
      faces.push({ points, material: material(i, k), layer })
    }
  }
  return faces
}

export function randomCar(dice: Dice): Car {
  const shape = dice.pick(SHAPES)
  const length = dice.between(...shape.length)
  const height = dice.between(...shape.height)
  const half = (shape.width / 2) * dice.between(0.97, 1.03)
  const colour = dice.chance(0.75)
    ? dice.pick(PAINTS)
    : hsl(dice.between(0, 360), dice.between(0.3, 0.8), dice.between(0.25, 0.5))
  const at = (share: number): number => (share - 0.5) * length
  const faces = [
    ...bodyFaces(shape, at, half),
    ...cabinFaces(shape, at, half, height, dice),
    ...details(shape, at, half, dice),
    ...wheels(shape, at, half, dice),
  ]
  return { faces, colour, length, width: 2 * half, height }
}

/** Height of the body's upper edge. */
function topLine(shape: Shape, share: number): number {
  const [rear, , , front] = shape.cabin
  const { belt, hood, trunk } = shape
  const up = share < rear ? trunk + (belt - trunk) * smooth(share / Math.max(rear, 0.01)) : belt
  const down = share > front ? belt + (hood - belt) * smooth((share - front) / (0.97 - front)) : up
  // Rounded ends.
  const round = Math.min(share, 1 - share)
  return down - 0.22 * (1 - Math.sqrt(1 - (1 - clamp(round / 0.06)) ** 2))
}

/** How wide the body is there, as a share. */
function taper(share: number): number {
  const end = Math.min(share, (1 - share) * 0.9)
  return 1 - 0.2 * (1 - clamp(end / 0.16)) ** 2.4
}

function bodyFaces(shape: Shape, at: (share: number) => number, half: number): Face[] {
  const steps = 28
  const rings = Array.from({ length: steps + 1 }, (_, i): Vector[] => {
    // Denser towards the ends.
    const share = 0.5 - 0.5 * Math.cos((Math.PI * i) / steps)
    const x = at(share)
    const top = topLine(shape, share)
    const y = half * taper(share)
    const low = 0.24 + 0.12 * (1 - clamp(Math.min(share, 1 - share) / 0.08))
    const side = [
      [0.9, low],
      [0.98, low + (top - low) * 0.25],
      [1, low + (top - low) * 0.55],
      [0.97, low + (top - low) * 0.82],
      [0.9, top - 0.015],
      [0.5, top + 0.015],
    ].map(([share_ = 0, z = 0]): Vector => [x, -share_ * y, z])
    const mirror = side.toReversed().map(([px, py, pz]): Vector => [px, -py, pz])
    return [...side, ...mirror]
  })
  const open = shape.bed === true
  const [rear] = shape.cabin
  const bed = (ring: number, place: number): boolean =>
    open && place >= 4 && place <= 6 && 0.5 - 0.5 * Math.cos((Math.PI * (ring + 1)) / steps) < rear
  const faces = loft(rings, (ring, place) => (bed(ring, place) ? 'dark' : 'paint'), 0)
  const [first, last] = [rings[0] as Vector[], rings.at(-1) as Vector[]]
  return [
    ...faces,
    { points: first, material: 'paint', layer: 0 },
    { points: last.toReversed(), material: 'paint', layer: 0 },
  ]
}

function cabinFaces(
  shape: Shape,
  at: (share: number) => number,
  half: number,
  height: number,
  dice: Dice,
): Face[] {
  const [rear, roofRear, roofFront, front] = shape.cabin
  const { belt } = shape
  const shares: number[] = []
  const parts = [
    [rear, roofRear, 5],
    [roofRear, roofFront, 9],
    [roofFront, front, 6],
  ] as const
  for (const [from, to, n] of parts) {
    for (let i = 0; i < n; i++) shares.push(from + ((to - from) * i) / n)
  }
  shares.push(front)
  const roof = (share: number): number => {
    if (share < roofRear)
      return belt + (height - belt) * ((share - rear) / (roofRear - rear)) ** 0.8
    if (share > roofFront) {
      return belt + (height - belt) * ((front - share) / (front - roofFront)) ** 0.85
    }
    const along = (share - roofRear) / (roofFront - roofRear)
    return height + 0.035 * Math.sin(Math.PI * along)
  }
  const rings = shares.map((share): Vector[] => {
    const z = Math.max(roof(share), belt - 0.02)
    const up = clamp((z - belt) / (height - belt))
    const foot = half * 0.9 * taper(share)
    const edge = foot - 0.17 * up * (height - belt) * 2
    const side: Vector[] = [
      [at(share), -foot, belt - 0.04],
      [at(share), -(foot * 0.25 + edge * 0.75), belt + (z - belt) * 0.8],
      [at(share), -edge * 0.95, belt + (z - belt) * 0.95],
      [at(share), -edge * 0.6, z],
    ]
    return [...side, ...side.toReversed().map(([x, y, w]): Vector => [x, -y, w])]
  })
  const van = dice.chance(0.2) && rear < 0.02
  const material = (ring: number, place: number): Material => {
    const share = ((shares[ring] as number) + (shares[ring + 1] as number)) / 2
    const slanted = share < roofRear || share > roofFront
    const onTop = place >= 2 && place <= 4
    if (onTop) return slanted && !(place !== 3 && place !== 2 && place !== 4) ? 'glass' : 'paint'
    // Pillars between the windows, and none at the corners.
    const along = (share - rear) / (front - rear)
    const pillar = [0.36, 0.68].some((middle) => Math.abs(along - middle) < 0.025)
    const corner = along < 0.07 || along > 0.9
    if (van && along < 0.55) return 'paint'
    return place === 0 || place === 6 ? (pillar || corner ? 'trim' : 'glass') : 'paint'
  }
  return loft(rings, material, 1)
}

/** A flat quad across the car, at the front (1) or the rear (-1). */
function plate(
  x: number,
  way: 1 | -1,
  [y0, y1]: readonly [number, number],
  [z0, z1]: readonly [number, number],
  material: Material,
): Face {
  const corners: Vector[] = [
    [x, y0, z0],
    [x, y1, z0],
    [x, y1, z1],
    [x, y0, z1],
  ]
  return { points: way === 1 ? corners : corners.toReversed(), material, layer: 2 }
}

function details(shape: Shape, at: (share: number) => number, half: number, dice: Dice): Face[] {
  const [nose, tail] = [at(1) + 0.012, at(0) - 0.012]
  const { hood, trunk } = shape
  const lamp = dice.between(0.1, 0.17)
  const wide = half * 0.74
  const grille = dice.between(0.25, 0.5) * half
  const faces: Face[] = [
    plate(nose, 1, [-grille, grille], [hood - 0.36, hood - 0.2], 'dark'),
    plate(nose, 1, [-half * 0.6, half * 0.6], [0.3, 0.4], 'dark'),
    plate(nose, 1, [-0.24, 0.24], [0.42, 0.52], 'plate'),
    plate(tail, -1, [-0.24, 0.24], [trunk - 0.36, trunk - 0.25], 'plate'),
    plate(tail, -1, [-half * 0.6, half * 0.6], [0.3, 0.38], 'dark'),
  ]
  for (const side of [1, -1]) {
    const across = [side * wide, side * (wide - dice.between(0.2, 0.34))].toSorted((a, b) => a - b)
    const span = [across[0] as number, across[1] as number] as const
    faces.push(
      plate(nose, 1, span, [hood - 0.32, hood - 0.32 + lamp], 'lamp'),
      plate(tail, -1, span, [trunk - 0.38, trunk - 0.38 + lamp * 1.3], 'rear'),
    )
    // Lamps go round the corners a little.
    faces.push(
      ...sidePlate(
        side,
        half * 0.86,
        at(0.935),
        at(0.975),
        hood - 0.31,
        hood - 0.31 + lamp,
        'lamp',
      ),
      ...sidePlate(
        side,
        half * 0.86,
        at(0.02),
        at(0.055),
        trunk - 0.37,
        trunk - 0.37 + lamp,
        'rear',
      ),
      ...sidePlate(side, half * 1.004, at(0.24), at(0.77), 0.3, 0.36, 'trim'),
    )
    const [rear, , , front] = shape.cabin
    for (const share of [0.36, 0.68].map((along) => rear + along * (front - rear) * 0.98)) {
      const x = at(share)
      faces.push(...sidePlate(side, half * 1.006, x, x + 0.012, 0.4, shape.belt - 0.04, 'dark'))
      const [x0, z] = [x + 0.12, shape.belt - 0.17]
      faces.push(...sidePlate(side, half * 1.01, x0, x0 + 0.16, z, z + 0.03, 'trim'))
    }
    faces.push(...mirrorOf(side, at(front - 0.05), half * 0.95, shape.belt + 0.06))
  }
  return faces
}

/** A flat quad along the side of the car. */
function sidePlate(
  side: number,
  y: number,
  x0: number,
  x1: number,
  z0: number,
  z1: number,
  material: Material,
): Face[] {
  const corners: Vector[] = [
    [x0, side * y, z0],
    [x1, side * y, z0],
    [x1, side * y, z1],
    [x0, side * y, z1],
  ]
  return [{ points: side < 0 ? corners : corners.toReversed(), material, layer: 2 }]
}

function mirrorOf(side: number, x: number, y: number, z: number): Face[] {
  const [w, d, h] = [0.2, 0.12, 0.13]
  const inner = side * y
  const outer = side * (y + w)
  const box = (px: number, py: number, pz: number): Vector => [px, py, pz]
  const quad = (points: Vector[]): Face => ({
    points: side < 0 ? points : points.toReversed(),
    material: 'paint',
    layer: 3,
    side,
  })
  return [
    quad([box(x, outer, z), box(x + d, outer, z), box(x + d, outer, z + h), box(x, outer, z + h)]),
    quad([
      box(x + d, outer, z),
      box(x + d, inner, z),
      box(x + d, inner, z + h),
      box(x + d, outer, z + h),
    ]),
    quad([box(x, inner, z), box(x, outer, z), box(x, outer, z + h), box(x, inner, z + h)]),
    quad([
      box(x, inner, z + h),
      box(x, outer, z + h),
      box(x + d, outer, z + h),
      box(x + d, inner, z + h),
    ]),
  ]
}

function disc(
  [x, y, z]: Vector,
  radius: number,
  side: number,
  material: Material,
  layer: number,
): Face {
  const points = Array.from({ length: 24 }, (_, i): Vector => {
    const angle = (2 * Math.PI * i) / 24
    return [x + radius * Math.cos(angle), y, z + radius * Math.sin(angle)]
  })
  return { points: side < 0 ? points : points.toReversed(), material, layer }
}

function wheels(shape: Shape, at: (share: number) => number, half: number, dice: Dice): Face[] {
  const radius = (shape.height[0] > 1.6 ? 0.36 : 0.32) * dice.between(0.97, 1.06)
  const spokes = dice.pick([5, 6, 7, 10])
  const rim = dice.between(0.62, 0.74)
  const faces: Face[] = []
  for (const share of [0.19, 0.815]) {
    for (const side of [1, -1]) {
      const x = at(share)
      const y = side * half * taper(share)
      faces.push(disc([x, y * 1.003, radius], radius * 1.14, side, 'dark', 4))
      // The tread, seen below the body from the front and the rear.
      for (let i = 0; i < 24; i++) {
        const [a, b] = [(2 * Math.PI * i) / 24, (2 * Math.PI * (i + 1)) / 24]
        const corner = (angle: number, depth: number): Vector => [
          x + radius * Math.cos(angle),
          side * (Math.abs(y) - depth),
          radius + radius * Math.sin(angle),
        ]
        const points = [corner(a, 0.22), corner(b, 0.22), corner(b, 0), corner(a, 0)]
        faces.push({ points: side < 0 ? points.toReversed() : points, material: 'tyre', layer: -1 })
      }
      faces.push(disc([x, y * 1.006, radius], radius, side, 'tyre', 5))
      faces.push(disc([x, y * 1.009, radius], radius * rim, side, 'rim', 6))
      for (let i = 0; i < spokes; i++) {
        const angle = (2 * Math.PI * (i + 0.5)) / spokes
        const wide = Math.PI / spokes / 2.4
        const tip = (turn: number, far: number): Vector => [
          x + radius * far * Math.cos(angle + turn),
          y * 1.012,
          radius + radius * far * Math.sin(angle + turn),
        ]
        const points = [
          tip(-wide, rim * 0.92),
          tip(wide, rim * 0.92),
          tip(wide * 1.6, rim * 0.3),
          tip(-wide * 1.6, rim * 0.3),
        ]
        faces.push({ points: side < 0 ? points : points.toReversed(), material: 'dark', layer: 7 })
      }
    }
  }
  return faces
}
