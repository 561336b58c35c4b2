/** Tensors made of nothing but sizes and values. Random ones are in random.ts. */
import type { Arguments } from './arguments.ts'
import { parameters } from './arguments.ts'
import type { CreationOptions, FillValue, SizeArguments } from './creation-options.ts'
import {
  checkOptions,
  chooseDtype,
  CREATION,
  emptyCode,
  fillValue as valueOf,
  finish,
  finishLike,
  fullCode,
  readSizes,
} from './creation-options.ts'
import type { Device } from './device.ts'
import type { DType, DTypeCode } from './dtype.ts'
import { BOOL, defaultFloatCode, INT64, isFloatingCode } from './dtype.ts'
import { requireTensor } from './elementwise.ts'
import { ShapeError } from './errors.ts'
import { defineOp, run } from './op.ts'
import type { MemoryFormatOptions } from './ops/memory-format.ts'
import { axesInMemory } from './ops/memory-format.ts'
import type { Shape } from './shape.ts'
import { checkShape, formatShape } from './shape.ts'
import type { AnyDType } from './tensor.ts'
import { Tensor } from './tensor.ts'

export type { CreationOptions, FillValue, SizeArguments } from './creation-options.ts'
export {
  chooseDtype,
  emptyCode,
  finish,
  finishLike,
  fullCode,
  gradientSwitch,
} from './creation-options.ts'
export type { SourceArray, TensorData } from './from-data.ts'
export { fromTypedArray, tensor } from './from-data.ts'
export { arange, linspace } from './ranges.ts'

const FORMATTED = [...CREATION, 'memoryFormat']

/** Options of tensors that may have their axes in another order in memory. */
export type FormattedOptions<D extends DType = DType> = CreationOptions<D> & MemoryFormatOptions

/** A tensor made by `make`, with its axes in memory as options say. */
function inFormat(
  op: string,
  shape: Shape,
  options: FormattedOptions | undefined,
  make: (shape: Shape) => Tensor,
): Tensor {
  const format = options?.memoryFormat ?? undefined
  if (format === undefined || format === 'preserveFormat') return make(shape)
  const axes = axesInMemory(op, shape, format)
  if (axes === null) return make(shape)
  const inner = make(axes.map((axis) => shape[axis] as number))
  return inner.permute(axes.map((_, i) => axes.indexOf(i)))
}

/**
 * A tensor with unspecified contents.
 *
 * @throws {ShapeError} for sizes that are not whole numbers ≥ 0.
 * @see torch.empty
 */
export function empty<D extends DType = AnyDType>(
  ...given: SizeArguments<FormattedOptions<D>>
): Tensor<D> {
  const [size, options] = readSizes<FormattedOptions<D>>('empty', given, FORMATTED)
  const dtype = chooseDtype('empty', options)
  const make = (): Tensor => inFormat('empty', size, options, (shape) => emptyCode(shape, dtype))
  return finish('empty', make, options)
}

/** A tensor of zeros. @throws {ShapeError} for bad sizes. @see torch.zeros */
export function zeros<D extends DType = AnyDType>(
  ...given: SizeArguments<CreationOptions<D>>
): Tensor<D> {
  const [size, options] = readSizes<CreationOptions<D>>('zeros', given)
  const dtype = chooseDtype('zeros', options)
  return finish('zeros', () => fullCode(size, 0, dtype), options)
}

/** A tensor of ones. @throws {ShapeError} for bad sizes. @see torch.ones */
export function ones<D extends DType = AnyDType>(
  ...given: SizeArguments<CreationOptions<D>>
): Tensor<D> {
  const [size, options] = readSizes<CreationOptions<D>>('ones', given)
  const dtype = chooseDtype('ones', options)
  return finish('ones', () => fullCode(size, 1, dtype), options)
}

/** What {@link full} takes by name. */
export interface FullOptions<D extends DType = DType> extends CreationOptions<D> {
  size: readonly number[]
  fillValue: FillValue
}

const readFull = parameters<[readonly number[], FillValue, DType, Device, boolean]>('full', [
  'size',
  'fillValue',
  ...CREATION,
])

/**
 * A tensor of one value. Dtype: what the value implies (bool, int64 for whole numbers, else
 * floating), unless options say.
 *
 * @throws {ShapeError} for bad sizes. @throws {ValueError} for a value that the dtype cannot hold.
 * @see torch.full
 */
export function full<D extends DType = AnyDType>(
  ...given: Arguments<FullOptions<D>, ['size', 'fillValue']>
): Tensor<D> {
  const [size, value, dtype, device, requiresGrad] = readFull(given)
  const number = valueOf('full', value)
  const code = chooseDtype('full', { dtype, device }, impliedDtype(value))
  valueOf('full', number, code)
  const shape = checkShape('full', size as readonly number[])
  return finish('full', () => fullCode(shape, number, code), {
    device: device as Device,
    requiresGrad: requiresGrad === true,
  })
}

function impliedDtype(value: FillValue | undefined): DTypeCode {
  if (value instanceof Tensor)
    return isFloatingCode(value._dtype) ? defaultFloatCode() : value._dtype
  if (typeof value === 'boolean') return BOOL
  return Number.isInteger(value) ? INT64 : defaultFloatCode()
}

