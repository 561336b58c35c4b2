/** What a tensor may become part of: whether operations are recorded here, and inference mode. */
import { AutogradError } from './errors.ts'
import { commands, native } from './native.ts'
import { isInferring, isRecording } from './op.ts'
import type { Tensor } from './tensor.ts'
import { liveId, requireTensor } from './tensor.ts'

/** True while operations are recorded at this place. @see torch.is_grad_enabled */
export function isGradEnabled(): boolean {
  return isRecording()
}

/** True inside of inference mode. @see torch.is_inference_mode_enabled */
export function isInferenceModeEnabled(): boolean {
  return isInferring()
}

/**
 * Was the tensor made in inference mode? Such a tensor is never part of a graph; `clone()` outside
 * of inference mode makes one that is.
 *
 * @see torch.is_inference
 */
export function isInference(input: Tensor): boolean {
  requireTensor('isInference', 'input', input)
  native.graphInfo(liveId('isInference', input))
  return commands[1] === 1
}

/**
 * Cuts the tensor off from its history, in place: it no longer requires a gradient.
 *
 * @throws {AutogradError} for a view, whose history is also that of what it views.
 * @see torch.detach_
 */
export function detach_(input: Tensor): Tensor {
  requireTensor('detach_', 'input', input)
  const id = liveId('detach_', input)
  native.graphInfo(id)
  if (commands[2] === 1) {
    throw new AutogradError(
      'detach_',
      { input },
      'a view cannot be cut off from its history, which is also that of what it views',
      'use detach(), or detach_() what it views',
    )
  }
  native.setRequiresGrad(id, 0)
  input._own = false
  return input
}

export interface ModeMethods {
  /** See {@link isInference}. */
  isInference(): boolean
  /** See {@link detach_}. */
  detach_(): this
}

export const modeMethods: {
  readonly isInference: (self: Tensor) => boolean
  readonly detach_: (self: Tensor) => Tensor
} = { isInference, detach_ }
