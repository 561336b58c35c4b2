/**
 * How long this process waited for a core. Must be imported before anything that starts threads:
 * the threads that exist by then are Node's own (compilation, garbage collection), and what they
 * wait for is part of our cost, not a sign of a busy machine.
 */
import { readdirSync, readFileSync } from 'node:fs'

const tasks = '/proc/self/task'

function threads(): string[] {
  try {
    return readdirSync(tasks)
  } catch {
    return [] // Not Linux: every sample counts as uncontended.
  }
}

const ownOfNode: ReadonlySet<string> = new Set(
  threads().filter((thread) => thread !== String(process.pid)),
)

/** Nanoseconds that one thread has stood ready while others held the cores. */
function delayOf(thread: string): number {
  try {
    return Number(readFileSync(`${tasks}/${thread}/schedstat`, 'utf8').split(' ')[1])
  } catch {
    return 0 // The thread has ended.
  }
}

/** Milliseconds that threads of this process have stood ready while others held the cores. */
export function runDelayMs(): number {
  let total = 0
  for (const thread of threads()) if (!ownOfNode.has(thread)) total += delayOf(thread)
  return total / 1e6
}
