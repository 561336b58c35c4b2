import { readFileSync } from 'node:fs'
import { IndexError, manualSeed, tensor, ValueError } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import * as S from './index.ts'

const golden = JSON.parse(
  readFileSync(new URL('../goldens/tfidf.json', import.meta.url), 'utf8'),
) as {
  texts: string[]
  cases: {
    options: S.TfidfOptions
    terms: string[]
    counts: number[][]
    tfidf: number[][]
    unseen: number[]
    idf: number[] | null
  }[]
}

describe('vocabularies', () => {
  it('sort by frequency, then code points, and keep what fits', () => {
    const texts = [['b', 'a', '😀', 'a'], ['b', '｡', 'c'], ['c']]
    expect(S.Vocabulary.build(texts).tokens.slice(4)).toEqual(['a', 'b', 'c', '｡', '😀'])
    const options = { specialTokens: ['<unk>'], minCount: 2, maxSize: 3 }
    const small = S.Vocabulary.build(texts, options)
    expect(small.tokens).toEqual(['<unk>', 'a', 'b'])
    expect(small.encode(['b', 'c'])).toEqual([2, 0])
    expect(small.decode([0, 1])).toEqual(['<unk>', 'a'])
  })

  it('refuse what they do not know', () => {
    const strict = S.Vocabulary.build([['a']], { specialTokens: [], unkToken: null })
    expect(() => strict.encode(['b'])).toThrow(/'b' is not in the vocabulary/)
    expect(() => strict.decode([1])).toThrow(IndexError)
    expect(() => new S.Vocabulary(['a', 'a'])).toThrow(/twice/)
    expect(() => new S.Vocabulary(['a'], '<unk>')).toThrow(ValueError)
    expect(strict.has('b')).toBe(false)
  })

  it('make batches of texts of similar length', () => {
    const { tokens } = S.padBatch([[1, 2, 3, 4], [5]], { padToken: 9, maxLength: 3 })
    expect(tokens.tolist()).toEqual([
      [1, 2, 3],
      [5, 9, 9],
    ])
    expect(() => S.padBatch([[1], []])).toThrow(/sequence 1 is empty/)
    expect(() => S.padBatch([])).toThrow(/no sequence/)
    manualSeed(0)
    const lengths = Array.from({ length: 23 }, (_, i) => (i * 7) % 10)
    const batches = S.bucketByLength(lengths, { batchSize: 4, shuffle: true })
    expect(batches.flat().toSorted((a, b) => a - b)).toEqual(lengths.map((_, i) => i))
    for (const batch of batches) {
      const inside = batch.map((i) => lengths[i]!)
      expect(Math.max(...inside) - Math.min(...inside)).toBeLessThan(3)
    }
    expect(S.bucketByLength(lengths, { batchSize: 4, shuffle: true })).not.toEqual(batches)
    expect(() => S.oneHot(tensor([3]), 3)).toThrow(/oneHot/)
  })
})

describe('bags of words and TF-IDF', () => {
  it.each(golden.cases)('equal scikit-learn with $options', (want) => {
    const bags = new S.CountVectorizer(want.options)
    expect(bags.fitTransform(golden.texts).tolist()).toEqual(want.counts)
    const tfidf = new S.TfidfVectorizer(want.options)
    const x = tfidf.fitTransform(golden.texts).tolist() as number[][]
    expect(tfidf.terms).toEqual(want.terms)
    for (const [i, idf] of (want.idf ?? []).entries()) {
      expect((tfidf.idf!.tolist() as number[])[i]).toBeCloseTo(idf, 12)
    }
    expect(tfidf.idf === null).toBe(want.idf === null)
    const unseen = tfidf.transform(['the dog learns']).tolist() as number[][]
    for (const [i, row] of [...want.tfidf, want.unseen].entries()) {
      for (const [j, value] of row.entries())
        expect([...x, ...unseen][i]![j]).toBeCloseTo(value, 12)
    }
  })

  it('refuse what cannot be', () => {
    expect(() => new S.CountVectorizer().transform(['a'])).toThrow(/fit/)
    expect(() => new S.CountVectorizer().fit(['a b'])).toThrow(/no term is left/)
    expect(() => new S.CountVectorizer({ ngramRange: [2, 1] })).toThrow(ValueError)
    expect(() => new S.CountVectorizer({ vocabulary: ['a', 'a'] }).fit(['a'])).toThrow(/twice/)
    expect(() => new S.CountVectorizer({ vocabulary: [] }).fit(['a'])).toThrow(/is empty/)
    expect(() => S.ngrams([1, 2], 0)).toThrow(ValueError)
    expect(S.ngrams([1, 2], 3)).toEqual([])
  })
})

describe('words of texts without spaces', () => {
  const words = ['南京', '南京市', '市长', '长江', '大桥', '江大桥', '长江大桥']
  const text = '南京市长江大桥a😀'

  it('by matching, in both directions', () => {
    const segmenter = new S.DictionarySegmenter(words)
    expect(segmenter.forward(text)).toEqual(['南京市', '长江大桥', 'a', '😀'])
    expect(segmenter.backward(text)).toEqual(['南京市', '长江大桥', 'a', '😀'])
    const split = new S.DictionarySegmenter(['ab', 'abc', 'cd', 'd', 'e'])
    expect(split.forward('abcde')).toEqual(['abc', 'd', 'e'])
    expect(split.backward('abcde')).toEqual(['ab', 'cd', 'e'])
    // As many words, but fewer single characters.
    expect(split.bidirectional('abcde')).toEqual(['ab', 'cd', 'e'])
    // Alike: backwards.
    const alike = new S.DictionarySegmenter(['abc', 'bcd'])
    expect(alike.bidirectional('abcd')).toEqual(['a', 'bcd'])
    // Fewer words forwards: abc de against a b cde.
    const fewer = new S.DictionarySegmenter(['abc', 'de', 'cde'])
    expect(fewer.bidirectional('abcde')).toEqual(['abc', 'de'])
    expect(segmenter.forward('')).toEqual([])
    expect(() => new S.DictionarySegmenter([])).toThrow(ValueError)
  })

  it('by probability, as a search over all cuts finds', () => {
    const counts = new Map(words.map((word, i) => [word, 1 + ((i * 5) % 7)]))
    const segmenter = new S.UnigramSegmenter(counts)
    const cuts = (rest: string[]): string[][] =>
      rest.length === 0
        ? [[]]
        : rest.flatMap((_, i) =>
            cuts(rest.slice(i + 1)).map((tail) => [rest.slice(0, i + 1).join(''), ...tail]),
          )
    const all = cuts(Array.from(text))
    const best = all.reduce((a, b) => (segmenter.score(b) > segmenter.score(a) ? b : a))
    expect(segmenter.segment(text)).toEqual(best)
    expect(segmenter.segment('')).toEqual([])
    const learnt = S.UnigramSegmenter.fromTexts([['ab', 'ab', 'a', 'b']])
    expect(learnt.segment('abb')).toEqual(['ab', 'b'])
    expect(() => new S.UnigramSegmenter(new Map([['a', 0]]))).toThrow(/above 0/)
  })
})
