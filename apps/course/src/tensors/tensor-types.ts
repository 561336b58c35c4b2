/** What kind of tensor something is: its dtype and its device. Words become numbers too. */
import { isFloatingPoint, manualSeed, randn, Tensor, tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { bestDevice } from '../devices.ts'

manualSeed(0)
const data = randn(2, 3)
console.log('a tensor:', data instanceof Tensor, 'of', data.dtype, 'on', data.device)
console.log('float32:', data.dtype === 'float32', 'floating:', isFloatingPoint(data))

// PyTorch has a class for each dtype and device; here they are two properties.
for (const dtype of ['float32', 'float64', 'int32', 'uint8', 'bool'] as const) {
  console.log(dtype.padEnd(8), data.to(dtype))
}

const device = bestDevice()
console.log('on the best device:', data.to(device).device)

// There are no tensors of texts: a word is a number, one-hot or the row of a table that learns.
const words = tensor([2, 0])
console.log('one-hot:', nn.functional.oneHot(words, 4).tolist())
console.log('embedding:', new nn.Embedding(4, 3)(words).shape)
