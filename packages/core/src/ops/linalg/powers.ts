/** The exponential and whole powers of matrices. */
import { autocasting, inAutocast } from '../../autocast-dispatch.ts'
import type { Arguments } from '../../arguments.ts'
import { parameters } from '../../arguments.ts'
import { eye, zerosLike } from '../../creation.ts'
import { isFloatingCode } from '../../dtype.ts'
import { DTypeError, ValueError } from '../../errors.ts'
import type { MethodTable } from '../../methods.ts'
import { defineOp, needs, run } from '../../op.ts'
import { show } from '../../show.ts'
import type { Tensor } from '../../tensor.ts'
import { cat } from '../joining.ts'
import { where } from '../ternary.ts'
import { matrixSize, mT, requireSquareAxes } from './checks.ts'
import { inverse } from './solve.ts'

const matrixExpOp = defineOp('matrixExp', ['input'], {
  derivative: {
    input: needs(['input'], (grad, { input }) => {
      // exp([[Aᵀ, grad], [0, Aᵀ]]) has the gradient in its upper right block.
      const transposed = mT(input as Tensor)
      const [n] = matrixSize(transposed)
      const above = cat([transposed, grad], -1)
      const below = cat([transposed.mul(0), transposed], -1)
      return exponential(cat([above, below], -2))
        .narrow(-2, 0, n)
        .narrow(-1, n, n)
    }),
  },
})

function exponential(input: Tensor): Tensor {
  return run(matrixExpOp, [input], input._shape, input._dtype)
}

/**
 * The exponential of square matrices, Σ inputᵏ / k!.
 *
 * Shapes: input `[..., N, N]` -> same. Dtype: floating; NaN where a matrix holds NaN or infinities.
 *
 * @throws {ShapeError} unless the matrices are square. @throws {DTypeError} for integers and bool.
 * @see torch.linalg.matrix_exp
 */
export function matrixExp(input: Tensor): Tensor {
  requireSquareAxes('matrixExp', 'input', input)
  if (!isFloatingCode(input._dtype)) {
    throw new DTypeError(
      'matrixExp',
      { input },
      `is for floating dtypes, not ${input.dtype}`,
      "convert with .to('float32')",
    )
  }
  return exponential(input)
}

/** What {@link matrixPower} takes by name. */
export interface MatrixPowerOptions {
  n: number
}

const readMatrixPower = parameters<[number]>('matrixPower', ['n'])

/**
 * A whole power of square matrices: a product of n equal factors; of inverses for a negative n, and
 * the identity for 0.
 *
 * Shapes: input `[..., N, N]` -> same. Dtype: any but bool for n ≥ 0, else float32 or float64.
 *
 * @throws {ValueError} for an n that is not whole, or a singular matrix and a negative n. @throws
 * {ShapeError} unless the matrices are square. @throws {DTypeError} for other dtypes.
 * @see torch.linalg.matrix_power
 */
export function matrixPower(input: Tensor, ...given: Arguments<MatrixPowerOptions, ['n']>): Tensor {
  if (autocasting.on) return inAutocast('matrixPower', matrixPower, [input, ...given])
  const [n] = readMatrixPower(given)
  requireSquareAxes('matrixPower', 'input', input)
  if (!Number.isSafeInteger(n)) {
    throw new ValueError(
      'matrixPower',
      { input },
      `n must be a whole number, not ${show(n)}`,
      'pass 2',
    )
  }
  let rest = Math.abs(n as number)
  if (rest === 0) {
    // It depends on the input all the same, with a gradient of 0.
    const identity = eye(matrixSize(input)[0], { dtype: input.dtype, device: input.device })
    return where(zerosLike(input, { dtype: 'bool' }), input, identity)
  }
  let square = (n as number) < 0 ? inverse(input) : input
  if (rest === 1) return square.clone()
  let result: Tensor | null = null
  for (;;) {
    if (rest % 2 === 1) result = result === null ? square : result.matmul(square)
    rest = Math.floor(rest / 2)
    if (rest === 0) return result as Tensor
    square = square.matmul(square)
  }
}

export interface MatrixFunctionMethods {
  /** See {@link matrixExp}. */
  matrixExp(): Tensor
  /** See {@link matrixPower}. */
  matrixPower(...given: Arguments<MatrixPowerOptions, ['n']>): Tensor
}

export const matrixFunctionMethods: MethodTable<MatrixFunctionMethods> = {
  matrixExp,
  matrixPower,
}
