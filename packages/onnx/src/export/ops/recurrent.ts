/** Recurrent layers in one direction, and single steps of them. */
import type { Num } from '../../trace/align.ts'
import { numOf } from '../../trace/align.ts'
import type { Attribute } from '../builder.ts'
import type { Context, Form, Forms } from '../context.ts'
import { reshape } from './shapes.ts'

/** What ONNX has for each cell: the node, and the order of the gates there. */
const CELLS = [
  // i, f, g, o become i, o, f, c.
  { type: 'LSTM', order: [0, 3, 1, 2] },
  // r, z, n become z, r, h.
  { type: 'GRU', order: [1, 0, 2] },
  { type: 'RNN', order: [0] },
  { type: 'RNN', order: [0] },
] as const

/** Rows of gates in the order of ONNX. */
function gates(c: Context, name: string, order: readonly number[]): string {
  if (order.length === 1) return name
  const hidden = (c.tensor(4).shape[0] as number) / order.length
  const sizes = c.g.ints(order.map(() => hidden))
  const parts = c.g.nodeOf('Split', [name, sizes], order.length, { axis: 0 })
  return c.g.node(
    'Concat',
    order.map((i) => parts[i] as string),
    { axis: 0 },
  )
}

/**
 * Steps and sequences of a packed input: ONNX has rows of one length only, so every step must have all
 * sequences. Null for an input that is not packed.
 */
function wholeRows(c: Context): [steps: Num, sequences: Num] | null {
  if ((c.call.inputs[8] ?? null) === null) return null
  const counts = c.tensor(8)
  const each = counts.elements.map((list) => Array.from(list ?? [], Number))
  if (each.every((list) => list.length > 0 && list.every((count) => count === list[0]))) {
    const sequences = each.map((list) => list[0] as number)
    return [counts.shape[0] as Num, numOf(sequences)]
  }
  throw c.refuse(
    'packed sequences of different lengths have no form in ONNX',
    'run the layer on padded sequences',
  )
}

const recurrent: Form = (c) => {
  const { g } = c
  const [kind, reverse, batchFirst] = c.ints() as [number, number, number]
  const cell = CELLS[kind] as (typeof CELLS)[number]
  const packed = wholeRows(c)
  if ((c.call.inputs[7] ?? null) !== null) {
    throw c.refuse(
      'projected hidden states have no form in ONNX',
      'make the layer without projSize',
    )
  }
  const first = g.ints([0])
  const step = packed === null && c.tensor(0).shape.length === 2
  let x = c.in(0)
  if (packed !== null) x = reshape(c, x, [], [...packed, c.tensor(0).shape[1] as Num])
  else if (step) x = g.node('Unsqueeze', [x, first])
  else if (batchFirst === 1) x = g.node('Transpose', [x], { perm: [1, 0, 2] })
  const lead = (name: string): string => g.node('Unsqueeze', [name, first])
  const weight = (i: number): string => gates(c, c.in(i), cell.order)
  const given = [5, 6].map((i) => (c.call.inputs[i] ?? null) !== null)
  let bias = ''
  if (given.includes(true)) {
    const size = c.tensor(4).shape[0] as number
    const zeros = g.constant(new Float64Array(size), [size], c.out.dtype)
    const parts = [5, 6].map((i, k) => (given[k] === true ? weight(i) : zeros))
    bias = lead(g.node('Concat', parts, { axis: 0 }))
  }
  const lstm = kind === 0
  const attributes: Record<string, Attribute> = {
    hidden_size: c.tensor(1).shape[1] as number,
    direction: reverse === 1 ? 'reverse' : 'forward',
  }
  if (cell.type === 'GRU') attributes['linear_before_reset'] = 1
  if (kind === 3) attributes['activations'] = { strings: ['Relu'] }
  const states = [lead(c.in(1)), lstm ? lead(c.in(2)) : '']
  const inputs = [x, lead(weight(3)), lead(weight(4)), bias, '', ...states]
  const [y, h, last] = g.nodeOf(cell.type, inputs, lstm ? 3 : 2, attributes) as [
    string,
    string,
    string?,
  ]
  const single = (name: string): string => g.node('Squeeze', [name, first])
  const cellState = lstm && c.used[2] === true ? single(last as string) : ''
  if (step) return [single(h), '', cellState]
  let output = ''
  if (c.used[0] === true) {
    output = g.node('Squeeze', [y, g.ints([1])])
    if (packed !== null) output = reshape(c, output, [], c.out.shape)
    else if (batchFirst === 1) output = g.node('Transpose', [output], { perm: [1, 0, 2] })
  }
  return [output, c.used[1] === true ? single(h) : '', cellState]
}

export const recurrentForms: Forms = { recurrent }
