/** Layers around sparse convolutions. */
import { cat, full, ShapeError, Tensor } from '@flambeau/core'
import type { Pair } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { wholeNumbers } from '../functional/inputs.ts'
import type { AnyModule } from '../module.ts'
import { requireModule } from '../module.ts'
import { callChildren } from '../module-cycles.ts'
import type { Parameter } from '../parameter.ts'
import { BatchNorm1d } from './batch-norm.ts'
import type { NormArguments } from './channel-norm.ts'
import { describe, unless } from './describe.ts'
import { requireSites, SparseModule } from './sparse-conv.ts'
import { outputShape, regularRules } from './sparse-conv-rules.ts'
import { SparseTensor2d } from './sparse-conv-tensor.ts'

/**
 * max(x, 0) at the sites of an image.
 *
 * Shapes: as the input.
 *
 * @throws {ValueError} for an input that has no sites.
 * @see ReLU
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { SparseReLU, SparseTensor2d } from '@flambeau/nn'
 * const x = SparseTensor2d.fromDense(tensor([[[[0, -1, 2]]]]).float())
 * console.log(new SparseReLU()(x).features.tolist()) // => [ [ 0 ], [ 2 ] ]
 * ```
 */
export class SparseReLU extends SparseModule {
  override forward(input: SparseTensor2d): SparseTensor2d {
    requireSites('SparseReLU', input)
    return input.map((features) => features.relu())
  }
}

/** A batch normalisation of sites: fields and state dict of BatchNorm2d. */
export interface SparseNorm extends SparseModule {
  readonly numFeatures: number
  readonly eps: number
  readonly momentum: number | null
  weight: Parameter | null
  bias: Parameter | null
  running_mean: Tensor | null
  running_var: Tensor | null
  num_batches_tracked: Tensor | null
}

// Features are what a BatchNorm1d takes; only the call is another one.
const FeatureNorm: abstract new (...given: NormArguments) => SparseNorm =
  BatchNorm1d as unknown as abstract new (...given: NormArguments) => SparseNorm

/**
 * Batch normalisation over the sites of all images: places without a site do not count, and stay 0.
 *
 * Shapes: as the input; state dict of BatchNorm2d.
 *
 * @throws {ValueError} for an input that has no sites. @throws {ShapeError} for other channels, or a
 * single site while training.
 * @see BatchNorm2d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { SparseBatchNorm2d, SparseTensor2d } from '@flambeau/nn'
 * const x = SparseTensor2d.fromDense(tensor([[[[0, 1, 3]]]]).float())
 * const y = new SparseBatchNorm2d(1)(x)
 * console.log(y.features.flatten().round().tolist()) // => [ -1, 1 ]
 * ```
 */
export class SparseBatchNorm2d extends FeatureNorm {
  // The constructor of BatchNorm1d, whose parameters it has.
  override forward(input: SparseTensor2d): SparseTensor2d {
    requireSites('SparseBatchNorm2d', input)
    const norm = this as unknown as BatchNorm1d
    return input.map((features) => BatchNorm1d.prototype.forward.call(norm, features))
  }
}

export interface SparseMaxPoolOptions {
  /** The size of the window. */
  kernelSize: Pair
  /** Distance between windows. Default kernelSize. */
  stride?: Pair | null
  /** Positions added on each side, at most half of the window. Default 0. */
  padding?: Pair
  /** Distance between the window's elements. Default 1. */
  dilation?: Pair
}

const POOL = ['kernelSize', 'stride', 'padding', 'dilation'] as const

/**
 * The largest value of the sites in each window that has one; places without a site do not count.
 *
 * Shapes: features `[N, C]` -> `[N', C]` with the spatial shape of MaxPool2d.
 *
 * @throws {ValueError} for sizes that are not whole numbers, or an input that has no sites.
 * @throws {ShapeError} if the window does not fit.
 * @see MaxPool2d
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { SparseMaxPool2d, SparseTensor2d } from '@flambeau/nn'
 * const x = SparseTensor2d.fromDense(tensor([[[[0, -1, 0, 0], [-2, 0, 0, 0]]]]).float())
 * console.log(new SparseMaxPool2d(2)(x).features.tolist()) // => [ [ -1 ] ]
 * ```
 */
