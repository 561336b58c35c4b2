/** A table from pairs of small whole numbers to one, without an object for each. */
export class PairTable {
  private size = 0
  private mask: number
  private firsts: Int32Array
  private seconds: Int32Array
  private values: Int32Array

  constructor(expected = 16) {
    const capacity = 1 << Math.ceil(Math.log2(Math.max(16, 2 * expected)))
    this.mask = capacity - 1
    this.firsts = new Int32Array(capacity).fill(-1)
    this.seconds = new Int32Array(capacity)
    this.values = new Int32Array(capacity)
  }

  /** -1 where there is none. */
  get(a: number, b: number): number {
    const { firsts, seconds, mask } = this
    for (let at = hash(a, b) & mask; ; at = (at + 1) & mask) {
      const first = firsts[at] as number
      if (first === a && seconds[at] === b) return this.values[at] as number
      if (first < 0) return -1
    }
  }

  set(a: number, b: number, value: number): void {
    const { firsts, seconds, mask } = this
    let at = hash(a, b) & mask
    while ((firsts[at] as number) >= 0 && !(firsts[at] === a && seconds[at] === b)) {
      at = (at + 1) & mask
    }
    if ((firsts[at] as number) < 0) this.size++
    firsts[at] = a
    seconds[at] = b
    this.values[at] = value
    if (2 * this.size > mask) this.grow()
  }

  private grow(): void {
    const { firsts, seconds, values } = this
    const capacity = 2 * firsts.length
    this.mask = capacity - 1
    this.firsts = new Int32Array(capacity).fill(-1)
    this.seconds = new Int32Array(capacity)
    this.values = new Int32Array(capacity)
    this.size = 0
    for (let i = 0; i < firsts.length; i++) {
      const first = firsts[i] as number
      if (first >= 0) this.set(first, seconds[i] as number, values[i] as number)
    }
  }
}

function hash(a: number, b: number): number {
  const mixed = Math.imul(Math.imul(a, 0x9e3779b1) ^ b, 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}
