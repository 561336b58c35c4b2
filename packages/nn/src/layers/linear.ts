import type { Tensor } from '@flambeau/core'
import { bilinear, linear, ShapeError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireCounts, requireTensor } from '@flambeau/core/internal'
import { resetAffine, uniform_ } from '../init.ts'
import { Module } from '../module.ts'
import type { Parameter } from '../parameter.ts'
import { describe } from './describe.ts'
import type { FactoryOptions } from './factory.ts'
import { newParameter } from './factory.ts'
import { materialize, uninitialized } from './lazy.ts'

export interface LinearOptions extends FactoryOptions {
  /** The size of the input's last axis. */
  inFeatures: number
  /** The size of the output's last axis. */
  outFeatures: number
  /** Add a bias. Default true. */
  bias?: boolean
}

const LINEAR = ['inFeatures', 'outFeatures', 'bias', 'device', 'dtype'] as const

type Factory = [FactoryOptions['device'], FactoryOptions['dtype']]

const readLinear = parameters<[number, number, boolean, ...Factory]>('Linear', LINEAR)

/**
 * Affine map of the last axis: y = x · weightᵀ + bias.
 *
 * Shapes: x `[*, inFeatures]` -> `[*, outFeatures]`; weight `[outFeatures, inFeatures]`; bias
 * `[outFeatures]`. Initialised uniformly within 1 / sqrt(inFeatures).
 *
 * @throws {ValueError} unless the sizes are whole numbers ≥ 0.
 * @throws {ShapeError} if x does not end in inFeatures.
 * @see torch.nn.Linear
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Linear } from '@flambeau/nn'
 * console.log(new Linear(4, 2)(ones([3, 4])).shape) // => [ 3, 2 ]
 * ```
 */
export class Linear extends Module {
  inFeatures: number
  readonly outFeatures: number
  weight: Parameter
  bias: Parameter | null

  constructor(...given: Arguments<LinearOptions, typeof LINEAR>) {
    super()
    const [inFeatures, outFeatures, bias = true, device, dtype] = readLinear(given)
    requireCounts('Linear', { inFeatures, outFeatures }, 0)
    this.inFeatures = inFeatures as number
    this.outFeatures = outFeatures as number
    this.weight = newParameter([this.outFeatures, this.inFeatures], { device, dtype })
    this.bias = bias ? newParameter([this.outFeatures], { device, dtype }) : null
    this.resetParameters()
  }

  /** Draws new initial values. */
  resetParameters(): void {
    resetAffine(this.weight, this.bias)
  }

  override forward(input: Tensor): Tensor {
    return linear(input, this.weight, this.bias)
  }

  override extraRepr(): string {
    const { inFeatures, outFeatures, bias } = this
    return describe({ inFeatures, outFeatures, bias: bias !== null })
  }
}

const LAZY = ['outFeatures', 'bias', 'device', 'dtype'] as const

/**
 * {@link Linear} that takes `inFeatures` from its first input, and is a Linear from then on.
 *
 * Shapes: as of Linear.
 *
 * @throws {ValueError} unless outFeatures is a whole number ≥ 0.
 * @throws {ShapeError} if x has no axis.
 * @see torch.nn.LazyLinear
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { LazyLinear } from '@flambeau/nn'
 * console.log(new LazyLinear(2)(ones([3, 4])).shape) // => [ 3, 2 ]
 * ```
 */
export class LazyLinear extends Linear {
  constructor(...given: Arguments<Omit<LinearOptions, 'inFeatures'>, typeof LAZY>) {
    const read = parameters<[number, boolean, ...Factory]>('LazyLinear', LAZY)(given)
    const [outFeatures, bias = true, device = null, dtype = null] = read
    super({ inFeatures: 0, outFeatures: outFeatures as number, bias: false, device, dtype })
    this.weight = uninitialized({ device, dtype })
    if (bias) this.bias = uninitialized({ device, dtype })
  }

