/** Memory that nothing was written to, and the dtype of numbers when nothing else is said. */
import { empty, getDefaultDtype, setDefaultDtype, tensor } from '@flambeau/core'

// Whatever was there before: only good for what is written over entirely.
console.log('empty:', empty(2, 3).shape, empty(2, 3).fill_(7).tolist())

console.log(getDefaultDtype(), tensor([1, 2.3]).dtype)
setDefaultDtype('float64') // where more digits are wanted
console.log(getDefaultDtype(), tensor([1, 2.3]).dtype)
setDefaultDtype('float32')
