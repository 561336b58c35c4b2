/** Words of texts without spaces, as Chinese: by a dictionary, or by the words' probabilities. */
import { ValueError } from '@flambeau/core'

/** @throws {ValueError} unless there is a word, and none is empty. */
function requireWords(op: string, words: ReadonlySet<string> | ReadonlyMap<string, number>): void {
  if (words.size > 0 && !words.has('')) return
  const rule = words.size === 0 ? 'there is no word' : 'a word is empty'
  throw new ValueError(op, {}, rule, 'pass the words of a dictionary')
}

const longestOf = (words: Iterable<string>): number =>
  Array.from(words).reduce((most, word) => Math.max(most, Array.from(word).length), 1)

/**
 * Cuts texts by maximum matching: at each place the longest word of the dictionary; a character
 * with which no word begins (or ends, backwards) stays alone. The words of a text joined are the text.
 *
 * @throws {ValueError} if there are no words, or one is empty.
 *
 * @example
 * ```ts
 * import { DictionarySegmenter } from '@flambeau/sequence-models'
 * const segmenter = new DictionarySegmenter(['研究', '研究生', '生命', '命', '起源', '的'])
 * console.log(segmenter.forward('研究生命的起源')) // => [ '研究生', '命', '的', '起源' ]
 * console.log(segmenter.backward('研究生命的起源')) // => [ '研究', '生命', '的', '起源' ]
 * console.log(segmenter.bidirectional('研究生命')) // => [ '研究', '生命' ]
 * ```
 */
export class DictionarySegmenter {
  private readonly words: ReadonlySet<string>
  private readonly longest: number

  constructor(words: Iterable<string>) {
    this.words = new Set(words)
    requireWords('DictionarySegmenter', this.words)
    this.longest = longestOf(this.words)
  }

  /** From the first character on. */
  forward(text: string): string[] {
    const letters = Array.from(text)
    const found: string[] = []
    for (let i = 0; i < letters.length;) {
      let size = Math.min(this.longest, letters.length - i)
      while (size > 1 && !this.words.has(letters.slice(i, i + size).join(''))) size--
      found.push(letters.slice(i, i + size).join(''))
      i += size
    }
    return found
  }

  /** From the last character back. */
  backward(text: string): string[] {
    const letters = Array.from(text)
    const found: string[] = []
    for (let end = letters.length; end > 0;) {
      let size = Math.min(this.longest, end)
      while (size > 1 && !this.words.has(letters.slice(end - size, end).join(''))) size--
      found.push(letters.slice(end - size, end).join(''))
      end -= size
    }
    return found.toReversed()
  }

  /** The one of both with fewer words, or else with fewer single characters, or else backwards. */
  bidirectional(text: string): string[] {
    const [forward, backward] = [this.forward(text), this.backward(text)]
    const singles = (words: string[]): number =>
      words.filter((word) => Array.from(word).length === 1).length
    const difference = forward.length - backward.length || singles(forward) - singles(backward)
    return difference < 0 ? forward : backward
  }
}

/**
 * Cuts texts into the words whose product of probabilities is the largest, by Viterbi's algorithm. A
 * character that is no word counts as one seen `unknownCount` times. The words of a text joined are
 * the text.
 *
 * @throws {ValueError} if there are no words, one is empty, or counts are not above 0.
 * @see Kudo 2018, https://arxiv.org/abs/1804.10959
 *
 * @example
 * ```ts
 * import { UnigramSegmenter } from '@flambeau/sequence-models'
 * const counts = { 研究: 8, 研究生: 3, 生命: 6, 命: 1, 起源: 4 }
 * const segmenter = new UnigramSegmenter(new Map(Object.entries(counts)))
 * console.log(segmenter.segment('研究生命起源')) // => [ '研究', '生命', '起源' ]
 * ```
 */
export class UnigramSegmenter {
  private readonly logarithms: ReadonlyMap<string, number>
  private readonly longest: number
  private readonly unknown: number

  constructor(counts: ReadonlyMap<string, number>, options: { unknownCount?: number } = {}) {
    const { unknownCount = 0.1 } = options
    requireWords('UnigramSegmenter', counts)
    const values = [...counts.values(), unknownCount]
    if (!values.every((count) => count > 0 && count < Infinity)) {
      const rule = 'counts must be above 0'
      throw new ValueError('UnigramSegmenter', { unknownCount }, rule, 'leave out unseen words')
    }
    const total = values.reduce((sum, count) => sum + count, 0)
    this.logarithms = new Map(Array.from(counts, ([word, n]) => [word, Math.log(n / total)]))
    this.unknown = Math.log(unknownCount / total)
    this.longest = longestOf(counts.keys())
  }

  /** With the counts of texts that are cut already. */
  static fromTexts(texts: Iterable<Iterable<string>>): UnigramSegmenter {
    const counts = new Map<string, number>()
    for (const text of texts) {
      for (const word of text) counts.set(word, (counts.get(word) ?? 0) + 1)
    }
    return new UnigramSegmenter(counts)
  }

  /** The log-probability of a list of words. */
  score(words: readonly string[]): number {
    return words.reduce((sum, word) => {
      const single = Array.from(word).length === 1 ? this.unknown : -Infinity
      return sum + (this.logarithms.get(word) ?? single)
    }, 0)
  }

  /** The most likely words of a text. */
  segment(text: string): string[] {
    const letters = Array.from(text)
    const best: number[] = [0]
    const from: number[] = [0]
    for (let end = 1; end <= letters.length; end++) {
      best.push(-Infinity)
      from.push(end - 1)
      let word = ''
      for (let start = end - 1; start >= Math.max(0, end - this.longest); start--) {
        word = (letters[start] as string) + word
        const own = this.logarithms.get(word) ?? (start === end - 1 ? this.unknown : -Infinity)
        const score = (best[start] as number) + own
        if (score > (best[end] as number)) {
          best[end] = score
          from[end] = start
        }
      }
    }
    const words: string[] = []
    for (let end = letters.length; end > 0; end = from[end] as number) {
      words.push(letters.slice(from[end], end).join(''))
    }
    return words.toReversed()
  }
}
