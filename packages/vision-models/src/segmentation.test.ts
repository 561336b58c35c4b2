import { noGrad } from '@flambeau/autograd'
import { manualSeed, randn } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { expect, it } from 'vitest'
import { backbone, discriminativeGroups, FCN, freeze, PSPNet, replaceHead } from './index.ts'
import { ResNet, SegNet, UNet, VGG, ViTSegmenter } from './index.ts'

const numClasses = 3
const vit = { imageSize: 32, patchSize: 4, numLayers: 2, numClasses }
const builders: [string, () => nn.Module, number, number][] = [
  ['FCN-8s', () => new FCN(8, { numClasses, headWidth: 32, dropout: 0 }), 0.0005, 20],
  ['SegNet', () => new SegNet({ numClasses, features: [8, 16], convolutions: [1, 2] }), 0.02, 60],
  ['UNet', () => new UNet({ outChannels: numClasses, features: [8, 16] }), 0.01, 40],
  ['PSPNet', () => new PSPNet({ numClasses, depth: 18, dropout: 0 }), 0.0003, 40],
  ['ViTSegmenter', () => new ViTSegmenter('tiny', vit), 0.001, 60],
]

/** Four pictures of a bright square on dark ground, with a stripe below; and the labels of pixels. */
function pictures(): { x: Tensor; y: Tensor } {
  manualSeed(1)
  const x = randn([4, 3, 32, 32]).mul(0.1)
  const y = x.select(1, 0).mul(0).long()
  for (let i = 0; i < 4; i++) {
    const [top, left] = [4 + 2 * i, 12 - 2 * i]
    x.at(i, 0, `${top}:${top + 12}`, `${left}:${left + 12}`).fill_(1)
    y.at(i, `${top}:${top + 12}`, `${left}:${left + 12}`).fill_(1)
    x.at(i, 1, '28:').fill_(1)
    y.at(i, '28:').fill_(2)
  }
  return { x, y }
}

it.each(builders)('%s learns to label the pixels of a batch', (name, build, lr, steps) => {
  const { x, y } = pictures()
  manualSeed(0)
  const model = build()
  const optimizer = new Adam(model.parameters(), { lr })
  for (let step = 0; step < steps; step++) {
    const loss = nn.functional.crossEntropy(model(x), y)
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
  }
  const right = noGrad(() => model(x).argmax(1).eq(y).float().mean().item())
  expect(right).toBeGreaterThan(name === 'PSPNet' || name === 'FCN-8s' ? 0.82 : 0.93)
})

it.each([
  [41, 70],
  [33, 64],
])('labels every pixel of %i × %i images', (height, width) => {
  const x = randn([1, 3, height, width])
  const fcn = ([32, 16, 8] as const).map((s) => new FCN(s, { numClasses, headWidth: 8 }))
  for (const model of [...fcn, new SegNet({ numClasses })]) {
    expect(noGrad(() => model.eval()(x)).shape).toEqual([1, numClasses, height, width])
  }
})

it('layers of a model are replaced by setting its fields, as in PyTorch', () => {
  const net = new ResNet(18, { numClasses: 10 })
  const names = Object.keys(net.stateDict())
  net.conv1 = new nn.Conv2d(1, 64, 7, { stride: 2, padding: 3, bias: false })
  net.fc = new nn.Linear(net.fc.inFeatures, 3)
  expect(net(randn([2, 1, 32, 32])).shape).toEqual([2, 3])
  expect(Object.keys(net.stateDict())).toEqual(names)
  expect(net.stateDict()['conv1.weight']?.shape).toEqual([64, 1, 7, 7])
})

it('replaces heads wherever they stand', () => {
  const nets = [new ResNet(18), new VGG(11)]
  for (const net of nets) {
    const head = replaceHead(net, 7)
    expect(head.outFeatures).toBe(7)
    expect(noGrad(() => net.eval()(randn([1, 3, 32, 32]))).shape).toEqual([1, 7])
  }
  expect(backbone(new VGG(11)).features).toBe(4096)
  expect(() => replaceHead(new UNet({ features: [4] }), 2)).toThrow(/no linear layer stands at/)
})

it('trains what freeze leaves, at rates by depth', () => {
  const net = new ResNet(18, { numClasses: 2 })
  freeze(net, { except: ['layer4', 'fc'] })
  const groups = discriminativeGroups(net, 0.1, 0.1)
  expect(groups.map((group) => group.params.length)).toEqual([15, 2])
  expect(groups.map((group) => group.lr)).toEqual([0.1 * 0.1, 0.1])
  const before = net.conv1.weight.detach().clone()
  const optimizer = new Adam(groups.map(({ params, lr }) => ({ params, lr })))
  net(randn([2, 3, 32, 32]))
    .sum()
    .backward()
  optimizer.step()
  expect(net.conv1.weight.equal(before)).toBe(true)
  expect(() => freeze(net, { except: ['nothing'] })).toThrow(/no parameter .* 'nothing'/)
})
