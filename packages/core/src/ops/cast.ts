/** Conversion between dtypes. */
import type { Arguments } from '../arguments.ts'
import { isNamed, parameters } from '../arguments.ts'
import type { Device } from '../device.ts'
import { namesDevice } from '../device.ts'
import type { DType, DTypeCode } from '../dtype.ts'
import {
  BFLOAT16,
  BOOL,
  codeOf,
  dtypeCode,
  DTYPES,
  FLOAT16,
  FLOAT32,
  FLOAT64,
  INT16,
  INT32,
  INT64,
  INT8,
  UINT8,
} from '../dtype.ts'
import { DTypeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, run } from '../op.ts'
import type { AnyDType } from '../tensor.ts'
import { show } from '../show.ts'
import { requireTensor, Tensor } from '../tensor.ts'
import type { MemoryFormat, MemoryFormatOptions } from './memory-format.ts'
import { axesInMemory, inMemoryOrder } from './memory-format.ts'
import { transferred } from './transfer.ts'

interface CastParams {
  from: DTypeCode
}

const castOp = defineOp<'input', CastParams>('cast', ['input'], {
  derivative: {
    input: (grad, _saved, { params }) => castCode(grad, params.from),
  },
})

function cast(x: Tensor, dtype: DTypeCode): Tensor {
  return run(castOp, [x], x._shape, dtype, undefined, { from: x._dtype })
}

/** The tensor itself if it has that dtype, else a converted copy. @internal */
export function castCode(x: Tensor, dtype: DTypeCode): Tensor {
  return x._dtype === dtype ? x : cast(x, dtype)
}

/** What {@link to} takes by name beside the dtype and the device. */
export interface ConversionOptions extends MemoryFormatOptions {
  /**
   * Without effect. Copies to a GPU never wait for it; those from a GPU always do, so that the
   * elements are there.
   */
  nonBlocking?: boolean
  /** Copy also where nothing is to be converted. Default false. */
  copy?: boolean
}

/** What {@link to} takes by name. */
export interface ToOptions<D extends DType = AnyDType> extends ConversionOptions {
  /** Default: that of the tensor. */
  dtype?: D
  /** Default: where the tensor is. */
  device?: Device
}

type ConversionArguments = Arguments<ConversionOptions, ['nonBlocking', 'copy', 'memoryFormat']>
type FormatArguments = Arguments<MemoryFormatOptions, ['memoryFormat']>

/** What {@link CastMethods.cuda} takes by name. */
export interface CudaOptions extends MemoryFormatOptions {
  /** Its number, or its name. Default: the current one. */
  device?: Device | number | null
  /** See {@link ConversionOptions}. */
  nonBlocking?: boolean
}

type CudaArguments = Arguments<CudaOptions, ['device', 'nonBlocking', 'memoryFormat']>

const readCuda = parameters<[Device | number | null, boolean, MemoryFormat]>('cuda', [
  'device',
  'nonBlocking',
  'memoryFormat',
])
const readDtype = parameters<[DType, boolean, boolean, MemoryFormat]>('to', [
  'dtype',
  'nonBlocking',
  'copy',
  'memoryFormat',
])
const readOther = parameters<[Tensor, boolean, boolean, MemoryFormat]>('to', [
  'other',
  'nonBlocking',
  'copy',
  'memoryFormat',
])
const readDevice = parameters<[Device | null, DType | null, boolean, boolean, MemoryFormat]>('to', [
  'device',
  'dtype',
  'nonBlocking',
  'copy',
  'memoryFormat',
])

/** What {@link to} was asked for; undefined is left as it is. @internal */
export interface Conversion {
  readonly dtype: DTypeCode | undefined
  readonly device: Device | undefined
  readonly copy: boolean
  readonly format: MemoryFormat
}

/**
 * Reads the arguments of {@link to}, also for those who convert many tensors alike. @internal
 *
 * @throws {DTypeError} for a word that is neither a dtype nor a device.
 * @throws {ValueError} for nothing, and for other arguments than it takes.
 */