  override forward(input: Tensor): Tensor {
    requireTensor('LazyLinear', 'input', input)
    if (input.ndim === 0) {
      throw new ShapeError('LazyLinear', { input }, 'a number has no last axis', 'use unsqueeze(0)')
    }
    this.inFeatures = input.shape.at(-1) as number
    const empty = materialize(this.weight, [this.outFeatures, this.inFeatures])
    materialize(this.bias, [this.outFeatures])
    if (empty) this.resetParameters()
    Object.setPrototypeOf(this, Linear.prototype)
    return this.forward(input)
  }
}

/**
 * Gives back its input, whatever it is made with.
 *
 * Shapes: `[*]` -> same.
 *
 * @see torch.nn.Identity
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Identity } from '@flambeau/nn'
 * console.log(new Identity()(tensor([1, 2]))) // => tensor([1, 2])
 * ```
 */
export class Identity extends Module {
  // Arguments of the layer whose place it takes are allowed.
  constructor(..._unused: unknown[]) {
    super()
  }

  override forward(input: Tensor): Tensor {
    return input
  }
}

export interface BilinearOptions extends FactoryOptions {
  /** The size of the first input's last axis. */
  in1Features: number
  /** The size of the second input's last axis. */
  in2Features: number
  /** The size of the output's last axis. */
  outFeatures: number
  /** Add a bias. Default true. */
  bias?: boolean
}

const BILINEAR = ['in1Features', 'in2Features', 'outFeatures', 'bias', 'device', 'dtype'] as const

const readBilinear = parameters<[number, number, number, boolean, ...Factory]>('Bilinear', BILINEAR)

/**
 * A bilinear form for each output: yₖ = x1ᵀ · weightₖ · x2 + biasₖ.
 *
 * Shapes: x1 `[*, in1Features]`, x2 `[*, in2Features]` -> `[*, outFeatures]`; weight
 * `[outFeatures, in1Features, in2Features]`; bias `[outFeatures]`. Initialised uniformly within
 * 1 / sqrt(in1Features).
 *
 * @throws {ValueError} unless the sizes are whole numbers, in1Features ≥ 1.
 * @throws {ShapeError} if the inputs do not fit.
 * @see torch.nn.Bilinear
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Bilinear } from '@flambeau/nn'
 * console.log(new Bilinear(4, 3, 2)(ones([5, 4]), ones([5, 3])).shape) // => [ 5, 2 ]
 * ```
 */
export class Bilinear extends Module<[input1: Tensor, input2: Tensor]> {
  readonly in1Features: number
  readonly in2Features: number
  readonly outFeatures: number
  weight: Parameter
  bias: Parameter | null

  constructor(...given: Arguments<BilinearOptions, typeof BILINEAR>) {
    super()
    const [in1Features, in2Features, outFeatures, bias = true, device, dtype] = readBilinear(given)
    requireCounts('Bilinear', { in1Features }, 1)
    requireCounts('Bilinear', { in2Features, outFeatures }, 0)
    this.in1Features = in1Features as number
    this.in2Features = in2Features as number
    this.outFeatures = outFeatures as number
    const shape = [this.outFeatures, this.in1Features, this.in2Features]
    this.weight = newParameter(shape, { device, dtype })
    this.bias = bias ? newParameter([this.outFeatures], { device, dtype }) : null
    this.resetParameters()
  }

  /** Draws new initial values. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.in1Features)
    uniform_(this.weight, -bound, bound)
    if (this.bias !== null) uniform_(this.bias, -bound, bound)
  }

  override forward(input1: Tensor, input2: Tensor): Tensor {
    return bilinear(input1, input2, this.weight, this.bias)
  }

  override extraRepr(): string {
    const { in1Features, in2Features, outFeatures, bias } = this
    return describe({ in1Features, in2Features, outFeatures, bias: bias !== null })
  }
}
