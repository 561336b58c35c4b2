/** Functions of one sample, mapped over all samples at once. */
import type { Arguments } from '../arguments.ts'
import { isNamed, parameters } from '../arguments.ts'
import { ShapeError, ValueError } from '../errors.ts'
import { vmapping } from '../op.ts'
import { movedim } from '../ops/axes.ts'
import { expand } from '../ops/expand.ts'
import { cat } from '../ops/joining.ts'
import { narrow } from '../ops/slicing.ts'
import { show } from '../show.ts'
import { Tensor } from '../tensor.ts'
import type { BatchLevel } from './batch.ts'
import { batched, currentLevels, inLevel, interpreter, samplesOf } from './interpreter.ts'

/**
 * Which axis of the tensors is that of the samples: one for all of them, null where all samples
 * share them, or an array or object of the same structure as what it speaks of.
 */
export type MappedDims =
  | number
  | null
  | readonly MappedDims[]
  | { readonly [key: string]: MappedDims }

/** The same, for all arguments: a number or null for all of them, or an array with one for each. */
export type ListedDims = number | null | readonly MappedDims[]

/** What random numbers are in the samples of vmap. */
export type Randomness = 'error' | 'different' | 'same'

/** Options of {@link vmap}. */
export interface VmapOptions {
  /** The samples' axis of each argument. Default 0. */
  inDims?: ListedDims
  /** Where the samples' axis is in each result. Default 0. */
  outDims?: MappedDims
  /** Whether random numbers are refused (the default), different for each sample, or the same. */
  randomness?: Randomness
  /** At most so many samples at once. Default: all. */
  chunkSize?: number | null
}

type Positional = Omit<VmapOptions, 'outDims'> & { outDims?: ListedDims }

type VmapArguments =
  | [options: VmapOptions]
  | [inDims: ListedDims, options: Omit<VmapOptions, 'inDims'>]
  | Arguments<Positional, ['inDims', 'outDims', 'randomness', 'chunkSize']>

const readVmap = parameters<[MappedDims, MappedDims, Randomness, number | null]>('vmap', [
  'inDims',
  'outDims',
  'randomness',
  'chunkSize',
])

/** A tensor among the arguments, and its samples' axis, counted from the front. */
interface Mapped {
  readonly tensor: Tensor
  readonly dim: number
}

/** Calls `visit` for each tensor or other value in `value`, with what `dims` says of it. */
function walk(
  name: string,
  value: unknown,
  dims: MappedDims,
  visit: (leaf: unknown, dim: number | null) => unknown,
): unknown {
  const inside = (key: string | number): MappedDims => {
    if (typeof dims !== 'object' || dims === null) return dims
    const own = (dims as Record<string | number, MappedDims | undefined>)[key]
    if (own !== undefined) return own
    throw misfit(name, value, dims)
  }
  if (Array.isArray(value)) {
    const list: unknown[] = value
    if (Array.isArray(dims) ? dims.length !== list.length : isNamed(dims)) {
      throw misfit(name, value, dims)
    }
    const mapped = list.map((one, i) => walk(name, one, inside(i), visit))
    return withNames(list, mapped)
  }
  if (isNamed(value)) {
    if (Array.isArray(dims)) throw misfit(name, value, dims)
    const entries = Object.entries(value)
    return Object.fromEntries(
      entries.map(([key, one]) => [key, walk(name, one, inside(key), visit)]),
    )
  }
  if (typeof dims === 'object' && dims !== null) throw misfit(name, value, dims)
  return visit(value, dims)
}

/** A result's names, as max(dim) has them, for what became of its tensors. */
function withNames(list: readonly unknown[], mapped: unknown[]): unknown[] {
  for (const key of Object.getOwnPropertyNames(list)) {
    if (key === 'length' || /^\d+$/.test(key)) continue
    const at = list.indexOf((list as unknown as Record<string, unknown>)[key])
    if (at >= 0) Object.defineProperty(mapped, key, { value: mapped[at] })
  }
  return mapped
}

function misfit(name: string, value: unknown, dims: MappedDims): ValueError {
  return new ValueError(
    'vmap',
    [],
    `${name} ${JSON.stringify(dims)} do not have the structure of ${show(value)}`,
    'give a number, null, or an array or object with one for each part',
  )
}

function axisOf(name: string, dim: number, tensor: Tensor, rank: number): number {
  if (Number.isInteger(dim) && dim >= -rank && dim < rank) return dim < 0 ? dim + rank : dim
  throw new ValueError(
    'vmap',
    { tensor },
    `${name} names axis ${String(dim)}, outside [${-rank}, ${rank - 1}]`,
    'name the axis of the samples',
  )
}

/** All mapped tensors of the arguments. */
function mappedTensors(args: readonly unknown[], inDims: MappedDims): Mapped[] {
  const found: Mapped[] = []
  walk('inDims', args, inDims, (leaf, dim) => {
    if (dim === null) return leaf
    if (!(leaf instanceof Tensor)) {
      throw new ValueError(
        'vmap',
        [],
        `inDims name axis ${String(dim)} of ${show(leaf)}, which is not a tensor`,
        'write null for what is not mapped',
      )
    }
    found.push({ tensor: leaf, dim: axisOf('inDims', dim, leaf, leaf.ndim) })
    return leaf
  })
  return found
}

function sampleCount(mapped: readonly Mapped[]): number {
  const [first] = mapped
  if (first === undefined) {
    throw new ValueError(
      'vmap',
      [],
      'no argument is mapped',
      'name the samples axis of at least one tensor in inDims',
    )
  }
  const size = first.tensor._shape[first.dim] as number
  const other = mapped.find(({ tensor, dim }) => tensor._shape[dim] !== size)
  if (other === undefined) return size
  throw new ShapeError(
    'vmap',
    { first: first.tensor, other: other.tensor },
    `the samples' axes have different sizes, ${size} and ${other.tensor._shape[other.dim]}`,
    'map tensors of as many samples',
  )
}

