import { readFileSync } from 'node:fs'
import { noGrad } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import {
  arange,
  cat,
  IndexError,
  manualSeed,
  randint,
  randn,
  ShapeError,
  stack,
  tensor,
  ValueError,
  zeros,
} from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { Adam, LambdaLR } from '@flambeau/optim'
import { describe, expect, it } from 'vitest'
import * as S from './index.ts'

type Nested = number | Nested[]

interface Golden {
  keys: string[]
  output: number[]
  gradient: Record<string, number>
}
const golden = JSON.parse(
  readFileSync(new URL('../goldens/attention.json', import.meta.url), 'utf8'),
) as Record<'gpt' | 'transformer' | 'tcn', Golden>

function expectClose(actual: Nested, expected: Nested): void {
  const [a, b] = [[actual].flat(9) as number[], [expected].flat(9) as number[]]
  expect(a.length).toBe(b.length)
  for (const [i, want] of b.entries()) expect(a[i]).toBeCloseTo(want, 5)
}

/** Keys, outputs, and the lengths of gradients of Σ output cos(0, 1, …), as PyTorch has them. */
function expectGolden(net: nn.AnyModule, output: Tensor, want: Golden): void {
  const keys = Object.keys(net.stateDict()).map((key) => key.replace(/^network\./, ''))
  expect(keys.toSorted()).toEqual(want.keys)
  expectClose(output.flatten().tolist() as Nested, want.output)
  output.mul(arange(output.numel()).float().cos().reshape(output.shape)).sum().backward()
  for (const [name, parameter] of net.namedParameters()) {
    const norm = (parameter.grad as Tensor).norm().item()
    const expected = want.gradient[name.replace(/^network\./, '')] as number
    expect(Math.abs(norm - expected)).toBeLessThan(1e-4 * Math.max(1, expected))
  }
}

const tokens = tensor([
  [1, 2, 3, 10, 5],
  [4, 4, 0, 9, 1],
])
const BOS = 1
const EOS = 2

describe('alignments', () => {
  it('Bahdanau is vᵀ tanh(W q + U k), and sees what the mask shows', () => {
    manualSeed(0)
    const layer = new S.BahdanauAttention(3, 2, 4)
    const [query, keys] = [randn([2, 3]), randn([2, 5, 2])]
    const mask = arange(5).lt(tensor([[5], [2]]))
    const [context, weights] = layer(query, keys, mask)
    expectClose(weights.sum(1).tolist() as Nested, [1, 1])
    expect((weights.select(0, 1).tolist() as number[]).slice(2)).toEqual([0, 0, 0])
    const scores = arange(5)
      .unbind(0)
      .map((_, s) =>
        layer.energy(
          layer
            .query(query)
            .add(layer.key(keys.select(1, s)))
            .tanh(),
        ),
      )
    const first = cat(scores, 1).select(0, 0).softmax(0)
    expectClose(weights.select(0, 0).tolist() as Nested, first.tolist() as Nested)
    const seen = keys.select(0, 0).mul(first.unsqueeze(1)).sum(0)
    expectClose(context.select(0, 0).tolist() as Nested, seen.tolist() as Nested)
    const again = layer(query, keys, mask, layer.prepare(keys))
    expect(again[1].equal(weights)).toBe(true)
    expect(() => layer(query, keys, mask.narrow(1, 0, 4))).toThrow(/mask must be \[2, 5\]/)
    expect(() => layer(query, keys, zeros([2, 5]))).toThrow(/bool/)
    expect(() => layer(keys, keys)).toThrow(ShapeError)
    const other = layer.prepare(keys.narrow(1, 0, 1))
    expect(() => layer(query, keys, mask, other)).toThrow(/prepared is not of these keys/)
  })

  it('Luong scores as the paper says', () => {
    manualSeed(0)
    const [query, keys] = [randn([2, 4]), randn([2, 5, 4])]
    const dot = keys.matmul(query.unsqueeze(2)).squeeze(2).softmax(1)
    expectClose(
      new S.LuongAttention(4, 4, 'dot')(query, keys)[1].tolist() as Nested,
      dot.tolist() as Nested,
    )
    const general = new S.LuongAttention(4, 4)
    noGrad(() => nn.init.eye_((general.map as nn.Linear).weight))
    expectClose(general(query, keys)[1].tolist() as Nested, dot.tolist() as Nested)
    const concat = new S.LuongAttention(4, 4, 'concat')
    expectClose(concat(query, keys)[1].sum(1).tolist() as Nested, [1, 1])
    for (const layer of [general, concat]) {
      const [, weights] = layer(query, keys)
      expect(layer(query, keys, null, layer.prepare(keys))[1].equal(weights)).toBe(true)
    }
    expect(() => new S.LuongAttention(4, 3, 'dot')).toThrow(/equal sizes/)
    expect(() => new S.LuongAttention(4, 4, 'cosine' as never)).toThrow(ValueError)
  })
})

