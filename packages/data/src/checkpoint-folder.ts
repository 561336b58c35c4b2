/** A folder of checkpoints: the newest ones, and the best. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { ValueError } from '@flambeau/core'
import { requireOptions, show } from '@flambeau/core/internal'
import type { CheckpointRest, LoadCheckpointOptions, SaveCheckpointOptions } from './checkpoint.ts'
import { loadCheckpoint, saveCheckpoint } from './checkpoint.ts'
import type { Checkpoint, Restored } from './checkpoint-tree.ts'
import { writeFileAtomic } from './formats/atomic-write.ts'
import { FileWriteError, FormatError } from './formats/errors.ts'
import { requirePath } from './formats/arguments.ts'
import { unreadable } from './formats/read-file.ts'

export interface CheckpointFolderOptions {
  /** How many of the newest checkpoints to keep; null keeps all. Default 3. */
  keepLast?: number | null
  /** How many of the best ones to keep besides. Default 1. */
  keepBest?: number
  /** Are small metrics good, or large ones? Default `'min'`. */
  mode?: 'min' | 'max'
}

/** One checkpoint of a {@link CheckpointFolder}. */
export interface CheckpointEntry {
  /** The step at which it was saved. */
  step: number
  path: string
  /** What was given when it was saved; null for none. */
  metric: number | null
}

const FILE = /^checkpoint-(\d{10,})\.safetensors$/
const INDEX = 'checkpoints.json'

/**
 * Checkpoints of one training, named by their step. Each save keeps the newest `keepLast` files and the
 * best `keepBest` by their metric, and removes the others, after the new one is safely on the disk.
 *
 * @throws {ValueError} for options outside of their range.
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { CheckpointFolder } from '@flambeau/data'
 * const folder = new CheckpointFolder('run', { keepLast: 1 })
 * for (const [step, loss] of [0.5, 0.2, 0.3].entries()) {
 *   folder.save(step, { weight: tensor([step]), epoch: step }, loss)
 * }
 * console.log(folder.list().map(({ step }) => step)) // => [ 1, 2 ]
 * console.log(folder.best()?.metric, folder.latest()?.step) // => 0.2 2
 * ```
 */
export class CheckpointFolder {
  readonly folder: string
  readonly #keepLast: number
  readonly #keepBest: number
  readonly #mode: 'min' | 'max'

  constructor(folder: string, options: CheckpointFolderOptions = {}) {
    requirePath('CheckpointFolder', folder, 'folder')
    requireOptions('CheckpointFolder', options)
    const { keepLast = 3, keepBest = 1, mode = 'min' } = options
    const fail = (name: string, range: string, value: unknown): ValueError =>
      new ValueError(
        'CheckpointFolder',
        [],
        `${name} must be ${range}, not ${show(value)}`,
        'check the options',
      )
    if (keepLast !== null && !(Number.isInteger(keepLast) && keepLast >= 1)) {
      throw fail('keepLast', 'a whole number ≥ 1 or null', keepLast)
    }
    if (!Number.isInteger(keepBest) || keepBest < 0) {
      throw fail('keepBest', 'a whole number ≥ 0', keepBest)
    }
    if (mode !== 'min' && mode !== 'max') throw fail('mode', "'min' or 'max'", mode)
    this.folder = folder
    this.#keepLast = keepLast ?? Number.POSITIVE_INFINITY
    this.#keepBest = keepBest
    this.#mode = mode
  }

  /**
   * Saves a checkpoint, as {@link saveCheckpoint}, and removes those that are no longer to be kept.
   * Returns its path.
   *
   * @param step Whole number ≥ 0; saving a step again replaces it.
   * @param metric What the best are chosen by; null for none. NaN is never among the best.
   * @throws {ValueError} for other steps or metrics, and as `saveCheckpoint`.
   * @throws {FileWriteError} if writing fails.
   */
  save(
    step: number,
    tree: Checkpoint,
    metric: number | null = null,
    options: SaveCheckpointOptions = {},
  ): string {
    const fail = (rule: string): ValueError =>
      new ValueError('CheckpointFolder.save', [], rule, 'folder.save(step, { model }, loss)')
    if (!Number.isSafeInteger(step) || step < 0) {
      throw fail(`the step must be a whole number ≥ 0, not ${show(step)}`)
    }
    if (metric !== null && typeof metric !== 'number') {
      throw fail(`the metric must be a number or null, not a ${typeof metric}`)
    }
    makeFolder(this.folder)
    const path = join(this.folder, `checkpoint-${String(step).padStart(10, '0')}.safetensors`)
    saveCheckpoint(path, tree, options)
    const entries = this.list().filter((one) => one.step !== step)
    entries.push({ step, path, metric })
    entries.sort((a, b) => a.step - b.step)
    const kept = this.#kept(entries)
    // First the index, then the files that it no longer names: a crash leaves a file too many.
    this.#writeIndex(entries.filter((one) => kept.has(one)))
    for (const one of entries) if (!kept.has(one)) rmSync(one.path, { force: true })
    return path
  }

