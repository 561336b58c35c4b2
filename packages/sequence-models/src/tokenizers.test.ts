import { readFileSync } from 'node:fs'
import { IndexError, ValueError } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import * as S from './index.ts'
import { frequentSubstrings } from './text/tokenizer/substrings.ts'

interface Golden {
  file: string
  ids: number[][]
  decoded: string[]
}
const golden = JSON.parse(
  readFileSync(new URL('../goldens/tokenizers.json', import.meta.url), 'utf8'),
) as { corpus: string[]; texts: string[]; tokenizers: Record<string, Golden> }
const byteLevel = golden.tokenizers['byte_level'] as Golden

describe('tokenizers that Hugging Face trained', () => {
  it.each(Object.entries(golden.tokenizers))('encode and decode alike: %s', (_, want) => {
    const tokenizer = S.Tokenizer.fromJSON(want.file)
    const again = S.Tokenizer.fromJSON(JSON.stringify(tokenizer))
    for (const [i, text] of golden.texts.entries()) {
      const { ids } = tokenizer.encode(text)
      expect(ids).toEqual(want.ids[i])
      expect(tokenizer.decode(ids)).toBe(want.decoded[i])
      expect(again.encode(text).ids).toEqual(ids)
    }
  })

  it('are written as they were read', () => {
    for (const { file } of Object.values(golden.tokenizers)) {
      expect(JSON.parse(JSON.stringify(S.Tokenizer.fromJSON(file)))).toEqual(JSON.parse(file))
    }
  })
})

describe('training', () => {
  it('of BPE gives the tokens and merges of Hugging Face', () => {
    const options = { vocabSize: 340, specialTokens: ['<s>', '</s>'] }
    const tokenizer = S.trainBPE(golden.corpus, options)
    expect(JSON.parse(JSON.stringify(tokenizer))).toEqual(JSON.parse(byteLevel.file))
    expect(tokenizer.vocabSize).toBe(340)
  })

  it('of BPE brings any text back, byte for byte', () => {
    const tokenizer = S.trainBPE(golden.corpus, { vocabSize: 300 })
    const texts = [...golden.texts, '\u0000\uFEFF\u{10FFFF} \r\n\t', 'ไทย العربية 한국어 🏳️‍🌈']
    for (const text of texts) {
      const { ids } = tokenizer.encode(text)
      expect(tokenizer.decode(ids)).toBe(text)
    }
    const half = tokenizer.encode('😀').ids.slice(0, 1)
    expect(tokenizer.decode(half)).toBe('\uFFFD')
  })

  it('of WordPiece makes common words tokens', () => {
    const specialTokens = ['[UNK]', '[CLS]']
    const tokenizer = S.trainWordPiece(golden.corpus, { vocabSize: 400, specialTokens })
    const { tokens, ids } = tokenizer.encode('[CLS]The DOG, naïve; 人工☃')
    expect(tokens).toEqual(['[CLS]', 'the', 'dog', ',', 'naive', ';', '人', '工', '[UNK]'])
    expect(tokenizer.decode(ids.slice(0, 5))).toBe('the dog, naive')
    const small = S.trainWordPiece(['abab abab ab'], { vocabSize: 7 })
    // First the letters, then the pair that begins all three words.
    expect([...small.model.vocab.keys()].slice(0, 6)).toEqual([
      '[UNK]',
      'a',
      'b',
      '##a',
      '##b',
      'ab',
    ])
  })

  it('stops at rare pairs, and refuses sizes without room for letters', () => {
    const rare = S.trainBPE(['ab ab cd'], { vocabSize: 1000, minFrequency: 2 })
    expect(rare.vocabSize).toBe(257)
    expect(() => S.trainBPE(['a'], { vocabSize: 100 })).toThrow(/256 already/)
    expect(() => S.trainWordPiece(['abc'], { vocabSize: 2 })).toThrow(ValueError)
    expect(() => S.trainWordPiece(['abc'], { vocabSize: 20, specialTokens: [] })).toThrow(/UNK/)
    expect(S.trainBPE([], { vocabSize: 300 }).encode('').ids).toEqual([])
  })
})

const splitAt = (regex: string): Record<string, unknown> => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
})
const template = (id: string): Record<string, unknown> => ({
  type: 'TemplateProcessing',
  single: [{ Sequence: { id, type_id: 0 } }, { SpecialToken: { id: '[CLS]', type_id: 0 } }],
  pair: [],
  special_tokens: {},
})

