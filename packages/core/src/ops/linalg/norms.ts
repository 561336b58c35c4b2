/** Norms of vectors and matrices. */
import type { Arguments } from '../../arguments.ts'
import { parameters } from '../../arguments.ts'
import type { DType } from '../../dtype.ts'
import { dtypeCode, isFloatingCode } from '../../dtype.ts'
import { requireTensor } from '../../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../../errors.ts'
import type { MethodTable } from '../../methods.ts'
import { normalizeAxes } from '../../shape.ts'
import { show } from '../../show.ts'
import type { Tensor } from '../../tensor.ts'
import { castCode } from '../cast.ts'
import type { Dims } from '../reduce-axes.ts'
import { flag } from '../reduce-axes.ts'
import { norm as reduceNorm } from '../reduce.ts'
import { requireDouble } from './checks.ts'
import { svdvals } from './svd.ts'

/** Which norm of a matrix: see {@link matrixNorm}. */
export type MatrixOrder = 'fro' | 'nuc' | number

/** What {@link vectorNorm} takes by name. */
export interface VectorNormOptions {
  /** Any number, or ±Infinity. Default 2. */
  ord?: number
  /** The axes whose elements are one vector. Default, and for an empty list: all. */
  dim?: Dims
  /** Keep them with size 1. Default false. */
  keepdim?: boolean
  /** Convert to it first. */
  dtype?: DType | null
}

/** What {@link matrixNorm} takes by name. */
export interface MatrixNormOptions {
  /** Default 'fro'. */
  ord?: MatrixOrder
  /** The axes of rows and columns. Default [-2, -1]. */
  dim?: readonly [number, number] | readonly number[]
  /** Keep them with size 1. Default false. */
  keepdim?: boolean
  /** Convert to it first. */
  dtype?: DType | null
}

/** What {@link norm} takes by name. */
export interface LinalgNormOptions {
  /** Default: the length of all elements as one vector. */
  ord?: MatrixOrder | null
  /** One axis for vectors, two for matrices. Default: all. */
  dim?: Dims
  /** Keep them with size 1. Default false. */
  keepdim?: boolean
  /** Convert to it first. */
  dtype?: DType | null
}

const NAMES: readonly string[] = ['ord', 'dim', 'keepdim', 'dtype']
type Names = ['ord', 'dim', 'keepdim', 'dtype']

const readVectorNorm = parameters<[number, Dims, boolean, DType | null]>('vectorNorm', NAMES)
const readMatrixNorm = parameters<[MatrixOrder, readonly number[], boolean, DType | null]>(
  'matrixNorm',
  NAMES,
)
const readNorm = parameters<[MatrixOrder | null, Dims, boolean, DType | null]>('linalg.norm', NAMES)

/** The input in `dtype`, which must be floating. */
function floating(op: string, x: Tensor, dtype: DType | null | undefined): Tensor {
  const code = dtype === undefined || dtype === null ? x._dtype : dtypeCode(dtype)
  if (isFloatingCode(x._dtype) && isFloatingCode(code)) return castCode(x, code)
  throw new DTypeError(
    op,
    { x },
    `a norm is for floating dtypes, not ${isFloatingCode(x._dtype) ? dtype : x.dtype}`,
    "convert with .to('float32')",
  )
}

/**
 * The norm of vectors: (Σ |x|^ord)^(1/ord) over the axes `dim`, whose elements are one vector.
 * Infinity and -Infinity give the largest and the smallest |x|, 0 counts what is not zero.
 *
 * Shapes: x `[...]` -> without the axes `dim`, which `keepdim` keeps with size 1. Dtype: floating.
 *
 * @throws {DTypeError} for integers and bool. @throws {IndexError} if there is no such axis. @throws
 * {ShapeError} for the norm of nothing with a negative or infinite ord. @throws {ValueError} for an
 * ord that is no number.
 * @see torch.linalg.vector_norm
 */
