/** Losses of pairs and triples of vectors, and of their distances. */
import type { LossReduction, Tensor } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import type { DistanceFunction } from '../functional/class-losses.ts'
import { tripletMarginWithDistanceLoss } from '../functional/class-losses.ts'
import {
  cosineEmbeddingLoss,
  hingeEmbeddingLoss,
  marginRankingLoss,
  tripletMarginLoss,
} from '../functional/losses.ts'
import type { Flag, ReductionSettings } from './base.ts'
import { Loss } from './base.ts'

export interface CosineEmbeddingLossOptions extends ReductionSettings {
  /** What cosines of others may be. Default 0. */
  margin?: number
}

const NAMES_COSINE_EMBEDDING = ['margin', 'sizeAverage', 'reduce', 'reduction'] as const
const readCosineEmbeddingLoss = parameters<[number, Flag, Flag, LossReduction]>(
  'CosineEmbeddingLoss',
  NAMES_COSINE_EMBEDDING,
)

/**
 * 1 - cos of pairs that are alike (target 1), max(0, cos - margin) of others (target -1).
 *
 * Shapes: input1 and input2 `[N, D]` with target `[N]`, or `[D]` with `[]` -> `[]`, or target's
 * shape with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not fit. @throws {ValueError} for another reduction.
 * @see torch.nn.CosineEmbeddingLoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { CosineEmbeddingLoss } from '@flambeau/nn'
 * const loss = new CosineEmbeddingLoss()
 * console.log(loss(tensor([[1.5, 0]]), tensor([[0, 2.5]]), tensor([1]))) // => tensor(1.)
 * ```
 */
export class CosineEmbeddingLoss extends Loss<[input1: Tensor, input2: Tensor, target: Tensor]> {
  readonly margin: number

  constructor(...given: Arguments<CosineEmbeddingLossOptions, typeof NAMES_COSINE_EMBEDDING>) {
    const read = readCosineEmbeddingLoss(given)
    super('CosineEmbeddingLoss', read[3], read[1], read[2])
    this.margin = read[0] ?? 0
  }

  override forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    const { margin, reduction } = this
    return cosineEmbeddingLoss(input1, input2, target, { margin, reduction })
  }
}

export interface HingeEmbeddingLossOptions extends ReductionSettings {
  /** How far is far enough. Default 1. */
  margin?: number
}

const NAMES_HINGE_EMBEDDING = ['margin', 'sizeAverage', 'reduce', 'reduction'] as const
const readHingeEmbeddingLoss = parameters<[number, Flag, Flag, LossReduction]>(
  'HingeEmbeddingLoss',
  NAMES_HINGE_EMBEDDING,
)

/**
 * For distances of pairs: the distance where target is 1, max(0, margin - distance) where -1.
 *
 * Shapes: input and target `[*]`, which broadcast -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.nn.HingeEmbeddingLoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { HingeEmbeddingLoss } from '@flambeau/nn'
 * console.log(new HingeEmbeddingLoss()(tensor([0.5, 0.25]), tensor([1, -1])).item()) // => 0.625
 * ```
 */
export class HingeEmbeddingLoss extends Loss {
  readonly margin: number

  constructor(...given: Arguments<HingeEmbeddingLossOptions, typeof NAMES_HINGE_EMBEDDING>) {
    const read = readHingeEmbeddingLoss(given)
    super('HingeEmbeddingLoss', read[3], read[1], read[2])
    this.margin = read[0] ?? 1
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return hingeEmbeddingLoss(input, { target, margin: this.margin, reduction: this.reduction })
  }
}

export interface MarginRankingLossOptions extends ReductionSettings {
  /** By how much the right one should be larger. Default 0. */
  margin?: number
}

const NAMES_MARGIN_RANKING = ['margin', 'sizeAverage', 'reduce', 'reduction'] as const
const readMarginRankingLoss = parameters<[number, Flag, Flag, LossReduction]>(
  'MarginRankingLoss',
  NAMES_MARGIN_RANKING,
)

/**
 * max(0, margin - target · (input1 - input2)).
 *
 * Shapes: all `[*]`, which broadcast -> `[]`, or `[*]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.nn.MarginRankingLoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { MarginRankingLoss } from '@flambeau/nn'
 * console.log(new MarginRankingLoss()(tensor([0.5]), tensor([2.5]), tensor([1])).item()) // => 2
 * ```
 */
export class MarginRankingLoss extends Loss<[input1: Tensor, input2: Tensor, target: Tensor]> {
  readonly margin: number

  constructor(...given: Arguments<MarginRankingLossOptions, typeof NAMES_MARGIN_RANKING>) {
    const read = readMarginRankingLoss(given)
    super('MarginRankingLoss', read[3], read[1], read[2])
    this.margin = read[0] ?? 0
  }

  override forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    const { margin, reduction } = this
    return marginRankingLoss(input1, input2, target, { margin, reduction })
  }
}

