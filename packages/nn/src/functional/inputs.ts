/** What functions of nn.functional check and convert in common. */
import type { Describable, DType, Tensor } from '@flambeau/core'
import { DTypeError, ShapeError, ValueError } from '@flambeau/core'
import { inPlaceOf, requireTensor, show } from '@flambeau/core/internal'

export { requireTensor }

/** @throws {DTypeError} unless `input` is a floating tensor. */
export function requireFloating(op: string, input: Tensor): void {
  requireTensor(op, 'input', input)
  if (input.isFloatingPoint()) return
  throw new DTypeError(
    op,
    { input },
    `elements must be floating, not ${input.dtype}`,
    "convert with .to('float32')",
  )
}

/** @throws {ValueError} unless all of `numbers` are numbers. */
export function requireNumbers(op: string, input: Tensor, numbers: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (typeof value === 'number') continue
    throw new ValueError(
      op,
      { input },
      `${name} must be a number, not ${show(value)}`,
      `{ ${name}: 1 }`,
    )
  }
}

/** `fn` in float32 for inputs of 16 bits, so that its steps round once. */
export function widened(input: Tensor, fn: (wide: Tensor) => Tensor): Tensor {
  const { dtype } = input
  if (dtype !== 'float16' && dtype !== 'bfloat16') return fn(input)
  return fn(input.to('float32')).to(dtype)
}

/** `fn(input)`, written into the input if `inplace`. */
export function placed(
  op: string,
  input: Tensor,
  inplace: boolean | undefined,
  fn: (input: Tensor) => Tensor,
): Tensor {
  requireTensor(op, 'input', input)
  return inplace === true ? inPlaceOf(op, fn)(input) : fn(input)
}

/** Axes behind batch and channels. @throws {ShapeError} unless there are `least` to `most` of them. */
export function spatialAxes(op: string, input: Tensor, least: number, most: number): number {
  requireTensor(op, 'input', input)
  const axes = input.ndim - 2
  if (axes >= least && axes <= most) return axes
  throw new ShapeError(
    op,
    { input },
    `input must be [N, C, …] with ${least === most ? least : `${least} to ${most}`} further axes, but has ${input.ndim} axes`,
    'add a batch axis with unsqueeze(0)',
  )
}

/** A whole number ≥ `least` for each of `count` axes, given alone or as a list. @throws {ValueError} */
export function wholeNumbers(
  op: string,
  name: string,
  value: unknown,
  count: number,
  least: number,
  inputs: Record<string, Describable> = {},
): number[] {
  const given: unknown[] = Array.isArray(value) ? value : [value]
  const list = given.length === 1 ? Array.from({ length: count }, () => given[0]) : given
  if (
    list.length === count &&
    list.every((part) => Number.isSafeInteger(part) && (part as number) >= least)
  ) {
    return list as number[]
  }
  const bound = least === Number.MIN_SAFE_INTEGER ? '' : ` ≥ ${least}`
  throw new ValueError(
    op,
    inputs,
    `${name} must be a whole number${bound}, or a list of ${count}, not ${show(value)}`,
    `${name}: ${Math.max(least, 1)}`,
  )
}

/** @throws {DTypeError} if the tensors differ in dtype. */
export function requireSameDtype(op: string, tensors: Record<string, Tensor>): DType {
  const list = Object.values(tensors)
  const { dtype } = list[0] as Tensor
  if (list.every((tensor) => tensor.dtype === dtype)) return dtype
  throw new DTypeError(
    op,
    tensors,
    'the tensors must have one dtype',
    `convert with .to('${dtype}')`,
  )
}