describe('Seq2Seq', () => {
  it.each([
    ['bahdanau', 'gru', false],
    ['luong', 'lstm', true],
  ] as const)('with %s attention on %s reverses sequences', (attention, kind, bidirectional) => {
    manualSeed(0)
    const vocab = 8
    const net = new S.Seq2Seq({
      srcVocabSize: vocab,
      tgtVocabSize: vocab,
      kind,
      attention,
      bidirectional,
      embeddingDim: 24,
      hiddenSize: 48,
    })
    const optimizer = new Adam(net.parameters(), { lr: 0.01 })
    const forcing = S.teacherForcing('linear', 1000)
    const task = { symbols: vocab - 3, minLength: 5, maxLength: 5, reverse: true }
    for (let step = 0; step < 250; step++) {
      const { src, inputs, outputs } = S.copyProblem({ rows: 48, ...task })
      optimizer.zeroGrad()
      const logits = net(src, inputs, { teacherForcing: forcing(step) })
      S.sequenceLoss(logits, outputs).backward()
      nn.utils.clipGradNorm_(net.parameters(), 1)
      optimizer.step()
    }
    const { src } = S.copyProblem({ rows: 200, ...task })
    const options = { bosToken: BOS, eosToken: EOS, maxLength: 6 }
    const found = net.eval().greedy(src, options)
    const right = found.narrow(1, 0, 5).eq(src.flip(1)).all(1).float().mean().item()
    expect(right).toBeGreaterThanOrEqual(0.99)
    const one = src.narrow(0, 0, 1)
    const [best] = net.beam(one, { ...options, beamSize: 3 })
    expect(best?.tokens).toEqual(one.flip(1).squeeze(0).tolist())
  })

  it('gives the same for a source with padding', () => {
    manualSeed(0)
    const net = new S.Seq2Seq({
      srcVocabSize: 11,
      tgtVocabSize: 11,
      hiddenSize: 8,
      bidirectional: true,
    })
    const [src, tgt] = [tensor([[3, 4, 5]]), tensor([[1, 6]])]
    const padded = tensor([[3, 4, 5, 0, 0]])
    const call = { srcMask: padded.ne(0) }
    const { logits, weights } = net.attend(padded, tgt, call)
    expectClose(logits.tolist() as Nested, net(src, tgt).tolist() as Nested)
    expect((weights as Tensor).shape).toEqual([1, 2, 5])
    const options = { bosToken: BOS, eosToken: EOS, maxLength: 4, beamSize: 2 }
    const found = net.beam(padded, options, call.srcMask)
    expect(found.map((h) => h.tokens)).toEqual(net.beam(src, options).map((h) => h.tokens))
  })

  it('refuses what cannot be', () => {
    const net = new S.Seq2Seq({
      srcVocabSize: 5,
      tgtVocabSize: 5,
      hiddenSize: 8,
      attention: 'none',
    })
    const src = tensor([[3, 4]])
    expect(net.attend(src, src).weights).toBe(null)
    expect(() => net(zeros([1, 0]).to('int64'), src)).toThrow(/at least one step/)
    expect(() => net(tensor([[7]]), src)).toThrow(IndexError)
    expect(() => net(src, src, { teacherForcing: 2 })).toThrow(ValueError)
    expect(() => net(src, src, { srcMask: zeros([1, 3]).to('bool') })).toThrow(/srcMask must be/)
    const holes = tensor([[false, true]])
    expect(() => net(src, src, { srcMask: holes })).toThrow(/come first/)
    expect(() => net(src, src, { srcMask: zeros([1, 2]).to('bool') })).toThrow(/at least one/)
    expect(() => net(src.squeeze(0), src)).toThrow(/src must be \[N, T\]/)
    expect(() => net(src, cat([src, src]))).toThrow(/as many rows/)
    expect(
      () => new S.Seq2Seq({ srcVocabSize: 5, tgtVocabSize: 5, hiddenSize: 7, bidirectional: true }),
    ).toThrow(/even/)
  })
})

