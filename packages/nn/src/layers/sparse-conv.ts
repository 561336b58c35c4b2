/** Convolutions that compute at the sites of images only. */
import { ShapeError, ValueError, zeros } from '@flambeau/core'
import type { Pair, Tensor } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { internally, parameters, requireCounts } from '@flambeau/core/internal'
import { wholeNumbers } from '../functional/inputs.ts'
import { resetAffine } from '../init.ts'
import { Module } from '../module.ts'
import type { Parameter } from '../parameter.ts'
import { describe, unless } from './describe.ts'
import type { FactoryOptions } from './factory.ts'
import { newParameter } from './factory.ts'
import type { Geometry, Rulebook } from './sparse-conv-rules.ts'
import { outputShape, regularRules, submanifoldRules } from './sparse-conv-rules.ts'
import { SparseTensor2d } from './sparse-conv-tensor.ts'

/** What sparse convolutions are made of. */
export interface SubmanifoldConvOptions extends FactoryOptions {
  /** Channels of the input. */
  inChannels: number
  /** Channels of the output. */
  outChannels: number
  /** The size of the kernels. */
  kernelSize: Pair
  /** Distance between the kernel's elements. Default 1. */
  dilation?: Pair
  /** Add a bias at the sites of the output. Default true. */
  bias?: boolean
}

export interface SparseConvOptions extends SubmanifoldConvOptions {
  /** Distance between the places of the kernel. Default 1. */
  stride?: Pair
  /** Positions added on each side. Default 0. */
  padding?: Pair
}

type Settings = { [K in keyof SparseConvOptions]?: SparseConvOptions[K] | undefined }

/** @throws {ValueError} unless `input` has sites. */
export function requireSites(op: string, input: unknown): asserts input is SparseTensor2d {
  if (input instanceof SparseTensor2d) return
  const fix = 'SparseTensor2d.fromDense(images), or x.toDense() before dense layers'
  throw new ValueError(op, [], 'the input must be a SparseTensor2d', fix)
}

/**
 * A module from sites to sites; {@link SparseSequential} knows by this class what to hand over.
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * class Double extends nn.SparseModule {
 *   forward(x: nn.SparseTensor2d): nn.SparseTensor2d {
 *     return x.map((features) => features.mul(2))
 *   }
 * }
 * const x = nn.SparseTensor2d.fromDense(ones([1, 1, 2, 2]))
 * console.log(new nn.SparseSequential(new Double())(x).features.sum().item()) // => 8
 * ```
 */
export abstract class SparseModule extends Module<[input: SparseTensor2d], SparseTensor2d> {}

// Numbers of a block: 1 MB.
const BLOCK = 2 ** 18

/**
 * Sums over pairs of sites, element of the kernel by element, in blocks that stay in a core's cache:
 * gathers rows, multiplies them, and adds them to those of the outputs, which are in order.
 */
function convolve(features: Tensor, weight: Tensor, bias: Tensor | null, rules: Rulebook): Tensor {
  const [out, channels] = weight.shape as [number, number]
  const { inputs, outputs, counts, centre, places } = rules
  // What is made on the way is as large as the pairs are many, and freed at once.
  return internally(() => {
    const kernel = weight.permute(2, 3, 1, 0).reshape([-1, channels, out])
    // A kernel's centre sees all sites, in their order.
    const result =
      centre >= 0
        ? features.matmul(kernel.select(0, centre))
        : zeros([places.length, out], { dtype: features.dtype, device: features.device })
    const step = Math.max(256, Math.floor(BLOCK / Math.max(channels, out)))
    let at = 0
    for (const [k, count] of counts.entries()) {
      const element = kernel.select(0, k)
      for (const end = at + count; at < end; at = Math.min(end, at + step)) {
        const size = Math.min(step, end - at)
        const rows = features.indexSelect(0, inputs.narrow(0, at, size))
        result.indexAdd_(0, outputs.narrow(0, at, size), rows.matmul(element))
      }
    }
    return bias === null ? result : result.add_(bias)
  })
}

/** What both convolutions share. */
abstract class SparseConv extends SparseModule {
  readonly inChannels: number
  readonly outChannels: number
  readonly kernelSize: number[]
  readonly stride: number[]
  readonly padding: number[]
  readonly dilation: number[]
  weight: Parameter
  bias: Parameter | null

  constructor(op: string, settings: Settings) {
    super()
    const { inChannels, outChannels } = settings
    requireCounts(op, { inChannels, outChannels }, 1)
    this.inChannels = inChannels as number
    this.outChannels = outChannels as number
    this.kernelSize = wholeNumbers(op, 'kernelSize', settings.kernelSize, 2, 1)
    this.stride = wholeNumbers(op, 'stride', settings.stride ?? 1, 2, 1)
    this.padding = wholeNumbers(op, 'padding', settings.padding ?? 0, 2, 0)
    this.dilation = wholeNumbers(op, 'dilation', settings.dilation ?? 1, 2, 1)
    const { device = null, dtype = null } = settings
    const shape = [this.outChannels, this.inChannels, ...this.kernelSize]
    this.weight = newParameter(shape, { device, dtype })
    this.bias = settings.bias === false ? null : newParameter([this.outChannels], { device, dtype })
    this.resetParameters()
  }

  /** Draws new initial values: uniformly within 1 / sqrt(fanIn), as Conv2d. */
  resetParameters(): void {
    resetAffine(this.weight, this.bias)
  }

  /** The pairs of sites for an input. */
  protected abstract rulesFor(input: SparseTensor2d, geometry: Geometry): Rulebook

