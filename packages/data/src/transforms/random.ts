/** Where transforms draw their numbers: in PyTorch's order, so that a seed gives the same images. */
import type { Generator } from '@flambeau/core'
import { empty, rand, randint, randn, randperm } from '@flambeau/core'

/** Numbers from one generator. */
export class Draws {
  readonly generator: Generator | null

  constructor(generator: Generator | null | undefined) {
    this.generator = generator ?? null
  }

  /** Uniform in [low, high), in float32. */
  uniform(low: number, high: number): number {
    return empty([1], { dtype: 'float32' })
      .uniform_(low, high, { generator: this.generator })
      .item()
  }

  /** A whole number from `low` up to and without `high`. */
  integer(low: number, high: number): number {
    return Number(randint(low, high, [1], { generator: this.generator }).item())
  }

  /** Uniform in [0, 1). */
  share(): number {
    return rand(1, { dtype: 'float32', generator: this.generator }).item()
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.share() < p
  }

  normal(): number {
    return randn(1, { dtype: 'float32', generator: this.generator }).item()
  }

  /** The numbers 0 to n - 1 in random order. */
  order(n: number): number[] {
    return [...randperm(n, { generator: this.generator }).toArray()].map(Number)
  }

  /** One of a list. */
  pick<T>(list: readonly T[]): T {
    return list[this.integer(0, list.length)] as T
  }

  /** Gamma with a shape and scale 1 (Marsaglia and Tsang 2000). */
  gamma(shape: number): number {
    if (shape < 1) return this.gamma(shape + 1) * (1 - this.share()) ** (1 / shape)
    const d = shape - 1 / 3
    const c = 1 / Math.sqrt(9 * d)
    for (;;) {
      const x = this.normal()
      const v = (1 + c * x) ** 3
      if (v > 0 && Math.log(1 - this.share()) < 0.5 * x * x + d - d * v + d * Math.log(v)) {
        return d * v
      }
    }
  }

  /** Beta(a, b). */
  beta(a: number, b: number): number {
    const x = this.gamma(a)
    const y = this.gamma(b)
    return x + y > 0 ? x / (x + y) : this.chance(a / (a + b)) ? 1 : 0
  }
}
