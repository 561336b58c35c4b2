/**
 * Samples of operations. They stand beside the operations (ops/<family>.samples.ts); sweeps in this
 * package and in others read them all, so that an operation without samples fails the build.
 */
import type { DType } from '../dtype.ts'
import { dtypeCode, isFloatingCode } from '../dtype.ts'
import { operations } from '../op.ts'
import type { Tensor } from '../tensor.ts'
import { fromTypedArray } from '../creation.ts'

/** How an input lies in memory. */
export type Layout = 'contiguous' | 'transposed' | 'channelsLast' | 'sliced' | 'expanded'

/** An input that the sample makes: by shape, or in more detail, or a plain number. */
export type InputSpec =
  | readonly number[]
  | number
  | null
  | {
      shape: readonly number[]
      /** Default float32. */
      dtype?: DType
      /** Values are spread over [low, high); default [-2, 2), integers [-5, 5). */
      low?: number
      high?: number
      /** The values themselves, row-major. */
      values?: readonly number[]
      /** Default contiguous. */
      layout?: Layout
    }

export interface Tolerance {
  rtol: number
  atol: number
}

export interface Sample {
  /** A sentence about what is special here. */
  name: string
  // The inputs' types are the operation's own business.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  run: (...inputs: any[]) => Tensor | readonly Tensor[]
  /** Inputs made here; left out where a golden has them. */
  inputs?: readonly InputSpec[]
  /** `'<file>:<case>'`, a case of goldens/<file>.json: inputs, outputs and gradients by PyTorch. */
  golden?: string
  /** The call must throw an error with this text. */
  throws?: RegExp
  /** False where finite differences make no sense (kinks, random numbers). Default true. */
  gradcheck?: boolean
  /** Where the defaults for float32 (and 1e-10 for float64) are too tight. */
  tolerance?: Tolerance
}

const table = new Map<string, Sample[]>()

/**
 * Adds samples of the operation `op`, by the name of its record; functions that are made of other
 * operations have samples under their own name.
 */
export function samplesFor(op: string, samples: readonly Sample[]): void {
  const list = table.get(op) ?? []
  for (const sample of samples) {
    if (list.some((other) => other.name === sample.name)) {
      throw new Error(`${op} has two samples called '${sample.name}'`)
    }
    list.push(sample)
  }
  table.set(op, list)
}

/** All samples by operation. */
export function allSamples(): ReadonlyMap<string, readonly Sample[]> {
  return table
}

/** Names of operations in the registry that have no sample. */
export function operationsWithoutSamples(): string[] {
  return [...operations().keys()].filter((name) => !table.has(name))
}

/** A generator of the same numbers in every run. */
function spread(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function makeValues(
  n: number,
  dtype: DType,
  low: number,
  high: number,
  seed: number,
): Float64Array {
  const next = spread(seed)
  return Float64Array.from({ length: n }, () => {
    const value = low + (high - low) * next()
    return isFloatingCode(dtypeCode(dtype)) ? value : Math.floor(value)
  })
}

/** A tensor with these row-major values that lies in memory as asked. */
export function withLayout(tensor: Tensor, layout: Layout): Tensor {
  switch (layout) {
    case 'contiguous':
      return tensor
    case 'transposed': {
      const axes = tensor.shape.map((_, i) => tensor.ndim - 1 - i)
      return tensor.permute(axes).contiguous().permute(axes)
    }
    case 'channelsLast':
      return tensor.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    case 'sliced': {
      // Every second element of a larger storage, after an offset.
      const { shape } = tensor
      const last = tensor.ndim - 1
      const doubled = tensor
        .unsqueeze(-1)
        .expand([...shape, 2])
        .reshape([...shape.slice(0, last), (shape[last] ?? 1) * 2])
      return doubled.slice(last, 1, null, 2)
    }
    case 'expanded':
      return tensor.narrow(0, 0, 1).expand(tensor.shape)
  }
}

/** The tensor (or number, or null) that a specification describes. */
export function makeInput(
  spec: InputSpec,
  position: number,
  dtype?: DType,
): Tensor | number | null {
  if (spec === null || typeof spec === 'number') return spec
  const full = Array.isArray(spec)
    ? { shape: spec as readonly number[] }
    : (spec as Exclude<InputSpec, readonly number[] | number | null>)
  const own = full.dtype ?? 'float32'
  const floating = isFloatingCode(dtypeCode(own))
  const used = dtype !== undefined && floating ? dtype : own
  const n = full.shape.reduce((a, b) => a * b, 1)
  const [low, high] =
    own === 'bool' ? [0, 2] : own === 'uint8' ? [0, 10] : floating ? [-2, 2] : [-5, 5]
  const values =
    full.values !== undefined
      ? Float64Array.from(full.values)
      : makeValues(n, own, full.low ?? low, full.high ?? high, 17 + 31 * position)
  return withLayout(fromTypedArray(values, full.shape).to(used), full.layout ?? 'contiguous')
}
