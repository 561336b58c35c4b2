/** A list of numbers that grows, in one typed array. */
export class Numbers {
  #data: Float64Array
  #length: number

  constructor(start: ArrayLike<number> = []) {
    this.#data = Float64Array.from(start)
    this.#length = start.length
  }

  get length(): number {
    return this.#length
  }

  /** Adds numbers at the end. */
  push(values: ArrayLike<number>): void {
    const needed = this.#length + values.length
    if (needed > this.#data.length) {
      const grown = new Float64Array(Math.max(needed, 2 * this.#data.length, 64))
      grown.set(this.#data.subarray(0, this.#length))
      this.#data = grown
    }
    this.#data.set(values, this.#length)
    this.#length = needed
  }

  /** The numbers, not copied: they are valid up to the next push. */
  view(): Float64Array {
    return this.#data.subarray(0, this.#length)
  }

  /** A copy of the numbers. */
  toArray(): Float64Array {
    return this.#data.slice(0, this.#length)
  }
}