function checkRandomness(value: unknown): asserts value is Randomness {
  if (value === 'error' || value === 'different' || value === 'same') return
  throw new ValueError(
    'vmap',
    [],
    `randomness is 'error', 'different' or 'same', not ${show(value)}`,
    'leave it out to refuse random numbers',
  )
}

/** Runs the function once, for all samples. */
function mapOnce(
  fn: (...args: unknown[]) => unknown,
  args: readonly unknown[],
  size: number,
  settings: { inDims: MappedDims; outDims: MappedDims; randomness: Randomness },
): unknown {
  const level: BatchLevel = {
    level: currentLevels().length,
    size,
    randomness: settings.randomness,
    open: true,
  }
  const before = vmapping.interpreter
  vmapping.interpreter = interpreter
  try {
    return inLevel(level, () => {
      const own = walk('inDims', args, settings.inDims, (leaf, dim) => {
        if (dim === null) return leaf
        const tensor = leaf as Tensor
        const at = axisOf('inDims', dim, tensor, tensor.ndim)
        return batched(level, at === 0 ? tensor : movedim(tensor, at, 0))
      })
      const result = fn(...(own as unknown[]))
      return walk('outDims', result, settings.outDims, (leaf, dim) => unmapped(level, leaf, dim))
    })
  } finally {
    vmapping.interpreter = before
  }
}

/** A result with its samples along axis `dim`. */
function unmapped(level: BatchLevel, leaf: unknown, dim: number | null): unknown {
  if (!(leaf instanceof Tensor)) {
    throw new ValueError(
      'vmap',
      [],
      `the function returned ${leaf instanceof Promise ? 'a promise' : show(leaf)}, which is not a tensor`,
      'return tensors, or arrays and objects of them',
    )
  }
  const samples = samplesOf(leaf, level)
  if (dim === null) {
    if (samples === null) return leaf
    throw new ValueError(
      'vmap',
      { result: leaf },
      'outDims say null of a result that is different for each sample',
      'name the axis that the samples are to have',
    )
  }
  const all = samples ?? expand(leaf, [level.size, ...leaf._shape])
  return movedim(all, 0, axisOf('outDims', dim, leaf, leaf.ndim + 1))
}

/** Results of chunks, joined along the samples' axes. */
function joined(chunks: readonly unknown[], outDims: MappedDims): unknown {
  const [first] = chunks
  if (chunks.length === 1) return first
  const flat = chunks.map((chunk) => {
    const leaves: Tensor[] = []
    walk('outDims', chunk, outDims, (leaf) => leaves.push(leaf as Tensor))
    return leaves
  })
  let at = 0
  return walk('outDims', first, outDims, (leaf, dim) => {
    const parts = flat.map((leaves) => leaves[at] as Tensor)
    at++
    return dim === null ? leaf : cat(parts, dim)
  })
}

/**
 * The function that calls `fn`, which treats one sample, for all samples at once: each argument has an
 * axis of samples (`inDims`), which `fn` does not see, and each result gets one (`outDims`).
 *
 * Elementwise operations, reductions, products, views and the like are done with one call for all
 * samples; other operations sample by sample, which gives the same. Gradients flow through; calls may
 * be nested, and `vmap(grad(fn))` of the gradient package gives the gradient of each sample. Values
 * cannot be looked into (`item`, `tolist`), and what all samples share cannot be written to.
 *
 * @throws {ValueError, ShapeError} when called, if dims and arguments do not fit, or for random
 * numbers without `randomness`.
 * @see torch.vmap
 *
 * @example
 * ```ts
 * import { tensor, vmap, type Tensor } from '@flambeau/core'
 * const dot = (a: Tensor, b: Tensor) => a.mul(b).sum()
 * const a = tensor([[1, 2], [3, 4]])
 * console.log(vmap(dot)(a, a)) // => tensor([ 5, 25])
 * ```
 */
export function vmap<A extends unknown[], R>(
  fn: (...args: A) => R,
  ...given: VmapArguments
): (...args: A) => R {
  if (typeof fn !== 'function') {
    throw new ValueError('vmap', [], `fn must be a function, not ${show(fn)}`, 'vmap((x) => …)')
  }
  const [inDims = 0, outDims = 0, randomness = 'error', chunkSize = null] = readVmap(given)
  checkRandomness(randomness)
  if (chunkSize !== null && !(Number.isInteger(chunkSize) && chunkSize > 0)) {
    throw new ValueError(
      'vmap',
      [],
      `chunkSize must be a whole number ≥ 1, not ${show(chunkSize)}`,
      'leave it out for all samples at once',
    )
  }
  const settings = { inDims, outDims, randomness }
  const body = fn as unknown as (...args: unknown[]) => unknown
  return (...args) => {
    const size = sampleCount(mappedTensors(args, inDims))
    if (chunkSize === null || chunkSize >= size) {
      return mapOnce(body, args, size, settings) as R
    }
    const chunks: unknown[] = []
    for (let start = 0; start < size; start += chunkSize) {
      const count = Math.min(chunkSize, size - start)
      const part = walk('inDims', args, inDims, (leaf, dim) => {
        if (dim === null) return leaf
        const tensor = leaf as Tensor
        return narrow(tensor, axisOf('inDims', dim, tensor, tensor.ndim), start, count)
      })
      chunks.push(mapOnce(body, part as unknown[], count, settings))
    }
    return joined(chunks, outDims) as R
  }
}
