/** The tab of embeddings: points along the directions in which they differ most. */
import type { EmbeddingMessage, RunInfo } from '../protocol.ts'
import { empty, h, themeColor } from './dom.ts'
import { formatCount, formatNumber } from './format.ts'
import { colorOf, isDark } from './state.ts'
import { StepSlider } from './step-slider.ts'
import { ask } from './store.ts'
import type { Scene, ShownRun, View } from './view.ts'
import { arrange, matches } from './view.ts'

const HEIGHT = 420
const MARGIN = 16
/** Labels with more different values than this are not told apart by colours. */
const MOST_COLORS = 50

/** What the points are coloured by. */
interface Coloring {
  /** For each point; null leaves it grey. */
  readonly colors: readonly (string | null)[]
  readonly legend: readonly (readonly [label: string, color: string])[]
}

/** Colours for a column of labels: by their size if they are many numbers, else one for each. */
function coloring(values: readonly string[]): Coloring {
  const different = [...new Set(values)].toSorted((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  )
  const numbers = values.map(Number)
  const isNumeric = values.every((value) => value !== '') && numbers.every(Number.isFinite)
  if (different.length > 12 && isNumeric) {
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
    const shade = (value: number): string =>
      `hsl(${240 - (240 * (value - low)) / Math.max(high - low, 1e-12)} 70% ${isDark() ? 62 : 46}%)`
    const ends = [low, (low + high) / 2, high].map((at) => [formatNumber(at), shade(at)] as const)
    return { colors: numbers.map(shade), legend: ends }
  }
  if (different.length > MOST_COLORS) return { colors: values.map(() => null), legend: [] }
  const color = (i: number): string =>
    different.length <= 8
      ? colorOf(i)
      : `hsl(${(i * 360) / different.length} 65% ${isDark() ? 62 : 45}%)`
  const colors = new Map(different.map((value, i) => [value, color(i)]))
  return { colors: values.map((value) => colors.get(value) ?? null), legend: [...colors] }
}

/** A card with an embedding of a run, at several steps. */
class EmbeddingCard {
  readonly element: HTMLElement
  readonly #canvas: HTMLCanvasElement = h('canvas')
  readonly #tip: HTMLElement = h('div', { class: 'tip' })
  readonly #note: HTMLElement = h('span', { class: 'muted' })
  readonly #dot: HTMLElement = h('i', { class: 'dot' })
  readonly #legend: HTMLElement = h('div', { class: 'legend muted' })
  readonly #slider: StepSlider
  readonly #axes: HTMLSelectElement = h('select', { attrs: { 'aria-label': 'directions' } })
  readonly #column: HTMLSelectElement = h('select', { attrs: { 'aria-label': 'colour by' } })
  #run: RunInfo
  /** Places in the list of the run, by rising steps. */
  #indices: readonly number[] = []
  #data: EmbeddingMessage | null = null
  #asked = ''
  #coloring: Coloring = { colors: [], legend: [] }
  /** Where each point is in the drawing. */
  #places: readonly (readonly [number, number])[] = []
  #hovered = -1

  constructor(tag: string, run: RunInfo) {
    this.#run = run
    this.#slider = new StepSlider(tag, () => void this.#load())
    for (const select of [this.#axes, this.#column]) {
      select.addEventListener('change', () => this.#color())
    }
    this.#tip.hidden = true
    const plot = h('div', { class: 'embedding-plot' }, this.#canvas, this.#tip)
    this.element = h(
      'section',
      { class: 'card wide embedding', attrs: { 'data-tag': tag } },
      h('header', {}, h('h3', { title: tag }, tag), this.#column, this.#axes),
      h('div', { class: 'muted run' }, this.#dot, run.name),
      plot,
      this.#legend,
      h('footer', {}, this.#slider.element, this.#note),
    )
    plot.addEventListener('mousemove', ({ offsetX, offsetY }) => this.#hover(offsetX, offsetY))
    plot.addEventListener('mouseleave', () => this.#hover(-1, -1))
    new ResizeObserver(() => this.#draw()).observe(this.element)
  }

  update({ run, color }: ShownRun, indices: readonly number[]): void {
    this.#dot.style.background = color
    this.#run = run
    this.#indices = indices.toSorted(
      (a, b) => (run.embeddings[a]?.step ?? 0) - (run.embeddings[b]?.step ?? 0),
    )
    this.#slider.setCount(indices.length)
    this.#slider.element.hidden = indices.length < 2
    void this.#load()
  }

  async #load(): Promise<void> {
    const index = this.#indices[this.#slider.index] ?? 0
    const { name, version } = this.#run
    const asked = `${index} ${version}`
    if (asked === this.#asked) {
      this.#color()
      return
    }
    this.#asked = asked
    const query = { run: name, index: String(index) }
    const data = await ask<EmbeddingMessage>('/api/embedding', query).catch((error: Error) => {
      // Its files may be gone, or damaged.
      this.#note.textContent = error.message
      return null
    })
    if (data === null || asked !== this.#asked) return
    this.#data = data
    const { points, header, shares, count, size } = data
    const step = this.#run.embeddings[index]?.step ?? 0
    const some = points.length < count ? `, the first ${formatCount(points.length)} shown` : ''
    this.#note.textContent = `step ${step} · ${formatCount(count)} points of ${size} numbers${some}`
    this.element.dataset['points'] = String(points.length)
    const pairs = [
      [0, 1],
      [0, 2],
      [1, 2],
    ].filter((pair) => pair.every((axis) => axis < shares.length))
    const label = (axis = 0): string => `${axis + 1} (${Math.round((shares[axis] ?? 0) * 100)} %)`
    choose(
      this.#axes,
      pairs.map(([a, b]) => [`${a} ${b}`, `components ${label(a)} and ${label(b)}`] as const),
    )
    this.#axes.hidden = pairs.length < 2
    choose(
      this.#column,
      header.map((title, i) => [
        String(i),
        title === '' ? 'coloured by label' : `coloured by ${title}`,
      ]),
    )
    this.#column.hidden = header.length < 2
    this.#color()
  }

  #color(): void {
    const { labels = [], header = [] } = this.#data ?? {}
    const column = Number(this.#column.value)
    this.#coloring =
      header.length === 0
        ? { colors: [], legend: [] }
        : coloring(labels.map((row) => row[column] ?? ''))
    const entries = this.#coloring.legend.map(([label, color]) => {
      const dot = h('i', { class: 'dot' })
      dot.style.background = color
      return h('span', {}, dot, label)
    })
    this.#legend.replaceChildren(...entries)
    this.#draw()
  }

  #draw(): void {
    const width = this.element.clientWidth - 24
    const data = this.#data
    if (data === null || width < 50) return
    const scale = devicePixelRatio
    this.#canvas.width = width * scale
    this.#canvas.height = HEIGHT * scale
    this.#canvas.style.width = `${width}px`
    this.#canvas.style.height = `${HEIGHT}px`
    const context = this.#canvas.getContext('2d')
    if (context === null) return
    context.scale(scale, scale)
    const [a = 0, b = 1] =
      this.#axes.value === '' ? [0, 1] : this.#axes.value.split(' ').map(Number)
    const across = spread(
      data.points.map((point) => point[a] ?? 0),
      width,
    )
    const up = spread(
      data.points.map((point) => point[b] ?? 0),
      HEIGHT,
    )
    this.#places = across.map((left, i) => [left, HEIGHT - (up[i] ?? 0)] as const)
    const radius = data.points.length > 1500 ? 2 : data.points.length > 300 ? 3 : 4.5
    const plain = themeColor('accent')
    context.globalAlpha = 0.75
    this.#places.forEach(([left, top], i) => {
      context.fillStyle = this.#coloring.colors[i] ?? plain
      context.beginPath()
      context.arc(left, top, radius, 0, 2 * Math.PI)
      context.fill()
    })
    const [left, top] = this.#places[this.#hovered] ?? [-99, -99]
    context.globalAlpha = 1
    context.strokeStyle = themeColor('ink')
    context.lineWidth = 2
    context.beginPath()
    context.arc(left, top, radius + 3, 0, 2 * Math.PI)
    context.stroke()
  }

  /** Shows the label and the image of the point at the mouse. */
  #hover(left: number, top: number): void {
    const far = ([x, y]: readonly [number, number]): number => Math.hypot(x - left, y - top)
    let nearest = -1
    this.#places.forEach((place, i) => {
      const best = this.#places[nearest]
      if (far(place) < 16 && (best === undefined || far(place) < far(best))) nearest = i
    })
    if (nearest === this.#hovered) return
    this.#hovered = nearest
    this.#draw()
    const data = this.#data
    const place = this.#places[nearest]
    this.#tip.hidden = data === null || place === undefined
    if (data === null || place === undefined) return
    const { header, labels } = data
    const rows = header.map((title, i) => {
      const label = labels[nearest]?.[i] ?? ''
      return h('tr', {}, h('td', {}, title), h('td', { class: 'value' }, label))
    })
    const content = rows.length > 0 ? h('table', {}, ...rows) : h('span', {}, `point ${nearest}`)
    this.#tip.replaceChildren(content, ...this.#image(nearest))
    const isRight = place[0] > this.#canvas.clientWidth / 2
    this.#tip.style.top = `${Math.min(place[1], HEIGHT - 90)}px`
    this.#tip.style.left = isRight ? '' : `${place[0] + 14}px`
    this.#tip.style.right = isRight ? `${this.#canvas.clientWidth - place[0] + 14}px` : ''
  }

  /** The image of a point, cut out of the image of all. */
  #image(point: number): HTMLElement[] {
    const image = this.#data?.image
    if (image === null || image === undefined) return []
    const { width, height, columns } = image
    const factor = Math.max(1, Math.floor(72 / Math.max(width, height)))
    const element = h('div', { class: 'thumbnail' })
    const index = this.#indices[this.#slider.index] ?? 0
    const { name, version } = this.#run
    const query = { run: name, index: String(index), version: String(version) }
    const [left, top] = [(point % columns) * width, Math.floor(point / columns) * height]
    Object.assign(element.style, {
      width: `${width * factor}px`,
      height: `${height * factor}px`,
      backgroundImage: `url("/api/sprite?${new URLSearchParams(query)}")`,
      backgroundPosition: `-${left * factor}px -${top * factor}px`,
      backgroundSize: `${columns * width * factor}px auto`,
    })
    return [element]
  }
}

/** Puts options into a selection, and keeps what was chosen if it is among them. */
function choose(
  select: HTMLSelectElement,
  options: readonly (readonly [value: string, text: string])[],
): void {
  const before = select.value
  select.replaceChildren(...options.map(([value, text]) => h('option', { attrs: { value } }, text)))
  if (options.some(([value]) => value === before)) select.value = before
}

/** Numbers as places from the margin to the other. */
function spread(values: readonly number[], length: number): number[] {
  let [low, high] = [Infinity, -Infinity]
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (!(high > low)) return values.map(() => length / 2)
  return values.map((value) => MARGIN + ((value - low) / (high - low)) * (length - 2 * MARGIN))
}

/** The tab of embeddings. */
export class EmbeddingsView implements View {
  readonly element: HTMLElement = h('div', { class: 'grid' })
  readonly #cards = new Map<string, EmbeddingCard>()

  update(scene: Scene): void {
    const cards = scene.shown.flatMap((shown) => {
      const { run } = shown
      const indices = new Map<string, number[]>()
      run.embeddings.forEach(({ tag }, i) => indices.set(tag, [...(indices.get(tag) ?? []), i]))
      return [...indices]
        .filter(([tag]) => matches(tag, scene.filter))
        .map(([tag, list]) => {
          const key = `${run.name}\n${tag}`
          const card = this.#cards.get(key) ?? new EmbeddingCard(tag, run)
          this.#cards.set(key, card)
          card.update(shown, list)
          return card.element
        })
    })
    if (cards.length === 0) {
      const code = 'writer.addEmbedding(features, { metadata: labels, globalStep: step })'
      this.element.replaceChildren(empty('No embeddings yet.', code))
      return
    }
    arrange(this.element, cards)
  }
}
