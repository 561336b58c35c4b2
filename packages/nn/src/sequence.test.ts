import { readFileSync } from 'node:fs'
import type { DType, Tensor } from '@flambeau/core'
import { arange, isTensor, manualSeed, rand, randn, tensor } from '@flambeau/core'
import { assertClose } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import * as nn from './index.ts'

interface Stored {
  shape: number[]
  dtype: string
  data: (number | string)[]
}
interface SequenceCase {
  state: Record<string, Stored>
  inputs: (Stored | boolean | null)[]
  needs: boolean[]
  outputs: Stored[]
  inputGrads: Stored[]
  grads: Record<string, Stored>
}

// Written by goldens/sequence.py with PyTorch.
const { cases } = JSON.parse(
  readFileSync(new URL('../goldens/sequence.json', import.meta.url), 'utf8'),
) as { cases: Record<string, SequenceCase> }

function stored({ shape, dtype, data }: Stored): Tensor {
  return tensor(data.map(Number), { dtype: dtype as DType }).reshape(shape)
}

const tolerance = { rtol: 2e-5, atol: 3e-6 }
const exact = { rtol: 0, atol: 0 }
const weight = tensor([1, 2, 0.5])

const layers: Record<string, () => nn.AnyModule> = {
  Embedding: () => new nn.Embedding(10, 3, 2),
  'Embedding.scaled': () => new nn.Embedding(6, 3, { maxNorm: 1, scaleGradByFreq: true }),
  EmbeddingBag: () => new nn.EmbeddingBag(8, 3),
  'EmbeddingBag.sum': () => new nn.EmbeddingBag(8, 3, { mode: 'sum', paddingIdx: 1 }),
  L1Loss: () => new nn.L1Loss(),
  SmoothL1Loss: () => new nn.SmoothL1Loss({ beta: 0.5, reduction: 'sum' }),
  HuberLoss: () => new nn.HuberLoss('mean', 0.7),
  BCELoss: () => new nn.BCELoss(weight),
  BCEWithLogitsLoss: () => new nn.BCEWithLogitsLoss({ posWeight: weight }),
  NLLLoss: () => new nn.NLLLoss(weight, { ignoreIndex: 1 }),
  KLDivLoss: () => new nn.KLDivLoss({ reduction: 'batchmean', logTarget: true }),
  PoissonNLLLoss: () => new nn.PoissonNLLLoss({ full: true }),
  GaussianNLLLoss: () => new nn.GaussianNLLLoss({ full: true }),
  CosineEmbeddingLoss: () => new nn.CosineEmbeddingLoss(0.1),
  HingeEmbeddingLoss: () => new nn.HingeEmbeddingLoss(0.8),
  MarginRankingLoss: () => new nn.MarginRankingLoss(0.2),
  MultiLabelMarginLoss: () => new nn.MultiLabelMarginLoss(),
  MultiLabelSoftMarginLoss: () => new nn.MultiLabelSoftMarginLoss(weight),
  MultiMarginLoss: () => new nn.MultiMarginLoss(2, 0.5, weight),
  SoftMarginLoss: () => new nn.SoftMarginLoss(),
  TripletMarginLoss: () => new nn.TripletMarginLoss({ margin: 0.5, p: 2, swap: true }),
  TripletMarginWithDistanceLoss: () =>
    new nn.TripletMarginWithDistanceLoss({
      distanceFunction: (a, b) => a.sub(b).abs().sum(-1),
    }),
  CTCLoss: () => new nn.CTCLoss(),
  AdaptiveLogSoftmaxWithLoss: () =>
    new nn.AdaptiveLogSoftmaxWithLoss(8, 12, [3, 7], { divValue: 2 }),
  LinearCrossEntropyLoss: () => new nn.LinearCrossEntropyLoss(5, 3),
  MultiheadAttention: () => new nn.MultiheadAttention(8, 2, { batchFirst: true }),
  'MultiheadAttention.sizes': () =>
    new nn.MultiheadAttention(8, 2, { kdim: 6, vdim: 5, bias: false }),
  'MultiheadAttention.extra': () =>
    new nn.MultiheadAttention(8, 2, { addBiasKv: true, addZeroAttn: true }),
  TransformerEncoderLayer: () => new nn.TransformerEncoderLayer(8, 2, 16, 0),
  'TransformerEncoderLayer.normFirst': () =>
    new nn.TransformerEncoderLayer(8, 2, 16, 0, {
      activation: 'gelu',
      batchFirst: true,
      normFirst: true,
    }),
  TransformerDecoderLayer: () => new nn.TransformerDecoderLayer(8, 2, 16, 0),
  TransformerEncoder: () =>
    new nn.TransformerEncoder(
      new nn.TransformerEncoderLayer(8, 2, 16, 0, { batchFirst: true }),
      2,
      new nn.LayerNorm(8),
    ),
  TransformerDecoder: () =>
    new nn.TransformerDecoder(new nn.TransformerDecoderLayer(8, 2, 16, 0, { batchFirst: true }), 2),
  Transformer: () => new nn.Transformer(8, 2, 1, 2, 16, 0),
  RNNCell: () => new nn.RNNCell(4, 3, { nonlinearity: 'relu' }),
  LSTMCell: () => new nn.LSTMCell(4, 3),
  GRUCell: () => new nn.GRUCell(4, 3, false),
  RNN: () => new nn.RNN(4, 3, 2),
  LSTM: () => new nn.LSTM(4, 3, 2, { bidirectional: true, batchFirst: true }),
  'LSTM.projected': () => new nn.LSTM(4, 3, 2, { projSize: 2, bidirectional: true }),
  GRU: () => new nn.GRU(4, 3, 2, { bidirectional: true }),
}

