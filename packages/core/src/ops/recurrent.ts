/** One step of recurrent networks. */
import type { Arguments, Given } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { requireTensor } from '../elementwise.ts'
import { ShapeError, ValueError } from '../errors.ts'
import type { Describable } from '../errors.ts'
import type { NamedResult } from '../named-result.ts'
import { namedResult } from '../named-result.ts'
import { formatShape } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import type { RecurrentResult } from './recurrent-records.ts'
import { recurrent } from './recurrent-records.ts'
import type { Cell } from './recurrent-second-order.ts'

/** The weights of a cell. */
export interface CellWeights {
  /** What the input gives for each gate, `[gates · H, D]`. */
  wIh: Tensor
  /** What the hidden state gives, `[gates · H, H]`. */
  wHh: Tensor
  /** A summand beside the input's, `[gates · H]`. Default null. */
  bIh?: Tensor | null
  /** A summand beside the hidden state's, `[gates · H]`. Default null. */
  bHh?: Tensor | null
}

type Optional = Tensor | null | undefined

/** Checks a step's operands: of `gates` gates, for a hidden state `[N, H]`. */
function checkCell(
  op: string,
  gates: number,
  input: Tensor,
  states: Record<string, unknown>,
  weights: Record<string, Optional>,
): void {
  requireTensor(op, 'input', input)
  for (const [name, state] of Object.entries(states)) requireTensor(op, name, state)
  requireTensor(op, 'wIh', weights['wIh'] as Tensor)
  requireTensor(op, 'wHh', weights['wHh'] as Tensor)
  const inputs: Record<string, Describable> = {
    input,
    ...(states as Record<string, Tensor>),
    ...weights,
  }
  const hidden = Object.values(states)[0] as Tensor
  if (input.ndim !== 2 || hidden.ndim !== 2) {
    throw new ShapeError(
      op,
      inputs,
      'input must be [N, D], and the state [N, H]',
      'unsqueeze(0) adds a batch axis',
    )
  }
  const [n, width] = input._shape as readonly [number, number]
  const size = hidden._shape[1] as number
  const expect = (name: string, value: unknown, shape: readonly number[]): void => {
    if (value === null || value === undefined) return
    requireTensor(op, name, value)
    const { _shape } = value
    if (formatShape(_shape) === formatShape(shape)) return
    throw new ShapeError(
      op,
      inputs,
      `${name} must be ${formatShape(shape)}, not ${formatShape(_shape)}`,
      `with N = ${n}, D = ${width} and H = ${size}`,
    )
  }
  for (const [name, state] of Object.entries(states)) expect(name, state, [n, size])
  expect('wIh', weights['wIh'], [gates * size, width])
  expect('wHh', weights['wHh'], [gates * size, size])
  expect('bIh', weights['bIh'], [gates * size])
  expect('bHh', weights['bHh'], [gates * size])
}

/** One step. */
function step(
  op: string,
  cell: Cell,
  input: Tensor,
  [h, c]: readonly [h: Tensor, c: Tensor | null],
  [wIh, wHh, bIh = null, bHh = null]: readonly [Tensor, Tensor, Optional, Optional],
): RecurrentResult {
  const call = { input, h0: h, c0: c, wIh, wHh, bIh, bHh, wHr: null, counts: null }
  return recurrent(op, call, { cell, reverse: false, batchFirst: false, counts: null })
}

type CellParameters<S> = [S, Tensor, Tensor, Optional, Optional]

const NAMES = ['hx', 'wIh', 'wHh', 'bIh', 'bHh'] as const

export interface LstmCellOptions extends CellWeights {
  /** The hidden state and the cell's, `[N, H]` each. */
  hx: readonly [h: Tensor, c: Tensor]
}

const readLstmCell = parameters<CellParameters<readonly Tensor[]>>('lstmCell', NAMES)

/**
 * A step of a long short-term memory: with i, f, g, o = wIh · input + bIh + wHh · h + bHh,
 * c' = σ(f) · c + σ(i) · tanh(g) and h' = σ(o) · tanh(c').
 *
 * Shapes: input `[N, D]`, hx two of `[N, H]`, wIh `[4H, D]`, wHh `[4H, H]`, biases `[4H]` -> h' and
 * c', `[N, H]`. Dtype: one, floating.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {ValueError} unless hx are two states.
 * @throws {DTypeError} if the dtypes differ.
 * @see torch.lstm_cell; Hochreiter, Schmidhuber 1997, https://www.bioinf.jku.at/publications/older/2604.pdf
 */
