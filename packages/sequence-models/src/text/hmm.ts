/** Hidden Markov models: states that follow one another, and symbols that they show. */
import { IndexError, ValueError } from '@flambeau/core'
import { requireCounts, requireOptions } from '@flambeau/core/internal'

export interface HiddenMarkovOptions {
  readonly numStates: number
  readonly numSymbols: number
  /** States in which a sequence may end. Default null: in all. */
  readonly finalStates?: readonly number[] | null
}

export interface CountOptions extends HiddenMarkovOptions {
  /** What is added to each count of states that follow one another. Default 0.1. */
  readonly smoothing?: number
  /** What is added to each count of symbols. Default 0.1. */
  readonly emissionSmoothing?: number
  /** May `to` follow `from` (null: begin)? Others have no probability. Default null: all may. */
  readonly allowed?: ((from: number | null, to: number) => boolean) | null
}

/**
 * A hidden Markov model with symbols from 0 to numSymbols - 1. Probabilities are logarithms: `start`
 * `[numStates]`, `transitions` `[numStates · numStates]` from the row's state to the column's,
 * `emissions` `[numStates · numSymbols]`. A new one has equal probabilities.
 *
 * @throws {ValueError} for counts that cannot be; `viterbi` if no sequence of states is possible.
 * @throws {IndexError} for states and symbols that there are not.
 * @see Rabiner 1989, https://doi.org/10.1109/5.18626
 *
 * @example
 * ```ts
 * import { HiddenMarkovModel } from '@flambeau/sequence-models'
 * // Two coins: 0 shows mostly 0, 1 mostly 1, and both are kept for long.
 * const throws = [{ states: [0, 0, 0, 1, 1, 1], symbols: [0, 0, 0, 1, 1, 1] }]
 * const model = HiddenMarkovModel.fromCounts(throws, { numStates: 2, numSymbols: 2 })
 * console.log(model.viterbi([0, 0, 1, 1])) // => [ 0, 0, 1, 1 ]
 * ```
 */
export class HiddenMarkovModel {
  readonly numStates: number
  readonly numSymbols: number
  readonly start: Float64Array
  readonly transitions: Float64Array
  readonly emissions: Float64Array
  /** 0 for states in which a sequence may end, -Infinity for others. */
  readonly ends: Float64Array

  constructor(options: HiddenMarkovOptions) {
    requireOptions('HiddenMarkov', options, ['numStates', 'numSymbols'])
    const { numStates, numSymbols, finalStates = null } = options
    requireCounts('HiddenMarkovModel', { numStates, numSymbols }, 1)
    this.numStates = numStates
    this.numSymbols = numSymbols
    this.start = new Float64Array(numStates).fill(-Math.log(numStates))
    this.transitions = new Float64Array(numStates * numStates).fill(-Math.log(numStates))
    this.emissions = new Float64Array(numStates * numSymbols).fill(-Math.log(numSymbols))
    this.ends = new Float64Array(numStates).fill(finalStates === null ? 0 : -Infinity)
    for (const state of finalStates ?? []) {
      this.requireState(state)
      this.ends[state] = 0
    }
  }

  private requireState(state: number): void {
    const { numStates } = this
    if (Number.isInteger(state) && state >= 0 && state < numStates) return
    const rule = `the state ${state} is not from 0 to ${numStates - 1}`
    throw new IndexError('HiddenMarkovModel', { numStates }, rule, 'count states from 0')
  }

