/** Tasks that need memory: who remembers, and what a token costs. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { arange, manualSeed, rand, randint, stack, zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { describe, expect, it } from 'vitest'
import * as S from './index.ts'

/** The adding problem: the sum of the two numbers that are marked, one in each half. */
function adding(rows: number, steps: number): { x: Tensor; y: Tensor } {
  const values = rand([rows, steps])
  const half = Math.floor(steps / 2)
  const places = stack([randint(0, half, [rows]), randint(half, steps, [rows])], 1)
  const marks = zeros([rows, steps]).scatter(1, places, 1)
  return { x: stack([values, marks], 2), y: values.mul(marks).sum(1) }
}

describe('the adding problem over 40 steps', () => {
  const steps = 40

  /** The mean squared error on new sequences; always answering 1 has 1/6. */
  function error(net: nn.Module, lr: number, count: number): number {
    const optimizer = new Adam(net.parameters(), { lr })
    const loss = (rows: number): Tensor => {
      const { x, y } = adding(rows, steps)
      return net(x).squeeze(1).sub(y).square().mean()
    }
    for (let step = 0; step < count; step++) {
      optimizer.zeroGrad()
      loss(64).backward()
      nn.utils.clipGradNorm_(net.parameters(), 1)
      optimizer.step()
    }
    return noGrad(() => loss(500).item())
  }

  class Recurrent extends nn.Module {
    readonly rnn: nn.RNN | nn.LSTM
    readonly head: nn.Linear = new nn.Linear(24, 1)

    constructor(rnn: nn.RNN | nn.LSTM) {
      super()
      this.rnn = rnn
    }

    override forward(x: Tensor): Tensor {
      const [output] = this.rnn.forward(x) as [Tensor, unknown]
      return this.head(output.select(1, -1))
    }
  }

  class Convolutional extends nn.Module {
    readonly tcn: S.TCN = new S.TCN({
      inChannels: 2,
      channels: [16, 16, 16],
      kernelSize: 4,
      dropout: 0,
    })
    readonly head: nn.Linear = new nn.Linear(16, 1)

    override forward(x: Tensor): Tensor {
      return this.head(this.tcn(x.transpose(1, 2)).select(2, -1))
    }
  }

  it('is too long for a plain network', () => {
    manualSeed(0)
    const net = new Recurrent(new nn.RNN(2, 24, { batchFirst: true }))
    expect(error(net, 0.01, 550)).toBeGreaterThan(0.12)
  })

  it('is solved by an LSTM that begins with its forget gate open', () => {
    manualSeed(0)
    const lstm = new nn.LSTM(2, 24, { batchFirst: true })
    noGrad(() => (lstm.stateDict()['bias_ih_l0'] as Tensor).narrow(0, 24, 24).fill_(3))
    expect(error(new Recurrent(lstm), 0.02, 550)).toBeLessThan(0.02)
  })

  it('is solved by a TCN', () => {
    manualSeed(0)
    expect(error(new Convolutional(), 0.005, 550)).toBeLessThan(0.02)
  })
})

describe('decoding with a cache', () => {
  it('costs about the same for a token at length 16 and 256', () => {
    manualSeed(0)
    const net = new S.GPT({
      vocabSize: 65,
      dim: 192,
      depth: 3,
      heads: 3,
      contextLength: 320,
    }).eval()
    const cache = net.cache(1)
    const milliseconds = (from: number): number =>
      noGrad(() => {
        cache.reset()
        net(arange(from).remainder(65).unsqueeze(0), cache)
        const times = Array.from({ length: 40 }, () => {
          const start = performance.now()
          net(zeros([1, 1]).to('int64'), cache)
          return performance.now() - start
        })
        return Math.min(...times)
      })
    milliseconds(16)
    expect(milliseconds(256)).toBeLessThan(2.5 * milliseconds(16))
  })
})
