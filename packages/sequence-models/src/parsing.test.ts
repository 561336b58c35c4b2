import { readFileSync } from 'node:fs'
import { arange, manualSeed, ShapeError, tensor, ValueError } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import { Adam } from '@flambeau/optim'
import { describe, expect, it } from 'vitest'
import * as S from './index.ts'

const row = (...columns: (string | number)[]): string => columns.join('\t')
const plain = (id: number | string, head: number | string = 0): string =>
  row(id, `w${id}`, '_', '_', '_', '_', head, 'dep', '_', '_')

describe('CoNLL-U', () => {
  const text = `${[
    '# newdoc',
    '#',
    '# text = vámonos al mar',
    row('1-2', 'vámonos', '_', '_', '_', '_', '_', '_', '_', 'SpaceAfter=No'),
    row(1, 'vamos', 'ir', 'VERB', 'v.x', 'Mood=Imp|Number=Plur', 0, 'root', '0:root', '_'),
    row(2, 'nos', 'nosotros', 'PRON', '_', 'Case=Acc,Dat', 1, 'obj', '1:obj', 'A=1|B'),
    row('2.1', '_', '_', 'VERB', '_', '_', '_', '_', '1:conj', '_'),
    row('2.2', 'fue', 'ir', '_', '_', '_', '_', '_', '_', '_'),
    row('3-4', 'al', '_', '_', '_', '_', '_', '_', '_', '_'),
    row(3, 'a', 'a', 'ADP', '_', '_', 5, 'case', '_', '_'),
    row(4, 'el', 'el', 'DET', '_', '_', 5, 'det', '_', '_'),
    row(5, '_', '_', 'SYM', '_', '_', 1, 'obl', '_', '_'),
    '',
    row('0.1', 'x', 'x', '_', '_', '_', '_', '_', '_', '_'),
    row(1, '你好 😀', '_', '_', '_', '_', '_', '_', '_', '_'),
    '',
  ].join('\n')}\n`

  it('is written as it was read', () => {
    const sentences = S.readConllu(text)
    expect(S.writeConllu(sentences)).toBe(text)
    expect(S.readConllu(`\uFEFF${text.replaceAll('\n', '\r\n')}`)).toEqual(sentences)
    // The last empty line may be missing, and there may be more.
    expect(S.readConllu(`\n\n${text.trimEnd()}`)).toEqual(sentences)
    expect(S.readConllu('')).toEqual([])
    const [first, second] = sentences
    expect(first!.words.map(({ head }) => head)).toEqual([0, 1, 5, 5, 1])
    expect(first!.multiwordTokens.map(({ form }) => form)).toEqual(['vámonos', 'al'])
    expect(first!.emptyNodes.map(({ after, index }) => [after, index])).toEqual([
      [2, 1],
      [2, 2],
    ])
    expect(first!.words[4]!.lemma).toBe('_')
    expect([second!.words[0]!.head, second!.words[0]!.form]).toEqual([null, '你好 😀'])
  })

  it.each<[string, string, RegExp]>([
    ['spaces for tabs', '1 a a', /line 1: 1 columns in place of 10/],
    [
      'an empty column',
      `${plain(1)}\n${row(2, '', '_', '_', '_', '_', 1, 'x', '_', '_')}`,
      /line 2: the column FORM is empty/,
    ],
    ['a number left out', `${plain(1)}\n${plain(3)}`, /line 2: word 3 stands where word 2 would/],
    ['no number', plain('a'), /line 1: the number 'a'/],
    ['a head that is none', plain(1, 'x'), /line 1: HEAD 'x'/],
    [
      'a head far away',
      `${plain(1)}\n${plain(2, 7)}`,
      /line 1: .* word 2 has the head 7, of 2 words/,
    ],
    ['two roots', `${plain(1)}\n${plain(2)}`, /2 words have the head 0/],
    ['a circle', [plain(1), plain(2, 3), plain(3, 2)].join('\n'), /in a circle: 2, 3/],
    ['a late comment', `${plain(1)}\n# no`, /line 2: a comment stands between words/],
    ['only a comment', '\n# no\n\n', /line 3: a sentence has no words/],
    ['features', row(1, 'a', '_', '_', '_', 'Plural', 0, 'x', '_', '_'), /FEATS 'Plural'/],
    [
      'a late range',
      `${plain(1)}\n${plain('1-2', '_')}`,
      /line 2: the words 1-2 do not begin with 2/,
    ],
    ['a long range', `${plain('1-3', '_')}\n${plain(1)}`, /1-3 goes beyond word 1/],
    ['an empty node', `${plain(1)}\n${plain('1.2', '_')}`, /1.2 stands where 1.1 would/],
  ])('refuses %s, with the line', (_, lines, message) => {
    expect(() => S.readConllu(lines)).toThrow(message)
    expect(() => S.readConllu(lines)).toThrow(ValueError)
  })

  it('is not written with what would break its lines', () => {
    const [sentence] = S.readConllu(plain(1))
    const broken = { ...sentence!, words: [{ ...sentence!.words[0]!, form: 'a\tb' }] }
    expect(() => S.writeConllu([broken])).toThrow(/"a\\tb"/)
    expect(() => S.writeConllu([{ ...sentence!, words: [] }])).toThrow(/no words/)
    expect(() => S.writeConllu([{ ...sentence!, comments: ['a\nb'] }])).toThrow(/line break/)
  })
})

