/** Watching calls of operations: what ran when, for how long, on what, inside of what. */
import { DTYPES, itemBytes } from '../dtype.ts'
import { ValueError } from '../errors.ts'
import type { Addon } from '../native.ts'
import { commands, kernelNames, native } from '../native.ts'
import type { Input, Interpreter, OpCall, Spec } from '../op.ts'
import { vmapping } from '../op.ts'
import { profiling } from '../profiling.ts'
import type { Shape } from '../shape.ts'
import { Tensor } from '../tensor.ts'

/** One thing that took time: an operation, or a named part of the program around some. */
export interface ProfilerEvent {
  /** The operation, `MulBackward` for the derivative of one, or what {@link recordFunction} was told. */
  readonly name: string
  /** `operation` for what native code does, `backward` for a derivative, `user` for a named part. */
  readonly kind: 'operation' | 'backward' | 'user'
  /** Microseconds from the start of the profile. */
  readonly start: number
  /** Microseconds. */
  duration: number
  /** Microseconds that were not spent in events inside of this one. */
  self: number
  /** How many events are around this one. */
  readonly depth: number
  /** Shapes of the inputs; null where an input is a number. Empty unless shapes are recorded. */
  readonly shapes: readonly (readonly number[] | null)[]
  /** Their dtypes; empty unless shapes are recorded. */
  readonly dtypes: readonly string[]
  /** Bytes that inputs and outputs have together. 0 for named parts. */
  readonly bytes: number
  /** Bytes that live tensors took more afterwards than before. 0 unless memory is profiled. */
  memory: number
  /** `memory` without that of events inside of this one. */
  selfMemory: number
}

export interface CollectOptions {
  readonly recordShapes: boolean
  readonly profileMemory: boolean
}

type Open = ProfilerEvent & { inner: number; innerMemory: number; live: number }

/** A call that is on its way to its kernel, as the dispatcher knows it. */
interface Announced {
  readonly op: string
  readonly inputs: readonly Input[]
  readonly bytes: number
}

const kernels = kernelNames()

function bytesOf(shape: Shape, dtype: number): number {
  let count = 1
  for (const size of shape) count *= size
  return count * itemBytes(dtype)
}

function bytesOfInputs(inputs: readonly Input[]): number {
  let sum = 0
  for (const input of inputs)
    if (input instanceof Tensor) sum += bytesOf(input._shape, input._dtype)
  return sum
}

const STATS = 10

/** Bytes of live tensors; the command buffer stays as it is. */
function liveBytes(): number {
  const kept = commands.slice(0, STATS)
  native.memoryStats()
  const live = commands[0] as number
  commands.set(kept)
  return live
}

/** Listens from its making until `stop`. There is one at a time. */
export class Collector {
  readonly events: ProfilerEvent[] = []
  /** Microseconds from start to stop. */
  wall = 0
  readonly #options: CollectOptions
  readonly #began: number = performance.now()
  readonly #open: Open[] = []
  /** The addon's functions as they were. */
  readonly #before: Addon = { ...native }
  #announced: Announced | null = null

  /** @throws {ValueError} inside of another profile, or of vmap. */
  constructor(options: CollectOptions) {
    if (profiling.span !== null || vmapping.interpreter !== null) {
      throw new ValueError(
        'profile',
        [],
        profiling.span === null ? 'vmap is running' : 'another profile is being made',
        'call profile around everything that is to be seen',
      )
    }
    this.#options = options
    profiling.span = (name, kind, body) => this.span(name, kind, body)
    vmapping.interpreter = this.#observer()
    native.launch = (...wrappers) => this.#launched(wrappers)
    native.item = (id) => this.#timed('item', () => this.#before.item(id))
    native.read = (id, array) => this.#timed('toArray', () => this.#before.read(id, array))
    native.write = (id, array) => this.#timed('fromArray', () => this.#before.write(id, array))
  }

