/** LeNet: convolutions with sigmoids and mean pooling, for handwritten digits. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { manualSeed, ones, zeros } from '@flambeau/core'
import { DataLoader } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { confusionMatrix, featureMaps, kernels, linePlot } from '@flambeau/plot'
import { digits } from '../digits.ts'
import { budget, outFile } from '../settings.ts'

class LeNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 6, 5, { padding: 2 })
  conv2 = new nn.Conv2d(6, 16, 5)
  sigmoid = new nn.Sigmoid()
  avgPool = new nn.AvgPool2d(2)
  flatten = new nn.Flatten()
  linear1 = new nn.Linear(16 * 5 * 5, 120)
  linear2 = new nn.Linear(120, 84)
  linear3 = new nn.Linear(84, 10)

  override forward(x: Tensor): Tensor {
    x = x.view(-1, 1, 28, 28)
    x = this.avgPool(this.sigmoid(this.conv1(x)))
    x = this.avgPool(this.sigmoid(this.conv2(x)))
    x = this.sigmoid(this.linear1(this.flatten(x)))
    // Mended: a sigmoid here too; two linear layers without one between them are no more than one.
    x = this.sigmoid(this.linear2(x))
    return this.linear3(x)
  }
}

manualSeed(0)
const net = new LeNet()
// PyTorch's first weights are too small for four sigmoids: for long, nothing would happen.
for (const layer of net.children()) {
  if (layer instanceof nn.Conv2d || layer instanceof nn.Linear) {
    nn.init.xavierUniform_(layer.weight)
  }
}
console.log(nn.summary(net, [1, 1, 28, 28]))

const loader = new DataLoader(digits({ train: true }, 3000), { batchSize: 50, shuffle: true })
const optimizer = new Adam(net.parameters(), { lr: budget(0.002, 0.01) })
const losses: number[] = []
for (let epoch = 1; epoch <= budget(5, 4); epoch++) {
  for await (const [images, labels] of loader) {
    const loss = nn.functional.crossEntropy(net(images), labels)
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    losses.push(loss.item())
  }
  console.log(`epoch ${epoch}: loss ${losses.at(-1)!.toFixed(4)}`)
}
linePlot({ loss: losses }, { xLabel: 'step', smooth: 20 }).save(outFile('loss.png'))

const test = new DataLoader(digits({ train: false }, 500), { batchSize: 500 })
const counts = zeros([10, 10])
for await (const [images, labels] of test) {
  const predicted = noGrad(() => net(images).argmax(1))
  counts.indexPut_([labels, predicted], ones(labels.size(0)), true)
}
const right = counts.trace().item() / counts.sum().item()
console.log(`accuracy ${(100 * right).toFixed(2)} %`)
confusionMatrix(counts).save(outFile('confusion.png'))

// What the first layer looks for, and what it finds in a digit.
const [image] = await test.first()
const maps = noGrad(() => net.sigmoid(net.conv1(image.at(':1'))))
kernels(net.conv1.weight).save(outFile('kernels.png'))
featureMaps(maps).save(outFile('maps.png'))
