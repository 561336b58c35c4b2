/** ONNX files as modules. */
import { readFile } from 'node:fs/promises'
import { fromTypedArray, tensor, ValueError } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { outsideScopes, requireOptions } from '@flambeau/core/internal'
import { decodeModel } from '../proto/codec.ts'
import { remember } from './context.ts'
import type { GraphNode } from './graph.ts'
import { checkOrder, OnnxGraphView } from './graph.ts'
import type { ImportOptions } from './module.ts'
import { OnnxModule } from './module.ts'
import { folderOf, readTensor } from './tensors.ts'

const OP = 'importOnnx'
const [LEAST, MOST] = [13, 23]

/** Constants that nodes have as attributes. */
function constantOf(node: GraphNode, folder: string | null): Tensor | null {
  const { attributes } = node
  const value = attributes['value'] ?? null
  const stored = typeof value === 'object' && value !== null && 'dims' in value
  if (stored) return readTensor(value, folder, `the constant '${node.outputs[0] ?? ''}'`)
  if (node.type !== 'Constant') return null
  const of = (name: string): unknown => attributes[name]
  if (typeof of('value_float') === 'number')
    return tensor(of('value_float') as number, { dtype: 'float32' })
  if (typeof of('value_int') === 'number')
    return tensor(of('value_int') as number, { dtype: 'int64' })
  if (Array.isArray(of('value_floats'))) {
    return fromTypedArray(Float32Array.from(of('value_floats') as number[]))
  }
  if (Array.isArray(of('value_ints'))) {
    return fromTypedArray(BigInt64Array.from(of('value_ints') as number[], BigInt))
  }
  const rule = `the constant '${node.outputs[0] ?? ''}' is neither a tensor nor numbers`
  throw new ValueError(OP, [], rule, 'texts and sparse tensors have no form here')
}

/**
 * The module that an ONNX file describes: it runs, prints (`console.log(net.graph.toString())`) and
 * learns.
 *
 * Operator sets 13 to 23. Tensors in files of their own are read if they lie in the model's folder.
 *
 * @param from A path, or the bytes of the file.
 * @throws {ValueError} for what is no ONNX file, a graph that is not in order, an operator or element
 * type that is not known, or another operator set. @throws {ShapeError} for sizes that cannot be.
 * @throws What the file system throws.
 * @see https://onnx.ai/onnx/operators
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * import { exportOnnx, importOnnx } from '@flambeau/onnx'
 * const bytes = await exportOnnx(new nn.Linear(3, 2), [ones([1, 3])])
 * const net = await importOnnx(bytes)
 * console.log(net(ones([1, 3])).shape, [...net.parameters()].length) // => [ 1, 2 ] 2
 * ```
 */
export async function importOnnx(
  from: string | URL | Uint8Array,
  options: ImportOptions = {},
): Promise<OnnxModule> {
  const inMemory = from instanceof Uint8Array
  if (!inMemory && typeof from !== 'string' && !(from instanceof URL)) {
    throw new ValueError(OP, [], 'a model is a path, or bytes', "importOnnx('net.onnx')")
  }
  requireOptions(OP, options)
  const bytes = inMemory ? from : await readFile(from)
  const path = from instanceof URL ? from.pathname : inMemory ? null : from
  return fromBytes(bytes, path, options)
}

function fromBytes(bytes: Uint8Array, path: string | null, options: ImportOptions): OnnxModule {
  const model = decodeModel(OP, bytes, path ?? 'bytes')
  const own = model.opsetImport.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx')
  const opset = Number(own?.version ?? 0n)
  if (opset < LEAST || opset > MOST) {
    const rule = `the file is of operator set ${opset}; ${LEAST} to ${MOST} are known`
    throw new ValueError(OP, [], rule, 'convert it with onnx.version_converter')
  }
  if (model.functions !== undefined && model.functions.length > 0) {
    const rule = 'the file defines functions of its own'
    throw new ValueError(OP, [], rule, 'inline them with onnx.inliner')
  }
  const folder = path === null ? null : folderOf(path)
  const { graph } = model
  if (graph === undefined) throw new ValueError(OP, [], 'there is no graph', 'export it anew')
  if (graph.sparseInitializer !== undefined && graph.sparseInitializer.length > 0) {
    throw new ValueError(OP, [], 'sparse initializers are not known', 'store them dense')
  }
  const view = new OnnxGraphView(graph, opset)
  checkOrder(view)
  return outsideScopes(() => {
    const stored = new Map(
      graph.initializer.map((one) => {
        const name = one.name ?? ''
        return [name, readTensor(one, folder, `the initializer '${name}'`)] as const
      }),
    )
    const values = new Map<GraphNode, Tensor>()
    for (const node of view.nodes) {
      const value = constantOf(node, folder)
      if (value === null) continue
      if (!value.isFloatingPoint()) remember(value)
      values.set(node, value)
    }
    return new OnnxModule(view, stored, values, options)
  })
}
