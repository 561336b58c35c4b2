/** What happened so far. */

/** Results of one epoch. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number
  /** Mean training loss. */
  readonly loss: number
  /** Mean loss over the validation set; null without one. */
  readonly valLoss: number | null
  /** By name: of the validation set, or without one of the training set. */
  readonly metrics: Readonly<Record<string, number>>
  /** Learning rate of the first group, after the epoch. */
  readonly lr: number
  readonly seconds: number
  /** Training examples a second. */
  readonly examplesPerSecond: number
}

/** The course of a training. */
export interface TrainingHistory {
  readonly epochs: EpochRecord[]
  /** Loss of every step. */
  readonly stepLosses: number[]
  /** Why it ended. */
  ended: 'done' | 'early' | 'interrupted' | 'stopped'
  /**
   * How long timers, signals and requests had to wait for their turn while it ran, in milliseconds: half
   * of them less than `p50`, 99 of 100 less than `p99`.
   */
  eventLoopDelay: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Path of the checkpoint with the best monitored value; null without checkpoints. */
  bestCheckpoint: string | null
}

/**
 * The loss became NaN or infinite.
 *
 * @example
 * ```ts
 * import { DivergedError } from '@flambeau/trainer'
 * console.log(new DivergedError(7, Number.NaN, 'try a smaller learning rate').message)
 * // => fit: the loss became NaN in step 7; try a smaller learning rate
 * ```
 */
export class DivergedError extends Error {
  override readonly name: string = 'DivergedError'
  /** Of the training, from 1. */
  readonly step: number

  constructor(step: number, loss: number, advice: string) {
    super(`fit: the loss became ${loss} in step ${step}; ${advice}`)
    this.step = step
  }
}
