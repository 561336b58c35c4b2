/**
 * Calls as in Python: parameters by position, by name in one trailing object, or the first ones by
 * position and others by name: `sum(x, 1, true)`, `sum(x, 1, { keepdim: true })`, `sum(x, { dim: 1 })`.
 */
import { ValueError } from './errors.ts'
import { show } from './show.ts'
import { Tensor } from './tensor.ts'

/** Is this an object of named arguments: not a tensor, a list, a typed array or an instance? */
export function isNamed(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || value instanceof Tensor) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Can it be iterated over? Also lists that are modules, which are functions; no tensor, and no text. */
export function isIterable(value: unknown): value is Iterable<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return typeof (value as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
}

/** Can it be iterated over with `for await`? A DataLoader can. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function'
}

/** Arguments in the order of the parameters; undefined where one was left out. */
export type Given<P extends readonly unknown[]> = { readonly [I in keyof P]?: P[I] | undefined }

/**
 * The ways to give the parameters `Names` (in PyTorch's order) of the options `O`: the first ones by
 * position, the others by name in one object, which may be left out where they are optional. A name
 * that is not among them is a compile error.
 *
 * @example
 *   function narrow(input: Tensor, ...given: Arguments<NarrowOptions, ['dim', 'start', 'length']>)
 *   // narrow(x, 0, 1, 2), narrow(x, 0, { start: 1, length: 2 }), narrow(x, { dim: 0, start: 1, length: 2 })
 */
export type Arguments<O, Names extends readonly unknown[]> =
  | (Partial<O> extends O ? [] : never)
  | ([keyof O] extends [never] ? never : [options: O])
  | (Names extends readonly [infer N, ...infer Rest]
      ? N extends keyof O
        ? [O[N], ...Arguments<Omit<O, N>, Rest>]
        : never
      : never)

/**
 * Reads the arguments of `op` after its tensor(s) by the names of its parameters, in PyTorch's
 * order. Nothing is allocated where all are given by position.
 *
 * @example
 *   const readSum = parameters<[Dims, boolean, DType]>('sum', ['dim', 'keepdim', 'dtype'])
 *   const [dim, keepdim = false, dtype] = readSum([a, b, c])
 *
 * The reader throws a {@link ValueError} for a name that is not among them, for one that is given
 * twice, and for arguments after the named ones or too many of them.
 */
export function parameters<P extends readonly unknown[]>(
  op: string,
  names: readonly string[],
): (given: readonly unknown[]) => Given<P> {
  return (given) => {
    let last = given.length
    while (last > 0 && given[last - 1] === undefined) last--
    for (let i = 0; i < last; i++) {
      if (isNamed(given[i])) return named(op, names, given, i, last)
    }
    if (last > names.length) throw tooMany(op, names, last)
    return given
  }
}

function named(
  op: string,
  names: readonly string[],
  given: readonly unknown[],
  at: number,
  last: number,
): unknown[] {
  if (at !== last - 1) {
    throw new ValueError(
      op,
      [],
      'named arguments come last, in one object',
      `move ${show(given[last - 1])} before them, or name it too`,
    )
  }
  const options = given[at] as Record<string, unknown>
  if (at > names.length) throw tooMany(op, names, at)
  const out: unknown[] = given.slice(0, at)
  while (out.length < names.length) out.push(undefined)
  for (const key of Object.keys(options)) {
    const place = names.indexOf(key)
    if (place < 0) {
      throw new ValueError(op, [], `there is no option '${key}'`, `options: ${names.join(', ')}`)
    }
    if (options[key] === undefined) continue
    if (out[place] !== undefined) {
      throw new ValueError(op, [], `'${key}' is given by position and by name`, 'give it once')
    }
    out[place] = options[key]
  }
  return out
}

function tooMany(op: string, names: readonly string[], count: number): ValueError {
  return new ValueError(
    op,
    [],
    `${count} arguments are given where ${names.length} are taken`,
    names.length === 0 ? 'leave them out' : `they are: ${names.join(', ')}`,
  )
}
