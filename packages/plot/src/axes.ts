/** Axes: scales, ticks, grid lines and the numbers beside them. */
import { ValueError } from '@flambeau/core'
import { scaleLinear, scaleLog } from 'd3-scale'
import type { ScaleContinuousNumeric } from 'd3-scale'
import { line } from 'd3-shape'
import type { ScaleKind } from './scale-kind.ts'
import type { Point } from './series.ts'
import { element, palette, text } from './svg.ts'

export type Axis = ScaleContinuousNumeric<number, number>

export interface Tick {
  at: number
  label: string
}

/**
 * The smallest and largest of some numbers; 0 and 1 if there are none.
 *
 * @throws {ValueError} if they are so far apart that no number says how far.
 */
export function extent(values: readonly number[]): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity]
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    if (value < low) low = value
    if (value > high) high = value
  }
  if (low > high) return [0, 1]
  if (Number.isFinite(high - low)) return [low, high]
  const rule = `numbers from ${low} to ${high} do not fit on an axis`
  throw new ValueError('plot', [], rule, 'leave out what is too large, or divide all')
}

/** Whether an axis of this kind is logarithmic for numbers from `low` to `high`. */
export function isLogarithmic(kind: ScaleKind, low: number, high: number): boolean {
  return low > 0 && (kind === 'log' || (kind === 'auto' && high / low > 20))
}

/** An upright axis with a little room on either side of the values, or of exactly the range given. */
export function upright(
  values: readonly number[],
  kind: ScaleKind,
  height: number,
  range?: readonly [low: number, high: number],
): Axis {
  const [low, high] = range ?? extent(values)
  if (range !== undefined) {
    return (isLogarithmic(kind, low, high) ? scaleLog : scaleLinear)([low, high], [height, 0])
  }
  if (isLogarithmic(kind, low, high)) return scaleLog([low / 1.5, high * 1.15], [height, 0])
  const room = high > low ? (high - low) * 0.06 : Math.abs(high) * 0.1 || 1
  const from = low >= 0 && low < (high - low) * 0.5 ? 0 : low - room
  return scaleLinear([from, high + room], [height, 0])
}

/** About `count` round numbers along an axis, all with as many decimals. */
export function labelled(axis: Axis, count: number): Tick[] {
  const format = axis.tickFormat(count)
  return axis.ticks(count).map((at) => ({ at, label: format(at) }))
}

/**
 * Multiples of powers of ten: 1, 2 and 5 of each while the axis is short, else 1 alone. All are written out,
 * or all with an exponent where some are too far from one for that.
 */
export function logTicks([low = 1, high = 1]: readonly number[]): Tick[] {
  const multiples = Math.log10(high / low) < 3 ? [1, 2, 5] : [1]
  const ticks: Tick[] = []
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) {
    for (const multiple of multiples) {
      const at = Number(`${multiple}e${power}`)
      const label = low <= 1e-7 || high >= 1e21 ? `${multiple}e${power}` : String(at)
      if (at >= low && at <= high) ticks.push({ at, label })
    }
  }
  return ticks
}

/** Round numbers along an axis of either kind. */
export function ticksOf(axis: Axis, logarithmic: boolean, count: number): Tick[] {
  return logarithmic ? logTicks(axis.domain()) : labelled(axis, count)
}

export interface Frame {
  readonly x: Axis
  readonly y: Axis
  readonly columns: readonly Tick[]
  readonly rows: readonly Tick[]
  readonly width: number
  readonly height: number
}

/** Grid lines, and the numbers beside and below them. */
export function gridOf({ x, y, columns, rows, width, height }: Frame): string[] {
  const label = { size: 12, color: palette.muted }
  return [
    ...rows.flatMap((tick) => [
      element('path', { d: `M0,${y(tick.at).toFixed(2)}H${width}`, stroke: palette.grid }),
      text(-10, y(tick.at) + 4, tick.label, { ...label, anchor: 'end' }),
    ]),
    ...columns.flatMap((tick) => [
      element('path', { d: `M${x(tick.at).toFixed(2)},0V${height}`, stroke: palette.grid }),
      text(x(tick.at), height + 20, tick.label, { ...label, anchor: 'middle' }),
    ]),
    element('path', { d: `M0,${height}H${width}`, stroke: palette.muted }),
  ]
}

/** A line through points. */
export function curve(
  points: readonly Point[],
  x: Axis,
  y: Axis,
  style: Readonly<Record<string, string | number>>,
): string {
  const path = line<Point>(
    (point) => x(point.x),
    (point) => y(point.y),
  ).digits(2)
  return element('path', {
    d: path(points) ?? '',
    fill: 'none',
    'stroke-linejoin': 'round',
    ...style,
  })
}

/** Are both coordinates numbers? */
export function isFinitePoint({ x, y }: Point): boolean {
  return Number.isFinite(x) && Number.isFinite(y)
}
