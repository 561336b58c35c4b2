import type { RunInfo } from '../protocol.ts'
import { h } from './dom.ts'
import { formatTime } from './format.ts'
import { StepSlider } from './step-slider.ts'
import { ask } from './store.ts'
import type { ShownRun } from './view.ts'

/** What a card of images or of sounds shows. */
interface Media<Info> {
  readonly player: HTMLImageElement | HTMLAudioElement
  /** Where the list of a tag and run is asked for. */
  readonly list: string
  /** Where one of the list is. */
  readonly source: string
  /** What the caption says of the one that is shown. */
  readonly describe: (info: Info) => string
}

/** A card with the images or sounds of a tag in a run, one at a time. */
export class MediaCard<Info extends { readonly step: number; readonly wallTime: number }> {
  readonly element: HTMLElement
  readonly #tag: string
  readonly #media: Media<Info>
  readonly #slider: StepSlider
  readonly #caption: HTMLElement = h('span', { class: 'muted' })
  readonly #dot: HTMLElement = h('i', { class: 'dot' })
  #run: RunInfo
  #infos: readonly Info[] = []
  #version = 0

  constructor(tag: string, run: RunInfo, media: Media<Info>) {
    this.#tag = tag
    this.#run = run
    this.#media = media
    this.#slider = new StepSlider(tag, () => this.#show())
    this.element = h(
      'section',
      { class: 'card image', attrs: { 'data-tag': tag } },
      h('header', {}, h('h3', { title: tag }, tag)),
      h('div', { class: 'muted run' }, this.#dot, run.name),
      h('div', { class: 'picture' }, media.player),
      h('footer', {}, this.#slider.element, this.#caption),
    )
  }

  async update({ run, color }: ShownRun): Promise<void> {
    this.#dot.style.background = color
    this.#run = run
    if (run.version === this.#version) return
    this.#version = run.version
    this.#infos = await ask<Info[]>(this.#media.list, { run: run.name, tag: this.#tag })
    this.#slider.setCount(this.#infos.length)
    this.#show()
  }

  #show(): void {
    const { player, source, describe } = this.#media
    const info = this.#infos[this.#slider.index]
    if (info === undefined) return
    const query = {
      run: this.#run.name,
      tag: this.#tag,
      index: String(this.#slider.index),
      generation: String(this.#run.generation),
    }
    const address = `${source}?${new URLSearchParams(query)}`
    if (player.getAttribute('src') !== address) player.src = address
    this.#caption.textContent = `step ${info.step} · ${describe(info)} · ${formatTime(info.wallTime)}`
  }
}
