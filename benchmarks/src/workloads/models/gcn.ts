/** A graph convolutional network on a graph like Cora. @see https://arxiv.org/abs/1609.02907 */
import type { Tensor } from '@flambeau/core'
import { arange, cat, ones, rand, randint, spmm, tensor, zeros, zerosLike } from '@flambeau/core'
import * as nn from '@flambeau/nn'

const { crossEntropy, dropout, relu } = nn.functional

const nodes = 2708
const edges = 10556

interface Graph {
  /** Of each edge, self loops included. */
  readonly source: Tensor
  readonly target: Tensor
  /** 1 / √(degree of source · degree of target), of each edge. */
  readonly weight: Tensor
  /** [nodes, 1433], rows sum to 1. */
  readonly features: Tensor
  readonly labels: Tensor
}

function coraLike(): Graph {
  const loops = arange(nodes)
  const source = cat([randint(nodes, [edges]), loops])
  const target = cat([randint(nodes, [edges]), loops])
  const degree = zeros([nodes]).indexAdd(0, target, ones([edges + nodes]))
  const weight = degree.at(source).mul(degree.at(target)).rsqrt()
  const words = rand([nodes, 1433]).lt(0.0127).to('float32')
  const features = words.div(words.sum(1, true).clamp(1))
  return { source, target, weight, features, labels: randint(7, [nodes]) }
}

/** Sums over edges into their targets, by index. */
function byIndex({ source, target, weight }: Graph): (h: Tensor) => Tensor {
  const column = weight.unsqueeze(1)
  return (h) => zerosLike(h).indexAdd(0, target, h.at(source).mul(column))
}

/** The same as a product with a matrix of compressed rows; edges that occur twice are added up. */
function byMatrix({ source, target, weight }: Graph): (h: Tensor) => Tensor {
  const [from, to, weights] = [source.toArray(), target.toArray(), weight.toArray()]
  const cells = new Map<number, number>()
  for (let i = 0; i < from.length; i++) {
    const cell = Number(to[i]) * nodes + Number(from[i])
    cells.set(cell, Math.fround((cells.get(cell) ?? 0) + (weights[i] as number)))
  }
  const order = [...cells.keys()].toSorted((a, b) => a - b)
  const ends = new Array<number>(nodes + 1).fill(0)
  for (const cell of order)
    ends[Math.floor(cell / nodes) + 1] = 1 + (ends[Math.floor(cell / nodes) + 1] as number)
  for (let row = 0; row < nodes; row++)
    ends[row + 1] = (ends[row + 1] as number) + (ends[row] as number)
  const rows = tensor(ends, { dtype: 'int64' })
  const columns = tensor(
    order.map((cell) => cell % nodes),
    { dtype: 'int64' },
  )
  const values = tensor(order.map((cell) => cells.get(cell) as number))
  return (h) => spmm(rows, columns, values, h)
}

/** Two layers, and the loss over the nodes that are trained on. */
export class Gcn extends nn.Module<[]> {
  readonly l1: nn.Linear
  readonly l2: nn.Linear
  readonly #graph: Graph
  readonly #propagate: (h: Tensor) => Tensor
  readonly #train: Tensor
  readonly #dropout: number

  constructor(sparse: boolean, probability: number) {
    super()
    this.#graph = coraLike()
    this.l1 = new nn.Linear(1433, 16)
    this.l2 = new nn.Linear(16, 7)
    this.#propagate = sparse ? byMatrix(this.#graph) : byIndex(this.#graph)
    this.#train = arange(140)
    this.#dropout = probability
  }

  override forward(): Tensor {
    const { features, labels } = this.#graph
    let h = dropout(features, this.#dropout, true)
    h = relu(this.#propagate(h.matmul(this.l1.weight.t())).add(this.l1.bias as Tensor))
    h = dropout(h, this.#dropout, true)
    h = this.#propagate(h.matmul(this.l2.weight.t())).add(this.l2.bias as Tensor)
    return crossEntropy(h.at(this.#train), labels.at(this.#train))
  }
}
