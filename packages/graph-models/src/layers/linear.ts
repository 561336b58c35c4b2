/** How graph layers make their parameters. */
import { empty, ValueError, zeros } from '@flambeau/core'
import { show } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

/** @throws {ValueError} unless all of `sizes` are whole numbers ≥ 1. @internal */
export function requireSizes(op: string, sizes: Record<string, number>): void {
  for (const [name, value] of Object.entries(sizes)) {
    if (Number.isSafeInteger(value) && value >= 1) continue
    const rule = `${name} must be a whole number ≥ 1, not ${show(value)}`
    throw new ValueError(op, sizes, rule, `pass ${name}: 8`)
  }
}

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
