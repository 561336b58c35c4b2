/** Words as numbers, also those that a treebank does not have. */
import { requireSentenceList } from '../inputs.ts'
import { ValueError } from '@flambeau/core'
import { requireList } from '@flambeau/core/internal'
import { Vocabulary } from '../text/vocabulary.ts'
import type { Sentence, Word } from './conllu.ts'

const SUFFIX = 3
const suffixesOf = (form: string): string[] => {
  const letters = Array.from(form)
  return [SUFFIX, SUFFIX - 1, 1].map((size) => `*${letters.slice(-size).join('')}`)
}

/**
 * The words of a treebank as numbers. Case does not count; a word that is not there has the number of
 * its longest ending that is (three letters, two, one), or else that of `<unk>`.
 */
export class WordIndex {
  readonly vocabulary: Vocabulary

  /** The vocabulary has `<pad>`, `<unk>` and `<root>`, words in lower case, and endings behind a `*`. */
  constructor(vocabulary: Vocabulary) {
    this.vocabulary = vocabulary
  }

  /** Words that are there `minCount` times or more, and endings of four or more. */
  static of(sentences: readonly Sentence[], minCount: number): WordIndex {
    const forms = sentences.map(({ words }) => words.map(({ form }) => form.toLowerCase()))
    const specialTokens = ['<pad>', '<unk>', '<root>']
    const words = Vocabulary.build(forms, { specialTokens, minCount })
    // Endings of different words, not of one that is frequent.
    const distinct = [...new Set(forms.flat())].map(suffixesOf)
    const endings = Vocabulary.build(distinct, { specialTokens: [], minCount: 4, unkToken: null })
    const added = endings.tokens.filter((token) => !words.has(token))
    return new WordIndex(new Vocabulary([...words.tokens, ...added], '<unk>'))
  }

  /** The number of a word. */
  id(form: string): number {
    const word = form.toLowerCase()
    return this.vocabulary.has(word) ? this.vocabulary.id(word) : this.unknownId(word)
  }

  /** The number that the word would have if it were not there. */
  unknownId(form: string): number {
    const known = suffixesOf(form.toLowerCase()).find((suffix) => this.vocabulary.has(suffix))
    return this.vocabulary.id(known ?? '<unk>')
  }

  /** Numbers of words, each with this probability as if it were not there. */
  ids(words: readonly Word[], dropped: (place: number) => boolean): number[] {
    return words.map(({ form }, i) => (dropped(i) ? this.unknownId(form) : this.id(form)))
  }
}

/** The values of a column, with special ones first. */
export function columnVocabulary(
  sentences: readonly Sentence[],
  column: 'upos' | 'deprel',
  specialTokens: readonly string[],
): Vocabulary {
  const values = sentences.map(({ words }) =>
    words.map((word) => word[column]).filter((value) => value !== null),
  )
  return Vocabulary.build(values, { specialTokens, unkToken: specialTokens[0] ?? null })
}

/** @throws {ValueError} unless there are sentences, and each has words. */
export function requireSentences(op: string, sentences: readonly Sentence[]): void {
  requireList(op, 'sentences', sentences, 'a list of sentences')
  requireSentenceList(op, sentences)
  const empty = sentences.findIndex(({ words }) => words.length === 0)
  if (sentences.length > 0 && empty < 0) return
  const rule = sentences.length === 0 ? 'there is no sentence' : `sentence ${empty} has no words`
  throw new ValueError(op, { sentences: sentences.length }, rule, 'leave empty sentences out')
}

/** A column of a word that is annotated. @throws {ValueError} if it is not. */
export function annotated<K extends 'upos' | 'head' | 'deprel'>(
  op: string,
  word: Word,
  column: K,
): NonNullable<Word[K]> {
  const value = word[column]
  if (value !== null) return value
  const rule = `the word '${word.form}' has no ${column}`
  throw new ValueError(op, {}, rule, 'train and evaluate with annotated sentences')
}

/** Runs a model's function in evaluation mode. */
export function evaluating<T>(
  model: { readonly training: boolean; train(mode?: boolean): unknown },
  run: () => T,
): T {
  const { training } = model
  model.train(false)
  try {
    return run()
  } finally {
    model.train(training)
  }
}
