/** What pooling checks before it runs, and where its windows lie. */
import type { Describable } from '../errors.ts'
import { ShapeError, ValueError } from '../errors.ts'
import type { Tensor } from '../tensor.ts'
import type { Dims, Sizes } from './windows.ts'
import { axisName, reachOf, sizesOf } from './windows.ts'

/** A number per axis, or none: an empty list and null stand for a default. */
export type OptionalSizes = Sizes | readonly [] | null | undefined

/** Windows along one axis. */
export interface Window {
  size: number
  stride: number
  padding: number
  dilation: number
  /** How many there are. */
  count: number
}

/** The numbers of a call as they were given. */
export interface GivenWindows {
  kernelSize: Sizes
  stride: OptionalSizes
  padding: Sizes | undefined
  dilation: Sizes | undefined
  ceilMode: boolean
}

function count(size: number, window: Omit<Window, 'count'>, up: boolean): number {
  const { stride, padding } = window
  const free = size + 2 * padding - reachOf(window.size, window.dilation)
  const windows = (up ? Math.ceil(free / stride) : Math.floor(free / stride)) + 1
  // A window that would begin behind the input and its padding in front does not count.
  return up && (windows - 1) * stride >= size + padding ? windows - 1 : windows
}

function isDefault(sizes: OptionalSizes): sizes is null | undefined | readonly [] {
  return sizes === null || sizes === undefined || (Array.isArray(sizes) && sizes.length === 0)
}

/** The windows along each axis of an input with a batch axis, after all checks. */
export function windowsOf(op: string, dims: Dims, input: Tensor, given: GivenWindows): Window[] {
  const inputs: Record<string, Describable> = { input }
  const kernel = sizesOf(op, 'kernelSize', given.kernelSize, dims, 1, inputs)
  const stride = isDefault(given.stride)
    ? kernel
    : sizesOf(op, 'stride', given.stride, dims, 1, inputs)
  const padding = sizesOf(op, 'padding', given.padding ?? 0, dims, 0, inputs)
  const dilation = sizesOf(op, 'dilation', given.dilation ?? 1, dims, 1, inputs)
  if (input._shape.slice(1).includes(0)) {
    throw new ShapeError(
      op,
      inputs,
      'only the batch may be empty',
      'leave out empty inputs before pooling',
    )
  }
  return input._shape.slice(2).map((size, i) => {
    const window = {
      size: kernel[i] as number,
      stride: stride[i] as number,
      padding: padding[i] as number,
      dilation: dilation[i] as number,
    }
    const reach = reachOf(window.size, window.dilation)
    const most = Math.floor((dims === 1 ? window.size : reach) / 2)
    if (window.padding > most) {
      throw new ValueError(
        op,
        inputs,
        `padding (${window.padding}) must be at most half of the window (${dims === 1 ? window.size : reach})`,
        'use less padding, or a larger window',
      )
    }
    const windows = count(size, window, given.ceilMode)
    if (windows >= 1) return { ...window, count: windows }
    const name = axisName(dims, i)
    throw new ShapeError(
      op,
      inputs,
      `the window covers a ${name} of ${reach}, the padded input has ${size + 2 * window.padding}`,
      'use a larger input, more padding, or a smaller window or dilation',
    )
  })
}

/** A window of one position: an axis that is left as it is. */
export function passing(size: number): Window {
  return { size: 1, stride: 1, padding: 0, dilation: 1, count: size }
}

/** How many positions each window along an axis of this size covers, with its padding or without. */
export function coverOf(size: number, window: Window, countPad: boolean): number[] {
  return Array.from({ length: window.count }, (_, i) => {
    const start = i * window.stride - window.padding
    const end = start + window.size
    return countPad
      ? Math.min(end, size + window.padding) - start
      : Math.min(end, size) - Math.max(start, 0)
  })
}
