/** U-Net: down to a bottleneck, and up again, where each level sees what the way down saw. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { cat, manualSeed, randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { UNet as LibraryUNet } from '@flambeau/vision-models'
import { bestDevice } from '../devices.ts'
import { budget } from '../settings.ts'

class DoubleConv extends nn.Module {
  conv: nn.Sequential

  constructor(inChannels: number, outChannels: number) {
    super()
    this.conv = new nn.Sequential(
      new nn.Conv2d(inChannels, outChannels, 3, { padding: 1, bias: false }),
      new nn.BatchNorm2d(outChannels),
      new nn.ReLU(true),
      new nn.Conv2d(outChannels, outChannels, 3, { padding: 1, bias: false }),
      new nn.BatchNorm2d(outChannels),
      new nn.ReLU(true),
    )
  }

  override forward(x: Tensor): Tensor {
    return this.conv(x)
  }
}

class UNet extends nn.Module {
  downs = new nn.ModuleList()
  ups = new nn.ModuleList() // steps up and what follows them, by turns
  pool = new nn.MaxPool2d(2, 2)
  bottleneck: DoubleConv
  final_conv: nn.Conv2d

  constructor(inChannels = 3, outChannels = 1, features = [64, 128, 256, 512]) {
    super()
    let channels = inChannels
    for (const feature of features) {
      this.downs.append(new DoubleConv(channels, feature))
      channels = feature
    }
    this.bottleneck = new DoubleConv(channels, channels * 2)
    for (const feature of features.toReversed()) {
      this.ups.append(new nn.ConvTranspose2d(feature * 2, feature, 2, { stride: 2 }))
      this.ups.append(new DoubleConv(feature * 2, feature))
    }
    this.final_conv = new nn.Conv2d(features[0]!, outChannels, 1)
  }

  override forward(x: Tensor): Tensor {
    const skips: Tensor[] = []
    for (const down of this.downs) {
      x = down(x)
      skips.push(x)
      x = this.pool(x)
    }
    x = this.bottleneck(x)
    for (const up of this.ups) {
      if (up instanceof DoubleConv) {
        const skip = skips.pop()!
        const size = [skip.size(2), skip.size(3)]
        if (x.size(2) !== size[0] || x.size(3) !== size[1]) {
          x = nn.functional.interpolate(x, { size, mode: 'bilinear' })
        }
        x = cat([skip, x], 1)
      }
      x = up(x)
    }
    return this.final_conv(x)
  }
}

manualSeed(0)
const device = bestDevice()
const features = [1, 2, 4, 8].map((times) => times * budget(64, 8))
const model = new UNet(3, 1, features).to(device)
const x = randn(3, 3, 160, 160).to(device)
console.log(x.shape)
console.log(noGrad(() => model(x)).shape)

// Sides that are not multiples of 16 are mended on the way up.
const odd = randn(1, 3, 75, 101).to(device)
const library = new LibraryUNet({ features }).to(device)
library.loadStateDict(model.stateDict())
const same = noGrad(() => model(odd).equal(library(odd)))
console.log(model(odd).shape, 'as @flambeau/vision-models has it:', same)