/** All lists of heads that are trees with one root. */
function trees(size: number): number[][] {
  const found: number[][] = []
  const isTree = (heads: number[]): boolean =>
    heads.filter((head) => head === 0).length === 1 &&
    heads.every((_, i) => {
      let at = i + 1
      for (let k = 0; k <= size && at > 0; k++) at = heads[at - 1]!
      return at === 0
    })
  const extend = (heads: number[]): void => {
    if (heads.length === size) {
      if (isTree(heads)) found.push(heads)
      return
    }
    for (let head = 0; head <= size; head++) extend([...heads, head])
  }
  extend([])
  return found
}

describe('the maximum spanning tree', () => {
  it.each([1, 2, 3, 4, 5])('of %i words is the best of all trees', (size) => {
    const all = trees(size)
    for (let round = 0; round < 40; round++) {
      const scores = Array.from({ length: size + 1 }, (_, i) =>
        Array.from(
          { length: size + 1 },
          (__, j) => 10 * Math.sin(1 + i * 7.3 + j * 3.1 + round * 1.7),
        ),
      )
      const sum = (heads: number[]): number =>
        heads.reduce((total, head, i) => total + scores[i + 1]![head]!, 0)
      const best = Math.max(...all.map(sum))
      expect(sum(S.maximumSpanningTree(scores))).toBeCloseTo(best, 9)
      expect(all).toContainEqual(S.maximumSpanningTree(tensor(scores, { dtype: 'float64' })))
    }
  })

  it('refuses what is no table of scores', () => {
    expect(() => S.maximumSpanningTree([[0, 1]])).toThrow(ShapeError)
    expect(() =>
      S.maximumSpanningTree([
        [0, 0],
        [NaN, 0],
      ]),
    ).toThrow(/NaN/)
    expect(S.maximumSpanningTree([[0]])).toEqual([])
  })
})

