/** A long short-term memory: gates decide what is forgotten, what comes in, and what is shown. */
import type { Tensor } from '@flambeau/core'
import { allclose, cat, manualSeed, randn, zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'

class LSTM {
  Wf: Tensor // forget
  Wi: Tensor // input
  Wc: Tensor // candidate
  Wo: Tensor // output
  bf: Tensor
  bi: Tensor
  bc: Tensor
  bo: Tensor

  constructor(inputSize: number, hiddenSize: number) {
    const weight = (): Tensor => randn(hiddenSize, hiddenSize + inputSize)
    const bias = (): Tensor => zeros(hiddenSize, 1)
    ;[this.Wf, this.Wi, this.Wc, this.Wo] = [weight(), weight(), weight(), weight()]
    ;[this.bf, this.bi, this.bc, this.bo] = [bias(), bias(), bias(), bias()]
  }

  forward(x: Tensor, hPrev: Tensor, cPrev: Tensor): [h: Tensor, c: Tensor] {
    const combined = cat([hPrev, x])
    const f = this.Wf.matmul(combined).add(this.bf).sigmoid()
    const i = this.Wi.matmul(combined).add(this.bi).sigmoid()
    const candidate = this.Wc.matmul(combined).add(this.bc).tanh()
    const c = f.mul(cPrev).add(i.mul(candidate))
    const o = this.Wo.matmul(combined).add(this.bo).sigmoid()
    return [o.mul(c.tanh()), c]
  }
}

manualSeed(0)
const lstm = new LSTM(3, 8)
const word = randn(20, 3, 1)
let [h, c] = [zeros(8, 1), zeros(8, 1)]
for (const x of word.unbind()) [h, c] = lstm.forward(x, h, c)
console.log('short memory:', h.shape, 'long memory:', c.shape)

// The library's cell has all gates in one matrix, in the order i, f, c, o, apart for x and h.
const { Wi, Wf, Wc, Wo } = lstm
const gates = cat([Wi, Wf, Wc, Wo])
const bias = zeros(32)
const cell = new nn.LSTMCell(3, 8)
cell.loadStateDict({
  weight_ih: gates.at(':', '8:'),
  weight_hh: gates.at(':', ':8'),
  bias_ih: bias,
  bias_hh: bias,
})
let state: [Tensor, Tensor] = [zeros(1, 8), zeros(1, 8)]
for (const x of word.unbind()) state = cell(x.t(), state)
console.log(
  'as nn.LSTMCell:',
  allclose(state[0].t(), h, { atol: 1e-4 }),
  allclose(state[1].t(), c, { atol: 1e-4 }),
)
