/** Recurrent operators, in one direction or both. */
import { cat, stack, zeros } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { recurrent } from '@flambeau/core/internal'
import type { RecurrentCell } from '@flambeau/core/internal'
import type { NodeCall, Operator, Operators } from '../context.ts'

interface Kind {
  readonly gates: number
  /** Where flambeau's gates are among ONNX's: i, f, g, o among i, o, f, c; r, z, n among z, r, h. */
  readonly order: readonly number[]
  readonly activations: readonly string[]
}

const KINDS: Readonly<Record<'LSTM' | 'GRU' | 'RNN', Kind>> = {
  LSTM: { gates: 4, order: [0, 2, 3, 1], activations: ['Sigmoid', 'Tanh', 'Tanh'] },
  GRU: { gates: 3, order: [1, 0, 2], activations: ['Sigmoid', 'Tanh'] },
  RNN: { gates: 1, order: [0], activations: ['Tanh'] },
}

/** Rows of gates in flambeau's order. */
function reordered(weights: Tensor, { gates, order }: Kind): Tensor {
  if (gates === 1) return weights
  const parts = weights.chunk(gates, 0)
  return cat(order.map((i) => parts[i] as Tensor))
}

function cellOf(c: NodeCall, type: 'LSTM' | 'GRU' | 'RNN', directions: number): RecurrentCell {
  const given = c.texts('activations')
  const usual = KINDS[type].activations
  const all = Array.from({ length: directions }, () => usual).flat()
  const relu = type === 'RNN' && given !== null && given.every((one) => one === 'Relu')
  const same = given === null || given.join().toLowerCase() === all.join().toLowerCase()
  c.require(same || relu, `activations [${given?.join(', ') ?? ''}] have no form here`)
  if (type === 'RNN') return relu ? 'relu' : 'tanh'
  return type === 'LSTM' ? 'lstm' : 'gru'
}

/** Steps of different numbers for each sequence would need packing. */
function requireWhole(c: NodeCall, steps: number): void {
  const lengths = c.optionalNumbers(4)
  if (lengths === null || lengths.every((length) => length === steps)) return
  throw c.fail('sequences of different lengths have no form here')
}

const layer =
  (type: 'LSTM' | 'GRU' | 'RNN'): Operator =>
  (c) => {
    const kind = KINDS[type]
    const [w, r] = [c.x(1), c.x(2)]
    const directions = w.shape[0] as number
    const direction = c.text('direction', 'forward')
    const cell = cellOf(c, type, directions)
    const wanted = direction === 'bidirectional' ? 2 : 1
    c.require(directions === wanted, `direction '${direction}' with ${directions} sets of weights`)
    c.require(c.node.attributes['clip'] === undefined, 'clip has no form here')
    c.require(c.int('input_forget', 0) === 0, 'input_forget has no form here')
    c.require(type !== 'LSTM' || c.optional(7) === null, 'peepholes have no form here')
    const linear = type !== 'GRU' || c.int('linear_before_reset', 0) === 1
    c.require(linear, 'linear_before_reset 0 has no form here')
    const batchFirst = c.int('layout', 0) === 1
    const x = batchFirst ? c.x().transpose(0, 1) : c.x()
    const [steps, batch] = x.shape as readonly [number, number]
    requireWhole(c, steps)
    const size = r.shape.at(-1) as number
    const initial = (i: number): Tensor => {
      const state = c.optional(i)
      if (state === null) return zeros([directions, batch, size], { dtype: x.dtype as 'float32' })
      return batchFirst ? state.transpose(0, 1) : state
    }
    const first = [initial(5), type === 'LSTM' ? initial(6) : null] as const
    const runs = Array.from({ length: directions }, (_, d) => {
      const biases = c.optional(3)?.select(0, d).chunk(2, 0) ?? []
      const own = (one: Tensor): Tensor => reordered(one, kind)
      const [bIh = null, bHh = null] = biases.map(own)
      return recurrent(
        type,
        {
          ...{ input: x, h0: first[0].select(0, d), c0: first[1]?.select(0, d) ?? null },
          ...{ wIh: own(w.select(0, d)), wHh: own(r.select(0, d)), bIh, bHh },
          ...{ wHr: null, counts: null },
        },
        {
          ...{ cell, reverse: direction === 'reverse' || d === 1 },
          ...{ batchFirst: false, counts: null },
        },
      )
    })
    const outputs = stack(
      runs.map(({ output }) => output),
      1,
    )
    const h = stack(runs.map((run) => run.h))
    const last = type === 'LSTM' ? [stack(runs.map((run) => run.c))] : []
    const states = [h, ...last].map((one) => (batchFirst ? one.transpose(0, 1) : one))
    // [T, directions, N, H], or with layout 1 [N, T, directions, H].
    return [batchFirst ? outputs.permute(2, 0, 1, 3) : outputs, ...states]
  }

export const recurrentOperators: Operators = {
  LSTM: layer('LSTM'),
  GRU: layer('GRU'),
  RNN: layer('RNN'),
}
