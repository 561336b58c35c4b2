import { Tensor, ValueError } from '@flambeau/core'
import { requireList, requireNumberList, requireOptions } from '@flambeau/core/internal'
import { extent } from './axes.ts'
import { Figure } from './figure.ts'
import { element, palette, svgDocument, text } from './svg.ts'
import { matrixText } from './terminal.ts'
import { numbersOf } from './values.ts'

/** A matrix: `[rows, columns]` as a tensor or as lists. */
export type Matrix = Tensor | readonly (readonly number[])[]

export interface MatrixPlotOptions {
  readonly title?: string
  /** One line below the title. */
  readonly subtitle?: string
  /** Beside the rows and below the columns. Default their numbers. */
  readonly rowNames?: readonly string[]
  readonly columnNames?: readonly string[]
  readonly xLabel?: string
  readonly yLabel?: string
  /** Write each number into its cell. Default for up to 20 columns. */
  readonly values?: boolean
  /** Digits after the point. Default 2, or 0 where all numbers are whole. */
  readonly digits?: number
}

function gridOfNumbers(op: string, matrix: Matrix): number[][] {
  if (!(matrix instanceof Tensor)) {
    requireList(op, 'matrix', matrix, 'a tensor or a list of rows')
    return Array.from(matrix, (row, i) => {
      requireNumberList(op, `matrix[${i}]`, row)
      return [...row]
    })
  }
  if (matrix.ndim !== 2) {
    throw new ValueError(op, { matrix }, 'the matrix must be [rows, columns]', 'select one of them')
  }
  const [rows, columns] = matrix.shape as [number, number]
  const all = numbersOf(matrix)
  return Array.from({ length: rows }, (_, i) => all.slice(i * columns, (i + 1) * columns))
}

/** White to deep blue. */
function shade(share: number): string {
  const mix = (from: number, to: number): number => Math.round(from + (to - from) * share)
  return `rgb(${mix(246, 17)},${mix(248, 66)},${mix(252, 140)})`
}

/**
 * A matrix as shades of blue: attention weights, kernels, similarities.
 *
 * @throws {ValueError} if the matrix has not two axes, is empty, or its rows differ in length.
 *
 * @example
 * ```ts
 * import { eye } from '@flambeau/core'
 * import { heatmap } from '@flambeau/plot'
 * const figure = heatmap(eye(3), { rowNames: ['a', 'b', 'c'], title: 'Attention' })
 * console.log(figure.toText().split('\n')[1]) // => a  @@
 * ```
 */
