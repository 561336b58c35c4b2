/** PyTorch's `.pt` and `.pth` files, read and written without Python. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { endianness } from 'node:os'
import type { DType } from '@flambeau/core'
import { frombuffer, Tensor, ValueError, zeros } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import { writeFileAtomic } from './formats/atomic-write.ts'
import { FormatError } from './formats/errors.ts'
import {
  pickle,
  PickleDict,
  PickleGlobal,
  PickleReduce,
  PickleReference,
  PickleTuple,
} from './formats/pickle/pickler.ts'
import type { PickleCall, PickleOptions, PickleValue } from './formats/pickle/unpickler.ts'
import { PickleError, setKey, unpickle } from './formats/pickle/unpickler.ts'
import { isLegacy, readLegacy } from './formats/torch-legacy.ts'
import { unreadable } from './formats/read-file.ts'
import { withTorchZip, writeTorchZip } from './formats/torch-zip.ts'
import type { OpenFile } from './formats/zip.ts'
import { isZip } from './formats/zip.ts'
import { requireBytes, requirePath } from './formats/arguments.ts'

/** What a file may hold: tensors, numbers, texts, and lists and dicts of them. */
export type TorchValue =
  | Tensor
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | readonly TorchValue[]
  | { readonly [key: string]: TorchValue }

/** A class of storages. Not a plain object: a pickle must not be able to change it. */
class Kind {
  readonly dtype: DType
  /** The storage's class in PyTorch. */
  readonly storage: string
  readonly bytes: number
  constructor({ dtype, storage, bytes }: { dtype: DType; storage: string; bytes: number }) {
    this.dtype = dtype
    this.storage = storage
    this.bytes = bytes
  }
}

const KINDS: readonly Kind[] = [
  { dtype: 'float32', storage: 'FloatStorage', bytes: 4 },
  { dtype: 'float64', storage: 'DoubleStorage', bytes: 8 },
  { dtype: 'float16', storage: 'HalfStorage', bytes: 2 },
  { dtype: 'bfloat16', storage: 'BFloat16Storage', bytes: 2 },
  { dtype: 'int64', storage: 'LongStorage', bytes: 8 },
  { dtype: 'int32', storage: 'IntStorage', bytes: 4 },
  { dtype: 'int16', storage: 'ShortStorage', bytes: 2 },
  { dtype: 'int8', storage: 'CharStorage', bytes: 1 },
  { dtype: 'uint8', storage: 'ByteStorage', bytes: 1 },
  { dtype: 'bool', storage: 'BoolStorage', bytes: 1 },
].map((one) => new Kind(one as Kind))

/** Storages of dtypes that have no class of their own; what is in them is refused by the dtype's name. */
const UNTYPED: Kind = new Kind({ dtype: 'uint8', storage: 'UntypedStorage', bytes: 1 })

/** The elements of a storage as a tensor with one axis. */
function fromBytes(data: Uint8Array, { dtype }: Kind): Tensor {
  if (data.length === 0) return zeros([0], { dtype })
  // Anything but 0 is true, whatever the byte.
  if (dtype === 'bool') return frombuffer(data, { dtype: 'uint8' }).to('bool')
  return frombuffer(data, { dtype })
}

/** The elements of a tensor with one axis as bytes. */
function toBytes(flat: Tensor): Uint8Array {
  const bytes = flat.dtype === 'bool' ? flat.to('uint8') : flat.contiguous().view('uint8')
  return bytes.toArray() as Uint8Array
}

/** A storage that a file refers to; its elements may follow later. */
class Storage {
  readonly kind: Kind
  readonly numel: number
  data: Tensor | null = null
  constructor(kind: Kind, numel: number) {
    this.kind = kind
    this.numel = numel
  }
}

const whole = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0
const sizes = (value: unknown): value is number[] => Array.isArray(value) && value.every(whole)

