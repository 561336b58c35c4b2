/** A line through points: a layer, a loss and an optimizer do the work. */
import { manualSeed, rand, randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { SGD } from '@flambeau/optim'
import { bestDevice } from '../devices.ts'
import { budget } from '../settings.ts'

const numEpochs = budget(1000, 300)
const device = bestDevice()
console.log(device)

// y = 1 + 2 x, with noise.
manualSeed(42)
const x = rand(100, 1).to(device)
const y = x.mul(2).add(1).add(randn(100, 1).mul(0.1).to(device))

// Mended: the note makes w and b besides, which nothing uses; the layer has its own.
const model = new nn.Linear(1, 1).to(device)
const criterion = new nn.MSELoss()
const optimizer = new SGD(model.parameters(), { lr: 0.1 })
for (let epoch = 0; epoch < numEpochs; epoch++) {
  const loss = criterion(model(x), y)
  optimizer.zeroGrad()
  loss.backward()
  optimizer.step()
}
console.log('w:', model.weight.item().toFixed(4), 'b:', model.bias!.item().toFixed(4))
