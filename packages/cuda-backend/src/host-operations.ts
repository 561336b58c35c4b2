/** What the processor does for a GPU. */
import { addon } from './native.ts'

/** An operation that the processor does on copies, and why. */
export interface HostOperation {
  /** The name of the kernel. */
  readonly name: string
  readonly reason: string
}

/**
 * The operations on tensors of a GPU that the processor does: the inputs are copied to it and the
 * results back, for which the program waits. Empty without an addon.
 */
export function hostOperations(): HostOperation[] {
  const texts = addon?.hostKernels() ?? []
  const list: HostOperation[] = []
  for (let i = 0; i < texts.length; i += 2) {
    list.push({ name: texts[i] as string, reason: texts[i + 1] as string })
  }
  return list
}

/** The names of the kernels that run on a GPU. Empty without an addon. */
export function kernelNames(): string[] {
  return addon?.kernelNames() ?? []
}
