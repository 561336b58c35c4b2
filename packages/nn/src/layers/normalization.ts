/** Normalisation of rows and of neighbouring channels: no running statistics. */
import type { Tensor } from '@flambeau/core'
import { fromTypedArray, groupNorm, layerNorm, rmsNorm, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireCount, requireCounts } from '@flambeau/core/internal'
import type { LocalResponseNormOptions } from '../functional/normalization.ts'
import { localResponseNorm } from '../functional/normalization.ts'
import { spatialAxes } from '../functional/inputs.ts'
import { ones_, zeros_ } from '../init.ts'
import { Module } from '../module.ts'
import type { Parameter } from '../parameter.ts'
import { describe } from './describe.ts'
import type { FactoryOptions } from './factory.ts'
import { newParameter } from './factory.ts'

type Factory = [FactoryOptions['device'], FactoryOptions['dtype']]

/** A weight of ones and a bias of zeros, either of which may be missing. */
abstract class Affine extends Module {
  weight!: Parameter | null
  bias!: Parameter | null

  /** Puts back the initial values: ones and zeros. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight)
    if (this.bias !== null) zeros_(this.bias)
  }

  protected addParameters(
    shape: readonly number[],
    has: { weight: boolean; bias: boolean },
    [device, dtype]: readonly [Factory[0] | undefined, Factory[1] | undefined],
  ): void {
    const options = { device: device ?? null, dtype: dtype ?? null }
    this.weight = has.weight ? newParameter(shape, options) : null
    this.bias = has.bias ? newParameter(shape, options) : null
    this.resetParameters()
  }
}

export interface LayerNormOptions extends FactoryOptions {
  /** The sizes of the last axes, over which statistics are taken. */
  normalizedShape: number | readonly number[]
  /** Added to the variance. Default 1e-5. */
  eps?: number
  /** Learn a factor for each element of a row. Default true. */
  elementwiseAffine?: boolean
  /** Learn a summand too. Default true. */
  bias?: boolean
}

const LAYER = ['normalizedShape', 'eps', 'elementwiseAffine', 'bias', 'device', 'dtype'] as const
const readLayer = parameters<[number | number[], number, boolean, boolean, ...Factory]>(
  'LayerNorm',
  LAYER,
)

function rowOf(op: string, shape: unknown): number[] {
  const row: unknown[] = Array.isArray(shape) ? shape : [shape]
  if (row.length === 0) {
    throw new ValueError(op, [], 'normalizedShape must not be empty', `new ${op}(64)`)
  }
  row.forEach((size, i) => requireCount(op, `normalizedShape[${i}]`, size, 0))
  return row as number[]
}

/**
 * Layer normalisation: (x - mean) / sqrt(variance + eps) · weight + bias, mean and biased variance
 * being those of each row of the last axes.
 *
 * Shapes: x `[*, ...normalizedShape]` -> same; weight and bias `normalizedShape`. Dtype: floating,
 * kept.
 *
 * @throws {ValueError} if normalizedShape is empty. @throws {ShapeError} if x does not end in it.
 * @see Ba, Kiros, Hinton 2016, https://arxiv.org/abs/1607.06450; torch.nn.LayerNorm
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { LayerNorm } from '@flambeau/nn'
 * console.log(new LayerNorm(3)(tensor([[1, 2.5, 4]])).detach())
 * // => tensor([[-1.2247,  0.0000,  1.2247]])
 * ```
 */
export class LayerNorm extends Affine {
  readonly normalizedShape: number[]
  readonly eps: number
  readonly elementwiseAffine: boolean

  constructor(...given: Arguments<LayerNormOptions, typeof LAYER>) {
    super()
    const [shape, eps = 1e-5, affine = true, bias = true, ...factory] = readLayer(given)
    this.normalizedShape = rowOf('LayerNorm', shape)
    this.eps = eps
    this.elementwiseAffine = affine
    this.addParameters(this.normalizedShape, { weight: affine, bias: affine && bias }, [
      factory[0],
      factory[1],
    ])
  }

  override forward(input: Tensor): Tensor {
    return layerNorm(input, this.normalizedShape, this.weight, this.bias, this.eps)
  }

  override extraRepr(): string {
    const { normalizedShape, eps, elementwiseAffine, bias } = this
    return `[${normalizedShape.join(', ')}], ${describe({ eps, elementwiseAffine, bias: bias !== null })}`
  }
}

