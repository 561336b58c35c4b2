/** Curves as a chart takes them. */
import type { XAxis } from './state.ts'
import type { Curve } from './store.ts'

/** Points with rising x, before and after smoothing. */
export interface Line {
  readonly x: number[]
  readonly raw: (number | null)[]
  readonly smooth: (number | null)[]
  readonly steps: number[]
  /** Seconds since 1970. */
  readonly times: number[]
}

/**
 * An exponential moving average that counts what came before the first value as nothing, not as 0.
 *
 * @param weight Of what came before; 0 leaves the values as they are.
 */
export function smoothed(values: readonly (number | null)[], weight: number): (number | null)[] {
  let [sum, mass] = [0, 0]
  return values.map((value) => {
    if (value === null) return null
    sum = sum * weight + value * (1 - weight)
    mass = mass * weight + (1 - weight)
    return sum / mass
  })
}

/** A curve over the axis that was chosen. */
export function lineOf(curve: Curve, axis: XAxis, weight: number, logarithmic: boolean): Line {
  const [start = 0] = curve.times
  const all =
    axis === 'step'
      ? curve.steps
      : axis === 'wall'
        ? curve.times
        : curve.times.map((time) => time - start)
  const order = [...all.keys()].toSorted((a, b) => (all[a] as number) - (all[b] as number))
  // Of several points at one place, the last counts.
  const kept = order.filter((at, i) => all[order[i + 1] as number] !== all[at])
  const take = <T>(list: readonly T[]): T[] => kept.map((at) => list[at] as T)
  const shown = (value: number | null): number | null =>
    value === null || (logarithmic && value <= 0) ? null : value
  const values = take(curve.values)
  return {
    x: take(all),
    raw: values.map(shown),
    smooth: smoothed(values, weight).map(shown),
    steps: take(curve.steps),
    times: take(curve.times),
  }
}

/** The index of the x that is nearest, -1 if there is none. */
export function nearest(x: readonly number[], at: number): number {
  let [low, high] = [0, x.length - 1]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((x[middle] as number) <= at) low = middle
    else high = middle
  }
  if (x.length === 0) return -1
  return Math.abs((x[low] as number) - at) <= Math.abs((x[high] as number) - at) ? low : high
}
