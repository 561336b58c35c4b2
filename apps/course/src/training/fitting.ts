/** A parabola in noise for three networks: too small, right, and too large. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { cat, linspace, manualSeed, rand, randn } from '@flambeau/core'
import { DataLoader, randomSplit, TensorDataset } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { linePlot, scatter } from '@flambeau/plot'
import { budget, outFile } from '../settings.ts'

const numEpochs = budget(200, 60)

// y = x² + 1, with noise of deviation 5.
manualSeed(2)
const x = rand(100, 1).mul(10).sub(5)
const y = x.pow(2).add(1).add(randn(100, 1).mul(5))
const points = cat([x, y], 1)
scatter(points).save(outFile('points.png'))

const [train, test] = randomSplit(new TensorDataset(x, y), [70, 30])
const trainLoader = new DataLoader(train, { batchSize: 32, shuffle: true })
const testLoader = new DataLoader(test, { batchSize: 32 })

class LinearRegression extends nn.Module {
  linear = new nn.Linear(1, 1)

  override forward(x: Tensor): Tensor {
    return this.linear(x)
  }
}

class MLP extends nn.Module {
  hidden = new nn.Linear(1, 8)
  output = new nn.Linear(8, 1)

  override forward(x: Tensor): Tensor {
    return this.output(this.hidden(x).relu())
  }
}

class MLPOverfitting extends nn.Module {
  hidden1 = new nn.Linear(1, 256)
  hidden2 = new nn.Linear(256, 256)
  output = new nn.Linear(256, 1)

  override forward(x: Tensor): Tensor {
    return this.output(this.hidden2(this.hidden1(x).relu()).relu())
  }
}

const lossFn = new nn.MSELoss()
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length

const everywhere = linspace(-5, 5, 101).unsqueeze(1)
const fits: Record<string, Tensor> = {}
for (const model of [new LinearRegression(), new MLP(), new MLPOverfitting()]) {
  const { name } = model.constructor
  // Mended: at the note's rate SGD jumps about, and the large network never gets to overfit.
  const optimizer = new Adam(model.parameters(), { lr: 0.01 })
  const losses: Record<'train' | 'test', number[]> = { train: [], test: [] }
  for (let epoch = 0; epoch < numEpochs; epoch++) {
    model.train()
    const ofTrain: number[] = []
    for await (const [inputs, targets] of trainLoader) {
      optimizer.zeroGrad()
      const loss = lossFn(model(inputs), targets)
      loss.backward()
      optimizer.step()
      ofTrain.push(loss.item())
    }
    losses.train.push(mean(ofTrain))

    model.eval()
    const ofTest: number[] = []
    for await (const [inputs, targets] of testLoader) {
      ofTest.push(noGrad(() => lossFn(model(inputs), targets).item()))
    }
    losses.test.push(mean(ofTest))
  }
  const [ofTrain, ofTest] = [losses.train.at(-1)!, losses.test.at(-1)!]
  console.log(`${name}: train ${ofTrain.toFixed(2)}, test ${ofTest.toFixed(2)}`)
  linePlot(losses, { title: name, yRange: [0, 200], xLabel: 'epoch' }).save(outFile(`${name}.png`))
  fits[name] = noGrad(() => cat([everywhere, model(everywhere)], 1))
}
scatter(points, { names: ['points'], curves: fits }).save(outFile('fits.png'))