  stop(): void {
    Object.assign(native, this.#before)
    vmapping.interpreter = null
    profiling.span = null
    this.wall = (performance.now() - this.#began) * 1e3
    // Named parts that go on, because a promise in them did not settle, end here.
    while (this.#open.length > 0) this.#end(this.#open[this.#open.length - 1] as Open)
  }

  /** An event around `body`; around what it promises, if it is asynchronous. */
  span<T>(name: string, kind: ProfilerEvent['kind'], body: () => T): T {
    const open = this.#begin(name, kind, null)
    let result: T
    try {
      result = body()
    } catch (error) {
      this.#end(open)
      throw error
    }
    if (result instanceof Promise) {
      return result.finally(() => this.#end(open)) as T
    }
    this.#end(open)
    return result
  }

  #begin(name: string, kind: ProfilerEvent['kind'], call: Announced | null): Open {
    const shaped = this.#options.recordShapes && call !== null
    const open: Open = {
      name,
      kind,
      start: (performance.now() - this.#began) * 1e3,
      duration: 0,
      self: 0,
      depth: this.#open.length,
      shapes: shaped ? call.inputs.map((x) => (x instanceof Tensor ? [...x._shape] : null)) : [],
      dtypes: shaped ? call.inputs.map((x) => dtypeText(x)) : [],
      bytes: call?.bytes ?? 0,
      memory: 0,
      selfMemory: 0,
      inner: 0,
      innerMemory: 0,
      live: this.#options.profileMemory ? liveBytes() : 0,
    }
    this.#open.push(open)
    return open
  }

  #end(open: Open): void {
    const end = (performance.now() - this.#began) * 1e3
    const at = this.#open.lastIndexOf(open)
    if (at < 0) return
    this.#open.splice(at, 1)
    const memory = this.#options.profileMemory ? liveBytes() - open.live : 0
    const { name, kind, start, depth, shapes, dtypes, bytes, inner, innerMemory } = open
    const duration = end - start
    const self = Math.max(0, duration - inner)
    const selfMemory = memory - innerMemory
    const event = {
      name,
      kind,
      start,
      duration,
      self,
      depth,
      shapes,
      dtypes,
      bytes,
      memory,
      selfMemory,
    }
    this.events.push(event)
    const around = this.#open[at - 1]
    if (around === undefined) return
    around.inner += duration
    around.innerMemory += memory
  }

  #timed<T>(name: string, body: () => T): T {
    const open = this.#begin(name, 'operation', null)
    try {
      return body()
    } finally {
      this.#end(open)
    }
  }

  #launched(wrappers: readonly object[]): void {
    const call = this.#announced
    this.#announced = null
    const name = call?.op ?? kernels[commands[0] as number] ?? 'unknown'
    const open = this.#begin(name, 'operation', call)
    try {
      this.#before.launch(...wrappers)
    } finally {
      this.#end(open)
    }
  }

  #announce({ op, inputs }: OpCall, specs: readonly Spec[], name: string = op.name): void {
    let bytes = bytesOfInputs(inputs)
    for (const { shape, dtype } of specs) bytes += bytesOf(shape, dtype)
    this.#announced = { op: name, inputs, bytes }
  }

  /** Sees every call before it is launched, and lets it pass. */
  #observer(): Interpreter {
    return {
      watches: true,
      run: (call, spec) => {
        this.#announce(call, [spec], call.op.name)
        return null
      },
      runMany: (call, specs) => {
        this.#announce(call, specs)
        return null
      },
      runInPlace: (call, targets, name) => {
        const specs = targets.map(({ _shape, _dtype }) => ({ shape: _shape, dtype: _dtype }))
        this.#announce(call, specs, name)
        return false
      },
    }
  }
}

function dtypeText(input: Input): string {
  if (input === null) return 'none'
  return input instanceof Tensor ? (DTYPES[input._dtype] as string) : 'number'
}
