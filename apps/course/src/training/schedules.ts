/** Learning rates that change: what each scheduler makes of 0.1 in forty epochs. */
import { zeros } from '@flambeau/core'
import type { LRScheduler } from '@flambeau/optim'
import {
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  MultiStepLR,
  OneCycleLR,
  ReduceLROnPlateau,
  SequentialLR,
  SGD,
  StepLR,
} from '@flambeau/optim'
import { linePlot } from '@flambeau/plot'
import { outFile } from '../settings.ts'

const numEpochs = 40
const kinds: Record<string, (optimizer: SGD) => LRScheduler> = {
  StepLR: (optimizer) => new StepLR(optimizer, { stepSize: 10, gamma: 0.5 }),
  MultiStepLR: (optimizer) => new MultiStepLR(optimizer, { milestones: [5, 25], gamma: 0.3 }),
  ExponentialLR: (optimizer) => new ExponentialLR(optimizer, { gamma: 0.9 }),
  LambdaLR: (optimizer) => new LambdaLR(optimizer, (epoch) => 1 / (1 + 0.1 * epoch)),
  CosineAnnealingLR: (optimizer) => new CosineAnnealingLR(optimizer, { TMax: numEpochs }),
  WarmRestarts: (optimizer) => new CosineAnnealingWarmRestarts(optimizer, { T0: 10 }),
  OneCycleLR: (optimizer) => new OneCycleLR(optimizer, { maxLr: 0.1, totalSteps: numEpochs }),
  'warm-up, then cosine': (optimizer) =>
    new SequentialLR(
      optimizer,
      [
        new LinearLR(optimizer, { startFactor: 0.1, totalIters: 5 }),
        new CosineAnnealingLR(optimizer, { TMax: numEpochs - 5 }),
      ],
      [5],
    ),
}

const newOptimizer = (): SGD => new SGD([zeros([1], { requiresGrad: true })], { lr: 0.1 })
const curves: Record<string, number[]> = {}
for (const [name, make] of Object.entries(kinds)) {
  const optimizer = newOptimizer()
  const scheduler = make(optimizer)
  const rates: number[] = []
  for (let epoch = 0; epoch < numEpochs; epoch++) {
    rates.push(optimizer.paramGroups[0]!.lr)
    optimizer.step() // after the batches of the epoch
    scheduler.step()
  }
  curves[name] = rates
  const shown = [0, 10, 20, 39].map((epoch) => rates[epoch]!.toFixed(4))
  console.log(`${name.padEnd(20)} ${shown.join('  ')}`)
}
linePlot(curves, { xLabel: 'epoch', yLabel: 'learning rate' }).save(outFile('rates.png'))

// This one looks at the loss: after three epochs without progress the rate is halved.
const optimizer = newOptimizer()
const plateau = new ReduceLROnPlateau(optimizer, { factor: 0.5, patience: 2 })
for (const loss of [1, 0.8, 0.7, 0.7, 0.7, 0.7, 0.7]) plateau.step(loss)
console.log('on a plateau:', optimizer.paramGroups[0]!.lr)
