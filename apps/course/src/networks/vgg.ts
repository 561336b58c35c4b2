/** VGG: blocks of small convolutions, each half as large as the one before, then linear layers. */
import { manualSeed, randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { budget } from '../settings.ts'

function vggBlock(numConvs: number, inChannels: number, outChannels: number): nn.Sequential {
  const layers: nn.Module[] = []
  for (let i = 0; i < numConvs; i++) {
    layers.push(new nn.Conv2d(inChannels, outChannels, 3, { padding: 1 }), new nn.ReLU())
    inChannels = outChannels
  }
  return new nn.Sequential(...layers, new nn.MaxPool2d(2, { stride: 2 }))
}

type Architecture = readonly (readonly [numConvs: number, outChannels: number])[]

function vgg(architecture: Architecture, hidden: number): nn.Sequential {
  let channels = 1
  const blocks = architecture.map(([numConvs, outChannels]) => {
    const block = vggBlock(numConvs, channels, outChannels)
    channels = outChannels
    return block
  })
  return new nn.Sequential(
    ...blocks,
    new nn.Flatten(),
    new nn.Linear(channels * 7 * 7, hidden),
    new nn.ReLU(),
    new nn.Dropout(0.5),
    new nn.Linear(hidden, hidden),
    new nn.ReLU(),
    new nn.Dropout(0.5),
    new nn.Linear(hidden, 10),
  )
}

const width = budget(64, 4) // 64 are VGG-11's
const architecture = [
  [1, width],
  [1, 2 * width],
  [2, 4 * width],
  [2, 8 * width],
  [2, 8 * width],
] as const

manualSeed(0)
const net = vgg(architecture, 64 * width)
let x = randn(1, 1, 224, 224)
for (const layer of net) {
  x = layer(x)
  console.log(layer.constructor.name.padEnd(10), x.shape)
}
