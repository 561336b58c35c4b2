/** The four models with the loss, optimizer and batch size that they are trained with. */
import type { Tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import type { Optimizer } from '@flambeau/optim'
import { Adam, SGD } from '@flambeau/optim'

const { crossEntropy, mseLoss, oneHot } = nn.functional

/** 784-512-512-10 with ReLU. */
class Mlp extends nn.Module {
  fc1 = new nn.Linear(784, 512)
  fc2 = new nn.Linear(512, 512)
  fc3 = new nn.Linear(512, 10)

  override forward(x: Tensor): Tensor {
    const h = this.fc1(x.flatten(1)).relu()
    return this.fc3(this.fc2(h).relu())
  }
}

/** Three times convolution, ReLU and pooling, then three linear layers. */
class Cnn extends nn.Module {
  features = new nn.Sequential(
    new nn.Conv2d(1, 16, 3, { padding: 1 }), // [N, 16, 28, 28]
    new nn.ReLU(),
    new nn.MaxPool2d(2), // [N, 16, 14, 14]
    new nn.Conv2d(16, 32, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2), // [N, 32, 7, 7]
    new nn.Conv2d(32, 64, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2), // [N, 64, 3, 3]
    new nn.Flatten(),
  )
  classifier = new nn.Sequential(
    new nn.Dropout(0.5),
    new nn.Linear(576, 128),
    new nn.ReLU(),
    new nn.Linear(128, 64),
    new nn.ReLU(),
    new nn.Linear(64, 10),
  )

  override forward(x: Tensor): Tensor {
    return this.classifier(this.features(x))
  }
}

/** Softmax regression: one linear layer. */
class SoftmaxRegression extends nn.Module {
  fc = new nn.Linear(784, 10)

  override forward(x: Tensor): Tensor {
    return this.fc(x.flatten(1))
  }
}

/** 784-256-64-10 with ReLU, for targets as one-hot vectors. */
class MseNet extends nn.Module {
  fc1 = new nn.Linear(784, 256)
  fc2 = new nn.Linear(256, 64)
  fc3 = new nn.Linear(64, 10)

  override forward(x: Tensor): Tensor {
    const h = this.fc1(x.flatten(1)).relu()
    return this.fc3(this.fc2(h).relu())
  }
}

export interface Recipe {
  /** One line for --help. */
  summary: string
  lossName: string
  /** Bring pixels to mean 0 and standard deviation 1, rather than to [0, 1]. */
  normalize: boolean
  epochs: number
  batchSize: number
  lr: number
  /** Factor of the learning rate after each epoch; 1 keeps it. */
  lrDecay: number
  model: () => nn.Module
  optimizer: (params: Iterable<Tensor>, lr: number) => Optimizer
  loss: (output: Tensor, labels: Tensor) => Tensor
}

export const recipes = {
  mlp: {
    summary: '784-512-512-10, cross-entropy, Adam 1e-3 (less 15 % an epoch), batch 100',
    lossName: 'cross-entropy',
    normalize: false,
    epochs: 10,
    batchSize: 100,
    lr: 1e-3,
    lrDecay: 0.85,
    model: () => new Mlp(),
    optimizer: (params, lr) => new Adam(params, { lr }),
    loss: (output, labels) => crossEntropy(output, labels),
  },
  cnn: {
    summary:
      'three convolutions and three linear layers with dropout, cross-entropy, Adam 1e-3, batch 64',
    lossName: 'cross-entropy',
    normalize: false,
    epochs: 3,
    batchSize: 64,
    lr: 1e-3,
    lrDecay: 1,
    model: () => new Cnn(),
    optimizer: (params, lr) => new Adam(params, { lr }),
    loss: (output, labels) => crossEntropy(output, labels),
  },
  linear: {
    summary: 'softmax regression on normalized pixels, SGD 0.01, batch 64',
    lossName: 'cross-entropy',
    normalize: true,
    epochs: 10,
    batchSize: 64,
    lr: 0.01,
    lrDecay: 1,
    model: () => new SoftmaxRegression(),
    optimizer: (params, lr) => new SGD(params, { lr }),
    loss: (output, labels) => crossEntropy(output, labels),
  },
  mse: {
    summary:
      '784-256-64-10, mean squared error on one-hot targets, SGD 0.01 momentum 0.9, batch 512',
    lossName: 'mean squared error',
    normalize: false,
    epochs: 10,
    batchSize: 512,
    lr: 0.01,
    lrDecay: 1,
    model: () => new MseNet(),
    optimizer: (params, lr) => new SGD(params, { lr, momentum: 0.9 }),
    loss: (output, labels) => mseLoss(output, oneHot(labels, 10).to('float32')),
  },
} satisfies Record<string, Recipe>

export type ModelName = keyof typeof recipes