export function vectorNorm(x: Tensor, ...given: Arguments<VectorNormOptions, Names>): Tensor {
  const [ord = 2, dim, keepdim, dtype] = readVectorNorm(given)
  requireTensor('vectorNorm', 'x', x)
  if (typeof ord !== 'number') {
    throw new ValueError('vectorNorm', { x }, `ord is a number, not ${show(ord)}`, 'pass 2')
  }
  const keep = flag('vectorNorm', 'keepdim', keepdim, false)
  const input = floating('vectorNorm', x, dtype)
  return reduceNorm(input, ord, dim ?? null, keep)
}

/**
 * The norm of matrices:
 *
 * | ord         | norm                                           |
 * | ----------- | ---------------------------------------------- |
 * | 'fro'       | √(Σ x²)                                        |
 * | 'nuc'       | the sum of the singular values                 |
 * | ±2          | the largest or smallest singular value         |
 * | ±1          | the largest or smallest sum of |x| of a column |
 * | ±Infinity   | the same of a row                              |
 *
 * Shapes: A `[..., M, N]` -> `[...]`; `dim` names other axes, `keepdim` keeps them with size 1. Of
 * nothing, sums and largest ones are 0. Dtype: floating; float32 or float64 for singular values.
 *
 * @throws {DTypeError} for other dtypes. @throws {ValueError} for another ord. @throws {ShapeError,
 * IndexError} unless dim names two axes, or for the smallest of nothing.
 * @see torch.linalg.matrix_norm
 */
export function matrixNorm(A: Tensor, ...given: Arguments<MatrixNormOptions, Names>): Tensor {
  const [ord = 'fro', dim = [-2, -1], keepdim, dtype] = readMatrixNorm(given)
  requireTensor('matrixNorm', 'A', A)
  const keep = flag('matrixNorm', 'keepdim', keepdim, false)
  return normOfMatrix('matrixNorm', floating('matrixNorm', A, dtype), ord, dim, keep)
}

