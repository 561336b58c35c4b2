/** The only file that loads the addon. Everything native is reached through {@link native}. */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { findCollector } from './engine.ts'
import { NativeError } from './errors.ts'
import type { Advice } from './native-file.ts'
import { addonPlaces, brokenAddon, findAddon, missingAddon, platformFacts } from './native-file.ts'

/** The functions of the addon; see native/addon for what each reads from the command buffer. */
export interface Addon {
  connect(commands: Float64Array, minor: () => void, major: () => void, sweep: () => void): void
  kernelNames(): string[]
  about(): Record<string, string>
  launch(...wrappers: object[]): void
  retain(id: number): void
  release(id: number): void
  dispose(id: number): void
  track(id: number, wrapper: object): number
  untrack(id: number): void
  info(id: number): void
  sameStorage(a: number, b: number): boolean
  read(id: number, array: NodeJS.TypedArray): void
  write(id: number, array: NodeJS.TypedArray): void
  item(id: number): number
  setRequiresGrad(id: number, on: number): void
  setRetainsGrad(id: number): void
  plan(roots: number, out: Int32Array): number
  unpack(slot: number, index: number): void
  viewGeometry(slot: number): void
  nodeEdges(slot: number): void
  graphInfo(id: number): void
  become(from: number, to: number, keepHistory: number): void
  checkInPlace(id: number): void
  connectNode(inputs: number, outputs: number): number
  saveFor(slot: number, id: number, output: number): void
  releaseSaved(slot: number): void
  dropSaved(slot: number): void
  nodeOf(id: number): void
  unshared(id: number): boolean
  setGrad(id: number, grad: number): void
  grad(id: number): number
  deadNodes(): void
  memoryStats(): void
  live(): void
  collect(major: number): void
  safePoint(): void
  sweep(): void
  setLimit(bytes: number): void
  emptyCache(): void
  resetPeak(): void
  getNumThreads(): number
  setNumThreads(threads: number): void
  newGenerator(): number
  freeGenerator(generator: number): void
  seed(generator: number, low: number, high: number): void
  state(generator: number, bytes: Uint8Array, write: number): void
  initialSeed(generator: number): void
  deviceOffset(generator: number): void
  setDeviceOffset(generator: number, low: number, high: number): void
  registerDevices(external: object): number
  deviceOf(id: number): number
  synchronize(ordinal: number): void
  openChannel(): number
  closeChannel(channel: number): void
  send(id: number, channel: number): number
  receive(ticket: number, keep: number): number
}

/** The folder of this package's code. */
export const coreFolder: string = fileURLToPath(new URL('.', import.meta.url))

function load(): Addon {
  // libgomp, which the system's oneDNN brings, spins between regions unless told before it is loaded.
  process.env['OMP_WAIT_POLICY'] ??= 'passive'
  const places = addonPlaces(process)
  const place = findAddon(places)
  if (!place) throw failure(missingAddon(platformFacts(), places))
  try {
    return createRequire(import.meta.url)(place.path) as Addon
  } catch (error) {
    throw failure(brokenAddon(platformFacts(), place, (error as Error).message))
  }
}

const failure = ({ rule, fix }: Advice): NativeError =>
  new NativeError('flambeau', [], rule, `${fix}; \`npx flambeau-doctor\` shows what was found`)

export const native: Addon = load()

/** Capacity of the command buffer in numbers. */
export const COMMAND_CAPACITY: number = 1 << 16

/** The command buffer: numbers written here are read by native code, and the other way round. */
export const commands: Float64Array = new Float64Array(COMMAND_CAPACITY)

{
  const { minor, major } = findCollector()
  native.connect(commands, minor, major, () => native.sweep())
}

const kernels = new Map<string, number>(native.kernelNames().map((name, index) => [name, index]))

/** The index of a kernel. @throws {NativeError} if the addon lacks it. */
export function kernelIndex(name: string): number {
  const index = kernels.get(name)
  if (index === undefined) {
    throw new NativeError(
      name,
      [],
      `the native addon has no kernel '${name}'`,
      'the addon is older than the TypeScript code: build again with `npx flambeau-build`, or `npm run setup` in the repository',
    )
  }
  return index
}

/** Names of all kernels that the addon has. */
export function kernelNames(): string[] {
  return [...kernels.keys()]
}
