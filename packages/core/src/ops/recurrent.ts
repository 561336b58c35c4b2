/** One step of recurrent networks. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { requireTensor } from '../elementwise.ts'
import { ShapeError, ValueError } from '../errors.ts'
import type { Describable } from '../errors.ts'
import type { NamedResult } from '../named-result.ts'
import { namedResult } from '../named-result.ts'
import { formatShape } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { linear } from './matmul.ts'

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
  const gates = linear(input, wIh as Tensor, bIh).add(linear(h, wHh as Tensor, bHh))
  const [i, f, g, o] = gates.chunk(4, 1) as [Tensor, Tensor, Tensor, Tensor]
  const cell = f.sigmoid().mul(c).add(i.sigmoid().mul(g.tanh()))
  return namedResult(['h', 'c'], [o.sigmoid().mul(cell.tanh()), cell])
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
  const own = linear(input, wIh as Tensor, bIh).chunk(3, 1) as [Tensor, Tensor, Tensor]
  const past = linear(h, wHh as Tensor, bHh).chunk(3, 1) as [Tensor, Tensor, Tensor]
  const reset = own[0].add(past[0]).sigmoid()
  const update = own[1].add(past[1]).sigmoid()
  const fresh = own[2].add(reset.mul(past[2])).tanh()
  return h.sub(fresh).mul(update).add(fresh)
}
