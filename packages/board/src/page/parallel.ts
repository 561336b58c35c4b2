/** Parallel coordinates: an upright axis for each column, and a line through all of them for each run. */
import { drawn } from './dom.ts'

/** A value of a run: a number, a choice, or none. */
export type Value = number | string | boolean | null | undefined

/** A column of the table, as an axis. */
export interface ParallelAxis {
  readonly name: string
  readonly isMetric: boolean
  /** For each run. */
  readonly values: readonly Value[]
}

/** A run. */
export interface ParallelLine {
  readonly name: string
  readonly color: string
}

const WIDTH = 150
const HEIGHT = 220
const TOP = 34
const SIDE = 70

interface Scale {
  /** The share of the axis from below, null for a run that has no such value. */
  readonly place: (value: Value) => number | null
  readonly marks: readonly (readonly [share: number, text: string])[]
}

/** Numbers along an axis, by their size where they span more than a factor of 20. */
function numeric(values: readonly number[]): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const isLog = low > 0 && high / low > 20
  const scaled = (value: number): number => (isLog ? Math.log(value) : value)
  const [from, to] = [scaled(low), scaled(high)]
  const text = (value: number): string => String(Number(value.toPrecision(3)))
  const middle = isLog ? Math.exp((from + to) / 2) : (from + to) / 2
  const ends = [
    [0, text(low)],
    [0.5, text(middle)],
    [1, text(high)],
  ] as const
  return {
    place: (value) =>
      typeof value !== 'number' ? null : to > from ? (scaled(value) - from) / (to - from) : 0.5,
    marks: to > from ? ends : [[0.5, text(low)]],
  }
}

/** Choices along an axis, evenly. */
function categorical(values: readonly Value[]): Scale {
  const names = [...new Set(values.filter((value) => value !== null && value !== undefined))].map(
    String,
  )
  names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  const share = (i: number): number => (names.length > 1 ? i / (names.length - 1) : 0.5)
  return {
    place: (value) => {
      const i = names.indexOf(String(value))
      return i < 0 ? null : share(i)
    },
    marks: names.map((name, i) => [share(i), name] as const),
  }
}

/** Draws runs across axes. The line that the mouse is on stands out. */
export function parallelCoordinates(
  axes: readonly ParallelAxis[],
  lines: readonly ParallelLine[],
): SVGElement {
  const width = 2 * SIDE + (axes.length - 1) * WIDTH
  const height = TOP + HEIGHT + 20
  const svg = drawn('svg', {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
    'aria-label': 'runs across hyper-parameters and results',
    class: 'parallel',
  })
  const scales = axes.map(({ values }) => {
    const numbers = values.filter((value) => typeof value === 'number')
    const others = values.some((value) => typeof value === 'string' || typeof value === 'boolean')
    return others || numbers.length === 0 ? categorical(values) : numeric(numbers)
  })
  const x = (i: number): number => SIDE + i * WIDTH
  const y = (share: number): number => TOP + (1 - share) * HEIGHT
  lines.forEach(({ name, color }, run) => {
    const points = axes.flatMap(({ values }, i) => {
      const share = scales[i]?.place(values[run]) ?? null
      return share === null ? [] : [`${x(i)},${y(share)}`]
    })
    const line = drawn('polyline', { points: points.join(' '), stroke: color })
    const title = drawn('title', {})
    title.textContent = name
    line.append(title)
    svg.append(line)
  })
  axes.forEach(({ name, isMetric }, i) => {
    svg.append(drawn('path', { d: `M${x(i)},${TOP}V${TOP + HEIGHT}` }))
    const label = drawn('text', { x: x(i), y: 16, class: isMetric ? 'metric' : 'name' })
    label.textContent = name
    svg.append(label)
    for (const [share, text] of scales[i]?.marks ?? []) {
      const mark = drawn('text', { x: x(i) + 7, y: y(share) + 4, class: 'mark' })
      mark.textContent = text
      svg.append(mark)
    }
  })
  return svg
}
