/** The graph within an ONNX file. */
import { readFileSync } from 'node:fs'
import { ValueError } from '@flambeau/core'
import type { NodeDef } from './messages.ts'
import { GraphDef } from './messages.ts'
import type { Codec } from './protobuf.ts'
import { many, message, one } from './protobuf.ts'

interface ValueInfo {
  name?: string
  type?: { tensor?: { shape?: { dim?: { size?: number }[] } } }
}
type TensorType = NonNullable<NonNullable<ValueInfo['type']>['tensor']>
type Shape = NonNullable<TensorType['shape']>
const ValueInfo: Codec<ValueInfo> = message<ValueInfo>({
  name: one(1, 'string'),
  type: one(
    2,
    message<{ tensor?: TensorType }>({
      tensor: one(
        1,
        message<TensorType>({
          shape: one(
            2,
            message<Shape>({ dim: many(1, message<{ size?: number }>({ size: one(1, 'int64') })) }),
          ),
        }),
      ),
    }),
  ),
})

interface OnnxNode {
  input?: string[]
  output?: string[]
  name?: string
  opType?: string
}
interface OnnxGraph {
  node?: OnnxNode[]
  initializer?: { dims?: number[]; name?: string }[]
  input?: ValueInfo[]
  output?: ValueInfo[]
}

/** What a graph is drawn from, of the messages of an ONNX file. */
const OnnxModel: Codec<{ graph?: OnnxGraph }> = message<{ graph?: OnnxGraph }>({
  graph: one(
    7,
    message<OnnxGraph>({
      node: many(
        1,
        message<OnnxNode>({
          input: many(1, 'string'),
          output: many(2, 'string'),
          name: one(3, 'string'),
          opType: one(4, 'string'),
        }),
      ),
      initializer: many(
        5,
        message<{ dims?: number[]; name?: string }>({
          dims: many(1, 'int64'),
          name: one(8, 'string'),
        }),
      ),
      input: many(11, ValueInfo),
      output: many(12, ValueInfo),
    }),
  ),
})

/**
 * The graph of an ONNX file as TensorBoard draws it: inputs, parameters, operations and outputs.
 *
 * @param file Its path, or its bytes.
 * @throws {ValueError} if it is no ONNX file; what the file system throws.
 */
export function onnxGraph(op: string, file: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const graph = decode(typeof file === 'string' ? readFileSync(file) : file)
  if (graph === null) {
    const what = typeof file === 'string' ? file : 'the bytes'
    throw new ValueError(
      op,
      [],
      `${what} is no ONNX file`,
      'exportOnnx of @flambeau/onnx writes one',
    )
  }
  const { node = [], initializer = [], input = [], output = [] } = graph
  // Each result goes by the name of its node, which has the scopes of the modules.
  const names = new Map<string, string>()
  const shapes = (sizes: readonly number[]): NodeDef['attr'] => [
    {
      key: '_output_shapes',
      value: { list: { shape: [{ dim: sizes.map((size) => ({ size })) }] } },
    },
  ]
  const parameters = new Set(initializer.map(({ name = '' }) => name))
  const nodes: NodeDef[] = []
  const sizesOf = ({ type }: ValueInfo): number[] =>
    (type?.tensor?.shape?.dim ?? []).map(({ size = -1 }) => size)
  for (const value of input.filter(({ name = '' }) => !parameters.has(name))) {
    nodes.push({ name: value.name ?? '', op: 'Input', attr: shapes(sizesOf(value)) })
  }
  for (const { name = '', dims = [] } of initializer) {
    nodes.push({ name, op: 'Parameter', attr: shapes(dims) })
  }
  for (const { name = '', output: made = [] } of node) {
    const [first = ''] = made
    for (const one of made) names.set(one, name === '' ? first : name)
  }
  const source = (name: string): string => names.get(name) ?? name
  for (const { name = '', opType = '', input: taken = [], output: made = [] } of node) {
    const inputs = taken.filter((one) => one !== '').map(source)
    nodes.push({ name: name === '' ? (made[0] ?? '') : name, op: opType, input: inputs })
  }
  for (const value of output) {
    const name = value.name ?? ''
    const attr = shapes(sizesOf(value))
    nodes.push({ name: `output/${name}`, op: 'Output', input: [source(name)], attr: attr ?? [] })
  }
  return GraphDef.encode({ node: nodes, versions: { producer: 22 } })
}

function decode(bytes: Uint8Array): OnnxGraph | null {
  try {
    const { graph } = OnnxModel.decode(bytes)
    return graph === undefined || (graph.node ?? []).length === 0 ? null : graph
  } catch {
    return null // these bytes are no message
  }
}
