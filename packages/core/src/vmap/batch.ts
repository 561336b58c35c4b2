/**
 * What a tensor inside of vmap is. To the function that is mapped it looks like one sample; its
 * elements are those of all samples, in a tensor with the samples along the first axis. It has no
 * native tensor of its own: operations are carried out on that of all samples.
 */
import type { Tensor } from '../tensor.ts'

/** A call of vmap that is running. Inner ones have higher levels. */
export interface BatchLevel {
  readonly level: number
  /** How many samples. */
  readonly size: number
  readonly randomness: 'error' | 'different' | 'same'
  /** False once the call is over: its tensors are of no use then. */
  open: boolean
}

/** Kept at a tensor in the place of what the gradient package keeps with others. */
export class Batch {
  readonly level: BatchLevel
  /** The samples: `[size, …shape]`; it may be batched itself, at a lower level. */
  readonly value: Tensor
  /** A view that had to be copied: writing to it would not reach what it is a view of. */
  readonly copied: boolean

  constructor(level: BatchLevel, value: Tensor, copied: boolean) {
    this.level = level
    this.value = value
    this.copied = copied
  }
}

/** The batch that the tensor stands for; null for one of its own. */
export function batchOf(tensor: Tensor): Batch | null {
  return tensor._id === 0 && tensor._autograd instanceof Batch ? tensor._autograd : null
}
