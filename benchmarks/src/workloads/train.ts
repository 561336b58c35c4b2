/** Whole training steps. */
import type { Tensor } from '@flambeau/core'
import { cumprod, linspace, rand, randint, randn } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { Adam, AdamW, SGD } from '@flambeau/optim'
import { RecurrentLanguageModel } from '@flambeau/sequence-models'
import { DiffusionUNet } from '@flambeau/vision-models'
import type { Batch, Steps, Workload } from '../workload.ts'
import { dropoutOf, labels, train } from '../workload.ts'
import { alexnet, lenet5, smallCnn, vgg11 } from './models/classic.ts'
import { Gcn } from './models/gcn.ts'
import { resnet18 } from './models/resnet.ts'
import { Seq2Seq } from './models/seq2seq.ts'
import { UNet } from './models/unet.ts'
import { VisionTransformer } from './models/vit.ts'

const { binaryCrossEntropyWithLogits, crossEntropy, mseLoss, oneHot } = nn.functional

type Pair = [x: Tensor, y: Tensor]
type Triple = [x: Tensor, y: Tensor, z: Tensor]
type Parameters = Tensor[]

const classify = (model: nn.Module, x: Tensor, y: Tensor): Tensor => crossEntropy(model(x), y)

/** As many batches as `count`; parts are drawn in their order. */
function batches<B extends Batch>(count: number, make: () => B): B[] {
  return Array.from({ length: count }, make)
}

interface Images {
  readonly summary: string
  readonly samples: number
  /** Steps whose losses are compared. */
  readonly firstSteps: number
  /** Batches. */
  readonly count: number
  readonly batch: number
  /** Channels, height, width. */
  readonly shape: readonly number[]
  readonly draw: (shape: number[]) => Tensor
  readonly model: () => nn.Module
  readonly optimizer: (params: Parameters) => Steps
}

/** Classification of random images; the data are drawn before the weights. */
function images(name: string, options: Images): Workload {
  const { summary, samples, firstSteps, count, batch, shape, draw, model, optimizer } = options
  return train({ name, summary, samples, firstSteps }, () => {
    const data = batches<Pair>(count, () => [draw([batch, ...shape]), labels(batch, 10)])
    const made = model()
    return {
      model: made,
      optimizer: optimizer([...made.parameters()]),
      batches: data,
      loss: classify,
    }
  })
}

const grey = { shape: [1, 28, 28], draw: rand }
const large = { shape: [1, 224, 224], draw: rand, count: 4 }
const colour = {
  shape: [3, 32, 32],
  draw: randn,
  batch: 32,
  optimizer: (params: Parameters): SGD =>
    new SGD(params, { lr: 0.1, momentum: 0.9, weightDecay: 5e-4 }),
}

const tokens = (): Tensor => randint(8000, [16, 64])

function graph(name: string, summary: string, sparse: boolean): Workload {
  return train({ name, summary, samples: 60, firstSteps: 40 }, () => {
    const model = new Gcn(sparse, dropoutOf(0.5))
    return {
      model,
      optimizer: new Adam(model.parameters(), { lr: 0.01, weightDecay: 5e-4 }),
      batches: batches<[]>(1, () => []),
      loss: (net) => net(),
    }
  })
}

