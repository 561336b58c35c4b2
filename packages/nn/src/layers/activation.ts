/** Activations without numbers of their own. */
import type { Tensor } from '@flambeau/core'
import { parameters, requireTensor } from '@flambeau/core/internal'
import type { InplaceArguments, InplaceOptions } from '../functional/activation.ts'
import * as F from '../functional/activation.ts'
import { Module } from '../module.ts'
import { describe, unless } from './describe.ts'

export type { InplaceOptions as ReLUOptions }

const readInplace = parameters<[boolean]>('inplace', ['inplace'])

/** An activation that can write its result into its input. */
abstract class InplaceActivation extends Module {
  readonly inplace: boolean

  constructor(...given: InplaceArguments) {
    super()
    this.inplace = readInplace(given)[0] ?? false
  }

  override extraRepr(): string {
    return describe({ inplace: unless(false, this.inplace) })
  }
}

/**
 * max(x, 0), elementwise.
 *
 * Shapes: `[*]` -> same. Dtype: kept.
 *
 * @throws {DTypeError} for bool.
 * @see torch.nn.ReLU
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ReLU } from '@flambeau/nn'
 * console.log(new ReLU()(tensor([-1, 0.5]))) // => tensor([0.0000, 0.5000])
 * ```
 */
export class ReLU extends InplaceActivation {
  override forward(input: Tensor): Tensor {
    return F.relu(input, this.inplace)
  }
}

/**
 * x within [0, 6], the limits beyond.
 *
 * Shapes: `[*]` -> same. Dtype: kept.
 *
 * @throws {DTypeError} for bool.
 * @see torch.nn.ReLU6
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { ReLU6 } from '@flambeau/nn'
 * console.log(new ReLU6()(tensor([-1, 0.5, 8]))) // => tensor([0.0000, 0.5000, 6.0000])
 * ```
 */
export class ReLU6 extends InplaceActivation {
  override forward(input: Tensor): Tensor {
    return F.relu6(input, this.inplace)
  }
}

/**
 * x · sigmoid(x), also known as swish.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.SiLU
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { SiLU } from '@flambeau/nn'
 * console.log(new SiLU()(tensor([-1, 0.5]))) // => tensor([-0.2689,  0.3112])
 * ```
 */
export class SiLU extends InplaceActivation {
  override forward(input: Tensor): Tensor {
    return F.silu(input, this.inplace)
  }
}

/**
 * x · tanh(log(1 + e^x)).
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.Mish
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Mish } from '@flambeau/nn'
 * console.log(new Mish()(tensor([-1, 0.5]))) // => tensor([-0.3034,  0.3752])
 * ```
 */
export class Mish extends InplaceActivation {
  override forward(input: Tensor): Tensor {
    return F.mish(input, this.inplace)
  }
}

/**
 * ELU with the factors that keep mean 0 and variance 1 from layer to layer.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.SELU
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { SELU } from '@flambeau/nn'
 * console.log(new SELU()(tensor([-1, 0.5]))) // => tensor([-1.1113,  0.5254])
 * ```
 */
export class SELU extends InplaceActivation {
  override forward(input: Tensor): Tensor {
    return F.selu(input, this.inplace)
  }
}

/**
 * 0 up to -3, 1 from 3, x / 6 + 1/2 between.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.Hardsigmoid
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Hardsigmoid } from '@flambeau/nn'
 * console.log(new Hardsigmoid()(tensor([-4, 1.5]))) // => tensor([0.0000, 0.7500])
 * ```
 */
export class Hardsigmoid extends InplaceActivation {
  override forward(input: Tensor): Tensor {
    return F.hardsigmoid(input, this.inplace)
  }
}

/**
 * 0 up to -3, x from 3, x · (x + 3) / 6 between.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.Hardswish
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Hardswish } from '@flambeau/nn'
 * console.log(new Hardswish()(tensor([-4, 1.5]))) // => tensor([0.0000, 1.1250])
 * ```
 */
export class Hardswish extends InplaceActivation {
  override forward(input: Tensor): Tensor {
    return F.hardswish(input, this.inplace)
  }
}

/**
 * 1 / (1 + e^-x), elementwise.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept; others become the default dtype.
 *
 * @see torch.nn.Sigmoid
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Sigmoid } from '@flambeau/nn'
 * console.log(new Sigmoid()(tensor([-1, 0.5]))) // => tensor([0.2689, 0.6225])
 * ```
 */
export class Sigmoid extends Module {
  override forward(input: Tensor): Tensor {
    requireTensor('Sigmoid', 'input', input)
    return input.sigmoid()
  }
}

/**
 * tanh(x), elementwise.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept; others become the default dtype.
 *
 * @see torch.nn.Tanh
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Tanh } from '@flambeau/nn'
 * console.log(new Tanh()(tensor([-1, 0.5]))) // => tensor([-0.7616,  0.4621])
 * ```
 */
export class Tanh extends Module {
  override forward(input: Tensor): Tensor {
    requireTensor('Tanh', 'input', input)
    return input.tanh()
  }
}

/**
 * log(1 / (1 + e^-x)), elementwise.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept.
 *
 * @throws {DTypeError} for other dtypes.
 * @see torch.nn.LogSigmoid
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { LogSigmoid } from '@flambeau/nn'
 * console.log(new LogSigmoid()(tensor([-1, 0.5]))) // => tensor([-1.3133, -0.4741])
 * ```
 */
export class LogSigmoid extends Module {
  override forward(input: Tensor): Tensor {
    return F.logsigmoid(input)
  }
}

/**
 * x / (1 + |x|), elementwise.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept; integers become the default dtype.
 *
 * @throws {DTypeError} for bool.
 * @see torch.nn.Softsign
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Softsign } from '@flambeau/nn'
 * console.log(new Softsign()(tensor([-1, 0.5]))) // => tensor([-0.5000,  0.3333])
 * ```
 */
export class Softsign extends Module {
  override forward(input: Tensor): Tensor {
    return F.softsign(input)
  }
}

/**
 * x - tanh(x), elementwise.
 *
 * Shapes: `[*]` -> same. Dtype: floating, kept; integers become the default dtype.
 *
 * @throws {DTypeError} for bool.
 * @see torch.nn.Tanhshrink
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { Tanhshrink } from '@flambeau/nn'
 * console.log(new Tanhshrink()(tensor([-1, 0.5]))) // => tensor([-0.2384,  0.0379])
 * ```
 */
export class Tanhshrink extends Module {
  override forward(input: Tensor): Tensor {
    return F.tanhshrink(input)
  }
}
