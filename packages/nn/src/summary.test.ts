import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import type { Tensor } from '@flambeau/core'
import {
  getRngState,
  manualSeed,
  memoryStats,
  ones,
  scaledDotProductAttention,
  tensor,
} from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import * as nn from './index.ts'

// Written by goldens/summary.py with PyTorch.
const { cases } = JSON.parse(
  readFileSync(new URL('../goldens/summary.json', import.meta.url), 'utf8'),
) as { cases: Record<string, { flops: number; parameters: number }> }

class Attention extends nn.Module<[Tensor, Tensor, Tensor]> {
  override forward(q: Tensor, k: Tensor, v: Tensor): Tensor {
    return scaledDotProductAttention(q, k, v)
  }
}

class Products extends nn.Module {
  weight = new nn.Parameter(ones([6, 5]))
  override forward(x: Tensor): Tensor {
    const y = nn.functional.linear(x, this.weight.t().contiguous())
    return y.bmm(y.transpose(1, 2)).add(y.matmul(y.mT).baddbmm(y, y.mT))
  }
}

const layer = (): nn.TransformerEncoderLayer =>
  new nn.TransformerEncoderLayer(32, 4, { dimFeedforward: 64 })
const models: Record<string, [() => nn.AnyModule, nn.SummaryInput]> = {
  mlp: [
    () =>
      new nn.Sequential(
        new nn.Linear(20, 30),
        new nn.ReLU(),
        new nn.Linear(30, 5, { bias: false }),
      ),
    [8, 20],
  ],
  conv: [
    () =>
      new nn.Sequential(
        new nn.Conv2d(3, 8, 3, { stride: 2, padding: 1 }),
        new nn.BatchNorm2d(8),
        new nn.Conv2d(8, 16, 3, { groups: 4 }),
        new nn.AdaptiveAvgPool2d(1),
        new nn.Flatten(),
        new nn.Linear(16, 10),
      ),
    [2, 3, 32, 32],
  ],
  conv1d: [() => new nn.Conv1d(4, 6, 5, { dilation: 2 }), [3, 4, 40]],
  conv3d: [() => new nn.Conv3d(2, 4, 3, { padding: 1 }), [1, 2, 6, 6, 6]],
  transposed: [
    () => new nn.ConvTranspose2d(8, 4, 4, { stride: 2, padding: 1, groups: 2 }),
    [2, 8, 7, 7],
  ],
  attention: [
    () => new Attention(),
    [
      [2, 4, 10, 16],
      [2, 4, 12, 16],
      [2, 4, 12, 8],
    ],
  ],
  products: [() => new Products(), [3, 4, 6]],
  multihead: [() => new nn.MultiheadAttention(32, 4), Array(3).fill([10, 2, 32])],
  encoder: [() => new nn.TransformerEncoder(layer(), 2), [10, 2, 32]],
  transformer: [
    () =>
      new nn.Transformer(32, 4, { numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 64 }),
    [
      [10, 2, 32],
      [12, 2, 32],
    ],
  ],
  lstm: [() => new nn.LSTM(12, 20, 2, { bidirectional: true }), [7, 3, 12]],
  projected: [() => new nn.LSTM(12, 20, { projSize: 8 }), [7, 3, 12]],
  gru: [() => new nn.GRU(12, 20, 2, { batchFirst: true }), [3, 7, 12]],
  rnn: [() => new nn.RNN(12, 20), [7, 3, 12]],
  cell: [() => new nn.LSTMCell(12, 20), [3, 12]],
}

