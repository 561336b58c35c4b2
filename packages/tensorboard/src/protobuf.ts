/** Protobuf messages, described by tables of their fields; @bufbuild/protobuf does the wire format. */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** Types of fields: integers of 64 bits are numbers here, exact up to 2^53. */
export type ScalarKind = 'double' | 'float' | 'int64' | 'int32' | 'bool' | 'string' | 'bytes'

/** A field: its number and its type. */
export interface Field {
  readonly no: number
  readonly kind: ScalarKind | Codec<object>
  readonly repeated: boolean
}

/** Writes and reads messages of a type. A field that is undefined is not written. */
export interface Codec<T extends object> {
  encode(message: Readonly<T>): Uint8Array<ArrayBuffer>
  decode(bytes: Uint8Array): T
  /** @internal */
  writeTo(writer: BinaryWriter, message: Readonly<T>): void
  /** @internal */
  readFrom(reader: BinaryReader, length: number): T
}

/** A field with one value. */
export const one = (no: number, kind: Field['kind']): Field => ({ no, kind, repeated: false })

/** A field with a list of values, [] if there are none; numbers are packed. */
export const many = (no: number, kind: Field['kind']): Field => ({ no, kind, repeated: true })

/** The entries of a map, which are messages of a key and a value. */
export function entriesOf<V>(value: Field['kind']): Codec<{ key?: string; value?: V }> {
  return message<{ key?: string; value?: V }>({ key: one(1, 'string'), value: one(2, value) })
}

const wireTypes: Readonly<Record<ScalarKind, WireType>> = {
  double: WireType.Bit64,
  float: WireType.Bit32,
  int64: WireType.Varint,
  int32: WireType.Varint,
  bool: WireType.Varint,
  string: WireType.LengthDelimited,
  bytes: WireType.LengthDelimited,
}

/** The codec of a type of messages. */
export function message<T extends object>(fields: {
  readonly [K in keyof T]-?: Field
}): Codec<T> {
  const list = Object.entries<Field>(fields)
  const byNumber = new Map(list.map(([name, field]) => [field.no, { name, ...field }]))
  const codec: Codec<T> = {
    encode(value) {
      const writer = new BinaryWriter()
      codec.writeTo(writer, value)
      return writer.finish()
    },
    decode(bytes) {
      return codec.readFrom(new BinaryReader(bytes), bytes.length)
    },
    writeTo(writer, value) {
      for (const [name, field] of list) {
        const given = (value as Record<string, unknown>)[name]
        if (given !== undefined) writeField(writer, field, given)
      }
    },
    readFrom(reader, length) {
      const end = reader.pos + length
      const value: Record<string, unknown> = {}
      for (const [name, field] of list) if (field.repeated) value[name] = []
      while (reader.pos < end) {
        const [no, wireType] = reader.tag()
        const field = byNumber.get(no)
        if (field === undefined || !fits(field, wireType)) reader.skip(wireType, no)
        else if (!field.repeated) value[field.name] = readValue(reader, field.kind)
        else readRepeated(reader, field, wireType, value[field.name] as unknown[])
      }
      return value as T
    },
  }
  return codec
}

function fits({ kind, repeated }: Field, wireType: WireType): boolean {
  if (typeof kind !== 'string') return wireType === WireType.LengthDelimited
  return wireType === wireTypes[kind] || (repeated && wireType === WireType.LengthDelimited)
}

function writeField(writer: BinaryWriter, { no, kind, repeated }: Field, value: unknown): void {
  const values = repeated ? (value as ArrayLike<unknown>) : [value]
  if (typeof kind !== 'string') {
    for (const item of Array.from(values)) {
      writer.tag(no, WireType.LengthDelimited).fork()
      kind.writeTo(writer, item as object)
      writer.join()
    }
    return
  }
  const wireType = wireTypes[kind]
  const isPacked = repeated && wireType !== WireType.LengthDelimited
  if (isPacked) {
    writer.tag(no, WireType.LengthDelimited).fork()
    for (let i = 0; i < values.length; i++) writeScalar(writer, kind, values[i])
    writer.join()
    return
  }
  for (const item of Array.from(values)) writeScalar(writer.tag(no, wireType), kind, item)
}

function writeScalar(writer: BinaryWriter, kind: ScalarKind, value: unknown): void {
  if (kind === 'string') writer.string(value as string)
  else if (kind === 'bytes') writer.bytes(value as Uint8Array)
  else if (kind === 'bool') writer.bool(value as boolean)
  else if (kind === 'double') writer.double(value as number)
  else if (kind === 'float') writer.float(value as number)
  else if (kind === 'int64') writer.int64(value as number)
  else writer.int32(value as number)
}

function readRepeated(
  reader: BinaryReader,
  { kind }: Field,
  wireType: WireType,
  into: unknown[],
): void {
  const isPacked =
    typeof kind === 'string' &&
    wireType === WireType.LengthDelimited &&
    wireTypes[kind] !== WireType.LengthDelimited
  if (!isPacked) {
    into.push(readValue(reader, kind))
    return
  }
  const end = reader.uint32() + reader.pos
  while (reader.pos < end) into.push(readValue(reader, kind))
}

function readValue(reader: BinaryReader, kind: Field['kind']): unknown {
  if (typeof kind !== 'string') return kind.readFrom(reader, reader.uint32())
  if (kind === 'string') return reader.string()
  if (kind === 'bytes') return reader.bytes()
  if (kind === 'bool') return reader.bool()
  if (kind === 'double') return reader.double()
  if (kind === 'float') return reader.float()
  if (kind === 'int64') return Number(reader.int64())
  return reader.int32()
}
