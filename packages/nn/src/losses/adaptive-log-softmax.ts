/** A softmax over many classes, most of which are rare. */
import type { NamedResult, Tensor } from '@flambeau/core'
import { cat, IndexError, logSoftmax, ShapeError, ValueError, where } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { namedResult, parameters, requireCounts, requireTensor } from '@flambeau/core/internal'
import { ModuleList, Sequential } from '../layers/container.ts'
import type { FactoryOptions } from '../layers/factory.ts'
import { Linear } from '../layers/linear.ts'
import { Module } from '../module.ts'

export interface AdaptiveLogSoftmaxOptions extends FactoryOptions {
  /** The size of the input's last axis. */
  inFeatures: number
  /** How many classes there are, the frequent ones first. */
  nClasses: number
  /** Where clusters of rarer classes begin: rising, from 1 to nClasses - 1. */
  cutoffs: readonly number[]
  /** By how much each cluster is narrower than the one before. Default 4. */
  divValue?: number
  /** Add a bias to the scores of the frequent classes. Default false. */
  headBias?: boolean
}

const NAMES = [
  'inFeatures',
  'nClasses',
  'cutoffs',
  'divValue',
  'headBias',
  'device',
  'dtype',
] as const

const read = parameters<
  [number, number, number[], number, boolean, FactoryOptions['device'], FactoryOptions['dtype']]
>('AdaptiveLogSoftmaxWithLoss', NAMES)

/** The log-probabilities of the targets, and minus their mean. */
export type AdaptiveResult = NamedResult<readonly ['output', 'loss']>

/**
 * Log-probabilities of classes by clusters: frequent ones by one linear layer, rare ones by narrower
 * layers behind it.
 *
 * Shapes: input `[N, inFeatures]` and target `[N]`, or `[inFeatures]` and `[]` -> output, as target,
 * and loss `[]`.
 *
 * @throws {ValueError} for cutoffs that do not rise from 1 to nClasses - 1.
 * @throws {ShapeError} if input and target do not fit. @throws {IndexError} for a label that is no
 * class.
 * @see torch.nn.AdaptiveLogSoftmaxWithLoss; Grave et al. 2016, https://arxiv.org/abs/1609.04309
 *
 * @example
 * ```ts
 * import { ones, tensor } from '@flambeau/core'
 * import { AdaptiveLogSoftmaxWithLoss } from '@flambeau/nn'
 * const words = new AdaptiveLogSoftmaxWithLoss(8, 12, [3, 7], { divValue: 2 })
 * const { output, loss } = words(ones([2, 8]), tensor([0, 11]))
 * console.log(output.shape, loss.shape) // => [ 2 ] []
 * ```
 */
export class AdaptiveLogSoftmaxWithLoss extends Module<
  [input: Tensor, target: Tensor],
  AdaptiveResult
