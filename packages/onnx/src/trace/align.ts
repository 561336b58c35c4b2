/**
 * One program from several traces of it, made with inputs of different sizes: what is the same number
 * in all of them is a constant, and what differs follows from the sizes that differ.
 */
import { ValueError } from '@flambeau/core'
import type { Call, Elements, Source, Trace, Value } from './values.ts'

/** A number that differs from trace to trace. */
export class Varying {
  /** By trace. */
  readonly values: readonly number[]

  constructor(values: readonly number[]) {
    this.values = values
  }

  /** The same for numbers that are the same. */
  get key(): string {
    return this.values.join(',')
  }
}

/** A number of a program: constant, or following from sizes of inputs. */
export type Num = number | Varying

/** A tensor of a program. */
export interface Aligned {
  readonly id: number
  readonly source: Source
  readonly name: string
  readonly shape: readonly Num[]
  readonly dtype: number
  /** Are its elements the same in all traces, whatever the inputs? */
  readonly fixed: boolean
  /** By trace; null for what follows from inputs or from state. */
  readonly elements: readonly (Elements | null)[]
}

export type Operand = Aligned | Num | null

/** A call of a program. */
export interface AlignedCall {
  readonly op: string
  readonly inputs: readonly Operand[]
  readonly numbers: readonly Num[]
  readonly params: unknown
  readonly numberDtype: number
  readonly outputs: readonly Aligned[]
}

export interface Program {
  readonly values: readonly Aligned[]
  readonly calls: readonly AlignedCall[]
  readonly outputs: readonly Aligned[]
  /** How many traces there are. */
  readonly traces: number
}

const OP = 'exportOnnx'

/** A number by what it is in each trace. */
export function numOf(values: readonly number[]): Num {
  const [first] = values as [number]
  return values.every((one) => Object.is(one, first)) ? first : new Varying(values)
}

/** The product of two numbers, trace by trace. */
export function times(a: Num, b: Num): Num {
  if (typeof a === 'number' && typeof b === 'number') return a * b
  const { values } = (typeof a === 'number' ? b : a) as Varying
  const at = (n: Num, t: number): number => (typeof n === 'number' ? n : (n.values[t] as number))
  return numOf(values.map((_, t) => at(a, t) * at(b, t)))
}

function differs(what: string): ValueError {
  return new ValueError(
    OP,
    [],
    `forward does other things for other sizes of the dynamic axes: ${what}`,
    "leave that axis out of dynamicAxes, say what its sizes are multiples of ({ 2: '16*height' }), or write forward without conditions and loops over its size",
  )
}

function sameElements(a: Elements | null, b: Elements | null): boolean {
  if (a === b) return true
  if (a === null || b === null || a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false
  return true
}

function alignValue(values: readonly Value[]): Aligned {
  const [first] = values as [Value]
  for (const other of values) {
    const same =
      other.source === first.source &&
      other.name === first.name &&
      other.dtype === first.dtype &&
      other.fixed === first.fixed &&
      other.shape.length === first.shape.length
    if (!same) throw differs(`a tensor has ${first.shape.length} axes, or ${other.shape.length}`)
  }
  const shape = first.shape.map((_, axis) => numOf(values.map((v) => v.shape[axis] as number)))
  const steady = shape.every((size) => typeof size === 'number')
  const fixed =
    first.fixed && steady && values.every((v) => sameElements(v.elements, first.elements))
  const { id, source, name, dtype } = first
  return { id, source, name, shape, dtype, fixed, elements: values.map((v) => v.elements) }
}

/**
 * The program that all traces are of.
 *
 * @throws {ValueError} if they are not of one program: forward looked at a size that differs.
 */
export function align(traces: readonly Trace[]): Program {
  const [first, ...others] = traces as [Trace, ...Trace[]]
  for (const other of others) {
    const count = Math.min(first.calls.length, other.calls.length)
    for (let i = 0; i < count; i++) {
      const [a, b] = [first.calls[i] as Call, other.calls[i] as Call]
      if (a.op !== b.op) throw differs(`operation ${i} is ${a.op}, or ${b.op}`)
    }
    if (first.calls.length !== other.calls.length) {
      throw differs(`it runs ${first.calls.length} operations, or ${other.calls.length}`)
    }
    if (first.outputs.length !== other.outputs.length) {
      throw differs(`it returns ${first.outputs.length} tensors, or ${other.outputs.length}`)
    }
    if (first.values.length !== other.values.length) {
      throw differs(`it uses ${first.values.length} tensors, or ${other.values.length}`)
    }
  }
  const values = first.values.map((_, i) => alignValue(traces.map((t) => t.values[i] as Value)))
  const at = (value: Value): Aligned => values[value.id] as Aligned
  const calls = first.calls.map((_call, i) =>
    alignCall(
      traces.map((t) => t.calls[i] as Call),
      at,
    ),
  )
  return { values, calls, outputs: first.outputs.map(at), traces: traces.length }
}

function alignCall(calls: readonly Call[], at: (value: Value) => Aligned): AlignedCall {
  const [first] = calls as [Call]
  const { op, params, numberDtype } = first
  const counts = (of: Call): string => `${of.inputs.length}:${of.numbers.length}`
  if (calls.some((one) => counts(one) !== counts(first))) throw differs(`arguments of ${op}`)
  const inputs = first.inputs.map((input, i): Operand => {
    const all = calls.map((one) => one.inputs[i] ?? null)
    if (typeof input === 'number' && all.every((one) => typeof one === 'number')) return numOf(all)
    if (input === null && all.every((one) => one === null)) return null
    const ids = all.map((one) => (typeof one === 'object' ? one?.id : undefined))
    if (input === null || typeof input === 'number' || ids.some((id) => id !== input.id)) {
      throw differs(`an input of ${op}`)
    }
    return at(input)
  })
  const numbers = first.numbers.map((_, i) => numOf(calls.map((c) => c.numbers[i] as number)))
  return { op, inputs, numbers, params, numberDtype, outputs: first.outputs.map(at) }
}
