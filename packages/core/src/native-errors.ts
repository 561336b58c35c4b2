/** Turns what native code throws into the typed errors of errors.ts. */
import { DTYPES } from './dtype.ts'
import type { ErrorInput } from './errors.ts'
import {
  DisposedError,
  IndexError,
  NativeError,
  OutOfMemoryError,
  ShapeError,
  ValueError,
} from './errors.ts'
import { commands, native } from './native.ts'
import type { Input, Op } from './op.ts'

function describeInputs(op: Op, inputs: readonly Input[]): ErrorInput[] {
  return inputs.map((input, i) => ({
    name: op.inputs[i] ?? `input ${i}`,
    description:
      input === null
        ? 'none'
        : typeof input === 'number'
          ? String(input)
          : `${input.dtype} [${input.shape.join(', ')}]`,
  }))
}

/** `1.5 GB`, `20 MB`, `12 KB` or `96 B`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let unit = 0
  let value = bytes
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : Number(value.toFixed(1))} ${units[unit]}`
}

/** The largest live tensors, one line each. */
function liveTable(): string {
  native.live()
  const lines: string[] = []
  let at = 1
  for (let i = 0; i < (commands[0] as number); i++) {
    const dtype = DTYPES[commands[at] as number]
    const rank = commands[at + 1] as number
    const bytes = commands[at + 2] as number
    const shape = Array.from(commands.subarray(at + 3, at + 3 + rank))
    lines.push(`${formatBytes(bytes)} ${dtype} [${shape.join(', ')}]`)
    at += 3 + rank
  }
  return lines.join('; ')
}

/** The error to throw in place of `error`, which `op` met with these inputs. */
export function translateError(error: unknown, op: Op, inputs: readonly Input[]): unknown {
  const { code, message } = error as { code?: string; message: string }
  const described = describeInputs(op, inputs)
  switch (code) {
    case 'ERR_INDEX':
      return new IndexError(op.name, described, message, 'check the indices or labels')
    case 'ERR_SHAPE':
      return new ShapeError(op.name, described, message)
    case 'ERR_VALUE':
      return new ValueError(op.name, described, message)
    case 'ERR_VIEW':
      return new ShapeError(
        op.name,
        described,
        "the tensor's strides do not allow this view",
        'use reshape(), which copies where it must',
      )
    case 'ERR_DISPOSED': {
      const at = inputs.findIndex((input) => typeof input === 'object' && input?._id === 0)
      return new DisposedError(
        op.name,
        described,
        `${described[at]?.name ?? 'an input'} was disposed and can no longer be used`,
        'dispose a tensor after its last use; keep() or return what must outlive a scope',
      )
    }
    case 'ERR_OUT_OF_MEMORY': {
      const wanted = Number(message)
      native.memoryStats()
      const live = commands[0] as number
      const limit = commands[9] as number
      return new OutOfMemoryError(
        op.name,
        described,
        `${wanted > 0 ? `${formatBytes(wanted)} more` : 'the memory for the result'} does not fit: ${formatBytes(live)} of at most ${formatBytes(limit)} are live, the largest: ${liveTable()}`,
        'use smaller batches, drop references to tensors, wrap evaluation in noGrad, or raise setMemoryLimit()',
      )
    }
    case 'ERR_NATIVE':
    case 'ERR_INTERNAL':
      return new NativeError(
        op.name,
        described,
        `the native kernel refused the call: ${message}`,
        'this is a mistake in flambeau: please report it with the inputs above',
      )
    default:
      return error
  }
}
