import { show } from './show.ts'

/** What an error shows of an input: a name and a description such as `float32 [32, 784]`. */
export interface ErrorInput {
  name: string
  description: string
}

/** An input as error helpers accept it: anything with a dtype and a shape, a number, or a list. */
export type Describable =
  | { readonly dtype: string; readonly shape: readonly number[] }
  | number
  | boolean
  | readonly number[]
  | null
  | undefined

function describe(value: Describable): string {
  return value === null || value === undefined ? 'none' : show(value)
}

/**
 * The base of all errors that flambeau throws for a user's mistake: the operation, every input with
 * its shape, the rule that was broken with the numbers in it, and the fix.
 *
 * @example
 * ```ts
 * import { FlambeauError, ones } from '@flambeau/core'
 * try {
 *   ones([2, 3]).add(ones([4]))
 * } catch (error) {
 *   console.log(error instanceof FlambeauError) // => true
 * }
 * ```
 */
export class FlambeauError extends Error {
  /** A stable code, for example `ERR_SHAPE`. */
  readonly code: string = 'ERR_FLAMBEAU'
  readonly op: string
  readonly inputs: readonly ErrorInput[]
  readonly rule: string
  readonly fix: string

  constructor(
    op: string,
    inputs: Record<string, Describable> | readonly ErrorInput[],
    rule: string,
    fix = '',
    options?: ErrorOptions,
  ) {
    const list = Array.isArray(inputs)
      ? (inputs as readonly ErrorInput[])
      : Object.entries(inputs as Record<string, Describable>).map(([name, value]) => ({
          name,
          description: describe(value),
        }))
    const lines = [`${op}: ${rule}`]
    if (list.length > 0) {
      lines.push('  ' + list.map((i) => `${i.name}: ${i.description}`).join('   '))
    }
    if (fix) lines.push(`  fix: ${fix}`)
    super(lines.join('\n'), options)
    this.name = new.target.name
    this.op = op
    this.inputs = list
    this.rule = rule
    this.fix = fix
  }
}

/**
 * Shapes that do not fit the operation or each other.
 *
 * @example
 * ```ts
 * import { ones, ShapeError } from '@flambeau/core'
 * try {
 *   ones([2, 3]).matmul(ones([2, 3]))
 * } catch (error) {
 *   console.log(error instanceof ShapeError) // => true
 * }
 * ```
 */
export class ShapeError extends FlambeauError {
  override readonly code: string = 'ERR_SHAPE'
}
/**
 * A dtype that the operation does not take.
 *
 * @example
 * ```ts
 * import { DTypeError, ones } from '@flambeau/core'
 * try {
 *   ones([2]).bitwiseAnd(ones([2]))
 * } catch (error) {
 *   console.log(error instanceof DTypeError) // => true
 * }
 * ```
 */
export class DTypeError extends FlambeauError {
  override readonly code: string = 'ERR_DTYPE'
}
/**
 * An argument outside of its range, or of the wrong kind.
 *
 * @example
 * ```ts
 * import { ones, ValueError } from '@flambeau/core'
 * try {
 *   ones([4]).split(0)
 * } catch (error) {
 *   console.log(error instanceof ValueError) // => true
 * }
 * ```
 */
export class ValueError extends FlambeauError {
  override readonly code: string = 'ERR_VALUE'
}
/**
 * An axis, position or label outside of its range.
 *
 * @example
 * ```ts
 * import { IndexError, ones } from '@flambeau/core'
 * try {
 *   ones([2, 3]).select(0, 5)
 * } catch (error) {
 *   console.log(error instanceof IndexError) // => true
 * }
 * ```
 */
export class IndexError extends FlambeauError {
  override readonly code: string = 'ERR_INDEX'
}
/**
 * An unknown device, or inputs on different devices.
 *
 * @example
 * ```ts
 * import { DeviceError, ones } from '@flambeau/core'
 * try {
 *   ones([2], { device: 'nowhere' as never })
 * } catch (error) {
 *   console.log(error instanceof DeviceError) // => true
 * }
 * ```
 */
export class DeviceError extends FlambeauError {
  override readonly code: string = 'ERR_DEVICE'
}
/**
 * A gradient that cannot be computed as asked.
 *
 * @example
 * ```ts
 * import { AutogradError, ones } from '@flambeau/core'
 * import '@flambeau/autograd'
 * try {
 *   ones([2]).sum().backward()
 * } catch (error) {
 *   console.log(error instanceof AutogradError) // => true
 * }
 * ```
 */
export class AutogradError extends FlambeauError {
  override readonly code: string = 'ERR_AUTOGRAD'
}
/**
 * A tensor used after `dispose()`, the end of its scope, or the move of its memory.
 *
 * @example
 * ```ts
 * import { DisposedError, ones } from '@flambeau/core'
 * try {
 *   const x = ones([2])
 *   x.dispose()
 *   x.add(1)
 * } catch (error) {
 *   console.log(error instanceof DisposedError) // => true
 * }
 * ```
 */
export class DisposedError extends FlambeauError {
  override readonly code: string = 'ERR_DISPOSED'
}
/**
 * An integer that a JavaScript number cannot hold exactly.
 *
 * @example
 * ```ts
 * import { fromTypedArray, PrecisionError } from '@flambeau/core'
 * try {
 *   fromTypedArray(BigInt64Array.of(2n ** 60n + 1n)).item()
 * } catch (error) {
 *   console.log(error instanceof PrecisionError) // => true
 * }
 * ```
 */
export class PrecisionError extends FlambeauError {
  override readonly code: string = 'ERR_PRECISION'
}
/**
 * The memory limit was reached; the message lists what is live.
 *
 * @example
 * ```ts
 * import { OutOfMemoryError, zeros } from '@flambeau/core'
 * try {
 *   zeros([2 ** 42])
 * } catch (error) {
 *   console.log(error instanceof OutOfMemoryError) // => true
 * }
 * ```
 */
export class OutOfMemoryError extends FlambeauError {
  override readonly code: string = 'ERR_OUT_OF_MEMORY'
}
/**
 * The native code is missing, or failed in a way that is not the caller's mistake.
 *
 * @example
 * ```ts
 * import { FlambeauError, NativeError } from '@flambeau/core'
 * console.log(NativeError.prototype instanceof FlambeauError) // => true
 * ```
 */
export class NativeError extends FlambeauError {
  override readonly code: string = 'ERR_NATIVE'
}
