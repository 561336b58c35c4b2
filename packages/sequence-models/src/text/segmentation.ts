/** Words of texts without spaces, as Chinese: by a dictionary, or by the words' probabilities. */
import { requireTexts } from '../inputs.ts'
import { ValueError } from '@flambeau/core'
import { requireList, requireOptions, requireText } from '@flambeau/core/internal'
import { TokenTree } from './tokenizer/unigram.ts'

/** @throws {ValueError} unless there is a word, and none is empty. */
function requireWords(op: string, words: ReadonlySet<string> | ReadonlyMap<string, number>): void {
  if (!(words instanceof Set) && !(words instanceof Map)) {
    const rule = 'words must be a Set, or a Map of words to probabilities'
    throw new ValueError(op, [], rule, "new Set(['a', 'b'])")
  }
  if (words.size > 0 && !words.has('')) return
  const rule = words.size === 0 ? 'there is no word' : 'a word is empty'
  throw new ValueError(op, {}, rule, 'pass the words of a dictionary')
}

/** The units of a letter that begins (or with `back` ends) at a place. */
function letterSize(text: string, at: number, back: boolean): number {
  const [first, second] = back ? [at - 2, at - 1] : [at, at + 1]
  const high = (text.charCodeAt(first) & 0xfc00) === 0xd800
  return high && (text.charCodeAt(second) & 0xfc00) === 0xdc00 ? 2 : 1
}

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
  /** The words, and the words backwards, letter by letter. */
  private readonly tree: TokenTree
  private readonly backTree: TokenTree

  constructor(words: Iterable<string>) {
    requireTexts('segmentation', words)
    const all = new Set(words)
    requireTexts('segmentation', [...all])
    requireWords('DictionarySegmenter', all)
    this.tree = new TokenTree(Array.from(all, (word) => [word, 0] as const))
    this.backTree = new TokenTree(
      Array.from(all, (word) => [word.split('').toReversed().join(''), 0] as const),
    )
  }

  /** From the first character on. */
  forward(text: string): string[] {
    requireText('DictionarySegmenter', 'text', text)
    const { tree } = this
    const found: string[] = []
    for (let start = 0; start < text.length;) {
      let longest = start + letterSize(text, start, false)
      let node = 0
      for (let end = start; end < text.length;) {
        node = tree.step(node, text.charCodeAt(end++))
        if (node < 0) break
        if (tree.tokenAt(node) >= 0) longest = Math.max(longest, end)
      }
      found.push(text.slice(start, longest))
      start = longest
    }
    return found
  }

  /** From the last character back. */
  backward(text: string): string[] {
    requireText('DictionarySegmenter', 'text', text)
    const { backTree } = this
    const found: string[] = []
    for (let end = text.length; end > 0;) {
      let longest = end - letterSize(text, end, true)
      let node = 0
      for (let start = end; start > 0;) {
        node = backTree.step(node, text.charCodeAt(--start))
        if (node < 0) break
        if (backTree.tokenAt(node) >= 0) longest = Math.min(longest, start)
      }
      found.push(text.slice(longest, end))
      end = longest
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
  private readonly tree: TokenTree
  private readonly values: Float64Array
  private readonly unknown: number

  constructor(counts: ReadonlyMap<string, number>, options: { unknownCount?: number } = {}) {
    requireOptions('UnigramSegmenter', options)
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
    this.values = Float64Array.from(this.logarithms.values())
    this.tree = new TokenTree(Array.from(counts.keys(), (word, i) => [word, i] as const))
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
    requireList('UnigramSegmenter', 'words', words, 'a list of words')
    requireTexts('UnigramSegmenter', words)
    return words.reduce((sum, word) => {
      const single = Array.from(word).length === 1 ? this.unknown : -Infinity
      return sum + (this.logarithms.get(word) ?? single)
    }, 0)
  }

  /** The most likely words of a text. */
  segment(text: string): string[] {
    requireText('UnigramSegmenter', 'text', text)
    const { tree, values } = this
    const size = text.length
    const best = new Float64Array(size + 1).fill(-Infinity)
    const from = new Int32Array(size + 1)
    best[0] = 0
    const offer = (start: number, end: number, own: number): void => {
      const score = (best[start] as number) + own
      if (score <= (best[end] as number)) return
      best[end] = score
      from[end] = start
    }
    for (let start = 0; start < size;) {
      const single = start + letterSize(text, start, false)
      let known = false
      let node = 0
      for (let end = start; end < size;) {
        node = tree.step(node, text.charCodeAt(end++))
        if (node < 0) break
        const word = tree.tokenAt(node)
        if (word < 0) continue
        offer(start, end, values[word] as number)
        if (end === single) known = true
      }
      if (!known) offer(start, single, this.unknown)
      start = single
    }
    const words: string[] = []
    for (let end = size; end > 0; end = from[end] as number) words.push(text.slice(from[end], end))
    return words.toReversed()
  }
}
