import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { cat, rand, ShapeError, stack, ValueError } from '@flambeau/core'
import { requireCounts, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { BahdanauAttention, LuongAttention } from '../attention/alignment.ts'
import type { BeamSearchOptions, DecodeOptions, Hypothesis, StepDecoder } from '../decoding.ts'
import { beamSearch, greedyDecode } from '../decoding.ts'
import { lengthsOf, requireTokens } from '../inputs.ts'
import type { RecurrentKind, RecurrentLayer, RecurrentState } from './layer.ts'
import { recurrentLayer, runLayer, selectState } from './layer.ts'

export interface Seq2SeqOptions {
  readonly srcVocabSize: number
  readonly tgtVocabSize: number
  /** Default 'gru'. */
  readonly kind?: RecurrentKind
  /** Default 64. */
  readonly embeddingDim?: number
  /** Of the decoder; with bidirectional, the encoder's directions have half each. Default 128. */
  readonly hiddenSize?: number
  /** Default 1. */
  readonly numLayers?: number
  /** After embeddings and between layers, while training. Default 0. */
  readonly dropout?: number
  /** What the decoder sees of the encoder's steps; 'none' leaves it the last state. Default 'bahdanau'. */
  readonly attention?: 'bahdanau' | 'luong' | 'none'
  /** Does the encoder read backwards too? Default false. */
  readonly bidirectional?: boolean
}

export interface Seq2SeqCall {
  /** Bool `[N, S]`, true for real steps of the source, which come first. Default null: all. */
  readonly srcMask?: Tensor | null
  /** The share of steps in which the decoder is given the true token. Default 1. */
  readonly teacherForcing?: number
}

/** What the decoder has at a step. */
interface DecoderState {
  readonly state: RecurrentState
  readonly memory: Tensor
  /** What the alignment makes of memory, the same for all steps. */
  readonly prepared: Tensor | null
  readonly mask: Tensor | null
}

/**
 * An encoder and a decoder of recurrent layers, with attention between them: Bahdanau's looks before a
 * step and feeds what it saw to the recurrent layer, Luong's looks after it. Training gives the decoder the true
 * tokens (teacher forcing), all or a share; a step of the batch is forced or not as a whole.
 *
 * Shapes: src int64 `[N, S]`, tgt int64 `[N, T]`, which begins with the token that starts targets ->
 * logits `[N, T, tgtVocabSize]` for the next tokens. `attend` gives weights too.
 *
 * @throws {ShapeError, DTypeError} for other shapes or masks. @throws {IndexError} for tokens that
 * there are not. @throws {ValueError} for settings that cannot be.
 * @see Sutskever, Vinyals and Le 2014, https://arxiv.org/abs/1409.3215
 *
 * @example
 * ```ts
 * import { manualSeed, tensor } from '@flambeau/core'
 * import { Seq2Seq } from '@flambeau/sequence-models'
 * manualSeed(0)
 * const model = new Seq2Seq({ srcVocabSize: 10, tgtVocabSize: 12, hiddenSize: 16 })
 * const src = tensor([[4, 5, 6, 7]])
 * console.log(model(src, tensor([[1, 3, 4]])).shape) // => [ 1, 3, 12 ]
 * const found = model.beam(src, { bosToken: 1, eosToken: 2, maxLength: 5, beamSize: 3 })
 * console.log(found.length) // => 3
 * ```
 */
export class Seq2Seq extends nn.Module<[src: Tensor, tgt: Tensor, call?: Seq2SeqCall]> {
  readonly attention: 'bahdanau' | 'luong' | 'none'
  readonly bidirectional: boolean
  src: nn.Embedding
  tgt: nn.Embedding
  dropout: nn.Dropout
  readonly encoder: RecurrentLayer
  readonly decoder: RecurrentLayer
  readonly align: BahdanauAttention | LuongAttention | null
  mix: nn.Linear | null
  out: nn.Linear

  constructor(options: Seq2SeqOptions) {
    super()
    requireOptions('Seq2Seq', options, ['srcVocabSize', 'tgtVocabSize'])
    const { srcVocabSize, tgtVocabSize, kind = 'gru', embeddingDim = 64 } = options
    const { hiddenSize = 128, numLayers = 1, dropout = 0 } = options
    const { attention = 'bahdanau', bidirectional = false } = options
    const sizes = { srcVocabSize, tgtVocabSize, embeddingDim, hiddenSize, numLayers }
    requireCounts('Seq2Seq', sizes, 1)
    if (bidirectional && hiddenSize % 2 === 1) {
      const rule = `two directions do not share a hiddenSize of ${hiddenSize}`
      throw new ValueError('Seq2Seq', { hiddenSize }, rule, 'choose an even one')
    }
    this.attention = attention
    this.bidirectional = bidirectional
    this.src = new nn.Embedding(srcVocabSize, embeddingDim)
    this.tgt = new nn.Embedding(tgtVocabSize, embeddingDim)
    this.dropout = new nn.Dropout(dropout)
    const shared = { numLayers, dropout }
    this.encoder = recurrentLayer(kind, {
      inputSize: embeddingDim,
      hiddenSize: bidirectional ? hiddenSize / 2 : hiddenSize,
      bidirectional,
      ...shared,
    })
    const fed = attention === 'bahdanau' ? hiddenSize : 0
    this.decoder = recurrentLayer(kind, { inputSize: embeddingDim + fed, hiddenSize, ...shared })
    if (attention === 'none') this.align = null
    else if (attention === 'bahdanau') this.align = new BahdanauAttention(hiddenSize)
    else this.align = new LuongAttention(hiddenSize)
    this.mix = attention === 'none' ? null : new nn.Linear(2 * hiddenSize, hiddenSize)
    this.out = new nn.Linear(hiddenSize, tgtVocabSize)
  }

  override forward(src: Tensor, tgt: Tensor, call: Seq2SeqCall = {}): Tensor {
    return this.attend(src, tgt, call).logits
  }

  /** The logits, and where the decoder looked: weights `[N, T, S]`, or null without attention. */
  attend(
    src: Tensor,
    tgt: Tensor,
    call: Seq2SeqCall = {},
  ): { logits: Tensor; weights: Tensor | null } {
    const { srcMask = null, teacherForcing = 1 } = call
    requireTokens('Seq2Seq', 'src', src)
    requireTokens('Seq2Seq', 'tgt', tgt)
    if (!(teacherForcing >= 0 && teacherForcing <= 1)) {
      const rule = 'teacherForcing is a share from 0 to 1'
      throw new ValueError('Seq2Seq', { teacherForcing }, rule, 'pass 0.5')
    }
    if (src.shape[0] !== tgt.shape[0]) {
      const rule = 'src and tgt must have as many rows'
      throw new ShapeError('Seq2Seq', { src, tgt }, rule, 'pair each source with its target')
    }
    let now = this.encode(src, srcMask)
    const seen: Tensor[] = []
    const weights: Tensor[] = []
    for (const [t, truth] of tgt.split(1, 1).entries()) {
      const last = seen.at(-1)
      const forced = teacherForcing === 1 || t === 0 || rand([]).item() < teacherForcing
      const own = last === undefined || forced ? truth : this.best(last)
      const step = this.step(own, now)
      now = step.now
      seen.push(step.seen)
      if (step.weights !== null) weights.push(step.weights)
    }
    const logits = this.project(stack(seen, 1))
    return { logits, weights: weights.length > 0 ? stack(weights, 1) : null }
  }

  /**
   * The most likely target of each row, token by token, without gradients: int64 `[N, T]`, without
   * bosToken, filled up with eosToken.
   */
  greedy(src: Tensor, options: DecodeOptions, srcMask: Tensor | null = null): Tensor {
    return noGrad(() => {
      return greedyDecode(this.stepper(src, srcMask), src.shape[0] as number, options)
    })
  }

  /**
   * The best targets of one source `[1, S]` by beam search, best first, without gradients.
   *
   * @throws {ShapeError} for more sources than one.
   */
  beam(src: Tensor, options: BeamSearchOptions, srcMask: Tensor | null = null): Hypothesis[] {
    if (src.shape[0] !== 1) {
      throw new ShapeError('Seq2Seq.beam', { src }, 'src must be [1, S]', 'go row by row')
    }
    return noGrad(() => beamSearch(this.stepper(src, srcMask), options))
  }

  private encode(src: Tensor, srcMask: Tensor | null): DecoderState {
    requireTokens('Seq2Seq', 'src', src)
    const x = this.dropout(this.src(src))
    const steps = src.shape[1] as number
    if (srcMask === null) {
      const [memory, state] = runLayer(this.encoder, x)
      return { memory, state: this.joined(state), prepared: this.prepare(memory), mask: null }
    }
    const lengths = lengthsOf('Seq2Seq', 'srcMask', srcMask, [src.shape[0] as number, steps])
    const { packPaddedSequence, padPackedSequence } = nn.utils.rnn
    const order = { batchFirst: true, enforceSorted: false }
    const packed = packPaddedSequence(x, lengths, order)
    const run = this.encoder as unknown as (
      sequences: nn.utils.rnn.PackedSequence,
    ) => [nn.utils.rnn.PackedSequence, RecurrentState]
    const [output, state] = run(packed)
    const [memory] = padPackedSequence(output, { batchFirst: true, totalLength: steps })
    return { memory, state: this.joined(state), prepared: this.prepare(memory), mask: srcMask }
  }

  private prepare(memory: Tensor): Tensor | null {
    return this.align === null ? null : this.align.prepare(memory)
  }

  /** The states of both directions beside one another: `[2 layers, N, h]` -> `[layers, N, 2 h]`. */
  private joined(state: RecurrentState): RecurrentState {
    if (!this.bidirectional) return state
    const join = (s: Tensor): Tensor =>
      s.unflatten(0, [-1, 2]).transpose(1, 2).flatten(2).contiguous()
    return Array.isArray(state)
      ? [join(state[0] as Tensor), join(state[1] as Tensor)]
      : join(state as Tensor)
  }

  /** A step of the decoder for tokens `[N, 1]`: what {@link project} makes logits of. */
  private step(
    token: Tensor,
    now: DecoderState,
  ): { seen: Tensor; weights: Tensor | null; now: DecoderState } {
    const x = this.dropout(this.tgt(token))
    const { memory, mask, prepared } = now
    if (this.align === null) {
      const [y, state] = runLayer(this.decoder, x, now.state)
      return { seen: y.squeeze(1), weights: null, now: { ...now, state } }
    }
    if (this.attention === 'bahdanau') {
      const before = (Array.isArray(now.state) ? now.state[0] : now.state) as Tensor
      const [context, weights] = this.align(before.select(0, -1), memory, mask, prepared)
      const fed = cat([x, context.unsqueeze(1)], 2)
      const [y, state] = runLayer(this.decoder, fed, now.state)
      return { seen: cat([y.squeeze(1), context], 1), weights, now: { ...now, state } }
    }
    const [y, state] = runLayer(this.decoder, x, now.state)
    const [context, weights] = this.align(y.squeeze(1), memory, mask, prepared)
    return { seen: cat([y.squeeze(1), context], 1), weights, now: { ...now, state } }
  }

  /** Logits of what steps saw, of one or of all at once: `[*, features]` -> `[*, tgtVocabSize]`. */
  private project(seen: Tensor): Tensor {
    return this.out(this.mix === null ? seen : this.mix(seen).tanh())
  }

  /** The decoder's own choice after a step: `[N, 1]`. */
  private best(seen: Tensor): Tensor {
    return noGrad(() => this.project(seen).argmax(-1, { keepdim: true }))
  }

  private stepper(src: Tensor, srcMask: Tensor | null): StepDecoder {
    let now = this.encode(src, srcMask)
    return {
      device: src.device,
      step: (tokens) => {
        const step = this.step(tokens.narrow(1, (tokens.shape[1] as number) - 1, 1), now)
        now = step.now
        return this.project(step.seen)
      },
      reorder: (rows) => {
        now = {
          state: selectState(now.state, rows),
          memory: now.memory.indexSelect(0, rows),
          prepared: now.prepared === null ? null : now.prepared.indexSelect(0, rows),
          mask: now.mask === null ? null : now.mask.indexSelect(0, rows),
        }
      },
    }
  }
}
