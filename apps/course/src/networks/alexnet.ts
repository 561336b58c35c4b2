/** AlexNet for grey pictures of 224 × 224: deeper, with ReLU, max pooling and dropout. */
import type { Tensor } from '@flambeau/core'
import { manualSeed, randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { budget } from '../settings.ts'

const hidden = budget(4096, 256)

class AlexNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 96, 11, { stride: 4, padding: 1 })
  conv2 = new nn.Conv2d(96, 256, 5, { padding: 2 })
  conv3 = new nn.Conv2d(256, 384, 3, { padding: 1 })
  conv4 = new nn.Conv2d(384, 384, 3, { padding: 1 })
  // Mended: the fifth convolution is one of its own, with the 256 channels that dense1 expects.
  conv5 = new nn.Conv2d(384, 256, 3, { padding: 1 })
  dropout = new nn.Dropout(0.5)
  flatten = new nn.Flatten()
  relu = new nn.ReLU()
  maxPool = new nn.MaxPool2d(3, { stride: 2 })
  dense1 = new nn.Linear(6400, hidden)
  dense2 = new nn.Linear(hidden, hidden)
  dense3 = new nn.Linear(hidden, 10)

  override forward(x: Tensor): Tensor {
    x = this.maxPool(this.relu(this.conv1(x)))
    x = this.maxPool(this.relu(this.conv2(x)))
    x = this.relu(this.conv3(x))
    x = this.relu(this.conv4(x))
    x = this.maxPool(this.relu(this.conv5(x)))
    // Mended: dense1 takes part.
    x = this.dropout(this.relu(this.dense1(this.flatten(x))))
    x = this.dropout(this.relu(this.dense2(x)))
    return this.dense3(x)
  }
}

manualSeed(0)
const net = new AlexNet()
console.log(nn.summary(net, [1, 1, 224, 224]))
console.log(net(randn(1, 1, 224, 224)).shape)
