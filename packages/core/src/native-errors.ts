/** Turns what native code throws into the typed errors of errors.ts. */
import { DTYPES } from './dtype.ts'
import type { ErrorInput } from './errors.ts'
import {
  AutogradError,
  DeviceError,
  DisposedError,
  IndexError,
  NativeError,
  OutOfMemoryError,
  ShapeError,
  ValueError,
} from './errors.ts'
import { commands, native } from './native.ts'
import type { Input, Op } from './op.ts'
import type { Tensor } from './tensor.ts'

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

const SHARED_SINCE = 'and its base, or another view of that, was changed in place since'
const WHILE_RECORDED = 'cannot be changed in place while operations are recorded'
const SEVERAL = 'one of several views that a function returned'
const CLONE_OR_PLAIN = 'use the form without underscore, or clone() the view before the change'
const SAME_MODE = 'make the view and the change both inside of noGrad, or both outside'
const CLONE_RESULT = 'clone() the result of the function'

/** Rule and fix for what the graph does not allow, by what native code calls it. */
const GRAPH_RULES: Record<string, readonly [rule: string, fix: string]> = {
  leaf: [
    `a leaf that requires a gradient ${WHILE_RECORDED}`,
    'wrap the update in noGrad(), or use the form without underscore',
  ],
  'view of a leaf': [
    `a view of a leaf that requires a gradient ${WHILE_RECORDED}`,
    'wrap the update in noGrad(), or clone() the leaf first',
  ],
  'multi-output view': [`${SEVERAL} ${WHILE_RECORDED}`, CLONE_OR_PLAIN],
  'base of multi-output view': [`an input is ${SEVERAL}, ${SHARED_SINCE}`, CLONE_OR_PLAIN],
  'noGrad view': [`a view that was made inside of noGrad ${WHILE_RECORDED}`, SAME_MODE],
  'base of noGrad view': [
    `an input is a view that was made inside of noGrad, ${SHARED_SINCE}`,
    SAME_MODE,
  ],
  'inference view': [`a view that was made in inference mode ${WHILE_RECORDED}`, SAME_MODE],
  'base of inference view': [
    `an input is a view that was made in inference mode, ${SHARED_SINCE}`,
    SAME_MODE,
  ],
  'custom view': [`a view that a user's Function returned ${WHILE_RECORDED}`, CLONE_RESULT],
  'base of custom view': [
    `an input is a view that a user's Function returned, ${SHARED_SINCE}`,
    CLONE_RESULT,
  ],
  'inference tensor written': [
    'a tensor made in inference mode cannot be changed in place outside of it',
    'clone() it outside of inference mode',
  ],
  'inference tensor saved': [
    'a tensor made in inference mode cannot be saved for a backward pass',
    'clone() it outside of inference mode, or use noGrad in place of inferenceMode',
  ],
}

/** What a device cannot do, or tensors in several places. */
function deviceError(name: string, op: Op, inputs: readonly Input[], message: string): DeviceError {
  const described = describeInputs(op, inputs).map(({ name: input, description }, i) => {
    const tensor = inputs[i]
    const place = typeof tensor === 'object' && tensor !== null ? ` on ${tensor.device}` : ''
    return { name: input, description: description + place }
  })
  if (message === 'mixed') {
    const rule = 'all tensors of an operation are on the same device'
    return new DeviceError(name, described, rule, "move them there first: x.to('cuda'), or x.cpu()")
  }
  const [, device] = /^no kernel on (.+)$/.exec(message) ?? []
  if (device === undefined) return new DeviceError(name, described, message)
  return new DeviceError(
    name,
    described,
    `the operation does not exist on ${device}`,
    'move its inputs to the processor with cpu()',
  )
}

/** The error for what the graph does not allow; null for another error. */
export function graphError(
  error: unknown,
  name: string,
  inputs: Record<string, Tensor> | readonly ErrorInput[],
): AutogradError | null {
  const { code, message } = error as { code?: string; message: string }
  const found = code === 'ERR_AUTOGRAD' ? GRAPH_RULES[message] : undefined
  return found === undefined ? null : new AutogradError(name, inputs, found[0], found[1])
}

/**
 * The error to throw in place of `error`, which an operation met with these inputs; `name` is what
 * the user calls it.
 */
export function translateError(
  error: unknown,
  op: Op,
  inputs: readonly Input[],
  name: string = op.name,
): unknown {
  const { code, message } = error as { code?: string; message: string }
  const described = describeInputs(op, inputs)
  switch (code) {
    case 'ERR_INDEX':
      return new IndexError(name, described, message, 'check the indices or labels')
    case 'ERR_SHAPE':
      return new ShapeError(name, described, message)
    case 'ERR_VALUE':
      return new ValueError(name, described, message)
    case 'ERR_DEVICE':
      return deviceError(name, op, inputs, message)
    case 'ERR_VIEW':
      return new ShapeError(
        name,
        described,
        "the tensor's strides do not allow this view",
        'use reshape(), which copies where it must',
      )
    case 'ERR_DISPOSED': {
      const at = inputs.findIndex((input) => typeof input === 'object' && input?._id === 0)
      return new DisposedError(
        name,
        described,
        `${described[at]?.name ?? 'an input'} was disposed and can no longer be used`,
        'dispose a tensor after its last use; keep() or return what must outlive a scope',
      )
    }
    case 'ERR_OUT_OF_MEMORY': {
      const wanted = Number(message)
      if (Number.isNaN(wanted)) {
        // What a device says.
        return new OutOfMemoryError(
          name,
          described,
          `${message}; the largest tensors: ${liveTable()}`,
          'use smaller batches, drop references to tensors, or wrap evaluation in noGrad',
        )
      }
      native.memoryStats()
      const live = commands[0] as number
      const limit = commands[9] as number
      return new OutOfMemoryError(
        name,
        described,
        `${wanted > 0 ? `${formatBytes(wanted)} more` : 'the memory for the result'} does not fit: ${formatBytes(live)} of at most ${formatBytes(limit)} are live, the largest: ${liveTable()}`,
        'use smaller batches, drop references to tensors, wrap evaluation in noGrad, or raise setMemoryLimit()',
      )
    }
    case 'ERR_AUTOGRAD':
      return graphError(error, name, described) ?? error
    case 'ERR_NATIVE':
    case 'ERR_INTERNAL':
      return new NativeError(
        name,
        described,
        `the native kernel refused the call: ${message}`,
        'this is a mistake in flambeau: please report it with the inputs above',
      )
    default:
      return error
  }
}
