/** The tab of curves: a chart for each tag, in groups by what stands before the `/`. */
import { Chart } from './chart.ts'
import { empty, h } from './dom.ts'
import { lineOf } from './series.ts'
import type { XAxis } from './state.ts'
import { settings } from './state.ts'
import type { Scene, ShownRun, View } from './view.ts'
import { arrange, matches, tagsOf } from './view.ts'

/** Names of the curves that the writer makes of the machine's load. */
const systemNames: Readonly<Record<string, string>> = {
  'system/process_cpu_percent': 'CPU of the process, % of a core',
  'system/machine_cpu_percent': 'CPU of the machine, % of all cores',
  'system/process_memory_mb': 'Memory of the process, MB',
  'system/machine_memory_percent': 'Memory of the machine in use, %',
  'system/event_loop_delay_p99_ms': 'Delay of the event loop, 99th percentile, ms',
}

const systemTags = Object.keys(systemNames)

/** Groups that one looks at first. */
const first = ['train', 'val', 'valid', 'validation', 'test', 'eval']

/** The place of a group; those without one come last: many are results, of one point each. */
function rank(group: string): number {
  if (group === '') return first.length + 1
  const place = first.indexOf(group)
  return place < 0 ? first.length : place
}

const isSystem = (tag: string): boolean => tag.startsWith('system/')

const nothing: Readonly<Record<'curves' | 'system', readonly [text: string, code: string]>> = {
  curves: ['No curves yet.', "writer.addScalar('train/loss', loss, step)"],
  system: [
    'No system load yet: fit logs it by itself, a loop of your own with these lines.',
    'const load = new SystemLoad()\nwriter.addSystemLoad(load, step)',
  ],
}

/** The tab of curves, or that of the machine's load. */
export class CurvesView implements View {
  readonly element: HTMLElement = h('div', { class: 'curves' })
  readonly #kind: 'curves' | 'system'
  readonly #charts = new Map<string, Chart>()
  readonly #groups = new Map<string, { section: HTMLElement; grid: HTMLElement }>()
  readonly #seen: IntersectionObserver
  #scene: Scene | null = null

  constructor(kind: 'curves' | 'system') {
    this.#kind = kind
    // Curves are fetched when their chart comes near the screen.
    this.#seen = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) {
          const tag = (target as HTMLElement).dataset['tag'] ?? ''
          const chart = this.#charts.get(tag)
          if (!isIntersecting || chart === undefined || chart.isSeen) continue
          chart.isSeen = true
          if (this.#scene !== null) void this.#draw(tag, chart, this.#scene)
        }
      },
      { rootMargin: '400px' },
    )
  }

  update(scene: Scene): void {
    this.#scene = scene
    const isMine = (tag: string): boolean => isSystem(tag) === (this.#kind === 'system')
    const all = [...tagsOf(scene, 'scalars')]
      .filter(([tag]) => isMine(tag))
      .toSorted(([a], [b]) => systemTags.indexOf(a) - systemTags.indexOf(b))
    const tags = all.filter(([tag]) => matches(tag, scene.filter))
    if (tags.length === 0) {
      const [text, code] = nothing[this.#kind]
      const why = all.length > 0 ? empty(`No tag matches “${scene.filter}”.`) : empty(text, code)
      this.element.replaceChildren(why)
      return
    }
    const groups = new Map<string, string[]>()
    for (const [tag] of tags) {
      const group = tag.includes('/') ? tag.slice(0, tag.indexOf('/')) : ''
      groups.set(group, [...(groups.get(group) ?? []), tag])
    }
    const ordered = [...groups].toSorted(([a], [b]) => rank(a) - rank(b))
    const sections = ordered.map(([name, members]) => {
      const { section, grid } = this.#group(name)
      section.classList.toggle('alone', ordered.length === 1 && name === '')
      arrange(
        grid,
        members.map((tag) => this.#chart(tag).element),
      )
      return section
    })
    arrange(this.element, sections)
    for (const [tag] of tags) {
      const chart = this.#chart(tag)
      if (chart.isSeen) void this.#draw(tag, chart, scene)
    }
  }

  #group(name: string): { section: HTMLElement; grid: HTMLElement } {
    let group = this.#groups.get(name)
    if (group === undefined) {
      const grid = h('div', { class: 'grid' })
      const title =
        this.#kind === 'system' ? null : h('h2', {}, name === '' ? 'without a group' : name)
      group = { section: h('section', { class: 'group' }, title, grid), grid }
      this.#groups.set(name, group)
    }
    return group
  }

  #chart(tag: string): Chart {
    let chart = this.#charts.get(tag)
    if (chart === undefined) {
      chart = new Chart(systemNames[tag] ?? tag.slice(tag.indexOf('/') + 1), tag)
      this.#charts.set(tag, chart)
      this.#seen.observe(chart.element)
    }
    return chart
  }

  async #draw(tag: string, chart: Chart, scene: Scene): Promise<void> {
    const runs = scene.shown.filter(({ run }) => run.scalars.includes(tag))
    const isSystemTab = this.#kind === 'system'
    // Steps of a training say little of the machine.
    const axis: XAxis = isSystemTab && settings.xAxis === 'step' ? 'relative' : settings.xAxis
    const { smoothing, logY } = settings
    const lines = await Promise.all(
      runs.map(async ({ run, color }: ShownRun) => {
        const curve = await scene.store.curve(run, tag)
        return { ...lineOf(curve, axis, smoothing, logY), name: run.name, color }
      }),
    )
    // Something else may have been chosen meanwhile.
    if (scene !== this.#scene) return
    chart.draw(lines, {
      axis,
      logarithmic: logY,
      isSmoothed: smoothing > 0,
      isFromZero: isSystemTab,
    })
  }
}
