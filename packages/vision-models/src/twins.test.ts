import { readFileSync } from 'node:fs'
import { noGrad } from '@flambeau/autograd'
import { manualSeed, randn, tensor } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import type { DenseNetDepth, ResNetDepth, VGGDepth } from './index.ts'
import { expect, it } from 'vitest'
import {
  AlexNet,
  DenseNet,
  FasterRCNNResNet,
  GoogLeNet,
  LeNet5,
  MaskRCNNResNet,
  ResNet,
  SSD300,
  VGG,
  VisionTransformer,
} from './index.ts'

function golden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../goldens/${name}.json`, import.meta.url), 'utf8')) as T
}

/** A network that is only counted: its weights need no values. */
class Counted extends nn.Module {
  model: nn.Module<never, unknown>

  constructor(build: () => nn.Module<never, unknown>) {
    super()
    this.model = build()
  }

  override forward(x: Tensor): Tensor {
    return x
  }
}

function built(name: string): nn.Module<never, unknown> {
  const depth = Number(/\d+/.exec(name)?.[0])
  if (name.startsWith('vgg')) {
    return new VGG(depth as VGGDepth, { batchNorm: name.endsWith('_bn') })
  }
  if (name.startsWith('resnet')) return new ResNet(depth as ResNetDepth)
  if (name.startsWith('densenet')) return new DenseNet(depth as DenseNetDepth)
  const others: Record<string, () => nn.Module<never, unknown>> = {
    alexnet: () => new AlexNet(),
    googlenet: () => new GoogLeNet(),
    vit_b_16: () => new VisionTransformer('base'),
    ssd300_vgg16: () => new SSD300({ numClasses: 91 }),
    fasterrcnn_resnet50_fpn: () => new FasterRCNNResNet({ norm: 'batch' }),
    maskrcnn_resnet50_fpn: () => new MaskRCNNResNet({ norm: 'batch' }),
  }
  return (others[name] as () => nn.Module<never, unknown>)()
}

it.each(Object.entries(golden<Record<string, number>>('parameters')))(
  '%s has as many parameters as torchvision says',
  (name, parameters) => {
    const model = nn.utils.skipInit(Counted, () => built(name))
    expect([...model.parameters()].reduce((sum, one) => sum + one.numel(), 0)).toBe(parameters)
  },
)

interface Step {
  readonly activation: 'sigmoid' | 'relu'
  readonly logits: number[]
  readonly loss: number
  readonly gradients: number[]
}

it.each(golden<Step[]>('lenet'))('LeNet-5 with $activation gives what PyTorch gives', (want) => {
  manualSeed(0)
  const model = new LeNet5({ activation: want.activation })
  manualSeed(1)
  const x = randn([4, 1, 28, 28])
  const logits = noGrad(() => model(x))
    .flatten()
    .tolist() as number[]
  expect(logits).toHaveLength(want.logits.length)
  for (const [i, value] of want.logits.entries()) {
    expect(Math.abs((logits[i] as number) - value)).toBeLessThan(1e-5)
  }
  model.double()
  const loss = nn.functional.crossEntropy(model(x.double()), tensor([0, 3, 6, 9]))
  expect(loss.item()).toBeCloseTo(want.loss, 8)
  loss.backward()
  const norms = [...model.parameters()].map((one) => (one.grad as Tensor).norm().item())
  expect(norms).toHaveLength(want.gradients.length)
  for (const [i, value] of want.gradients.entries()) {
    expect((norms[i] as number) / value).toBeCloseTo(1, 5)
  }
})
