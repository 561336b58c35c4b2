/** Elementwise operations of a captured graph become one kernel, and give what they give one by one. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { autocast, dropout, manualSeed, ones, randn, tensor, zeros } from '@flambeau/core'
import { grad } from '@flambeau/autograd'
import * as nn from '@flambeau/nn'
import { AdamW } from '@flambeau/optim'
import { describe, expect, it } from 'vitest'
import { cuda } from './index.ts'
import { runChild } from './testing/child.ts'

const numbers = (t: Tensor): ArrayLike<number | bigint> => t.cpu().toArray()
const gpu = (...shape: number[]): Tensor => randn(shape).to('cuda')

/** Replays of `body`, fused and as its operations, give what it gives by itself. */
function check(body: () => Tensor[]): {
  nodes: number
  plain: number
  kernels: number
  operations: number
} {
  const expected = body().map(numbers)
  const fused = cuda.graph(body, { warmup: 0, fuse: true })
  const plain = cuda.graph(body, { warmup: 0, fuse: false })
  expect(fused().map(numbers)).toEqual(expected)
  expect(plain().map(numbers)).toEqual(expected)
  expect(plain.graph.fused).toEqual({ kernels: 0, operations: 0, unavailable: null })
  const found = { ...fused.graph.fused, nodes: fused.graph.nodes, plain: plain.graph.nodes }
  expect(found.nodes).toBeLessThan(found.plain)
  fused.reset()
  plain.reset()
  return found
}

