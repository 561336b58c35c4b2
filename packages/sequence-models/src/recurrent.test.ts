import { readFileSync } from 'node:fs'
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import {
  arange,
  IndexError,
  manualSeed,
  ones,
  rand,
  randn,
  ShapeError,
  tensor,
  ValueError,
  zeros,
} from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { Adam } from '@flambeau/optim'
import { describe, expect, it } from 'vitest'
import * as S from './index.ts'

const F = nn.functional
type Nested = number | Nested[]

const golden = JSON.parse(
  readFileSync(new URL('../goldens/recurrent.json', import.meta.url), 'utf8'),
) as Record<'rnn' | 'lstm' | 'gru', { keys: string[]; logits: Nested; gradient: number[] }> &
  Record<'tagger' | 'taught_rnn' | 'taught_lstm', Nested>

function expectClose(actual: Nested, expected: Nested): void {
  const [a, b] = [[actual].flat(9) as number[], [expected].flat(9) as number[]]
  expect(a.length).toBe(b.length)
  for (const [i, want] of b.entries()) expect(a[i]).toBeCloseTo(want, 5)
}

function fit(net: nn.AnyModule, lr: number, steps: number, loss: () => Tensor): number {
  const optimizer = new Adam(net.parameters(), { lr })
  let last = Number.NaN
  for (let i = 0; i < steps; i++) {
    optimizer.zeroGrad()
    const value = loss()
    value.backward()
    nn.utils.clipGradNorm_(net.parameters(), 1)
    optimizer.step()
    last = value.item()
  }
  return last
}

describe('networks as taught', () => {
  it('compute what the formulas say', () => {
    manualSeed(0)
    const [x, h, c] = [randn([2, 3]), randn([2, 4]), randn([2, 4])]
    const rnn = new S.SimpleRNN(4, 3)
    expectClose(rnn(x, h).tolist() as Nested, golden.taught_rnn)
    const lstm = new S.TaughtLSTM(3, 4)
    const [h1, c1] = lstm(x, h, c)
    expectClose([h1.tolist() as Nested, c1.tolist() as Nested], golden.taught_lstm)
    expect(Object.keys(rnn.stateDict())).toEqual(['Whh', 'Wxh', 'bh'])
  })

  it('run over sequences as the layers of nn with their weights do', () => {
    manualSeed(0)
    const [cell, layer] = [new S.SimpleRNN(4, 3), new nn.RNN(3, 4, { batchFirst: true })]
    const bias = randn([4, 1])
    cell.loadStateDict({ Whh: cell.Whh, Wxh: cell.Wxh, bh: bias })
    layer.loadStateDict({
      weight_ih_l0: cell.Wxh,
      weight_hh_l0: cell.Whh,
      bias_ih_l0: bias.squeeze(1),
      bias_hh_l0: zeros([4]),
    })
    const x = randn([2, 6, 3])
    expectClose(cell.sequence(x).tolist() as Nested, layer(x)[0].tolist() as Nested)
  })

  it('refuse wrong shapes and empty sequences', () => {
    const cell = new S.SimpleRNN(4, 3)
    expect(() => cell(ones([2, 5]), zeros([2, 4]))).toThrow(/SimpleRNN: x must be \[N, 3\]/)
    expect(() => cell(ones([2, 3]), zeros([1, 4]))).toThrow(ShapeError)
    expect(() => cell.sequence(zeros([2, 0, 3]))).toThrow(/at least one step/)
    expect(() => new S.TaughtLSTM(3, 4).sequence(zeros([2, 3]))).toThrow(ShapeError)
    expect(() => new S.TaughtLSTM(0, 4)).toThrow(ValueError)
  })
})

