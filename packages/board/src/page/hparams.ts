/** The tab that compares runs: a row for each run, with its hyper-parameters and what came of them. */
import { empty, h } from './dom.ts'
import { formatNumber } from './format.ts'
import type { Value as Cell } from './parallel.ts'
import { parallelCoordinates } from './parallel.ts'
import type { Scene, ShownRun, View } from './view.ts'
import { matches } from './view.ts'

interface Column {
  readonly name: string
  readonly isMetric: boolean
  readonly of: (shown: ShownRun) => Cell
}

/** The tab of hyper-parameters. */
export class HparamsView implements View {
  readonly element: HTMLElement = h('div', { class: 'hparams' })
  #sorted: { name: string; down: boolean } | null = null
  #scene: Scene | null = null

  update(scene: Scene): void {
    this.#scene = scene
    const rows = scene.shown.filter(({ run }) => run.hparams !== null)
    if (rows.length === 0) {
      const code = "writer.addHparams({ lr: 0.1, model: 'mlp' }, { accuracy: 0.98 })"
      this.element.replaceChildren(empty('No hyper-parameters yet.', code))
      return
    }
    const columns = this.#columns(rows, scene.filter)
    const table = h(
      'table',
      { class: 'card' },
      h('thead', {}, h('tr', {}, ...columns.map((column) => this.#head(column)))),
      h('tbody', {}, ...this.#order(rows, columns).map((row) => rowOf(row, rows, columns))),
    )
    this.element.replaceChildren(table, ...this.#parallel(rows, columns))
  }

  /** The columns that all runs have, and in which they differ, as parallel axes. */
  #parallel(rows: readonly ShownRun[], columns: readonly Column[]): Element[] {
    const axes = columns.slice(1).flatMap(({ name, isMetric, of }) => {
      const values = rows.map(of)
      const isShown = new Set(values).size > 1 && values.every((value) => value != null)
      return isShown ? [{ name, isMetric, values }] : []
    })
    if (rows.length < 2 || axes.length < 2) return []
    const lines = rows.map(({ run, color }) => ({ name: run.name, color }))
    return [h('div', { class: 'card across' }, parallelCoordinates(axes, lines))]
  }

  #columns(rows: readonly ShownRun[], filter: string): Column[] {
    const names = (of: (shown: ShownRun) => Iterable<string>): string[] =>
      [...new Set(rows.flatMap((row) => [...of(row)]))].filter((name) => matches(name, filter))
    const hparams = names(({ run }) => Object.keys(run.hparams ?? {}))
    const metrics = names(({ run }) =>
      run.hparamMetrics.length > 0 ? run.hparamMetrics : run.scalars,
    ).filter((tag) => !tag.startsWith('system/'))
    const valueOf =
      (name: string) =>
      ({ run }: ShownRun): Cell =>
        run.hparams?.[name]
    // What is the same in all runs says least, and comes last, with what some runs do not have.
    const isLast = (name: string): boolean => {
      const values = rows.map(valueOf(name))
      return rows.length > 1 && (new Set(values).size === 1 || values.includes(undefined))
    }
    const columnsOf = (list: readonly string[]): Column[] =>
      list.map((name) => ({ name, isMetric: false, of: valueOf(name) }))
    return [
      { name: 'run', isMetric: false, of: ({ run }) => run.name },
      ...columnsOf(hparams.filter((name) => !isLast(name))),
      ...metrics.map((name) => ({
        name,
        isMetric: true,
        of: ({ run }: ShownRun) => run.last[name],
      })),
      ...columnsOf(hparams.filter(isLast)),
    ]
  }

  #head({ name, isMetric }: Column): HTMLElement {
    const isSorted = this.#sorted?.name === name
    const arrow = isSorted ? (this.#sorted?.down === true ? ' ↓' : ' ↑') : ''
    const sort = (): void => {
      this.#sorted = { name, down: isSorted ? this.#sorted?.down !== true : isMetric }
      if (this.#scene !== null) this.update(this.#scene)
    }
    const button = h('button', { on: { click: sort }, title: 'Sort by this' }, `${name}${arrow}`)
    return h('th', { class: isMetric ? 'metric' : '' }, button)
  }

  #order(rows: readonly ShownRun[], columns: readonly Column[]): ShownRun[] {
    const column = columns.find(({ name }) => name === this.#sorted?.name)
    if (column === undefined) return [...rows]
    const sign = this.#sorted?.down === true ? -1 : 1
    return rows.toSorted((a, b) => {
      const [x, y] = [column.of(a) ?? null, column.of(b) ?? null]
      if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1
      if (typeof x === 'number' && typeof y === 'number') return sign * (x - y)
      return sign * String(x).localeCompare(String(y), 'en', { numeric: true })
    })
  }
}

function rowOf(row: ShownRun, rows: readonly ShownRun[], columns: readonly Column[]): HTMLElement {
  const cells = columns.map((column, i) => {
    const value = column.of(row)
    if (i === 0) {
      const dot = h('i', { class: 'dot' })
      dot.style.background = row.color
      return h('td', {}, dot, row.run.name)
    }
    const isNumber = typeof value === 'number'
    const text = isNumber ? formatNumber(value) : String(value ?? '–')
    const cell = h('td', { class: isNumber ? 'number' : '' }, text)
    if (column.isMetric && isNumber) shade(cell, value, rows.map(column.of))
    return cell
  })
  return h('tr', {}, ...cells)
}

/** Colours a metric's cell by where its value stands among all of them. */
function shade(cell: HTMLElement, value: number, all: readonly Cell[]): void {
  const numbers = all.filter((one) => typeof one === 'number')
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
  const share = high > low ? (value - low) / (high - low) : 0
  cell.style.setProperty('--share', `${Math.round(share * 100)}%`)
  cell.classList.add('shaded')
}
