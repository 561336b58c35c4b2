/** ONNX files as bytes. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { Message } from '@bufbuild/protobuf'
import { ValueError } from '@flambeau/core'
import type { OnnxModel } from './messages.ts'
import { modelSchema } from './schema.ts'

/** The bytes of a model. */
export function encodeModel(model: OnnxModel): Uint8Array {
  return toBinary(modelSchema, create(modelSchema, model as never) as Message)
}

/**
 * The model in these bytes; large fields are views of them.
 *
 * @throws {ValueError} for what is no ONNX file, or one that was cut off.
 */
export function decodeModel(op: string, bytes: Uint8Array, from: string): OnnxModel {
  const fail = (rule: string): ValueError =>
    new ValueError(
      op,
      [{ name: from, description: `${bytes.length} bytes` }],
      rule,
      'check that the file is a whole .onnx file',
    )
  let model: OnnxModel
  try {
    model = fromBinary(modelSchema, bytes, { readUnknownFields: false }) as unknown as OnnxModel
  } catch (error) {
    throw fail(`the bytes are no ONNX model: ${(error as Error).message}`)
  }
  if (model.graph === undefined || model.opsetImport.length === 0) {
    throw fail('the bytes are no ONNX model: there is no graph, or no operator set')
  }
  return model
}