describe('language models', () => {
  it.each(['rnn', 'lstm', 'gru'] as const)('on %s equal PyTorch', (kind) => {
    const want = golden[kind]
    manualSeed(0)
    const net = new S.RecurrentLanguageModel({
      vocabSize: 11,
      kind,
      embeddingDim: 6,
      hiddenSize: 8,
    })
    expect(Object.keys(net.stateDict())).toEqual(want.keys)
    const tokens = tensor([
      [1, 2, 3, 10, 5],
      [4, 4, 0, 9, 1],
    ])
    const [logits] = net(tokens.narrow(1, 0, 4))
    expectClose(logits.tolist() as Nested, want.logits)
    F.crossEntropy(logits.flatten(0, 1), tokens.narrow(1, 1, 4).flatten()).backward()
    expectClose(
      [...net.parameters()].map((p) => (p.grad as Tensor).norm().item()),
      want.gradient,
    )
  })

  it('learn a text by heart and say it', () => {
    manualSeed(0)
    const text = 'the quick brown fox jumps over the lazy dog. '
    const letters = [...new Set(text)]
    const codes = tensor(Array.from(text.repeat(2)).map((c) => letters.indexOf(c)))
    const net = new S.RecurrentLanguageModel({
      vocabSize: letters.length,
      kind: 'gru',
      embeddingDim: 16,
      hiddenSize: 48,
      numLayers: 1,
    })
    const batch = codes.unfold(0, 33, 4)
    const loss = (): Tensor => {
      const [logits] = net(batch.narrow(1, 0, 32))
      return F.crossEntropy(logits.flatten(0, 1), batch.narrow(1, 1, 32).flatten())
    }
    const first = loss().item()
    expect(first).toBeGreaterThan(3)
    expect(fit(net, 0.01, 80, loss)).toBeLessThan(0.3)
    const prompt = codes.narrow(0, 0, 12).unsqueeze(0)
    const said = net.generate(prompt, 20, { temperature: 0 }).tolist() as number[][]
    expect((said[0] as number[]).map((i) => letters[i]).join('')).toBe(text.slice(0, 32))
  })

  it('stop at the end token, and refuse tokens that there are not', () => {
    manualSeed(0)
    const net = new S.RecurrentLanguageModel({ vocabSize: 5, embeddingDim: 4, hiddenSize: 4 })
    net.out.loadStateDict({ weight: zeros([5, 4]), bias: tensor([0, 0, 9, 0, 0]).float() })
    const said = net.generate(tensor([[1], [3]]), 10, { temperature: 0, eosToken: 2 })
    expect(said.tolist()).toEqual([
      [1, 2],
      [3, 2],
    ])
    expect(() => net(tensor([[5]]))).toThrow(IndexError)
    expect(() => net(zeros([1, 0]).to('int64'))).toThrow(/at least one step/)
    expect(() => net(tensor([1, 2]))).toThrow(/unsqueeze/)
    expect(() => net(zeros([1, 2]))).toThrow(/int64/)
  })

  it('carry their state from piece to piece', () => {
    manualSeed(0)
    const net = new S.RecurrentLanguageModel({ vocabSize: 5, embeddingDim: 4, hiddenSize: 4 })
    const tokens = tensor([[1, 2, 3, 4, 0, 1]])
    const [whole] = net(tokens)
    const [, state] = net(tokens.narrow(1, 0, 3))
    const [rest] = net(tokens.narrow(1, 3, 3), S.detachState(state))
    expectClose(rest.tolist() as Nested, whole.narrow(1, 3, 3).tolist() as Nested)
  })
})

describe('sampling', () => {
  const logits = tensor([[2, 1, 0, -1]]).float()
  const kept = (options: S.SamplingOptions): boolean[][] =>
    S.filterLogits(logits, options).isfinite().tolist() as boolean[][]

  it('keeps the best k, and the fewest with the share p', () => {
    expect(kept({ topK: 2 })).toEqual([[true, true, false, false]])
    // Probabilities 0.644, 0.237, 0.087, 0.032.
    expect(kept({ topP: 0.6 })).toEqual([[true, false, false, false]])
    expect(kept({ topP: 0.7 })).toEqual([[true, true, false, false]])
    expect(kept({ topP: 0.9 })).toEqual([[true, true, true, false]])
    expect(kept({ topK: 9 })).toEqual([[true, true, true, true]])
  })

  it('divides by the temperature and punishes repetition', () => {
    expect(S.filterLogits(logits, { temperature: 0.5 }).tolist()).toEqual([[4, 2, 0, -2]])
    const previous = tensor([[0, 3, 0]])
    const scores = S.filterLogits(logits, { repetitionPenalty: 2 }, previous)
    expect(scores.tolist()).toEqual([[1, 1, 0, -2]])
  })

  it('draws with the probabilities', () => {
    manualSeed(0)
    const drawn = S.sampleTokens(logits.expand(4000, 4), { topK: 2 })
    expect(drawn.eq(0).float().mean().item()).toBeCloseTo(0.731, 1)
    expect(drawn.max().item()).toBe(1)
  })

  it.each([{ temperature: -1 }, { topK: 0 }, { topP: 0 }, { repetitionPenalty: 0 }])(
    'refuses %o',
    (options) => {
      expect(() => S.sampleTokens(logits, options)).toThrow(ValueError)
    },
  )
})

