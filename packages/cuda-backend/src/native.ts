/** The only file that loads the addon. Loading never throws: what is wrong is kept for who asks. */
import { createRequire } from 'node:module'
import type { AddonKind, Advice } from '@flambeau/core/internal'
import {
  addonPlaces,
  brokenAddon,
  findAddon,
  missingAddon,
  platformFacts,
} from '@flambeau/core/internal'

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
  graphBegin(graph: object, stream: number, fuse: number): void
  graphEnd(graph: object): number
  graphAbandon(graph: object): void
  graphFused(graph: object): [kernels: number, operations: number]
  /** Why operations cannot be fused, with the remedy; empty where they can. */
  whyNotFused(): string
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
  /** How convolutions were computed, and by which cuDNN; throws where there is none. */
  convolutions(): { engines: number; functions: number; refusal: string; version: number }
}

const BUILD_HINT =
  'compile it where the CUDA toolkit (nvcc) is installed: npm run build, in the repository of flambeau'

/** The addon of this package, and how people come by it. @internal */
export const ADDON: AddonKind = {
  name: 'native addon of @flambeau/cuda-backend',
  file: 'flambeau_cuda.node',
  variable: 'FLAMBEAU_CUDA_NATIVE',
  packages: { 'linux-x64': '@flambeau/cuda-backend-linux-x64-gnu' },
  module: import.meta.url,
  build: BUILD_HINT,
  buildAgain: BUILD_HINT,
}

function load(): Addon | Advice {
  const places = addonPlaces(process, ADDON)
  const place = findAddon(places)
  if (place === undefined) return missingAddon(platformFacts(), places, ADDON)
  try {
    return createRequire(import.meta.url)(place.path) as Addon
  } catch (error) {
    return brokenAddon(platformFacts(), place, (error as Error).message, ADDON)
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