describe('what cannot be', () => {
  const changed = (change: (json: Record<string, Record<string, unknown>>) => void): string => {
    const json = JSON.parse(byteLevel.file) as Record<string, Record<string, unknown>>
    change(json)
    return JSON.stringify(json)
  }

  type Change = (json: Record<string, Record<string, unknown>>) => void
  const part =
    (name: string, value: unknown): Change =>
    (json) =>
      (json[name] = value as Record<string, unknown>)
  const inModel =
    (name: string, value: unknown): Change =>
    (json) =>
      (json['model']![name] = value)

  it.each<[string, Change, RegExp]>([
    ['a model', inModel('type', 'Marian'), /the model .*Marian.* not supported/],
    ['a setting', inModel('dropout', 0.1), /dropout 0.1 is not supported/],
    ['a pre-tokenizer', part('pre_tokenizer', { type: 'Elsewhere' }), /pre-tokenizer .*Elsewhere/],
    ['a normalizer', part('normalizer', { type: 'Elsewhere' }), /normalizer .* not supported/],
    ['a decoder', part('decoder', { type: 'Elsewhere' }), /decoder .* not supported/],
    ['a post-processor', part('post_processor', { type: 'X' }), /post-processor .* not supported/],
    ['a pattern', part('pre_tokenizer', splitAt('(?<name>a)\\k<name>')), /\\\\k.* not supported/],
    ['a property', part('pre_tokenizer', splitAt('\\p{Klingon}')), /Klingon.* not supported/],
  ])('is said of %s', (_, change, message) => {
    expect(() => S.Tokenizer.fromJSON(changed(change))).toThrow(message)
    expect(() => S.Tokenizer.fromJSON(changed(change))).toThrow(ValueError)
  })

  it.each<[string, Change, RegExp]>([
    ['a list for an object', part('normalizer', []), /'normalizer' must be an object/],
    ['no type', part('decoder', {}), /'type' must be a string/],
    ['a vocabulary of another kind', inModel('vocab', 'abc'), /'vocab' of BPE must be an object/],
    ['a number of a token', inModel('vocab', { a: -1 }), /number of the token "a" is -1/],
    ['a number twice', inModel('vocab', { a: 1, b: 1 }), /two tokens have the number 1/],
    ['a merge', inModel('merges', ['a b c']), /merge 0 is no pair/],
    ['a merge of unknown tokens', inModel('merges', [['\u0000', 'b']]), /is not in the vocabulary/],
    ['an added token', part('added_tokens', [{ id: 0, content: 7 }]), /'content' must be a string/],
    ['an empty added token', part('added_tokens', [{ id: 0, content: '' }]), /is empty/],
    ['another number', part('added_tokens', [{ id: 9, content: '<s>' }]), /number 9, .*|9, and 0/],
    ['added tokens', part('added_tokens', 'all'), /'added_tokens' must be an array/],
    ['a behaviour', part('pre_tokenizer', { ...splitAt('a'), behavior: 'X' }), /one of Removed/],
    ['an open bracket', part('pre_tokenizer', splitAt('[a')), /bracket without its end/],
    ['an open group', part('pre_tokenizer', splitAt('(a')), /parenthesis without its end/],
    ['truncation', part('truncation', { max_length: -1 }), /'max_length' must be a whole number/],
    ['padding', part('padding', { strategy: { Fixed: 'x' } }), /'Fixed' must be a number/],
    ['a map', part('normalizer', { type: 'Precompiled', precompiled_charsmap: 'AAAA' }), /3 bytes/],
    ['a template', part('post_processor', template('C')), /'id' must be one of A, B/],
    ['a template’s token', part('post_processor', template('A')), /'\[CLS\]' must be an object/],
  ])('damaged files are refused: %s', (_, change, message) => {
    expect(() => S.Tokenizer.fromJSON(changed(change))).toThrow(message)
    expect(() => S.Tokenizer.fromJSON(changed(change))).toThrow(ValueError)
  })

  it('is said of broken files and unknown tokens', () => {
    expect(() => S.Tokenizer.fromJSON('{')).toThrow(/no JSON/)
    expect(() => S.Tokenizer.fromJSON('null')).toThrow(/no object/)
    expect(() => S.Tokenizer.fromJSON('{}')).toThrow(/'model' must be an object/)
    const tokenizer = S.Tokenizer.fromJSON(byteLevel.file)
    expect(() => tokenizer.decode([99_999])).toThrow(IndexError)
    expect(() => tokenizer.encode(7 as unknown as string)).toThrow(/string, not number/)
    expect([tokenizer.tokenToId('nowhere'), tokenizer.idToToken(99_999)]).toEqual([null, null])
    expect(tokenizer.idToToken(tokenizer.tokenToId('a')!)).toBe('a')
    expect(() => new S.BPEModel(new Map([['a', 0]]), [['a', 'b']])).toThrow(/'b' is not in/)
  })
})

