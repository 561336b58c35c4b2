import { inspect } from 'node:util'
import type { Tensor } from '@flambeau/core'
import { manualSeed, ones, randn, tensor, zeros } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import * as nn from './index.ts'

class Net extends nn.Module {
  fc1 = new nn.Linear(4, 8)
  relu = new nn.ReLU()
  fc2 = new nn.Linear(8, 2, { bias: false })

  override forward(x: Tensor): Tensor {
    return this.fc2(this.relu(this.fc1(x)))
  }
}

describe('Module', () => {
  it('is a function of its class', () => {
    const net = new Net()
    expect(typeof net).toBe('function')
    expect(net).toBeInstanceOf(Net)
    expect(net).toBeInstanceOf(nn.Module)
    expect(net(ones([3, 4])).shape).toEqual([3, 2])
  })

  it('lets users have fields called name and length, and private ones', () => {
    class Named extends nn.Module {
      override name = 'mine'
      override length = 7
      readonly #factor = 2
      override forward(x: Tensor): Tensor {
        return x.mul(this.#factor)
      }
    }
    const module = new Named()
    expect([module.name, module.length, module(tensor([3])).item()]).toEqual(['mine', 7, 6])
  })

  it('takes functions of any module, however their parameter is written', () => {
    const seen: string[] = []
    const net = new Net()
    net.apply((module) => seen.push(module.constructor.name))
    const half = (module: nn.Module): void => {
      if (module instanceof nn.Linear) nn.init.constant_(module.weight, 0.5)
    }
    expect(net.apply(half)).toBe(net)
    expect(seen).toEqual(['Linear', 'ReLU', 'Linear', 'Net'])
    expect(net.fc2.weight.tolist()).toEqual(ones([2, 8]).mul(0.5).tolist())
  })

  it('finds parameters in the order of the fields, each once', () => {
    const net = new Net()
    expect([...net.namedParameters()].map(([name]) => name)).toEqual([
      'fc1.weight',
      'fc1.bias',
      'fc2.weight',
    ])
    class Tied extends nn.Module {
      a = new nn.Linear(2, 2)
      b = this.a
      override forward(x: Tensor): Tensor {
        return this.b(this.a(x))
      }
    }
    expect([...new Tied().parameters()]).toHaveLength(2)
  })

  it('prints what PyTorch prints', () => {
    expect(
      inspect(
        new nn.Sequential(
          new nn.Linear(2, 3),
          new nn.Sequential(new nn.ReLU(), new nn.Dropout(0.1)),
        ),
      ),
    ).toBe(
      [
        'Sequential(',
        '  (0): Linear(inFeatures=2, outFeatures=3, bias=true)',
        '  (1): Sequential(',
        '    (0): ReLU()',
        '    (1): Dropout(p=0.1, inplace=false)',
        '  )',
        ')',
      ].join('\n'),
    )
    expect(String(new nn.Conv2d(1, 16, 3, { padding: 1, bias: false }))).toBe(
      'Conv2d(1, 16, kernelSize=[3, 3], stride=[1, 1], padding=[1, 1], bias=false)',
    )
  })

  it('gives and takes a state dict', () => {
    manualSeed(1)
    const a = new Net()
    const b = new Net()
    const x = randn([5, 4])
    expect(a(x).tolist()).not.toEqual(b(x).tolist())
    expect(b.loadStateDict(a.stateDict())).toEqual({ missingKeys: [], unexpectedKeys: [] })
    expect(a(x).tolist()).toEqual(b(x).tolist())
    const state = a.stateDict()
    expect(Object.keys(state)).toEqual(['fc1.weight', 'fc1.bias', 'fc2.weight'])
    expect(Object.values(state).some((one) => one.requiresGrad)).toBe(false)
  })

  it('names all that does not fit a state dict, and changes nothing', () => {
    const net = new Net()
    const before = net.fc1.weight.tolist()
    const state = net.stateDict()
    delete state['fc1.bias']
    state['other'] = zeros([1])
    expect(() => net.loadStateDict(state)).toThrow(/missing: fc1\.bias; unexpected: other/)
    expect(net.loadStateDict(state, { strict: false })).toEqual({
      missingKeys: ['fc1.bias'],
      unexpectedKeys: ['other'],
    })
    state['fc1.weight'] = zeros([3, 4])
    expect(() => net.loadStateDict(state, { strict: false })).toThrow(
      /fc1\.weight is \[8, 4\] here and \[3, 4\]/,
    )
    expect(net.fc1.weight.tolist()).toEqual(before)
  })

  it('names what is there twice as PyTorch does: twice in the state, once elsewhere', () => {
    const shared = new nn.BatchNorm1d(2)
    const net = new nn.Sequential({ a: shared, b: new nn.Sequential(shared) })
    const keys = Object.keys(new nn.BatchNorm1d(2).stateDict())
    const wanted = ['a', 'b.0'].flatMap((prefix) => keys.map((key) => `${prefix}.${key}`))
    expect(Object.keys(net.stateDict())).toEqual(wanted)
    expect(net.loadStateDict(net.stateDict())).toEqual({ missingKeys: [], unexpectedKeys: [] })
    const names = (all: Iterable<[string, unknown]>): string[] => [...all].map(([name]) => name)
    expect(names(net.namedParameters())).toEqual(['a.weight', 'a.bias'])
    expect(names(net.namedParameters('x', true, false))).toEqual([
      'x.a.weight',
      'x.a.bias',
      'x.b.0.weight',
      'x.b.0.bias',
    ])
    expect(names(net.namedParameters({ recurse: false }))).toEqual([])
    expect(names(net.namedBuffers())).toHaveLength(3)
    expect(names(net.namedBuffers({ removeDuplicate: false }))).toHaveLength(6)
    expect(names(net.namedModules())).toEqual(['', 'a', 'b'])
    expect(names(net.namedModules({ prefix: 'x', removeDuplicate: false }))).toEqual([
      'x',
      'x.a',
      'x.b',
      'x.b.0',
    ])
    expect(names(net.namedModules(new Set<object>([net.getSubmodule('b')])))).toEqual(['', 'a'])
  })

  it('takes options of its methods by position and by name', () => {
    const net = new Net()
    const state = net.stateDict()
    delete state['fc1.bias']
    expect(net.loadStateDict(state, false).missingKeys).toEqual(['fc1.bias'])
    expect(() => net.loadStateDict(state, { strickt: false } as never)).toThrow(/no option/)
    net.registerBuffer('scratch', zeros([1]), false)
    expect(Object.keys(net.stateDict())).not.toContain('scratch')
    net(ones([1, 4]))
      .sum()
      .backward()
    net.zeroGrad(false)
    expect(net.fc1.weight.grad?.abs().sum().item()).toBe(0)
    net.zeroGrad({ setToNone: true })
    expect(net.fc1.weight.grad).toBe(null)
    net.train({ mode: false })
    expect(net.relu.training).toBe(false)
    expect(() => net.train('eval' as never)).toThrow(/true or false/)
    expect(net.requiresGrad_({ requiresGrad: false }).fc1.weight.requiresGrad).toBe(false)
    expect(net.type('float64').fc1.weight.dtype).toBe('float64')
  })

  it('lets submodules decide on their mode', () => {
    class Frozen extends nn.BatchNorm1d {
      override train(): this {
        return super.train(false)
      }
    }
    const net = new nn.Sequential(new Frozen(2), new nn.Dropout())
    net.train()
    expect([...net].map((one) => one.training)).toEqual([false, true])
  })

  it('runs hooks around its state', () => {
    const net = new nn.Sequential(new nn.Linear(2, 1))
    const calls: string[] = []
    const handles = [
      net[0]?.registerStateDictPreHook((_module, _state, prefix) => {
        calls.push(`before ${prefix}`)
      }),
      net[0]?.registerStateDictPostHook((_module, state, prefix) => {
        state[`${prefix}extra`] = ones([1])
      }),
      net[0]?.registerLoadStateDictPreHook((_module, state, prefix) => {
        calls.push(`loading ${prefix}`)
        state[`${prefix}bias`] = ones([1])
      }),
      net[0]?.registerLoadStateDictPostHook((_module, report) => {
        report.unexpectedKeys = report.unexpectedKeys.filter((key) => !key.endsWith('extra'))
      }),
    ]
    const state = net.stateDict({ prefix: 'x.' })
    expect(Object.keys(state)).toEqual(['x.0.weight', 'x.0.bias', 'x.0.extra'])
    expect(net.loadStateDict(net.stateDict()).unexpectedKeys).toEqual([])
    expect(net[0].bias?.item()).toBe(1)
    expect(calls).toEqual(['before x.0.', 'before 0.', 'loading 0.'])
    for (const handle of handles) handle?.remove()
    expect(() => net.loadStateDict({ ...net.stateDict(), extra: ones([1]) })).toThrow(
      /unexpected: extra/,
    )
    expect(() => net.registerStateDictPreHook(3 as never)).toThrow(/a hook is a function/)
  })

  it('keeps buffers apart from parameters', () => {
    class Counting extends nn.Module {
      count!: Tensor
      constructor() {
        super()
        this.registerBuffer('count', zeros([1]))
        this.registerBuffer('scratch', zeros([2]), { persistent: false })
      }
      override forward(x: Tensor): Tensor {
        this.count.add_(1)
        return x
      }
    }
    const module = new Counting()
    module(ones([1]))
    expect(module.count.item()).toBe(1)
    expect([...module.parameters()]).toHaveLength(0)
    expect([...module.namedBuffers()].map(([name]) => name)).toEqual(['count', 'scratch'])
    expect(Object.keys(module.stateDict())).toEqual(['count'])
  })

  describe('with an extra state', () => {
    class Counting extends nn.Module {
      weight = new nn.Parameter(ones([1]))
      calls = 0
      override forward(x: Tensor): Tensor {
        this.calls++
        return x.mul(this.weight)
      }
      override getExtraState(): Tensor {
        return tensor(this.calls)
      }
      override setExtraState(state: Tensor): void {
        this.calls = state.item()
      }
    }
    const counted = (calls: number): nn.Sequential & { readonly 0: Counting } => {
      const one = new Counting()
      const net = new nn.Sequential(one, new nn.ReLU(), one)
      for (let i = 0; i < calls; i++) one(ones([1]))
      return net as never
    }

    it('saves and loads it with parameters and buffers, under the names of PyTorch', () => {
      const saved = counted(3).stateDict()
      const names = ['0.weight', '0._extra_state', '2.weight', '2._extra_state']
      expect(Object.keys(saved)).toEqual(names)
      expect(saved['0._extra_state']?.item()).toBe(3)
      const other = counted(0)
      expect(other.loadStateDict(saved)).toEqual({ missingKeys: [], unexpectedKeys: [] })
      expect(other[0].calls).toBe(3)
      expect(Object.keys(new Counting().stateDict({ prefix: 'a.' }))).toContain('a._extra_state')
    })

    it('names one that is missing, and one that nobody takes', () => {
      const net = new Counting()
      const [{ weight }, saved] = [net, net.stateDict()]
      expect(() => net.loadStateDict({ weight })).toThrow(/missing: _extra_state/)
      const loose = { strict: false }
      expect(net.loadStateDict({ weight }, loose).missingKeys).toEqual(['_extra_state'])
      const plain = new nn.PReLU()
      expect(plain.loadStateDict(saved, loose).unexpectedKeys).toEqual(['_extra_state'])
    })

    it('is a tensor, and asked for only where a class has it', () => {
      class Wrong extends nn.ReLU {
        override getExtraState(): Tensor {
          return { calls: 3 } as never
        }
      }
      expect(() => new Wrong().stateDict()).toThrow(/^stateDict: _extra_state must be a tensor/)
      expect(() => new nn.ReLU().getExtraState()).toThrow(/ReLU has no extra state/)
      expect(() => new nn.ReLU().setExtraState(ones([1]))).toThrow(/ReLU has no extra state/)
    })
  })

  it('switches all modules below between training and evaluation', () => {
    const net = new nn.Sequential(new nn.Sequential(new nn.Dropout(0.5)))
    net.eval()
    expect([...net.modules()].some((module) => module.training)).toBe(false)
    expect(
      net(ones([100]))
        .sum()
        .item(),
    ).toBe(100)
    net.train()
    expect(
      net(ones([100]))
        .sum()
        .item(),
    ).not.toBe(100)
  })

  it('runs hooks around forward', () => {
    const net = new nn.ReLU()
    const seen: string[] = []
    const pre = net.registerForwardPreHook((_module, [x]) => {
      seen.push('before')
      return [(x as Tensor).mul(-1)]
    })
    const post = net.registerForwardHook((_module, _args, output) => {
      seen.push('after')
      return (output as Tensor).add(10)
    })
    expect(net(tensor([-2, 3])).tolist()).toEqual([12, 10])
    pre.remove()
    post.remove()
    expect(net(tensor([-2, 3])).tolist()).toEqual([0, 3])
    expect(seen).toEqual(['before', 'after'])
  })

  it('converts its parameters', () => {
    const net = new Net().to('float64')
    expect(net.fc1.weight.dtype).toBe('float64')
    expect(net.fc1.weight).toBeInstanceOf(nn.Parameter)
    expect(net(ones([1, 4], { dtype: 'float64' })).dtype).toBe('float64')
    expect(net.to('cpu').fc1.weight.dtype).toBe('float64')
    expect(() => net.to('cuda')).toThrow(/there is no device "cuda"/)
    expect(() => net.cuda()).toThrow(/there is no device "cuda"/)
    expect(() => net.cuda(1)).toThrow(/there is no device "cuda:1"/)
    expect(() => net.to('int64')).toThrow(/parameters must be floating, not int64/)
  })

  it('keeps the names of methods, and takes parts only for what they are', () => {
    const net = new Net()
    expect(() => net.registerParameter('forward', new nn.Parameter(zeros([1])))).toThrow(
      /"forward" cannot name a parameter/,
    )
    expect(() => net.registerBuffer('__proto__', zeros([1]))).toThrow(/cannot name a buffer/)
    expect(() => net.registerParameter('w', zeros([1]) as never)).toThrow(
      /w must be a Parameter, not float32 \[1\]/,
    )
    expect(() => net.registerModule('part', {} as never)).toThrow(/part must be a Module/)
    expect(() => net.loadStateDict(undefined as never)).toThrow(
      /the state dict must be an object of tensors by name, not undefined/,
    )
  })

  it('converts them as PyTorch is told to', () => {
    const net = new Net()
    const dtypeAfter = (...conversion: nn.ModuleConversion): string =>
      net.to(...conversion).fc1.weight.dtype
    expect(dtypeAfter('cpu', 'float64')).toBe('float64')
    expect(dtypeAfter('cpu')).toBe('float64')
    expect(dtypeAfter(zeros([1], { dtype: 'bfloat16' }))).toBe('bfloat16')
    expect(dtypeAfter('float32', true)).toBe('float32')
    expect(dtypeAfter({ dtype: 'float16', device: 'cpu', nonBlocking: true })).toBe('float16')
    const wrong: [unknown[], RegExp][] = [
      [['gpu'], /"gpu" is not a dtype, and no device/],
      [['float32', 'cpu'], /nonBlocking must be true or false/],
      [['cpu', 'int64'], /must be floating, not int64/],
      [[], /nothing to convert to/],
      [[{ dtyp: 'float32' }], /there is no option 'dtyp'/],
      [[{ memoryFormat: 'nhwc' }], /"nhwc" is not a memory format/],
    ]
    for (const [given, message] of wrong) {
      expect(() => net.to(...(given as nn.ModuleConversion))).toThrow(message)
    }
  })

  it('orders weights of images with the channels innermost', () => {
    const net = new nn.Sequential(
      new nn.Conv2d(3, 4, 3),
      new nn.BatchNorm2d(4),
      new nn.Conv1d(2, 2, 1),
    )
    const before = net.stateDict()
    net.to({ memoryFormat: 'channelsLast' })
    const [conv, , other] = net
    expect((conv as nn.Conv2d).weight.stride()).toEqual([27, 1, 9, 3])
    expect((other as nn.Conv1d).weight.isContiguous()).toBe(true)
    for (const [key, value] of Object.entries(net.stateDict())) {
      expect(value.tolist()).toEqual(before[key]!.tolist())
    }
    net.to({ memoryFormat: 'contiguousFormat' })
    expect((conv as nn.Conv2d).weight.isContiguous()).toBe(true)
  })
})

describe('errors of layers', () => {
  it('name the rule and the fix', () => {
    expect(() => new nn.Linear(-1, 2)).toThrow(
      /Linear: inFeatures must be a whole number ≥ 0, not -1/,
    )
    expect(() => new nn.Conv2d(3, 4, 3, { groups: 2 })).toThrow(/groups must divide/)
    expect(() => new nn.Dropout(1.5)).toThrow(/p is a probability, not 1\.5/)
    expect(() => new nn.MaxPool2d(0)).toThrow(
      /kernelSize must be a whole number ≥ 1, or a list of 2/,
    )
    expect(() => new nn.CrossEntropyLoss({ reduction: 'avg' as never })).toThrow(
      /CrossEntropyLoss: reduction must be 'none', 'mean' or 'sum'/,
    )
    expect(() => new nn.Sequential(3 as never)).toThrow(/argument 0 is not a module/)
    expect(() => new nn.Linear(4, 2)(ones([3, 5]))).toThrow(/linear.*\(5\).*\(4\)|linear.*5.*4/s)
  })
})
