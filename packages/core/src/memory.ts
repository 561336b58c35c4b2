/** Memory and threads: what is used, and the limits. */
import { ValueError } from './errors.ts'
import { commands, native } from './native.ts'

export interface MemoryStats {
  /** Bytes of live tensors' storages. */
  liveBytes: number
  /** Bytes kept for reuse. */
  cachedBytes: number
  /** The most bytes that were live at once since the start or {@link resetPeakMemoryStats}. */
  peakBytes: number
  /** Live native tensors of this thread, those saved for backward included. */
  tensors: number
  /** Live nodes of this thread's graph. */
  graphNodes: number
  /** Storages made so far. */
  allocations: number
  /** Of these, how many reused memory. */
  cacheHits: number
  /** Collections that the memory budget asked for in this thread. */
  minorCollections: number
  majorCollections: number
  /** Live bytes beyond which an operation fails; see {@link setMemoryLimit}. */
  limitBytes: number
}

/** What tensors use at this moment. Bytes are of the whole process, counts of this thread. */
export function memoryStats(): MemoryStats {
  native.memoryStats()
  const [
    liveBytes = 0,
    cachedBytes = 0,
    peakBytes = 0,
    tensors = 0,
    graphNodes = 0,
    allocations = 0,
    cacheHits = 0,
    minorCollections = 0,
    majorCollections = 0,
    limitBytes = 0,
  ] = commands
  return {
    liveBytes,
    cachedBytes,
    peakBytes,
    tensors,
    graphNodes,
    allocations,
    cacheHits,
    minorCollections,
    majorCollections,
    limitBytes,
  }
}

/** Starts a new measurement of `peakBytes`. */
export function resetPeakMemoryStats(): void {
  native.resetPeak()
}

/** Gives cached memory back to the system. */
export function emptyCache(): void {
  native.emptyCache()
}

/**
 * Collects garbage now, so that tensors that nothing refers to are freed. Never needed for memory
 * to stay bounded; useful before a measurement.
 */
export function collectGarbage(): void {
  native.collect(1)
}

/**
 * Sets the bytes of live tensors beyond which an operation fails with an `OutOfMemoryError`, for the
 * whole process. Default: 60 % of the machine's (or control group's) memory.
 *
 * @throws {ValueError} unless `bytes` is a number ≥ 0.
 */
export function setMemoryLimit(bytes: number): void {
  if (typeof bytes !== 'number' || !(bytes >= 0)) {
    throw new ValueError(
      'setMemoryLimit',
      [],
      `a limit is a number of bytes ≥ 0, not ${bytes}`,
      'setMemoryLimit(4e9)',
    )
  }
  native.setLimit(Math.min(bytes, Number.MAX_SAFE_INTEGER))
}

/**
 * Do operations give the same bits in every run? They do: results depend on the inputs, the seed and
 * the number of threads only, so that there is nothing to switch.
 *
 * @see torch.are_deterministic_algorithms_enabled
 */
export function areDeterministicAlgorithmsEnabled(): true {
  return true
}

/** Threads that one operation may use. */
export function getNumThreads(): number {
  return native.getNumThreads()
}

/**
 * Sets how many threads one operation may use, for the whole process.
 *
 * @throws {ValueError} unless `threads` is a whole number from 1 to 256.
 * @see torch.set_num_threads
 */
export function setNumThreads(threads: number): void {
  if (!Number.isInteger(threads) || threads < 1 || threads > 256) {
    throw new ValueError(
      'setNumThreads',
      [],
      `threads must be a whole number from 1 to 256, not ${threads}`,
      'setNumThreads(2)',
    )
  }
  native.setNumThreads(threads)
}
