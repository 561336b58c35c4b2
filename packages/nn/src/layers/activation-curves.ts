/** Activations with settings. */
import type { DType, Device, Tensor } from '@flambeau/core'
import {
  full,
  gelu,
  getDefaultDtype,
  hardshrink,
  prelu,
  softplus,
  ValueError,
} from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, show } from '@flambeau/core/internal'
import type {
  AlphaArguments,
  LeakyReluArguments,
  RReluOptions,
  ThresholdArguments,
} from '../functional/activation.ts'
import * as F from '../functional/activation.ts'
import { constant_ } from '../init.ts'
import { Module } from '../module.ts'
import { Parameter } from '../parameter.ts'
import { describe, unless } from './describe.ts'

const readAlpha = parameters<[number, boolean]>('ELU', ['alpha', 'inplace'])

abstract class AlphaActivation extends Module {
  readonly alpha: number
  readonly inplace: boolean

  constructor(...given: AlphaArguments) {
    super()
    const [alpha = 1, inplace = false] = readAlpha(given)
    this.alpha = alpha
    this.inplace = inplace
  }

  override extraRepr(): string {
    return describe({ alpha: this.alpha, inplace: unless(false, this.inplace) })
  }
}

/**
 * x where x > 0, alpha · (e^x - 1) elsewhere.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.ELU
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ELU } from '@flambeau/nn'
 * console.log(new ELU({ alpha: 2 })(tensor([-1, 0.5]))) // => tensor([-1.2642,  0.5000])
 * ```
 */
export class ELU extends AlphaActivation {
  override forward(input: Tensor): Tensor {
    return F.elu(input, this.alpha, this.inplace)
  }
}

/**
 * x where x > 0, alpha · (e^(x / alpha) - 1) elsewhere.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes. @throws {ValueError} if alpha is 0.
 * @see torch.nn.CELU
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { CELU } from '@flambeau/nn'
 * console.log(new CELU({ alpha: 2 })(tensor([-1, 0.5]))) // => tensor([-0.7869,  0.5000])
 * ```
 */
export class CELU extends AlphaActivation {
  override forward(input: Tensor): Tensor {
    return F.celu(input, this.alpha, this.inplace)
  }
}

const readLeaky = parameters<[number, boolean]>('LeakyReLU', ['negativeSlope', 'inplace'])

/**
 * x where x > 0, negativeSlope · x elsewhere.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.LeakyReLU
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { LeakyReLU } from '@flambeau/nn'
 * console.log(new LeakyReLU(0.1)(tensor([-1, 0.5]))) // => tensor([-0.1000,  0.5000])
 * ```
 */
export class LeakyReLU extends Module {
  readonly negativeSlope: number
  readonly inplace: boolean

  constructor(...given: LeakyReluArguments) {
    super()
    const [negativeSlope = 0.01, inplace = false] = readLeaky(given)
    this.negativeSlope = negativeSlope
    this.inplace = inplace
  }

  override forward(input: Tensor): Tensor {
    return F.leakyRelu(input, this.negativeSlope, this.inplace)
  }

  override extraRepr(): string {
    return describe({ negativeSlope: this.negativeSlope, inplace: unless(false, this.inplace) })
  }
}

/** What {@link Hardtanh} is made with. */
export interface HardtanhLayerOptions {
  /** The lower limit. Default -1. */
  minVal?: number
  /** The upper limit. Default 1. */
  maxVal?: number
  /** Change the input. Default false. */
  inplace?: boolean
  /** An older name of minVal, which it takes the place of. */
  minValue?: number | null
  /** An older name of maxVal, which it takes the place of. */
  maxValue?: number | null
}

const HARDTANH = ['minVal', 'maxVal', 'inplace', 'minValue', 'maxValue'] as const
const readHardtanh = parameters<[number, number, boolean, number | null, number | null]>(
  'Hardtanh',
  HARDTANH,
)

/**
 * x within [minVal, maxVal], by default [-1, 1], the limits beyond.
 *
 * Shapes: `[*]` -> same. Dtype: kept.
 *
 * @throws {ValueError} unless minVal < maxVal. @throws {DTypeError} for bool.
 * @see torch.nn.Hardtanh
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Hardtanh } from '@flambeau/nn'
 * console.log(new Hardtanh(-2, 2)(tensor([-3, 0.5]))) // => tensor([-2.0000,  0.5000])
 * ```
 */
export class Hardtanh extends Module {
  readonly minVal: number
  readonly maxVal: number
  readonly inplace: boolean

