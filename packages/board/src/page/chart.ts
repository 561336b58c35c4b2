/** A chart of one tag: a curve for each run. */
import uPlot from 'uplot'
import { h, themeColor } from './dom.ts'
import { formatDuration, formatNumber, formatTime } from './format.ts'
import type { Line } from './series.ts'
import { nearest } from './series.ts'
import type { XAxis } from './state.ts'

/** A run's curve with its colour. */
export interface NamedLine extends Line {
  readonly name: string
  readonly color: string
  /** Lengths of dashes and of the gaps between them. Default none. */
  readonly dash?: readonly number[]
  /** The lower and the upper bound, one after the other, have the space between them filled. Default `line`. */
  readonly role?: 'line' | 'lower' | 'upper'
}

/** How a chart is drawn. */
export interface ChartStyle {
  readonly axis: XAxis
  readonly logarithmic: boolean
  readonly isSmoothed: boolean
  /** Does the vertical axis begin at 0? */
  readonly isFromZero: boolean
}

const HEIGHT = 210
const TALL = 420

/** A chart within a card. */
export class Chart {
  readonly element: HTMLElement
  /** Has it been on the screen, so that its curves are needed? */
  isSeen = false
  readonly #plotted: HTMLElement = h('div', { class: 'plot' })
  readonly #tip: HTMLElement = h('div', { class: 'tip' })
  readonly #reset: HTMLElement
  #plot: uPlot | null = null
  #lines: readonly NamedLine[] = []
  /** What the plot was made for: with other runs or axes it is made anew. */
  #made = ''
  #zoom: { min: number; max: number } | null = null

  /** @param title Above the chart. @param tag Of its curves. */
  constructor(title: string, tag: string) {
    this.#reset = h(
      'button',
      { class: 'small', title: 'Show all of it again', on: { click: () => this.#unzoom() } },
      'reset zoom',
    )
    this.#reset.hidden = true
    const widen = h(
      'button',
      { class: 'small', title: 'Wide or narrow', on: { click: () => this.#widen() } },
      '⤢',
    )
    const head = h('header', {}, h('h3', { title: tag }, title), this.#reset, widen)
    this.element = h('section', { class: 'card chart', attrs: { 'data-tag': tag } }, head)
    this.element.append(this.#plotted)
    this.#tip.hidden = true
    new ResizeObserver(() => this.#fit()).observe(this.#plotted)
  }

  /** Draws lines: anew where runs or axes have changed, else the points that have come. */
  draw(lines: readonly NamedLine[], style: ChartStyle): void {
    this.#lines = lines
    const data = dataOf(lines, style)
    const key = JSON.stringify([style, lines.map(({ name, color, role }) => [name, color, role])])
    this.element.dataset['points'] = String(Math.max(0, ...lines.map(({ x }) => x.length)))
    if (this.#plot !== null && key === this.#made) {
      this.#plot.setData(data, this.#zoom === null)
      if (this.#zoom !== null) this.#plot.setScale('x', this.#zoom)
      return
    }
    if (!this.#made.includes(style.axis)) this.#setZoom(null)
    this.#made = key
    this.#plot?.destroy()
    this.#plot = new uPlot(this.#options(lines, style), data, this.#plotted)
    this.#plot.over.append(this.#tip)
    if (this.#zoom !== null) this.#plot.setScale('x', this.#zoom)
  }

  #options(lines: readonly NamedLine[], style: ChartStyle): uPlot.Options {
    const { axis, logarithmic, isSmoothed } = style
    const axes = axesOf(axis)
    const faint = lines.map(({ name, color }) => ({
      label: name,
      stroke: `${color}44`,
      width: 1,
      spanGaps: true,
      points: { show: false },
    }))
    const full = lines.map(({ name, color, dash = [], role = 'line' }) => ({
      label: name,
      stroke: role === 'line' ? color : `${color}66`,
      width: role === 'line' ? 2 : 1,
      dash: [...dash],
      spanGaps: true,
      points: { show: lines.every(({ x }) => x.length < 2), fill: color, size: 6 },
    }))
    return {
      width: this.#plotted.clientWidth || 400,
      height: this.#height(),
      padding: [10, 14, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: axis === 'wall' },
        y: { distr: logarithmic ? 3 : 1, range: rangeOf(style) },
      },
      axes,
      series: [{}, ...(isSmoothed ? faint : []), ...full],
      bands: bandsOf(lines, isSmoothed ? lines.length + 1 : 1),
      cursor: { y: false, drag: { x: true, y: false }, points: { show: false } },
      hooks: {
        setCursor: [(plot) => this.#hover(plot, axis, isSmoothed)],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select
            if (width < 4) return
            this.#setZoom({ min: plot.posToVal(left, 'x'), max: plot.posToVal(left + width, 'x') })
          },
        ],
        ready: [(plot) => plot.over.addEventListener('dblclick', () => this.#unzoom())],
      },
    }
  }

  #setZoom(zoom: { min: number; max: number } | null): void {
    this.#zoom = zoom
    this.#reset.hidden = zoom === null
  }

  #unzoom(): void {
    this.#setZoom(null)
    this.#plot?.setData(this.#plot.data, true)
  }

  #widen(): void {
    this.element.classList.toggle('wide')
    this.#fit()
  }

  #height(): number {
    return this.element.classList.contains('wide') ? TALL : HEIGHT
  }

  #fit(): void {
    const width = this.#plotted.clientWidth
    if (width > 0) this.#plot?.setSize({ width, height: this.#height() })
  }

  /** Values of all runs at the cursor, the largest first. */
  #hover(plot: uPlot, axis: XAxis, isSmoothed: boolean): void {
    const { left = -1 } = plot.cursor
    if (left < 0) {
      this.#tip.hidden = true
      return
    }
    const at = plot.posToVal(left, 'x')
    const rows = this.#lines
      .map((line) => ({ line, i: nearest(line.x, at) }))
      .filter(({ i }) => i >= 0)
      .toSorted((a, b) => (b.line.smooth[b.i] ?? -Infinity) - (a.line.smooth[a.i] ?? -Infinity))
    const [first] = rows
    if (first === undefined) return
    const step = first.line.steps[first.i] as number
    const time = first.line.times[first.i] as number
    const since = time - (first.line.times[0] as number)
    const when = `step ${step.toLocaleString('en')} · ${axis === 'wall' ? formatTime(time) : `after ${formatDuration(since)}`}`
    const shown = rows.slice(0, 12).map(({ line, i }) => {
      const dot = h('i', { class: 'dot' })
      dot.style.background = line.color
      const raw = isSmoothed ? h('td', { class: 'muted' }, formatNumber(line.raw[i])) : null
      const value = h('td', { class: 'value' }, formatNumber(line.smooth[i]))
      return h('tr', {}, h('td', {}, dot, line.name), value, raw)
    })
    this.#tip.replaceChildren(h('div', { class: 'muted' }, when), h('table', {}, ...shown))
    this.#tip.hidden = false
    const isRight = left > plot.over.clientWidth / 2
    this.#tip.style.left = isRight ? '' : `${left + 14}px`
    this.#tip.style.right = isRight ? `${plot.over.clientWidth - left + 14}px` : ''
  }
}

/** The spaces between lower and upper bounds; the first line is the `first` series. */
function bandsOf(lines: readonly NamedLine[], first: number): uPlot.Band[] {
  return lines.flatMap(({ role, color }, i) => {
    if (role !== 'lower' || lines[i + 1]?.role !== 'upper') return []
    return [{ series: [first + i + 1, first + i] as [number, number], fill: `${color}2e` }]
  })
}

/** Seconds between marks that people take for round. */
const durations: number[] = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30],
  ...[1, 2, 5, 10, 15, 20, 30].map((count) => count * 60),
  ...[1, 2, 3, 4, 6, 12, 24, 48, 96, 192].map((count) => count * 3600),
]

