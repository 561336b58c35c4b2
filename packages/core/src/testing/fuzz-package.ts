/**
 * Hostile calls of everything that a package exports, and of the methods of what its functions and
 * constructors return: scripts/fuzz.mjs and the test of each package make them.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ones, tensor } from '../creation.ts'
import type { DType } from '../dtype.ts'
import { collectGarbage } from '../memory.ts'
import { Tensor } from '../tensor.ts'
import { asked, FuzzArguments, isInstance } from './fuzz-arguments.ts'
import type { FuzzReport, FuzzTarget } from './fuzz.ts'
import { fuzz, isProper, problemText, publicTargets } from './fuzz.ts'

/** What is called, and what is needed for calls that get somewhere. */
export interface FuzzSubject {
  readonly api: Record<string, unknown>
  /** What is not called: a function, `new Class` or `Class.method`, each with the reason. */
  readonly except?: Readonly<Record<string, string>>
  /** Objects as a user makes them. Their methods are called, and they are arguments of others. */
  readonly objects?: () => readonly unknown[]
  /** Methods that are not called, as only subclasses may. */
  readonly protects?: readonly string[]
  /** Methods that are called more often than others. */
  readonly often?: readonly string[]
  /** Text that functions of the package understand. */
  readonly strings?: readonly string[]
  /** Errors that are not flambeau's own and say as well what to change. */
  readonly accepts?: (error: unknown) => boolean
}

export interface FuzzPackageOptions {
  seed: number
  calls: number
  /** Names of functions and methods that are called. Default: all. */
  only?: RegExp
  before?: (call: number, text: () => string) => void
}

const ROUND = 1000
const LONGEST_MS = 5000
/** Objects that later calls may get. */
const POOL_SIZE = 64

/** Arguments among which are objects of the package, options with any key, and tensors of usual shapes. */
class PackageArguments extends FuzzArguments {
  readonly #strings: readonly string[]
  readonly #made: readonly unknown[]
  #pool: object[] = []

  constructor(seed: number, { objects, strings = [] }: FuzzSubject) {
    super(seed)
    this.#strings = strings
    this.#made = objects?.() ?? []
  }

  override value(depth = 0): unknown {
    const kind = this.next()
    if (kind < 0.12) return this.object() ?? this.tensor()
    if (kind < 0.2 && depth < 2) return this.#open(depth)
    if (kind < 0.23) return this.#function(depth)
    if (kind < 0.35) return this.#usual()
    if (kind < 0.42 && this.#strings.length > 0) return this.pick(this.#strings)
    return super.value(depth)
  }

  /** An object of a class. */
  object(): unknown {
    const { length } = this.#made
    const at = this.below(length + this.#pool.length)
    return at < length ? this.#made[at] : this.#pool[at - length]
  }

  /** What images, sequences and classes look like. */
  #usual(): Tensor {
    const shape = this.pick([[4], [2, 4], [2, 4, 8], [2, 4, 8, 8], [4, 8, 8], [2, 4, 6, 6, 6]])
    return this.chance(0.7)
      ? ones(shape, { dtype: this.pick<DType>(['float32', 'float32', 'float64', 'uint8']) })
      : tensor(Array.from({ length: shape[0] as number }, () => this.below(5)))
  }

  #function(depth: number): () => unknown {
    const result = depth < 2 ? this.value(depth + 1) : this.tensor()
    return () => result
  }

  /** Options that have a value for every name, some of them `undefined`. */
  #open(depth: number): object {
    const read: Record<string, unknown> = {}
    const options = new Proxy<Record<string, unknown>>(
      {},
      {
        get: (target, key) => {
          if (typeof key === 'symbol' || key === 'then' || key in Object.prototype) {
            return Reflect.get(target, key)
          }
          if (!(key in read)) {
            read[key] = this.chance(0.5) ? undefined : this.value(depth + 1)
          }
          return read[key]
        },
      },
    )
    asked.set(options, read)
    return options
  }

  override offer(result: object): void {
    if (!isInstance(result)) super.offer(result)
    else if (this.#pool.length < POOL_SIZE) this.#pool.push(result)
    else this.#pool[this.below(POOL_SIZE)] = result
  }

  override refresh(): void {
    super.refresh()
    this.#pool = []
  }
}

/** Methods and accessors of an object's classes, `[name, owner]`; internal ones begin with `_`. */
function membersOf(
  object: object,
): [name: string, key: PropertyKey, descriptor: PropertyDescriptor][] {
  const found = new Map<PropertyKey, [string, PropertyKey, PropertyDescriptor]>()
  const ends: unknown[] = [Object.prototype, Function.prototype, Tensor.prototype, null]
  let owner = Object.getPrototypeOf(object) as object | null
  while (owner !== null && !ends.includes(owner)) {
    const descriptors = Object.getOwnPropertyDescriptors(owner) as Record<
      PropertyKey,
      PropertyDescriptor
    >
    for (const key of Reflect.ownKeys(descriptors)) {
      const text = typeof key === 'symbol' ? `[${String(key.description)}]` : String(key)
      if (key === 'constructor' || text.startsWith('_') || found.has(key)) continue
      const name = `${owner.constructor.name}.${text}`
      found.set(key, [name, key, descriptors[key] as PropertyDescriptor])
    }
    owner = Object.getPrototypeOf(owner) as object | null
  }
  return [...found.values()]
}

