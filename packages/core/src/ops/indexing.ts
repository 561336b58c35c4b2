/** Indexing as in Python: `x.at(…)` reads what `x[…]` does there, `x.setAt([…], value)` assigns. */
import { tensor } from '../creation.ts'
import type { Operand } from '../elementwise.ts'
import { requireTensor } from '../elementwise.ts'
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import type { DType } from '../dtype.ts'
import { BOOL, UINT8 } from '../dtype.ts'
import { DTypeError, IndexError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, run, runInPlace } from '../op.ts'
import { internally } from '../scope.ts'
import type { Shape } from '../shape.ts'
import { numElements } from '../shape.ts'
import { show } from '../show.ts'
import type { AnyDType, NestedArray } from '../tensor.ts'
import { Tensor } from '../tensor.ts'
import type { IndexGroup } from './index-groups.ts'
import { fitValue, isIndexCode, joinIndices, putGroup, takeGroup } from './index-groups.ts'
import type { AdvancedPart, Index, IndexPlan, Span } from './index-plan.ts'
import { isBasic, planIndex, spreadIndex, withPlaces } from './index-plan.ts'
import { fillMasked, maskedSelect } from './masking.ts'
import { transferred } from './transfer.ts'

export type { Index, Span } from './index-plan.ts'
export { span } from './index-plan.ts'

/** A window of a tensor: see window_of in native/kernels/indexing.cc. */
interface WindowParams {
  tokens: readonly number[]
  /** Of the window. */
  shape: Shape
}

const atOp = defineOp<'input', WindowParams>('at', ['input'], {
  derivative: {
    input: (grad, _saved, { params, shapes }) =>
      run(atGradOp, [grad], shapes[0] as Shape, grad._dtype, params.tokens, params),
  },
})

const atGradOp = defineOp<'grad', WindowParams>('atGrad', ['grad'], {
  derivative: { grad: (grad, _saved, { params }) => windowOf(grad, params) },
})

/** A view of the window. */
function windowOf(input: Tensor, { tokens, shape }: WindowParams): Tensor {
  return run(atOp, [input], shape, input._dtype, tokens, { tokens, shape })
}

interface SetParams extends WindowParams {
  add: boolean
}

const setAtOp = defineOp<'input' | 'value', SetParams>('setAt', ['input', 'value'], {
  derivative: {
    input: (grad, _saved, { params }) => (params.add ? grad : clearWindow(grad, params)),
    value: (grad, _saved, { params }) => windowOf(grad, params),
  },
})

/** A copy with zeros in the window. */
function clearWindow(input: Tensor, params: WindowParams): Tensor {
  const numbers = [0, ...params.tokens]
  return run(setAtOp, [input, 0], input._shape, input._dtype, numbers, { ...params, add: false })
}

/** Writes to the window of `input`, or adds to it. */
function setWindow(
  op: string,
  input: Tensor,
  value: Operand,
  { tokens, shape }: IndexPlan,
  add: boolean,
): void {
  const numbers = [add ? 1 : 0, ...tokens]
  const params = { tokens, shape, add }
  runInPlace(setAtOp, [input], [input, value], numbers, params, input._dtype, op)
}

/**
 * Index tensors on a tensor: its axes in the order in which one index can replace neighbouring ones,
 * that index, and what it replaces. Indexed axes that are apart come first, as in NumPy.
 */
interface Gathering {
  order: readonly number[] | null
  index: Tensor
  group: IndexGroup
}

function gathering(op: string, shape: Shape, given: readonly AdvancedPart[]): Gathering {
  const parts = given.map(withPlaces)
  const first = parts[0] as AdvancedPart
  if (parts.length === 1) {
    const { axis, count, index, label } = first
    return { order: null, index, group: { axis, count, wraps: true, label } }
  }
  const index = joinIndices(
    op,
    parts.map(({ axis, count, index: own, label }) => ({
      index: own,
      places: numElements(shape.slice(axis, axis + count)),
      label,
    })),
  )
  const axes = parts.flatMap(({ axis, count }) => Array.from({ length: count }, (_, i) => axis + i))
  const together = axes.every((axis, i) => axis === first.axis + i)
  const rest = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis))
  const group = {
    axis: together ? first.axis : 0,
    count: axes.length,
    wraps: false,
    label: first.label,
  }
  return { order: together ? null : [...axes, ...rest], index, group }
}

const FIRST_AXIS: IndexGroup = { axis: 0, count: 1, wraps: true, label: 0 }

/**
 * The part of `input` that an index names. Numbers, slices, `null` and `'...'` give a view; index
 * tensors, masks and arrays a copy.
 *
 * Several index tensors broadcast. Their axes are replaced by those of the broadcast index: in place
 * where they are neighbours, else in front.
 *
 * @throws {IndexError} naming an index out of range, or for too many indices. @throws {ValueError}
 * for a step below 1 and what is no index. @throws {ShapeError} if index tensors do not broadcast.
 * @see torch.Tensor.__getitem__
 */
