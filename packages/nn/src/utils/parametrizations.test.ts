import { readFileSync } from 'node:fs'
import type { Tensor } from '@flambeau/core'
import { eye, manualSeed, ones, randn, tensor, zeros } from '@flambeau/core'
import { gradcheck, noGrad } from '@flambeau/autograd'
import { assertClose, upstream } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import * as nn from '../index.ts'

interface Stored {
  shape: number[]
  data: number[]
}
interface Trained {
  initial: Record<string, Stored>
  input: Stored
  steps: {
    output: Stored
    inputGrad: Stored
    grads: Record<string, Stored>
    state: Record<string, Stored>
  }[]
  evaluated: Stored
  removed: Record<string, Stored>
}
interface Fused {
  layer: Record<string, Stored>
  bn: Record<string, Stored>
  fused: Record<string, Stored>
  input: Stored
  output: Stored
}

// Written by goldens/utils.py with PyTorch.
const { cases } = JSON.parse(
  readFileSync(new URL('../../goldens/utils.json', import.meta.url), 'utf8'),
) as {
  cases: {
    norms: Record<string, Trained>
    parametrizations: Record<string, Trained>
    fusion: Record<string, Fused>
  }
}

const tolerance = { rtol: 2e-5, atol: 2e-6 }
const { parametrizations, parametrize, spectralNorm, weightNorm } = nn.utils

function stored({ shape, data }: Stored): Tensor {
  return tensor(data, { dtype: 'float32' }).reshape(shape)
}

function expectTensors(
  found: Readonly<Record<string, Tensor | null>>,
  wanted: Record<string, Stored>,
  what: string,
): void {
  expect([what, ...Object.keys(found)]).toEqual([what, ...Object.keys(wanted)])
  for (const [key, value] of Object.entries(wanted)) {
    const got = found[key] as Tensor
    assertClose(got.float(), stored(value), tolerance, `${what}, ${key}`)
  }
}

/** Makes and trains a module as the golden's was. */
function follow(golden: Trained, make: () => nn.AnyModule): nn.Module {
  manualSeed(7)
  const module = make() as nn.Module
  expectTensors(module.stateDict(), golden.initial, 'at first')
  const x = randn(golden.input.shape, { requiresGrad: true })
  assertClose(x.detach(), stored(golden.input), tolerance, 'the input')
  for (const [i, step] of golden.steps.entries()) {
    module.zeroGrad()
    x.grad = null
    const y = module(x)
    assertClose(y.detach(), stored(step.output), tolerance, `output ${i}`)
    y.backward(upstream(y.detach()))
    assertClose(x.grad as unknown as Tensor, stored(step.inputGrad), tolerance, `gradient ${i}`)
    const grads = [...module.namedParameters()].map(([key, one]) => [key, one.grad] as const)
    expectTensors(Object.fromEntries(grads), step.grads, `gradients ${i}`)
    expectTensors(module.stateDict(), step.state, `state ${i}`)
    noGrad(() => {
      for (const one of module.parameters()) one.sub_((one.grad as Tensor).mul(0.1))
    })
  }
  module.eval()
  assertClose(module(x).detach(), stored(golden.evaluated), tolerance, 'in evaluation')
  return module
}

/** Checks the gradients of all parameters. */
function expectGradients(layer: nn.Module, x: Tensor): void {
  const names = [...layer.namedParameters()].map(([name]) => name)
  const run = (...values: Tensor[]): Tensor => {
    const given = names.map((name, i) => [name, values[i] as Tensor] as const)
    return nn.utils.stateless.functionalCall(layer, Object.fromEntries(given), [x])
  }
  const inputs = [...layer.parameters()].map((one) => one.detach().requiresGrad_())
  expect(gradcheck(run, inputs)).toBe(true)
}

const norms: Record<string, [() => nn.AnyModule, (module: nn.Module) => nn.Module]> = {
  weightNorm: [() => weightNorm(new nn.Linear(5, 3)), nn.utils.removeWeightNorm],
  weightNormDim: [() => weightNorm(new nn.Conv1d(2, 3, 3), { dim: 1 }), nn.utils.removeWeightNorm],
  weightNormAll: [() => weightNorm(new nn.Linear(5, 3), 'weight', null), nn.utils.removeWeightNorm],
  spectralNorm: [() => spectralNorm(new nn.Linear(5, 3)), nn.utils.removeSpectralNorm],
  spectralNormConv: [
    () => spectralNorm(new nn.Conv2d(2, 3, 3), { nPowerIterations: 3 }),
    nn.utils.removeSpectralNorm,
  ],
  spectralNormTransposed: [
    () => spectralNorm(new nn.ConvTranspose2d(2, 3, 2)),
    nn.utils.removeSpectralNorm,
  ],
}

