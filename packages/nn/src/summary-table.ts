/** The table of a model's summary. */
import type { ModelSummary } from './summary.ts'
import type { OutputShape, SummaryRow } from './summary-journal.ts'

/** 1234567 as `1,234,567`. */
export function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}

/** Three or four digits and a prefix of the SI: `1.82 G`. */
export function scaled(value: number): string {
  const prefixes = ['', ' k', ' M', ' G', ' T', ' P', ' E']
  let at = 0
  let rest = value
  while (rest >= 999.5 && at < prefixes.length - 1) {
    rest /= 1000
    at++
  }
  if (at === 0) return String(rest)
  const digits = rest < 9.995 ? 2 : rest < 99.95 ? 1 : 0
  return `${rest.toFixed(digits)}${prefixes[at]}`
}

/** `12.3 MB`, of 10⁶ bytes. */
export function bytes(value: number): string {
  const text = scaled(value)
  return text.includes(' ') ? `${text}B` : `${text} B`
}

function shapeText(shape: OutputShape | undefined): string {
  if (shape === undefined || shape === null) return '–'
  if (shape.length === 0 || typeof shape[0] === 'number') return `[${shape.join(', ')}]`
  const known = (shape as readonly OutputShape[]).filter((one) => one !== null)
  return known.length === 0 ? '–' : known.map(inner).join(', ')
}

function inner(shape: OutputShape): string {
  const nested = shape !== null && shape.length > 0 && typeof shape[0] !== 'number'
  return nested ? `(${shapeText(shape)})` : shapeText(shape)
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}

/** The lines before each row that show what is inside of what. */
function branches(rows: readonly SummaryRow[]): string[] {
  const out = rows.map(() => '')
  // Which depths have a row to come, seen from below.
  const open: boolean[] = []
  for (let i = rows.length - 1; i >= 0; i--) {
    const { depth } = rows[i] as SummaryRow
    let text = ''
    for (let at = 1; at < depth; at++) text += open[at] === true ? '│ ' : '  '
    if (depth > 0) text += open[depth] === true ? '├ ' : '└ '
    out[i] = text
    open[depth] = true
    open.length = depth + 1
  }
  return out
}

function trainableText({ parameters, trainable, again }: SummaryRow): string {
  if (again || parameters === 0) return ''
  return trainable === parameters ? 'yes' : trainable === 0 ? 'no' : 'partly'
}

function label(row: SummaryRow, branch: string): string {
  const name = row.name.slice(row.name.lastIndexOf('.') + 1)
  return `${branch}${name === '' ? row.type : `${name}: ${row.type}`}`
}

const LEAST_LABEL = 16
const LEAST_SHAPE = 12
const GAP = 2

function table(rows: readonly SummaryRow[], columns: number): string[] {
  const lead = branches(rows)
  const head = ['Module', 'Output shape', 'Parameters', 'Trainable', 'FLOPs', 'Memory']
  const learning = new Set(rows.filter((row) => row.parameters > 0).map(({ name }) => name))
  const cells = rows.map((row, i) => [
    label(row, lead[i] as string),
    shapeText(row.outputShape),
    row.parameters > 0 ? grouped(row.parameters) : learning.has(row.name) ? 'again' : '–',
    trainableText(row),
    row.flops > 0 ? scaled(row.flops) : '–',
    row.activationBytes > 0 ? bytes(row.activationBytes) : '–',
  ])
  const widths = head.map((title, at) =>
    Math.max(title.length, ...cells.map((row) => (row[at] as string).length)),
  )
  const fixed = widths.slice(2).reduce((sum, width) => sum + width + GAP, GAP)
  // The shape gives way first, then the name.
  const over = (): number => (widths[0] as number) + (widths[1] as number) + fixed - columns
  if (over() > 0) widths[1] = Math.max(LEAST_SHAPE, (widths[1] as number) - over())
  if (over() > 0) widths[0] = Math.max(LEAST_LABEL, (widths[0] as number) - over())
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => {
        const width = widths[at] as number
        return at < 2 ? cut(cell, width).padEnd(width) : cell.padStart(width)
      })
      .join(' '.repeat(GAP))
      .trimEnd()
  const total = widths.reduce((sum, width) => sum + width + GAP, -GAP)
  const rule = '─'.repeat(total)
  return [rule, line(head), rule, ...cells.map(line), rule]
}

/** The table and the totals below it. */
export function formatSummary(summary: ModelSummary, columns: number): string {
  const { parameters, trainable, flops, macs } = summary
  const memory = summary.inputBytes + summary.activationBytes + summary.parameterBytes
  const lines = [
    ['Parameters', grouped(parameters), bytes(summary.parameterBytes) + ' with buffers'],
    ['  trainable', grouped(trainable), ''],
    ['  frozen', grouped(parameters - trainable), ''],
    ['FLOPs', scaled(flops), `${scaled(macs)} multiply-adds`],
    ['Input', bytes(summary.inputBytes), ''],
    ['Outputs', bytes(summary.activationBytes), ''],
    ['Memory', bytes(memory), 'input, outputs and parameters'],
  ] as const
  const width = Math.max(...lines.map(([, value]) => value.length))
  const totals = lines.map(([name, value, more]) =>
    `${name.padEnd(14)}${value.padStart(width)}   ${more}`.trimEnd(),
  )
  return [...table(summary.rows, columns), ...totals].join('\n')
}
