import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { concat, crossEntropy, rand, ShapeError, ValueError } from '@flambeau/core'
import { requireCounts, requireOptions, show } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { requireMask, requireTokens, requireVocabulary } from '../inputs.ts'
import type { Vocabulary } from '../text/vocabulary.ts'
import { padBatch } from '../text/vocabulary.ts'
import { Biaffine } from './biaffine.ts'
import type { Sentence, Word } from './conllu.ts'
import { bestHeads, headsProblem, maximumSpanningTree } from './trees.ts'
import { annotated, columnVocabulary, evaluating, requireSentences, WordIndex } from './words.ts'

export interface DependencyParserOptions {
  /** Default 64. */
  readonly embeddingDim?: number
  /** Of the embedding of parts of speech; 0 does without them. Default 16. */
  readonly tagDim?: number
  /** Of each direction of the LSTM. Default 128. */
  readonly hiddenSize?: number
  /** Default 2. */
  readonly numLayers?: number
  /** Of what arcs are scored by. Default 128. */
  readonly arcDim?: number
  /** Of what labels are scored by. Default 64. */
  readonly labelDim?: number
  /** Default 0.33. */
  readonly dropout?: number
  /** How often a word counts as unknown while training. Default 0.1. */
  readonly wordDropout?: number
}

/** The vocabularies of a {@link DependencyParser}, as `build` makes them. */
export interface ParserVocabularies {
  /** Words in lower case, and endings, behind `<pad>`, `<unk>` and `<root>`. */
  readonly words: Vocabulary
  /** Parts of speech behind `<unk>`, `<pad>` and `<root>`. */
  readonly tags: Vocabulary
  /** Relations behind `<unk>`. */
  readonly labels: Vocabulary
}

/** Scores of all arcs and their labels. */
export interface ArcScores {
  /** `[N, T, T]`: words in rows, their heads in columns. */
  readonly arcs: Tensor
  /** `[N, labels, T, T]`. */
  readonly labels: Tensor
}

/** The shares of words with the right head, and with the right head and relation. */
export interface AttachmentScores {
  readonly uas: number
  readonly las: number
}

const IGNORED = -100

/** Layers from states to what arcs or labels are scored by. */
function projection(inFeatures: number, outFeatures: number, dropout: number): nn.Sequential {
  const linear = new nn.Linear(inFeatures, outFeatures)
  return new nn.Sequential(linear, new nn.LeakyReLU(0.1), new nn.Dropout(dropout))
}

/**
 * A graph-based dependency parser: embeddings of words and parts of speech, an LSTM in both directions,
 * and for each pair of words biaffine scores that one is the head of the other, and how. The root of the
 * sentence is a token before its words.
 *
 * Shapes of `forward`: words and tags int64 `[N, T]` with the root first, mask bool `[N, T]` (true for
 * real steps) -> arcs `[N, T, T]`, labels `[N, labels, T, T]`.
 *
 * @throws {ShapeError, DTypeError} for other shapes. @throws {ValueError} for sentences without words,
 * or without heads and relations where they are asked for.
 * @see Dozat and Manning 2017, https://arxiv.org/abs/1611.01734
 *
 * @example
 * ```ts
 * import { manualSeed } from '@flambeau/core'
 * import { DependencyParser, sampleTreebank } from '@flambeau/sequence-models'
 * manualSeed(0)
 * const treebank = sampleTreebank({ count: 20, seed: 1 })
 * const parser = DependencyParser.build(treebank, { embeddingDim: 8, hiddenSize: 8, arcDim: 8, labelDim: 8 })
 * console.log(parser.loss(treebank).shape) // => []
 * const [parsed] = parser.parse(treebank)
 * console.log(parsed!.words.filter(({ head }) => head === 0).length) // => 1
 * ```
 */
export class DependencyParser extends nn.Module<
  [words: Tensor, tags: Tensor, mask: Tensor],
  ArcScores
