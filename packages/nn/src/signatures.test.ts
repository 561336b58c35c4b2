import { readFileSync } from 'node:fs'
import { arange, ones, Tensor, tensor, zeros } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import * as nn from './index.ts'

// Written by goldens/signatures.py with PyTorch.
const { classes } = JSON.parse(
  readFileSync(new URL('../goldens/signatures.json', import.meta.url), 'utf8'),
) as { classes: Record<string, { init: string[]; required: number }> }

type Class = new (...args: unknown[]) => object

const camel = (name: string): string =>
  name.replaceAll(/(?<=.)_(.)/g, (_, letter: string) => letter.toUpperCase())

/** A value for each parameter, other than the default where it shows. */
const values: Record<string, unknown> = {
  activation: 'gelu',
  addBiasKv: true,
  addZeroAttn: true,
  affine: false,
  alignCorners: null,
  alpha: 0.7,
  approximate: 'tanh',
  batchFirst: true,
  beta: 0.6,
  bias: false,
  bidirectional: true,
  blank: 1,
  ceilMode: true,
  countIncludePad: false,
  customDecoder: null,
  customEncoder: null,
  cutoffs: [2, 5],
  dModel: 8,
  delta: 2,
  device: 'cpu',
  dilation: 2,
  dim: 0,
  dimFeedforward: 6,
  distanceFunction: null,
  divValue: 2,
  divisorOverride: 3,
  downscaleFactor: 2,
  dropout: 0.5,
  dtype: 'float64',
  elementwiseAffine: false,
  embedDim: 8,
  embeddingDim: 4,
  enableNestedTensor: false,
  endDim: -2,
  eps: 0.1,
  full: true,
  groups: 2,
  headBias: true,
  hiddenSize: 4,
  ignoreIndex: 3,
  in1Features: 3,
  in2Features: 2,
  inChannels: 4,
  inFeatures: 6,
  includeLastOffset: true,
  init: 0.1,
  inplace: true,
  inputSize: 3,
  k: 2,
  kdim: 3,
  keepdim: true,
  kernelSize: 3,
  labelSmoothing: 0.1,
  lambd: 0.2,
  layerNormEps: 0.1,
  logInput: false,
  logTarget: true,
  lower: 0.2,
  margin: 0.5,
  maskCheck: false,
  maxNorm: 1,
  maxVal: 2,
  maxValue: 5,
  minVal: -2,
  minValue: -5,
  mode: 'sum',
  momentum: 0.2,
  nClasses: 10,
  negativeSlope: 0.3,
  nhead: 2,
  nonlinearity: 'relu',
  norm: null,
  normFirst: true,
  normType: 1,
  normalizedShape: [4],
  numChannels: 4,
  numClasses: 7,
  numDecoderLayers: 1,
  numEmbeddings: 9,
  numEncoderLayers: 1,
  numFeatures: 4,
  numGroups: 2,
  numHeads: 2,
  numLayers: 2,
  numParameters: 3,
  options: null,
  outChannels: 8,
  outFeatures: 4,
  outputPadding: 1,
  outputRatio: null,
  outputSize: 5,
  p: 0.25,
  padding: 1,
  paddingIdx: 2,
  paddingMode: 'reflect',
  posWeight: null,
  projSize: 2,
  recomputeScaleFactor: null,
  reduce: null,
  reduction: 'sum',
  returnIndices: true,
  scaleFactor: null,
  scaleGradByFreq: true,
  size: 3,
  sizeAverage: null,
  sparse: false,
  startDim: 2,
  stride: 2,
  swap: true,
  threshold: 3,
  trackRunningStats: false,
  unflattenedSize: [2, 2],
  upper: 0.4,
  upscaleFactor: 2,
  value: 2,
  vdim: 5,
  weight: null,
  zeroInfinity: true,
  _freeze: true,
  _randomSamples: null,
  _weight: null,
}

/** Where a class needs another one. */
const own: Record<string, Record<string, unknown>> = {
  MultiMarginLoss: { p: 2 },
  LinearCrossEntropyLoss: { outFeatures: [] },
  Upsample: { mode: 'nearest' },
  TransformerEncoder: { encoderLayer: new nn.TransformerEncoderLayer(4, 2) },
  TransformerDecoder: { decoderLayer: new nn.TransformerDecoderLayer(4, 2) },
}

function valueFor(name: string, parameter: string): unknown {
  const value = own[name]?.[parameter] ?? values[parameter]
  if (value === undefined) throw new Error(`there is no value for ${parameter} of ${name}`)
  return parameter === 'paddingMode' && name.includes('Transpose') ? 'zeros' : value
}

/** What can be seen of a module. */
function seen(module: object): unknown {
  return Object.entries(module).map(([key, value]) => [
    key,
    value instanceof Tensor
      ? [value.dtype, value.shape, value.requiresGrad]
      : value instanceof nn.Module
        ? String(value)
        : typeof value === 'function'
          ? 'function'
          : value,
  ])
}

