/** Whole training steps. */
import type { Tensor } from '@flambeau/core'
import { rand } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { Adam, SGD } from '@flambeau/optim'
import type { Batch, Workload } from '../workload.ts'
import { labels, train } from '../workload.ts'

const { crossEntropy, mseLoss, oneHot } = nn.functional

type Model = nn.Sequential

const classify = (model: Model, x: Tensor, y: Tensor): Tensor => crossEntropy(model(x), y)

/** As many batches as `count`; x is drawn before y. */
function batches(count: number, make: () => Batch): Batch[] {
  return Array.from({ length: count }, make)
}

export const training: readonly Workload[] = [
  train('mlp_mnist', '784-512-512-10 with ReLU, cross-entropy, Adam 1e-3, batch 100', 200, () => {
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
      batches: batches(32, () => [rand([100, 784]), labels(100, 10)]),
      loss: classify,
    }
  }),
  train(
    'mlp_mnist_mse',
    '784-256-64-10 with ReLU, MSE on one-hot targets, SGD 0.01 momentum 0.9, batch 512',
    200,
    () => {
      const model = new nn.Sequential(
        new nn.Linear(784, 256),
        new nn.ReLU(),
        new nn.Linear(256, 64),
        new nn.ReLU(),
        new nn.Linear(64, 10),
      )
      return {
        model,
        optimizer: new SGD(model.parameters(), { lr: 0.01, momentum: 0.9 }),
        batches: batches(16, () => [rand([512, 784]), oneHot(labels(512, 10), 10).to('float32')]),
        loss: (net, x, y) => mseLoss(net(x), y),
      }
    },
  ),
  train(
    'simple_cnn',
    'conv 1-16-32-64 (3×3, ReLU, pool 2), fc 576-128-64-10, cross-entropy, Adam 1e-3, batch 64',
    100,
    () => {
      // The data come first here, so that the numbers are drawn in the reference's order.
      const data = batches(32, () => [rand([64, 1, 28, 28]), labels(64, 10)])
      const block = (from: number, to: number): nn.Module[] => [
        new nn.Conv2d(from, to, 3, { padding: 1 }),
        new nn.ReLU(),
        new nn.MaxPool2d(2),
      ]
      const model = new nn.Sequential(
        ...block(1, 16),
        ...block(16, 32),
        ...block(32, 64),
        new nn.Flatten(),
        new nn.Linear(576, 128),
        new nn.ReLU(),
        new nn.Linear(128, 64),
        new nn.ReLU(),
        new nn.Linear(64, 10),
      )
      return {
        model,
        optimizer: new Adam(model.parameters(), { lr: 1e-3 }),
        batches: data,
        loss: classify,
      }
    },
  ),
]
