/**
 * The gradient of a recurrent layer as operations that can be differentiated again: forwards once
 * more, keeping what each step had, and back through the steps.
 */
import type { BackwardInfo } from '../op.ts'
import type { Tensor } from '../tensor.ts'
import { cat, stack } from './joining.ts'

/** What a layer is made of; the last two are what a simple one puts its sums through. */
export type Cell = 'lstm' | 'gru' | 'tanh' | 'relu'

export interface RecurrentParams {
  readonly cell: Cell
  /** From the last step to the first? */
  readonly reverse: boolean
  /** Is the batch the first axis, not the second? */
  readonly batchFirst: boolean
  /** Rows of each step, where the input is packed. */
  readonly counts: readonly number[] | null
}

/** The tensors that gradients may be wanted of, in the order of the record. */
export interface RecurrentInputs {
  input: Tensor
  h0: Tensor
  c0: Tensor | null
  wIh: Tensor
  wHh: Tensor
  bIh: Tensor | null
  bHh: Tensor | null
  wHr: Tensor | null
}

/** What a step gives, and how gradients of its states go back to its sums and the states before. */
interface Step {
  h: Tensor
  c: Tensor | null
  back(dh: Tensor, dc: Tensor | null): Back
}

interface Back {
  /** Of the input's part of the sums. */
  own: Tensor
  /** Of the hidden state's part. */
  past: Tensor
  /** What reaches the states before by themselves. */
  h: Tensor | null
  c: Tensor | null
}

const complement = (t: Tensor): Tensor => t.neg().add(1)
const sigmoidSlope = (t: Tensor): Tensor => t.mul(complement(t))
const tanhSlope = (t: Tensor): Tensor => complement(t.square())

function lstmStep(sums: Tensor, before: Tensor): Step {
  const [i, f, g, o] = sums
    .chunk(4, 1)
    .map((gate, k) => (k === 2 ? gate.tanh() : gate.sigmoid())) as [Tensor, Tensor, Tensor, Tensor]
  const c = f.mul(before).add(i.mul(g))
  const squashed = c.tanh()
  return {
    h: o.mul(squashed),
    c,
    back(dh, dc) {
      const own = dh.mul(o).mul(tanhSlope(squashed))
      const d = dc === null ? own : own.add(dc)
      const gates = cat(
        [
          d.mul(g).mul(sigmoidSlope(i)),
          d.mul(before).mul(sigmoidSlope(f)),
          d.mul(i).mul(tanhSlope(g)),
          dh.mul(squashed).mul(sigmoidSlope(o)),
        ],
        1,
      )
      return { own: gates, past: gates, h: null, c: d.mul(f) }
    },
  }
}

function gruStep(own: Tensor, past: Tensor, before: Tensor): Step {
  const [ri, zi, ni] = own.chunk(3, 1) as unknown as [Tensor, Tensor, Tensor]
  const [rh, zh, nh] = past.chunk(3, 1) as unknown as [Tensor, Tensor, Tensor]
  const r = ri.add(rh).sigmoid()
  const z = zi.add(zh).sigmoid()
  const n = ni.add(r.mul(nh)).tanh()
  return {
    h: before.sub(n).mul(z).add(n),
    c: null,
    back(dh) {
      const dn = dh.mul(complement(z)).mul(tanhSlope(n))
      const dr = dn.mul(nh).mul(sigmoidSlope(r))
      const dz = dh.mul(before.sub(n)).mul(sigmoidSlope(z))
      return {
        own: cat([dr, dz, dn], 1),
        past: cat([dr, dz, dn.mul(r)], 1),
        h: dh.mul(z),
        c: null,
      }
    },
  }
}

function simpleStep(sums: Tensor, relu: boolean): Step {
  const h = relu ? sums.relu() : sums.tanh()
  return {
    h,
    c: null,
    back(dh) {
      const own = dh.mul(relu ? h.gt(0).to(h.dtype) : tanhSlope(h))
      return { own, past: own, h: null, c: null }
    },
  }
}

const plus = (a: Tensor | null, b: Tensor): Tensor => (a === null ? b : a.add(b))

