/** Dilated convolution: the same kernel with gaps sees further. */
import type { Tensor } from '@flambeau/core'
import { rand, zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { imageGrid } from '@flambeau/plot'
import { outFile } from '../settings.ts'

class DilatedConv2d extends nn.Module {
  conv: nn.Conv2d

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    stride = 1,
    padding = 0,
    dilation = 1,
  ) {
    super()
    // Mended: the kernel's size is passed on, too.
    const sizes = { stride, padding, dilation }
    this.conv = new nn.Conv2d(inChannels, outChannels, kernelSize, sizes)
  }

  override forward(x: Tensor): Tensor {
    return this.conv(x)
  }
}

const x = rand(1, 3, 32, 32)
for (const dilation of [1, 2, 4]) {
  const layer = new DilatedConv2d(3, 8, 3, 1, dilation, dilation)
  const { size } = nn.receptiveField(layer.conv)
  console.log(`dilation ${dilation}:`, layer(x).shape, 'from windows of', size)
}

// What one output of three layers sees, by its gradient.
const layers = [1, 2, 4].map((dilation) => new DilatedConv2d(1, 1, 3, 1, dilation, dilation))
for (const { conv } of layers) nn.init.ones_(conv.weight)
const picture = zeros([1, 1, 17, 17], { requiresGrad: true })
layers
  .reduce<Tensor>((y, layer) => layer(y), picture)
  .at(0, 0, 8, 8)
  .backward()
const seen = picture.grad!.ne(0)
console.log(
  `three layers see ${seen.sum().item()} pixels,`,
  nn.receptiveField(layers.map((l) => l.conv)).size,
)
imageGrid(seen.float(), { pixelated: true, tile: 200 }).save(outFile('seen.png'))
