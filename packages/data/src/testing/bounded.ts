/** For tests with hostile files: what reading them may cost, and what it may end in. */
import { FlambeauError, memoryStats, resetPeakMemoryStats } from '@flambeau/core'
import { FileWriteError, FormatError } from '../formats/errors.ts'

const MEBIBYTE = 2 ** 20

/** What one reading may cost. */
export interface Bounds {
  /** Of the processor: the machine may have other work. */
  milliseconds: number
  /** By which the process's peak of resident memory, and that of live tensors, may grow. */
  mebibytes: number
}

/**
 * Runs `read` and says whether it gave a value or refused with a typed error.
 *
 * @throws {Error} if it failed in another way, or cost more than the bounds allow.
 */
export async function bounded(
  read: () => unknown,
  { milliseconds = 1000, mebibytes = 128 }: Partial<Bounds> = {},
): Promise<{ refused: Error | null; value: unknown }> {
  const resident = process.resourceUsage().maxRSS
  const { liveBytes } = memoryStats()
  resetPeakMemoryStats()
  const started = process.cpuUsage()
  let refused: Error | null = null
  let value: unknown
  try {
    value = await read()
  } catch (error) {
    const typed =
      error instanceof FormatError ||
      error instanceof FileWriteError ||
      error instanceof FlambeauError
    if (!typed) throw error
    refused = error
  }
  const { user, system } = process.cpuUsage(started)
  const spent = (user + system) / 1000
  const grown = (process.resourceUsage().maxRSS - resident) / 1024
  const tensors = (memoryStats().peakBytes - liveBytes) / MEBIBYTE
  if (spent > milliseconds) throw new Error(`reading took ${spent} ms of the processor`)
  if (grown > mebibytes) throw new Error(`reading took ${grown} MiB of memory`)
  if (tensors > mebibytes) throw new Error(`reading made ${tensors} MiB of tensors`)
  return { refused, value }
}

/** Random numbers from a seed (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** What damages a file, from flipped bits to lost and doubled parts. */
export function damaged(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const out = Buffer.from(bytes)
  const at = random(out.length)
  const until = Math.min(out.length, at + 1 + random(64))
  switch (random(10)) {
    case 0:
      return out.subarray(0, at)
    case 1:
      return Buffer.concat([out.subarray(0, at), out.subarray(until)])
    case 2:
      return Buffer.concat([out.subarray(0, until), out.subarray(at)])
    case 3:
      return out.fill(random(2) === 0 ? 0 : 255, at, until)
    case 4:
      // The largest and smallest numbers, at any place: lengths, extents, offsets.
      out.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f].slice(0, until - at), at)
      return out
    default:
      for (let flips = 1 + random(3); flips > 0; flips--) {
        const place = random(out.length)
        out[place] = (out[place] as number) ^ (1 << random(8))
      }
      return out
  }
}
