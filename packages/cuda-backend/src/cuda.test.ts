/** Devices, memory, streams, events and graphs, on the emulation of two GPUs. */
import {
  arange,
  collectGarbage,
  conv2d,
  DeviceError,
  dropout,
  IndexError,
  manualSeed,
  ones,
  OutOfMemoryError,
  rand,
  setDefaultDevice,
  setRngState,
  tensor,
  ValueError,
  zeros,
} from '@flambeau/core'
import type { MemoryFormat, Tensor } from '@flambeau/core'
import { native as core } from '@flambeau/core/internal'
import '@flambeau/autograd'
import * as optim from '@flambeau/optim'
import { beforeEach, describe, expect, it } from 'vitest'
import { cuda } from './index.ts'
import * as all from './all.ts'

const gpu = { device: 'cuda' } as const
const list = (x: { toArray(): ArrayLike<number> }): number[] => Array.from(x.toArray())

beforeEach(() => {
  collectGarbage()
  cuda.emptyCache()
})

describe('devices', () => {
  it('are there', () => {
    expect(cuda.isAvailable()).toBe(true)
    expect(cuda.unavailableReason()).toBeNull()
    expect(cuda.deviceCount()).toBe(2)
    expect(cuda.getDeviceCapability('cuda:1')).toEqual([9, 0])
    expect(cuda.getDeviceName(0)).toBe('Emulated GPU')
    expect(cuda.getDeviceProperties().warpSize).toBe(32)
    expect(cuda.versions().runtime).toBe('13.0')
    expect(cuda.canDeviceAccessPeer(0, 1)).toBe(true)
    expect([cuda.isBf16Supported(), cuda.isBf16Supported(false)]).toEqual([true, true])
    expect(() => cuda.canDeviceAccessPeer(1, 'cuda:1')).toThrow(ValueError)
  })

  it('are the current one, or another', () => {
    expect(cuda.currentDevice()).toBe(0)
    expect(cuda.device(1, () => [cuda.currentDevice(), ones([1], gpu).device])).toEqual([
      1,
      'cuda:1',
    ])
    expect(() =>
      cuda.device(1, () => {
        throw new RangeError('mine')
      }),
    ).toThrow(RangeError)
    expect(cuda.currentDevice()).toBe(0)
    cuda.setDevice('cuda:1')
    expect(cuda.currentStream().device).toBe('cuda:1')
    cuda.setDevice(0)
  })

  it('that are not there are refused', () => {
    for (const wrong of [2, -1, 0.5, 'cuda:2', 'cpu', 'cuda:x', '']) {
      expect(() => cuda.synchronize(wrong)).toThrow(DeviceError)
    }
    expect(() => cuda.synchronize('cuda:2')).toThrow(/there are 2, from 'cuda:0' on/)
  })

  it('hand tensors to each other', () => {
    const x = tensor([1, 2, 3]).to('cuda:0')
    const y = x.to('cuda:1').mul(2)
    expect(y.device).toBe('cuda:1')
    expect(list(y.to('cuda:0').add(x))).toEqual([3, 6, 9])
    expect(list(x.copy_(tensor([7])))).toEqual([7, 7, 7])
    expect(list(zeros([3]).copy_(y))).toEqual([2, 4, 6])
  })

  it('are told where tensors are printed', () => {
    expect(String(ones([2], gpu))).toBe("tensor([1., 1.], device='cuda:0')")
    expect(String(zeros([0, 2], { device: 'cuda:1', dtype: 'float16' }))).toBe(
      "tensor([], device='cuda:1', size=(0, 2), dtype=float16)",
    )
  })

  it('take indices and parts from the processor', () => {
    const x = arange(6, gpu).reshape(3, 2)
    const rows = tensor([2, 0])
    expect(x.at(rows).device).toBe('cuda:0')
    expect(x.at(rows).tolist()).toEqual([
      [4, 5],
      [0, 1],
    ])
    expect(x.at(rows, rows.clampMax(1)).tolist()).toEqual([5, 0])
    expect(x.at(tensor([true, false, true])).tolist()).toEqual([
      [0, 1],
      [4, 5],
    ])
    x.setAt(1, tensor([7, 8]))
    expect(x.tolist()).toEqual([
      [0, 1],
      [7, 8],
      [4, 5],
    ])
    x.setAt(rows, 0)
    expect(x.sum().item()).toBe(15)
    const weight = ones([2, 2], { ...gpu, requiresGrad: true })
    weight
      .at(tensor([1, 1]))
      .sum()
      .backward()
    expect(weight.grad!.tolist()).toEqual([
      [0, 0],
      [2, 2],
    ])
  })
})

