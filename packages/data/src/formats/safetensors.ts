import { FormatError } from './errors.ts'
import { JsonSyntaxError, parseJson } from './json.ts'
import type { JsonMember, JsonNode } from './json.ts'
import { byteSize, describeShape, plainBytes } from './raw-tensor.ts'
import type { RawDType, RawTensor } from './raw-tensor.ts'

export type { RawDType, RawTensor } from './raw-tensor.ts'

/** The contents of a safetensors file. */
export interface Safetensors {
  /** By name, in the order of their data in the file. */
  tensors: Map<string, RawTensor>
  /** The free text of `__metadata__`; an object without a prototype, so any key is safe. */
  metadata: Record<string, string>
}

interface DTypeInfo {
  name: RawDType
  /** The name in the file. */
  code: string
  sizeBytes: number
}

/** In the order of their data in a file: larger elements first keeps all of it aligned. */
const dtypes: readonly DTypeInfo[] = [
  { name: 'int64', code: 'I64', sizeBytes: 8 },
  { name: 'float64', code: 'F64', sizeBytes: 8 },
  { name: 'float32', code: 'F32', sizeBytes: 4 },
  { name: 'int32', code: 'I32', sizeBytes: 4 },
  { name: 'bfloat16', code: 'BF16', sizeBytes: 2 },
  { name: 'float16', code: 'F16', sizeBytes: 2 },
  { name: 'int16', code: 'I16', sizeBytes: 2 },
  { name: 'int8', code: 'I8', sizeBytes: 1 },
  { name: 'uint8', code: 'U8', sizeBytes: 1 },
  { name: 'bool', code: 'BOOL', sizeBytes: 1 },
]

/** What the format knows beyond that, and tensors here do not. */
const unsupportedCode = /^(?:U(?:16|32|64)|C64|F4|F[68]_E\dM\d(?:FNUZ)?)$/

const prefixBytes = 8
const maxHeaderBytes = 100_000_000
const metadataName = '__metadata__'

/**
 * The bytes of a safetensors file, as chunks to be written one after the other: the header, then the
 * data of each tensor (the very arrays of `tensors`, not copies).
 *
 * Layout: that of the reference implementation, byte for byte. The header is padded with spaces to a
 * multiple of 8; the data follow by dtype, larger elements first, then by name, so that every tensor
 * is aligned to its elements. The same tensors give the same bytes, in whatever order they come.
 *
 * @throws {FormatError} if a tensor's data does not have the size of its shape, a dtype or extent is
 *   none, a text is not valid Unicode, or the header would exceed 100 MB.
 * @see https://github.com/huggingface/safetensors, section Format
 */
