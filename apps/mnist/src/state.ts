/** What a run is after an epoch, and how it is kept: enough to go on to the same bits. */
import { existsSync } from 'node:fs'
import { getRngState, setRngState, Tensor, ValueError } from '@flambeau/core'
import type { Checkpoint } from '@flambeau/data'
import { FormatError, loadCheckpoint, saveCheckpoint } from '@flambeau/data'
import type { Module, StateDict } from '@flambeau/nn'
import type { Optimizer, OptimizerState } from '@flambeau/optim'
import type { Options } from './options.ts'

/** Results of one epoch. */
export interface EpochResult {
  epoch: number
  trainLoss: number
  testAccuracy: number
  seconds: number
  imagesPerSecond: number
}

/** What the pictures and the metrics are made of. */
export interface History {
  epochs: EpochResult[]
  /** Loss of every step so far. */
  stepLosses: number[]
  /** Duration of every step so far, in milliseconds. */
  stepMs: number[]
}

/** Options that decide the numbers: a resumed run must have the same. */
const DECIDING = ['model', 'batchSize', 'lr', 'seed'] as const

export function saveState(
  path: string,
  options: Options,
  model: Module,
  optimizer: Optimizer,
  history: History,
): void {
  const decided = Object.fromEntries(DECIDING.map((key) => [key, options[key]]))
  saveCheckpoint(path, {
    options: decided,
    model: model.stateDict(),
    optimizer: optimizer.stateDict() as unknown as Checkpoint,
    rng: getRngState(),
    history: history as unknown as Checkpoint,
  })
}

/** Restores a run; null if there is nothing to resume. @throws {ValueError, FormatError} */
export function loadState(
  path: string,
  options: Options,
  model: Module,
  optimizer: Optimizer,
): History | null {
  if (!existsSync(path)) return null
  const tree = loadCheckpoint(path) as {
    options?: Record<string, unknown>
    model?: StateDict
    optimizer?: OptimizerState
    rng?: Tensor
    history?: History
  }
  if (
    !tree.options ||
    !tree.model ||
    !tree.optimizer ||
    !(tree.rng instanceof Tensor) ||
    !tree.history
  ) {
    throw new FormatError({
      format: 'checkpoint',
      path,
      reason: 'it is not one of this app',
      fix: 'choose another --out folder',
    })
  }
  for (const key of DECIDING) {
    if (tree.options[key] === options[key]) continue
    throw new ValueError(
      'resume',
      [],
      `the checkpoint was made with ${key} ${String(tree.options[key])}, this run asks for ${String(options[key])}`,
      'pass the same options, or another --out folder',
    )
  }
  model.loadStateDict(tree.model)
  optimizer.loadStateDict(tree.optimizer)
  setRngState(tree.rng)
  return tree.history
}
