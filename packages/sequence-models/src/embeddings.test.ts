import type { Tensor } from '@flambeau/core'
import { IndexError, manualSeed, randn, ShapeError, tensor, ValueError } from '@flambeau/core'
import type * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { describe, expect, it } from 'vitest'
import * as S from './index.ts'

/** Texts of two topics: words 0 to 4 keep together, and so do 5 to 9. */
const texts = Array.from({ length: 60 }, (_, i) =>
  Array.from({ length: 12 }, (__, j) => (i % 2) * 5 + ((i * 7 + j * j * 3 + j) % 5)),
)
const words = Array.from({ length: 10 }, (_, i) => `w${i}`)

function fit(net: nn.AnyModule, lr: number, steps: number, loss: () => Tensor): void {
  const optimizer = new Adam(net.parameters(), { lr })
  for (let i = 0; i < steps; i++) {
    optimizer.zeroGrad()
    loss().backward()
    optimizer.step()
  }
}

function expectTopics(vectors: S.WordVectors): void {
  for (const [i, word] of words.entries()) {
    const near = vectors.nearest(word, 4).map((found) => found.word)
    expect(near.toSorted()).toEqual(words.filter((w, j) => w !== word && j < 5 === i < 5))
  }
}

describe('word2vec', () => {
  it('has the loss of the paper', () => {
    manualSeed(0)
    const net = new S.Word2Vec([1, 2, 3], { dim: 2, negatives: 2 })
    const [v, u] = [randn([3, 2]), randn([3, 2])]
    net.loadStateDict({ 'input.weight': v, 'output.weight': u, noise: net.noise })
    const loss = net(tensor([0]), tensor([1]), tensor([[2, 0]])).item()
    const score = (i: number): number => v.select(0, 0).mul(u.select(0, i)).sum().item()
    const paid = (x: number): number => Math.log1p(Math.exp(-x))
    expect(loss).toBeCloseTo(paid(score(1)) + paid(-score(2)) + paid(-score(0)), 5)
  })

  it('draws negatives by counts to the power 0.75', () => {
    manualSeed(0)
    const drawn = new S.Word2Vec([16, 1, 0]).sampleNegatives(2000)
    expect(drawn.eq(0).float().mean().item()).toBeCloseTo(8 / 9, 1)
    expect(drawn.max().item()).toBe(1)
  })

  it('puts words of a topic together', () => {
    manualSeed(0)
    const { centers, contexts } = S.skipGrams(texts, 3)
    const net = new S.Word2Vec(Array<number>(10).fill(1), { dim: 8 })
    fit(net, 0.03, 60, () => net(centers, contexts))
    expectTopics(new S.WordVectors(words, net.input.weight))
  })

  it('refuses what cannot be', () => {
    const net = new S.Word2Vec([1, 1], { dim: 2 })
    expect(() => net(tensor([0]), tensor([0, 1]))).toThrow(ShapeError)
    expect(() => net(tensor([2]), tensor([0]))).toThrow(IndexError)
    expect(() => new S.Word2Vec([0, 0])).toThrow(ValueError)
    expect(() => S.skipGrams([[1], []])).toThrow(/two words/)
  })
})

describe('GloVe', () => {
  it('has the loss of the paper', () => {
    manualSeed(0)
    const net = new S.GloVe(2, { dim: 2, xMax: 4 })
    const state = net.stateDict()
    const at = (name: string, i: number): number[] =>
      (state[`${name}.weight`] as Tensor).select(0, i).tolist() as number[]
    const [w, c] = [at('center', 0), at('context', 1)]
    const dot = w[0]! * c[0]! + w[1]! * c[1]!
    const miss = dot + at('centerBias', 0)[0]! + at('contextBias', 1)[0]! - Math.log(2)
    const loss = net(tensor([0]), tensor([1]), tensor([2]).float()).item()
    expect(loss).toBeCloseTo(0.5 ** 0.75 * miss ** 2, 6)
  })

  it('puts words of a topic together', () => {
    manualSeed(0)
    const { rows, columns, values } = S.cooccurrences(texts, 3)
    const net = new S.GloVe(10, { dim: 6, xMax: 10 })
    // Pairs that were never seen are left out by the method; a little of each keeps topics apart.
    const all = Array.from({ length: 100 }, (_, i) => i)
    const seen = new Map<number, number>()
    const flat = rows.mul(10).add(columns).tolist() as number[]
    for (const [i, value] of (values.tolist() as number[]).entries()) seen.set(flat[i]!, value)
    const counts = tensor(all.map((pair) => seen.get(pair) ?? 0.5)).float()
    const [r, c] = [tensor(all.map((p) => Math.floor(p / 10))), tensor(all.map((p) => p % 10))]
    fit(net, 0.05, 150, () => net(r, c, counts))
    expectTopics(new S.WordVectors(words, net.vectors()))
  })

  it('refuses what cannot be', () => {
    const net = new S.GloVe(2, { dim: 2 })
    expect(() => net(tensor([0]), tensor([1]), tensor([0]).float())).toThrow(/above 0/)
    expect(() => net(tensor([0]), tensor([1, 0]), tensor([1]).float())).toThrow(ShapeError)
    expect(() => S.cooccurrences([[1]])).toThrow(/two words/)
    expect(() => new S.GloVe(2, { xMax: 0 })).toThrow(ValueError)
  })
})

describe('word vectors', () => {
  const vectors = new S.WordVectors(
    ['猫', 'dog'],
    tensor([
      [0.1, -2e-7],
      [3, 1 / 3],
    ]),
  )

  it.each(['word2vec', 'glove'] as const)(
    'are read as they were written in the format of %s',
    (format) => {
      const text = vectors.format(format)
      const again = S.WordVectors.parse(text.replaceAll('\n', ' \r\n'), format)
      expect(again.words).toEqual(vectors.words)
      expect(again.vectors.tolist()).toEqual(vectors.vectors.tolist())
      expect(text.split('\n').length).toBe(format === 'glove' ? 3 : 4)
    },
  )

  it('refuse broken files, with the line', () => {
    const parse = (text: string, format?: S.VectorFormat): S.WordVectors =>
      S.WordVectors.parse(text, format)
    expect(() => parse('a 1 2\nb 3 4\n')).toThrow(/line 1/)
    expect(() => parse('3 2\na 1 2\nb 3 4\n')).toThrow(/announces 3 words, but 2/)
    expect(() => parse('a 1 2\nb 3\n', 'glove')).toThrow(/line 2: has 1 numbers, not 2/)
    expect(() => parse('a 1 x\n', 'glove')).toThrow(/no number/)
    expect(() => parse('', 'glove')).toThrow(/no words/)
    expect(() => parse('a 1\na 2\n', 'glove')).toThrow(/twice/)
    expect(() => vectors.get('cow')).toThrow(/'cow' is not among/)
    expect(() => new S.WordVectors(['a b'], randn([1, 2]))).toThrow(/white space/)
    expect(() => new S.WordVectors(['a'], randn([2, 2]))).toThrow(ShapeError)
    expect(vectors.has('cow')).toBe(false)
  })
})
