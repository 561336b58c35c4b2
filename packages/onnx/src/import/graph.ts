/** The graph of an ONNX file: what it holds, checked, and how it prints. */
import { ValueError } from '@flambeau/core'
import { requireCount, requireList, requireOptions } from '@flambeau/core/internal'
import { codeOfOnnx, onnxTypeName } from '../dtypes.ts'
import type { OnnxAttribute, OnnxGraph, OnnxTensor, OnnxValueInfo } from '../proto/messages.ts'

/** The value of an attribute; tensors as they are in the file. */
export type AttributeValue =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | OnnxTensor
  | OnnxGraph

/** An operation of a graph. */
export interface GraphNode {
  readonly name: string
  /** The operator, for example `Conv`. */
  readonly type: string
  /** Empty for ONNX's own operators. */
  readonly domain: string
  /** Names of tensors; empty for one that is left out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, AttributeValue>>
}

/** An input or an output of a graph. */
export interface GraphValue {
  readonly name: string
  /** The dtype's name in flambeau, or ONNX's where there is none. */
  readonly dtype: string
  /** Sizes: numbers, names of dynamic ones, or null for unknown ones; null for an unknown shape. */
  readonly shape: readonly (number | string | null)[] | null
}

const decoder = new TextDecoder()

function attributeOf(attribute: OnnxAttribute): AttributeValue {
  const { type = 0 } = attribute
  if (type === 1) return attribute.f ?? 0
  if (type === 2) return Number(attribute.i ?? 0n)
  if (type === 3) return decoder.decode(attribute.s ?? new Uint8Array())
  if (type === 4 && attribute.t !== undefined) return attribute.t
  if (type === 5 && attribute.g !== undefined) return attribute.g
  if (type === 6) return attribute.floats ?? []
  if (type === 7) return (attribute.ints ?? []).map(Number)
  if (type === 8) return (attribute.strings ?? []).map((one) => decoder.decode(one))
  throw new ValueError(
    'importOnnx',
    [],
    `attribute '${attribute.name ?? ''}' is of kind ${type}, or has no value`,
    'check the file with onnx.checker',
  )
}

function valueOf(info: OnnxValueInfo): GraphValue {
  const name = info.name ?? ''
  const tensor = info.type?.tensorType
  if (tensor === undefined) {
    const rule = `'${name}' is no tensor (a sequence, a map or an optional)`
    throw new ValueError('importOnnx', [], rule, 'export the model with tensors only')
  }
  const dims = tensor.shape?.dim
  return {
    name,
    dtype: onnxTypeName(tensor.elemType ?? 0),
    shape:
      dims === undefined
        ? null
        : dims.map(({ dimValue, dimParam }) =>
            dimParam !== undefined && dimParam !== ''
              ? dimParam
              : dimValue === undefined
                ? null
                : Number(dimValue),
          ),
  }
}

function textOf(value: GraphValue): string {
  const sizes = value.shape === null ? '…' : value.shape.map((size) => size ?? '?').join(', ')
  return `${value.name}: ${value.dtype} [${sizes}]`
}

function attributeText(value: AttributeValue): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'number') return String(value)
  if (Array.isArray(value)) return `[${value.join(', ')}]`
  return 'dims' in value ? `tensor [${value.dims.join(', ')}]` : 'graph'
}

/**
 * The graph of an imported file: inputs, outputs, nodes in the order in which they run, and the names
 * and shapes of initializers. Printed, it is a line for each.
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * import { exportOnnx, importOnnx } from '@flambeau/onnx'
 * const net = await importOnnx(await exportOnnx(new nn.ReLU(), [ones([2])]))
 * console.log(net.graph.nodes.map(({ type }) => type)) // => [ 'Relu', 'Identity' ]
 * ```
 */
export class OnnxGraphView {
  readonly name: string
  /** The version of ONNX's operators. */
  readonly opset: number
  readonly inputs: readonly GraphValue[]
  readonly outputs: readonly GraphValue[]
  readonly nodes: readonly GraphNode[]
  /** Names and shapes. */
  readonly initializers: ReadonlyMap<string, readonly number[]>