describe('constructors', () => {
  const all = Object.entries(classes).filter(([name]) => name in nn)

  it('are there for the classes in scope', () => {
    expect(all.length).toBeGreaterThan(145)
  })

  it.each(all)(
    '%s takes its parameters by position, by name, and both',
    (name, { init, required }) => {
      const create = (nn as unknown as Record<string, Class>)[name] as Class
      const names = init.map(camel)
      const given = names.map((one) => valueFor(name, one))
      const named = (from: number): object =>
        Object.fromEntries(names.slice(from).map((one, i) => [one, given[from + i]]))
      const byPosition = seen(new create(...given))
      if (names.length > 0) expect(seen(new create(named(0)))).toEqual(byPosition)
      for (let at = 1; at < names.length; at++) {
        expect(seen(new create(...given.slice(0, at), named(at)))).toEqual(byPosition)
      }
      if (names.length === 0) return
      expect(() => new create(...given, 1)).toThrow(/arguments are given where/)
      expect(() => new create(...given.slice(0, required), { noSuchOption: 1 })).toThrow(
        /there is no option 'noSuchOption'/,
      )
    },
  )
})

describe('the types of constructors', () => {
  it('know positions and names', () => {
    const made = [
      new nn.Dropout(0.5, true),
      new nn.MaxPool2d(3, 2, 1),
      new nn.LSTM(10, 20, 2, true),
      new nn.LSTM(10, 20, { batchFirst: true }),
      new nn.CrossEntropyLoss(ones([3])),
      new nn.CrossEntropyLoss(null, null, 5, { reduction: 'sum' }),
      new nn.Conv2d(3, 8, 3, 1, 'same', { bias: false }),
      new nn.Linear({ inFeatures: 2, outFeatures: 3 }),
    ]
    expect(made.map((one) => one.constructor.name).join()).toContain('LSTM,LSTM,CrossEntropyLoss')
    // @ts-expect-error there is no such name
    expect(() => new nn.Linear(2, 3, { biass: true })).toThrow(/no option 'biass'/)
    // @ts-expect-error nor such a reduction
    expect(() => new nn.CrossEntropyLoss({ reduction: 'avg' })).toThrow(/must be/)
    // @ts-expect-error a required one is missing
    expect(() => new nn.Conv2d(3, 8)).toThrow(/kernelSize/)
    // @ts-expect-error a word where a number stands
    expect(() => new nn.Linear('2', 3)).toThrow(/inFeatures/)
    // @ts-expect-error nothing comes behind the names
    expect(() => new nn.Linear({ inFeatures: 2, outFeatures: 3 }, true)).toThrow(/come last/)
  })
})

describe('copyModule', () => {
  const all = Object.entries(classes).filter(([name]) => name in nn)

  it.each(all)('copies %s', (name, { init }) => {
    const create = (nn as unknown as Record<string, Class>)[name] as Class
    const module = new create(...init.map((one) => valueFor(name, camel(one)))) as nn.AnyModule
    const copy = nn.copyModule(module)
    expect(copy).toBeInstanceOf(create)
    expect(seen(copy)).toEqual(seen(module))
    expect(String(copy)).toBe(String(module))
    const [before, after] = [module.stateDict(), copy.stateDict()]
    expect(Object.keys(after)).toEqual(Object.keys(before))
    for (const [key, own] of Object.entries(before)) {
      expect(after[key]?.equal(own) || own.isnan().any().item()).toBe(true)
    }
  })

  it('makes copies that compute what the module computes', () => {
    const [x, image, steps] = [ones([2, 4]), ones([1, 1, 4, 4]), ones([5, 2, 4])]
    const { parametrizations: rules, prune } = nn.utils
    const pairs: [nn.AnyModule, Tensor][] = [
      [new nn.RNN(4, 3, { nonlinearity: 'relu' }), steps],
      [new nn.LSTM(4, 3, 2, { bidirectional: true }), steps],
      [new nn.GRU(4, 3), steps],
      [new nn.LSTMCell(4, 3), x],
      [new nn.TransformerEncoderLayer(4, 2, { activation: 'gelu' }).eval(), steps],
      [new nn.Conv2d(1, 2, 3, { paddingMode: 'reflect', padding: 1 }), image],
      [new nn.BatchNorm1d(4), x],
      [new nn.DilatedBlock2d(1, 2), image],
      [new nn.ImageTokenizer(4, 2, 4, { inChannels: 1, position: 'sinusoidal' }), image],
      [rules.orthogonal(new nn.Linear(4, 4)), x],
      [rules.orthogonal(new nn.Linear(4, 3)), x],
      [rules.weightNorm(new nn.Linear(4, 3)), x],
      [rules.spectralNorm(new nn.Linear(4, 3)), x],
      [nn.utils.spectralNorm(new nn.Linear(4, 3)), x],
      [nn.utils.weightNorm(new nn.Linear(4, 3)), x],
      [prune.l1Unstructured(new nn.Linear(4, 3), 'weight', 0.5), x],
    ]
    const numbers = (value: unknown): unknown =>
      value instanceof Tensor ? value.tolist() : (value as unknown[]).map(numbers)
    for (const [module, input] of pairs) {
      const copy = nn.copyModule(module) as unknown as (x: Tensor) => unknown
      const wanted = (module as unknown as (x: Tensor) => unknown)(input)
      expect(numbers(copy(input))).toEqual(numbers(wanted))
    }
    const plain: nn.Sequential = new nn.Sequential(new nn.Linear(4, 4))
    const listed = plain as nn.Sequential & { more: [Tensor] }
    listed.more = [zeros([1])]
    nn.copyModule(listed).more[0].add_(1)
    expect(listed.more[0].item()).toBe(0)
    const lazy = nn.copyModule(new nn.LazyLinear(3))
    expect(lazy(x).shape).toEqual([2, 3])
    const old = nn.utils.weightNorm(new nn.Linear(4, 3)).stateDict()
    nn.copyModule(rules.weightNorm(new nn.Linear(4, 3))).loadStateDict(old)
  })
})

