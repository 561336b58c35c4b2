/** The runs below a folder, read while they go on. */
import { readdirSync, statSync } from 'node:fs'
import { basename, join, relative, resolve, sep } from 'node:path'
import { EventAccumulator, isEventFile } from '@flambeau/tensorboard'
import type { FolderState, RunInfo, RunsMessage } from './protocol.ts'

/** Bytes of a file that are read before others get their turn. */
const SLICE = 1 << 20
/** Folders this deep below the folder of runs are looked at. */
const DEPTH = 6

interface Run {
  readonly reader: EventAccumulator
  version: number
  /** Why it cannot be read any more. */
  failure: string | null
}

/** A folder of runs. */
export class Runs {
  /** As it was given, and where it is. */
  readonly folder: string
  readonly path: string
  #state: FolderState = 'empty'
  #failure = ''
  readonly #runs = new Map<string, Run>()
  #polling: Promise<string[]> | null = null

  constructor(folder: string) {
    this.folder = folder
    this.path = resolve(folder)
  }

  /** The run of a name, or undefined. */
  get(name: string): EventAccumulator | undefined {
    return this.#runs.get(name)?.reader
  }

  /** What is wrong with the folder, and what to do; '' if nothing is. */
  get message(): string {
    const { path } = this
    const how = `A training makes runs with fit(model, loader, { …, board: '${join(this.folder, 'first')}' }) or new SummaryWriter('${join(this.folder, 'first')}'). The board shows them as soon as they are there.`
    switch (this.#state) {
      case 'runs':
        return ''
      case 'missing':
        return `The folder ${path} does not exist. ${how}`
      case 'empty':
        return `There are no runs in ${path}: no file whose name contains “tfevents”. ${how}`
      case 'file':
        return `${path} is a file, not a folder. Give the folder that the runs are in: flambeau-board ${join(this.folder, '..')}`
      case 'unreadable':
        return `The folder ${path} cannot be read: ${this.#failure}. See its permissions.`
    }
  }

  /** Reads what has come; resolves to the names of the runs in which something has changed. */
  poll(): Promise<string[]> {
    this.#polling ??= this.#poll().finally(() => {
      this.#polling = null
    })
    return this.#polling
  }

  async #poll(): Promise<string[]> {
    const changed: string[] = []
    const before = this.#state
    const found = this.#find()
    for (const name of this.#runs.keys()) {
      if (found.has(name)) continue
      this.#runs.delete(name)
      changed.push(name)
    }
    for (const [name, path] of found) {
      const run = this.#runs.get(name) ?? newRun(path)
      if (run === null) continue
      this.#runs.set(name, run)
      if (await advance(run)) changed.push(name)
    }
    return changed.length > 0 || before === this.#state ? changed : ['']
  }

  /** Folders with event files, by their names. */
  #find(): Map<string, string> {
    const found = new Map<string, string>()
    try {
      if (!statSync(this.path).isDirectory()) this.#state = 'file'
      else {
        this.#search(this.path, DEPTH, found)
        this.#state = found.size > 0 ? 'runs' : 'empty'
      }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      this.#state = code === 'ENOENT' ? 'missing' : 'unreadable'
      this.#failure = message
    }
    return found
  }

  #search(folder: string, depth: number, found: Map<string, string>): void {
    const entries = readdirSync(folder, { withFileTypes: true })
    if (entries.some((entry) => entry.isFile() && isEventFile(entry.name))) {
      const name = relative(this.path, folder).split(sep).join('/')
      found.set(name === '' ? basename(this.path) : name, folder)
    }
    if (depth === 0) return
    for (const entry of entries) {
      if (!entry.isDirectory() || entry.name.startsWith('.') || entry.name === 'node_modules') {
        continue
      }
      try {
        this.#search(join(folder, entry.name), depth - 1, found)
      } catch (error) {
        // One that may not be read, or was deleted meanwhile, hides itself alone.
        if ((error as NodeJS.ErrnoException).code === undefined) throw error
      }
    }
  }

  /** All runs, without what they logged. */
  describe(): RunsMessage {
    const { folder, path, message } = this
    const names = [...this.#runs.keys()].toSorted((a, b) => a.localeCompare(b, 'en', natural))
    const runs = names.map((name) => infoOf(name, this.#runs.get(name) as Run))
    return { folder, path, state: this.#state, message, runs }
  }
}

const natural = { numeric: true } as const

/** A run that was not read yet; null if its folder is gone again. */
function newRun(path: string): Run | null {
  try {
    return { reader: new EventAccumulator(path), version: 0, failure: null }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return null
  }
}

/** Reads what a run has logged since; is there any? */
async function advance(run: Run): Promise<boolean> {
  const problems = run.reader.problems.length
  let has = false
  try {
    while (run.reader.poll(SLICE)) {
      has = true
      await new Promise((next) => setImmediate(next))
    }
    run.failure = null
  } catch (error) {
    const { message } = error as Error
    has = message !== run.failure
    run.failure = message
  }
  has ||= run.reader.problems.length > problems
  if (has) run.version++
  return has
}

function infoOf(name: string, { reader, version, failure }: Run): RunInfo {
  const { scalars, images, histograms, texts, audio, prCurves } = reader.tags()
  const last = Object.fromEntries(
    scalars.map((tag) => {
      const value = reader.scalars(tag).at(-1)?.value
      return [tag, value !== undefined && Number.isFinite(value) ? value : null]
    }),
  )
  const problems = reader.problems.map(
    ({ path, offset, message }) => `${basename(path)}, byte ${offset}: ${message}`,
  )
  if (failure !== null) problems.push(failure)
  const { hparams, hparamMetrics, firstTime, lastTime, purges, hasGraph, customScalars } = reader
  return {
    name,
    scalars,
    last,
    images,
    histograms,
    texts,
    audio,
    prCurves,
    embeddings: reader.embeddings.map(({ tag, step }) => ({ tag, step })),
    customScalars,
    hparams,
    hparamMetrics,
    hasGraph,
    firstTime,
    lastTime,
    version,
    generation: purges,
    problems,
  }
}
