/** Layers and functions, one by one. */
import * as F0 from '@flambeau/core'
import { randint, randn } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { functional as F } from '@flambeau/nn'
import type { Case } from './cases.ts'
import { Part } from './cases.ts'

const layer = (name: string, model: () => nn.AnyModule, ...shape: number[]): Case => ({
  name,
  model,
  inputs: (n) => [randn([n, ...shape])],
})

/** A function of tensors `[n, …shape]`. */
const fn = (name: string, body: (...x: Tensor[]) => unknown, ...shapes: number[][]): Case => ({
  name,
  model: () => new Part(new nn.Identity(), body as never),
  inputs: (n) => (shapes.length > 0 ? shapes : [[3, 4]]).map((shape) => randn([n, ...shape])),
})

const activations: readonly Case[] = (
  [
    'relu sigmoid tanh exp sqrt abs neg sign floor ceil round erf sin cos tan asin acos atan sinh cosh',
    'asinh atanh reciprocal square rsqrt exp2 expm1 log1p log2 log10 erfc trunc frac isnan isfinite',
  ] as const
).flatMap((names) =>
  names.split(' ').map((name) =>
    fn(name, (x) => {
      const safe = ['sqrt', 'rsqrt', 'log1p', 'log2', 'log10', 'asin', 'acos', 'atanh'].includes(
        name,
      )
      const from = safe ? x.sigmoid().mul(0.9) : x
      return (from as unknown as Record<string, () => Tensor>)[name]?.()
    }),
  ),
)

const curves: readonly Case[] = [
  layer('GELU (tanh)', () => new nn.GELU({ approximate: 'tanh' }), 4),
  layer('SiLU', () => new nn.SiLU(), 4),
  layer('Mish', () => new nn.Mish(), 4),
  layer('ELU', () => new nn.ELU({ alpha: 0.7 }), 4),
  layer('SELU', () => new nn.SELU(), 4),
  layer('CELU', () => new nn.CELU(), 4),
  layer('Softplus', () => new nn.Softplus({ beta: 2 }), 4),
  layer('LeakyReLU', () => new nn.LeakyReLU(0.1), 4),
  layer('PReLU', () => new nn.PReLU(3), 3, 4),
  layer('Hardswish', () => new nn.Hardswish(), 4),
  layer('Hardsigmoid', () => new nn.Hardsigmoid(), 4),
  layer('Hardtanh', () => new nn.Hardtanh(), 4),
  layer('ReLU6', () => new nn.ReLU6(), 4),
  layer('GLU', () => new nn.GLU(), 4),
  layer('Softmax', () => new nn.Softmax(1), 4, 3),
  layer('LogSoftmax', () => new nn.LogSoftmax(-1), 4, 3),
]

