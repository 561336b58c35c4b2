import type { Generator, Tensor } from '@flambeau/core'
import { gelu, rand, randint, ShapeError, ValueError, zeros, zerosLike } from '@flambeau/core'
import { requireCounts, requireOptions, requireTensor } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { requireMask, requirePositions, requireTokens } from '../inputs.ts'

export interface MaskTokensOptions {
  readonly vocabSize: number
  /** The token that stands for a hidden one. */
  readonly maskToken: number
  /** Tokens that are never hidden, as padding and separators. Default none. */
  readonly specialTokens?: readonly number[]
  /** The share of tokens to guess. Default 0.15. */
  readonly probability?: number
  /** Default null: the default generator. */
  readonly generator?: Generator | null
}

/**
 * Chooses tokens to be guessed: of these 80 % become maskToken, 10 % a random token, and 10 % stay.
 *
 * Shapes: tokens int64 `[N, T]` -> inputs `[N, T]`, and labels `[N, T]` with -100 where there is nothing to guess.
 *
 * @throws {ShapeError, DTypeError} unless tokens are `[N, T]`. @throws {ValueError} for a probability
 * outside of 0 to 1.
 * @see Devlin et al. 2018, https://arxiv.org/abs/1810.04805, 3.1
 *
 * @example
 * ```ts
 * import { manualSeed, ones } from '@flambeau/core'
 * import { maskTokens } from '@flambeau/sequence-models'
 * manualSeed(0)
 * const tokens = ones([100, 100]).to('int64')
 * const { inputs, labels } = maskTokens(tokens, { vocabSize: 1000, maskToken: 4 })
 * console.log(labels.ne(-100).float().mean().item().toFixed(2)) // => 0.15
 * console.log(inputs.eq(4).float().mean().item().toFixed(2)) // => 0.12
 * ```
 */
export function maskTokens(
  tokens: Tensor,
  options: MaskTokensOptions,
): { inputs: Tensor; labels: Tensor } {
  requireOptions('maskTokens', options, ['vocabSize', 'maskToken'])
  const { vocabSize, maskToken, specialTokens = [], probability = 0.15 } = options
  const { generator = null } = options
  requireTokens('maskTokens', 'tokens', tokens)
  requireCounts('maskTokens', { vocabSize }, 1)
  if (!(probability >= 0 && probability <= 1)) {
    throw new ValueError('maskTokens', { probability }, 'a share from 0 to 1', 'pass 0.15')
  }
  const shape = [...tokens.shape]
  let special = zerosLike(tokens, { dtype: 'bool' })
  for (const token of specialTokens) special = special.logicalOr(tokens.eq(token))
  const chosen = rand(shape, { generator }).lt(probability).logicalAnd(special.logicalNot())
  const fate = rand(shape, { generator })
  const random = randint(0, vocabSize, shape, { generator }).to(tokens.dtype)
  const hidden = tokens.maskedFill(chosen.logicalAnd(fate.lt(0.8)), maskToken)
  const inputs = random.where(chosen.logicalAnd(fate.ge(0.9)), hidden)
  return { inputs, labels: tokens.maskedFill(chosen.logicalNot(), -100) }
}

export interface BERTOptions {
  readonly vocabSize: number
  /** Default 256. */
  readonly dim?: number
  /** Default 4. */
  readonly depth?: number
  /** Default 4. */
  readonly heads?: number
  /** Default 4 · dim. */
  readonly dimFeedforward?: number
  /** The most tokens of a text. Default 128. */
  readonly maxLength?: number
  /** Kinds of segments, as first and second sentence. Default 2. */
  readonly segments?: number
  /** Default 0.1. */
  readonly dropout?: number
}

export interface BERTCall {
  /** The segment of each token, int64 `[N, T]`. Default null: all 0. */
  readonly segments?: Tensor | null
  /** Bool `[N, T]`, true where there is padding. Default null: nowhere. */
  readonly keyPaddingMask?: Tensor | null
}

