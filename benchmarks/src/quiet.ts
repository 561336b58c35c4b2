/** Waiting until other programs leave the cores alone. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Idle means: less than this share of the cores' time is used … */
const IDLE_SHARE = 0.08
/** … in so many checks in a row. */
const CHECKS = 4
const CHECK_MS = 250

interface Ticks {
  readonly busy: number
  readonly total: number
}

/** Time of all cores since the start of the machine, from /proc/stat. */
function ticks(): Ticks {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, ...rest] = line
    .trim()
    .split(/\s+/)
    .slice(1, 9)
    .map(Number)
  const busy = user + nice + system + rest.reduce((a, b) => a + b, 0)
  return { busy, total: busy + idle + waiting }
}

/** Resolves when the machine has been idle for a second, or after `seconds`. */
export async function waitForQuiet(seconds: number): Promise<void> {
  if (seconds <= 0) return
  const end = performance.now() + seconds * 1e3
  let before = ticks()
  for (let idle = 0; idle < CHECKS && performance.now() < end;) {
    await sleep(CHECK_MS)
    const now = ticks()
    const share = (now.busy - before.busy) / Math.max(1, now.total - before.total)
    idle = share < IDLE_SHARE ? idle + 1 : 0
    before = now
  }
}