export function lstmCell(
  input: Tensor,
  ...given: Arguments<LstmCellOptions, typeof NAMES>
): NamedResult<readonly ['h', 'c']> {
  const op = 'lstmCell'
  const [hx, wIh, wHh, bIh = null, bHh = null] = readLstmCell(given)
  if (!Array.isArray(hx) || hx.length !== 2) {
    throw new ValueError(op, { input }, `hx are two states [h, c], not ${show(hx)}`, 'pass [h, c]')
  }
  const [h, c] = hx as [Tensor, Tensor]
  checkCell(op, 4, input, { h, c }, { wIh, wHh, bIh, bHh })
  const next = step(op, 'lstm', input, [h, c], [wIh as Tensor, wHh as Tensor, bIh, bHh])
  return namedResult(['h', 'c'], [next.h, next.c])
}

export interface GruCellOptions extends CellWeights {
  /** The hidden state, `[N, H]`. */
  hx: Tensor
}

const readGruCell = parameters<CellParameters<Tensor>>('gruCell', NAMES)

/**
 * A step of a gated recurrent unit: r, z = σ(wIh · input + bIh + wHh · h + bHh) and
 * n = tanh(wIh · input + bIh + r · (wHh · h + bHh)), each with its third of the weights; then
 * h' = (1 - z) · n + z · h.
 *
 * Shapes: input `[N, D]`, hx `[N, H]`, wIh `[3H, D]`, wHh `[3H, H]`, biases `[3H]` -> `[N, H]`.
 * Dtype: one, floating.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {DTypeError} if the dtypes differ.
 * @see torch.gru_cell; Cho et al. 2014, https://arxiv.org/abs/1406.1078
 */
export function gruCell(input: Tensor, ...given: Arguments<GruCellOptions, typeof NAMES>): Tensor {
  const [hx, wIh, wHh, bIh = null, bHh = null] = readGruCell(given)
  const h = hx as Tensor
  checkCell('gruCell', 3, input, { hx: h }, { wIh, wHh, bIh, bHh })
  return step('gruCell', 'gru', input, [h, null], [wIh as Tensor, wHh as Tensor, bIh, bHh]).h
}

const readTanhCell = parameters<CellParameters<Tensor>>('rnnTanhCell', NAMES)
const readReluCell = parameters<CellParameters<Tensor>>('rnnReluCell', NAMES)

/**
 * A step of a simple recurrent network: h' = tanh(wIh · input + bIh + wHh · h + bHh).
 *
 * Shapes: input `[N, D]`, hx `[N, H]`, wIh `[H, D]`, wHh `[H, H]`, biases `[H]` -> `[N, H]`.
 * Dtype: one, floating.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {DTypeError} if the dtypes differ.
 * @see torch.rnn_tanh_cell
 */
export function rnnTanhCell(
  input: Tensor,
  ...given: Arguments<GruCellOptions, typeof NAMES>
): Tensor {
  return simpleCell('rnnTanhCell', 'tanh', input, readTanhCell(given))
}

/**
 * A step of a simple recurrent network: h' = max(0, wIh · input + bIh + wHh · h + bHh).
 *
 * Shapes: input `[N, D]`, hx `[N, H]`, wIh `[H, D]`, wHh `[H, H]`, biases `[H]` -> `[N, H]`.
 * Dtype: one, floating.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {DTypeError} if the dtypes differ.
 * @see torch.rnn_relu_cell
 */
export function rnnReluCell(
  input: Tensor,
  ...given: Arguments<GruCellOptions, typeof NAMES>
): Tensor {
  return simpleCell('rnnReluCell', 'relu', input, readReluCell(given))
}

function simpleCell(
  op: string,
  cell: 'tanh' | 'relu',
  input: Tensor,
  [hx, wIh, wHh, bIh = null, bHh = null]: Given<CellParameters<Tensor>>,
): Tensor {
  const h = hx as Tensor
  checkCell(op, 1, input, { hx: h }, { wIh, wHh, bIh, bHh })
  return step(op, cell, input, [h, null], [wIh as Tensor, wHh as Tensor, bIh, bHh]).h
}
