import { readFileSync } from 'node:fs'
import type { Tensor } from '@flambeau/core'
import { DisposedError, ones, tensor, zeros } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import { describe, expect, it } from 'vitest'
import type { Optimizer } from './index.ts'
import * as optim from './index.ts'

const { Adam, SGD } = optim

// Written by goldens/trajectories.py with PyTorch.
const golden = JSON.parse(
  readFileSync(new URL('../goldens/trajectories.json', import.meta.url), 'utf8'),
) as {
  start: number[][]
  cases: Record<
    string,
    { optimizer: string; options: Record<string, never>; steps: [number[], number[]][] }
  >
}

const camel = (name: string): string =>
  name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

function makeProblem(): { p: Tensor; q: Tensor } {
  return {
    p: tensor(golden.start, { requiresGrad: true }),
    q: tensor([0.5, -0.5], { requiresGrad: true }),
  }
}

function make(name: string, { p, q }: { p: Tensor; q: Tensor }): Optimizer {
  const { optimizer, options } = golden.cases[name] as (typeof golden.cases)[string]
  const given = Object.fromEntries(Object.entries(options).map(([k, v]) => [camel(k), v]))
  const type = (optim as Record<string, unknown>)[optimizer] as new (
    params: Tensor[],
    options: object,
  ) => Optimizer
  return new type(optimizer === 'Muon' ? [p] : [p, q], given)
}

function takeStep(optimizer: Optimizer, problem: { p: Tensor; q: Tensor }, step: number): void {
  optimizer.step(() => {
    optimizer.zeroGrad()
    const loss = lossOf(problem, step)
    loss.backward()
    return loss
  })
}

function lossOf({ p, q }: { p: Tensor; q: Tensor }, step: number): Tensor {
  const first = p
    .mul(p)
    .mul(step + 1)
    .sum()
  return first.add(p.select(0, 0).mul(q.select(0, 0)).sum()).add(q.pow(4).sum())
}

function expectClose(actual: Tensor, expected: readonly number[]): void {
  const values = actual.detach().reshape(-1).toArray()
  expected.forEach((value, i) => expect(values[i]).toBeCloseTo(value, 4))
}

describe.each(Object.keys(golden.cases))('%s', (name) => {
  it('moves the parameters as PyTorch does', () => {
    const problem = makeProblem()
    const optimizer = make(name, problem)
    golden.cases[name]?.steps.forEach(([p, q], step) => {
      takeStep(optimizer, problem, step)
      expectClose(problem.p, p)
      expectClose(problem.q, q)
    })
  })

  it('goes on to the same bits from its state', () => {
    const straight = makeProblem()
    const resumed = makeProblem()
    const a = make(name, straight)
    let b = make(name, resumed)
    for (let step = 0; step < 6; step++) {
      if (step === 3) {
        const state = b.stateDict()
        b = make(name, resumed)
        b.loadStateDict(structuredCloneState(state))
      }
      for (const [problem, optimizer] of [
        [straight, a],
        [resumed, b],
      ] as const) {
        takeStep(optimizer, problem, step)
      }
    }
    expect(resumed.p.tolist()).toEqual(straight.p.tolist())
    expect(resumed.q.tolist()).toEqual(straight.q.tolist())
  })
})

/** The state as a file would bring it back: new tensors of equal contents. */
function structuredCloneState<T>(state: T): T {
  const copy = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if ('clone' in value) return (value as Tensor).clone()
    if (Array.isArray(value)) return value.map(copy)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)]))
  }
  return copy(state) as T
}