describe('chains of elementwise operations', () => {
  it('become one kernel', () => {
    manualSeed(1)
    const [x, bias, scale] = [gpu(33, 10), gpu(10), gpu(33, 1)]
    const body = (): Tensor[] => [x.mul(scale).add(bias, { alpha: 0.5 }).tanh().add(1).div(3)]
    expect(check(body)).toMatchObject({ nodes: 1, plain: 5, kernels: 1, operations: 5 })
  })

  it('round where memory would have', () => {
    manualSeed(2)
    const x = gpu(64, 8)
    check(() => [x.to('bfloat16').mul(3).add(x.to('bfloat16')).to('float32').sub(x)])
    check(() => [x.to('float16').exp().mul(2.718281828).to('float64').log().neg()])
    check(() => [x.mul(100).to('int8').mul(3).add(1).to('int16').square().to('float32')])
    check(() => [
      x
        .to('float64')
        .mul(x.to('float64'))
        .add(1e-17)
        .to('int64')
        .add(2 ** 40),
    ])
    // A product and a sum are not joined where they are two operations.
    check(() => [
      x
        .mul(1 / 3)
        .add(x)
        .mul(x)
        .sub(1e-7),
    ])
  })

  it('choose by masks', () => {
    manualSeed(3)
    const [x, y] = [gpu(5, 7), gpu(7)]
    check(() => {
      const mask = x.gt(y).logicalAnd(x.abs().lt(1))
      const chosen = x.where(mask, y.neg()).maskedFill(mask.logicalNot(), 2)
      return [chosen, mask, mask.add(mask), mask.maximum(x.isnan()).to('float32').mul(chosen)]
    })
  })

  it('write in place, into views, and over what was read', () => {
    manualSeed(4)
    const x = gpu(16, 16)
    check(() => {
      const y = x.clone().mul_(2).add_(x)
      const turned = y.t().add(y)
      y.sub_(turned).relu_()
      y.narrow(0, 4, 8).mul_(3)
      y.select(1, 2).fill_(7)
      const z = y.add(1).view(8, 32).mul(2).view(16, 16)
      z.copy_(z.t())
      return [y, turned, z.add(y.mean())]
    })
  })

  it('store nothing that nobody reads, and reuse its memory at once', () => {
    manualSeed(5)
    const x = gpu(1 << 10)
    const long = (): Tensor[] => {
      let y = x
      for (let i = 0; i < 20; i++) {
        const next = y.mul(1.01).add(i)
        if (i > 0) y.dispose()
        y = next
      }
      return [y]
    }
    const { kernels, operations } = check(long)
    expect(kernels).toBe(2) // of at most 32 operations
    expect(operations).toBe(40)
  })

  it('share a kernel where they are small and have nothing to do with each other', () => {
    manualSeed(6)
    const [x, y, z] = [gpu(40), gpu(17, 3), gpu(1 << 9, (1 << 9) + 1)]
    const both = (): Tensor[] => [x.mul(2).add(1), y.to('bfloat16'), x.neg(), y.abs().mul(3)]
    expect(check(both)).toMatchObject({ nodes: 1, kernels: 1, operations: 6 })
    // The large one has a kernel of its own, and one operation needs none that is compiled.
    const large = (): Tensor[] => [z.mul(2).add(1), y.neg()]
    expect(check(large)).toMatchObject({ nodes: 2, plain: 3, kernels: 1, operations: 2 })
    // What needs the result of another one waits for it.
    const later = (): Tensor[] => {
      const sums = x.add(1).narrow(0, 0, 3)
      return [y.mul(2).add(sums).sub(sums.neg())]
    }
    expect(check(later)).toMatchObject({ nodes: 3, kernels: 2, operations: 4 })
  })

  it('take memory as it lies', () => {
    manualSeed(7)
    const line = gpu(1003)
    const [odd, wide] = [line.narrow(0, 1, 1001), line.narrow(0, 2, 1000)]
    check(() => [odd.mul(2).add(odd.exp()), wide.to('float64').mul(wide).to('bool')])
    const image = gpu(2, 3, 4, 5).contiguous({ memoryFormat: 'channelsLast' })
    const [plain, channel] = [gpu(2, 3, 4, 5), gpu(3, 1, 1)]
    check(() => [image.mul(channel).add(plain).tanh(), plain.add(image).neg()])
  })

  it('are part of gradients through writes into views', () => {
    const x = gpu(3, 5).requiresGrad_()
    check(() => {
      const y = x.mul(2)
      y.diagonal().fill_(7)
      y.narrow(0, 1, 2).mul_(3)
      return [...(grad([y.square().sum()], [x]) as Tensor[]), y.detach().clone()]
    })
  })

  it('leave out what is thrown away', () => {
    const x = ones([32], { device: 'cuda' })
    const run = cuda.graph(
      () => {
        x.exp().log().dispose()
        return x.add(1)
      },
      { warmup: 0 },
    )
    expect(run.graph.fused.operations).toBeLessThan(3)
    expect(run().sum().item()).toBe(64)
  })

  it('draw random numbers in between as ever', () => {
    const x = ones([256], { device: 'cuda' })
    const body = (): Tensor => dropout(x.mul(2).add(1), 0.5).mul(3).sub(1)
    const run = cuda.graph(body, { warmup: 0 })
    expect(run.graph.fused).toMatchObject({ kernels: 2, operations: 4 })
    manualSeed(9)
    const replays = [numbers(run()), numbers(run())]
    manualSeed(9)
    expect([numbers(body()), numbers(body())]).toEqual(replays)
    expect(replays[0]).not.toEqual(replays[1])
  })

  it('follow input that changes', () => {
    const x = zeros([3], { device: 'cuda' })
    const run = cuda.graph(() => x.mul(2).add(1).neg(), { warmup: 1 })
    x.copy_(tensor([1, 2, 3]))
    expect(run().tolist()).toEqual([-3, -5, -7])
    x.fill_(0)
    expect(run().tolist()).toEqual([-1, -1, -1])
  })

  it('keep their order with other streams and events', () => {
    const x = ones([64], { device: 'cuda' })
    const side = new cuda.Stream()
    const run = cuda.graph(
      () => {
        const y = x.mul(2).add(1)
        side.waitStream(cuda.currentStream())
        const z = cuda.stream(side, () => y.mul(2).add(1))
        const own = y.sub(1).div(2)
        cuda.currentStream().waitStream(side)
        return z.add(own)
      },
      { warmup: 0 },
    )
    expect(run().sum().item()).toBe(64 * 8)
  })

  it('are not of integer divisions, which may fail', () => {
    const x = tensor([6, 4, 0], { dtype: 'int64', device: 'cuda' })
    const run = cuda.graph(() => x.add(1).mul(2).floorDivide(x).add(1), { warmup: 0 })
    expect(run.graph.fused).toMatchObject({ kernels: 1, operations: 2 })
    run()
    expect(() => cuda.synchronize()).toThrow(/cannot be divided by zero/)
  })
})

