import { tensor } from '../creation.ts'
import type { Tensor } from '../tensor.ts'
import type { Sample } from '../testing/samples.ts'
import { samplesFor } from '../testing/samples.ts'
import { cat, stack } from './joining.ts'
import { recurrent } from './recurrent-records.ts'
import type { Cell as RecurrentCell } from './recurrent-second-order.ts'
import { gruCell, lstmCell, rnnReluCell, rnnTanhCell } from './recurrent.ts'

samplesFor('lstmCell', [
  {
    name: 'no biases',
    golden: 'recurrent:lstm/plain',
    run: (x: Tensor, h: Tensor, c: Tensor, wIh: Tensor, wHh: Tensor) => [
      ...lstmCell(x, { hx: [h, c], wIh, wHh }),
    ],
  },
  {
    name: 'biases',
    golden: 'recurrent:lstm/biases',
    run: (x: Tensor, h: Tensor, c: Tensor, ...weights: [Tensor, Tensor, Tensor, Tensor]) => [
      ...lstmCell(x, [h, c], ...weights),
    ],
  },
  {
    name: 'one state',
    inputs: [
      [2, 3],
      [2, 4],
      [16, 3],
      [16, 4],
    ],
    run: (x: Tensor, h: Tensor, wIh: Tensor, wHh: Tensor) => lstmCell(x, [h] as never, wIh, wHh).h,
    throws: /lstmCell: hx are two states \[h, c\]/,
  },
  {
    name: 'weights for another input',
    inputs: [
      [2, 3],
      [2, 4],
      [16, 5],
      [16, 4],
    ],
    run: (x: Tensor, h: Tensor, wIh: Tensor, wHh: Tensor) => lstmCell(x, [h, h], wIh, wHh).h,
    throws: /lstmCell: wIh must be \[16, 3\], not \[16, 5\]/,
  },
])

samplesFor('gruCell', [
  { name: 'no biases', golden: 'recurrent:gru/plain', run: gruCell },
  { name: 'biases', golden: 'recurrent:gru/biases', run: gruCell },
  {
    name: 'a state of another batch',
    inputs: [
      [2, 3],
      [1, 4],
      [12, 3],
      [12, 4],
    ],
    run: gruCell,
    throws: /gruCell: hx must be \[2, 4\], not \[1, 4\]/,
  },
  {
    name: 'no batch axis',
    inputs: [[3], [4], [12, 3], [12, 4]],
    run: gruCell,
    throws: /input must be \[N, D\], and the state \[N, H\]/,
  },
])

samplesFor('rnnTanhCell', [
  { name: 'no biases', golden: 'recurrent:tanh/plain', run: rnnTanhCell },
  { name: 'biases', golden: 'recurrent:tanh/biases', run: rnnTanhCell },
  {
    name: 'weights of another type',
    inputs: [[2, 3], [2, 4], { shape: [4, 3], dtype: 'float64' }, [4, 4]],
    run: rnnTanhCell,
    throws: /rnnTanhCell: all must have one dtype, not float32 and float64/,
  },
])

samplesFor('rnnReluCell', [
  { name: 'no biases', golden: 'recurrent:relu/plain', run: rnnReluCell },
  { name: 'biases', golden: 'recurrent:relu/biases', run: rnnReluCell },
  {
    name: 'whole numbers',
    inputs: [2, 2, 2, 2].map((size) => ({ shape: [2, size], dtype: 'int32' as const })),
    run: rnnReluCell,
    throws: /rnnReluCell: the input must be floating, not int32/,
  },
])

interface LayerOptions {
  bias?: boolean
  batchFirst?: boolean
  both?: boolean
  projected?: boolean
  /** Rows of each step of packed sequences. */
  counts?: readonly number[]
}

/** One layer, called with its weights as torch.lstm is: x, the states, the weights. */
function layer(cell: RecurrentCell, options: LayerOptions = {}) {
  const { bias = true, batchFirst = false, both = false, projected = false } = options
  const { counts = null } = options
  return (x: Tensor, ...rest: Tensor[]): Tensor[] => {
    const states = rest.splice(0, cell === 'lstm' ? 2 : 1)
    const input = counts === null ? x : packed(x, counts)
    const results = (both ? [false, true] : [false]).map((reverse, i) => {
      const weight = (): Tensor => rest.shift() as Tensor
      const [wIh, wHh] = [weight(), weight()]
      const [bIh, bHh] = bias ? [weight(), weight()] : [null, null]
      const call = {
        input,
        h0: (states[0] as Tensor).select(0, i),
        c0: states[1]?.select(0, i) ?? null,
        wIh,
        wHh,
        bIh,
        bHh,
        wHr: projected ? weight() : null,
        counts: counts === null ? null : tensor([...counts], { dtype: 'int64' }),
      }
      return recurrent('layer', call, { cell, reverse, batchFirst, counts })
    })
    return [
      cat(
        results.map(({ output }) => output),
        -1,
      ),
      stack(results.map(({ h }) => h)),
      ...(cell === 'lstm' ? [stack(results.map(({ c }) => c))] : []),
    ]
  }
}