/**
 * An encoder that looks both ways, trained by guessing hidden tokens ({@link maskTokens}): embeddings of
 * tokens, positions and segments, a norm, nn.TransformerEncoder with GELU, and a head that shares its
 * weights with the embedding of tokens. `encode` gives features in place of logits.
 *
 * Shapes: tokens int64 `[N, T]` -> logits `[N, T, vocabSize]`.
 *
 * @throws {ShapeError, DTypeError} for other shapes or masks. @throws {ValueError} for texts longer than
 * maxLength. @throws {IndexError} for tokens that there are not.
 * @see Devlin et al. 2018, https://arxiv.org/abs/1810.04805
 *
 * @example
 * ```ts
 * import { manualSeed, tensor } from '@flambeau/core'
 * import { BERT } from '@flambeau/sequence-models'
 * manualSeed(0)
 * const model = new BERT({ vocabSize: 20, dim: 16, depth: 1, heads: 2, maxLength: 8 })
 * const tokens = tensor([[1, 5, 6, 2]])
 * console.log(model(tokens).shape, model.encode(tokens).shape) // => [ 1, 4, 20 ] [ 1, 4, 16 ]
 * ```
 */
export class BERT extends nn.Module<[tokens: Tensor, call?: BERTCall]> {
  readonly maxLength: number
  tok: nn.Embedding
  pos: nn.Embedding
  seg: nn.Embedding
  norm: nn.LayerNorm
  drop: nn.Dropout
  encoder: nn.TransformerEncoder
  transform: nn.Linear
  headNorm: nn.LayerNorm
  bias: nn.Parameter

  constructor(options: BERTOptions) {
    super()
    requireOptions('BERT', options, ['vocabSize'])
    const { vocabSize, dim = 256, depth = 4, heads = 4, dimFeedforward = 4 * dim } = options
    const { maxLength = 128, segments = 2, dropout = 0.1 } = options
    requireCounts('BERT', { vocabSize, dim, depth, heads, maxLength, segments }, 1)
    this.maxLength = maxLength
    this.tok = new nn.Embedding(vocabSize, dim)
    this.pos = new nn.Embedding(maxLength, dim)
    this.seg = new nn.Embedding(segments, dim)
    this.norm = new nn.LayerNorm(dim)
    this.drop = new nn.Dropout(dropout)
    const layer = new nn.TransformerEncoderLayer(dim, heads, {
      dimFeedforward,
      dropout,
      activation: 'gelu',
      batchFirst: true,
    })
    this.encoder = new nn.TransformerEncoder(layer, depth)
    this.transform = new nn.Linear(dim, dim)
    this.headNorm = new nn.LayerNorm(dim)
    this.bias = new nn.Parameter(zeros([vocabSize]))
    for (const parameter of this.parameters()) {
      if (parameter.ndim > 1) nn.init.normal_(parameter, 0, 0.02)
    }
  }

  override forward(tokens: Tensor, call: BERTCall = {}): Tensor {
    const features = this.headNorm(gelu(this.transform(this.encode(tokens, call))))
    return nn.functional.linear(features, this.tok.weight, this.bias)
  }

  /** Features of each token: `[N, T]` -> `[N, T, dim]`. */
  encode(tokens: Tensor, call: BERTCall = {}): Tensor {
    requireOptions('BERT', call)
    const { segments = null, keyPaddingMask = null } = call
    requireTokens('BERT', 'tokens', tokens)
    const steps = tokens.shape[1] as number
    requirePositions('BERT', steps, this.maxLength)
    if (keyPaddingMask !== null) {
      requireMask('BERT', 'keyPaddingMask', keyPaddingMask, [...tokens.shape])
    }
    if (segments !== null) requireTensor('BERT', 'segments', segments)
    if (segments !== null && segments.shape.join() !== tokens.shape.join()) {
      const rule = `segments must be [${tokens.shape.join(', ')}]`
      throw new ShapeError('BERT', { tokens, segments }, rule, 'one segment for each token')
    }
    const places = this.pos.weight.narrow(0, 0, steps)
    const kinds = segments === null ? this.seg.weight.select(0, 0) : this.seg(segments)
    const x = this.norm(this.tok(tokens).add(places).add(kinds))
    return this.encoder(this.drop(x), null, keyPaddingMask)
  }
}
