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
    super(lines.join('\n'))
    this.name = new.target.name
    this.op = op
    this.inputs = list
    this.rule = rule
    this.fix = fix
  }
}

/** Shapes that do not fit the operation or each other. */
export class ShapeError extends FlambeauError {
  override readonly code: string = 'ERR_SHAPE'
}
/** A dtype that the operation does not take. */
export class DTypeError extends FlambeauError {
  override readonly code: string = 'ERR_DTYPE'
}
/** An argument outside of its range, or of the wrong kind. */
export class ValueError extends FlambeauError {
  override readonly code: string = 'ERR_VALUE'
}
/** An axis, position or label outside of its range. */
export class IndexError extends FlambeauError {
  override readonly code: string = 'ERR_INDEX'
}
/** An unknown device, or inputs on different devices. */
export class DeviceError extends FlambeauError {
  override readonly code: string = 'ERR_DEVICE'
}
/** A gradient that cannot be computed as asked. */
export class AutogradError extends FlambeauError {
  override readonly code: string = 'ERR_AUTOGRAD'
}
/** A tensor used after `dispose()`, the end of its scope, or the move of its memory. */
export class DisposedError extends FlambeauError {
  override readonly code: string = 'ERR_DISPOSED'
}
/** An integer that a JavaScript number cannot hold exactly. */
export class PrecisionError extends FlambeauError {
  override readonly code: string = 'ERR_PRECISION'
}
/** The memory limit was reached; the message lists what is live. */
export class OutOfMemoryError extends FlambeauError {
  override readonly code: string = 'ERR_OUT_OF_MEMORY'
}
/** The native code is missing, or failed in a way that is not the caller's mistake. */
export class NativeError extends FlambeauError {
  override readonly code: string = 'ERR_NATIVE'
}
