/** Normalisation of channels, with running statistics. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { ShapeError, zeros } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import * as F from '../functional/normalization.ts'
import { ones_, zeros_ } from '../init.ts'
import { Module } from '../module.ts'
import type { Parameter } from '../parameter.ts'
import { describe } from './describe.ts'
import type { FactoryOptions } from './factory.ts'
import { newParameter, requireSizes } from './factory.ts'
import { materialize, postpone, uninitialized } from './lazy.ts'

export interface NormOptions extends FactoryOptions {
  /** Channels of the input. */
  numFeatures: number
  /** Added to the variance. Default 1e-5. */
  eps?: number
  /** The share of new statistics in the running ones; null makes these plain means. Default 0.1. */
  momentum?: number | null
  /** Learn a factor for each channel. */
  affine?: boolean
  /** Keep running statistics, for evaluation. */
  trackRunningStats?: boolean
  /** Learn a summand for each channel too. Default true. */
  bias?: boolean
}

const NAMES = [
  'numFeatures',
  'eps',
  'momentum',
  'affine',
  'trackRunningStats',
  'device',
  'dtype',
  'bias',
] as const
const LAZY_NAMES = [
  'eps',
  'momentum',
  'affine',
  'trackRunningStats',
  'device',
  'dtype',
  'bias',
] as const

type NormArguments = Arguments<NormOptions, typeof NAMES>
type LazyArguments = Arguments<Omit<NormOptions, 'numFeatures'>, typeof LAZY_NAMES>
type Settings = { [K in keyof NormOptions]?: NormOptions[K] | undefined }

function settingsOf(op: string, names: readonly string[], given: readonly unknown[]): Settings {
  const read = parameters<unknown[]>(op, names)(given)
  return Object.fromEntries(names.map((name, i) => [name, read[i]]))
}

/** The settings of a layer without channels yet; lazy ones have parameters and statistics by default. */
function lazySettings(settings: Settings): NormOptions {
  const { affine = true, trackRunningStats = true } = settings
  return { ...settings, numFeatures: 0, affine, trackRunningStats }
}

/** What batch and instance normalisation share. */
abstract class ChannelNorm extends Module {
  numFeatures: number
  readonly eps: number
  readonly momentum: number | null
  readonly affine: boolean
  readonly trackRunningStats: boolean
  weight: Parameter | null
  bias: Parameter | null
  /** The mean of each channel so far, `running_mean` in state dicts. */
  declare running_mean: Tensor | null
  /** The variance of each channel so far. */
  declare running_var: Tensor | null
  /** How many batches there were, int64. */
  declare num_batches_tracked: Tensor | null

  constructor(op: string, settings: Settings, usual: boolean) {
    super()
    const { numFeatures, eps = 1e-5, momentum = 0.1, bias = true } = settings
    requireSizes(op, { numFeatures }, 0)
    this.numFeatures = numFeatures as number
    this.eps = eps
    this.momentum = momentum
    this.affine = settings.affine ?? usual
    this.trackRunningStats = settings.trackRunningStats ?? usual
    const options = { device: settings.device ?? null, dtype: settings.dtype ?? null }
    const shape = [this.numFeatures]
    this.weight = this.affine ? newParameter(shape, options) : null
    this.bias = this.affine && bias ? newParameter(shape, options) : null
    const track = this.trackRunningStats
    // A parameter that is not kept has the place and the dtype.
    const statistics = (): Tensor | null => (track ? newParameter(shape, options).detach() : null)
    this.registerBuffer('running_mean', statistics())
    this.registerBuffer('running_var', statistics())
    this.registerBuffer('num_batches_tracked', track ? zeros([], { dtype: 'int64' }) : null)
    this.resetParameters()
  }

  /** Forgets all statistics. */
  resetRunningStats(): void {
    if (this.running_mean !== null) zeros_(this.running_mean)
    if (this.running_var !== null) ones_(this.running_var)
    const { num_batches_tracked: batches } = this
    if (batches !== null) noGrad(() => batches.zero_())
  }

