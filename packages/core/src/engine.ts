/** What differs between Node, Bun and Deno: their names, and how garbage is collected at once. */
import { createRequire } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { NativeError } from './errors.ts'

/** The engine with its version, as 'Bun 1.4.5', where it is not Node's; it runs TypeScript by itself. */
export const otherEngine: string | null =
  named('Bun', process.versions['bun']) ?? named('Deno', process.versions['deno'])

function named(name: string, version: string | undefined): string | null {
  return version === undefined ? null : `${name} ${version}`
}

/** Functions that return when garbage is collected: the young, or all. */
export interface Collector {
  minor: () => void
  major: () => void
}

/** The collector of this process's engine. @throws {NativeError} if it offers none. */
export function findCollector(): Collector {
  return otherEngine?.startsWith('Bun') ? javaScriptCore() : v8()
}

/**
 * What is alive in one of JavaScriptCore's collections is old from then on, V8 waits for a second: a training
 * step's tensors that happened to be alive would pile up.
 */
const YOUNG_COLLECTIONS = 32

function javaScriptCore(): Collector {
  const { edenGC, fullGC } = createRequire(import.meta.url)('bun:jsc') as {
    edenGC: () => void
    fullGC: () => void
  }
  let collections = 0
  const minor = (): void => {
    collections = (collections + 1) % YOUNG_COLLECTIONS
    if (collections === 0) fullGC()
    else edenGC()
  }
  return { minor, major: fullGC }
}

type CollectGarbage = (options?: { type: 'minor' }) => void

/** V8 has it behind a flag, which is switched off again so that nothing leaks into user code. */
function v8(): Collector {
  // Who set the flag has V8's own function; what Deno gives to a new context always collects all.
  if (globalThis.gc) return callerOf(globalThis.gc as CollectGarbage)
  // The flag belongs to the process: a worker that loads at the same moment may take it back.
  for (let attempt = 0; attempt < 1000; attempt++) {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('typeof gc === "function" ? gc : null') as CollectGarbage | null
    setFlagsFromString('--no-expose-gc')
    if (gc !== null) return callerOf(gc)
  }
  throw new NativeError(
    'flambeau',
    [],
    'this JavaScript engine gives no way to collect garbage on demand',
    'run on Node.js 20 or newer, on Deno or on Bun',
  )
}

function callerOf(gc: CollectGarbage): Collector {
  return { minor: () => gc({ type: 'minor' }), major: () => gc() }
}
