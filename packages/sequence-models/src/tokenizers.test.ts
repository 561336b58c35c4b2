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

describe('what cannot be', () => {
  const changed = (change: (json: Record<string, Record<string, unknown>>) => void): string => {
    const json = JSON.parse(byteLevel.file) as Record<string, Record<string, unknown>>
    change(json)
    return JSON.stringify(json)
  }

  it.each([
    [
      'a model',
      (json: Record<string, Record<string, unknown>>) => (json['model']!['type'] = 'Unigram'),
    ],
    [
      'a setting',
      (json: Record<string, Record<string, unknown>>) => (json['model']!['byte_fallback'] = true),
    ],
    [
      'a pre-tokenizer',
      (json: Record<string, Record<string, unknown>>) =>
        (json['pre_tokenizer'] = { type: 'Metaspace' }),
    ],
    [
      'a normalizer',
      (json: Record<string, Record<string, unknown>>) => (json['normalizer'] = { type: 'Replace' }),
    ],
    [
      'a decoder',
      (json: Record<string, Record<string, unknown>>) => (json['decoder'] = { type: 'Fuse' }),
    ],
    [
      'a post-processor',
      (json: Record<string, Record<string, unknown>>) =>
        (json['post_processor'] = { type: 'BertProcessing' }),
    ],
  ])('is said of %s', (_, change) => {
    expect(() => S.Tokenizer.fromJSON(changed(change))).toThrow(/not supported/)
  })

  it('is said of broken files and unknown tokens', () => {
    expect(() => S.Tokenizer.fromJSON('{')).toThrow(/no JSON/)
    expect(() => S.Tokenizer.fromJSON('{}')).toThrow(/the model null/)
    const tokenizer = S.Tokenizer.fromJSON(byteLevel.file)
    expect(() => tokenizer.decode([99_999])).toThrow(IndexError)
    expect(() => new S.BPEModel(new Map([['a', 0]]), [['a', 'b']])).toThrow(/'b' is not in/)
  })
})