export interface RMSNormOptions extends FactoryOptions {
  /** The sizes of the last axes, over which the mean of the squares is taken. */
  normalizedShape: number | readonly number[]
  /** Added to the mean of the squares. Default null: the dtype's epsilon. */
  eps?: number | null
  /** Learn a factor for each element of a row. Default true. */
  elementwiseAffine?: boolean
}

const RMS = ['normalizedShape', 'eps', 'elementwiseAffine', 'device', 'dtype'] as const
const readRms = parameters<[number | number[], number | null, boolean, ...Factory]>('RMSNorm', RMS)

/**
 * Root-mean-square normalisation: x / sqrt(mean(x²) + eps) · weight, over each row of the last axes.
 *
 * Shapes: x `[*, ...normalizedShape]` -> same; weight `normalizedShape`. Dtype: floating, kept.
 *
 * @throws {ValueError} if normalizedShape is empty. @throws {ShapeError} if x does not end in it.
 * @see Zhang, Sennrich 2019, https://arxiv.org/abs/1910.07467; torch.nn.RMSNorm
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { RMSNorm } from '@flambeau/nn'
 * console.log(new RMSNorm(2)(tensor([[1.5, 2]])).detach()) // => tensor([[0.8485, 1.1314]])
 * ```
 */
export class RMSNorm extends Module {
  readonly normalizedShape: number[]
  readonly eps: number | null
  readonly elementwiseAffine: boolean
  weight: Parameter | null

  constructor(...given: Arguments<RMSNormOptions, typeof RMS>) {
    super()
    const [shape, eps = null, affine = true, device = null, dtype = null] = readRms(given)
    this.normalizedShape = rowOf('RMSNorm', shape)
    this.eps = eps
    this.elementwiseAffine = affine
    this.weight = affine ? newParameter(this.normalizedShape, { device, dtype }) : null
    this.resetParameters()
  }

  /** Puts back the initial value: ones. */
  resetParameters(): void {
    if (this.weight !== null) ones_(this.weight)
  }

  override forward(input: Tensor): Tensor {
    return rmsNorm(input, this.normalizedShape, this.weight, this.eps)
  }

  override extraRepr(): string {
    const { normalizedShape, eps, elementwiseAffine } = this
    return `[${normalizedShape.join(', ')}], ${describe({ eps, elementwiseAffine })}`
  }
}

export interface GroupNormOptions extends FactoryOptions {
  /** Groups of neighbouring channels that share statistics. */
  numGroups: number
  /** Channels of the input. */
  numChannels: number
  /** Added to the variance. Default 1e-5. */
  eps?: number
  /** Learn a factor for each channel. Default true. */
  affine?: boolean
  /** Learn a summand too. Default true. */
  bias?: boolean
}

const GROUP = ['numGroups', 'numChannels', 'eps', 'affine', 'device', 'dtype', 'bias'] as const
const readGroup = parameters<[number, number, number, boolean, ...Factory, boolean]>(
  'GroupNorm',
  GROUP,
)

/**
 * Group normalisation: (x - mean) / sqrt(variance + eps) · weight + bias, mean and biased variance
 * being those of each group of channels of each image.
 *
 * Shapes: x `[N, numChannels, *]` -> same; weight and bias `[numChannels]`. Dtype: floating, kept.
 *
 * @throws {ValueError} unless numGroups divides numChannels. @throws {ShapeError} if x has others.
 * @see Wu, He 2018, https://arxiv.org/abs/1803.08494; torch.nn.GroupNorm
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { GroupNorm } from '@flambeau/nn'
 * console.log(new GroupNorm(2, 4)(ones([1, 4, 2])).shape) // => [ 1, 4, 2 ]
 * ```
 */
export class GroupNorm extends Affine {
  readonly numGroups: number
  readonly numChannels: number
  readonly eps: number
  readonly affine: boolean

