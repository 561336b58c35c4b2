/**
 * Where time and memory go, by operation.
 *
 * @see torch.profiler
 */
import { writeFileSync } from 'node:fs'
import { ValueError } from '../errors.ts'
import { profiling } from '../profiling.ts'
import { show } from '../show.ts'
import type { ProfilerAverage, SortKey, TableOptions } from './averages.ts'
import { ProfilerAverages } from './averages.ts'
import type { ProfilerEvent } from './collect.ts'
import { Collector } from './collect.ts'

export type { ProfilerAverage, ProfilerEvent, SortKey, TableOptions }
export { ProfilerAverages }

export interface ProfileOptions {
  /** Keep the shapes of inputs? Default false. */
  recordShapes?: boolean
  /** Measure how many bytes live tensors take before and after? Default false. */
  profileMemory?: boolean
}

export interface KeyAveragesOptions {
  /** Tell calls on inputs of different shapes apart? They must have been recorded. Default false. */
  groupByInputShape?: boolean
}

/**
 * What {@link profile} saw.
 *
 * @see torch.profiler.profile
 *
 * @example
 * ```ts
 * import { ones, profiler } from '@flambeau/core'
 * const seen = profiler.profile(() => ones([64, 64]).matmul(ones([64, 64])).sum())
 * console.log([...seen.keyAverages()].map(({ key, count }) => `${key} ${count}`))
 * // => [ 'fill 2', 'matmul 1', 'sum 1' ]
 * ```
 */
export class Profile {
  /** µs that the function took. */
  readonly wallTime: number
  readonly #events: readonly ProfilerEvent[]
  readonly #options: { recordShapes: boolean; profileMemory: boolean }

  /** @internal */
  constructor(
    events: readonly ProfilerEvent[],
    wallTime: number,
    options: { recordShapes: boolean; profileMemory: boolean },
  ) {
    this.#events = events
    this.wallTime = wallTime
    this.#options = options
  }

  /** All events, in the order of their beginnings. */
  events(): readonly ProfilerEvent[] {
    return this.#events
  }

  /**
   * The events by name, added up.
   *
   * @throws {ValueError} if they are to be told apart by shapes that were not recorded.
   * @see torch.profiler.profile.key_averages
   */
  keyAverages({ groupByInputShape = false }: KeyAveragesOptions = {}): ProfilerAverages {
    const { recordShapes, profileMemory } = this.#options
    if (groupByInputShape && !recordShapes) {
      throw new ValueError(
        'keyAverages',
        [],
        'shapes were not recorded',
        'profile(fn, { recordShapes: true })',
      )
    }
    const columns = { shapes: groupByInputShape, memory: profileMemory }
    return new ProfilerAverages(this.#events, columns)
  }

  /**
   * Writes the events as a trace for chrome://tracing and https://ui.perfetto.dev.
   *
   * @throws {ValueError} if the file cannot be written.
   * @see torch.profiler.profile.export_chrome_trace
   */
  exportChromeTrace(path: string): void {
    const { pid } = process
    const traceEvents: unknown[] = [
      { name: 'process_name', ph: 'M', pid, tid: 1, args: { name: 'flambeau' } },
      { name: 'thread_name', ph: 'M', pid, tid: 1, args: { name: 'JavaScript' } },
    ]
    for (const { name, kind, start, duration, shapes, dtypes, bytes, memory } of this.#events) {
      traceEvents.push({
        name,
        cat: kind,
        ph: 'X',
        ts: start,
        dur: duration,
        pid,
        tid: 1,
        args: {
          ...(bytes > 0 && { bytes }),
          ...(shapes.length > 0 && { 'Input Dims': shapes, 'Input type': dtypes }),
          ...(this.#options.profileMemory && { memory }),
        },
      })
    }
    const text = JSON.stringify({ displayTimeUnit: 'ms', traceEvents })
    try {
      writeFileSync(path, text)
    } catch (error) {
      throw new ValueError(
        'exportChromeTrace',
        [],
        `${show(path)} cannot be written: ${(error as Error).message}`,
        'name a file in a folder that exists',
      )
    }
  }
}

function finish(collector: Collector, options: Required<ProfileOptions>): Profile {
  // Events were written down at their ends.
  const events = collector.events.toSorted((a, b) => a.start - b.start || a.depth - b.depth)
  return new Profile(events, collector.wall, options)
}

/**
 * Runs `fn` and tells what it spent its time on: every operation, forward and backward, and every
 * part named by {@link recordFunction}. An operation's time is that of native code; what the
 * program around it takes is the self time of the named parts, and `wallTime` less all of it.
 * Without a profile nothing is measured, and nothing costs.
 *
 * If `fn` is asynchronous, the profile is promised for its end; what other code does in the meantime
 * is in it too.
 *
 * @throws {ValueError} inside of another profile. Whatever `fn` throws.
 * @see torch.profiler.profile
 */
export function profile(fn: () => Promise<unknown>, options?: ProfileOptions): Promise<Profile>
export function profile(fn: () => unknown, options?: ProfileOptions): Profile
export function profile(
  fn: () => unknown,
  { recordShapes = false, profileMemory = false }: ProfileOptions = {},
): Profile | Promise<Profile> {
  if (typeof fn !== 'function') {
    throw new ValueError('profile', [], `it runs a function, not ${show(fn)}`, 'profile(() => …)')
  }
  const options = { recordShapes, profileMemory }
  const collector = new Collector(options)
  let result: unknown
  try {
    result = fn()
  } catch (error) {
    collector.stop()
    throw error
  }
  if (result instanceof Promise) {
    return result.finally(() => collector.stop()).then(() => finish(collector, options))
  }
  collector.stop()
  return finish(collector, options)
}

/**
 * Runs `fn` as a named part of the profile that is being made, if there is one; returns its result.
 *
 * @throws {ValueError} if `fn` is not a function.
 * @see torch.profiler.record_function
 */
export function recordFunction<T>(name: string, fn: () => T): T {
  if (typeof fn !== 'function') {
    const fix = "recordFunction('name', () => …)"
    throw new ValueError('recordFunction', [], `it runs a function, not ${show(fn)}`, fix)
  }
  return profiling.span === null ? fn() : profiling.span(name, 'user', fn)
}
