/** A program as a graph of ONNX. */
import { ValueError } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { onnxType } from '../dtypes.ts'
import type { OnnxGraph, OnnxValueInfo } from '../proto/messages.ts'
import type { AlignedCall, Num, Program } from '../trace/align.ts'
import { Varying } from '../trace/align.ts'
import { elementsOf } from '../trace/values.ts'
import type { GraphInput } from './axes.ts'
import { GraphBuilder } from './builder.ts'
import { Context } from './context.ts'
import { forms, random } from './forms.ts'

const OP = 'exportOnnx'

/** What a graph is made of besides the program. */
export interface GraphParts {
  readonly name: string
  readonly inputs: readonly GraphInput[]
  readonly outputNames: readonly string[]
  readonly state: ReadonlyMap<string, Tensor>
  readonly opset: number
}

/** Which values are needed for the outputs, by id. Constants need nothing. */
function neededOf(program: Program): Set<number> {
  const needed = new Set(program.outputs.map(({ id }) => id))
  for (const call of program.calls.toReversed()) {
    if (!call.outputs.some(({ id, fixed }) => needed.has(id) && !fixed)) continue
    for (const input of call.inputs) {
      if (input !== null && typeof input === 'object' && 'source' in input) needed.add(input.id)
    }
  }
  return needed
}

/** The graph. @throws {ValueError} for what has no form in ONNX. */
export function graphOf(program: Program, parts: GraphParts): OnnxGraph {
  const g = new GraphBuilder()
  const needed = neededOf(program)
  for (const { name } of parts.inputs) g.unique(name)
  for (const value of program.values) {
    if (value.source === 'input') g.bind(value, value.name, true)
    if (value.source !== 'state' || !needed.has(value.id)) continue
    const tensor = parts.state.get(value.name) as Tensor
    g.bind(value, g.initializer(value.name, elementsOf(tensor), tensor.shape, value.dtype))
  }
  for (const call of program.calls) write(g, call, parts.opset, needed)
  g.current = 'output'
  const inputs = parts.inputs.map((input): OnnxValueInfo => {
    const dims = input.tensor.shape.map((size, axis): Num | string => input.axes.get(axis) ?? size)
    return infoOf(input.name, input.tensor._dtype, dims)
  })
  const symbols = symbolsOf(program, parts.inputs)
  const outputs = program.outputs.map((value, i): OnnxValueInfo => {
    const name = parts.outputNames[i] as string
    nameOutput(g, g.name(value), name)
    const dims = value.shape.map((size, axis) =>
      typeof size === 'number' ? size : (symbols.get(size.key) ?? `${name}_axis_${axis}`),
    )
    return infoOf(name, value.dtype, dims)
  })
  return {
    name: parts.name,
    node: g.nodes,
    initializer: g.initializers,
    input: inputs,
    output: outputs,
  }
}

function write(
  g: GraphBuilder,
  call: AlignedCall,
  opset: number,
  needed: ReadonlySet<number>,
): void {
  const used = call.outputs.map((out) => needed.has(out.id) && !out.fixed)
  if (!used.includes(true)) return
  g.current = call.op
  const context = new Context(call, g, opset, used)
  const form = Object.hasOwn(forms, call.op) ? forms[call.op] : undefined
  if (form === undefined) throw withoutForm(context)
  const names = form(context)
  const list = typeof names === 'string' ? [names] : names
  call.outputs.forEach((out, i) => {
    if (used[i] === true) g.bind(out, list[i] as string)
  })
}

function withoutForm(c: Context): ValueError {
  const { op } = c.call
  if (random.has(op)) {
    const rule = 'its results are random, which no two runtimes would agree on'
    return c.refuse(rule, 'call eval() before, or pass what is drawn as an input')
  }
  return c.refuse('the operation has no form in ONNX here', 'write forward with other operations')
}

/** The names of dynamic sizes, by what they are in each trace. */
function symbolsOf(program: Program, inputs: readonly GraphInput[]): Map<string, string> {
  const symbols = new Map<string, string>()
  for (const value of program.values) {
    const input = inputs.find(({ name }) => value.source === 'input' && name === value.name)
    for (const [axis, symbol] of input?.axes ?? []) {
      const size = value.shape[axis]
      if (size instanceof Varying) symbols.set(size.key, symbol)
    }
  }
  return symbols
}

function infoOf(name: string, dtype: number, dims: readonly (Num | string)[]): OnnxValueInfo {
  const dim = dims.map((size) =>
    typeof size === 'string' ? { dimParam: size } : { dimValue: BigInt(size as number) },
  )
  return { name, type: { tensorType: { elemType: onnxType(dtype), shape: { dim } } } }
}

/** Gives a result its name. Runtimes take such copies out again. */
function nameOutput(g: GraphBuilder, from: string, to: string): void {
  const name = `/output/${to}`
  g.nodes.push({ name, opType: 'Identity', input: [from], output: [to], attribute: [] })
}

/** @throws {ValueError} if two tensors would have one name. */
export function requireDistinct(names: readonly string[], what: string): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice === undefined) return
  throw new ValueError(OP, [], `${what} have the name '${twice}' twice`, 'give each its own name')
}