  constructor(...given: Arguments<GroupNormOptions, typeof GROUP>) {
    super()
    const [groups, channels, eps = 1e-5, affine = true, device, dtype, bias = true] =
      readGroup(given)
    requireCounts('GroupNorm', { numGroups: groups, numChannels: channels }, 1)
    this.numGroups = groups as number
    this.numChannels = channels as number
    if (this.numChannels % this.numGroups !== 0) {
      throw new ValueError(
        'GroupNorm',
        { numGroups: this.numGroups, numChannels: this.numChannels },
        'numGroups must divide numChannels',
        'choose another number of groups',
      )
    }
    this.eps = eps
    this.affine = affine
    this.addParameters([this.numChannels], { weight: affine, bias: affine && bias }, [
      device,
      dtype,
    ])
  }

  override forward(input: Tensor): Tensor {
    return groupNorm(input, this.numGroups, this.weight, this.bias, this.eps)
  }

  override extraRepr(): string {
    const { numGroups, numChannels, eps, affine } = this
    return `${numGroups}, ${numChannels}, ${describe({ eps, affine })}`
  }
}

const LOCAL = ['size', 'alpha', 'beta', 'k'] as const

abstract class ResponseNorm extends Module {
  readonly size: number
  readonly alpha: number
  readonly beta: number
  readonly k: number

  constructor(op: string, given: Arguments<LocalResponseNormOptions, typeof LOCAL>) {
    super()
    const read = parameters<[number, number, number, number]>(op, LOCAL)(given)
    const [size, alpha = 1e-4, beta = 0.75, k = 1] = read
    requireCounts(op, { size }, 1)
    this.size = size as number
    this.alpha = alpha
    this.beta = beta
    this.k = k
  }

  override forward(input: Tensor): Tensor {
    return localResponseNorm(input, this.size, this.alpha, this.beta, this.k)
  }

  override extraRepr(): string {
    const { size, alpha, beta, k } = this
    return `${size}, ${describe({ alpha, beta, k })}`
  }
}

/**
 * Local response normalisation: x / (k + alpha · mean(x²))^beta, the mean being that of `size`
 * neighbouring channels.
 *
 * Shapes: x `[N, C, *]` with at least 3 axes -> same. Dtype: floating, kept.
 *
 * @throws {ValueError} unless size is a whole number ≥ 1. @throws {ShapeError} for fewer axes.
 * @see torch.nn.LocalResponseNorm
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LocalResponseNorm } from '@flambeau/nn'
 * console.log(new LocalResponseNorm(2)(ones([1, 4, 2])).shape) // => [ 1, 4, 2 ]
 * ```
 */
export class LocalResponseNorm extends ResponseNorm {
  constructor(...given: Arguments<LocalResponseNormOptions, typeof LOCAL>) {
    super('LocalResponseNorm', given)
  }
}

/**
 * Local response normalisation over images: x / (k + alpha / size · Σ x²)^beta, the sum being over
 * ⌊(size + 1) / 2⌋ channels from each one on and as many up to it. The first channel counts for all
 * of them, as PyTorch's running sum has it.
 *
 * Shapes: x `[N, C, H, W]` -> same. Dtype: floating, kept.
 *
 * @throws {ValueError} unless size is a whole number ≥ 1. @throws {ShapeError} for other ranks.
 * @see torch.nn.CrossMapLRN2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { CrossMapLRN2d } from '@flambeau/nn'
 * console.log(new CrossMapLRN2d(3)(ones([1, 4, 2, 2])).shape) // => [ 1, 4, 2, 2 ]
 * ```
 */
export class CrossMapLRN2d extends ResponseNorm {
  constructor(...given: Arguments<LocalResponseNormOptions, typeof LOCAL>) {
    super('CrossMapLRN2d', given)
  }

  override forward(input: Tensor): Tensor {
    spatialAxes('CrossMapLRN2d', input, 2, 2)
    const { size, alpha, beta, k } = this
    const channels = input.shape[1] as number
    const reach = Math.floor((size - 1) / 2) + 1
    const counts = Float64Array.from({ length: channels * channels }, (_, i) => {
      const [to, from] = [Math.floor(i / channels), i % channels]
      return from < to + reach && (from === 0 || from > to - reach) ? 1 : 0
    })
    const neighbours = fromTypedArray(counts, [channels, channels], { device: input.device }).to(
      input.dtype,
    )
    const sum = neighbours.matmul(input.mul(input).flatten(2)).reshape(input.shape)
    return input.mul(
      sum
        .mul(alpha / size)
        .add(k)
        .pow(-beta),
    )
  }
}
