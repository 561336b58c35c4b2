/** Tensors made of arrays, buffers, and other tensors. */
import { isNamed, parameters } from './arguments.ts'
import type { CreationOptions } from './creation-options.ts'
import {
  checkOptions,
  chooseDtype,
  CREATION,
  emptyCode,
  fillValue,
  finish,
} from './creation-options.ts'
import type { DType, DTypeCode } from './dtype.ts'
import {
  BOOL,
  category,
  defaultFloatCode,
  dtypeCode,
  dtypeName,
  INT64,
  isFloatingCode,
  itemBytes,
} from './dtype.ts'
import { DTypeError, OutOfMemoryError, ShapeError, ValueError } from './errors.ts'
import { native } from './native.ts'
import { castCode } from './ops/cast.ts'
import { transferred } from './ops/transfer.ts'
import type { Shape } from './shape.ts'
import { checkShape, formatShape, MAX_RANK, numElements } from './shape.ts'
import { show } from './show.ts'
import type { AnyDType, NestedArray, TypedArrayOf } from './tensor.ts'
import { requireTensor, Tensor } from './tensor.ts'

const ARRAY_DTYPES: readonly [Function, DType][] = [
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
  [BigInt64Array, 'int64'],
  [Int32Array, 'int32'],
  [Uint8Array, 'uint8'],
  [Uint8ClampedArray, 'uint8'],
  [Int8Array, 'int8'],
  [Int16Array, 'int16'],
]

/** Typed arrays that have a dtype of their own. */
export type SourceArray = TypedArrayOf | Uint8ClampedArray

/**
 * A copy of a typed array's elements, in row-major order. The dtype is the array's, unless options
 * say: float32, float64, int64 (BigInt64Array), int32, int16, int8, uint8.
 *
 * @throws {ShapeError} if the shape does not have as many elements as the array.
 * @throws {DTypeError} for arrays without a dtype of their own.
 */
export function fromTypedArray<D extends DType = AnyDType>(
  array: SourceArray,
  size?: readonly number[],
  options?: CreationOptions<D>,
): Tensor<D> {
  const own = ARRAY_DTYPES.find(([constructor]) => array instanceof constructor)?.[1]
  if (own === undefined) {
    throw new DTypeError(
      'fromTypedArray',
      [],
      `${show(array)} has no dtype`,
      `use one of ${ARRAY_DTYPES.map(([constructor]) => constructor.name).join(', ')}`,
    )
  }
  const dtype = chooseDtype('fromTypedArray', options, dtypeCode(own))
  const shape = checkShape('fromTypedArray', size ?? [array.length])
  if (numElements(shape) !== array.length) {
    throw new ShapeError(
      'fromTypedArray',
      [{ name: 'array', description: `${array.constructor.name}(${array.length})` }],
      `shape ${formatShape(shape)} has ${numElements(shape)} elements, the array ${array.length}`,
      'pass a shape whose sizes multiply to the length',
    )
  }
  const make = (): Tensor => {
    const tensor = emptyCode(shape, dtypeCode(own))
    native.write(tensor._id, array)
    return dtype === tensor._dtype ? tensor : tensor.to(dtypeName(dtype))
  }
  return finish('fromTypedArray', make, options)
}

/** Room for the elements of a shape. The shape may be a promise of many that are not there. */
function numbersFor(op: string, shape: Shape): Float64Array {
  try {
    return new Float64Array(numElements(shape))
  } catch {
    throw new OutOfMemoryError(
      op,
      { shape },
      `${numElements(shape)} numbers do not fit into memory`,
      'make the tensor in parts, and join them with cat()',
    )
  }
}

/** Shape of nested arrays; every part of an axis must have the same length. */
function nestedShape(values: unknown): number[] {
  const shape: number[] = []
  for (let level: unknown = values; Array.isArray(level); level = level[0]) {
    shape.push(level.length)
    // An array may contain itself: one axis too many is enough to be refused.
    if (level.length === 0 || shape.length > MAX_RANK) break
  }
  return shape
}

