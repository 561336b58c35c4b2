/** Tensors as text, in PyTorch's format. */
import { getDefaultDtype } from './dtype.ts'
import type { Tensor } from './tensor.ts'

/** How tensors are printed; set in print-options.ts. */
export interface PrintSettings {
  precision: number
  threshold: number
  edgeitems: number
  linewidth: number
  sciMode: boolean | null
}

let options: PrintSettings = {
  precision: 4,
  threshold: 1000,
  edgeitems: 3,
  linewidth: 80,
  sciMode: null,
}

/** What is in force. @internal */
export function printSettings(): PrintSettings {
  return options
}

/** Puts other settings in force. @internal */
export function applyPrintSettings(settings: PrintSettings): void {
  options = settings
}

function isFinite(value: number): boolean {
  return Number.isFinite(value)
}

function special(value: number): string {
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
}

function exponential(value: number): string {
  const [mantissa, exponent] = value.toExponential(options.precision).split('e') as [string, string]
  const sign = exponent.startsWith('-') ? '-' : '+'
  return `${mantissa}e${sign}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`
}

/** How every element of one tensor is written, all to the same width. */
class Formatter {
  readonly width: number
  readonly #write: (value: number) => string

  constructor(values: readonly number[], kind: 'floating' | 'integer' | 'bool') {
    this.#write = Formatter.#writer(values, kind)
    // As in PyTorch, 0, nan and inf have no say in the width of floating numbers.
    const counts = (value: number): boolean =>
      kind !== 'floating' || (isFinite(value) && value !== 0)
    this.width = values.reduce(
      (width, value) => (counts(value) ? Math.max(width, this.#write(value).length) : width),
      1,
    )
  }

  static #writer(
    values: readonly number[],
    kind: 'floating' | 'integer' | 'bool',
  ): (value: number) => string {
    if (kind === 'bool') return (value) => (value ? 'True' : 'False')
    if (kind === 'integer') return (value) => String(value)
    const sizes = values.filter((value) => isFinite(value) && value !== 0).map(Math.abs)
    const largest = sizes.reduce((a, b) => Math.max(a, b), 0)
    const smallest = sizes.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
    const whole = sizes.every((size) => Number.isInteger(size))
    const scientific =
      options.sciMode ??
      (sizes.length > 0 &&
        (largest / smallest > 1000 || largest > 1e8 || (!whole && smallest < 1e-4)))
    if (
      scientific &&
      (!whole || largest > 1e8 || options.sciMode !== null || largest / smallest > 1000)
    ) {
      return (value) => (isFinite(value) ? exponential(value) : special(value))
    }
    // Whole numbers are written as `3.`, unless all are zero of a fraction.
    if (whole)
      return (value) =>
        isFinite(value) ? `${Object.is(value, -0) ? '-0' : value.toFixed(0)}.` : special(value)
    return (value) => (isFinite(value) ? value.toFixed(options.precision) : special(value))
  }

  /** The value padded to the common width. */
  format(value: number): string {
    return this.#write(value).padStart(this.width)
  }
}

/** Positions of an axis that are shown; -1 stands for the dots. */
function shown(size: number, cut: boolean): number[] {
  const edge = options.edgeitems
  if (!cut || size <= 2 * edge) return Array.from({ length: size }, (_, i) => i)
  return [
    ...Array.from({ length: edge }, (_, i) => i),
    -1,
    ...Array.from({ length: edge }, (_, i) => size - edge + i),
  ]
}

export function formatTensor(tensor: Tensor): string {
  if (tensor.isDisposed)
    return `tensor(<disposed>, dtype=${tensor.dtype}, shape=[${tensor.shape.join(', ')}])`
  const { shape, dtype } = tensor
  const kind = dtype === 'bool' ? 'bool' : tensor.isFloatingPoint() ? 'floating' : 'integer'
  const cut = tensor.numel() > options.threshold
  const empty = tensor.numel() === 0
  const positions = empty ? [] : shape.map((size) => shown(size, cut))

  // Read only what is shown.
  const cells: number[] = []
  const collect = (part: Tensor, axis: number): void => {
    if (axis >= shape.length - 1) {
      collectRow(part, positions[axis] ?? [0], cells)
      return
    }
    for (const at of positions[axis] as number[]) {
      if (at < 0) continue
      const next = part.select(0, at)
      collect(next, axis + 1)
      next.dispose()
    }
  }
  const detached = tensor.detach()
  if (!empty) collect(detached, 0)
  detached.dispose()

  const formatter = new Formatter(cells, kind)
  const prefix = 'tensor('
  let next = 0
  const build = (axis: number, indent: number): string => {
    if (axis === shape.length) return formatter.format(cells[next++] as number)
    const visible = positions[axis] as number[]
    if (axis === shape.length - 1) {
      const items = visible.map((at) =>
        at < 0 ? ' ...' : formatter.format(cells[next++] as number),
      )
      const perLine = Math.max(1, Math.floor((options.linewidth - indent) / (formatter.width + 2)))
      const lines: string[] = []
      for (let i = 0; i < items.length; i += perLine)
        lines.push(items.slice(i, i + perLine).join(', '))
      return `[${lines.join(`,\n${' '.repeat(indent + 1)}`)}]`
    }
    const items = visible.map((at) => (at < 0 ? '...' : build(axis + 1, indent + 1)))
    const gap = `,${'\n'.repeat(shape.length - axis - 1)}${' '.repeat(indent + 1)}`
    return `[${items.join(gap)}]`
  }
  const body = empty ? '[]' : build(0, prefix.length)

  const suffixes: string[] = []
  if (tensor.device !== 'cpu') suffixes.push(`device='${tensor.device}'`)
  if (empty && shape.length !== 1) suffixes.push(`size=(${shape.join(', ')})`)
  const usual = getDefaultDtype()
  const implied = kind === 'floating' ? dtype === usual : dtype === 'int64' || dtype === 'bool'
  if (!implied || (empty && dtype !== usual)) suffixes.push(`dtype=${dtype}`)
  const gradient = gradientSuffix?.(tensor)
  if (gradient) suffixes.push(gradient)
  return `${prefix}${[body, ...suffixes].join(', ')})`
}

/** Adds the visible elements of the last axis (or the only element): both ends of a long one. */
function collectRow(part: Tensor, visible: readonly number[], cells: number[]): void {
  const gap = visible.indexOf(-1)
  if (gap < 0) {
    const row = readNumbers(part)
    for (const at of visible) cells.push(row[at] as number)
    return
  }
  for (const [start, count] of [
    [0, gap],
    [visible[gap + 1] ?? 0, visible.length - gap - 1],
  ] as const) {
    const end = part.narrow(0, start, count)
    cells.push(...Array.from(readNumbers(end)))
    end.dispose()
  }
}

/** Elements in row-major order as numbers; 64-bit integers may round, which printing accepts. */
function readNumbers(tensor: Tensor): ArrayLike<number> {
  if (tensor.dtype !== 'int64') return tensor.toArray()
  return Array.from(tensor.toBigIntArray(), (value) => value as unknown as number)
}

let gradientSuffix: ((tensor: Tensor) => string | null) | null = null

/** Lets the gradient package add `requiresGrad=true` or `gradFn=<…>`. @internal */
export function setGradientSuffix(suffix: (tensor: Tensor) => string | null): void {
  gradientSuffix = suffix
}
