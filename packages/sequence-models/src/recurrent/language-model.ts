import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { cat } from '@flambeau/core'
import { requireCounts, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { requireTokens } from '../inputs.ts'
import type { SamplingOptions } from '../sampling.ts'
import { sampleTokens } from '../sampling.ts'
import type { RecurrentKind, RecurrentLayer, RecurrentState } from './layer.ts'
import { recurrentLayer, runLayer } from './layer.ts'

export interface RecurrentLanguageModelOptions {
  /** Characters or words that there are. */
  readonly vocabSize: number
  /** Default 'lstm'. */
  readonly kind?: RecurrentKind
  /** Default 256. */
  readonly embeddingDim?: number
  /** Default 512. */
  readonly hiddenSize?: number
  /** Default 2. */
  readonly numLayers?: number
  /** Between layers, while training. Default 0. */
  readonly dropout?: number
}

export interface GenerateOptions extends SamplingOptions {
  /** A token that ends a sequence; what follows it is `eosToken` too. Default null. */
  readonly eosToken?: number | null
}

/**
 * A language model of an embedding, recurrent layers and a linear layer; tokens are characters or
 * words. The state carries a text from one call to the next.
 *
 * Shapes: tokens int64 `[N, T]` -> logits `[N, T, vocabSize]` for the next token, and the state. In
 * state dicts: `emb`, `rnn`, `out`.
 *
 * @throws {ShapeError, DTypeError} unless tokens are `[N, T]` with a step. @throws {IndexError} for
 * tokens that are not in the vocabulary.
 * @see Mikolov et al. 2010, https://doi.org/10.21437/Interspeech.2010-343
 *
 * @example
 * ```ts
 * import { manualSeed, tensor } from '@flambeau/core'
 * import { RecurrentLanguageModel } from '@flambeau/sequence-models'
 * manualSeed(0)
 * const model = new RecurrentLanguageModel({ vocabSize: 10, embeddingDim: 8, hiddenSize: 16 })
 * const [logits] = model(tensor([[1, 2, 3]]))
 * console.log(logits.shape) // => [ 1, 3, 10 ]
 * console.log(model.generate(tensor([[1]]), 5, { topK: 3 }).shape) // => [ 1, 6 ]
 * ```
 */
export class RecurrentLanguageModel extends nn.Module<
  [tokens: Tensor, state?: RecurrentState | null],
  [logits: Tensor, state: RecurrentState]
> {
  emb: nn.Embedding
  readonly rnn: RecurrentLayer
  out: nn.Linear

  constructor(options: RecurrentLanguageModelOptions) {
    super()
    requireOptions('RecurrentLanguageModel', options, ['vocabSize'])
    const { vocabSize, kind = 'lstm', embeddingDim = 256, hiddenSize = 512 } = options
    const { numLayers = 2, dropout = 0 } = options
    const counts = { vocabSize, embeddingDim, hiddenSize, numLayers }
    requireCounts('RecurrentLanguageModel', counts, 1)
    this.emb = new nn.Embedding(vocabSize, embeddingDim)
    this.rnn = recurrentLayer(kind, { inputSize: embeddingDim, hiddenSize, numLayers, dropout })
    this.out = new nn.Linear(hiddenSize, vocabSize)
  }

  override forward(
    tokens: Tensor,
    state: RecurrentState | null = null,
  ): [logits: Tensor, state: RecurrentState] {
    requireTokens('RecurrentLanguageModel', 'tokens', tokens)
    const [y, next] = runLayer(this.rnn, this.emb(tokens), state)
    return [this.out(y), next]
  }

  /**
   * Continues texts by `count` tokens, without gradients: `[N, T]` -> `[N, T + count]`.
   *
   * @throws {ShapeError, DTypeError, ValueError} for prompts or settings that cannot be.
   */
  generate(prompt: Tensor, count: number, options: GenerateOptions = {}): Tensor {
    requireCounts('RecurrentLanguageModel.generate', { count }, 0)
    return noGrad(() => {
      let state: RecurrentState | null = null
      return continueTokens(prompt, count, options, (latest) => {
        const [logits, next] = this(latest, state)
        state = next
        return logits
      })
    })
  }
}

/**
 * The loop of generation: `step` is given the prompt, then each new token, and gives the logits of
 * all that it was given.
 *
 * @internal
 */
export function continueTokens(
  prompt: Tensor,
  count: number,
  options: GenerateOptions,
  step: (latest: Tensor) => Tensor,
): Tensor {
  requireTokens('generate', 'prompt', prompt)
  const { eosToken = null } = options
  const { repetitionPenalty = 1 } = options
  let text = prompt
  let latest = prompt
  for (let i = 0; i < count; i++) {
    const logits = step(latest).select(1, -1)
    const previous = repetitionPenalty === 1 ? null : text
    const drawn = sampleTokens(logits, options, previous).to(prompt.dtype)
    // What has ended stays ended.
    const ended = i === 0 || eosToken === null ? null : latest.select(1, -1).eq(eosToken)
    latest = ended === null ? drawn : drawn.maskedFill(ended.unsqueeze(1), eosToken as number)
    text = cat([text, latest], 1)
    if (eosToken !== null && latest.eq(eosToken).all().item()) break
  }
  return text
}
