/**
 * A line search with cubic interpolation that ends where Wolfe's strong conditions hold.
 *
 * @see Nocedal, Wright 2006, Numerical Optimization, algorithms 3.5 and 3.6
 */
import type { Tensor } from '@flambeau/core'

interface Point {
  size: number
  loss: number
  gradient: Tensor
  slope: number
}

interface Start extends Point {
  direction: Tensor
}

interface Found extends Point {
  evaluations: number
}

const ARMIJO = 1e-4
const CURVATURE = 0.9
const SMALLEST = 1e-9

/** The minimum between two points of the cubic through their values and slopes. */
function interpolate(a: Point, b: Point, bounds?: readonly [number, number]): number {
  const [low, high] =
    bounds ?? (a.size <= b.size ? ([a.size, b.size] as const) : ([b.size, a.size] as const))
  const d1 = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.size - b.size)
  const square = d1 * d1 - a.slope * b.slope
  if (!(square >= 0)) return (low + high) / 2
  const d2 = Math.sqrt(square)
  const at =
    a.size <= b.size
      ? b.size - (b.size - a.size) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
      : a.size - (a.size - b.size) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2))
  return Math.min(Math.max(at, low), high)
}

/** Searches along `start.direction`; `start.size` is the first step size to try. */
export function lineSearch(
  evaluate: (size: number) => { loss: number; gradient: Tensor },
  start: Start,
  most = 25,
): Found {
  const { direction, slope } = start
  const reach = direction.abs().max().item()
  const at = (size: number): Point => {
    const { loss, gradient } = evaluate(size)
    return { size, loss, gradient, slope: gradient.dot(direction).item() }
  }
  const tooHigh = (p: Point): boolean => p.loss > start.loss + ARMIJO * p.size * slope
  const flat = (p: Point): boolean => Math.abs(p.slope) <= -CURVATURE * slope

  // Steps grow until they enclose a point where the conditions hold.
  let previous: Point = { size: 0, loss: start.loss, gradient: start.gradient, slope }
  let now = at(start.size)
  let evaluations = 1
  let bracket: Point[] | null = null
  let done = false
  let tries = 0
  while (tries < most) {
    if (tooHigh(now) || (tries > 1 && now.loss >= previous.loss)) {
      bracket = [previous, now]
      break
    }
    if (flat(now)) {
      bracket = [now]
      done = true
      break
    }
    if (now.slope >= 0) {
      bracket = [previous, now]
      break
    }
    const least = now.size + 0.01 * (now.size - previous.size)
    const size = interpolate(previous, now, [least, now.size * 10])
    previous = now
    now = at(size)
    evaluations++
    tries++
  }
  // Without an answer so far: between the start and the last point.
  const ends = bracket ?? [{ size: 0, loss: start.loss, gradient: start.gradient, slope }, now]

  const lossAt = (i: number): number => (ends[i] as Point).loss
  let low = lossAt(0) <= lossAt(ends.length - 1) ? 0 : 1
  let stuck = false
  while (!done && tries < most) {
    const [a, b] = ends as [Point, Point]
    if (Math.abs(b.size - a.size) * reach < SMALLEST) break
    let size = interpolate(a, b)
    const [left, right] = [Math.min(a.size, b.size), Math.max(a.size, b.size)]
    const margin = 0.1 * (right - left)
    if (Math.min(right - size, size - left) < margin) {
      // Too close to an end, twice or at it: a tenth away from it.
      if (stuck || size >= right || size <= left) {
        size = Math.abs(size - right) < Math.abs(size - left) ? right - margin : left + margin
        stuck = false
      } else {
        stuck = true
      }
    } else {
      stuck = false
    }
    const point = at(size)
    evaluations++
    tries++
    const high = 1 - low
    if (tooHigh(point) || point.loss >= lossAt(low)) {
      ends[high] = point
      low = lossAt(0) <= lossAt(1) ? 0 : 1
    } else {
      const [best, other] = [ends[low] as Point, ends[high] as Point]
      if (flat(point)) done = true
      else if (point.slope * (other.size - best.size) >= 0) ends[high] = best
      ends[low] = point
    }
  }
  const best = ends[low] as Point
  return Object.assign({}, best, { evaluations })
}
