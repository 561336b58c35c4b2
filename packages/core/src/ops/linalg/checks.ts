/** What functions of matrices share: checks of shapes and dtypes, batches, the transpose. */
import type { DTypeCode } from '../../dtype.ts'
import { FLOAT32, FLOAT64, isFloatingCode } from '../../dtype.ts'
import { requireTensor } from '../../elementwise.ts'
import { DTypeError, ShapeError } from '../../errors.ts'
import type { Shape } from '../../shape.ts'
import { broadcastShapes, sameShape } from '../../shape.ts'
import type { Tensor } from '../../tensor.ts'

/** Rounding in float64 and float32: the distance from 1 to the next number. */
export function epsilonOf(dtype: DTypeCode): number {
  return dtype === FLOAT64 ? Number.EPSILON : 2 ** -23
}

/** The last two axes swapped: the transpose of each matrix. */
export function mT(x: Tensor): Tensor {
  return x.transpose(-2, -1)
}

/** The axes before the last two. */
export function batchShape(x: Tensor): Shape {
  return x._shape.slice(0, -2)
}

/** Rows and columns. */
export function matrixSize(x: Tensor): [rows: number, columns: number] {
  return [x._shape[x.ndim - 2] as number, x._shape[x.ndim - 1] as number]
}

/** @throws {ShapeError} unless the tensor has at least two axes. */
function requireAxes(op: string, name: string, x: Tensor): void {
  requireTensor(op, name, x)
  if (x.ndim >= 2) return
  throw new ShapeError(
    op,
    { [name]: x },
    `${name} must have the axes [..., rows, columns], not ${x.ndim}`,
    'add an axis with unsqueeze()',
  )
}

/** @throws {DTypeError} unless the tensor is float32 or float64. */
export function requireDouble(op: string, name: string, x: Tensor): void {
  requireTensor(op, name, x)
  if (x._dtype === FLOAT32 || x._dtype === FLOAT64) return
  throw new DTypeError(
    op,
    { [name]: x },
    `takes float32 and float64, not ${x.dtype}`,
    `convert with .to('${isFloatingCode(x._dtype) ? 'float32' : 'float64'}')`,
  )
}

/** @throws {ShapeError, DTypeError} unless it is a matrix or a batch of them, in float32 or float64. */
export function requireMatrix(op: string, name: string, x: Tensor): void {
  requireAxes(op, name, x)
  requireDouble(op, name, x)
}

/** @throws {ShapeError} unless the matrices have as many rows as columns. */
export function requireSquareAxes(op: string, name: string, x: Tensor): void {
  requireAxes(op, name, x)
  const [rows, columns] = matrixSize(x)
  if (rows === columns) return
  throw new ShapeError(
    op,
    { [name]: x },
    `${name} must be square, but has ${rows} rows and ${columns} columns`,
    'pinv() and svd() take any matrix',
  )
}

/** @throws {ShapeError, DTypeError} unless they are square matrices in float32 or float64. */
export function requireSquare(op: string, name: string, x: Tensor): void {
  requireSquareAxes(op, name, x)
  requireDouble(op, name, x)
}

/** @throws {DTypeError} unless both have one dtype. */
export function requireOneDtype(op: string, inputs: Record<string, Tensor>): void {
  const [a, b] = Object.values(inputs) as [Tensor, Tensor]
  if (a._dtype === b._dtype) return
  throw new DTypeError(
    op,
    inputs,
    `the tensors must have one dtype, not ${a.dtype} and ${b.dtype}`,
    `convert one of them with .to('${a.dtype}')`,
  )
}

/** Both with the same batch axes, to which their own broadcast. */
export function expandBatches(
  op: string,
  inputs: Record<string, Tensor>,
): [a: Tensor, b: Tensor, batch: Shape] {
  const [a, b] = Object.values(inputs) as [Tensor, Tensor]
  const batch = broadcastShapes(op, batchShape(a), batchShape(b), inputs)
  const fit = (x: Tensor): Tensor =>
    sameShape(batchShape(x), batch) ? x : x.expand([...batch, ...x._shape.slice(-2)])
  return [fit(a), fit(b), batch]
}
