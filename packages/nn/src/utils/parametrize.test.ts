import { inspect } from 'node:util'
import type { Tensor } from '@flambeau/core'
import { linalg, manualSeed, ones, scope, tensor, zeros } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import * as nn from '../index.ts'

const { cached, isParametrized, registerParametrization, removeParametrizations } =
  nn.utils.parametrize

class Symmetric extends nn.Module {
  calls = 0

  override forward(x: Tensor): Tensor {
    this.calls++
    return x.triu().add(x.triu(1).t())
  }

  rightInverse(x: Tensor): Tensor {
    return x.triu()
  }
}

class RankOne extends nn.Module<[Tensor, Tensor]> {
  override forward(x: Tensor, y: Tensor): Tensor {
    return x.unsqueeze(-1).matmul(y.unsqueeze(-2))
  }

  rightInverse(matrix: Tensor): [Tensor, Tensor] {
    const [u, s, vh] = linalg.svd(matrix, { fullMatrices: false })
    const root = s.select(0, 0).sqrt()
    return [u.select(-1, 0).mul(root), vh.select(0, 0).mul(root)]
  }
}

class Double extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x.mul(2)
  }
}

describe('registerParametrization', () => {
  it('computes the tensor where it is read, and sets what is learnt', () => {
    manualSeed(0)
    const layer = registerParametrization(new nn.Linear(3, 3), 'weight', new Symmetric())
    expect(layer.weight.equal(layer.weight.t())).toBe(true)
    const value = tensor([
      [1, 2, 3],
      [2, 4, 5],
      [3, 5, 6],
    ]).float()
    layer.weight = value
    expect(layer.weight.tolist()).toEqual(value.tolist())
    expect(layer(ones([1, 3])).shape).toEqual([1, 3])
    expect(layer).toBeInstanceOf(nn.Linear)
    expect(nn.utils.parametrize.typeBeforeParametrizations(layer)).toBe(nn.Linear)
    layer(ones([1, 3]))
      .sum()
      .backward()
    expect(layer.parametrizations.weight.original?.grad?.shape).toEqual([3, 3])
  })

  it('keeps the parameter that an optimizer may have', () => {
    const layer = new nn.Linear(3, 3)
    const { weight } = layer
    const used = registerParametrization(layer, 'weight', new Symmetric())
    expect(used.parametrizations.weight.original).toBe(weight)
    removeParametrizations(layer, 'weight')
    expect(layer.weight).toBe(weight)
    expect(weight.equal(weight.t())).toBe(true)
    registerParametrization(layer, 'weight', new Symmetric())
    removeParametrizations(layer, 'weight', { leaveParametrized: false })
    expect(weight.tril(-1).abs().sum().item()).toBe(0)
  })

  it('prints as in PyTorch', () => {
    const layer = registerParametrization(new nn.Linear(3, 3), 'weight', new Symmetric())
    expect(inspect(layer)).toBe(
      [
        'ParametrizedLinear(',
        '  inFeatures=3, outFeatures=3, bias=true',
        '  (parametrizations): ModuleDict(',
        '    (weight): ParametrizationList(',
        '      (0): Symmetric()',
        '    )',
        '  )',
        ')',
      ].join('\n'),
    )
  })

  it('learns several tensors where the way back gives several', () => {
    manualSeed(0)
    const layer = registerParametrization(new nn.Linear(4, 4), 'weight', new RankOne())
    expect(linalg.matrixRank(layer.weight).item()).toBe(1)
    expect(Object.keys(layer.stateDict())).toEqual([
      'bias',
      'parametrizations.weight.original0',
      'parametrizations.weight.original1',
    ])
    expect(() => removeParametrizations(layer, 'weight', false)).toThrow(/as 2 tensors/)
    const value = layer.weight.tolist()
    removeParametrizations(layer, 'weight')
    expect(layer.weight).toBeInstanceOf(nn.Parameter)
    expect(layer.weight.tolist()).toEqual(value)
  })

  it('applies several one after another, also to buffers', () => {
    const layer = new nn.Linear(2, 2)
    registerParametrization(layer, 'weight', new Symmetric())
    const once = layer.weight.tolist() as number[][]
    registerParametrization(layer, 'weight', new Double())
    expect(layer.weight.tolist()).toEqual(once.map((row) => row.map((x) => 2 * x)))
    expect(() => {
      layer.weight = zeros([2, 2]) as nn.Parameter
    }).toThrow(/Double has no way back/)
    const norm = new nn.BatchNorm1d(3)
    registerParametrization(norm, 'running_mean', new Double())
    norm.running_mean?.sum()
    expect(Object.keys(norm.stateDict())).toContain('parametrizations.running_mean.original')
    expect(isParametrized(norm, 'running_mean')).toBe(true)
    expect(isParametrized(norm, 'weight')).toBe(false)
    removeParametrizations(norm, 'running_mean')
    expect([...norm.namedBuffers()].map(([name]) => name)).toContain('running_mean')
    expect(isParametrized(norm)).toBe(false)
  })

  it('goes with conversions, copies and modes', () => {
    const encoder = new nn.TransformerEncoderLayer(4, 1, 4)
    registerParametrization(encoder.linear1, 'weight', new Symmetric())
    const stack = new nn.TransformerEncoder(encoder, 2)
    const [first, second] = [...stack.layers] as [
      nn.TransformerEncoderLayer,
      nn.TransformerEncoderLayer,
    ]
    first.linear1.weight = zeros([4, 4]) as nn.Parameter
    expect(second.linear1.weight.abs().sum().item()).toBeGreaterThan(0)
    removeParametrizations(first.linear1, 'weight')
    expect(first.linear1.weight.tolist()).toEqual(zeros([4, 4]).tolist())
    expect(isParametrized(second.linear1, 'weight')).toBe(true)
    expect(stack.double()(ones([1, 2, 4], { dtype: 'float64' })).dtype).toBe('float64')
    stack.eval()
    expect([...stack.modules()].some((module) => module.training)).toBe(false)
  })

  it('says what is wrong, and leaves the module as it was', () => {
    class Half extends nn.Module {
      override forward(x: Tensor): Tensor {
        return x.half()
      }
    }
    class Shorter extends nn.Module {
      override forward(x: Tensor): Tensor {
        return x.narrow(0, 0, 1)
      }
    }
    class Nothing extends nn.Module {
      override forward(): Tensor {
        return null as never
      }
    }
    const layer = new nn.Linear(3, 3)
    const keys = Object.keys(layer.stateDict())
    const add = (rule: nn.Module, name = 'weight'): unknown =>
      registerParametrization(layer, name, rule)
    expect(() => add(new Half())).toThrow(/must keep the dtype float32, but gives float16/)
    expect(() => add(new Shorter())).toThrow(/must keep the shape \[3, 3\], but gives \[1, 3\]/)
    expect(() => add(new Nothing())).toThrow(/Nothing must return a tensor/)
    expect(() => add(new Symmetric(), 'wight')).toThrow(/no parameter or buffer 'wight'/)
    expect(() => registerParametrization(layer, 'weight', 3 as never)).toThrow(/not a module/)
    expect(Object.keys(layer.stateDict())).toEqual(keys)
    expect(() => removeParametrizations(layer, 'weight')).toThrow(/is not parametrized/)
    registerParametrization(layer, 'weight', new Shorter(), { unsafe: true })
    expect(layer.weight.shape).toEqual([1, 3])
    expect(() => registerParametrization(new nn.LazyLinear(3), 'weight', new Double())).toThrow(
      /no shape yet/,
    )
  })
})

describe('cached', () => {
  it('computes once while it runs', async () => {
    const rule = new Symmetric()
    const layer = registerParametrization(new nn.Linear(3, 3), 'weight', rule)
    const before = rule.calls
    cached(() => {
      scope(() => layer(ones([1, 3])))
      layer(ones([1, 3]))
    })
    expect(rule.calls - before).toBe(1)
    await cached(async () => {
      layer(ones([1, 3]))
      await Promise.resolve()
      layer(ones([1, 3]))
    })
    expect(rule.calls - before).toBe(2)
    expect(() =>
      cached(() => {
        throw new Error('own')
      }),
    ).toThrow('own')
    layer(ones([1, 3]))
    layer(ones([1, 3]))
    expect(rule.calls - before).toBe(4)
  })
})
