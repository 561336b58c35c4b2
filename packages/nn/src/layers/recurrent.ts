/** Recurrent layers over whole sequences. */
import type { Tensor } from '@flambeau/core'
import { cat, dropout, ShapeError, stack, ValueError, zeros } from '@flambeau/core'
import type { Arguments, RecurrentCell } from '@flambeau/core/internal'
import { parameters, recurrent, requireCounts, requireTensor } from '@flambeau/core/internal'
import { uniform_ } from '../init.ts'
import { Module } from '../module.ts'
import type { Parameter } from '../parameter.ts'
import { PackedSequence } from '../utils/rnn.ts'
import { describe, unless } from './describe.ts'
import type { FactoryOptions } from './factory.ts'
import { newParameter } from './factory.ts'
import type { Hx, LSTMState, RecurrentNonlinearity } from './recurrent-cells.ts'
import { readState, readStates, requireNonlinearity } from './recurrent-cells.ts'

export interface RecurrentOptions extends FactoryOptions {
  /** The size of inputs. */
  inputSize: number
  /** The size of states. */
  hiddenSize: number
  /** How many layers are behind one another. Default 1. */
  numLayers?: number
  /** Add biases. Default true. */
  bias?: boolean
  /** Are batches the first axis, not the second? Default false. */
  batchFirst?: boolean
  /** The share of each layer's output but the last one's to drop while training. Default 0. */
  dropout?: number
  /** Go backwards too. Default false. */
  bidirectional?: boolean
}

type Factory = [FactoryOptions['device'], FactoryOptions['dtype']]

interface Settings {
  cell: RecurrentCell
  inputSize: unknown
  hiddenSize: unknown
  numLayers: number
  bias: boolean
  batchFirst: boolean
  dropout: number
  bidirectional: boolean
  projSize: number
  device: FactoryOptions['device']
  dtype: FactoryOptions['dtype']
}

const gatesOf = (cell: RecurrentCell): number => (cell === 'lstm' ? 4 : cell === 'gru' ? 3 : 1)

/** What each layer begins with, and how its input lies. */
interface Sequences {
  /** The first states by kind (h, c), `[layers · directions, N, …]`. */
  first: readonly Tensor[]
  batchFirst: boolean
  packed: PackedSequence | null
}

abstract class Recurrent<State, Result> extends Module<
  [input: Tensor | PackedSequence, hx?: Hx<State>],
  Result
