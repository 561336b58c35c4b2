import { readFileSync } from 'node:fs'
import { zeros } from '@flambeau/core'
import '@flambeau/autograd'
import { describe, expect, it } from 'vitest'
import * as optim from '../index.ts'
import type { AnyOptimizer, LRScheduler } from '../index.ts'

/** Learning rates and momenta of both groups. */
type State = [number[], number[]]

interface Golden {
  metrics: number[]
  cases: Record<
    string,
    {
      scheduler: string
      args: unknown[]
      kwargs: Record<string, unknown>
      optimizer: string
      curve: State[]
    }
  >
  special: Record<string, State[]>
  jumps: Record<string, number[][]>
}

// Written by goldens/schedules.py with PyTorch.
const golden = JSON.parse(
  readFileSync(new URL('../../goldens/schedules.json', import.meta.url), 'utf8'),
) as Golden

const camel = (name: string): string =>
  name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

function makeOptimizer(kind: string): AnyOptimizer {
  const groups = [
    { params: [zeros([2], { requiresGrad: true })], lr: 0.4 },
    { params: [zeros([3], { requiresGrad: true })], lr: 0.05 },
  ]
  return kind === 'adam'
    ? new optim.Adam(groups)
    : new optim.SGD(groups, { lr: 0.1, momentum: 0.7 })
}

function make(name: string, optimizer: AnyOptimizer): LRScheduler {
  const { scheduler, args, kwargs } = golden.cases[name] as Golden['cases'][string]
  const options = Object.fromEntries(Object.entries(kwargs).map(([k, v]) => [camel(k), v]))
  const type = (optim as Record<string, unknown>)[scheduler] as new (
    ...args: unknown[]
  ) => LRScheduler
  return new type(optimizer, ...args, ...(Object.keys(options).length > 0 ? [options] : []))
}

function stateOf(optimizer: AnyOptimizer): State {
  const momentum = (group: Record<string, unknown>): number =>
    'betas' in group ? (group['betas'] as number[])[0]! : (group['momentum'] as number)
  return [optimizer.paramGroups.map((g) => g.lr), optimizer.paramGroups.map(momentum)]
}

function expectState(optimizer: AnyOptimizer, [lrs, momenta]: State, at: number): void {
  const [gotLrs, gotMomenta] = stateOf(optimizer)
  const close = (got: number, want: number): boolean => Math.abs(got - want) <= 1e-12 + 1e-9 * want
  const all = lrs.every((lr, i) => close(gotLrs[i]!, lr))
  const both = all && momenta.every((m, i) => close(gotMomenta[i]!, m))
  expect(
    both,
    `step ${at}: ${gotLrs.join()} ${gotMomenta.join()}, not ${lrs.join()} ${momenta.join()}`,
  ).toBe(true)
}

function advance(name: string, scheduler: LRScheduler, i: number): void {
  if (name.startsWith('ReduceLROnPlateau')) scheduler.step(golden.metrics[i])
  else scheduler.step()
}

describe.each(Object.keys(golden.cases))('%s', (name) => {
  const { optimizer: kind, curve } = golden.cases[name] as Golden['cases'][string]

  it('sets the learning rates and momenta that PyTorch sets', () => {
    const optimizer = makeOptimizer(kind)
    const scheduler = make(name, optimizer)
    curve.forEach((state, i) => {
      if (i > 0) advance(name, scheduler, i - 1)
      expectState(optimizer, state, i)
      expect(scheduler.getLastLr()).toEqual(stateOf(optimizer)[0])
    })
  })

  it('goes on from its state', () => {
    const optimizer = makeOptimizer(kind)
    const scheduler = make(name, optimizer)
    const half = Math.floor(curve.length / 2)
    for (let i = 0; i < half; i++) advance(name, scheduler, i)
    const state = JSON.parse(JSON.stringify(scheduler.stateDict()))
    const saved = optimizer.stateDict()
    const other = makeOptimizer(kind)
    const resumed = make(name, other)
    other.loadStateDict(saved)
    resumed.loadStateDict(state)
    for (let i = half; i < curve.length - 1; i++) {
      advance(name, resumed, i)
      expectState(other, curve[i + 1]!, i + 1)
    }
  })
})

