/** A copy of a model whose weights are averages of the model's along its training. */
import type { Device, Tensor } from '@flambeau/core'
import { tensor, ValueError } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import type { Arguments } from '@flambeau/core/internal'
import { internally, parameters, requireFunction, requireInstance } from '@flambeau/core/internal'
import { copyModule, Module } from '@flambeau/nn'
import type { AvgFn, MultiAvgFn } from './averaging.ts'
import { getSwaMultiAvgFn } from './averaging.ts'

export interface AveragedModelOptions {
  /** Where the averages are kept. Default: where the model is. */
  device?: Device | null
  /** The new average of one tensor. Default: the plain mean. */
  avgFn?: AvgFn | null
  /** Moves all averages at once, which is faster. Default {@link getSwaMultiAvgFn}. */
  multiAvgFn?: MultiAvgFn | null
  /** Average buffers too, such as running statistics; otherwise they are copied. Default false. */
  useBuffers?: boolean
}

const read = parameters<[Device | null, AvgFn | null, MultiAvgFn | null, boolean]>(
  'AveragedModel',
  ['device', 'avgFn', 'multiAvgFn', 'useBuffers'],
)

type ArgumentsOf<M> = M extends Module<infer A, unknown> ? A : never
type OutputOf<M> = M extends Module<never, infer O> ? O : never

/**
 * A copy of `model` whose parameters are averages over the training: plain means (stochastic weight
 * averaging) or, with `multiAvgFn: getEmaMultiAvgFn(0.999)`, exponential moving averages. The model's
 * first values are copied; every further `updateParameters(model)` moves all averages in one call.
 * Called like the model. State dicts have the keys `n_averaged` and `module.…`.
 *
 * Shapes and dtypes: those of the model.
 *
 * @throws {ValueError} if both `avgFn` and `multiAvgFn` are given.
 * @see Izmailov et al. 2018, https://arxiv.org/abs/1803.05407; torch.optim.swa_utils.AveragedModel
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { Linear } from '@flambeau/nn'
 * import { swaUtils } from '@flambeau/optim'
 * const model = new Linear(1, 1, { bias: false })
 * const average = new swaUtils.AveragedModel(model)
 * for (const value of [1, 2, 6]) {
 *   model.loadStateDict({ weight: ones([1, 1]).mul(value) })
 *   average.updateParameters(model)
 * }
 * console.log(average(ones([1, 1])).item()) // => 3
 * ```
 */
export class AveragedModel<M extends Module<never, unknown>> extends Module<
  ArgumentsOf<M>,
  OutputOf<M>
> {
  readonly module: M
  /** How many models are in the averages: int64 `[]`. */
  declare readonly n_averaged: Tensor
  readonly avgFn: AvgFn | null
  readonly multiAvgFn: MultiAvgFn | null
  readonly useBuffers: boolean

  constructor(
    model: M,
    ...given: Arguments<AveragedModelOptions, ['device', 'avgFn', 'multiAvgFn', 'useBuffers']>
  ) {
    super()
    const [device = null, avgFn = null, multiAvgFn = null, useBuffers = false] = read(given)
    if (!(model instanceof Module)) {
      throw new ValueError('AveragedModel', [], 'the model must be a module', 'pass a model')
    }
    if (avgFn !== null && multiAvgFn !== null) {
      throw new ValueError(
        'AveragedModel',
        [],
        'avgFn and multiAvgFn are both given',
        'give the one or the other',
      )
    }
    if (avgFn !== null) requireFunction('AveragedModel', 'avgFn', avgFn)
    if (multiAvgFn !== null) requireFunction('AveragedModel', 'multiAvgFn', multiAvgFn)
    this.registerBuffer('n_averaged', tensor(0, { dtype: 'int64' }))
    this.module = copyModule(model)
    if (device !== null) this.module.to({ device })
    this.avgFn = avgFn
    this.multiAvgFn = multiAvgFn
    this.useBuffers = useBuffers
  }

  override forward(...args: ArgumentsOf<M>): OutputOf<M> {
    return (this.module as unknown as Module<ArgumentsOf<M>, OutputOf<M>>)(...args)
  }

  /**
   * Takes the model's values into the averages.
   *
   * @throws {ValueError} if the model has other parameters or buffers than the one that was copied.
   */
  updateParameters(model: Module<never, unknown>): void {
    noGrad(() =>
      internally(() => {
        const pairs = this._pairs(model, 'parameters')
        const buffers = this._pairs(model, 'buffers')
        if (this.useBuffers) pairs.push(...buffers)
        const count = this.n_averaged.item()
        if (count === 0) for (const [averaged, value] of pairs) averaged.copy_(value)
        else this._average(pairs, count)
        if (!this.useBuffers) for (const [copy, buffer] of buffers) copy.copy_(buffer)
        this.n_averaged.add_(1)
      }),
    )
  }

  private _pairs(
    model: Module<never, unknown>,
    kind: 'parameters' | 'buffers',
  ): [Tensor, Tensor][] {
    requireInstance('updateParameters', 'model', model, Module, 'pass the model')
    const own = [...this.module[kind]()]
    const others = [...model[kind]()]
    const fits = own.every((one, i) => one.shape.join() === others[i]?.shape.join())
    if (own.length !== others.length || !fits) {
      throw new ValueError(
        'updateParameters',
        [],
        `the ${kind} of the model differ from those of the averages`,
        'pass the model that was averaged so far',
      )
    }
    return own.map((one, i) => [one.detach(), (others[i] as Tensor).detach()])
  }

  private _average(pairs: readonly [Tensor, Tensor][], count: number): void {
    if (this.avgFn !== null) {
      for (const [averaged, value] of pairs) averaged.copy_(this.avgFn(averaged, value, count))
      return
    }
    const multiAvgFn = this.multiAvgFn ?? getSwaMultiAvgFn()
    const types = new Set(pairs.map(([averaged]) => averaged.dtype))
    for (const dtype of types) {
      const part = pairs.filter(([averaged]) => averaged.dtype === dtype)
      multiAvgFn(
        part.map(([averaged]) => averaged),
        part.map(([averaged, value]) => value.to(averaged.dtype)),
        count,
      )
    }
  }
}