  /** Puts back the initial values: factors of 1, summands of 0, no statistics. */
  resetParameters(): void {
    this.resetRunningStats()
    if (this.weight !== null) ones_(this.weight)
    if (this.bias !== null) zeros_(this.bias)
  }

  /** Ranks that this layer takes. */
  protected abstract readonly ranks: readonly number[]

  protected requireRank(input: Tensor): void {
    if (this.ranks.includes(input.ndim)) return
    throw new ShapeError(
      this.constructor.name,
      { input },
      `input must have ${this.ranks.join(' or ')} axes, but has ${input.ndim}`,
      'use the layer for inputs of this rank',
    )
  }

  /** Makes everything wait for the channels of the first input. */
  protected waitForChannels(bias: boolean, options: FactoryOptions): void {
    postpone(this.running_mean)
    postpone(this.running_var)
    if (!this.affine) return
    this.weight = uninitialized(options)
    if (bias) this.bias = uninitialized(options)
  }

  /** Takes the number of channels from an input; what was loaded stays. */
  protected takeChannels(input: Tensor, axis: number): void {
    this.requireRank(input)
    const shape = [input.shape.at(axis) as number]
    this.numFeatures = shape[0] as number
    if (materialize(this.weight, shape)) ones_(this.weight as Parameter)
    if (materialize(this.bias, shape)) zeros_(this.bias as Parameter)
    const waited = materialize(this.running_mean, shape)
    if (materialize(this.running_var, shape) || waited) this.resetRunningStats()
  }

  override extraRepr(): string {
    const { numFeatures, eps, momentum, affine, trackRunningStats, bias } = this
    const settings = describe({ eps, momentum, affine, bias: bias !== null, trackRunningStats })
    return `${numFeatures}, ${settings}`
  }
}

abstract class BatchNorm extends ChannelNorm {
  constructor(op: string, settings: Settings) {
    super(op, settings, true)
  }

  override forward(input: Tensor): Tensor {
    this.requireRank(input)
    const { running_mean, running_var, num_batches_tracked: batches, training } = this
    let momentum = this.momentum ?? 0
    if (training && this.trackRunningStats && batches !== null) {
      noGrad(() => batches.add_(1))
      if (this.momentum === null) momentum = 1 / batches.item()
    }
    // Without statistics those of the batch are used in evaluation too.
    const own = training || (running_mean === null && running_var === null)
    const keeps = !training || this.trackRunningStats
    return F.batchNorm(
      input,
      keeps ? running_mean : null,
      keeps ? running_var : null,
      this.weight,
      this.bias,
      own,
      momentum,
      this.eps,
    )
  }
}

abstract class InstanceNorm extends ChannelNorm {
  constructor(op: string, settings: Settings) {
    super(op, settings, false)
  }

  override forward(input: Tensor): Tensor {
    this.requireRank(input)
    const unbatched = input.ndim === Math.min(...this.ranks)
    const x = unbatched ? input.unsqueeze(0) : input
    const channels = x.shape[1] as number
    if (this.affine && channels !== this.numFeatures) {
      throw new ShapeError(
        this.constructor.name,
        { input },
        `input must have ${this.numFeatures} channels, but has ${channels}`,
        'make the layer with the number of channels',
      )
    }
    const { running_mean, running_var, weight, bias, training, trackRunningStats } = this
    const own = training || !trackRunningStats
    const momentum = this.momentum ?? 0
    const y = F.instanceNorm(x, running_mean, running_var, weight, bias, own, momentum, this.eps)
    return unbatched ? y.squeeze(0) : y
  }
}

/**
 * Batch normalisation: (x - mean) / sqrt(variance + eps) · weight + bias, of the batch while
 * training (which also move the running ones), else the running ones.
 *
 * Shapes: x `[N, C]` or `[N, C, L]` -> same; weight, bias and statistics `[C]`. Dtype:
 * floating, kept.
 *
 * @throws {ShapeError} for other ranks or channels, or a single value per channel while training.
 * @throws {ValueError} unless numFeatures is a whole number.
 * @see Ioffe, Szegedy 2015, https://arxiv.org/abs/1502.03167; torch.nn.BatchNorm1d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { BatchNorm1d } from '@flambeau/nn'
 * console.log(new BatchNorm1d(3)(ones([2, 3, 4])).shape) // => [ 2, 3, 4 ]
 * ```
 */
