/** One of the three recurrent layers behind a common face. */
import type { Tensor } from '@flambeau/core'
import { requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

/** Which recurrent layer a model is built on. */
export type RecurrentKind = 'rnn' | 'lstm' | 'gru'

/** The state of a recurrent layer: h, or h and c of an LSTM. */
export type RecurrentState = Tensor | readonly [h: Tensor, c: Tensor]

export type RecurrentLayer = nn.RNN | nn.LSTM | nn.GRU

/** The layer with batches first. */
export function recurrentLayer(kind: RecurrentKind, options: nn.RecurrentOptions): RecurrentLayer {
  const settings = { batchFirst: true, ...options }
  if (kind === 'lstm') return new nn.LSTM(settings)
  return kind === 'gru' ? new nn.GRU(settings) : new nn.RNN(settings)
}

/** Runs the layer: `[N, T, size]` -> outputs `[N, T, …]` and the last state. */
export function runLayer(
  layer: RecurrentLayer,
  x: Tensor,
  state: RecurrentState | null = null,
): [output: Tensor, state: RecurrentState] {
  return (layer as unknown as (x: Tensor, s: unknown) => [Tensor, RecurrentState])(x, state)
}

/** The state of other rows of the batch. */
export function selectState(state: RecurrentState, rows: Tensor): RecurrentState {
  const pick = (t: Tensor): Tensor => t.indexSelect(1, rows)
  return Array.isArray(state)
    ? [pick(state[0] as Tensor), pick(state[1] as Tensor)]
    : pick(state as Tensor)
}

/** The state without its history, for training over pieces of a long text. */
export function detachState(state: RecurrentState): RecurrentState {
  const parts: readonly unknown[] = Array.isArray(state) ? [state[0], state[1]] : [state]
  for (const part of parts) requireTensor('detachState', 'state', part)
  return Array.isArray(state)
    ? [(state[0] as Tensor).detach(), (state[1] as Tensor).detach()]
    : (state as Tensor).detach()
}
