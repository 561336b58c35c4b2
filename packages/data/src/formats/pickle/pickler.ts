/**
 * Writes Python's pickle format, protocol 2: the instructions that PyTorch's own restricted reader
 * (`weights_only=True`) accepts, and no others.
 */

/** A Python callable or class, by name. */
export class PickleGlobal {
  readonly module: string
  readonly name: string
  constructor(module: string, name: string) {
    this.module = module
    this.name = name
  }
}

/** A call: `callee(*args)`. */
export class PickleReduce {
  readonly callee: PickleGlobal
  readonly args: readonly unknown[]
  constructor(callee: PickleGlobal, args: readonly unknown[]) {
    this.callee = callee
    this.args = args
  }
}

/** A tuple; plain arrays become lists. */
export class PickleTuple {
  readonly items: readonly unknown[]
  constructor(items: readonly unknown[]) {
    this.items = items
  }
}

/** An object outside of the pickle. */
export class PickleReference {
  readonly id: unknown
  constructor(id: unknown) {
    this.id = id
  }
}

/** A dict with keys of any kind, in order. */
export class PickleDict {
  readonly entries: readonly (readonly [key: unknown, value: unknown])[]
  constructor(entries: readonly (readonly [unknown, unknown])[]) {
    this.entries = entries
  }
}

/**
 * The pickle of numbers (whole ones as int), bigints, texts, booleans, null, arrays, and what the
 * classes above say. Objects and texts that appear again are referred to.
 *
 * @throws {TypeError} for other values, and for what contains itself.
 */
export function pickle(value: unknown): Uint8Array {
  const writer = new Writer()
  writer.bytes(0x80, 2)
  writer.value(value)
  writer.bytes(0x2e)
  return writer.done()
}

class Writer {
  #chunks: Buffer[] = []
  #buffer: Buffer = Buffer.allocUnsafe(1 << 16)
  #used = 0
  readonly #memo: Map<unknown, number> = new Map()
  readonly #open: Set<unknown> = new Set()

  done(): Uint8Array {
    return Buffer.concat([...this.#chunks, this.#buffer.subarray(0, this.#used)])
  }

  #room(count: number): void {
    if (this.#used + count <= this.#buffer.length) return
    this.#chunks.push(this.#buffer.subarray(0, this.#used))
    this.#buffer = Buffer.allocUnsafe(Math.max(1 << 16, count))
    this.#used = 0
  }

  bytes(...values: number[]): void {
    this.#room(values.length)
    for (const value of values) this.#buffer[this.#used++] = value
  }

  #uint32(value: number): void {
    this.#room(4)
    this.#used = this.#buffer.writeUInt32LE(value, this.#used)
  }

  #raw(data: Uint8Array): void {
    this.#room(data.length)
    this.#buffer.set(data, this.#used)
    this.#used += data.length
  }

  /** Puts the value on top of the stack into the memo, as `key`. */
  #remember(key: unknown): void {
    const index = this.#memo.size
    this.#memo.set(key, index)
    if (index < 256) this.bytes(0x71, index)
    else {
      this.bytes(0x72)
      this.#uint32(index)
    }
  }

  /** Refers to what was written before; false if it was not. */
  #recall(key: unknown): boolean {
    const index = this.#memo.get(key)
    if (index === undefined) return false
    if (index < 256) this.bytes(0x68, index)
    else {
      this.bytes(0x6a)
      this.#uint32(index)
    }
    return true
  }

  value(value: unknown): void {
    switch (typeof value) {
      case 'boolean':
        return this.bytes(value ? 0x88 : 0x89)
      case 'number':
        return this.#number(value)
      case 'bigint':
        return this.#long(value)
      case 'string':
        return this.#text(value)
      case 'object':
        if (value === null) return this.bytes(0x4e)
        return this.#object(value)
      default:
        throw new TypeError(`a ${typeof value} cannot be written`)
    }
  }

  #number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      this.bytes(0x47)
      this.#room(8)
      this.#used = this.#buffer.writeDoubleBE(value, this.#used)
    } else if (value >= 0 && value < 256) {
      this.bytes(0x4b, value)
    } else if (value >= 0 && value < 65536) {
      this.bytes(0x4d, value & 255, value >> 8)
    } else if (value >= -(2 ** 31) && value < 2 ** 31) {
      this.bytes(0x4a)
      this.#room(4)
      this.#used = this.#buffer.writeInt32LE(value, this.#used)
    } else {
      this.#long(BigInt(value))
    }
  }

  #long(value: bigint): void {
    const data: number[] = []
    let rest = value
    // Until what is left is nothing but the sign of the last byte.
    for (;;) {
      const byte = Number(rest & 255n)
      data.push(byte)
      rest >>= 8n
      if ((rest === 0n && byte < 128) || (rest === -1n && byte >= 128)) break
    }
    if (data.length > 255) throw new TypeError('the whole number is too large to be written')
    this.bytes(0x8a, data.length, ...data)
  }

  #text(value: string): void {
    // What begins as the keys of names do is written anew each time.
    const kept = !value.startsWith('\0')
    if (kept && this.#recall(value)) return
    const data = Buffer.from(value, 'utf8')
    this.bytes(0x58)
    this.#uint32(data.length)
    this.#raw(data)
    if (kept) this.#remember(value)
  }

  #tuple(items: readonly unknown[]): void {
    if (items.length === 0) return this.bytes(0x29)
    if (items.length > 3) this.bytes(0x28)
    for (const item of items) this.value(item)
    this.bytes(items.length > 3 ? 0x74 : 0x84 + items.length)
  }

  #global(value: PickleGlobal): void {
    // Not a text that a user could write, so that it cannot be taken for one.
    const key = `\0${value.module}\0${value.name}`
    if (this.#recall(key)) return
    this.bytes(0x63)
    this.#raw(Buffer.from(`${value.module}\n${value.name}\n`, 'utf8'))
    this.#remember(key)
  }

  #object(value: object): void {
    if (this.#recall(value)) return
    if (this.#open.has(value)) throw new TypeError('what contains itself cannot be written')
    if (this.#open.size > 200) throw new TypeError('values are nested too deep to be written')
    this.#open.add(value)
    if (value instanceof PickleGlobal) this.#global(value)
    else if (value instanceof PickleTuple) this.#tuple(value.items)
    else if (value instanceof PickleReduce) {
      this.#global(value.callee)
      this.#tuple(value.args)
      this.bytes(0x52)
      this.#remember(value)
    } else if (value instanceof PickleReference) {
      this.value(value.id)
      this.bytes(0x51)
    } else if (Array.isArray(value)) {
      this.bytes(0x5d)
      this.#remember(value)
      if (value.length > 0) {
        this.bytes(0x28)
        for (const item of value) this.value(item)
        this.bytes(0x65)
      }
    } else if (value instanceof PickleDict) {
      this.bytes(0x7d)
      this.#remember(value)
      if (value.entries.length > 0) {
        this.bytes(0x28)
        for (const [key, item] of value.entries) {
          this.value(key)
          this.value(item)
        }
        this.bytes(0x75)
      }
    } else {
      throw new TypeError('an object of this kind cannot be written')
    }
    this.#open.delete(value)
  }
}
