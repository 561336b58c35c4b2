/** What operations share that take elements along an axis and say where: max, sort, median, … */
import { fullCode } from '../creation.ts'
import type { NamedResult } from '../named-result.ts'
import type { OpDefinition } from '../op.ts'
import type { Shape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import type { Reduced } from './reduce-axes.ts'
import { restore } from './reduce-axes.ts'

/** The elements that were taken, and where they are along the axis. */
export type ValuesAndIndices = NamedResult<readonly ['values', 'indices']>

/** Along which axis elements are taken, and whether that leaves it out. */
export interface Taken extends Reduced {
  readonly axis: number
}

/** Zeros of `shape` with the values at the places along the axis that `index` says. */
function placeAlong(values: Tensor, index: Tensor, axis: number, shape: Shape): Tensor {
  return fullCode(shape, 0, values._dtype, values).scatter_(axis, index, values)
}

/** Two outputs, values and indices: the gradient of a value goes to the element it was. */
export const ofTaken: OpDefinition<'input', Taken> = {
  outputs: 2,
  derivative: {
    needs: ['out1'],
    formula: ([grad], { out1 }, { params, shapes }) => {
      const shape = shapes[0] as Shape
      if (!grad || shape.length === 0) return [grad ?? null]
      const values = restore(grad, params, shape)
      return [placeAlong(values, restore(out1 as Tensor, params, shape), params.axis, shape)]
    },
  },
}

/** The parameters of a call that keeps the axis, with another size perhaps. */
export function keeping(axis: number): Taken {
  return { axis, axes: [axis], keepdim: true }
}
