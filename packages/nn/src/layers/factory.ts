/** How layers make their parameters. */
import type { Describable, DType, Device } from '@flambeau/core'
import { empty, ValueError } from '@flambeau/core'
import { show } from '@flambeau/core/internal'
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

/** @throws {ValueError} unless all of `sizes` are whole numbers ≥ `least`. */
export function requireSizes(op: string, sizes: Record<string, unknown>, least: number): void {
  for (const [name, value] of Object.entries(sizes)) {
    if (Number.isSafeInteger(value) && (value as number) >= least) continue
    throw new ValueError(
      op,
      sizes as Record<string, Describable>,
      `${name} must be a whole number ≥ ${least}, not ${show(value)}`,
      `pass ${name}: ${Math.max(least, 1)}`,
    )
  }
}
