/** Questions about tensors, as functions; most are methods too. */
import type { DType } from './dtype.ts'
import { dtypeName } from './dtype.ts'
import type { Value } from './elementwise.ts'
import { operandOf, resultType as resultCode } from './elementwise.ts'
import type { Tensor } from './tensor.ts'
import { requireTensor } from './tensor.ts'

export { isTensor } from './scope.ts'

/** Is the tensor's dtype float16, bfloat16, float32 or float64? @see torch.is_floating_point */
export function isFloatingPoint(input: Tensor): boolean {
  requireTensor('isFloatingPoint', 'input', input)
  return input.isFloatingPoint()
}

/** Has the tensor's dtype negative numbers? @see torch.is_signed */
export function isSigned(input: Tensor): boolean {
  requireTensor('isSigned', 'input', input)
  return input.isSigned()
}

/**
 * Is the only element not zero?
 *
 * @throws {ShapeError} if there is not exactly one element.
 * @see torch.is_nonzero
 */
export function isNonzero(input: Tensor): boolean {
  requireTensor('isNonzero', 'input', input)
  return input.isNonzero()
}

/** Have both tensors the same shape? @see torch.is_same_size */
export function isSameSize(input: Tensor, other: Tensor | { other: Tensor }): boolean {
  requireTensor('isSameSize', 'input', input)
  return input.isSameSize(other)
}

/** Number of elements. @see torch.numel */
export function numel(input: Tensor): number {
  requireTensor('numel', 'input', input)
  return input.numel()
}

/** The number of the device that holds the tensor; -1 for the processor. @see torch.get_device */
export function getDevice(input: Tensor): number {
  requireTensor('getDevice', 'input', input)
  return input.getDevice()
}

/**
 * The dtype in which two operands of arithmetic meet. Tensors with axes decide, then tensors without
 * axes, then numbers; a later group only counts if its category (bool < integer < floating) is
 * higher. Whole numbers count as int64, others as the default dtype, `true` and `false` as bool.
 *
 * @throws {ValueError} for anything but tensors, numbers and booleans.
 * @see torch.result_type
 */
export function resultType(tensor1: Value, tensor2: Value): DType {
  return dtypeName(
    resultCode([
      operandOf('resultType', 'tensor1', tensor1),
      operandOf('resultType', 'tensor2', tensor2),
    ]),
  )
}
