/** What an operator of ONNX is carried out with. */
import { Tensor, ValueError } from '@flambeau/core'
import type { GraphNode } from './graph.ts'

/** Whole numbers of tensors that do not change, so that each is read once. */
const known = new WeakMap<Tensor, readonly number[]>()

/** The elements as numbers; bounds beyond 2^53 need not be exact. */
function read(tensor: Tensor): number[] {
  return Array.from(tensor.dtype === 'int64' ? tensor.toBigIntArray() : tensor.toArray(), Number)
}

/** Reads a tensor of whole numbers that will not change. */
export function remember(tensor: Tensor): void {
  known.set(tensor, read(tensor))
}

/** A call: the node, and its inputs as tensors. */
export class NodeCall {
  readonly node: GraphNode
  readonly inputs: readonly (Tensor | null)[]
  /** The tensor that the node has as an attribute `value`, if any. */
  readonly value: Tensor | null

  constructor(node: GraphNode, inputs: readonly (Tensor | null)[], value: Tensor | null) {
    this.node = node
    this.inputs = inputs
    this.value = value
  }

  /** The tensor that the node has as an attribute. */
  constant(): Tensor {
    if (this.value === null) throw this.fail('there is no value')
    return this.value
  }

  /** An input that must be there. */
  x(i = 0): Tensor {
    const input = this.inputs[i] ?? null
    if (input === null) throw this.fail(`input ${i} is missing`)
    return input
  }

  /** An input that may be left out. */
  optional(i: number): Tensor | null {
    return this.inputs[i] ?? null
  }

  /** The elements of an input as numbers: sizes, axes, bounds. */
  numbers(i: number): readonly number[] {
    const tensor = this.x(i)
    return known.get(tensor) ?? read(tensor)
  }

  /** The same, or null if the input is left out. */
  optionalNumbers(i: number): readonly number[] | null {
    return this.optional(i) === null ? null : this.numbers(i)
  }

  int(name: string, otherwise: number): number {
    const value = this.node.attributes[name] ?? otherwise
    if (typeof value === 'number') return value
    throw this.fail(`attribute '${name}' is no number`)
  }

  text(name: string, otherwise: string): string {
    const value = this.node.attributes[name] ?? otherwise
    if (typeof value === 'string') return value
    throw this.fail(`attribute '${name}' is no text`)
  }

  list(name: string): readonly number[] | null {
    const value = this.node.attributes[name] ?? null
    if (value === null) return null
    if (Array.isArray(value) && value.every((one) => typeof one === 'number')) return value
    throw this.fail(`attribute '${name}' is no list of numbers`)
  }

  texts(name: string): readonly string[] | null {
    const value = this.node.attributes[name] ?? null
    if (value === null) return null
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value
    throw this.fail(`attribute '${name}' is no list of texts`)
  }

  /** An axis counted from the front. */
  axis(value: number, ndim: number): number {
    const axis = value < 0 ? value + ndim : value
    if (Number.isInteger(axis) && axis >= 0 && axis < Math.max(ndim, 1)) return axis
    throw this.fail(`there is no axis ${value}: there are ${ndim}`)
  }

  /** @throws {ValueError} unless a condition on what is supported holds. */
  require(holds: boolean, rule: string): void {
    if (!holds) throw this.fail(rule)
  }

  fail(rule: string): ValueError {
    const { name, type } = this.node
    const inputs = this.inputs.flatMap((tensor, i) =>
      tensor instanceof Tensor
        ? [{ name: `input ${i}`, description: `${tensor.dtype} [${tensor.shape.join(', ')}]` }]
        : [],
    )
    const fix = `pass { operators: { ${type}: (inputs, node) => … } } to carry it out yourself`
    return new ValueError('importOnnx', inputs, `node '${name}' (${type}): ${rule}`, fix)
  }
}

/** Carries out an operator. */
export type Operator = (c: NodeCall) => Tensor | readonly (Tensor | null)[]

/** Operators by type. */
export type Operators = Readonly<Record<string, Operator>>
