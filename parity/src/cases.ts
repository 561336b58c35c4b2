/**
 * Cases of PyTorch's operator database, as goldens/*.json holds them, and how one is run against
 * the public API: the call follows from PyTorch's by the naming rule alone (camelCase, the same
 * order of positional arguments, keywords in one trailing object, None as null, lists as arrays).
 */
import * as autograd from '@flambeau/autograd'
import * as core from '@flambeau/core'
import type { DType } from '@flambeau/core'
import { Tensor } from '@flambeau/core'
import { functional } from '@flambeau/nn'

type StoredNumber = number | string

export interface StoredTensor {
  /** Dtype. */
  t: DType
  /** Shape. */
  s: number[]
  /** Elements, row-major; 'nan', 'inf', '-inf' and integers beyond 2^53 as text. */
  d: StoredNumber[]
  /** Wants a gradient. */
  g?: 1
}

/** A result that is no tensor. */
interface StoredValue {
  v: number | boolean | { f: string }
}

export interface Case {
  /** `torch`, `Tensor`, `linalg`, `special` or `nn.functional`. */
  ns: string
  /** PyTorch's name. */
  name: string
  dtype: DType
  args: unknown[]
  kwargs: Record<string, unknown>
  out?: (StoredTensor | StoredValue)[]
  grads?: (StoredTensor | null)[]
  /** The method changes its tensor. */
  inplace?: 1
  /** 0 where finite differences say nothing (kinks, random numbers, results of free sign). */
  fd?: 0
  /** 1 where results are fixed up to their sign only. */
  free?: 1
  /** The seed before the call, where it is not the database's. */
  seed?: number
  /** PyTorch's message: the call must throw. */
  raises?: string
}

/** What became of a case. */
export type Outcome =
  | { status: 'pass' }
  | { status: 'missing' }
  | { status: 'fail'; why: string; uncaught?: boolean }

export type Names = Record<string, Record<string, string>>

function decode(value: StoredNumber): number {
  if (typeof value === 'number') return value
  if (value === 'nan') return Number.NaN
  if (value === 'inf') return Number.POSITIVE_INFINITY
  if (value === '-inf') return Number.NEGATIVE_INFINITY
  return Number(value)
}

export function tensorOf(stored: StoredTensor): Tensor {
  if (stored.t === 'int64' && stored.d.some((v) => typeof v === 'string')) {
    return core.fromTypedArray(BigInt64Array.from(stored.d, BigInt), stored.s)
  }
  return core.fromTypedArray(Float64Array.from(stored.d, decode), stored.s).to(stored.t)
}

/** An argument; tensors that want a gradient are also put into `leaves`. */
export function argument(stored: unknown, leaves: Tensor[]): unknown {
  if (Array.isArray(stored)) return stored.map((item) => argument(item, leaves))
  if (typeof stored !== 'object' || stored === null) return stored
  if ('t' in stored) {
    const made = tensorOf(stored as StoredTensor)
    if ((stored as StoredTensor).g === 1) {
      made.requiresGrad = true
      leaves.push(made)
    }
    return made
  }
  if ('f' in stored) return decode(stored.f as string)
  if ('dtype' in stored) return stored.dtype
  if ('slice' in stored) {
    const [start, stop, step] = stored.slice as (number | null)[]
    return { start, stop, step }
  }
  if ('ellipsis' in stored) return '...'
  if ('kw' in stored) return options(stored.kw as Record<string, unknown>, leaves)
  throw new Error(`no argument can be made of ${JSON.stringify(stored)}`)
}