export class BatchNorm1d extends BatchNorm {
  constructor(...given: NormArguments) {
    super('BatchNorm1d', settingsOf('BatchNorm1d', NAMES, given))
  }

  protected override get ranks(): readonly number[] {
    return [2, 3]
  }
}

/**
 * {@link BatchNorm1d} that takes `numFeatures` from its first input and then becomes one.
 *
 * Shapes: as of BatchNorm1d.
 *
 * @throws {ShapeError} as {@link BatchNorm1d}.
 * @see torch.nn.LazyBatchNorm1d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LazyBatchNorm1d } from '@flambeau/nn'
 * console.log(new LazyBatchNorm1d()(ones([2, 3, 4])).shape) // => [ 2, 3, 4 ]
 * ```
 */
export class LazyBatchNorm1d extends BatchNorm1d {
  constructor(...given: LazyArguments) {
    const settings = settingsOf('LazyBatchNorm1d', LAZY_NAMES, given)
    super(lazySettings(settings))
    this.waitForChannels(settings.bias ?? true, settings)
  }

  override forward(input: Tensor): Tensor {
    this.takeChannels(input, 1)
    Object.setPrototypeOf(this, BatchNorm1d.prototype)
    return this.forward(input)
  }
}

/**
 * Batch normalisation: (x - mean) / sqrt(variance + eps) · weight + bias, of the batch while
 * training (which also move the running ones), else the running ones.
 *
 * Shapes: x `[N, C, H, W]` -> same; weight, bias and statistics `[C]`. Dtype:
 * floating, kept.
 *
 * @throws {ShapeError} for other ranks or channels, or a single value per channel while training.
 * @throws {ValueError} unless numFeatures is a whole number.
 * @see Ioffe, Szegedy 2015, https://arxiv.org/abs/1502.03167; torch.nn.BatchNorm2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { BatchNorm2d } from '@flambeau/nn'
 * console.log(new BatchNorm2d(3)(ones([2, 3, 4, 4])).shape) // => [ 2, 3, 4, 4 ]
 * ```
 */
export class BatchNorm2d extends BatchNorm {
  constructor(...given: NormArguments) {
    super('BatchNorm2d', settingsOf('BatchNorm2d', NAMES, given))
  }

  protected override get ranks(): readonly number[] {
    return [4]
  }
}

/**
 * {@link BatchNorm2d} that takes `numFeatures` from its first input and then becomes one.
 *
 * Shapes: as of BatchNorm2d.
 *
 * @throws {ShapeError} as {@link BatchNorm2d}.
 * @see torch.nn.LazyBatchNorm2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LazyBatchNorm2d } from '@flambeau/nn'
 * console.log(new LazyBatchNorm2d()(ones([2, 3, 4, 4])).shape) // => [ 2, 3, 4, 4 ]
 * ```
 */
export class LazyBatchNorm2d extends BatchNorm2d {
  constructor(...given: LazyArguments) {
    const settings = settingsOf('LazyBatchNorm2d', LAZY_NAMES, given)
    super(lazySettings(settings))
    this.waitForChannels(settings.bias ?? true, settings)
  }

  override forward(input: Tensor): Tensor {
    this.takeChannels(input, 1)
    Object.setPrototypeOf(this, BatchNorm2d.prototype)
    return this.forward(input)
  }
}

/**
 * Batch normalisation: (x - mean) / sqrt(variance + eps) · weight + bias, of the batch while
 * training (which also move the running ones), else the running ones.
 *
 * Shapes: x `[N, C, D, H, W]` -> same; weight, bias and statistics `[C]`. Dtype:
 * floating, kept.
 *
 * @throws {ShapeError} for other ranks or channels, or a single value per channel while training.
 * @throws {ValueError} unless numFeatures is a whole number.
 * @see Ioffe, Szegedy 2015, https://arxiv.org/abs/1502.03167; torch.nn.BatchNorm3d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { BatchNorm3d } from '@flambeau/nn'
 * console.log(new BatchNorm3d(3)(ones([2, 3, 4, 4, 4])).shape) // => [ 2, 3, 4, 4, 4 ]
 * ```
 */
