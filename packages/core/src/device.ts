import { DeviceError } from './errors.ts'

/** Where a tensor's elements are. */
export type Device = 'cpu' | (string & {})

/** @throws {DeviceError} unless the device is one that is present. */
export function checkDevice(op: string, device: Device | undefined): void {
  if (device === undefined || device === 'cpu') return
  throw new DeviceError(
    op,
    [{ name: 'device', description: String(device) }],
    `there is no device '${String(device)}'`,
    "use 'cpu'",
  )
}
