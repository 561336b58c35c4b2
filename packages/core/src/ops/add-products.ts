/** Matrix products that are added to something, scaled by beta and alpha. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { tensor } from '../creation.ts'
import type { DTypeCode } from '../dtype.ts'
import { BFLOAT16, BOOL, FLOAT16, isFloatingCode, promote } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { ShapeError, ValueError } from '../errors.ts'
import { inPlaceOf } from '../in-place.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs, run } from '../op.ts'
import type { Shape } from '../shape.ts'
import { broadcastShapes, formatShape, sameShape } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { requireBatches } from './matmul.ts'
import {
  leftGradient,
  productShape,
  productType,
  requireRank,
  rightGradient,
} from './product-rules.ts'

/** Factors of the two terms. */
export interface ScaleOptions {
  /** Factor of the input; 0 leaves it out, whatever it holds. Default 1. */
  beta?: number
  /** Factor of the product. Default 1. */
  alpha?: number
}

/** What {@link addmm} takes by name. */
export interface AddmmOptions extends ScaleOptions {
  mat1: Tensor
  mat2: Tensor
}

/** What {@link addmv} takes by name. */
export interface AddmvOptions extends ScaleOptions {
  mat: Tensor
  vec: Tensor
}

/** What {@link addr} takes by name. */
export interface AddrOptions extends ScaleOptions {
  vec1: Tensor
  vec2: Tensor
}

/** What {@link baddbmm} and {@link addbmm} take by name. */
export interface BatchOptions extends ScaleOptions {
  batch1: Tensor
  batch2: Tensor
}

type AddmmArguments = Arguments<AddmmOptions, ['mat1', 'mat2', 'beta', 'alpha']>
type AddmvArguments = Arguments<AddmvOptions, ['mat', 'vec', 'beta', 'alpha']>
type AddrArguments = Arguments<AddrOptions, ['vec1', 'vec2', 'beta', 'alpha']>
type BatchArguments = Arguments<BatchOptions, ['batch1', 'batch2', 'beta', 'alpha']>

type Scale = Required<ScaleOptions>

function reader(
  op: string,
  first: string,
  second: string,
): (given: readonly unknown[]) => { a: Tensor; b: Tensor; scale: Scale } {
  const read = parameters<[Tensor, Tensor, number, number]>(op, [first, second, 'beta', 'alpha'])
  return (given) => {
    const [a, b, beta = 1, alpha = 1] = read(given)
    requireTensor(op, first, a)
    requireTensor(op, second, b)
    return { a, b, scale: { beta, alpha } }
  }
}

const readAddmm = reader('addmm', 'mat1', 'mat2')
const readAddmv = reader('addmv', 'mat', 'vec')
const readAddr = reader('addr', 'vec1', 'vec2')
const readBaddbmm = reader('baddbmm', 'batch1', 'batch2')
const readAddbmm = reader('addbmm', 'batch1', 'batch2')

const addmmOp = defineOp<'input' | 'mat1' | 'mat2', Scale>('addmm', ['input', 'mat1', 'mat2'], {
  derivative: {
    input: (grad, _saved, { params }) => scaled(grad, params.beta),
    mat1: needs(['mat2'], (grad, { mat2 }, { params, shapes }) =>
      scaled(leftGradient(grad, mat2 as Tensor, (shapes[1] as Shape).length), params.alpha),
    ),
    mat2: needs(['mat1'], (grad, { mat1 }, { params, shapes }) =>
      scaled(rightGradient(grad, mat1 as Tensor, (shapes[2] as Shape).length), params.alpha),
    ),
  },
})

function scaled(x: Tensor, factor: number): Tensor {
  return factor === 1 ? x : x.mul(factor)
}

/** @throws {ShapeError} unless the input broadcasts to the shape of the product. */
function requireFits(op: string, inputs: Record<string, Tensor>, shape: Shape): void {
  const { input } = inputs as { input: Tensor }
  if (sameShape(broadcastShapes(op, input._shape, shape, inputs), shape)) return
  throw new ShapeError(
    op,
    inputs,
    `input must broadcast to the product's shape ${formatShape(shape)}`,
    'add() broadcasts both operands',
  )
}

/** @throws {ValueError} unless beta and alpha are numbers. */
function requireNumbers(op: string, inputs: Record<string, Tensor>, scale: Scale): void {
  for (const [name, value] of Object.entries(scale) as [string, unknown][]) {
    if (typeof value === 'number') continue
    throw new ValueError(
      op,
      inputs,
      `${name} must be a number, not ${show(value)}`,
      'leave it out for 1',
    )
  }
}