export function camelCase(name: string): string {
  return name.replace(/(?<=.)_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

export function options(
  stored: Record<string, unknown>,
  leaves: Tensor[],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(stored).map(([key, value]) => [camelCase(key), argument(value, leaves)]),
  )
}

type Callable = (...args: unknown[]) => unknown

/** The function of a case, with the tensor of a method as its first argument; null if there is none. */
export function lookUp(names: Names, ns: string, name: string): Callable | null {
  const camel = names[ns]?.[name] ?? camelCase(name)
  if (ns === 'Tensor') {
    if (name === '__getitem__') return (self, index) => getItem(self as Tensor, index)
    if (!(camel in Tensor.prototype)) return null
    return (self, ...args) => {
      const member = (self as Record<string, unknown>)[camel]
      return typeof member === 'function' ? (member as Callable).apply(self, args) : member
    }
  }
  const found = namespace(ns)?.[camel]
  return typeof found === 'function' ? (found as Callable) : null
}

// Functions of nn.functional that are those of torch may be in core alone.
const SPACES: Record<string, Record<string, unknown>> = {
  torch: { ...autograd, ...core },
  'nn.functional': { ...core, ...functional },
}

function namespace(ns: string): Record<string, unknown> | undefined {
  return SPACES[ns] ?? ((core as Record<string, unknown>)[ns] as Record<string, unknown>)
}

/** Is there something under this name? */
export function exists(names: Names, ns: string, name: string): boolean {
  const camel = names[ns]?.[name] ?? camelCase(name)
  if (ns === 'Tensor') return camel in Tensor.prototype
  if (ns === 'autograd') return camel in autograd
  return lookUp(names, ns, name) !== null
}

// The database indexes with lists, which both read alike: numbers alone name positions of the first
// axis, anything else among them makes the list several indices.
function getItem(self: Tensor, index: unknown): unknown {
  return (self.at.bind(self) as Callable)(index)
}

/** All tensors and numbers in a result, in order. */
export function results(value: unknown): unknown[] {
  return Array.isArray(value) ? value.flatMap(results) : [value]
}

const TOLERANCE: Partial<Record<string, [rtol: number, atol: number]>> = {
  float64: [1e-6, 1e-7],
  float32: [1e-4, 1e-5],
  float16: [6e-3, 1e-4],
  bfloat16: [1.6e-2, 1e-3],
}

/** Functions whose float16 sums PyTorch keeps in 16 bits; ours are nearer to the float64 result. */
const ROUNDED: ReadonlySet<string> = new Set([
  'conv_transpose1d',
  'conv_transpose2d',
  'conv_transpose3d',
])

export function differ(
  actual: Tensor,
  wanted: StoredTensor,
  what: string,
  contents = true,
  rounded = false,
): string | null {
  if (!(actual instanceof Tensor)) return `${what}: a tensor is wanted, not ${String(actual)}`
  if (actual.dtype !== wanted.t) return `${what}: dtype is ${actual.dtype}, not ${wanted.t}`
  if (actual.shape.join() !== wanted.s.join())
    return `${what}: shape is [${actual.shape.join(', ')}], not [${wanted.s.join(', ')}]`
  if (!contents) return null
  if (wanted.t === 'int64') {
    const got = actual.toBigIntArray()
    const bad = wanted.d.findIndex((v, i) => got[i] !== BigInt(v))
    return bad < 0 ? null : `${what}[${bad}] is ${got[bad]}, not ${wanted.d[bad]}`
  }
  const got = actual.to('float64').toArray()
  const type = rounded && wanted.t === 'float16' ? 'bfloat16' : wanted.t
  const [rtol, atol] = TOLERANCE[type] ?? [0, 0]
  for (let i = 0; i < got.length; i++) {
    const a = got[i] as number
    const b = decode(wanted.d[i] as StoredNumber)
    if (Object.is(a, b) || a === b || (Number.isNaN(a) && Number.isNaN(b))) continue
    if (!(Math.abs(a - b) <= atol + rtol * Math.abs(b))) return `${what}[${i}] is ${a}, not ${b}`
  }
  return null
}

/** The upstream gradient of every case: cos(0.7 i + 0.3) for element i. */
export function weights(like: Tensor): Tensor {
  const values = Float64Array.from({ length: like.numel() }, (_, i) => Math.cos(0.7 * i + 0.3))
  return core.fromTypedArray(values, like.shape).to(like.dtype)
}

/** Functions whose results have unspecified contents: dtype and shape are all there is to compare. */
const UNSPECIFIED: ReadonlySet<string> = new Set([
  'empty',
  'empty_like',
  'empty_strided',
  'new_empty',
  'new_empty_strided',
])

/** Both sides without their signs. */
function unsigned(got: Tensor, want: StoredTensor): [Tensor, StoredTensor] {
  const d = want.d.map((v) => (typeof v === 'number' ? Math.abs(v) : v))
  return [got instanceof Tensor ? got.abs() : got, { t: want.t, s: want.s, d }]
}

function compare(result: unknown, test: Case, leaves: Tensor[]): string | null {
  const got = results(result)
  const wanted = test.out ?? []
  if (got.length !== wanted.length) return `${got.length} results, not ${wanted.length}`
  for (let i = 0; i < wanted.length; i++) {
    const want = wanted[i] as StoredTensor | StoredValue
    if ('v' in want) {
      const value = typeof want.v === 'object' ? decode(want.v.f) : want.v
      const actual = got[i] instanceof Tensor ? (got[i] as Tensor).item() : got[i]
      if (!Object.is(Number(actual), Number(value)))
        return `result ${i} is ${String(actual)}, not ${value}`
      continue
    }
    const [mine, theirs] = test.free === 1 ? unsigned(got[i] as Tensor, want) : [got[i], want]
    const contents = !UNSPECIFIED.has(test.name)
    const why = differ(mine as Tensor, theirs, `out${i}`, contents, ROUNDED.has(test.name))
    if (why !== null) return why
  }
  if (test.grads === undefined) return null
  let total: Tensor | null = null
  for (const out of got) {
    if (!(out instanceof Tensor) || !out.requiresGrad || !out.isFloatingPoint()) continue
    const term = out.mul(weights(out)).sum()
    total = total === null ? term : total.add(term)
  }
  if (total === null) return 'no result requires a gradient'
  const grads = autograd.grad(total, leaves, { allowUnused: true })
  for (let i = 0; i < leaves.length; i++) {
    const want = test.grads[i] ?? null
    const grad = grads[i] ?? null
    if (want === null || grad === null) {
      // Nothing and zeros say the same.
      const other = want === null ? grad : tensorOf(want)
      if (other !== null && other.ne(0).any().item()) {
        return `grad${i} is ${grad === null ? 'missing' : 'given'}, PyTorch's is not`
      }
      continue
    }
    const why = differ(grad, want, `grad${i}`)
    if (why !== null) return why
  }
  return null
}

/** The call of a case as a function of its tensors that want a gradient; null if it is missing. */
export function callOf(
  names: Names,
  test: Case,
): { leaves: Tensor[]; run: (leaves: readonly Tensor[]) => unknown[] } | null {
  const callee = lookUp(names, test.ns, test.name)
  if (callee === null) return null
  const leaves: Tensor[] = []
  const args = test.args.map((arg) => argument(arg, leaves))
  if (Object.keys(test.kwargs).length > 0) args.push(options(test.kwargs, leaves))
  const run = (given: readonly Tensor[]): unknown[] => {
    const replaced = args.map((arg) => replace(arg, leaves, given))
    if (test.inplace === 1) replaced[0] = (replaced[0] as Tensor).clone()
    core.manualSeed(seedFor(test))
    return results(callee(...replaced))
  }
  return { leaves, run }
}

/** `value` with the tensors of `from` exchanged for those of `to`. */
function replace(value: unknown, from: readonly Tensor[], to: readonly Tensor[]): unknown {
  if (value instanceof Tensor) return to[from.indexOf(value)] ?? value
  if (Array.isArray(value)) return value.map((item) => replace(item, from, to))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, replace(v, from, to)]))
}

