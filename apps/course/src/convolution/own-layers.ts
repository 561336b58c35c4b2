/** Layers of one's own: parameters, and a forward. */
import type { Tensor } from '@flambeau/core'
import { manualSeed, randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'

class MyLinear extends nn.Module {
  w: nn.Parameter // gets gradients
  b: nn.Parameter

  constructor(inputs: number, outputs: number) {
    super()
    this.w = new nn.Parameter(randn(outputs, inputs))
    this.b = new nn.Parameter(randn(outputs))
  }

  override forward(x: Tensor): Tensor {
    return x.matmul(this.w.t()).add(this.b)
  }
}

class Flatten extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x.view(x.size(0), -1)
  }
}

class TestNet extends nn.Module {
  // Mended: the kernel has a size, and 16 channels of 14 × 14 go into the last layer.
  net = new nn.Sequential(
    new nn.Conv2d(1, 16, 3, { stride: 1, padding: 1 }),
    new nn.MaxPool2d(2, 2),
    new Flatten(),
    new nn.Linear(16 * 14 * 14, 10),
  )

  override forward(x: Tensor): Tensor {
    return this.net(x)
  }
}

class BasicNet extends nn.Module {
  net = new MyLinear(4, 3)

  override forward(x: Tensor): Tensor {
    return this.net(x)
  }
}

class Net extends nn.Module {
  net = new nn.Sequential(new BasicNet(), new nn.ReLU(), new nn.Linear(3, 2))

  override forward(x: Tensor): Tensor {
    return this.net(x)
  }
}

manualSeed(0)
console.log(new TestNet()(randn(5, 1, 28, 28)).shape)
const net = new Net()
console.log(net(randn(5, 4)).shape)
console.log(net)
for (const [name, { shape }] of net.namedParameters()) console.log(name, shape)
