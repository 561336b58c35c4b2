/** A U-Net with batch normalisation. @see Ronneberger et al. 2015, https://arxiv.org/abs/1505.04597 */
import type { Tensor } from '@flambeau/core'
import { cat } from '@flambeau/core'
import * as nn from '@flambeau/nn'

function double(from: number, to: number): nn.Sequential {
  const half = (channels: number): nn.Module[] => [
    new nn.Conv2d(channels, to, 3, { padding: 1, bias: false }),
    new nn.BatchNorm2d(to),
    new nn.ReLU({ inplace: true }),
  ]
  return new nn.Sequential(...half(from), ...half(to))
}

const features = [64, 128, 256, 512]

/** 3 channels to 1 of the same size. */
export class UNet extends nn.Module {
  readonly downs: nn.ModuleList<nn.Sequential> = new nn.ModuleList()
  readonly ups: nn.ModuleList = new nn.ModuleList()
  readonly pool: nn.MaxPool2d = new nn.MaxPool2d(2, 2)
  readonly bottleneck: nn.Sequential
  readonly final: nn.Conv2d

  constructor() {
    super()
    let channels = 3
    for (const out of features) {
      this.downs.append(double(channels, out))
      channels = out
    }
    this.bottleneck = double(512, 1024)
    for (const out of features.toReversed()) {
      this.ups.append(new nn.ConvTranspose2d(out * 2, out, 2, 2))
      this.ups.append(double(out * 2, out))
    }
    this.final = new nn.Conv2d(64, 1, 1)
  }

  override forward(input: Tensor): Tensor {
    let x = input
    const skips: Tensor[] = []
    for (const down of this.downs) {
      x = down(x)
      skips.push(x)
      x = this.pool(x)
    }
    x = this.bottleneck(x)
    const ups = [...this.ups]
    for (let i = 0; i < ups.length; i += 2) {
      x = (ups[i] as nn.Module)(x)
      x = cat([skips.pop() as Tensor, x], 1)
      x = (ups[i + 1] as nn.Module)(x)
    }
    return this.final(x)
  }
}
