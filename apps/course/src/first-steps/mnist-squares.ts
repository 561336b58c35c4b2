/** MNIST with squared errors of one-hot targets: load, build, train, test. */
import type { Tensor } from '@flambeau/core'
import { manualSeed } from '@flambeau/core'
import { Compose, DataLoader, Normalize, ToTensor } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { SGD } from '@flambeau/optim'
import { imageGrid, linePlot } from '@flambeau/plot'
import { bestDevice } from '../devices.ts'
import { digits } from '../digits.ts'
import { budget, outFile } from '../settings.ts'

const F = nn.functional
const learningRate = 0.01
const numEpochs = budget(10, 2)
const batchSize = budget(512, 64)

// 1: the data, with mean 0 and deviation 1.
const transform = new Compose([new ToTensor(), new Normalize([0.1307], [0.3081])])
const train = digits({ train: true, transform }, 3000)
const test = digits({ train: false, transform }, 500)
const trainLoader = new DataLoader(train, { batchSize, shuffle: true })
const testLoader = new DataLoader(test, { batchSize })

function plotImages(images: Tensor, labels: Tensor, title: string): void {
  const captions = Array.from(labels.narrow(0, 0, 6).toArray(), (label) => `${title}: ${label}`)
  imageGrid(images.narrow(0, 0, 6), { captions, columns: 3, range: 'auto' }).save(
    outFile(`${title.replaceAll(' ', '-')}.png`),
  )
}

manualSeed(0)
const [images, labels] = await trainLoader.first()
console.log(images.shape, labels.shape)
console.log(images.min(), images.max())
plotImages(images, labels, 'sample')

// 2: the model.
class Net extends nn.Module {
  fc1 = new nn.Linear(28 * 28, 256)
  fc2 = new nn.Linear(256, 64)
  fc3 = new nn.Linear(64, 10)

  override forward(x: Tensor): Tensor {
    x = F.relu(this.fc1(x)) // [N, 256]
    x = F.relu(this.fc2(x)) // [N, 64]
    return this.fc3(x) // [N, 10]
  }
}

// 3: the training.
const device = bestDevice()
const net = new Net().to(device)
const optimizer = new SGD(net.parameters(), { lr: learningRate, momentum: 0.9 })
const losses: number[] = []
for (let epoch = 1; epoch <= numEpochs; epoch++) {
  let batch = 0
  for await (const [x, y] of trainLoader) {
    const out = net(x.flatten(1).to(device))
    const loss = F.mseLoss(out, F.oneHot(y, 10).float().to(device))
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    losses.push(loss.item())
    if (batch % 10 === 0) {
      const percent = Math.round((100 * batch) / trainLoader.length)
      const seen = `${batch * batchSize}/${train.length} (${percent}%)`
      console.log(`epoch ${epoch} [${seen}]\tloss: ${loss.item().toFixed(6)}`)
    }
    batch++
  }
}
linePlot({ loss: losses }, { xLabel: 'step', title: 'Squared error' }).save(outFile('loss.png'))

// 4: the test.
let correct = 0
for await (const [x, y] of testLoader) {
  const predicted = net(x.flatten(1).to(device)).argmax(1)
  correct += predicted.eq(y.to(device)).sum().item()
}
const percent = ((100 * correct) / test.length).toFixed(2)
console.log(`total: ${test.length}, correct: ${correct}, accuracy: ${percent}%`)

const [unseen] = await testLoader.first()
plotImages(unseen, net(unseen.flatten(1).to(device)).argmax(1), 'read as')
