/**
 * Reads Python's pickle format without running anything: what a pickle wants to call must be in a
 * table of plain functions of our own, or it is refused by name.
 *
 * @see https://docs.python.org/3/library/pickletools.html
 */
import type { Read } from './bytes.ts'
import { ByteReader } from './bytes.ts'

/** What a pickle's values become. Tuples and sets are arrays; keys of dicts become strings. */
export type PickleValue = unknown

/** A function that a pickle may call, under the name of the Python callable it stands for. */
export type PickleCall = (args: readonly PickleValue[]) => PickleValue

export interface PickleOptions {
  /** What stands for `module.name`; undefined refuses it. */
  findGlobal: (module: string, name: string) => PickleValue
  /** What stands for an object outside of the pickle. */
  persistentLoad?: (id: PickleValue) => PickleValue
  /** What a refused name means, for the message. */
  explain?: (module: string, name: string) => string | undefined
}

/** Why a pickle cannot be read, and where. */
export class PickleError extends Error {
  readonly offset: number
  constructor(reason: string, offset: number) {
    super(reason)
    this.offset = offset
  }
}

const MARK = Symbol('mark')

/** Sets a key that may be any text: `__proto__` too is a key like others. */
export function setKey(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    })
  } else {
    target[key] = value
  }
}

/** So many values make a pickle of a few bytes each fill hundreds of megabytes. */
const MOST_VALUES = 4_000_000

/** Lists and dicts that a pickle may change: those it made itself, not what names stand for. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype
}

/** Nested deeper than this, walking through what was read would overflow the stack. */
const MOST_DEPTH = 200

/** Reads one pickle from `bytes`, from `start` on. Returns its value and where it ends. */
export function unpickle(
  bytes: Uint8Array,
  options: PickleOptions,
  start = 0,
): { value: PickleValue; end: number } {
  const machine = new Machine(new ByteReader(bytes, start, fail), options)
  return { value: machine.run(), end: machine.end }
}

function fail(reason: string, offset: number): never {
  throw new PickleError(reason, offset)
}

class Machine {
  readonly #read: Read
  readonly #options: PickleOptions
  readonly #stack: unknown[] = []
  readonly #memo: Map<number, unknown> = new Map()
  readonly #depths: WeakMap<object, number> = new WeakMap()
  #pushed = 0

  constructor(read: Read, options: PickleOptions) {
    this.#read = read
    this.#options = options
  }

  get end(): number {
    return this.#read.at
  }

  #fail(reason: string): never {
    return fail(reason, this.#read.at)
  }

  run(): PickleValue {
    for (;;) {
      const code = this.#read.byte()
      if (code === 0x2e) {
        // '.': done
        const value = this.#pop()
        if (this.#stack.length > 0) this.#fail('the pickle ends with values left over')
        return value
      }
      this.#step(String.fromCharCode(code), code)
    }
  }

  #push(value: unknown): void {
    if (++this.#pushed > MOST_VALUES) this.#fail(`the pickle makes more than ${MOST_VALUES} values`)
    this.#stack.push(value)
  }

  #pop(): unknown {
    if (this.#stack.length === 0) this.#fail('the pickle takes a value that is not there')
    const value = this.#stack.pop()
    if (value === MARK) this.#fail('the pickle takes a mark for a value')
    return value
  }

  #top(): unknown {
    const value = this.#stack.at(-1)
    if (value === undefined && this.#stack.length === 0)
      this.#fail('the pickle takes a value that is not there')
    return value
  }

  /** All values above the last mark. */
  #marked(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK)
    if (mark < 0) this.#fail('the pickle closes what it did not open')
    return this.#stack.splice(mark).slice(1)
  }

