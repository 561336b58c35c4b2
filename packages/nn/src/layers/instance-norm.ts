/** Instance normalisation, with running statistics where they are asked for. */
import type { Tensor } from '@flambeau/core'
import { ShapeError } from '@flambeau/core'
import { instanceNorm } from '../functional/normalization.ts'
import type { LazyArguments, NormArguments, Settings } from './channel-norm.ts'
import { ChannelNorm, LAZY_NAMES, lazySettings, NAMES, settingsOf } from './channel-norm.ts'

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
    const y = instanceNorm(x, running_mean, running_var, weight, bias, own, momentum, this.eps)
    return unbatched ? y.squeeze(0) : y
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
    this.takeChannels(input, -2)
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
    this.takeChannels(input, -3)
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
    this.takeChannels(input, -4)
    Object.setPrototypeOf(this, InstanceNorm3d.prototype)
    return this.forward(input)
  }
}