/** Half of a surrogate pair. */
const HALF = /\p{Surrogate}/gu
const byText = ([a]: readonly [string, number], [b]: readonly [string, number]): number =>
  a < b ? -1 : 1

/** Numbers that look random, the same each time. */
function* dice(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    yield state / 2 ** 32
  }
}

/** Texts of letters of many kinds, well-formed. */
function randomTexts(count: number, seed: number): string[] {
  const pool = Array.from(
    " \n\tabcXYZ019.,'▁<>éßΣ你好学习😀👍🏽\u0301\u200d\uFEFFग़각\u0000ﬁ\u{10FFFF}",
  )
  const chance = dice(seed)
  const next = (most: number): number => Math.floor(chance.next().value * most)
  return Array.from({ length: count }, () =>
    Array.from({ length: next(40) }, () => pool[next(pool.length)]).join(''),
  )
}

describe('the unigram language model', () => {
  it('finds all substrings that repeat, as a search finds them', () => {
    const words = randomTexts(60, 3).map((text, i): [string, number] => [
      text
        .replaceAll(/[^a-c9.你好😀]/gu, 'a')
        .slice(0, 12)
        .replaceAll(HALF, ''),
      1 + (i % 3),
    ])
    const longest = 5
    const counts = new Map<string, number>()
    for (const [word, count] of words) {
      for (let i = 0; i < word.length; i++) {
        for (let j = i + 1; j <= Math.min(word.length, i + longest); j++) {
          const part = word.slice(i, j)
          counts.set(part, (counts.get(part) ?? 0) + count)
        }
      }
    }
    const goesOn = (text: string, count: number): boolean =>
      [...counts].some(
        ([other, n]) => n === count && other.length === text.length + 1 && other.startsWith(text),
      )
    const isText = (text: string): boolean => !text.match(HALF) && Array.from(text).length > 1
    const want = [...counts].filter(([text, n]) => n > 1 && isText(text) && !goesOn(text, n))
    const found = frequentSubstrings(words, longest)
    expect(found.toSorted(byText)).toEqual(want.toSorted(byText))
    expect(want.length).toBeGreaterThan(100)
  })

  it('learns pieces that cut texts as well as Hugging Face’s trainer does', () => {
    const corpus = golden.corpus
    const theirs = S.Tokenizer.fromJSON(golden.tokenizers['unigram']!.file)
    const vocabSize = theirs.vocabSize
    const tokenizer = S.trainUnigram(corpus, { vocabSize })
    expect(tokenizer.vocabSize).toBeLessThanOrEqual(vocabSize)
    const size = (one: S.Tokenizer): number =>
      one.encodeBatch(corpus).reduce((sum, { ids }) => sum + ids.length, 0)
    expect(size(tokenizer)).toBeLessThanOrEqual(1.03 * size(theirs))
    const model = tokenizer.model as S.UnigramModel
    // Scores are logarithms of probabilities.
    const sum = model.scores.slice(1).reduce((all, [, score]) => all + Math.exp(score), 0)
    expect(sum).toBeGreaterThan(0.8)
    expect(sum).toBeLessThan(1.01)
  })

  it('brings any text back, byte for byte', () => {
    const tokenizer = S.trainUnigram(golden.corpus, { vocabSize: 500, byteFallback: true })
    const again = S.Tokenizer.fromJSON(JSON.stringify(tokenizer))
    const texts = [...golden.texts, ...randomTexts(300, 1), '<0x41>', '  two  spaces ']
    for (const text of texts.map((one) => one.replaceAll(/▁|<s>|<\/s>/g, ''))) {
      const { ids } = tokenizer.encode(text)
      expect(tokenizer.decode(ids)).toBe(text)
      expect(again.encode(text).ids).toEqual(ids)
    }
  })

  it('refuses what cannot be', () => {
    expect(() => S.trainUnigram(['abc'], { vocabSize: 3 })).toThrow(/5 already/)
    expect(() => S.trainUnigram(['abc'], { vocabSize: 100, byteFallback: true })).toThrow(/261/)
    expect(() => S.trainUnigram(['a'], { vocabSize: 9, shrinkingFactor: 1 })).toThrow(ValueError)
    expect(() => new S.UnigramModel([])).toThrow(/no token/)
    expect(() => new S.UnigramModel([['a', -Infinity]])).toThrow(/no finite number/)
    expect(() => new S.UnigramModel([['a', -1]], { unkId: 1 })).toThrow(/unkId \(1\)/)
    expect(() => new S.UnigramModel([['a', -1]]).tokenize('ab')).toThrow(/unknown letters/)
  })
})

