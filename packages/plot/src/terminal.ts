/** Plots in characters, for a terminal. */
import { extent } from './axes.ts'
import type { Point } from './series.ts'
import type { Pixels } from './values.ts'

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

type Ends = readonly [low: number, high: number]

/** The place of a value among `count`, from 0. */
function placeOf(value: number, [low, high]: Ends, count: number): number {
  return high > low ? Math.round(((value - low) / (high - low)) * (count - 1)) : count >> 1
}

/** A mark for each point. */
function marksOf(series: readonly Named[], x: Ends, y: Ends, width: number): string[][] {
  const cells = Array.from({ length: ROWS }, () => new Array<string>(width).fill(' '))
  series.forEach(({ points }, i) => {
    for (const point of points) {
      const row = cells[ROWS - 1 - placeOf(point.y, y, ROWS)] as string[]
      row[placeOf(point.x, x, width)] = MARKS[i % MARKS.length] as string
    }
  })
  return cells
}

/** Dots of a braille character, by column and by row from above. */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const

/** A line through the points, of two by four dots to a character. */
function brailleOf(points: readonly Point[], x: Ends, y: Ends, width: number): string[][] {
  const dots = Array.from({ length: ROWS }, () => new Array<number>(width).fill(0))
  const set = (column: number, row: number): void => {
    const cells = dots[row >> 2] as number[]
    cells[column >> 1] = (cells[column >> 1] as number) | (DOTS[column & 1]?.[row & 3] as number)
  }
  let before: readonly [number, number] | null = null
  for (const point of points) {
    const to = [
      placeOf(point.x, x, 2 * width),
      4 * ROWS - 1 - placeOf(point.y, y, 4 * ROWS),
    ] as const
    const from: readonly [number, number] = before ?? to
    const steps = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1)
    for (let i = 0; i <= steps; i++) {
      const at = (axis: 0 | 1): number =>
        Math.round(from[axis] + ((to[axis] - from[axis]) * i) / steps)
      set(at(0), at(1))
    }
    before = to
  }
  return dots.map((row) =>
    row.map((bits) => (bits === 0 ? ' ' : String.fromCodePoint(0x2800 + bits))),
  )
}

/** Curves over 12 lines, a line of braille dots or, of several, or of single points, marks; the numbers of the vertical axis beside them; names below. */
export function lineText(
  series: readonly Named[],
  columns: number,
  title?: string,
  isLine = true,
): string {
  const all = series.flatMap(({ points }) => points)
  const [low, high] = extent(all.map(({ y }) => y))
  const [from, to] = extent(all.map(({ x }) => x))
  const labels = [short(high), short((low + high) / 2), short(low)]
  const edge = Math.max(...labels.map((label) => label.length))
  const width = Math.max(8, columns - edge - 2)
  const [only] = series
  const cells =
    isLine && series.length === 1 && only !== undefined
      ? brailleOf(only.points, [from, to], [low, high], width)
      : marksOf(series, [from, to], [low, high], width)
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

/** From nothing to full; a terminal is taken to be dark. */
const SHADES = ' .:-=+*#%@'

const shadeOf = (share: number): string =>
  SHADES[Math.min(SHADES.length - 1, Math.max(0, Math.floor(share * SHADES.length)))] as string

/** The mean over the cells of a matrix that fall into each of `rows` × `columns` fields. */
function pooled(matrix: readonly (readonly number[])[], rows: number, columns: number): number[][] {
  const [height, width] = [matrix.length, matrix[0]?.length ?? 0]
  const ends = (i: number, count: number, size: number): [number, number] => {
    const from = Math.floor((i * size) / count)
    return [from, Math.max(from + 1, Math.floor(((i + 1) * size) / count))]
  }
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (__, j) => {
      const part = matrix.slice(...ends(i, rows, height))
      const values = part.flatMap((row) => row.slice(...ends(j, columns, width)))
      return values.reduce((sum, value) => sum + value, 0) / values.length
    }),
  )
}

