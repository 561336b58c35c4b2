/** What products share: the record of the matrix product, its shapes and dtypes. */
import { parameters } from '../arguments.ts'
import type { DTypeCode } from '../dtype.ts'
import { BOOL, promote } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError } from '../errors.ts'
import { defineOp, needs, run, runMany } from '../op.ts'
import type { Shape } from '../shape.ts'
import { broadcastShapes } from '../shape.ts'
import { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'

const matmulOp = defineOp('matmul', ['input', 'other'], {
  derivative: {
    input: needs(['other'], (grad, { other }, { shapes }) =>
      leftGradient(grad, other as Tensor, (shapes[0] as Shape).length),
    ),
    other: needs(['input'], (grad, { input }, { shapes }) =>
      rightGradient(grad, input as Tensor, (shapes[1] as Shape).length),
    ),
  },
})

/** [m, n]·[n, k] where both operands are matrices; axes over which `a` was broadcast stay. */
export function leftGradient(grad: Tensor, b: Tensor, rank: number): Tensor {
  if (rank === 1 && b.ndim === 1) return grad.mul(b)
  if (rank === 1) return product(b, grad.unsqueeze(-1)).squeeze(-1)
  if (b.ndim === 1) return product(grad.unsqueeze(-1), b.unsqueeze(0))
  return product(grad, b.transpose(-2, -1))
}

/** [k, m]·[m, n] where both operands are matrices; axes over which `b` was broadcast stay. */
export function rightGradient(grad: Tensor, a: Tensor, rank: number): Tensor {
  if (a.ndim === 1 && rank === 1) return grad.mul(a)
  if (a.ndim === 1) return product(a.unsqueeze(-1), grad.unsqueeze(-2))
  if (rank === 1) return product(a.transpose(-2, -1), grad.unsqueeze(-1)).squeeze(-1)
  // One matrix for a whole batch: its gradient is a single product over all rows.
  if (rank === 2 && a.ndim > 2) return rowsProduct(a, grad)
  return product(a.transpose(-2, -1), grad)
}

const rowsProductOp = defineOp('rowsProduct', ['left', 'right'], {
  kernel: 'linear_weight_grad',
  derivative: {
    left: needs(['right'], (grad, { right }) => product(right as Tensor, grad.transpose(0, 1))),
    right: needs(['left'], (grad, { left }) => product(left as Tensor, grad)),
  },
})

/** left [..., M], right [..., N] -> [M, N]: the sum over all rows of their outer products. */
export function rowsProduct(left: Tensor, right: Tensor): Tensor {
  const shape = [left._shape[left.ndim - 1] as number, right._shape[right.ndim - 1] as number]
  return run(rowsProductOp, [left, right], shape, left._dtype)
}

const rowsProductAndSumOp = defineOp<'left' | 'right'>('rowsProductAndSum', ['left', 'right'], {
  kernel: 'linear_weight_grad',
  outputs: 2,
  derivative: {
    needs: { left: ['right'], right: ['left'] },
    formula: ([grad, sumGrad], { left, right }, { shapes, needed }) => {
      const across = grad && needed[0] ? product(right as Tensor, grad.transpose(0, 1)) : null
      const along = sumGrad && needed[0] ? sumGrad.expand(shapes[0] as Shape) : null
      return [
        across && along ? across.add(along) : (across ?? along),
        grad && needed[1] ? product(left as Tensor, grad) : null,
      ]
    },
  },
})

/** The same, and the sum of all rows of `left` [M]. */
export function rowsProductAndSum(left: Tensor, right: Tensor): Tensor[] {
  const [rows, columns] = [left._shape[left.ndim - 1], right._shape[right.ndim - 1]] as number[]
  const dtype = left._dtype
  return runMany(
    rowsProductAndSumOp,
    [left, right],
    [
      { shape: [rows as number, columns as number], dtype },
      { shape: [rows as number], dtype },
    ],
  )
}

/** The shape of input · other, of a tensor with one axis counting as a row or a column. */
export function productShape(op: string, a: Tensor, b: Tensor, second = 'other'): Shape {
  const x = a._shape
  const y = b._shape
  const inputs = { input: a, [second]: b }
  if (x.length === 0 || y.length === 0) {
    throw new ShapeError(
      op,
      inputs,
      'a matrix product needs operands with axes',
      'use mul() for a tensor without axes',
    )
  }
  const k = x[x.length - 1]
  const inner = y[y.length === 1 ? 0 : y.length - 2]
  if (k !== inner) {
    const axis = y.length === 1 ? -1 : -2
    throw new ShapeError(
      op,
      inputs,
      `input.shape[-1] (${k}) must equal ${second}.shape[${axis}] (${inner})`,
      y.length > 1 && y[y.length - 1] === k
        ? `${second} seems to be stored as [N, K]: pass ${second}.transpose(-2, -1)`
        : `the last axis of input is summed over, together with the second to last of ${second}`,
    )
  }
  const m = x[x.length - 2] as number
  const n = y[y.length - 1] as number
  if (x.length === 2) {
    if (y.length === 2) return [m, n]
    if (y.length === 1) return [m]
  }
  const batch =
    x.length <= 2
      ? y.slice(0, -2)
      : y.length <= 2
        ? x.slice(0, -2)
        : broadcastShapes(op, x.slice(0, -2), y.slice(0, -2), inputs)
  const shape = [...batch]
  if (x.length > 1) shape.push(m)
  if (y.length > 1) shape.push(n)
  return shape
}

/** The dtype that operands of a product meet in. @throws {DTypeError} for bool. */
export function productType(op: string, inputs: Record<string, Tensor | null>): DTypeCode {
  let code = -1
  for (const input of Object.values(inputs)) {
    if (input !== null) code = code < 0 ? input._dtype : promote(code, input._dtype)
  }
  if (code === BOOL) {
    throw new DTypeError(op, inputs, 'is not defined for bool', "convert with .to('int32')")
  }
  return code
}

/** The matrix product, with all its checks, under the name of `op`. */
export function product(a: Tensor, b: Tensor, op = 'matmul', second = 'other'): Tensor {
  const shape = productShape(op, a, b, second)
  const dtype = a._dtype
  if (dtype === b._dtype && dtype !== BOOL) return run(matmulOp, [a, b], shape, dtype)
  const common = productType(op, { input: a, [second]: b })
  return run(matmulOp, [castCode(a, common), castCode(b, common)], shape, common)
}

/** @throws {ShapeError} unless the tensor has exactly `rank` axes. */
export function requireRank(op: string, name: string, tensor: Tensor, rank: number): void {
  requireTensor(op, name, tensor)
  if (tensor.ndim === rank) return
  throw new ShapeError(
    op,
    { [name]: tensor },
    `${name} must have ${rank} ${rank === 1 ? 'axis' : 'axes'}, not ${tensor.ndim}`,
    'matmul() takes any number of axes',
  )
}

/**
 * The one tensor among the arguments after the first tensor, by position or by name.
 *
 * @throws {ValueError} for something else.
 */
export function operand(op: string, name: string, given: readonly unknown[]): Tensor {
  const [first] = given
  // The way it is nearly always called.
  if (given.length === 1 && first instanceof Tensor) return first
  const [value] = parameters<[Tensor]>(op, [name])(given)
  requireTensor(op, name, value)
  return value
}
