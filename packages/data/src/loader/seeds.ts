/** Random numbers of a sample, which depend on the seed, the epoch and the sample's index only. */
import { Generator } from '@flambeau/core'
import { requireCount } from '@flambeau/core/internal'
import type { SampleContext } from '../dataset.ts'

/** What a seed is for: a sample, or a whole batch. */
const SAMPLE = 0
const BATCH = 1

const GOLDEN = 0x9e3779b9

/** One step of a hash of 32 bits, and the finalizer below: MurmurHash3's. */
function mix(hash: number, value: number, factor: number): number {
  let k = Math.imul(value, factor)
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  const h = hash ^ k
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

function finish(hash: number): number {
  let h = hash ^ (hash >>> 16)
  h = Math.imul(h ^ (h >>> 13), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 16), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** A whole number of 53 bits from whole numbers of 32 bits. */
function hash53(words: readonly number[]): number {
  let low = GOLDEN
  let high = 0x2545f491
  for (const word of words) {
    low = mix(low, word, 0xcc9e2d51)
    high = mix(high, word ^ low, 0xab0e9789 | 1)
  }
  return (finish(high) >>> 11) * 2 ** 32 + finish(low)
}

/** A sample's index as words: numbers as they are, other keys by their text. */
function wordsOf(index: unknown): number[] {
  if (typeof index === 'number' && Number.isSafeInteger(index)) {
    return [index | 0, Math.floor(index / 2 ** 32) | 0]
  }
  const text = String(index)
  return [text.length, ...Array.from(text, (character) => character.codePointAt(0) as number)]
}

/** Where the random numbers of an epoch come from. The same object serves every sample of it. */
export class EpochSeeds {
  readonly epoch: number
  readonly #start: readonly number[]
  readonly #spare: Generator[] = []

  constructor(baseSeed: bigint, epoch: number) {
    this.epoch = epoch
    const bits = BigInt.asUintN(64, baseSeed)
    this.#start = [Number(bits & 0xffffffffn) | 0, Number(bits >> 32n) | 0, epoch | 0]
  }

  /** What `getItem` gets; `repeat` counts how often the epoch had this sample before. */
  sample(index: number, repeat: number): Context {
    return new Context(this, index, SAMPLE, repeat)
  }

  /** What the collate function gets. */
  batch(number: number): Context {
    return new Context(this, number, BATCH, 0)
  }

  /** @internal */
  seedOf(index: unknown, kind: number, repeat: number): number {
    return hash53([...this.#start, kind, repeat, ...wordsOf(index)])
  }

  /** A generator that belongs to the caller until it is given back. */
  take(seed: number): Generator {
    return (this.#spare.pop() ?? new Generator()).manualSeed(seed)
  }

  giveBack(generator: Generator): void {
    this.#spare.push(generator)
  }
}

/** The context of one sample or batch: seed and generator are made when they are asked for. */
export class Context implements SampleContext {
  readonly index: number
  readonly #seeds: EpochSeeds
  readonly #kind: number
  readonly #repeat: number
  #generator: Generator | null = null

  constructor(seeds: EpochSeeds, index: number, kind: number, repeat: number) {
    this.#seeds = seeds
    this.index = index
    this.#kind = kind
    this.#repeat = repeat
  }

  get epoch(): number {
    return this.#seeds.epoch
  }

  get seed(): number {
    return this.#seeds.seedOf(this.index, this.#kind, this.#repeat)
  }

  get generator(): Generator {
    return (this.#generator ??= this.#seeds.take(this.seed))
  }

  /** Says that nobody draws any more. */
  release(): void {
    if (this.#generator === null) return
    this.#seeds.giveBack(this.#generator)
    this.#generator = null
  }
}

/**
 * A context as a loader gives it to `getItem`, for use without a loader.
 *
 * @param seed - What the loader's seed is; default 0.
 * @param epoch - Default 0.
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { sampleContext } from '@flambeau/data'
 * const draw = () => rand([2], { generator: sampleContext(3, { seed: 1 }).generator }).tolist()
 * console.log(String(draw()) === String(draw())) // => true
 * ```
 */
export function sampleContext(
  index: number,
  { seed = 0, epoch = 0 }: { seed?: number | bigint; epoch?: number } = {},
): SampleContext {
  if (typeof seed !== 'bigint') {
    requireCount('sampleContext', 'seed', seed, Number.MIN_SAFE_INTEGER)
  }
  requireCount('sampleContext', 'epoch', epoch)
  return new EpochSeeds(BigInt(seed), epoch).sample(index, 0)
}

/**
 * Counts how often an epoch had a sample before, so that copies of a sample (drawn with replacement)
 * are not augmented alike.
 */
export class Repeats {
  readonly #counts: Uint32Array
  readonly #others = new Map<unknown, number>()

  /** @param length - samples of the dataset. */
  constructor(length: number) {
    this.#counts = new Uint32Array(length <= 1 << 28 ? length : 0)
  }

  /** For each index, how often it came before; null if none did. */
  count(indices: readonly unknown[]): number[] | null {
    let repeats: number[] | null = null
    for (const [i, index] of indices.entries()) {
      const before = this.#next(index)
      if (before === 0) continue
      repeats ??= indices.map(() => 0)
      repeats[i] = before
    }
    return repeats
  }

  #next(index: unknown): number {
    if (typeof index === 'number') {
      const before = this.#counts[index]
      if (before !== undefined) {
        this.#counts[index] = before + 1
        return before
      }
    }
    const before = this.#others.get(index) ?? 0
    this.#others.set(index, before + 1)
    return before
  }
}