/** @throws {ValueError} for fractions as factors of integer tensors. */
function requireWhole(
  op: string,
  inputs: Record<string, Tensor>,
  scale: Scale,
  dtype: DTypeCode,
): void {
  if (isFloatingCode(dtype)) return
  for (const [name, value] of Object.entries(scale)) {
    if (Number.isSafeInteger(value)) continue
    throw new ValueError(
      op,
      inputs,
      `${name} must be a whole number for integer tensors, not ${value}`,
      "convert the tensors with .to('float32')",
    )
  }
}

/** beta · input + alpha · a · b of operands that have been checked against each other. */
function addProduct(
  op: string,
  names: readonly [string, string],
  input: Tensor,
  a: Tensor,
  b: Tensor,
  scale: Scale,
): Tensor {
  const inputs = { input, [names[0]]: a, [names[1]]: b }
  const shape = productShape(op, a, b, names[1])
  requireFits(op, inputs, shape)
  const common = productType(op, inputs)
  requireNumbers(op, inputs, scale)
  const cast = [castCode(input, common), castCode(a, common), castCode(b, common)]
  return run(addmmOp, cast, shape, common, [scale.beta, scale.alpha], scale)
}

/**
 * A matrix product added to something: beta · input + alpha · mat1 · mat2, in one pass.
 *
 * Shapes: mat1 `[M, K]`, mat2 `[K, N]`, input anything that broadcasts to `[M, N]` -> `[M, N]`.
 * Dtype: their common dtype; for integers, beta and alpha lose their fractions.
 *
 * @throws {ShapeError} for other shapes. @throws {DTypeError} for bool.
 * @see torch.addmm
 */
export function addmm(input: Tensor, ...given: AddmmArguments): Tensor {
  if (autocasting.on) return inAutocast('addmm', addmm, [input, ...given])
  const { a, b, scale } = readAddmm(given)
  requireTensor('addmm', 'input', input)
  requireRank('addmm', 'mat1', a, 2)
  requireRank('addmm', 'mat2', b, 2)
  return addProduct('addmm', ['mat1', 'mat2'], input, a, b, scale)
}

/**
 * A product of matrix and vector added to something: beta · input + alpha · mat · vec.
 *
 * Shapes: mat `[M, K]`, vec `[K]`, input anything that broadcasts to `[M]` -> `[M]`. Dtype and errors:
 * as for {@link addmm}.
 *
 * @see torch.addmv
 */
export function addmv(input: Tensor, ...given: AddmvArguments): Tensor {
  const { a, b, scale } = readAddmv(given)
  requireTensor('addmv', 'input', input)
  requireRank('addmv', 'mat', a, 2)
  requireRank('addmv', 'vec', b, 1)
  return addProduct('addmv', ['mat', 'vec'], input, a, b, scale)
}

/**
 * Products of the matrices of two batches, each added to something:
 * beta · input + alpha · batch1 · batch2.
 *
 * Shapes: batch1 `[B, M, K]`, batch2 `[B, K, N]`, input anything that broadcasts to `[B, M, N]` ->
 * `[B, M, N]`. Dtype and errors: as for {@link addmm}.
 *
 * @see torch.baddbmm
 */
export function baddbmm(input: Tensor, ...given: BatchArguments): Tensor {
  if (autocasting.on) return inAutocast('baddbmm', baddbmm, [input, ...given])
  const { a, b, scale } = readBaddbmm(given)
  requireTensor('baddbmm', 'input', input)
  requireBatches('baddbmm', { batch1: a, batch2: b })
  return addProduct('baddbmm', ['batch1', 'batch2'], input, a, b, scale)
}

/**
 * The sum of the products of the matrices of two batches, added to something:
 * beta · input + alpha · Σ batch1[i] · batch2[i].
 *
 * Shapes: batch1 `[B, M, K]`, batch2 `[B, K, N]`, input anything that broadcasts to `[M, N]` ->
 * `[M, N]`. Dtype and errors: as for {@link addmm}.
 *
 * @see torch.addbmm
 */