const linear = (inputs: number, outputs: number): nn.Linear => new nn.Linear(inputs, outputs)
const rules: Record<string, [() => nn.AnyModule, tensorName?: string]> = {
  weightNorm: [() => parametrizations.weightNorm(linear(5, 3))],
  weightNormDim: [() => parametrizations.weightNorm(new nn.Conv1d(2, 3, 3), { dim: 1 })],
  spectralNorm: [() => parametrizations.spectralNorm(linear(5, 3))],
  spectralNormConv: [() => parametrizations.spectralNorm(new nn.Conv2d(2, 3, 3), 'weight', 2)],
  spectralNormVector: [() => parametrizations.spectralNorm(linear(5, 3), 'bias'), 'bias'],
  orthogonal: [() => parametrizations.orthogonal(linear(4, 4))],
  orthogonalTall: [() => parametrizations.orthogonal(linear(3, 5))],
  orthogonalWide: [() => parametrizations.orthogonal(linear(5, 3))],
  orthogonalCayley: [() => parametrizations.orthogonal(linear(4, 3), { orthogonalMap: 'cayley' })],
  orthogonalPlain: [
    () => parametrizations.orthogonal(linear(3, 5), 'weight', 'householder', false),
  ],
  orthogonalExp: [
    () =>
      parametrizations.orthogonal(linear(4, 4), {
        orthogonalMap: 'matrix_exp',
        useTrivialization: false,
      }),
  ],
}

describe('norms by hooks', () => {
  it.each(Object.keys(cases.norms))('%s trains as in PyTorch', (name) => {
    const golden = cases.norms[name] as Trained
    const [make, remove] = norms[name] as (typeof norms)[string]
    const module = follow(golden, make)
    // A state dict of PyTorch's goes in, and out again.
    const other = make()
    const last = golden.steps[1]?.state as Record<string, Stored>
    other.loadStateDict(
      Object.fromEntries(Object.entries(last).map(([key, one]) => [key, stored(one)])),
    )
    expectTensors(other.stateDict(), last, 'loaded')
    expectTensors(remove(module).stateDict(), golden.removed, 'taken off')
    const x = stored(golden.input)
    assertClose(module(x).detach(), stored(golden.evaluated), tolerance, 'without the norm')
  })

  it('have exact gradients', () => {
    manualSeed(1)
    const x = randn([2, 4], { dtype: 'float64' })
    expectGradients(weightNorm(new nn.Linear(4, 3, { dtype: 'float64' })), x)
    expectGradients(spectralNorm(new nn.Linear(4, 3, { dtype: 'float64' })).eval(), x)
  })

  it('allow two calls before one backward pass', () => {
    const layer = spectralNorm(new nn.Linear(4, 3))
    layer(ones([1, 4]))
      .sub(layer(zeros([1, 4])))
      .sum()
      .backward()
    const { weight_orig: original } = layer as unknown as Record<string, Tensor>
    expect(original?.grad?.shape).toEqual([3, 4])
  })

  it('follow conversions, and copies of their module', () => {
    const layer = spectralNorm(weightNorm(new nn.Linear(4, 3), 'weight'), 'bias', { dim: 0 })
    expect(layer.double()(ones([1, 4], { dtype: 'float64' })).dtype).toBe('float64')
    const encoder = new nn.TransformerEncoderLayer(4, 1, 8)
    weightNorm(encoder.linear1)
    const stack = new nn.TransformerEncoder(encoder, 2)
    const copy = stack.layers[1] as nn.TransformerEncoderLayer
    noGrad(() => (copy.linear1 as unknown as { weight_g: Tensor }).weight_g.zero_())
    copy.linear1(ones([1, 4]))
    expect(copy.linear1.weight.abs().sum().item()).toBe(0)
    nn.utils.removeWeightNorm(copy.linear1)
    expect(Object.keys(copy.linear1.stateDict())).toEqual(['bias', 'weight'])
    expect(Object.keys(encoder.linear1.stateDict())).toEqual(['bias', 'weight_g', 'weight_v'])
  })

  it('say what is wrong', () => {
    const layer = weightNorm(new nn.Linear(4, 3))
    expect(() => weightNorm(layer)).toThrow(/Linear has weightNorm already/)
    expect(() => spectralNorm(layer)).toThrow(/has weightNorm already/)
    expect(() => spectralNorm(new nn.ReLU())).toThrow(/ReLU has no parameter "weight"/)
    expect(() => spectralNorm(new nn.Linear(2, 3), 'wight')).toThrow(/are weight, bias/)
    expect(() => weightNorm(new nn.LazyLinear(3))).toThrow(/has no shape yet/)
    expect(() => weightNorm(new nn.Linear(4, 3), { dim: 2 })).toThrow(/0 to 1, or -1 for all/)
    expect(() => spectralNorm(new nn.Linear(4, 3), { nPowerIterations: 0 })).toThrow(/≥ 1/)
    expect(() => nn.utils.removeSpectralNorm(layer)).toThrow(/has no spectralNorm/)
    expect(() => nn.utils.removeWeightNorm(new nn.Linear(4, 3))).toThrow(/has no weightNorm/)
  })
})

