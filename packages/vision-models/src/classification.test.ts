import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { noGrad } from '@flambeau/autograd'
import { manualSeed, randn, tensor } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { describe, expect, it } from 'vitest'
import {
  AlexNet,
  AlexNetGray,
  DenseNet,
  GoogLeNet,
  LeNet5,
  MLP,
  Perceptron,
  ResNet,
  SimpleCNN,
  TaughtVisionTransformer,
  TransformerViT,
  VGG,
  VGGGray,
  VisionTransformer,
} from './index.ts'

interface Golden {
  readonly name: string
  readonly size: number
  /** SHA-256 of the state dict's names and shapes. */
  readonly keys: string
  readonly count: number
  readonly parameters: number
  readonly logits: number[]
  readonly loss?: number
  readonly gradient?: number
  readonly first?: number
}

const goldens = JSON.parse(
  readFileSync(new URL('../goldens/classification.json', import.meta.url), 'utf8'),
) as Golden[]

const numClasses = 10
const builders: Record<string, () => nn.Module> = {
  alexnet: () => new AlexNet({ numClasses }),
  vgg11: () => new VGG(11, { numClasses }),
  vgg13: () => new VGG(13, { numClasses }),
  vgg16_bn: () => new VGG(16, { numClasses, batchNorm: true }),
  vgg19: () => new VGG(19, { numClasses }),
  googlenet: () => new GoogLeNet({ numClasses }),
  resnet18: () => new ResNet(18, { numClasses }),
  resnet34: () => new ResNet(34, { numClasses }),
  resnet50: () => new ResNet(50, { numClasses }),
  resnet101: () => new ResNet(101, { numClasses }),
  resnet152: () => new ResNet(152, { numClasses }),
  densenet121: () => new DenseNet(121, { numClasses }),
  densenet169: () => new DenseNet(169, { numClasses }),
  densenet201: () => new DenseNet(201, { numClasses }),
  vit_b_16: () => new VisionTransformer('base', { numClasses, imageSize: 64 }),
}

function loss(model: nn.Module, x: Tensor): Tensor {
  const target = tensor([0, 3, 6, 9])
  const F = nn.functional
  if (!(model instanceof GoogLeNet)) return F.crossEntropy(model(x), target)
  const { logits, auxLogits1, auxLogits2 } = model.withAuxiliary(x)
  const auxiliary = [auxLogits1, auxLogits2].map((head) => F.crossEntropy(head as Tensor, target))
  return F.crossEntropy(logits, target).add(
    (auxiliary[0] as Tensor).add(auxiliary[1] as Tensor).mul(0.3),
  )
}

describe('models that torchvision has', () => {
  it.each(goldens)('$name has its keys, initial weights, outputs and gradients', (golden) => {
    manualSeed(0)
    const model = (builders[golden.name] as () => nn.Module)()
    if (model instanceof VisionTransformer) {
      nn.init.normal_((model.heads.at(0) as nn.Linear).weight, 0, 0.02)
    }
    const state = Object.entries(model.stateDict())
    const lines = state.map(([name, t]) => `${name}:[${t.shape.join()}]\n`).join('')
    expect(state.length).toBe(golden.count)
    expect(createHash('sha256').update(lines).digest('hex')).toBe(golden.keys)
    let parameters = 0
    for (const parameter of model.parameters()) parameters += parameter.numel()
    expect(parameters).toBe(golden.parameters)

    manualSeed(1)
    const x = randn([4, 3, golden.size, golden.size])
    model.eval()
    const logits = noGrad(() => model(x))
      .flatten()
      .tolist() as number[]
    const scale = Math.max(...golden.logits.map(Math.abs))
    for (const [i, want] of golden.logits.entries()) {
      expect(Math.abs((logits[i] as number) - want)).toBeLessThan(1e-4 * Math.max(1, scale))
    }
    if (golden.loss === undefined) return
    manualSeed(2)
    model.double().train()
    const l = loss(model, x.double())
    expect(l.item()).toBeCloseTo(golden.loss, 6)
    l.backward()
    const norms = [...model.parameters()].map((p) => (p.grad as Tensor).norm().item())
    expect(Math.hypot(...norms) / (golden.gradient as number)).toBeCloseTo(1, 5)
    expect((norms[0] as number) / (golden.first as number)).toBeCloseTo(1, 5)
  })
})

describe('models that courses teach', () => {
  const patches = { imageSize: 28, patchSize: 7, inChannels: 1, embedDim: 32, hiddenDim: 64 }
  const vit = { ...patches, depth: 2, numHeads: 4, numClasses, dropout: 0 }
  const taught: [string, () => nn.Module, number, number, number][] = [
    ['Perceptron', () => new Perceptron(), 28, 0.05, 60],
    ['MLP', () => new MLP({ hidden: [64] }), 28, 0.005, 60],
    ['LeNet5', () => new LeNet5({ activation: 'relu' }), 28, 0.005, 60],
    ['LeNet5 with sigmoid', () => new LeNet5(), 28, 0.02, 150],
    ['SimpleCNN', () => new SimpleCNN({ dropoutRate: 0 }), 28, 0.003, 60],
    ['TaughtVisionTransformer', () => new TaughtVisionTransformer(vit), 28, 0.003, 60],
    ['TransformerViT', () => new TransformerViT({ ...vit, depth: 1 }), 28, 0.003, 60],
  ]

  // These two take minutes to learn: only that they are built as drawn.
  it.each([
    ['AlexNetGray', () => new AlexNetGray(), 224, 60_314_442],
    ['VGGGray', () => new VGGGray(), 224, 128_806_154],
  ] as const)('%s has its size', (_, build, size, count) => {
    const model = build()
    let parameters = 0
    for (const parameter of model.parameters()) parameters += parameter.numel()
    expect(parameters).toBe(count)
    expect(noGrad(() => model.eval()(randn([1, 1, size, size]))).shape).toEqual([1, 10])
  })

  it.each(taught)('%s learns a batch by heart', (_, build, size, lr, steps) => {
    manualSeed(0)
    const model = build()
    const x = randn([8, 1, size, size])
    const target = tensor([0, 1, 2, 3, 4, 5, 6, 7])
    const optimizer = new Adam(model.parameters(), { lr })
    for (let step = 0; step < steps; step++) {
      const l = nn.functional.crossEntropy(model(x), target)
      optimizer.zeroGrad()
      l.backward()
      optimizer.step()
    }
    expect(model(x).argmax(1).tolist()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })
})
