/** What the loop asks of its parts. */
import type { Device } from '@flambeau/core'
import { Tensor, ValueError } from '@flambeau/core'
import {
  anyDevice,
  isAsyncIterable,
  requireFunction,
  requireInstance,
  requireIterable,
} from '@flambeau/core/internal'
import type { AnyModule, Module } from '@flambeau/nn'
import { Module as ModuleClass } from '@flambeau/nn'

/** Batches, again for each epoch: a DataLoader, a list, anything that can be iterated. */
export type Batches<Batch> = AsyncIterable<Batch> | Iterable<Batch>

/** @throws {ValueError} unless `batches` can be iterated over. */
export function requireBatches(op: string, batches: unknown): void {
  if (isAsyncIterable(batches)) return
  const fix = 'new DataLoader(dataset, { batchSize: 32 })'
  requireIterable(op, 'batches', batches, 'a DataLoader or a list', fix)
}

/** What came of a batch: the loss, and what metrics are to compare. */
export interface BatchResult {
  /** A scalar. */
  readonly loss: Tensor
  /** What metrics take: predictions, then targets. Default none. */
  readonly compared?: readonly [predictions: Tensor, targets: Tensor]
}

/** Computes a batch: the loss alone, or with what metrics are to compare. */
export type BatchFunction<Batch> = (batch: Batch) => Tensor | BatchResult

/** A loss of outputs and targets. */
export type LossFunction = (output: Tensor, target: Tensor) => Tensor

/** How a batch is computed: by a loss, or by a function of the whole batch. */
export interface Objective<Batch> {
  readonly loss?: LossFunction
  readonly forward?: BatchFunction<Batch>
}

/**
 * What `loss` or `forward` make of a batch.
 *
 * @throws {ValueError} unless one of both is given, and is a function.
 */
export function objectiveOf<Batch>(
  op: string,
  model: AnyModule,
  { loss, forward }: Objective<Batch>,
): (batch: Batch) => BatchResult {
  if ((loss === undefined) === (forward === undefined)) {
    const rule = 'one of { loss } and { forward } says what is computed of a batch'
    throw new ValueError(op, [], rule, 'pass one of them')
  }
  requireFunction(op, loss === undefined ? 'forward' : 'loss', loss ?? forward)
  const compute = forward ?? withLoss<Batch>(op, model as Module, loss as LossFunction)
  return (batch) => resultOf(op, compute(batch))
}

/** The model of `[input, target]` batches as a {@link BatchFunction}. */
function withLoss<Batch>(op: string, model: Module, loss: LossFunction): BatchFunction<Batch> {
  return (batch) => {
    const [input, target] = (Array.isArray(batch) ? batch : []) as [unknown, unknown]
    if (!(input instanceof Tensor) || !(target instanceof Tensor)) {
      throw new ValueError(
        op,
        [],
        'a batch is not [input, target], two tensors',
        'say what to do with a batch: { forward: (batch) => loss } in place of { loss }',
      )
    }
    const output = model(input)
    return { loss: loss(output, target), compared: [output, target] }
  }
}

/** A result with its parts, checked. @throws {ValueError} if the loss is not a scalar. */
function resultOf(op: string, result: Tensor | BatchResult): BatchResult {
  const whole = result instanceof Tensor ? { loss: result } : result
  const loss: unknown = (whole as BatchResult | null | undefined)?.loss
  if (loss instanceof Tensor && loss.numel() === 1) return whole
  const seen = loss instanceof Tensor ? { loss } : []
  throw new ValueError(op, seen, 'the loss of a batch must be one number', 'take its mean()')
}

/** Where a model is: where its first parameter is, or its first buffer. */
export function deviceOf(model: AnyModule): Device {
  requireInstance('trainer', 'model', model, ModuleClass, 'pass a module of nn')
  for (const tensors of [model.parameters(), model.buffers()]) {
    for (const one of tensors) return one.device
  }
  return 'cpu'
}

/**
 * The batch with its tensors on a device: those in arrays and plain objects, and whatever else can be
 * moved by a method `to`. The rest is handed on as it is.
 */
export function movedTo<Batch>(batch: Batch, device: Device): Batch {
  return anyDevice() ? (move(batch, device) as Batch) : batch
}

function move(part: unknown, device: Device): unknown {
  if (typeof part !== 'object' || part === null) return part
  const { to } = part as { to?: unknown }
  if (typeof to === 'function') return (part as Tensor).to(device)
  if (Array.isArray(part)) return part.map((one) => move(one, device))
  const prototype: unknown = Object.getPrototypeOf(part)
  if (prototype !== Object.prototype && prototype !== null) return part
  return Object.fromEntries(Object.entries(part).map(([key, one]) => [key, move(one, device)]))
}

/** How many examples a batch has: the length of its first tensor. */
export function sizeOf(batch: unknown): number {
  if (batch instanceof Tensor) return batch.shape[0] ?? 1
  if (typeof batch !== 'object' || batch === null) return 1
  for (const part of Object.values(batch)) {
    const size = typeof part === 'object' ? sizeOf(part) : 0
    if (size > 0) return size
  }
  return 1
}

/** Number of batches, or null where it cannot be told. */
export function lengthOf(batches: Batches<unknown>): number | null {
  const { length } = batches as { length?: unknown }
  return typeof length === 'number' ? length : null
}

/** Time without a pause after which others get their turn, in milliseconds. */
const SLICE = 12
let paused = 0

/** Lets the event loop turn, if it has not for a while. */
export async function breathe(): Promise<void> {
  const now = performance.now()
  if (now - paused < SLICE) return
  await new Promise((resolve) => setImmediate(resolve))
  paused = performance.now()
}
