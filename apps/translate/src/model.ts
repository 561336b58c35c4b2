/** The two models, behind a common face. */
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { cat, full, ValueError } from '@flambeau/core'
import { FormatError, loadSafetensors } from '@flambeau/data'
import type * as nn from '@flambeau/nn'
import type { Hypothesis } from '@flambeau/sequence-models'
import {
  padBatch,
  Seq2Seq,
  sequenceLoss,
  Tokenizer,
  TransformerSeq2Seq,
} from '@flambeau/sequence-models'
import type { Language } from './pairs.ts'
import { BOS, decode, encode, EOS, PAD } from './tokens.ts'

/** What can be trained. */
export const KINDS = ['transformer', 'seq2seq'] as const
export type Kind = (typeof KINDS)[number]

export interface Sizes {
  readonly kind: Kind
  readonly to: Language
  /** Of the transformer's features, or of the recurrent state. */
  readonly width: number
  /** Layers of the encoder, and as many of the decoder. */
  readonly depth: number
  readonly dropout: number
}

/** The most tokens of a text. */
export const LONGEST = 96

/** Texts of similar length: int64 `[N, S]` and `[N, T]`, filled up with PAD. */
export interface Batch {
  readonly src: Tensor
  /** With EOS at the end, without BOS. */
  readonly tgt: Tensor
}

/** A model that translates. */
export interface Translator {
  readonly module: nn.AnyModule
  loss(batch: Batch): Tensor
  /** The most likely translations, token by token: `[N, T]`. */
  greedy(src: Tensor): Tensor
  /** Translations of one text `[1, S]`, the best first. */
  beam(src: Tensor, beamSize: number): Hypothesis[]
  /** Where each token of a translation looked in the text: `[T, S]` for a batch of one. */
  attention(src: Tensor, tgt: Tensor): Tensor
}

/** What a decoder is given: the target a step later. */
function shifted(tgt: Tensor): Tensor {
  const begin = full([tgt.shape[0] as number, 1], BOS, { dtype: 'int64' })
  return cat([begin, tgt.narrow(1, 0, (tgt.shape[1] as number) - 1)], 1)
}

const LOSS = { padToken: PAD, labelSmoothing: 0.1 } as const
const ENDS = { bosToken: BOS, eosToken: EOS } as const

/** The most tokens of the translation of `src`. */
const limit = (src: Tensor): number => Math.min(LONGEST, 2 * (src.shape[1] as number) + 8)

function transformer({ width, depth, dropout }: Sizes, vocabSize: number): Translator {
  const module = new TransformerSeq2Seq({
    srcVocabSize: vocabSize,
    dModel: width,
    nhead: Math.max(1, Math.round(width / 48)),
    numEncoderLayers: depth,
    numDecoderLayers: depth,
    dimFeedforward: 4 * width,
    dropout,
    maxLength: LONGEST,
    normFirst: true,
  })
  return {
    module,
    loss: ({ src, tgt }) => {
      const logits = module(src, shifted(tgt), { srcKeyPaddingMask: src.eq(PAD) })
      return sequenceLoss(logits, tgt, LOSS)
    },
    greedy: (src) => module.greedy(src, { ...ENDS, maxLength: limit(src) }, src.eq(PAD)),
    beam: (src, beamSize) => module.beam(src, { ...ENDS, beamSize, maxLength: limit(src) }),
    // The last layer, all heads together.
    attention: (src, tgt) =>
      module.attend(src, shifted(tgt)).weights.select(1, -1).mean(1).select(0, 0),
  }
}

function recurrent({ width, depth, dropout }: Sizes, vocabSize: number): Translator {
  const module = new Seq2Seq({
    srcVocabSize: vocabSize,
    tgtVocabSize: vocabSize,
    kind: 'gru',
    embeddingDim: Math.ceil(width / 2),
    hiddenSize: width,
    numLayers: depth,
    dropout,
    attention: 'bahdanau',
    bidirectional: true,
  })
  return {
    module,
    loss: ({ src, tgt }) => {
      const logits = module(src, shifted(tgt), { srcMask: src.ne(PAD) })
      return sequenceLoss(logits, tgt, LOSS)
    },
    greedy: (src) => module.greedy(src, { ...ENDS, maxLength: limit(src) }, src.ne(PAD)),
    beam: (src, beamSize) => module.beam(src, { ...ENDS, beamSize, maxLength: limit(src) }),
    attention: (src, tgt) => (module.attend(src, shifted(tgt)).weights as Tensor).select(0, 0),
  }
}

export function build(sizes: Sizes, vocabSize: number): Translator {
  return sizes.kind === 'transformer' ? transformer(sizes, vocabSize) : recurrent(sizes, vocabSize)
}

/** Texts as a batch of sources, filled up. @throws {ValueError} for a text of too many tokens. */
export function sourcesOf(tokenizer: Tokenizer, texts: readonly string[]): Tensor {
  const ids = texts.map((text) => encode(tokenizer, text))
  const most = Math.max(...ids.map(({ length }) => length))
  if (most > LONGEST) {
    const rule = `the text has ${most} tokens, and the models read ${LONGEST} at most`
    throw new ValueError('translate', [], rule, 'give it sentence by sentence')
  }
  return padBatch(ids, { padToken: PAD }).tokens
}

/** A text and its translation, by beam search. */
export function translate(
  model: Translator,
  tokenizer: Tokenizer,
  text: string,
  beamSize: number,
): { text: string; ids: number[] } {
  const [best] = model.beam(sourcesOf(tokenizer, [text]), beamSize)
  const ids = best?.tokens ?? []
  return { text: decode(tokenizer, ids), ids: [...ids, EOS] }
}

/** What model.safetensors says of itself. */
export function describe(
  { kind, to, width, depth, dropout }: Sizes,
  tokenizer: Tokenizer,
): Record<string, string> {
  const sizes: Sizes = { kind, to, width, depth, dropout }
  return { sizes: JSON.stringify(sizes), tokenizer: JSON.stringify(tokenizer) }
}

/** The model that a training left in a folder. @throws {FormatError} for another file. */
export function load(folder: string): { model: Translator; tokenizer: Tokenizer; sizes: Sizes } {
  const path = join(folder, 'model.safetensors')
  const { tensors, metadata } = loadSafetensors(path)
  if (metadata['sizes'] === undefined || metadata['tokenizer'] === undefined) {
    throw new FormatError({
      format: 'model',
      path,
      reason: 'it does not say its sizes and its tokenizer',
      fix: 'train one: npm run translate',
    })
  }
  const sizes = JSON.parse(metadata['sizes']) as Sizes
  const tokenizer = Tokenizer.fromJSON(metadata['tokenizer'])
  const model = build(sizes, tokenizer.vocabSize)
  model.module.loadStateDict(tensors)
  model.module.eval()
  return { model, tokenizer, sizes }
}

/** A batch of encoded pairs. */
export function batchOf(pairs: readonly (readonly [number[], number[]])[]): Batch {
  const pad = (rows: number[][]): Tensor => padBatch(rows, { padToken: PAD }).tokens
  return { src: pad(pairs.map(([src]) => src)), tgt: pad(pairs.map(([, tgt]) => tgt)) }
}