// What the operator database runs with this seed, whatever was set before.
const SEED = 42
const SEEDED = new Set(
  `alpha_dropout bernoulli cauchy_ dropout dropout2d dropout3d exponential_ feature_alpha_dropout
  fractional_max_pool2d fractional_max_pool3d geometric_ log_normal_ multi_head_attention_forward
  multinomial normal normal_ randint randint_like randn randn_like rrelu
  scaled_dot_product_attention uniform_`.split(/\s+/),
)

function seedFor(test: Case): number {
  return test.seed ?? (SEEDED.has(test.name) ? SEED : 0)
}

/** Runs one case. */
export function runCase(names: Names, test: Case): Outcome {
  const callee = lookUp(names, test.ns, test.name)
  if (callee === null) return { status: 'missing' }
  const leaves: Tensor[] = []
  let args: unknown[]
  try {
    args = test.args.map((arg) => argument(arg, leaves))
    if (Object.keys(test.kwargs).length > 0) args.push(options(test.kwargs, leaves))
  } catch (error) {
    // What must throw may do so on the way: a tensor of 65 axes, for example.
    if (test.raises !== undefined && error instanceof core.FlambeauError) return { status: 'pass' }
    return { status: 'fail', why: `arguments: ${(error as Error).message}` }
  }
  if (test.inplace === 1 && (args[0] as Tensor).requiresGrad) {
    args[0] = (args[0] as Tensor).clone()
  }
  core.manualSeed(seedFor(test))
  let result: unknown
  try {
    result = callee(...args)
  } catch (error) {
    if (test.raises !== undefined) {
      return error instanceof core.FlambeauError
        ? { status: 'pass' }
        : { status: 'fail', why: `untyped error: ${String(error)}`, uncaught: true }
    }
    const untyped = !(error instanceof core.FlambeauError)
    return {
      status: 'fail',
      why: `${untyped ? 'UNTYPED ' : ''}${(error as Error).message ?? String(error)}`,
    }
  }
  if (test.raises !== undefined) return { status: 'fail', why: `no error: ${test.raises}` }
  try {
    const why = compare(result, test, leaves)
    return why === null ? { status: 'pass' } : { status: 'fail', why }
  } catch (error) {
    return { status: 'fail', why: `comparison: ${(error as Error).message}` }
  }
}
