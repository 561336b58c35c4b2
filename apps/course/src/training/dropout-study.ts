/** Twenty noisy points, and two networks that could learn them by heart: one of them with dropout. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { cat, linspace, manualSeed, randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { scatter } from '@flambeau/plot'
import { budget, outFile } from '../settings.ts'

const numSamples = 20
const hiddenSize = 200
const numEpochs = budget(500, 150)
manualSeed(2333)

const x = linspace(-1, 1, numSamples).unsqueeze(1)
const yTrain = x.add(randn(numSamples, 1).mul(0.3))
const yTest = x.add(randn(numSamples, 1).mul(0.3))

const net = (dropout: () => nn.Module): nn.Sequential =>
  new nn.Sequential(
    new nn.Linear(1, hiddenSize),
    dropout(),
    new nn.ReLU(),
    new nn.Linear(hiddenSize, hiddenSize),
    dropout(),
    new nn.ReLU(),
    new nn.Linear(hiddenSize, 1),
  )
const nets = { overfitting: net(() => new nn.Identity()), dropout: net(() => new nn.Dropout(0.5)) }
const criterion = new nn.MSELoss()

for (const model of Object.values(nets)) {
  const optimizer = new Adam(model.parameters(), { lr: 0.01 })
  for (let epoch = 0; epoch < numEpochs; epoch++) {
    const loss = criterion(model(x), yTrain)
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
  }
}

const curves: Record<string, Tensor> = {}
for (const [name, model] of Object.entries(nets)) {
  model.eval() // nothing is dropped now
  const predicted = noGrad(() => model(x))
  curves[name] = cat([x, predicted], 1)
  const [train, test] = [yTrain, yTest].map((y) => criterion(predicted, y).item().toFixed(4))
  console.log(`${name}: train ${train}, test ${test}`)
}
scatter(cat([cat([x, yTrain], 1), cat([x, yTest], 1)]), {
  labels: [...Array(numSamples).fill(0), ...Array(numSamples).fill(1)],
  names: ['train', 'test'],
  curves,
  yRange: [-2, 2],
}).save(outFile('dropout.png'))
