/** Memory of the GPUs: what is used, and the limits. */
import { ValueError } from '@flambeau/core'
import { show } from '@flambeau/core/internal'
import type { DeviceLike } from './device.ts'
import { deviceIndex, getDeviceName } from './device.ts'
import { withAddon } from './errors.ts'
import type { NativeGauge, NativeMemoryStats } from './native.ts'

/** Something that goes up and down. */
export interface Gauge {
  readonly current: number
  /** The most since the start or {@link resetPeakMemoryStats}. */
  readonly peak: number
  /** All that was ever added, and all that was removed. */
  readonly allocated: number
  readonly freed: number
}

/** A gauge, of everything and by the size of the blocks: up to 1 MB, and above. */
export interface PooledGauge {
  readonly all: Gauge
  readonly smallPool: Gauge
  readonly largePool: Gauge
}

/** What the allocator of a GPU counts, in the words of `torch.cuda.memory_stats`. */
export interface CudaMemoryStats {
  /** Bytes of blocks that are handed out. */
  readonly allocatedBytes: { readonly all: Gauge }
  /** The same before rounding up to 512. */
  readonly requestedBytes: { readonly all: Gauge }
  /** With those that were given back while another stream may still use them. */
  readonly activeBytes: { readonly all: Gauge }
  /** Bytes of segments, which were taken from the driver. */
  readonly reservedBytes: { readonly all: Gauge }
  /** Bytes of free parts of segments that are partly in use. */
  readonly inactiveSplitBytes: { readonly all: Gauge }
  /** Number of blocks that are handed out. */
  readonly allocation: PooledGauge
  /** Number of segments. */
  readonly segment: PooledGauge
  /** Requests for which cached segments were first given back to the driver. */
  readonly numAllocRetries: number
  /** Requests that found no memory. */
  readonly numOoms: number
  /** The most bytes that are taken from the driver. */
  readonly limitBytes: number
  /** Bytes that the GPU has. */
  readonly totalBytes: number
}

const gauge = ([current, peak, allocated, freed]: NativeGauge): Gauge => ({
  current,
  peak,
  allocated,
  freed,
})

function nativeStats(op: string, device: DeviceLike): NativeMemoryStats {
  const index = deviceIndex(op, device)
  return withAddon(op, (addon) => addon.memoryStats(index))
}

/**
 * What the allocator of a GPU counts.
 *
 * @throws {DeviceError} where there is no such GPU.
 * @see torch.cuda.memory_stats_as_nested_dict
 */
export function memoryStats(device?: DeviceLike): CudaMemoryStats {
  const stats = nativeStats('memoryStats', device)
  return {
    allocatedBytes: { all: gauge(stats.allocatedBytes) },
    requestedBytes: { all: gauge(stats.requestedBytes) },
    activeBytes: { all: gauge(stats.activeBytes) },
    reservedBytes: { all: gauge(stats.reservedBytes) },
    inactiveSplitBytes: { all: gauge(stats.inactiveSplitBytes) },
    allocation: {
      all: gauge(stats.allocation),
      smallPool: gauge(stats.smallAllocation),
      largePool: gauge(stats.largeAllocation),
    },
    segment: {
      all: gauge(stats.segment),
      smallPool: gauge(stats.smallSegment),
      largePool: gauge(stats.largeSegment),
    },
    numAllocRetries: stats.retries,
    numOoms: stats.outOfMemory,
    limitBytes: stats.limitBytes,
    totalBytes: stats.totalBytes,
  }
}

/** Bytes of tensors on a GPU. @throws {DeviceError} @see torch.cuda.memory_allocated */
export function memoryAllocated(device?: DeviceLike): number {
  return nativeStats('memoryAllocated', device).allocatedBytes[0]
}

/** The most bytes of tensors at once. @throws {DeviceError} @see torch.cuda.max_memory_allocated */
export function maxMemoryAllocated(device?: DeviceLike): number {
  return nativeStats('maxMemoryAllocated', device).allocatedBytes[1]
}

/** Bytes that were taken from the driver. @throws {DeviceError} @see torch.cuda.memory_reserved */
export function memoryReserved(device?: DeviceLike): number {
  return nativeStats('memoryReserved', device).reservedBytes[0]
}

/** The most bytes that were taken at once. @throws {DeviceError} @see torch.cuda.max_memory_reserved */
export function maxMemoryReserved(device?: DeviceLike): number {
  return nativeStats('maxMemoryReserved', device).reservedBytes[1]
}

