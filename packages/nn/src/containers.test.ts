import type { Tensor } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import { arange, memoryStats, ones, tensor, zeros } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import * as nn from './index.ts'

const layer = (n: number): nn.Linear => new nn.Linear(n, n)

describe('containers', () => {
  it('take what others hold', () => {
    const net = new nn.Sequential(layer(1), new nn.ReLU())
    const list = new nn.ModuleList(net).extend(new nn.ModuleList([layer(2)]))
    expect([list.length, list.at(0)]).toEqual([3, net.at(0)])
    expect(new nn.ModuleDict(new nn.ModuleDict({ a: layer(1) })).has('a')).toBe(true)
    const parameters = new nn.ParameterList([zeros([2]), zeros([3])])
    expect(new nn.ParameterList(parameters).at(0)).toBe(parameters.at(0))
    expect(nn.utils.parametersToVector(parameters).shape).toEqual([5])
    parameters.at(0).sum().backward()
    expect(nn.utils.clipGradNorm_(parameters, 10).item()).toBeCloseTo(Math.SQRT2, 6)
  })
})

describe('Sequential', () => {
  it('grows, and gives parts', () => {
    const net = new nn.Sequential(layer(2))
    net.append(layer(2)).extend([new nn.ReLU()]).insert(1, new nn.Tanh())
    expect([...net].map((one) => one.constructor.name)).toEqual([
      'Linear',
      'Tanh',
      'Linear',
      'ReLU',
    ])
    expect(net.length).toBe(4)
    expect(net.at(-1)).toBeInstanceOf(nn.ReLU)
    expect(net.slice(1, 3).length).toBe(2)
    expect(net.slice(2)[0]).toBe(net[2])
    expect(Object.keys(net.stateDict())).toEqual(['0.weight', '0.bias', '2.weight', '2.bias'])
    expect(() => net.at(9)).toThrow(/no item 9 among 4/)
    const wrong: [call: (index: never) => unknown, message: RegExp][] = [
      [(index) => net.pop(index), /^Sequential.pop: there is no item/],
      [(index) => net.insert(index, layer(2)), /^Sequential.insert: there is no item/],
      [(index) => net.slice(index), /^Sequential.slice: start must be a number/],
      [(index) => new nn.ModuleList(net).insert(index, layer(2)), /^ModuleList.insert: there is/],
    ]
    for (const [call, message] of wrong) {
      for (const index of [{}, 1n, 'last']) expect(() => call(index as never)).toThrow(message)
    }
    expect(() => net.append(3 as never)).toThrow(/is not a module/)
  })
})

it('can be copied, and run', () => {
  const sites = nn.SparseTensor2d.fromDense(ones([1, 1, 2, 2]))
  const net = new nn.Sequential(layer(2), new nn.Tanh())
  const sparse = new nn.SparseSequential(new nn.SparseReLU())
  const x = ones([1, 2])
  expect(nn.copyModule(net)(x).tolist()).toEqual(net(x).tolist())
  expect(nn.copyModule(sparse)(sites).features.tolist()).toEqual(sparse(sites).features.tolist())
})

describe('what is between two layers', () => {
  const made = (run: () => unknown): number => {
    const before = memoryStats().tensors
    const kept = run()
    const after = memoryStats().tensors
    expect(kept).toBeDefined()
    return after - before
  }

  it('is freed at once', () => {
    const net = new nn.Sequential(layer(4), new nn.Tanh(), layer(4), new nn.Flatten())
    const x = ones([3, 4])
    expect(made(() => noGrad(() => net(x)))).toBe(1)
    expect(x.shape).toEqual([3, 4])
  })

  it('is freed where it is handed on as it is, after its last use', () => {
    const quiet = new nn.Sequential(
      new nn.Identity(),
      layer(4),
      new nn.ReLU({ inplace: true }),
      new nn.Dropout(),
      layer(4),
      new nn.Identity(),
    ).eval()
    const x = ones([3, 4])
    expect(made(() => noGrad(() => quiet(x)))).toBe(1)
    expect(new nn.Sequential(new nn.Identity())(x)).toBe(x)
  })

  it('stays with whoever has it: hooks, layers of users, replaced forwards', () => {
    const seen: Tensor[] = []
    class Spy extends nn.Linear {
      override forward(x: Tensor): Tensor {
        const y = super.forward(x)
        seen.push(x, y)
        return y
      }
    }
    const hooked = layer(4)
    hooked.registerForwardHook((_module, args, output) => {
      seen.push(args[0] as Tensor, output as Tensor)
    })
    const replaced = layer(4)
    const forward = replaced.forward.bind(replaced)
    replaced.forward = (x) => {
      const y = forward(x)
      seen.push(x, y)
      return y
    }
    new nn.Sequential(layer(4), new Spy(4, 4), layer(4), hooked, layer(4), replaced, layer(4))(
      ones([3, 4]),
    )
    expect(seen.map((one) => one.numel())).toEqual([12, 12, 12, 12, 12, 12])
    expect(seen.every((one) => Number.isFinite(one.sum().item()))).toBe(true)
  })

  it('is there in the backward pass, a second one too', () => {
    const net = new nn.Sequential(layer(4), new nn.GELU(), new nn.LayerNorm(4), layer(4))
    const x = ones([3, 4], { requiresGrad: true })
    const y = net(x).square().sum()
    y.backward(undefined, { retainGraph: true })
    const first = x.grad?.clone() as Tensor
    y.backward()
    expect(x.grad?.sub(first).sub(first).abs().max().item()).toBeLessThan(1e-6)
  })
})

