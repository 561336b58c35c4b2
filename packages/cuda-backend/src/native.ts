/** The only file that loads the addon. Loading never throws: what is wrong is kept for who asks. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
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

/** What is wrong, and what to do about it. */
export interface Advice {
  readonly rule: string
  readonly fix: string
}

const BUILD_HINT =
  'compile it where the CUDA toolkit (nvcc) is installed: npm run build, in the repository of flambeau'

/** Packages that bring an addon, by platform and architecture. */
const PACKAGES: Record<string, string> = {
  'linux-x64': '@flambeau/cuda-backend-linux-x64-gnu',
}

/**
 * The places where the addon is looked for, in order: what FLAMBEAU_CUDA_NATIVE names, and then nothing else;
 * what was compiled here; what the platform's package brings.
 */
function addonPlaces(): string[] {
  const named = process.env['FLAMBEAU_CUDA_NATIVE']
  if (named) return [resolve(named)]
  const places = [fileURLToPath(new URL('../prebuilt/flambeau_cuda.node', import.meta.url))]
  const name = PACKAGES[`${process.platform}-${process.arch}`]
  if (name !== undefined) {
    try {
      const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
      places.push(join(dirname(manifest), 'flambeau_cuda.node'))
    } catch {
      // Not installed; missing() says so.
    }
  }
  return places
}

/** Why there is no addon, where `places` were looked at in vain. */
function missing(places: string[]): Advice {
  const [first] = places
  if (process.env['FLAMBEAU_CUDA_NATIVE']) {
    return {
      rule: `there is no file ${first}, which the environment variable FLAMBEAU_CUDA_NATIVE names`,
      fix: 'name an existing addon, or unset the variable',
    }
  }
  const platform = `${process.platform}-${process.arch}`
  const name = PACKAGES[platform]
  if (name === undefined) {
    const known = Object.keys(PACKAGES).join(', ')
    return {
      rule: `no native addon of @flambeau/cuda-backend is published for ${platform} (only for ${known})`,
      fix: BUILD_HINT,
    }
  }
  const state = places.length > 1 ? 'has no file' : 'is not installed'
  return {
    rule: `the native addon of @flambeau/cuda-backend is missing: ${name} ${state} (looked at ${places.join(', ')})`,
    fix: `install again without --omit=optional or --no-optional; or ${BUILD_HINT}`,
  }
}

function load(): Addon | Advice {
  const places = addonPlaces()
  const path = places.find((place) => existsSync(place))
  if (path === undefined) return missing(places)
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
