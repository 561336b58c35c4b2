/** Running ONNX files with another runtime than flambeau. */
import { fromTypedArray } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import * as ort from 'onnxruntime-node'
import { fromHalf, toHalf } from '../tensors.ts'

function toRuntime(x: Tensor): ort.Tensor {
  const dims = [...x.shape]
  if (x.dtype === 'int64') return new ort.Tensor('int64', x.toBigIntArray(), dims)
  if (x.dtype === 'bool') return new ort.Tensor('bool', Uint8Array.from(x.toArray()), dims)
  if (x.dtype === 'float16') {
    return new ort.Tensor('float16', Uint16Array.from(x.toArray(), toHalf), dims)
  }
  return new ort.Tensor(x.dtype as 'float32', x.toArray() as Float32Array, dims)
}

function fromRuntime(x: ort.Tensor): Tensor {
  if (x.type === 'bool')
    return fromTypedArray(Uint8Array.from(x.data as Uint8Array), x.dims).to('bool')
  if (x.type === 'float16') {
    const { buffer, byteOffset, length } = x.data as Uint16Array
    const bits = new Uint16Array(buffer, byteOffset, length)
    return fromTypedArray(Float32Array.from(bits, fromHalf), x.dims)
  }
  return fromTypedArray(x.data as Float32Array, x.dims)
}

/** A loaded model. */
export interface Session {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  run(inputs: readonly Tensor[]): Promise<Tensor[]>
}

/** Loads a model into onnxruntime. */
export async function load(bytes: Uint8Array): Promise<Session> {
  const options = { logSeverityLevel: 3, intraOpNumThreads: 1, interOpNumThreads: 1 } as const
  const session = await ort.InferenceSession.create(bytes, options)
  const { inputNames, outputNames } = session
  return {
    inputs: inputNames,
    outputs: outputNames,
    async run(inputs) {
      const feeds = Object.fromEntries(
        inputNames.map((name, i) => [name, toRuntime(inputs[i] as Tensor)]),
      )
      const results = await session.run(feeds)
      return outputNames.map((name) => fromRuntime(results[name] as ort.Tensor))
    },
  }
}
