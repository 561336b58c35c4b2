/** Storage seen through sizes and strides of one's own, and what that means for gradients. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { ones } from '../creation.ts'
import { dtypeName } from '../dtype.ts'
import { ShapeError, ValueError } from '../errors.ts'
import { viewInPlace } from '../in-place.ts'
import type { MethodTable } from '../methods.ts'
import { commands, native } from '../native.ts'
import type { BackwardInfo, SavedInputs } from '../op.ts'
import { defineOp, Op, run } from '../op.ts'
import { internally } from '../scope.ts'
import type { Shape } from '../shape.ts'
import { checkShape, formatShape, numElements, sameShape } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { liveId, requireTensor } from '../tensor.ts'

/** Where the elements of a tensor lie in a storage, in elements. */
export interface StridedLayout {
  readonly offset: number
  readonly shape: Shape
  readonly strides: readonly number[]
}

/** A tensor and a view that lies in the same storage. */
export interface ViewLayouts {
  readonly base: StridedLayout
  readonly view: StridedLayout
}

function layoutOf(op: string, input: Tensor): StridedLayout {
  native.info(liveId(op, input))
  const rank = commands[1] as number
  return {
    offset: commands[6] as number,
    shape: input._shape,
    strides: Array.from(commands.subarray(9 + rank, 9 + 2 * rank)),
  }
}

/** One past the last element. */
function endOf({ offset, shape, strides }: StridedLayout): number {
  if (numElements(shape) === 0) return offset
  return shape.reduce((end, size, i) => end + (size - 1) * (strides[i] as number), offset) + 1
}

/** The layouts in the smallest storage that holds both, and its size. */
function together({ base, view }: ViewLayouts): ViewLayouts & { size: number } {
  const first = Math.min(base.offset, view.offset)
  const size = Math.max(endOf(base), endOf(view)) - first
  return {
    base: { ...base, offset: base.offset - first },
    view: { ...view, offset: view.offset - first },
    size,
  }
}

/** Row-major from the start of the storage to its end. */
function isWhole({ offset, shape, strides }: StridedLayout, size: number): boolean {
  let expected = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return false
    expected *= shape[i] as number
  }
  return offset === 0 && expected === size
}

/** Can two elements share memory? May say yes where they do not. */
function mayOverlap({ shape, strides }: StridedLayout): boolean {
  if (numElements(shape) === 0) return false
  const axes = shape
    .map((size, i) => ({ size, stride: strides[i] as number }))
    .filter(({ size }) => size > 1)
    .sort((a, b) => a.stride - b.stride)
  let reach = 0
  for (const { size, stride } of axes) {
    if (stride <= reach) return true
    reach += stride * (size - 1)
  }
  return false
}

const asStridedOp = defineOp<'input', ViewLayouts>('asStrided', ['input'], {
  derivative: {
    input: (grad, _saved, { params }) => {
      const { base, view, size } = together(params)
      const flat = stridedSum(grad, size, view)
      if (!mayOverlap(base)) return fromStorage(flat, base)
      // What several elements of the input share is shared among them.
      const counts = stridedSum(
        ones([...base.shape], { dtype: dtypeName(grad._dtype), device: grad.device }),
        size,
        base,
      )
      return fromStorage(flat.div(counts.clampMin(1)), base)
    },
  },
})

const stridedSumOp = defineOp<'input', StridedLayout>('stridedSum', ['input'], {
  derivative: { input: (grad, _saved, { params }) => fromStorage(grad, params) },
})

/**
 * Zeros of `[size]` with each element of `input` added at its place: what {@link fromStorage} reads,
 * the other way round.
 */
export function stridedSum(input: Tensor, size: number, layout: StridedLayout): Tensor {
  if (isWhole(layout, size)) return input.reshape([size])
  const numbers = [layout.offset, ...layout.strides]
  return run(stridedSumOp, [input], [size], input._dtype, numbers, layout)
}