  override forward(input: SparseTensor2d): SparseTensor2d {
    const op = this.constructor.name
    requireSites(op, input)
    const { features } = input
    if (input.channels !== this.inChannels) {
      const why = `features must have ${this.inChannels} channels, not ${input.channels}`
      throw new ShapeError(op, { features }, why, 'make the layer for these channels')
    }
    const { kernelSize, stride, padding, dilation } = this
    if (outputShape(input.spatialShape, this).some((size) => size < 1)) {
      const why = `the kernel does not fit into [${input.spatialShape.join(', ')}]`
      throw new ShapeError(op, { features, kernelSize, padding }, why, 'use more padding')
    }
    const key = JSON.stringify([op, kernelSize, stride, padding, dilation])
    const rules = input.rulebook(key, () => this.rulesFor(input, this))
    const result = convolve(features, this.weight, this.bias, rules)
    if (rules.places === input.places) return input.withFeatures(result)
    return SparseTensor2d.ofPlaces(result, rules.places, rules.spatialShape, input.batchSize)
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding, dilation } = this
    const settings = {
      kernelSize,
      stride: unless([1, 1], stride),
      padding: unless([0, 0], padding),
      dilation: unless([1, 1], dilation),
      bias: this.bias === null ? false : undefined,
    }
    return `${this.inChannels}, ${this.outChannels}, ${describe(settings)}`
  }
}

const NAMES = [
  'inChannels',
  'outChannels',
  'kernelSize',
  'stride',
  'padding',
  'dilation',
  'bias',
  'device',
  'dtype',
] as const
const SUBMANIFOLD = [
  'inChannels',
  'outChannels',
  'kernelSize',
  'dilation',
  'bias',
  'device',
  'dtype',
] as const

function settingsOf(op: string, names: readonly string[], given: readonly unknown[]): Settings {
  const read = parameters<unknown[]>(op, names)(given)
  return Object.fromEntries(names.map((name, i) => [name, read[i]]))
}

/**
 * A convolution that computes only where the kernel sees a site of the input: its outputs are new
 * sites there, equal to those of Conv2d. Elsewhere the output is 0, where Conv2d gives its bias.
 *
 * Shapes: features `[N, inChannels]` -> `[N', outChannels]` with the spatial shape of Conv2d; weight
 * `[outChannels, inChannels, kH, kW]` and bias `[outChannels]` as Conv2d has them, so that state dicts
 * go from one to the other. Outputs are in the order of their places. Which sites meet is found once
 * for each set of sites and geometry, and kept with the sites.
 *
 * @throws {ValueError} for sizes that are not whole numbers, or an input that has no sites.
 * @throws {ShapeError} if the channels differ or the kernel does not fit.
 * @see Conv2d; Graham 2015, https://arxiv.org/abs/1505.02890
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { SparseConv2d, SparseTensor2d } from '@flambeau/nn'
 * const x = SparseTensor2d.fromDense(zeros([1, 1, 8, 8]).setAt([0, 0, 4, 4], 1))
 * const y = new SparseConv2d(1, 2, 3, { stride: 2, padding: 1 })(x)
 * console.log(y.numSites, y.toDense().shape) // => 1 [ 1, 2, 4, 4 ]
 * ```
 */
export class SparseConv2d extends SparseConv {
  constructor(...given: Arguments<SparseConvOptions, typeof NAMES>) {
    super('SparseConv2d', settingsOf('SparseConv2d', NAMES, given))
  }

  protected override rulesFor(input: SparseTensor2d, geometry: Geometry): Rulebook {
    return regularRules(input.places, input.batchSize, input.spatialShape, geometry)
  }
}

/**
 * A convolution whose outputs are at the sites of its input, so that images stay as sparse as they
 * are through many layers: what Conv2d with padding 'same' gives, at these sites only.
 *
 * Shapes: features `[N, inChannels]` -> `[N, outChannels]`; weight and bias as of Conv2d. Layers of
 * one geometry share what they find out about the sites.
 *
 * @throws {ValueError} for even kernels, sizes that are not whole numbers, or an input that has no
 * sites. @throws {ShapeError} if the channels differ.
 * @see Graham, Engelcke, van der Maaten 2018, https://arxiv.org/abs/1711.10275
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { SparseTensor2d, SubmanifoldConv2d } from '@flambeau/nn'
 * const x = SparseTensor2d.fromDense(zeros([1, 1, 8, 8]).setAt([0, 0, 4, 4], 1))
 * const y = new SubmanifoldConv2d(1, 2, 3)(x)
 * console.log(y.numSites, y.features.shape) // => 1 [ 1, 2 ]
 * ```
 */
export class SubmanifoldConv2d extends SparseConv {
  constructor(...given: Arguments<SubmanifoldConvOptions, typeof SUBMANIFOLD>) {
    const op = 'SubmanifoldConv2d'
    const settings = settingsOf(op, SUBMANIFOLD, given)
    const kernelSize = wholeNumbers(op, 'kernelSize', settings.kernelSize, 2, 1)
    const dilation = wholeNumbers(op, 'dilation', settings.dilation ?? 1, 2, 1)
    if (kernelSize.some((size) => size % 2 === 0)) {
      const why = 'the kernel must have a centre'
      throw new ValueError(op, { kernelSize }, why, 'choose odd sizes')
    }
    const padding = kernelSize.map((size, axis) => ((size - 1) / 2) * (dilation[axis] as number))
    super(op, { ...settings, padding: padding as [number, number] })
  }

  protected override rulesFor(input: SparseTensor2d, geometry: Geometry): Rulebook {
    return submanifoldRules(input.places, input.batchSize, input.spatialShape, geometry)
  }
}