> {
  readonly inFeatures: number
  readonly nClasses: number
  readonly cutoffs: readonly number[]
  readonly divValue: number
  readonly headBias: boolean
  readonly head: Linear
  readonly tail: ModuleList<Sequential>

  constructor(...given: Arguments<AdaptiveLogSoftmaxOptions, typeof NAMES>) {
    super()
    const op = 'AdaptiveLogSoftmaxWithLoss'
    const [width, classes, cutoffs, divValue = 4, headBias = false, ...rest] = read(given)
    const factory = { device: rest[0] ?? null, dtype: rest[1] ?? null }
    requireCounts(op, { inFeatures: width, nClasses: classes }, 0)
    this.inFeatures = width as number
    this.nClasses = classes as number
    const cuts: unknown[] = Array.isArray(cutoffs) ? cutoffs : []
    const all = [0, ...(cuts as number[]), this.nClasses]
    if (
      cuts.length === 0 ||
      all.some((cut, i) => !Number.isSafeInteger(cut) || cut <= (all[i - 1] ?? -1))
    ) {
      throw new ValueError(
        op,
        [],
        `cutoffs must be whole numbers that rise from 1 to ${this.nClasses - 1}`,
        'cutoffs: [100, 1000]',
      )
    }
    this.cutoffs = all.slice(1)
    this.divValue = divValue
    this.headBias = headBias
    const size = (this.cutoffs[0] as number) + cuts.length
    this.head = new Linear(this.inFeatures, size, { bias: headBias, ...factory })
    this.tail = new ModuleList()
    for (let i = 0; i + 1 < this.cutoffs.length; i++) {
      const hidden = Math.floor(this.inFeatures / divValue ** (i + 1))
      const out = (this.cutoffs[i + 1] as number) - (this.cutoffs[i] as number)
      this.tail.append(
        new Sequential(
          new Linear(this.inFeatures, hidden, { bias: false, ...factory }),
          new Linear(hidden, out, { bias: false, ...factory }),
        ),
      )
    }
  }

  /** Draws new initial values. */
  resetParameters(): void {
    for (const module of this.modules()) if (module instanceof Linear) module.resetParameters()
  }

  override forward(input: Tensor, target: Tensor): AdaptiveResult {
    const op = 'AdaptiveLogSoftmaxWithLoss'
    requireTensor(op, 'input', input)
    requireTensor(op, 'target', target)
    const single = target.ndim === 0
    if (
      target.ndim > 1 ||
      input.ndim !== target.ndim + 1 ||
      (!single && input.shape[0] !== target.shape[0])
    ) {
      throw new ShapeError(
        op,
        { input, target },
        'input must be [N, inFeatures] with target [N], or [inFeatures] with []',
        'flatten batch axes',
      )
    }
    const rows = single ? input.unsqueeze(0) : input
    const labels = single ? target.unsqueeze(0) : target
    if (labels.lt(0).logicalOr(labels.ge(this.nClasses)).any().item()) {
      throw new IndexError(
        op,
        { input, target },
        `a label is not among the ${this.nClasses} classes`,
        `labels are from 0 to ${this.nClasses - 1}`,
      )
    }
    const [first = 0] = this.cutoffs
    const head = logSoftmax(this.head(rows), 1)
    let places = labels
    let parts: Tensor | null = null
    ;[...this.tail].forEach((cluster, i) => {
      const low = this.cutoffs[i] as number
      const inside = labels.ge(low).logicalAnd(labels.lt(this.cutoffs[i + 1] as number))
      const [chosen] = inside.nonzero().unbind(1) as [Tensor]
      if (chosen.numel() === 0) return
      places = places.maskedFill(inside, first + i)
      const scores = logSoftmax(cluster(rows.indexSelect(0, chosen)), 1)
      const own = scores.gather(1, labels.indexSelect(0, chosen).sub(low).unsqueeze(1)).squeeze(1)
      parts = (parts ?? rows.detach().select(1, 0).mul(0)).indexAdd(0, chosen, own)
    })
    const known = head.gather(1, places.unsqueeze(1)).squeeze(1)
    const output = parts === null ? known : known.add(parts)
    const loss = output.neg().mean()
    return namedResult(['output', 'loss'], [single ? output.squeeze(0) : output, loss])
  }

  private allClasses(input: Tensor, scores: Tensor): Tensor {
    const [first = 0] = this.cutoffs
    const head = logSoftmax(scores, 1)
    const clusters = [...this.tail].map((cluster, i) =>
      logSoftmax(cluster(input), 1).add(head.select(1, first + i).unsqueeze(1)),
    )
    return cat([head.narrow(1, 0, first), ...clusters], 1)
  }

  /** Log-probabilities of all classes: `[N, inFeatures]` -> `[N, nClasses]`. */
  logProb(input: Tensor): Tensor {
    return this.allClasses(input, this.head(input))
  }

  /** The likeliest class of each row: `[N, inFeatures]` -> `[N]`. */
  predict(input: Tensor): Tensor {
    const scores = this.head(input)
    const best = scores.argmax(1)
    const frequent = best.lt(this.cutoffs[0] as number)
    return where(frequent, best, this.allClasses(input, scores).argmax(1))
  }
}