describe('forecasting', () => {
  it('cuts windows with all features', () => {
    const series = arange(14).float().reshape([7, 2])
    const { inputs, targets } = S.slidingWindows(series, { history: 3, horizon: 2, stride: 2 })
    expect(inputs.shape).toEqual([2, 3, 2])
    expect(inputs.select(0, 1).tolist()).toEqual([
      [4, 5],
      [6, 7],
      [8, 9],
    ])
    expect(targets.select(0, 1).tolist()).toEqual([
      [10, 11],
      [12, 13],
    ])
    expect(() => S.slidingWindows(series, { history: 7 })).toThrow(/history \+ horizon \(8\)/)
    expect(() => S.slidingWindows(series, { history: 0 })).toThrow(ValueError)
  })

  it('learns a wave, several steps ahead', () => {
    manualSeed(0)
    const wave = arange(200).float().mul(0.3).sin()
    const { inputs, targets } = S.slidingWindows(wave, { history: 12, horizon: 6, stride: 3 })
    const net = new S.Forecaster({ hiddenSize: 24, kind: 'gru' })
    fit(net, 0.01, 150, () => F.mseLoss(net(inputs, 6), targets))
    const later = arange(200, 260).float().mul(0.3).sin()
    const unseen = S.slidingWindows(later, { history: 12, horizon: 6 })
    const error = noGrad(() => F.mseLoss(net(unseen.inputs, 6), unseen.targets).item())
    expect(error).toBeLessThan(0.01) // the wave's variance is 0.5
  })

  it('uses what is known beforehand', () => {
    manualSeed(0)
    // A walk whose steps are all announced.
    const moves = randn([64, 9, 1]).mul(0.3)
    const walk = moves.cumsum(1)
    const net = new S.Forecaster({ exogenous: 1, hiddenSize: 16 })
    const loss = (): Tensor =>
      F.mseLoss(net(walk.narrow(1, 0, 6), 3, moves.narrow(1, 1, 8)), walk.narrow(1, 6, 3))
    const first = loss().item()
    expect(fit(net, 0.02, 120, loss)).toBeLessThan(first / 20)
    expect(() => net(walk, 2)).toThrow(/1 exogenous/)
    expect(() => net(walk, 2, moves)).toThrow(/\[64, 10, 1\]/)
    expect(() => new S.Forecaster()(walk, 0)).toThrow(ValueError)
  })
})

/** All sequences of `length` tags. */
function allTags(tags: number, length: number): number[][] {
  if (length === 0) return [[]]
  return allTags(tags, length - 1).flatMap((rest) =>
    Array.from({ length: tags }, (_, tag) => [...rest, tag]),
  )
}

