/** Several channels in, and several out: correlations summed, and one result for each kernel. */
import type { Tensor } from '@flambeau/core'
import { allclose, arange, stack } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { corr2d } from '@flambeau/vision-models'

function manyIn(x: Tensor, kernel: Tensor): Tensor {
  const kernels = kernel.unbind()
  return x
    .unbind()
    .map((channel, i) => corr2d(channel, kernels[i]!))
    .reduce((sum, one) => sum.add(one))
}

// Mended: the note names the list and its parts alike, so that each part takes the list's place.
function manyInManyOut(x: Tensor, kernels: Tensor): Tensor {
  return stack(kernels.unbind().map((kernel) => manyIn(x, kernel)))
}

const x = stack([arange(9).view(3, 3), arange(1, 10).view(3, 3)]).float()
const kernel = stack([arange(4).view(2, 2), arange(1, 5).view(2, 2)]).float()
console.log(manyIn(x, kernel))

const kernels = stack([kernel, kernel.add(1), kernel.add(2)]) // [out, in, h, w]
const y = manyInManyOut(x, kernels)
console.log(y.shape)
console.log(y)
console.log(
  'as the library:',
  allclose(nn.functional.conv2d(x.unsqueeze(0), kernels).squeeze(0), y),
)
