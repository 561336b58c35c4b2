/** All samples at once, one at a time, and some at a time: three ways down. */
import type { Tensor } from '@flambeau/core'
import { linspace, manualSeed, randn } from '@flambeau/core'
import { DataLoader, TensorDataset } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { SGD } from '@flambeau/optim'
import { linePlot } from '@flambeau/plot'
import { createProgress } from '@flambeau/trainer'
import { budget, outFile } from '../settings.ts'

const numSamples = 1000
const numEpochs = budget(1000, 120)

// y = 0.3 x², with noise.
manualSeed(0)
const x = linspace(-5, 5, numSamples).unsqueeze(1)
const y = x.pow(2).mul(0.3).add(randn(numSamples, 1))
const dataset = new TensorDataset(x, y)

class Model extends nn.Module {
  hidden1 = new nn.Linear(1, 32)
  hidden2 = new nn.Linear(32, 32)
  output = new nn.Linear(32, 1)

  override forward(x: Tensor): Tensor {
    return this.output(this.hidden2(this.hidden1(x).relu()).relu())
  }
}

// Mended: with a momentum of 1 nothing slows down, and the loss swings; 0.9, and a rate to match.
const ways = [
  { name: 'Batch', batchSize: numSamples, momentum: 0.9 },
  { name: 'Stochastic', batchSize: 1, momentum: 0 },
  { name: 'Minibatch', batchSize: 128, momentum: 0.9 },
]
const lossFn = new nn.MSELoss()
for (const { name, batchSize, momentum } of ways) {
  const model = new Model()
  const optimizer = new SGD(model.parameters(), { lr: 0.001, momentum })
  const loader = new DataLoader(dataset, { batchSize, shuffle: true })
  const progress = createProgress({ label: name, total: numEpochs, unit: 'epochs' })
  const losses: number[] = []
  for (let epoch = 1; epoch <= numEpochs; epoch++) {
    // As in the note, an "epoch" is a single batch, so that all three make as many steps.
    const [inputs, targets] = await loader.first()
    const loss = lossFn(model(inputs), targets)
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    losses.push(loss.item())
    progress.update(epoch)
  }
  progress.finish()
  const last = losses.slice(-20).reduce((a, b) => a + b) / 20
  console.log(`${name}: first loss ${losses[0]!.toFixed(2)}, last ${last.toFixed(2)}`)
  linePlot(
    { loss: losses },
    { title: name, xLabel: 'epoch', yLabel: 'loss', yRange: [0, 15] },
  ).save(outFile(`${name.toLowerCase()}.png`))
}