/** A tensor to be made when its storage is there. */
class Pending {
  readonly storage: Storage
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]

  constructor(args: readonly PickleValue[]) {
    const [storage, offset, shape, strides] = args
    if (!(storage instanceof Storage)) throw new Error('a tensor has no storage')
    if (!whole(offset) || !sizes(shape) || !sizes(strides) || shape.length !== strides.length)
      throw new Error('the sizes or strides of a tensor are no whole numbers ≥ 0')
    this.storage = storage
    this.offset = offset
    this.shape = shape
    this.strides = strides
    let last = offset
    for (const [i, size] of shape.entries()) last += (size - 1) * (strides[i] as number)
    const empty = shape.includes(0)
    if (!empty && !(last < this.storage.numel))
      throw new Error(
        `a tensor of shape [${shape.slice(0, 16).join(', ')}] goes beyond its storage of ${this.storage.numel} elements`,
      )
  }

  make(): Tensor {
    const { data } = this.storage
    if (data === null) throw new Error('a tensor’s storage is not in the file')
    return data.asStrided(this.shape, this.strides, this.offset)
  }
}

/** Names of dtypes in PyTorch, short ones too. */
const DTYPE_NAMES: ReadonlyMap<string, DType> = new Map<string, DType>([
  ...KINDS.map(({ dtype }): [string, DType] => [dtype, dtype]),
  ['float', 'float32'],
  ['double', 'float64'],
  ['half', 'float16'],
  ['long', 'int64'],
  ['int', 'int32'],
  ['short', 'int16'],
])

/** What a file may call: a few plain containers, tensors, sizes, dtypes and devices. */
function findGlobal(module: string, name: string): PickleValue {
  const call = CALLS.get(`${module}.${name}`)
  if (call !== undefined) return call
  if (module === 'torch.storage' && name === 'UntypedStorage') return UNTYPED
  if (module === 'torch' || module === 'torch.storage') {
    const kind = KINDS.find((one) => one.storage === name)
    if (kind !== undefined) return kind
    if (module === 'torch') return DTYPE_NAMES.get(name)
  }
  return undefined
}

/** What a refused name means. */
const MEANINGS: readonly (readonly [pattern: RegExp, meaning: string])[] = [
  [/^torch\.(Complex\w+Storage|complex\d+)$/, 'complex tensors are not supported'],
  [
    /^torch\._utils\._rebuild_sparse/,
    'sparse tensors are not supported; save them with to_dense()',
  ],
  [
    /^torch\._utils\._rebuild_qtensor$|^torch\.Q\w+Storage$|^torch\.q\w+$/,
    'quantized tensors are not supported; save them with dequantize()',
  ],
  [/^torch\._utils\._rebuild_nested/, 'nested tensors are not supported'],
  [/^torch\._utils\._rebuild_meta/, 'tensors of the device meta have no elements'],
  [/^torch\.(uint|float|bits|int)\d\w*$/, 'tensors of this dtype are not supported'],
  [/^numpy\b/, 'values of NumPy are not supported; save them as tensors or numbers'],
  [
    /^(torch\.nn\.modules|torch\.optim|torchvision|__main__)\b/,
    'save state_dict() instead of the object',
  ],
]

function explain(module: string, name: string): string | undefined {
  const full = `${module}.${name}`.slice(0, 400)
  return MEANINGS.find(([pattern]) => pattern.test(full))?.[1]
}

/** A text among the arguments of a call; of lists a text could be made that has no end. */
function text(value: PickleValue): string {
  if (typeof value !== 'string') throw new Error('a text is wanted')
  return value
}

/** What a tensor may have been in Python, beside a plain one. */
const TENSOR_TYPE: PickleCall = () => {
  throw new Error('a tensor cannot be made of its type alone')
}

const factory: PickleCall = () => {
  throw new Error('a class is called where only its name is allowed')
}

