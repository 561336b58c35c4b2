/** Plots in characters, for a terminal. */
import { extent } from './axes.ts'
import type { Point } from './series.ts'

const ROWS = 12
/** One mark for each curve, in order. */
const MARKS = '•×+o*#'

interface Named {
  readonly name: string
  readonly points: readonly Point[]
}

/** A number in at most seven characters. */
function short(value: number): string {
  const magnitude = Math.abs(value)
  if (value !== 0 && (magnitude >= 1e5 || magnitude < 1e-3)) return value.toExponential(1)
  return String(Number(value.toPrecision(4)))
}

/** Curves over 12 lines, the numbers of the vertical axis beside them; names below. */
export function lineText(series: readonly Named[], columns: number, title?: string): string {
  const all = series.flatMap(({ points }) => points)
  const [low, high] = extent(all.map(({ y }) => y))
  const [from, to] = extent(all.map(({ x }) => x))
  const labels = [short(high), short((low + high) / 2), short(low)]
  const edge = Math.max(...labels.map((label) => label.length))
  const width = Math.max(8, columns - edge - 2)
  const cells = Array.from({ length: ROWS }, () => new Array<string>(width).fill(' '))
  const place = (value: number, start: number, end: number, count: number): number =>
    end > start ? Math.round(((value - start) / (end - start)) * (count - 1)) : count >> 1
  series.forEach(({ points }, i) => {
    for (const { x, y } of points) {
      const row = cells[ROWS - 1 - place(y, low, high, ROWS)] as string[]
      row[place(x, from, to, width)] = MARKS[i % MARKS.length] as string
    }
  })
  const beside: Record<number, string | undefined> = { 0: labels[0], [ROWS >> 1]: labels[1] }
  beside[ROWS - 1] = labels[2]
  const body = cells.map((row, i) => {
    const label = (beside[i] ?? '').padStart(edge)
    return `${label} │${row.join('')}`.trimEnd()
  })
  const ends = short(from) + short(to).padStart(width - short(from).length)
  const names = series.length > 1 ? series.map(({ name }, i) => `${MARKS[i % 6]} ${name}`) : []
  const lines = [...body, `${' '.repeat(edge)} └${'─'.repeat(width)}`]
  lines.push(`${' '.repeat(edge + 2)}${ends}`)
  if (title !== undefined) lines.unshift(title)
  if (names.length > 0) lines[lines.length - 1] += `   ${names.join('  ')}`
  return lines.join('\n')
}

/** A bar for each pair of label and count. */
export function barText(bars: readonly (readonly [string, number])[], columns: number): string {
  const edge = Math.max(0, ...bars.map(([label]) => label.length))
  const most = Math.max(1, ...bars.map(([, count]) => count))
  const room = Math.max(8, columns - edge - 10)
  return bars
    .map(([label, count]) => {
      const halves = Math.round((count / most) * room * 2)
      const bar = '█'.repeat(halves >> 1) + (halves % 2 === 1 ? '▌' : '')
      return `${label.padStart(edge)} │${bar} ${count}`
    })
    .join('\n')
}
