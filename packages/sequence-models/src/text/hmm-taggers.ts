/** Words of Chinese texts, and parts of speech, by hidden Markov models. */
import { requireLists, requireTexts } from '../inputs.ts'
import { ValueError } from '@flambeau/core'
import { requireText } from '@flambeau/core/internal'
import { HiddenMarkovModel } from './hmm.ts'
import { Vocabulary } from './vocabulary.ts'

const UNKNOWN = '<unk>'

function requireWords(op: string, texts: readonly unknown[][]): void {
  requireLists(op, 'texts', texts)
  if (texts.some((text) => text.length > 0)) return
  throw new ValueError(op, { texts: texts.length }, 'there is no word', 'pass texts with words')
}

/** Begin, middle and end of a word, and a word of one character. */
const [B, M, E, S] = [0, 1, 2, 3]
const FOLLOWS: readonly (readonly number[])[] = [
  [M, E],
  [M, E],
  [B, S],
  [B, S],
]

/**
 * Cuts texts into words by the places of characters in words: each one begins a word, is in its middle,
 * ends it, or is one alone (BMES), and a hidden Markov model knows how often. So it finds words that it
 * has not seen. The words of a text joined are the text.
 *
 * @throws {ValueError} if there is no word, or one is empty.
 *
 * @example
 * ```ts
 * import { HMMSegmenter } from '@flambeau/sequence-models'
 * const segmenter = HMMSegmenter.fromTexts([['我们', '学习', '语言'], ['他', '学习'], ['我们', '是', '学生']])
 * console.log(segmenter.segment('我们学习')) // => [ '我们', '学习' ]
 * ```
 */
export class HMMSegmenter {
  readonly model: HiddenMarkovModel
  private readonly letters: Vocabulary

  /** @param letters The characters, among them `<unk>`. */
  constructor(model: HiddenMarkovModel, letters: Vocabulary) {
    this.model = model
    this.letters = letters
  }

  /** With the counts of texts that are cut already. */
  static fromTexts(
    texts: Iterable<Iterable<string>>,
    options: { readonly smoothing?: number } = {},
  ): HMMSegmenter {
    const words = Array.from(texts, (text) => Array.from(text))
    requireWords('HMMSegmenter', words)
    if (words.flat().includes('')) {
      throw new ValueError('HMMSegmenter', {}, 'a word is empty', 'leave it out')
    }
    const letters = Vocabulary.build(
      words.map((text) => Array.from(text.join(''))),
      { specialTokens: [UNKNOWN], unkToken: UNKNOWN },
    )
    const sequences = words.map((text) => ({
      symbols: letters.encode(Array.from(text.join(''))),
      states: text.flatMap((word) => {
        const inside = Array.from(word).length - 2
        return inside < 0 ? [S] : [B, ...Array<number>(inside).fill(M), E]
      }),
    }))
    const model = HiddenMarkovModel.fromCounts(sequences, {
      numStates: 4,
      numSymbols: letters.size,
      finalStates: [E, S],
      smoothing: options.smoothing ?? 0.1,
      emissionSmoothing: options.smoothing ?? 0.1,
      allowed: (from, to) => (from === null ? to === B || to === S : FOLLOWS[from]!.includes(to)),
    })
    return new HMMSegmenter(model, letters)
  }

  /** The most likely words of a text. */
  segment(text: string): string[] {
    requireText('segment', 'text', text)
    const letters = Array.from(text)
    const words: string[] = []
    let word = ''
    for (const [i, state] of this.model.viterbi(this.letters.encode(letters)).entries()) {
      word += letters[i] as string
      if (state !== E && state !== S) continue
      words.push(word)
      word = ''
    }
    return words
  }

  /**
   * Learns from texts that are not cut, by {@link HiddenMarkovModel.baumWelch}.
   *
   * @returns Their log-likelihood before each iteration.
   */
  adapt(texts: Iterable<string>, options: { readonly iterations?: number } = {}): number[] {
    requireTexts('adapt', texts)
    const sequences = Array.from(texts, (text) => this.letters.encode(Array.from(text)))
    return this.model.baumWelch(sequences, { ...options, smoothing: 0.01 })
  }
}

/** A word with its part of speech. */
export type TaggedWord = readonly [word: string, tag: string]

/**
 * A tagger of parts of speech by a hidden Markov model: which tags follow one another, and which words
 * they have. An unknown word is as likely for a tag as words that were seen once.
 *
 * @throws {ValueError} if there is no word.
 * @see Brants 2000, https://arxiv.org/abs/cs/0003055
 *
 * @example
 * ```ts
 * import { HMMTagger } from '@flambeau/sequence-models'
 * const tagger = HMMTagger.fromTexts([
 *   [['the', 'DET'], ['dog', 'NOUN'], ['sleeps', 'VERB']],
 *   [['a', 'DET'], ['cat', 'NOUN'], ['sees', 'VERB'], ['the', 'DET'], ['bird', 'NOUN']],
 * ])
 * console.log(tagger.tag(['the', 'horse', 'sleeps'])) // => [ 'DET', 'NOUN', 'VERB' ]
 * ```
 */
export class HMMTagger {
  readonly model: HiddenMarkovModel
  readonly tags: Vocabulary
  private readonly words: Vocabulary

  /** @param words The words, among them `<unk>`. @param tags The parts of speech. */
  constructor(model: HiddenMarkovModel, words: Vocabulary, tags: Vocabulary) {
    this.model = model
    this.words = words
    this.tags = tags
  }

  /** With the counts of texts that are tagged already. */
  static fromTexts(
    texts: Iterable<Iterable<TaggedWord>>,
    options: { readonly smoothing?: number } = {},
  ): HMMTagger {
    const { smoothing = 0.1 } = options
    const all = Array.from(texts, (text) => Array.from(text))
    requireWords('HMMTagger', all)
    const column = (place: 0 | 1): string[][] => all.map((text) => text.map((pair) => pair[place]))
    const words = Vocabulary.build(column(0), { specialTokens: [UNKNOWN], unkToken: UNKNOWN })
    const tags = Vocabulary.build(column(1), { specialTokens: [], unkToken: null })
    const counts = new Map<string, number>()
    for (const word of column(0).flat()) counts.set(word, (counts.get(word) ?? 0) + 1)
    const sequences = all.map((text) => ({
      states: text.map(([, tag]) => tags.id(tag)),
      symbols: text.map(([word]) => words.id(word)),
    }))
    // Words that were seen once show what tags unknown words have.
    const rare = all.flat().filter(([word]) => counts.get(word) === 1)
    const once = rare.map(([, tag]) => ({ states: [tags.id(tag)], symbols: [words.id(UNKNOWN)] }))
    const sizes = { numStates: tags.size, numSymbols: words.size }
    const model = HiddenMarkovModel.fromCounts(sequences, {
      ...sizes,
      smoothing,
      emissionSmoothing: 0,
    })
    const unknown = HiddenMarkovModel.fromCounts([...sequences, ...once], {
      ...sizes,
      emissionSmoothing: smoothing / words.size,
    })
    model.emissions.set(unknown.emissions)
    return new HMMTagger(model, words, tags)
  }

  /** The most likely tags of words. */
  tag(words: readonly string[]): string[] {
    requireTexts('tag', words)
    return this.tags.decode(this.model.viterbi(this.words.encode(words)))
  }
}