describe('truncation and padding', () => {
  const tokenizer = S.Tokenizer.fromJSON(byteLevel.file)

  it('are set from the outside, and written', () => {
    tokenizer.truncation = { maxLength: 3, stride: 1 }
    tokenizer.padding = { padId: 5, padToken: '<s>' }
    const encoding = tokenizer.encode('aXbXcXd')
    expect(encoding.ids.length).toBe(3)
    expect(encoding.overflowing.map(({ ids }) => ids.length)).toEqual([3, 3])
    expect(encoding.overflowing[0]!.offsets[0]).toEqual(encoding.offsets[2])
    const [short] = tokenizer.encodeBatch(['a', 'aXbXc'])
    expect([short!.ids.slice(1), short!.attentionMask]).toEqual([
      [5, 5],
      [1, 0, 0],
    ])
    const again = S.Tokenizer.fromJSON(JSON.stringify(tokenizer))
    expect([again.truncation?.stride, again.padding?.padToken]).toEqual([1, '<s>'])
    // What was asked for at the time of encoding holds for places as well.
    tokenizer.truncation = null
    tokenizer.padding = null
    expect(encoding.offsets.length).toBe(3)
  })

  it('refuse lengths that cannot be', () => {
    const encode = (truncation: S.Truncation | null, pair: string | null = null): unknown => {
      tokenizer.truncation = truncation
      return tokenizer.encode('aXbXcX', { pair })
    }
    expect(() => encode({ maxLength: 2, stride: 2 })).toThrow(
      /stride \(2\) must be less than the 2/,
    )
    expect(() => encode({ maxLength: 2, strategy: 'only_second' })).toThrow(/pass a pair/)
    expect(() => encode({ maxLength: 2, strategy: 'only_second' }, 'a')).toThrow(/longest_first/)
    expect(() => encode({ maxLength: 1.5 })).toThrow(/whole number/)
    expect(() => encode({ maxLength: -1 })).toThrow(ValueError)
    tokenizer.truncation = null
    tokenizer.padding = { length: -1 }
    expect(() => tokenizer.encode('a')).toThrow(ValueError)
    tokenizer.padding = null
  })
})

describe('any text', () => {
  const tokenizers = Object.values(golden.tokenizers).map(({ file }) => S.Tokenizer.fromJSON(file))

  it('has the same tokens with and without places, which are in order', () => {
    for (const tokenizer of tokenizers) {
      for (const text of randomTexts(200, 2)) {
        const { ids, offsets, wordIds } = tokenizer.encode(text)
        expect([offsets.length, wordIds.length]).toEqual([ids.length, ids.length])
        let last = 0
        for (const [start, end] of offsets) {
          expect(start).toBeGreaterThanOrEqual(last)
          expect(text.slice(start, end)).not.toMatch(HALF)
          last = start
        }
      }
    }
  })

  it('may have half of a pair, which counts as U+FFFD', () => {
    const tokenizer = S.Tokenizer.fromJSON(byteLevel.file)
    const { ids, offsets } = tokenizer.encode('a\uD83D b\uDE00')
    expect(tokenizer.decode(ids)).toBe('a\uFFFD b\uFFFD')
    expect(offsets.at(-1)).toEqual([4, 5])
  })
})
