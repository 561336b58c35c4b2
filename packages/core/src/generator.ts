/** Random number generators: seeds, states, and the default one. */
import type { Device } from './device.ts'
import { deviceName, ordinalOf, placed } from './device.ts'
import { requireTensor } from './elementwise.ts'
import { DTypeError, ShapeError, ValueError } from './errors.ts'
import { show } from './show.ts'
import { emptyCode } from './creation.ts'
import { UINT8 } from './dtype.ts'
import { commands, native } from './native.ts'
import type { Tensor } from './tensor.ts'

/** Bytes of a generator's state. */
const STATE_BYTES = 5056
/** The same of a stream on a device. */
const PHILOX_BYTES = 16

const MASK = 0xffffffffn

const freed = new FinalizationRegistry<number>((index) => native.freeGenerator(index))

/**
 * A stream of random numbers: the Mersenne Twister of PyTorch's CPU generator, which gives the same
 * numbers for the same seed; for a device, Philox. A new one starts from a fixed seed.
 *
 * @see torch.Generator
 *
 * @example
 * ```ts
 * import { Generator, rand } from '@flambeau/core'
 * const generator = new Generator().manualSeed(0)
 * console.log(rand([3], { generator })) // tensor([0.4963, 0.7682, 0.0885])
 * ```
 */
export class Generator {
  /** Number of the native generator. @internal */
  readonly _index: number

  /** On another device than the processor, the stream is Philox. @internal */
  readonly _ordinal: number

  /** @throws {DeviceError} for a device that is not there. */
  constructor(device: Device = 'cpu') {
    this._ordinal = ordinalOf('Generator', device)
    this._index = native.newGenerator()
    freed.register(this, this._index)
  }

  /** Where it draws. */
  get device(): string {
    return deviceName(this._ordinal)
  }

  /**
   * Starts the stream that belongs to `seed`, a whole number of at most 64 bits; negative ones count
   * from 2^64 down. Numbers beyond 2^53 must be given as bigint.
   *
   * @throws {ValueError} for other seeds.
   */
  manualSeed(seed: number | bigint): this {
    const bits = seedBits(seed)
    native.seed(this._index, Number(bits & MASK), Number(bits >> 32n))
    return this
  }

  /** Starts a stream from an unpredictable seed, and returns that seed. */
  seed(): bigint {
    const [seed] = crypto.getRandomValues(new BigUint64Array(1)) as unknown as [bigint]
    this.manualSeed(seed)
    return seed
  }

  /** The seed that the stream was started from. */
  initialSeed(): bigint {
    native.initialSeed(this._index)
    return (BigInt(commands[1] as number) << 32n) | BigInt(commands[0] as number)
  }

  /**
   * Where the stream is: uint8 `[5056]`, in PyTorch's layout, which also says where that of devices with
   * the same seed is; of a generator on a device uint8 `[16]`, seed and offset.
   *
   * @see torch.Generator.get_state
   */
  getState(): Tensor {
    if (this._ordinal > 0) return philoxState(this)
    const bytes = new Uint8Array(STATE_BYTES)
    native.state(this._index, bytes, 0)
    return placed('getState', 'cpu', () => {
      const state = emptyCode([STATE_BYTES], UINT8)
      native.write(state._id, bytes)
      return state
    })
  }

  /** Another generator at the same place of the same stream. @see torch.Generator.clone_state */
  cloneState(): Generator {
    return new Generator(this.device).setState(this.getState())
  }