/** Numbers, booleans and tensors without axes, in arrays nested as deep as the tensor has axes. */
export type NestedTensors = NestedArray | Tensor | NestedTensors[]

/** What a value says about the dtype of the tensor that it becomes part of. */
type Kind = 'bool' | 'int' | 'float'

const KINDS: readonly Kind[] = ['bool', 'int', 'float']

function kindOf(value: number | boolean | Tensor): Kind {
  if (value instanceof Tensor) return KINDS[category(value._dtype)] as Kind
  return typeof value === 'boolean' ? 'bool' : Number.isInteger(value) ? 'int' : 'float'
}

/** One value of nested arrays. @throws {ValueError} for what is no number, boolean or single tensor. */
function valueIn(value: unknown, rank: number): number | boolean | Tensor {
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (value instanceof Tensor && value.numel() === 1) return value
  if (typeof value === 'bigint') {
    if (BigInt(Number(value)) === value) return Number(value)
    throw new ValueError(
      'tensor',
      [],
      `${value} cannot be held exactly by a number`,
      'pass a BigInt64Array',
    )
  }
  throw new ValueError(
    'tensor',
    [],
    Array.isArray(value)
      ? `the arrays are nested to different depths; the first values have ${rank} axes`
      : `values must be numbers or booleans, but one is ${value === null ? 'null' : typeof value}`,
    'convert the values, or stack() tensors',
  )
}

/** Fills `flat` with the values of nested arrays; gives their highest kind. */
function flatten(data: unknown, shape: Shape, flat: Float64Array): Kind {
  let highest = 0
  let at = 0
  const fill = (values: unknown, axis: number): void => {
    if (axis === shape.length) {
      const value = valueIn(values, shape.length)
      highest = Math.max(highest, KINDS.indexOf(kindOf(value)))
      flat[at++] = Number(value instanceof Tensor ? value.item() : value)
      return
    }
    if (!Array.isArray(values) || values.length !== shape[axis]) {
      throw new ShapeError(
        'tensor',
        [],
        `parts of axis ${axis} must all have ${shape[axis]} elements, but one has ${Array.isArray(values) ? values.length : 'none (it is a single value)'}`,
        'pad the rows to equal length',
      )
    }
    for (const value of values) fill(value, axis + 1)
  }
  fill(data, 0)
  return KINDS[highest] as Kind
}

/**
 * A tensor of nested arrays of numbers or booleans, of a typed array, or a copy of a tensor without
 * its history. Dtype: bool if all values are booleans, int64 if all are whole numbers, else floating;
 * options may say otherwise.
 *
 * @throws {ShapeError} if parts of an axis differ in length.
 * @throws {ValueError} for values that are neither numbers nor booleans, or that the dtype cannot
 * hold.
 * @see torch.tensor
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * console.log(tensor([[1, 2], [3, 4.5]]))
 * // tensor([[1.0000, 2.0000],
 * //         [3.0000, 4.5000]])
 * ```
 */
export function tensor<D extends DType = AnyDType>(
  data: TensorData,
  options?: CreationOptions<D>,
): Tensor<D> {
  if (options !== undefined && isNamed(options)) checkOptions('tensor', options, CREATION)
  if (data instanceof Tensor) {
    const dtype = chooseDtype('tensor', options, data._dtype)
    const device = options?.device ?? data.device
    const own = castCode(transferred('tensor', data.detach(), device), dtype)
    const apart = own.sharesStorageWith(data) ? own.clone() : own
    return finish('tensor', () => apart, options)
  }
  if (ArrayBuffer.isView(data)) return fromTypedArray(data, [data.length], options)
  const shape = checkShape('tensor', nestedShape(data))
  const flat = numbersFor('tensor', shape)
  const kind = flatten(data, shape, flat)
  const implied =
    flat.length === 0 || kind === 'float' ? defaultFloatCode() : kind === 'int' ? INT64 : BOOL
  const dtype = chooseDtype('tensor', options, implied)
  requireHeld(flat, dtype)
  const make = (): Tensor => {
    const out = emptyCode(shape, dtype)
    native.write(out._id, flat)
    return out
  }
  return finish('tensor', make, options)
}

