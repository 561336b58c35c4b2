/** Which GPUs there are, and what they are like. */
import type { Device } from '@flambeau/core'
import { DeviceError, ValueError } from '@flambeau/core'
import { requireFunction, show } from '@flambeau/core/internal'
import { absent, withAddon } from './errors.ts'
import type { DeviceProperties } from './native.ts'
import { addon, gpus, unavailable } from './native.ts'

/** A GPU: its index, `'cuda:1'`, or `'cuda'`, null or nothing for the current one. */
export type DeviceLike = number | Device | null | undefined

/**
 * The index of a GPU. @internal
 *
 * @throws {DeviceError} unless it is one that is present.
 */
export function deviceIndex(op: string, device: DeviceLike): number {
  if (unavailable !== null) throw absent(op)
  let index: number | null = null
  if (device === null || device === undefined || device === 'cuda') index = currentDevice()
  else if (typeof device === 'number') index = device
  else if (typeof device === 'string') {
    const [, number] = /^cuda:(\d+)$/.exec(device) ?? []
    if (number !== undefined) index = Number(number)
  }
  if (index !== null && Number.isInteger(index) && index >= 0 && index < gpus) return index
  const shown = typeof device === 'string' ? `'${device}'` : show(device)
  const fix = gpus === 1 ? "there is one, 'cuda:0'" : `there are ${gpus}, from 'cuda:0' on`
  throw new DeviceError(op, [{ name: 'device', description: shown }], `no GPU is ${shown}`, fix)
}

/** Can tensors be on a GPU? @see torch.cuda.is_available */
export function isAvailable(): boolean {
  return unavailable === null
}

/** Why no GPU can be used, with the remedy, in one sentence; null where one can. */
export function unavailableReason(): string | null {
  return unavailable === null ? null : `${unavailable.rule}; ${unavailable.fix}`
}

/** How many GPUs can be used; 0 where none can. @see torch.cuda.device_count */
export function deviceCount(): number {
  return gpus
}

/**
 * The index of the GPU that `'cuda'` means.
 *
 * @throws {DeviceError} where no GPU can be used.
 * @see torch.cuda.current_device
 */
export function currentDevice(): number {
  return withAddon('currentDevice', (addon) => addon.currentDevice())
}

/**
 * Makes another GPU the one that `'cuda'` means, for this thread.
 *
 * @throws {DeviceError} where there is no such GPU.
 * @see torch.cuda.set_device
 */
export function setDevice(device: DeviceLike): void {
  const index = deviceIndex('setDevice', device)
  withAddon('setDevice', (addon) => addon.setDevice(index))
}

/**
 * Runs `body` with another GPU as the one that `'cuda'` means, and returns its result. What runs after
 * an `await` in `body` has the one from before.
 *
 * @throws {DeviceError} where there is no such GPU.
 * @see torch.cuda.device
 */
export function device<T>(which: DeviceLike, body: () => T): T {
  requireFunction('device', 'body', body)
  const before = currentDevice()
  setDevice(deviceIndex('device', which))
  try {
    return body()
  } finally {
    setDevice(before)
  }
}

/**
 * The name of a GPU, such as `'NVIDIA H100 80GB HBM3'`.
 *
 * @throws {DeviceError} where there is no such GPU.
 * @see torch.cuda.get_device_name
 */
export function getDeviceName(device?: DeviceLike): string {
  return properties('getDeviceName', device).name
}

/**
 * Major and minor number of what a GPU can do, such as `[9, 0]`.
 *
 * @throws {DeviceError} where there is no such GPU.
 * @see torch.cuda.get_device_capability
 */
export function getDeviceCapability(device?: DeviceLike): [major: number, minor: number] {
  const { major, minor } = properties('getDeviceCapability', device)
  return [major, minor]
}

/**
 * Does the current GPU compute with bfloat16? All do; those before compute capability 8.0 widen it, which
 * `includingEmulation: false` does not count. False where no GPU can be used.
 *
 * @see torch.cuda.is_bf16_supported
 */
export function isBf16Supported(includingEmulation: boolean = true): boolean {
  if (!isAvailable()) return false
  return includingEmulation || getDeviceCapability()[0] >= 8
}

/**
 * What a GPU is like: memory in bytes, multiprocessors, compute capability.
 *
 * @throws {DeviceError} where there is no such GPU.
 * @see torch.cuda.get_device_properties
 */
export function getDeviceProperties(device?: DeviceLike): DeviceProperties {
  return properties('getDeviceProperties', device)
}

function properties(op: string, device: DeviceLike): DeviceProperties {
  const index = deviceIndex(op, device)
  return withAddon(op, (addon) => Object.freeze(addon.properties(index)))
}

/**
 * Can a GPU read the memory of another one by itself, without the processor's?
 *
 * @throws {DeviceError} where there is no such GPU.
 * @see torch.cuda.can_device_access_peer
 */
export function canDeviceAccessPeer(device: DeviceLike, peerDevice: DeviceLike): boolean {
  const index = deviceIndex('canDeviceAccessPeer', device)
  const peer = deviceIndex('canDeviceAccessPeer', peerDevice)
  if (index === peer) {
    throw new ValueError('canDeviceAccessPeer', [], 'a GPU is no peer of itself')
  }
  return withAddon('canDeviceAccessPeer', (addon) => addon.canAccessPeer(index, peer))
}

/**
 * Waits until a GPU has done all that was begun, and throws what its kernels found meanwhile, such as
 * an index outside of its axis.
 *
 * @throws {DeviceError} where there is no such GPU.
 * @throws {IndexError, ValueError} for what kernels found.
 * @see torch.cuda.synchronize
 */
export function synchronize(device?: DeviceLike): void {
  const index = deviceIndex('synchronize', device)
  withAddon('synchronize', (addon) => addon.synchronize(index))
}

/** Versions of CUDA, such as `'13.0'`, that the driver offers and the addon was compiled with. */
export interface Versions {
  /** null where there is no driver. */
  readonly driver: string | null
  /** null where there is no addon. */
  readonly runtime: string | null
}

/** Which CUDA there is; asked without a GPU, too. @see torch.version.cuda */
export function versions(): Versions {
  const { driver = 0, runtime = 0 } = addon?.versions() ?? {}
  const shown = (version: number): string | null =>
    version === 0 ? null : `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`
  return { driver: shown(driver), runtime: shown(runtime) }
}
