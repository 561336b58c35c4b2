/** The messages of an ONNX file, as TypeScript sees them. @see onnx/onnx.proto of ONNX */

export interface OnnxDimension {
  dimValue?: bigint
  dimParam?: string
}

export interface OnnxTensorType {
  elemType?: number
  shape?: { dim: OnnxDimension[] }
}

export interface OnnxValueInfo {
  name?: string
  type?: {
    tensorType?: OnnxTensorType
    sequenceType?: object
    mapType?: object
    optionalType?: object
    sparseTensorType?: object
  }
}

export interface OnnxTensor {
  name?: string
  dims: bigint[]
  dataType?: number
  rawData?: Uint8Array
  floatData?: number[]
  int32Data?: number[]
  int64Data?: bigint[]
  doubleData?: number[]
  uint64Data?: bigint[]
  stringData?: Uint8Array[]
  externalData?: { key?: string; value?: string }[]
  /** 0: in this message, 1: in a file of its own. */
  dataLocation?: number
}

export interface OnnxAttribute {
  name?: string
  /** 1 float, 2 int, 3 string, 4 tensor, 5 graph, 6 floats, 7 ints, 8 strings. */
  type?: number
  f?: number
  i?: bigint
  s?: Uint8Array
  t?: OnnxTensor
  g?: OnnxGraph
  floats?: number[]
  ints?: bigint[]
  strings?: Uint8Array[]
  refAttrName?: string
}

export interface OnnxNode {
  name?: string
  opType?: string
  domain?: string
  input: string[]
  output: string[]
  attribute: OnnxAttribute[]
  docString?: string
}

export interface OnnxGraph {
  name?: string
  node: OnnxNode[]
  initializer: OnnxTensor[]
  input: OnnxValueInfo[]
  output: OnnxValueInfo[]
  valueInfo?: OnnxValueInfo[]
  sparseInitializer?: object[]
}

export interface OnnxModel {
  irVersion?: bigint
  producerName?: string
  producerVersion?: string
  opsetImport: { domain?: string; version?: bigint }[]
  graph?: OnnxGraph
  metadataProps?: { key?: string; value?: string }[]
  functions?: object[]
}
