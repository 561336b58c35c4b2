import { h } from './dom.ts'

/** A slider over the steps of a list; it stays at the newest until it is moved away from there. */
export class StepSlider {
  readonly element: HTMLInputElement
  #follows = true

  constructor(tag: string, moved: () => void) {
    this.element = h('input', {
      attrs: { type: 'range', min: '0', value: '0', 'aria-label': `step of ${tag}` },
      on: {
        input: () => {
          this.#follows = this.element.value === this.element.max
          moved()
        },
      },
    })
  }

  /** The place in the list. */
  get index(): number {
    return this.element.valueAsNumber
  }

  /** Says how many steps the list has. */
  setCount(count: number): void {
    const last = Math.max(count - 1, 0)
    this.element.max = String(last)
    this.element.disabled = last === 0
    if (this.#follows || this.index > last) this.element.value = String(last)
  }
}
