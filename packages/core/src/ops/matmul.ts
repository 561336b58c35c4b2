/** Matrix products, of any layout: transposed views are read where they lie. */
import type { DTypeCode } from '../dtype.ts'
import { BOOL, isFloatingCode, promote } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs, run } from '../op.ts'
import type { Shape } from '../shape.ts'
import { broadcastShapes, formatShape, sameShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
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
function leftGradient(grad: Tensor, b: Tensor, rank: number): Tensor {
  if (rank === 1 && b.ndim === 1) return grad.mul(b)
  if (rank === 1) return product(b, grad.unsqueeze(-1)).squeeze(-1)
  if (b.ndim === 1) return product(grad.unsqueeze(-1), b.unsqueeze(0))
  return product(grad, b.transpose(-2, -1))
}

/** [k, m]·[m, n] where both operands are matrices; axes over which `b` was broadcast stay. */
function rightGradient(grad: Tensor, a: Tensor, rank: number): Tensor {
  if (a.ndim === 1 && rank === 1) return grad.mul(a)
  if (a.ndim === 1) return product(a.unsqueeze(-1), grad.unsqueeze(-2))
  if (rank === 1) return product(a.transpose(-2, -1), grad.unsqueeze(-1)).squeeze(-1)
  // One matrix for a whole batch: its gradient is a single product over all rows.
  if (rank === 2 && a.ndim > 2) return rowsProduct(a, grad)
  return product(a.transpose(-2, -1), grad)
}

/** The shape of input · other, of a tensor with one axis counting as a row or a column. */
function productShape(op: string, a: Tensor, b: Tensor): Shape {
  const x = a._shape
  const y = b._shape
  if (x.length === 0 || y.length === 0) {
    throw new ShapeError(
      op,
      { input: a, other: b },
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
      { input: a, other: b },
      `input.shape[-1] (${k}) must equal other.shape[${axis}] (${inner})`,
      y.length > 1 && y[y.length - 1] === k
        ? 'other seems to be stored as [N, K]: pass other.transpose(-2, -1)'
        : 'the last axis of input is summed over, together with the second to last of other',
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
        : broadcastShapes(op, x.slice(0, -2), y.slice(0, -2), { input: a, other: b })
  const shape = [...batch]
  if (x.length > 1) shape.push(m)
  if (y.length > 1) shape.push(n)
  return shape
}

/** The dtype that operands of a product meet in. @throws {DTypeError} for bool. */
function productType(op: string, inputs: Record<string, Tensor | null>): DTypeCode {
  let code = -1
  for (const input of Object.values(inputs)) {
    if (input !== null) code = code < 0 ? input._dtype : promote(code, input._dtype)
  }
  if (code === BOOL) {
    throw new DTypeError(op, inputs, 'is not defined for bool', "convert with .to('int32')")
  }
  return code
}

function product(a: Tensor, b: Tensor, op = 'matmul'): Tensor {
  const shape = productShape(op, a, b)
  const dtype = a._dtype
  if (dtype === b._dtype && dtype !== BOOL) return run(matmulOp, [a, b], shape, dtype)
  const common = productType(op, { input: a, other: b })
  return run(matmulOp, [castCode(a, common), castCode(b, common)], shape, common)
}

/**
 * Matrix product over the last two axes; leading axes broadcast.
 *
 * Shapes: input `[..., M, K]`, other `[..., K, N]` -> `[..., M, N]`. An input `[K]` is a row, an
 * other `[K]` a column, and the result lacks that axis. K = 0 gives zeros.
 * Dtype: their common dtype, floating or integer; integers wrap.
 *
 * @throws {ShapeError} if K differs, leading axes do not broadcast, or an operand has no axes.
 * @throws {DTypeError} for bool.
 * @see torch.matmul
 *
 * @example
 * ```ts
 * import { matmul, tensor } from '@flambeau/core'
 * console.log(matmul(tensor([[1, 2], [3, 4]]), tensor([1, 10]))) // tensor([21., 43.])
 * ```
 */
export function matmul(input: Tensor, other: Tensor): Tensor {
  requireTensor('matmul', 'input', input)
  requireTensor('matmul', 'other', other)
  return product(input, other)
}

function requireRank(op: string, name: string, tensor: Tensor, rank: number): void {
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
 * Product of two matrices: {@link matmul} for exactly two axes each.
 *
 * Shapes: input `[M, K]`, other `[K, N]` -> `[M, N]`.
 *
 * @throws {ShapeError} for other shapes. @throws {DTypeError} for bool.
 * @see torch.mm
 */
export function mm(input: Tensor, other: Tensor): Tensor {
  requireRank('mm', 'input', input, 2)
  requireRank('mm', 'other', other, 2)
  return product(input, other, 'mm')
}

/**
 * Products of the matrices of two batches, pair by pair, without broadcasting.
 *
 * Shapes: input `[B, M, K]`, other `[B, K, N]` -> `[B, M, N]`.
 *
 * @throws {ShapeError} for other shapes. @throws {DTypeError} for bool.
 * @see torch.bmm
 */
export function bmm(input: Tensor, other: Tensor): Tensor {
  requireRank('bmm', 'input', input, 3)
  requireRank('bmm', 'other', other, 3)
  if (input._shape[0] !== other._shape[0]) {
    throw new ShapeError(
      'bmm',
      { input, other },
      `input.shape[0] (${input._shape[0]}) must equal other.shape[0] (${other._shape[0]})`,
      'matmul() broadcasts batches',
    )
  }
  return product(input, other, 'bmm')
}

/**
 * Product of a matrix and a vector.
 *
 * Shapes: input `[M, K]`, vec `[K]` -> `[M]`.
 *
 * @throws {ShapeError} for other shapes. @throws {DTypeError} for bool.
 * @see torch.mv
 */
export function mv(input: Tensor, vec: Tensor): Tensor {
  requireRank('mv', 'input', input, 2)
  requireRank('mv', 'vec', vec, 1)
  return product(input, vec, 'mv')
}

/**
 * Sum of the products of two vectors.
 *
 * Shapes: input `[K]`, other `[K]` -> `[]`.
 *
 * @throws {ShapeError} for other shapes. @throws {DTypeError} for bool.
 * @see torch.dot
 */
export function dot(input: Tensor, other: Tensor): Tensor {
  requireRank('dot', 'input', input, 1)
  requireRank('dot', 'other', other, 1)
  return product(input, other, 'dot')
}

export interface AddmmOptions {
  /** Factor of the input; 0 leaves it out, whatever it holds. Default 1. */
  beta?: number
  /** Factor of the product. Default 1. */
  alpha?: number
}

const addmmOp = defineOp<'input' | 'mat1' | 'mat2', Required<AddmmOptions>>(
  'addmm',
  ['input', 'mat1', 'mat2'],
  {
    derivative: {
      input: (grad, _saved, { params }) => (params.beta === 1 ? grad : grad.mul(params.beta)),
      mat1: needs(['mat2'], (grad, { mat2 }, { params }) =>
        scaled(product(grad, (mat2 as Tensor).transpose(0, 1)), params.alpha),
      ),
      mat2: needs(['mat1'], (grad, { mat1 }, { params }) =>
        scaled(product((mat1 as Tensor).transpose(0, 1), grad), params.alpha),
      ),
    },
  },
)

function scaled(x: Tensor, factor: number): Tensor {
  return factor === 1 ? x : x.mul(factor)
}

/**
 * A matrix product added to something: beta · input + alpha · mat1 · mat2, in one pass.
 *
 * Shapes: mat1 `[M, K]`, mat2 `[K, N]`, input anything that broadcasts to `[M, N]` -> `[M, N]`.
 * Dtype: their common dtype; integers take whole beta and alpha.
 *
 * @throws {ShapeError} for other shapes. @throws {DTypeError} for bool. @throws {ValueError} for
 * fractions with integer tensors.
 * @see torch.addmm
 */
export function addmm(input: Tensor, mat1: Tensor, mat2: Tensor, options?: AddmmOptions): Tensor {
  requireTensor('addmm', 'input', input)
  requireRank('addmm', 'mat1', mat1, 2)
  requireRank('addmm', 'mat2', mat2, 2)
  const shape = productShape('addmm', mat1, mat2)
  if (!sameShape(broadcastShapes('addmm', input._shape, shape, { input, mat1, mat2 }), shape)) {
    throw new ShapeError(
      'addmm',
      { input, mat1, mat2 },
      `input must broadcast to the product's shape ${formatShape(shape)}`,
      'add() broadcasts both operands',
    )
  }
  const common = productType('addmm', { input, mat1, mat2 })
  const { beta = 1, alpha = 1 } = options ?? {}
  if (!isFloatingCode(common)) {
    for (const [name, value] of Object.entries({ beta, alpha })) {
      if (Number.isSafeInteger(value)) continue
      throw new ValueError(
        'addmm',
        { input, mat1, mat2 },
        `${name} must be a whole number for integer tensors, not ${value}`,
        "convert the tensors with .to('float32')",
      )
    }
  }
  const inputs = [castCode(input, common), castCode(mat1, common), castCode(mat2, common)]
  return run(addmmOp, inputs, shape, common, [beta, alpha], { beta, alpha })
}

const linearOp = defineOp('linear', ['input', 'weight', 'bias'], {
  derivative: {
    input: needs(['weight'], (grad, { weight }) => product(grad, weight as Tensor)),
    weight: needs(['input'], (grad, { input }) => rowsProduct(grad, input as Tensor)),
    bias: (grad) => grad,
  },
})

const rowsProductOp = defineOp('rowsProduct', ['left', 'right'], {
  kernel: 'linear_weight_grad',
  derivative: {
    left: needs(['right'], (grad, { right }) => linear(right as Tensor, grad)),
    right: needs(['left'], (grad, { left }) => product(left as Tensor, grad)),
  },
})

/** left [..., M], right [..., N] -> [M, N]: the sum over all rows of their outer products. */
function rowsProduct(left: Tensor, right: Tensor): Tensor {
  const shape = [left._shape[left.ndim - 1] as number, right._shape[right.ndim - 1] as number]
  return run(rowsProductOp, [left, right], shape, left._dtype)
}

/**
 * Affine map of the last axis: input · weightᵀ + bias.
 *
 * Shapes: input `[..., in]`, weight `[out, in]`, bias `[out]` -> `[..., out]`.
 * Dtype: their common dtype, floating or integer.
 *
 * @throws {ShapeError} if the sizes differ. @throws {DTypeError} for bool.
 * @see torch.nn.functional.linear
 */
export function linear(input: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  requireTensor('linear', 'input', input)
  requireTensor('linear', 'weight', weight)
  if (bias !== null) requireTensor('linear', 'bias', bias)
  const x = input._shape
  const w = weight._shape
  if (w.length !== 2 || x.length === 0 || x[x.length - 1] !== w[1]) {
    throw new ShapeError(
      'linear',
      { input, weight },
      w.length === 2
        ? `input must end in an axis of size ${w[1]}, the last of weight [out, in]`
        : 'weight must have the two axes [out, in]',
      w.length === 2 && x[x.length - 1] === w[0]
        ? 'weight seems to be stored as [in, out]: pass weight.t()'
        : 'flatten or transpose the input so that its last axis holds the features',
    )
  }
  const out = w[0] as number
  if (bias !== null && (bias.ndim !== 1 || bias._shape[0] !== out)) {
    throw new ShapeError(
      'linear',
      { weight, bias },
      `bias must have the shape [${out}], one element per row of weight`,
      'reshape the bias, or add it with add()',
    )
  }
  const shape = x.length === 2 ? [x[0] as number, out] : [...x.slice(0, -1), out]
  const dtype = input._dtype
  if (dtype === weight._dtype && (bias === null || bias._dtype === dtype) && dtype !== BOOL)
    return run(linearOp, [input, weight, bias], shape, dtype)
  const common = productType('linear', { input, weight, bias })
  const inputs = [input, weight, bias].map((one) => one && castCode(one, common))
  return run(linearOp, inputs, shape, common)
}

export interface MatmulMethods {
  /** See {@link matmul}. */
  matmul(other: Tensor): Tensor
  /** See {@link mm}. */
  mm(other: Tensor): Tensor
  /** See {@link bmm}. */
  bmm(other: Tensor): Tensor
  /** See {@link mv}. */
  mv(vec: Tensor): Tensor
  /** See {@link dot}. */
  dot(other: Tensor): Tensor
  /** See {@link addmm}. */
  addmm(mat1: Tensor, mat2: Tensor, options?: AddmmOptions): Tensor
}

export const matmulMethods: MethodTable<MatmulMethods> = { matmul, mm, bmm, mv, dot, addmm }
