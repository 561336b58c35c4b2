/** A recurrent cell: h' = tanh(W h + V x + b). What was long ago fades, and so does its gradient. */
import type { Tensor } from '@flambeau/core'
import { allclose, manualSeed, randn, zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { linePlot } from '@flambeau/plot'
import { gradientNormByStep } from '@flambeau/sequence-models'
import { outFile } from '../settings.ts'

class SimpleRNN {
  Whh: Tensor // from state to state
  Wxh: Tensor // from input to state
  bh: Tensor

  constructor(hiddenSize: number, inputSize: number) {
    this.Whh = randn(hiddenSize, hiddenSize)
    this.Wxh = randn(hiddenSize, inputSize)
    this.bh = zeros(hiddenSize, 1)
  }

  forward(x: Tensor, hPrev: Tensor): Tensor {
    return this.Whh.matmul(hPrev).add(this.Wxh.matmul(x)).add(this.bh).tanh()
  }
}

manualSeed(0)
const rnn = new SimpleRNN(8, 3)
const word = randn(20, 3, 1) // a sequence of columns
let h = zeros(8, 1)
for (const x of word.unbind()) h = rnn.forward(x, h)
console.log('state after 20 steps:', h.shape, h.flatten())

// The library's cell has rows where the note has columns, and one bias more.
const cell = new nn.RNNCell(3, 8)
const bias = zeros(8)
cell.loadStateDict({ weight_ih: rnn.Wxh, weight_hh: rnn.Whh, bias_ih: bias, bias_hh: bias })
let row = zeros(1, 8)
for (const x of word.unbind()) row = cell(x.t(), row)
console.log('as nn.RNNCell:', allclose(row.t(), h, { atol: 1e-4 }))

// How much the last state still depends on each step.
const layer = new nn.RNN(3, 8, { batchFirst: true })
const norms = gradientNormByStep((x) => layer(x)[0], randn(16, 30, 3))
console.log(
  `gradient by the last step ${norms[29]!.toExponential(1)}, by the first ${norms[0]!.toExponential(1)}`,
)
linePlot({ gradient: norms }, { xLabel: 'step', yScale: 'log' }).save(outFile('gradients.png'))
