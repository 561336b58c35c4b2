import { IndexError, ValueError } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import * as S from './index.ts'

/** All lists of `length` numbers below `count`. */
function lists(count: number, length: number): number[][] {
  if (length === 0) return [[]]
  const shorter = lists(count, length - 1)
  return shorter.flatMap((list) => Array.from({ length: count }, (_, i) => [...list, i]))
}

/** A model with uneven probabilities. */
function model(): S.HiddenMarkovModel {
  const sequences = Array.from({ length: 12 }, (_, k) => ({
    states: Array.from({ length: 6 }, (__, i) => (k * i + (i >> 1)) % 3),
    symbols: Array.from({ length: 6 }, (__, i) => (k * k + 3 * i + ((k * i) % 3)) % 4),
  }))
  return S.HiddenMarkovModel.fromCounts(sequences, {
    numStates: 3,
    numSymbols: 4,
    finalStates: [0, 2],
    allowed: (from, to) => !(from === 1 && to === 0),
  })
}

describe('hidden Markov models', () => {
  const symbols = [0, 3, 1, 2, 2]
  const score = (one: S.HiddenMarkovModel, states: number[]): number =>
    states.reduce((sum, state, t) => {
      const move = t === 0 ? one.start[state]! : one.transitions[states[t - 1]! * 3 + state]!
      return sum + move + one.emissions[state * 4 + symbols[t]!]!
    }, one.ends[states.at(-1)!]!)

  it('find the best states and the likelihood, as a sum over all states does', () => {
    const one = model()
    const all = lists(3, symbols.length)
    const best = all.reduce((a, b) => (score(one, b) > score(one, a) ? b : a))
    expect(one.viterbi(symbols)).toEqual(best)
    const total = all.reduce((sum, states) => sum + Math.exp(score(one, states)), 0)
    expect(one.logLikelihood(symbols)).toBeCloseTo(Math.log(total), 12)
    expect([one.viterbi([]), one.logLikelihood([])]).toEqual([[], 0])
    for (const row of [one.start, one.transitions.subarray(3, 6), one.emissions.subarray(4, 8)]) {
      expect(row.reduce((sum, p) => sum + Math.exp(p), 0)).toBeCloseTo(1, 12)
    }
  })

  it('become likelier with each iteration of Baum and Welch, to what made the data', () => {
    const one = model()
    const data = [symbols, [0, 0, 1, 3, 3, 1], [2, 1], [3], [1, 2, 0, 0, 0, 2, 1]]
    const history = one.baumWelch(data, { iterations: 30 })
    expect(history.length).toBeGreaterThan(3)
    for (let i = 1; i < history.length; i++) {
      expect(history[i]).toBeGreaterThanOrEqual(history[i - 1]! - 1e-9)
    }
    const sum = data.reduce((total, list) => total + one.logLikelihood(list), 0)
    expect(sum).toBeGreaterThanOrEqual(history.at(-1)! - 1e-9)
    // Two coins that are kept for long show which is which.
    const coins = new S.HiddenMarkovModel({ numStates: 2, numSymbols: 2 })
    coins.emissions.set([0.6, 0.4, 0.4, 0.6].map(Math.log))
    coins.transitions.set([0.7, 0.3, 0.3, 0.7].map(Math.log))
    const runs = Array.from({ length: 20 }, (_, i) => {
      const side = Math.floor(i / 2) % 2
      return [side, side, side, side, i % 5 === 0 ? 1 - side : side, side]
    })
    coins.baumWelch([runs.flat()], { iterations: 200, tolerance: 0 })
    const shows = [0, 1].map((state) => Math.exp(coins.emissions[state * 2 + state]!))
    expect(Math.min(...shows)).toBeGreaterThan(0.85)
  })

  it('refuse what they do not have', () => {
    const one = model()
    const count = (states: number[], own: number[]): unknown =>
      S.HiddenMarkovModel.fromCounts([{ states, symbols: own }], { numStates: 2, numSymbols: 2 })
    expect(() => one.viterbi([4])).toThrow(IndexError)
    expect(() => one.viterbi([0.5])).toThrow(/symbol 0.5/)
    expect(() => count([2], [0])).toThrow(/state 2 is not from 0 to 1/)
    expect(() => count([0, 1], [0])).toThrow(/2 states for 1 symbols/)
    expect(() => new S.HiddenMarkovModel({ numStates: 0, numSymbols: 1 })).toThrow(ValueError)
    expect(
      () => new S.HiddenMarkovModel({ numStates: 1, numSymbols: 1, finalStates: [1] }),
    ).toThrow(IndexError)
    const never = S.HiddenMarkovModel.fromCounts([{ states: [0], symbols: [0] }], {
      numStates: 1,
      numSymbols: 2,
      emissionSmoothing: 0,
    })
    expect(() => never.viterbi([1])).toThrow(/no sequence of states/)
    expect(() => never.baumWelch([[1]])).toThrow(/no probability/)
  })
})

