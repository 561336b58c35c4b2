/** Operations of a model: 2 for each multiplication and addition of products and convolutions. */
import type { Interpreter, OpCall } from '@flambeau/core/internal'
import { vmapping } from '@flambeau/core/internal'
import { Tensor } from '@flambeau/core'
import { GRU, LSTM, RNN } from './layers/recurrent.ts'
import { GRUCell, LSTMCell, RNNCell } from './layers/recurrent-cells.ts'
import type { AnyModule } from './module.ts'
import { PackedSequence } from './utils/rnn.ts'

/** Takes what is counted. */
export interface FlopCounter {
  /** Operations of the module that runs. */
  add(flops: number): void
  /** Those of the module that runs are all of these, whatever it does. */
  count(flops: number): void
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1)

type Shapes = readonly (readonly number[])[]

/** Of operations by their shapes. */
const formulas: Readonly<Record<string, (inputs: Shapes, output: readonly number[]) => number>> = {
  // [..., m, k] · [..., k, n]
  matmul: ([a = []], output) => 2 * product(output) * (a.at(-1) ?? 1),
  linear: ([x = []], output) => 2 * product(output) * (x.at(-1) ?? 1),
  addmm: ([, a = []], output) => 2 * product(output) * (a.at(-1) ?? 1),
  conv2d: ([, weight = []], output) => 2 * product(output) * product(weight.slice(1)),
  conv3d: ([, weight = []], output) => 2 * product(output) * product(weight.slice(1)),
  convTranspose2d: ([x = [], weight = []]) => 2 * product(x) * product(weight.slice(1)),
  convTranspose3d: ([x = [], weight = []]) => 2 * product(x) * product(weight.slice(1)),
  // [..., L, E] · [..., S, E]ᵀ, and its [..., L, S] · [..., S, V]
  scaledDotProductAttention: ([query = [], key = []], output) => {
    const [e, v, s] = [query.at(-1) ?? 0, output.at(-1) ?? 0, key.at(-2) ?? 0]
    return 2 * product(output.slice(0, -1)) * s * (e + v)
  },
  // The values of a sparse matrix, with each column of a dense one.
  spmm: ([, , values = [], dense = []]) => 2 * product(values) * (dense.at(-1) ?? 1),
  spmmTransposed: ([, , values = [], dense = []]) => 2 * product(values) * (dense.at(-1) ?? 1),
}

function flopsOf(call: OpCall, output: readonly number[]): number {
  const formula = formulas[call.op.name]
  if (formula === undefined) return 0
  return formula(
    call.inputs.map((input) => (input instanceof Tensor ? input.shape : [])),
    output,
  )
}

const RECURRENT = [RNN, LSTM, GRU, RNNCell, LSTMCell, GRUCell]

/** Those of a recurrent layer, whose kernels do all in one: each weight once a row. */
function recurrentFlops(layer: AnyModule, input: Tensor | PackedSequence): number {
  const data = input instanceof PackedSequence ? input.data : input
  const rows = product(data.shape.slice(0, -1))
  return weightNames(layer).reduce((sum, name) => {
    // Parametrized weights are no parameters, but they are read under their names.
    const weight = (layer as unknown as Record<string, unknown>)[name]
    return weight instanceof Tensor ? sum + 2 * rows * weight.numel() : sum
  }, 0)
}

function weightNames(layer: AnyModule): string[] {
  if (!(layer instanceof RNN || layer instanceof LSTM || layer instanceof GRU)) {
    return ['weight_ih', 'weight_hh']
  }
  const { numLayers, bidirectional } = layer as LSTM
  return Array.from({ length: numLayers }, (_, i) => [`l${i}`, `l${i}_reverse`])
    .flatMap((directions) => (bidirectional ? directions : directions.slice(0, 1)))
    .flatMap((suffix) => ['ih', 'hh', 'hr'].map((kind) => `weight_${kind}_${suffix}`))
}

/** Counts what `body` does. */
export function countingFlops<T>(model: AnyModule, counter: FlopCounter, body: () => T): T {
  const outer = vmapping.interpreter
  const observer: Interpreter = {
    run(call, spec) {
      counter.add(flopsOf(call, spec.shape))
      return outer?.run(call, spec) ?? null
    },
    runMany(call, specs) {
      counter.add(flopsOf(call, specs[0]?.shape ?? []))
      return outer?.runMany(call, specs) ?? null
    },
    runInPlace(call, targets, name) {
      counter.add(flopsOf(call, targets[0]?.shape ?? []))
      return outer?.runInPlace(call, targets, name) ?? false
    },
  }
  const handles = [...model.modules()].flatMap((module) => {
    if (!RECURRENT.some((one) => module instanceof one)) return []
    const handle = module.registerForwardPreHook((_module, [input]) => {
      counter.count(recurrentFlops(module, input as Tensor | PackedSequence))
    })
    return [handle]
  })
  vmapping.interpreter = observer
  try {
    return body()
  } finally {
    vmapping.interpreter = outer
    for (const handle of handles) handle.remove()
  }
}