function at(input: Tensor, ...given: (Index | readonly Index[] | undefined)[]): Tensor {
  requireTensor('at', 'input', input)
  const [only] = given
  if (given.length === 1) {
    if (typeof only === 'number') {
      // The most frequent index.
      const size = input._shape[0] ?? 0
      if (Number.isInteger(only) && only >= -size && only < size) return input.select(0, only)
    } else if (only instanceof Tensor && only.ndim > 0 && input.ndim > 0) {
      if (isIndexCode(only._dtype) && only._dtype !== UINT8) {
        return takeGroup('at', input, transferred('at', only, input.device), FIRST_AXIS)
      }
    }
  }
  const indices = spreadIndex(given)
  if (indices.every((index) => isBasic('at', index))) {
    return windowOf(input, planIndex('at', input, indices))
  }
  return internally(() => {
    const plan = planIndex('at', input, indices)
    const base = plan.whole && plan.advanced.length > 0 ? input : windowOf(input, plan)
    const [first] = plan.advanced
    if (first === undefined) return base
    const coversAll = plan.advanced.length === 1 && first.count === base.ndim
    if (coversAll && first.index._dtype === BOOL) return maskedSelect(base, first.index)
    const { order, index, group } = gathering('at', plan.shape, plan.advanced)
    return takeGroup('at', order === null ? base : base.permute(order), index, group)
  })
}

/** A value that can be assigned. */
export type Assignable = Tensor | NestedArray

export interface SetAtOptions {
  /** Add the value to what is there, also where positions repeat. Default false. */
  accumulate?: boolean
}

