import { Tensor } from '@flambeau/core'
import { requireIterable, requireTensors } from '@flambeau/core/internal'

/** Parameters as an array, also a single one. @throws {ValueError} unless all are tensors. */
export function tensorsOf(op: string, parameters: Iterable<Tensor> | Tensor): Tensor[] {
  if (parameters instanceof Tensor) return [parameters]
  requireIterable(op, 'parameters', parameters, 'a list of tensors', 'pass module.parameters()')
  const list = [...parameters]
  requireTensors(op, 'parameters', list)
  return list
}
