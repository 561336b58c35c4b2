/** All vision models that are trained by themselves: what they take, and how they are trained. */
import type { Tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import type { DenseNetDepth, ResNetDepth, VGGDepth, ViTSize } from '@flambeau/vision-models'
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
} from '@flambeau/vision-models'

/** How a model is trained where nothing else is asked for. */
export interface Recipe {
  readonly optimizer: 'adamw' | 'sgd'
  /** The highest: it rises to it and falls again along one cycle. */
  readonly lr: number
  readonly batchSize: number
  readonly epochs: number
  readonly weightDecay: number
}

/** What the zoo asks of a model: small enough for the whole zoo to be done in half an hour. */
export interface ZooPlan {
  /** Pixels a side. */
  readonly size: number
  /** The first so many of MNIST's training images. */
  readonly images: number
  readonly epochs: number
  readonly batchSize: number
  readonly lr: number
  /** Share of the first 1000 test images that it must read. */
  readonly goal: number
}

/** What a network is built for. */
export interface Task {
  readonly classes: number
  /** Pixels a side of the images. */
  readonly size: number
}

export interface Entry {
  readonly family: string
  /** In words, for the list. */
  readonly summary: string
  /** What the model is made for. */
  readonly input: { readonly channels: 1 | 3; readonly size: number }
  /** Other sizes that it takes: `fixed` none, or from so many pixels in steps of so many. */
  readonly sizes: 'fixed' | { readonly least: number; readonly step: number }
  readonly build: (task: Task) => nn.Module
  /** Default: the cross-entropy of the logits. */
  readonly loss?: (model: nn.Module, images: Tensor, labels: Tensor) => readonly [Tensor, Tensor]
  readonly recipe: Recipe
  readonly zoo: ZooPlan
}

const adamw = (lr: number, batchSize = 64, epochs = 3): Recipe => ({
  optimizer: 'adamw',
  lr,
  batchSize,
  epochs,
  weightDecay: 0.01,
})
const sgd = (lr: number, batchSize = 64, epochs = 3): Recipe => ({
  optimizer: 'sgd',
  lr,
  batchSize,
  epochs,
  weightDecay: 5e-4,
})
const zoo = (
  size: number,
  images: number,
  epochs: number,
  lr: number,
  goal: number,
  batchSize = 32,
): ZooPlan => ({ size, images, epochs, batchSize, lr, goal })

const any = (least: number, step = 1): Entry['sizes'] => ({ least, step })

function vgg(depth: VGGDepth, batchNorm: boolean): Entry {
  // The deeper, the longer until one that is not normalised begins to learn: it takes more steps.
  const [images, epochs, deep] = [depth === 13 ? 1200 : 1500, depth === 19 ? 5 : 3, depth > 13]
  const normalised = zoo(32, images, epochs, 5e-4, 0.9, deep ? 32 : 50)
  const plain = zoo(32, images, epochs, 2e-4, 0.8, deep ? 16 : 32)
  return {
    family: 'VGG',
    summary: `${depth} layers of 3 × 3 convolutions${batchNorm ? ', normalised' : ''}`,
    input: { channels: 3, size: 224 },
    sizes: any(32),
    build: ({ classes }) => new VGG(depth, { numClasses: classes, batchNorm }),
    recipe: batchNorm ? sgd(0.02, 32) : adamw(1e-4, 32),
    zoo: batchNorm ? normalised : plain,
  }
}

function resnet(depth: ResNetDepth): Entry {
  const images = { 18: 2000, 34: 2000, 50: 2000, 101: 1000, 152: 1500 }[depth]
  return {
    family: 'ResNet',
    summary: `${depth} layers with a way around each block`,
    input: { channels: 3, size: 224 },
    sizes: any(32),
    build: ({ classes }) => new ResNet(depth, { numClasses: classes }),
    recipe: adamw(1e-3, 32),
    zoo: zoo(32, images, 3, 1e-3, depth > 50 ? 0.75 : 0.85),
  }
}

