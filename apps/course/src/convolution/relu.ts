/** ReLU as a layer that works in place, and as a function. */
import { randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'

const x = randn(1, 16, 7, 7)
console.log(nn.functional.relu(x).shape, x.min().item() < 0)
const layer = new nn.ReLU({ inplace: true })
console.log(layer(x).shape, x.min().item() < 0)
