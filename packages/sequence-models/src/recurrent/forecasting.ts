/** Forecasts of time series. */
import type { Tensor } from '@flambeau/core'
import { cat, ShapeError, stack, ValueError } from '@flambeau/core'
import { requireCounts, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { requireSteps } from '../inputs.ts'
import type { RecurrentKind, RecurrentLayer } from './layer.ts'
import { recurrentLayer, runLayer } from './layer.ts'

/** Pairs for a forecaster: what was seen, and what came next. */
export interface Windows {
  /** `[N, history, features]`. */
  readonly inputs: Tensor
  /** `[N, horizon, features]`. */
  readonly targets: Tensor
}

/**
 * Cuts a series into pairs of `history` steps and the `horizon` steps after them, each `stride` steps
 * after the one before.
 *
 * Shapes: series `[T, features]` or `[T]` (one feature) -> inputs `[N, history, features]`, targets
 * `[N, horizon, features]`, N = ⌊(T - history - horizon) / stride⌋ + 1.
 *
 * @throws {ShapeError} if the series is too short for one pair. @throws {ValueError} for lengths that
 * are not whole numbers ≥ 1.
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { slidingWindows } from '@flambeau/sequence-models'
 * const { inputs, targets } = slidingWindows(arange(6).float(), { history: 3, horizon: 2 })
 * console.log(inputs.squeeze(2).tolist()) // => [ [ 0, 1, 2 ], [ 1, 2, 3 ] ]
 * console.log(targets.squeeze(2).tolist()) // => [ [ 3, 4 ], [ 4, 5 ] ]
 * ```
 */
export function slidingWindows(
  series: Tensor,
  options: { history: number; horizon?: number; stride?: number },
): Windows {
  requireOptions('slidingWindows', options, ['history'])
  const { history, horizon = 1, stride = 1 } = options
  requireCounts('slidingWindows', { history, horizon, stride }, 1)
  const steps = series.shape[0] ?? 0
  if (series.ndim < 1 || series.ndim > 2 || steps < history + horizon) {
    throw new ShapeError(
      'slidingWindows',
      { series },
      `series must be [T] or [T, features] with T ≥ history + horizon (${history + horizon})`,
      'take a longer series or a shorter window',
    )
  }
  const rows = series.ndim === 1 ? series.unsqueeze(1) : series
  // unfold puts the window last: [N, features, history + horizon].
  const windows = rows.unfold(0, history + horizon, stride).transpose(1, 2)
  return {
    inputs: windows.narrow(1, 0, history).contiguous(),
    targets: windows.narrow(1, history, horizon).contiguous(),
  }
}

export interface ForecasterOptions {
  /** Features that are forecast. Default 1. */
  readonly features?: number
  /** Features that are known beforehand, as the hour or the weather forecast. Default 0. */
  readonly exogenous?: number
  /** Default 'lstm'. */
  readonly kind?: RecurrentKind
  /** Default 32. */
  readonly hiddenSize?: number
  /** Default 1. */
  readonly numLayers?: number
  /** Between layers, while training. Default 0. */
  readonly dropout?: number
}

/**
 * Forecasts several steps: a recurrent layer reads the history, then goes on with its own forecasts
 * as inputs. Each step forecasts the change from the step before it. Exogenous inputs are those of
 * the step that is forecast.
 *
 * Shapes: history `[N, T, features]`, exogenous `[N, T + horizon - 1, exogenous]` (for the steps
 * 1 … T + horizon - 1 of the series, so from the second step of the history on) -> `[N, horizon, features]`.
 *
 * @throws {ShapeError} for other shapes. @throws {ValueError} if exogenous inputs are given or left out
 * against the settings.
 *
 * @example
 * ```ts
 * import { randn } from '@flambeau/core'
 * import { Forecaster } from '@flambeau/sequence-models'
 * const model = new Forecaster({ features: 2, exogenous: 3 })
 * const future = model(randn([4, 10, 2]), 5, randn([4, 14, 3]))
 * console.log(future.shape) // => [ 4, 5, 2 ]
 * ```
 */
export class Forecaster extends nn.Module<
  [history: Tensor, horizon: number, exogenous?: Tensor | null]
> {
  readonly features: number
  readonly exogenous: number
  readonly rnn: RecurrentLayer
  out: nn.Linear

  constructor(options: ForecasterOptions = {}) {
    super()
    requireOptions('Forecaster', options)
    const { features = 1, exogenous = 0, kind = 'lstm', hiddenSize = 32 } = options
    const { numLayers = 1, dropout = 0 } = options
    requireCounts('Forecaster', { features, hiddenSize, numLayers }, 1)
    requireCounts('Forecaster', { exogenous }, 0)
    this.features = features
    this.exogenous = exogenous
    const inputSize = features + exogenous
    this.rnn = recurrentLayer(kind, { inputSize, hiddenSize, numLayers, dropout })
    this.out = new nn.Linear(hiddenSize, features)
  }

  override forward(history: Tensor, horizon: number, exogenous: Tensor | null = null): Tensor {
    const op = 'Forecaster'
    requireCounts(op, { horizon }, 1)
    requireSteps(op, 'history', history, this.features)
    const steps = history.shape[1] as number
    this.checkExogenous(history, steps + horizon - 1, exogenous)
    const first = exogenous === null ? history : cat([history, exogenous.narrow(1, 0, steps)], 2)
    let [y, state] = runLayer(this.rnn, first)
    let now = history.select(1, -1).add(this.out(y.select(1, -1)))
    const future = [now]
    for (let i = 1; i < horizon; i++) {
      const known = exogenous === null ? [] : [exogenous.select(1, steps + i - 1)]
      ;[y, state] = runLayer(this.rnn, cat([now, ...known], 1).unsqueeze(1), state)
      now = now.add(this.out(y.select(1, -1)))
      future.push(now)
    }
    return stack(future, 1)
  }

  private checkExogenous(history: Tensor, steps: number, given: Tensor | null): void {
    if ((given !== null) !== this.exogenous > 0) {
      throw new ValueError(
        'Forecaster',
        { history, exogenous: given },
        `the model was built for ${this.exogenous} exogenous features`,
        'give as many, or build it with others',
      )
    }
    if (given === null) return
    const wanted = [history.shape[0] as number, steps, this.exogenous]
    if (given.shape.join() === wanted.join()) return
    throw new ShapeError(
      'Forecaster',
      { history, exogenous: given },
      `exogenous must be [${wanted.join(', ')}]: T + horizon - 1 steps`,
      'give those of the second step of the history up to the last forecast',
    )
  }
}