describe('ModuleList', () => {
  it('keeps its modules in order, whatever is put in or taken out', () => {
    const list = new nn.ModuleList<nn.Module>([layer(1), layer(2)])
    list.insert(1, new nn.ReLU())
    expect(list.pop(0)).toBeInstanceOf(nn.Linear)
    expect([...list].map((one) => one.constructor.name)).toEqual(['ReLU', 'Linear'])
    expect(list.length).toBe(2)
    expect(Object.keys(list.stateDict())).toEqual(['1.weight', '1.bias'])
    expect(() => (list as unknown as () => void)()).toThrow(/no forward of its own/)
    expect(String(new nn.ModuleList([new nn.ReLU()]))).toBe('ModuleList(\n  (0): ReLU()\n)')
  })

  it('is found below a module', () => {
    class Net extends nn.Module {
      layers = new nn.ModuleList([layer(2), layer(2)])
      override forward(x: Tensor): Tensor {
        let y = x
        for (const one of this.layers) y = one(y)
        return y
      }
    }
    expect([...new Net().namedParameters()].map(([name]) => name)).toEqual([
      'layers.0.weight',
      'layers.0.bias',
      'layers.1.weight',
      'layers.1.bias',
    ])
    expect(new Net()(ones([3, 2])).shape).toEqual([3, 2])
  })
})

describe('Sequential', () => {
  it('gives a module out of its hands', () => {
    const net = new nn.Sequential(layer(1), new nn.ReLU(), layer(2))
    expect(net.pop()).toBeInstanceOf(nn.Linear)
    expect(net.pop(0)).toBeInstanceOf(nn.Linear)
    expect([net.length, net[0]]).toEqual([1, net.at(0)])
    expect(net.at(0)).toBeInstanceOf(nn.ReLU)
    expect(() => net.pop(1)).toThrow(/no item 1 among 1/)
    const named = new nn.Sequential({ up: layer(1), act: new nn.Tanh() })
    named.pop(0)
    expect([...named.namedChildren()].map(([name]) => name)).toEqual(['act'])
  })
})

describe('containers whose parts are written down', () => {
  it('know the type of each part', () => {
    const net = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 2))
    expect([net[0].weight.shape, net[2].outFeatures]).toEqual([[8, 4], 2])
    const named = new nn.Sequential({ up: new nn.Linear(2, 3), act: new nn.ReLU() })
    expect(named.up.outFeatures).toBe(3)
    const parts = new nn.ModuleDict({
      words: new nn.Embedding(5, 4),
      layers: new nn.ModuleList([new nn.Linear(4, 4)]),
      head: new nn.Linear(4, 5, { bias: false }),
    })
    parts.words.weight = parts.get('head').weight
    let x = parts.words(tensor([1, 2]))
    for (const each of parts.layers) x = each(x)
    expect(parts.head(x).shape).toEqual([2, 5])
    expect([...parts.parameters()].length).toBe(3)
    const weights = new nn.ParameterDict({ left: zeros([2]), right: zeros([3]) })
    expect(weights.left.add(1).tolist()).toEqual([1, 1])
    // @ts-expect-error there is no such part
    expect(parts.tail).toBeUndefined()
    // @ts-expect-error a ReLU has no weight
    expect(net[1].weight).toBeUndefined()
  })

  it('have the common type where only the number of parts is left open', () => {
    const layers: nn.Linear[] = [layer(1), layer(1)]
    const net: nn.Sequential = new nn.Sequential(...layers)
    const both: nn.Sequential[] = [net, new nn.Sequential(layer(2), new nn.ReLU())]
    expect(both.map((one) => one.length)).toEqual([2, 2])
    const heads = new nn.ModuleDict(Object.fromEntries(layers.map((one, i) => [`h${i}`, one])))
    expect([heads.size, heads.get('h1').inFeatures]).toEqual([2, layers[1]!.inFeatures])
    class Own extends nn.Sequential {
      constructor() {
        super(layer(1), new nn.ReLU())
      }
    }
    expect(new Own()).toBeInstanceOf(nn.Sequential)
    expect(String(new Own())).toContain('Own(')
  })
})

