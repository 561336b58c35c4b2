/** What a tensor may become part of: whether operations are recorded here, and inference mode. */
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

export interface ModeMethods {
  /** See {@link isInference}. */
  isInference(): boolean
}

export const modeMethods: { readonly isInference: (self: Tensor) => boolean } = { isInference }