export function addbmm(input: Tensor, ...given: BatchArguments): Tensor {
  if (autocasting.on) return inAutocast('addbmm', addbmm, [input, ...given])
  const { a, b, scale } = readAddbmm(given)
  requireTensor('addbmm', 'input', input)
  requireBatches('addbmm', { batch1: a, batch2: b })
  const [count, m, n] = productShape('addbmm', a, b, 'batch2') as [number, number, number]
  const k = a.shape[2] as number
  const common = promote(promote(input._dtype, a._dtype), b._dtype)
  if (count > 0 && (common === FLOAT16 || common === BFLOAT16)) {
    // One after the other, each sum being rounded, as PyTorch does.
    const names = ['batch1', 'batch2'] as const
    let sum = input
    for (let i = 0; i < count; i++) {
      const scaleNow = i === 0 ? scale : { beta: 1, alpha: scale.alpha }
      sum = addProduct('addbmm', names, sum, a.select(0, i), b.select(0, i), scaleNow)
    }
    return sum
  }
  // The sum over the batch is part of the inner axis of one product.
  const rows = a.transpose(0, 1).reshape([m, count * k])
  const columns = b.reshape([count * k, n])
  return addProduct('addbmm', ['batch1', 'batch2'], input, rows, columns, scale)
}

/**
 * An outer product added to something: beta · input + alpha · vec1 · vec2ᵀ.
 *
 * Shapes: vec1 `[M]`, vec2 `[N]`, input anything that broadcasts to `[M, N]` -> `[M, N]`. Dtype: their
 * common dtype; of bools (beta · input) or (alpha · vec1 and vec2), integers take whole beta and alpha.
 *
 * @throws {ShapeError} for other shapes. @throws {ValueError} for fractions with integer tensors.
 * @see torch.addr
 */
export function addr(input: Tensor, ...given: AddrArguments): Tensor {
  const { a, b, scale } = readAddr(given)
  requireTensor('addr', 'input', input)
  requireRank('addr', 'vec1', a, 1)
  requireRank('addr', 'vec2', b, 1)
  const inputs = { input, vec1: a, vec2: b }
  const shape = [a.shape[0] as number, b.shape[0] as number]
  requireFits('addr', inputs, shape)
  const common = promote(promote(input._dtype, a._dtype), b._dtype)
  requireNumbers('addr', inputs, scale)
  requireWhole('addr', inputs, scale, common)
  const rows = castCode(a, common).unsqueeze(1)
  const columns = castCode(b, common).unsqueeze(0)
  const { beta, alpha } = scale
  if (common === BOOL) {
    const both = rows.logicalAnd(columns)
    const term = alpha === 0 ? both.logicalAnd(0) : both
    return beta === 0 ? term : term.logicalOr(input)
  }
  // In half precision the factors are rounded too, as in PyTorch.
  const half = common === FLOAT16 || common === BFLOAT16
  const times = (x: Tensor, factor: number): Tensor =>
    half ? x.mul(tensor(factor, { dtype: x.dtype, device: x.device })) : scaled(x, factor)
  const term = times(rows, alpha).mul(columns)
  return beta === 0 ? term : term.add(times(castCode(input, common), beta))
}

/** {@link addmv}, written into the input. @see torch.addmv_ */
export const addmv_: typeof addmv = inPlaceOf('addmv_', addmv)

export interface AddProductMethods {
  /** See {@link addmm}. */
  addmm(...given: AddmmArguments): Tensor
  /** {@link addmm}, written into the tensor. */
  addmm_(...given: AddmmArguments): Tensor
  /** See {@link addmv}. */
  addmv(...given: AddmvArguments): Tensor
  /** {@link addmv}, written into the tensor. */
  addmv_(...given: AddmvArguments): Tensor
  /** See {@link addr}. */
  addr(...given: AddrArguments): Tensor
  /** {@link addr}, written into the tensor. */
  addr_(...given: AddrArguments): Tensor
  /** See {@link baddbmm}. */
  baddbmm(...given: BatchArguments): Tensor
  /** {@link baddbmm}, written into the tensor. */
  baddbmm_(...given: BatchArguments): Tensor
  /** See {@link addbmm}. */
  addbmm(...given: BatchArguments): Tensor
  /** {@link addbmm}, written into the tensor. */
  addbmm_(...given: BatchArguments): Tensor
}

export const addProductMethods: MethodTable<AddProductMethods> = {
  addmm,
  addmm_: inPlaceOf('addmm_', addmm),
  addmv,
  addmv_,
  addr,
  addr_: inPlaceOf('addr_', addr),
  baddbmm,
  baddbmm_: inPlaceOf('baddbmm_', baddbmm),
  addbmm,
  addbmm_: inPlaceOf('addbmm_', addbmm),
}
