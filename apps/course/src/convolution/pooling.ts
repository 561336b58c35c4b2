/** Pictures made smaller by the largest or the mean of each window. */
import { rand } from '@flambeau/core'
import * as nn from '@flambeau/nn'

const x = rand(1, 16, 14, 14)
const layer = new nn.MaxPool2d(2, { stride: 2 })
console.log(layer(x).shape)
console.log(nn.functional.avgPool2d(x, 2, { stride: 2 }).shape)
console.log('the mean is at most the largest:', layer(x).ge(nn.functional.avgPool2d(x, 2)).all())
