/** How optimizers read their options: in PyTorch's order, or by name. */
import { Tensor, ValueError } from '@flambeau/core'
import { parameters } from '@flambeau/core/internal'

/**
 * How a step is carried out in PyTorch. Here there is one way, one native call for all parameters, so
 * that programs may say what they like about the first two.
 */
export interface Implementation {
  /** Without effect. */
  foreach?: boolean | null
  /** Without effect. */
  fused?: boolean | null
  /** Without effect: steps can be part of CUDA graphs in any case. */
  capturable?: boolean
  /** Steps that gradients go through: only false. */
  differentiable?: boolean
}

/**
 * Reads the arguments of an optimizer after its parameters; `names` are in PyTorch's order. A tensor of
 * one element stands for its number.
 *
 * @throws {ValueError} for unknown names, and for steps that are not to be had. @internal
 */
export function optionReader<Options extends object>(
  optimizer: string,
  names: readonly string[],
): (given: readonly unknown[]) => Options {
  const read = parameters<unknown[]>(optimizer, names)
  return (given) => {
    const values = read(given)
    const options: Record<string, unknown> = {}
    names.forEach((name, i) => {
      const value = values[i]
      if (value === undefined) return
      if (value instanceof Tensor && value.numel() !== 1) {
        throw new ValueError(
          optimizer,
          { [name]: value },
          `${name} must be a number, or a tensor of one element`,
          'give groups of parameters options of their own: [{ params, lr: 0.1 }, …]',
        )
      }
      options[name] = value instanceof Tensor ? value.item() : value
    })
    if (options['differentiable'] === true) {
      const rule = 'differentiable: there are no steps that gradients go through'
      throw new ValueError(optimizer, [], rule, 'leave it out')
    }
    return options as Options
  }
}