function assignable(op: string, value: Assignable, input: Tensor): Operand {
  if (value instanceof Tensor || typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  if (Array.isArray(value)) return tensor(value, { dtype: input.dtype, device: input.device })
  throw new ValueError(
    op,
    [{ name: 'value', description: value === null ? 'null' : typeof value }],
    'the value must be a tensor, a number or an array',
    'x.setAt([0], 1)',
  )
}

/** Writes `value` at index tensors on `base`, in place. */
function putAdvanced(
  op: string,
  base: Tensor,
  value: Operand,
  advanced: readonly AdvancedPart[],
  add: boolean,
): void {
  const [first] = advanced as [AdvancedPart]
  if (advanced.length === 1 && first.index._dtype === BOOL && !add) {
    if (!(value instanceof Tensor) || value.ndim === 0) {
      const behind = base.ndim - first.axis - first.count
      const mask = first.index.reshape([
        ...first.index._shape,
        ...Array.from({ length: behind }, () => 1),
      ])
      fillMasked(op, base, mask, fitValue(op, value, base, []))
      return
    }
  }
  const { order, index, group } = gathering(op, base._shape, advanced)
  const turned = order === null ? base : base.permute(order)
  const shape = [
    ...turned._shape.slice(0, group.axis),
    ...index._shape,
    ...turned._shape.slice(group.axis + group.count),
  ]
  const values = fitValue(op, value, base, shape)
  putGroup(op, turned, index, values, { ...group, add, alpha: 1 }, true)
}

/** What `setAt` is given: one index or a list of them, or one after another; then the value. */
type SetAtArguments = readonly (Index | readonly Index[] | Assignable | SetAtOptions | undefined)[]

function isSetAtOptions(last: unknown): last is SetAtOptions | undefined {
  return (
    last === undefined ||
    (typeof last === 'object' && last !== null && !Array.isArray(last) && !(last instanceof Tensor))
  )
}

/**
 * Assigns to the part of `input` that an index names, in place; `value` broadcasts and takes the
 * dtype. Where positions repeat, the last value stays, or all are added with `accumulate`.
 *
 * @throws {IndexError, ValueError} as `at`. @throws {ShapeError} if the value does not broadcast.
 * @see torch.Tensor.__setitem__; torch.Tensor.index_put_
 */
function setAt(input: Tensor, ...given: SetAtArguments): Tensor {
  requireTensor('setAt', 'input', input)
  const last = given.length > 2 ? given.at(-1) : null
  const options = isSetAtOptions(last) ? last : undefined
  const end = given.length - (isSetAtOptions(last) ? 1 : 0) - 1
  const value = (end > 0 ? given[end] : undefined) as Assignable
  const indices = given.slice(0, Math.max(end, 1)) as (Index | readonly Index[])[]
  const [only] = indices
  const list = indices.length === 1 ? (Array.isArray(only) ? only : [only]) : indices
  return write('setAt', input, list as readonly Index[], value, options?.accumulate ?? false)
}

/** Writes (or adds) `value` to the part of `input` that the indices name; returns `input`. */
function write(
  op: string,
  input: Tensor,
  indices: readonly Index[],
  value: Assignable,
  add: boolean,
): Tensor {
  internally(() => {
    const plan = planIndex(op, input, indices)
    const given = assignable(op, value, input)
    if (plan.advanced.length === 0) {
      // Such a part is copied to, from wherever the value is.
      const near = given instanceof Tensor ? transferred(op, given, input.device) : given
      setWindow(op, input, fitValue(op, near, input, plan.shape), plan, add)
    } else {
      putAdvanced(op, plan.whole ? input : windowOf(input, plan), given, plan.advanced, add)
    }
  })
  return input
}

export interface IndexPutOptions extends SetAtOptions {
  /** An index tensor or mask for each of the first axes; `null` leaves an axis whole. */
  indices: readonly (Tensor | null)[]
  /** What is written; broadcasts to the indexed part, and has the dtype of the input. */
  values: Tensor
}

/** What `indexPut` takes after its tensor, by position or by name. */
export type IndexPutArguments = Arguments<IndexPutOptions, ['indices', 'values', 'accumulate']>

const readIndexPut = parameters<[(Tensor | null)[], Tensor, boolean]>('indexPut', [
  'indices',
  'values',
  'accumulate',
])

const WHOLE_AXIS: Span = {}

function putInto(op: string, input: Tensor, given: readonly unknown[]): Tensor {
  const [indices, values, accumulate = false] = readIndexPut(given)
  requireTensor(op, 'values', values)
  if (!Array.isArray(indices) || !indices.every((x) => x === null || x instanceof Tensor)) {
    throw new ValueError(
      op,
      { input, values },
      `indices are an array of tensors, or null for a whole axis, not ${show(indices)}`,
      'x.indexPut([rows, columns], values)',
    )
  }
  if (indices.every((index) => index === null)) {
    throw new IndexError(op, { input, values }, 'at least one index is needed', 'use copy_()')
  }
  if (values._dtype !== input._dtype) {
    throw new DTypeError(
      op,
      { input, values },
      `the values must have the dtype of the input, ${input.dtype}, not ${values.dtype}`,
      `convert: values.to('${input.dtype}')`,
    )
  }
  const parts = indices.map((index: Tensor | null) => index ?? WHOLE_AXIS)
  return write(op, input, parts, values, accumulate)
}

/**
 * A copy of `input` with `values` written (or with `accumulate` added) at index tensors.
 *
 * Shapes: the index tensors broadcast, masks count for each of their axes; the values broadcast to
 * the indexed part. Where positions repeat, the last value stays, or all are added.
 *
 * @throws {IndexError} naming an index out of range. @throws {ShapeError} if the values do not
 * broadcast. @throws {DTypeError} if they have another dtype than the input.
 * @see torch.index_put
 */
export function indexPut<D extends DType>(
  input: Tensor<D>,
  ...given: IndexPutArguments
): Tensor<D> {
  requireTensor('indexPut', 'input', input)
  return putInto('indexPut', input.clone(), given)
}

/** {@link indexPut}, writing into `input`. @see torch.index_put_ */
export function indexPut_<D extends DType>(
  input: Tensor<D>,
  ...given: IndexPutArguments
): Tensor<D> {
  requireTensor('indexPut_', 'input', input)
  return putInto('indexPut_', input, given)
}

export interface IndexingMethods<D extends DType = AnyDType> {
  /**
   * The part that an index names, as `x[…]` does in Python: `x.at(0)`, `x.at('1:3, ..., ::2')`,
   * `x.at(mask)`, `x.at([0, 2], null, span(1))`. Numbers, slices, `null` and `'...'` give a view,
   * index tensors, masks and arrays a copy. See {@link Index}. One array with slices, tensors or
   * arrays in it stands for several indices.
   *
   * @throws {IndexError} naming an index out of range, or for too many indices.
   * @throws {ValueError} for text that is no index, pointing to the character.
   * @see torch.Tensor.__getitem__
   */
  at(...indices: Index[]): Tensor<D>
  at(indices: readonly Index[]): Tensor<D>
  /**
   * Assigns to the part that an index names, as `x[…] = value` does in Python: `x.setAt(0, 5)`,
   * `x.setAt(':', 0, 5)`, `x.setAt('1:3, 0', 5)`. One array stands for several indices.
   * The value broadcasts and takes the dtype. Where positions repeat, the last value stays, or all
   * are added with `accumulate`. Returns the tensor itself.
   *
   * @throws {IndexError} naming an index out of range, or for too many indices.
   * @throws {ShapeError} if the value does not broadcast.
   * @see torch.Tensor.__setitem__
   */
  setAt(...given: [first: Index, second: Index, ...more: Index[], value: Assignable]): Tensor<D>
  setAt(
    ...given: [
      first: Index,
      second: Index,
      ...more: Index[],
      value: Assignable,
      options: SetAtOptions,
    ]
  ): Tensor<D>
  setAt(indices: Index | readonly Index[], value: Assignable, options?: SetAtOptions): Tensor<D>
  /** See {@link indexPut}. */
  indexPut(...given: IndexPutArguments): Tensor<D>
  /** {@link indexPut}, writing into this tensor. */
  indexPut_(...given: IndexPutArguments): Tensor<D>
}

export const indexingMethods: MethodTable<IndexingMethods> = {
  at,
  setAt,
  indexPut,
  indexPut_,
}
