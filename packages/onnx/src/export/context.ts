/** What the form of an operation in ONNX is made from. */
import { ValueError } from '@flambeau/core'
import { dtypeName } from '../dtypes.ts'
import type { Aligned, AlignedCall, Num, Operand } from '../trace/align.ts'
import type { GraphBuilder } from './builder.ts'
import { textOf } from './builder.ts'

const OP = 'exportOnnx'

/** A call that is being written: what it takes and gives, and the graph that it goes into. */
export class Context {
  readonly call: AlignedCall
  readonly g: GraphBuilder
  readonly opset: number
  /** Which of the outputs are used. */
  readonly used: readonly boolean[]

  constructor(call: AlignedCall, g: GraphBuilder, opset: number, used: readonly boolean[]) {
    this.call = call
    this.g = g
    this.opset = opset
    this.used = used
  }

  /** The first output. */
  get out(): Aligned {
    return this.call.outputs[0] as Aligned
  }

  /** An input that must be a tensor. */
  tensor(i: number): Aligned {
    const input = this.call.inputs[i]
    if (input === null || typeof input !== 'object' || !('source' in input)) {
      throw this.refuse(`input ${i} is no tensor`)
    }
    return input
  }

  /** The name of an input that must be a tensor. */
  in(i: number): string {
    return this.g.name(this.tensor(i))
  }

  /** The name of an input that may be left out: empty then. */
  optional(i: number): string {
    return (this.call.inputs[i] ?? null) === null ? '' : this.in(i)
  }

  /** An input as a tensor of a dtype, the result's unless said. */
  as(i: number, dtype: number = this.out.dtype): string {
    return this.g.operand(this.call.inputs[i] as Operand, dtype)
  }

  /** A parameter of the kernel that must be the same whatever the sizes. */
  int(i: number): number {
    const number = this.call.numbers[i]
    if (typeof number === 'number') return number
    throw this.refuse(`a parameter depends on the dynamic axes (${textOf(number as Num)})`)
  }

  /** All parameters of the kernel, which must be the same whatever the sizes. */
  ints(start = 0, end: number = this.call.numbers.length): number[] {
    return this.call.numbers.slice(start, end).map((_, i) => this.int(start + i))
  }

  /** Why this call has no form in ONNX. */
  refuse(
    rule: string,
    fix = 'leave the axis out of dynamicAxes, or write it differently',
  ): ValueError {
    const inputs = this.call.inputs.flatMap((input, i) => {
      if (input === null || typeof input !== 'object' || !('source' in input)) return []
      const text = `${dtypeName(input.dtype)} [${input.shape.map(textOf).join(', ')}]`
      return [{ name: `input ${i}`, description: text }]
    })
    return new ValueError(OP, inputs, `${this.call.op}: ${rule}`, fix)
  }
}

/** Writes a call into the graph; returns the names of its outputs. */
export type Form = (c: Context) => string | readonly string[]

/** Forms by operation. */
export type Forms = Readonly<Record<string, Form>>