/** @throws {ValueError} if a value is beyond what an integer dtype can hold. */
function requireHeld(values: Float64Array, dtype: DTypeCode): void {
  if (isFloatingCode(dtype) || dtype === BOOL || values.length === 0) return
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (const value of values) {
    // NaN fails both comparisons, and is found by the check of either.
    if (!(value >= least)) least = value
    if (!(value <= most)) most = value
  }
  fillValue('tensor', least, dtype)
  fillValue('tensor', most, dtype)
}

/** What {@link asTensor} takes. */
export type AsTensorOptions<D extends DType = DType> = Omit<CreationOptions<D>, 'requiresGrad'>

/** What can become a tensor. */
export type TensorData = Tensor | NestedTensors | SourceArray | bigint[]

/**
 * The tensor itself if it is one (converted if options say another dtype), else a tensor of the data
 * as {@link tensor} makes it.
 *
 * @throws {ShapeError, ValueError} as {@link tensor} does.
 * @see torch.as_tensor
 */
export function asTensor<D extends DType = AnyDType>(
  data: TensorData,
  options: AsTensorOptions<D> = {},
): Tensor<D> {
  checkOptions('asTensor', options, ['dtype', 'device'])
  if (!(data instanceof Tensor)) return tensor(data, options)
  const there = transferred('asTensor', data, options.device ?? data.device)
  return castCode(there, chooseDtype('asTensor', options, data._dtype))
}

/** What {@link asarray} takes by name. */
export interface AsarrayOptions<D extends DType = DType> extends CreationOptions<D> {
  /** True: always copy. False: throw rather than copy. Default (null): copy where needed. */
  copy?: boolean | null
}

/**
 * A tensor of the data: the tensor itself if it is one and nothing asks for a copy. Arrays are
 * always copied. Without `requiresGrad` the result has no history.
 *
 * @throws {ValueError} if `copy` is false where a copy is needed.
 * @see torch.asarray
 */
export function asarray<D extends DType = AnyDType>(
  obj: TensorData,
  options: AsarrayOptions<D> = {},
): Tensor<D> {
  checkOptions('asarray', options, ['copy', ...CREATION])
  const { copy = null, requiresGrad = false } = options
  const kept = obj instanceof Tensor && chooseDtype('asarray', options, obj._dtype) === obj._dtype
  if (copy === false && !kept) {
    throw new ValueError(
      'asarray',
      [],
      obj instanceof Tensor
        ? `${obj.dtype} cannot become ${options.dtype} without a copy`
        : 'the elements of arrays are always copied',
      'leave copy out',
    )
  }
  const { dtype, device } = options
  const made = asTensor(obj, { dtype, device })
  const own = copy === true && made === obj ? made.clone() : made
  if (requiresGrad) return finish('asarray', () => own.detach(), { requiresGrad: true })
  return own._requiresGrad ? own.detach() : own
}

/**
 * A tensor of a typed array's elements, with one axis and the array's dtype. The elements are
 * copied: later changes of the array do not show.
 *
 * @throws {DTypeError} for arrays without a dtype of their own.
 * @see torch.from_numpy
 */
export function fromNumpy(ndarray: SourceArray): Tensor {
  return fromTypedArray(ndarray)
}

/** What {@link frombuffer} takes by name. */
export interface FrombufferOptions<D extends DType = DType> {
  dtype: D
  /** How many elements; -1 for as many as there are. Default -1. */
  count?: number
  /** Bytes before the first element. Default 0. */
  offset?: number
  requiresGrad?: boolean
}

