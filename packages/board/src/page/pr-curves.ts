/** The tab of precision-recall curves: for each tag those of all runs, with a slider of steps. */
import type { PrCurveInfo } from '../protocol.ts'
import { drawn, empty, h } from './dom.ts'
import { formatNumber } from './format.ts'
import { StepSlider } from './step-slider.ts'
import { ask } from './store.ts'
import type { Scene, ShownRun, View } from './view.ts'
import { arrange, matches, tagsOf } from './view.ts'

const SIZE = { width: 360, height: 260, left: 38, right: 10, top: 8, bottom: 30 } as const

/** Where a share from 0 to 1 is in the drawing. */
const x = (recall: number): number => SIZE.left + recall * (SIZE.width - SIZE.left - SIZE.right)
const y = (precision: number): number =>
  SIZE.top + (1 - precision) * (SIZE.height - SIZE.top - SIZE.bottom)

/** The curves of a run. */
interface Known {
  version: number
  color: string
  curves: readonly PrCurveInfo[]
}

/** A curve that is drawn. */
interface Drawn {
  readonly name: string
  readonly color: string
  readonly curve: PrCurveInfo
}

/** A card with the curves of a tag. */
class PrCurveCard {
  readonly element: HTMLElement
  readonly #tag: string
  readonly #svg: SVGElement
  readonly #tip: HTMLElement = h('div', { class: 'tip' })
  readonly #plot: HTMLElement
  readonly #caption: HTMLElement = h('span', { class: 'muted' })
  readonly #slider: StepSlider
  readonly #runs = new Map<string, Known>()
  #steps: readonly number[] = []
  #lines: readonly Drawn[] = []

  constructor(tag: string) {
    this.#tag = tag
    const { width, height } = SIZE
    this.#svg = drawn('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': tag })
    this.#slider = new StepSlider(tag, () => this.#draw())
    this.#tip.hidden = true
    this.#plot = h('div', { class: 'pr-plot' }, this.#svg, this.#tip)
    this.element = h(
      'section',
      { class: 'card pr-curve', attrs: { 'data-tag': tag } },
      h('header', {}, h('h3', { title: tag }, tag)),
      this.#plot,
      h('footer', {}, this.#slider.element, this.#caption),
    )
    this.#plot.addEventListener('mousemove', (event) => this.#hover(event))
    this.#plot.addEventListener('mouseleave', () => (this.#tip.hidden = true))
  }

  async update(shown: readonly ShownRun[]): Promise<void> {
    const names = new Set(shown.map(({ run }) => run.name))
    for (const name of this.#runs.keys()) if (!names.has(name)) this.#runs.delete(name)
    await Promise.all(
      shown.map(async ({ run, color }) => {
        const known = this.#runs.get(run.name)
        if (known !== undefined && known.version === run.version) {
          known.color = color
          return
        }
        const query = { run: run.name, tag: this.#tag }
        const curves = await ask<PrCurveInfo[]>('/api/pr-curves', query)
        this.#runs.set(run.name, { version: run.version, color, curves })
      }),
    )
    const steps = [...this.#runs.values()].flatMap(({ curves }) => curves.map(({ step }) => step))
    this.#steps = [...new Set(steps)].toSorted((a, b) => a - b)
    this.#slider.setCount(this.#steps.length)
    this.#draw()
  }

  #draw(): void {
    const step = this.#steps[this.#slider.index] ?? 0
    this.#caption.textContent = `step ${step}`
    // Of each run the newest up to the step.
    this.#lines = [...this.#runs].flatMap(([name, { color, curves }]) => {
      const curve = curves.findLast((one) => one.step <= step)
      return curve === undefined ? [] : [{ name, color, curve }]
    })
    const marks = [0, 0.25, 0.5, 0.75, 1]
    const grid = marks.flatMap((at) => [
      drawn('path', {
        class: 'grid-line',
        d: `M${x(0)},${y(at)}H${x(1)}M${x(at)},${y(0)}V${y(1)}`,
      }),
      text(String(at), x(at), y(0) + 14, 'middle'),
      text(String(at), x(0) - 6, y(at) + 4, 'end'),
    ])
    const lines = this.#lines.map(({ color, curve }) => {
      const points = curve.recall.map((recall, i) => `${x(recall)},${y(curve.precision[i] ?? 0)}`)
      return drawn('polyline', { points: points.join(' '), stroke: color })
    })
    const names = [text('recall', x(0.5), SIZE.height - 2, 'middle'), upright('precision')]
    this.#svg.replaceChildren(...grid, ...names, ...lines)
  }

  /** What the nearest point of each curve is made of. */
  #hover({ clientX, clientY }: MouseEvent): void {
    const box = this.#svg.getBoundingClientRect()
    const scale = SIZE.width / Math.max(box.width, 1)
    const [atX, atY] = [(clientX - box.left) * scale, (clientY - box.top) * scale]
    const rows = this.#lines.map(({ name, color, curve }) => {
      const far = (i: number): number =>
        Math.hypot(x(curve.recall[i] ?? 0) - atX, y(curve.precision[i] ?? 0) - atY)
      let i = 0
      for (let j = 1; j < curve.recall.length; j++) if (far(j) < far(i)) i = j
      const dot = h('i', { class: 'dot' })
      dot.style.background = color
      const cells = [
        curve.thresholds[i],
        curve.precision[i],
        curve.recall[i],
        curve.truePositives[i],
        curve.falsePositives[i],
        curve.trueNegatives[i],
        curve.falseNegatives[i],
      ].map((value) => h('td', {}, formatNumber(value)))
      return h('tr', {}, h('td', {}, dot, name), ...cells)
    })
    const heads = ['', 'threshold', 'precision', 'recall', 'TP', 'FP', 'TN', 'FN']
    const head = h('tr', { class: 'muted' }, ...heads.map((name) => h('td', {}, name)))
    this.#tip.replaceChildren(h('table', {}, head, ...rows))
    this.#tip.hidden = rows.length === 0
  }
}

function text(content: string, left: number, top: number, anchor: string): SVGElement {
  const made = drawn('text', { x: left, y: top, 'text-anchor': anchor })
  made.textContent = content
  return made
}

function upright(content: string): SVGElement {
  const middle = y(0.5)
  const made = text(content, 9, middle, 'middle')
  made.setAttribute('transform', `rotate(-90 9 ${middle})`)
  return made
}

/** The tab of precision-recall curves. */
export class PrCurvesView implements View {
  readonly element: HTMLElement = h('div', { class: 'grid' })
  readonly #cards = new Map<string, PrCurveCard>()

  update(scene: Scene): void {
    const all = [...tagsOf(scene, 'prCurves')].filter(([tag]) => matches(tag, scene.filter))
    if (all.length === 0) {
      const code = "writer.addPrCurve('spam', labels, probabilities, step)"
      this.element.replaceChildren(empty('No precision-recall curves yet.', code))
      return
    }
    const cards = all.map(([tag, runs]) => {
      const card = this.#cards.get(tag) ?? new PrCurveCard(tag)
      this.#cards.set(tag, card)
      void card.update(runs)
      return card.element
    })
    arrange(this.element, cards)
  }
}
