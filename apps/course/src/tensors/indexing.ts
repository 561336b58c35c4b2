/** Parts of a tensor: single places, slices with steps, lists of places, masks. */
import { arange, manualSeed, maskedSelect, randn, take, tensor } from '@flambeau/core'

manualSeed(0)
const a = randn(4, 3, 28, 28) // pictures, channels, rows, columns
console.log(a.at(0).shape) // a picture
console.log(a.at(0, 0).shape) // one of its channels
console.log(a.at(0, 0, 2, 4)) // a pixel

// start:end:step
console.log(a.at(':2').shape) // the first two pictures
console.log(a.at(':2', -1).shape) // their last channel
console.log(a.at(':', ':', '0:28:2', '::2').shape) // every other pixel

// Lists of places.
console.log(a.indexSelect(0, tensor([0, 2])).shape)
console.log(a.indexSelect(1, tensor([0, 2])).shape)
console.log(a.indexSelect(2, arange(8)).shape) // eight rows

// As many ':' as are missing.
console.log(a.at('...').shape)
console.log(a.at(0, '...').shape)
console.log(a.at(':', 1, '...').shape)

// Where something holds.
const x = randn(3, 4)
const mask = x.ge(0.5)
console.log(x)
console.log(mask)
console.log(maskedSelect(x, mask), x.at(mask))

// As if all rows stood behind each other.
const source = tensor([
  [4, 3, 5],
  [6, 7, 8],
])
console.log(take(source, tensor([0, 2, 5])))