describe('training steps', () => {
  it.each([
    ['float32', null],
    ['bfloat16', 'bfloat16'],
  ] as const)('in %s learn the same', (_, dtype) => {
    const train = (options: { fuse: boolean } | null): unknown[] => {
      manualSeed(11)
      const model = new nn.Sequential(
        new nn.Linear(12, 16),
        new nn.GELU(),
        new nn.LayerNorm(16),
        new nn.Linear(16, 4),
      ).to('cuda')
      const optimizer = new AdamW(model.parameters(), { lr: 0.01 })
      const [x, y] = [gpu(8, 12), gpu(8, 4)]
      const forward = (): Tensor => model.forward(x).sub(y).square().mean()
      const step = (): Tensor => {
        optimizer.zeroGrad()
        const loss = dtype ? autocast({ deviceType: 'cuda', dtype }, forward) : forward()
        loss.backward()
        optimizer.step()
        return loss
      }
      const run = options ? cuda.graph(step, { warmup: 1, ...options }) : (step(), step)
      const losses = Array.from({ length: 3 }, () => run().item())
      if (options) {
        const { kernels, operations } = (run as ReturnType<typeof cuda.graph>).graph.fused
        expect(operations > kernels && kernels > 0).toBe(options.fuse)
      }
      return [losses, ...Object.values(model.stateDict()).map(numbers)]
    }
    const plain = train(null)
    expect(train({ fuse: true })).toEqual(plain)
    expect(train({ fuse: false })).toEqual(plain)
  })
})

describe('without NVRTC', () => {
  it('nothing is fused, which is said', () => {
    const { code, output, complaints } = runChild(
      `const x = core.ones([4], { device: 'cuda' })
       const run = cuda.graph(() => x.mul(2).add(1).neg())
       const { kernels, unavailable } = run.graph.fused
       let error = null
       try { cuda.graph(() => x.mul(2), { fuse: true }) } catch (caught) { error = caught }
       cuda.graph(() => x.mul(2), { fuse: false })
       console.log(JSON.stringify([run().tolist(), kernels, unavailable, error.name, error.rule]))`,
      { FLAMBEAU_EMULATED_NVRTC: 'none' },
    )
    expect(complaints).toBe('')
    expect(code).toBe(0)
    const [result, kernels, unavailable, name, rule] = JSON.parse(output) as unknown[]
    expect(result).toEqual([-3, -3, -3, -3])
    expect(kernels).toBe(0)
    expect(unavailable).toMatch(/NVRTC/)
    expect(name).toBe('DeviceError')
    expect(rule).toBe(unavailable)
  })

  it('that compiles what it is given, a capture ends with what it says', () => {
    const { code, output, complaints } = runChild(
      `const x = core.ones([4], { device: 'cuda' })
       const errors = [() => x.mul(2).add(1), () => x.mul(2).add(1).sum()].map((body) => {
         try { cuda.graph(body) } catch (error) { return [error.name, error.message] }
       })
       const run = cuda.graph(() => x.mul(2).add(1), { fuse: false })
       console.log(JSON.stringify([errors, cuda.isCurrentStreamCapturing(), run().tolist()]))`,
      { FLAMBEAU_EMULATED_NVRTC: 'broken' },
    )
    expect(complaints).toBe('')
    expect(code).toBe(0)
    const [errors, capturing, result] = JSON.parse(output) as [
      [string, string][],
      boolean,
      number[],
    ]
    for (const [name, message] of errors) {
      expect(name).toBe('NativeError')
      expect(message).toMatch(/NVRTC refuses a kernel that flambeau wrote:\n.*refuses everything/)
    }
    expect(capturing).toBe(false)
    expect(result).toEqual([3, 3, 3, 3])
  })

  it('finds kernels that an earlier program has compiled', () => {
    const folder = mkdtempSync(join(tmpdir(), 'flambeau-kernels-'))
    const run = (nvrtc: string, cache: string): string =>
      runChild(
        `const x = core.ones([4], { device: 'cuda' })
         try { console.log(cuda.graph(() => x.mul(2).add(1))().tolist().join()) }
         catch (error) { console.log(error.name) }`,
        { FLAMBEAU_CUDA_CACHE: cache, FLAMBEAU_EMULATED_NVRTC: nvrtc },
      ).output
    try {
      const cache = join(folder, 'kernels')
      expect(run('broken', cache)).toBe('NativeError')
      expect(run('', cache)).toBe('3,3,3,3')
      expect(readdirSync(cache)).toHaveLength(1)
      expect(run('broken', cache)).toBe('3,3,3,3') // nothing was compiled
      expect(run('broken', '0')).toBe('NativeError')
      writeFileSync(join(cache, readdirSync(cache)[0] as string), 'something else')
      expect(run('broken', cache)).toBe('NativeError')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
