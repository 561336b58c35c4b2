/** MNIST with three convolutions, three linear layers, and dropout between them. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { manualSeed } from '@flambeau/core'
import { DataLoader } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { featureMaps } from '@flambeau/plot'
import { digits } from '../digits.ts'
import { budget, outFile } from '../settings.ts'

const F = nn.functional

class SimpleCNN extends nn.Module {
  conv1 = new nn.Conv2d(1, 16, 3, { padding: 1 })
  conv2 = new nn.Conv2d(16, 32, 3, { padding: 1 })
  conv3 = new nn.Conv2d(32, 64, 3, { padding: 1 })
  dropout: nn.Dropout
  fc1 = new nn.Linear(64 * 3 * 3, 128)
  fc2 = new nn.Linear(128, 64)
  fc3: nn.Linear

  constructor(numClasses = 10, dropoutRate = 0.5) {
    super()
    this.dropout = new nn.Dropout(dropoutRate)
    this.fc3 = new nn.Linear(64, numClasses)
  }

  override forward(x: Tensor): Tensor {
    x = F.maxPool2d(F.relu(this.conv1(x)), 2) // [N, 16, 14, 14]
    x = F.maxPool2d(F.relu(this.conv2(x)), 2) // [N, 32, 7, 7]
    x = F.maxPool2d(F.relu(this.conv3(x)), 2) // [N, 64, 3, 3]
    x = x.view(x.size(0), -1)
    x = F.relu(this.fc1(this.dropout(x)))
    x = F.relu(this.fc2(this.dropout(x)))
    return this.fc3(x) // mended: the note stops before the layer that has the classes
  }
}

manualSeed(0)
const net = new SimpleCNN()
const trainLoader = new DataLoader(digits({ train: true }, 3000), { batchSize: 64, shuffle: true })
const test = digits({ train: false }, 500)
const testLoader = new DataLoader(test, { batchSize: 500 })
const optimizer = new Adam(net.parameters(), { lr: 0.001 })
for (let epoch = 1; epoch <= budget(3, 2); epoch++) {
  net.train()
  let last = 0
  for await (const [images, labels] of trainLoader) {
    const loss = F.crossEntropy(net(images), labels)
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    last = loss.item()
  }
  net.eval()
  let correct = 0
  for await (const [images, labels] of testLoader) {
    const predicted = noGrad(() => net(images).argmax(1))
    correct += predicted.eq(labels).sum().item()
  }
  const accuracy = (100 * correct) / test.length
  console.log(`epoch ${epoch}: loss ${last.toFixed(4)}, test accuracy ${accuracy.toFixed(2)} %`)
}

// What a digit looks like to the second layer.
const [image] = await testLoader.first()
const maps = noGrad(() => net.conv2(F.maxPool2d(F.relu(net.conv1(image.at(':1'))), 2)))
featureMaps(maps).save(outFile('maps.png'))