  /**
   * Continues the stream from a state of {@link getState}, or of PyTorch's.
   *
   * @throws {DTypeError, ShapeError} unless it is uint8 `[5056]`, of a device `[16]`.
   * @throws {ValueError} if the bytes cannot be a generator's; the stream then stays where it was.
   * @see torch.Generator.set_state
   */
  setState(state: Tensor): this {
    requireTensor('setState', 'state', state)
    const fix = 'pass what getState() returned'
    const size = this._ordinal > 0 ? PHILOX_BYTES : STATE_BYTES
    if (state.dtype !== 'uint8') {
      throw new DTypeError('setState', { state }, `a state is uint8, not ${state.dtype}`, fix)
    }
    if (state.ndim !== 1 || state.shape[0] !== size) {
      throw new ShapeError('setState', { state }, `a state has shape [${size}]`, fix)
    }
    const bytes = state.toArray() as Uint8Array
    if (this._ordinal > 0) {
      const words = new DataView(bytes.buffer, bytes.byteOffset)
      const word = (at: number): number => words.getUint32(at, true)
      native.seed(this._index, word(0), word(4))
      native.setDeviceOffset(this._index, word(8), word(12))
      return this
    }
    try {
      native.state(this._index, bytes, 1)
    } catch (error) {
      throw new ValueError('setState', { state }, (error as Error).message, fix)
    }
    return this
  }
}

/** Seed and offset of a stream on a device: uint8 `[16]`, little-endian. */
function philoxState(generator: Generator): Tensor {
  const words = new DataView(new ArrayBuffer(PHILOX_BYTES))
  words.setBigUint64(0, generator.initialSeed(), true)
  native.deviceOffset(generator._index)
  words.setUint32(8, commands[0] as number, true)
  words.setUint32(12, commands[1] as number, true)
  return placed('getState', 'cpu', () => {
    const state = emptyCode([PHILOX_BYTES], UINT8)
    native.write(state._id, new Uint8Array(words.buffer))
    return state
  })
}

/** The bits of a seed, as an unsigned 64-bit integer. */
function seedBits(seed: number | bigint): bigint {
  const whole = typeof seed === 'bigint' || Number.isSafeInteger(seed)
  const value = whole ? BigInt(seed) : 0n
  if (!whole || value < -(2n ** 63n) || value >= 2n ** 64n) {
    throw new ValueError(
      'manualSeed',
      [{ name: 'seed', description: show(seed) }],
      'a seed is a whole number from -2^63 to 2^64 - 1',
      'beyond ±2^53, pass a bigint such as 12345678901234567890n',
    )
  }
  return BigInt.asUintN(64, value)
}

/** What stands in for the default generator at the moment, if anything does. */
let standIn: (() => Generator) | null = null

/** The generator that functions use unless told otherwise. @see torch.default_generator */
export const defaultGenerator: Generator = Object.create(Generator.prototype, {
  _index: { get: () => (standIn === null ? 0 : standIn()._index) },
  _ordinal: { value: 0 },
}) as Generator

/**
 * Runs `body` with another generator in place of the default one, which neither draws nor changes.
 * `generator` is asked when something first draws. Code that runs after an `await` in `body` has
 * the default generator again.
 *
 * @internal
 */
export function withDefaultGenerator<T>(generator: () => Generator, body: () => T): T {
  const outer = standIn
  standIn = generator
  try {
    return body()
  } finally {
    standIn = outer
  }
}

/**
 * Seeds the default generator, and returns it.
 *
 * @throws {ValueError} unless `seed` is a whole number of at most 64 bits.
 * @see torch.manual_seed
 */
export function manualSeed(seed: number | bigint): Generator {
  return defaultGenerator.manualSeed(seed)
}

/** Seeds the default generator unpredictably, and returns the seed. @see torch.seed */
export function seed(): bigint {
  return defaultGenerator.seed()
}

/** The seed that the default generator was started from. @see torch.initial_seed */
export function initialSeed(): bigint {
  return defaultGenerator.initialSeed()
}

/** The state of the default generator. @see torch.get_rng_state */
export function getRngState(): Tensor {
  return defaultGenerator.getState()
}

/** Continues the default generator from a state. @see torch.set_rng_state */
export function setRngState(state: Tensor): void {
  defaultGenerator.setState(state)
}

/** The native number of the generator that options name. @internal */
export function generatorIndex(op: string, generator: Generator | null | undefined): number {
  if (generator === undefined || generator === null) return defaultGenerator._index
  if (generator instanceof Generator) return generator._index
  throw new ValueError(
    op,
    [],
    `generator must be a Generator, not ${typeof generator}`,
    '{ generator: new Generator() }',
  )
}