describe('calls', () => {
  const state = ones([2, 3])
  const x = ones([2, 4])
  const steps = ones([5, 2, 4])
  const layers = ones([1, 2, 3])

  it('take states of recurrent layers by position and by name', () => {
    for (const cell of [new nn.RNNCell(4, 3), new nn.GRUCell(4, 3)]) {
      const wanted = cell(x, state).tolist()
      expect(cell(x, { hx: state }).tolist()).toEqual(wanted)
      expect(cell(x).tolist()).not.toEqual(wanted)
      expect(() => cell(x, { h: state } as never)).toThrow(/no option 'h'/)
    }
    const cell = new nn.LSTMCell(4, 3)
    expect(cell(x, { hx: [state, state] })[1].tolist()).toEqual(cell(x, [state, state])[1].tolist())
    expect(() => cell(x, state as never)).toThrow(/two tensors/)
    for (const layer of [new nn.RNN(4, 3), new nn.GRU(4, 3)]) {
      const [wanted] = layer(steps, layers)
      expect(layer(steps, { hx: layers })[0].tolist()).toEqual(wanted.tolist())
      expect(layer(steps, null)[0].tolist()).toEqual(layer(steps)[0].tolist())
      expect(() => layer(steps, [layers] as never)).toThrow(/hx must be a tensor/)
    }
    const lstm = new nn.LSTM(4, 3)
    const [wanted] = lstm(steps, [layers, layers])
    expect(lstm(steps, { hx: [layers, layers] })[0].tolist()).toEqual(wanted.tolist())
    expect(() => lstm(steps, layers as never)).toThrow(/hx must be two tensors/)
  })

  it('take options of other layers so too', () => {
    const pool = new nn.MaxPool2d(2, { returnIndices: true })
    const [values, indices] = pool(arange(16).reshape(1, 1, 4, 4).float()) as unknown as [
      Tensor,
      Tensor,
    ]
    const unpool = new nn.MaxUnpool2d(2)
    expect(unpool(values, indices, [5, 5]).shape).toEqual([1, 1, 5, 5])
    expect(unpool(values, indices, { outputSize: [5, 5] }).shape).toEqual([1, 1, 5, 5])
    const transposed = new nn.ConvTranspose2d(1, 1, 3, 2)
    expect(transposed(ones([1, 1, 3, 3]), [8, 8]).shape).toEqual([1, 1, 8, 8])
    expect(transposed(ones([1, 1, 3, 3]), { outputSize: [8, 8] }).shape).toEqual([1, 1, 8, 8])
    const bag = new nn.EmbeddingBag(5, 2)
    const [words, offsets] = [tensor([0, 1, 2]), tensor([0, 1])]
    expect(bag(words, offsets).tolist()).toEqual(bag(words, { offsets }).tolist())
    const attention = new nn.MultiheadAttention(4, 2)
    const mask = zeros([2, 5], { dtype: 'bool' })
    const [q] = [ones([5, 2, 4])]
    expect(attention(q, q, q, mask, false)[1]).toBe(null)
    expect(attention(q, q, q, { keyPaddingMask: mask, needWeights: false })[1]).toBe(null)
    expect(attention(q, q, q, mask, { needWeights: true })[1]?.shape).toEqual([2, 5, 5])
    const encoder = new nn.TransformerEncoderLayer(4, 2).eval()
    const future = ones([5, 5], { dtype: 'bool' }).triu(1)
    expect(encoder(q, future, mask).tolist()).toEqual(
      encoder(q, { srcMask: future, srcKeyPaddingMask: mask }).tolist(),
    )
    const decoder = new nn.TransformerDecoderLayer(4, 2).eval()
    expect(decoder(q, q, future).tolist()).toEqual(decoder(q, q, { tgtMask: future }).tolist())
  })
})
