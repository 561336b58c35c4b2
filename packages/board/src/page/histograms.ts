/** The tab of histograms: for each tag and run one ridge for each step, the newest in front. */
import type { HistogramsMessage } from '../protocol.ts'
import { CardView } from './card-view.ts'
import { h, themeColor } from './dom.ts'
import { formatNumber } from './format.ts'
import { ask } from './store.ts'
import type { ShownRun } from './view.ts'

const HEIGHT = 240
const FOOT = 22
const RIGHT = 56

/** A card with the histograms of a tag in a run. */
class HistogramCard {
  readonly element: HTMLElement
  readonly #tag: string
  readonly #canvas: HTMLCanvasElement = h('canvas')
  readonly #note: HTMLElement = h('span', { class: 'muted' })
  readonly #dot: HTMLElement = h('i', { class: 'dot' })
  #data: HistogramsMessage | null = null
  #version = 0
  #color = ''
  /** The ridge under the mouse, -1 if there is none. */
  #hovered = -1

  constructor(tag: string, run: string) {
    this.#tag = tag
    this.element = h(
      'section',
      { class: 'card histogram', attrs: { 'data-tag': tag } },
      h('header', {}, h('h3', { title: tag }, tag), this.#note),
      h('div', { class: 'muted run' }, this.#dot, run),
      this.#canvas,
    )
    this.#canvas.addEventListener('mousemove', ({ offsetY }) => this.#hover(offsetY))
    this.#canvas.addEventListener('mouseleave', () => this.#hover(-1))
    new ResizeObserver(() => this.#draw()).observe(this.element)
  }

  async update({ run, color }: ShownRun): Promise<void> {
    this.#color = color
    this.#dot.style.background = color
    if (run.version !== this.#version) {
      this.#version = run.version
      const query = { run: run.name, tag: this.#tag }
      this.#data = await ask<HistogramsMessage>('/api/histograms', query)
    }
    this.#draw()
  }

  #hover(y: number): void {
    const count = this.#data?.steps.length ?? 0
    const { top, between } = layout(count)
    const at = Math.round((y - top) / Math.max(between, 1e-6))
    this.#hovered = y < 0 ? -1 : Math.min(Math.max(at, 0), count - 1)
    this.#draw()
  }

  #draw(): void {
    const data = this.#data
    const width = this.element.clientWidth - 24
    if (data === null || width < 50) return
    const { steps, counts, low, high } = data
    const scale = devicePixelRatio
    this.#canvas.width = width * scale
    this.#canvas.height = HEIGHT * scale
    this.#canvas.style.width = `${width}px`
    const context = this.#canvas.getContext('2d')
    if (context === null) return
    context.scale(scale, scale)
    const most = Math.max(1e-12, ...counts.flat())
    const { top, between, ridge } = layout(steps.length)
    const inner = width - RIGHT
    const x = (bin: number, bins: number): number => ((bin + 0.5) / bins) * inner
    counts.forEach((list, i) => {
      const base = top + i * between
      context.beginPath()
      context.moveTo(0, base)
      list.forEach((count, bin) =>
        context.lineTo(x(bin, list.length), base - (count / most) * ridge),
      )
      context.lineTo(inner, base)
      context.closePath()
      const isHovered = i === this.#hovered
      context.globalAlpha = 1
      context.fillStyle = themeColor('card')
      context.fill()
      const age = steps.length > 1 ? i / (steps.length - 1) : 1
      context.globalAlpha = isHovered ? 0.95 : 0.2 + 0.5 * age
      context.fillStyle = this.#color
      context.fill()
      context.globalAlpha = isHovered ? 1 : 0.5 + 0.5 * age
      context.lineWidth = isHovered ? 2 : 1
      context.strokeStyle = this.#color
      context.stroke()
    })
    context.globalAlpha = 1
    context.fillStyle = themeColor('muted')
    context.font = '11px Inter, system-ui, sans-serif'
    const places = 4
    for (let i = 0; i <= places; i++) {
      context.textAlign = i === 0 ? 'left' : i === places ? 'right' : 'center'
      const value = low + ((high - low) * i) / places
      context.fillText(formatNumber(Number(value.toPrecision(3))), (inner * i) / places, HEIGHT - 6)
    }
    context.textAlign = 'left'
    const every = Math.max(1, Math.ceil(14 / Math.max(between, 1e-6)))
    steps.forEach((step, i) => {
      if ((steps.length - 1 - i) % every !== 0) return
      context.fillText(String(step), inner + 8, top + i * between + 3)
    })
    const step = steps[this.#hovered]
    this.#note.textContent = step === undefined ? '' : `step ${step}`
  }
}

/** Where the base lines of so many ridges are, and how high a ridge may be. */
function layout(count: number): { top: number; between: number; ridge: number } {
  const ridge = count > 1 ? 70 : HEIGHT - FOOT - 16
  const top = ridge + 8
  const between = count > 1 ? (HEIGHT - FOOT - 4 - top) / (count - 1) : 0
  return { top, between, ridge }
}

/** The tab of histograms. */
export class HistogramsView extends CardView {
  constructor() {
    super({
      class: 'grid',
      kind: 'histograms',
      nothing: ['No histograms yet.', "writer.addHistogram('weights', weight, step)"],
      make: (tag, run) => new HistogramCard(tag, run.name),
    })
  }
}
