/** The same numbers in another shape: views, axes more or less, axes exchanged, repeated. */
import { arange, rand, tensor } from '@flambeau/core'

const a = rand(4, 1, 28, 28)

// view and reshape: the same number of elements.
console.log(a.view(4, 28 * 28).shape, a.reshape(4 * 28, 28).shape, a.view(4, -1).shape)
const matrix = arange(6).view(2, 3)
matrix.view(6).setAt([0], 100)
console.log('a view shares its numbers:', matrix.tolist())

// squeeze and unsqueeze: axes of size 1 go and come.
const bias = rand(32)
const fitting = bias.unsqueeze(1).unsqueeze(2).unsqueeze(0)
console.log(fitting.shape, fitting.squeeze().shape, fitting.squeeze(0).shape)

// t, transpose and permute: axes change places.
const picture = rand(3, 28, 32)
console.log(rand(3, 4).t().shape, picture.transpose(0, 2).shape, picture.permute(1, 2, 0).shape)
const there = picture.transpose(0, 2)
console.log('contiguous:', there.isContiguous(), there.contiguous().isContiguous())
console.log('and back:', there.transpose(0, 2).equal(picture))

// expand and repeat: what there is once, several times; expand copies nothing.
const column = tensor([[1], [2]])
console.log(column.expand(2, 3).tolist(), column.repeat(1, 3).tolist())
console.log('steps in memory:', column.expand(2, 3).stride(), column.repeat(1, 3).stride())