describe('parametrizations', () => {
  it.each(Object.keys(cases.parametrizations))('%s trains as in PyTorch', (name) => {
    const golden = cases.parametrizations[name] as Trained
    const [make, tensorName = 'weight'] = rules[name] as (typeof rules)[string]
    const module = follow(golden, make)
    const last = golden.steps[1]?.state as Record<string, Stored>
    const other = make()
    const state = Object.entries(last).map(([key, one]) => [key, stored(one)] as const)
    expect(other.loadStateDict(Object.fromEntries(state)).missingKeys).toEqual([])
    expectTensors(other.stateDict(), last, 'loaded')
    parametrize.removeParametrizations(module, tensorName)
    expectTensors(module.stateDict(), golden.removed, 'taken off')
    const x = stored(golden.input)
    assertClose(module(x).detach(), stored(golden.evaluated), tolerance, 'without')
    expect(String(module)).not.toContain('Parametrized')
  })

  it('have exact gradients', () => {
    manualSeed(1)
    const options = { dtype: 'float64' } as const
    const x = randn([2, 4], options)
    const layers = [
      parametrizations.weightNorm(new nn.Linear(4, 3, options)),
      parametrizations.spectralNorm(new nn.Linear(4, 3, options)).eval(),
      parametrizations.orthogonal(new nn.Linear(4, 3, options)),
      parametrizations.orthogonal(new nn.Linear(4, 4, options)),
      parametrizations.orthogonal(new nn.Linear(4, 4, options), { orthogonalMap: 'cayley' }),
    ]
    for (const layer of layers) expectGradients(layer, x)
  })

  it('keep a matrix orthogonal that is set', () => {
    manualSeed(2)
    for (const map of ['householder', 'cayley', 'matrixExp'] as const) {
      const layer = parametrizations.orthogonal(new nn.Linear(3, 5), { orthogonalMap: map })
      const [wanted] = [nn.init.orthogonal_(zeros([5, 3]))]
      layer.weight = wanted as nn.Parameter
      assertClose(layer.weight.detach(), wanted, { rtol: 1e-5, atol: 1e-6 }, map)
    }
    const plain = parametrizations.orthogonal(new nn.Linear(5, 3), 'weight', 'householder', false)
    const wanted = nn.init.orthogonal_(zeros([3, 5]))
    plain.weight = wanted as nn.Parameter
    assertClose(plain.weight.detach(), wanted, { rtol: 1e-5, atol: 1e-6 }, 'householder')
    const batch = nn.init.orthogonal_(zeros([4, 4])).expand([2, 4, 4])
    const many = new nn.ParameterList([batch.contiguous()])
    parametrizations.orthogonal(many, '0')
    const product = (many[0] as Tensor).mT.matmul(many[0] as Tensor).detach()
    assertClose(product, eye(4).expand([2, 4, 4]), { rtol: 1e-5, atol: 1e-6 }, 'batch')
  })

  it('take the state of the older norm', () => {
    const before = weightNorm(new nn.Linear(4, 3))
    const after = new nn.Sequential(parametrizations.weightNorm(new nn.Linear(4, 3)))
    const state = Object.entries(before.stateDict()).map(([key, one]) => [`0.${key}`, one] as const)
    after.loadStateDict(Object.fromEntries(state))
    expect(after(ones([1, 4])).tolist()).toEqual(before(ones([1, 4])).tolist())
  })

  it('say what is wrong', () => {
    const layer = new nn.Linear(4, 3)
    expect(() => parametrizations.orthogonal(layer, 'bias')).toThrow(/a matrix or a batch/)
    expect(() => parametrizations.orthogonal(layer, 'other')).toThrow(/no parameter or buffer/)
    expect(() => parametrizations.orthogonal(layer, { orthogonalMap: 'givens' as never })).toThrow(
      /no orthogonalMap "givens"/,
    )
    expect(() => parametrizations.spectralNorm(layer, { dim: 2 })).toThrow(/from -2 to 1, not 2/)
    const plain = parametrizations.orthogonal(layer, 'weight', 'cayley', false)
    expect(() => {
      plain.weight = layer.weight
    }).toThrow(/_Orthogonal has no way back/)
    expect(Object.keys(layer.stateDict())).toEqual(['bias', 'parametrizations.weight.original'])
  })
})

