import { readFileSync } from 'node:fs'
import { IndexError, ValueError } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import * as S from './index.ts'

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
    expect(() => new S.BPEModel(new Map([['a', 0]]), [['a', 'b']])).toThrow(/'b' is not in/)
  })
})
