/**
 * The least time that a workload can take on this machine: its arithmetic at the speed of matrix
 * products, or its memory traffic at the speed of memory, whichever is longer.
 */
import { readFileSync } from 'node:fs'

/** What one call has to do at least. */
export interface Demand {
  /** 10⁹ operations of matrix products and convolutions, 2 per multiply-add. */
  readonly gflop: number
  /**
   * 10⁶ bytes. Of an operation: its inputs and outputs. Of a model: its weights, their gradients and
   * the optimizer's state, and twice what the backward pass needs of the forward one.
   */
  readonly megabytes: number
}

/** What this machine can do. */
export interface Peaks {
  readonly gflops: number
  /** GB/s where data come from memory, and where they are still in the cache. */
  readonly memory: number
  readonly cache: number
}

/** Data up to this many megabytes are taken to be in the cache. */
const CACHE_MB = 28

const file = new URL('../floors.json', import.meta.url)

/** The demands of all workloads, counted below PyTorch's autograd. */
export const demands: Readonly<Record<string, Demand>> = JSON.parse(
  readFileSync(file, 'utf8'),
) as Record<string, Demand>

/** Milliseconds. */
export function floorMs({ gflop, megabytes }: Demand, peaks: Peaks): number {
  const bandwidth = megabytes < CACHE_MB ? peaks.cache : peaks.memory
  return Math.max((gflop / peaks.gflops) * 1e3, megabytes / bandwidth)
}
