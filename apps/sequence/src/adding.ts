/** The adding problem: who can remember a number for many steps. */
import { join } from 'node:path'
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { manualSeed } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { linePlot } from '@flambeau/plot'
import { addingProblem, TCN } from '@flambeau/sequence-models'
import type { Result, Say, TaskOptions } from './training.ts'
import { stepsOf, train } from './training.ts'

/** A layer over sequences, and a sum of what it has at the last step: `[N, T, 2]` -> `[N]`. */
class Last extends nn.Module {
  readonly layer: nn.RNN | nn.LSTM | TCN
  readonly head: nn.Linear

  constructor(layer: nn.RNN | nn.LSTM | TCN, width: number) {
    super()
    this.layer = layer
    this.head = new nn.Linear(width, 1)
  }

  override forward(x: Tensor): Tensor {
    const { layer } = this
    const last =
      layer instanceof TCN
        ? layer(x.transpose(1, 2)).select(2, -1)
        : (layer.forward(x) as [Tensor, unknown])[0].select(1, -1)
    return this.head(last).squeeze(1)
  }
}

const WIDTH = 24

/** The models by name, each with the learning rate and the number of steps that suit it. */
const contenders: Record<string, () => { net: Last; lr: number; steps: number }> = {
  RNN: () => {
    const layer = new nn.RNN(2, WIDTH, { batchFirst: true })
    return { net: new Last(layer, WIDTH), lr: 0.01, steps: 1500 }
  },
  LSTM: () => ({ net: new Last(openLSTM(2, WIDTH), WIDTH), lr: 0.02, steps: 1500 }),
  TCN: () => {
    const layer = new TCN({ inChannels: 2, channels: [16, 16, 16, 16], kernelSize: 4, dropout: 0 })
    return { net: new Last(layer, 16), lr: 0.005, steps: 1500 }
  },
}

/** An LSTM whose forget gate is open at first, as it is commonly begun with. */
export function openLSTM(inputSize: number, hiddenSize: number): nn.LSTM {
  const lstm = new nn.LSTM(inputSize, hiddenSize, { batchFirst: true })
  const bias = lstm.stateDict()['bias_ih_l0'] as Tensor
  noGrad(() => bias.narrow(0, hiddenSize, hiddenSize).fill_(3))
  return lstm
}

/** Always saying 1 has this mean squared error. */
const NAIVE = 1 / 6

/** The mean squared error of each model on new sequences; and its curve, in adding.png. */
export function adding({ out, seed, effort }: TaskOptions, say: Say, steps: number = 60): Result[] {
  const curves: Record<string, number[]> = {}
  const results = Object.entries(contenders).map(([model, make]): Result => {
    manualSeed(seed)
    const { net, lr, steps: count } = make()
    const loss = (rows: number): Tensor => {
      const { x, y } = addingProblem(rows, steps)
      return net(x).sub(y).square().mean()
    }
    curves[model] = train(net, lr, stepsOf(count, effort), () => loss(64))
    const error = noGrad(() => loss(1000).item())
    say(`adding over ${steps} steps: ${model} has a mean squared error of ${error.toFixed(4)}`)
    const shown = model === 'RNN' ? error > 0.7 * NAIVE : error < 0.1 * NAIVE
    return { task: `adding, ${steps} steps`, model, figure: `error ${error.toFixed(4)}`, shown }
  })
  linePlot(curves, {
    title: `The adding problem over ${steps} steps`,
    subtitle: 'Always saying 1 has an error of 0.167',
    xLabel: 'step of training',
    yLabel: 'squared error',
    yRange: [0, 0.4],
    smooth: 8,
  }).save(join(out, 'adding.png'))
  return results
}
