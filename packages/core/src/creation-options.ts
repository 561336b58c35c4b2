/** What creation functions share: sizes, options, and the two ways to make a tensor of nothing. */
import { isNamed } from './arguments.ts'
import type { Device } from './device.ts'
import { checkDevice, ordinalOf, placed } from './device.ts'
import type { DType, DTypeCode } from './dtype.ts'
import {
  BFLOAT16,
  BOOL,
  defaultFloatCode,
  dtypeCode,
  dtypeName,
  FLOAT16,
  FLOAT32,
  FLOAT64,
  INT16,
  INT32,
  INT64,
  INT8,
} from './dtype.ts'
import { ShapeError, ValueError } from './errors.ts'
import { defineOp, run } from './op.ts'
import type { Shape } from './shape.ts'
import { checkShape } from './shape.ts'
import { show } from './show.ts'
import { Tensor } from './tensor.ts'

/** What every creation function accepts. */
export interface CreationOptions<D extends DType = DType> {
  /** Default: the default dtype (float32), or what the values imply. */
  dtype?: D
  /** Default: {@link getDefaultDevice}, or that of the tensor which lends its shape. */
  device?: Device | null
  /** Record operations on the tensor, so that it gets a gradient. Default false. */
  requiresGrad?: boolean
}

/** Names of {@link CreationOptions}. @internal */
export const CREATION: readonly string[] = ['dtype', 'device', 'requiresGrad']

/** Sizes as an array, one by one, or by name; then the options. */
export type SizeArguments<O> =
  | [size: readonly number[], options?: O]
  | number[]
  | [...size: number[], options: O]
  | [options: O & { size: readonly number[] }]

/** Sets `requiresGrad`; installed by the gradient package. @internal */
export const gradientSwitch: { set: ((tensor: Tensor) => void) | null } = { set: null }

/** A tensor that `make` makes, on the device and with the gradient that options ask for. @internal */
export function finish(op: string, make: () => Tensor, options?: CreationOptions): Tensor {
  const tensor = placed(op, options?.device, make)
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

/**
 * The same for a tensor that takes after `like`, if there is one: its device, and its order in memory,
 * which `make` is given unless the new tensor is to be elsewhere. @internal
 */
export function finishLike(
  op: string,
  like: Tensor | null,
  options: CreationOptions | undefined,
  make: (order: Tensor | null) => Tensor,
): Tensor {
  if (like === null) return finish(op, () => make(null), options)
  const device = options?.device ?? like.device
  const near = ordinalOf(op, device) === ordinalOf(op, like.device)
  return finish(op, () => make(near ? like : null), {
    device,
    requiresGrad: options?.requiresGrad === true,
  })
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
  checkDevice(op, options?.device ?? undefined)
  return options?.dtype === undefined || options.dtype === null
    ? otherwise
    : dtypeCode(options.dtype)
}

/** @throws {ValueError} for what are no options, or one that is not among `names`. @internal */
export function checkOptions(op: string, options: unknown, names: readonly string[]): void {
  if (!isNamed(options)) {
    throw new ValueError(op, [], `options are an object, not ${show(options)}`, names.join(', '))
  }
  for (const key of Object.keys(options)) {
    if (names.includes(key)) continue
    throw new ValueError(op, [], `there is no option '${key}'`, `options: ${names.join(', ')}`)
  }
}

/**
 * The sizes and the options of a call such as `zeros(2, 3, options)`. @internal
 *
 * @throws {ShapeError} for bad sizes. @throws {ValueError} for an option that is not among `names`.
 */
export function readSizes<O>(
  op: string,
  given: readonly unknown[],
  names: readonly string[] = CREATION,
): [shape: Shape, options: O | undefined] {
  const last = given.at(-1)
  const named = isNamed(last) ? last : undefined
  const list = named === undefined ? given.filter((x) => x !== undefined) : given.slice(0, -1)
  let sizes = list.length === 1 && typeof list[0] !== 'number' ? list[0] : list
  if (named !== undefined) {
    if ('size' in named) {
      if (list.length > 0) {
        throw new ValueError(op, [], "'size' is given by position and by name", 'give it once')
      }
      const { size, ...options } = named
      checkOptions(op, options, names)
      sizes = size
      return [checkShape(op, sizes as readonly number[]), options as O]
    }
    checkOptions(op, named, names)
  }
  if (list.length === 0) {
    throw new ShapeError(op, [], 'sizes are missing', `${op}([2, 3]), or ${op}([]) for no axes`)
  }
  return [checkShape(op, sizes as readonly number[]), named as O | undefined]
}

const emptyOp = defineOp('empty', [], { derivative: {} })
const fillOp = defineOp<never, number>('fill', [], { derivative: {} })

/** An uninitialised tensor; `like` lends its order in memory. @internal */
export function emptyCode(shape: Shape, dtype: DTypeCode, like?: Tensor): Tensor {
  return run(emptyOp, like === undefined ? [] : [like], shape, dtype)
}

/** A tensor of one value; `like` lends its order in memory. @internal */
export function fullCode(shape: Shape, value: number, dtype: DTypeCode, like?: Tensor): Tensor {
  return run(fillOp, like === undefined ? [] : [like], shape, dtype, [value])
}

/** The largest number of a dtype; for integers the smallest one is -1 less. */
const LARGEST: Readonly<Record<DTypeCode, number>> = {
  [FLOAT32]: 3.4028234663852886e38,
  [FLOAT16]: 65504,
  [BFLOAT16]: 3.3895313892515355e38,
  [INT64]: 2 ** 63 - 1024,
  [INT32]: 2 ** 31 - 1,
  [INT16]: 2 ** 15 - 1,
  [INT8]: 2 ** 7 - 1,
}

/** A value for {@link fillValue}: a number, a boolean, or a tensor without axes. */
export type FillValue = number | boolean | Tensor

/**
 * A value that is to fill a tensor of a dtype, as a number. @internal
 *
 * @throws {ValueError} if it is no number, or one that the dtype cannot hold.
 */
export function fillValue(op: string, value: unknown, dtype?: DTypeCode): number {
  const single = value instanceof Tensor && value.ndim === 0 ? value.item() : value
  if (typeof single !== 'number' && typeof single !== 'boolean') {
    throw new ValueError(
      op,
      [],
      `the value must be a number or boolean, not ${show(value)}`,
      `${op}([2, 3], 1)`,
    )
  }
  const number = Number(single)
  if (dtype === undefined || dtype === BOOL || dtype === FLOAT64) return number
  const floating = dtype === FLOAT32 || dtype === FLOAT16 || dtype === BFLOAT16
  if (floating && !Number.isFinite(number)) return number
  // uint8 takes negative numbers as what they are modulo 256.
  const largest = LARGEST[dtype] ?? 255
  const size = Math.abs(floating ? number : Math.trunc(number))
  if (size <= largest || (!floating && Math.trunc(number) === -largest - 1)) return number
  throw new ValueError(
    op,
    [],
    `${number} cannot be held by ${dtypeName(dtype)}`,
    'choose a wider dtype',
  )
}