describe('summary', () => {
  it.each(Object.keys(cases))('counts operations and parameters of %s as PyTorch', (name) => {
    const [make, input] = models[name] as (typeof models)[string]
    const { flops, parameters, macs } = nn.summary(make(), input)
    expect({ flops, parameters }).toEqual(cases[name])
    expect(macs).toBe(flops / 2)
  })

  it('prints a table in the order of execution', () => {
    class Net extends nn.Module {
      head = new nn.Linear(8, 2)
      body = new nn.ModuleList([new nn.Conv2d(1, 8, 3), new nn.Conv2d(8, 8, 3)])
      act = new nn.ReLU({ inplace: true })
      override forward(x: Tensor): Tensor {
        let y = x
        for (const one of this.body) y = this.act(one(y))
        return this.head(y.mean([2, 3]))
      }
    }
    const net = new Net()
    net.body.requiresGrad_(false)
    const table = inspect(nn.summary(net, [4, 1, 8, 8]))
    expect(table.split('\n')).toEqual([
      '─'.repeat(72),
      'Module              Output shape  Parameters  Trainable   FLOPs   Memory',
      '─'.repeat(72),
      'Net                 [4, 2]                 –                  –        –',
      '├ body: ModuleList  –                      –                  –        –',
      '│ └ 0: Conv2d       [4, 8, 6, 6]          80         no  20.7 k  4.61 kB',
      '├ act: ReLU         [4, 8, 6, 6]           –                  –        –',
      '├ body: ModuleList  –                      –                  –        –',
      '│ └ 1: Conv2d       [4, 8, 4, 4]         584         no  73.7 k  2.05 kB',
      '├ act: ReLU         [4, 8, 4, 4]           –                  –        –',
      '└ head: Linear      [4, 2]                18        yes     128     32 B',
      '─'.repeat(72),
      'Parameters        682   2.73 kB with buffers',
      '  trainable        18',
      '  frozen          664',
      'FLOPs          94.6 k   47.3 k multiply-adds',
      'Input         1.02 kB',
      'Outputs       6.69 kB',
      'Memory        10.4 kB   input, outputs and parameters',
    ])
  })

  it('shows what is called again once with its parameters', () => {
    const shared = new nn.Linear(4, 4)
    const net = new nn.Sequential({ a: shared, b: new nn.Sequential(shared) })
    const found = nn.summary(net, [2, 4])
    expect(found.parameters).toBe(20)
    expect(found.flops).toBe(2 * 2 * 2 * 16)
    expect(found.rows.map(({ name, again }) => [name, again])).toEqual([
      ['', false],
      ['a', false],
      ['b', false],
      ['a', true],
    ])
    expect(String(found)).toMatch(/└ a: Linear +\[2, 4\] +again/)
    const tied = new nn.Sequential(new nn.Linear(4, 4), new nn.Linear(4, 4))
    tied[1].weight = tied[0].weight
    expect(nn.summary(tied, [2, 4]).parameters).toBe(24)
  })

  it('takes examples, several inputs and arguments that are no tensors', () => {
    class Scaled extends nn.Module<[x: Tensor, options: { factor: number }], { y: Tensor }> {
      linear = new nn.Linear(3, 2)
      override forward(x: Tensor, { factor }: { factor: number }): { y: Tensor } {
        return { y: this.linear(x).mul(factor) }
      }
    }
    const rows = nn.summary(new Scaled(), [ones([5, 3]), { factor: 2 }]).rows
    expect(rows.map(({ outputShape }) => outputShape)).toEqual([
      [5, 2],
      [5, 2],
    ])
    const words = new nn.Embedding(10, 4)
    expect(nn.summary(words, tensor([[1, 2, 3]])).rows[0]?.outputShape).toEqual([1, 3, 4])
    expect(nn.summary(words, [1, 3], { dtype: 'int64' }).inputBytes).toBe(24)
    const double = new nn.Linear(3, 2).double()
    expect(nn.summary(double, [1, 3]).inputBytes).toBe(24)
    expect(
      nn.summary(new nn.Bilinear(3, 4, 2), [
        [5, 3],
        [5, 4],
      ]).rows[0]?.outputShape,
    ).toEqual([5, 2])
    const lstm = nn.summary(new nn.LSTM(4, 3), [7, 2, 4]).rows[0]?.outputShape
    expect(lstm).toEqual([
      [7, 2, 3],
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
    ])
  })

  it('folds what is deeper than asked into the row above', () => {
    const net = new nn.Sequential(
      new nn.Sequential(new nn.Linear(4, 8), new nn.Sequential(new nn.Linear(8, 4))),
      new nn.Linear(4, 1),
    )
    const all = nn.summary(net, [2, 4])
    for (const depth of [0, 1, 2]) {
      const found = nn.summary(net, [2, 4], { depth })
      expect(found.rows.length).toBe([1, 3, 5][depth])
      expect(found.flops).toBe(all.flops)
      expect(found.parameters).toBe(all.parameters)
      expect(found.activationBytes).toBe(all.activationBytes)
    }
  })

  it('takes what makes a weight for a part of its layer, and no view for an output', () => {
    const net = new nn.Sequential(
      nn.utils.parametrizations.weightNorm(new nn.Linear(4, 8)),
      new nn.Flatten(),
      new nn.Identity(),
    )
    const { rows, parameters, activationBytes } = nn.summary(net, [2, 4])
    expect(rows.map(({ type }) => type)).toEqual([
      'Sequential',
      'ParametrizedLinear',
      'Flatten',
      'Identity',
    ])
    expect(rows[1]?.parameters).toBe(32 + 8 + 8)
    expect(parameters).toBe(48)
    expect(activationBytes).toBe(2 * 8 * 4)
    const { flops } = nn.summary(new nn.LSTM(4, 3), [5, 2, 4])
    const normed = nn.utils.weightNorm(new nn.LSTM(4, 3), 'weight_hh_l0')
    expect(nn.summary(normed, [5, 2, 4]).flops).toBe(flops)
    const rules = nn.utils.parametrizations.weightNorm(new nn.LSTM(4, 3), 'weight_ih_l0')
    expect(nn.summary(rules, [5, 2, 4]).flops).toBe(flops)
  })

  it('leaves the model as it was', () => {
    class Counting extends nn.Module {
      seen = 0
      count!: Tensor
      dropout = new nn.Dropout(0.5)
      norm = new nn.BatchNorm1d(3)
      spectral = nn.utils.spectralNorm(new nn.Linear(3, 3))
      constructor() {
        super()
        this.registerBuffer('count', ones([1]))
      }
      override forward(x: Tensor): Tensor {
        this.seen++
        this.count = this.count.add(1)
        this.norm.running_mean?.add_(1)
        ;(this as { extra?: Tensor }).extra = x
        return this.spectral(this.norm(this.dropout(x)))
      }
    }
    manualSeed(3)
    const net = new Counting()
    net.norm.eval()
    const state = JSON.stringify(Object.entries(net.stateDict()).map(([k, t]) => [k, t.tolist()]))
    const [count, weight] = [net.count, net.spectral.weight]
    const random = getRngState().tolist()
    const calls: string[] = []
    net.dropout.registerForwardHook(() => {
      calls.push('hook')
    })
    const live = memoryStats().tensors
    for (const mode of ['eval', 'train'] as const) nn.summary(net, [4, 3], { mode })
    expect(memoryStats().tensors).toBeLessThanOrEqual(live)
    expect(calls).toEqual(['hook', 'hook'])
    expect(net.seen).toBe(0)
    expect('extra' in net).toBe(false)
    expect(net.count).toBe(count)
    expect(net.spectral.weight).toBe(weight)
    expect(JSON.stringify(Object.entries(net.stateDict()).map(([k, t]) => [k, t.tolist()]))).toBe(
      state,
    )
    expect(getRngState().tolist()).toEqual(random)
    expect([net.training, net.norm.training, net.dropout.training]).toEqual([true, false, true])
    expect([...net.parameters()].every((one) => one.grad === null && one.requiresGrad)).toBe(true)
    expect(net(ones([4, 3])).requiresGrad).toBe(true)
  })

  it('says where a model fails, and leaves it as it was then too', () => {
    const net = new nn.Sequential(new nn.Linear(4, 3), new nn.Sequential(new nn.Linear(4, 1)))
    expect(() => nn.summary(net, [2, 4])).toThrow(
      /1\.0 \(Linear\) fails for this input: linear.*3.*4/s,
    )
    expect(net.training).toBe(true)
    expect(net[0]?.training).toBe(true)
    expect(() => nn.summary(new nn.Sequential(new nn.LazyLinear(3)), [2, 4])).toThrow(
      /0\.weight waits for its shape/,
    )
    expect(() => nn.summary(3 as never, [1])).toThrow(/not a module/)
    expect(() => nn.summary(net, 4 as never)).toThrow(/a shape, shapes, a tensor/)
    expect(() => nn.summary(net, [2, 4], { columns: 10 })).toThrow(/columns/)
  })

  it('keeps to its width', () => {
    const deep = Array.from({ length: 20 }).reduce<nn.Module>(
      (inside) => new nn.Sequential({ aVeryLongNameOfALayerThatIsDeep: inside }),
      new nn.Linear(4, 4),
    )
    for (const line of nn.summary(deep, [2, 4]).toString().split('\n')) {
      expect(line.length).toBeLessThanOrEqual(100)
    }
  })
})
