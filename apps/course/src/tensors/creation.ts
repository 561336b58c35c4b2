/** Tensors from arrays and from sizes: what is given is data for one function, a size for another. */
import { fromNumpy, tensor, zeros } from '@flambeau/core'

const array = Float64Array.of(1, 2.3)
console.log(fromNumpy(array)) // a typed array keeps its kind of number

console.log(
  tensor([
    [1, 2.3],
    [4, 5],
  ]),
)

// Data and size are never mixed up: tensor() takes the one, zeros() and its like take the other.
console.log(tensor([3, 2], { dtype: 'float32' }))
console.log(zeros(3, 2))
console.log(tensor([3, 2]), 'whole numbers are int64 unless told otherwise')
