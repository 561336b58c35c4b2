/** Statistics of batch normalisation for weights that no batch has gone through. */
import type { Device } from '@flambeau/core'
import { Tensor, ValueError } from '@flambeau/core'
import { isAsyncIterable, requireInstance, requireIterable } from '@flambeau/core/internal'
import { noGrad } from '@flambeau/autograd'
import type { AnyModule } from '@flambeau/nn'
import { BatchNorm1d, BatchNorm2d, BatchNorm3d, Module } from '@flambeau/nn'

type BatchNorm = BatchNorm1d | BatchNorm2d | BatchNorm3d
/** A tensor, or a list that begins with one. */
type Batch = unknown
type Model = AnyModule

function batchNorms(model: Model): BatchNorm[] {
  const kinds = [BatchNorm1d, BatchNorm2d, BatchNorm3d]
  return [...model.modules()].filter((one) => kinds.some((kind) => one instanceof kind)) as never[]
}

function inputOf(batch: Batch, device: Device | null | undefined): Tensor {
  const input: unknown = Array.isArray(batch) ? (batch as unknown[])[0] : batch
  if (!(input instanceof Tensor)) {
    throw new ValueError(
      'updateBn',
      [],
      'a batch must be a tensor, or a list that begins with one',
      'map the loader to the inputs of the model',
    )
  }
  return device ? input.to({ device }) : input
}

/** Starts plain means of the batches' statistics; the result puts everything back. */
function start(model: Model, layers: readonly BatchNorm[]): () => void {
  const momenta = layers.map((layer) => layer.momentum)
  const wasTraining = model.training
  const set = (layer: BatchNorm, momentum: number | null): void => {
    ;(layer as { momentum: number | null }).momentum = momentum
  }
  model.train()
  for (const layer of layers) {
    layer.resetRunningStats()
    set(layer, null)
  }
  return () => {
    layers.forEach((layer, i) => set(layer, momenta[i] as number | null))
    model.train(wasTraining)
  }
}

/**
 * Computes the running statistics of all batch normalisations anew, with one pass over `loader`: for
 * an {@link AveragedModel}, whose weights no batch has seen. Batches are tensors, or lists that begin
 * with the model's input. Returns a promise where the loader is asynchronous.
 *
 * @throws {ValueError} for other batches.
 * @see torch.optim.swa_utils.update_bn
 */
export function updateBn(
  loader: AsyncIterable<Batch>,
  model: Model,
  device?: Device | null,
): Promise<void>
export function updateBn(loader: Iterable<Batch>, model: Model, device?: Device | null): void
export function updateBn(
  loader: AsyncIterable<Batch> | Iterable<Batch>,
  model: Model,
  device?: Device | null,
): Promise<void> | void {
  requireInstance('updateBn', 'model', model, Module, 'new AveragedModel(model)')
  const isAsync = isAsyncIterable(loader)
  if (!isAsync)
    requireIterable('updateBn', 'loader', loader, 'a DataLoader or a list of batches', '[x]')
  const layers = batchNorms(model)
  if (layers.length === 0) return isAsync ? Promise.resolve() : undefined
  const call = model as unknown as (input: Tensor) => unknown
  return noGrad((): Promise<void> | void => {
    if (isAsync) return passAsync(loader, model, layers, device)
    const finish = start(model, layers)
    try {
      for (const batch of loader) call(inputOf(batch, device))
    } finally {
      finish()
    }
  })
}

async function passAsync(
  loader: AsyncIterable<Batch>,
  model: Model,
  layers: readonly BatchNorm[],
  device: Device | null | undefined,
): Promise<void> {
  const call = model as unknown as (input: Tensor) => unknown
  const finish = start(model, layers)
  try {
    for await (const batch of loader) call(inputOf(batch, device))
  } finally {
    finish()
  }
}