/** The tensor lends its order in memory, unless options name one. */
function like(
  op: string,
  input: Tensor,
  options: FormattedOptions | undefined,
  make: (shape: Shape, dtype: DTypeCode, order?: Tensor) => Tensor,
): Tensor {
  requireTensor(op, 'input', input)
  if (options !== undefined) checkOptions(op, options, FORMATTED)
  const dtype = chooseDtype(op, options, input._dtype)
  const format = options?.memoryFormat ?? 'preserveFormat'
  return finishLike(op, input, options, (near) => {
    const order = format === 'preserveFormat' ? (near ?? undefined) : undefined
    return inFormat(op, input._shape, options, (shape) => make(shape, dtype, order))
  })
}

/** Unspecified contents, with the shape and dtype of `input`. @see torch.empty_like */
export function emptyLike<D extends DType = AnyDType>(
  input: Tensor,
  options?: FormattedOptions<D>,
): Tensor<D> {
  return like('emptyLike', input, options, emptyCode)
}

/** Zeros, with the shape and dtype of `input`. @see torch.zeros_like */
export function zerosLike<D extends DType = AnyDType>(
  input: Tensor,
  options?: FormattedOptions<D>,
): Tensor<D> {
  return like('zerosLike', input, options, (shape, dtype, order) =>
    fullCode(shape, 0, dtype, order),
  )
}

/** Ones, with the shape and dtype of `input`. @see torch.ones_like */
export function onesLike<D extends DType = AnyDType>(
  input: Tensor,
  options?: FormattedOptions<D>,
): Tensor<D> {
  return like('onesLike', input, options, (shape, dtype, order) => fullCode(shape, 1, dtype, order))
}

/** What {@link fullLike} takes by name. */
export type FullLikeOptions<D extends DType = DType> = FormattedOptions<D> & {
  fillValue: FillValue
}

const readFullLike = parameters<[FillValue, DType, Device, boolean, MemoryFormatOptions]>(
  'fullLike',
  ['fillValue', ...FORMATTED],
)

/**
 * One value, with the shape and dtype of `input`.
 *
 * @throws {ValueError} for a value that the dtype cannot hold.
 * @see torch.full_like
 */
export function fullLike<D extends DType = AnyDType>(
  input: Tensor,
  ...given: Arguments<FullLikeOptions<D>, ['fillValue']>
): Tensor<D> {
  const [value, dtype, device, requiresGrad, memoryFormat] = readFullLike(given)
  const options = { dtype, device, requiresGrad, memoryFormat } as FormattedOptions
  return like('fullLike', input, options, (shape, code, order) =>
    fullCode(shape, valueOf('fullLike', value, code), code, order),
  )
}

const eyeOp = defineOp('eye', [], { derivative: {} })

/** What {@link eye} takes by name. */
export interface EyeOptions<D extends DType = DType> extends CreationOptions<D> {
  n: number
  /** Columns. Default: as many as rows. */
  m?: number | null
}

const readEye = parameters<[number, number | null, DType, Device, boolean]>('eye', [
  'n',
  'm',
  ...CREATION,
])

/**
 * The identity matrix, or the first `m` columns of one with `n` rows.
 *
 * @throws {ShapeError} for bad sizes.
 * @see torch.eye
 */
export function eye<D extends DType = AnyDType>(
  ...given: Arguments<EyeOptions<D>, ['n', 'm']>
): Tensor<D> {
  const [n, m, dtype, device, requiresGrad] = readEye(given)
  const code = chooseDtype('eye', { dtype, device })
  const shape = checkShape('eye', [n as number, m ?? (n as number)])
  return finish('eye', () => run(eyeOp, [], shape, code), {
    device: device as Device,
    requiresGrad: requiresGrad === true,
  })
}

/** What {@link emptyStrided} takes by name. */
export interface EmptyStridedOptions<D extends DType = DType> extends CreationOptions<D> {
  size: readonly number[]
  /** Distances between neighbours of each axis, in elements. */
  stride: readonly number[]
}

const stridedOp = defineOp('emptyStrided', [], { derivative: {} })

const readStrided = parameters<[readonly number[], readonly number[], DType, Device, boolean]>(
  'emptyStrided',
  ['size', 'stride', ...CREATION],
)

/** A tensor of unspecified contents whose sizes and strides are still to be checked. @internal */
export function emptyStridedCode(
  op: string,
  size: readonly number[] | undefined,
  stride: readonly number[] | undefined,
  dtype: DTypeCode,
): Tensor {
  const shape = checkShape(op, size as readonly number[])
  const strides = checkShape(op, stride as readonly number[])
  if (shape.length !== strides.length) {
    throw new ShapeError(
      op,
      { size: shape, stride: strides },
      `${shape.length} sizes ${formatShape(shape)} need as many strides, not ${strides.length}`,
      'give a stride for each axis',
    )
  }
  const reach = shape.reduce((sum, s, i) => sum + Math.max(s - 1, 0) * (strides[i] as number), 1)
  checkShape(op, [reach])
  return run(stridedOp, [], shape, dtype, strides)
}

/**
 * A tensor with unspecified contents and these distances between its elements in memory, which may
 * lie apart or on each other.
 *
 * @throws {ShapeError} for bad sizes or strides.
 * @see torch.empty_strided
 */
export function emptyStrided<D extends DType = AnyDType>(
  ...given: Arguments<EmptyStridedOptions<D>, ['size', 'stride']>
): Tensor<D> {
  const [size, stride, dtype, device, requiresGrad] = readStrided(given)
  const code = chooseDtype('emptyStrided', { dtype, device })
  const make = (): Tensor => emptyStridedCode('emptyStrided', size, stride, code)
  return finish('emptyStrided', make, {
    device: device as Device,
    requiresGrad: requiresGrad === true,
  })
}
