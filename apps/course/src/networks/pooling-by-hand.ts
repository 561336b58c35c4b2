/** Pooling by two loops; stride and padding of the library's layers. */
import type { Tensor } from '@flambeau/core'
import { allclose, arange, zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'

function pool(x: Tensor, [h, w]: [number, number], mode: 'max' | 'avg' = 'max'): Tensor {
  const y = zeros(x.size(0) - h + 1, x.size(1) - w + 1)
  for (let i = 0; i < y.size(0); i++) {
    for (let j = 0; j < y.size(1); j++) {
      const window = x.at(`${i}:${i + h}`, `${j}:${j + w}`)
      y.setAt([i, j], mode === 'max' ? window.max() : window.mean())
    }
  }
  return y
}

const x = arange(9).view(3, 3).float()
console.log(pool(x, [2, 2]))
console.log(pool(x, [2, 2], 'avg'))

// Windows of the library move by their own size unless told otherwise.
const picture = arange(16).view(1, 1, 4, 4).float()
console.log(new nn.MaxPool2d(3)(picture))
console.log(new nn.MaxPool2d(2, { padding: 1, stride: [2, 3] })(picture))
const byOne = new nn.MaxPool2d(2, { stride: 1 })(x.view(1, 1, 3, 3)).view(2, 2)
console.log('by one as by hand:', allclose(byOne, pool(x, [2, 2])))
