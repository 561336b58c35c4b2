/** Layers in a row: one module, whose parameters, children and device are those of all. */
import type { Tensor } from '@flambeau/core'
import { randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { bestDevice } from '../devices.ts'

class Net extends nn.Module {
  net = new nn.Sequential(
    new nn.Conv2d(1, 32, 5, { stride: 1, padding: 1 }),
    new nn.MaxPool2d(2, { stride: 2 }),
    new nn.ReLU(true),
    new nn.BatchNorm2d(32),

    new nn.Conv2d(32, 64, 3, { stride: 1, padding: 1 }),
    new nn.ReLU(true),
    new nn.BatchNorm2d(64),

    new nn.Conv2d(64, 64, 3, { stride: 1, padding: 1 }),
    new nn.MaxPool2d(2, { stride: 2 }),
    new nn.ReLU(true),
    new nn.BatchNorm2d(64),
  )

  override forward(x: Tensor): Tensor {
    return this.net(x)
  }
}

const device = bestDevice()
const net = new Net().to(device) // all of it
console.log(net)
console.log('children:', [...net.net.children()].length, 'modules:', [...net.modules()].length)
console.log('parameters:', [...net.namedParameters()].map(([name]) => name).join(' '))
console.log(net(randn(2, 1, 28, 28).to(device)).shape)