  constructor(...given: Arguments<HardtanhLayerOptions, typeof HARDTANH>) {
    super()
    const [low = -1, high = 1, inplace = false, minValue, maxValue] = readHardtanh(given)
    const [minVal, maxVal] = [minValue ?? low, maxValue ?? high]
    if (!(maxVal > minVal)) {
      throw new ValueError(
        'Hardtanh',
        { minVal, maxVal },
        'maxVal must be more than minVal',
        'swap them',
      )
    }
    this.minVal = minVal
    this.maxVal = maxVal
    this.inplace = inplace
  }

  override forward(input: Tensor): Tensor {
    return F.hardtanh(input, this.minVal, this.maxVal, this.inplace)
  }

  override extraRepr(): string {
    const { minVal, maxVal, inplace } = this
    return describe({ minVal, maxVal, inplace: unless(false, inplace) })
  }
}

const readThreshold = parameters<[number, number, boolean]>('Threshold', [
  'threshold',
  'value',
  'inplace',
])

/**
 * x where x > threshold, `value` elsewhere.
 *
 * Shapes: `[*]` -> same. Dtype: kept.
 *
 * @throws {ValueError} unless both are numbers. @throws {DTypeError} for bool.
 * @see torch.nn.Threshold
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Threshold } from '@flambeau/nn'
 * console.log(new Threshold(0.1, 20)(tensor([-3, 0.5]))) // => tensor([20.0000,  0.5000])
 * ```
 */
export class Threshold extends Module {
  readonly threshold: number
  readonly value: number
  readonly inplace: boolean

  constructor(...given: ThresholdArguments) {
    super()
    const [threshold, value, inplace = false] = readThreshold(given)
    this.threshold = threshold as number
    this.value = value as number
    this.inplace = inplace
  }

  override forward(input: Tensor): Tensor {
    return F.threshold(input, this.threshold, this.value, this.inplace)
  }

  override extraRepr(): string {
    const { threshold, value, inplace } = this
    return describe({ threshold, value, inplace: unless(false, inplace) })
  }
}

const RRELU = ['lower', 'upper', 'inplace'] as const

/**
 * x where x > 0; elsewhere x with a slope drawn from [lower, upper) while training, their mean
 * otherwise.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes. @throws {ValueError} unless lower ≤ upper.
 * @see torch.nn.RReLU
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { RReLU } from '@flambeau/nn'
 * console.log(new RReLU(0.1, 0.3).eval()(tensor([-1, 0.5]))) // => tensor([-0.2000,  0.5000])
 * ```
 */
export class RReLU extends Module {
  readonly lower: number
  readonly upper: number
  readonly inplace: boolean

  constructor(...given: Arguments<Omit<RReluOptions, 'training'>, typeof RRELU>) {
    super()
    const read = parameters<[number, number, boolean]>('RReLU', RRELU)(given)
    const [lower = 1 / 8, upper = 1 / 3, inplace = false] = read
    this.lower = lower
    this.upper = upper
    this.inplace = inplace
  }

  override forward(input: Tensor): Tensor {
    return F.rrelu(input, this.lower, this.upper, this.training, this.inplace)
  }

  override extraRepr(): string {
    const { lower, upper, inplace } = this
    return describe({ lower, upper, inplace: unless(false, inplace) })
  }
}

export interface PReLUOptions {
  /** One slope, or one for each channel. Default 1. */
  numParameters?: number
  /** Where slopes start. Default 0.25. */
  init?: number
  device?: Device | null
  /** Default: the default dtype. */
  dtype?: DType | null
}

const PRELU = ['numParameters', 'init', 'device', 'dtype'] as const

/**
 * x where x > 0, weight · x elsewhere, with learnt weights.
 *
 * Shapes: `[N, C, *]` -> same; weight `[numParameters]`: 1 or C. Dtype: floating, kept.
 *
 * @throws {ValueError} unless numParameters is a whole number ≥ 1.
 * @throws {ShapeError} if there is another number of channels. @throws {DTypeError} for other dtypes.
 * @see torch.nn.PReLU
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { PReLU } from '@flambeau/nn'
 * console.log(new PReLU()(tensor([-1, 0.5])))
 * // => tensor([-0.2500,  0.5000], gradFn=<WhereBackward>)
 * ```
 */
export class PReLU extends Module {
  readonly numParameters: number
  readonly init: number
  weight: Parameter

  constructor(...given: Arguments<PReLUOptions, typeof PRELU>) {
    super()
    const read = parameters<[number, number, Device | null, DType | null]>('PReLU', PRELU)(given)
    const [numParameters = 1, init = 0.25, , dtype] = read
    if (!Number.isInteger(numParameters) || numParameters < 1) {
      throw new ValueError(
        'PReLU',
        { numParameters },
        `numParameters must be a whole number ≥ 1, not ${show(numParameters)}`,
        'new PReLU(1)',
      )
    }
    this.numParameters = numParameters
    this.init = init
    this.weight = new Parameter(full([numParameters], init, { dtype: dtype ?? getDefaultDtype() }))
  }

