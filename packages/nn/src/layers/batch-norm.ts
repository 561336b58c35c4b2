/** Batch normalisation, with running statistics. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { batchNorm, batchNormCounted } from '../functional/normalization.ts'
import type { LazyArguments, NormArguments, Settings } from './channel-norm.ts'
import { ChannelNorm, LAZY_NAMES, lazySettings, NAMES, settingsOf } from './channel-norm.ts'

abstract class BatchNorm extends ChannelNorm {
  constructor(op: string, settings: Settings) {
    super(op, settings, true)
  }

  override forward(input: Tensor): Tensor {
    this.requireRank(input)
    const { running_mean, running_var, weight, bias, eps, training } = this
    // Without statistics those of the batch are used in evaluation too.
    if (!training && (running_mean !== null || running_var !== null)) {
      return batchNorm(input, running_mean, running_var, weight, bias, false, 0, eps)
    }
    const keeps = training && this.trackRunningStats
    const runningMean = keeps ? running_mean : null
    const runningVar = keeps ? running_var : null
    const operands = { runningMean, runningVar, weight, bias }
    const batches = keeps ? this.num_batches_tracked : null
    if (this.momentum !== null || batches === null) {
      return batchNormCounted(input, operands, this.momentum ?? 0, eps, batches)
    }
    // The share of a plain mean needs the count before.
    noGrad(() => batches.add_(1))
    return batchNormCounted(input, operands, 1 / batches.item(), eps, null)
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
