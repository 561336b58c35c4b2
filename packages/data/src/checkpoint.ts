/** Tensors, and whole trees of them, in safetensors files. */
import { readFileSync } from 'node:fs'
import { frombuffer, Tensor, ValueError, zeros } from '@flambeau/core'
import { writeFileAtomic } from './formats/atomic-write.ts'
import { FormatError } from './formats/errors.ts'
import type { RawTensor } from './formats/raw-tensor.ts'
import { parseSafetensors, serializeSafetensors } from './formats/safetensors.ts'

/** What a checkpoint may consist of. */
export type Checkpoint =
  | Tensor
  | number
  | string
  | boolean
  | null
  | readonly Checkpoint[]
  | { readonly [key: string]: Checkpoint }

function toRaw(tensor: Tensor): RawTensor {
  const { dtype } = tensor
  const flat = tensor.detach().reshape(tensor.numel())
  // The bytes themselves: also those of 16-bit floats, which no typed array has.
  const bytes = dtype === 'bool' ? flat.to('uint8') : flat.contiguous().view('uint8')
  return { dtype, shape: [...tensor.shape], data: bytes.toArray() as Uint8Array }
}

function fromRaw({ dtype, shape, data }: RawTensor): Tensor {
  if (data.byteLength === 0) return zeros(shape, { dtype })
  return frombuffer(data, { dtype }).reshape(shape)
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new FormatError(
      {
        format: 'safetensors',
        path,
        reason: code === 'ENOENT' ? 'the file does not exist' : `the file cannot be read (${code})`,
        fix: 'check the path and its permissions',
      },
      { cause: error },
    )
  }
}

/**
 * Writes tensors by name, all or nothing: a process that dies while saving leaves the previous file
 * whole.
 *
 * @throws {FileWriteError} if the file cannot be written.
 * @see https://github.com/huggingface/safetensors
 */
export function saveSafetensors(
  path: string,
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const raw = new Map(Object.entries(tensors).map(([name, tensor]) => [name, toRaw(tensor)]))
  writeFileAtomic(path, serializeSafetensors(raw, { ...metadata }))
}

/**
 * Reads all tensors of a file.
 *
 * @throws {FormatError} if the file is missing, truncated or corrupt, with the position.
 */
export function loadSafetensors(path: string): {
  tensors: Record<string, Tensor>
  metadata: Record<string, string>
} {
  const file = parseSafetensors(readBytes(path), { path })
  const tensors: Record<string, Tensor> = Object.create(null) as Record<string, Tensor>
  for (const [name, raw] of file.tensors) tensors[name] = fromRaw(raw)
  return { tensors, metadata: file.metadata }
}

/** Key of the metadata under which the tree is kept. */
const TREE = 'flambeau.checkpoint'
const REFERENCE = '$tensor'

/**
 * Writes a tree of plain objects, arrays, numbers, strings, booleans, nulls and tensors: for example
 * model, optimizer, random state and epoch. Tensors are stored under their dotted path, so that
 * `{ model: net.stateDict() }` can be read by any safetensors reader. All or nothing, as
 * {@link saveSafetensors}.
 *
 * @throws {ValueError} for values of other kinds. @throws {FileWriteError} if writing fails.
 */
export function saveCheckpoint(path: string, tree: Checkpoint): void {
  const tensors = new Map<string, RawTensor>()
  const encode = (value: Checkpoint, place: string): unknown => {
    if (value instanceof Tensor) {
      const name = place === '' ? 'tensor' : place
      tensors.set(name, toRaw(value))
      return { [REFERENCE]: name }
    }
    if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) }
    if (value === null || ['number', 'string', 'boolean'].includes(typeof value)) return value
    const inside = (key: string | number): string => (place === '' ? `${key}` : `${place}.${key}`)
    if (Array.isArray(value)) return value.map((item, i) => encode(item as Checkpoint, inside(i)))
    const prototype: unknown = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined
    if (prototype === Object.prototype || prototype === null) {
      const entries = Object.entries(value as Record<string, Checkpoint>)
      if (entries.some(([key]) => key.startsWith('$'))) {
        throw new ValueError(
          'saveCheckpoint',
          [],
          `keys must not start with '$' (at '${place}')`,
          'rename the key',
        )
      }
      return Object.fromEntries(entries.map(([key, item]) => [key, encode(item, inside(key))]))
    }
    throw new ValueError(
      'saveCheckpoint',
      [],
      `a ${typeof value} cannot be saved (at '${place}')`,
      'save tensors, numbers, strings, booleans, null, arrays and plain objects',
    )
  }
  const json = JSON.stringify(encode(tree, ''))
  writeFileAtomic(path, serializeSafetensors(tensors, { [TREE]: json }))
}

/**
 * Reads what {@link saveCheckpoint} wrote.
 *
 * @throws {FormatError} if the file is missing, truncated, corrupt, or not a checkpoint.
 */
export function loadCheckpoint(path: string): Checkpoint {
  const { tensors, metadata } = loadSafetensors(path)
  const broken = (reason: string): FormatError =>
    new FormatError({
      format: 'checkpoint',
      path,
      reason,
      fix: 'load a file that saveCheckpoint wrote; for others use loadSafetensors',
    })
  const json = metadata[TREE]
  if (json === undefined) throw broken('the file is safetensors, but not a checkpoint')
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch (error) {
    throw broken(`its description is not JSON: ${(error as Error).message}`)
  }
  const decode = (value: unknown): Checkpoint => {
    if (Array.isArray(value)) return value.map(decode)
    if (typeof value !== 'object' || value === null) return value as Checkpoint
    const fields = value as Record<string, unknown>
    if (REFERENCE in fields) {
      const tensor = tensors[String(fields[REFERENCE])]
      if (tensor === undefined) throw broken(`the tensor '${String(fields[REFERENCE])}' is missing`)
      return tensor
    }
    if ('$number' in fields) return Number(fields['$number'])
    return Object.fromEntries(Object.entries(fields).map(([key, item]) => [key, decode(item)]))
  }
  return decode(parsed)
}