/** The first rows are new, the rest stays. */
function withRows(first: Tensor, all: Tensor): Tensor {
  const [count, total] = [first.shape[0] as number, all.shape[0] as number]
  return count === total ? first : cat([first, all.narrow(0, count, total - count)])
}

/** The rows of each step. */
function stepsOf(x: Tensor, { counts, batchFirst }: RecurrentParams): readonly Tensor[] {
  if (counts !== null) return x.split([...counts], 0)
  return x.ndim === 2 ? [x] : x.unbind(batchFirst ? 1 : 0)
}

/** Gradients of the inputs, in their order, from those of the outputs and the last states. */
export function recurrentGradients(
  [dy = null, dhLast = null, dcLast = null]: readonly (Tensor | null)[],
  inputs: RecurrentInputs,
  { params, needed }: BackwardInfo<RecurrentParams>,
): (Tensor | null)[] {
  const { input, h0, c0, wIh, wHh, bIh, bHh, wHr } = inputs
  const { cell } = params
  const xs = stepsOf(input, params)
  const grads = dy === null ? null : stepsOf(dy, params)
  const order = xs.map((_, i) => (params.reverse ? xs.length - 1 - i : i))
  const sum = (x: Tensor, weight: Tensor, bias: Tensor | null): Tensor => {
    const product = x.matmul(weight.t())
    return bias === null ? product : product.add(bias)
  }
  // Sequences that are over, or have not begun, keep their state.
  let h = h0
  let c = c0
  const steps: Step[] = Array.from({ length: xs.length })
  const before: Tensor[] = Array.from({ length: xs.length })
  for (const t of order) {
    const x = xs[t] as Tensor
    const rows = x.shape[0] as number
    const state = h.narrow(0, 0, rows)
    const own = sum(x, wIh, bIh)
    const past = sum(state, wHh, bHh)
    const step =
      cell === 'lstm'
        ? lstmStep(own.add(past), (c as Tensor).narrow(0, 0, rows))
        : cell === 'gru'
          ? gruStep(own, past, state)
          : simpleStep(own.add(past), cell === 'relu')
    steps[t] = step
    before[t] = state
    h = withRows(wHr === null ? step.h : step.h.matmul(wHr.t()), h)
    if (c !== null) c = withRows(step.c as Tensor, c)
  }

  let dh = dhLast ?? h0.newZeros(h0.shape)
  let dc = c0 === null ? null : (dcLast ?? c0.newZeros(c0.shape))
  const owns: Tensor[] = Array.from({ length: xs.length })
  const pasts: Tensor[] = Array.from({ length: xs.length })
  const projected: Tensor[] = Array.from({ length: xs.length })
  for (const t of order.toReversed()) {
    const step = steps[t] as Step
    const rows = (xs[t] as Tensor).shape[0] as number
    const reached = dh.narrow(0, 0, rows)
    const total = grads === null ? reached : reached.add(grads[t] as Tensor)
    projected[t] = total
    const back = step.back(wHr === null ? total : total.matmul(wHr), dc && dc.narrow(0, 0, rows))
    owns[t] = back.own
    pasts[t] = back.past
    dh = withRows(plus(back.h, back.past.matmul(wHh)), dh)
    if (dc !== null) dc = withRows(back.c as Tensor, dc)
  }

  const own = cat(owns)
  const past = cat(pasts)
  const weights = (rows: Tensor, x: readonly Tensor[]): Tensor => rows.t().matmul(cat([...x]))
  const dx = (): Tensor => {
    const parts = owns.map((gates) => gates.matmul(wIh))
    if (params.counts !== null) return cat(parts)
    return input.ndim === 2 ? (parts[0] as Tensor) : stack(parts, params.batchFirst ? 1 : 0)
  }
  const products = (): Tensor =>
    cat(projected)
      .t()
      .matmul(cat(steps.map((step) => step.h)))
  return [
    needed[0] ? dx() : null,
    needed[1] ? dh : null,
    needed[2] ? dc : null,
    needed[3] ? weights(own, xs) : null,
    needed[4] ? weights(past, before) : null,
    needed[5] ? own.sum(0) : null,
    needed[6] ? past.sum(0) : null,
    needed[7] ? products() : null,
  ]
}
