/** One step of recurrent layers. */
import type { Tensor } from '@flambeau/core'
import {
  gruCell,
  isTensor,
  lstmCell,
  rnnReluCell,
  rnnTanhCell,
  ShapeError,
  ValueError,
  zeros,
} from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireCounts, requireTensor, show } from '@flambeau/core/internal'
import { uniform_ } from '../init.ts'
import { Module } from '../module.ts'
import type { Parameter } from '../parameter.ts'
import type { FactoryOptions } from './factory.ts'
import { describe } from './describe.ts'
import { newParameter } from './factory.ts'

export interface RecurrentCellOptions extends FactoryOptions {
  /** The size of inputs. */
  inputSize: number
  /** The size of states. */
  hiddenSize: number
  /** Add biases. Default true. */
  bias?: boolean
}

/** What a simple recurrent layer puts its sums through. */
export type RecurrentNonlinearity = 'tanh' | 'relu'

export interface RNNCellOptions extends RecurrentCellOptions {
  /** Default 'tanh'. */
  nonlinearity?: RecurrentNonlinearity
}

type Factory = [FactoryOptions['device'], FactoryOptions['dtype']]

/** A state, by position or by name. */
export type Hx<State> = State | null | { hx?: State | null }

/** The state that was given, if any. @throws {ValueError} unless it is a tensor. */
export function readState(op: string, given: Hx<Tensor> | undefined): Tensor | null {
  const [hx = null] = parameters<[Tensor | null]>(op, ['hx'])([given])
  if (hx === null || isTensor(hx)) return hx
  throw new ValueError(op, [], 'hx must be a tensor', 'pass the last state, or leave it out')
}

/** The states that were given, if any. @throws {ValueError} unless they are two tensors. */
export function readStates(
  op: string,
  given: Hx<LSTMState> | undefined,
): readonly [Tensor | null, Tensor | null] {
  const [hx = null] = parameters<[LSTMState | null]>(op, ['hx'])([given])
  if (hx === null) return [null, null]
  if (Array.isArray(hx) && hx.length === 2 && hx.every(isTensor)) return hx
  throw new ValueError(op, [], 'hx must be two tensors', 'pass the last states, [h, c]')
}

abstract class Cell<Args extends unknown[], Output> extends Module<Args, Output> {
  readonly inputSize: number
  readonly hiddenSize: number
  readonly bias: boolean
  readonly weight_ih: Parameter
  readonly weight_hh: Parameter
  readonly bias_ih: Parameter | null
  readonly bias_hh: Parameter | null

  constructor(
    op: string,
    gates: number,
    sizes: { inputSize: unknown; hiddenSize: unknown; bias: boolean },
    factory: FactoryOptions,
  ) {
    super()
    requireCounts(op, { inputSize: sizes.inputSize, hiddenSize: sizes.hiddenSize }, 0)
    this.inputSize = sizes.inputSize as number
    this.hiddenSize = sizes.hiddenSize as number
    this.bias = sizes.bias
    const rows = gates * this.hiddenSize
    this.weight_ih = newParameter([rows, this.inputSize], factory)
    this.weight_hh = newParameter([rows, this.hiddenSize], factory)
    this.bias_ih = sizes.bias ? newParameter([rows], factory) : null
    this.bias_hh = sizes.bias ? newParameter([rows], factory) : null
    this.resetParameters()
  }

  /** Draws new initial values. */
  resetParameters(): void {
    const bound = this.hiddenSize > 0 ? 1 / Math.sqrt(this.hiddenSize) : 0
    for (const parameter of this.parameters()) uniform_(parameter, -bound, bound)
  }

  /** Input and state as batches. @throws {ShapeError} if they do not fit. */
  protected rows(input: Tensor, state: Tensor | null | undefined): [Tensor, Tensor] {
    const op = this.constructor.name
    requireTensor(op, 'input', input)
    if ((input.ndim !== 1 && input.ndim !== 2) || input.shape.at(-1) !== this.inputSize) {
      throw new ShapeError(
        op,
        { input },
        `input must be [N, ${this.inputSize}] or [${this.inputSize}]`,
        'reshape it',
      )
    }
    const batch = input.ndim === 2 ? input : input.unsqueeze(0)
    const count = batch.shape[0] as number
    if (state === null || state === undefined) {
      return [batch, zeros([count, this.hiddenSize], { dtype: input.dtype, device: input.device })]
    }
    const wanted = input.ndim === 2 ? [count, this.hiddenSize] : [this.hiddenSize]
    if (state.shape.join() !== wanted.join()) {
      throw new ShapeError(op, { input, hx: state }, `hx must be [${wanted.join(', ')}]`, 'fit it')
    }
    return [batch, input.ndim === 2 ? state : state.unsqueeze(0)]
  }

  override extraRepr(): string {
    const bias = this.bias ? undefined : false
    return `${this.inputSize}, ${this.hiddenSize}${bias === undefined ? '' : `, ${describe({ bias })}`}`
  }
}

const RNN = ['inputSize', 'hiddenSize', 'bias', 'nonlinearity', 'device', 'dtype'] as const
const readRnn = parameters<[number, number, boolean, RecurrentNonlinearity, ...Factory]>(
  'RNNCell',
  RNN,
)

