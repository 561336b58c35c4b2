/** The members of the namespace `cuda`. */
export type { DeviceLike, Versions } from './device.ts'
export {
  canDeviceAccessPeer,
  currentDevice,
  device,
  deviceCount,
  getDeviceCapability,
  getDeviceName,
  getDeviceProperties,
  isAvailable,
  isBf16Supported,
  setDevice,
  synchronize,
  unavailableReason,
  versions,
} from './device.ts'
export type { CaptureOptions, Fused, GraphOptions, Graphed } from './graph.ts'
export { CUDAGraph, graph, isCurrentStreamCapturing } from './graph.ts'
export type { HostOperation } from './host-operations.ts'
export { hostOperations, kernelNames } from './host-operations.ts'
export type { CudaMemoryStats, Gauge, PooledGauge } from './memory.ts'
export {
  emptyCache,
  maxMemoryAllocated,
  maxMemoryReserved,
  memGetInfo,
  memoryAllocated,
  memoryReserved,
  memoryStats,
  memorySummary,
  resetPeakMemoryStats,
  setPerProcessMemoryFraction,
} from './memory.ts'
export type { DeviceProperties } from './native.ts'
export { getRngState, initialSeed, manualSeed, manualSeedAll, seed, setRngState } from './random.ts'
export type { Backends } from './settings.ts'
export { backends, isDeterministic, setDeterministic } from './settings.ts'
export type { EventOptions, StreamOptions } from './stream.ts'
export { currentStream, defaultStream, Event, setStream, Stream, stream } from './stream.ts'
