import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { requireCounts, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { lengthsOf, requireTokens } from '../inputs.ts'
import { LinearChainCRF } from './crf.ts'

export interface BiLSTMCRFOptions {
  readonly vocabSize: number
  readonly numTags: number
  /** Default 64. */
  readonly embeddingDim?: number
  /** Of each direction. Default 64. */
  readonly hiddenSize?: number
  /** Default 1. */
  readonly numLayers?: number
  /** After the embedding and between layers, while training. Default 0. */
  readonly dropout?: number
}

/**
 * A tagger of words: an embedding, an LSTM in both directions, a linear layer, and a
 * {@link LinearChainCRF} that knows which tags follow one another. Padding is packed away, so it
 * does not change the tags of what is before it.
 *
 * Shapes: tokens int64 `[N, T]`, mask bool `[N, T]` (true for real steps, which come first) ->
 * emissions `[N, T, numTags]`; `loss` a scalar; `tag` as many tags as there are real steps.
 *
 * @throws {ShapeError, DTypeError, IndexError} for other shapes, tokens or tags that there are not.
 * @see Huang, Xu and Yu 2015, https://arxiv.org/abs/1508.01991
 *
 * @example
 * ```ts
 * import { manualSeed, tensor } from '@flambeau/core'
 * import { BiLSTMCRF } from '@flambeau/sequence-models'
 * manualSeed(0)
 * const tagger = new BiLSTMCRF({ vocabSize: 10, numTags: 3, embeddingDim: 8, hiddenSize: 8 })
 * const tokens = tensor([[1, 2, 3, 4], [5, 6, 0, 0]])
 * const mask = tokens.ne(0)
 * console.log(tagger.tag(tokens, mask).map((tags) => tags.length)) // => [ 4, 2 ]
 * console.log(tagger.loss(tokens, tensor([[0, 1, 2, 0], [1, 1, 0, 0]]), mask).shape) // => []
 * ```
 */
export class BiLSTMCRF extends nn.Module<[tokens: Tensor, mask?: Tensor | null]> {
  embedding: nn.Embedding
  dropout: nn.Dropout
  lstm: nn.LSTM
  emit: nn.Linear
  readonly crf: LinearChainCRF

  constructor(options: BiLSTMCRFOptions) {
    super()
    requireOptions('BiLSTMCRF', options, ['vocabSize', 'numTags'])
    const { vocabSize, numTags, embeddingDim = 64, hiddenSize = 64 } = options
    const { numLayers = 1, dropout = 0 } = options
    requireCounts('BiLSTMCRF', { vocabSize, numTags, embeddingDim, hiddenSize, numLayers }, 1)
    const layer = { batchFirst: true, bidirectional: true, numLayers, dropout }
    this.embedding = new nn.Embedding(vocabSize, embeddingDim)
    this.dropout = new nn.Dropout(dropout)
    this.lstm = new nn.LSTM({ inputSize: embeddingDim, hiddenSize, ...layer })
    this.emit = new nn.Linear(2 * hiddenSize, numTags)
    this.crf = new LinearChainCRF(numTags)
  }

  /** The scores of tags at each step. */
  override forward(tokens: Tensor, mask: Tensor | null = null): Tensor {
    requireTokens('BiLSTMCRF', 'tokens', tokens)
    const x = this.dropout(this.embedding(tokens))
    if (mask === null) return this.emit(this.lstm(x)[0])
    const [count = 0, steps = 0] = tokens.shape
    const lengths = lengthsOf('BiLSTMCRF', 'mask', mask, [count, steps])
    const { packPaddedSequence, padPackedSequence } = nn.utils.rnn
    const packed = packPaddedSequence(x, lengths, { batchFirst: true, enforceSorted: false })
    const [output] = this.lstm(packed)
    const [padded] = padPackedSequence(output, { batchFirst: true, totalLength: steps })
    return this.emit(padded)
  }

  /** The mean of the negative log-likelihoods of these tags. */
  loss(tokens: Tensor, tags: Tensor, mask: Tensor | null = null): Tensor {
    return this.crf(this(tokens, mask), tags, mask).mean().neg()
  }

  /** The most likely tags, without gradients. */
  tag(tokens: Tensor, mask: Tensor | null = null): number[][] {
    return noGrad(() => this.crf.decode(this(tokens, mask), mask))
  }
}