function densenet(depth: DenseNetDepth): Entry {
  return {
    family: 'DenseNet',
    summary: `${depth} layers, each of which sees all before it`,
    input: { channels: 3, size: 224 },
    sizes: any(32),
    build: ({ classes }) => new DenseNet(depth, { numClasses: classes }),
    recipe: adamw(1e-3, 32),
    zoo: zoo(32, 1000, 3, 2e-3, 0.85),
  }
}

function vit(size: ViTSize, goal: number, images: number, epochs: number, lr: number): Entry {
  return {
    family: 'ViT',
    summary: `vision transformer, ${size}, as in the paper`,
    input: { channels: 3, size: 224 },
    sizes: any(16, 16),
    build: ({ classes, size: imageSize }) =>
      new VisionTransformer(size, {
        imageSize,
        patchSize: 16,
        numClasses: classes,
      }),
    recipe: adamw(3e-4, 32),
    zoo: zoo(32, images, epochs, lr, goal),
  }
}

/** The heads in the middle count 0.3 each. */
const withAuxiliary: Entry['loss'] = (model, images, labels) => {
  const { logits, auxLogits1, auxLogits2 } = (model as GoogLeNet).withAuxiliary(images)
  const { crossEntropy } = nn.functional
  let loss = crossEntropy(logits, labels)
  for (const head of [auxLogits1, auxLogits2]) {
    if (head !== null) loss = loss.add(crossEntropy(head, labels).mul(0.3))
  }
  return [loss, logits]
}

/** Where the written-out transformers are small enough to learn digits in a minute. */
const SMALL_VIT = { embedDim: 64, hiddenDim: 128, depth: 4, numHeads: 4 }

