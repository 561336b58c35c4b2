import { noGrad } from '@flambeau/autograd'
import type { Device } from '@flambeau/core'
import { requireInstance, requireOptions } from '@flambeau/core/internal'
import type { AnyMetric } from '@flambeau/data'
import type { AnyModule } from '@flambeau/nn'
import { Module as ModuleClass } from '@flambeau/nn'
import type { Batches, BatchFunction, LossFunction } from './batches.ts'
import { breathe, deviceOf, movedTo, objectiveOf, requireBatches, sizeOf } from './batches.ts'

export interface EvaluateOptions<Batch> {
  /** The loss of `[input, target]` batches; or `forward`. */
  readonly loss?: LossFunction
  /** What to do with a batch, in place of `loss`. */
  readonly forward?: BatchFunction<Batch>
  /** By name; each is given predictions and targets of every batch, and starts anew. Default none. */
  readonly metrics?: Readonly<Record<string, AnyMetric>>
  /** Where batches are moved before they are computed. Default where the model's parameters are. */
  readonly device?: Device
}

/** What {@link evaluate} found: the mean loss, and each metric by its name. */
export interface Evaluation {
  readonly loss: number
  readonly metrics: Readonly<Record<string, number>>
}

/** The values of metrics that are single numbers. */
export function computeMetrics(
  metrics: Readonly<Record<string, AnyMetric>>,
): Record<string, number> {
  const values: Record<string, number> = {}
  for (const [name, metric] of Object.entries(metrics)) {
    const value: unknown = metric.compute()
    if (typeof value === 'number') values[name] = value
    else if (typeof value === 'object' && value !== null) {
      for (const [part, one] of Object.entries(value)) {
        if (typeof one === 'number') values[`${name}.${part}`] = one
      }
    }
  }
  return values
}

/** Gives a batch to metrics. */
export function updateMetrics(
  metrics: Readonly<Record<string, AnyMetric>>,
  compared: readonly unknown[] | undefined,
): void {
  if (compared === undefined) return
  for (const metric of Object.values(metrics)) metric.update(...(compared as never[]))
}

/**
 * The mean loss of a model over all examples, and metrics, in evaluation mode without recording; the
 * model's mode is put back.
 *
 * @throws {ValueError} unless there is one of `loss` and `forward`, or if with `loss` a batch is not
 * `[input, target]`.
 *
 * @example
 * ```ts
 * import { ones, tensor } from '@flambeau/core'
 * import { Accuracy } from '@flambeau/data'
 * import * as nn from '@flambeau/nn'
 * import { evaluate } from '@flambeau/trainer'
 * const result = await evaluate(new nn.Linear(4, 2), [[ones([3, 4]), tensor([0, 1, 0])]], {
 *   loss: nn.functional.crossEntropy,
 *   metrics: { accuracy: new Accuracy({ numClasses: 2 }) },
 * })
 * console.log(Object.keys(result.metrics)) // => [ 'accuracy' ]
 * ```
 */
export async function evaluate<Batch>(
  model: AnyModule,
  batches: Batches<Batch>,
  options: EvaluateOptions<Batch>,
): Promise<Evaluation> {
  requireInstance('evaluate', 'model', model, ModuleClass, 'pass a module of nn')
  requireOptions('evaluate', options)
  requireBatches('evaluate', batches)
  const compute = objectiveOf('evaluate', model, options)
  const { metrics = {}, device = deviceOf(model) } = options
  for (const metric of Object.values(metrics)) metric.reset()
  const wasTraining = model.training
  model.eval()
  let [sum, examples] = [0, 0]
  try {
    for await (const batch of batches) {
      noGrad(() => {
        const { loss, compared } = compute(movedTo(batch, device))
        const size = sizeOf(batch)
        sum += loss.item() * size
        examples += size
        updateMetrics(metrics, compared)
      })
      await breathe()
    }
  } finally {
    model.train(wasTraining)
  }
  return { loss: examples === 0 ? Number.NaN : sum / examples, metrics: computeMetrics(metrics) }
}