describe('the parser', () => {
  const golden = JSON.parse(
    readFileSync(new URL('../goldens/parsing.json', import.meta.url), 'utf8'),
  ) as Record<'tokens' | 'tags', number[][]> & {
    lengths: number[]
    arcs: number[][][]
    labels: number[][][][]
    loss: number
    gradients: number[]
  }

  it('has PyTorch’s scores, loss and gradients', () => {
    manualSeed(0)
    const words = new S.Vocabulary(
      ['<pad>', '<unk>', '<root>', 'a', 'b', 'c', 'd', 'e', 'f'],
      '<unk>',
    )
    const tags = new S.Vocabulary(['<unk>', '<pad>', '<root>', 'X', 'Y'], '<unk>')
    const labels = new S.Vocabulary(['<unk>', 'p', 'q', 'r'], '<unk>')
    const sizes = { embeddingDim: 6, tagDim: 3, hiddenSize: 4, arcDim: 5, labelDim: 3 }
    const parser = new S.DependencyParser(
      { words, tags, labels },
      { ...sizes, dropout: 0, wordDropout: 0 },
    )
    const state = parser.stateDict()
    parser.loadStateDict({
      ...state,
      'arcScores.weight': arange(30).float().cos().reshape([1, 6, 5]),
      'labelScores.weight': arange(64).float().sin().reshape([4, 4, 4]),
    })
    const mask = arange(4).lt(tensor(golden.lengths).unsqueeze(1))
    const scores = parser(tensor(golden.tokens), tensor(golden.tags), mask)
    const far = (a: Tensor, b: unknown): number =>
      a
        .sub(tensor(b as number[][]))
        .abs()
        .max()
        .item()
    expect(far(scores.arcs, golden.arcs)).toBeLessThan(1e-5)
    expect(far(scores.labels, golden.labels)).toBeLessThan(1e-5)
    const sentence = (
      forms: string,
      parts: string[],
      heads: number[],
      names: string[],
    ): S.Sentence => ({
      comments: [],
      multiwordTokens: [],
      emptyNodes: [],
      words: Array.from(forms, (form, i) => ({
        ...S.readConllu(plain(1))[0]!.words[0]!,
        form,
        upos: parts[i]!,
        head: heads[i]!,
        deprel: names[i]!,
      })),
    })
    const loss = parser.loss([
      sentence('abc', ['X', 'Y', 'X'], [2, 0, 2], ['p', 'q', 'r']),
      sentence('df', ['Y', 'X'], [0, 1], ['q', 'p']),
    ])
    expect(loss.item()).toBeCloseTo(golden.loss, 5)
    loss.backward()
    const norms = [...parser.parameters()].map((p) => p.grad!.norm().item())
    for (const [i, norm] of norms.entries()) expect(norm).toBeCloseTo(golden.gradients[i]!, 4)
    expect(norms.length).toBe(golden.gradients.length)
  })

  it('learns a small grammar, and parses sentences that it has not seen', () => {
    manualSeed(0)
    const treebank = S.sampleTreebank({ count: 300, seed: 1 })
    const seen = new Set(treebank.map(({ comments }) => comments[1]))
    const unseen = S.sampleTreebank({ count: 120, seed: 2 }).filter(
      ({ comments }) => !seen.has(comments[1]),
    )
    expect(unseen.length).toBeGreaterThan(100)
    const sizes = { embeddingDim: 32, hiddenSize: 48, numLayers: 1, arcDim: 48, labelDim: 24 }
    const parser = S.DependencyParser.build(treebank, { ...sizes, dropout: 0.1 })
    const tagger = S.POSTagger.build(treebank, { embeddingDim: 32, hiddenSize: 32 })
    const untrained = parser.evaluate(unseen)
    const lengths = treebank.map(({ words }) => words.length)
    const train = (model: S.DependencyParser | S.POSTagger, epochs: number, lr: number): void => {
      const optimizer = new Adam(model.parameters(), { lr })
      for (let epoch = 0; epoch < epochs; epoch++) {
        for (const batch of S.bucketByLength(lengths, { batchSize: 16, shuffle: true })) {
          optimizer.zeroGrad()
          model.loss(batch.map((i) => treebank[i]!)).backward()
          optimizer.step()
        }
      }
    }
    train(parser, 8, 4e-3)
    train(tagger, 3, 1e-2)
    const trained = parser.evaluate(unseen)
    expect(untrained.las).toBeLessThan(0.3)
    expect(trained.uas).toBeGreaterThan(0.9)
    expect(trained.las).toBeGreaterThan(0.88)
    expect(parser.evaluate(unseen, { decoding: 'greedy' }).uas).toBeGreaterThan(0.88)
    expect(tagger.accuracy(unseen)).toBeGreaterThan(0.97)
    // Parsed with the tagger's parts of speech, and written down, it is a treebank again.
    const parsed = parser.parse(tagger.tag(unseen))
    expect(S.attachmentScores(unseen, parsed).uas).toBeGreaterThan(0.88)
    expect(S.readConllu(S.writeConllu(parsed))).toEqual(parsed)
    expect(parser.training).toBe(true)
  })

  it('knows words that it has not seen by their endings, and says what is missing', () => {
    const treebank = S.sampleTreebank({ count: 60, seed: 3 })
    const parser = S.DependencyParser.build(treebank, { hiddenSize: 4, tagDim: 0 })
    const id = (form: string): number => parser.words.id(form)
    expect(id('DOG')).toBe(id('dog'))
    expect(parser.words.vocabulary.tokens[id('zzzers')]).toMatch(/^\*/)
    expect(parser.words.vocabulary.tokens[id('你')]).toBe('<unk>')
    const [bare] = S.readConllu(row(1, 'a', '_', '_', '_', '_', '_', '_', '_', '_'))
    expect(parser.parse([bare!])[0]!.words[0]!.head).toBe(0)
    expect(parser.parse([])).toEqual([])
    expect(() => parser.loss([bare!])).toThrow(/the word 'a' has no head/)
    expect(() => parser.loss([])).toThrow(/no sentence/)
    expect(() => parser.parse([{ ...bare!, words: [] }])).toThrow(/sentence 0 has no words/)
    expect(() => parser.parse([bare!], { decoding: 'best' as 'mst' })).toThrow(ValueError)
    expect(() => S.attachmentScores([bare!], [])).toThrow(/the same sentences/)
    const tagger = S.POSTagger.build(treebank, { hiddenSize: 4 })
    expect(() => tagger.loss([bare!])).toThrow(/has no upos/)
    expect(tagger.tag([])).toEqual([])
    expect(() => new S.Biaffine(3, 3)(arange(3).float(), arange(3).float())).toThrow(ShapeError)
  })
})

describe('the sample treebank', () => {
  it('is the same for a seed, and holds what its layout can', () => {
    const treebank = S.sampleTreebank({ count: 200, seed: 5 })
    expect(S.sampleTreebank({ count: 200, seed: 5 })).toEqual(treebank)
    expect(S.readConllu(S.writeConllu(treebank))).toEqual(treebank)
    expect(treebank.some(({ multiwordTokens }) => multiwordTokens.length > 0)).toBe(true)
    expect(() => S.sampleTreebank({ count: 0 })).toThrow(ValueError)
    // Verbs with an ending agree with their subjects.
    for (const { words } of treebank) {
      for (const [i, { deprel, head, feats }] of words.entries()) {
        if (deprel !== 'nsubj' || feats === null) continue
        const verb = words[head! - 1]!
        const joined = words.some((other) => other.head === i + 1 && other.deprel === 'conj')
        if (verb.feats?.includes('Fin') !== true) continue
        const wanted = joined ? 'Number=Plur' : feats
        expect(verb.feats).toContain(wanted)
      }
    }
  })
})
