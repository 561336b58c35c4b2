import type { RunInfo } from '../protocol.ts'
import { empty, h } from './dom.ts'
import type { Scene, ShownRun, TagKind, View } from './view.ts'
import { arrange, matches, tagsOf } from './view.ts'

/** What shows a tag of a run. */
interface Card {
  readonly element: HTMLElement
  update(shown: ShownRun): Promise<void>
}

interface Cards {
  /** Of the element that holds them. */
  readonly class: string
  readonly kind: TagKind
  /** A message in place of what there is nothing of, and how to write it. */
  readonly nothing: readonly [text: string, code: string]
  readonly make: (tag: string, run: RunInfo) => Card
}

/** A tab with a card for each tag and run. */
export class CardView implements View {
  readonly element: HTMLElement
  readonly #options: Cards
  readonly #cards = new Map<string, Card>()

  constructor(options: Cards) {
    this.element = h('div', { class: options.class })
    this.#options = options
  }

  update(scene: Scene): void {
    const { kind, nothing, make } = this.#options
    const all = [...tagsOf(scene, kind)].filter(([tag]) => matches(tag, scene.filter))
    if (all.length === 0) {
      this.element.replaceChildren(empty(...nothing))
      return
    }
    const cards = all.flatMap(([tag, runs]) =>
      runs.map((shown) => {
        const key = `${shown.run.name}\n${tag}`
        const card = this.#cards.get(key) ?? make(tag, shown.run)
        this.#cards.set(key, card)
        void card.update(shown)
        return card.element
      }),
    )
    arrange(this.element, cards)
  }
}