describe('ModuleDict, ParameterList and ParameterDict', () => {
  it('name what they hold', () => {
    const dict = new nn.ModuleDict<nn.Module>({ a: layer(1) })
    dict.set('b', new nn.ReLU()).update({ c: layer(2) })
    expect([...dict.keys()]).toEqual(['a', 'b', 'c'])
    expect(dict.delete('b')).toBe(true)
    expect([dict.size, dict.has('b')]).toEqual([2, false])
    expect(() => dict.get('z')).toThrow(/no module "z"\n {2}fix: there are: a, c/)
    expect(() => dict.set('forward', layer(1))).toThrow(/a name that every module has/)
    const list = new nn.ParameterList([zeros([2]), ones([1])])
    expect(list.at(-1)).toBeInstanceOf(nn.Parameter)
    expect(Object.keys(list.stateDict())).toEqual(['0', '1'])
    expect(String(list)).toContain('(1): Parameter containing: [float32 of size 1]')
    const parameters = new nn.ParameterDict({ w: zeros([2, 3]) })
    expect([...parameters].map(([name]) => name)).toEqual(['w'])
    expect(() => parameters.set('a.b', zeros([1]))).toThrow(/"a.b" cannot name a part/)
  })

  it('give what they hold out of their hands', () => {
    const [one, two] = [layer(1), layer(2)]
    const dict = new nn.ModuleDict({ one, two })
    expect([...dict.items()].map(([name]) => name)).toEqual(['one', 'two'])
    expect(dict.pop('one')).toBe(one)
    expect(() => dict.pop('one')).toThrow(/no module "one"/)
    dict.clear()
    expect([dict.size, [...dict.parameters()].length]).toEqual([0, 0])

    const parameters = new nn.ParameterDict([['a', zeros([1])]]).update({ b: zeros([2]) })
    const again = parameters.copy()
    expect([...again.items()].map(([name]) => name)).toEqual(['a', 'b'])
    expect(again.get('b')).toBe(parameters.get('b'))
    expect(parameters.setdefault('a', ones([5]))?.shape).toEqual([1])
    expect(parameters.setdefault('c', ones([3]))?.shape).toEqual([3])
    expect([parameters.setdefault('d'), parameters.has('d')]).toEqual([null, false])
    expect(parameters.popitem()[0]).toBe('c')
    expect(parameters.pop('a').shape).toEqual([1])
    expect(() => parameters.pop('a')).toThrow(/no parameter "a"/)
    parameters.clear()
    expect(() => parameters.popitem()).toThrow(/there are no parameters/)
    expect(again.size).toBe(2)
  })

  it('hold a thing under two names', () => {
    const shared = layer(1)
    const dict = new nn.ModuleDict({ a: shared, b: shared })
    expect([dict.size, [...dict.keys()], [...dict.parameters()].length]).toEqual([2, ['a', 'b'], 2])
    const weight = new nn.Parameter(zeros([2]))
    const parameters = new nn.ParameterDict({ a: weight, b: weight })
    expect([...parameters.values()]).toEqual([weight, weight])
    for (const one of [dict, parameters]) one.clear()
    expect([dict.has('b'), parameters.has('b')]).toEqual([false, false])
  })
})

describe('utils', () => {
  it('clips gradients by norm and by value', () => {
    const x = tensor([3, 4], { dtype: 'float64', requiresGrad: true })
    x.square().sum().backward()
    expect(nn.utils.clipGradNorm_([x], { maxNorm: 20 }).item()).toBe(10)
    expect(() => nn.utils.clipGradNorm_([x], null as never)).toThrow(/maxNorm must be a number/)
    expect(nn.utils.clipGradNorm_([x], 5, 2, true).item()).toBe(10)
    expect(x.grad?.norm().item()).toBeCloseTo(5, 5)
    nn.utils.clipGradValue_(x, 2)
    expect(x.grad?.tolist()).toEqual([2, 2])
    expect(
      nn.utils.getTotalNorm([x.grad as Tensor], { normType: Number.POSITIVE_INFINITY }).item(),
    ).toBe(2)
    expect(() => nn.utils.getTotalNorm([tensor([Number.NaN])], { errorIfNonfinite: true })).toThrow(
      /the norm of order 2 is NaN/,
    )
  })

  it('turns parameters into a vector and back', () => {
    const net = layer(2)
    const vector = nn.utils.parametersToVector(net.parameters())
    expect(vector.shape).toEqual([6])
    nn.utils.vectorToParameters(arange(6, { dtype: 'float32' }), net.parameters())
    expect(net.bias?.tolist()).toEqual([4, 5])
    expect(() => nn.utils.vectorToParameters(ones([5]), net.parameters())).toThrow(/6 elements/)
  })
})

