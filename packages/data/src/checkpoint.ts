/** Tensors, and whole trainings, in safetensors files. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Tensor } from '@flambeau/core'
import { frombuffer, Generator, getRngState, setRngState, ValueError, zeros } from '@flambeau/core'
import { requireOptions, requireTensor } from '@flambeau/core/internal'
import type { Checkpoint, Restored } from './checkpoint-tree.ts'
import {
  classOf,
  decodeTree,
  encodeTree,
  faultOf,
  hasState,
  matchStates,
} from './checkpoint-tree.ts'
import { writeFileAtomic } from './formats/atomic-write.ts'
import { FormatError } from './formats/errors.ts'
import type { RawTensor } from './formats/raw-tensor.ts'
import { parseSafetensors, serializeSafetensors } from './formats/safetensors.ts'
import { openSafetensors } from './safetensors-file.ts'
import { requirePath } from './formats/arguments.ts'

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
  requirePath('safetensors', path)
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
  requireOptions('saveSafetensors', tensors)
  const raw = new Map(
    Object.entries(tensors).map(([name, tensor]) => {
      requireTensor('saveSafetensors', name, tensor)
      return [name, toRaw(tensor)]
    }),
  )
  writeFileAtomic(path, serializeSafetensors(raw, { ...metadata }))
}

/**
 * Reads all tensors of a file; {@link openSafetensors} reads single ones, and models in several files.
 *
 * @throws {FormatError} if the file is missing, truncated or corrupt, with the position.
 */
export function loadSafetensors(path: string): {
  tensors: Record<string, Tensor>
  metadata: Record<string, string>
} {
  using file = openSafetensors(path)
  return { tensors: file.load(), metadata: file.metadata }
}

// Keys of the metadata: the tree, the format's version, and a digest of all contents.
const TREE = 'flambeau.checkpoint'
const VERSION = 'flambeau.version'
const DIGEST = 'flambeau.sha256'
const CURRENT = 1
/** The tensor that holds the default generator's state. */
const RNG = '$rng'

/** What {@link saveCheckpoint} takes by name. */
export interface SaveCheckpointOptions {
  /** Save the default generator's state too. Default: where anything in the tree has a state. */
  rng?: boolean
}

/** What {@link loadCheckpoint} takes by name. */
export interface LoadCheckpointOptions {
  /** Restore the default generator's state, if it was saved. Default true. */
  rng?: boolean
  /** Objects must be of the class that was saved. Default true. */
  strict?: boolean
}

function digestOf(tree: string, tensors: ReadonlyMap<string, RawTensor>): string {
  const hash = createHash('sha256').update(`${CURRENT}\n${tree}\n`)
  for (const name of [...tensors.keys()].sort()) {
    const { dtype, shape, data } = tensors.get(name) as RawTensor
    hash.update(`${JSON.stringify(name)} ${dtype} ${shape.join()}\n`).update(data)
  }
  return hash.digest('hex')
}

/**
 * Writes a checkpoint: a tree of tensors, numbers, strings, booleans, nulls, arrays and plain objects,
 * and of whatever has `stateDict()` and `loadStateDict()`: models, optimizers, schedulers, scalers,
 * averaged models, loaders in the middle of an epoch. Generators may be in it too; the default one is
 * saved by itself where anything has a state, so that a resumed training goes on to the same bits.
 *
 * The file is a safetensors file; tensors are stored under their dotted path, so that
 * `{ model: net }` can be read by any safetensors reader as `model.fc.weight`. All or nothing, as
 * {@link saveSafetensors}: whoever is killed while saving leaves the previous file whole.
 *
 * @throws {ValueError} for values of other kinds. @throws {FileWriteError} if writing fails.
 *
 * @example
 * ```ts
 * import { manualSeed, tensor } from '@flambeau/core'
 * import { loadCheckpoint, saveCheckpoint } from '@flambeau/data'
 * class Counter {
 *   steps = 0
 *   stateDict() {
 *     return { steps: this.steps }
 *   }
 *   loadStateDict(state: { steps: number }) {
 *     this.steps = state.steps
 *   }
 * }
 * const counter = new Counter()
 * counter.steps = 7
 * saveCheckpoint('last.safetensors', { counter, epoch: 3, best: tensor([0.5]) })
 * const again = new Counter()
 * const rest = loadCheckpoint('last.safetensors', { counter: again })
 * console.log(again.steps, rest.epoch) // => 7 3
 * ```
 */
