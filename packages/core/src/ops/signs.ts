/** Signs of numbers, their neighbours, and numbers in place of NaN and infinities. */
import { parameters } from '../arguments.ts'
import { zerosLike } from '../creation.ts'
import { BFLOAT16, dtypeName, FLOAT16, isFloatingCode } from '../dtype.ts'
import type { Named, Value } from '../elementwise.ts'
import { binary, inPlace, operandOf, requireTensor, resultType, unary } from '../elementwise.ts'
import { DTypeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import type { Op, OpDefinition } from '../op.ts'
import { defineOp, needs } from '../op.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { finfo } from '../type-info.ts'
import { requireFloating } from './rules.ts'
import { where } from './ternary.ts'

const copysignOp = defineOp('copysign', ['input', 'other'], {
  derivative: {
    input: needs(['input', 'out'], (grad, { input, out }) =>
      grad.mul((input as Tensor).sign().mul((out as Tensor).sign())),
    ),
    other: (grad) => zerosLike(grad),
  },
})

/**
 * |input| with the sign of `other`, elementwise; also of -0 and NaN.
 *
 * Shapes: input and other broadcast. Dtype: their common dtype; integers and bool become the default
 * floating dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 * @see torch.copysign
 */
export function copysign(input: Value, other: Named<'other'>): Tensor {
  return binary(copysignOp, input, other, 'float')
}

type TensorNamed<Name extends string> = Tensor | { readonly [K in Name]: Tensor }

/** The second tensor of a function that takes no numbers. */
function tensorNamed(op: string, name: string, input: Tensor, given: unknown): Tensor {
  requireTensor(op, 'input', input)
  const other = operandOf(op, name, given)
  requireTensor(op, name, other)
  return other
}

// A step of one number beside `input` moves the result as far; where both are equal it is `other`.
const besideInput: OpDefinition<'input' | 'other', null> = {
  derivative: {
    input: needs(['input', 'other'], (grad, { input, other }) =>
      where((input as Tensor).ne(other as Tensor), grad, 0),
    ),
    other: (grad) => zerosLike(grad),
  },
}
const nextafterOp = defineOp('nextafter', ['input', 'other'], besideInput)
const nextafterNarrowOp = defineOp('nextafterNarrow', ['input', 'other'], besideInput)

/** For the kernel: bits of float32 between neighbours, the smallest normal and the largest number. */
const NARROW: ReadonlyMap<number, readonly number[]> = new Map([
  [FLOAT16, [2 ** 13, 2 ** -14, 65504]],
  [BFLOAT16, [2 ** 16, 2 ** -126, (2 - 2 ** -7) * 2 ** 127]],
])

/** The record for the operands' common dtype, and its numbers. */
function nextafterFor(
  op: string,
  input: Tensor,
  other: Tensor,
): [op: Op<null>, numbers: readonly number[] | undefined] {
  requireFloating(op, { input, other })
  const numbers = NARROW.get(resultType([input, other]))
  return [numbers === undefined ? nextafterOp : nextafterNarrowOp, numbers]
}

/**
 * The number next to `input` in the direction of `other`, elementwise.
 *
 * Shapes: input and other broadcast. Dtype: floating, their common dtype.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} for other dtypes.
 * @see torch.nextafter
 */
export function nextafter(input: Tensor, other: TensorNamed<'other'>): Tensor {
  const end = tensorNamed('nextafter', 'other', input, other)
  const [op, numbers] = nextafterFor('nextafter', input, end)
  return binary(op, input, end, 'same', numbers)
}

const heavisideOp = defineOp('heaviside', ['input', 'values'], {
  derivative: { input: 'non-differentiable', values: 'non-differentiable' },
})

function valuesFor(op: string, input: Tensor, given: TensorNamed<'values'>): Tensor {
  const values = tensorNamed(op, 'values', input, given)
  if (input._dtype === values._dtype) return values
  throw new DTypeError(
    op,
    { input, values },
    `input and values must be of one dtype, not ${input.dtype} and ${values.dtype}`,
    `convert values with .to('${input.dtype}')`,
  )
}

/**
 * The step function: 0 below 0, 1 above, and `values` at 0. Not differentiable.
 *
 * Shapes: input and values broadcast. Dtype: the same of both, kept.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {DTypeError} if the dtypes differ.
 * @see torch.heaviside
 */
export function heaviside(input: Tensor, values: TensorNamed<'values'>): Tensor {
  return binary(heavisideOp, input, valuesFor('heaviside', input, values), 'same')
}

export interface NanToNumOptions {
  /** In place of NaN. Default 0. */
  nan?: number | null
  /** In place of ∞. Default: the largest number of the dtype. */
  posinf?: number | null
  /** In place of -∞. Default: the smallest number of the dtype. */
  neginf?: number | null
}

/** The parameters of {@link nanToNum}, by position or by name. */
export type NanToNumArguments = [
  nan?: number | null | NanToNumOptions,
  posinf?: number | null | Omit<NanToNumOptions, 'nan'>,
  neginf?: number | null | Pick<NanToNumOptions, 'neginf'>,
]

const nanToNumOp = defineOp('nanToNum', ['input'], {
  derivative: {
    input: needs(['input'], (grad, { input }) => where((input as Tensor).isfinite(), grad, 0)),
  },
})

type Replacement = number | null

function replacements(op: string, input: Tensor, given: readonly unknown[]): number[] {
  const read = parameters<[Replacement, Replacement, Replacement]>(op, ['nan', 'posinf', 'neginf'])
  const [nan, posinf, neginf] = read(given)
  const { max } = finfo(dtypeName(input._dtype))
  const numbers = [nan ?? 0, posinf ?? max, neginf ?? -max]
  for (const number of numbers) {
    if (typeof number === 'number') continue
    throw new ValueError(
      op,
      { input },
      `a replacement must be a number, not ${show(number)}`,
      'nanToNum(x, { nan: 0 })',
    )
  }
  return numbers
}

/**
 * Numbers in place of NaN and the infinities. No gradient flows where one was.
 *
 * Shapes: input `[*]` -> same. Dtype: kept; integers and bool, which have neither, are copied.
 *
 * @see torch.nan_to_num
 */
export function nanToNum(input: Tensor, ...given: NanToNumArguments): Tensor {
  requireTensor('nanToNum', 'input', input)
  if (!isFloatingCode(input._dtype)) return input.clone()
  return unary(nanToNumOp, input, 'same', replacements('nanToNum', input, given))
}

/** {@link nanToNum}, writing into the tensor. @see torch.nan_to_num_ */
export function nanToNum_(input: Tensor, ...given: NanToNumArguments): Tensor {
  requireTensor('nanToNum_', 'input', input)
  if (!isFloatingCode(input._dtype)) return input
  return inPlace(nanToNumOp, input, [], 'same', replacements('nanToNum_', input, given))
}

export interface SignMethods {
  /** See {@link copysign}. */
  copysign(other: Named<'other'>): Tensor
  /** {@link copysign}, writing into this tensor. */
  copysign_(other: Named<'other'>): Tensor
  /** See {@link nextafter}. */
  nextafter(other: TensorNamed<'other'>): Tensor
  /** {@link nextafter}, writing into this tensor. */
  nextafter_(other: TensorNamed<'other'>): Tensor
  /** See {@link heaviside}. */
  heaviside(values: TensorNamed<'values'>): Tensor
  /** {@link heaviside}, writing into this tensor. */
  heaviside_(values: TensorNamed<'values'>): Tensor
  /** See {@link nanToNum}. */
  nanToNum(...given: NanToNumArguments): Tensor
  /** {@link nanToNum}, writing into this tensor. */
  nanToNum_(...given: NanToNumArguments): Tensor
}

export const signMethods: MethodTable<SignMethods> = {
  copysign,
  copysign_: (self, other) => inPlace(copysignOp, self, [other], 'float'),
  nextafter,
  nextafter_: (self, other) => {
    const end = tensorNamed('nextafter_', 'other', self, other)
    const [op, numbers] = nextafterFor('nextafter_', self, end)
    return inPlace(op, self, [end], 'same', numbers)
  },
  heaviside,
  heaviside_: (self, values) =>
    inPlace(heavisideOp, self, [valuesFor('heaviside_', self, values)], 'same'),
  nanToNum,
  nanToNum_,
}