export function conversionOf(given: readonly unknown[]): Conversion {
  const first = given[0]
  if (codeOf(first) !== undefined) {
    const [dtype, nonBlocking, copy, format] = readDtype(given)
    return conversion(nonBlocking, copy, format, dtype)
  }
  if (first instanceof Tensor || (isNamed(first) && first['other'] !== undefined)) {
    const [other, nonBlocking, copy, format] = readOther(given)
    requireTensor('to', 'other', other)
    return conversion(nonBlocking, copy, format, other.dtype, other.device)
  }
  const [device, dtype, nonBlocking, copy, format] = readDevice(given)
  if (typeof device === 'string' && !namesDevice(device)) {
    throw new DTypeError(
      'to',
      [],
      `${show(device)} is not a dtype, and no device`,
      `use one of ${DTYPES.join(', ')}; or a device such as 'cpu' or 'cuda'`,
    )
  }
  if (given.every((value) => value === undefined)) {
    throw new ValueError('to', [], 'nothing to convert to is given', "to('float32')")
  }
  return conversion(nonBlocking, copy, format, dtype, device)
}

function conversion(
  nonBlocking: boolean | undefined,
  copy: boolean | undefined,
  format: MemoryFormat | undefined,
  dtype: DType | null | undefined,
  device?: Device | null,
): Conversion {
  for (const [name, value] of Object.entries({ nonBlocking, copy })) {
    if (value === undefined || value === null || typeof value === 'boolean') continue
    throw new ValueError(
      'to',
      [{ name, description: show(value) }],
      `${name} must be true or false`,
      "a device comes before the dtype: to('cuda', 'float16')",
    )
  }
  return {
    dtype: dtype === undefined || dtype === null ? undefined : dtypeCode(dtype),
    device: device ?? undefined,
    copy: copy ?? false,
    format: format ?? 'preserveFormat',
  }
}

function convert(
  op: string,
  input: Tensor,
  dtype: DTypeCode,
  copy = false,
  format: MemoryFormat = 'preserveFormat',
  device?: Device | null,
): Tensor {
  const there = transferred(op, input, device)
  const result = there._dtype !== dtype || (copy && there === input) ? cast(there, dtype) : there
  return format === 'preserveFormat'
    ? result
    : inMemoryOrder(result, axesInMemory(op, result, format))
}

/**
 * The tensor itself if it already has the dtype (and `copy` is not set), else a copy converted to
 * it. Floating values are cut towards zero on the way to integers, which keep their low bits;
 * anything but zero becomes `true`; float16 and bfloat16 round to nearest, ties to even.
 *
 * What to convert to is a dtype, a device and then a dtype, another tensor whose dtype and device are
 * taken, or options: `to('float16')`, `to('cpu', 'float16')`, `to(other)`, `to({ dtype: 'float16' })`.
 *
 * Shapes: input `[*]` -> same. Differentiable between floating dtypes.
 *
 * @throws {DTypeError} for a name that is not a dtype and no device.
 * @throws {DeviceError} for a device that is not there.
 * @throws {ShapeError} if the memory format is for another number of axes.
 * @see torch.Tensor.to
 */
export function to<D extends DType>(
  input: Tensor,
  dtype: D,
  ...given: ConversionArguments
): Tensor<D>
export function to<D extends DType>(
  input: Tensor,
  other: Tensor<D>,
  ...given: ConversionArguments
): Tensor<D>
export function to<D extends DType>(input: Tensor, options: ToOptions<D> & { dtype: D }): Tensor<D>
export function to<Own extends DType>(input: Tensor<Own>, options: ToOptions): Tensor<Own>
export function to<D extends DType>(
  input: Tensor,
  device: Device | null,
  dtype: D,
  ...given: ConversionArguments
): Tensor<D>
export function to<Own extends DType>(
  input: Tensor<Own>,
  device: Device | null,
  options?: Omit<ToOptions, 'device'>,
): Tensor<Own>
export function to(input: Tensor, ...given: readonly unknown[]): Tensor {
  requireTensor('to', 'input', input)
  const code = codeOf(given[0])
  if (code !== undefined && given.length === 1) return castCode(input, code)
  const { dtype = input._dtype, copy, format, device } = conversionOf(given)
  return convert('to', input, dtype, copy, format, device)
}

const readFormat = parameters<[MemoryFormat]>('to', ['memoryFormat'])