describe('decoding', () => {
  /** A decoder whose next token depends on the last one. */
  const chain = (next: readonly (readonly number[])[]): S.StepDecoder => ({
    step: (seen) =>
      stack(
        (seen.tolist() as number[][]).map((row) =>
          tensor([...(next[row.at(-1) as number] as number[])]).log(),
        ),
      ),
    reorder: () => {},
  })

  it('by beams wide enough finds the best of all sequences', () => {
    manualSeed(5)
    const table = randn([4, 4]).mul(2).softmax(1).tolist() as number[][]
    const options = { bosToken: 1, eosToken: 0, maxLength: 4, lengthPenalty: 0, beamSize: 300 }
    const scored: { tokens: number[]; score: number }[] = []
    const walk = (now: number[], score: number): void => {
      for (const [token, p] of (table[now.at(-1) ?? 1] as number[]).entries()) {
        const sum = score + Math.log(p)
        if (token === 0) scored.push({ tokens: now, score: sum })
        else if (now.length === 3) scored.push({ tokens: [...now, token], score: sum })
        else walk([...now, token], sum)
      }
    }
    walk([], 0)
    scored.sort((a, b) => b.score - a.score)
    const found = S.beamSearch(chain(table), options)
    expect(found.length).toBe(scored.length)
    for (const [i, { tokens: want, score }] of scored.slice(0, 5).entries()) {
      expect(found[i]?.tokens).toEqual(want)
      expect(found[i]?.score).toBeCloseTo(score, 4)
    }
  })

  it('greedily stops where all have ended', () => {
    const table = [
      [1, 0, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
      [1, 0, 0, 0],
    ]
    const options = { bosToken: 1, eosToken: 0, maxLength: 9 }
    expect(S.greedyDecode(chain(table), 2, options).tolist()).toEqual([
      [2, 3, 0],
      [2, 3, 0],
    ])
    expect(() => S.greedyDecode(chain(table), 2, { ...options, maxLength: 0 })).toThrow(ValueError)
    expect(() => S.beamSearch(chain(table), { ...options, beamSize: 0 })).toThrow(ValueError)
  })

  it('has schedules that do as the papers say', () => {
    const factor = S.noamSchedule(64, 10)
    expect(factor(9)).toBeCloseTo(64 ** -0.5 * 10 ** -0.5, 12)
    expect(factor(4)).toBeCloseTo(64 ** -0.5 * 5 * 10 ** -1.5, 12)
    expect(factor(39)).toBeCloseTo(64 ** -0.5 * 40 ** -0.5, 12)
    expect(S.teacherForcing('exponential', 10)(10)).toBeCloseTo(Math.exp(-1), 12)
    expect(S.teacherForcing('inverseSigmoid', 10)(0)).toBeCloseTo(10 / 11, 12)
    expect(() => S.teacherForcing('linear', 0)).toThrow(ValueError)
  })

  it('counts the loss without padding, with smoothed labels', () => {
    const logits = tensor([
      [
        [2, 0, 0],
        [9, 9, 0],
      ],
    ]).float()
    const loss = S.sequenceLoss(logits, tensor([[1, 0]]), { padToken: 0, labelSmoothing: 0.3 })
    const total = Math.log(Math.exp(2) + 2)
    expect(loss.item()).toBeCloseTo(0.7 * total + 0.1 * (3 * total - 2), 5)
    expect(() => S.sequenceLoss(logits, tensor([[1]]))).toThrow(ShapeError)
  })
})

describe('TransformerSeq2Seq', () => {
  const small = { srcVocabSize: 11, tgtVocabSize: 9, dModel: 8, nhead: 2, dimFeedforward: 16 }
  const depth = { numEncoderLayers: 2, numDecoderLayers: 2, dropout: 0 }

  it('equals PyTorch, with padding', () => {
    manualSeed(0)
    const net = new S.TransformerSeq2Seq({ ...small, ...depth, maxLength: 6 })
    const padding = arange(5).ge(tensor([[5], [3]]))
    const target = tokens.narrow(1, 0, 4).clamp(0, 8)
    expectGolden(net, net(tokens, target, { srcKeyPaddingMask: padding }), golden.transformer)
  })

  it('shows where it looks', () => {
    manualSeed(0)
    const net = new S.TransformerSeq2Seq({ ...small, ...depth, maxLength: 6 }).eval()
    const padding = arange(5).ge(tensor([[5], [3]]))
    const target = tokens.narrow(1, 0, 4).clamp(0, 8)
    const masks = { srcKeyPaddingMask: padding }
    const { logits, weights } = net.attend(tokens, target, masks)
    expectClose(logits.tolist() as Nested, net(tokens, target, masks).tolist() as Nested)
    expect(weights.shape).toEqual([2, 2, 2, 4, 5])
    expect(weights.sum(-1).sub(1).abs().max().item()).toBeLessThan(1e-6)
    expect(weights.select(0, 1).narrow(3, 3, 2).max().item()).toBe(0)
    // What it says it saw is what its output is made of.
    const [layer] = [...(net.tr.decoder as nn.TransformerDecoder).layers].slice(-1)
    const attention = (layer as nn.TransformerDecoderLayer).multihead_attn
    let mixed = zeros([0])
    attention.registerForwardHook((_, _given, output) => void (mixed = (output as [Tensor])[0]))
    const memory = net.encode(tokens, padding)
    net.decode(target, memory, padding)
    const value = nn.functional.linear(
      memory,
      (attention.in_proj_weight as Tensor).narrow(0, 16, 8),
      (attention.in_proj_bias as Tensor).narrow(0, 16, 8),
    )
    const heads = value.unflatten(2, [2, 4]).transpose(1, 2)
    const seen = weights.select(1, 1).matmul(heads).transpose(1, 2).flatten(2)
    expectClose(attention.out_proj(seen).tolist() as Nested, mixed.tolist() as Nested)
  })

  it('copies sequences of different lengths', () => {
    manualSeed(0)
    const vocab = 8
    const net = new S.TransformerSeq2Seq({
      srcVocabSize: vocab,
      dModel: 32,
      nhead: 4,
      numEncoderLayers: 1,
      numDecoderLayers: 1,
      dimFeedforward: 64,
      dropout: 0,
      maxLength: 8,
      positions: 'learned',
    })
    const optimizer = new Adam(net.parameters(), { lr: 1, betas: [0.9, 0.98] })
    const schedule = new LambdaLR(optimizer, S.noamSchedule(32, 60, 0.25))
    const task = { rows: 64, symbols: vocab - 3, minLength: 3, maxLength: 6 }
    for (let step = 0; step < 220; step++) {
      const { src, inputs, outputs } = S.copyProblem(task)
      optimizer.zeroGrad()
      const logits = net(src, inputs, { srcKeyPaddingMask: S.paddingMask(src) })
      S.sequenceLoss(logits, outputs, { padToken: 0, labelSmoothing: 0.05 }).backward()
      optimizer.step()
      schedule.step()
    }
    const { src, outputs } = S.copyProblem(task)
    const padding = S.paddingMask(src)
    const options = { bosToken: BOS, eosToken: EOS, maxLength: 7 }
    const found = net.eval().greedy(src, options, padding)
    const same = found.eq(outputs).logicalOr(outputs.eq(0)).all(1).float().mean().item()
    expect(same).toBeGreaterThanOrEqual(0.99)
    const one = net.beam(src.narrow(0, 0, 1), options, padding.narrow(0, 0, 1))
    const want = (src.select(0, 0).tolist() as number[]).filter((token) => token !== 0)
    expect(one[0]?.tokens).toEqual(want)
  })

  it('refuses what cannot be', () => {
    const net = new S.TransformerSeq2Seq({ ...small, ...depth, maxLength: 4 })
    const tgt = tensor([[1], [1]])
    expect(() => net(tokens, tgt)).toThrow(/table of 4 positions/)
    const long = { bosToken: BOS, eosToken: EOS, maxLength: 5 }
    const one = tokens.narrow(0, 0, 1).narrow(1, 0, 3)
    expect(() => net.greedy(one, long)).toThrow(/5 steps is longer than the table of 4/)
    expect(() => net.beam(one, long)).toThrow(/5 steps is longer than the table of 4/)
    const src = tokens.narrow(1, 0, 3)
    expect(() => net(src, tgt, { srcKeyPaddingMask: zeros([2, 4]).to('bool') })).toThrow(
      /srcKeyPaddingMask must be \[2, 3\]/,
    )
    expect(() => net(src, tgt, { tgtKeyPaddingMask: zeros([2, 1]) })).toThrow(/bool/)
    expect(() => net(src, tgt.narrow(0, 0, 1))).toThrow(/as many rows/)
    expect(() => net(src.add(9), tgt)).toThrow(IndexError)
    expect(() => S.sinusoidalPositions(4, 3)).toThrow(/even/)
  })
})

describe('GPT', () => {
  const small = { vocabSize: 11, dim: 12, depth: 2, heads: 3, contextLength: 8 }

  it('equals PyTorch', () => {
    manualSeed(0)
    const net = new S.GPT(small)
    expectGolden(net, net(tokens), golden.gpt)
  })

  it('gives the same with a cache, in pieces of any length', () => {
    manualSeed(0)
    const net = new S.GPT(small)
    const whole = net(tokens).detach()
    const cache = net.cache(2)
    const parts = noGrad(() => [2, 1, 2].map((n) => net(tokens.narrow(1, cache.length, n), cache)))
    expectClose(cat(parts, 1).tolist() as Nested, whole.tolist() as Nested)
    expect(cache.length).toBe(5)
    cache.reset()
    const again = noGrad(() => net(tokens, cache))
    expectClose(again.tolist() as Nested, whole.tolist() as Nested)
    expect(() => net(tokens, net.cache(2))).toThrow(/noGrad/)
    noGrad(() => {
      expect(() => net(tokens, cache)).toThrow(/table of 8 positions/)
      expect(() => net(tokens, net.cache(1))).toThrow(/1 texts/)
      const wider = new S.GPT({ ...small, dim: 24 }).cache(2)
      expect(() => net(tokens, wider)).toThrow(/make it with this model/)
    })
    expect(() => net.generate(tokens, 4)).toThrow(/sequence of 9 steps/)
    expect(() => new S.GPT({ vocabSize: 5, dim: 10, heads: 3 })).toThrow(/divide/)
  })

  it('generates greedily what the whole forward pass would', () => {
    manualSeed(0)
    const net = new S.GPT(small).eval()
    let text = tokens.narrow(1, 0, 2)
    const said = net.generate(text, 5, { temperature: 0 })
    for (let i = 0; i < 5; i++) {
      const next = noGrad(() => net(text).select(1, -1).argmax(-1, { keepdim: true }))
      text = cat([text, next], 1)
    }
    expect(said.tolist()).toEqual(text.tolist())
  })

  it('learns to count', () => {
    manualSeed(0)
    const net = new S.GPT({ ...small, dim: 24, dropout: 0.05, contextLength: 16 })
    const optimizer = new Adam(net.parameters(), { lr: 0.01 })
    for (let step = 0; step < 60; step++) {
      const text = arange(12)
        .add(randint(0, 11, [16, 1]))
        .remainder(11)
      optimizer.zeroGrad()
      S.sequenceLoss(net(text.narrow(1, 0, 11)), text.narrow(1, 1, 11)).backward()
      optimizer.step()
    }
    const said = net.eval().generate(tensor([[4, 5]]), 10, { temperature: 0 })
    expect(said.tolist()).toEqual([[4, 5, 6, 7, 8, 9, 10, 0, 1, 2, 3, 4]])
  })
})

describe('BERT', () => {
  it('hides 80 %, replaces 10 % and keeps 10 % of the chosen tokens', () => {
    manualSeed(0)
    const text = randint(5, 50, [200, 100])
    text.select(1, 0).fill_(1)
    const options = { vocabSize: 50_000, maskToken: 4, specialTokens: [1] }
    const { inputs, labels } = S.maskTokens(text, options)
    const chosen = labels.ne(-100)
    const count = chosen.sum().item()
    const share = (t: Tensor): number => t.logicalAnd(chosen).sum().item() / count
    expect(count / 19_800).toBeCloseTo(0.15, 2)
    expect(share(inputs.eq(4))).toBeCloseTo(0.8, 1)
    expect(share(inputs.eq(text))).toBeCloseTo(0.1, 1)
    expect(share(inputs.ge(50))).toBeCloseTo(0.1, 1)
    expect(chosen.select(1, 0).any().item()).toBe(false)
    expect(inputs.eq(text).logicalOr(chosen).all().item()).toBe(true)
    expect(labels.eq(text).logicalOr(chosen.logicalNot()).all().item()).toBe(true)
    expect(() => S.maskTokens(text, { ...options, probability: 2 })).toThrow(ValueError)
  })

  it('learns to guess hidden tokens from both sides', () => {
    manualSeed(0)
    const net = new S.BERT({
      vocabSize: 12,
      dim: 32,
      depth: 2,
      heads: 4,
      maxLength: 10,
      dropout: 0,
    })
    const optimizer = new Adam(net.parameters(), { lr: 3e-3 })
    const text = (): Tensor =>
      arange(10)
        .add(randint(0, 10, [32, 1]))
        .remainder(10)
        .add(2)
    for (let step = 0; step < 250; step++) {
      const { inputs, labels } = S.maskTokens(text(), { vocabSize: 12, maskToken: 1 })
      optimizer.zeroGrad()
      S.sequenceLoss(net(inputs), labels).backward()
      optimizer.step()
    }
    const whole = text()
    const hidden = whole.clone()
    hidden.select(1, 4).fill_(1)
    const guess = noGrad(() => net.eval()(hidden).select(1, 4).argmax(-1))
    expect(guess.eq(whole.select(1, 4)).float().mean().item()).toBeGreaterThan(0.97)
  })

  it('does not see padding, tells segments apart, and refuses what cannot be', () => {
    manualSeed(0)
    const net = new S.BERT({ vocabSize: 12, dim: 16, depth: 1, heads: 2, maxLength: 6 }).eval()
    const text = tensor([[3, 4, 5]])
    const padded = tensor([[3, 4, 5, 0]])
    const seen = net(padded, { keyPaddingMask: S.paddingMask(padded) }).narrow(1, 0, 3)
    expectClose(seen.tolist() as Nested, net(text).tolist() as Nested)
    const second = net(text, { segments: tensor([[0, 1, 1]]) })
    expect(() => net(text, { segments: tensor([[0]]) })).toThrow(/segments must be \[1, 3\]/)
    expect(second.sub(net(text)).abs().max().item()).toBeGreaterThan(1e-3)
    expect(() => net(zeros([1, 7]).to('int64'))).toThrow(/table of 6 positions/)
    expect(() => net(text, { keyPaddingMask: S.paddingMask(padded) })).toThrow(/\[1, 3\]/)
    expect(() => net(tensor([[12]]))).toThrow(IndexError)
  })
})

describe('TCN', () => {
  const options = { inChannels: 3, channels: [4, 4, 6], kernelSize: 3, dropout: 0 }

  it('equals PyTorch', () => {
    manualSeed(0)
    const net = new S.TCN(options)
    manualSeed(1)
    expectGolden(net, net(randn([2, 3, 9])), golden.tcn)
  })

  it('sees its receptive field, and nothing of the future', () => {
    manualSeed(0)
    const net = new S.TCN(options).double()
    for (const parameter of net.parameters()) nn.init.uniform_(parameter, 0.1, 0.5)
    const x = randn([1, 3, 40], { dtype: 'float64' }).abs().requiresGrad_()
    net(x).select(2, 35).sum().backward()
    const reached = (x.grad as Tensor).abs().sum([0, 1]).tolist() as number[]
    const seen = reached.flatMap((g, t) => (g > 0 ? [t] : []))
    expect(seen).toEqual(Array.from({ length: 29 }, (_, i) => 7 + i))
    expect(() => net(x.transpose(1, 2))).toThrow(ShapeError)
    expect(() => net(x.narrow(2, 0, 0))).toThrow(/at least one step/)
    expect(() => new S.TCN({ inChannels: 3, channels: [] })).toThrow(ValueError)
  })
})