  /** Puts back the initial value. */
  resetParameters(): void {
    constant_(this.weight, this.init)
  }

  override forward(input: Tensor): Tensor {
    return prelu(input, this.weight)
  }

  override extraRepr(): string {
    return describe({ numParameters: this.numParameters })
  }
}

/**
 * x · Φ(x), Φ being the cumulative distribution of the normal distribution; with
 * `approximate: 'tanh'` nearly so.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see Hendrycks, Gimpel 2016, https://arxiv.org/abs/1606.08415; torch.nn.GELU
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { GELU } from '@flambeau/nn'
 * console.log(new GELU()(tensor([-1, 0.5]))) // => tensor([-0.1587,  0.3457])
 * ```
 */
export class GELU extends Module {
  readonly approximate: 'none' | 'tanh'

  constructor(...given: Arguments<{ approximate?: 'none' | 'tanh' }, ['approximate']>) {
    super()
    this.approximate = parameters<['none' | 'tanh']>('GELU', ['approximate'])(given)[0] ?? 'none'
  }

  override forward(input: Tensor): Tensor {
    return gelu(input, this.approximate)
  }

  override extraRepr(): string {
    return describe({ approximate: this.approximate })
  }
}

/**
 * The first half of an axis times the sigmoid of the second.
 *
 * Shapes: `[*, 2·n, *]` -> `[*, n, *]`. Dtype: floating, kept.
 *
 * @throws {ShapeError} if the axis has an odd size. @throws {DTypeError} for other dtypes.
 * @see torch.nn.GLU
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { GLU } from '@flambeau/nn'
 * console.log(new GLU()(tensor([1, 2, 0, 0.5]))) // => tensor([0.5000, 1.2449])
 * ```
 */
export class GLU extends Module {
  readonly dim: number

  constructor(...given: Arguments<{ dim?: number }, ['dim']>) {
    super()
    this.dim = parameters<[number]>('GLU', ['dim'])(given)[0] ?? -1
  }

  override forward(input: Tensor): Tensor {
    return F.glu(input, this.dim)
  }

  override extraRepr(): string {
    return describe({ dim: this.dim })
  }
}

export interface SoftplusSettings {
  /** How sharp the bend is. Default 1. */
  beta?: number
  /** Beyond it, beta · x is taken as it is. Default 20. */
  threshold?: number
}

/**
 * log(1 + e^(beta · x)) / beta: a smooth ReLU.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.Softplus
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Softplus } from '@flambeau/nn'
 * console.log(new Softplus()(tensor([-1, 0.5]))) // => tensor([0.3133, 0.9741])
 * ```
 */
export class Softplus extends Module {
  readonly beta: number
  readonly threshold: number

  constructor(...given: Arguments<SoftplusSettings, ['beta', 'threshold']>) {
    super()
    const read = parameters<[number, number]>('Softplus', ['beta', 'threshold'])(given)
    this.beta = read[0] ?? 1
    this.threshold = read[1] ?? 20
  }

  override forward(input: Tensor): Tensor {
    return softplus(input, this.beta, this.threshold)
  }

  override extraRepr(): string {
    return describe({ beta: this.beta, threshold: this.threshold })
  }
}

abstract class Shrinking extends Module {
  readonly lambd: number

  constructor(...given: Arguments<{ lambd?: number }, ['lambd']>) {
    super()
    this.lambd = parameters<[number]>('lambd', ['lambd'])(given)[0] ?? 0.5
  }

  override extraRepr(): string {
    return `${this.lambd}`
  }
}

/**
 * 0 where |x| ≤ lambd, x elsewhere.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.Hardshrink
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Hardshrink } from '@flambeau/nn'
 * console.log(new Hardshrink()(tensor([-1, 0.3]))) // => tensor([-1.,  0.])
 * ```
 */
export class Hardshrink extends Shrinking {
  override forward(input: Tensor): Tensor {
    return hardshrink(input, this.lambd)
  }
}

/**
 * x less `lambd` towards 0, and 0 within [-lambd, lambd].
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes. @throws {ValueError} unless lambd ≥ 0.
 * @see torch.nn.Softshrink
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Softshrink } from '@flambeau/nn'
 * console.log(new Softshrink()(tensor([-1, 0.3]))) // => tensor([-0.5000,  0.0000])
 * ```
 */
export class Softshrink extends Shrinking {
  override forward(input: Tensor): Tensor {
    return F.softshrink(input, this.lambd)
  }
}
