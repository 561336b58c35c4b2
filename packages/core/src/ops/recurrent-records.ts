/** The record of a recurrent layer in one direction, and what runs it. */
import { autocasting, autocastMode, castIn } from '../autocast-dispatch.ts'
import type { DTypeCode } from '../dtype.ts'
import { dtypeName, FLOAT32, FLOAT64, isFloatingCode } from '../dtype.ts'
import type { Describable } from '../errors.ts'
import { DTypeError, ShapeError } from '../errors.ts'
import type { BackwardInfo, SavedInputs } from '../op.ts'
import { defineOp, isRecording, runMany } from '../op.ts'
import type { Shape } from '../shape.ts'
import { formatShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { requireTensor } from '../tensor.ts'
import type { Cell, RecurrentInputs, RecurrentParams } from './recurrent-second-order.ts'
import { recurrentGradients } from './recurrent-second-order.ts'

/** By kernel code. */
const CELLS: readonly Cell[] = ['lstm', 'gru', 'tanh', 'relu']

/** How many gates have weights. */
export function gatesOf(cell: Cell): number {
  return cell === 'lstm' ? 4 : cell === 'gru' ? 3 : 1
}

const NAMES = ['input', 'h0', 'c0', 'wIh', 'wHh', 'bIh', 'bHh', 'wHr', 'counts'] as const

// Beside the sequence, the last h and the last c there are the gates and, of each step, c (LSTM) or
// the hidden product of the new gate (GRU): what the gradient needs.
const recurrentOp = defineOp<(typeof NAMES)[number], RecurrentParams>('recurrent', NAMES, {
  outputs: 5,
  derivative: {
    needs: [...NAMES, 'out0', 'out3', 'out4'],
    formula: (grads, saved, info) => {
      const { input, h0, c0, wIh, wHh, bIh, bHh, wHr } = saved
      const inputs = { input, h0, c0, wIh, wHh, bIh, bHh, wHr } as unknown as RecurrentInputs
      // Second derivatives follow from a gradient that is made of operations.
      if (isRecording()) return recurrentGradients(grads, inputs, info)
      return fusedGradients(grads, saved, info)
    },
  },
})

const gradOp = defineOp(
  'recurrentGrad',
  [
    ...(['gradOutput', 'gradH', 'gradC', 'input', 'h0', 'c0', 'wIh', 'wHh', 'wHr'] as const),
    ...(['output', 'gates', 'kept', 'counts'] as const),
  ],
  {
    outputs: 8,
    derivative: {
      gradOutput: 'non-differentiable',
      gradH: 'non-differentiable',
      gradC: 'non-differentiable',
      input: 'non-differentiable',
      h0: 'non-differentiable',
      c0: 'non-differentiable',
      wIh: 'non-differentiable',
      wHh: 'non-differentiable',
      wHr: 'non-differentiable',
      output: 'non-differentiable',
      gates: 'non-differentiable',
      kept: 'non-differentiable',
      counts: 'non-differentiable',
    },
  },
)

// Kernels of a device find the counts of packed sequences here: to read the tensor they would have to
// wait for it.
function numbersOf(
  { cell, reverse, batchFirst, counts }: RecurrentParams,
  input: Tensor,
): number[] {
  const numbers = [CELLS.indexOf(cell), reverse ? 1 : 0, batchFirst ? 1 : 0]
  return counts === null || input.isCpu ? numbers : [...numbers, ...counts]
}

const EMPTY: Shape = [0]
// The places of the kernel's results among the inputs.
const RESULTS = [0, 1, 2, 3, 4, 5, 6, 7] as const

function fusedGradients(
  [gradOutput = null, gradH = null, gradC = null]: readonly (Tensor | null)[],
  saved: SavedInputs,
  { params, shapes, needed }: BackwardInfo<RecurrentParams>,
): (Tensor | null)[] {
  const simple = params.cell === 'tanh' || params.cell === 'relu'
  const optional = (name: string): Tensor | null => (saved[name] as Tensor | undefined) ?? null
  const input = saved['input'] as Tensor
  const grads = runMany(
    gradOp,
    [
      gradOutput,
      gradH,
      gradC,
      input,
      optional('h0'),
      optional('c0'),
      optional('wIh'),
      optional('wHh'),
      optional('wHr'),
      optional('out0'),
      simple ? null : optional('out3'),
      simple ? null : optional('out4'),
      optional('counts'),
    ],
    RESULTS.map((i) => ({
      shape: needed[i] ? (shapes[i] ?? EMPTY) : EMPTY,
      dtype: input._dtype,
    })),
    numbersOf(params, input),
  )
  return grads.map((grad, i) => {
    if (needed[i]) return grad
    grad.dispose()
    return null
  })
}

/** What a layer or cell is called with, of which the optional parts may be left out. */
export interface RecurrentCall extends RecurrentInputs {
  /** Rows of each step, int64 `[T]`, where the input is packed. */
  counts: Tensor | null
}

export interface RecurrentResult {
  output: Tensor
  h: Tensor
  c: Tensor
}

/**
 * One layer in one direction over `[T, N, D]`, `[N, T, D]` (batchFirst) or packed `[rows, D]`; or one
 * step over `[N, D]`, whose h is the output.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {DTypeError} unless all dtypes are one,
 * floating. @internal
 */
export function recurrent(
  op: string,
  given: RecurrentCall,
  params: RecurrentParams,
): RecurrentResult {
  const call = inAutocast(given, params.cell)
  const { input, h0, c0, wIh, wHh, bIh, bHh, wHr } = call
  check(op, call, params)
  const counts = call.counts !== null && input.isCpu ? call.counts : null
  const dtype = input._dtype
  const { cell } = params
  const [batch, state] = h0._shape as readonly [number, number]
  const hidden = (wHh._shape[0] as number) / gatesOf(cell)
  const x = input._shape
  const step = x.length === 2 && params.counts === null
  const inputs = [input, h0, c0, wIh, wHh, bIh, bHh, wHr, counts]
  const recorded = isRecording() && inputs.some((tensor) => tensor?._requiresGrad)
  const kept = recorded && (cell === 'lstm' || cell === 'gru')
  let rows = 1
  for (let axis = 0; axis < x.length - 1; axis++) rows *= x[axis] as number
  const spec = (shape: Shape): { shape: Shape; dtype: DTypeCode } => ({ shape, dtype })
  const [output, h, c, gates, rest] = runMany(
    recurrentOp,
    inputs,
    [
      spec([...x.slice(0, -1), state]),
      spec(step ? EMPTY : [batch, state]),
      spec(cell === 'lstm' ? [batch, hidden] : EMPTY),
      spec(kept ? [rows, gatesOf(cell) * hidden] : EMPTY),
      spec(kept ? [rows, hidden] : EMPTY),
    ],
    numbersOf(params, input),
    params,
  ) as [Tensor, Tensor, Tensor, Tensor, Tensor]
  gates.dispose() // the graph keeps them
  rest.dispose()
  return { output, h: step ? output : h, c }
}

/**
 * Layers compute in the lower precision, as matrix products do; but GRU, and the cells of LSTM and GRU,
 * have results of float32 in PyTorch.
 */
function inAutocast(call: RecurrentCall, cell: Cell): RecurrentCall {
  if (!autocasting.on) return call
  const mode = autocastMode()
  if (!mode.enabled || call.input._dtype === FLOAT64) return call
  const { input, h0, c0, wIh, wHh, bIh, bHh, wHr, counts } = call
  const step = input._shape.length === 2 && counts === null
  const dtype = cell === 'gru' || (cell === 'lstm' && step) ? FLOAT32 : mode.dtype
  const cast = <T extends Tensor | null>(tensor: T): T =>
    (tensor === null ? tensor : castIn(mode, tensor, dtype)) as T
  return {
    input: cast(input),
    h0: cast(h0),
    c0: cast(c0),
    wIh: cast(wIh),
    wHh: cast(wHh),
    bIh: cast(bIh),
    bHh: cast(bHh),
    wHr: cast(wHr),
    counts,
  }
}

function check(
  op: string,
  call: RecurrentCall,
  { cell, counts, batchFirst }: RecurrentParams,
): void {
  const { input, h0, wIh, wHh } = call
  requireTensor(op, 'input', input)
  const tensors: Record<string, Describable> = { input }
  for (const name of NAMES) {
    const tensor = call[name]
    if (tensor === null || name === 'counts' || name === 'input') continue
    requireTensor(op, name, tensor)
    tensors[name] = tensor
    if (tensor._dtype === input._dtype) continue
    throw new DTypeError(
      op,
      { input, [name]: tensor },
      `all must have one dtype, not ${dtypeName(input._dtype)} and ${dtypeName(tensor._dtype)}`,
      'convert them with to(dtype)',
    )
  }
  if (!isFloatingCode(input._dtype)) {
    throw new DTypeError(
      op,
      { input },
      `the input must be floating, not ${dtypeName(input._dtype)}`,
      "convert it with to('float32')",
    )
  }
  const gates = gatesOf(cell)
  const axes = counts === null ? [2, 3] : [2]
  if (!axes.includes(input.ndim) || h0.ndim !== 2 || wHh.ndim !== 2 || wIh.ndim !== 2) {
    throw new ShapeError(op, tensors, 'an operand has another number of axes', 'reshape it')
  }
  const [batch, state] = h0._shape as readonly [number, number]
  const rows = wHh._shape[0] as number
  const hidden = Math.floor(rows / gates)
  const width = input._shape[input.ndim - 1] as number
  const expect = (name: (typeof NAMES)[number], shape: Shape): void => {
    const tensor = call[name]
    if (tensor === null || formatShape(tensor._shape) === formatShape(shape)) return
    throw new ShapeError(
      op,
      tensors,
      `${name} must be ${formatShape(shape)}, not ${formatShape(tensor._shape)}`,
      'make the sizes agree',
    )
  }
  if (counts === null) {
    const own = input.ndim === 2 ? [batch, width] : [...input._shape]
    if (input.ndim === 3) own[batchFirst ? 0 : 1] = batch
    expect('input', own)
  }
  expect('wIh', [gates * hidden, width])
  expect('wHh', [gates * hidden, state])
  expect('bIh', [gates * hidden])
  expect('bHh', [gates * hidden])
  expect('c0', [batch, hidden])
  expect('wHr', [state, hidden])
  if (call.wHr === null) expect('h0', [batch, hidden])
}
