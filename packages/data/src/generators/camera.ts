/** Cars as seen by a camera: faces in order of depth, shaded. */
import type { Car, Face, Material, Vector } from './car.ts'
import type { Rgb } from './svg.ts'
import { blend, css, polygon, scaled } from './svg.ts'

/** Where the camera stands, and what it sees. */
export interface View {
  /** Around the car, in radians; 0 is in front of it. */
  yaw: number
  /** Above the ground, in radians. */
  pitch: number
  /** In metres. */
  distance: number
  /** Pixels for a metre at that distance. */
  scale: number
  /** Where the middle of the car is, in pixels. */
  x: number
  y: number
}

export interface Light {
  /** Where it comes from, of length 1. */
  direction: Vector
  /** From all sides. */
  ambient: number
  colour: Rgb
  /** What upward surfaces mirror, and what others do. */
  sky: Rgb
  ground: Rgb
}

const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]

export function normalize([x, y, z]: Vector): Vector {
  const length = Math.hypot(x, y, z) || 1
  return [x / length, y / length, z / length]
}

/** Newell's normal: also of polygons that are not quite flat. */
function normalOf(points: readonly Vector[]): Vector {
  let [nx, ny, nz] = [0, 0, 0]
  for (const [i, [x, y, z]] of points.entries()) {
    const [u, v, w] = points[(i + 1) % points.length] as Vector
    nx += (y - v) * (z + w)
    ny += (z - w) * (x + u)
    nz += (x - u) * (y + v)
  }
  return normalize([nx, ny, nz])
}

/** The camera's place. */
function eyeOf(view: View): Vector {
  const flat = Math.cos(view.pitch) * view.distance
  return [
    flat * Math.cos(view.yaw),
    flat * Math.sin(view.yaw),
    Math.sin(view.pitch) * view.distance + 0.7,
  ]
}

/** Where a point is in the picture, and how far away. */
export function project(view: View, [x, y, z]: Vector): [x: number, y: number, depth: number] {
  const [cos, sin] = [Math.cos(view.yaw), Math.sin(view.yaw)]
  const [up, down] = [Math.cos(view.pitch), Math.sin(view.pitch)]
  const ahead = x * cos + y * sin
  const right = -x * sin + y * cos
  const height = z - 0.7
  const depth = view.distance - (ahead * up + height * down)
  const lift = height * up - ahead * down
  const size = (view.scale * view.distance) / Math.max(depth, 0.5)
  return [view.x + right * size, view.y - lift * size, depth]
}

const FLAT: Readonly<Partial<Record<Material, Rgb>>> = {
  dark: [24, 25, 27],
  tyre: [30, 30, 32],
  rim: [168, 171, 176],
  lamp: [236, 240, 244],
  rear: [168, 20, 22],
  plate: [226, 226, 218],
  trim: [38, 39, 42],
  glass: [34, 42, 50],
}

function shade(face: Face, normal: Vector, toEye: Vector, car: Car, light: Light): Rgb {
  const base = FLAT[face.material] ?? car.colour
  const diffuse = Math.max(0, dot(normal, light.direction))
  const half = normalize([
    light.direction[0] + toEye[0],
    light.direction[1] + toEye[1],
    light.direction[2] + toEye[2],
  ])
  const gloss = face.material === 'glass' ? 60 : 28
  const shiny = face.material === 'paint' || face.material === 'glass' || face.material === 'rim'
  const spot = shiny ? Math.max(0, dot(normal, half)) ** gloss : 0
  // What the surface mirrors, more at flat angles (Schlick).
  const facing = Math.max(0, dot(normal, toEye))
  const mirror = shiny ? 0.06 + 0.5 * (1 - facing) ** 4 + (face.material === 'glass' ? 0.14 : 0) : 0
  const around = blend(light.ground, light.sky, Math.min(1, Math.max(0, 0.5 + normal[2] * 0.9)))
  const lit: Rgb = [0, 1, 2].map((i) => {
    const strength = light.ambient + (1 - light.ambient) * diffuse
    return ((base[i] as number) * strength * (light.colour[i] as number)) / 255
  }) as unknown as Rgb
  return blend(blend(lit, around, Math.min(0.8, mirror)), [255, 252, 245], 0.65 * spot)
}

/** The outlines and fills of all faces that can be seen, from the farthest to the nearest. */
export function drawCar(car: Car, view: View, light: Light): { picture: string; mask: string } {
  const eye = eyeOf(view)
  const seen = car.faces.flatMap((face) => {
    const count = face.points.length
    const middle = [0, 1, 2].map(
      (i) => face.points.reduce((sum, point) => sum + (point[i] as number), 0) / count,
    ) as unknown as Vector
    const toEye = normalize([eye[0] - middle[0], eye[1] - middle[1], eye[2] - middle[2]])
    const normal = normalOf(face.points)
    if (dot(normal, toEye) <= 0.01) return []
    const points = face.points.map((point) => project(view, point))
    const depth = points.reduce((sum, point) => sum + point[2], 0) / count
    const colour = shade(face, normal, toEye, car, light)
    // What sticks out on the far side is hidden by the rest.
    const layer = face.side !== undefined && face.side * eye[1] < 0 ? -2 : face.layer
    return [{ points: points.map(([x, y]) => [x, y] as const), depth, layer, colour }]
  })
  const farthest = seen.toSorted((a, b) => a.layer - b.layer || b.depth - a.depth)
  const picture = farthest.map(({ points, colour }) => {
    const paint = css(colour)
    return polygon(points, `fill="${paint}" stroke="${paint}" stroke-width="0.6"`)
  })
  const style = 'fill="#fff" stroke="#fff" stroke-width="0.6"'
  return {
    picture: picture.join(''),
    mask: farthest.map((one) => polygon(one.points, style)).join(''),
  }
}

/** A soft shadow below the car. */
export function drawShadow(car: Car, view: View, light: Light, strength: number): string {
  const [dx, dy] = [-light.direction[0] * 0.45, -light.direction[1] * 0.45]
  const rounded = Array.from({ length: 32 }, (_, i) => {
    const angle = (2 * Math.PI * i) / 32
    const power = (value: number): number => Math.sign(value) * Math.abs(value) ** 0.45
    const [x, y] = [power(Math.cos(angle)), power(Math.sin(angle))]
    const foot: Vector = [x * car.length * 0.51 + dx, y * car.width * 0.56 + dy, 0]
    const [px, py] = project(view, foot)
    return [px, py] as const
  })
  const inner = rounded.map(([x, y]) => [view.x + (x - view.x) * 0.93, y] as const)
  return (
    polygon(
      rounded,
      `fill="#000" fill-opacity="${(strength * 0.5).toFixed(2)}" filter="url(#soft)"`,
    ) + polygon(inner, `fill="#000" fill-opacity="${strength.toFixed(2)}" filter="url(#softer)"`)
  )
}

/** What a glossy floor mirrors of the car. */
export function drawReflection(car: Car, view: View, light: Light): string {
  const below: Car = {
    ...car,
    faces: car.faces.map((face) => ({
      ...face,
      points: face.points.map(([x, y, z]): Vector => [x, y, -z]).toReversed(),
    })),
  }
  const dim: Light = { ...light, colour: scaled(light.colour, 0.8) }
  return `<g opacity="0.16">${drawCar(below, view, dim).picture}</g>`
}
