/** What batch and instance normalisation share: settings, parameters, running statistics. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { getDefaultDevice, ShapeError, zeros } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireCounts, requireTensor } from '@flambeau/core/internal'
import { ones_, zeros_ } from '../init.ts'
import { Module } from '../module.ts'
import type { Parameter } from '../parameter.ts'
import { describe } from './describe.ts'
import type { FactoryOptions } from './factory.ts'
import { newParameter } from './factory.ts'
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

/** The parameters of the constructors, in PyTorch's order. */
export const NAMES = [
  'numFeatures',
  'eps',
  'momentum',
  'affine',
  'trackRunningStats',
  'device',
  'dtype',
  'bias',
] as const
/** Those of lazy layers. */
export const LAZY_NAMES = [
  'eps',
  'momentum',
  'affine',
  'trackRunningStats',
  'device',
  'dtype',
  'bias',
] as const

/** Ways to give them. */
export type NormArguments = Arguments<NormOptions, typeof NAMES>
/** Ways to give those of lazy layers. */
export type LazyArguments = Arguments<Omit<NormOptions, 'numFeatures'>, typeof LAZY_NAMES>
/** The arguments by name. */
export type Settings = { [K in keyof NormOptions]?: NormOptions[K] | undefined }

/** Reads arguments of a constructor. */
export function settingsOf(
  op: string,
  names: readonly string[],
  given: readonly unknown[],
): Settings {
  const read = parameters<unknown[]>(op, names)(given)
  return Object.fromEntries(names.map((name, i) => [name, read[i]]))
}

/** The settings of a layer without channels yet; lazy ones have parameters and statistics by default. */
export function lazySettings(settings: Settings): NormOptions {
  const { affine = true, trackRunningStats = true } = settings
  return { ...settings, numFeatures: 0, affine, trackRunningStats }
}

/** What batch and instance normalisation share. */
export abstract class ChannelNorm extends Module {
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
    requireCounts(op, { numFeatures }, 0)
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
    const device = options.device ?? getDefaultDevice()
    this.registerBuffer('running_mean', statistics())
    this.registerBuffer('running_var', statistics())
    this.registerBuffer('num_batches_tracked', track ? zeros([], { dtype: 'int64', device }) : null)
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
    requireTensor(this.constructor.name, 'input', input)
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
