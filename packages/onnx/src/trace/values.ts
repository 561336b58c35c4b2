/** What a trace is made of. */
import type { Tensor } from '@flambeau/core'
import { CODE } from '../dtypes.ts'

/** Where a value comes from. */
export type Source = 'input' | 'state' | 'constant' | 'call'

/** Elements of a tensor, row-major. */
export type Elements = ReturnType<Tensor['toArray']> | BigInt64Array

/** A tensor as it was at one moment of the trace. */
export interface Value {
  /** Its place in the order of appearance: the same in every trace of one program. */
  readonly id: number
  readonly source: Source
  /** Of an input or of state; empty otherwise. */
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: number
  /** Does it follow from nothing but constants? */
  readonly fixed: boolean
  /** The elements of what is fixed. */
  readonly elements: Elements | null
}

/** One call of an operation, or of a compound function. */
export interface Call {
  readonly op: string
  readonly inputs: readonly (Value | number | null)[]
  readonly numbers: readonly number[]
  readonly params: unknown
  /** The dtype that plain numbers among the inputs have. */
  readonly numberDtype: number
  readonly outputs: readonly Value[]
}

/** A program as it ran on one set of inputs. */
export interface Trace {
  readonly values: readonly Value[]
  readonly calls: readonly Call[]
  readonly outputs: readonly Value[]
}

/** The elements of a tensor, row-major; of float16 and bfloat16 as float32. */
export function elementsOf(tensor: Tensor): Elements {
  return tensor._dtype === CODE.int64 ? tensor.toBigIntArray() : tensor.toArray()
}