  #kept(entries: readonly CheckpointEntry[]): Set<CheckpointEntry> {
    const newest = entries.slice(Math.max(0, entries.length - this.#keepLast))
    return new Set([...newest, ...this.#ranked(entries).slice(0, this.#keepBest)])
  }

  /** Those with a metric, the best first; of equals the earlier. */
  #ranked(entries: readonly CheckpointEntry[]): CheckpointEntry[] {
    const sign = this.#mode === 'min' ? 1 : -1
    return entries
      .filter(({ metric }) => metric !== null && !Number.isNaN(metric))
      .toSorted((a, b) => {
        const [left, right] = [sign * (a.metric as number), sign * (b.metric as number)]
        return left < right ? -1 : left > right ? 1 : a.step - b.step
      })
  }

  #writeIndex(entries: readonly CheckpointEntry[]): void {
    const metrics = entries
      .filter(({ metric }) => metric !== null)
      .map(({ step, metric }) => [step, String(metric)])
    const text = JSON.stringify({ metrics: Object.fromEntries(metrics) as object })
    writeFileAtomic(join(this.folder, INDEX), [Buffer.from(`${text}\n`)])
  }

  #metrics(): Record<string, unknown> {
    const path = join(this.folder, INDEX)
    if (!existsSync(path)) return {}
    try {
      const { metrics } = JSON.parse(readFileSync(path, 'utf8')) as { metrics?: unknown }
      if (typeof metrics === 'object' && metrics !== null) return metrics as Record<string, unknown>
    } catch (error) {
      throw brokenIndex(path, error)
    }
    throw brokenIndex(path)
  }

  /** What is in the folder. @throws {FormatError} if it cannot be read. */
  #names(): string[] {
    try {
      return readdirSync(this.folder)
    } catch (error) {
      throw unreadable('checkpoint folder', this.folder, error)
    }
  }

  /**
   * The checkpoints in the folder, oldest first.
   *
   * @throws {FormatError} if the folder cannot be read, or the list of metrics in it is broken.
   */
  list(): CheckpointEntry[] {
    if (!existsSync(this.folder)) return []
    const metrics = this.#metrics()
    return this.#names()
      .flatMap((name): CheckpointEntry[] => {
        const step = FILE.exec(name)?.[1]
        if (step === undefined) return []
        const metric = metrics[String(Number(step))]
        return [
          {
            step: Number(step),
            path: join(this.folder, name),
            metric: metric === undefined ? null : Number(metric),
          },
        ]
      })
      .toSorted((a, b) => a.step - b.step)
  }

  /** The checkpoint of the highest step; null if there is none. */
  latest(): CheckpointEntry | null {
    return this.list().at(-1) ?? null
  }

  /** The checkpoint with the best metric; null if none has one. */
  best(): CheckpointEntry | null {
    return this.#ranked(this.list())[0] ?? null
  }

  /**
   * Moves all checkpoints to the folder `earlier` in this one, for another training to begin here; what
   * was set aside before is removed.
   *
   * @returns Where they are now; null if there were none.
   * @throws {FileWriteError} if they cannot be moved.
   */
  setAside(): string | null {
    // A broken list of metrics is moved as it is.
    const own = (name: string): boolean => FILE.test(name) || name === INDEX
    const isFolder = statSync(this.folder, { throwIfNoEntry: false })?.isDirectory() ?? false
    const all = isFolder ? this.#names().filter(own) : []
    if (!all.some((name) => FILE.test(name))) return null
    const aside = join(this.folder, 'earlier')
    try {
      rmSync(aside, { recursive: true, force: true })
      mkdirSync(aside)
      for (const name of all) renameSync(join(this.folder, name), join(aside, name))
    } catch (error) {
      throw unwritable(aside, 'earlier checkpoints cannot be moved there', error)
    }
    return aside
  }

  /**
   * Restores the newest checkpoint, as {@link loadCheckpoint}, and returns what else it holds; null if
   * there is none, so that the same program starts and goes on.
   *
   * @throws {FormatError, ValueError} as `loadCheckpoint`: a broken file is not passed over.
   */
  resume(
    into: Readonly<Record<string, Restored>>,
    options: LoadCheckpointOptions = {},
  ): CheckpointRest | null {
    const latest = this.latest()
    return latest === null ? null : loadCheckpoint(latest.path, into, options)
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw unwritable(folder, 'the folder cannot be made', error)
  }
}

function unwritable(path: string, reason: string, cause: unknown): FileWriteError {
  const fix = 'choose another folder, or check the permissions'
  const { code: errno } = cause as NodeJS.ErrnoException
  return new FileWriteError({ path, reason, errno, fix }, { cause })
}

function brokenIndex(path: string, cause?: unknown): FormatError {
  return new FormatError(
    {
      format: 'checkpoint folder',
      path,
      reason: 'the list of metrics is not what CheckpointFolder wrote',
      fix: 'delete the file; the checkpoints stay, without their metrics',
    },
    { cause },
  )
}