export const MODELS: Readonly<Record<string, Entry>> = {
  perceptron: {
    family: 'perceptron',
    summary: 'one linear layer over all pixels',
    input: { channels: 1, size: 28 },
    sizes: any(1),
    build: ({ classes, size }) => new Perceptron({ inFeatures: size ** 2, numClasses: classes }),
    recipe: adamw(1e-2),
    zoo: zoo(28, 5000, 3, 1e-2, 0.83),
  },
  mlp: {
    family: 'perceptron',
    summary: '512 and 256 hidden units',
    input: { channels: 1, size: 28 },
    sizes: any(1),
    build: ({ classes, size }) => new MLP({ inFeatures: size ** 2, numClasses: classes }),
    recipe: adamw(1e-3),
    zoo: zoo(28, 5000, 3, 2e-3, 0.9),
  },
  simple_cnn: {
    family: 'CNN',
    summary: 'three convolutions, three linear layers, dropout',
    input: { channels: 1, size: 28 },
    sizes: any(24),
    build: ({ classes }) => new SimpleCNN({ numClasses: classes }),
    recipe: adamw(2e-3),
    zoo: zoo(28, 5000, 3, 3e-3, 0.92),
  },
  lenet5: {
    family: 'LeNet',
    summary: 'LeNet-5 with sigmoids, as in 1998',
    input: { channels: 1, size: 28 },
    sizes: 'fixed',
    build: ({ classes }) => new LeNet5({ numClasses: classes }),
    recipe: adamw(5e-3, 64, 5),
    zoo: zoo(28, 5000, 5, 1e-2, 0.85),
  },
  lenet5_relu: {
    family: 'LeNet',
    summary: 'LeNet-5 with ReLU',
    input: { channels: 1, size: 28 },
    sizes: 'fixed',
    build: ({ classes }) => new LeNet5({ numClasses: classes, activation: 'relu' }),
    recipe: adamw(3e-3),
    zoo: zoo(28, 5000, 3, 3e-3, 0.92),
  },
  alexnet: {
    family: 'AlexNet',
    summary: 'five convolutions, three linear layers, dropout',
    input: { channels: 3, size: 224 },
    sizes: any(63),
    build: ({ classes }) => new AlexNet({ numClasses: classes }),
    recipe: adamw(1e-4),
    zoo: zoo(64, 1200, 5, 4e-4, 0.8),
  },
  alexnet_gray: {
    family: 'AlexNet',
    summary: 'one channel, as drawn in lectures',
    input: { channels: 1, size: 224 },
    sizes: 'fixed',
    build: ({ classes }) => new AlexNetGray({ numClasses: classes }),
    recipe: adamw(1e-4),
    zoo: zoo(224, 500, 3, 3e-4, 0.7, 20),
  },
  vgg11: vgg(11, false),
  vgg13: vgg(13, false),
  vgg16: vgg(16, false),
  vgg19: vgg(19, false),
  vgg11_bn: vgg(11, true),
  vgg13_bn: vgg(13, true),
  vgg16_bn: vgg(16, true),
  vgg19_bn: vgg(19, true),
  vgg_gray: {
    family: 'VGG',
    summary: 'VGG-11 with one channel, as drawn in lectures',
    input: { channels: 1, size: 224 },
    sizes: any(32, 32),
    build: ({ classes, size }) => new VGGGray({ numClasses: classes, imageSize: size }),
    recipe: adamw(1e-4, 32),
    zoo: zoo(32, 1200, 6, 5e-4, 0.8, 16),
  },
  googlenet: {
    family: 'GoogLeNet',
    summary: 'Inception blocks, two heads in the middle for their gradients',
    input: { channels: 3, size: 224 },
    sizes: any(32),
    build: ({ classes }) => new GoogLeNet({ numClasses: classes }),
    loss: withAuxiliary,
    recipe: adamw(1e-3, 32),
    zoo: zoo(32, 1500, 3, 2e-3, 0.85),
  },
  resnet18: resnet(18),
  resnet34: resnet(34),
  resnet50: resnet(50),
  resnet101: resnet(101),
  resnet152: resnet(152),
  resnet18_cifar: {
    family: 'ResNet',
    summary: '18 layers, with a beginning for small images',
    input: { channels: 3, size: 32 },
    sizes: any(8),
    build: ({ classes }) => new ResNet(18, { numClasses: classes, stem: 'cifar' }),
    recipe: adamw(1e-3),
    zoo: zoo(16, 800, 2, 1e-3, 0.85),
  },
  densenet121: densenet(121),
  densenet169: densenet(169),
  densenet201: densenet(201),
  vit_tiny: vit('tiny', 0.75, 5000, 4, 5e-4),
  vit_small: vit('small', 0.7, 1500, 3, 3e-4),
  vit_base: vit('base', 0.5, 1000, 2, 1e-4),
  vit_taught: {
    family: 'ViT',
    summary: 'every step written out, norms after the blocks',
    input: { channels: 1, size: 28 },
    sizes: any(28, 28),
    build: ({ classes, size }) =>
      new TaughtVisionTransformer({
        ...SMALL_VIT,
        imageSize: size,
        patchSize: size / 7,
        inChannels: 1,
        numClasses: classes,
      }),
    recipe: adamw(1e-3),
    zoo: zoo(28, 10000, 5, 1e-3, 0.8),
  },
  vit_transformer: {
    family: 'ViT',
    summary: 'around nn.Transformer, encoder and decoder',
    input: { channels: 1, size: 28 },
    sizes: any(28, 28),
    build: ({ classes, size }) =>
      new TransformerViT({
        ...SMALL_VIT,
        imageSize: size,
        patchSize: size / 7,
        inChannels: 1,
        numClasses: classes,
        dropout: 0,
      }),
    recipe: adamw(1e-3),
    zoo: zoo(28, 4000, 4, 2e-3, 0.7),
  },
}

/** `1 epoch`, `3 epochs`. */
export const passes = (epochs: number): string => `${epochs} epoch${epochs === 1 ? '' : 's'}`

/** The recipe in one line. */
export function inWords({ optimizer, lr, batchSize, epochs }: Recipe): string {
  const name = optimizer === 'sgd' ? 'SGD' : 'AdamW'
  return `${name} ${lr}, batch ${batchSize}, ${passes(epochs)}`
}
