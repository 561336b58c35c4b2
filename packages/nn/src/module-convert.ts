/** Conversion of a module's parameters and buffers to another dtype, device or order in memory. */
import type { Device, DType, MemoryFormatOptions } from '@flambeau/core'
import { DTypeError, Tensor, zeros } from '@flambeau/core'
import { axesOfFormat, conversionOf, dtypeName } from '@flambeau/core/internal'
import { noGrad } from '@flambeau/autograd'
import type { AnyModule } from './module.ts'
import { buffersOf } from './module-state.ts'
import { Parameter } from './parameter.ts'

/** What {@link Module.to} takes by name. */
export interface ModuleConversionOptions extends MemoryFormatOptions {
  /** A floating dtype. Default: those that they have. */
  dtype?: DType | null
  /** Default: where they are. */
  device?: Device | null
  /** Without effect: copies to a GPU never wait for it. */
  nonBlocking?: boolean
}

/** What {@link Module.to} converts to: a dtype, a device and a dtype, what a tensor has, or options. */
export type ModuleConversion =
  | [dtype: DType, nonBlocking?: boolean]
  | [device: Device | null, dtype?: DType | null, nonBlocking?: boolean]
  | [other: Tensor, nonBlocking?: boolean]
  | [options: ModuleConversionOptions]

/** Converts in place: parameters stay the objects that they are. */
export function convertModule(root: AnyModule, given: ModuleConversion): void {
  const { dtype: code, device, format } = conversionOf(given)
  const dtype = code === undefined ? undefined : dtypeName(code)
  // Say what is wrong before anything is moved.
  if (device !== undefined) zeros([0], { device })
  const axes = axesOfFormat('Module.to', format)
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
    const typed = dtype === undefined || !value.isFloatingPoint() ? there : there.to(dtype)
    // A format for a number of axes leaves other tensors as they are.
    const ordered = format === 'contiguousFormat' || value.ndim === axes
    return ordered ? typed.contiguous({ memoryFormat: format }) : typed
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