/** The method that converts to one dtype. */
function converter(
  name: string,
  dtype: DTypeCode,
): (self: Tensor, ...given: FormatArguments) => Tensor {
  return (self, ...given) => {
    requireTensor(name, 'input', self)
    if (given.length === 0) return castCode(self, dtype)
    const [format] = readFormat(given)
    return convert(name, self, dtype, false, format)
  }
}

export interface CastMethods<Own extends DType = AnyDType> {
  /** See {@link to}. */
  to<D extends DType>(dtype: D, ...given: ConversionArguments): Tensor<D>
  to<D extends DType>(other: Tensor<D>, ...given: ConversionArguments): Tensor<D>
  to<D extends DType>(options: ToOptions<D> & { dtype: D }): Tensor<D>
  to(options: ToOptions): Tensor<Own>
  to<D extends DType>(device: Device | null, dtype: D, ...given: ConversionArguments): Tensor<D>
  to(device: Device | null, options?: Omit<ToOptions, 'device'>): Tensor<Own>
  /** The dtype's name; with an argument the same as {@link to} of a dtype. @see torch.Tensor.type */
  type(): DType
  type<D extends DType>(dtype: D): Tensor<D>
  /** With the dtype of `other`. See {@link to}. */
  typeAs<D extends DType>(other: Tensor<D>): Tensor<D>
  /** The tensor itself if it is in the processor's memory, else a copy there. @see torch.Tensor.cpu */
  cpu(...given: FormatArguments): Tensor<Own>
  /**
   * The tensor itself if it is on that GPU (default: the current one), else a copy there.
   *
   * @throws {DeviceError} if there is none, or `@flambeau/cuda-backend` was not imported.
   * @see torch.Tensor.cuda
   */
  cuda(...given: CudaArguments): Tensor<Own>
  /** As float16. See {@link to}. */
  half(...given: FormatArguments): Tensor<'float16'>
  /** As bfloat16. See {@link to}. */
  bfloat16(...given: FormatArguments): Tensor<'bfloat16'>
  /** As float32. See {@link to}. */
  float(...given: FormatArguments): Tensor<'float32'>
  /** As float64. See {@link to}. */
  double(...given: FormatArguments): Tensor<'float64'>
  /** As int64. See {@link to}. */
  long(...given: FormatArguments): Tensor<'int64'>
  /** As int32. See {@link to}. */
  int(...given: FormatArguments): Tensor<'int32'>
  /** As int16. See {@link to}. */
  short(...given: FormatArguments): Tensor<'int16'>
  /** As int8. See {@link to}. */
  char(...given: FormatArguments): Tensor<'int8'>
  /** As uint8. See {@link to}. */
  byte(...given: FormatArguments): Tensor<'uint8'>
  /** As bool: true where not zero. See {@link to}. */
  bool(...given: FormatArguments): Tensor<'bool'>
}

export const castMethods: MethodTable<Omit<CastMethods, 'type'>> & {
  readonly type: (self: Tensor, dtype?: DType) => Tensor | DType
} = {
  to,
  type: (self: Tensor, dtype?: DType): Tensor | DType =>
    dtype === undefined ? self.dtype : castCode(self, dtypeCode(dtype)),
  typeAs: (self: Tensor, other: Tensor): Tensor => {
    requireTensor('typeAs', 'other', other)
    return castCode(self, other._dtype)
  },
  cpu: (self: Tensor, ...given: FormatArguments): Tensor =>
    convert('cpu', self, self._dtype, false, readFormat(given)[0], 'cpu'),
  cuda: (self: Tensor, ...given: CudaArguments): Tensor => {
    const [device, , format] = readCuda(given)
    const place = typeof device === 'number' ? `cuda:${device}` : (device ?? 'cuda')
    return convert('cuda', self, self._dtype, false, format, place)
  },
  half: converter('half', FLOAT16),
  bfloat16: converter('bfloat16', BFLOAT16),
  float: converter('float', FLOAT32),
  double: converter('double', FLOAT64),
  long: converter('long', INT64),
  int: converter('int', INT32),
  short: converter('short', INT16),
  char: converter('char', INT8),
  byte: converter('byte', UINT8),
  bool: converter('bool', BOOL),
}
