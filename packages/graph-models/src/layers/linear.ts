/** How graph layers make their parameters. */
import { empty, zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'

/** A linear layer drawn by Glorot's rule, with a bias of zeros if any. @internal */
export function glorotLinear(inputs: number, outputs: number, bias = false): nn.Linear {
  const layer = new nn.Linear(inputs, outputs, { bias })
  nn.init.xavierUniform_(layer.weight)
  if (layer.bias !== null) nn.init.zeros_(layer.bias)
  return layer
}

/** A parameter drawn by Glorot's rule over its last two axes. @internal */
export function glorotParameter(shape: readonly number[]): nn.Parameter {
  const parameter = new nn.Parameter(empty([...shape]))
  const sides = (shape.at(-1) as number) + (shape.at(-2) as number)
  const bound = Math.sqrt(6 / sides)
  nn.init.uniform_(parameter, -bound, bound)
  return parameter
}

/** A parameter of zeros, or null. @internal */
export const biasOf = (size: number, bias: boolean): nn.Parameter | null =>
  bias ? new nn.Parameter(zeros([size])) : null
