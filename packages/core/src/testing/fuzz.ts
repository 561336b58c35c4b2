/**
 * Calls public functions and methods with hostile arguments. Each call must return, or throw an
 * error of flambeau's own; tensors that it returns must be what native code says they are. What a
 * crash leaves behind is the seed: the same seed makes the same calls.
 */
import * as core from '../index.ts'
import { commands, native } from '../native.ts'
import { FuzzArguments, isInstance } from './fuzz-arguments.ts'
import { goldenCase, goldenInputs } from './goldens.ts'
import { allSamples, makeInput } from './samples.ts'

/** Something to call. */
export interface FuzzTarget {
  readonly name: string
  /** Called with a tensor as `self` in most cases, for methods. */
  readonly method: boolean
  readonly call: (self: unknown, args: readonly unknown[]) => unknown
  /** Comes before the name is read and the arguments are made. */
  readonly begin?: () => void
  /** Arguments that make sense, to be spoilt; left out where any will do. */
  readonly inputs?: () => readonly unknown[]
}

export interface FuzzOptions {
  seed: number
  calls: number
  targets: readonly FuzzTarget[]
  /** Told of each call before it is made: for finding the one that crashed. */
  before?: (call: number, text: () => string) => void
  /** Where arguments come from. Default: of the seed. */
  source?: FuzzArguments
  /** Takes promises, to be settled later; they are let go of unless it is there. */
  later?: (promise: Promise<unknown>, fail: (problem: string) => void) => void
}

export interface FuzzFailure {
  seed: number
  call: number
  text: string
  problem: string
}

export interface FuzzReport {
  calls: number
  returned: number
  refused: number
  failures: FuzzFailure[]
}

// Process-wide switches, and what takes long for a reason.
const EXCLUDED = new Set([
  'setMemoryLimit',
  'setNumThreads',
  'autocast',
  'setAutocastCacheEnabled',
  'setAutocastDtype',
  'setDefaultDtype',
  'setPrintoptions',
  'collectGarbage',
  'emptyCache',
])

/**
 * Every exported function, class and method, also in exported namespaces, and every getter and setter
 * of tensors.
 */
export function publicTargets(
  api: Record<string, unknown> = core,
  prototype: object = core.Tensor.prototype,
): FuzzTarget[] {
  const targets: FuzzTarget[] = []
  for (const [name, value] of Object.entries(api)) {
    if (Object.prototype.toString.call(value) === '[object Module]') {
      for (const target of publicTargets(value as Record<string, unknown>, {})) {
        targets.push({ ...target, name: `${name}.${target.name}` })
      }
      continue
    }
    if (typeof value !== 'function' || EXCLUDED.has(name)) continue
    if (value.prototype instanceof Error) continue
    const isClass = /^class\b/.test(Function.prototype.toString.call(value))
    targets.push({
      name: isClass ? `new ${name}` : name,
      method: false,
      call: (_self, args) =>
        isClass
          ? Reflect.construct(value as new () => unknown, args)
          : (value as (...args: unknown[]) => unknown)(...args),
    })
  }
  const descriptors = Object.getOwnPropertyDescriptors(prototype)
  for (const key of Reflect.ownKeys(descriptors)) {
    if (key === 'constructor' || EXCLUDED.has(String(key))) continue
    const property = (descriptors as Record<PropertyKey, PropertyDescriptor>)[
      key
    ] as PropertyDescriptor
    const name = `x.${String(key)}`
    const { value } = property as { value: unknown }
    if (typeof value === 'function') {
      targets.push({ name, method: true, call: (self, args) => Reflect.apply(value, self, args) })
    }
    if (property.get) {
      targets.push({ name: `get ${name}`, method: true, call: (self) => property.get?.call(self) })
    }
    if (property.set) {
      targets.push({
        name: `set ${name}`,
        method: true,
        call: (self, args) => property.set?.call(self, args[0]),
      })
    }
  }
  return targets
}

/** Every sample, with its inputs spoilt: these calls get deeper into the operations. */
export function sampleTargets(): FuzzTarget[] {
  const targets: FuzzTarget[] = []
  for (const [op, samples] of allSamples()) {
    for (const sample of samples) {
      const { inputs, golden } = sample
      targets.push({
        name: `${op} (${sample.name})`,
        method: false,
        call: (_self, args) => sample.run(...args),
        inputs: () =>
          inputs !== undefined
            ? inputs.map((spec, i) => makeInput(spec, i))
            : goldenInputs(goldenCase(golden as string)),
      })
    }
  }
  return targets
}

