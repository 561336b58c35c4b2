/** How layers make their parameters. */
import type { DType, Device } from '@flambeau/core'
import { empty } from '@flambeau/core'
import { Parameter } from '../parameter.ts'

/** Where and in which dtype a layer's parameters are. */
export interface FactoryOptions {
  /** Default: the default device. */
  device?: Device | null
  /** Default: the default dtype. */
  dtype?: DType | null
}

/** A parameter that is yet to be filled. */
export function newParameter(
  shape: readonly number[],
  { device, dtype }: FactoryOptions,
): Parameter {
  const options = { device: device ?? undefined, dtype: dtype ?? undefined }
  return new Parameter(empty([...shape], options as { dtype?: DType; device?: Device }))
}
