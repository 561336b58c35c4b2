/** Correlation by two loops, a layer around it, and a kernel that finds edges, learnt from examples. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { manualSeed, ones, randn, tensor, zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { imageGrid } from '@flambeau/plot'
import { outFile } from '../settings.ts'

/** Each output is the sum of a window of x times the kernel. */
function correlate(x: Tensor, kernel: Tensor): Tensor {
  const [h, w] = [kernel.size(0), kernel.size(1)]
  const y = zeros(x.size(0) - h + 1, x.size(1) - w + 1)
  for (let i = 0; i < y.size(0); i++) {
    for (let j = 0; j < y.size(1); j++) {
      y.setAt(
        [i, j],
        x
          .at(`${i}:${i + h}`, `${j}:${j + w}`)
          .mul(kernel)
          .sum(),
      )
    }
  }
  return y
}

class Correlation extends nn.Module {
  weight: nn.Parameter
  bias: nn.Parameter

  constructor(kernelSize: number[]) {
    super()
    this.weight = new nn.Parameter(randn(kernelSize))
    this.bias = new nn.Parameter(randn(1))
  }

  override forward(x: Tensor): Tensor {
    return correlate(x, this.weight).add(this.bias)
  }
}

// A dark band in a bright picture; its edges are where neighbours differ.
const picture = ones(6, 8)
picture.setAt([':', '2:6'], 0)
const edges = correlate(picture, tensor([[1, -1]]))
console.log(edges)
const how = { pixelated: true, tile: 160 }
imageGrid(picture, { ...how, title: 'Picture' }).save(outFile('picture.png'))
imageGrid(edges, { ...how, title: 'Edges', range: [-1, 1] }).save(outFile('edges.png'))

manualSeed(0)
const layer = new Correlation([1, 2])
console.log('the layer:', layer(picture).shape, [...layer.parameters()].length, 'parameters')

// A layer of the library takes [N, C, H, W].
const conv = new nn.Conv2d(1, 1, [1, 2], { bias: false })
const x = picture.reshape(1, 1, 6, 8)
const y = edges.reshape(1, 1, 6, 7)
for (let step = 1; step <= 20; step++) {
  const loss = conv(x).sub(y).pow(2).sum()
  conv.zeroGrad()
  loss.backward()
  noGrad(() => conv.weight.sub_(conv.weight.grad!, { alpha: 0.03 }))
  if (step % 2 === 0) console.log(`step ${step}, loss ${loss.item().toFixed(3)}`)
}
console.log('learnt:', conv.weight.data.reshape(1, 2))
