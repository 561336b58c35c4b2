import { Generator, rand } from '@flambeau/core'

/** Random numbers of one picture: many small draws, all from one seed. */
export class Dice {
  readonly generator: Generator
  #numbers: Float64Array = new Float64Array(0)
  #at = 0

  constructor(seed: number) {
    this.generator = new Generator().manualSeed(seed)
  }

  /** Uniform in [0, 1). */
  share(): number {
    if (this.#at === this.#numbers.length) {
      const drawn = rand([1024], { dtype: 'float64', generator: this.generator })
      this.#numbers = drawn.toArray() as Float64Array
      this.#at = 0
    }
    return this.#numbers[this.#at++] as number
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.share()
  }

  /** A whole number from low to high, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor((high - low + 1) * this.share())
  }

  chance(p: number): boolean {
    return this.share() < p
  }

  pick<T>(list: readonly T[]): T {
    return list[this.whole(0, list.length - 1)] as T
  }
}

/** A seed for each of many pictures: any two differ. */
export function seedOf(seed: number, index: number): number {
  return (Math.imul(seed ^ (index * 0x9e3779b1), 0x85ebca6b) >>> 0) * 4096 + (index % 4096)
}