const windows: readonly Case[] = [
  layer('Conv1d', () => new nn.Conv1d(3, 4, 3, { stride: 2, padding: 1 }), 3, 9),
  layer('Conv1d (same)', () => new nn.Conv1d(3, 4, 4, { padding: 'same' }), 3, 9),
  layer(
    'Conv2d (groups)',
    () => new nn.Conv2d(4, 6, [3, 2], { groups: 2, dilation: [1, 2], bias: false }),
    4,
    9,
    8,
  ),
  layer(
    'Conv2d (reflect)',
    () => new nn.Conv2d(2, 3, 3, { padding: 1, paddingMode: 'reflect' }),
    2,
    6,
    5,
  ),
  layer('Conv3d', () => new nn.Conv3d(2, 3, 2), 2, 4, 5, 6),
  layer('ConvTranspose1d', () => new nn.ConvTranspose1d(3, 4, 3, { stride: 2 }), 3, 6),
  layer(
    'ConvTranspose2d',
    () => new nn.ConvTranspose2d(4, 6, 3, { stride: 2, padding: 1, outputPadding: 1, groups: 2 }),
    4,
    5,
    6,
  ),
  layer('ConvTranspose3d', () => new nn.ConvTranspose3d(2, 3, 2), 2, 3, 3, 3),
  layer('MaxPool1d', () => new nn.MaxPool1d(3), 2, 10),
  layer('MaxPool2d (ceil)', () => new nn.MaxPool2d(3, { stride: 2, ceilMode: true }), 2, 6, 8),
  layer(
    'MaxPool2d (dilated)',
    () => new nn.MaxPool2d(2, { stride: 1, padding: 1, dilation: 2 }),
    2,
    7,
    8,
  ),
  layer('MaxPool3d', () => new nn.MaxPool3d(2), 2, 4, 5, 6),
  layer('AvgPool1d', () => new nn.AvgPool1d(2), 2, 8),
  layer(
    'AvgPool2d',
    () => new nn.AvgPool2d(3, { stride: 2, padding: 1, countIncludePad: false }),
    2,
    7,
    8,
  ),
  layer('AvgPool2d (ceil)', () => new nn.AvgPool2d(3, { stride: 2, ceilMode: true }), 2, 6, 8),
  layer('AvgPool3d', () => new nn.AvgPool3d(2), 2, 4, 5, 6),
  layer('AdaptiveAvgPool2d', () => new nn.AdaptiveAvgPool2d([3, 2]), 2, 7, 6),
  layer('AdaptiveMaxPool2d', () => new nn.AdaptiveMaxPool2d([3, 2]), 2, 7, 6),
  layer('AdaptiveAvgPool1d', () => new nn.AdaptiveAvgPool1d(4), 2, 8),
  layer('Unfold', () => new nn.Unfold(2), 3, 4, 5),
  layer('Fold', () => new nn.Fold([4, 5], 2), 12, 12),
  layer('PixelShuffle', () => new nn.PixelShuffle(2), 8, 3, 2),
  layer('ReflectionPad2d', () => new nn.ReflectionPad2d(1), 2, 4, 5),
  layer('ReplicationPad1d', () => new nn.ReplicationPad1d(2), 2, 4),
  layer('ZeroPad2d', () => new nn.ZeroPad2d([1, 2, 0, 1]), 2, 4, 5),
  layer('CircularPad2d', () => new nn.CircularPad2d(1), 2, 4, 5),
]

const norms: readonly Case[] = [
  layer('BatchNorm1d', () => new nn.BatchNorm1d(4), 4),
  layer('BatchNorm1d (no weights)', () => new nn.BatchNorm1d(4, { affine: false }), 4, 3),
  layer('BatchNorm3d', () => new nn.BatchNorm3d(2), 2, 3, 3, 2),
  layer('LayerNorm', () => new nn.LayerNorm([3, 4]), 2, 3, 4),
  layer('LayerNorm (no weights)', () => new nn.LayerNorm(4, { elementwiseAffine: false }), 3, 4),
  layer('RMSNorm', () => new nn.RMSNorm(4), 3, 4),
  layer('GroupNorm', () => new nn.GroupNorm(2, 4), 4, 3, 2),
  layer('InstanceNorm2d', () => new nn.InstanceNorm2d(3, { affine: true }), 3, 4, 5),
  layer('LocalResponseNorm', () => new nn.LocalResponseNorm(3), 5, 4, 4),
  fn('normalize', (x) => F.normalize(x, { dim: 1 })),
]