  /** The model whose probabilities are the shares of what was counted in sequences with known states. */
  static fromCounts(
    sequences: Iterable<{
      readonly states: readonly number[]
      readonly symbols: readonly number[]
    }>,
    options: CountOptions,
  ): HiddenMarkovModel {
    const { smoothing = 0.1, emissionSmoothing = 0.1, allowed = null } = options
    if (!(smoothing >= 0 && emissionSmoothing >= 0)) {
      const rule = 'smoothing is at least 0'
      throw new ValueError('HiddenMarkovModel', { smoothing, emissionSmoothing }, rule, 'pass 0.1')
    }
    const model = new HiddenMarkovModel(options)
    const { numStates, numSymbols, start, transitions, emissions } = model
    const may = (from: number | null, to: number): number =>
      allowed === null || allowed(from, to) ? smoothing : 0
    for (let to = 0; to < numStates; to++) {
      start[to] = may(null, to)
      for (let from = 0; from < numStates; from++)
        transitions[from * numStates + to] = may(from, to)
    }
    emissions.fill(emissionSmoothing)
    for (const { states, symbols } of sequences) {
      if (states.length !== symbols.length) {
        const rule = `${states.length} states for ${symbols.length} symbols`
        throw new ValueError('HiddenMarkovModel', {}, rule, 'a state for each symbol')
      }
      model.requireSymbols(symbols)
      for (const [t, state] of states.entries()) {
        model.requireState(state)
        if (t === 0) start[state]! += 1
        else transitions[(states[t - 1] as number) * numStates + state]! += 1
        emissions[state * numSymbols + (symbols[t] as number)]! += 1
      }
    }
    model.toLogarithms()
    return model
  }

  /** Rows of counts become logarithms of shares; a row without counts, of equal ones. */
  private toLogarithms(): void {
    const { numStates, numSymbols } = this
    const normalize = (row: Float64Array): void => {
      const total = row.reduce((sum, count) => sum + count, 0)
      for (const [i, count] of row.entries()) {
        row[i] = Math.log(total > 0 ? count / total : 1 / row.length)
      }
    }
    normalize(this.start)
    for (let state = 0; state < numStates; state++) {
      normalize(this.transitions.subarray(state * numStates, (state + 1) * numStates))
      normalize(this.emissions.subarray(state * numSymbols, (state + 1) * numSymbols))
    }
  }

  private requireSymbols(symbols: readonly number[]): void {
    const { numSymbols } = this
    const wrong = symbols.find(
      (symbol) => !(Number.isInteger(symbol) && symbol >= 0 && symbol < numSymbols),
    )
    if (wrong === undefined) return
    const rule = `the symbol ${wrong} is not from 0 to ${numSymbols - 1}`
    throw new IndexError('HiddenMarkovModel', { numSymbols }, rule, 'count symbols from 0')
  }

  private emission(state: number, symbol: number): number {
    return this.emissions[state * this.numSymbols + symbol] as number
  }

  /** The most likely states of symbols. */
  viterbi(symbols: readonly number[]): number[] {
    this.requireSymbols(symbols)
    const { numStates, start, transitions, ends } = this
    if (symbols.length === 0) return []
    const from = new Int32Array(symbols.length * numStates)
    let best = start.map((own, state) => own + this.emission(state, symbols[0] as number))
    for (let t = 1; t < symbols.length; t++) {
      const next = new Float64Array(numStates)
      for (let to = 0; to < numStates; to++) {
        let [most, at] = [-Infinity, 0]
        for (let k = 0; k < numStates; k++) {
          const score = (best[k] as number) + (transitions[k * numStates + to] as number)
          if (score > most) [most, at] = [score, k]
        }
        next[to] = most + this.emission(to, symbols[t] as number)
        from[t * numStates + to] = at
      }
      best = next
    }
    let state = 0
    const total = (k: number): number => (best[k] as number) + (ends[k] as number)
    for (let k = 1; k < numStates; k++) if (total(k) > total(state)) state = k
    if (total(state) === -Infinity) {
      const rule = `no sequence of states can show these ${symbols.length} symbols`
      throw new ValueError('HiddenMarkovModel.viterbi', {}, rule, 'smooth the counts')
    }
    const states = [state]
    for (let t = symbols.length - 1; t > 0; t--) {
      state = from[t * numStates + state] as number
      states.push(state)
    }
    return states.toReversed()
  }

  /** The logarithm of the probability of symbols over all sequences of states. */
  logLikelihood(symbols: readonly number[]): number {
    return this.forwardBackward(symbols).total
  }

