/** Diagonals of matrices: as views, as matrices made of them, and the triangles beside them. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import type { DType } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { ShapeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import type { Op } from '../op.ts'
import { defineOp, run, runInPlace } from '../op.ts'
import type { Shape } from '../shape.ts'
import { checkShape, formatShape, normalizeAxis } from '../shape.ts'
import { show } from '../show.ts'
import type { AnyDType, Tensor } from '../tensor.ts'

/** Elements whose place in axis `b` is `offset` more than in axis `a`. @internal */
export interface Diagonal {
  a: number
  b: number
  offset: number
}

function numbersOf({ a, b, offset }: Diagonal): number[] {
  return [a, b, offset]
}

const diagonalOp = defineOp<'input', Diagonal>('diagonal', ['input'], {
  derivative: {
    input: (grad, _saved, { params, shapes }) => embedded(grad, shapes[0] as Shape, params),
  },
})

const diagEmbedOp = defineOp<'input', Diagonal>('diagEmbed', ['input'], {
  derivative: { input: (grad, _saved, { params }) => diagonalOf(grad, params) },
})

/** The diagonal as a view, with its elements as the last axis. */
function diagonalOf(input: Tensor, params: Diagonal): Tensor {
  const { a, b } = params
  const rest = input._shape.filter((_, i) => i !== a && i !== b)
  const shape = [...rest, diagonalLength(input._shape, params)]
  return run(diagonalOp, [input], shape, input._dtype, numbersOf(params), params)
}

/** Zeros of `shape` with the last axis of `input` on the diagonal. */
function embedded(input: Tensor, shape: Shape, params: Diagonal): Tensor {
  return run(diagEmbedOp, [input], shape, input._dtype, numbersOf(params), params)
}

/** Number of elements on a diagonal of a tensor of this shape. @internal */
export function diagonalLength(shape: Shape, { a, b, offset }: Diagonal): number {
  const rows = (shape[a] as number) + Math.min(offset, 0)
  const columns = (shape[b] as number) - Math.max(offset, 0)
  return Math.max(0, Math.min(rows, columns))
}

/** @throws {ValueError, IndexError} unless the offset is whole and the axes are two. @internal */
export function checkDiagonal(
  op: string,
  input: Tensor,
  rank: number,
  offset: number,
  dim1: number,
  dim2: number,
): Diagonal {
  const a = normalizeAxis(op, dim1, rank, input)
  const b = normalizeAxis(op, dim2, rank, input)
  if (a === b || rank < 2) {
    throw new ValueError(
      op,
      { input },
      rank < 2 ? 'a diagonal needs two axes' : `dim1 and dim2 are the same axis ${a}`,
      'name the two axes of the matrices',
    )
  }
  return { a, b, offset: wholeOffset(op, input, offset) }
}

function wholeOffset(op: string, input: Tensor, offset: number): number {
  if (Number.isSafeInteger(offset)) return offset
  throw new ValueError(
    op,
    { input },
    `the diagonal is a whole number, not ${show(offset)}`,
    '0 is the main diagonal, 1 the one above',
  )
}

/** What {@link diagonal} and {@link diagEmbed} take by name. */
export interface DiagonalOptions {
  /** 0 is the main diagonal, positive ones are above, negative below. Default 0. */
  offset?: number
  /** The rows' axis. Default 0; of {@link diagEmbed} -2. */
  dim1?: number
  /** The columns' axis. Default 1; of {@link diagEmbed} -1. */
  dim2?: number
}

type DiagonalArguments = Arguments<DiagonalOptions, ['offset', 'dim1', 'dim2']>

const DIAGONAL = ['offset', 'dim1', 'dim2']
const readDiagonal = parameters<[number, number, number]>('diagonal', DIAGONAL)
const readDiagEmbed = parameters<[number, number, number]>('diagEmbed', DIAGONAL)

/**
 * A diagonal of the matrices of two axes; shares storage.
 *
 * Shapes: input with axes dim1 and dim2 of sizes m and n -> the other axes, then the diagonal's
 * elements: min(m, n - offset), or min(m + offset, n) below the main diagonal.
 *
 * @throws {IndexError, ValueError} unless dim1 and dim2 are two axes of the tensor.
 * @see torch.diagonal
 */