/** Texts of words of Chinese, drawn by a rule. */
const words = [
  '我们',
  '他',
  '她',
  '学习',
  '喜欢',
  '语言',
  '科学',
  '计算机',
  '人工智能',
  '的',
  '和',
  '在',
]
const more = [
  '大学',
  '学生',
  '老师',
  '研究',
  '写',
  '一本',
  '书',
  '北京',
  '上海',
  '图书馆',
  '是',
  '了',
]
const vocabulary = [...words, ...more]
const texts = (count: number, seed: number): string[][] =>
  Array.from({ length: count }, (_, i) =>
    Array.from({ length: 4 + ((i * seed) % 5) }, (__, k) => {
      const roll = Math.abs(Math.sin(seed * 91.7 + i * 12.9898 + k * 78.233)) * 43758.5453
      return vocabulary[Math.floor((roll % 1) * vocabulary.length)]!
    }),
  )

/** The share of words that are found, of those that are there and those that are said (F1). */
function agreement(gold: string[][], found: string[][]): number {
  const spans = (list: string[]): Set<string> => {
    let at = 0
    return new Set(list.map((word) => `${at}-${(at += word.length)}`))
  }
  let [both, all] = [0, 0]
  for (const [i, list] of gold.entries()) {
    const [a, b] = [spans(list), spans(found[i]!)]
    both += [...a].filter((span) => b.has(span)).length
    all += a.size + b.size
  }
  return (2 * both) / all
}

describe('words by hidden Markov models', () => {
  it('are found in texts without spaces', () => {
    const segmenter = S.HMMSegmenter.fromTexts(texts(200, 3))
    const unseen = texts(100, 7)
    const found = unseen.map((text) => segmenter.segment(text.join('')))
    expect(agreement(unseen, found)).toBeGreaterThan(0.85)
    // By character, each alone, it would be far less.
    const letters = unseen.map((text) => Array.from(text.join('')))
    expect(agreement(unseen, letters)).toBeLessThan(0.5)
    for (const text of ['', '😀', '他a', '从未见过的字', 'abc def']) {
      expect(segmenter.segment(text).join('')).toBe(text)
    }
    const history = segmenter.adapt(
      unseen.map((text) => text.join('')),
      { iterations: 3 },
    )
    expect(history.at(-1)!).toBeGreaterThan(history[0]!)
    expect(segmenter.segment('从未见过的字').join('')).toBe('从未见过的字')
    expect(() => S.HMMSegmenter.fromTexts([])).toThrow(/no word/)
    expect(() => S.HMMSegmenter.fromTexts([['']])).toThrow(/empty/)
  })

  it('have the parts of speech that are likely, also where they are unknown', () => {
    const pairs = (seed: number, count: number): S.TaggedWord[][] =>
      S.sampleTreebank({ count, seed }).map((sentence) =>
        sentence.words.map(({ form, upos }) => [form.toLowerCase(), upos!] as const),
      )
    const tagger = S.HMMTagger.fromTexts(pairs(1, 300))
    const [unseen, alone] = [pairs(2, 100), new Map<string, string>()]
    for (const text of pairs(1, 300)) for (const [word, tag] of text) alone.set(word, tag)
    const accuracy = (tag: (list: string[]) => (string | undefined)[]): number => {
      const right = unseen.flatMap((text) => {
        const tags = tag(text.map(([word]) => word))
        return text.map(([, gold], i) => Number(tags[i] === gold))
      })
      return right.reduce((sum, n) => sum + n, 0) / right.length
    }
    const own = accuracy((list) => tagger.tag(list))
    expect(own).toBeGreaterThan(0.98)
    // Words alone do not tell whether 'dances' is a verb.
    expect(own).toBeGreaterThan(accuracy((list) => list.map((word) => alone.get(word))))
    expect(tagger.tag(['the', 'zebra', 'sleeps', '.'])).toEqual(['DET', 'NOUN', 'VERB', 'PUNCT'])
    expect(tagger.tag([])).toEqual([])
    expect(() => S.HMMTagger.fromTexts([[]])).toThrow(ValueError)
  })

  it('by a dictionary are what a search letter by letter finds', () => {
    const dictionary = [...vocabulary, '我们学', '习', 'ab', 'abc', '😀😀', '生老']
    const segmenter = new S.DictionarySegmenter(dictionary)
    const known = new Set(dictionary)
    const pool = ['我', '们', '学', '习', '生', '老', '师', 'a', 'b', 'c', '😀', '人工智能', '图']
    const slowly = (letters: string[], back: boolean): string[] => {
      const found: string[] = []
      for (let rest = letters; rest.length > 0;) {
        const cut = (size: number): string =>
          (back ? rest.slice(-size) : rest.slice(0, size)).join('')
        let size = Math.min(4, rest.length)
        while (size > 1 && !known.has(cut(size))) size--
        found.push(cut(size))
        rest = back ? rest.slice(0, -size) : rest.slice(size)
      }
      return back ? found.toReversed() : found
    }
    for (let i = 0; i < 200; i++) {
      const text = Array.from(
        { length: i % 15 },
        (_, k) => pool[(i * 7 + k * k * 3 + ((i * k) >> 2)) % pool.length]!,
      )
      const letters = Array.from(text.join(''))
      expect(segmenter.forward(letters.join(''))).toEqual(slowly(letters, false))
      expect(segmenter.backward(letters.join(''))).toEqual(slowly(letters, true))
    }
  })
})
