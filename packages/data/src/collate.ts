/** Batches of samples. */
import { fromTypedArray, stack, Tensor, tensor, ValueError } from '@flambeau/core'
import type { Collated, NumericArray } from './dataset.ts'

/** Is it a typed array that a tensor can be made of? */
function isNumericArray(value: unknown): value is NumericArray {
  return (
    ArrayBuffer.isView(value) && !(value instanceof DataView) && !UNSIGNED.has(value.constructor)
  )
}

// There are no tensors of these types.
const UNSIGNED: ReadonlySet<unknown> = new Set([Uint16Array, Uint32Array, BigUint64Array])

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  return value.constructor?.name ?? 'object'
}

function mixed(path: string, first: unknown, other: unknown): ValueError {
  return new ValueError(
    'defaultCollate',
    [],
    `${path || 'the samples'}: one is of type ${kindOf(first)}, another of type ${kindOf(other)}`,
    'give all samples the same form, or pass a collateFn',
  )
}

/** @throws {ValueError} unless all values are like the first. */
function requireAll(
  values: readonly unknown[],
  path: string,
  fits: (value: unknown) => boolean,
): void {
  for (const value of values) if (!fits(value)) throw mixed(path, values[0], value)
}

function collate(values: readonly unknown[], path: string): unknown {
  const [first] = values
  if (first instanceof Tensor) {
    requireAll(values, path, (value) => value instanceof Tensor)
    return stack(values as Tensor[])
  }
  switch (typeof first) {
    case 'number': {
      requireAll(values, path, (value) => typeof value === 'number')
      const whole = values.every(Number.isSafeInteger)
      return tensor(values as number[], { dtype: whole ? 'int64' : 'float64' })
    }
    case 'bigint':
    case 'boolean':
      requireAll(values, path, (value) => typeof value === typeof first)
      return typeof first === 'boolean'
        ? tensor(values as boolean[], { dtype: 'bool' })
        : tensor(values as bigint[], { dtype: 'int64' })
    case 'string':
      requireAll(values, path, (value) => typeof value === 'string')
      return [...values]
    default:
  }
  if (isNumericArray(first)) {
    requireAll(values, path, (value) => isNumericArray(value) && value.length === first.length)
    return stack((values as NumericArray[]).map((value) => fromTypedArray(value)))
  }
  if (Array.isArray(first)) {
    requireAll(values, path, Array.isArray)
    if (values.some((value) => (value as unknown[]).length !== first.length)) {
      throw new ValueError(
        'defaultCollate',
        [],
        `${path || 'the samples'}: samples have different numbers of parts`,
        'pass a collateFn of your own',
      )
    }
    return first.map((_, i) =>
      collate(
        values.map((value) => (value as unknown[])[i]),
        `${path}[${i}]`,
      ),
    )
  }
  if (first instanceof Map) {
    requireAll(values, path, (value) => value instanceof Map)
    const maps = values as ReadonlyMap<unknown, unknown>[]
    return new Map(
      Array.from(first.keys(), (key) => [
        key,
        collate(
          column(
            maps,
            path,
            String(key),
            (map) => map.has(key),
            (map) => map.get(key),
          ),
          path,
        ),
      ]),
    )
  }
  if (isPlain(first)) {
    requireAll(values, path, isPlain)
    const objects = values as Record<string, unknown>[]
    return Object.fromEntries(
      Object.keys(first).map((key) => [
        key,
        collate(
          column(
            objects,
            path,
            key,
            (one) => Object.hasOwn(one, key),
            (one) => one[key],
          ),
          `${path}.${key}`,
        ),
      ]),
    )
  }
  throw new ValueError(
    'defaultCollate',
    [],
    `${path === '' ? 'samples' : path} of type ${kindOf(first)} cannot be made a batch`,
    'pass a collateFn of your own',
  )
}

/** One part of each sample. @throws {ValueError} if a sample lacks it. */
function column<T>(
  values: readonly T[],
  path: string,
  key: string,
  has: (value: T) => boolean,
  get: (value: T) => unknown,
): unknown[] {
  return values.map((value, i) => {
    if (has(value)) return get(value)
    throw new ValueError(
      'defaultCollate',
      [],
      `${path || 'the samples'}: sample ${i} of the batch has no '${key}', which the first has`,
      'give all samples the same parts, or pass a collateFn',
    )
  })
}

/**
 * Makes one batch of samples: tensors of equal shape, and typed arrays, are stacked along a new first
 * axis; numbers become a tensor (int64 if all are whole, else float64), bigints an int64 one, booleans
 * a bool one; arrays, Maps and plain objects are collated part by part; strings are kept in an array.
 *
 * @throws {ValueError} for parts that cannot be collated, or that differ in kind or number.
 * @throws {ShapeError} for tensors of different shapes.
 * @see torch.utils.data.default_collate
 */
export function defaultCollate<Sample>(samples: readonly Sample[]): Collated<Sample> {
  if (Array.isArray(samples) && samples.length > 0) {
    return collate(samples, '') as Collated<Sample>
  }
  throw new ValueError(
    'defaultCollate',
    [],
    'a batch of no samples is none',
    'pass an array of one or more samples',
  )
}

/**
 * What a loader without batches gives: typed arrays become tensors, also inside of arrays, Maps and
 * plain objects; everything else stays as it is.
 *
 * @see torch.utils.data.default_convert
 */
export function defaultConvert(data: unknown): unknown {
  if (data instanceof Tensor) return data
  if (isNumericArray(data)) return fromTypedArray(data)
  if (Array.isArray(data)) return data.map(defaultConvert)
  if (data instanceof Map) {
    return new Map(Array.from(data, ([key, value]) => [key, defaultConvert(value)]))
  }
  if (!isPlain(data)) return data
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, defaultConvert(value)]),
  )
}