> {
  readonly words: WordIndex
  readonly tags: Vocabulary
  readonly labels: Vocabulary
  readonly wordDropout: number
  embedding: nn.Embedding
  tagEmbedding: nn.Embedding | null
  dropout: nn.Dropout
  lstm: nn.LSTM
  arcWord: nn.Sequential
  arcHead: nn.Sequential
  labelWord: nn.Sequential
  labelHead: nn.Sequential
  readonly arcScores: Biaffine
  readonly labelScores: Biaffine

  constructor(vocabularies: ParserVocabularies, options: DependencyParserOptions = {}) {
    super()
    requireOptions('DependencyParser', options)
    const { embeddingDim = 64, tagDim = 16, hiddenSize = 128, numLayers = 2 } = options
    const { arcDim = 128, labelDim = 64, dropout = 0.33, wordDropout = 0.1 } = options
    const sizes = { embeddingDim, hiddenSize, numLayers, arcDim, labelDim }
    requireCounts('DependencyParser', sizes, 1)
    requireCounts('DependencyParser', { tagDim }, 0)
    requireOptions('DependencyParser', vocabularies, ['words', 'tags', 'labels'])
    const { words, tags, labels } = vocabularies
    requireVocabulary('DependencyParser', 'words', words)
    requireVocabulary('DependencyParser', 'tags', tags)
    requireVocabulary('DependencyParser', 'labels', labels)
    this.words = new WordIndex(words)
    this.tags = tags
    this.labels = labels
    this.wordDropout = wordDropout
    this.embedding = new nn.Embedding(words.size, embeddingDim)
    this.tagEmbedding = tagDim === 0 ? null : new nn.Embedding(tags.size, tagDim)
    this.dropout = new nn.Dropout(dropout)
    const layer = { batchFirst: true, bidirectional: true, numLayers, dropout }
    this.lstm = new nn.LSTM({ inputSize: embeddingDim + tagDim, hiddenSize, ...layer })
    this.arcWord = projection(2 * hiddenSize, arcDim, dropout)
    this.arcHead = projection(2 * hiddenSize, arcDim, dropout)
    this.labelWord = projection(2 * hiddenSize, labelDim, dropout)
    this.labelHead = projection(2 * hiddenSize, labelDim, dropout)
    // How likely a word is a head at all depends on it alone; a word has one head in any case.
    this.arcScores = new Biaffine(arcDim, arcDim, { biasX: true, biasY: false })
    this.labelScores = new Biaffine(labelDim, labelDim, { outFeatures: labels.size })
  }

  /** A parser for the words, parts of speech and relations of a treebank. */
  static build(
    sentences: readonly Sentence[],
    options: DependencyParserOptions & { readonly minCount?: number } = {},
  ): DependencyParser {
    requireSentences('DependencyParser.build', sentences)
    const words = WordIndex.of(sentences, options.minCount ?? 1).vocabulary
    const tags = columnVocabulary(sentences, 'upos', ['<unk>', '<pad>', '<root>'])
    const labels = columnVocabulary(sentences, 'deprel', ['<unk>'])
    return new DependencyParser({ words, tags, labels }, options)
  }

  override forward(words: Tensor, tags: Tensor, mask: Tensor): ArcScores {
    requireTokens('DependencyParser', 'words', words)
    requireTokens('DependencyParser', 'tags', tags)
    const [count = 0, steps = 0] = words.shape
    requireMask('DependencyParser', 'mask', mask, [count, steps])
    if (tags.shape.join() !== words.shape.join()) {
      const rule = 'words and tags must have one shape'
      throw new ShapeError('DependencyParser', { words, tags }, rule, 'a tag for each word')
    }
    const embedded = this.embedding(words)
    const tagged = this.tagEmbedding?.(tags)
    const x = this.dropout(tagged === undefined ? embedded : concat([embedded, tagged], 2))
    const { packPaddedSequence, padPackedSequence } = nn.utils.rnn
    const order = { batchFirst: true, enforceSorted: false }
    const [output] = this.lstm(packPaddedSequence(x, mask.sum(1), order))
    const [states] = padPackedSequence(output, { batchFirst: true, totalLength: steps })
    const h = this.dropout(states)
    const arcs = this.arcScores(this.arcWord(h), this.arcHead(h)).squeeze(1)
    const labels = this.labelScores(this.labelWord(h), this.labelHead(h))
    // What is padding is no head.
    return { arcs: arcs.maskedFill(mask.logicalNot().unsqueeze(1), -1e9), labels }
  }

  /** The sum of the mean cross-entropies of the words' heads and of their relations. */
  loss(sentences: readonly Sentence[]): Tensor {
    const op = 'DependencyParser.loss'
    const { words, tags, mask } = this.batch(op, sentences, this.training)
    const { arcs, labels } = this(words, tags, mask)
    const column = (value: (word: Word) => number, filler: number): Tensor =>
      padBatch(
        sentences.map((sentence) => [filler, ...sentence.words.map(value)]),
        { padToken: filler },
      ).tokens
    for (const sentence of sentences) requireTree(op, sentence)
    const heads = column((word) => annotated(op, word, 'head'), IGNORED) // [N, T]
    const relations = column((word) => this.labels.id(annotated(op, word, 'deprel')), IGNORED)
    const [count = 0, steps = 0] = heads.shape
    const rows = (x: Tensor): Tensor => x.reshape([count * steps, -1])
    const size = this.labels.size
    const chosen = labels
      .permute(0, 2, 3, 1) // [N, T, T, labels]
      .gather(2, heads.clamp(0).reshape([count, steps, 1, 1]).expand(count, steps, 1, size))
    const arcLoss = crossEntropy(rows(arcs), heads.flatten(), { ignoreIndex: IGNORED })
    return arcLoss.add(crossEntropy(rows(chosen), relations.flatten(), { ignoreIndex: IGNORED }))
  }

  /**
   * The sentences with heads and relations in place of theirs. `decoding`: 'mst' gives the best tree,
   * 'greedy' the best head of each word, which may be no tree.
   */
  parse(
    sentences: readonly Sentence[],
    options: { readonly decoding?: 'mst' | 'greedy' } = {},
  ): Sentence[] {
    const { decoding = 'mst' } = options
    if (sentences.length === 0) return []
    if (decoding !== 'mst' && decoding !== 'greedy') {
      const rule = `decoding is 'mst' or 'greedy', not ${show(decoding)}`
      throw new ValueError('DependencyParser.parse', {}, rule, "pass 'mst'")
    }
    const { words, tags, mask } = this.batch('DependencyParser.parse', sentences, false)
    const [arcs, labels] = evaluating(this, () =>
      noGrad(() => {
        const scores = this(words, tags, mask)
        // The first label is that of unknown ones.
        const known = scores.labels.narrow(1, 1, this.labels.size - 1)
        const best = known.argmax(1).add(1)
        return [scores.arcs.tolist() as number[][][], best.tolist() as number[][][]] as const
      }),
    )
    return sentences.map((sentence, n) => {
      const size = sentence.words.length + 1
      const scores = (arcs[n] as number[][]).slice(0, size).map((row) => row.slice(0, size))
      const heads = decoding === 'mst' ? maximumSpanningTree(scores) : bestHeads(scores)
      const parsed = sentence.words.map((word, i) => {
        const head = heads[i] as number
        const label = labels[n]?.[i + 1]?.[head] as number
        return { ...word, head, deprel: this.labels.tokens[label] as string }
      })
      return { ...sentence, words: parsed }
    })
  }

  /** The attachment scores of what `parse` makes of the sentences. */
  evaluate(
    sentences: readonly Sentence[],
    options: { readonly decoding?: 'mst' | 'greedy' } = {},
  ): AttachmentScores {
    return attachmentScores(sentences, this.parse(sentences, options))
  }

  private batch(
    op: string,
    sentences: readonly Sentence[],
    training: boolean,
  ): { words: Tensor; tags: Tensor; mask: Tensor } {
    requireSentences(op, sentences)
    const rate = training ? this.wordDropout : 0
    const root = this.words.vocabulary.id('<root>')
    const rows = sentences.map(({ words }) => {
      const chance = rate > 0 ? (rand([words.length]).tolist() as number[]) : []
      return [root, ...this.words.ids(words, (i) => rate > 0 && (chance[i] as number) < rate)]
    })
    const { tokens, mask } = padBatch(rows)
    const tags = sentences.map(({ words }) => {
      return this.tags.encode(['<root>', ...words.map(({ upos }) => upos ?? '<unk>')])
    })
    const tagRows = padBatch(tags, { padToken: this.tags.id('<pad>') })
    return { words: tokens, tags: tagRows.tokens, mask }
  }
}