export interface TripletMarginLossOptions extends ReductionSettings {
  /** How much nearer the positive should be; above 0. Default 1. */
  margin?: number
  /** The p of the distances. Default 2. */
  p?: number
  /** Added to each difference. Default 1e-6. */
  eps?: number
  /** Take the distance of positive and negative where it is smaller. Default false. */
  swap?: boolean
}

const NAMES_TRIPLET_MARGIN = [
  'margin',
  'p',
  'eps',
  'swap',
  'sizeAverage',
  'reduce',
  'reduction',
] as const
const readTripletMarginLoss = parameters<
  [number, number, number, boolean, Flag, Flag, LossReduction]
>('TripletMarginLoss', NAMES_TRIPLET_MARGIN)

/**
 * max(0, margin + d(anchor, positive) - d(anchor, negative)), d being a p-norm of differences.
 *
 * Shapes: all `[N, D]` or `[D]` -> `[]`, or `[N]` with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the shapes do not broadcast. @throws {ValueError} for another reduction.
 * @see torch.nn.TripletMarginLoss
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { TripletMarginLoss } from '@flambeau/nn'
 * const loss = new TripletMarginLoss()
 * console.log(loss(tensor([[0.5]]), tensor([[1.5]]), tensor([[0.5]]))) // => tensor(2.0000)
 * ```
 */
export class TripletMarginLoss extends Loss<[anchor: Tensor, positive: Tensor, negative: Tensor]> {
  readonly margin: number
  readonly p: number
  readonly eps: number
  readonly swap: boolean

  constructor(...given: Arguments<TripletMarginLossOptions, typeof NAMES_TRIPLET_MARGIN>) {
    const read = readTripletMarginLoss(given)
    super('TripletMarginLoss', read[6], read[4], read[5])
    this.margin = read[0] ?? 1
    this.p = read[1] ?? 2
    this.eps = read[2] ?? 1e-6
    this.swap = read[3] ?? false
  }

  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { margin, p, eps, swap, reduction } = this
    return tripletMarginLoss(anchor, positive, negative, { margin, p, eps, swap, reduction })
  }
}

export interface TripletMarginWithDistanceLossOptions {
  /** Default null: pairwiseDistance. */
  distanceFunction?: DistanceFunction | null
  /** How much nearer the positive should be; above 0. Default 1. */
  margin?: number
  /** Take the distance of positive and negative where it is smaller. Default false. */
  swap?: boolean
  /** All losses, their mean, or their sum. Default 'mean'. */
  reduction?: LossReduction
}

const NAMES_TRIPLET_MARGIN_WITH_DISTANCE = [
  'distanceFunction',
  'margin',
  'swap',
  'reduction',
] as const
const readTripletMarginWithDistanceLoss = parameters<
  [DistanceFunction | null, number, boolean, LossReduction]
>('TripletMarginWithDistanceLoss', NAMES_TRIPLET_MARGIN_WITH_DISTANCE)

/**
 * max(0, margin + d(anchor, positive) - d(anchor, negative)) for a distance d of one's own.
 *
 * Shapes: all `[N, *]` -> `[]`, or the shape of d's results with `reduction: 'none'`.
 *
 * @throws {ShapeError} if the ranks differ. @throws {ValueError} unless margin is above 0.
 * @see torch.nn.TripletMarginWithDistanceLoss
 *
 * @example
 * ```ts
 * import type { Tensor } from '@flambeau/core'
 * import { tensor } from '@flambeau/core'
 * import { TripletMarginWithDistanceLoss } from '@flambeau/nn'
 * const distanceFunction = (a: Tensor, b: Tensor): Tensor => a.sub(b).abs().sum(1)
 * const loss = new TripletMarginWithDistanceLoss({ distanceFunction })
 * console.log(loss(tensor([[0.5]]), tensor([[1.5]]), tensor([[0.5]])).item()) // => 2
 * ```
 */
export class TripletMarginWithDistanceLoss extends Loss<
  [anchor: Tensor, positive: Tensor, negative: Tensor]
> {
  readonly distanceFunction: DistanceFunction | null
  readonly margin: number
  readonly swap: boolean

  constructor(
    ...given: Arguments<
      TripletMarginWithDistanceLossOptions,
      typeof NAMES_TRIPLET_MARGIN_WITH_DISTANCE
    >
  ) {
    const read = readTripletMarginWithDistanceLoss(given)
    super('TripletMarginWithDistanceLoss', read[3])
    this.distanceFunction = read[0] ?? null
    this.margin = read[1] ?? 1
    this.swap = read[2] ?? false
  }

  override forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    const { distanceFunction, margin, swap, reduction } = this
    return tripletMarginWithDistanceLoss(anchor, positive, negative, {
      distanceFunction,
      margin,
      swap,
      reduction,
    })
  }
}