const list: PickleCall = ([items]) => (Array.isArray(items) ? items : [])
const CALLS: ReadonlyMap<string, PickleCall> = new Map<string, PickleCall>(
  Object.entries({
    'collections.OrderedDict': ([entries]) => {
      const out: Record<string, unknown> = {}
      if (!Array.isArray(entries)) return out
      for (const entry of entries as unknown[]) {
        if (!Array.isArray(entry)) throw new Error('an entry of an OrderedDict is no pair')
        const [key, value] = entry as [unknown, unknown]
        setKey(out, typeof key === 'number' ? String(key) : text(key), value)
      }
      return out
    },
    'collections.defaultdict': () => ({}),
    'collections.Counter': ([counts]) => counts ?? {},
    'torch._utils._rebuild_tensor_v2': (args) => new Pending(args),
    'torch._utils._rebuild_tensor': (args) => new Pending(args),
    // With a dtype of its own: those that have storage classes never come this way.
    'torch._utils._rebuild_tensor_v3': () => {
      throw new Error('tensors of an untyped storage are not supported')
    },
    // (function, type, its arguments, attributes): buffers, and tensors with attributes, which are dropped.
    'torch._tensor._rebuild_from_type_v2': ([make, type, args]) => {
      if (type !== TENSOR_TYPE) throw new Error('tensors of classes of their own are not supported')
      if (typeof make !== 'function' || !REBUILDERS.has(make as PickleCall) || !Array.isArray(args))
        throw new Error('a tensor is made of something else')
      return (make as PickleCall)(args as unknown[])
    },
    'torch.Tensor': TENSOR_TYPE,
    'torch.nn.parameter.Parameter': TENSOR_TYPE,
    'torch.nn.parameter.Buffer': TENSOR_TYPE,
    'torch._utils._rebuild_parameter': ([data]) => data,
    'torch._utils._rebuild_parameter_with_state': ([data]) => data,
    'torch.Size': list,
    'torch.device': ([name, index]) =>
      typeof index === 'number' ? `${text(name)}:${index}` : text(name),
    ...Object.fromEntries(
      ['builtins', '__builtin__'].flatMap((module): [string, PickleCall][] => [
        [`${module}.set`, list],
        [`${module}.frozenset`, list],
        // What defaultdicts make for keys that are not there.
        ...['list', 'dict', 'int', 'float', 'str'].map((name): [string, PickleCall] => [
          `${module}.${name}`,
          factory,
        ]),
      ]),
    ),
    '_codecs.encode': ([value]) => Buffer.from(text(value), 'latin1'),
  } satisfies Record<string, PickleCall>),
)

/** The calls that make tensors. */
const REBUILDERS: ReadonlySet<PickleCall> = new Set(
  ['_rebuild_tensor_v2', '_rebuild_tensor', '_rebuild_parameter'].map(
    (name) => CALLS.get(`torch._utils.${name}`) as PickleCall,
  ),
)

/** Nested deeper than this, walking through what was read would overflow the stack. */
const MOST_DEPTH = 200

/** Goes through what a pickle made. */
class Finisher {
  readonly #tensors: Map<Pending, Tensor> = new Map()
  /** How deep what is in a container is nested; 0 while it is being gone through. */
  readonly #heights: Map<object, number> = new Map()

  /** The value with its tensors made, each once. @throws {Error} for circles and what is no value. */
  finish(value: PickleValue, depth = 0): unknown {
    if (typeof value === 'function') throw new Error('a class stands where a value must be')
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
    if (value instanceof Kind) throw new Error('a class stands where a value must be')
    if (value instanceof Storage) throw new Error('a storage without a tensor is not supported')
    if (value instanceof Pending) {
      const made = this.#tensors.get(value) ?? value.make()
      this.#tensors.set(value, made)
      return made
    }
    const known = this.#heights.get(value)
    if (known === 0) throw new Error('a value contains itself')
    if (depth + (known ?? 0) > MOST_DEPTH)
      throw new Error(`values are nested more than ${MOST_DEPTH} deep`)
    if (known === undefined) {
      this.#heights.set(value, 0)
      this.#heights.set(value, this.#parts(value, depth))
    }
    return value
  }

