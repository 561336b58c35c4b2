import { readFileSync } from 'node:fs'
import type { Tensor } from '@flambeau/core'
import { ones, tensor } from '@flambeau/core'
import '@flambeau/autograd'
import { describe, expect, it } from 'vitest'
import type { Optimizer } from './index.ts'
import * as optim from './index.ts'

interface Case {
  optimizer: string
  dtype: 'float32' | 'float64'
  desc: string
  groups: boolean
  options: Record<string, unknown>
  steps: [number[], number[]][]
}

// Written by ../goldens/database.py from the options of PyTorch's own tests.
const golden = JSON.parse(
  readFileSync(new URL('../goldens/database.json', import.meta.url), 'utf8'),
) as {
  start: [number[][], number[][]]
  cases: Case[]
  errors: { optimizer: string; options: Record<string, unknown>; message: string }[]
}

const camel = (name: string): string =>
  name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** The options as they are written here. */
function named(options: Record<string, unknown>): Record<string, unknown> {
  const value = (one: unknown): unknown =>
    typeof one === 'object' && one !== null && 'tensor' in one
      ? tensor(one.tensor as number[])
      : one
  return Object.fromEntries(Object.entries(options).map(([key, v]) => [camel(key), value(v)]))
}

type Make = new (params: unknown[], ...options: unknown[]) => Optimizer
const typeOf = (name: string): Make => (optim as Record<string, unknown>)[name] as Make

describe.each(golden.cases)('$optimizer, $desc, in groups: $groups', (one) => {
  it('moves the parameters as PyTorch does', () => {
    const { dtype } = one
    const [p, q] = golden.start.map((values) => tensor(values, { dtype, requiresGrad: true })) as [
      Tensor,
      Tensor,
    ]
    const params = one.groups ? [{ params: [p] }, { params: [q], lr: 0.02 }] : [p, q]
    const optimizer = new (typeOf(one.optimizer))(params, named(one.options))
    one.steps.forEach((expected, step) => {
      optimizer.step(() => {
        optimizer.zeroGrad()
        const first = p
          .mul(p)
          .mul((step % 3) + 1)
          .sum()
        const loss = first.add(p.slice(1, 0, 2).mul(q).sum()).add(q.pow(4).sum())
        loss.backward()
        return loss
      })
      ;[p, q].forEach((param, i) => {
        const values = param.detach().reshape(-1).tolist() as number[]
        expected[i]?.forEach((value, k) =>
          expect(Math.abs((values[k] as number) - value)).toBeLessThan(
            1e-4 * (1 + Math.abs(value)),
          ),
        )
      })
    })
  })
})

describe('options that PyTorch refuses', () => {
  it.each(golden.errors)('$optimizer: $message', ({ optimizer, options }) => {
    const params = [ones([2, 2], { requiresGrad: true })]
    expect(() => new (typeOf(optimizer))(params, named(options))).toThrow(
      new RegExp(`^${optimizer}`),
    )
  })
})

describe('the ways to give options', () => {
  const params = [ones([2, 2], { requiresGrad: true })]

  it('are positions in PyTorch’s order, names, or both', () => {
    expect(new optim.SGD(params, 0.1, 0.9, { nesterov: true }).paramGroups[0]).toMatchObject({
      lr: 0.1,
      momentum: 0.9,
      nesterov: true,
    })
    const adam = new optim.AdamW(params, 0.1, [0.8, 0.9], 1e-6, 0.2, true)
    expect(adam.paramGroups[0]).toMatchObject({
      betas: [0.8, 0.9],
      weightDecay: 0.2,
      amsgrad: true,
    })
    expect(new optim.LBFGS(params, 1, 8).paramGroups[0]).toMatchObject({ maxIter: 8, maxEval: 10 })
    const zeroed = new optim.SGD(params)
    params[0]?.sum().backward()
    zeroed.zeroGrad(false)
    expect(params[0]?.grad?.sum().item()).toBe(0)
    zeroed.zeroGrad({ setToNone: true })
    expect(params[0]?.grad).toBeNull()
  })

  it('leave the implementation to us, and refuse what there is not', () => {
    const adam = new optim.Adam(params, { foreach: true, fused: true })
    expect(adam.stateDict().param_groups[0]).toMatchObject({ foreach: true, fused: true })
    expect(() => new optim.Adam(params, { differentiable: true })).toThrow(/Adam: differentiable/)
    expect(new optim.Adam(params, { capturable: true }).paramGroups[0]?.lr).toBe(1e-3)
    expect(() => new optim.Adam(params, { rate: 1 } as never)).toThrow(/no option 'rate'/)
    expect(() => new optim.SGD(params, 'fast' as never)).toThrow(/lr must be a number ≥ 0/)
  })
})
