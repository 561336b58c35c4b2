/** A point of a curve. */
export interface Point {
  x: number
  y: number
}

/**
 * The mean of each point and up to `reach` neighbours on either side. At the start, where a loss
 * falls fast, the window narrows on both sides alike, so that the curve begins where the points do.
 */
export function runningMean(points: readonly Point[], reach: number): Point[] {
  const sums = [0]
  for (const { y } of points) sums.push(sums.at(-1)! + y)
  return points.map(({ x }, i) => {
    const from = i - Math.min(reach, i)
    const to = Math.min(i + Math.min(reach, i), points.length - 1) + 1
    return { x, y: (sums[to]! - sums[from]!) / (to - from) }
  })
}

/**
 * At most about `limit` points that look like all of them: of each stretch the lowest and the
 * highest, so that no spike gets lost.
 */
export function decimate(points: readonly Point[], limit: number): Point[] {
  if (points.length <= limit) return [...points]
  const stretches = Math.floor(limit / 2)
  const kept: Point[] = []
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = Math.floor((stretch * points.length) / stretches)
    const to = Math.floor(((stretch + 1) * points.length) / stretches)
    let low = from
    let high = from
    for (let i = from; i < to; i++) {
      if (points[i]!.y < points[low]!.y) low = i
      if (points[i]!.y > points[high]!.y) high = i
    }
    for (const i of new Set([Math.min(low, high), Math.max(low, high)])) kept.push(points[i]!)
  }
  return kept
}
