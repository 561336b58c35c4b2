import { DeviceError } from './errors.ts'
import { show } from './show.ts'

/** Where a tensor's elements are. */
export type Device = 'cpu' | (string & {})

/** Where new tensors are, unless options say. @see torch.get_default_device */
export function getDefaultDevice(): Device {
  return 'cpu'
}

/**
 * Sets where new tensors are, unless options say: the processor is the only place.
 *
 * @throws {DeviceError} for a device that is not there.
 * @see torch.set_default_device
 */
export function setDefaultDevice(device: Device | null): void {
  checkDevice('setDefaultDevice', device ?? undefined)
}

/**
 * Can tensors be on a device? On `'cpu'` always; on another where its package is installed, has been
 * imported, and finds one.
 *
 * @see torch.cuda.is_available
 */
export function isDeviceAvailable(device: Device): boolean {
  return device === 'cpu'
}

/** @throws {DeviceError} unless the device is one that is present. */
export function checkDevice(op: string, device: Device | undefined): void {
  if (device === undefined || isDeviceAvailable(device)) return
  throw new DeviceError(
    op,
    [{ name: 'device', description: show(device) }],
    `there is no device ${show(device)}`,
    "use 'cpu'",
  )
}
