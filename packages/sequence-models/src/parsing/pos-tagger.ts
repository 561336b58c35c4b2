import { requireVocabulary } from '../inputs.ts'
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { rand } from '@flambeau/core'
import { requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { BiLSTMCRF } from '../recurrent/tagger.ts'
import type { Vocabulary } from '../text/vocabulary.ts'
import { padBatch } from '../text/vocabulary.ts'
import type { Sentence } from './conllu.ts'
import { annotated, columnVocabulary, evaluating, requireSentences, WordIndex } from './words.ts'

export interface POSTaggerOptions {
  /** Default 64. */
  readonly embeddingDim?: number
  /** Of each direction. Default 64. */
  readonly hiddenSize?: number
  /** Default 1. */
  readonly numLayers?: number
  /** After the embedding and between layers, while training. Default 0.2. */
  readonly dropout?: number
  /** How often a word counts as unknown while training. Default 0.1. */
  readonly wordDropout?: number
}

/**
 * A tagger of parts of speech (UPOS) for sentences of CoNLL-U: a {@link BiLSTMCRF} over words, of which
 * unknown ones are known by their endings.
 *
 * @throws {ValueError} for sentences without words, or without UPOS where it is asked for.
 *
 * @example
 * ```ts
 * import { manualSeed } from '@flambeau/core'
 * import { POSTagger, sampleTreebank } from '@flambeau/sequence-models'
 * manualSeed(0)
 * const treebank = sampleTreebank({ count: 20, seed: 1 })
 * const tagger = POSTagger.build(treebank, { embeddingDim: 8, hiddenSize: 8 })
 * console.log(tagger.loss(treebank).shape) // => []
 * const [tagged] = tagger.tag(treebank)
 * console.log(tagged!.words.every(({ upos }) => tagger.tags.has(upos!))) // => true
 * ```
 */
export class POSTagger extends nn.Module<[tokens: Tensor, mask?: Tensor | null]> {
  readonly words: WordIndex
  readonly tags: Vocabulary
  readonly wordDropout: number
  readonly model: BiLSTMCRF

  /** @param words As {@link POSTagger.build} makes it. @param tags The parts of speech. */
  constructor(words: Vocabulary, tags: Vocabulary, options: POSTaggerOptions = {}) {
    super()
    requireOptions('POSTagger', options)
    const { dropout = 0.2, wordDropout = 0.1 } = options
    this.words = new WordIndex(words)
    this.tags = tags
    this.wordDropout = wordDropout
    requireVocabulary('POSTagger', 'words', words)
    requireVocabulary('POSTagger', 'tags', tags)
    const sizes = { vocabSize: words.size, numTags: tags.size }
    this.model = new BiLSTMCRF({ ...options, ...sizes, dropout })
  }

  /** A tagger for the words and parts of speech of a treebank. */
  static build(
    sentences: readonly Sentence[],
    options: POSTaggerOptions & { readonly minCount?: number } = {},
  ): POSTagger {
    requireSentences('POSTagger.build', sentences)
    const { vocabulary } = WordIndex.of(sentences, options.minCount ?? 1)
    return new POSTagger(vocabulary, columnVocabulary(sentences, 'upos', []), options)
  }

  /** The scores of tags, `[N, T, tags]`, of tokens `[N, T]`. */
  override forward(tokens: Tensor, mask: Tensor | null = null): Tensor {
    return this.model(tokens, mask)
  }

  /** The mean of the negative log-likelihoods of the sentences' tags. */
  loss(sentences: readonly Sentence[]): Tensor {
    const { tokens, mask } = this.batch('POSTagger.loss', sentences)
    const tags = sentences.map(({ words }) =>
      words.map((word) => this.tags.id(annotated('POSTagger.loss', word, 'upos'))),
    )
    return this.model.loss(tokens, padBatch(tags).tokens, mask)
  }

  /** The sentences with the most likely tags in place of theirs. */
  tag(sentences: readonly Sentence[]): Sentence[] {
    if (sentences.length === 0) return []
    const { tokens, mask } = this.batch('POSTagger.tag', sentences, false)
    const tags = evaluating(this, () => noGrad(() => this.model.tag(tokens, mask)))
    return sentences.map((sentence, i) => {
      const names = this.tags.decode(tags[i] as number[])
      const words = sentence.words.map((word, k) => ({ ...word, upos: names[k] as string }))
      return { ...sentence, words }
    })
  }

  /** The share of words that get their tag. */
  accuracy(sentences: readonly Sentence[]): number {
    requireSentences('POSTagger.accuracy', sentences)
    const tagged = this.tag(sentences)
    let [right, all] = [0, 0]
    for (const [i, { words }] of sentences.entries()) {
      for (const [k, word] of words.entries()) {
        const gold = annotated('POSTagger.accuracy', word, 'upos')
        if (tagged[i]?.words[k]?.upos === gold) right++
        all++
      }
    }
    return right / all
  }

  private batch(
    op: string,
    sentences: readonly Sentence[],
    training: boolean = this.training,
  ): { tokens: Tensor; mask: Tensor } {
    requireSentences(op, sentences)
    const rate = training ? this.wordDropout : 0
    const rows = sentences.map(({ words }) => {
      const chance = rate > 0 ? (rand([words.length]).tolist() as number[]) : []
      return this.words.ids(words, (i) => rate > 0 && (chance[i] as number) < rate)
    })
    return padBatch(rows)
  }
}