function requireTree(op: string, { words }: Sentence): void {
  const problem = headsProblem(words.map((word) => annotated(op, word, 'head')))
  if (problem !== null) throw new ValueError(op, { words: words.length }, problem, 'mend its heads')
}

/**
 * The shares of words of sentences that have the right head (UAS), and the right head and relation (LAS).
 *
 * @throws {ValueError} unless both have the same numbers of words, and all are annotated.
 *
 * @example
 * ```ts
 * import { attachmentScores, sampleTreebank } from '@flambeau/sequence-models'
 * const treebank = sampleTreebank({ count: 3, seed: 0 })
 * console.log(attachmentScores(treebank, treebank)) // => { uas: 1, las: 1 }
 * ```
 */
export function attachmentScores(
  gold: readonly Sentence[],
  predicted: readonly Sentence[],
): AttachmentScores {
  const op = 'attachmentScores'
  requireSentences(op, gold)
  let [heads, both, all] = [0, 0, 0]
  for (const [i, { words }] of gold.entries()) {
    const found = predicted[i]?.words ?? []
    if (found.length !== words.length || predicted.length !== gold.length) {
      const rule = `sentence ${i} has ${words.length} words, and ${found.length} in what is compared`
      throw new ValueError(op, {}, rule, 'compare the same sentences')
    }
    for (const [k, word] of words.entries()) {
      all++
      if (annotated(op, word, 'head') !== annotated(op, found[k] as Word, 'head')) continue
      heads++
      if (annotated(op, word, 'deprel') === annotated(op, found[k] as Word, 'deprel')) both++
    }
  }
  return { uas: heads / all, las: both / all }
}