/** The elements of a storage `[size]` that a layout shows. */
export function fromStorage(storage: Tensor, layout: StridedLayout): Tensor {
  if (isWhole(layout, storage.numel())) return storage.reshape([...layout.shape])
  const flat = storage.contiguous()
  const base = layoutOf('asStrided', flat)
  return strided(flat, { base, view: { ...layout, offset: base.offset + layout.offset } })
}

const stridedZeroOp = defineOp<'input', StridedLayout>('stridedZero', ['input'], {
  derivative: { input: (grad, _saved, { params }) => stridedZero(grad, params) },
})

/** A storage `[size]` with zeros at the elements that a layout shows. */
export function stridedZero(storage: Tensor, layout: StridedLayout): Tensor {
  const { offset, shape, strides } = layout
  const numbers = [shape.length, ...shape, offset, ...strides]
  return run(stridedZeroOp, [storage], storage._shape, storage._dtype, numbers, layout)
}

function strided(input: Tensor, layouts: ViewLayouts): Tensor {
  const { offset, shape, strides } = layouts.view
  return run(asStridedOp, [input], shape, input._dtype, [offset, ...strides], layouts)
}

/**
 * The view of a base as a node of the graph: what native code makes for views whose base was written
 * to. @internal
 */
export const viewOfBase: Op<ViewLayouts> = asStridedOp

/**
 * A base into which a view was written, as a node of the graph: the elements of the view come from
 * the source, all others from the base. @internal
 */
export const writeIntoBase: Op<ViewLayouts> = new Op('copySlices', ['base', 'source'], {
  derivative: { needs: [], formula: writtenGradients },
})

function writtenGradients(
  grads: readonly (Tensor | null)[],
  _saved: SavedInputs,
  { params, needed }: BackwardInfo<ViewLayouts>,
): (Tensor | null)[] {
  const [grad] = grads
  if (!grad) return [null, null]
  const { base, view, size } = together(params)
  const flat = stridedSum(grad, size, base)
  return [
    needed[0] ? fromStorage(stridedZero(flat, view), base) : null,
    needed[1] ? fromStorage(flat, view) : null,
  ]
}

function checkWhole(op: string, name: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw new ValueError(
    op,
    [],
    `${name} must be a whole number ≥ 0, not ${show(value)}`,
    'strides and offsets count elements',
  )
}

/** Layout of `size`, `stride` and `storageOffset` after all checks. */
function requestedLayout(
  op: string,
  input: Tensor,
  size: readonly number[],
  stride: readonly number[],
  storageOffset: number | null | undefined,
): ViewLayouts {
  const shape = checkShape(op, size)
  if (!Array.isArray(stride) || stride.length !== shape.length) {
    throw new ShapeError(
      op,
      { input },
      `size ${formatShape(shape)} and stride ${show(stride)} must be arrays of the same length`,
      'name a stride for each axis',
    )
  }
  const strides = stride.map((value) => checkWhole(op, 'stride', value))
  const base = layoutOf(op, input)
  const offset = checkWhole(op, 'storageOffset', storageOffset ?? base.offset)
  const view = { offset, shape, strides }
  native.info(input._id)
  const room = (commands[5] as number) / input.elementSize()
  if (endOf(view) > room && numElements(shape) > 0) {
    throw new ValueError(
      op,
      { input },
      `size ${formatShape(shape)} with stride ${formatShape(strides)} from ${offset} needs ${endOf(view)} elements, the storage has ${room}`,
      'choose sizes and strides that stay inside of it',
    )
  }
  return { base, view }
}

/** What {@link asStrided} takes by name. */
export interface AsStridedOptions {
  size: readonly number[]
  /** A distance for each axis, in elements; 0 repeats. */
  stride: readonly number[]
  /** Place of the first element in the storage. Default: that of the input. */
  storageOffset?: number | null
}

