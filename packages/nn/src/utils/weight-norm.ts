/** Length and direction of weights apart, by a hook. */
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { IndexError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, show } from '@flambeau/core/internal'
import type { AnyModule } from '../module.ts'
import { Parameter } from '../parameter.ts'
import {
  attachRule,
  detachRule,
  fieldsOf,
  ownParameter,
  removeField,
  requireFree,
} from './weight-hooks.ts'

export interface WeightNormOptions {
  /** The parameter's name. Default 'weight'. */
  name?: string
  /** The axis that has lengths of its own; null or -1 for one length of all. Default 0. */
  dim?: number | null
}

const NAMES = ['name', 'dim'] as const

/** The axis for the lengths, -1 for all. @throws {IndexError} if the weight does not have it. */
export function normAxis(op: string, weight: Tensor, dim: number | null): number {
  if (dim === null || dim === -1) return -1
  if (Number.isInteger(dim) && dim >= 0 && dim < weight.ndim) return dim
  throw new IndexError(
    op,
    { weight },
    `dim must be an axis of the weight, 0 to ${weight.ndim - 1}, or -1 for all, not ${show(dim)}`,
    'pass { dim: 0 }',
  )
}

/** Lengths along all axes but `dim`, which are kept as 1. */
export function lengthsOf(weight: Tensor, dim: number): Tensor {
  if (dim === -1) return weight.norm(2)
  const others = weight.shape.map((_, axis) => axis).filter((axis) => axis !== dim)
  if (others.length === 0) return weight.abs()
  return weight.square().sum(others, true).sqrt()
}

/** The weight of a direction and lengths. */
export function weightOf(direction: Tensor, lengths: Tensor, dim: number): Tensor {
  return direction.mul(lengths.div(lengthsOf(direction, dim)))
}

/**
 * Learns the length and the direction of a weight apart: weight = weight_g · weight_v / |weight_v|. A
 * hook computes it before each call. Returns the module.
 *
 * State-dict names: `weight_g` (of the weight's shape with 1 in all axes but `dim`) and `weight_v` in
 * the place of `weight`.
 *
 * @throws {ValueError} if there is no parameter of this name, or it is normalised already.
 * @throws {IndexError} for an axis that the weight does not have.
 * @see Salimans, Kingma 2016, https://arxiv.org/abs/1602.07868; torch.nn.utils.weight_norm;
 * `parametrizations.weightNorm`, which computes the weight where it is used
 *
 * @example
 * ```ts
 * import * as nn from '@flambeau/nn'
 * const layer = nn.utils.weightNorm(new nn.Linear(20, 40))
 * console.log(Object.keys(layer.stateDict())) // => [ 'bias', 'weight_g', 'weight_v' ]
 * ```
 */
export function weightNorm<M extends AnyModule>(
  module: M,
  ...given: Arguments<WeightNormOptions, typeof NAMES>
): M {
  const op = 'weightNorm'
  const [name = 'weight', dim = 0] = parameters<[string, number | null]>(op, NAMES)(given)
  requireFree(op, module, name)
  const weight = ownParameter(op, module, name)
  const axis = normAxis(op, weight, dim)
  const fields = fieldsOf(module)
  removeField(module, name)
  fields[`${name}_g`] = new Parameter(noGrad(() => lengthsOf(weight, axis)))
  fields[`${name}_v`] = new Parameter(weight.detach())
  attachRule(module, name, {
    op,
    compute(owner) {
      const own = fieldsOf(owner)
      return weightOf(own[`${name}_v`] as Tensor, own[`${name}_g`] as Tensor, axis)
    },
  })
  return module
}

/**
 * Takes {@link weightNorm} off: the weight is a parameter again, of its present value.
 *
 * @throws {ValueError} if it is not on.
 * @see torch.nn.utils.remove_weight_norm
 */
export function removeWeightNorm<M extends AnyModule>(
  module: M,
  ...given: Arguments<{ name?: string }, ['name']>
): M {
  const op = 'removeWeightNorm'
  const [name = 'weight'] = parameters<[string]>(op, ['name'])(given)
  const weight = noGrad(() => detachRule(op, 'weightNorm', module, name))
  for (const key of [`${name}_g`, `${name}_v`]) removeField(module, key)
  fieldsOf(module)[name] = new Parameter(weight)
  return module
}
