/** Sequence models at small sizes, with inputs. */
import { ones, rand, randint, randn, zeros } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import * as S from '@flambeau/sequence-models'
import type { Case } from './cases.ts'
import { part } from './cases.ts'

const tokens = (shape: number[], below = 11): Tensor => randint(0, below, shape, { dtype: 'int64' })

/** Both axes of `[N, T]`. */
const both = { 0: 'batch', 1: 'steps' }

const language = (kind: S.RecurrentKind): Case => ({
  name: `RecurrentLanguageModel (${kind})`,
  model: () =>
    new S.RecurrentLanguageModel({
      vocabSize: 11,
      kind,
      embeddingDim: 6,
      hiddenSize: 8,
      numLayers: 2,
    }),
  inputs: (n) => [tokens([n, n + 2])],
  axes: [both],
})

const translation = (attention: 'bahdanau' | 'luong' | 'none', kind: S.RecurrentKind): Case => ({
  name: `Seq2Seq (${attention}, ${kind})`,
  model: () =>
    new S.Seq2Seq({
      ...{ srcVocabSize: 11, tgtVocabSize: 9, kind, embeddingDim: 6, hiddenSize: 8 },
      ...{ attention, bidirectional: attention !== 'none' },
    }),
  inputs: (n) => [tokens([n, n + 3]), tokens([n, 4], 9)],
  axes: [both, { 0: 'batch' }],
})

const bert = { vocabSize: 11, dim: 8, depth: 2, heads: 2, dimFeedforward: 12, maxLength: 40 }
const transformer = {
  ...{ srcVocabSize: 11, tgtVocabSize: 9, dModel: 8, nhead: 2, numEncoderLayers: 1 },
  ...{ numDecoderLayers: 1, dimFeedforward: 12, maxLength: 40 },
}
const pairs = [
  { 0: 'batch', 1: 'source' },
  { 0: 'batch', 1: 'target' },
]
const step = (n: number, size: number): Tensor => randn([n, size])

const small = { embeddingDim: 6, hiddenSize: 5 }

