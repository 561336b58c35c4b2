/** Products of matrices and vectors, of any layout: transposed views are read where they lie. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { BOOL } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, run } from '../op.ts'
import { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import {
  operand,
  product,
  productType,
  requireRank,
  rowsProduct,
  rowsProductAndSum,
} from './product-rules.ts'

/** The second factor of a product, by name. */
export interface FactorOptions {
  other: Tensor
}

/** The second factor of a product of a matrix and a matrix, by name. */
export interface MatrixOptions {
  mat2: Tensor
}

/** The second factor of a product of a matrix and a vector, by name. */
export interface VectorOptions {
  vec: Tensor
}

/** The second factor of a product of two vectors, by name. */
export interface DotOptions {
  tensor: Tensor
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
 * console.log(matmul(tensor([[1, 2], [3, 4]]), tensor([1, 10]))) // => tensor([21, 43])
 * ```
 */
export function matmul(input: Tensor, other: Tensor | FactorOptions): Tensor {
  if (autocasting.on) return inAutocast('matmul', matmul, [input, other])
  requireTensor('matmul', 'input', input)
  return product(input, other instanceof Tensor ? other : operand('matmul', 'other', [other]))
}

/**
 * Product of two matrices: {@link matmul} for exactly two axes each.
 *
 * Shapes: input `[M, K]`, mat2 `[K, N]` -> `[M, N]`.
 *
 * @throws {ShapeError} for other shapes. @throws {DTypeError} for bool.
 * @see torch.mm
 */
export function mm(input: Tensor, mat2: Tensor | MatrixOptions): Tensor {
  if (autocasting.on) return inAutocast('mm', mm, [input, mat2])
  const right = operand('mm', 'mat2', [mat2])
  requireRank('mm', 'input', input, 2)
  requireRank('mm', 'mat2', right, 2)
  return product(input, right, 'mm', 'mat2')
}

/**
 * Products of the matrices of two batches, pair by pair, without broadcasting.
 *
 * Shapes: input `[B, M, K]`, mat2 `[B, K, N]` -> `[B, M, N]`.
 *
 * @throws {ShapeError} for other shapes. @throws {DTypeError} for bool.
 * @see torch.bmm
 */
export function bmm(input: Tensor, mat2: Tensor | MatrixOptions): Tensor {
  if (autocasting.on) return inAutocast('bmm', bmm, [input, mat2])
  const right = operand('bmm', 'mat2', [mat2])
  requireBatches('bmm', { input, mat2: right })
  return product(input, right, 'bmm', 'mat2')
}

/** @throws {ShapeError} unless both are batches of matrices, of the same size. @internal */
export function requireBatches(op: string, operands: Record<string, Tensor>): void {
  for (const [name, one] of Object.entries(operands)) requireRank(op, name, one, 3)
  const [a, b] = Object.values(operands) as [Tensor, Tensor]
  const [left, right] = Object.keys(operands) as [string, string]
  if (a._shape[0] === b._shape[0]) return
  throw new ShapeError(
    op,
    operands,
    `${left}.shape[0] (${a._shape[0]}) must equal ${right}.shape[0] (${b._shape[0]})`,
    'matmul() broadcasts batches',
  )
}

/**
 * Product of a matrix and a vector.
 *
 * Shapes: input `[M, K]`, vec `[K]` -> `[M]`.
 *
 * @throws {ShapeError} for other shapes. @throws {DTypeError} for bool.
 * @see torch.mv
 */
export function mv(input: Tensor, vec: Tensor | VectorOptions): Tensor {
  const right = operand('mv', 'vec', [vec])
  requireRank('mv', 'input', input, 2)
  requireRank('mv', 'vec', right, 1)
  return product(input, right, 'mv', 'vec')
}

/** The sum of the products of two vectors of one dtype. */
function dotProduct(op: string, name: string, input: Tensor, given: unknown): Tensor {
  const right = operand(op, name, [given])
  requireRank(op, 'input', input, 1)
  requireRank(op, name, right, 1)
  if (input._dtype !== right._dtype) {
    throw new DTypeError(
      op,
      { input, [name]: right },
      `the vectors must have one dtype, not ${input.dtype} and ${right.dtype}`,
      `convert one of them with .to('${input.dtype}')`,
    )
  }
  return product(input, right, op, name)
}

/**
 * Sum of the products of two vectors.
 *
 * Shapes: input `[K]`, tensor `[K]` -> `[]`. Dtype: the one of both.
 *
 * @throws {ShapeError} for other shapes. @throws {DTypeError} for bool, and for two dtypes.
 * @see torch.dot
 */
export function dot(input: Tensor, tensor: Tensor | DotOptions): Tensor {
  return dotProduct('dot', 'tensor', input, tensor)
}

/**
 * Sum of the products of two vectors: {@link dot}, since all tensors are real.
 *
 * @throws {ShapeError, DTypeError} as `dot`.
 * @see torch.vdot
 */
export function vdot(input: Tensor, other: Tensor | FactorOptions): Tensor {
  return dotProduct('vdot', 'other', input, other)
}

/** What {@link linear} takes by name. */
export interface LinearOptions {
  weight: Tensor
  /** Added to each row. Default: none. */
  bias?: Tensor | null
}

const readLinear = parameters<[Tensor, Tensor | null]>('linear', ['weight', 'bias'])

const linearOp = defineOp<'input' | 'weight' | 'bias'>('linear', ['input', 'weight', 'bias'], {
  derivative: {
    needs: { input: ['weight'], weight: ['input'] },
    formula: ([grad], { input, weight }, { needed }) => {
      if (!grad) return []
      const dx = needed[0] ? product(grad, weight as Tensor) : null
      if (needed[1] && needed[2]) return [dx, ...rowsProductAndSum(grad, input as Tensor)]
      return [dx, needed[1] ? rowsProduct(grad, input as Tensor) : null, needed[2] ? grad : null]
    },
  },
})

/**
 * Affine map of the last axis: input · weightᵀ + bias.
 *
 * Shapes: input `[..., in]`, weight `[out, in]`, bias `[out]` -> `[..., out]`.
 * Dtype: their common dtype, floating or integer.
 *
 * @throws {ShapeError} if the sizes differ. @throws {DTypeError} for bool.
 * @see torch.nn.functional.linear
 */
export function linear(
  input: Tensor,
  ...given: Arguments<LinearOptions, ['weight', 'bias']>
): Tensor {
  if (autocasting.on) return inAutocast('linear', linear, [input, ...given])
  const [weight, bias = null] = readLinear(given)
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
  matmul(other: Tensor | FactorOptions): Tensor
  /** See {@link mm}. */
  mm(mat2: Tensor | MatrixOptions): Tensor
  /** See {@link bmm}. */
  bmm(mat2: Tensor | MatrixOptions): Tensor
  /** See {@link mv}. */
  mv(vec: Tensor | VectorOptions): Tensor
  /** See {@link dot}. */
  dot(tensor: Tensor | DotOptions): Tensor
  /** See {@link vdot}. */
  vdot(other: Tensor | FactorOptions): Tensor
}

export const matmulMethods: MethodTable<MatmulMethods> = { matmul, mm, bmm, mv, dot, vdot }
