/** Are two tensors equal, or nearly? */
import { parameters } from '../arguments.ts'
import { FLOAT64, isFloatingCode } from '../dtype.ts'
import { operandOf, requireTensor } from '../elementwise.ts'
import { DTypeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { sameShape } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'

export interface CloseOptions {
  /** Largest difference as a share of |other|. Default 1e-5. */
  rtol?: number
  /** Largest difference beside that. Default 1e-8. */
  atol?: number
  /** Is NaN close to NaN? Default false. */
  equalNan?: boolean
}

/** {@link CloseOptions} with the other tensor. */
export interface OtherCloseOptions extends CloseOptions {
  other: Tensor
}

/** The parameters of {@link isclose}, by position or by name. */
export type CloseArguments = [
  other: Tensor | OtherCloseOptions,
  rtol?: number | CloseOptions,
  atol?: number | Omit<CloseOptions, 'rtol'>,
  equalNan?: boolean | Pick<CloseOptions, 'equalNan'>,
]

const NAMES = ['other', 'rtol', 'atol', 'equalNan'] as const

interface Close {
  other: Tensor
  rtol: number
  atol: number
  equalNan: boolean
}

function readClose(op: string, input: Tensor, given: readonly unknown[]): Close {
  requireTensor(op, 'input', input)
  const read = parameters<[Tensor, number, number, boolean]>(op, NAMES)
  const [other, rtol = 1e-5, atol = 1e-8, equalNan = false] = read(given)
  requireTensor(op, 'other', other)
  if (input._dtype !== other._dtype) {
    throw new DTypeError(
      op,
      { input, other },
      `both tensors must be of one dtype, not ${input.dtype} and ${other.dtype}`,
      `convert one with .to('${input.dtype}')`,
    )
  }
  for (const [name, value] of Object.entries({ rtol, atol })) {
    if (typeof value === 'number' && value >= 0) continue
    throw new ValueError(
      op,
      { input, other },
      `${name} must be a number from 0 on, not ${show(value)}`,
      `${name}: 1e-5`,
    )
  }
  return { other, rtol, atol, equalNan }
}

function closeness(input: Tensor, { other, rtol, atol, equalNan }: Close): Tensor {
  let close = input.eq(other)
  if (equalNan) close = close.logicalOr(input.isnan().logicalAnd(other.isnan()))
  if (rtol === 0 && atol === 0) return close
  // Whole numbers are compared as floating ones, which do not wrap.
  const dtype = isFloatingCode(input._dtype) ? input._dtype : FLOAT64
  const a = castCode(input, dtype)
  const b = castCode(other, dtype)
  const apart = a.sub(b).abs()
  return close.logicalOr(apart.isfinite().logicalAnd(apart.le(b.abs().mul(rtol).add(atol))))
}

/**
 * Is |input - other| ≤ atol + rtol · |other|, or are both equal? Infinities are close to themselves
 * only.
 *
 * Shapes: input and other broadcast. Dtype: bool; both tensors must be of one dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} if the dtypes differ.
 * @throws {ValueError} for a negative tolerance.
 * @see torch.isclose
 */
export function isclose(input: Tensor, ...given: CloseArguments): Tensor<'bool'> {
  return closeness(input, readClose('isclose', input, given))
}

/**
 * Are all elements close, as {@link isclose} says? @throws as {@link isclose}. @see torch.allclose
 */
export function allclose(input: Tensor, ...given: CloseArguments): boolean {
  return Boolean(
    closeness(input, readClose('allclose', input, given))
      .all()
      .item(),
  )
}

/**
 * Have both tensors the same dtype, shape and elements? NaN equals nothing.
 *
 * @see torch.equal
 */
export function equal(input: Tensor, other: Tensor | { other: Tensor }): boolean {
  requireTensor('equal', 'input', input)
  const second = operandOf('equal', 'other', other)
  requireTensor('equal', 'other', second)
  if (input._dtype !== second._dtype || !sameShape(input._shape, second._shape)) return false
  return Boolean(input.eq(second).all().item())
}

export interface ClosenessMethods {
  /** See {@link isclose}. */
  isclose(...given: CloseArguments): Tensor<'bool'>
  /** See {@link allclose}. */
  allclose(...given: CloseArguments): boolean
  /** See {@link equal}. */
  equal(other: Tensor | { other: Tensor }): boolean
}

export const closenessMethods: MethodTable<ClosenessMethods> = { isclose, allclose, equal }