describe('Optimizer', () => {
  it('has groups with options of their own', () => {
    const a = ones([1], { requiresGrad: true })
    const b = ones([1], { requiresGrad: true })
    const optimizer = new SGD([{ params: [a] }, { params: [b], lr: 0.5 }], { lr: 0.1 })
    a.add(b).sum().backward()
    optimizer.step()
    expect([a.item(), b.item()]).toEqual([Math.fround(0.9), 0.5])
    expect(String(optimizer)).toContain('Parameter Group 1\n    lr: 0.5')
  })

  it('leaves parameters without gradient alone', () => {
    const a = ones([1], { requiresGrad: true })
    const b = ones([1], { requiresGrad: true })
    const optimizer = new Adam([a, b])
    a.sum().backward()
    optimizer.step()
    expect(a.item()).not.toBe(1)
    expect(b.item()).toBe(1)
    expect(Object.keys(optimizer.stateDict().state)).toEqual(['0'])
  })

  it("saves PyTorch's names", () => {
    const a = ones([2], { requiresGrad: true })
    const optimizer = new Adam([a], { weightDecay: 0.1 })
    a.sum().backward()
    optimizer.step()
    const { state, param_groups } = optimizer.stateDict()
    expect(Object.keys(state['0'] ?? {})).toEqual(['step', 'exp_avg', 'exp_avg_sq'])
    expect(param_groups[0]).toMatchObject({
      lr: 1e-3,
      weight_decay: 0.1,
      betas: [0.9, 0.999],
      params: [0],
    })
  })

  it('forgets gradients, or sets them to zero', () => {
    const a = ones([2], { requiresGrad: true })
    const optimizer = new SGD([a])
    a.sum().backward()
    optimizer.zeroGrad({ setToNone: false })
    expect(a.grad?.tolist()).toEqual([0, 0])
    optimizer.zeroGrad()
    expect(a.grad).toBeNull()
  })

  it('calls the closure and returns its loss', () => {
    const a = ones([1], { requiresGrad: true })
    const optimizer = new SGD([a], { lr: 1 })
    const loss = optimizer.step(() => {
      optimizer.zeroGrad()
      const value = a.mul(3).sum()
      value.backward()
      return value
    })
    expect([loss.item(), a.item()]).toEqual([3, -2])
  })

  it('calls hooks around steps, saving and loading, until they are removed', () => {
    const a = ones([1], { requiresGrad: true })
    const optimizer = new SGD([a], { lr: 1 })
    const seen: string[] = []
    const note = (name: string) => (): void => void seen.push(name)
    const handles = [
      optimizer.registerStepPreHook((_own, args) => {
        seen.push(`before ${args.length}`)
        return [() => 7]
      }),
      optimizer.registerStepPostHook(note('after')),
      optimizer.registerStateDictPreHook(note('saving')),
      optimizer.registerStateDictPreHook(note('saving first'), { prepend: true }),
      optimizer.registerStateDictPostHook((_own, state) => ({ ...state, extra: 1 })),
      optimizer.registerLoadStateDictPreHook((_own, state) => {
        seen.push('loading')
        const [group] = state.param_groups
        return { ...state, param_groups: [{ ...group, lr: 0.5 } as typeof group & object] }
      }),
      optimizer.registerLoadStateDictPostHook(note('loaded')),
    ]
    expect(optimizer.step()).toBe(7)
    const state = optimizer.stateDict()
    expect(state).toHaveProperty('extra', 1)
    optimizer.loadStateDict(state)
    expect(optimizer.paramGroups[0]?.lr).toBe(0.5)
    expect(seen).toEqual(['before 0', 'after', 'saving first', 'saving', 'loading', 'loaded'])
    for (const handle of handles) handle.remove()
    expect(optimizer.step()).toBeUndefined()
    expect(optimizer.stateDict()).not.toHaveProperty('extra')
    expect(seen).toHaveLength(6)
    expect(() => optimizer.registerStepPreHook(3 as never)).toThrow(/a hook is a function/)
  })

  it('records in the closure, whatever the mode around it', () => {
    const a = ones([1], { requiresGrad: true })
    const optimizer = new SGD([a], { lr: 1 })
    noGrad(() =>
      optimizer.step(() => {
        optimizer.zeroGrad()
        a.mul(3).sum().backward()
      }),
    )
    expect(a.item()).toBe(-2)
  })

  it('takes a single tensor as a group', () => {
    const [a, b] = [ones([1], { requiresGrad: true }), ones([2], { requiresGrad: true })]
    const optimizer = new SGD([{ params: a, lr: 1 }], { lr: 2 })
    optimizer.addParamGroup({ params: b })
    expect(optimizer.paramGroups.map((group) => group.params)).toEqual([[a], [b]])
    a.sum().add(b.sum()).backward()
    optimizer.step()
    expect([a.tolist(), b.tolist()]).toEqual([[0], [-1, -1]])
  })

  it('says what is wrong', () => {
    const a = ones([1], { requiresGrad: true })
    expect(() => new SGD([])).toThrow(/SGD: there are no parameters/)
    for (const wrong of [undefined, null, 5, {}, [['weight', a]], [{ param: [a] }]]) {
      expect(() => new SGD(wrong as never)).toThrow(/SGD.*params must be an iterable/s)
    }
    expect(() => new SGD(a as never)).toThrow(/pass \[tensor\]/)
    expect(() => new SGD([a], { lr: -1 })).toThrow(/SGD: lr must be a number ≥ 0, not -1/)
    expect(() => new SGD([a], { nesterov: true })).toThrow(/nesterov needs a momentum/)
    expect(() => new Adam([a], { betas: [1, 0.9] })).toThrow(
      /betas\[0\] must be a number in \[0, 1\)/,
    )
    expect(() => new Adam([a, a])).toThrow(/appears more than once/)
    expect(() => new Adam([a.mul(2)])).toThrow(/only leaves can be optimized/)
    expect(() => new Adam([3 as never, a])).toThrow(/parameter 0 is not a tensor/)
    const optimizer = new Adam([a])
    expect(() =>
      optimizer.loadStateDict({ state: {}, param_groups: [{ params: [0, 1] }] }),
    ).toThrow(/2 parameters in the state and 1 here/)
    expect(() =>
      optimizer.loadStateDict({
        state: { 0: { exp_avg: zeros([3]) } },
        param_groups: [{ params: [0] }],
      }),
    ).toThrow(/'exp_avg' of parameter 0 has another shape/)
    expect(() =>
      optimizer.loadStateDict({ state: {}, param_groups: [zeros([1]) as never] }),
    ).toThrow(/not the state of an optimizer/)
  })

  it('names the step of a parameter that was disposed', () => {
    const a = ones([2], { requiresGrad: true })
    const optimizer = new SGD([a], { lr: 0.1 })
    a.dispose()
    expect(() => optimizer.step()).toThrow(DisposedError)
  })
})