  #remember(index: number): void {
    this.#memo.set(index, this.#top())
  }

  #recall(index: number): void {
    if (!this.#memo.has(index))
      this.#fail(`the pickle refers to value ${index}, which is not there`)
    this.#push(this.#memo.get(index))
  }

  /** Notes that `parts` are inside of `whole`; refuses what contains itself or is nested too deep. */
  #nest<T extends object>(whole: T, parts: readonly unknown[]): T {
    let depth = this.#depths.get(whole) ?? 0
    for (const part of parts) {
      if (typeof part !== 'object' || part === null) continue
      if (part === whole) this.#fail('a value contains itself')
      depth = Math.max(depth, (this.#depths.get(part) ?? 0) + 1)
    }
    if (depth > MOST_DEPTH) this.#fail(`values are nested more than ${MOST_DEPTH} deep`)
    this.#depths.set(whole, depth)
    return whole
  }

  #append(values: readonly unknown[]): void {
    const list = this.#top()
    if (!Array.isArray(list)) this.#fail('the pickle appends to what is no list')
    for (const value of this.#nest(list as unknown[], values) && values)
      (list as unknown[]).push(value)
  }

  #setItems(values: readonly unknown[]): void {
    const dict = this.#top()
    if (typeof dict !== 'object' || dict === null || Array.isArray(dict) || !isPlain(dict))
      this.#fail('the pickle sets keys of what is no dict')
    if (values.length % 2 !== 0) this.#fail('a key has no value')
    this.#nest(dict, values)
    for (let i = 0; i < values.length; i += 2)
      setKey(dict as Record<string, unknown>, this.#key(values[i]), values[i + 1])
  }

  #key(key: unknown): string {
    if (typeof key === 'string') return key
    if (typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean')
      return String(key)
    return this.#fail('keys of dicts must be texts or numbers')
  }

  #global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string')
      this.#fail('a name in the pickle is no text')
    const found = this.#options.findGlobal(module, name)
    if (found === undefined) {
      const reason = this.#options.explain?.(module, name)
      const wanted = `the pickle wants '${module.slice(0, 200)}.${name.slice(0, 200)}'`
      this.#fail(`${wanted}, which is not allowed${reason === undefined ? '' : `: ${reason}`}`)
    }
    this.#push(found)
  }

  #call(callee: unknown, args: unknown): void {
    if (typeof callee !== 'function') this.#fail('the pickle calls what is no function')
    if (!Array.isArray(args)) this.#fail('the arguments of a call are no tuple')
    let result: unknown
    try {
      result = (callee as PickleCall)(args as unknown[])
    } catch (error) {
      if (error instanceof PickleError) throw error
      this.#fail((error as Error).message.split('\n')[0] ?? '')
    }
    if (typeof result === 'object' && result !== null) {
      // Some only pass an argument on.
      const parts = (args as unknown[]).filter((part) => part !== result)
      this.#nest(result, parts)
    }
    this.#push(result)
  }

  /** An object's state: taken over where the object is a dict with attributes, as state dicts are. */
  #build(): void {
    this.#pop()
    const target = this.#top()
    if (typeof target !== 'object' || target === null)
      this.#fail('the pickle gives state to what is no object')
  }

  // One case for each instruction, in the order of the format's documentation.
  #step(instruction: string, code: number): void {
    const read = this.#read
    switch (instruction) {
      // Numbers, texts, constants
      case 'I': {
        const line = read.line()
        if (line === '00' || line === '01') return this.#push(line === '01')
        return this.#push(this.#integer(line))
      }
      case 'L':
        return this.#push(this.#integer(read.line().replace(/L$/, '')))
      case 'J':
        return this.#push(read.int32())
      case 'K':
        return this.#push(read.byte())
      case 'M':
        return this.#push(read.uint16())
      case '\x8a':
        return this.#push(read.long(read.byte()))
      case '\x8b':
        return this.#push(read.long(read.uint32()))
      case 'F': {
        const line = read.line()
        if (!/^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|-?inf|nan)$/.test(line))
          this.#fail(`'${line.slice(0, 20)}' is no number`)
        return this.#push(Number(line.replace('inf', 'Infinity')))
      }
      case 'G':
        return this.#push(read.float64())
      case 'S': {
        const line = read.line()
        if (!/^(["']).*\1$/s.test(line)) this.#fail('a text is not quoted')
        return this.#push(line.slice(1, -1))
      }
      case 'T':
        return this.#push(read.latin1(read.uint32()))
      case 'U':
        return this.#push(read.latin1(read.byte()))
      case 'V':
        return this.#push(read.line())
      case 'X':
        return this.#push(read.text(read.uint32()))
      case '\x8c':
        return this.#push(read.text(read.byte()))
      case '\x8d':
        return this.#push(read.text(read.uint64()))
      case 'B':
        return this.#push(read.bytes(read.uint32()))
      case 'C':
        return this.#push(read.bytes(read.byte()))
      case '\x8e':
      case '\x96':
        return this.#push(read.bytes(read.uint64()))
      case 'N':
        return this.#push(null)
      case '\x88':
        return this.#push(true)
      case '\x89':
        return this.#push(false)
      // Lists, tuples, dicts, sets
      case ']':
      case ')':
      case '\x8f':
        return this.#push([])
      case 'a':
        return this.#append([this.#pop()])
      case 'e':
      case '\x90':
        return this.#append(this.#marked())
      case 'l':
      case 't':
      case '\x91': {
        const values = this.#marked()
        return this.#push(this.#nest(values, values))
      }
      case '\x85':
      case '\x86':
      case '\x87': {
        const count = code - 0x84
        const values = Array.from({ length: count }, () => this.#pop()).reverse()
        return this.#push(this.#nest(values, values))
      }
      case '}':
        return this.#push({})
      case 'd': {
        const values = this.#marked()
        this.#push({})
        return this.#setItems(values)
      }
      case 's': {
        const value = this.#pop()
        return this.#setItems([this.#pop(), value])
      }
      case 'u':
        return this.#setItems(this.#marked())
      // The stack
      case '(':
        return this.#push(MARK)
      case '0':
        this.#stack.pop()
        return
      case '1':
        this.#marked()
        return
      case '2':
        return this.#push(this.#top())
      // The memo
      case 'g':
        return this.#recall(this.#place(read.line()))
      case 'h':
        return this.#recall(read.byte())
      case 'j':
        return this.#recall(read.uint32())
      case 'p':
        return this.#remember(this.#place(read.line()))
      case 'q':
        return this.#remember(read.byte())
      case 'r':
        return this.#remember(read.uint32())
      case '\x94':
        return this.#remember(this.#memo.size)
      // Names and calls
      case 'c': {
        const module = read.line()
        return this.#global(module, read.line())
      }
      case '\x93': {
        const name = this.#pop()
        return this.#global(this.#pop(), name)
      }
      case 'R':
      case '\x81': {
        const args = this.#pop()
        return this.#call(this.#pop(), args)
      }
      case 'i': {
        const module = read.line()
        this.#global(module, read.line())
        const callee = this.#pop()
        return this.#call(callee, this.#marked())
      }
      case 'o': {
        const [callee, ...args] = this.#marked()
        return this.#call(callee, args)
      }
      case 'b':
        return this.#build()
      case 'P':
        return this.#push(this.#persistent(read.line()))
      case 'Q':
        return this.#push(this.#persistent(this.#pop()))
      // The frame of the whole
      case '\x80': {
        const protocol = read.byte()
        if (protocol > 5) this.#fail(`pickle protocol ${protocol} is not known`)
        return
      }
      case '\x95':
        read.uint64()
        return
      default:
        this.#fail(`the instruction 0x${code.toString(16)} is not known or not allowed`)
    }
  }

  /** A place in the memo. */
  #place(text: string): number {
    if (!/^\d{1,15}$/.test(text)) this.#fail(`'${text.slice(0, 20)}' is no place in the memo`)
    return Number(text)
  }

  #integer(text: string): number | bigint {
    if (!/^[+-]?\d{1,400}$/.test(text)) this.#fail(`'${text.slice(0, 20)}' is no whole number`)
    const value = Number(text)
    return Number.isSafeInteger(value) ? value : BigInt(text)
  }

  #persistent(id: unknown): unknown {
    const load = this.#options.persistentLoad
    if (load === undefined) this.#fail('the pickle refers to something outside of it')
    try {
      return load(id)
    } catch (error) {
      if (error instanceof PickleError) throw error
      return this.#fail((error as Error).message.split('\n')[0] ?? '')
    }
  }
}
