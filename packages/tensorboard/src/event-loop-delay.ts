/** How long others have to wait for their turn. */
import type { RecordableHistogram } from 'node:perf_hooks'
import { createHistogram } from 'node:perf_hooks'

/** Milliseconds between two looks. */
const EVERY = 10

/**
 * Measures how much later than asked a timer fires: what a request, a signal or a progress bar has to
 * wait while the process computes. Unlike `monitorEventLoopDelay`, it loses nothing when it is reset.
 *
 * @see node:perf_hooks monitorEventLoopDelay
 *
 * @example
 * ```ts
 * import { EventLoopDelay } from '@flambeau/tensorboard'
 * using delay = new EventLoopDelay()
 * const end = performance.now() + 50
 * while (performance.now() < end); // computes without a pause
 * await new Promise((resolve) => setTimeout(resolve, 20))
 * console.log(delay.percentile(99) > 30) // => true
 * ```
 */
export class EventLoopDelay implements Disposable {
  readonly #histogram: RecordableHistogram = createHistogram()
  readonly #timer: NodeJS.Timeout
  #last: number = performance.now()

  constructor() {
    this.#timer = setInterval(() => {
      const now = performance.now()
      this.#histogram.record(Math.max(1, Math.round((now - this.#last - EVERY) * 1e6)))
      this.#last = now
    }, EVERY)
    this.#timer.unref()
  }

  /** The delay in milliseconds that `percent` of 100 are below; 0 before there is one. */
  percentile(percent: number): number {
    return this.#histogram.count > 0 ? this.#histogram.percentile(percent) / 1e6 : 0
  }

  /** The longest delay in milliseconds; 0 before there is one. */
  get max(): number {
    return this.#histogram.count > 0 ? this.#histogram.max / 1e6 : 0
  }

  /** Forgets what was measured so far. */
  reset(): void {
    this.#histogram.reset()
  }

  /** Ends the measurement. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