export class BatchNorm3d extends BatchNorm {
  constructor(...given: NormArguments) {
    super('BatchNorm3d', settingsOf('BatchNorm3d', NAMES, given))
  }

  protected override get ranks(): readonly number[] {
    return [5]
  }
}

/**
 * {@link BatchNorm3d} that takes `numFeatures` from its first input and then becomes one.
 *
 * Shapes: as of BatchNorm3d.
 *
 * @throws {ShapeError} as {@link BatchNorm3d}.
 * @see torch.nn.LazyBatchNorm3d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LazyBatchNorm3d } from '@flambeau/nn'
 * console.log(new LazyBatchNorm3d()(ones([2, 3, 4, 4, 4])).shape) // => [ 2, 3, 4, 4, 4 ]
 * ```
 */
export class LazyBatchNorm3d extends BatchNorm3d {
  constructor(...given: LazyArguments) {
    const settings = settingsOf('LazyBatchNorm3d', LAZY_NAMES, given)
    super(lazySettings(settings))
    this.waitForChannels(settings.bias ?? true, settings)
  }

  override forward(input: Tensor): Tensor {
    this.takeChannels(input, 1)
    Object.setPrototypeOf(this, BatchNorm3d.prototype)
    return this.forward(input)
  }
}

/**
 * Instance normalisation: (x - mean) / sqrt(variance + eps) · weight + bias, each channel of
 * each image by itself; no parameters and no running statistics by default.
 *
 * Shapes: x `[N, C, L]` or `[C, L]` -> same; weight, bias and statistics `[C]`. Dtype:
 * floating, kept.
 *
 * @throws {ShapeError} for other ranks or channels, or a single value per channel.
 * @throws {ValueError} unless numFeatures is a whole number.
 * @see Ulyanov, Vedaldi, Lempitsky 2016, https://arxiv.org/abs/1607.08022; torch.nn.InstanceNorm1d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { InstanceNorm1d } from '@flambeau/nn'
 * console.log(new InstanceNorm1d(3)(ones([2, 3, 4])).shape) // => [ 2, 3, 4 ]
 * ```
 */
export class InstanceNorm1d extends InstanceNorm {
  constructor(...given: NormArguments) {
    super('InstanceNorm1d', settingsOf('InstanceNorm1d', NAMES, given))
  }

  protected override get ranks(): readonly number[] {
    return [2, 3]
  }
}

/**
 * {@link InstanceNorm1d} that takes `numFeatures` from its first input and then becomes one, with
 * parameters and running statistics by default.
 *
 * Shapes: as of InstanceNorm1d.
 *
 * @throws {ShapeError} as {@link InstanceNorm1d}.
 * @see torch.nn.LazyInstanceNorm1d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LazyInstanceNorm1d } from '@flambeau/nn'
 * console.log(new LazyInstanceNorm1d()(ones([2, 3, 4])).shape) // => [ 2, 3, 4 ]
 * ```
 */
export class LazyInstanceNorm1d extends InstanceNorm1d {
  constructor(...given: LazyArguments) {
    const settings = settingsOf('LazyInstanceNorm1d', LAZY_NAMES, given)
    super(lazySettings(settings))
    this.waitForChannels(settings.bias ?? true, settings)
  }

  override forward(input: Tensor): Tensor {
    this.takeChannels(input, input.ndim - 2)
    Object.setPrototypeOf(this, InstanceNorm1d.prototype)
    return this.forward(input)
  }
}