  constructor(graph: OnnxGraph, opset: number) {
    requireOptions('OnnxGraphView', graph, ['initializer', 'input', 'output', 'node'])
    requireCount('OnnxGraphView', 'opset', opset)
    for (const part of ['initializer', 'input', 'output', 'node'] as const) {
      requireList('OnnxGraphView', part, graph[part])
    }
    this.name = graph.name ?? ''
    this.opset = opset
    this.initializers = new Map(
      graph.initializer.map((tensor) => [tensor.name ?? '', tensor.dims.map(Number)]),
    )
    // Files of old versions list initializers among the inputs too.
    this.inputs = graph.input.map(valueOf).filter(({ name }) => !this.initializers.has(name))
    this.outputs = graph.output.map(valueOf)
    this.nodes = graph.node.map((node) => ({
      name: node.name ?? '',
      type: node.opType ?? '',
      domain: node.domain === 'ai.onnx' ? '' : (node.domain ?? ''),
      inputs: node.input,
      outputs: node.output,
      attributes: Object.fromEntries(
        node.attribute.map((one) => [one.name ?? '', attributeOf(one)] as const),
      ),
    }))
  }

  /** A line for each input, node and output. */
  toString(): string {
    const lines = this.nodes.map((node) => {
      const attributes = Object.entries(node.attributes).map(
        ([name, value]) => `${name}=${attributeText(value)}`,
      )
      const given = attributes.length === 0 ? '' : ` {${attributes.join(', ')}}`
      const inputs = node.inputs.map((name) => (name === '' ? '-' : name)).join(', ')
      return `  ${node.outputs.join(', ')} = ${node.type}(${inputs})${given}`
    })
    return [
      `graph ${this.name} (opset ${this.opset})`,
      ...this.inputs.map((one) => `  input ${textOf(one)}`),
      ...lines,
      ...this.outputs.map((one) => `  output ${textOf(one)}`),
    ].join('\n')
  }
}

/**
 * Checks that every tensor is made once, and before it is used.
 *
 * @throws {ValueError} naming the node: of a graph with a circle, or nodes out of order.
 */
export function checkOrder(graph: OnnxGraphView): void {
  const fail = (rule: string, fix: string): ValueError =>
    new ValueError('importOnnx', [], rule, fix)
  const made = new Set([...graph.initializers.keys(), ...graph.inputs.map(({ name }) => name)])
  const later = new Set(graph.nodes.flatMap(({ outputs }) => outputs))
  if (new Set(graph.inputs.map(({ name }) => name)).size < graph.inputs.length) {
    throw fail('two inputs have one name', 'check the file with onnx.checker')
  }
  for (const [i, node] of graph.nodes.entries()) {
    const what = `node ${i} '${node.name}' (${node.type})`
    const missing = node.inputs.find((name) => name !== '' && !made.has(name))
    if (missing !== undefined) {
      throw later.has(missing)
        ? fail(
            `${what} uses '${missing}' before it is made: the nodes are out of order, or in a circle`,
            'nodes must be sorted, and without circles',
          )
        : fail(`${what} uses '${missing}', which nothing makes`, 'check the file with onnx.checker')
    }
    for (const name of node.outputs) {
      if (name === '') continue
      if (made.has(name)) {
        throw fail(`${what} makes '${name}' again`, 'check the file with onnx.checker')
      }
      made.add(name)
    }
  }
  const lacking = graph.outputs.find(({ name }) => !made.has(name))
  if (lacking !== undefined) {
    throw fail(`nothing makes the output '${lacking.name}'`, 'check the file with onnx.checker')
  }
  if (graph.outputs.length === 0) throw fail('the graph has no output', 'export it anew')
  const foreign = graph.inputs.find(({ dtype }) => !isKnown(dtype))
  if (foreign !== undefined) {
    const rule = `the input '${foreign.name}' is ${foreign.dtype}, which flambeau has no dtype for`
    throw fail(rule, 'convert the model to int64 or float32 inputs')
  }
}

const KNOWN = new Set(
  Array.from({ length: 24 }, (_, type) => type)
    .filter((type) => codeOfOnnx(type) !== null)
    .map(onnxTypeName),
)

function isKnown(dtype: string): boolean {
  return KNOWN.has(dtype)
}