describe('the namespace', () => {
  it('has all exports, and the switch', () => {
    for (const [name, value] of Object.entries(all)) {
      expect(cuda[name as keyof typeof cuda]).toBe(value)
    }
    expect(cuda.deterministic).toBe(false)
    cuda.deterministic = true
    expect([cuda.isDeterministic(), cuda.backends.cudnn.deterministic]).toEqual([true, true])
    cuda.backends.cudnn.deterministic = false
    expect(cuda.deterministic).toBe(false)
  })

  it('has the switches of the libraries', () => {
    const { backends } = cuda
    expect([backends.cuda.matmul.allowTf32, backends.cudnn.allowTf32]).toEqual([false, true])
    backends.cuda.matmul.allowTf32 = true
    backends.cudnn.allowTf32 = false
    backends.cudnn.benchmark = true
    expect([
      backends.cuda.matmul.allowTf32,
      backends.cudnn.allowTf32,
      backends.cudnn.benchmark,
    ]).toEqual([true, false, true])
    backends.cuda.matmul.allowTf32 = false
    backends.cudnn.allowTf32 = true
    backends.cudnn.benchmark = false
  })

  it('tells how convolutions were computed', () => {
    const { cudnn } = cuda.backends
    expect(cudnn.version()).toBeGreaterThan(80000)
    const before = cudnn.convolutions()
    const x = ones([1, 2, 4, 4], { device: 'cuda' })
    expect(list(conv2d(x, ones([1, 2, 3, 3], { device: 'cuda' })))).toEqual([18, 18, 18, 18])
    const after = cudnn.convolutions()
    expect(after.engines + after.functions - before.engines - before.functions).toBe(1)
  })

  it('tells what the processor does', () => {
    const known = new Set(core.kernelNames())
    const operations = cuda.hostOperations()
    expect(operations.length).toBeGreaterThan(5)
    for (const { name, reason } of operations) {
      expect(known).toContain(name)
      expect(reason).not.toBe('')
      expect(cuda.kernelNames()).not.toContain(name)
    }
  })

  it('has kernels that core knows, each once', () => {
    const known = new Set(core.kernelNames())
    const names = cuda.kernelNames()
    expect(names.filter((name) => !known.has(name))).toEqual([])
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('memory', () => {
  it('is counted', () => {
    const before = cuda.memoryAllocated()
    const x = ones([1024], gpu)
    expect(cuda.memoryAllocated() - before).toBe(4096)
    expect(cuda.memoryReserved()).toBeGreaterThanOrEqual(4096)
    const stats = cuda.memoryStats()
    expect(stats.allocatedBytes.all.current).toBe(cuda.memoryAllocated())
    expect(stats.allocation.all.current).toBe(
      stats.allocation.smallPool.current + stats.allocation.largePool.current,
    )
    x.dispose()
    expect(cuda.memoryAllocated()).toBe(before)
    expect(cuda.maxMemoryAllocated()).toBeGreaterThanOrEqual(before + 4096)
    cuda.resetPeakMemoryStats()
    expect(cuda.maxMemoryAllocated()).toBe(before)
    expect(cuda.memoryAllocated(1)).toBe(0)
  })

  it('goes back to the driver', () => {
    const [free] = cuda.memGetInfo()
    ones([4 << 20], gpu).dispose()
    expect(cuda.memGetInfo()[0]).toBeLessThan(free)
    cuda.emptyCache()
    expect(cuda.memGetInfo()[0]).toBe(free)
  })

  it('is limited', () => {
    const { totalMemory } = cuda.getDeviceProperties()
    const large = Math.floor(totalMemory / 40)
    cuda.setPerProcessMemoryFraction(0.05)
    try {
      expect(cuda.memoryStats().limitBytes).toBe(Math.floor(totalMemory * 0.05))
      expect(() => zeros([large], gpu)).toThrow(OutOfMemoryError)
      expect(() => zeros([large], gpu)).toThrow(
        /GPU 0 has no room for 102 MB more: .* of the 51.2 MB that it may; the largest tensors/,
      )
      expect(cuda.memoryStats().numOoms).toBeGreaterThan(0)
      expect(list(zeros([2], gpu))).toEqual([0, 0])
    } finally {
      cuda.setPerProcessMemoryFraction(1)
    }
    expect(zeros([large], gpu).shape).toEqual([large])
    for (const wrong of [-0.1, 1.5, NaN]) {
      expect(() => cuda.setPerProcessMemoryFraction(wrong)).toThrow(ValueError)
    }
  })

  it('is collected where it is short', () => {
    const bytes = cuda.getDeviceProperties().totalMemory
    for (let i = 0; i < 12; i++) zeros([bytes / 4 / 8], gpu)
    expect(cuda.memoryStats().numOoms).toBeLessThan(12)
  })

  it('does not grow with the steps of a training', () => {
    const x = rand([32, 16], gpu)
    const w = rand([16, 4], { device: 'cuda', requiresGrad: true })
    const optimizer = new optim.Adam([w])
    const train = (steps: number): void => {
      for (let i = 0; i < steps; i++) {
        optimizer.zeroGrad()
        x.matmul(w).square().mean().backward()
        optimizer.step()
      }
      collectGarbage()
    }
    train(5)
    const before = cuda.memoryStats()
    train(60)
    const after = cuda.memoryStats()
    expect(after.allocatedBytes.all.current).toBe(before.allocatedBytes.all.current)
    expect(after.segment.all.current).toBe(before.segment.all.current)
    expect(after.allocation.all.allocated).toBeGreaterThan(before.allocation.all.allocated + 300)
  })

  it('is shown as a table', () => {
    const lines = cuda.memorySummary().split('\n')
    expect(lines[0]).toBe('Memory of cuda:0, Emulated GPU (1.0 GB)')
    const width = (lines[1] as string).length
    for (const line of lines.slice(1, -1)) expect(line.length).toBe(width)
    expect(lines.filter((line) => /^(allocated|reserved|segments) /.test(line))).toHaveLength(3)
  })
})

describe('what kernels find', () => {
  it('is thrown at the next look, once', () => {
    const x = ones([3], gpu)
    const y = x.take(tensor([0, 7]).to('cuda'))
    expect(() => y.toArray()).toThrow(IndexError)
    expect(list(x)).toEqual([1, 1, 1])
    x.take(tensor([9]).to('cuda'))
    expect(() => cuda.synchronize()).toThrow(/index 9 .*earlier call/)
    cuda.synchronize()
  })
})

describe('random numbers', () => {
  it('go on from a state, which is that of the processor, too', () => {
    manualSeed(5)
    rand([3], gpu)
    const state = cuda.getRngState()
    const draw = (): number[][] => [list(rand([4], gpu)), list(rand([2])), list(rand([1], gpu))]
    const first = draw()
    rand([100], gpu)
    cuda.setRngState(state)
    expect(draw()).toEqual(first)
    setRngState(state)
    expect(draw()).toEqual(first)
    manualSeed(5)
    expect(draw()).not.toEqual(first)
  })
})

describe('streams', () => {
  it('are chosen for a while', () => {
    const main = cuda.currentStream()
    expect(main._number).toBe(cuda.defaultStream()._number)
    const side = new cuda.Stream({ priority: -1 })
    expect([side.device, side.priority]).toEqual(['cuda:0', -1])
    const y = cuda.stream(side, () => {
      expect(cuda.currentStream()._number).toBe(side._number)
      return ones([2], gpu).add(1)
    })
    main.waitStream(side)
    expect(list(y)).toEqual([2, 2])
    expect(cuda.currentStream()._number).toBe(main._number)
    expect(cuda.stream(null, () => cuda.currentStream()._number)).toBe(main._number)
    side.synchronize()
    expect(side.query()).toBe(true)
  })

  it('have priorities', () => {
    const [least, greatest] = cuda.Stream.priorityRange()
    expect(least).toBeGreaterThan(greatest)
    expect(new cuda.Stream(1, -100)).toMatchObject({ deviceIndex: 1, priority: greatest })
    expect(() => new cuda.Stream(0, 0.5)).toThrow(ValueError)
  })

  it('do not take what another one may still read', () => {
    const side = new cuda.Stream()
    const x = ones([1 << 12], gpu)
    side.waitStream(cuda.currentStream())
    const y = cuda.stream(side, () => x.add(1))
    x.dispose()
    const z = zeros([1 << 12], gpu)
    cuda.currentStream().waitStream(side)
    expect(y.sum().item()).toBe(2 << 12)
    expect(z.sum().item()).toBe(0)
  })
})

describe('events', () => {
  it('keep time', () => {
    const [start, end] = [new cuda.Event({ enableTiming: true }), new cuda.Event(true)]
    expect(start.query()).toBe(true)
    start.record()
    ones([1000], gpu).add(1)
    end.record()
    end.synchronize()
    expect(end.query()).toBe(true)
    expect(start.elapsedTime(end)).toBeGreaterThanOrEqual(0)
  })

  it('refuse what cannot be', () => {
    const plain = new cuda.Event()
    const timed = new cuda.Event(true)
    expect(() => timed.elapsedTime(timed)).toThrow(/must have been recorded/)
    plain.record()
    expect(() => plain.elapsedTime(plain)).toThrow(/enableTiming/)
    expect(() => plain.record(new cuda.Stream(1))).toThrow(/belongs to GPU 0/)
  })
})

describe('graphs', () => {
  it('are replayed with other input', () => {
    const x = zeros([3], gpu)
    let calls = 0
    const step = cuda.graph(
      () => {
        calls += 1
        return x.mul(2).add(1)
      },
      { warmup: 2 },
    )
    expect(calls).toBe(3)
    expect(step.graph.nodes).toBeGreaterThan(0)
    x.copy_(tensor([1, 2, 3]))
    expect(list(step())).toEqual([3, 5, 7])
    x.fill_(10)
    expect(list(step())).toEqual([21, 21, 21])
    expect(calls).toBe(3)
    expect(step()).toBe(step.result)
    step.reset()
    expect(() => step()).toThrow(/has not been captured/)
  })

  it('keep what they read and what they wrote', () => {
    const step = cuda.graph(() => {
      const x = ones([64], gpu)
      return x.add(x).sum()
    })
    const other = ones([64], gpu)
    const result = cuda.graph(() => other.mul(3).sum())
    other.dispose()
    const noise = Array.from({ length: 8 }, () => zeros([64], gpu))
    expect([step().item(), result().item()]).toEqual([128, 192])
    expect(noise.every((x) => x.sum().item() === 0)).toBe(true)
  })

  it('measure no algorithms of convolutions, as nothing runs yet', () => {
    const { cudnn } = cuda.backends
    const x = ones([1, 2, 6, 6], gpu)
    const weight = ones([2, 2, 5, 5], gpu)
    cudnn.benchmark = true
    try {
      const step = cuda.graph(() => conv2d(x, weight).sum(), { warmup: 0 })
      x.fill_(2)
      expect(step().item()).toBe(2 * 2 * 50 * 4)
    } finally {
      cudnn.benchmark = false
    }
  })

  it('copy weights of convolutions unless they are channels-last', () => {
    const x = ones([1, 3, 6, 6], gpu).contiguous({ memoryFormat: 'channelsLast' })
    const nodes = (weight: Tensor): number => {
      const step = cuda.graph(() => conv2d(x, weight), { warmup: 0 })
      expect(Array.from(step().toArray())).toEqual(Array.from({ length: 32 }, () => 27))
      return step.graph.nodes
    }
    const weight = ones([2, 3, 3, 3], gpu)
    const copied = nodes(weight)
    expect(nodes(weight.contiguous({ memoryFormat: 'channelsLast' }))).toBe(copied - 1)
  })

  it.each([
    ['SGD', (weights: Tensor[]) => new optim.SGD(weights, { lr: 0.01, momentum: 0.9 })],
    ['Adam', (weights: Tensor[]) => new optim.Adam(weights)],
  ])('copy neither such weights nor their gradients in a step of %s', (_, optimizer) => {
    const x = rand([2, 3, 6, 6], gpu).contiguous({ memoryFormat: 'channelsLast' })
    const numbers = rand([4, 3, 3, 3], gpu)
    const train = (format: MemoryFormat): { nodes: number; weight: Tensor } => {
      const weight = numbers.clone().contiguous({ memoryFormat: format }).requiresGrad_()
      const steps = optimizer([weight])
      const step = cuda.graph(() => {
        steps.zeroGrad()
        conv2d(x, weight).sum().backward()
        steps.step()
      })
      step()
      expect(weight.grad?.stride()).toEqual(weight.stride())
      return { nodes: step.graph.nodes, weight }
    }
    const plain = train('contiguousFormat')
    const last = train('channelsLast')
    expect(last.weight.isContiguous('channelsLast')).toBe(true)
    expect(last.weight.tolist()).toEqual(plain.weight.tolist())
    // Row-major, the forward pass copies the weight and the backward pass its gradient.
    expect(last.nodes).toBe(plain.nodes - 2)
  })

  it('draw anew at each replay, from where the generator is', () => {
    setDefaultDevice('cuda')
    try {
      const x = ones([256], gpu)
      const step = cuda.graph(() => dropout(x, 0.5), { warmup: 1 })
      manualSeed(5)
      const first = [list(step()), list(step())]
      expect(first[0]).not.toEqual(first[1])
      manualSeed(5)
      const second = [list(dropout(x, 0.5)), list(dropout(x, 0.5))]
      expect(first).toEqual(second)
      cuda.manualSeed(5)
      expect(list(step())).toEqual(first[0])
      const after = rand([4], gpu)
      manualSeed(5)
      dropout(x, 0.5)
      expect(list(after)).toEqual(list(rand([4], gpu)))
    } finally {
      setDefaultDevice(null)
    }
  })

  it.each([
    ['SGD', (p: Tensor[]) => new optim.SGD(p, { lr: 0.1, momentum: 0.9, dampening: 0.5 })],
    ['Adam', (p: Tensor[]) => new optim.Adam(p, { lr: 0.1 })],
    ['NAdam', (p: Tensor[]) => new optim.NAdam(p, { lr: 0.1 })],
  ])('train by %s as without, steps counted and rates followed', (_, make) => {
    const train = (captured: boolean, warmup: number): number[] => {
      const w = tensor([1, -2, 3], { dtype: 'float32', device: 'cuda', requiresGrad: true })
      const optimizer = make([w])
      const step = (): Tensor => {
        optimizer.zeroGrad()
        const loss = w.sub(0.5).square().sum()
        loss.backward()
        optimizer.step()
        return loss
      }
      const run = captured ? cuda.graph(step, { warmup }) : step
      const losses: number[] = []
      for (let i = captured ? warmup : 0; i < 6; i++) {
        if (i === 4) for (const group of optimizer.paramGroups) group.lr = 0.01
        losses.push(run().item())
      }
      expect(optimizer.state.get(w)?.['step'] ?? 6).toBe(6)
      return [...losses.slice(-3), ...list(w)]
    }
    const plain = train(false, 0)
    expect(train(true, 2)).toEqual(plain)
    expect(train(true, 1)).toEqual(plain)
    expect(() => train(true, 0)).toThrow(/the first step of an optimizer makes its state/)
  })

  it('take no optimizer whose numbers stay in JavaScript', () => {
    const w = ones([2, 2], { device: 'cuda', requiresGrad: true })
    w.sum().backward()
    const optimizer = new optim.Adafactor([w])
    expect(() => cuda.graph(() => optimizer.step(), { warmup: 0 })).toThrow(/Adafactor: its steps/)
    expect(cuda.isCurrentStreamCapturing()).toBe(false)
    optimizer.step()
  })

  it('refuse what waits, and name it', () => {
    const x = ones([2], gpu)
    for (const [body, rule] of [
      [() => x.sum().item(), /item: a copy to the processor's memory waits for the GPU/],
      [() => x.toArray(), /toArray: a copy to the processor's memory/],
      [() => x.cpu(), /a copy to the processor's memory/],
      [() => cuda.synchronize(), /synchronize waits for the GPU/],
      [() => cuda.currentStream().synchronize(), /Stream.synchronize waits/],
      [() => cuda.emptyCache(), /emptyCache waits/],
      [(): unknown => cuda.graph(() => x), /waits|nested|captured already/],
    ] as const) {
      expect(() => cuda.graph(body as () => unknown, { warmup: 0 })).toThrow(rule)
      expect(cuda.isCurrentStreamCapturing()).toBe(false)
      expect(x.sum().item()).toBe(2)
    }
  })

  it('are of one synchronous function', () => {
    expect(() => cuda.graph(async () => {}, { warmup: 0 })).toThrow(/async/)
    expect(() => cuda.graph(3 as never)).toThrow(ValueError)
    expect(() => cuda.graph(() => 1, { warmup: -1 })).toThrow(ValueError)
    expect(cuda.isCurrentStreamCapturing()).toBe(false)
  })

  it('pass on errors of the function', () => {
    const x = ones([2], gpu)
    expect(() =>
      cuda.graph(
        () => {
          x.add(1)
          throw new RangeError('mine')
        },
        { warmup: 0 },
      ),
    ).toThrow(RangeError)
    expect(list(x.add(1))).toEqual([2, 2])
  })

  it('are captured by hand', () => {
    const x = ones([2], gpu)
    const graph = new cuda.CUDAGraph()
    expect(() => graph.captureBegin()).toThrow(/stream of its own/)
    expect(() => graph.captureEnd()).toThrow(/not being captured/)
    expect(() => graph.replay()).toThrow(/has not been captured/)
    const y = cuda.stream(new cuda.Stream(), () => {
      graph.captureBegin()
      const result = x.add(1)
      graph.captureEnd()
      return result
    })
    x.fill_(4)
    graph.replay()
    expect(list(y)).toEqual([5, 5])
    graph.reset()
    expect(graph.nodes).toBe(0)
  })

  it('give back their memory', () => {
    const before = cuda.memoryReserved()
    const x = ones([1 << 16], gpu)
    const step = cuda.graph(() => x.add(1).sum(), { warmup: 0 })
    const during = cuda.memoryReserved()
    expect(during).toBeGreaterThan(before)
    step.result.dispose()
    step.reset()
    x.dispose()
    collectGarbage()
    cuda.emptyCache()
    expect(cuda.memoryReserved()).toBeLessThan(during)
  })
})