const readBuffer = parameters<[DType, number, number, boolean]>('frombuffer', [
  'dtype',
  'count',
  'offset',
  'requiresGrad',
])

/**
 * A tensor with one axis of the elements whose bytes a buffer holds, in the machine's byte order. The
 * bytes are copied: later changes of the buffer do not show.
 *
 * @throws {ValueError} if the buffer does not hold so many elements, or bytes are left over.
 * @see torch.frombuffer
 */
export function frombuffer<D extends DType>(
  buffer: ArrayBufferLike | ArrayBufferView,
  options: FrombufferOptions<D>,
): Tensor<D> {
  const [dtype, count = -1, offset = 0, requiresGrad = false] = readBuffer([options])
  const bytes = bytesOf(buffer)
  const code = dtypeCode(dtype as D)
  const item = itemBytes(code)
  const room = bytes.byteLength - offset
  const length = count === -1 ? room / item : count
  if (!Number.isSafeInteger(offset) || offset < 0 || !Number.isSafeInteger(length) || length < 1) {
    throw new ValueError(
      'frombuffer',
      [],
      count === -1
        ? `${bytes.byteLength} bytes from ${show(offset)} on are not one or more elements of ${item} bytes`
        : `count (${show(count)}) and offset (${show(offset)}) must be whole numbers, count ≥ 1`,
      'check dtype, count and offset',
    )
  }
  if (length * item > room) {
    throw new ValueError(
      'frombuffer',
      [],
      `${length} elements of ${item} bytes from byte ${offset} on do not fit ${bytes.byteLength} bytes`,
      'check dtype, count and offset',
    )
  }
  const part = bytes.slice(offset, offset + length * item)
  if (code === BOOL && part.some((byte) => byte > 1)) {
    throw new ValueError('frombuffer', [], 'a bool is 0 or 1', "read them as 'uint8' first")
  }
  const make = (): Tensor => {
    const raw = emptyCode([part.length], dtypeCode('uint8'))
    native.write(raw._id, part)
    return code === BOOL ? castCode(raw, BOOL) : raw.view(dtypeName(code))
  }
  return finish('frombuffer', make, { requiresGrad })
}

/** The bytes of a buffer, not copied. @throws {ValueError} for anything else. */
function bytesOf(buffer: unknown): Uint8Array {
  if (ArrayBuffer.isView(buffer)) {
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  }
  if (buffer instanceof ArrayBuffer || buffer instanceof SharedArrayBuffer) {
    return new Uint8Array(buffer)
  }
  throw new ValueError(
    'frombuffer',
    [],
    `a buffer or a typed array is needed, not ${show(buffer)}`,
    'pass an ArrayBuffer, a Buffer or a Uint8Array',
  )
}

/**
 * A tensor without axes that holds one number. Dtype: the default dtype, unless options say.
 *
 * @throws {ValueError} if `s` is not a number or boolean that the dtype can hold.
 * @see torch.scalar_tensor
 */
export function scalarTensor<D extends DType = AnyDType>(
  s: number | boolean,
  options: CreationOptions<D> = {},
): Tensor<D> {
  checkOptions('scalarTensor', options, CREATION)
  const dtype = chooseDtype('scalarTensor', options)
  const value = Float64Array.of(fillValue('scalarTensor', s, dtype))
  const make = (): Tensor => {
    const out = emptyCode([], dtype)
    native.write(out._id, value)
    return out
  }
  return finish('scalarTensor', make, options)
}

/** A tensor of data in the dtype of `input`, unless options say: Tensor.newTensor. @internal */
export function newTensor<D extends DType>(
  input: Tensor,
  data: TensorData,
  options: CreationOptions<D> = {},
): Tensor<D> {
  requireTensor('newTensor', 'input', input)
  checkOptions('newTensor', options, CREATION)
  const dtype = (options.dtype ?? input.dtype) as D
  return tensor(data, { ...options, dtype })
}