describe('what is no module', () => {
  it('is refused by name', () => {
    const { fuseConvBnEval, prune, removeWeightNorm, stateless } = nn.utils
    const none = null as never
    for (const call of [
      () => weightNorm(none),
      () => spectralNorm(none),
      () => removeWeightNorm(none),
      () => parametrizations.weightNorm(none),
      () => parametrize.isParametrized(none),
      () => parametrize.removeParametrizations(none, 'weight'),
      () => prune.l1Unstructured(none, 'weight', 1),
      () => prune.isPruned(none),
      () => stateless.functionalCall(none, {}, []),
      () => fuseConvBnEval(none, none),
      () => nn.copyModule(none),
    ]) {
      expect(call).toThrow(/the argument is not a module/)
    }
  })
})

describe('fusion', () => {
  const layers: Record<string, () => [nn.AnyModule, nn.AnyModule, (...args: never[]) => unknown]> =
    {
      conv: () => [
        new nn.Conv2d(2, 3, 3, { bias: false }),
        new nn.BatchNorm2d(3),
        nn.utils.fuseConvBnEval,
      ],
      transposed: () => [
        new nn.ConvTranspose1d(2, 3, 2),
        new nn.BatchNorm1d(3),
        (conv, bn) => nn.utils.fuseConvBnEval(conv, bn, { transpose: true }),
      ],
      plain: () => [
        new nn.Conv1d(2, 3, 1),
        new nn.BatchNorm1d(3, { affine: false }),
        nn.utils.fuseConvBnEval,
      ],
      linear: () => [
        new nn.Linear(4, 3),
        new nn.BatchNorm1d(3, { eps: 1e-3 }),
        nn.utils.fuseLinearBnEval,
      ],
    }

  it.each(Object.keys(cases.fusion))('of %s gives the weights that PyTorch gives', (name) => {
    const golden = cases.fusion[name] as Fused
    const [layer, bn, fuse] = (layers[name] as (typeof layers)[string])()
    const load = (module: nn.AnyModule, from: Record<string, Stored>): void => {
      const state = Object.entries(from).map(([key, one]) => [key, stored(one)] as const)
      module.loadStateDict(Object.fromEntries(state))
    }
    load(layer, golden.layer)
    load(bn, golden.bn)
    expect(() => fuse(layer as never, bn as never)).toThrow(/for evaluation/)
    const before = layer.stateDict()
    const fused = fuse(layer.eval() as never, bn.eval() as never) as nn.Module
    expectTensors(fused.stateDict(), golden.fused, 'fused')
    assertClose(fused(stored(golden.input)), stored(golden.output), tolerance, 'output')
    expect(Object.keys(layer.stateDict())).toEqual(Object.keys(before))
  })

  it('says what does not fit', () => {
    const conv = new nn.Conv2d(1, 2, 1).eval()
    expect(() => nn.utils.fuseConvBnEval(conv, new nn.BatchNorm2d(3).eval())).toThrow(
      /\(2\).*\(3\)/,
    )
    const bare = new nn.BatchNorm2d(2, { trackRunningStats: false }).eval()
    expect(() => nn.utils.fuseConvBnEval(conv, bare)).toThrow(/no running statistics/)
    const layer = new nn.Linear(2, 3).eval()
    expect(() => nn.utils.fuseLinearBnEval(layer, new nn.BatchNorm1d(2).eval())).toThrow(/\(3\)/)
    const one = nn.utils.fuseLinearBnEval(layer, new nn.BatchNorm1d(1).eval())
    expect(one.bias?.shape).toEqual([3])
  })
})