export function diagonal<D extends DType>(
  input: Tensor<D>,
  ...given: DiagonalArguments
): Tensor<D> {
  requireTensor('diagonal', 'input', input)
  const [offset = 0, dim1 = 0, dim2 = 1] = readDiagonal(given)
  return diagonalOf(input, checkDiagonal('diagonal', input, input.ndim, offset, dim1, dim2))
}

/**
 * Matrices whose diagonal is the last axis of `input`, with zeros beside it.
 *
 * Shapes: input `[.., n]` -> n + |offset| rows and columns at axes dim1 and dim2 of the result, the
 * other axes around them.
 *
 * @throws {IndexError, ValueError} unless dim1 and dim2 are two axes of the result.
 * @see torch.diag_embed
 */
export function diagEmbed<D extends DType>(
  input: Tensor<D>,
  ...given: DiagonalArguments
): Tensor<D> {
  requireTensor('diagEmbed', 'input', input)
  const [offset = 0, dim1 = -2, dim2 = -1] = readDiagEmbed(given)
  if (input.ndim === 0) {
    throw new ShapeError('diagEmbed', { input }, 'the tensor has no axis', 'add one: unsqueeze(0)')
  }
  const params = checkDiagonal('diagEmbed', input, input.ndim + 1, offset, dim1, dim2)
  const size = (input.shape.at(-1) as number) + Math.abs(params.offset)
  const rest = input.shape.slice(0, -1)
  const shape = Array.from({ length: input.ndim + 1 }, (_, i) =>
    i === params.a || i === params.b ? size : (rest.shift() as number),
  )
  return embedded(input, checkShape('diagEmbed', shape), params)
}

/** What {@link diag}, {@link tril} and {@link triu} take by name. */
export interface DiagOptions {
  /** 0 is the main diagonal, positive ones are above, negative below. Default 0. */
  diagonal?: number
}

const readDiag = parameters<[number]>('diag', ['diagonal'])

/**
 * The matrix with `input` on its diagonal if `input` has one axis; a copy of the diagonal if it has
 * two.
 *
 * @throws {ShapeError} for other numbers of axes.
 * @see torch.diag
 */
export function diag<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<DiagOptions, ['diagonal']>
): Tensor<D> {
  requireTensor('diag', 'input', input)
  const [offset = 0] = readDiag(given)
  if (input.ndim === 1) return diagEmbed(input, offset)
  if (input.ndim === 2) return diagonal(input, offset).clone()
  throw new ShapeError(
    'diag',
    { input },
    `the tensor has ${input.ndim} axes, diag() takes one or two`,
    'use diagonal() or diagEmbed() for batches',
  )
}

/** What {@link diagflat} takes by name. */
export interface DiagflatOptions {
  /** 0 is the main diagonal, positive ones are above, negative below. Default 0. */
  offset?: number
}

const readDiagflat = parameters<[number]>('diagflat', ['offset'])

/** The matrix with all elements of `input` on its diagonal. @see torch.diagflat */
export function diagflat<D extends DType>(
  input: Tensor<D>,
  ...given: Arguments<DiagflatOptions, ['offset']>
): Tensor<D> {
  requireTensor('diagflat', 'input', input)
  const [offset = 0] = readDiagflat(given)
  return diagEmbed(input.reshape(input.numel()), offset)
}

/** What {@link DiagonalMethods.fillDiagonal_} takes by name. */
export interface FillDiagonalOptions {
  fillValue: number
  /** Begin again below the diagonal of a tall matrix, after a row that is left alone. Default false. */
  wrap?: boolean
}

const readFillDiagonal = parameters<[number, boolean]>('fillDiagonal_', ['fillValue', 'wrap'])

function fillDiagonal_(
  input: Tensor,
  ...given: Arguments<FillDiagonalOptions, ['fillValue', 'wrap']>
): Tensor {
  requireTensor('fillDiagonal_', 'input', input)
  const [fillValue, wrap = false] = readFillDiagonal(given)
  const [rows = 0, columns = 0] = input.shape
  if (input.ndim < 2 || (input.ndim > 2 && input.shape.some((size) => size !== rows))) {
    throw new ShapeError(
      'fillDiagonal_',
      { input },
      input.ndim < 2
        ? 'a diagonal needs two axes'
        : `all sizes of more than two axes must be equal, but are ${formatShape(input.shape)}`,
      'fill a view: x.diagonal().fill_(value)',
    )
  }
  const value = fillValue as number
  if (input.ndim === 2 && wrap) {
    for (let row = 0; row < rows; row += columns + 1) {
      diagonal(input.narrow(0, row, Math.min(columns, rows - row))).fill_(value)
    }
    return input
  }
  let line = diagonal(input)
  while (line.ndim > 1) line = diagonal(line, 0, 0, -1)
  line.fill_(value)
  return input
}