  /** Finishes the parts of a container; gives its height. */
  #parts(value: object, depth: number): number {
    let height = 1
    const part = (item: unknown): unknown => {
      const made = this.finish(item, depth + 1)
      if (typeof item === 'object' && item !== null)
        height = Math.max(height, 1 + (this.#heights.get(item) ?? 0))
      return made
    }
    if (Array.isArray(value)) {
      value.forEach((item, i) => {
        value[i] = part(item)
      })
    } else {
      for (const [key, item] of Object.entries(value))
        setKey(value as Record<string, unknown>, key, part(item))
    }
    return height
  }
}

function finish(value: PickleValue): unknown {
  return new Finisher().finish(value)
}

function broken(
  path: string | undefined,
  reason: string,
  cause: unknown,
  offset?: number,
): FormatError {
  return new FormatError(
    {
      format: 'PyTorch file',
      path,
      offset,
      reason,
      fix: 'load a file that torch.save or saveTorch wrote, of tensors and plain containers',
    },
    { cause },
  )
}

/** A storage's reference: ('storage', class, key, device, number of elements). */
function storageOf(id: PickleValue, storages: Map<string, Storage>): Storage {
  const [tag, kind, key, , numel, view] = Array.isArray(id) ? (id as unknown[]) : []
  if (tag !== 'storage' || !(kind instanceof Kind))
    throw new Error('the pickle refers to something that is no storage')
  if (!whole(numel)) throw new Error('a storage’s length is no whole number')
  if (view !== undefined && view !== null)
    throw new Error('storages that share others are not supported')
  const name = typeof key === 'number' ? String(key) : text(key)
  const found = storages.get(name)
  if (found !== undefined) {
    if (found.kind !== kind) throw new Error(`storage '${name}' has two dtypes`)
    return found
  }
  const storage = new Storage(kind, numel)
  storages.set(name, storage)
  return storage
}

function swapBytes(data: Uint8Array, bytes: number): void {
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  if (bytes === 2) buffer.swap16()
  else if (bytes === 4) buffer.swap32()
  else if (bytes === 8) buffer.swap64()
}

function fill(storage: Storage, data: Uint8Array, swapped: boolean): void {
  const { kind, numel } = storage
  if (data.length < numel * kind.bytes)
    throw new Error(
      `a storage has ${data.length} bytes in the file and wants ${numel * kind.bytes}`,
    )
  // A copy where it is changed: what was read may be a view of the caller's bytes.
  const used = swapped ? data.slice(0, numel * kind.bytes) : data.subarray(0, numel * kind.bytes)
  if (swapped) swapBytes(used, kind.bytes)
  storage.data = fromBytes(used, kind)
}

/**
 * Reads the bytes of a PyTorch file, of the zip format or the one before 1.6.
 *
 * @throws {FormatError} as {@link loadTorch} does.
 */
export async function parseTorchFile(
  bytes: Uint8Array,
  options: { path?: string } = {},
): Promise<TorchValue> {
  requireBytes('parseTorchFile', bytes)
  requireOptions('parseTorchFile', options)
  const { path } = options
  if (isZip(bytes)) return parsing(path, (storages) => fromZip(bytes, storages))
  return parsing(path, (storages) => {
    if (!isLegacy(bytes))
      throw new PickleError('the file is neither a zip archive nor a pickle of PyTorch', 0)
    return readLegacy(bytes, rulesOf(storages), {
      elementBytes: (key) => storages.get(key)?.kind.bytes,
      fill: (key, data) => fill(storages.get(key) as Storage, data, endianness() === 'BE'),
    })
  })
}

/** Finishes what `read` gives; whatever goes wrong becomes a FormatError. */
async function parsing(
  path: string | undefined,
  read: (storages: Map<string, Storage>) => PickleValue,
): Promise<TorchValue> {
  try {
    return finish(await read(new Map())) as TorchValue
  } catch (error) {
    if (error instanceof PickleError) throw broken(path, error.message, error, error.offset)
    throw broken(path, (error as Error).message.split('\n')[0] ?? 'the file is broken', error)
  }
}

function rulesOf(storages: Map<string, Storage>): PickleOptions {
  return { findGlobal, explain, persistentLoad: (id) => storageOf(id, storages) }
}

/** Reads the pickle, then one storage after another: no more than one is in memory twice. */
function fromZip(
  source: Uint8Array | OpenFile,
  storages: Map<string, Storage>,
): Promise<PickleValue> {
  return withTorchZip(source, async ({ pickle: data, byteorder, storage: read }) => {
    const { value } = unpickle(data, rulesOf(storages))
    const swapped = (byteorder.trim() === 'big') !== (endianness() === 'BE')
    for (const [key, storage] of storages) fill(storage, await read(key), swapped)
    return value
  })
}

/**
 * Reads a `.pt` or `.pth` file: what `torch.save` or {@link saveTorch} wrote. Dicts become objects, lists
 * and tuples arrays, parameters tensors; tensors that shared storage in Python do so here.
 *
 * Nothing in the file is executed: it may hold tensors, numbers, texts, bytes and plain containers;
 * anything else is refused by name. A whole pickled model must be saved as its `state_dict()`.
 *
 * @typeParam T What the file is known to hold, which is not checked: `load<{ epoch: number }>(path)`.
 * @throws {FormatError} if the file is missing, broken, or holds something else.
 * @see torch.load, with weights_only
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { loadTorch, saveTorch } from '@flambeau/data'
 * await saveTorch({ weight: tensor([1, 2, 3]), epoch: 4 }, 'model.pt')
 * const saved = await loadTorch<{ epoch: number }>('model.pt')
 * console.log(saved.epoch) // => 4
 * ```
 */
export async function loadTorch<T = TorchValue>(path: string): Promise<T> {
  requirePath('loadTorch', path)
  let descriptor: number | null = null
  let bytes: Uint8Array
  try {
    descriptor = openSync(path, 'r')
    const stat = fstatSync(descriptor)
    const start = new Uint8Array(4)
    if (stat.isFile() && readSync(descriptor, start, 0, 4, 0) === 4 && isZip(start)) {
      const file: OpenFile = { descriptor, sizeBytes: stat.size }
      return (await parsing(path, (storages) => fromZip(file, storages))) as T
    }
    bytes = readFileSync(descriptor)
  } catch (error) {
    throw error instanceof FormatError ? error : unreadable('PyTorch file', path, error)
  } finally {
    if (descriptor !== null) closeSync(descriptor)
  }
  return (await parseTorchFile(bytes, { path })) as T
}

const TENSOR = new PickleGlobal('torch._utils', '_rebuild_tensor_v2')
const ORDERED_DICT = new PickleGlobal('collections', 'OrderedDict')

/** Tensors of one storage, and the elements of it that they use. */
interface Shared {
  key: string
  first: Tensor
  numel: number
}

/**
 * The bytes of a PyTorch file of the zip format. `torch.load` reads it with `weights_only=True`.
 *
 * @throws {ValueError} for values that cannot be saved.
 */
export async function serializeTorchFile(value: TorchValue): Promise<Uint8Array> {
  const shared: Shared[] = []
  const place = (tensor: Tensor): Shared => {
    let found = shared.find(
      ({ first }) => first.dtype === tensor.dtype && first.sharesStorageWith(tensor),
    )
    if (found === undefined)
      shared.push((found = { key: String(shared.length), first: tensor, numel: 0 }))
    found.numel = Math.max(found.numel, extent(tensor))
    return found
  }
  const seen = new Map<object, unknown>()
  const visit = (item: TorchValue, path: string): void => {
    if (item instanceof Tensor) {
      place(item)
    } else if (item instanceof Uint8Array) {
      // Bytes have no parts.
    } else if (typeof item === 'object' && item !== null) {
      if (seen.has(item)) return
      seen.set(item, null)
      const prototype: unknown = Object.getPrototypeOf(item)
      if (!Array.isArray(item) && prototype !== Object.prototype && prototype !== null)
        throw unsaved(path, 'an object of a class')
      for (const [key, inner] of Object.entries(item)) visit(inner as TorchValue, `${path}.${key}`)
    } else if (!['number', 'bigint', 'string', 'boolean'].includes(typeof item) && item !== null) {
      throw unsaved(path, `a ${typeof item}`)
    }
  }
  visit(value, '')
  seen.clear()
  const encode = (item: TorchValue, numbered = false): unknown => {
    if (typeof item !== 'object' || item === null) return item
    const known = seen.get(item)
    if (known !== undefined) return known
    const made = encodeObject(item, numbered)
    seen.set(item, made)
    return made
  }
  const encodeObject = (item: TorchValue & object, numbered: boolean): unknown => {
    if (item instanceof Tensor) return tensorCall(item, place(item))
    if (item instanceof Uint8Array) {
      const text = Buffer.from(item).toString('latin1')
      return new PickleReduce(new PickleGlobal('_codecs', 'encode'), [text, 'latin1'])
    }
    if (Array.isArray(item)) return item.map((inner: TorchValue) => encode(inner))
    // Whole numbers are keys in Python too where optimizers number their parameters, and where a
    // MultiStepLR counts its steps.
    const numbers =
      'param_groups' in item && 'state' in item
        ? 'state'
        : '_step_count' in item && 'milestones' in item
          ? 'milestones'
          : null
    return new PickleDict(
      Object.entries(item).map(([key, inner]) => [
        numbered && /^(0|[1-9]\d*)$/.test(key) ? Number(key) : key,
        encode(inner, key === numbers),
      ]),
    )
  }
  let data: Uint8Array
  try {
    data = pickle(encode(value))
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw unsaved('', error.message)
  }
  const storages = new Map<string, Uint8Array>()
  for (const { key, first, numel } of shared)
    storages.set(key, toBytes(first.detach().asStrided([numel], [1], 0)))
  return writeTorchZip({
    pickle: data,
    storages,
    byteorder: endianness() === 'BE' ? 'big' : 'little',
  })
}

/** One more than the last element of its storage that a tensor uses. */
function extent(tensor: Tensor): number {
  if (tensor.numel() === 0) return tensor.storageOffset()
  const strides = tensor.stride()
  return tensor.shape.reduce(
    (end, size, i) => end + (size - 1) * (strides[i] as number),
    tensor.storageOffset() + 1,
  )
}

function tensorCall(tensor: Tensor, { key, numel }: Shared): PickleReduce {
  const kind = KINDS.find((one) => one.dtype === tensor.dtype) as Kind
  const storage = new PickleReference(
    new PickleTuple(['storage', new PickleGlobal('torch', kind.storage), key, 'cpu', numel]),
  )
  return new PickleReduce(TENSOR, [
    storage,
    tensor.storageOffset(),
    new PickleTuple(tensor.shape),
    new PickleTuple(tensor.stride()),
    false,
    new PickleReduce(ORDERED_DICT, []),
  ])
}

function unsaved(path: string, what: string): ValueError {
  return new ValueError(
    'saveTorch',
    [],
    `${what} cannot be saved${path === '' ? '' : ` (at '${path.slice(1)}')`}`,
    'save tensors, numbers, texts, booleans, null, bytes, arrays and plain objects',
  )
}

/**
 * Writes a `.pt` file that {@link loadTorch} and PyTorch's `torch.load(…, weights_only=True)` read: for
 * example `saveTorch(model.stateDict(), 'model.pt')`. Tensors that share storage are stored once. All or
 * nothing: a process that dies while saving leaves the previous file whole.
 *
 * @throws {ValueError} for values that cannot be saved. @throws {FileWriteError} if writing fails.
 * @see torch.save
 */
export async function saveTorch(value: TorchValue, path: string): Promise<void> {
  requirePath('saveTorch', path)
  writeFileAtomic(path, [await serializeTorchFile(value)])
}

/** {@link loadTorch} under PyTorch's own name. @see torch.load */
export const load: typeof loadTorch = loadTorch

/** {@link saveTorch} under PyTorch's own name: the value comes first, the path last. @see torch.save */
export const save: typeof saveTorch = saveTorch
