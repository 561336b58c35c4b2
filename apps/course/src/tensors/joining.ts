/** Tensors put together and taken apart. */
import { cat, manualSeed, rand, stack } from '@flambeau/core'

manualSeed(0)
const [first, second] = [rand(4, 32, 8), rand(5, 32, 8)] // classes, students, subjects

// cat: along an axis that is there. stack: along a new one.
console.log(cat([first, second]).shape)
console.log(stack([rand(32, 8), rand(32, 8)]).shape)
console.log(stack([rand(32, 8), rand(32, 8)], 2).shape)

// split: parts of a length. chunk: so many parts. unbind: one for each place.
const all = cat([first, second])
console.log(all.split(4).map((part) => part.shape))
console.log(all.split([2, 7]).map((part) => part.shape))
console.log(all.chunk(3).map((part) => part.shape))
console.log(all.unbind().length)
console.log('the parts again:', cat(all.split(4)).equal(all))