/** Bytes that one call may add to what is live. */
const ROOM = 16 << 20
const SLOW_MS = 4000

/** Makes `calls` calls. Failures are collected, at most 200. */
export function fuzz(options: FuzzOptions): FuzzReport {
  const { seed, calls, targets, before } = options
  const report: FuzzReport = { calls: 0, returned: 0, refused: 0, failures: [] }
  const limitBefore = core.memoryStats().limitBytes
  const source = options.source ?? new FuzzArguments(seed)
  try {
    for (let call = 0; call < calls; call++) {
      const target = targets[source.below(targets.length)] as FuzzTarget
      source.startCall()
      target.begin?.()
      const self = target.method ? source.self() : undefined
      const args = target.inputs ? source.spoil(target.inputs()) : source.list()
      const text = (): string => source.describeCall(target.name, self, args)
      before?.(call, text)
      const fail = (problem: string): void => {
        if (report.failures.length < 200) {
          report.failures.push({ seed, call, text: text(), problem })
        }
      }
      const start = performance.now()
      report.calls++
      core.setMemoryLimit(core.memoryStats().liveBytes + ROOM)
      try {
        const result = target.call(self, args)
        report.returned++
        if (result instanceof Promise) {
          if (options.later) options.later(result, fail)
          else result.catch(() => {})
        }
        for (const problem of problemsOf(result, source)) fail(problem)
      } catch (error) {
        report.refused++
        // A sample is code of its own, which may fail in its own ways.
        if (!target.inputs && !isProper(error)) fail(problemText(error))
      } finally {
        core.setMemoryLimit(limitBefore)
      }
      const elapsed = performance.now() - start
      if (elapsed > SLOW_MS) fail(`took ${Math.round(elapsed)} ms`)
      if (call % 512 === 511) source.refresh()
    }
  } finally {
    source.dispose()
  }
  return report
}

/** An error that tells a user what to change. A NativeError says that a check is missing. */
export function isProper(error: unknown): boolean {
  return (
    error instanceof core.FlambeauError &&
    !(error instanceof core.NativeError) &&
    error.message.length > error.op.length + 2 &&
    !/\[object /.test(error.message)
  )
}

export function problemText(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`
  const place = /at .*?\/src\/(.*?)\)?$/m.exec(error.stack ?? '')?.[1] ?? ''
  return `${error.name}: ${error.message} (${place})`
}

/** What is wrong with a result; tensors of it join the pool of arguments. */
function problemsOf(result: unknown, source: FuzzArguments, depth = 0): string[] {
  if (result instanceof core.Tensor) {
    const problem = tensorProblem(result)
    source.offer(result)
    return problem === null ? [] : [problem]
  }
  if (depth === 0 && isInstance(result)) source.offer(result)
  if (depth < 2 && typeof result === 'object' && result !== null && !ArrayBuffer.isView(result)) {
    const parts = Array.isArray(result) ? result.slice(0, 64) : Object.values(result)
    return parts.flatMap((part) => problemsOf(part, source, depth + 1))
  }
  return []
}

function tensorProblem(tensor: core.Tensor): string | null {
  if (tensor.isDisposed) return null
  native.info(tensor._id)
  const rank = commands[1] as number
  const shape = Array.from(commands.subarray(9, 9 + rank))
  if (commands[0] !== tensor._dtype) return `the dtype is ${commands[0]}, not ${tensor._dtype}`
  if (shape.join() !== tensor._shape.join()) {
    return `the native shape is [${shape.join()}], the wrapper's [${tensor._shape.join()}]`
  }
  // Reads every element, where a sanitizer watches.
  if (tensor.numel() <= 1 << 16)
    native.read(tensor._id, new ARRAYS[tensor._dtype as 0](tensor.numel()))
  return null
}

const ARRAYS = [
  Float32Array,
  Float64Array,
  BigInt64Array,
  Int32Array,
  Uint8Array,
  Uint8Array,
  Uint16Array,
  Uint16Array,
  Int8Array,
  Int16Array,
] as const
