/** In-place forms: writing a computed result into a tensor that exists, recorded like any operation. */
import type { DTypeCode } from './dtype.ts'
import { category, dtypeName } from './dtype.ts'
import { DTypeError, ShapeError } from './errors.ts'
import { translateError } from './native-errors.ts'
import { native } from './native.ts'
import type { Op } from './op.ts'
import { defineOp, isRecording, runInPlace } from './op.ts'
import { castCode } from './ops/cast.ts'
import { internally, isTensor } from './scope.ts'
import { broadcastShapes, formatShape, sameShape } from './shape.ts'
import type { Tensor } from './tensor.ts'
import { become, liveId, requireTensor } from './tensor.ts'
import { batchOf } from './vmap/batch.ts'

interface CopyParams {
  /** The source's dtype, in which its gradient is. */
  from: DTypeCode
}

// `input` is what is overwritten: nothing of the result depends on what it was.
const copyOp = defineOp<'input' | 'source', CopyParams>('copy', ['input', 'source'], {
  derivative: {
    input: () => null,
    source: (grad, _saved, { params }) => castCode(grad, params.from),
  },
})

/**
 * Writes `source`, which broadcasts, into `target`, converting the dtype. `name` is the operation
 * that errors speak of.
 *
 * @throws {ShapeError} if `source` does not broadcast to the target's shape.
 */
export function overwrite(name: string, target: Tensor, source: Tensor): Tensor {
  const shape = broadcastShapes(name, target._shape, source._shape, { input: target, source })
  if (!sameShape(shape, target._shape)) {
    throw new ShapeError(
      name,
      { input: target, source },
      `the source has more elements than ${formatShape(target._shape)} can hold`,
      "copy into a tensor of the source's shape",
    )
  }
  const params = { from: source._dtype }
  runInPlace(copyOp, [target], [target, source], undefined, params, target._dtype, name)
  return target
}

/** Does a tensor in `value`, or in the arrays and plain objects in it, require a gradient? */
function wantsGradient(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (isTensor(value)) return value._requiresGrad
  return Object.values(value).some((item) => wantsGradient(item))
}

/**
 * The in-place form of a function that has no kernel of its own for it: computes
 * `fn(self, …args)` and writes the result into `self`. Gradients are right because the write is
 * recorded; what `fn` saves of `self` is a copy of what it was.
 *
 * The form throws, as PyTorch does,
 * - {@link ShapeError} if the result's shape is not `self`'s,
 * - {@link DTypeError} if the result's dtype is of a higher category than `self`'s (floating into
 *   integer, integer into bool), and
 * - AutogradError for a leaf that requires a gradient, or a view of one.
 *
 * @example
 *   // In the family's table of methods; arguments are those of the function.
 *   export const fooMethods: MethodTable<FooMethods> = {
 *     foo,
 *     foo_: inPlaceOf('foo_', foo),
 *   }
 *   // Where PyTorch lists the name under torch too:
 *   export const foo_: (input: Tensor, other: Operand) => Tensor = inPlaceOf('foo_', foo)
 *
 * @param name The in-place name, with its underscore: errors speak of it.
 * @param fn Computes the result from `self` and the arguments, without changing `self`.
 */
export function inPlaceOf<A extends readonly unknown[]>(
  name: string,
  fn: (self: Tensor, ...args: A) => Tensor,
): (self: Tensor, ...args: A) => Tensor {
  return (self, ...args) => {
    requireTensor(name, 'input', self)
    return internally(() => {
      const recorded = isRecording() && (self._requiresGrad || wantsGradient(args))
      const result = fn(recorded ? self.clone() : self, ...args)
      requireStorable(name, self, result)
      return overwrite(name, self, result)
    })
  }
}

/**
 * Checks that `result` may become the contents of `self`.
 *
 * @throws {ShapeError, DTypeError} as {@link inPlaceOf} says.
 */
function requireStorable(name: string, self: Tensor, result: Tensor): void {
  if (!sameShape(result._shape, self._shape)) {
    throw new ShapeError(
      name,
      { input: self, result },
      `the result has shape ${formatShape(result._shape)}, which cannot be written into ${formatShape(self._shape)}`,
      'use the form without underscore',
    )
  }
  if (category(result._dtype) > category(self._dtype)) {
    throw new DTypeError(
      name,
      { input: self, result },
      `the result's dtype ${dtypeName(result._dtype)} cannot be stored in ${dtypeName(self._dtype)}`,
      'use the form without underscore, or cast the input first',
    )
  }
}

/**
 * The in-place form of a function that returns a view: `self` gets the view's shape and strides, and
 * goes on with what was recorded. `name` is what errors call it.
 *
 * @throws AutogradError under recording, for a leaf that requires a gradient or a view of one.
 */
export function viewInPlace(name: string, self: Tensor, view: (self: Tensor) => Tensor): Tensor {
  requireTensor(name, 'input', self)
  if (batchOf(self) !== null) {
    become(self, view(self), false)
    return self
  }
  const id = liveId(name, self)
  const recorded = self._requiresGrad && isRecording()
  if (recorded) {
    try {
      native.checkInPlace(id)
    } catch (error) {
      throw translateError(error, copyOp as Op, [self], name)
    }
  }
  // A leaf may change inside of noGrad, and stays what it was.
  internally(() => become(self, view(self), !recorded && self._own))
  return self
}
