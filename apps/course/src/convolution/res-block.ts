/** A residual block: what two convolutions make of x is added to x. */
import type { Tensor } from '@flambeau/core'
import { manualSeed, randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'

const F = nn.functional

class ResBlock extends nn.Module {
  conv1: nn.Conv2d
  bn1: nn.BatchNorm2d
  conv2: nn.Conv2d
  bn2: nn.BatchNorm2d
  extra = new nn.Sequential() // x itself, where the channels are the same

  constructor(inChannels: number, outChannels: number) {
    super() // mended: without it there is no module to put layers into
    this.conv1 = new nn.Conv2d(inChannels, outChannels, 3, { padding: 1 })
    this.bn1 = new nn.BatchNorm2d(outChannels)
    this.conv2 = new nn.Conv2d(outChannels, outChannels, 3, { padding: 1 })
    this.bn2 = new nn.BatchNorm2d(outChannels)
    if (outChannels !== inChannels) {
      this.extra = new nn.Sequential(
        new nn.Conv2d(inChannels, outChannels, 1),
        new nn.BatchNorm2d(outChannels),
      )
    }
  }

  override forward(x: Tensor): Tensor {
    const out = F.relu(this.bn1(this.conv1(x)))
    return this.extra(x).add(this.bn2(this.conv2(out)))
  }
}

manualSeed(0)
console.log(new ResBlock(64, 256)(randn(2, 64, 32, 32)).shape)
const same = new ResBlock(64, 64)
const x = randn(2, 64, 32, 32)
console.log(same(x).shape)

// Kernels of 0 pass x by: the worst that a block can do is nothing.
nn.init.zeros_(same.bn2.weight!)
console.log('nothing learnt, nothing lost:', same(x).equal(x))