export class SparseMaxPool2d extends SparseModule {
  readonly kernelSize: number[]
  readonly stride: number[]
  readonly padding: number[]
  readonly dilation: number[]

  constructor(...given: Arguments<SparseMaxPoolOptions, typeof POOL>) {
    super()
    const op = 'SparseMaxPool2d'
    const read = parameters<[Pair, Pair | null, Pair, Pair]>(op, POOL)(given)
    this.kernelSize = wholeNumbers(op, 'kernelSize', read[0], 2, 1)
    this.stride = wholeNumbers(op, 'stride', read[1] ?? read[0], 2, 1)
    this.padding = wholeNumbers(op, 'padding', read[2] ?? 0, 2, 0)
    this.dilation = wholeNumbers(op, 'dilation', read[3] ?? 1, 2, 1)
  }

  override forward(input: SparseTensor2d): SparseTensor2d {
    const op = 'SparseMaxPool2d'
    requireSites(op, input)
    const { features, batchSize, channels } = input
    if (outputShape(input.spatialShape, this).some((size) => size < 1)) {
      const why = `the window does not fit into [${input.spatialShape.join(', ')}]`
      throw new ShapeError(op, { features, kernelSize: this.kernelSize }, why, 'use more padding')
    }
    const { kernelSize, stride, padding, dilation } = this
    const key = JSON.stringify(['SparseConv2d', kernelSize, stride, padding, dilation])
    const rules = input.rulebook(key, () =>
      regularRules(input.places, batchSize, input.spatialShape, this),
    )
    const { places, inputs, outputs, counts, spatialShape } = rules
    // For each element of the window the row of the input; the row behind the last one is empty.
    const empty = full([1, channels], -Infinity, {
      dtype: features.dtype as 'float32',
      device: features.device,
    })
    const rows = counts.map((count, k) => {
      const at = counts.slice(0, k).reduce((a, b) => a + b, 0)
      return full([places.length], input.numSites, {
        dtype: 'int64',
        device: features.device,
      }).indexCopy(0, outputs.narrow(0, at, count), inputs.narrow(0, at, count))
    })
    const seen = cat([features, empty]).indexSelect(0, cat(rows))
    const windows = seen.reshape([counts.length, places.length, channels])
    const result = windows.max(0).values
    return SparseTensor2d.ofPlaces(result, places, spatialShape, batchSize)
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding, dilation } = this
    return describe({
      kernelSize,
      stride: unless(kernelSize, stride),
      padding: unless([0, 0], padding),
      dilation: unless([1, 1], dilation),
    })
  }
}

/**
 * Layers one after another, of which the sparse ones get the sites and the others (ReLU, BatchNorm1d,
 * Linear, Dropout, LayerNorm, …) the features `[N, C]`.
 *
 * @throws {ValueError} for an input that has no sites.
 * @see Sequential
 *
 * @example
 * ```ts
 * import { randn } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * const net = new nn.SparseSequential(
 *   new nn.SubmanifoldConv2d(1, 8, 3),
 *   new nn.BatchNorm1d(8),
 *   new nn.ReLU(),
 *   new nn.SparseConv2d(8, 16, 2, { stride: 2 }),
 * )
 * const x = nn.SparseTensor2d.fromDense(randn([2, 1, 8, 8]).relu())
 * console.log(net(x).toDense().shape) // => [ 2, 16, 4, 4 ]
 * ```
 */
export class SparseSequential extends SparseModule {
  constructor(...modules: AnyModule[]) {
    super()
    modules.forEach((module, i) => {
      requireModule('SparseSequential', module)
      this.registerModule(String(i), module)
    })
  }

  override forward(input: SparseTensor2d): SparseTensor2d {
    requireSites('SparseSequential', input)
    return callChildren('SparseSequential', this, () => {
      let output = input
      for (const module of this.children()) {
        const call = module as unknown as (input: unknown) => unknown
        const sparse = module instanceof SparseModule || module instanceof SparseBatchNorm2d
        const result = call(sparse ? output : output.features)
        output = result instanceof Tensor ? output.withFeatures(result) : (result as SparseTensor2d)
      }
      return output
    })
  }
}
