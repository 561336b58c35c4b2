/** Reads goldens/*.json: what PyTorch computed, and from what. */
import { readFileSync } from 'node:fs'
import { fromTypedArray } from '../creation.ts'
import type { DType } from '../dtype.ts'
import { dtypeCode, isFloatingCode } from '../dtype.ts'
import type { Tensor } from '../tensor.ts'

type StoredNumber = number | 'nan' | 'inf' | '-inf'

export interface StoredTensor {
  dtype: DType
  shape: number[]
  data: StoredNumber[]
}

export interface GoldenCase {
  inputs: (StoredTensor | StoredNumber | null)[]
  outputs: StoredTensor[]
  /** Gradients of the weighted sum of the outputs, see {@link upstream}. */
  grads?: (StoredTensor | null)[]
}

const files = new Map<string, Record<string, GoldenCase>>()

/** The case `'<file>:<case>'`. */
export function goldenCase(key: string): GoldenCase {
  const [file, name] = key.split(/:(.*)/) as [string, string]
  let cases = files.get(file)
  if (cases === undefined) {
    const path = new URL(`../../goldens/${file}.json`, import.meta.url)
    cases = (JSON.parse(readFileSync(path, 'utf8')) as { cases: Record<string, GoldenCase> }).cases
    files.set(file, cases)
  }
  const found = cases[name]
  if (found === undefined) throw new Error(`goldens/${file}.json has no case '${name}'`)
  return found
}

export function storedNumber(value: StoredNumber): number {
  if (typeof value === 'number') return value
  return value === 'nan'
    ? Number.NaN
    : value === 'inf'
      ? Number.POSITIVE_INFINITY
      : Number.NEGATIVE_INFINITY
}

/** A stored tensor as a tensor; floating ones in `dtype` if given. */
export function storedTensor(stored: StoredTensor, dtype?: DType): Tensor {
  const values = Float64Array.from(stored.data, storedNumber)
  const used = dtype !== undefined && isFloatingCode(dtypeCode(stored.dtype)) ? dtype : stored.dtype
  return fromTypedArray(values, stored.shape).to(used)
}

/** The inputs of a case. */
export function goldenInputs(golden: GoldenCase, dtype?: DType): (Tensor | number | null)[] {
  return golden.inputs.map((input) => {
    if (input === null) return null
    return typeof input === 'object' ? storedTensor(input, dtype) : storedNumber(input)
  })
}

/** The gradient that every golden sends back: cos(0.7 i + 0.3) for element i. */
export function upstream(output: Tensor): Tensor {
  const values = Float64Array.from({ length: output.numel() }, (_, i) => Math.cos(0.7 * i + 0.3))
  return fromTypedArray(values, output.shape).to(output.dtype)
}
