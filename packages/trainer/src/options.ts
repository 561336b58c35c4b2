import type { AutocastOptions, Device } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import { requireCount, requireOptions as requireObject } from '@flambeau/core/internal'
import type { AnyMetric, CheckpointFolder } from '@flambeau/data'
import type { GradScaler, Optimizer } from '@flambeau/optim'
import type { SummaryWriter } from '@flambeau/tensorboard'
import type { Batches, BatchFunction, LossFunction } from './batches.ts'
import type { BoardOptions } from './board-logger.ts'
import type { EpochRecord, TrainingHistory } from './history.ts'
import type { ProgressStream } from './progress.ts'

/** Anything with PyTorch's pair of methods. */
export interface Stateful {
  stateDict(): unknown
  loadStateDict(state: never): unknown
}

/** A learning-rate schedule. */
export interface Schedule extends Stateful {
  step(metric?: never): unknown
}

/** What happens beside the loop. Each may be asynchronous; `onEpochEnd` may return false to stop. */
export interface Callback {
  onEpochStart?(epoch: number): unknown
  /** Before each optimizer step, with the gradients before clipping; `batch` is the last of theirs. */
  onBackward?(state: { epoch: number; step: number; loss: number; batch: unknown }): unknown
  /** After each optimizer step. */
  onStep?(step: { epoch: number; step: number; loss: number }): unknown
  onEpochEnd?(record: EpochRecord, history: TrainingHistory): unknown
  onEnd?(history: TrainingHistory): unknown
}

export interface FitOptions<Batch> {
  readonly optimizer: Optimizer
  /** Passes over the batches. */
  readonly epochs: number
  /** The loss of `[input, target]` batches; or `forward`. */
  readonly loss?: LossFunction
  /** What to do with a batch, in place of `loss`. */
  readonly forward?: BatchFunction<Batch>
  /** Batches for a look after each epoch. Default none. */
  readonly validation?: Batches<Batch>
  /** By name. Of the validation set; of the training set if there is none. */
  readonly metrics?: Readonly<Record<string, AnyMetric>>
  /** Steps after each epoch, or after each step with `schedule: 'step'`. */
  readonly scheduler?: Schedule
  readonly schedule?: 'epoch' | 'step'
  /** Batches whose gradients one step sums up, as if they were one. Default 1. */
  readonly accumulate?: number
  /** Largest norm of all gradients together. Default unbounded. */
  readonly clipGradNorm?: number
  /** Largest size of any number in a gradient. Default unbounded. */
  readonly clipGradValue?: number
  /**
   * Where batches are moved before they are computed: tensors in arrays and plain objects, and whatever
   * has a method `to`. Default where the model's parameters are.
   */
  readonly device?: Device
  /** Compute in mixed precision, on the device of the model. Default false. */
  readonly autocast?: boolean | AutocastOptions
  /** For float16, whose gradients may vanish. Default none. */
  readonly scaler?: GradScaler
  /** What decides which epoch is best: `valLoss`, `loss`, or a metric's name. Default the first there is. */
  readonly monitor?: string
  /** Are small values of it good, or large ones? Default `min` for losses, `max` for metrics. */
  readonly mode?: 'min' | 'max'
  /** Stop after so many epochs without a better value. Default never. */
  readonly earlyStopping?: number | { readonly patience: number; readonly minDelta?: number }
  /**
   * Folder for checkpoints: the newest, and the best; written after each epoch. Default none. Unless it
   * resumes, those of an earlier training are moved to `earlier/` in it when its own first is written.
   */
  readonly checkpoints?: string | CheckpointFolder
  /** Go on from the newest checkpoint, if there is one. Default false. */
  readonly resume?: boolean
  /** Your own objects to save and restore with the checkpoint. */
  readonly state?: Readonly<Record<string, Stateful>>
  readonly callbacks?: readonly Callback[]
  /**
   * Log to this run, which `flambeau-board` and TensorBoard show: its folder, a writer, or what is to be
   * logged beside losses, metrics, learning rate, graph and load. Default none.
   */
  readonly board?: string | SummaryWriter | BoardOptions
  /** Show progress: on stderr, on a stream, or not at all. Default true. */
  readonly progress?: boolean | ProgressStream
  /** Loss that is NaN or infinite: stop with an error, or leave such steps out. Default `throw`. */
  readonly onDivergence?: 'throw' | 'skip'
  /** Stops the training after the step in which it is aborted. */
  readonly signal?: AbortSignal
  /** Ctrl-C stops after the step and saves. Default true. */
  readonly handleInterrupt?: boolean
}

/** @throws {ValueError} for options that do not go together. */
export function requireOptions<Batch>(options: FitOptions<Batch>): void {
  requireObject('fit', options, ['epochs'])
  const { epochs, accumulate = 1, resume, checkpoints } = options
  requireCount('fit', 'epochs', epochs)
  requireCount('fit', 'accumulate', accumulate, 1)
  if (resume === true && checkpoints === undefined) {
    const fix = "{ checkpoints: 'runs/mine', resume: true }"
    throw new ValueError('fit', [], 'resume needs a folder', fix)
  }
}
