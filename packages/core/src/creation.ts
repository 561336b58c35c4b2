/** Tensors made of nothing but numbers. Random ones are in random.ts. */
import type { Device } from './device.ts'
import { checkDevice } from './device.ts'
import type { DType, DTypeCode } from './dtype.ts'
import { BOOL, defaultFloatCode, dtypeCode, dtypeName, INT64 } from './dtype.ts'
import { requireTensor } from './elementwise.ts'
import { DTypeError, OutOfMemoryError, ShapeError, ValueError } from './errors.ts'
import { show } from './show.ts'
import { native } from './native.ts'
import { defineOp, recording, run } from './op.ts'
import type { Shape } from './shape.ts'
import { checkShape, formatShape, MAX_RANK, numElements } from './shape.ts'
import type { NestedArray, Tensor, TypedArrayOf } from './tensor.ts'

/** What every creation function accepts. */
export interface CreationOptions {
  /** Default: the default dtype (float32), or what the values imply. */
  dtype?: DType
  /** Default `'cpu'`. */
  device?: Device
  /** Record operations on the tensor, so that it gets a gradient. Default false. */
  requiresGrad?: boolean
}

/** Sets `requiresGrad`; installed by the gradient package. @internal */
export const gradientSwitch: { set: ((tensor: Tensor) => void) | null } = { set: null }

/** Applies options to a new tensor. @internal */
export function finish(op: string, tensor: Tensor, options?: CreationOptions): Tensor {
  if (!options?.requiresGrad) return tensor
  if (gradientSwitch.set === null) {
    throw new ValueError(
      op,
      [],
      'requiresGrad needs the package that computes gradients',
      "import '@flambeau/autograd' first",
    )
  }
  gradientSwitch.set(tensor)
  return tensor
}

/** The dtype that options ask for, or a default. @internal */
export function chooseDtype(
  op: string,
  options: CreationOptions | undefined,
  otherwise: DTypeCode = defaultFloatCode(),
): DTypeCode {
  if (options !== undefined && (typeof options !== 'object' || options === null)) {
    throw new ValueError(
      op,
      [],
      `options are an object, not ${show(options)}`,
      "{ dtype: 'float32' }",
    )
  }
  checkDevice(op, options?.device)
  return options?.dtype === undefined ? otherwise : dtypeCode(options.dtype)
}

const source = { derivative: {} } as const
const emptyOp = defineOp('empty', [], source)
const fillOp = defineOp<never, number>('fill', [], source)
const arangeOp = defineOp('arange', [], source)
const linspaceOp = defineOp('linspace', [], source)
const eyeOp = defineOp('eye', [], source)

/** An uninitialised tensor. @internal */
export function emptyCode(shape: Shape, dtype: DTypeCode): Tensor {
  return run(emptyOp, [], shape, dtype)
}

/** A tensor of one value. @internal */
export function fullCode(shape: Shape, value: number, dtype: DTypeCode): Tensor {
  return run(fillOp, [], shape, dtype, [value])
}

/**
 * A tensor with unspecified contents.
 *
 * @throws {ShapeError} for sizes that are not whole numbers ≥ 0.
 * @see torch.empty
 */
export function empty(size: readonly number[], options?: CreationOptions): Tensor {
  const dtype = chooseDtype('empty', options)
  return finish('empty', emptyCode(checkShape('empty', size), dtype), options)
}

/** A tensor of zeros. @throws {ShapeError} for bad sizes. @see torch.zeros */
export function zeros(size: readonly number[], options?: CreationOptions): Tensor {
  const dtype = chooseDtype('zeros', options)
  return finish('zeros', fullCode(checkShape('zeros', size), 0, dtype), options)
}

/** A tensor of ones. @throws {ShapeError} for bad sizes. @see torch.ones */
export function ones(size: readonly number[], options?: CreationOptions): Tensor {
  const dtype = chooseDtype('ones', options)
  return finish('ones', fullCode(checkShape('ones', size), 1, dtype), options)
}

