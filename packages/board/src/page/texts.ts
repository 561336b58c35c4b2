/** The tab of texts: the newest of each tag and run, with those before it. */
import type { TextInfo } from '../protocol.ts'
import { CardView } from './card-view.ts'
import { h } from './dom.ts'
import { formatTime } from './format.ts'
import { ask } from './store.ts'
import type { ShownRun } from './view.ts'

/** A text with `code`, **bold** and headings set off; the rest stands as it was written. */
function textElement(text: string): HTMLElement {
  const parts = text.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*|^#{1,6} .*$)/m).map((part) => {
    if (/^`.*`$/.test(part)) return h('code', {}, part.slice(1, -1))
    if (/^\*\*.*\*\*$/.test(part)) return h('b', {}, part.slice(2, -2))
    if (/^#{1,6} /.test(part)) return h('b', { class: 'heading' }, part.replace(/^#+ /, ''))
    return part
  })
  return h('div', { class: 'text' }, ...parts)
}

class TextCard {
  readonly element: HTMLElement
  readonly #tag: string
  readonly #body: HTMLElement = h('div')
  readonly #dot: HTMLElement = h('i', { class: 'dot' })
  #version = 0

  constructor(tag: string, run: string) {
    this.#tag = tag
    this.element = h(
      'section',
      { class: 'card', attrs: { 'data-tag': tag } },
      h('header', {}, h('h3', {}, tag), h('span', { class: 'muted run' }, this.#dot, run)),
      this.#body,
    )
  }

  async update({ run, color }: ShownRun): Promise<void> {
    this.#dot.style.background = color
    if (run.version === this.#version) return
    this.#version = run.version
    const texts = await ask<TextInfo[]>('/api/texts', { run: run.name, tag: this.#tag })
    const entries = texts.toReversed().map(({ step, wallTime, text }) => {
      const when = h('div', { class: 'muted' }, `step ${step} · ${formatTime(wallTime)}`)
      return h('div', { class: 'entry' }, when, textElement(text))
    })
    const [newest, ...older] = entries
    if (newest === undefined) return
    const rest = h('details', {}, h('summary', {}, `${older.length} before`), ...older)
    this.#body.replaceChildren(newest, ...(older.length > 0 ? [rest] : []))
  }
}

/** The tab of texts. */
export class TextsView extends CardView {
  constructor() {
    super({
      class: 'texts',
      kind: 'texts',
      nothing: ['No texts yet.', "writer.addText('note', text, step)"],
      make: (tag, run) => new TextCard(tag, run.name),
    })
  }
}
