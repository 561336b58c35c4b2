/** The list of runs at the side. */
import type { RunInfo } from '../protocol.ts'
import { h } from './dom.ts'
import { formatDuration } from './format.ts'
import { colorOf, keepSettings, settings } from './state.ts'

/** How long ago the last event may be for a run to count as going on, in seconds. */
const LIVE = 20

/** The list of runs, which are ticked to be shown. */
export class Sidebar {
  readonly element: HTMLElement = h('div', { class: 'runs' })
  readonly #changed: () => void
  #filter = ''
  #runs: readonly RunInfo[] = []

  /** @param changed Called when other runs are to be shown. */
  constructor(changed: () => void) {
    this.#changed = changed
  }

  update(runs: readonly RunInfo[]): void {
    this.#runs = runs
    const input = h('input', {
      attrs: { type: 'search', placeholder: 'Filter runs', 'aria-label': 'Filter runs' },
      on: {
        input: (event) => {
          this.#filter = (event.target as HTMLInputElement).value
          this.#list(list)
        },
      },
    })
    const list = h('div', { class: 'list' })
    if (this.element.childElementCount === 0) {
      const all = (isShown: boolean) => () => {
        settings.hidden = isShown ? [] : this.#runs.map(({ name }) => name)
        this.#choose()
      }
      const head = h(
        'div',
        { class: 'row' },
        h('h2', {}, 'Runs'),
        h('button', { class: 'small', on: { click: all(true) } }, 'all'),
        h('button', { class: 'small', on: { click: all(false) } }, 'none'),
      )
      this.element.replaceChildren(head, input, list)
    }
    this.#list(this.element.lastElementChild as HTMLElement)
  }

  #list(list: HTMLElement): void {
    const names = this.#filter.toLowerCase()
    const rows = this.#runs.flatMap((run, i) => {
      if (!run.name.toLowerCase().includes(names)) return []
      const { firstTime, lastTime, problems } = run
      const isShown = !settings.hidden.includes(run.name)
      const box = h('input', {
        attrs: { type: 'checkbox' },
        on: {
          change: () => {
            const { hidden } = settings
            settings.hidden = isShown
              ? [...hidden, run.name]
              : hidden.filter((name) => name !== run.name)
            this.#choose()
          },
        },
      })
      box.checked = isShown
      box.style.accentColor = colorOf(i)
      const took = firstTime === null || lastTime === null ? 0 : lastTime - firstTime
      const isLive = lastTime !== null && Date.now() / 1000 - lastTime < LIVE
      const only = (event: Event): void => {
        event.preventDefault()
        const others = this.#runs.filter((one) => one !== run)
        settings.hidden = others.map(({ name }) => name)
        this.#choose()
      }
      return [
        h(
          'label',
          {
            class: 'run',
            title: `${run.name}: ${formatDuration(took)}; double click for it alone`,
            on: { dblclick: only },
          },
          box,
          h('span', { class: 'run-name' }, run.name),
          problems.length > 0
            ? h('span', { class: 'warn', title: problems.join('\n') }, '⚠')
            : null,
          isLive ? h('span', { class: 'live', title: 'events are coming in' }) : null,
        ),
      ]
    })
    list.replaceChildren(...rows)
  }

  #choose(): void {
    keepSettings()
    this.update(this.#runs)
    this.#changed()
  }
}
