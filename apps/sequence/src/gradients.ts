/** How far back gradients reach, in networks as they begin. */
import { join } from 'node:path'
import { manualSeed, randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { linePlot } from '@flambeau/plot'
import { gradientNormByStep } from '@flambeau/sequence-models'
import { openLSTM } from './adding.ts'
import type { Result, Say, TaskOptions } from './training.ts'

const STEPS = 60
const FEATURES = 8
const WIDTH = 32

/** The norm of the last output's gradient by the step it is taken for; in gradients.png. */
export function gradients({ out, seed }: TaskOptions, say: Say): Result[] {
  manualSeed(seed)
  const x = randn([16, STEPS, FEATURES])
  const rnn = new nn.RNN(FEATURES, WIDTH, { batchFirst: true })
  const plain = new nn.LSTM(FEATURES, WIDTH, { batchFirst: true })
  const open = openLSTM(FEATURES, WIDTH)
  const norms = {
    RNN: gradientNormByStep((steps) => rnn(steps)[0], x),
    LSTM: gradientNormByStep((steps) => plain(steps)[0], x),
    'LSTM, forget gate open': gradientNormByStep((steps) => open(steps)[0], x),
  }
  linePlot(norms, {
    title: `What the output at step ${STEPS} owes to each step`,
    subtitle: 'Norm of its gradient, untrained networks of 32 units',
    xLabel: 'step',
    yLabel: 'norm (logarithmic)',
    yScale: 'log',
  }).save(join(out, 'gradients.png'))
  return Object.entries(norms).map(([model, values]): Result => {
    const share = (values[0] as number) / (values[STEPS - 1] as number)
    const figure = share.toExponential(1)
    say(`gradients: of ${model}, that of the first step is ${figure} of the last one's`)
    const shown = model === 'RNN' ? share < 1e-6 : model === 'LSTM' ? true : share > 1e-3
    return { task: `gradient over ${STEPS} steps`, model, figure, shown }
  })
}
