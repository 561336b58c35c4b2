/** Where tensors are: in the processor's memory, or on devices that another package brings. */
import { DeviceError } from './errors.ts'
import { native } from './native.ts'
import { show } from './show.ts'

/** Where a tensor's elements are: `'cpu'`, or a kind of device and its number, `'cuda:0'`. */
export type Device = 'cpu' | (string & {})

/** A kind of device, as its package registers it. @internal */
export interface DeviceKind {
  /** `'cuda'` */
  readonly name: string
  /** The package, for messages. */
  readonly package: string
  /** What its addon hands over; null if there is no device. */
  readonly external: object | null
  /** How many there are. */
  readonly count: number
  /** Why there is none, and what to do about it. */
  readonly reason: string | null
  /** The number of the device that the name alone means. */
  readonly current: () => number
}

interface Registered extends DeviceKind {
  /** Ordinal of device 0 of the kind. */
  readonly first: number
}

const kinds = new Map<string, Registered>()
/** Names by ordinal. */
const names: string[] = ['cpu']

/**
 * Where calls without tensors take place: the ordinal of the default device, in the bits that native
 * code reads (addon/launch.cc, Mode). @internal
 */
export const placement: { bits: number } = { bits: 0 }

const PLACEMENT_SHIFT = 5

/** Packages that bring a kind of device, for the message that it is not there. */
const PACKAGES: Readonly<Record<string, string>> = { cuda: '@flambeau/cuda-backend' }

/**
 * Makes a kind of device known. Once for each; a second call changes nothing.
 *
 * @internal
 */
export function registerDevice(kind: DeviceKind): void {
  if (kinds.has(kind.name)) return
  let first = 0
  if (kind.external !== null && kind.count > 0) {
    first = native.registerDevices(kind.external)
    for (let i = 0; i < kind.count; i++) names[first + i] = `${kind.name}:${i}`
  }
  kinds.set(kind.name, { ...kind, first })
}

/** Is there any device beside the processor? @internal */
export function anyDevice(): boolean {
  return names.length > 1
}

/** The ordinal of a device, 0 for the processor; -1 if it is not there. */
function find(device: string): number {
  if (device === 'cpu' || device === 'cpu:0') return 0
  const [, name, number] = /^([a-z]+)(?::(\d+))?$/.exec(device) ?? []
  const kind = kinds.get(name as string)
  if (kind === undefined || kind.count === 0) return -1
  const index = number === undefined ? kind.current() : Number(number)
  return index < kind.count ? kind.first + index : -1
}

/** Why there is no such device. */
function absence(op: string, device: unknown): DeviceError {
  const described = [{ name: 'device', description: show(device) }]
  const name = typeof device === 'string' ? (/^[a-z]+/.exec(device)?.[0] ?? '') : ''
  const kind = kinds.get(name)
  if (kind === undefined) {
    const package_ = PACKAGES[name]
    return new DeviceError(
      op,
      described,
      `there is no device ${show(device)}`,
      package_ === undefined
        ? `use ${[...kinds.keys()]
            .map((known) => show(known))
            .concat("'cpu'")
            .join(' or ')}`
        : `import '${package_}' first, or use 'cpu'`,
    )
  }
  if (kind.count === 0) {
    return new DeviceError(
      op,
      described,
      kind.reason ?? `there is no ${name} device`,
      "or use 'cpu'",
    )
  }
  const range = kind.count === 1 ? `'${name}:0'` : `'${name}:0' to '${name}:${kind.count - 1}'`
  return new DeviceError(op, described, `there is no device ${show(device)}`, `there is ${range}`)
}

/**
 * The ordinal of a device: 0 for the processor. @internal
 *
 * @throws {DeviceError} unless the device is one that is present.
 */
export function ordinalOf(op: string, device: Device): number {
  const ordinal = typeof device === 'string' ? find(device) : -1
  if (ordinal < 0) throw absence(op, device)
  return ordinal
}

/** The name of the device with an ordinal. @internal */
export function deviceName(ordinal: number): string {
  return names[ordinal] as string
}

/** The number of a device among those of its kind; -1 for the processor. @internal */
export function deviceIndex(ordinal: number): number {
  return ordinal === 0 ? -1 : Number((names[ordinal] as string).split(':')[1])
}

/**
 * Runs `make` so that what it makes of nothing is on `device`; undefined: on the default device.
 *
 * @internal
 * @throws {DeviceError} unless the device is one that is present.
 */
export function placed<T>(op: string, device: Device | null | undefined, make: () => T): T {
  if (device === undefined || device === null) return make()
  const bits = ordinalOf(op, device) << PLACEMENT_SHIFT
  const before = placement.bits
  if (bits === before) return make()
  placement.bits = bits
  try {
    return make()
  } finally {
    placement.bits = before
  }
}

/**
 * Runs `body` so that what it makes of nothing is where the tensor with that number is. @internal
 */
export function near<T>(id: number, body: () => T): T {
  if (names.length === 1 || id === 0) return body()
  const before = placement.bits
  placement.bits = native.deviceOf(id) << PLACEMENT_SHIFT
  try {
    return body()
  } finally {
    placement.bits = before
  }
}

/** Where new tensors are, unless options say. @see torch.get_default_device */
export function getDefaultDevice(): Device {
  return deviceName(placement.bits >> PLACEMENT_SHIFT)
}

/**
 * Sets where new tensors are, unless options say; null for the processor.
 *
 * @throws {DeviceError} for a device that is not there.
 * @see torch.set_default_device
 */
export function setDefaultDevice(device: Device | null): void {
  placement.bits = ordinalOf('setDefaultDevice', device ?? 'cpu') << PLACEMENT_SHIFT
}

/**
 * Can tensors be on a device? On `'cpu'` always; on another where its package is installed, has been
 * imported, and finds one.
 *
 * @see torch.cuda.is_available
 */
export function isDeviceAvailable(device: Device): boolean {
  return typeof device === 'string' && find(device) >= 0
}

/** Is this the name of a device, there or not? @internal */
export function namesDevice(device: unknown): device is Device {
  return typeof device === 'string' && /^(cpu|cuda|mps|meta)(:\d+)?$/.test(device)
}

/** @throws {DeviceError} unless the device is one that is present. */
export function checkDevice(op: string, device: Device | undefined): void {
  if (device !== undefined) ordinalOf(op, device)
}