/** Models of texts and series. */
export const sequences: readonly Case[] = [
  language('rnn'),
  language('lstm'),
  language('gru'),
  {
    name: 'RecurrentLanguageModel (with a state)',
    model: () => new S.RecurrentLanguageModel({ vocabSize: 11, embeddingDim: 6, hiddenSize: 8 }),
    inputs: (n) => [tokens([n, 1]), [randn([2, n, 8]), randn([2, n, 8])]],
    axes: [{ 0: 'batch' }, { 1: 'batch' }, { 1: 'batch' }],
  },
  translation('none', 'gru'),
  translation('luong', 'lstm'),
  translation('bahdanau', 'rnn'),
  {
    name: 'BiLSTMCRF',
    model: () =>
      new S.BiLSTMCRF({ vocabSize: 11, numTags: 4, embeddingDim: 6, hiddenSize: 5, numLayers: 2 }),
    inputs: (n) => [tokens([n, n + 3])],
    axes: [both],
  },
  {
    name: 'LinearChainCRF',
    model: () => new S.LinearChainCRF(4),
    inputs: (n) => [randn([n, 5, 4]), tokens([n, 5], 4)],
    options: { freezeReads: true },
  },
  {
    name: 'POSTagger',
    model: () => S.POSTagger.build(S.sampleTreebank({ count: 9, seed: 1 }), small),
    inputs: (n) => [tokens([n, n + 3], 9)],
    axes: [both],
  },
  {
    name: 'DependencyParser (whole sentences)',
    model: () =>
      part(
        S.DependencyParser.build(S.sampleTreebank({ count: 9, seed: 1 }), {
          ...{ ...small, arcDim: 6, labelDim: 5 },
        }),
        (net, words: Tensor, tags: Tensor) =>
          net(words, tags, ones(words.shape, { dtype: 'bool' })),
      ),
    inputs: (n) => [tokens([n, 5], 9), tokens([n, 5], 3)],
  },
  {
    name: 'Biaffine',
    model: () => new S.Biaffine(4, 3, { outFeatures: 2 }),
    inputs: (n) => [randn([n, 5, 4]), randn([n, 6, 3])],
  },
  {
    name: 'Forecaster',
    model: () => new S.Forecaster({ features: 2, hiddenSize: 6 }),
    inputs: (n) => [randn([n, n + 4, 2]), 3],
    axes: [both],
  },
  {
    name: 'SimpleRNN',
    model: () => new S.SimpleRNN(6, 4, { scale: 0.5 }),
    inputs: (n) => [step(n, 4), step(n, 6)],
  },
  {
    name: 'TaughtLSTM',
    model: () => new S.TaughtLSTM(4, 6, { scale: 0.5 }),
    inputs: (n) => [step(n, 4), step(n, 6), step(n, 6)],
  },
  {
    name: 'BahdanauAttention',
    model: () => new S.BahdanauAttention(6, 5, 4),
    inputs: (n) => [step(n, 6), randn([n, n + 3, 5]), rand([n, n + 3]).lt(0.8)],
    axes: [{ 0: 'batch' }, both, both],
  },
  ...(['dot', 'general', 'concat'] as const).map((score): Case => ({
    name: `LuongAttention (${score})`,
    model: () => new S.LuongAttention(6, 6, score),
    inputs: (n) => [step(n, 6), randn([n, n + 3, 6])],
    axes: [{ 0: 'batch' }, both],
  })),
  {
    name: 'GPT',
    model: () => new S.GPT({ vocabSize: 11, dim: 8, depth: 2, heads: 2, contextLength: 40 }),
    inputs: (n) => [tokens([n, n + 2])],
    axes: [both],
  },
  {
    name: 'BERT',
    model: () => new S.BERT(bert),
    inputs: (n) => [
      tokens([n, n + 4]),
      {
        segments: tokens([n, n + 4], 2),
        keyPaddingMask: zeros([n, n + 4], { dtype: 'bool' }).logicalOr(
          rand([n, n + 4])
            .lt(0.3)
            .logicalAnd(tokens([n, n + 4], 2).ge(0)),
        ),
      },
    ],
    axes: [both, both, both],
  },
  {
    name: 'BERT (features)',
    model: () => part(new S.BERT(bert), (net, x: Tensor) => net.encode(x)),
    inputs: (n) => [tokens([n, n + 4])],
    axes: [both],
  },
  {
    name: 'TransformerSeq2Seq',
    model: () => new S.TransformerSeq2Seq(transformer),
    inputs: (n) => [tokens([n, n + 4]), tokens([n, n + 1], 9)],
    axes: pairs,
  },
  {
    name: 'TransformerSeq2Seq (learned positions)',
    model: () =>
      new S.TransformerSeq2Seq({ ...transformer, positions: 'learned', normFirst: true }),
    inputs: (n) => [tokens([n, n + 4]), tokens([n, n + 1], 9)],
    axes: pairs,
  },
  {
    name: 'TCN',
    model: () => new S.TCN({ inChannels: 3, channels: [4, 5], kernelSize: 3 }),
    inputs: (n) => [randn([n, 3, 10 + n])],
    axes: [{ 0: 'batch', 2: 'steps' }],
  },
  {
    name: 'Word2Vec',
    model: () => new S.Word2Vec([5, 4, 3, 2, 1, 1, 1], { dim: 4 }),
    inputs: (n) => [tokens([n], 7), tokens([n], 7), tokens([n, 5], 7)],
  },
  {
    name: 'GloVe (scores of pairs)',
    model: () =>
      part(new S.GloVe(7, { dim: 4 }), (net, a: Tensor, b: Tensor) =>
        net
          .center(a)
          .mul(net.context(b))
          .sum(-1)
          .add(net.centerBias(a).squeeze(-1))
          .add(net.contextBias(b).squeeze(-1)),
      ),
    inputs: (n) => [tokens([n], 7), tokens([n], 7)],
  },
]