type AsStridedArguments = Arguments<AsStridedOptions, ['size', 'stride', 'storageOffset']>

const readAsStrided = parameters<[readonly number[], readonly number[], number | null]>(
  'asStrided',
  ['size', 'stride', 'storageOffset'],
)

function asStridedLayouts(op: string, input: Tensor, given: readonly unknown[]): ViewLayouts {
  const [size, stride, storageOffset] = readAsStrided(given)
  return requestedLayout(op, input, size as Shape, stride as Shape, storageOffset)
}

/**
 * The storage of `input` seen through any sizes and strides, which count elements from the start of
 * the storage; elements may overlap. The gradient of a place is the sum over the elements that show
 * it.
 *
 * @throws {ShapeError} unless `size` and `stride` have the same length.
 * @throws {ValueError} for negative strides or offsets, and where the view leaves the storage.
 * @see torch.as_strided
 */
export function asStrided(input: Tensor, ...given: AsStridedArguments): Tensor {
  requireTensor('asStrided', 'input', input)
  return strided(input, asStridedLayouts('asStrided', input, given))
}

/** {@link asStrided} in place: the tensor itself gets the sizes and strides. @see torch.as_strided_ */
export function asStrided_(input: Tensor, ...given: AsStridedArguments): Tensor {
  requireTensor('asStrided_', 'input', input)
  return viewInPlace('asStrided_', input, (self) =>
    strided(self, asStridedLayouts('asStrided_', self, given)),
  )
}

/** What {@link asStridedScatter} takes by name. */
export interface AsStridedScatterOptions extends AsStridedOptions {
  /** What to write; of shape `size`. */
  src: Tensor
}

type AsStridedScatterArguments = Arguments<
  AsStridedScatterOptions,
  ['src', 'size', 'stride', 'storageOffset']
>

const readAsStridedScatter = parameters<
  [Tensor, readonly number[], readonly number[], number | null]
>('asStridedScatter', ['src', 'size', 'stride', 'storageOffset'])

/**
 * A copy of `input`, its strides included, in which the elements that {@link asStrided} would show
 * are those of `src`. Gradients are those of what the function computes; PyTorch 2.13 gives the
 * input the gradient of the elements that were replaced.
 *
 * @throws {ShapeError} unless `src` has the shape `size`. @throws {ValueError} as `asStrided` does.
 * @see torch.as_strided_scatter
 */
export function asStridedScatter(input: Tensor, ...given: AsStridedScatterArguments): Tensor {
  const name = 'asStridedScatter'
  requireTensor(name, 'input', input)
  const [src, size, stride, storageOffset] = readAsStridedScatter(given)
  requireTensor(name, 'src', src)
  const whole = mayOverlap(layoutOf(name, input)) ? input.contiguous() : input
  const { base, view } = requestedLayout(name, whole, size as Shape, stride as Shape, storageOffset)
  if (!sameShape(src._shape, view.shape)) {
    throw new ShapeError(
      name,
      { input, src },
      `src has shape ${formatShape(src._shape)}, size is ${formatShape(view.shape)}`,
      'give src the shape that the view has',
    )
  }
  const end = Math.max(endOf(base), endOf(view))
  return internally(() => {
    const storage = { offset: 0, shape: [end], strides: [1] }
    const copy = strided(whole, { base, view: storage }).clone()
    strided(copy, { base: storage, view }).copy_(src)
    return strided(copy, { base: storage, view: base })
  })
}

export interface StridedMethods {
  /** See {@link asStrided}. */
  asStrided(...given: AsStridedArguments): Tensor
  /** See {@link asStrided_}. */
  asStrided_(...given: AsStridedArguments): Tensor
  /** See {@link asStridedScatter}. */
  asStridedScatter(...given: AsStridedScatterArguments): Tensor
}

export const stridedMethods: MethodTable<StridedMethods> = {
  asStrided,
  asStrided_,
  asStridedScatter,
}
