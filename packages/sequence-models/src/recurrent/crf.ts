import type { Tensor } from '@flambeau/core'
import { arange, DTypeError, IndexError, ShapeError, zeros } from '@flambeau/core'
import { requireCounts, requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { lengthsOf, requireSteps } from '../inputs.ts'

/**
 * A linear-chain conditional random field: the score of a sequence of tags is the sum of the scores of
 * its tags at their places (the emissions), of its transitions, and of its first and last tag.
 *
 * Shapes: emissions `[N, T, numTags]`, tags int64 `[N, T]`, mask bool `[N, T]` (true for real steps,
 * which come first, at least one) -> log-likelihoods `[N]`. In state dicts: `start_transitions`,
 * `end_transitions` `[numTags]`, `transitions` `[numTags, numTags]` from the row's tag to the column's.
 *
 * @throws {ShapeError, DTypeError} for other shapes or dtypes, or a mask with holes.
 * @throws {IndexError} for tags that there are not.
 * @see Lafferty, McCallum and Pereira 2001; Lample et al. 2016, https://arxiv.org/abs/1603.01360
 *
 * @example
 * ```ts
 * import { tensor, zeros } from '@flambeau/core'
 * import { LinearChainCRF } from '@flambeau/sequence-models'
 * const crf = new LinearChainCRF(2)
 * crf.loadStateDict({
 *   start_transitions: zeros([2]),
 *   end_transitions: zeros([2]),
 *   transitions: tensor([[0, 1], [1, 0]]).float(),
 * })
 * const emissions = tensor([[[2, 0], [0.5, 0], [1, 0]]]) // alone, each step is tag 0
 * console.log(crf.decode(emissions)) // => [ [ 0, 1, 0 ] ]
 * ```
 */
export class LinearChainCRF extends nn.Module<
  [emissions: Tensor, tags: Tensor, mask?: Tensor | null]
> {
  readonly numTags: number
  start_transitions: nn.Parameter
  end_transitions: nn.Parameter
  transitions: nn.Parameter

  constructor(numTags: number) {
    super()
    requireCounts('LinearChainCRF', { numTags }, 1)
    this.numTags = numTags
    this.start_transitions = new nn.Parameter(zeros([numTags]))
    this.end_transitions = new nn.Parameter(zeros([numTags]))
    this.transitions = new nn.Parameter(zeros([numTags, numTags]))
    for (const parameter of this.parameters()) nn.init.uniform_(parameter, -0.1, 0.1)
  }

  /** The log-likelihood of each sequence of tags. */
  override forward(emissions: Tensor, tags: Tensor, mask: Tensor | null = null): Tensor {
    const lengths = this.lengths(emissions, mask)
    return this.score(emissions, tags, mask).sub(this.logPartition(emissions, mask, lengths))
  }

  /** The score of each sequence of tags, `[N]`: not yet compared with those of other sequences. */
  score(emissions: Tensor, tags: Tensor, mask: Tensor | null = null): Tensor {
    const lengths = this.lengths(emissions, mask)
    const [count = 0, steps = 0] = emissions.shape
    this.requireTags(emissions, tags, mask)
    const labels = mask === null ? tags : tags.maskedFill(mask.logicalNot(), 0)
    const real = mask === null ? null : mask.to(emissions.dtype)
    const local = emissions.gather(2, labels.unsqueeze(2)).squeeze(2)
    let total = (real === null ? local : local.mul(real)).sum(1)
    total = total.add(this.start_transitions.indexSelect(0, labels.select(1, 0)))
    if (steps > 1) {
      const from = labels.narrow(1, 0, steps - 1)
      const to = labels.narrow(1, 1, steps - 1)
      const flat = from.mul(this.numTags).add(to).flatten()
      const moves = this.transitions
        .flatten()
        .indexSelect(0, flat)
        .reshape([count, steps - 1])
      const counted = real === null ? moves : moves.mul(real.narrow(1, 1, steps - 1))
      total = total.add(counted.sum(1))
    }
    const last = labels.gather(1, lengths.sub(1).unsqueeze(1)).squeeze(1)
    return total.add(this.end_transitions.indexSelect(0, last))
  }

  /**
   * The logarithm of the sum of exp(score) over all sequences of tags, by the forward algorithm, `[N]`.
   */
  logPartition(
    emissions: Tensor,
    mask: Tensor | null = null,
    lengths: Tensor = this.lengths(emissions, mask),
  ): Tensor {
    requireTensor('LinearChainCRF', 'emissions', emissions)
    let alpha = this.start_transitions.add(emissions.select(1, 0)) // [N, tags]
    for (let t = 1; t < (emissions.shape[1] as number); t++) {
      // [N, from, 1] + [from, to] -> over from
      const next = alpha.unsqueeze(2).add(this.transitions).logsumexp(1).add(emissions.select(1, t))
      alpha = mask === null ? next : next.where(lengths.gt(t).unsqueeze(1), alpha)
    }
    return alpha.add(this.end_transitions).logsumexp(1)
  }

  /**
   * The best sequence of tags of each row, by Viterbi's algorithm; as long as the row's real steps.
   *
   * @throws {ShapeError, DTypeError} as `forward`.
   */
  decode(emissions: Tensor, mask: Tensor | null = null): number[][] {
    const lengths = this.lengths(emissions, mask).tolist() as number[]
    const tags = this.numTags
    const [count = 0, steps = 0] = emissions.shape
    const numbers = (t: Tensor): Float64Array =>
      t.detach().double().contiguous().toArray() as Float64Array
    const [local, moves] = [numbers(emissions), numbers(this.transitions)]
    const [first, last] = [numbers(this.start_transitions), numbers(this.end_transitions)]
    const at = (a: ArrayLike<number>, i: number): number => a[i] as number
    const paths: number[][] = []
    for (let n = 0; n < count; n++) {
      const length = at(lengths, n)
      const base = n * steps * tags
      let best = Array.from({ length: tags }, (_, j) => at(first, j) + at(local, base + j))
      const cameFrom: number[][] = []
      for (let t = 1; t < length; t++) {
        const back: number[] = []
        best = Array.from({ length: tags }, (_, to) => {
          let from = 0
          for (let j = 1; j < tags; j++) {
            if (
              at(best, j) + at(moves, j * tags + to) >
              at(best, from) + at(moves, from * tags + to)
            ) {
              from = j
            }
          }
          back.push(from)
          return at(best, from) + at(moves, from * tags + to) + at(local, base + t * tags + to)
        })
        cameFrom.push(back)
      }
      let tag = 0
      for (let j = 1; j < tags; j++) {
        if (at(best, j) + at(last, j) > at(best, tag) + at(last, tag)) tag = j
      }
      const path = [tag]
      for (const back of cameFrom.toReversed()) path.push((tag = at(back, tag)))
      paths.push(path.toReversed())
    }
    return paths
  }

  /** The number of real steps of each row, int64 `[N]`. */
  private lengths(emissions: Tensor, mask: Tensor | null): Tensor {
    const op = 'LinearChainCRF'
    requireSteps(op, 'emissions', emissions, this.numTags)
    const [count = 0, steps = 0] = emissions.shape
    if (mask === null) return arange(1).add(steps).expand(count)
    return lengthsOf(op, 'mask', mask, [count, steps])
  }

  private requireTags(emissions: Tensor, tags: Tensor, mask: Tensor | null): void {
    const op = 'LinearChainCRF'
    requireTensor(op, 'tags', tags)
    if (tags.dtype !== 'int64') {
      throw new DTypeError(op, { emissions, tags }, 'tags must be int64', ".to('int64')")
    }
    if (tags.ndim !== 2 || tags.shape.join() !== emissions.shape.slice(0, 2).join()) {
      throw new ShapeError(op, { emissions, tags }, 'tags must be [N, T]', 'one for each step')
    }
    const wrong = tags.lt(0).logicalOr(tags.ge(this.numTags))
    const counted = mask === null ? wrong : wrong.logicalAnd(mask)
    if (counted.any().item()) {
      const rule = `a tag is not from 0 to ${this.numTags - 1}`
      throw new IndexError(op, { emissions, tags }, rule, 'mask steps of padding')
    }
  }
}