const SUMS: readonly unknown[] = [1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
const SINGULAR: readonly unknown[] = ['nuc', 2, -2]

function normOfMatrix(
  op: string,
  A: Tensor,
  ord: unknown,
  dim: readonly number[],
  keepdim: boolean,
): Tensor {
  if (!Array.isArray(dim) || dim.length !== 2 || A.ndim < 2) {
    throw new ShapeError(
      op,
      { A },
      A.ndim < 2
        ? `a matrix has two axes, the tensor ${A.ndim}`
        : `dim must name the two axes of the matrices, not ${show(dim)}`,
      'vectorNorm() takes any number of axes',
    )
  }
  const axes = normalizeAxes(op, dim, A.ndim, A) as [number, number]
  if (ord === 'fro') return reduceNorm(A, 2, axes, keepdim)
  if (SINGULAR.includes(ord)) {
    requireDouble(op, 'A', A)
    const values = svdvals(A.movedim([...axes], [-2, -1]))
    const summed = ord === 'nuc' || (ord === 2 && values._shape.at(-1) === 0)
    const norm = summed ? values.sum(-1) : ord === 2 ? values.amax(-1) : values.amin(-1)
    if (!keepdim) return norm
    return norm.reshape(A._shape.map((size, axis) => (axes.includes(axis) ? 1 : size)))
  }
  if (!SUMS.includes(ord)) {
    throw new ValueError(
      op,
      { A },
      `there is no norm ${show(ord)} of matrices`,
      "ord is 'fro', 'nuc', ±1, ±2 or ±Infinity",
    )
  }
  const order = ord as number
  // Columns are summed down the rows' axis, and the other way round.
  const [summed, compared] = Math.abs(order) === 1 ? axes : [axes[1], axes[0]]
  const sums = reduceNorm(A, 1, summed, true)
  // The largest of no sums is 0, the smallest an error.
  const none = order > 0 && A._shape[compared] === 0
  const extreme = none
    ? sums.sum(compared, true)
    : order > 0
      ? sums.amax(compared, true)
      : sums.amin(compared, true)
  return keepdim ? extreme : extreme.squeeze(axes)
}

/**
 * The norm of a vector or matrix: {@link vectorNorm} where `dim` is one axis, or `ord` is left out, or
 * the tensor has one axis; {@link matrixNorm} where `dim` is two axes or the tensor has two.
 *
 * Shapes and dtype: as for these.
 *
 * @throws {ShapeError} if it is neither. @throws {DTypeError, ValueError, IndexError} as these.
 * @see torch.linalg.norm
 */
export function norm(A: Tensor, ...given: Arguments<LinalgNormOptions, Names>): Tensor {
  const op = 'linalg.norm'
  const [ord, dim, keepdim, dtype] = readNorm(given)
  requireTensor(op, 'A', A)
  const keep = flag(op, 'keepdim', keepdim, false)
  const axes = typeof dim === 'number' ? [dim] : (dim ?? null)
  if (axes !== null && axes.length !== 1 && axes.length !== 2) {
    throw new ShapeError(
      op,
      { A },
      `dim names one axis for vectors or two for matrices, not ${axes.length}`,
      'vectorNorm() takes any number of axes',
    )
  }
  if (ord === undefined || ord === null) {
    return reduceNorm(floating(op, A, dtype), 2, axes, keep)
  }
  const rank = axes === null ? A.ndim : axes.length
  if (rank !== 1 && rank !== 2) {
    throw new ShapeError(
      op,
      { A },
      `with ord, the tensor must have one axis or two, not ${rank}`,
      'name the axes: { dim: [-2, -1] }',
    )
  }
  if (rank === 2) return normOfMatrix(op, floating(op, A, dtype), ord, axes ?? [-2, -1], keep)
  return vectorNorm(A, { ord: ord as number, dim: axes, keepdim: keep, dtype: dtype ?? null })
}

/** What {@link oldNorm} takes by name. */
export interface NormOptions {
  /** The power; 'fro' and null are 2, 'nuc' is the nuclear norm of matrices. Default 'fro'. */
  p?: number | 'fro' | 'nuc' | null
  /** The axes whose elements are one vector; of 'nuc' the two axes of matrices. Default: all. */
  dim?: Dims
  /** Keep them with size 1. Default false. */
  keepdim?: boolean
  /** Convert to it first. */
  dtype?: DType | null
}

type NormArguments = Arguments<NormOptions, ['p', 'dim', 'keepdim', 'dtype']>

const readOldNorm = parameters<[NormOptions['p'], Dims, boolean, DType | null]>('norm', [
  'p',
  'dim',
  'keepdim',
  'dtype',
])

/**
 * The p-norm over the axes `dim` (default: all), their elements taken as one vector:
 * (Σ |x|^p)^(1/p). `p` may be any number: ±Infinity gives the largest or smallest |x|, 0 counts
 * what is not zero, and 'fro' is 2. 'nuc' is the sum of the singular values of a matrix. The gradient
 * is 0 where the norm is 0.
 *
 * Shapes: input `[d0, d1, …]` -> without the axes `dim`, which `keepdim` keeps with size 1. Dtype:
 * floating, summed in float64; or `dtype`, to which the input is converted first.
 *
 * @throws {DTypeError} if the input is not floating. @throws {IndexError} if there is no such axis.
 * @throws {ShapeError} if p is negative or infinite and there are no elements, or for 'nuc' of
 * anything but matrices.
 * @see torch.norm
 */
export function oldNorm(input: Tensor, ...given: NormArguments): Tensor {
  const [p, dim, keepdim, dtype] = readOldNorm(given)
  requireTensor('norm', 'input', input)
  if (p !== 'nuc')
    return reduceNorm(input, p ?? 'fro', dim ?? null, keepdim ?? false, dtype ?? null)
  const axes = typeof dim === 'number' ? [dim] : (dim ?? input._shape.map((_, axis) => axis))
  const keep = flag('norm', 'keepdim', keepdim, false)
  return normOfMatrix('norm', floating('norm', input, dtype), 'nuc', axes, keep)
}

export interface NormMethods {
  /** See {@link oldNorm}. */
  norm(...given: NormArguments): Tensor
}

export const normMethods: MethodTable<NormMethods> = { norm: oldNorm }
