/** The tab of sounds: one of each tag and run, with a slider of steps. */
import type { AudioInfo, RunInfo } from '../protocol.ts'
import { empty, h } from './dom.ts'
import { formatDuration, formatTime } from './format.ts'
import { ask } from './store.ts'
import type { Scene, ShownRun, View } from './view.ts'
import { arrange, matches, tagsOf } from './view.ts'

/** A card with the sounds of a tag in a run. */
class AudioCard {
  readonly element: HTMLElement
  readonly #tag: string
  readonly #player: HTMLAudioElement = h('audio', { attrs: { controls: '', preload: 'metadata' } })
  readonly #slider: HTMLInputElement
  readonly #caption: HTMLElement = h('span', { class: 'muted' })
  readonly #dot: HTMLElement = h('i', { class: 'dot' })
  #run: RunInfo
  #sounds: readonly AudioInfo[] = []
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
          this.#follows = this.#slider.valueAsNumber === this.#sounds.length - 1
          this.#show()
        },
      },
    })
    this.element = h(
      'section',
      { class: 'card image', attrs: { 'data-tag': tag } },
      h('header', {}, h('h3', { title: tag }, tag)),
      h('div', { class: 'muted run' }, this.#dot, run.name),
      h('div', { class: 'picture' }, this.#player),
      h('footer', {}, this.#slider, this.#caption),
    )
  }

  async update({ run, color }: ShownRun): Promise<void> {
    this.#dot.style.background = color
    this.#run = run
    if (run.version === this.#version) return
    this.#version = run.version
    this.#sounds = await ask<AudioInfo[]>('/api/audio', { run: run.name, tag: this.#tag })
    const last = Math.max(this.#sounds.length - 1, 0)
    this.#slider.max = String(last)
    this.#slider.disabled = last === 0
    if (this.#follows || this.#slider.valueAsNumber > last) this.#slider.value = String(last)
    this.#show()
  }

  #show(): void {
    const index = this.#slider.valueAsNumber
    const sound = this.#sounds[index]
    if (sound === undefined) return
    const { name, generation } = this.#run
    const query = {
      run: name,
      tag: this.#tag,
      index: String(index),
      generation: String(generation),
    }
    const source = `/api/sound?${new URLSearchParams(query)}`
    if (this.#player.getAttribute('src') !== source) this.#player.src = source
    const length = `${formatDuration(sound.seconds)} at ${sound.sampleRate} Hz`
    this.#caption.textContent = `step ${sound.step} · ${length} · ${formatTime(sound.wallTime)}`
  }
}

/** The tab of sounds. */
export class AudioView implements View {
  readonly element: HTMLElement = h('div', { class: 'grid images' })
  readonly #cards = new Map<string, AudioCard>()

  update(scene: Scene): void {
    const all = [...tagsOf(scene, 'audio')].filter(([tag]) => matches(tag, scene.filter))
    if (all.length === 0) {
      const code = "writer.addAudio('voice', sound, step, 16000)"
      this.element.replaceChildren(empty('No sounds yet.', code))
      return
    }
    const cards = all.flatMap(([tag, runs]) =>
      runs.map((shown) => {
        const key = `${shown.run.name}\n${tag}`
        const card = this.#cards.get(key) ?? new AudioCard(tag, shown.run)
        this.#cards.set(key, card)
        void card.update(shown)
        return card.element
      }),
    )
    arrange(this.element, cards)
  }
}
