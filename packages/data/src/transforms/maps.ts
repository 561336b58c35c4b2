/**
 * Maps of the plane as nine numbers, row-major: (x, y, 1) goes to a multiple of (x', y', 1).
 *
 * Coordinates are those of boxes: the image covers [0, width] × [0, height], and the centre of its
 * first pixel is at (0.5, 0.5).
 */
export type Map2d = readonly number[]

export const identity: Map2d = [1, 0, 0, 0, 1, 0, 0, 0, 1]

/** First b, then a. */
export function after(a: Map2d, b: Map2d): Map2d {
  return Array.from({ length: 9 }, (_, i) => {
    const row = Math.floor(i / 3) * 3
    const column = i % 3
    return [0, 1, 2].reduce(
      (sum, k) => sum + (a[row + k] as number) * (b[3 * k + column] as number),
      0,
    )
  })
}

export function shift(x: number, y: number): Map2d {
  return [1, 0, x, 0, 1, y, 0, 0, 1]
}

export function stretch(x: number, y: number): Map2d {
  return [x, 0, 0, 0, y, 0, 0, 0, 1]
}

/** The way back; null where there is none. */
export function inverse(map: Map2d): Map2d | null {
  const [a, b, c, d, e, f, g, h, i] = map as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const cofactors = [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ]
  const [x = 0, , , y = 0, , , z = 0] = cofactors
  const determinant = a * x + b * y + c * z
  if (!Number.isFinite(determinant) || Math.abs(determinant) < 1e-12) return null
  const affine = g === 0 && h === 0
  return cofactors.map((value, k) => (affine && k >= 6 ? (k === 8 ? 1 : 0) : value / determinant))
}

/** Where a point goes. */
export function mapped(map: Map2d, x: number, y: number): [number, number] {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 1] = map
  const w = g * x + h * y + i
  return [(a * x + b * y + c) / w, (d * x + e * y + f) / w]
}

/**
 * A turn by `angle` degrees (clockwise as one sees it, as y points down), a scale, and shears by
 * angles along x and y, about a centre, and then a shift.
 */
export function affineMap(
  angle: number,
  translate: readonly [number, number],
  scale: number,
  shear: readonly [number, number],
  centre: readonly [number, number],
): Map2d {
  const radians = Math.PI / 180
  const [turn, sx, sy] = [angle * radians, shear[0] * radians, shear[1] * radians]
  const a = Math.cos(turn - sy) / Math.cos(sy)
  const c = Math.sin(turn - sy) / Math.cos(sy)
  const linear = [
    scale * a,
    scale * (-a * Math.tan(sx) - Math.sin(turn)),
    0,
    scale * c,
    scale * (-c * Math.tan(sx) + Math.cos(turn)),
    0,
    0,
    0,
    1,
  ]
  const back = shift(centre[0] + translate[0], centre[1] + translate[1])
  return after(back, after(linear, shift(-centre[0], -centre[1])))
}

export type Point = readonly [x: number, y: number]

/** The map that takes four points to four others; null if three of either lie on a line. */
export function perspectiveMap(from: readonly Point[], to: readonly Point[]): Map2d | null {
  const start = fromUnitSquare(from)
  const end = fromUnitSquare(to)
  if (start === null || end === null) return null
  const back = inverse(start)
  if (back === null) return null
  const map = after(end, back)
  const last = map[8] as number
  return Math.abs(last) < 1e-12 ? null : map.map((value) => value / last)
}

/** The map of the corners (0, 0), (1, 0), (1, 1), (0, 1) to four points (Heckbert 1989). */
function fromUnitSquare(corners: readonly Point[]): Map2d | null {
  const [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = corners as [Point, Point, Point, Point]
  const [sx, sy] = [x0 - x1 + x2 - x3, y0 - y1 + y2 - y3]
  const [dx1, dx2, dy1, dy2] = [x1 - x2, x3 - x2, y1 - y2, y3 - y2]
  const determinant = dx1 * dy2 - dx2 * dy1
  if (Math.abs(determinant) < 1e-9) return null
  const g = (sx * dy2 - dx2 * sy) / determinant
  const h = (dx1 * sy - sx * dy1) / determinant
  return [x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h, 1]
}
