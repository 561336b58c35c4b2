/** The loop that all tasks share. */
import type { Tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { Adam, LambdaLR } from '@flambeau/optim'

/** Where results go, a line or more at a time. */
export type Say = (text: string) => void

/** What all tasks are given. */
export interface TaskOptions {
  readonly out: string
  readonly seed: number
  readonly threads?: number
  /** The share of the steps of training, for a quick look. */
  readonly effort: number
}

/** One line of the table of results. */
export interface Result {
  readonly task: string
  readonly model: string
  /** As it is to be read. */
  readonly figure: string
  /** Is it what was to be shown? */
  readonly shown: boolean
}

/**
 * Trains with Adam; the rate grows at first and falls in the second half, and gradients are cut off
 * at a norm of 1.
 *
 * @returns The loss of each step.
 */
export function train(net: nn.AnyModule, lr: number, steps: number, loss: () => Tensor): number[] {
  net.train()
  const optimizer = new Adam(net.parameters(), { lr })
  const warm = Math.min(50, steps / 4)
  const schedule = new LambdaLR(optimizer, (step) =>
    Math.min(1, (step + 1) / warm, 2.05 - (2 * step) / steps),
  )
  const losses: number[] = []
  for (let step = 0; step < steps; step++) {
    optimizer.zeroGrad()
    const value = loss()
    value.backward()
    nn.utils.clipGradNorm_(net.parameters(), 1)
    optimizer.step()
    schedule.step()
    losses.push(value.item())
  }
  net.eval()
  return losses
}

/** A share as people read it. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

/** The number of steps to train. */
export const stepsOf = (steps: number, effort: number): number =>
  Math.max(2, Math.round(steps * effort))
