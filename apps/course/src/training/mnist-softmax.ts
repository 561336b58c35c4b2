/** MNIST with one layer, which is softmax regression: tested after each epoch. */
import { noGrad } from '@flambeau/autograd'
import { manualSeed } from '@flambeau/core'
import { DataLoader } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { SGD } from '@flambeau/optim'
import { imageGrid } from '@flambeau/plot'
import { bestDevice } from '../devices.ts'
import { digits } from '../digits.ts'
import { budget, outFile } from '../settings.ts'

const numEpochs = budget(10, 2)
const batchSize = 64
const device = bestDevice()
console.log(device)

manualSeed(0)
const trainLoader = new DataLoader(digits({ train: true }, 6000), { batchSize, shuffle: true })
const testLoader = new DataLoader(digits({ train: false }, 500), { batchSize })

// Mended: one batch is looked at, not every one.
const [images, labels] = await trainLoader.first()
console.log(images.shape, labels.shape, labels.at(0))
imageGrid(images.at(0), { captions: [`${labels.at(0).item()}`] }).save(outFile('sample.png'))

const model = new nn.Linear(28 * 28, 10).to(device)
const criterion = new nn.CrossEntropyLoss()
const optimizer = new SGD(model.parameters(), { lr: 0.01 })

async function evaluate(loader: typeof testLoader): Promise<number> {
  model.eval()
  let [correct, total] = [0, 0]
  for await (const [x, y] of loader) {
    const predicted = noGrad(() => model(x.flatten(1).to(device)).argmax(1))
    correct += predicted.eq(y.to(device)).sum().item()
    total += y.size(0)
  }
  return correct / total
}

// Mended: the number of epochs is numEpochs; the note counts up to a name that does not exist.
for (let epoch = 1; epoch <= numEpochs; epoch++) {
  model.train()
  for await (const [images, labels] of trainLoader) {
    const outputs = model(images.flatten(1).to(device))
    const loss = criterion(outputs, labels.to(device))
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
  }
  console.log(`epoch ${epoch}: test accuracy = ${(await evaluate(testLoader)).toFixed(2)}`)
}