function tensors(value: unknown): Tensor[] {
  if (isTensor(value)) return [value]
  return Array.isArray(value) ? value.flatMap(tensors) : []
}

describe.each(Object.entries(layers))('%s', (name, make) => {
  const golden = cases[name] as SequenceCase
  manualSeed(7)
  const layer = make()
  const next = rand([2])

  it('starts from the weights that PyTorch starts from', () => {
    const state = layer.stateDict()
    expect(Object.keys(state).sort()).toEqual(Object.keys(golden.state).sort())
    for (const [key, value] of Object.entries(golden.state)) {
      assertClose(state[key] as Tensor, stored(value), exact, key)
    }
    expect(next.shape).toEqual([2])
  })

  it('has its outputs and gradients', () => {
    const inputs = golden.inputs.map((input) =>
      input !== null && typeof input === 'object' ? stored(input) : input,
    )
    golden.needs.forEach((needs, i) => {
      if (needs) (inputs[i] as Tensor).requiresGrad = true
    })
    const outputs = tensors((layer as unknown as (...inputs: unknown[]) => unknown)(...inputs))
    expect(outputs.length).toBe(golden.outputs.length)
    let total = tensor(0)
    outputs.forEach((output, i) => {
      assertClose(output.detach(), stored(golden.outputs[i] as Stored), tolerance, `output ${i}`)
      const upstream = arange(output.numel(), { dtype: 'float64' }).mul(0.7).add(0.3).cos()
      total = total.add(output.mul(upstream.to('float32').reshape(output.shape)).sum())
    })
    if (total.requiresGrad) total.backward()
    const leaves = inputs.filter((_, i) => golden.needs[i]) as Tensor[]
    leaves.forEach((leaf, i) => {
      assertClose(
        leaf.grad as Tensor,
        stored(golden.inputGrads[i] as Stored),
        tolerance,
        `gradient of input ${i}`,
      )
    })
    const grads = [...layer.namedParameters()].filter(([, parameter]) => parameter.grad !== null)
    expect(grads.map(([key]) => key).sort()).toEqual(Object.keys(golden.grads).sort())
    for (const [key, parameter] of grads) {
      assertClose(parameter.grad as Tensor, stored(golden.grads[key] as Stored), tolerance, key)
    }
  })
})