> {
  readonly inputSize: number
  readonly hiddenSize: number
  readonly numLayers: number
  readonly bias: boolean
  readonly batchFirst: boolean
  readonly dropout: number
  readonly bidirectional: boolean
  readonly projSize: number

  constructor(op: string, settings: Settings) {
    super()
    const { inputSize, hiddenSize, numLayers, projSize } = settings
    requireCounts(op, { hiddenSize, numLayers }, 1)
    requireCounts(op, { inputSize, projSize }, 0)
    this.inputSize = inputSize as number
    this.hiddenSize = hiddenSize as number
    this.numLayers = numLayers
    this.bias = settings.bias
    this.batchFirst = settings.batchFirst
    this.dropout = settings.dropout
    this.bidirectional = settings.bidirectional
    this.projSize = projSize
    if (!(this.dropout >= 0 && this.dropout <= 1)) {
      throw new ValueError(op, { dropout: this.dropout }, 'dropout is from 0 to 1', 'dropout: 0.5')
    }
    if (projSize >= this.hiddenSize) {
      throw new ValueError(
        op,
        { projSize, hiddenSize: this.hiddenSize },
        'projSize must be below hiddenSize',
        'leave it out',
      )
    }
    const rows = gatesOf(settings.cell) * this.hiddenSize
    const out = projSize > 0 ? projSize : this.hiddenSize
    const add = (name: string, shape: number[]): void =>
      this.registerParameter(name, newParameter(shape, settings))
    for (const [layer, suffix] of this.directions()) {
      const width = layer === 0 ? this.inputSize : out * (this.bidirectional ? 2 : 1)
      add(`weight_ih_${suffix}`, [rows, width])
      add(`weight_hh_${suffix}`, [rows, out])
      if (this.bias) add(`bias_ih_${suffix}`, [rows])
      if (this.bias) add(`bias_hh_${suffix}`, [rows])
      if (projSize > 0) add(`weight_hr_${suffix}`, [projSize, this.hiddenSize])
    }
    this.resetParameters()
  }

  /** What is behind `forward`. */
  protected abstract get cell(): RecurrentCell

  /** Layers and the names of their directions. */
  private directions(): [layer: number, suffix: string][] {
    return Array.from({ length: this.numLayers }, (_, i): [number, string][] =>
      this.bidirectional
        ? [
            [i, `l${i}`],
            [i, `l${i}_reverse`],
          ]
        : [[i, `l${i}`]],
    ).flat()
  }

  /** Draws new initial values. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.hiddenSize)
    for (const parameter of this.parameters()) uniform_(parameter, -bound, bound)
  }

  /**
   * For PyTorch's sake, where it packs the weights into one piece of memory for cuDNN. The kernels here
   * read weights from wherever they are, so nothing is to be done.
   *
   * @see torch.nn.RNNBase.flatten_parameters
   */
  flattenParameters(): void {}

  private weight(name: string): Parameter | null {
    return ((this as unknown as Record<string, unknown>)[name] ?? null) as Parameter | null
  }

  /** All layers, one after the other: the last one's output, and the last states by kind. */
  private layers(input: Tensor, { first, batchFirst, packed }: Sequences): [Tensor, Tensor[]] {
    const op = this.constructor.name
    const cell = this.cell
    const counts = packed === null ? null : packed.batchSizes
    const numbers = counts === null ? null : Array.from(counts.toArray(), Number)
    const directions = this.bidirectional ? 2 : 1
    const ends: Tensor[][] = first.map(() => [])
    let rows = input
    for (let layer = 0; layer < this.numLayers; layer++) {
      const outputs: Tensor[] = []
      for (let direction = 0; direction < directions; direction++) {
        const suffix = `l${layer}${direction === 1 ? '_reverse' : ''}`
        const states = first.map((state) => state.select(0, layer * directions + direction))
        const { output, h, c } = recurrent(
          op,
          {
            input: rows,
            h0: states[0] as Tensor,
            c0: states[1] ?? null,
            wIh: this.weight(`weight_ih_${suffix}`) as Tensor,
            wHh: this.weight(`weight_hh_${suffix}`) as Tensor,
            bIh: this.weight(`bias_ih_${suffix}`),
            bHh: this.weight(`bias_hh_${suffix}`),
            wHr: this.weight(`weight_hr_${suffix}`),
            counts,
          },
          { cell, reverse: direction === 1, batchFirst, counts: numbers },
        )
        outputs.push(output)
        ends[0]?.push(h)
        ends[1]?.push(c)
      }
      rows = outputs.length === 1 ? (outputs[0] as Tensor) : cat(outputs, -1)
      if (layer + 1 < this.numLayers && this.training && this.dropout > 0) {
        rows = dropout(rows, this.dropout, true)
      }
    }
    return [rows, ends.map((states) => stack(states))]
  }

  /** Runs over a tensor or packed sequences, with states as `[layers, N, …]` or less N. */
  protected run(
    input: Tensor | PackedSequence,
    given: readonly (Tensor | null | undefined)[],
  ): { output: Tensor | PackedSequence; states: Tensor[] } {
    const op = this.constructor.name
    const packed = input instanceof PackedSequence ? input : null
    if (packed === null) requireTensor(op, 'input', input)
    const data = packed === null ? (input as Tensor) : packed.data
    const single = packed === null && data.ndim === 2
    const wrong = packed === null ? data.ndim !== 2 && data.ndim !== 3 : data.ndim !== 2
    if (wrong || data.shape.at(-1) !== this.inputSize) {
      throw new ShapeError(
        op,
        { input: data },
        `input must be [${this.batchFirst ? 'N, T' : 'T, N'}, ${this.inputSize}], or less N`,
        'reshape it',
      )
    }
    const batches = single ? data.unsqueeze(1) : data
    const batchFirst = this.batchFirst && !single && packed === null
    const steps = packed === null ? batches.shape[batchFirst ? 1 : 0] : packed.batchSizes.shape[0]
    if (steps === 0) {
      throw new ShapeError(op, { input: data }, 'there must be a step', 'leave empty sequences out')
    }
    const count =
      packed === null
        ? (batches.shape[batchFirst ? 0 : 1] as number)
        : packed.batchSizes.select(0, 0).item()
    const runs = this.numLayers * (this.bidirectional ? 2 : 1)
    const first = given.map((state, k) => {
      const size = k === 0 && this.projSize > 0 ? this.projSize : this.hiddenSize
      if (state === null || state === undefined) {
        return zeros([runs, count, size], { dtype: data.dtype, device: data.device })
      }
      const wanted = single ? [runs, size] : [runs, count, size]
      if (state.shape.join() !== wanted.join()) {
        const rule = `states must be [${wanted.join(', ')}]`
        throw new ShapeError(
          op,
          { input: data, hx: state },
          rule,
          'as many as layers and directions',
        )
      }
      const batch = single ? state.unsqueeze(1) : state
      const sorted = packed?.sortedIndices ?? null
      return sorted === null ? batch : batch.indexSelect(1, sorted)
    })
    const [output, last] = this.layers(batches, { first, batchFirst, packed })
    if (packed !== null) {
      const { batchSizes, sortedIndices, unsortedIndices } = packed
      const sequences = new PackedSequence(output, batchSizes, sortedIndices, unsortedIndices)
      const back = unsortedIndices
      const states = back === null ? last : last.map((state) => state.indexSelect(1, back))
      return { output: sequences, states }
    }
    if (single) {
      return { output: output.squeeze(1), states: last.map((state) => state.squeeze(1)) }
    }
    return { output, states: last }
  }

  override extraRepr(): string {
    const settings = describe({
      projSize: unless(0, this.projSize),
      numLayers: unless(1, this.numLayers),
      bias: unless(true, this.bias),
      batchFirst: unless(false, this.batchFirst),
      dropout: unless(0, this.dropout),
      bidirectional: unless(false, this.bidirectional),
    })
    return `${this.inputSize}, ${this.hiddenSize}${settings === '' ? '' : `, ${settings}`}`
  }
}

