/** Attention between a decoder's state and the steps of an encoder. */
import type { Tensor } from '@flambeau/core'
import { cat, ShapeError, ValueError } from '@flambeau/core'
import { requireCounts, requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { requireMask } from '../inputs.ts'

/** @throws {ShapeError, DTypeError} unless the operands of an alignment fit. */
function requireOperands(
  op: string,
  [query, keys]: readonly [Tensor, Tensor],
  sizes: { querySize: number; keySize: number },
  mask: Tensor | null,
  prepared: Tensor | null,
): void {
  const { querySize, keySize } = sizes
  requireTensor(op, 'query', query)
  requireTensor(op, 'keys', keys)
  const fits =
    query.ndim === 2 &&
    keys.ndim === 3 &&
    keys.shape[1] !== 0 &&
    query.shape[0] === keys.shape[0] &&
    query.shape[1] === querySize &&
    keys.shape[2] === keySize
  if (!fits) {
    const rule = `query must be [N, ${querySize}] and keys [N, S, ${keySize}] with S ≥ 1`
    throw new ShapeError(op, { query, keys }, rule, 'pass one state, and all steps of the encoder')
  }
  if (mask !== null) requireMask(op, 'mask', mask, keys.shape.slice(0, 2))
  if (prepared === null || prepared.shape.slice(0, 2).join() === keys.shape.slice(0, 2).join())
    return
  throw new ShapeError(op, { keys, prepared }, 'prepared is not of these keys', 'prepare(keys)')
}

/** What a query takes from the keys, by their scores `[N, S]`. */
function attend(
  scores: Tensor,
  keys: Tensor,
  mask: Tensor | null,
): [context: Tensor, weights: Tensor] {
  const open = mask === null ? scores : scores.maskedFill(mask.logicalNot(), -Infinity)
  const weights = open.softmax(1)
  return [weights.unsqueeze(1).matmul(keys).squeeze(1), weights]
}

/**
 * Additive attention: the score of key k for query q is vᵀ tanh(W q + U k).
 *
 * Shapes: query `[N, querySize]`, keys `[N, S, keySize]`, mask bool `[N, S]`, true where there is
 * something to see, at least one step in each row -> context `[N, keySize]`, weights `[N, S]`. Where
 * many queries look at the same keys, pass `prepare(keys)` too, so that they are mapped once.
 *
 * @throws {ShapeError, DTypeError} for other shapes, or a mask that is not bool.
 * @see Bahdanau, Cho and Bengio 2014, https://arxiv.org/abs/1409.0473
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { BahdanauAttention } from '@flambeau/sequence-models'
 * const [context, weights] = new BahdanauAttention(4, 6, 8)(ones([2, 4]), ones([2, 5, 6]))
 * console.log(context.shape, weights.shape) // => [ 2, 6 ] [ 2, 5 ]
 * ```
 */
export class BahdanauAttention extends nn.Module<
  [query: Tensor, keys: Tensor, mask?: Tensor | null, prepared?: Tensor | null],
  [context: Tensor, weights: Tensor]
> {
  readonly querySize: number
  readonly keySize: number
  query: nn.Linear
  key: nn.Linear
  energy: nn.Linear

  constructor(querySize: number, keySize: number = querySize, hiddenSize: number = querySize) {
    super()
    requireCounts('BahdanauAttention', { querySize, keySize, hiddenSize }, 1)
    this.querySize = querySize
    this.keySize = keySize
    this.query = new nn.Linear(querySize, hiddenSize, { bias: false })
    this.key = new nn.Linear(keySize, hiddenSize)
    this.energy = new nn.Linear(hiddenSize, 1, { bias: false })
  }

  /** What scores are made of, the same for all queries: `[N, S, keySize]` -> `[N, S, hiddenSize]`. */
  prepare(keys: Tensor): Tensor {
    return this.key(keys)
  }

  override forward(
    query: Tensor,
    keys: Tensor,
    mask: Tensor | null = null,
    prepared: Tensor | null = null,
  ): [context: Tensor, weights: Tensor] {
    requireOperands('BahdanauAttention', [query, keys], this, mask, prepared)
    const mapped = prepared ?? this.prepare(keys)
    const mixed = this.query(query).unsqueeze(1).add(mapped).tanh()
    return attend(this.energy(mixed).squeeze(2), keys, mask)
  }
}

/** How {@link LuongAttention} scores a key k for a query q: qᵀk, qᵀWk, or vᵀ tanh(W [q, k]). */
export type LuongScore = 'dot' | 'general' | 'concat'

/**
 * Multiplicative attention, with the three scores of the paper.
 *
 * Shapes: query `[N, querySize]`, keys `[N, S, keySize]`, mask bool `[N, S]`, true where there is
 * something to see, at least one step in each row -> context `[N, keySize]`, weights `[N, S]`. Where
 * many queries look at the same keys, pass `prepare(keys)` too, so that they are mapped once.
 *
 * @throws {ShapeError, DTypeError} for other shapes, or a mask that is not bool. @throws {ValueError}
 * for 'dot' of different sizes.
 * @see Luong, Pham and Manning 2015, https://arxiv.org/abs/1508.04025
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { LuongAttention } from '@flambeau/sequence-models'
 * const keys = tensor([[[9, 0], [0, 9]]]).float()
 * const [context] = new LuongAttention(2, 2, 'dot')(tensor([[9, 0]]).float(), keys)
 * console.log(context.round().tolist()) // => [ [ 9, 0 ] ]
 * ```
 */
export class LuongAttention extends nn.Module<
  [query: Tensor, keys: Tensor, mask?: Tensor | null, prepared?: Tensor | null],
  [context: Tensor, weights: Tensor]
> {
  readonly querySize: number
  readonly keySize: number
  readonly score: LuongScore
  map: nn.Linear | null
  energy: nn.Linear | null

  constructor(querySize: number, keySize: number = querySize, score: LuongScore = 'general') {
    super()
    requireCounts('LuongAttention', { querySize, keySize }, 1)
    if (!['dot', 'general', 'concat'].includes(score)) {
      const rule = "score is 'dot', 'general' or 'concat'"
      throw new ValueError('LuongAttention', { querySize, keySize }, rule, "pass 'general'")
    }
    if (score === 'dot' && querySize !== keySize) {
      const rule = `'dot' needs equal sizes, not ${querySize} and ${keySize}`
      throw new ValueError('LuongAttention', { querySize, keySize }, rule, "pass 'general'")
    }
    this.querySize = querySize
    this.keySize = keySize
    this.score = score
    const both = querySize + keySize
    if (score === 'dot') this.map = null
    else if (score === 'general') this.map = new nn.Linear(keySize, querySize, { bias: false })
    else this.map = new nn.Linear(both, querySize, { bias: false })
    this.energy = score === 'concat' ? new nn.Linear(querySize, 1, { bias: false }) : null
  }

  /** What scores are made of, the same for all queries: `[N, S, keySize]` -> `[N, S, querySize]`, or keys. */
  prepare(keys: Tensor): Tensor {
    return this.map === null || this.energy !== null ? keys : this.map(keys)
  }

  override forward(
    query: Tensor,
    keys: Tensor,
    mask: Tensor | null = null,
    prepared: Tensor | null = null,
  ): [context: Tensor, weights: Tensor] {
    requireOperands('LuongAttention', [query, keys], this, mask, prepared)
    return attend(this.scores(query, prepared ?? this.prepare(keys)), keys, mask)
  }

  private scores(query: Tensor, prepared: Tensor): Tensor {
    const { map, energy } = this
    if (map !== null && energy !== null) {
      const repeated = query.unsqueeze(1).expand(-1, prepared.shape[1] as number, -1)
      return energy(map(cat([repeated, prepared], 2)).tanh()).squeeze(2)
    }
    return prepared.matmul(query.unsqueeze(2)).squeeze(2)
  }
}
