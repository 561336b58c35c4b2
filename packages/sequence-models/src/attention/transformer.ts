import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { randn, ShapeError, stack } from '@flambeau/core'
import { requireCounts, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import type { BeamSearchOptions, DecodeOptions, Hypothesis, StepDecoder } from '../decoding.ts'
import { beamSearch, greedyDecode } from '../decoding.ts'
import { requireMask, requirePositions, requireTokens } from '../inputs.ts'
import { sinusoidalPositions } from './positions.ts'

export interface TransformerSeq2SeqOptions {
  readonly srcVocabSize: number
  /** Default: srcVocabSize. */
  readonly tgtVocabSize?: number
  /** Default 256. */
  readonly dModel?: number
  /** Default 8. */
  readonly nhead?: number
  /** Default 4. */
  readonly numEncoderLayers?: number
  /** Default 4. */
  readonly numDecoderLayers?: number
  /** Default 1024. */
  readonly dimFeedforward?: number
  /** Default 0.1. */
  readonly dropout?: number
  /** The most tokens of a source or target. Default 64. */
  readonly maxLength?: number
  /** Default 'sinusoidal'. */
  readonly positions?: 'sinusoidal' | 'learned'
  /** Normalise before each part, not behind it. Default false. */
  readonly normFirst?: boolean
}

export interface TransformerMasks {
  /** Bool `[N, S]`, true where the source is padding. Default null: nowhere. */
  readonly srcKeyPaddingMask?: Tensor | null
  /** Bool `[N, T]`, true where the target is padding. Default null: nowhere. */
  readonly tgtKeyPaddingMask?: Tensor | null
}

/**
 * The Transformer for pairs of sequences: embeddings times √dModel plus positions, nn.Transformer with
 * a causal mask for the target, and a linear layer. {@link paddingMask} makes the masks of padding.
 *
 * Shapes: src int64 `[N, S]`, tgt int64 `[N, T]`, which begins with the token that starts targets ->
 * logits `[N, T, tgtVocabSize]`. In state dicts: `src`, `tgt`, `pe` `[maxLength, dModel]`, `tr`, `out`.
 *
 * @throws {ShapeError, DTypeError} for other shapes or masks. @throws {ValueError} for sequences longer
 * than maxLength. @throws {IndexError} for tokens that there are not.
 * @see Vaswani et al. 2017, https://arxiv.org/abs/1706.03762; torch.nn.Transformer
 *
 * @example
 * ```ts
 * import { manualSeed, tensor } from '@flambeau/core'
 * import { paddingMask, TransformerSeq2Seq } from '@flambeau/sequence-models'
 * manualSeed(0)
 * const model = new TransformerSeq2Seq({
 *   srcVocabSize: 12, dModel: 16, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1,
 * })
 * const src = tensor([[5, 6, 7, 0], [8, 9, 10, 11]])
 * const masks = { srcKeyPaddingMask: paddingMask(src, 0) }
 * console.log(model(src, tensor([[1, 5], [1, 8]]), masks).shape) // => [ 2, 2, 12 ]
 * ```
 */
export class TransformerSeq2Seq extends nn.Module<
  [src: Tensor, tgt: Tensor, masks?: TransformerMasks]
> {
  readonly maxLength: number
  readonly scale: number
  src: nn.Embedding
  tgt: nn.Embedding
  drop: nn.Dropout
  tr: nn.Transformer
  out: nn.Linear
  readonly pe!: Tensor
  readonly causal!: Tensor

  constructor(options: TransformerSeq2SeqOptions) {
    super()
    requireOptions('TransformerSeq2Seq', options, ['srcVocabSize'])
    const { srcVocabSize, tgtVocabSize = srcVocabSize, dModel = 256, nhead = 8 } = options
    const { numEncoderLayers = 4, numDecoderLayers = 4, dimFeedforward = 1024 } = options
    const { dropout = 0.1, maxLength = 64, positions = 'sinusoidal', normFirst = false } = options
    requireCounts('TransformerSeq2Seq', { srcVocabSize, tgtVocabSize, dModel, maxLength }, 1)
    this.maxLength = maxLength
    this.scale = Math.sqrt(dModel)
    this.src = new nn.Embedding(srcVocabSize, dModel)
    this.tgt = new nn.Embedding(tgtVocabSize, dModel)
    // So that they are as large as positions are, once they are multiplied by √dModel.
    nn.init.normal_(this.src.weight, 0, 1 / this.scale)
    nn.init.normal_(this.tgt.weight, 0, 1 / this.scale)
    if (positions === 'sinusoidal') {
      this.registerBuffer('pe', sinusoidalPositions(maxLength, dModel))
    } else {
      this.registerParameter('pe', new nn.Parameter(randn([maxLength, dModel])))
    }
    this.drop = new nn.Dropout(dropout)
    this.tr = new nn.Transformer({
      dModel,
      nhead,
      numEncoderLayers,
      numDecoderLayers,
      dimFeedforward,
      dropout,
      batchFirst: true,
      normFirst,
    })
    this.out = new nn.Linear(dModel, tgtVocabSize)
    const causal = nn.Transformer.generateSquareSubsequentMask(maxLength).isneginf()
    this.registerBuffer('causal', causal, { persistent: false })
  }

  override forward(src: Tensor, tgt: Tensor, masks: TransformerMasks = {}): Tensor {
    const { srcKeyPaddingMask = null, tgtKeyPaddingMask = null } = masks
    const memory = this.encode(src, srcKeyPaddingMask)
    return this.decode(tgt, memory, srcKeyPaddingMask, tgtKeyPaddingMask)
  }

  /**
   * The logits, and where each head of each decoder layer looked in the source: weights
   * `[N, numDecoderLayers, nhead, T, S]`. In training mode dropout falls on both, not alike.
   */
  attend(
    src: Tensor,
    tgt: Tensor,
    masks: TransformerMasks = {},
  ): { logits: Tensor; weights: Tensor } {
    const { srcKeyPaddingMask: keyPaddingMask = null, tgtKeyPaddingMask = null } = masks
    const memory = this.encode(src, keyPaddingMask)
    const { layers } = this.tr.decoder as nn.TransformerDecoder
    const looks = [...layers].map((layer) => layer.multihead_attn)
    const queries: Tensor[] = []
    const hooks = looks.map((attention) =>
      attention.registerForwardPreHook((_, [query]) => void queries.push(query as Tensor)),
    )
    try {
      const logits = this.decode(tgt, memory, keyPaddingMask, tgtKeyPaddingMask)
      const options = { keyPaddingMask, averageAttnWeights: false }
      const weights = queries
        .slice(0, looks.length)
        .map((query, i) => looks[i]?.(query, memory, memory, options)[1] as Tensor)
      return { logits, weights: stack(weights, 1) }
    } finally {
      for (const hook of hooks) hook.remove()
    }
  }

  /** What the decoder looks at: `[N, S]` -> `[N, S, dModel]`. */
  encode(src: Tensor, srcKeyPaddingMask: Tensor | null = null): Tensor {
    const x = this.embed('src', src)
    this.requirePadding('srcKeyPaddingMask', srcKeyPaddingMask, src)
    return this.tr.encoder(x, null, srcKeyPaddingMask)
  }

  /** The logits of a target: `[N, T]` -> `[N, T, tgtVocabSize]`. */
  decode(
    tgt: Tensor,
    memory: Tensor,
    srcKeyPaddingMask: Tensor | null = null,
    tgtKeyPaddingMask: Tensor | null = null,
  ): Tensor {
    return this.out(this.decoded(tgt, memory, srcKeyPaddingMask, tgtKeyPaddingMask))
  }

  /** What the logits are made of: `[N, T]` -> `[N, T, dModel]`. */
  private decoded(
    tgt: Tensor,
    memory: Tensor,
    srcKeyPaddingMask: Tensor | null,
    tgtKeyPaddingMask: Tensor | null = null,
  ): Tensor {
    const x = this.embed('tgt', tgt)
    if (memory.shape[0] !== tgt.shape[0]) {
      const rule = 'src and tgt must have as many rows'
      throw new ShapeError('TransformerSeq2Seq', { memory, tgt }, rule, 'pair them')
    }
    this.requirePadding('tgtKeyPaddingMask', tgtKeyPaddingMask, tgt)
    const steps = tgt.shape[1] as number
    const causal = this.causal.narrow(0, 0, steps).narrow(1, 0, steps)
    const padding = [tgtKeyPaddingMask, srcKeyPaddingMask] as const
    return this.tr.decoder(x, memory, causal, null, ...padding, true)
  }

  /**
   * The most likely target of each row, token by token, without gradients: int64 `[N, T]`, without
   * bosToken, filled up with eosToken.
   *
   * @throws {ValueError} if options.maxLength is more than the model's.
   */
  greedy(src: Tensor, options: DecodeOptions, srcKeyPaddingMask: Tensor | null = null): Tensor {
    requirePositions('TransformerSeq2Seq.greedy', options.maxLength, this.maxLength)
    return noGrad(() => {
      const decoder = this.stepper(src, srcKeyPaddingMask)
      return greedyDecode(decoder, src.shape[0] as number, options)
    })
  }

  /**
   * The best targets of one source `[1, S]` by beam search, best first, without gradients.
   *
   * @throws {ShapeError} for more sources than one. @throws {ValueError} if options.maxLength is more
   * than the model's.
   */
  beam(
    src: Tensor,
    options: BeamSearchOptions,
    srcKeyPaddingMask: Tensor | null = null,
  ): Hypothesis[] {
    if (src.shape[0] !== 1) {
      throw new ShapeError(
        'TransformerSeq2Seq.beam',
        { src },
        'src must be [1, S]',
        'go row by row',
      )
    }
    requirePositions('TransformerSeq2Seq.beam', options.maxLength, this.maxLength)
    return noGrad(() => beamSearch(this.stepper(src, srcKeyPaddingMask), options))
  }

  private embed(name: 'src' | 'tgt', tokens: Tensor): Tensor {
    requireTokens('TransformerSeq2Seq', name, tokens)
    const steps = tokens.shape[1] as number
    requirePositions('TransformerSeq2Seq', steps, this.maxLength)
    return this.drop(
      this[name](tokens)
        .mul(this.scale)
        .add(this.pe.narrow(0, 0, steps)),
    )
  }

  private requirePadding(name: string, mask: Tensor | null, tokens: Tensor): void {
    if (mask !== null) requireMask('TransformerSeq2Seq', name, mask, [...tokens.shape])
  }

  private stepper(src: Tensor, srcKeyPaddingMask: Tensor | null): StepDecoder {
    let memory = this.encode(src, srcKeyPaddingMask)
    let padding = srcKeyPaddingMask
    const expand = (x: Tensor, rows: number): Tensor =>
      x.shape[0] === rows ? x : x.expand(rows, ...x.shape.slice(1))
    return {
      device: src.device,
      step: (tokens) => {
        const rows = tokens.shape[0] as number
        const mask = padding === null ? null : expand(padding, rows)
        // Only the last step is new.
        return this.out(this.decoded(tokens, expand(memory, rows), mask).select(1, -1))
      },
      reorder: (rows) => {
        memory = memory.indexSelect(0, rows)
        padding = padding === null ? null : padding.indexSelect(0, rows)
      },
    }
  }
}