interface TriangleParams {
  diagonal: number
}

function triangle(name: string, upper: boolean): Op<TriangleParams> {
  const op: Op<TriangleParams> = defineOp<'input', TriangleParams>(name, ['input'], {
    kernel: 'triangle',
    derivative: {
      input: (grad, _saved, { params }) =>
        run(op, [grad], grad._shape, grad._dtype, [params.diagonal, Number(upper)], params),
    },
  })
  return op
}

const trilOp = triangle('tril', false)
const triuOp = triangle('triu', true)

const readTril = parameters<[number]>('tril', ['diagonal'])
const readTriu = parameters<[number]>('triu', ['diagonal'])

/** Checks the arguments of a triangle; gives its diagonal. */
function triangleOf(op: string, input: Tensor, offset = 0): number {
  requireTensor(op, 'input', input)
  if (input.ndim < 2) {
    throw new ShapeError(
      op,
      { input },
      `a matrix has two axes, the tensor ${input.ndim}`,
      'add axes with unsqueeze()',
    )
  }
  return wholeOffset(op, input, offset)
}

type TriangleArguments = Arguments<DiagOptions, ['diagonal']>

/**
 * The matrices of the last two axes with zeros above a diagonal.
 *
 * Shapes: input `[.., m, n]` -> same.
 *
 * @throws {ShapeError} for tensors with fewer than two axes.
 * @see torch.tril
 */
export function tril<D extends DType>(input: Tensor<D>, ...given: TriangleArguments): Tensor<D> {
  const at = triangleOf('tril', input, readTril(given)[0])
  return run(trilOp, [input], input._shape, input._dtype, [at, 0], { diagonal: at })
}

/**
 * The matrices of the last two axes with zeros below a diagonal.
 *
 * Shapes: input `[.., m, n]` -> same.
 *
 * @throws {ShapeError} for tensors with fewer than two axes.
 * @see torch.triu
 */
export function triu<D extends DType>(input: Tensor<D>, ...given: TriangleArguments): Tensor<D> {
  const at = triangleOf('triu', input, readTriu(given)[0])
  return run(triuOp, [input], input._shape, input._dtype, [at, 1], { diagonal: at })
}

function tril_(input: Tensor, ...given: TriangleArguments): Tensor {
  const at = triangleOf('tril_', input, readTril(given)[0])
  runInPlace(trilOp, [input], [input], [at, 0], { diagonal: at })
  return input
}

function triu_(input: Tensor, ...given: TriangleArguments): Tensor {
  const at = triangleOf('triu_', input, readTriu(given)[0])
  runInPlace(triuOp, [input], [input], [at, 1], { diagonal: at })
  return input
}

export interface DiagonalMethods<D extends DType = AnyDType> {
  /** See {@link diagonal}. */
  diagonal(...given: DiagonalArguments): Tensor<D>
  /** See {@link diagEmbed}. */
  diagEmbed(...given: DiagonalArguments): Tensor<D>
  /** See {@link diag}. */
  diag(...given: Arguments<DiagOptions, ['diagonal']>): Tensor<D>
  /** See {@link diagflat}. */
  diagflat(...given: Arguments<DiagflatOptions, ['offset']>): Tensor<D>
  /**
   * Writes one value on the main diagonal: of a matrix, or of more axes of one size.
   *
   * @throws {ShapeError} for other shapes.
   * @see torch.Tensor.fill_diagonal_
   */
  fillDiagonal_(...given: Arguments<FillDiagonalOptions, ['fillValue', 'wrap']>): Tensor<D>
  /** See {@link tril}. */
  tril(...given: TriangleArguments): Tensor<D>
  /** Writes zeros above a diagonal. See {@link tril}. */
  tril_(...given: TriangleArguments): Tensor<D>
  /** See {@link triu}. */
  triu(...given: TriangleArguments): Tensor<D>
  /** Writes zeros below a diagonal. See {@link triu}. */
  triu_(...given: TriangleArguments): Tensor<D>
}

export const diagonalMethods: MethodTable<DiagonalMethods> = {
  diagonal,
  diagEmbed,
  diag,
  diagflat,
  fillDiagonal_,
  tril,
  tril_,
  triu,
  triu_,
}
