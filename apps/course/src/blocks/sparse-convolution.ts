/** A convolution that computes only windows with something in them. */
import type { Tensor } from '@flambeau/core'
import { allclose, manualSeed, zeros } from '@flambeau/core'
import { MNIST } from '@flambeau/data'
import * as nn from '@flambeau/nn'

class SparseConv2d extends nn.Module {
  conv: nn.Conv2d

  constructor(
    inChannels: number,
    outChannels: number,
    readonly kernelSize: number,
    readonly padding = 0,
  ) {
    super()
    this.conv = new nn.Conv2d(inChannels, outChannels, kernelSize, { padding, bias: false })
  }

  // Mended: the note leaves this to the reader.
  override forward(x: Tensor): Tensor {
    const { kernelSize, padding } = this
    const windows = nn.functional.unfold(x, kernelSize, { padding }).transpose(1, 2) // [N, L, C·k·k]
    const seen = windows.ne(0).any(2) // [N, L]
    console.log(`${seen.sum().item()} of ${seen.numel()} windows have something in them`)
    const y = zeros(x.size(0), windows.size(1), this.conv.outChannels)
    y.setAt([seen], windows.at(seen).matmul(this.conv.weight.flatten(1).t()))
    const [height, width] = [2, 3].map((axis) => x.size(axis) + 2 * padding - kernelSize + 1)
    return y.transpose(1, 2).unflatten(2, [height!, width!])
  }
}

manualSeed(0)
const [image] = new MNIST({ train: false }).getItem(0)
const x = image.unsqueeze(0)
const layer = new SparseConv2d(1, 8, 3, 1)
const y = layer(x)
console.log(y.shape, 'as a dense one:', allclose(y, layer.conv(x), { atol: 1e-6 }))
layer.conv.zeroGrad()
y.sum().backward()
console.log('and it learns:', layer.conv.weight.grad!.abs().sum().item() > 0)

// The library's takes tensors that hold nothing but the places with something.
const sparse = new nn.SparseConv2d(1, 8, 3, { padding: 1, bias: false })
sparse.loadStateDict(layer.conv.stateDict())
const sites = nn.SparseTensor2d.fromDense(x)
console.log(sites)
console.log('the same:', allclose(sparse(sites).toDense(), y, { atol: 1e-6 }))