  /** The forward and backward sums, `[T · numStates]`, as logarithms. */
  private forwardBackward(symbols: readonly number[]): {
    forward: Float64Array
    backward: Float64Array
    total: number
  } {
    this.requireSymbols(symbols)
    const { numStates, start, transitions, ends } = this
    const steps = symbols.length
    const forward = new Float64Array(steps * numStates)
    const backward = new Float64Array(steps * numStates)
    if (steps === 0) return { forward, backward, total: 0 }
    const terms = new Float64Array(numStates)
    for (let t = 0; t < steps; t++) {
      for (let to = 0; to < numStates; to++) {
        for (let k = 0; k < numStates; k++) {
          const before = t === 0 ? 0 : (forward[(t - 1) * numStates + k] as number)
          terms[k] = before + (transitions[k * numStates + to] as number)
        }
        const arrived = t === 0 ? (start[to] as number) : logSumExp(terms)
        forward[t * numStates + to] = arrived + this.emission(to, symbols[t] as number)
      }
    }
    backward.set(ends, (steps - 1) * numStates)
    for (let t = steps - 2; t >= 0; t--) {
      for (let k = 0; k < numStates; k++) {
        for (let to = 0; to < numStates; to++) {
          const own = this.emission(to, symbols[t + 1] as number)
          const behind = backward[(t + 1) * numStates + to] as number
          terms[to] = (transitions[k * numStates + to] as number) + own + behind
        }
        backward[t * numStates + k] = logSumExp(terms)
      }
    }
    const last = (steps - 1) * numStates
    const total = logSumExp(ends.map((end, k) => end + (forward[last + k] as number)))
    return { forward, backward, total }
  }

  /**
   * Changes the probabilities so that sequences without known states become likelier (EM), until they do
   * so by less than `tolerance` for each symbol. `smoothing` is added to the counts of symbols, so that
   * none becomes impossible.
   *
   * @returns The sum of the sequences' log-likelihoods before each iteration, which without smoothing
   * never falls.
   */
  baumWelch(
    sequences: readonly (readonly number[])[],
    options: {
      readonly iterations?: number
      readonly tolerance?: number
      readonly smoothing?: number
    } = {},
  ): number[] {
    const { iterations = 20, tolerance = 1e-6, smoothing = 0 } = options
    requireCounts('HiddenMarkovModel.baumWelch', { iterations }, 1)
    const symbols = sequences.reduce((sum, { length }) => sum + length, 0)
    const history: number[] = []
    for (let i = 0; i < iterations; i++) {
      const before = history.at(-1) ?? -Infinity
      history.push(this.iterate(sequences, smoothing))
      if ((history.at(-1) as number) - before < tolerance * symbols) break
    }
    return history
  }

  private iterate(sequences: readonly (readonly number[])[], smoothing: number): number {
    const { numStates, numSymbols, start, transitions, emissions } = this
    const starts = new Float64Array(start.length)
    const moves = new Float64Array(transitions.length)
    const shown = new Float64Array(emissions.length).fill(smoothing)
    let likelihood = 0
    for (const symbols of sequences) {
      const { forward, backward, total } = this.forwardBackward(symbols)
      if (total === -Infinity) {
        const rule = 'the model gives a sequence no probability'
        throw new ValueError('HiddenMarkovModel.baumWelch', {}, rule, 'smooth the counts')
      }
      likelihood += total
      for (const [t, symbol] of symbols.entries()) {
        for (let k = 0; k < numStates; k++) {
          const at = t * numStates + k
          const here = Math.exp((forward[at] as number) + (backward[at] as number) - total)
          if (t === 0) starts[k]! += here
          shown[k * numSymbols + symbol]! += here
          for (let to = 0; t + 1 < symbols.length && to < numStates; to++) {
            const next = (t + 1) * numStates + to
            const own = this.emission(to, symbols[t + 1] as number)
            const move = (transitions[k * numStates + to] as number) + own
            const all = (forward[at] as number) + move + (backward[next] as number) - total
            moves[k * numStates + to]! += Math.exp(all)
          }
        }
      }
    }
    start.set(starts)
    transitions.set(moves)
    emissions.set(shown)
    this.toLogarithms()
    return likelihood
  }
}

function logSumExp(terms: Float64Array): number {
  const most = terms.reduce((a, b) => Math.max(a, b), -Infinity)
  if (most === -Infinity) return most
  return most + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - most), 0))
}