export const training: readonly Workload[] = [
  train(
    {
      name: 'mlp_mnist',
      summary: '784-512-512-10 with ReLU, cross-entropy, Adam 1e-3, batch 100',
      samples: 200,
      firstSteps: 40,
    },
    () => {
      const model = new nn.Sequential(
        new nn.Linear(784, 512),
        new nn.ReLU(),
        new nn.Linear(512, 512),
        new nn.ReLU(),
        new nn.Linear(512, 10),
      )
      return {
        model,
        optimizer: new Adam(model.parameters(), { lr: 1e-3 }),
        batches: batches<Pair>(32, () => [rand([100, 784]), labels(100, 10)]),
        loss: classify,
      }
    },
  ),
  train(
    {
      name: 'mlp_mnist_mse',
      summary: '784-256-64-10 with ReLU, MSE on one-hot targets, SGD 0.01 momentum 0.9, batch 512',
      samples: 200,
      firstSteps: 40,
    },
    () => {
      const model = new nn.Sequential(
        new nn.Linear(784, 256),
        new nn.ReLU(),
        new nn.Linear(256, 64),
        new nn.ReLU(),
        new nn.Linear(64, 10),
      )
      const targets = (): Tensor => oneHot(labels(512, 10), 10).to('float32')
      return {
        model,
        optimizer: new SGD(model.parameters(), { lr: 0.01, momentum: 0.9 }),
        batches: batches<Pair>(16, () => [rand([512, 784]), targets()]),
        loss: (net, x, y) => mseLoss(net(x), y),
      }
    },
  ),
  images('simple_cnn', {
    ...grey,
    summary: 'conv 1-16-32-64 (3×3, ReLU, pool 2), fc 576-128-64-10, Adam 1e-3, batch 64',
    samples: 100,
    firstSteps: 40,
    count: 32,
    batch: 64,
    model: smallCnn,
    optimizer: (params) => new Adam(params, { lr: 1e-3 }),
  }),
  images('lenet5_sigmoid', {
    ...grey,
    summary: 'LeNet-5 with sigmoids and mean pooling, SGD 0.9, batch 256, 28×28',
    samples: 100,
    firstSteps: 40,
    count: 16,
    batch: 256,
    model: lenet5,
    optimizer: (params) => new SGD(params, { lr: 0.9 }),
  }),
  images('alexnet_224', {
    ...large,
    summary: 'AlexNet 1×224×224, dropout 0.5, SGD 0.01, batch 8',
    samples: 10,
    firstSteps: 4,
    batch: 8,
    model: () => alexnet(dropoutOf(0.5)),
    optimizer: (params) => new SGD(params, { lr: 0.01 }),
  }),
  images('vgg11_224', {
    ...large,
    summary: 'VGG-11 1×224×224, dropout 0.5, SGD 0.05, batch 2',
    samples: 8,
    firstSteps: 4,
    batch: 2,
    model: () => vgg11(dropoutOf(0.5)),
    optimizer: (params) => new SGD(params, { lr: 0.05 }),
  }),
  images('resnet18_cifar', {
    ...colour,
    summary: 'ResNet-18, stem of 7×7 and pool, 3×32×32, SGD 0.1 momentum 0.9, batch 32',
    // With so high a rate, rounding shows in the third loss.
    samples: 20,
    firstSteps: 2,
    count: 8,
    model: () => resnet18(10, 'large'),
  }),
  images('resnet18_cifar_stem3', {
    ...colour,
    summary: 'the same with a stem of 3×3 and no pool',
    samples: 8,
    firstSteps: 2,
    count: 4,
    model: () => resnet18(10, 'small'),
  }),
  train(
    {
      name: 'unet_carvana',
      summary: 'U-Net 64 to 1024 with batch norm, 3×160×240, binary cross-entropy, Adam, batch 4',
      samples: 4,
      firstSteps: 2,
    },
    () => {
      const mask = (): Tensor => rand([4, 1, 160, 240]).gt(0.5).to('float32')
      const data = batches<Pair>(2, () => [rand([4, 3, 160, 240]), mask()])
      const model = new UNet()
      return {
        model,
        optimizer: new Adam(model.parameters(), { lr: 1e-4 }),
        batches: data,
        loss: (net, x, y) => binaryCrossEntropyWithLogits(net(x), y),
      }
    },
  ),
  train(
    {
      name: 'vit_tiny',
      summary: 'ViT of 65 tokens, width 192, depth 6, 3×32×32, AdamW 1e-3, batch 64',
      samples: 20,
      firstSteps: 5,
    },
    () => {
      const data = batches<Pair>(8, () => [randn([64, 3, 32, 32]), labels(64, 10)])
      const model = new VisionTransformer()
      return {
        model,
        optimizer: new AdamW(model.parameters(), { lr: 1e-3 }),
        batches: data,
        loss: classify,
      }
    },
  ),
  train(
    {
      name: 'transformer_seq2seq',
      summary: 'Transformer 4 + 4 layers, width 256, dropout 0.1, 64 tokens, vocabulary 8000, Adam',
      samples: 12,
      firstSteps: 5,
    },
    () => {
      const data = batches<Triple>(8, () => [tokens(), tokens(), tokens()])
      const model = new Seq2Seq(dropoutOf(0.1))
      return {
        model,
        optimizer: new Adam(model.parameters(), { lr: 1e-4, betas: [0.9, 0.98] }),
        batches: data,
        loss: (net, source, target, wanted) => {
          const logits = net(source, target).flatten(0, 1)
          return crossEntropy(logits, wanted.flatten(), { labelSmoothing: 0.1 })
        },
      }
    },
  ),
  train(
    {
      name: 'lstm_lm',
      summary: 'two LSTM layers of 512, 64 tokens, vocabulary 8000, Adam 1e-3, batch 16',
      samples: 12,
      firstSteps: 5,
    },
    () => {
      const data = batches<Pair>(8, () => [tokens(), tokens()])
      const model = new RecurrentLanguageModel({ vocabSize: 8000 })
      return {
        model,
        optimizer: new Adam(model.parameters(), { lr: 1e-3 }),
        batches: data,
        loss: (net, x, y) => crossEntropy(net(x)[0].flatten(0, 1), y.flatten()),
      }
    },
  ),
  train(
    {
      name: 'ddpm_unet',
      summary: 'diffusion U-Net 64 to 256, group norm, SiLU, attention, 1×32×32, AdamW, batch 32',
      samples: 6,
      firstSteps: 3,
    },
    () => {
      const image = (): Tensor => randn([32, 1, 32, 32])
      const data = batches<Triple>(4, () => [image(), labels(32, 1000), image()])
      const kept = cumprod(linspace(1e-4, 0.02, 1000).neg().add(1), 0)
      const model = new DiffusionUNet()
      return {
        model,
        optimizer: new AdamW(model.parameters(), { lr: 2e-4 }),
        batches: data,
        loss: (net, x, time, noise) => {
          const share = kept.to(x.device).at(time).view(-1, 1, 1, 1)
          const mixed = share.sqrt().mul(x).add(share.neg().add(1).sqrt().mul(noise))
          return mseLoss(net(mixed, time), noise)
        },
      }
    },
  ),
  graph('gcn_cora_like', 'GCN 1433-16-7, 2708 nodes, 10556 edges, by indexAdd, Adam 0.01', false),
  graph('gcn_cora_like_csr', 'the same with a sparse matrix', true),
]
