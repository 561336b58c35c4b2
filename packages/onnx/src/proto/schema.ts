/**
 * The part of ONNX's messages that models use, as descriptors for `@bufbuild/protobuf`: each field has
 * its number, its kind, and whether it repeats. Numbers and kinds are ONNX's (onnx/onnx.proto).
 */
import { create, createFileRegistry } from '@bufbuild/protobuf'
import type { DescMessage } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'

/** The kinds of fields, by protobuf's numbers. */
const KINDS = { float: 2, double: 1, int64: 3, uint64: 4, int32: 5, string: 9, bytes: 12 } as const

type Kind = keyof typeof KINDS

/** `name: [number, kind or message]`, the kind with `*` where the field repeats, `+` packed. */
type Fields = Readonly<Record<string, readonly [number: number, kind: string]>>

const MESSAGES: Readonly<Record<string, Fields>> = {
  Pair: { key: [1, 'string'], value: [2, 'string'] },
  Dimension: { dim_value: [1, 'int64'], dim_param: [2, 'string'] },
  Shape: { dim: [1, 'Dimension*'] },
  TensorType: { elem_type: [1, 'int32'], shape: [2, 'Shape'] },
  Other: {},
  Type: {
    tensor_type: [1, 'TensorType'],
    sequence_type: [4, 'Other'],
    map_type: [5, 'Other'],
    sparse_tensor_type: [8, 'Other'],
    optional_type: [9, 'Other'],
  },
  ValueInfo: { name: [1, 'string'], type: [2, 'Type'] },
  Tensor: {
    dims: [1, 'int64*'],
    data_type: [2, 'int32'],
    float_data: [4, 'float+'],
    int32_data: [5, 'int32+'],
    string_data: [6, 'bytes*'],
    int64_data: [7, 'int64+'],
    name: [8, 'string'],
    raw_data: [9, 'bytes'],
    double_data: [10, 'double+'],
    uint64_data: [11, 'uint64+'],
    external_data: [13, 'Pair*'],
    data_location: [14, 'int32'],
  },
  Attribute: {
    name: [1, 'string'],
    f: [2, 'float'],
    i: [3, 'int64'],
    s: [4, 'bytes'],
    t: [5, 'Tensor'],
    g: [6, 'Graph'],
    floats: [7, 'float*'],
    ints: [8, 'int64*'],
    strings: [9, 'bytes*'],
    type: [20, 'int32'],
    ref_attr_name: [21, 'string'],
  },
  Node: {
    input: [1, 'string*'],
    output: [2, 'string*'],
    name: [3, 'string'],
    op_type: [4, 'string'],
    attribute: [5, 'Attribute*'],
    doc_string: [6, 'string'],
    domain: [7, 'string'],
  },
  Graph: {
    node: [1, 'Node*'],
    name: [2, 'string'],
    initializer: [5, 'Tensor*'],
    input: [11, 'ValueInfo*'],
    output: [12, 'ValueInfo*'],
    value_info: [13, 'ValueInfo*'],
    sparse_initializer: [15, 'Other*'],
  },
  OperatorSet: { domain: [1, 'string'], version: [2, 'int64'] },
  Model: {
    ir_version: [1, 'int64'],
    producer_name: [2, 'string'],
    producer_version: [3, 'string'],
    graph: [7, 'Graph'],
    opset_import: [8, 'OperatorSet*'],
    metadata_props: [14, 'Pair*'],
    functions: [25, 'Other*'],
  },
}

const OPTIONAL = 1
const REPEATED = 3
const MESSAGE = 11

function fieldsOf(fields: Fields): object[] {
  return Object.entries(fields).map(([name, [number, written]]) => {
    const kind = written.replace(/[*+]$/, '')
    const repeats = kind !== written
    const type = KINDS[kind as Kind] as number | undefined
    return {
      name,
      number,
      label: repeats ? REPEATED : OPTIONAL,
      type: type ?? MESSAGE,
      ...(type === undefined ? { typeName: `.onnx.${kind}` } : {}),
      ...(written.endsWith('+') ? { options: { packed: true } } : {}),
    }
  })
}

const file = create(FileDescriptorProtoSchema, {
  name: 'onnx.proto',
  package: 'onnx',
  syntax: 'proto2',
  messageType: Object.entries(MESSAGES).map(([name, fields]) => ({
    name,
    field: fieldsOf(fields),
  })),
})

const registry = createFileRegistry(file, () => undefined)

/** The description of a whole file. */
export const modelSchema: DescMessage = registry.getMessage('onnx.Model') as DescMessage