/** Padded sequences `[N, T, D]`, the longest first, step by step. */
function packed(x: Tensor, counts: readonly number[]): Tensor {
  return cat(counts.map((count, t) => x.select(1, t).narrow(0, 0, count)))
}

const golden = (name: string, cell: RecurrentCell, options: LayerOptions = {}): Sample => ({
  name,
  golden: `recurrent:layer/${name}`,
  run: layer(cell, options),
  tolerance: { rtol: 1e-5, atol: 1e-5 },
})

const lengths641 = [3, 2, 2, 2, 1, 1]

samplesFor('recurrent', [
  golden('lstm', 'lstm'),
  golden('lstm, few steps', 'lstm', { bias: false }),
  golden('lstm, many sequences', 'lstm'),
  golden('lstm, batches first', 'lstm', { batchFirst: true }),
  golden('lstm, both ways', 'lstm', { both: true }),
  golden('lstm, projected', 'lstm', { both: true, projected: true }),
  golden('lstm, projected, few steps', 'lstm', { bias: false, projected: true }),
  golden('lstm, packed', 'lstm', { both: true, counts: lengths641 }),
  golden('lstm, packed and projected', 'lstm', {
    both: true,
    projected: true,
    counts: [3, 3, 1, 1, 1],
  }),
  { ...golden('lstm, float64', 'lstm', { both: true }), tolerance: { rtol: 1e-12, atol: 1e-12 } },
  golden('gru', 'gru'),
  golden('gru, few steps', 'gru', { bias: false }),
  golden('gru, many sequences', 'gru'),
  golden('gru, batches first', 'gru', { batchFirst: true }),
  golden('gru, packed', 'gru', { both: true, counts: lengths641 }),
  { ...golden('gru, float64', 'gru', { both: true }), tolerance: { rtol: 1e-12, atol: 1e-12 } },
  golden('tanh', 'tanh', { both: true }),
  golden('tanh, few steps', 'tanh', { bias: false, batchFirst: true }),
  golden('tanh, packed', 'tanh', { both: true, counts: lengths641 }),
  golden('relu', 'relu', { both: true, batchFirst: true }),
  golden('relu, packed', 'relu', { both: true, counts: lengths641 }),
  {
    name: 'a small LSTM, twice',
    inputs: [[2, 1, 1], [1, 1, 1], [1, 1, 1], [4, 1], [4, 1], [4], [4]],
    run: layer('lstm'),
  },
  {
    name: 'a small projected and packed LSTM, twice',
    inputs: [
      [2, 2, 1],
      [1, 2, 1],
      [1, 2, 2],
      [8, 1],
      [8, 1],
      [1, 2],
    ],
    run: layer('lstm', { bias: false, projected: true, counts: [2, 1] }),
  },
  {
    name: 'a small GRU, twice',
    inputs: [[2, 1, 1], [1, 1, 2], [6, 1], [6, 2], [6], [6]],
    run: layer('gru'),
  },
  {
    name: 'a small packed GRU, twice',
    inputs: [
      [2, 2, 1],
      [1, 2, 2],
      [6, 1],
      [6, 2],
    ],
    run: layer('gru', { bias: false, counts: [2, 1] }),
  },
  {
    name: 'a small simple network both ways, twice',
    inputs: [[1, 3, 1], [2, 1, 2], [2, 1], [2, 2], [2], [2], [2, 1], [2, 2], [2], [2]],
    run: layer('tanh', { batchFirst: true, both: true }),
  },
  {
    name: 'a small rectified network, twice',
    inputs: [
      [2, 2, 1],
      [1, 2, 2],
      [2, 1],
      [2, 2],
    ],
    run: layer('relu', { bias: false }),
  },
  {
    name: 'no sequences',
    inputs: [
      [3, 0, 2],
      [1, 0, 4],
      [1, 0, 4],
      [16, 2],
      [16, 4],
    ],
    run: layer('lstm', { bias: false }),
  },
  {
    name: 'inputs of no size',
    inputs: [
      [5, 2, 0],
      [1, 2, 3],
      [9, 0],
      [9, 3],
    ],
    run: layer('gru', { bias: false }),
  },
  {
    name: 'a state of another batch',
    inputs: [
      [3, 2, 2],
      [1, 3, 4],
      [4, 2],
      [4, 4],
    ],
    run: layer('tanh', { bias: false }),
    throws: /layer: input must be \[3, 3, 2\], not \[3, 2, 2\]/,
  },
  {
    name: 'counts that rise',
    inputs: [
      [2, 2, 2],
      [1, 1, 4],
      [4, 2],
      [4, 4],
    ],
    run: layer('tanh', { bias: false, counts: [1, 2] }),
    throws: /batch sizes of packed sequences start with the batch and never rise/,
  },
])

// The gradient as an operation of its own is reached through the layer's.
samplesFor('recurrentGrad', [
  { name: 'reached through recurrent', golden: 'recurrent:layer/gru', run: layer('gru') },
])
