/** MNIST with two hidden layers and cross-entropy: trained to the end, then tested once. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { manualSeed } from '@flambeau/core'
import { DataLoader, saveCheckpoint } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { bestDevice } from '../devices.ts'
import { digits } from '../digits.ts'
import { budget, outFile } from '../settings.ts'

const numEpochs = budget(10, 2)
const batchSize = 100
const every = budget(100, 10)
const device = bestDevice()
console.log(device)

const trainLoader = new DataLoader(digits({ train: true }, 3000), { batchSize, shuffle: true })
const testLoader = new DataLoader(digits({ train: false }, 500), { batchSize })

class MLP extends nn.Module {
  fc1: nn.Linear
  fc2: nn.Linear
  fc3: nn.Linear
  relu = new nn.ReLU()

  constructor(inputSize: number, hiddenSize: number, numClasses: number) {
    super()
    this.fc1 = new nn.Linear(inputSize, hiddenSize)
    this.fc2 = new nn.Linear(hiddenSize, hiddenSize)
    this.fc3 = new nn.Linear(hiddenSize, numClasses)
  }

  override forward(x: Tensor): Tensor {
    x = this.relu(this.fc1(x))
    x = this.relu(this.fc2(x))
    return this.fc3(x)
  }
}

manualSeed(0)
const model = new MLP(28 * 28, 512, 10).to(device)
const criterion = new nn.CrossEntropyLoss()
const optimizer = new Adam(model.parameters(), { lr: 0.001 })
for (let epoch = 1; epoch <= numEpochs; epoch++) {
  let step = 0
  for await (const [images, labels] of trainLoader) {
    const outputs = model(images.flatten(1).to(device))
    const loss = criterion(outputs, labels.to(device))
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    if (++step % every === 0) {
      const place = `epoch ${epoch}/${numEpochs}, step ${step}/${trainLoader.length}`
      console.log(`${place}, loss: ${loss.item().toFixed(4)}`)
    }
  }
}

let [correct, total] = [0, 0]
for await (const [images, labels] of testLoader) {
  const predicted = noGrad(() => model(images.flatten(1).to(device)).argmax(1))
  correct += predicted.eq(labels.to(device)).sum().item()
  total += labels.size(0)
}
console.log(`accuracy on ${total} test images: ${((100 * correct) / total).toFixed(2)} %`)
saveCheckpoint(outFile('mlp.safetensors'), { model })
