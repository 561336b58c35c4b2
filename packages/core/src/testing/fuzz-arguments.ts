/** Hostile arguments, made from a seed: values of every kind, tensors of every layout. */
import { gradientSwitch, tensor, zeros } from '../creation.ts'
import type { DType } from '../dtype.ts'
import { DTYPES } from '../dtype.ts'
import { Tensor } from '../tensor.ts'

/** mulberry32: the same numbers for a seed, everywhere. */
function generator(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const NASTY_NUMBERS: readonly number[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  0.5,
  -1.5,
  1e-300,
  1e308,
  -1e308,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  2 ** 40,
  2 ** 47,
  2 ** 53,
  -(2 ** 53),
  2 ** 63,
  2 ** 64,
]

const STRINGS: readonly string[] = [
  ...DTYPES,
  'cpu',
  'cuda',
  'mean',
  'sum',
  'none',
  'same',
  'valid',
  'tanh',
  'left',
  '',
  '0',
  'toString',
  '__proto__',
  'float8',
  '\u{1F525}',
]

const OPTION_KEYS: readonly string[] = [
  'dtype',
  'device',
  'requiresGrad',
  'keepdim',
  'dim',
  'alpha',
  'beta',
  'value',
  'correction',
  'unbiased',
  'stride',
  'padding',
  'dilation',
  'groups',
  'bias',
  'kernelSize',
  'ceilMode',
  'countIncludePad',
  'divisorOverride',
  'outputSize',
  'reduction',
  'weight',
  'ignoreIndex',
  'labelSmoothing',
  'generator',
  'training',
  'inplace',
  'approximate',
  'descending',
  'stable',
  'largest',
  'sorted',
  'min',
  'max',
  'rounding',
  'roundingMode',
  'right',
  'side',
  'offset',
  'replacement',
  'accumulate',
  'delta',
  'eps',
  'p',
  'copy',
  'memoryFormat',
  'low',
  'high',
  'mean',
  'std',
  'prepend',
  'append',
  'returnIndices',
  'endpoint',
]

/** Tensors that later calls may get again. */
const POOL_SIZE = 48

export class FuzzArguments {
  /** The next number in [0, 1). */
  protected readonly next: () => number
  #pool: Tensor[] = []
  #base: number[] = [2, 3]
  #dtype: DType = 'float32'

  constructor(seed: number) {
    this.next = generator(seed)
  }

  /** A whole number in [0, n). */
  below(n: number): number {
    return Math.floor(this.next() * n)
  }

  protected chance(p: number): boolean {
    return this.next() < p
  }

  protected pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  /** Arguments of one call tend to fit each other: they share a shape and a dtype. */
  startCall(): void {
    this.#base = this.#shape()
    this.#dtype = this.pick(DTYPES)
  }

  #shape(): number[] {
    const rank = this.pick([0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 6])
    return Array.from({ length: rank }, () => this.pick([0, 1, 1, 2, 2, 3, 3, 4, 5, 8, 17]))
  }

  /** Shapes that broadcast with the base, share an axis with it, or have nothing to do with it. */
  #relatedShape(): number[] {
    const base = this.#base
    switch (this.below(6)) {
      case 0:
        return base.slice(this.below(base.length + 1))
      case 1:
        return base.map((size) => (this.chance(0.4) ? 1 : size))
      case 2:
        return [...base].reverse()
      case 3:
        return this.#shape()
      default:
        return base
    }
  }

  /** A tensor of any dtype, shape and layout. */
  tensor(): Tensor {
    if (this.#pool.length > 0 && this.chance(0.4)) return this.pick(this.#pool)
    const made = this.#make(this.#relatedShape())
    // Without the gradient package there is nothing to switch on.
    if (made.isFloatingPoint() && this.chance(0.3)) gradientSwitch.set?.(made)
    this.offer(made)
    return made
  }

  #make(shape: number[]): Tensor {
    const dtype = this.chance(0.7) ? this.#dtype : this.pick(DTYPES)
    const n = shape.reduce((a, b) => a * b, 1)
    const low = this.chance(0.5) ? 0 : -4
    const values = Float64Array.from({ length: n }, () =>
      this.chance(0.02) && dtype.includes('float')
        ? this.pick(NASTY_NUMBERS)
        : Math.round(this.next() * 40) / 4 + low,
    )
    const dense = tensor(values).reshape(shape).to(dtype)
    const rank = shape.length
    switch (rank === 0 ? 0 : this.below(9)) {
      case 0:
      case 1:
      case 2:
        return dense
      case 3: {
        const axes = shape.map((_, i) => i).sort(() => this.next() - 0.5)
        return dense.permute(axes)
      }
      case 4: {
        const axis = this.below(rank)
        return dense.slice(axis, this.below(3), null, 1 + this.below(3))
      }
      case 5:
        return dense.unsqueeze(this.below(rank + 1)).expand(this.#expanded(rank))
      case 6:
        return rank === 4
          ? dense.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
          : dense.transpose(0, rank - 1)
      case 7: {
        const axis = this.below(rank)
        return (shape[axis] as number) > 0
          ? dense.select(axis, this.below(shape[axis] as number))
          : dense
      }
      default: {
        if (this.chance(0.5)) return dense.narrow(this.below(rank), 0, 0)
        // A large shape over a single element: what is as large as it does not fit into memory.
        return zeros([1])
          .to(dtype)
          .expand([this.pick([2 ** 16, 2 ** 24])])
      }
    }
  }

  #expanded(rank: number): number[] {
    const sizes = Array.from({ length: rank + 1 }, () => -1)
    return this.chance(0.5) ? [this.below(4), ...sizes] : sizes
  }

  /** What a method is called on. */
  self(): unknown {
    if (this.chance(0.03)) return this.#disposed()
    return this.tensor()
  }

  #disposed(): Tensor {
    const gone = zeros([2, 3])
    gone.dispose()
    return gone
  }

  /** The arguments of one call. */
  list(): unknown[] {
    const count = this.pick([0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5])
    return Array.from({ length: count }, () => this.value())
  }

  /** The same arguments, some of them changed into what they should not be. */
  spoil(inputs: readonly unknown[]): unknown[] {
    return inputs.map((input) => {
      if (this.chance(0.5)) return input
      if (!(input instanceof Tensor) || this.chance(0.15)) return this.value()
      const { ndim } = input
      switch (ndim === 0 ? 0 : this.below(9)) {
        case 0:
          return input.to(this.pick(DTYPES))
        case 1:
          return input
            .transpose(0, ndim - 1)
            .contiguous()
            .transpose(0, ndim - 1)
        case 2:
          return input.slice(this.below(ndim), 1)
        case 3:
          return input.slice(this.below(ndim), null, null, 2)
        case 4:
          return input.narrow(this.below(ndim), 0, 0)
        case 5:
          return ndim < 16 ? input.unsqueeze(this.below(ndim + 1)) : input
        case 6:
          return input.shape[0] === 0
            ? input
            : input.slice(0, 0, 1).expand(input.shape.map((n, i) => (i === 0 ? 3 : n)))
        case 7:
          return ndim === 4
            ? input.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
            : this.tensor()
        default:
          return input.flatten()
      }
    })
  }

  number(): number {
    return this.chance(0.75) ? this.below(10) - 4 : this.pick(NASTY_NUMBERS)
  }

  value(depth = 0): unknown {
    const kind = this.next()
    if (kind < 0.36) return this.tensor()
    if (kind < 0.58) return this.number()
    if (kind < 0.7) return this.#array(depth)
    if (kind < 0.82 && depth < 2) return this.#options(depth)
    if (kind < 0.87) return this.pick(STRINGS)
    if (kind < 0.92) return this.chance(0.5)
    return this.#odd()
  }

  #array(depth: number): unknown[] {
    switch (this.below(7)) {
      case 0:
        return [...this.#relatedShape()]
      case 1:
        return this.#relatedShape().map((size) => (this.chance(0.3) ? -1 : size))
      case 2:
        return Array.from({ length: this.below(5) }, () => this.below(7) - 3)
      case 3:
        return Array.from({ length: this.below(4) }, () => this.number())
      case 4:
        return Array.from({ length: this.below(4) }, () => this.tensor())
      case 5:
        return depth < 2 ? Array.from({ length: this.below(4) }, () => this.value(depth + 1)) : []
      default:
        return this.chance(0.1)
          ? Array.from({ length: 3000 }, (_, i) => i)
          : // oxlint-disable-next-line no-sparse-arrays
            [1, , 2]
    }
  }

  #options(depth: number): object {
    const out: Record<string, unknown> = {}
    for (let i = this.below(4); i > 0; i--) {
      const key = this.pick(OPTION_KEYS)
      const plain = this.chance(0.5)
      if (key === 'dtype' && plain) out[key] = this.pick(DTYPES)
      else if (plain) out[key] = this.chance(0.5) ? this.below(5) : this.chance(0.5)
      else out[key] = this.value(depth + 1)
    }
    return out
  }

  #odd(): unknown {
    const n = this.below(6)
    switch (this.below(20)) {
      case 0:
      case 1:
      case 2:
        return undefined
      case 3:
      case 4:
        return null
      case 5:
        return this.#disposed()
      case 6:
        return 3n
      case 7:
        return 2n ** 70n
      case 8:
        return Symbol('fuzz')
      case 9:
        return () => this.tensor()
      case 10:
        return new Float32Array(n)
      case 11:
        return new BigInt64Array(n)
      case 12:
        return new Uint8Array(n).fill(7)
      case 13:
        return new Int16Array(n)
      case 14:
        return new DataView(new ArrayBuffer(8))
      case 15:
        return new Float32Array(new SharedArrayBuffer(8))
      case 16:
        return new Date(0)
      case 17:
        return new Map([[1, 2]])
      case 18:
        return Object.create(null) as object
      default:
        return [[1, 2], [3]]
    }
  }

  /** Keeps a result as an argument of later calls. */
  offer(result: object): void {
    if (!(result instanceof Tensor)) return
    if (result.isDisposed || result.nbytes > 1 << 16) return
    if (this.#pool.length < POOL_SIZE) this.#pool.push(result)
    else this.#pool[this.below(POOL_SIZE)] = result
  }

  /** Forgets the pool: results of results grow without end. */
  refresh(): void {
    this.#pool = []
  }

  dispose(): void {
    for (const one of this.#pool) one.dispose()
    this.#pool = []
  }

  describeCall(name: string, self: unknown, args: readonly unknown[]): string {
    const list = args.map((arg) => describe(arg)).join(', ')
    return self === undefined ? `${name}(${list})` : `${name} on ${describe(self)} (${list})`
  }
}

/** The class of an object, also of a callable one. */
function nameOf(value: object): string {
  const made = (Object.getPrototypeOf(value) as object | null)?.constructor?.name
  if (made !== undefined && made !== 'Object') return made === 'Function' ? 'function' : made
  return Object.prototype.toString.call(value).slice(8, -1)
}

/** Is this an object of a class of its own: a module, a data set, an optimizer? */
export function isInstance(value: unknown): value is object {
  if (typeof value !== 'object' && typeof value !== 'function') return false
  if (value === null || value instanceof Tensor || ArrayBuffer.isView(value)) return false
  const made: unknown = (Object.getPrototypeOf(value) as object | null)?.constructor
  return typeof made === 'function' && !PLAIN.has(made.name)
}

const PLAIN: ReadonlySet<string> = new Set([
  ...['Object', 'Array', 'Function', 'AsyncFunction', 'GeneratorFunction', 'Map', 'Set', 'Date'],
  ...['Promise', 'ArrayBuffer', 'SharedArrayBuffer', 'Buffer', 'URL', 'RegExp', 'WeakMap', ''],
])

/** Options that have any key: what was read of them. */
export const asked: WeakMap<object, Record<string, unknown>> = new WeakMap()

function describe(value: unknown, depth = 0): string {
  const read = typeof value === 'object' && value !== null ? asked.get(value) : undefined
  if (read !== undefined) return describe(read, depth)
  if (value instanceof Tensor) {
    if (value.isDisposed) return 'disposed'
    return `${value.dtype}[${value.shape.join()}]/${value.stride().join()}@${value.storageOffset()}`
  }
  if (Array.isArray(value)) {
    const shown = Array.from(value.slice(0, 8), (item) => describe(item, depth + 1))
    return `[${shown.join(', ')}${value.length > 8 ? `, … ${value.length}` : ''}]`
  }
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return nameOf(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'object' && value !== null && depth < 3) {
    const name = nameOf(value)
    if (name !== 'Object') return name
    const parts = Object.entries(value).map(([key, item]) => `${key}: ${describe(item, depth + 1)}`)
    return `{${parts.join(', ')}}`
  }
  return Object.is(value, -0) ? '-0' : String(value)
}