/**
 * A step of a simple recurrent layer: h' = tanh(weight_ih · x + bias_ih + weight_hh · h + bias_hh).
 *
 * Shapes: x `[N, inputSize]` or `[inputSize]`, h `[N, hiddenSize]` or `[hiddenSize]`, zeros if left
 * out -> as h.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {ValueError} for another nonlinearity.
 * @see torch.nn.RNNCell
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { RNNCell } from '@flambeau/nn'
 * console.log(new RNNCell(4, 3)(ones([2, 4])).shape) // => [ 2, 3 ]
 * ```
 */
export class RNNCell extends Cell<[input: Tensor, hx?: Hx<Tensor>], Tensor> {
  readonly nonlinearity: RecurrentNonlinearity

  constructor(...given: Arguments<RNNCellOptions, typeof RNN>) {
    const read = readRnn(given)
    const [inputSize, hiddenSize, bias = true, nonlinearity = 'tanh', device, dtype] = read
    super(
      'RNNCell',
      1,
      { inputSize, hiddenSize, bias },
      { device: device ?? null, dtype: dtype ?? null },
    )
    this.nonlinearity = requireNonlinearity('RNNCell', nonlinearity)
  }

  override forward(input: Tensor, hx?: Hx<Tensor>): Tensor {
    const [x, h] = this.rows(input, readState('RNNCell', hx))
    const step = this.nonlinearity === 'tanh' ? rnnTanhCell : rnnReluCell
    const next = step(x, h, this.weight_ih, this.weight_hh, this.bias_ih, this.bias_hh)
    return input.ndim === 2 ? next : next.squeeze(0)
  }
}

/** @throws {ValueError} unless it is 'tanh' or 'relu'. */
export function requireNonlinearity(op: string, name: string): RecurrentNonlinearity {
  if (name === 'tanh' || name === 'relu') return name
  throw new ValueError(op, [], `nonlinearity is 'tanh' or 'relu', not ${show(name)}`, "'tanh'")
}

const CELL = ['inputSize', 'hiddenSize', 'bias', 'device', 'dtype'] as const
const readLstm = parameters<[number, number, boolean, ...Factory]>('LSTMCell', CELL)
const readGru = parameters<[number, number, boolean, ...Factory]>('GRUCell', CELL)

/** Hidden state and cell state. */
export type LSTMState = readonly [h: Tensor, c: Tensor]

/**
 * A step of a long short-term memory.
 *
 * Shapes: x `[N, inputSize]` or `[inputSize]`, states two of `[N, hiddenSize]` or `[hiddenSize]`,
 * zeros if left out -> two such states. weight_ih `[4 · hiddenSize, inputSize]`, in the order of the
 * input, forget, cell and output gates.
 *
 * @throws {ShapeError} if the shapes do not fit.
 * @see torch.nn.LSTMCell; Hochreiter, Schmidhuber 1997, https://www.bioinf.jku.at/publications/older/2604.pdf
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LSTMCell } from '@flambeau/nn'
 * const [h, c] = new LSTMCell(4, 3)(ones([2, 4]))
 * console.log(h.shape, c.shape) // => [ 2, 3 ] [ 2, 3 ]
 * ```
 */
export class LSTMCell extends Cell<[input: Tensor, hx?: Hx<LSTMState>], [h: Tensor, c: Tensor]> {
  constructor(...given: Arguments<RecurrentCellOptions, typeof CELL>) {
    const [inputSize, hiddenSize, bias = true, device = null, dtype = null] = readLstm(given)
    super('LSTMCell', 4, { inputSize, hiddenSize, bias }, { device, dtype })
  }

  override forward(input: Tensor, hx?: Hx<LSTMState>): [h: Tensor, c: Tensor] {
    const states = readStates('LSTMCell', hx)
    const [x, h] = this.rows(input, states[0])
    const [, c] = this.rows(input, states[1])
    const { weight_ih, weight_hh, bias_ih, bias_hh } = this
    const next = lstmCell(x, [h, c], weight_ih, weight_hh, bias_ih, bias_hh)
    return input.ndim === 2 ? [next.h, next.c] : [next.h.squeeze(0), next.c.squeeze(0)]
  }
}

/**
 * A step of a gated recurrent unit.
 *
 * Shapes: x `[N, inputSize]` or `[inputSize]`, h `[N, hiddenSize]` or `[hiddenSize]`, zeros if left
 * out -> as h. weight_ih `[3 · hiddenSize, inputSize]`, in the order of the reset, update and new
 * gates.
 *
 * @throws {ShapeError} if the shapes do not fit.
 * @see torch.nn.GRUCell; Cho et al. 2014, https://arxiv.org/abs/1406.1078
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { GRUCell } from '@flambeau/nn'
 * console.log(new GRUCell(4, 3)(ones([2, 4])).shape) // => [ 2, 3 ]
 * ```
 */
export class GRUCell extends Cell<[input: Tensor, hx?: Hx<Tensor>], Tensor> {
  constructor(...given: Arguments<RecurrentCellOptions, typeof CELL>) {
    const [inputSize, hiddenSize, bias = true, device = null, dtype = null] = readGru(given)
    super('GRUCell', 3, { inputSize, hiddenSize, bias }, { device, dtype })
  }

  override forward(input: Tensor, hx?: Hx<Tensor>): Tensor {
    const [x, h] = this.rows(input, readState('GRUCell', hx))
    const { weight_ih, weight_hh, bias_ih, bias_hh } = this
    const next = gruCell(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return input.ndim === 2 ? next : next.squeeze(0)
  }
}
