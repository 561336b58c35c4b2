/** Starts the thread of a worker, from built code or from TypeScript. */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { ValueError } from '@flambeau/core'
import { otherEngine } from '@flambeau/core/internal'
import type { WorkerSetup } from './messages.ts'
import type { PackedRecipe } from './packing.ts'
import { recipesIn } from './packing.ts'

/** This package's own code: TypeScript where it runs from source. */
const FROM_SOURCE = import.meta.url.endsWith('.ts')
const ENTRY = new URL(FROM_SOURCE ? './worker.ts' : './worker.js', import.meta.url).href

const BOOTSTRAP = `
  const { workerData } = require('node:worker_threads')
  const ready = workerData.register === null
    ? Promise.resolve()
    : import(workerData.register).then((api) => api.register())
  ready.then(() => import(workerData.entry))
`

function isTypescript(url: string): boolean {
  return /\.[mc]?tsx?$/.test(url.replace(/[?#].*$/, ''))
}

/**
 * What runs TypeScript in a thread, where that is needed: with Node.js 20, threads do not inherit what
 * `--import tsx` does for the main thread. Other engines do it by themselves.
 */
function registration(recipes: readonly PackedRecipe[]): string | null {
  if (otherEngine !== null) return null
  const module = recipes.map((recipe) => recipe.module).find(isTypescript)
  if (module === undefined && !FROM_SOURCE) return null
  const places = [module, pathToFileURL(`${process.cwd()}/package.json`).href, import.meta.url]
  for (const place of places) {
    if (place === undefined || !place.startsWith('file:')) continue
    try {
      const commonjs = createRequire(place).resolve('tsx/esm/api')
      return pathToFileURL(commonjs.replace(/\.cjs$/, '.mjs')).href
    } catch {
      // Not installed there: try the next place.
    }
  }
  if ('typescript' in process.features && Boolean(process.features.typescript)) return null
  throw new ValueError(
    'DataLoader',
    [],
    `workers cannot run ${module}: Node.js ${process.versions.node} does not run TypeScript by itself`,
    'install tsx, or name the compiled module',
  )
}

/** The part of a worker's setup that is the same for all workers. */
export type SharedSetup = Omit<WorkerSetup, 'id' | 'entry' | 'register'>

/** Starts workers that make what the recipes say. */
export function startWorkers(setup: SharedSetup): Worker[] {
  const register = registration(recipesIn(setup.recipes))
  return Array.from({ length: setup.numWorkers }, (_, id) => {
    const workerData: WorkerSetup = { ...setup, id, entry: ENTRY, register }
    const worker = new Worker(BOOTSTRAP, {
      eval: true,
      name: `DataLoader worker ${id}`,
      workerData,
      ...(FROM_SOURCE ? { execArgv: ['--conditions=@flambeau/source'] } : {}),
    })
    // Only a loop that waits for a batch keeps the process alive.
    worker.unref()
    return worker
  })
}
