import { fileURLToPath } from 'node:url'
import { Tensor } from '@flambeau/core'
import type { TorchValue } from '@flambeau/data'
import { loadTorch, parseTorchFile, serializeTorchFile } from '@flambeau/data'
import type { OptimizerState, SchedulerState } from '@flambeau/optim'
import { describe, expect, it } from 'vitest'
import { advance, optimizers, problem, scheduled, schedulers, takeSteps } from './optimizers.ts'

const read = async (name: string): Promise<unknown> =>
  loadTorch(fileURLToPath(new URL(`../../checkpoints/${name}.pt`, import.meta.url)))

// Written by ../../checkpoints/make.py with PyTorch.
const trained = (await read('optimizers')) as Record<
  string,
  { state: OptimizerState; before: Tensor[]; after: Tensor[] }
>
const curves = (await read('schedulers')) as Record<
  string,
  { optimizer: OptimizerState; scheduler: SchedulerState; curve: number[][][] }
>

/** What a file brings back of a value. */
const throughFile = async <T>(value: T): Promise<T> =>
  (await parseTorchFile(await serializeTorchFile(value as TorchValue))) as T

function expectNear(actual: Tensor, expected: Tensor): void {
  const [a, b] = [actual, expected].map((one) => one.detach().reshape(-1).tolist() as number[])
  b?.forEach((value, i) => expect(a?.[i]).toBeCloseTo(value, 4))
}

it('all optimizers and schedulers are here', () => {
  expect(Object.keys(optimizers).toSorted()).toEqual(Object.keys(trained).toSorted())
  expect(Object.keys(schedulers).toSorted()).toEqual(Object.keys(curves).toSorted())
})

describe.each(Object.keys(optimizers))('%s', (name) => {
  const { state, before, after } = trained[name] as (typeof trained)[string]

  it('goes on from the state that PyTorch saved', () => {
    const here = problem(name, before)
    here.optimizer.loadStateDict(state)
    takeSteps(here, 3, 6)
    expectNear(here.p, after[0] as Tensor)
    expectNear(here.q, after[1] as Tensor)
  })

  it('saves what PyTorch saves: keys, dtypes, shapes and values', () => {
    const here = problem(name)
    takeSteps(here, 0, 3)
    const own = here.optimizer.stateDict()
    expect(own.param_groups.map((group) => Object.keys(group).toSorted())).toEqual(
      state.param_groups.map((group) => Object.keys(group).toSorted()),
    )
    expect(own.param_groups).toEqual(state.param_groups)
    expect(Object.keys(own.state)).toEqual(Object.keys(state.state))
    for (const [number, values] of Object.entries(state.state)) {
      // PyTorch keeps the products of a direction in a list that it writes anew at each step.
      const keys = Object.keys(values).filter((key) => key !== 'al')
      expect(Object.keys(own.state[number] ?? {}).toSorted()).toEqual(keys.toSorted())
      for (const key of keys) {
        const [mine, theirs] = [own.state[number]?.[key], values[key]]
        if (!(theirs instanceof Tensor) || !(mine instanceof Tensor)) continue
        expect([key, mine.shape]).toEqual([key, theirs.shape])
        expectNear(mine, theirs)
      }
    }
  })

  it('goes on to the same bits through a file', async () => {
    const straight = problem(name)
    takeSteps(straight, 0, 3)
    const saved = await throughFile({
      state: straight.optimizer.stateDict(),
      values: [straight.p.detach(), straight.q.detach()],
    })
    takeSteps(straight, 3, 6)
    const resumed = problem(name, saved.values)
    resumed.optimizer.loadStateDict(saved.state)
    takeSteps(resumed, 3, 6)
    expect(resumed.p.tolist()).toEqual(straight.p.tolist())
    expect(resumed.q.tolist()).toEqual(straight.q.tolist())
  })
})

describe.each(Object.keys(schedulers))('%s', (name) => {
  const { optimizer: groups, scheduler: state, curve } = curves[name] as (typeof curves)[string]
  const make = schedulers[name] as (typeof schedulers)[string]

  it('goes on from the state that PyTorch saved', () => {
    const optimizer = scheduled()
    const scheduler = make(optimizer)
    optimizer.loadStateDict(groups)
    scheduler.loadStateDict(state)
    const rest = advance(optimizer, scheduler, 5, 10)
    rest.flat(2).forEach((value, i) => expect(value).toBeCloseTo(curve.slice(5).flat(2)[i]!, 10))
  })

  it('saves what PyTorch saves', async () => {
    const optimizer = scheduled()
    const scheduler = make(optimizer)
    advance(optimizer, scheduler, 0, 5)
    const own = await throughFile(scheduler.stateDict())
    expectSame(own, state, name)
    expectSame(optimizer.stateDict().param_groups, groups.param_groups, name)
  })
})

/** Equal, but for the last digits of numbers. */
function expectSame(own: unknown, other: unknown, place: string): void {
  if (typeof other === 'number' && Number.isFinite(other)) {
    expect(own, `${place} is ${String(own)}`).toBeCloseTo(other, 12)
  } else if (typeof other === 'object' && other !== null) {
    expect([place, ...Object.keys(own as object).toSorted()]).toEqual([
      place,
      ...Object.keys(other).toSorted(),
    ])
    for (const [key, value] of Object.entries(other))
      expectSame((own as Record<string, unknown>)[key], value, `${place}.${key}`)
  } else {
    expect([place, own]).toEqual([place, other])
  }
}
