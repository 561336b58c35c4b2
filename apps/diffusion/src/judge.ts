/** A classifier that has seen real digits judges drawn ones. */
import { existsSync } from 'node:fs'
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { cat, linalg, manualSeed } from '@flambeau/core'
import {
  Accuracy,
  DataLoader,
  loadSafetensors,
  MNIST,
  saveSafetensors,
  Subset,
} from '@flambeau/data'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { evaluate, fit } from '@flambeau/trainer'
import { SimpleCNN } from '@flambeau/vision-models'

const F = nn.functional

/** What the judge says of drawn digits. */
export interface Verdict {
  /** Share of digits that are taken for what they were to be. */
  readonly recognised: number
  /** Fréchet distance from real digits in the classifier's features; smaller is closer. */
  readonly distance: number
}

interface Gaussian {
  readonly mean: Tensor
  readonly covariance: Tensor
}

/** Mean and covariance of features `[N, D]`, in float64. */
function gaussianOf(features: Tensor): Gaussian {
  const x = features.double()
  return { mean: x.mean(0), covariance: x.T.cov() }
}

/** The square root of a symmetric matrix without negative eigenvalues. */
function rootOf(matrix: Tensor): Tensor {
  const { eigenvalues, eigenvectors } = linalg.eigh(matrix)
  return eigenvectors.mul(eigenvalues.clamp({ min: 0 }).sqrt()).matmul(eigenvectors.T)
}

/**
 * The Fréchet distance of two normal distributions: |m₁ - m₂|² + tr(C₁ + C₂ - 2 (C₁ C₂)^½).
 *
 * @see Heusel et al. 2017, https://arxiv.org/abs/1706.08500
 */
export function frechetDistance(a: Gaussian, b: Gaussian): number {
  const root = rootOf(a.covariance)
  const both = rootOf(root.matmul(b.covariance).matmul(root))
  const spread = a.covariance.add(b.covariance).sub(both.mul(2)).diagonal().sum()
  return a.mean.sub(b.mean).square().sum().add(spread).item()
}

/** Judges digits of 28 × 28 pixels in [-1, 1]. */
export class Judge {
  readonly accuracy: number
  readonly #net: SimpleCNN
  readonly #real: Gaussian

  private constructor(net: SimpleCNN, accuracy: number, test: MNIST) {
    this.#net = net
    this.accuracy = accuracy
    const images = test.images.unsqueeze(1).float().div(255)
    this.#real = gaussianOf(this.#features(images))
  }

  /**
   * The judge that was saved at `path`; if there is none, one is trained on so many real digits and
   * saved.
   */
  static async at(path: string, images: number, say: (text: string) => void): Promise<Judge> {
    manualSeed(0)
    const net = new SimpleCNN({ dropoutRate: 0.25 })
    const test = new MNIST({ train: false })
    if (existsSync(path)) {
      const { tensors, metadata } = loadSafetensors(path)
      net.loadStateDict(tensors)
      return new Judge(net.eval(), Number(metadata['accuracy']), test)
    }
    say('training the judge on real digits, once')
    const digits = new MNIST({ train: true })
    const part = new Subset(digits, [...digits.labels.toArray().keys()].slice(0, images))
    const train = new DataLoader(part, { batchSize: 128, shuffle: true })
    await fit(net, train, {
      optimizer: new Adam(net.parameters(), { lr: 2e-3 }),
      loss: F.crossEntropy,
      epochs: 2,
    })
    const { metrics } = await evaluate(net, new DataLoader(test, { batchSize: 1000 }), {
      loss: F.crossEntropy,
      metrics: { accuracy: new Accuracy({ numClasses: 10 }) },
    })
    const accuracy = metrics['accuracy'] ?? 0
    saveSafetensors(path, net.stateDict(), { accuracy: String(accuracy) })
    return new Judge(net.eval(), accuracy, test)
  }

  /** The second hidden layer: what digits look like to the classifier. */
  #features(images: Tensor): Tensor {
    const net = this.#net
    return noGrad(() => {
      const parts = images.split(500).map((x) => {
        let y = F.maxPool2d(F.relu(net.conv1(x)), 2)
        y = F.maxPool2d(F.relu(net.conv2(y)), 2)
        y = F.maxPool2d(F.relu(net.conv3(y)), 2)
        return F.relu(net.fc2(F.relu(net.fc1(y.flatten(1)))))
      })
      return cat(parts)
    })
  }

  /** Judges drawn digits `[N, 1, 28, 28]` in [-1, 1] that were to be `labels`. */
  judge(images: Tensor, labels: Tensor): Verdict {
    const features = this.#features(images.clamp(-1, 1).add(1).div(2))
    return {
      recognised: this.#classes(features).eq(labels).float().mean().item(),
      distance: frechetDistance(gaussianOf(features), this.#real),
    }
  }

  /** What the classifier takes digits for. */
  read(images: Tensor): Tensor {
    return this.#classes(this.#features(images.clamp(-1, 1).add(1).div(2)))
  }

  #classes(features: Tensor): Tensor {
    return noGrad(() => this.#net.fc3(features).argmax(1))
  }
}
