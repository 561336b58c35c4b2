/** Operands of different shapes: missing axes and axes of size 1 stretch, from the last axis on. */
import { arange, broadcastShapes, rand, ShapeError, tensor } from '@flambeau/core'

// A bias for each of 32 channels of 4 pictures.
const features = rand(4, 32, 14, 14)
const bias = rand(32, 1, 1)
console.log(features.add(bias).shape)

// A number for everyone, one for each subject, one for each student.
const scores = arange(6).view(2, 3)
console.log(scores.add(5).tolist())
console.log(scores.add(tensor([10, 20, 30])).tolist())
console.log(scores.add(tensor([[100], [200]])).tolist())

// A column and a row make a table.
console.log(arange(1, 4).unsqueeze(1).mul(arange(1, 4)).tolist())

console.log(broadcastShapes([4, 1, 3], [5, 1], [3]))
try {
  rand(4, 32, 14, 14).add(rand(32))
} catch (error) {
  if (error instanceof ShapeError) console.log(error.message)
}