const RNN_NAMES = [
  'inputSize',
  'hiddenSize',
  'numLayers',
  'nonlinearity',
  'bias',
  'batchFirst',
  'dropout',
  'bidirectional',
  'device',
  'dtype',
] as const

export interface RNNOptions extends RecurrentOptions {
  /** Default 'tanh'. */
  nonlinearity?: RecurrentNonlinearity
}

const readRnn = parameters<
  [number, number, number, RecurrentNonlinearity, boolean, boolean, number, boolean, ...Factory]
>('RNN', RNN_NAMES)

// The calls of a layer: what comes back is packed where the input is.
export interface RNN {
  (input: Tensor, hx?: Hx<Tensor>): [output: Tensor, h: Tensor]
  (input: PackedSequence, hx?: Hx<Tensor>): [output: PackedSequence, h: Tensor]
}

/**
 * A simple recurrent network: h' = tanh(weight_ih · x + bias_ih + weight_hh · h + bias_hh).
 *
 * Shapes: x `[T, N, inputSize]`, `[N, T, inputSize]` with batchFirst, `[T, inputSize]`, or packed; h
 * `[directions · numLayers, N, hiddenSize]`, zeros if left out -> output `[T, N, directions ·
 * hiddenSize]` and the last h. In state dicts `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`,
 * `bias_hh_l0`, backwards `…_reverse`.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {ValueError} for sizes or a nonlinearity that
 * cannot be.
 * @see torch.nn.RNN
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { RNN } from '@flambeau/nn'
 * const [output, h] = new RNN(4, 3, 2)(ones([5, 2, 4]))
 * console.log(output.shape, h.shape) // => [ 5, 2, 3 ] [ 2, 2, 3 ]
 * ```
 */
export class RNN extends Recurrent<Tensor, [output: Tensor | PackedSequence, h: Tensor]> {
  readonly nonlinearity: RecurrentNonlinearity

  constructor(...given: Arguments<RNNOptions, typeof RNN_NAMES>) {
    const read = readRnn(given)
    const nonlinearity = requireNonlinearity('RNN', read[3] ?? 'tanh')
    super('RNN', {
      cell: nonlinearity,
      inputSize: read[0],
      hiddenSize: read[1],
      numLayers: read[2] ?? 1,
      bias: read[4] ?? true,
      batchFirst: read[5] ?? false,
      dropout: read[6] ?? 0,
      bidirectional: read[7] ?? false,
      projSize: 0,
      device: read[8] ?? null,
      dtype: read[9] ?? null,
    })
    this.nonlinearity = nonlinearity
  }

  protected override get cell(): RecurrentCell {
    return this.nonlinearity
  }

  override forward(
    input: Tensor | PackedSequence,
    hx?: Hx<Tensor>,
  ): [output: Tensor | PackedSequence, h: Tensor] {
    const { output, states } = this.run(input, [readState('RNN', hx)])
    return [output, states[0] as Tensor]
  }
}

const LSTM_NAMES = [
  'inputSize',
  'hiddenSize',
  'numLayers',
  'bias',
  'batchFirst',
  'dropout',
  'bidirectional',
  'projSize',
  'device',
  'dtype',
] as const

export interface LSTMOptions extends RecurrentOptions {
  /** The size of projected hidden states, below hiddenSize. Default 0: none. */
  projSize?: number
}

const readLstm = parameters<
  [number, number, number, boolean, boolean, number, boolean, number, ...Factory]
>('LSTM', LSTM_NAMES)

// The calls of a layer: what comes back is packed where the input is.
export interface LSTM {
  (input: Tensor, hx?: Hx<LSTMState>): [output: Tensor, states: [h: Tensor, c: Tensor]]
  (
    input: PackedSequence,
    hx?: Hx<LSTMState>,
  ): [output: PackedSequence, states: [h: Tensor, c: Tensor]]
}