const special: Record<string, (optimizer: AnyOptimizer) => LRScheduler> = {
  LambdaLR: (o) => new optim.LambdaLR(o, [(e) => 0.95 ** e, (e) => 1 / (1 + e)]),
  MultiplicativeLR: (o) => new optim.MultiplicativeLR(o, (e) => (e % 2 ? 0.9 : 1.01)),
  ChainedScheduler: (o) =>
    new optim.ChainedScheduler([
      new optim.ConstantLR(o, { factor: 0.1, totalIters: 5 }),
      new optim.ExponentialLR(o, 0.9),
      new optim.StepLR(o, 4, { gamma: 0.5 }),
    ]),
  SequentialLR: (o) =>
    new optim.SequentialLR(
      o,
      [
        new optim.LinearLR(o, { startFactor: 0.1, totalIters: 6 }),
        new optim.CosineAnnealingLR(o, 10),
        new optim.MultiStepLR(o, [3, 5], { gamma: 0.5 }),
      ],
      { milestones: [6, 18] },
    ),
  'SequentialLR nested': (o) => {
    const inner = new optim.SequentialLR(
      o,
      [
        new optim.ConstantLR(o, { factor: 0.5, totalIters: 3 }),
        new optim.ExponentialLR(o, { gamma: 0.8 }),
      ],
      [4],
    )
    return new optim.SequentialLR(o, [inner, new optim.PolynomialLR(o, { totalIters: 9 })], [8])
  },
}

describe.each(Object.keys(special))('%s', (name) => {
  const curve = golden.special[name] as State[]

  it('sets the learning rates that PyTorch sets', () => {
    const optimizer = makeOptimizer('sgd')
    const scheduler = special[name]!(optimizer)
    curve.forEach((state, i) => {
      if (i > 0) scheduler.step()
      expectState(optimizer, state, i)
    })
  })

  it('goes on from its state', () => {
    const optimizer = makeOptimizer('sgd')
    const scheduler = special[name]!(optimizer)
    for (let i = 0; i < 9; i++) scheduler.step()
    const state = JSON.parse(JSON.stringify(scheduler.stateDict()))
    const other = makeOptimizer('sgd')
    const resumed = special[name]!(other)
    other.loadStateDict(optimizer.stateDict())
    resumed.loadStateDict(state)
    for (let i = 9; i < curve.length - 1; i++) {
      resumed.step()
      expectState(other, curve[i + 1]!, i + 1)
    }
  })
})

describe.each(Object.keys(golden.jumps))('%s', (name) => {
  it('jumps to an epoch', () => {
    const optimizer = makeOptimizer('sgd')
    const scheduler = make(name, optimizer)
    const epochs = [3, 11, 4, 25, name.includes('Warm') ? 25.5 : 26]
    epochs.forEach((epoch, i) => {
      scheduler.step(epoch)
      stateOf(optimizer)[0].forEach((lr, g) =>
        expect(lr).toBeCloseTo(golden.jumps[name]![i]![g]!, 12),
      )
    })
  })
})

describe('mistakes', () => {
  const sgd = (): AnyOptimizer => new optim.SGD([zeros([2], { requiresGrad: true })], { lr: 1 })

  it.each<[string, () => unknown, RegExp]>([
    ['no optimizer', () => new optim.StepLR({} as never, 1), /first argument must be an optimizer/],
    [
      'a step size of 0',
      () => new optim.StepLR(sgd(), 0),
      /stepSize must be a whole number ≥ 1, not 0/,
    ],
    ['a wrong name', () => new optim.StepLR(sgd(), 1, { gama: 1 } as never), /no option 'gama'/],
    ['a factor of 2', () => new optim.ConstantLR(sgd(), 2), /factor must be a number in \[0, 1\]/],
    [
      'no momentum',
      () => new optim.CyclicLR(new optim.Adam([zeros([1])]), 0, 1, { mode: 'up' as never }),
      /no mode "up"/,
    ],
    [
      'a mode that all objects have',
      () => new optim.CyclicLR(sgd(), 0, 1, { mode: 'toString' as never }),
      /no mode "toString"/,
    ],
    ['no steps', () => new optim.OneCycleLR(sgd(), 1), /number of steps is not given/],
    [
      'a wrong list',
      () => new optim.LambdaLR(sgd(), [() => 1, () => 1]),
      /2 values for 1 parameter groups/,
    ],
    ['no metric', () => new optim.ReduceLROnPlateau(sgd()).step(), /needs a metric/],
    [
      'plateau in a sequence',
      () => new optim.ChainedScheduler([new optim.ReduceLROnPlateau(sgd())]),
      /needs a metric/,
    ],
    [
      'resuming from nothing',
      () => new optim.StepLR(sgd(), 1, 0.1, 5),
      /no initialLr to resume from/,
    ],
    [
      'a wrong state',
      () => new optim.StepLR(sgd(), 1).loadStateDict({}),
      /not the state of a scheduler/,
    ],
  ])('says so for %s', (_name, body, message) => {
    expect(body).toThrow(message)
  })

  it('refuses to go beyond a single cycle', () => {
    const scheduler = new optim.OneCycleLR(
      new optim.SGD([zeros([1])], { lr: 1, momentum: 0.9 }),
      1,
      { totalSteps: 2 },
    )
    scheduler.step()
    scheduler.step()
    expect(() => scheduler.step()).toThrow(/step 3 is beyond the 2 steps/)
  })
})