const sampling: readonly Case[] = [
  ...(['nearest', 'nearest-exact', 'bilinear', 'bicubic'] as const).flatMap((mode) => [
    fn(
      `interpolate (${mode}, twice)`,
      (x) => F.interpolate(x, { scaleFactor: 2, mode }),
      [2, 4, 5],
    ),
    fn(`interpolate (${mode}, size)`, (x) => F.interpolate(x, { size: [7, 3], mode }), [2, 4, 5]),
  ]),
  fn(
    'interpolate (corners)',
    (x) => F.interpolate(x, { size: [7, 9], mode: 'bilinear', alignCorners: true }),
    [2, 4, 5],
  ),
  fn('interpolate (area)', (x) => F.interpolate(x, { size: [2, 5], mode: 'area' }), [2, 4, 5]),
  ...(['bilinear', 'nearest'] as const).map((mode) =>
    fn(
      `gridSample (${mode})`,
      (x, grid) => F.gridSample(x, grid.mul(0.5), { mode, alignCorners: true }),
      [2, 4, 5],
      [3, 3, 2],
    ),
  ),
  fn(
    'gridSample (border)',
    (x, grid) => F.gridSample(x, grid, { paddingMode: 'border' }),
    [2, 4, 5],
    [3, 3, 2],
  ),
]

const kinds = {
  LSTM: [nn.LSTM, nn.LSTMCell],
  GRU: [nn.GRU, nn.GRUCell],
  RNN: [nn.RNN, nn.RNNCell],
} as const

type Make = new (inputSize: number, hiddenSize: number, options?: object) => nn.AnyModule

const recurrence: readonly Case[] = [
  ...Object.entries(kinds).flatMap(([name, [made, cell]]): Case[] => {
    const [Recurrent, Cell] = [made, cell] as unknown as [Make, Make]
    return [
      {
        name: `${name} (two layers, both directions)`,
        model: () => new Recurrent(3, 4, { numLayers: 2, bidirectional: true }),
        inputs: (n) => [randn([5, n, 3])],
        axes: [{ 0: 'steps', 1: 'batch' }],
      },
      layer(
        `${name} (batch first, no bias)`,
        () => new Recurrent(3, 4, { batchFirst: true, bias: false }),
        ...[5, 3],
      ),
      layer(`${name}Cell`, () => new Cell(3, 4), 3),
    ]
  }),
  {
    name: 'RNN (relu)',
    model: () => new nn.RNN(3, 4, { nonlinearity: 'relu' }),
    inputs: (n) => [randn([5, n, 3])],
    axes: [{ 1: 'batch' }],
  },
]

const attention: readonly Case[] = [
  {
    name: 'MultiheadAttention (with masks)',
    model: () => new nn.MultiheadAttention(8, 2, { batchFirst: true }),
    inputs: (n) => [
      ...Array.from({ length: 3 }, () => randn([n, 5, 8])),
      {
        keyPaddingMask: F0.arange(5).ge(3).expand([n, 5]),
        attnMask: F0.ones([5, 5]).triu(1).bool(),
      },
    ],
    axes: [{ 0: 'batch' }, { 0: 'batch' }, { 0: 'batch' }, { 0: 'batch' }, {}],
  },
  fn(
    'scaledDotProductAttention (causal)',
    (q, k) => F.scaledDotProductAttention(q, k, k, { isCausal: true }),
    [2, 5, 4],
    [2, 5, 4],
  ),
  layer(
    'TransformerEncoder',
    () =>
      new nn.TransformerEncoder(
        new nn.TransformerEncoderLayer(8, 2, {
          dimFeedforward: 12,
          batchFirst: true,
          activation: 'gelu',
        }),
        2,
      ),
    5,
    8,
  ),
]

const ints = (x: Tensor, below: number): Tensor => x.abs().mul(10).long().remainder(below)

