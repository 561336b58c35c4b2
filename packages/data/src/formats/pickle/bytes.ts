/** Numbers and texts of a byte array, one after the other, never beyond its end. */
export class ByteReader {
  at: number
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #fail: (reason: string, offset: number) => never

  constructor(bytes: Uint8Array, at: number, fail: (reason: string, offset: number) => never) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
    this.#fail = fail
  }

  /** Moves on by `count` bytes; returns where they begin. */
  #take(count: number): number {
    if (count > this.#bytes.length - this.at)
      this.#fail(`${count} bytes are wanted, ${this.#bytes.length - this.at} are left`, this.at)
    const start = this.at
    this.at += count
    return start
  }

  byte(): number {
    return this.#view.getUint8(this.#take(1))
  }
  uint16(): number {
    return this.#view.getUint16(this.#take(2), true)
  }
  int32(): number {
    return this.#view.getInt32(this.#take(4), true)
  }
  uint32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }
  /** A length: beyond 2^53 it is beyond the end as well. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true))
  }
  /** Big-endian, as pickles have it. */
  float64(): number {
    return this.#view.getFloat64(this.#take(8), false)
  }
  bytes(count: number): Uint8Array {
    const start = this.#take(count)
    return this.#bytes.slice(start, start + count)
  }
  text(count: number): string {
    const start = this.#take(count)
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, count).toString('utf8')
  }
  latin1(count: number): string {
    const start = this.#take(count)
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, count).toString('latin1')
  }
  /** A text up to the next line feed. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at)
    if (end < 0 || end - this.at > 4096) this.#fail('a line does not end', this.at)
    const text = this.text(end - this.at)
    this.at++
    return text
  }
  /** A whole number of any size, two's complement. */
  long(count: number): number | bigint {
    if (count > 128) this.#fail(`a whole number of ${count} bytes is too long`, this.at)
    const bytes = this.bytes(count)
    let value = 0n
    for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number)
    if (count > 0 && (bytes[count - 1] as number) >= 128) value -= 1n << BigInt(8 * count)
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : value
  }
}

/** What {@link ByteReader} offers. */
export type Read = ByteReader