/** Free and all bytes of a GPU, whoever uses them. @throws {DeviceError} @see torch.cuda.mem_get_info */
export function memGetInfo(device?: DeviceLike): [free: number, total: number] {
  const index = deviceIndex('memGetInfo', device)
  return withAddon('memGetInfo', (addon) => addon.memoryInfo(index))
}

/** Starts a new measurement of the peaks. @throws {DeviceError} @see torch.cuda.reset_peak_memory_stats */
export function resetPeakMemoryStats(device?: DeviceLike): void {
  const index = deviceIndex('resetPeakMemoryStats', device)
  withAddon('resetPeakMemoryStats', (addon) => addon.resetPeaks(index))
}

/**
 * Gives memory that no tensor uses back to the driver, for other programs. Tensors do not get more
 * room by it, since they have what is cached anyway.
 *
 * @throws {DeviceError} where no GPU can be used.
 * @throws {ValueError} while a graph is captured.
 * @see torch.cuda.empty_cache
 */
export function emptyCache(): void {
  withAddon('emptyCache', (addon) => {
    const { count } = addon.availability()
    for (let index = 0; index < count; index++) addon.emptyCache(index)
  })
}

/**
 * Lets this process take at most this part of a GPU's memory; beyond it operations fail with an
 * `OutOfMemoryError`. 1, the default, is all of it.
 *
 * @throws {ValueError} unless `fraction` is a number from 0 to 1.
 * @throws {DeviceError} where there is no such GPU.
 * @see torch.cuda.set_per_process_memory_fraction
 */
export function setPerProcessMemoryFraction(fraction: number, device?: DeviceLike): void {
  const op = 'setPerProcessMemoryFraction'
  if (typeof fraction !== 'number' || !(fraction >= 0 && fraction <= 1)) {
    throw new ValueError(op, [], `a fraction is a number from 0 to 1, not ${show(fraction)}`)
  }
  const index = deviceIndex(op, device)
  withAddon(op, (addon) => {
    const total = addon.memoryStats(index).totalBytes
    addon.setLimit(index, fraction === 1 ? Infinity : Math.floor(total * fraction))
  })
}

/**
 * A table of what is used, to be printed.
 *
 * @throws {DeviceError} where there is no such GPU.
 * @see torch.cuda.memory_summary
 */
export function memorySummary(device?: DeviceLike): string {
  const index = deviceIndex('memorySummary', device)
  const stats = nativeStats('memorySummary', device)
  const rows: [string, NativeGauge, (value: number) => string][] = [
    ['allocated', stats.allocatedBytes, bytes],
    ['requested', stats.requestedBytes, bytes],
    ['active', stats.activeBytes, bytes],
    ['reserved', stats.reservedBytes, bytes],
    ['free in parts', stats.inactiveSplitBytes, bytes],
    ['blocks', stats.allocation, String],
    ['  up to 1 MB', stats.smallAllocation, String],
    ['  larger', stats.largeAllocation, String],
    ['segments', stats.segment, String],
    ['  of 2 MB', stats.smallSegment, String],
    ['  larger', stats.largeSegment, String],
  ]
  const cells = [
    ['', 'now', 'peak', 'in total', 'given back'],
    ...rows.map(([name, values, shown]) => [name, ...values.map(shown)]),
  ]
  const widths = (cells[0] as string[]).map((_, column) =>
    Math.max(...cells.map((row) => (row[column] as string).length)),
  )
  const lines = cells.map((row) =>
    row
      .map((text, column) =>
        column === 0 ? text.padEnd(widths[0] as number) : text.padStart(widths[column] as number),
      )
      .join('   '),
  )
  const rule = '─'.repeat((lines[0] as string).length)
  const limit = stats.limitBytes < stats.totalBytes ? `, at most ${bytes(stats.limitBytes)}` : ''
  const total = `${bytes(stats.totalBytes)}${limit}`
  return [
    `Memory of cuda:${index}, ${getDeviceName(index)} (${total})`,
    rule,
    lines[0],
    rule,
    ...lines.slice(1, 6),
    rule,
    ...lines.slice(6),
    rule,
    `memory was short ${times(stats.retries)}, and not there ${times(stats.outOfMemory)}`,
  ].join('\n')
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)

/** `1.5 GB`, `20 MB`, `12 KB` or `96 B`. */
function bytes(value: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let unit = 0
  let rest = value
  while (rest >= 1024 && unit < units.length - 1) {
    rest /= 1024
    unit++
  }
  return `${rest >= 100 || unit === 0 ? Math.round(rest) : rest.toFixed(1)} ${units[unit]}`
}