/**
 * A long short-term memory over whole sequences.
 *
 * Shapes: x `[T, N, inputSize]`, `[N, T, inputSize]` with batchFirst, `[T, inputSize]`, or packed; h
 * `[directions · numLayers, N, projSize or hiddenSize]` and c with hiddenSize, zeros if left out ->
 * output `[T, N, directions · (projSize or hiddenSize)]` and the last states. In state dicts
 * `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, `weight_hr_l0`, backwards `…_reverse`.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {ValueError} for sizes that cannot be.
 * @see torch.nn.LSTM; Hochreiter, Schmidhuber 1997, https://www.bioinf.jku.at/publications/older/2604.pdf
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LSTM } from '@flambeau/nn'
 * const [output, [h, c]] = new LSTM(4, 3, { bidirectional: true })(ones([5, 2, 4]))
 * console.log(output.shape, h.shape, c.shape) // => [ 5, 2, 6 ] [ 2, 2, 3 ] [ 2, 2, 3 ]
 * ```
 */
export class LSTM extends Recurrent<
  LSTMState,
  [output: Tensor | PackedSequence, states: [h: Tensor, c: Tensor]]
> {
  constructor(...given: Arguments<LSTMOptions, typeof LSTM_NAMES>) {
    const read = readLstm(given)
    super('LSTM', {
      cell: 'lstm',
      inputSize: read[0],
      hiddenSize: read[1],
      numLayers: read[2] ?? 1,
      bias: read[3] ?? true,
      batchFirst: read[4] ?? false,
      dropout: read[5] ?? 0,
      bidirectional: read[6] ?? false,
      projSize: read[7] ?? 0,
      device: read[8] ?? null,
      dtype: read[9] ?? null,
    })
  }

  protected override get cell(): RecurrentCell {
    return 'lstm'
  }

  override forward(
    input: Tensor | PackedSequence,
    hx?: Hx<LSTMState>,
  ): [output: Tensor | PackedSequence, states: [h: Tensor, c: Tensor]] {
    const { output, states } = this.run(input, readStates('LSTM', hx))
    return [output, states as [Tensor, Tensor]]
  }
}

const GRU_NAMES = [
  'inputSize',
  'hiddenSize',
  'numLayers',
  'bias',
  'batchFirst',
  'dropout',
  'bidirectional',
  'device',
  'dtype',
] as const

const readGru = parameters<[number, number, number, boolean, boolean, number, boolean, ...Factory]>(
  'GRU',
  GRU_NAMES,
)

// The calls of a layer: what comes back is packed where the input is.
export interface GRU {
  (input: Tensor, hx?: Hx<Tensor>): [output: Tensor, h: Tensor]
  (input: PackedSequence, hx?: Hx<Tensor>): [output: PackedSequence, h: Tensor]
}

/**
 * A gated recurrent unit over whole sequences.
 *
 * Shapes: x `[T, N, inputSize]`, `[N, T, inputSize]` with batchFirst, `[T, inputSize]`, or packed; h
 * `[directions · numLayers, N, hiddenSize]`, zeros if left out -> output `[T, N, directions ·
 * hiddenSize]` and the last h. State-dict names as of LSTM.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {ValueError} for sizes that cannot be.
 * @see torch.nn.GRU; Cho et al. 2014, https://arxiv.org/abs/1406.1078
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { GRU } from '@flambeau/nn'
 * const [output, h] = new GRU(4, 3, { batchFirst: true })(ones([2, 5, 4]))
 * console.log(output.shape, h.shape) // => [ 2, 5, 3 ] [ 1, 2, 3 ]
 * ```
 */
export class GRU extends Recurrent<Tensor, [output: Tensor | PackedSequence, h: Tensor]> {
  constructor(...given: Arguments<RecurrentOptions, typeof GRU_NAMES>) {
    const read = readGru(given)
    super('GRU', {
      cell: 'gru',
      inputSize: read[0],
      hiddenSize: read[1],
      numLayers: read[2] ?? 1,
      bias: read[3] ?? true,
      batchFirst: read[4] ?? false,
      dropout: read[5] ?? 0,
      bidirectional: read[6] ?? false,
      projSize: 0,
      device: read[7] ?? null,
      dtype: read[8] ?? null,
    })
  }

  protected override get cell(): RecurrentCell {
    return 'gru'
  }

  override forward(
    input: Tensor | PackedSequence,
    hx?: Hx<Tensor>,
  ): [output: Tensor | PackedSequence, h: Tensor] {
    const { output, states } = this.run(input, [readState('GRU', hx)])
    return [output, states[0] as Tensor]
  }
}
