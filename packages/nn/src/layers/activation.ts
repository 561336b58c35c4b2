import type { Tensor } from '@flambeau/core'
import { Module } from '../module.ts'

export interface ReLUOptions {
  /** Write the result into the input. Default false. */
  inplace?: boolean
}

/**
 * max(x, 0), elementwise.
 *
 * Shapes: `[*]` -> same.
 *
 * @see torch.nn.ReLU
 */
export class ReLU extends Module {
  readonly inplace: boolean

  constructor(options: ReLUOptions = {}) {
    super()
    this.inplace = options.inplace ?? false
  }

  override forward(input: Tensor): Tensor {
    return this.inplace ? input.relu_() : input.relu()
  }

  override extraRepr(): string {
    return this.inplace ? 'inplace=true' : ''
  }
}

/** 1 / (1 + exp(-x)), elementwise. Shapes: `[*]` -> same. @see torch.nn.Sigmoid */
export class Sigmoid extends Module {
  override forward(input: Tensor): Tensor {
    return input.sigmoid()
  }
}

/** tanh(x), elementwise. Shapes: `[*]` -> same. @see torch.nn.Tanh */
export class Tanh extends Module {
  override forward(input: Tensor): Tensor {
    return input.tanh()
  }
}
