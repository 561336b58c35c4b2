/** The tab of charts that were laid out: several curves in one, or a curve with a band around it. */
import type { CustomScalarChart } from '../protocol.ts'
import type { NamedLine } from './chart.ts'
import { Chart } from './chart.ts'
import { empty, h } from './dom.ts'
import { lineOf } from './series.ts'
import { colorOf, settings } from './state.ts'
import type { Scene, ShownRun, View } from './view.ts'
import { arrange, matches } from './view.ts'

/** A chart with the runs that laid it out. */
interface Wanted {
  readonly chart: CustomScalarChart
  readonly runs: ShownRun[]
}

/** The tab of charts that were laid out. */
export class CustomView implements View {
  readonly element: HTMLElement = h('div', { class: 'curves' })
  readonly #charts = new Map<string, Chart>()
  readonly #groups = new Map<string, { section: HTMLElement; grid: HTMLElement }>()
  #scene: Scene | null = null

  update(scene: Scene): void {
    this.#scene = scene
    const wanted = new Map<string, Wanted>()
    for (const shown of scene.shown) {
      for (const chart of shown.run.customScalars) {
        if (!matches(`${chart.category}/${chart.title}`, scene.filter)) continue
        const key = `${chart.category}\n${chart.title}\n${chart.type}`
        const one = wanted.get(key) ?? { chart, runs: [] }
        wanted.set(key, one)
        one.runs.push(shown)
      }
    }
    if (wanted.size === 0) {
      const code = "writer.addCustomScalars({ losses: { both: ['Multiline', ['train', 'val']] } })"
      this.element.replaceChildren(empty('No charts were laid out.', code))
      return
    }
    const groups = new Map<string, HTMLElement[]>()
    for (const [key, { chart, runs }] of wanted) {
      const { category, title } = chart
      const drawnChart = this.#charts.get(key) ?? new Chart(title, `${category}/${title}`)
      this.#charts.set(key, drawnChart)
      groups.set(category, [...(groups.get(category) ?? []), drawnChart.element])
      void this.#draw(drawnChart, chart, runs, scene)
    }
    const sections = [...groups].map(([name, charts]) => {
      const group = this.#groups.get(name) ?? newGroup(name)
      this.#groups.set(name, group)
      arrange(group.grid, charts)
      return group.section
    })
    arrange(this.element, sections)
  }

  async #draw(
    drawnChart: Chart,
    { type, tags }: CustomScalarChart,
    runs: readonly ShownRun[],
    scene: Scene,
  ): Promise<void> {
    const { xAxis, smoothing, logY } = settings
    const lines = await Promise.all(
      runs.flatMap(({ run, color }) =>
        tagsIn(run.scalars, type, tags).map(async (tag, i): Promise<NamedLine | null> => {
          if (!run.scalars.includes(tag)) return null
          const curve = await scene.store.curve(run, tag)
          const isBand = type === 'Margin'
          return {
            ...lineOf(curve, xAxis, smoothing, logY),
            name: runs.length > 1 ? `${run.name} ${tag}` : tag,
            // Of one run the curves differ in colour, of several in their dashes.
            color: isBand || runs.length > 1 ? color : colorOf(i),
            dash: isBand || runs.length === 1 ? [] : (dashes[i % dashes.length] ?? []),
            role: !isBand ? 'line' : i === 0 ? 'line' : i === 1 ? 'lower' : 'upper',
          }
        }),
      ),
    )
    // Something else may have been chosen meanwhile.
    if (scene !== this.#scene) return
    const style = { axis: xAxis, logarithmic: logY, isSmoothed: false, isFromZero: false }
    drawnChart.draw(
      lines.filter((line) => line !== null),
      style,
    )
  }
}

/** The tags of a chart that a run may have: of several curves each is a regular expression. */
function tagsIn(
  scalars: readonly string[],
  type: CustomScalarChart['type'],
  tags: readonly string[],
): readonly string[] {
  if (type === 'Margin') return tags
  const found = tags.flatMap((tag) => {
    if (scalars.includes(tag)) return [tag]
    try {
      const whole = new RegExp(`^(?:${tag})$`)
      return scalars.filter((one) => whole.test(one))
    } catch {
      return [] // a name that is no regular expression, and is not there
    }
  })
  return [...new Set(found)]
}

const dashes: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3]]

function newGroup(name: string): { section: HTMLElement; grid: HTMLElement } {
  const grid = h('div', { class: 'grid' })
  return { section: h('section', { class: 'group' }, h('h2', {}, name), grid), grid }
}