export function serializeSafetensors(
  tensors: Map<string, RawTensor>,
  metadata: Record<string, string> = {},
): Uint8Array[] {
  const entries = [...tensors].map(([name, tensor]) => checkedEntry(name, tensor))
  entries.sort((a, b) => a.rank - b.rank || Buffer.compare(utf8(a.name), utf8(b.name)))

  const members: string[] = []
  const texts = Object.entries(metadata)
  if (texts.length > 0) {
    for (const [key, text] of texts) requireText(`metadata[${JSON.stringify(key)}]`, key, text)
    const pairs = texts.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`)
    members.push(`"${metadataName}":{${pairs.join(',')}}`)
  }
  let end = 0
  for (const { name, code, tensor } of entries) {
    const begin = end
    end += tensor.data.byteLength
    members.push(
      `${JSON.stringify(name)}:{"dtype":"${code}","shape":[${tensor.shape.join(',')}],` +
        `"data_offsets":[${begin},${end}]}`,
    )
  }

  const json = utf8(`{${members.join(',')}}`)
  const headerBytes = Math.ceil(json.length / 8) * 8
  if (headerBytes > maxHeaderBytes) {
    throw cannotWrite(
      `the header (${headerBytes} bytes) must not exceed ${maxHeaderBytes} bytes`,
      'store fewer tensors in one file, or less metadata',
    )
  }
  const header = new Uint8Array(prefixBytes + headerBytes).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(headerBytes), true)
  header.set(json, prefixBytes)
  return [header, ...entries.map(({ tensor }) => tensor.data)]
}

interface Entry {
  name: string
  code: string
  /** Position of the dtype in the order of the data. */
  rank: number
  tensor: RawTensor
}

function checkedEntry(name: string, tensor: RawTensor): Entry {
  const label = `tensor ${JSON.stringify(name)}`
  requireText(label, name)
  if (name === metadataName) {
    throw cannotWrite(`a tensor cannot be named ${metadataName}`, 'choose another name')
  }
  const rank = dtypes.findIndex((candidate) => candidate.name === tensor.dtype)
  const dtype = dtypes[rank]
  if (dtype === undefined) {
    throw cannotWrite(
      `${label} has the dtype ${String(tensor.dtype)}`,
      `convert it to one of ${dtypes.map((known) => known.name).join(', ')}`,
    )
  }
  const sizeBytes = byteSize(tensor.shape, dtype.sizeBytes)
  if (sizeBytes !== tensor.data.byteLength) {
    throw cannotWrite(
      `${label} has ${tensor.data.byteLength} bytes of data, but ` +
        `${describeShape(dtype.name, tensor.shape)} takes ${sizeBytes ?? 'an impossible number of bytes'}`,
      'pass the data of the whole tensor, row-major',
    )
  }
  return { name, code: dtype.code, rank, tensor }
}

function requireText(label: string, ...texts: unknown[]): void {
  for (const text of texts) {
    if (typeof text === 'string' && !/\p{Surrogate}/u.test(text)) continue
    throw cannotWrite(
      `${label} is not text that UTF-8 can hold`,
      'use a string without lone surrogates',
    )
  }
}

function cannotWrite(reason: string, fix: string): FormatError {
  return new FormatError({ format: 'safetensors', reason, fix })
}

function utf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}

/**
 * Reads a whole safetensors file. The tensors' data are views of `file`, not copies; they start at a
 * multiple of the element size only if the file's writer took care of that.
 *
 * Every length is checked before anything is made from it: the header lies within the file, the
 * tensors' data cover the rest of the file without holes or overlaps, and each has the size of its
 * shape. A bool that is neither 0 nor 1 is refused.
 *
 * @param source.path named in errors; the file is not opened.
 * @throws {FormatError} if the bytes are anything else than one whole safetensors file, or hold a
 *   tensor of a dtype that does not exist here (uint16, complex64 ...).
 */
export function parseSafetensors(file: Uint8Array, source: { path: string }): Safetensors {
  const fail: Fail = failIn(source.path)
  const bytes = plainBytes(file)
  const headerEnd = readHeaderEnd(bytes.subarray(0, 24), bytes.byteLength, fail)
  const { places, metadata } = readPlaces(
    bytes.subarray(prefixBytes, headerEnd),
    bytes.byteLength,
    fail,
  )
  const tensors = new Map<string, RawTensor>()
  for (const { name, dtype, shape, start, sizeBytes } of places) {
    const data = bytes.subarray(start, start + sizeBytes)
    if (dtype === 'bool') requireBools(name, data, start, fail)
    tensors.set(name, { dtype, shape, data })
  }
  return { tensors, metadata }
}

/** Where the data of a tensor lie in a file. */
export interface SafetensorsPlace {
  name: string
  dtype: RawDType
  shape: number[]
  /** Bytes from the start of the file. */
  start: number
  sizeBytes: number
}

/** The contents of a file's header: tensors in the order of their data, and the free texts. */
export interface SafetensorsHeader {
  places: SafetensorsPlace[]
  metadata: Record<string, string>
}

/** How many of the first bytes {@link safetensorsHeaderEnd} wants. */
export const SAFETENSORS_START_BYTES = 24

/**
 * Where the header ends, by the first 24 bytes of a file (or all, if it has fewer).
 *
 * @throws {FormatError} as {@link parseSafetensors} does.
 */
export function safetensorsHeaderEnd(
  start: Uint8Array,
  fileBytes: number,
  source: { path: string },
): number {
  return readHeaderEnd(start, fileBytes, failIn(source.path))
}

/**
 * Reads the header alone: `header` are the bytes from the start of the file to {@link safetensorsHeaderEnd}.
 *
 * @throws {FormatError} as {@link parseSafetensors} does.
 */
export function parseSafetensorsHeader(
  header: Uint8Array,
  fileBytes: number,
  source: { path: string },
): SafetensorsHeader {
  return readPlaces(plainBytes(header).subarray(prefixBytes), fileBytes, failIn(source.path))
}

/** @throws {FormatError} if a bool that starts at `start` in the file is neither 0 nor 1. */
export function checkSafetensorsBools(
  name: string,
  data: Uint8Array,
  start: number,
  source: { path: string },
): void {
  requireBools(name, data, start, failIn(source.path))
}

function readPlaces(header: Uint8Array, fileBytes: number, fail: Fail): SafetensorsHeader {
  const headerEnd = prefixBytes + header.byteLength
  const dataBytes = fileBytes - headerEnd
  const metadata = Object.create(null) as Record<string, string>
  const placed: Placed[] = []
  for (const { name, value } of readHeader(header, fail)) {
    if (name !== metadataName) {
      placed.push(readEntry(name, value, dataBytes, fail))
      continue
    }
    for (const text of membersOf(value, metadataName, fail)) {
      if (text.value.kind !== 'string') {
        fail(text.value.offset, `${metadataName}.${text.name} must be a string`)
      }
      metadata[text.name] = text.value.text
    }
  }

  const places: SafetensorsPlace[] = []
  let covered = 0
  for (const entry of placed.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== covered) {
      const what =
        entry.begin < covered ? 'overlaps the tensor before it' : 'leaves a hole before it'
      const rule = `its data starts at ${entry.begin}, must start at ${covered}`
      fail(entry.offset, `tensor ${JSON.stringify(entry.name)} ${what} (${rule})`)
    }
    covered = entry.end
    const { name, dtype, shape, begin, end } = entry
    places.push({ name, dtype, shape, start: headerEnd + begin, sizeBytes: end - begin })
  }
  if (covered !== dataBytes) {
    const rule = `${dataBytes} bytes follow the header, the tensors take ${covered}`
    fail(headerEnd - prefixBytes + covered, rule)
  }
  return { places, metadata }
}

/** Where a tensor's data lies: `begin` and `end` count from the end of the header. */
interface Placed {
  name: string
  /** Where the header says so. */
  offset: number
  begin: number
  end: number
  dtype: RawDType
  shape: number[]
}

/** Throws a FormatError; `offset` counts from the start of the header, after the length prefix. */
type Fail = (offset: number, reason: string, fix?: string) => never

function failIn(path: string): Fail {
  return (offset, reason, fix = 'the file is damaged or incomplete: copy or save it again') => {
    throw new FormatError({
      format: 'safetensors',
      path,
      offset: offset + prefixBytes,
      reason,
      fix,
    })
  }
}

function readHeaderEnd(bytes: Uint8Array, fileBytes: number, fail: Fail): number {
  const start = -prefixBytes
  if (fileBytes < prefixBytes) {
    fail(start, `the file has ${fileBytes} bytes, its header length alone takes 8`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const headerBytes = view.getBigUint64(0, true)
  if (headerBytes > BigInt(maxHeaderBytes)) {
    const reason = `the header length (${headerBytes}) must not exceed ${maxHeaderBytes}`
    fail(start, reason, otherFormat(bytes))
  }
  const headerEnd = prefixBytes + Number(headerBytes)
  if (headerEnd > fileBytes) {
    const room = fileBytes - prefixBytes
    fail(start, `the header length (${headerBytes}) exceeds the rest of the file (${room})`)
  }
  return headerEnd
}

/** A better guess than damage, for files that often stand where a safetensors file should. */
function otherFormat(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 24))
  if (start.toString('latin1').startsWith('version https://git-lfs')) {
    return 'this is a Git LFS pointer: fetch the file itself with git lfs pull'
  }
  if (start.toString('latin1').startsWith('PK\x03\x04')) {
    return 'this is a zip archive, as PyTorch saves: convert it with safetensors.torch.save_file'
  }
  return 'this is not a safetensors file, or it is damaged: check the path, or save it again'
}

function readHeader(header: Uint8Array, fail: Fail): JsonMember[] {
  if (header[0] !== 0x7b) fail(0, "the header must start with '{'")
  try {
    return membersOf(parseJson(header), 'the header', fail)
  } catch (error) {
    if (error instanceof JsonSyntaxError)
      fail(error.offset, `the header is not JSON: ${error.message}`)
    throw error
  }
}

/** The members of an object, no name twice. */
function membersOf(node: JsonNode, label: string, fail: Fail): JsonMember[] {
  if (node.kind !== 'object') fail(node.offset, `${label} must be an object`)
  const names = new Set<string>()
  for (const { name, offset } of node.members) {
    if (names.has(name)) fail(offset, `the name ${JSON.stringify(name)} comes twice in ${label}`)
    names.add(name)
  }
  return node.members
}

function readEntry(name: string, node: JsonNode, dataBytes: number, fail: Fail): Placed {
  const label = `tensor ${JSON.stringify(name)}`
  const members = membersOf(node, label, fail)
  const field = (key: string): JsonNode =>
    members.find((member) => member.name === key)?.value ??
    fail(node.offset, `${label} has no ${key}`)

  const dtype = readDType(label, field('dtype'), fail)
  const shapeNode = field('shape')
  const shape = readCounts(`${label}: shape`, shapeNode, fail)
  const offsetsNode = field('data_offsets')
  const offsets = readCounts(`${label}: data_offsets`, offsetsNode, fail)
  const [begin, end] = offsets
  if (begin === undefined || end === undefined || offsets.length !== 2) {
    return fail(
      offsetsNode.offset,
      `${label}: data_offsets must be two numbers, not ${offsets.length}`,
    )
  }
  if (begin > end || end > dataBytes) {
    const rule = `must lie in order within the ${dataBytes} bytes after the header`
    fail(offsetsNode.offset, `${label}: data_offsets [${begin}, ${end}] ${rule}`)
  }
  const sizeBytes = byteSize(shape, dtype.sizeBytes)
  if (sizeBytes !== end - begin) {
    const takes = sizeBytes ?? 'an impossible number of bytes'
    const what = describeShape(dtype.name, shape)
    const reason = `${label}: ${what} takes ${takes}, its data has ${end - begin}`
    fail(shapeNode.offset, reason)
  }
  return { name, offset: node.offset, begin, end, dtype: dtype.name, shape }
}

function readDType(label: string, node: JsonNode, fail: Fail): DTypeInfo {
  if (node.kind !== 'string') return fail(node.offset, `${label}: dtype must be a string`)
  const known = dtypes.find((candidate) => candidate.code === node.text)
  if (known !== undefined) return known
  const codes = dtypes.map((dtype) => dtype.code).join(', ')
  if (unsupportedCode.test(node.text)) {
    const reason = `${label}: dtype ${node.text} is not supported`
    return fail(node.offset, reason, `convert the tensor to one of ${codes} and save it again`)
  }
  return fail(node.offset, `${label}: dtype ${JSON.stringify(node.text)} is none of ${codes}`)
}

/** A list of integers, zero or more each. */
function readCounts(label: string, node: JsonNode, fail: Fail): number[] {
  if (node.kind !== 'array') return fail(node.offset, `${label} must be a list of numbers`)
  return node.items.map((item) => {
    const digits = item.kind === 'number' ? item.digits : item.kind
    const count = Number(digits)
    if (!/^\d+$/.test(digits) || !Number.isSafeInteger(count)) {
      const shown = digits.length > 24 ? `${digits.slice(0, 24)}...` : digits
      fail(item.offset, `${label} must hold integers from 0 to 2^53 - 1, not ${shown}`)
    }
    return count
  })
}

function requireBools(name: string, data: Uint8Array, start: number, fail: Fail): void {
  const at = data.findIndex((byte) => byte > 1)
  if (at === -1) return
  const reason = `tensor ${JSON.stringify(name)}: a bool must be 0 or 1, not ${data[at]}`
  fail(start - prefixBytes + at, reason)
}