export function saveCheckpoint(
  path: string,
  tree: Checkpoint,
  options: SaveCheckpointOptions = {},
): void {
  requireOptions('saveCheckpoint', options)
  const tensors = new Map<string, RawTensor>()
  const keep = (tensor: Tensor, place: string): string => {
    // Keys may contain dots: two places may have one path.
    let name = place
    for (let i = 2; tensors.has(name); i++) name = `${place}#${i}`
    tensors.set(name, toRaw(tensor))
    return name
  }
  const encoded = encodeTree(tree, keep)
  const fault = faultOf(encoded)
  if (fault !== null)
    throw new ValueError('saveCheckpoint', [], `the tree cannot be saved: ${fault}`, 'save less')
  const json = JSON.stringify(encoded)
  if (options.rng ?? hasState(tree)) tensors.set(RNG, toRaw(getRngState()))
  const metadata = {
    [TREE]: json,
    [VERSION]: String(CURRENT),
    [DIGEST]: digestOf(json, tensors),
  }
  writeFileAtomic(path, serializeSafetensors(tensors, metadata))
}

interface Opened {
  tree: unknown
  find: (name: string) => Tensor
  rng: RawTensor | undefined
}

/** Reads and checks a file of {@link saveCheckpoint}. */
function open(path: string): Opened {
  const { tensors, metadata } = parseSafetensors(readBytes(path), { path })
  const broken = (
    reason: string,
    fix = 'load a file that saveCheckpoint wrote; for others use loadSafetensors',
  ): FormatError => new FormatError({ format: 'checkpoint', path, reason, fix })
  const json = metadata[TREE]
  if (json === undefined) throw broken('the file is safetensors, but not a checkpoint')
  const version = Number(metadata[VERSION])
  if (version !== CURRENT) {
    throw broken(
      `the checkpoint has version ${String(metadata[VERSION])}, and this reader knows ${CURRENT}`,
      'use the version of flambeau that wrote it, or a newer one',
    )
  }
  if (metadata[DIGEST] !== digestOf(json, tensors)) {
    throw broken(
      'its contents are not those that were saved: the checksums differ',
      'restore the file from a copy, or load an earlier checkpoint',
    )
  }
  let tree: unknown
  try {
    tree = JSON.parse(json)
  } catch (error) {
    throw broken(`its description is not JSON: ${(error as Error).message}`)
  }
  const fault = faultOf(tree)
  if (fault !== null) throw broken(fault)
  const find = (name: string): Tensor => {
    const raw = tensors.get(name)
    if (raw === undefined) throw broken(`the tensor '${name}' is missing`)
    return fromRaw(raw)
  }
  return { tree, find, rng: tensors.get(RNG) }
}

/** What is left of a checkpoint after restoring: the values that were saved beside. */
// The caller knows what was saved.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type CheckpointRest = Record<string, any>

/**
 * Reads what {@link saveCheckpoint} wrote. With `into`, hands every object in it the state that was saved
 * under its name, restores the default generator, and returns the other values; without, returns the
 * whole tree, with states as `stateDict()` gave them, and restores nothing.
 *
 * If an object refuses its state, those before it have theirs, and the error names it.
 *
 * @throws {FormatError} if the file is missing, truncated, corrupt (a checksum covers all of it), not a
 * checkpoint, or of a newer version.
 * @throws {ValueError} if an object of `into` is not in the file, is of another class than the one that was
 * saved, or does not take the state.
 */
export function loadCheckpoint(path: string): Checkpoint
export function loadCheckpoint(
  path: string,
  into: Readonly<Record<string, Restored>>,
  options?: LoadCheckpointOptions,
): CheckpointRest
export function loadCheckpoint(
  path: string,
  into?: Readonly<Record<string, Restored>>,
  options: LoadCheckpointOptions = {},
): Checkpoint | CheckpointRest {
  const { tree, find, rng } = open(path)
  if (into === undefined) return decodeTree(tree, find) as Checkpoint
  const { found, rest } = matchStates(tree, into)
  for (const { place, target, savedFrom } of found) {
    const own = classOf(target)
    if ((options.strict ?? true) && own !== savedFrom) {
      throw misfit(path, place, `it was saved from a ${savedFrom} and is to go into a ${own}`)
    }
  }
  for (const { place, target, state } of found) {
    const value = decodeTree(state, find)
    try {
      if (target instanceof Generator) target.setState(value as Tensor)
      else target.loadStateDict(value as never)
    } catch (error) {
      throw misfit(path, place, (error as Error).message, error)
    }
  }
  if ((options.rng ?? true) && rng !== undefined) setRngState(fromRaw(rng))
  return decodeTree(rest, find) as CheckpointRest
}

function misfit(path: string, place: string, reason: string, cause?: unknown): ValueError {
  const error = new ValueError(
    'loadCheckpoint',
    [{ name: 'path', description: path }],
    `'${place}' does not fit: ${reason}`,
    'build the objects as they were when the checkpoint was saved',
  )
  if (cause !== undefined) error.cause = cause
  return error
}
