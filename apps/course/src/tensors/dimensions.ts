/** Tensors of 0 to 4 dimensions, and what each number of dimensions is used for. */
import { empty, fromNumpy, rand, randn, tensor } from '@flambeau/core'

// 0: a loss.
const a = tensor(1)
console.log(a.dim(), a.shape.length, a.size(), a.shape)

// 1: a bias, or one input of a linear layer.
const b = tensor([1.1])
const c = empty(2) // of this size, with whatever the memory holds
const d = fromNumpy(Float64Array.of(1.2, 2.3))
console.log(b)
console.log(c.shape)
console.log(d)

// 2: a batch for a linear layer.
const e = randn(2, 3)
console.log(e.dim(), e.shape.length)
console.log(e.size(), e.size(0), e.size(1))
console.log(e.shape, e.shape[0], e.shape[1])

// 3: a batch for a recurrent network: words, sentences, features.
const f = rand(2, 2, 3)
console.log(f.numel())

// 4: a batch of pictures: pictures, channels, rows, columns.
const g = rand(2, 3, 28, 28)
console.log(g.numel())