describe('flattenParameters', () => {
  it('is there for programs that call it, and leaves the weights alone', () => {
    for (const layer of [new nn.RNN(3, 4), new nn.LSTM(3, 4), new nn.GRU(3, 4)]) {
      const before = [...layer.parameters()].map((one) => one.tolist())
      layer.flattenParameters()
      expect([...layer.parameters()].map((one) => one.tolist())).toEqual(before)
    }
  })
})

describe('packed sequences', () => {
  const { packPaddedSequence, packSequence, padPackedSequence, padSequence } = nn.utils.rnn
  const lengths = [2, 4, 1]
  const sequences = lengths.map((length) => randn([length, 4]))
  const modules = {
    RNN: new nn.RNN(4, 3, { bidirectional: true }),
    LSTM: new nn.LSTM(4, 3, 2, { bidirectional: true, projSize: 2 }),
    GRU: new nn.GRU(4, 3, 2),
  }

  it.each(Object.entries(modules))('run through %s as each alone', (_, layer) => {
    const run = layer as unknown as (x: unknown) => [unknown, unknown]
    const [packed, last] = run(packSequence(sequences, { enforceSorted: false }))
    const { output, lengths: found } = padPackedSequence(packed as nn.utils.rnn.PackedSequence)
    expect(Array.from(found.toArray(), Number)).toEqual(lengths)
    sequences.forEach((sequence, i) => {
      const [alone, end] = run(sequence)
      const own = output.select(1, i).narrow(0, 0, lengths[i] as number)
      assertClose(own.detach(), (alone as Tensor).detach(), tolerance, `sequence ${i}`)
      tensors(last).forEach((state, k) => {
        const other = tensors(end)[k] as Tensor
        assertClose(state.select(1, i).detach(), other.detach(), tolerance, `state ${i}`)
      })
    })
  })

  it('come back as they were', () => {
    const padded = padSequence(sequences, { batchFirst: true, paddingValue: -1 })
    expect(padded.shape).toEqual([3, 4, 4])
    const packed = packPaddedSequence(padded, lengths, true, false)
    expect(packed.data.shape).toEqual([7, 4])
    expect(Array.from(packed.batchSizes.toArray(), Number)).toEqual([3, 2, 1, 1])
    const back = padPackedSequence(packed, { batchFirst: true, paddingValue: -1 })
    assertClose(back.output, padded, exact, 'padded')
  })

  it('refuse lengths that do not fall, or do not fit', () => {
    const padded = padSequence(sequences)
    expect(() => packPaddedSequence(padded, lengths)).toThrow(/enforceSorted/)
    expect(() => packPaddedSequence(padded, [5, 1, 1])).toThrow(/from 1 to 4/)
    expect(() => packPaddedSequence(padded, [1])).toThrow(/3 sequences/)
  })
})

describe('masks', () => {
  it('may be given by name', () => {
    const layer = new nn.TransformerDecoderLayer(8, 2, 16, 0)
    const [tgt, memory] = [randn([3, 2, 8]), randn([4, 2, 8])]
    const tgtMask = nn.Transformer.generateSquareSubsequentMask(3)
    const named = layer(tgt, { memory, tgtMask })
    assertClose(named.detach(), layer(tgt, memory, tgtMask).detach(), exact, 'by name')
    const later = layer(tgt, memory, { tgtMask }).select(0, 0)
    const other = layer(tgt.add(tensor([0, 1, 2]).reshape(3, 1, 1)), memory, { tgtMask })
    assertClose(
      later.detach(),
      other.select(0, 0).detach(),
      tolerance,
      'the first sees itself only',
    )
  })
})