export function heatmap(matrix: Matrix, options: MatrixPlotOptions = {}): Figure {
  const op = 'heatmap'
  requireOptions(op, options)
  for (const names of [options.rowNames, options.columnNames]) {
    if (names !== undefined) requireList(op, 'names', names, 'a list of texts')
  }
  const rows = gridOfNumbers(op, matrix)
  const columns = rows[0]?.length ?? 0
  if (columns === 0 || rows.some((row) => row.length !== columns)) {
    throw new ValueError(op, [], 'the matrix needs rows of one length', 'see its shape')
  }
  const names = (given: readonly string[] | undefined, count: number): string[] =>
    Array.from({ length: count }, (_, i) => given?.[i] ?? String(i))
  const [left, below] = [names(options.rowNames, rows.length), names(options.columnNames, columns)]
  const side = Math.max(8, Math.min(56, Math.floor(640 / Math.max(columns, rows.length))))
  const [low, high] = extent(rows.flat())
  const share = (value: number): number => (high > low ? (value - low) / (high - low) : 0.5)
  const whole = rows.every((row) => row.every(Number.isInteger))
  const digits = options.digits ?? (whole ? 0 : 2)
  const written = options.values ?? columns <= 20
  const longest = Math.max(...left.map((name) => name.length))
  const margin = { left: 40 + longest * 7 + (options.yLabel === undefined ? 0 : 22), top: 72 }
  if (options.title !== undefined) margin.top = options.subtitle === undefined ? 72 : 92
  const turned = below.some((name) => name.length * 7 > side)
  const foot = turned ? 16 + Math.max(...below.map((name) => name.length)) * 6.5 : 28
  const cells = rows.flatMap((row, i) =>
    row.flatMap((value, j) => {
      const [x, y] = [margin.left + j * side, margin.top + i * side]
      const box = element('rect', { x, y, width: side, height: side, fill: shade(share(value)) })
      if (!written || side < 20) return [box]
      const color = share(value) > 0.55 ? palette.background : palette.ink
      const size = Math.min(13, side / 2.6)
      const at = text(x + side / 2, y + side / 2 + size * 0.36, value.toFixed(digits), {
        size,
        color,
        anchor: 'middle',
      })
      return [box, at]
    }),
  )
  const every = Math.max(1, Math.ceil(14 / side))
  const label = { size: Math.min(12, Math.max(9, side * 0.6)), color: palette.muted }
  const rowLabels = left
    .map((name, i) =>
      text(margin.left - 8, margin.top + (i + 0.5) * side + 4, name, { ...label, anchor: 'end' }),
    )
    .filter((_, i) => i % every === 0)
  const bottom = margin.top + rows.length * side
  const columnLabels = below
    .map((name, j) => {
      const x = margin.left + (j + 0.5) * side
      if (!turned) return text(x, bottom + 18, name, { ...label, anchor: 'middle' })
      const at = `translate(${x + 4},${bottom + 10}) rotate(-90)`
      return element('g', { transform: at }, text(0, 0, name, { ...label, anchor: 'end' }))
    })
    .filter((_, j) => j % every === 0)
  const axis = { size: 13, bold: true, anchor: 'middle' } as const
  const middle = margin.top + (rows.length * side) / 2
  // About as wide as the letters of Inter are at 20 and at 13.
  const { title = '', subtitle = '' } = options
  const words = 80 + Math.max(title.length * 11, subtitle.length * 7)
  const width = Math.max(margin.left + columns * side + 40, Math.min(words, 1200), 360)
  return new Figure(
    svgDocument(width, bottom + foot + (options.xLabel === undefined ? 12 : 36), [
      text(40, 40, options.title ?? '', { size: 20, bold: true }),
      text(40, 63, options.subtitle ?? '', { size: 13, color: palette.muted }),
      ...cells,
      ...rowLabels,
      ...columnLabels,
      text(margin.left + (columns * side) / 2, bottom + foot + 18, options.xLabel ?? '', axis),
      element(
        'g',
        { transform: `translate(28,${middle}) rotate(-90)` },
        [text(0, 0, options.yLabel ?? '', axis)].join(''),
      ),
    ]),
    (across) => matrixText(rows, left, across, options.title),
  )
}

/**
 * A confusion matrix: rows are the truth, columns what was predicted; the share of right answers
 * stands below the title.
 *
 * @param matrix `[classes, classes]` of counts.
 * @throws {ValueError} if the matrix is not square.
 *
 * @example
 * ```ts
 * import { confusionMatrix } from '@flambeau/plot'
 * const figure = confusionMatrix([[9, 1], [2, 8]], { rowNames: ['cat', 'dog'] })
 * console.log(figure.svg.includes('85.00 % of 20 right')) // => true
 * ```
 */
export function confusionMatrix(matrix: Matrix, options: MatrixPlotOptions = {}): Figure {
  requireOptions('confusionMatrix', options)
  const rows = gridOfNumbers('confusionMatrix', matrix)
  if (rows.some((row) => row.length !== rows.length)) {
    throw new ValueError('confusionMatrix', [], 'rows and columns are the same classes', 'n × n')
  }
  let [right, all] = [0, 0]
  rows.forEach((row, i) => {
    right += row[i] as number
    for (const count of row) all += count
  })
  const share = all === 0 ? 0 : (100 * right) / all
  return heatmap(rows, {
    title: 'Confusion matrix',
    subtitle: `${share.toFixed(2)} % of ${all.toLocaleString('en')} right`,
    xLabel: 'predicted',
    yLabel: 'truth',
    ...(options.rowNames === undefined ? {} : { columnNames: options.rowNames }),
    ...options,
  })
}
