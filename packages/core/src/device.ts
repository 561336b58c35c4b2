import { DeviceError } from './errors.ts'
import { show } from './show.ts'

/** Where a tensor's elements are. */
export type Device = 'cpu' | (string & {})

/** @throws {DeviceError} unless the device is one that is present. */
export function checkDevice(op: string, device: Device | undefined): void {
  if (device === undefined || device === 'cpu') return
  throw new DeviceError(
    op,
    [{ name: 'device', description: show(device) }],
    `there is no device ${show(device)}`,
    "use 'cpu'",
  )
}
