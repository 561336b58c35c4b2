/** A graph of ONNX as it grows: nodes, initializers, and sizes that are computed from those of inputs. */
import { ValueError } from '@flambeau/core'
import { CODE, onnxType } from '../dtypes.ts'
import type { OnnxAttribute, OnnxNode, OnnxTensor } from '../proto/messages.ts'
import type { Aligned, Num, Operand } from '../trace/align.ts'
import { Varying } from '../trace/align.ts'
import type { Elements } from '../trace/values.ts'
import { single, tensorOf } from '../tensors.ts'

/** An attribute: whole numbers, lists of them and texts stand for themselves. */
export type Attribute =
  | number
  | readonly number[]
  | string
  | { readonly float: number }
  | { readonly strings: readonly string[] }
  | { readonly tensor: OnnxTensor }

const OP = 'exportOnnx'
const encoder = new TextEncoder()

function attributeOf(name: string, value: Attribute): OnnxAttribute {
  if (typeof value === 'number') return { name, type: 2, i: BigInt(value) }
  if (typeof value === 'string') return { name, type: 3, s: encoder.encode(value) }
  if ('float' in value) return { name, type: 1, f: value.float }
  if ('strings' in value) {
    return { name, type: 8, strings: value.strings.map((one) => encoder.encode(one)) }
  }
  if ('tensor' in value) return { name, type: 4, t: value.tensor }
  return { name, type: 7, ints: value.map(BigInt) }
}

/** Where a size can be read: an axis of a tensor of the graph. */
interface Place {
  readonly tensor: string
  readonly axis: number
}

/** Builds a graph. Tensors are known by name. */
export class GraphBuilder {
  readonly nodes: OnnxNode[] = []
  readonly initializers: OnnxTensor[] = []
  /** Which operation is being written, for messages. */
  current = ''
  readonly #names = new Map<Aligned, string>()
  readonly #taken = new Set<string>()
  readonly #constants = new Map<string, string>()
  /** Sizes by what they are in each trace. */
  readonly #places = new Map<string, Place>()
  /** Sizes of inputs, from which others may be computed. */
  readonly #roots: Varying[] = []
  readonly #sizes = new Map<string, string>()

  /** A name that nothing has yet. */
  unique(wanted: string): string {
    let name = wanted
    for (let i = 1; this.#taken.has(name); i++) name = `${wanted}_${i}`
    this.#taken.add(name)
    return name
  }

  /** Says what a tensor is called, and where its sizes can be read from now on. */
  bind(value: Aligned, name: string, root = false): void {
    this.#names.set(value, name)
    value.shape.forEach((size, axis) => {
      if (!(size instanceof Varying) || this.#places.has(size.key)) return
      this.#places.set(size.key, { tensor: name, axis })
      if (root) this.#roots.push(size)
    })
  }

  /** Has the tensor a name? */
  knows(value: Aligned): boolean {
    return this.#names.has(value)
  }

  /** Adds a node with one output. */
  node(
    type: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute> = {},
  ): string {
    return this.nodeOf(type, inputs, 1, attributes)[0] as string
  }

  /** Adds a node with several outputs. */
  nodeOf(
    type: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Record<string, Attribute> = {},
  ): string[] {
    const name = this.unique(`/${this.current}/${type}`)
    const output = Array.from({ length: outputs }, (_, i) =>
      this.unique(outputs === 1 ? `${name}_output` : `${name}_output_${i}`),
    )
    this.nodes.push({
      name,
      opType: type,
      input: trimmed(inputs),
      output: [...output],
      attribute: Object.entries(attributes).map(([key, value]) => attributeOf(key, value)),
    })
    return output
  }

  /** Adds an initializer under a name of its own. */
  initializer(name: string, elements: Elements, shape: readonly number[], dtype: number): string {
    this.#taken.add(name)
    this.initializers.push(tensorOf(name, elements, shape, dtype))
    return name
  }

  /** A constant; equal small ones are one. */
  constant(elements: Elements, shape: readonly number[], dtype: number): string {
    const key =
      elements.length <= 64 ? `${dtype}|${shape.join()}|${Array.from(elements, String).join()}` : ''
    const known = key === '' ? undefined : this.#constants.get(key)
    if (known !== undefined) return known
    const name = this.initializer(this.unique('constant'), elements, shape, dtype)
    if (key !== '') this.#constants.set(key, name)
    return name
  }

  /** A number as a tensor without axes. */
  scalar(value: number, dtype: number): string {
    return this.constant(single(value, dtype), [], dtype)
  }

  /** Whole numbers as an int64 tensor with one axis. */
  ints(values: readonly number[]): string {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length], CODE.int64)
  }

  /** What a tensor is called; constants get a name when they are used first. */
  name(value: Aligned): string {
    const known = this.#names.get(value)
    if (known !== undefined) return known
    if (!value.fixed) return this.#pattern(value)
    const shape = value.shape as readonly number[]
    const name = this.constant(value.elements[0] as Elements, shape, value.dtype)
    this.#names.set(value, name)
    return name
  }

  /** An operand in a dtype: cast if it is a tensor of another one. Numbers become tensors. */
  operand(input: Operand, dtype: number): string {
    if (input === null) return ''
    if (typeof input === 'number') return this.scalar(input, dtype)
    if (input instanceof Varying) return this.cast(this.number(input), CODE.int64, dtype)
    return this.cast(this.name(input), input.dtype, dtype)
  }

