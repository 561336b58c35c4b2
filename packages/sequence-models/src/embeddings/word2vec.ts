/** Vectors of words from their neighbours, by skip-grams. */
import type { Generator, Tensor } from '@flambeau/core'
import { ShapeError, tensor, ValueError } from '@flambeau/core'
import {
  requireCounts,
  requireNumberList,
  requireOptions,
  requireTensor,
} from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { requireLists } from '../inputs.ts'

const { logsigmoid } = nn.functional

/**
 * Each word with each of its neighbours up to `window` words away.
 *
 * Shapes: -> centers and contexts int64 `[pairs]`.
 *
 * @throws {ValueError} if there are no two words beside one another, or window is not a whole number ≥ 1.
 *
 * @example
 * ```ts
 * import { skipGrams } from '@flambeau/sequence-models'
 * const { centers, contexts } = skipGrams([[7, 8, 9]], 1)
 * console.log(centers.tolist(), contexts.tolist()) // => [ 7, 8, 8, 9 ] [ 8, 7, 9, 8 ]
 * ```
 */
export function skipGrams(
  texts: readonly (readonly number[])[],
  window: number = 5,
): { centers: Tensor; contexts: Tensor } {
  requireCounts('skipGrams', { window }, 1)
  const centers: number[] = []
  const contexts: number[] = []
  requireLists('skipGrams', 'texts', texts)
  for (const text of texts) {
    requireNumberList('skipGrams', 'a text', text)
    for (const [i, center] of text.entries()) {
      const end = Math.min(text.length - 1, i + window)
      for (let j = Math.max(0, i - window); j <= end; j++) {
        if (j === i) continue
        centers.push(center)
        contexts.push(text[j] as number)
      }
    }
  }
  if (centers.length === 0) {
    throw new ValueError('skipGrams', { window }, 'no text has two words', 'pass longer texts')
  }
  return { centers: tensor(centers), contexts: tensor(contexts) }
}

/**
 * word2vec with skip-grams and negative sampling: the loss of a pair is -log σ(u·v) - Σ log σ(-n·v), for
 * the center's vector v, its neighbour's u, and those n of words drawn by their counts to the power
 * 0.75.
 *
 * Shapes: centers and contexts int64 `[N]`, negatives int64 `[N, K]` (drawn if left out) -> `[]`, the
 * mean. The words' vectors are `input.weight`.
 *
 * @throws {ShapeError} for other shapes. @throws {ValueError} for counts that cannot be.
 * @throws {IndexError} for words that there are not.
 * @see Mikolov et al. 2013, https://arxiv.org/abs/1310.4546
 *
 * @example
 * ```ts
 * import { manualSeed, tensor } from '@flambeau/core'
 * import { Word2Vec } from '@flambeau/sequence-models'
 * manualSeed(0)
 * const model = new Word2Vec([10, 5, 5], { dim: 4, negatives: 2 })
 * console.log(model(tensor([0, 1]), tensor([1, 0])).item().toFixed(3)) // => 2.079
 * ```
 */
export class Word2Vec extends nn.Module<
  [centers: Tensor, contexts: Tensor, negatives?: Tensor | null]
> {
  readonly negatives: number
  input: nn.Embedding
  output: nn.Embedding
  readonly noise!: Tensor

  constructor(
    counts: readonly number[],
    options: { readonly dim?: number; readonly negatives?: number } = {},
  ) {
    super()
    requireOptions('Word2Vec', options)
    const { dim = 100, negatives = 5 } = options
    requireNumberList('Word2Vec', 'counts', counts)
    requireCounts('Word2Vec', { words: counts.length, dim, negatives }, 1)
    if (!counts.every((n) => n >= 0 && n < Infinity) || !counts.some((n) => n > 0)) {
      const rule = 'counts are 0 or more, and one is above 0'
      throw new ValueError('Word2Vec', { counts }, rule, 'count the words of the texts')
    }
    this.negatives = negatives
    this.input = new nn.Embedding(counts.length, dim)
    this.output = new nn.Embedding(counts.length, dim)
    nn.init.uniform_(this.input.weight, -0.5 / dim, 0.5 / dim)
    nn.init.zeros_(this.output.weight)
    this.registerBuffer('noise', tensor(counts.map((n) => n ** 0.75)).float())
  }

  /** Words that are no neighbours, most likely: int64 `[rows, negatives]`. */
  sampleNegatives(rows: number, generator: Generator | null = null): Tensor {
    const count = rows * this.negatives
    const drawn = this.noise.multinomial(count, { replacement: true, generator })
    return drawn.reshape([rows, this.negatives])
  }

  override forward(centers: Tensor, contexts: Tensor, negatives: Tensor | null = null): Tensor {
    requireTensor('Word2Vec', 'centers', centers)
    requireTensor('Word2Vec', 'contexts', contexts)
    const [rows = 0] = centers.shape
    const noise = negatives ?? this.sampleNegatives(rows)
    const fits = centers.ndim === 1 && contexts.ndim === 1 && contexts.shape[0] === rows
    if (!fits || rows === 0 || noise.ndim !== 2 || noise.shape[0] !== rows) {
      const rule = 'centers and contexts must be [N] with N ≥ 1, and negatives [N, K]'
      throw new ShapeError('Word2Vec', { centers, contexts, negatives: noise }, rule, 'pair them')
    }
    const v = this.input(centers)
    const near = this.output(contexts).mul(v).sum(1)
    const far = this.output(noise).matmul(v.unsqueeze(2)).squeeze(2)
    return logsigmoid(near).add(logsigmoid(far.neg()).sum(1)).mean().neg()
  }
}