describe('conditional random fields', () => {
  it('agree with a search over all sequences, with padding', () => {
    manualSeed(3)
    const crf = new S.LinearChainCRF(3).double()
    for (const parameter of crf.parameters()) nn.init.normal_(parameter)
    const emissions = randn([2, 4, 3], { dtype: 'float64' })
    const lengths = [4, 2]
    const mask = arange(4).lt(tensor([[4], [2]]))
    const partition = crf.logPartition(emissions, mask).tolist() as number[]
    const best = crf.decode(emissions, mask)
    const [start, moves, end, local] = [
      crf.start_transitions.tolist() as number[],
      crf.transitions.tolist() as number[][],
      crf.end_transitions.tolist() as number[],
      emissions.tolist() as number[][][],
    ]
    for (const [n, length] of lengths.entries()) {
      const scored = allTags(3, length).map((tags) => {
        let score = start[tags[0]!]! + end[tags.at(-1)!]!
        for (const [t, tag] of tags.entries()) {
          score += local[n]![t]![tag]! + (t > 0 ? moves[tags[t - 1]!]![tag]! : 0)
        }
        return { tags, score }
      })
      const sum = scored.reduce((total, { score }) => total + Math.exp(score), 0)
      expect(partition[n]).toBeCloseTo(Math.log(sum), 10)
      const winner = scored.reduce((a, b) => (b.score > a.score ? b : a))
      expect(best[n]).toEqual(winner.tags)
      const padded = [...winner.tags, 0, 0].slice(0, 4)
      const tags = tensor([padded, padded])
      expect((crf.score(emissions, tags, mask).tolist() as number[])[n]).toBeCloseTo(
        winner.score,
        10,
      )
      const likelihood = (crf(emissions, tags, mask).tolist() as number[])[n]
      expect(likelihood).toBeCloseTo(winner.score - Math.log(sum), 10)
    }
  })

  it('refuse masks and tags that cannot be', () => {
    const crf = new S.LinearChainCRF(2)
    const x = zeros([1, 3, 2])
    const tags = zeros([1, 3]).to('int64')
    expect(() => crf(x, tags, tensor([[true, false, true]]))).toThrow(/come first/)
    expect(() => crf(x, tags, tensor([[false, false, false]]))).toThrow(/at least one/)
    expect(() => crf(x, tags, tensor([[true, true]]))).toThrow(/mask must be \[1, 3\]/)
    expect(() => crf(x, tags, ones([1, 3]))).toThrow(/bool/)
    expect(() => crf(x, tags.add(2))).toThrow(IndexError)
    expect(() => crf(x, tags.narrow(1, 0, 2))).toThrow(ShapeError)
    expect(() => crf(zeros([1, 0, 2]), tags)).toThrow(/at least one step/)
  })
})

describe('taggers', () => {
  it('equal PyTorch over packed sequences', () => {
    manualSeed(0)
    const net = new S.BiLSTMCRF({ vocabSize: 11, numTags: 3, embeddingDim: 6, hiddenSize: 5 })
    const tokens = tensor([
      [1, 2, 3, 10, 5],
      [4, 4, 0, 9, 1],
    ])
    const mask = arange(5).lt(tensor([[3], [5]]))
    expectClose(net(tokens, mask).tolist() as Nested, golden.tagger)
    expect(() => net(tokens, mask.narrow(1, 0, 4))).toThrow(/mask must be \[2, 5\]/)
    expect(() => net(tokens, mask.logicalNot())).toThrow(/come first/)
    expect(() => net(tokens.add(7))).toThrow(IndexError)
  })

  it('learn tags that depend on the word before and the one after', () => {
    manualSeed(0)
    const draw = (): [Tensor, Tensor] => {
      const tokens = rand([16, 8]).mul(4).floor().to('int64')
      // 1 if the word before is below the one after; the ends' missing neighbours are 0.
      const before = nn.functional.pad(tokens, [1, 0]).narrow(1, 0, 8)
      const after = nn.functional.pad(tokens, [0, 1]).narrow(1, 1, 8)
      return [tokens, before.lt(after).to('int64')]
    }
    const net = new S.BiLSTMCRF({ vocabSize: 4, numTags: 2, embeddingDim: 12, hiddenSize: 24 })
    fit(net, 0.02, 300, () => net.loss(...draw()))
    const [tokens, tags] = draw()
    const right = tensor(net.tag(tokens)).eq(tags).float().mean().item()
    expect(right).toBeGreaterThan(0.97)
  })
})

describe('the reach of gradients', () => {
  it('is longer for an LSTM than for a plain network', () => {
    manualSeed(0)
    const x = randn([8, 40, 4])
    const rnn = new nn.RNN(4, 16, { batchFirst: true })
    const lstm = new nn.LSTM(4, 16, { batchFirst: true })
    // The forget gate open, as it is commonly begun with.
    noGrad(() => {
      const bias = lstm.stateDict()['bias_ih_l0'] as Tensor
      bias.narrow(0, 16, 16).fill_(3)
    })
    const share = (norms: number[]): number => (norms[0] as number) / (norms[39] as number)
    const plain = share(S.gradientNormByStep((steps) => rnn(steps)[0], x))
    const gated = share(S.gradientNormByStep((steps) => lstm(steps)[0], x))
    expect(plain).toBeLessThan(1e-6)
    expect(gated).toBeGreaterThan(1e-3)
    expect(() => S.gradientNormByStep((steps) => steps, zeros([2, 3]))).toThrow(ShapeError)
    expect(() => S.gradientNormByStep((steps) => steps.sum(1), x)).toThrow(/40/)
  })
})