describe('Module', () => {
  it('converts to another dtype and keeps its parameters the same objects', () => {
    const net = layer(2)
    const { weight } = net
    net(ones([1, 2]))
      .sum()
      .backward()
    net.double()
    expect(net.weight).toBe(weight)
    expect([
      weight.dtype,
      weight.grad?.dtype,
      net(ones([1, 2], { dtype: 'float64' })).dtype,
    ]).toEqual(['float64', 'float64', 'float64'])
    expect(net.to({ dtype: 'float32', device: 'cpu' }).weight.dtype).toBe('float32')
    expect(net.to(zeros([1], { dtype: 'float64' })).weight.dtype).toBe('float64')
    expect(() => net.to('int64')).toThrow(/parameters must be floating, not int64/)
    expect(() => net.to({ device: 'tpu' })).toThrow(/tpu/)
  })

  it('finds and exchanges parts by name', () => {
    const net = new nn.Sequential(new nn.Sequential(layer(2)))
    net.setSubmodule('0.0', new nn.ReLU())
    expect(net.getSubmodule('0.0')).toBeInstanceOf(nn.ReLU)
    expect(() => net.setSubmodule('0.7', new nn.ReLU())).toThrow(/no submodule "0.7"/)
    expect(() => net.getParameter('0.weight')).toThrow(/no parameter "0.weight"/)
    expect(layer(2).getParameter('bias').shape).toEqual([2])
    expect(() => net.getBuffer('x')).toThrow(/no buffer/)
  })

  it('assigns tensors of a state dict in place of its own', () => {
    const net = layer(2)
    const state = { weight: zeros([2, 2], { dtype: 'float64' }), bias: ones([2]) }
    net.loadStateDict(state, { assign: true })
    expect([net.weight.dtype, net.weight.requiresGrad]).toEqual(['float64', true])
    expect(() => net.loadStateDict({ weight: 3 as never })).toThrow(/'weight' is not a tensor/)
    expect(Object.keys(net.stateDict({ prefix: 'a.' }))).toEqual(['a.weight', 'a.bias'])
    expect(net.stateDict({ keepVars: true })['bias']).toBe(net.bias)
  })

  it('calls hooks in order, the same one as often as it was added', () => {
    const net = new nn.ReLU()
    const calls: string[] = []
    const hook = (): void => void calls.push('a')
    const first = net.registerForwardHook(hook)
    net.registerForwardHook(hook)
    net.registerForwardHook(() => void calls.push('b'), { prepend: true })
    net(ones([1]))
    expect(calls).toEqual(['b', 'a', 'a'])
    first.remove()
    net(ones([1]))
    expect(calls.slice(3)).toEqual(['b', 'a'])
    net.registerForwardPreHook((_module, [x]) => (x as Tensor).mul(2))
    expect(net(ones([1])).item()).toBe(2)
    expect(() => net.registerForwardHook(3 as never)).toThrow(/a hook is a function/)
  })

  it('shows backward hooks the gradients at its borders, and takes theirs', () => {
    const net = new nn.Linear(2, 1, { bias: false })
    net.weight.data = tensor([[3, 4]], { dtype: 'float32' })
    const seen: unknown[] = []
    const list = (grads: readonly (Tensor | null)[]): unknown =>
      grads.map((one) => one?.tolist() ?? null)
    const pre = net.registerFullBackwardPreHook((_module, [grad]) => [(grad as Tensor).mul(2)])
    net.registerFullBackwardHook((module, gradInput, gradOutput) => {
      seen.push(module === (net as unknown), list(gradInput), list(gradOutput))
      return gradInput.map((one) => one?.neg() ?? null)
    })
    const x = tensor([[1, 1]], { dtype: 'float32', requiresGrad: true })
    net(x).sum().backward()
    expect(seen).toEqual([true, [[[6, 8]]], [[[2]]]])
    expect(x.grad?.tolist()).toEqual([[-6, -8]])
    expect(net.weight.grad?.tolist()).toEqual([[2, 2]])
    // Without an argument that wants a gradient the hook still sees that of the output.
    pre.remove()
    seen.length = 0
    net(ones([1, 2]))
      .sum()
      .backward()
    expect(seen).toEqual([true, [null], [[[1]]]])
    expect(() => {
      net.registerFullBackwardHook(() => [])
      net(x).sum().backward()
    }).toThrow(/must return 1 gradients or nothing, not 0/)
  })
})
