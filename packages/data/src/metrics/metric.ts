/** What every metric is: sums or samples that grow with each batch, and a value made of them. */
import type { TensorData } from '@flambeau/core'
import { asTensor, fromTypedArray, Tensor, ValueError } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import { Numbers } from './numbers.ts'

/** What a metric remembers: single numbers, counts of fixed length, and lists that grow. */
export type MetricState = Record<string, number | Float64Array | Numbers>

/** A metric's state in a form that can be saved: numbers, and float64 tensors with one axis. */
export type MetricStateDict = Record<string, number | Tensor>

/**
 * A value over a whole data set, computed batch by batch: `update` takes a batch, `compute` gives the
 * value over all batches since the start or the last `reset`, whatever their sizes. The state can be
 * saved in the middle of an evaluation and be continued from.
 *
 * A metric of yours names what it remembers in its constructor; saving and forgetting follow from it.
 *
 * @see torchmetrics.Metric
 *
 * @example
 * ```ts
 * import type { Tensor } from '@flambeau/core'
 * import { tensor } from '@flambeau/core'
 * import { Metric } from '@flambeau/data'
 *
 * class Longest extends Metric<number, [Tensor]> {
 *   constructor() {
 *     super({ longest: 0 })
 *   }
 *   override update(batch: Tensor): void {
 *     this.state['longest'] = Math.max(this.compute(), batch.numel())
 *   }
 *   override compute(): number {
 *     return this.state['longest'] as number
 *   }
 * }
 *
 * const metric = new Longest()
 * metric.update(tensor([1, 2, 3]))
 * metric.update(tensor([4]))
 * console.log(metric.compute(), metric.stateDict()) // => 3 { longest: 3 }
 * ```
 */
export abstract class Metric<Result = number, Inputs extends readonly unknown[] = never[]> {
  /** What was seen so far. */
  protected state: MetricState

  /** @param state what a new metric remembers. */
  constructor(state: MetricState) {
    this.#initial = copyOf(state)
    this.state = state
  }

  readonly #initial: MetricState

  /** Takes a batch. */
  abstract update(...inputs: Inputs): void

  /** The value over all batches. */
  abstract compute(): Result

  /** Forgets all batches. */
  reset(): void {
    this.state = copyOf(this.#initial)
  }

  /** A copy of what was seen so far, to be saved. */
  stateDict(): MetricStateDict {
    const out: MetricStateDict = {}
    for (const [name, value] of Object.entries(this.state)) {
      if (typeof value === 'number') out[name] = value
      else out[name] = fromTypedArray(value instanceof Numbers ? value.toArray() : value)
    }
    return out
  }

  /**
   * Continues from a saved state.
   *
   * @throws {ValueError} if the state is of another metric, or of one with other options.
   */
  loadStateDict(state: Readonly<Record<string, unknown>>): void {
    const op = `${this.constructor.name}.loadStateDict`
    const refuse = (rule: string): never => {
      throw new ValueError(op, [], rule, 'load the state of a metric with the same options')
    }
    requireOptions(op, state)
    const names = Object.keys(this.#initial)
    const extra = Object.keys(state).find((name) => !names.includes(name))
    if (extra !== undefined) refuse(`the state has '${extra}', which this metric does not know`)
    const next: MetricState = {}
    for (const [name, initial] of Object.entries(this.#initial)) {
      const value = state[name]
      if (typeof initial === 'number') {
        if (typeof value !== 'number') return refuse(`'${name}' must be a number`)
        next[name] = value
        continue
      }
      if (!(value instanceof Tensor) || value.ndim !== 1)
        return refuse(`'${name}' must be a tensor with one axis`)
      const numbers = numbersOf(value)
      if (initial instanceof Numbers) next[name] = new Numbers(numbers)
      else if (numbers.length !== initial.length)
        return refuse(`'${name}' must have ${initial.length} elements, not ${numbers.length}`)
      else next[name] = Float64Array.from(numbers)
    }
    this.state = next
  }
}

function copyOf(state: MetricState): MetricState {
  const out: MetricState = {}
  for (const [name, value] of Object.entries(state)) {
    if (typeof value === 'number') out[name] = value
    else out[name] = value instanceof Numbers ? new Numbers(value.toArray()) : value.slice()
  }
  return out
}

/** What the elements of a tensor are read into. */
export type NumberArray = ReturnType<Tensor['toArray']>

/** A tensor of what a metric was given, without history. */
export function input(data: TensorData): Tensor {
  return asTensor(data).detach()
}

/** The elements of a tensor as numbers, in row-major order. */
export function numbersOf(data: Tensor): NumberArray {
  return data.detach().toArray()
}