  /** A tensor in another dtype. */
  cast(name: string, from: number, to: number): string {
    return from === to ? name : this.node('Cast', [name], { to: onnxType(to) })
  }

  /** A size as an int64 tensor without axes. */
  number(size: Num): string {
    if (typeof size === 'number') return this.scalar(size, CODE.int64)
    return this.node('Squeeze', [this.size(size), this.ints([0])])
  }

  /** Sizes as an int64 tensor with one axis. */
  sizes(list: readonly Num[]): string {
    if (list.every((size) => typeof size === 'number')) return this.ints(list)
    const parts: string[] = []
    let run: number[] = []
    for (const size of list) {
      if (typeof size === 'number') {
        run.push(size)
        continue
      }
      if (run.length > 0) parts.push(this.ints(run))
      run = []
      parts.push(this.size(size))
    }
    if (run.length > 0) parts.push(this.ints(run))
    return parts.length === 1 ? (parts[0] as string) : this.node('Concat', parts, { axis: 0 })
  }

  /** A size as an int64 tensor with one element. */
  size(size: Num): string {
    if (typeof size === 'number') return this.ints([size])
    const known = this.#sizes.get(size.key)
    if (known !== undefined) return known
    const name = this.#sizeOf(size)
    this.#sizes.set(size.key, name)
    return name
  }

  #sizeOf(size: Varying): string {
    const place = this.#places.get(size.key)
    if (place !== undefined) {
      return this.node('Shape', [place.tensor], { start: place.axis, end: place.axis + 1 })
    }
    const simple = [...this.#roots, ...[...this.#places.keys()].map(varyingOf)]
    for (const root of simple) {
      const line = lineThrough(root.values, size.values)
      if (line !== null) return this.#line(this.size(root), line)
    }
    for (const [i, a] of this.#roots.entries()) {
      for (const b of this.#roots.slice(i)) {
        const product = a.values.map((x, t) => x * (b.values[t] as number))
        const line = lineThrough(product, size.values)
        if (line === null) continue
        return this.#line(this.node('Mul', [this.size(a), this.size(b)]), line)
      }
    }
    throw new ValueError(
      OP,
      [{ name: this.current, description: `${size.values.join(', ')} in the traces` }],
      'a number depends on the dynamic axes in a way that cannot be followed (sizes, their products, and these times and plus whole numbers can)',
      'leave the axis out of dynamicAxes',
    )
  }

  #line(of: string, [factor, offset]: readonly [number, number]): string {
    const scaled = factor === 1 ? of : this.node('Mul', [of, this.ints([factor])])
    return offset === 0 ? scaled : this.node('Add', [scaled, this.ints([offset])])
  }

  /** A constant whose size varies, but not its rule: one number throughout, or a progression. */
  #pattern(value: Aligned): string {
    const lists = value.elements.map((list) => Array.from(list ?? [], Number))
    const longest = lists.reduce((a, b) => (b.length > a.length ? b : a), [])
    const [first = 0, second = first] = longest
    const step = value.shape.length === 1 ? second - first : 0
    const fits = lists.every((list) => list.every((one, i) => one === first + i * step))
    if (!fits || longest.length < 2 || value.source !== 'constant')
      throw this.#varyingConstant(value)
    const { dtype } = value
    let name: string
    if (step === 0) {
      name = this.node('Expand', [this.scalar(first, dtype), this.sizes(value.shape)])
    } else {
      const [zero, one] = [this.scalar(0, CODE.int64), this.scalar(1, CODE.int64)]
      const places = this.node('Range', [zero, this.number(value.shape[0] as Num), one])
      const scaled = this.node('Mul', [
        this.cast(places, CODE.int64, dtype),
        this.scalar(step, dtype),
      ])
      name = this.node('Add', [scaled, this.scalar(first, dtype)])
    }
    this.#names.set(value, name)
    return name
  }

  #varyingConstant(value: Aligned): ValueError {
    return new ValueError(
      OP,
      [{ name: this.current, description: `[${value.shape.map(textOf).join(', ')}]` }],
      'forward makes a tensor of numbers that depend on the dynamic axes (tensor([…]), fromTypedArray, or writes into parts of a tensor)',
      'make it with operations (arange, full, where), or leave the axis out of dynamicAxes',
    )
  }
}

function varyingOf(key: string): Varying {
  return new Varying(key.split(',').map(Number))
}

/** A size in messages. */
export function textOf(size: Num): string {
  return typeof size === 'number' ? String(size) : size.values.join('|')
}

/** Whole numbers a and b with y = a · x + b; null if there are none, or nothing tells. */
function lineThrough(x: readonly number[], y: readonly number[]): readonly [number, number] | null {
  const [x0, y0] = [x[0] as number, y[0] as number]
  const other = x.findIndex((one) => one !== x0)
  if (other < 0) return null
  const factor = ((y[other] as number) - y0) / ((x[other] as number) - x0)
  const offset = y0 - factor * x0
  if (!Number.isInteger(factor) || !Number.isInteger(offset) || factor === 0) return null
  return y.every((one, i) => one === factor * (x[i] as number) + offset) ? [factor, offset] : null
}

function trimmed(inputs: readonly string[]): string[] {
  let last = inputs.length
  while (last > 0 && inputs[last - 1] === '') last--
  return inputs.slice(0, last)
}