const functions: readonly Case[] = [
  fn(
    'arithmetic',
    (a, b) => a.add(b, { alpha: 2 }).sub(3).mul(b).div(b.abs().add(1)).pow(2).neg(),
    [3],
    [3],
  ),
  fn('integers', (a) => ints(a, 7).add(1).mul(3).floorDivide(2).remainder(5).sub(9).floorDivide(4)),
  fn(
    'comparisons',
    (a, b) => [
      a.gt(b),
      a.le(0),
      a.eq(a),
      a.ne(b),
      a.gt(0).logicalAnd(b.lt(0)),
      a.gt(0).logicalXor(b.lt(0)).logicalNot(),
    ],
    [3],
    [3],
  ),
  fn('bool arithmetic', (a) => [
    a.gt(0).add(a.lt(1)),
    a.gt(0).mul(a.lt(1)),
    a.gt(0).sum(1),
    a.gt(0).any(1),
    a.gt(0).all(1),
  ]),
  fn('where', (a, b) => F0.where(a.gt(0), a, b), [3], [3]),
  fn('maskedFill', (a) => a.maskedFill(a.lt(0), -1)),
  fn('clamp', (a) => [a.clamp(-0.5, 0.5), a.clampMin(0), a.clampMax(0.1)]),
  fn('maxima', (a, b) => [a.maximum(b), a.minimum(b)], [3], [3]),
  fn('lerp', (a, b) => a.lerp(b, 0.3), [3], [3]),
  fn('addcmul', (a, b) => [a.addcmul(a, b, { value: 2 }), a.addcdiv(a, b.abs().add(1))], [3], [3]),
  fn('atan2', (a, b) => a.atan2(b), [3], [3]),
  fn('reductions', (x) => [
    x.sum(1),
    x.mean([1, 2]),
    x.prod(2),
    x.amax(1),
    x.amin([1, 2], true),
    x.logsumexp(2),
    x.sum(),
    x.countNonzero(1),
  ]),
  fn('spreads', (x) => [x.var(1), x.std([1, 2], { correction: 0 }), x.var(2, { keepdim: true })]),
  fn('norms', (x) => [x.norm(2, 1), x.norm(1, 1), x.norm(Infinity, 1), x.norm(3, 2)]),
  fn('extremes', (x) => [
    x.max(1).values,
    x.max(1).indices,
    x.min(2, true).values,
    x.argmax(1),
    x.argmin(-1, true),
  ]),
  fn('topk', (x) => [...x.topk(2, 1)]),
  fn('sort', (x) => [...x.sort(2, { descending: true })]),
  fn('cumsum', (x) => x.cumsum(1)),
  fn('matmul', (a, b) => a.matmul(b), [3, 4], [4, 5]),
  fn(
    'einsum',
    (a, b) => [
      F0.einsum('bij,bjk->bik', a, b),
      F0.einsum('bij,bjk->bk', a, b),
      F0.einsum('bij->b', a),
    ],
    [3, 4],
    [4, 5],
  ),
  fn('bmm', (a, b) => F0.bmm(a, b), [3, 4], [4, 5]),
  fn('addmm', (a) => F0.addmm(F0.ones([5]), a, F0.ones([3, 5]), { beta: 0.5, alpha: 2 }), [3]),
  fn('shapes', (x) => [
    x.flatten(1),
    x.permute(2, 0, 1),
    x.unsqueeze(1).expand(-1, 2, -1, -1),
    x.transpose(1, 2).reshape([-1, 3]),
    x.squeeze(),
    x.unflatten(2, [2, 2]),
  ]),
  fn('slices', (x) => [
    x.narrow(1, 1, 2),
    x.select(2, -1),
    x.at('..., 1:4:2'),
    x.at(null, '...', 0),
    x.at('1:'),
    x.flip([1, 2]),
    x.roll(1, 1),
  ]),
  fn('joins', (a, b) => [F0.cat([a, b], 1), F0.stack([a, b], 1), F0.cat([a, b], 0)], [3], [3]),
  fn('splits', (x) => [...x.split([1, 2], 1), ...x.chunk(2, 2)]),
  fn('repeats', (x) => [x.repeat(1, 2, 1), x.tile([2, 1]), x.repeatInterleave(2, 1)]),
  fn('pads', (x) => F.pad(x, [1, 2, 0, 1], { value: 0.5 })),
  fn('triangles', (x) => [x.tril(), x.triu(1), x.gt(0).tril(-1)]),
  fn('diagonal', (x) => [x.diagonal(0, 1, 2), x.diagonal(1, 1, 2)]),
  fn('unfold', (x) => x.unfold(1, 2, 1)),
  fn('gather', (x) => x.gather(2, ints(x, 4))),
  fn('indexSelect', (x) => x.indexSelect(1, F0.tensor([2, 0, 2]))),
  fn('index', (x) => [x.at(':', [0, 2]), x.at(':', [0, 2], [1, 3])]),
  fn('scatter', (x) => [x.scatter(1, ints(x, 3), 9), x.scatterAdd(1, ints(x, 3), x)]),
  fn('indexAdd', (x) => x.indexAdd(1, F0.tensor([2, 0]), x.narrow(1, 0, 2))),
  fn('writes into parts', (x) => {
    const y = x.mul(2)
    const row = y.select(1, 0)
    row.fill_(0)
    y.narrow(2, 1, 2).select(1, 1).add_(1).mul_(3)
    y.permute(2, 0, 1)
      .narrow(0, 3, 1)
      .copy_(x.sum([1, 2], true).squeeze(2).unsqueeze(0))
    return [y, row, y.at('..., 0')]
  }),
  fn('writes into what is detached', (x) => {
    const y = x.mul(2)
    const z = y.detach()
    z.select(1, 1).fill_(7)
    y.narrow(2, 0, 1).neg_()
    return [y, z]
  }),
  fn('writes by index', (x) => {
    const y = x.add(0)
    y.setAt(':, 0, 1:3', 5)
    y.setAt(':, 1', x.select(1, 2))
    y.narrow(1, 2, 1).setAt('..., ::2', -1)
    return y
  }),
  fn('writes into constants', (x) => {
    const out = F0.zeros([x.shape[0] as number, 2, 4])
    out.select(1, 1).copy_(x.sum(1))
    return out.mul(2)
  }),
  fn('index by several', (x) => x.at(ints(x.select(2, 0), 2), ints(x.select(2, 1), 3))),
  fn('cdist', (a, b) => [F0.cdist(a, b), F0.cdist(a, b, 1)], [3, 4], [5, 4]),
  fn('numbers that are none', (x) => [
    x.log().nansum(1),
    x.div(x.gt(0).float()).nanToNum(1, 2, -2),
  ]),
  fn('oneHot', (x) => F.oneHot(ints(x, 5), 5)),
  fn('arange', (x) => [
    x.add(F0.arange(4)),
    F0.arange(x.shape[0] as number, { dtype: 'float32' })
      .mul(2)
      .add(x.sum([1, 2])),
  ]),
  fn('shapes that follow', (x) =>
    x.div(x.shape[0] as number).add(F0.zeros([x.shape[0] as number, 1, 1])),
  ),
  fn('casts', (x) => [x.long(), x.to('float64'), x.bool(), x.int().float()]),
  {
    name: 'Embedding',
    model: () => new nn.Embedding(7, 4, { paddingIdx: 0 }),
    inputs: (n) => [randint(0, 7, [n, 3], { dtype: 'int64' })],
  },
  {
    name: 'Bilinear',
    model: () => new nn.Bilinear(3, 4, 5),
    inputs: (n) => [randn([n, 3]), randn([n, 4])],
  },
  fn('cosineSimilarity', (a, b) => F.cosineSimilarity(a, b), [4], [4]),
  fn(
    'crossEntropy by hand',
    (x) =>
      x
        .logSoftmax(1)
        .gather(1, ints(x.select(1, 0), 3).unsqueeze(1))
        .mean(),
    [3],
  ),
]

/** By kind. */
export const layerCases: Readonly<Record<string, readonly Case[]>> = {
  activations,
  curves,
  windows,
  norms,
  sampling,
  recurrence,
  attention,
  functions,
}
export const all: readonly Case[] = Object.values(layerCases).flat()