/**
 * A tensor of one value. Dtype: what the value implies (bool, int64 for whole numbers, else
 * floating), unless options say.
 *
 * @throws {ShapeError} for bad sizes.
 * @see torch.full
 */
export function full(
  size: readonly number[],
  fillValue: number | boolean,
  options?: CreationOptions,
): Tensor {
  requireFillValue('full', fillValue)
  const dtype = chooseDtype('full', options, impliedDtype(fillValue))
  return finish('full', fullCode(checkShape('full', size), Number(fillValue), dtype), options)
}

function requireFillValue(op: string, value: number | boolean): void {
  if (typeof value === 'number' || typeof value === 'boolean') return
  throw new ValueError(
    op,
    [],
    `the value must be a number or boolean, not ${show(value)}`,
    'full([2, 3], 1)',
  )
}

function impliedDtype(value: number | boolean): DTypeCode {
  if (typeof value === 'boolean') return BOOL
  return Number.isInteger(value) ? INT64 : defaultFloatCode()
}

function likeOptions(op: string, input: Tensor, options?: CreationOptions): DTypeCode {
  requireTensor(op, 'input', input)
  return chooseDtype(op, options, input._dtype)
}

/** Unspecified contents, with the shape and dtype of `input`. @see torch.empty_like */
export function emptyLike(input: Tensor, options?: CreationOptions): Tensor {
  const dtype = likeOptions('emptyLike', input, options)
  return finish('emptyLike', emptyCode(input._shape, dtype), options)
}

/** Zeros, with the shape and dtype of `input`. @see torch.zeros_like */
export function zerosLike(input: Tensor, options?: CreationOptions): Tensor {
  const dtype = likeOptions('zerosLike', input, options)
  return finish('zerosLike', fullCode(input._shape, 0, dtype), options)
}

/** Ones, with the shape and dtype of `input`. @see torch.ones_like */
export function onesLike(input: Tensor, options?: CreationOptions): Tensor {
  const dtype = likeOptions('onesLike', input, options)
  return finish('onesLike', fullCode(input._shape, 1, dtype), options)
}

/** One value, with the shape and dtype of `input`. @see torch.full_like */
export function fullLike(
  input: Tensor,
  fillValue: number | boolean,
  options?: CreationOptions,
): Tensor {
  requireFillValue('fullLike', fillValue)
  const dtype = likeOptions('fullLike', input, options)
  return finish('fullLike', fullCode(input._shape, Number(fillValue), dtype), options)
}

/**
 * The identity matrix, or the first `m` columns of one with `n` rows.
 *
 * @throws {ShapeError} for bad sizes.
 * @see torch.eye
 */
export function eye(n: number, m?: number | CreationOptions, options?: CreationOptions): Tensor {
  const columns = typeof m === 'number' ? m : n
  const given = typeof m === 'object' ? m : options
  const dtype = chooseDtype('eye', given)
  return finish('eye', run(eyeOp, [], checkShape('eye', [n, columns]), dtype), given)
}

/**
 * The numbers from `start` (default 0) up to and without `end`, `step` (default 1) apart. Dtype:
 * int64 if all three are whole, else floating.
 *
 * @throws {ValueError} if `step` is 0, leads away from `end`, or a bound is not finite.
 * @see torch.arange
 */