/** A matrix in shades, two characters to a cell where there is room. */
export function matrixText(
  rows: readonly (readonly number[])[],
  names: readonly string[],
  columns: number,
  title?: string,
): string {
  const [low, high] = extent(rows.flat())
  const share = (value: number): number => (high > low ? (value - low) / (high - low) : 0.5)
  const longest = Math.max(...names.map((name) => name.length))
  const room = Math.max(4, columns - longest - 2)
  const width = rows[0]?.length ?? 0
  const wide = 2 * width <= room ? 2 : 1
  const shown = width <= room ? rows : pooled(rows, rows.length, room)
  const lines = shown.map((row, i) => {
    const cells = row.map((value) => shadeOf(share(value)).repeat(wide)).join('')
    return `${(names[i] ?? '').padStart(longest)}  ${cells}`.trimEnd()
  })
  return title === undefined ? lines.join('\n') : [title, ...lines].join('\n')
}

/** Brightness of each pixel from 0 to 1, row by row. */
function brightness({ width, height, channels, data }: Pixels): number[][] {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (__, x) => {
      const at = (y * width + x) * channels
      if (channels === 1) return (data[at] as number) / 255
      const [r, g, b] = [data[at], data[at + 1], data[at + 2]] as [number, number, number]
      return (0.299 * r + 0.587 * g + 0.114 * b) / 255
    }),
  )
}

/** Characters of a picture; they are twice as high as wide. */
function charactersOf(picture: Pixels, width: number): string[][] {
  const height = Math.max(1, Math.round((picture.height / picture.width) * width * 0.5))
  return pooled(brightness(picture), height, width).map((row) => row.map(shadeOf))
}

/** Columns of a picture beside others. */
const TILE = 28

/** Pictures in shades, side by side. */
export function imageText(
  pictures: readonly Pixels[],
  columns: number,
  captions: readonly string[] | undefined,
  title?: string,
): string {
  const [first] = pictures
  const width = Math.max(4, Math.min(TILE, columns, 2 * (first?.width ?? TILE)))
  const across = Math.max(1, Math.floor((columns + 2) / (width + 2)))
  const lines = title === undefined ? [] : [title]
  for (let start = 0; start < pictures.length; start += across) {
    const row = pictures.slice(start, start + across).map((one) => charactersOf(one, width))
    const height = Math.max(...row.map((one) => one.length))
    for (let y = 0; y < height; y++) {
      const cells = row.map((one) => (one[y]?.join('') ?? '').padEnd(width))
      lines.push(cells.join('  ').trimEnd())
    }
    if (captions === undefined) continue
    const names = captions.slice(start, start + across)
    lines.push(
      names
        .map((name) => name.slice(0, width).padEnd(width))
        .join('  ')
        .trimEnd(),
    )
  }
  return lines.join('\n')
}

/** A picture in shades, with what is covered as `▒` and frames of boxes over it. */
export function overlayText(
  picture: Pixels,
  boxes: readonly number[],
  mask: readonly number[],
  columns: number,
  captions: readonly string[] | undefined,
): string {
  const width = Math.min(columns, Math.max(2 * picture.width, 16))
  const cells = charactersOf(picture, width)
  const height = cells.length
  const set = (x: number, y: number, character: string): void => {
    const row = cells[y]
    if (row !== undefined && x >= 0 && x < width) row[x] = character
  }
  const across = (x: number): number => Math.round((x / picture.width) * (width - 1))
  const down = (y: number): number => Math.round((y / picture.height) * (height - 1))
  for (let y = 0; y < height && mask.length > 0; y++) {
    const line = Math.floor(((y + 0.5) * picture.height) / height) * picture.width
    for (let x = 0; x < width; x++) {
      const at = line + Math.floor(((x + 0.5) * picture.width) / width)
      if (mask[at] !== 0) set(x, y, '▒')
    }
  }
  for (let at = 0; at + 3 < boxes.length; at += 4) {
    const [x1, y1, x2, y2] = boxes.slice(at, at + 4) as [number, number, number, number]
    const [left, top, right, bottom] = [across(x1), down(y1), across(x2), down(y2)]
    for (let x = left; x <= right; x++) for (const y of [top, bottom]) set(x, y, '─')
    for (let y = top; y <= bottom; y++) for (const x of [left, right]) set(x, y, '│')
    set(left, top, '┌')
    set(right, top, '┐')
    set(left, bottom, '└')
    set(right, bottom, '┘')
    const caption = captions?.[at / 4]?.split('') ?? []
    caption.forEach((letter, i) => set(left + 1 + i, top, letter))
  }
  return cells.map((row) => row.join('').trimEnd()).join('\n')
}
