/** Pictures made larger: each pixel again and again, or smoothly. */
import { rand } from '@flambeau/core'
import { MNIST } from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { imageGrid } from '@flambeau/plot'
import { outFile } from '../settings.ts'

const { interpolate } = nn.functional

const x = rand(1, 16, 7, 7)
console.log(interpolate(x, { scaleFactor: 2, mode: 'nearest' }).shape)
console.log(interpolate(x, { scaleFactor: 3, mode: 'nearest' }).shape)

const digit = new MNIST({ train: false }).getItem(0)[0].unsqueeze(0)
for (const mode of ['nearest', 'bilinear', 'bicubic'] as const) {
  const larger = interpolate(digit, { scaleFactor: 8, mode })
  console.log(mode.padEnd(8), larger.shape)
  imageGrid(larger, { captions: [mode], tile: 200 }).save(outFile(`${mode}.png`))
}
