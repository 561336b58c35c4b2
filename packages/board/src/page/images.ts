/** The tab of images: one of each tag and run, with a slider of steps. */
import type { ImageInfo, RunInfo } from '../protocol.ts'
import { empty, h } from './dom.ts'
import { formatTime } from './format.ts'
import { ask } from './store.ts'
import type { Scene, ShownRun, View } from './view.ts'
import { arrange, matches, tagsOf } from './view.ts'

/** A card with the images of a tag in a run. */
class ImageCard {
  readonly element: HTMLElement
  readonly #tag: string
  readonly #image: HTMLImageElement = h('img', { attrs: { alt: '' } })
  readonly #slider: HTMLInputElement
  readonly #caption: HTMLElement = h('span', { class: 'muted' })
  readonly #dot: HTMLElement = h('i', { class: 'dot' })
  #run: RunInfo
  #images: readonly ImageInfo[] = []
  #version = 0
  /** Does the slider stay at the newest? */
  #follows = true

  constructor(tag: string, run: RunInfo) {
    this.#tag = tag
    this.#run = run
    this.#slider = h('input', {
      attrs: { type: 'range', min: '0', value: '0', 'aria-label': `step of ${tag}` },
      on: {
        input: () => {
          this.#follows = this.#slider.valueAsNumber === this.#images.length - 1
          this.#show()
        },
      },
    })
    this.#image.alt = `${tag} of ${run.name}`
    this.element = h(
      'section',
      { class: 'card image', attrs: { 'data-tag': tag } },
      h('header', {}, h('h3', { title: tag }, tag)),
      h('div', { class: 'muted run' }, this.#dot, run.name),
      h('div', { class: 'picture' }, this.#image),
      h('footer', {}, this.#slider, this.#caption),
    )
  }

  async update({ run, color }: ShownRun): Promise<void> {
    this.#dot.style.background = color
    this.#run = run
    if (run.version === this.#version) return
    this.#version = run.version
    this.#images = await ask<ImageInfo[]>('/api/images', { run: run.name, tag: this.#tag })
    const last = Math.max(this.#images.length - 1, 0)
    this.#slider.max = String(last)
    this.#slider.disabled = last === 0
    if (this.#follows || this.#slider.valueAsNumber > last) this.#slider.value = String(last)
    this.#show()
  }

  #show(): void {
    const index = this.#slider.valueAsNumber
    const image = this.#images[index]
    if (image === undefined) return
    const { name, generation } = this.#run
    const query = {
      run: name,
      tag: this.#tag,
      index: String(index),
      generation: String(generation),
    }
    const source = `/api/image?${new URLSearchParams(query)}`
    if (this.#image.getAttribute('src') !== source) this.#image.src = source
    // Small ones are enlarged pixel by pixel.
    this.#image.classList.toggle('pixels', image.width < 200)
    const size = `${image.width} × ${image.height}`
    this.#caption.textContent = `step ${image.step} · ${size} · ${formatTime(image.wallTime)}`
  }
}

/** The tab of images. */
export class ImagesView implements View {
  readonly element: HTMLElement = h('div', { class: 'grid images' })
  readonly #cards = new Map<string, ImageCard>()

  update(scene: Scene): void {
    const all = [...tagsOf(scene, 'images')].filter(([tag]) => matches(tag, scene.filter))
    if (all.length === 0) {
      this.element.replaceChildren(
        empty('No images yet.', "writer.addImages('samples', images, step)"),
      )
      return
    }
    const cards = all.flatMap(([tag, runs]) =>
      runs.map((shown) => {
        const key = `${shown.run.name}\n${tag}`
        const card = this.#cards.get(key) ?? new ImageCard(tag, shown.run)
        this.#cards.set(key, card)
        void card.update(shown)
        return card.element
      }),
    )
    arrange(this.element, cards)
  }
}
