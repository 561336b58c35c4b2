/** Conversion of a module's parameters and buffers to another dtype or device. */
import type { DType, Device } from '@flambeau/core'
import { DTypeError, Tensor, zeros } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import type { AnyModule } from './module.ts'
import { buffersOf } from './module-state.ts'
import { Parameter } from './parameter.ts'

/** What {@link Module.to} converts to: a dtype, a device, both, or what a tensor has. */
export type ModuleConversion = DType | Device | Tensor | { dtype?: DType; device?: Device }

interface Target {
  dtype: DType | undefined
  device: Device | undefined
}

function targetOf(conversion: ModuleConversion): Target {
  if (conversion instanceof Tensor) return { dtype: conversion.dtype, device: conversion.device }
  if (typeof conversion === 'object') return { dtype: conversion.dtype, device: conversion.device }
  return isDType(conversion)
    ? { dtype: conversion, device: undefined }
    : { dtype: undefined, device: conversion }
}

const isDType = (name: string): name is DType => !/^(cpu|cuda|mps|meta)\b/.test(name)

/** Converts in place: parameters stay the objects that they are. */
export function convertModule(root: AnyModule, conversion: ModuleConversion): void {
  const { dtype, device } = targetOf(conversion)
  // Says what is wrong where tensors cannot be there, before anything is moved.
  if (device !== undefined) zeros([0], { device })
  if (dtype !== undefined && !dtype.startsWith('float') && dtype !== 'bfloat16') {
    throw new DTypeError(
      'Module.to',
      [],
      `parameters must be floating, not ${dtype}`,
      "use 'float32', 'float64', 'float16' or 'bfloat16'",
    )
  }
  const converted = (value: Tensor): Tensor => {
    const there = device === undefined ? value : value.to(device)
    return dtype === undefined || !value.isFloatingPoint() ? there : there.to(dtype)
  }
  noGrad(() => {
    for (const module of root.modules()) {
      const fields = module as unknown as Record<string, unknown>
      for (const key of Object.keys(module)) {
        const value = fields[key]
        if (!(value instanceof Parameter)) continue
        const own = value.detach()
        const data = converted(own)
        if (data === own) continue
        const { grad } = value
        value.data = data
        value.grad = grad === null ? null : converted(grad)
      }
      for (const key of buffersOf(module).keys()) {
        const value = fields[key]
        if (value instanceof Tensor) fields[key] = converted(value)
      }
    }
  })
}