/** The ends of the vertical axis, where they are not the library's. */
function rangeOf({ isFromZero, logarithmic }: ChartStyle): uPlot.Scale.Range | undefined {
  if (!isFromZero || logarithmic) return undefined
  return (_plot, _low, high) => [0, high > 0 ? high * 1.08 : 1]
}

function axesOf(axis: XAxis): uPlot.Axis[] {
  const common = {
    stroke: themeColor('muted'),
    grid: { stroke: themeColor('grid'), width: 1 },
    ticks: { show: false },
    font: '11px Inter, system-ui, sans-serif',
  }
  const labels = (values: readonly number[]): string[] =>
    values.map((value) => (axis === 'relative' ? formatDuration(value) : compact(value)))
  const below = {
    ...common,
    size: 28,
    space: 72,
    ...(axis === 'relative' ? { incrs: durations } : {}),
  }
  return [
    axis === 'wall' ? below : { ...below, values: (_plot, values) => labels(values) },
    {
      ...common,
      size: 52,
      space: 32,
      values: (_plot, values) => values.map((value) => (value === null ? '' : compact(value))),
    },
  ]
}

/** A number beside an axis. */
function compact(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(4))}M`
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(4))}k`
  if (value !== 0 && size < 1e-3) return value.toExponential(0)
  return String(Number(value.toPrecision(6)))
}

/** All lines over all of their x. */
function dataOf(lines: readonly NamedLine[], { isSmoothed }: ChartStyle): uPlot.AlignedData {
  const tables = (values: (line: NamedLine) => (number | null)[]): uPlot.AlignedData[] =>
    lines.map((line) => [line.x, values(line)])
  const raw = isSmoothed ? tables((line) => line.raw) : []
  const all = [...raw, ...tables((line) => line.smooth)]
  return all.length === 0 ? [[]] : uPlot.join(all)
}