/**
 * Instance normalisation: (x - mean) / sqrt(variance + eps) · weight + bias, each channel of
 * each image by itself; no parameters and no running statistics by default.
 *
 * Shapes: x `[N, C, H, W]` or `[C, H, W]` -> same; weight, bias and statistics `[C]`. Dtype:
 * floating, kept.
 *
 * @throws {ShapeError} for other ranks or channels, or a single value per channel.
 * @throws {ValueError} unless numFeatures is a whole number.
 * @see Ulyanov, Vedaldi, Lempitsky 2016, https://arxiv.org/abs/1607.08022; torch.nn.InstanceNorm2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { InstanceNorm2d } from '@flambeau/nn'
 * console.log(new InstanceNorm2d(3)(ones([2, 3, 4, 4])).shape) // => [ 2, 3, 4, 4 ]
 * ```
 */
export class InstanceNorm2d extends InstanceNorm {
  constructor(...given: NormArguments) {
    super('InstanceNorm2d', settingsOf('InstanceNorm2d', NAMES, given))
  }

  protected override get ranks(): readonly number[] {
    return [3, 4]
  }
}

/**
 * {@link InstanceNorm2d} that takes `numFeatures` from its first input and then becomes one, with
 * parameters and running statistics by default.
 *
 * Shapes: as of InstanceNorm2d.
 *
 * @throws {ShapeError} as {@link InstanceNorm2d}.
 * @see torch.nn.LazyInstanceNorm2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LazyInstanceNorm2d } from '@flambeau/nn'
 * console.log(new LazyInstanceNorm2d()(ones([2, 3, 4, 4])).shape) // => [ 2, 3, 4, 4 ]
 * ```
 */
export class LazyInstanceNorm2d extends InstanceNorm2d {
  constructor(...given: LazyArguments) {
    const settings = settingsOf('LazyInstanceNorm2d', LAZY_NAMES, given)
    super(lazySettings(settings))
    this.waitForChannels(settings.bias ?? true, settings)
  }

  override forward(input: Tensor): Tensor {
    this.takeChannels(input, input.ndim - 3)
    Object.setPrototypeOf(this, InstanceNorm2d.prototype)
    return this.forward(input)
  }
}

/**
 * Instance normalisation: (x - mean) / sqrt(variance + eps) · weight + bias, each channel of
 * each image by itself; no parameters and no running statistics by default.
 *
 * Shapes: x `[N, C, D, H, W]` or `[C, D, H, W]` -> same; weight, bias and statistics `[C]`. Dtype:
 * floating, kept.
 *
 * @throws {ShapeError} for other ranks or channels, or a single value per channel.
 * @throws {ValueError} unless numFeatures is a whole number.
 * @see Ulyanov, Vedaldi, Lempitsky 2016, https://arxiv.org/abs/1607.08022; torch.nn.InstanceNorm3d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { InstanceNorm3d } from '@flambeau/nn'
 * console.log(new InstanceNorm3d(3)(ones([2, 3, 4, 4, 4])).shape) // => [ 2, 3, 4, 4, 4 ]
 * ```
 */
export class InstanceNorm3d extends InstanceNorm {
  constructor(...given: NormArguments) {
    super('InstanceNorm3d', settingsOf('InstanceNorm3d', NAMES, given))
  }

  protected override get ranks(): readonly number[] {
    return [4, 5]
  }
}

/**
 * {@link InstanceNorm3d} that takes `numFeatures` from its first input and then becomes one, with
 * parameters and running statistics by default.
 *
 * Shapes: as of InstanceNorm3d.
 *
 * @throws {ShapeError} as {@link InstanceNorm3d}.
 * @see torch.nn.LazyInstanceNorm3d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LazyInstanceNorm3d } from '@flambeau/nn'
 * console.log(new LazyInstanceNorm3d()(ones([2, 3, 4, 4, 4])).shape) // => [ 2, 3, 4, 4, 4 ]
 * ```
 */
export class LazyInstanceNorm3d extends InstanceNorm3d {
  constructor(...given: LazyArguments) {
    const settings = settingsOf('LazyInstanceNorm3d', LAZY_NAMES, given)
    super(lazySettings(settings))
    this.waitForChannels(settings.bias ?? true, settings)
  }

  override forward(input: Tensor): Tensor {
    this.takeChannels(input, input.ndim - 4)
    Object.setPrototypeOf(this, InstanceNorm3d.prototype)
    return this.forward(input)
  }
}