/** Some values of what can be iterated over, or the promise of them. */
function drawn(result: unknown): unknown {
  const { next } = (result ?? {}) as { next?: unknown }
  const isDrawable =
    typeof result === 'object' &&
    result !== null &&
    (Symbol.iterator in result || Symbol.asyncIterator in result)
  if (typeof next !== 'function' || !isDrawable) return result
  const steps = result as unknown as Iterator<unknown> & AsyncIterator<unknown>
  const values: unknown[] = []
  for (let i = 0; i < 3; i++) {
    const step: unknown = steps.next()
    if (step instanceof Promise) {
      return step.finally(() => steps.return?.())
    }
    const { done, value } = step as IteratorResult<unknown>
    if (done === true) break
    values.push(value)
  }
  return values
}

/**
 * Makes `calls` calls, and waits for the promises that they return: one that is rejected with
 * another error, or never settles, is a failure too. Relative paths lead into a temporary folder.
 */
export async function fuzzPackage(
  subject: FuzzSubject,
  { seed, calls, only = /./, before }: FuzzPackageOptions,
): Promise<FuzzReport> {
  const { api, except = {}, protects = [], often = [], accepts = () => false } = subject
  const isCalled = (name: string): boolean =>
    only.test(name) &&
    !Object.hasOwn(except, name) &&
    !protects.some((method) => name.endsWith(`.${method}`))
  const source = new PackageArguments(seed, subject)
  const judged = (call: () => unknown): unknown => {
    try {
      return drawn(call())
    } catch (error) {
      if (accepts(error)) return undefined
      throw error
    }
  }
  const targets: FuzzTarget[] = publicTargets(api, {})
    .filter(({ name }) => isCalled(name))
    .map((target) => ({
      ...target,
      call: (self, args) => judged(() => target.call(self, args)),
    }))
  // As many calls of methods as of functions: what is called is chosen anew each time.
  const methods: FuzzTarget[] = targets.map(() => methodTarget(source, often, isCalled, judged))
  const total: FuzzReport = { calls: 0, returned: 0, refused: 0, failures: [] }
  const folder = mkdtempSync(join(tmpdir(), 'flambeau-fuzz-'))
  const home = process.cwd()
  process.chdir(folder)
  try {
    while (total.calls < calls) {
      const pending: Promise<void>[] = []
      const report = fuzz({
        seed,
        calls: Math.min(ROUND, calls - total.calls),
        targets: [...targets, ...methods],
        source,
        before,
        later: (promise, fail) => pending.push(settled(promise, fail, accepts)),
      })
      await Promise.all(pending)
      total.calls += report.calls
      total.returned += report.returned
      total.refused += report.refused
      total.failures.push(...report.failures)
      collectGarbage()
    }
  } finally {
    process.chdir(home)
    rmSync(folder, { recursive: true, force: true })
  }
  return total
}

const HOOKED = /\.register\w*Hook$/

/** A hook that is a module may call the one that it hangs on, which never ends. */
function withoutCallables(args: readonly unknown[]): unknown[] {
  return args.map((arg) => (typeof arg === 'function' && isInstance(arg) ? { hook: 1 } : arg))
}

/** A method or an accessor of some object: another one for each call. */
function methodTarget(
  source: PackageArguments,
  often: readonly string[],
  isCalled: (name: string) => boolean,
  judged: (call: () => unknown) => unknown,
): FuzzTarget {
  let chosen: { name: string; call: (args: readonly unknown[]) => unknown } | null = null
  return {
    // Read once for each call, before its arguments are made.
    get name() {
      return chosen?.name ?? 'nothing'
    },
    method: false,
    begin() {
      chosen = null
      const object = source.object()
      if (!isInstance(object)) return
      const all = membersOf(object).filter(([name]) => isCalled(name))
      const first = all.filter(([, key]) => often.includes(String(key)))
      const members = first.length > 0 && source.below(2) === 0 ? first : all
      if (members.length === 0) return
      const [name, , accessor] = members[source.below(members.length)] as (typeof members)[0]
      const call = (args: readonly unknown[]): unknown =>
        typeof accessor.value === 'function'
          ? Reflect.apply(accessor.value, object, HOOKED.test(name) ? withoutCallables(args) : args)
          : args.length === 0 || accessor.set === undefined
            ? accessor.get?.call(object)
            : accessor.set.call(object, args[0])
      chosen = { name, call }
    },
    call: (_self, args) => judged(() => chosen?.call(args)),
  }
}

/** Waits for a promise, but not for ever. */
async function settled(
  promise: Promise<unknown>,
  fail: (problem: string) => void,
  accepts: (error: unknown) => boolean,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      fail(`the promise had not settled after ${LONGEST_MS} ms`)
      resolve()
    }, LONGEST_MS)
  })
  const judged = promise.then(
    () => {},
    (error: unknown) => {
      if (!isProper(error) && !accepts(error)) fail(`rejected: ${problemText(error)}`)
    },
  )
  await Promise.race([judged, late])
  clearTimeout(timer)
}

/**
 * One object of each class that `api` exports and `is` lets through, made with the first of the
 * lists of arguments that it takes.
 */
export function oneOfEach(
  api: Record<string, unknown>,
  lists: () => readonly (readonly unknown[])[],
  is: (kind: new (...args: unknown[]) => object) => boolean = () => true,
): object[] {
  const made: object[] = []
  for (const value of Object.values(api)) {
    if (typeof value !== 'function' || value.prototype instanceof Error) continue
    if (!/^class\b/.test(Function.prototype.toString.call(value))) continue
    const kind = value as new (...args: unknown[]) => object
    if (!is(kind)) continue
    for (const args of lists()) {
      try {
        made.push(new kind(...args))
        break
      } catch {
        // The next ones may do.
      }
    }
  }
  return made
}