export function arange(end: number, options?: CreationOptions): Tensor
export function arange(start: number, end: number, step?: number, options?: CreationOptions): Tensor
export function arange(start: number, end: number, options?: CreationOptions): Tensor
export function arange(
  first: number,
  second?: number | CreationOptions,
  third?: number | CreationOptions,
  fourth?: CreationOptions,
): Tensor {
  const start = typeof second === 'number' ? first : 0
  const end = typeof second === 'number' ? second : first
  const step = typeof third === 'number' ? third : 1
  const options = typeof second === 'object' ? second : typeof third === 'object' ? third : fourth
  if (![start, end, step].every((value) => Number.isFinite(value))) {
    throw new ValueError(
      'arange',
      { start, end, step },
      'bounds and step must be finite numbers',
      'check how they were computed',
    )
  }
  const whole = [start, end, step].every((value) => Number.isInteger(value))
  const dtype = chooseDtype('arange', options, whole ? INT64 : defaultFloatCode())
  if (step === 0 || (end - start) / step < 0) {
    throw new ValueError(
      'arange',
      { start, end, step },
      step === 0 ? 'step must not be 0' : 'step leads away from end',
      'change the sign of step',
    )
  }
  const count = Math.ceil((end - start) / step)
  const shape = checkShape('arange', [count])
  return finish('arange', run(arangeOp, [], shape, dtype, [start, step]), options)
}

/**
 * `steps` numbers from `start` to `end`, both included, evenly spaced.
 *
 * @throws {ValueError} if `steps` is not a whole number ≥ 0.
 * @see torch.linspace
 */
export function linspace(
  start: number,
  end: number,
  steps: number,
  options?: CreationOptions,
): Tensor {
  const dtype = chooseDtype('linspace', options)
  if (!Number.isInteger(steps) || steps < 0) {
    throw new ValueError(
      'linspace',
      { start, end, steps },
      `steps must be a whole number ≥ 0, not ${show(steps)}`,
      'linspace(0, 1, 11)',
    )
  }
  const shape = checkShape('linspace', [steps])
  return finish('linspace', run(linspaceOp, [], shape, dtype, [start, end]), options)
}

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
export function fromTypedArray(
  array: SourceArray,
  size?: readonly number[],
  options?: CreationOptions,
): Tensor {
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
  const tensor = emptyCode(shape, dtypeCode(own))
  native.write(tensor._id, array)
  const result = dtype === tensor._dtype ? tensor : tensor.to(dtypeName(dtype))
  return finish('fromTypedArray', result, options)
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

/**
 * A tensor of nested arrays of numbers or booleans, or of a typed array. Dtype: bool if all values
 * are booleans, int64 if all are whole numbers, else floating; options may say otherwise.
 *
 * @throws {ShapeError} if parts of an axis differ in length.
 * @throws {ValueError} for values that are neither numbers nor booleans.
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
export function tensor(
  data: NestedArray | SourceArray | bigint[],
  options?: CreationOptions,
): Tensor {
  if (ArrayBuffer.isView(data)) return fromTypedArray(data, [data.length], options)
  const shape = checkShape('tensor', nestedShape(data))
  const flat = numbersFor('tensor', shape)
  let kind = 'bool' as 'bool' | 'int' | 'float'
  let at = 0
  const fill = (values: unknown, axis: number): void => {
    if (axis === shape.length) {
      const value = typeof values === 'bigint' ? Number(values) : values
      if (typeof value !== 'number' && typeof value !== 'boolean') {
        throw new ValueError(
          'tensor',
          [],
          Array.isArray(value)
            ? `the arrays are nested to different depths; the first values have ${shape.length} axes`
            : `values must be numbers or booleans, but one is ${value === null ? 'null' : typeof value}`,
          'convert the values, or stack() tensors',
        )
      }
      if (typeof values === 'bigint' && BigInt(value) !== values) {
        throw new ValueError(
          'tensor',
          [],
          `${values} cannot be held exactly by a number`,
          'pass a BigInt64Array',
        )
      }
      if (typeof value === 'number') {
        if (!Number.isInteger(value)) kind = 'float'
        else if (kind === 'bool') kind = 'int'
      }
      flat[at++] = Number(value)
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
  const implied =
    flat.length === 0 || kind === 'float' ? defaultFloatCode() : kind === 'int' ? INT64 : BOOL
  const dtype = chooseDtype('tensor', options, implied)
  const out = emptyCode(shape, dtype)
  native.write(out._id, flat)
  return finish('tensor', out, options)
}

/** True while operations on tensors that require a gradient are recorded. */
export function isGradEnabled(): boolean {
  return recording.enabled
}
