/** The only file that loads the addon. Loading never throws: what is wrong is kept for who asks. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `[current, peak, allocated, freed]` */
export type NativeGauge = [number, number, number, number]

/** What the allocator of a device counts. */
export interface NativeMemoryStats {
  allocatedBytes: NativeGauge
  requestedBytes: NativeGauge
  activeBytes: NativeGauge
  reservedBytes: NativeGauge
  inactiveSplitBytes: NativeGauge
  allocation: NativeGauge
  smallAllocation: NativeGauge
  largeAllocation: NativeGauge
  segment: NativeGauge
  smallSegment: NativeGauge
  largeSegment: NativeGauge
  retries: number
  outOfMemory: number
  limitBytes: number
  totalBytes: number
}

/** What a GPU is like, in the words of `torch.cuda.get_device_properties`. */
export interface DeviceProperties {
  readonly name: string
  /** Compute capability, such as 9 and 0 for an H100. */
  readonly major: number
  readonly minor: number
  /** Bytes. */
  readonly totalMemory: number
  readonly multiProcessorCount: number
  readonly maxThreadsPerMultiProcessor: number
  readonly maxThreadsPerBlock: number
  readonly regsPerMultiprocessor: number
  readonly warpSize: number
  /** Bytes that every kernel may use. */
  readonly sharedMemoryPerBlock: number
  /** Bytes that a kernel may ask for. */
  readonly sharedMemoryPerBlockOptin: number
  readonly sharedMemoryPerMultiprocessor: number
  /** Bytes. */
  readonly L2CacheSize: number
  readonly isIntegrated: boolean
  readonly pciBusId: string
}

/** The functions of the addon; see native/addon/binding.cc. Streams are numbers, devices are indices. */
export interface Addon {
  availability(): { count: number; rule: string; fix: string }
  /** What core registers: an external that points at the table of functions of device_abi.h. */
  device(): object
  versions(): { driver: number; runtime: number; emulated: boolean }
  currentDevice(): number
  setDevice(device: number): void
  properties(device: number): DeviceProperties
  canAccessPeer(device: number, peer: number): boolean
  synchronize(device: number): void
  memoryStats(device: number): NativeMemoryStats
  memoryInfo(device: number): [free: number, total: number]
  emptyCache(device: number): void
  resetPeaks(device: number): void
  setLimit(device: number, bytes: number): void
  newStream(device: number, priority: number): number
  currentStream(device: number): number
  defaultStream(device: number): number
  setStream(stream: number): void
  streamInfo(stream: number): [device: number, priority: number]
  streamQuery(stream: number): boolean
  streamSynchronize(stream: number): void
  priorityRange(device: number): [least: number, greatest: number]
  newEvent(timing: number): object
  eventRecord(event: object, stream: number): void
  eventWait(event: object, stream: number): void
  eventQuery(event: object): boolean
  eventSynchronize(event: object): void
  eventElapsed(event: object, end: object): number
  newGraph(): object
  graphBegin(graph: object, stream: number): void
  graphEnd(graph: object): number
  graphAbandon(graph: object): void
  graphReset(graph: object): void
  graphReplay(graph: object, stream: number): void
  graphDraws(graph: object): number[]
  graphPlace(graph: object, generator: number, seed: bigint, offset: bigint, stream: number): void
  /** How many calls of a graph take numbers that may change. */
  graphLive(graph: object): number
  /** The parameters of such a call for the next replay. */
  graphParams(graph: object, index: number, params: Float64Array): void
  isCapturing(): boolean
  hostKernels(): string[]
  kernelNames(): string[]
  setting(name: string): boolean
  setSetting(name: string, on: number): void
}

/** What is wrong, and what to do about it. */
export interface Advice {
  readonly rule: string
  readonly fix: string
}

const BUILD_HINT =
  'compile it where the CUDA toolkit (nvcc) is installed: npm run build, in the repository of flambeau'

/** Where the addon is looked for: what FLAMBEAU_CUDA_NATIVE names, else what was compiled here. */
export function addonPath(): string {
  const named = process.env['FLAMBEAU_CUDA_NATIVE']
  if (named) return resolve(named)
  return fileURLToPath(new URL('../prebuilt/flambeau_cuda.node', import.meta.url))
}

function load(): Addon | Advice {
  const path = addonPath()
  const named = Boolean(process.env['FLAMBEAU_CUDA_NATIVE'])
  if (!existsSync(path)) {
    return named
      ? {
          rule: `there is no file ${path}, which the environment variable FLAMBEAU_CUDA_NATIVE names`,
          fix: 'name an existing addon, or unset the variable',
        }
      : {
          rule: `the native addon of @flambeau/cuda-backend has not been compiled (looked at ${path})`,
          fix: BUILD_HINT,
        }
  }
  try {
    return createRequire(import.meta.url)(path) as Addon
  } catch (error) {
    return {
      rule: `the native addon ${path} could not be loaded: ${(error as Error).message}`,
      fix: `it may be of another system: ${BUILD_HINT}`,
    }
  }
}

const loaded = load()

/** The addon; null where it is missing or broken. */
export const addon: Addon | null = 'rule' in loaded ? null : loaded

const { count, rule, fix } = addon?.availability() ?? { count: 0, ...(loaded as Advice) }

/** How many GPUs can be used. */
export const gpus: number = count

/** Why none can; null where one can. */
export const unavailable: Advice | null = count > 0 ? null : { rule, fix }
