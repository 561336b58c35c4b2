/** Conversion of a module's parameters and buffers to another dtype or device. */
import type { DType, Device } from '@flambeau/core'
import { DTypeError, isDeviceAvailable, Tensor, zeros } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import type { AnyModule } from './module.ts'
import { buffersOf } from './module-state.ts'
import { Parameter } from './parameter.ts'

/** What {@link Module.to} converts to: a dtype, a device, both, or what a tensor has. */
export type ModuleConversion = DType | Device | Tensor | { dtype?: DType; device?: Device }

function targetOf(conversion: ModuleConversion): { dtype?: DType | undefined } {
  if (conversion instanceof Tensor) return { dtype: conversion.dtype }
  if (typeof conversion === 'object') {
    // Says what is wrong where tensors cannot be there.
    if (conversion.device !== undefined) zeros([0], { device: conversion.device })
    return { dtype: conversion.dtype }
  }
  if (isDeviceAvailable(conversion)) return {}
  if (/^(cuda|mps|meta)\b/.test(conversion)) zeros([0], { device: conversion })
  return { dtype: conversion as DType }
}

/** Converts in place: parameters stay the objects that they are. */
export function convertModule(root: AnyModule, conversion: ModuleConversion): void {
  const { dtype } = targetOf(conversion)
  if (dtype === undefined) return
  if (!dtype.startsWith('float') && dtype !== 'bfloat16') {
    throw new DTypeError(
      'Module.to',
      [],
      `parameters must be floating, not ${dtype}`,
      "use 'float32', 'float64', 'float16' or 'bfloat16'",
    )
  }
  noGrad(() => {
    for (const module of root.modules()) {
      const fields = module as unknown as Record<string, unknown>
      for (const key of Object.keys(module)) {
        const value = fields[key]
        if (!(value instanceof Parameter) || !value.isFloatingPoint()) continue
        if (value.dtype === dtype) continue
        const { grad } = value
        value.data = value.detach().to(dtype)
        value.grad = grad === null ? null : grad.to(dtype)
      }
      for (const key of buffersOf(module).keys()) {
        const value = fields[key]
        if (value instanceof Tensor && value.isFloatingPoint()) fields[key] = value.to(dtype)
      }
    }
  })
}
