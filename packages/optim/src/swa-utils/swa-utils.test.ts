import { readFileSync } from 'node:fs'
import type { Tensor } from '@flambeau/core'
import { ones, tensor, zeros } from '@flambeau/core'
import type { StateDict } from '@flambeau/nn'
import { BatchNorm1d, Linear, Sequential } from '@flambeau/nn'
import { describe, expect, it } from 'vitest'
import { SGD, swaUtils } from '../index.ts'

type Dump = Record<string, { shape: number[]; dtype: 'float32' | 'int64'; data: number[] }>

// Written by goldens/averages.py with PyTorch.
const golden = JSON.parse(
  readFileSync(new URL('../../goldens/averages.json', import.meta.url), 'utf8'),
) as {
  values: Dump[]
  models: Record<string, Dump>
  batches: number[][][]
  statistics: Dump
  curves: Record<
    string,
    {
      rate: number | number[]
      options: { anneal_epochs?: number; anneal_strategy?: 'cos' | 'linear' }
      curve: number[][]
      state: Record<string, unknown>
    }
  >
}

const stateOf = (dump: Dump): StateDict =>
  Object.fromEntries(
    Object.entries(dump).map(([name, { shape, dtype, data }]) => [
      name,
      tensor(data, { dtype }).reshape(shape),
    ]),
  )

function expectState(state: StateDict, dump: Dump): void {
  expect(Object.keys(state)).toEqual(Object.keys(dump))
  for (const [name, { shape, dtype, data }] of Object.entries(dump)) {
    const own = state[name] as Tensor
    expect([name, own.shape, own.dtype]).toEqual([name, shape, dtype])
    const values = own.reshape(-1).tolist() as number[]
    data.forEach((value, i) => expect(values[i], `${name} at ${i}`).toBeCloseTo(value, 5))
  }
}

const make = (): Sequential =>
  new Sequential(new Linear(3, 4), new BatchNorm1d(4), new Linear(4, 2))

const { getEmaAvgFn, getEmaMultiAvgFn, getSwaAvgFn } = swaUtils
const kinds: Record<string, swaUtils.AveragedModelOptions> = {
  mean: {},
  'mean of single tensors': { avgFn: getSwaAvgFn() },
  ema: { multiAvgFn: getEmaMultiAvgFn(0.9) },
  'ema of a short memory': { multiAvgFn: getEmaMultiAvgFn(0.3) },
  'ema of single tensors': { avgFn: getEmaAvgFn(0.8) },
  'ema with buffers': { multiAvgFn: getEmaMultiAvgFn(0.9), useBuffers: true },
}

describe('AveragedModel', () => {
  it.each(Object.keys(golden.models))('%s: the averages and names are those of PyTorch', (kind) => {
    const model = make()
    const averaged = new swaUtils.AveragedModel(model, kinds[kind] ?? {})
    for (const value of golden.values) {
      model.loadStateDict(stateOf(value))
      averaged.updateParameters(model)
    }
    expectState(averaged.stateDict(), golden.models[kind] as Dump)
  })

  it('goes on from its state dict', () => {
    const model = make()
    const straight = new swaUtils.AveragedModel(model)
    let resumed = new swaUtils.AveragedModel(model)
    golden.values.forEach((value, i) => {
      model.loadStateDict(stateOf(value))
      if (i === 2) {
        const state = resumed.stateDict()
        resumed = new swaUtils.AveragedModel(model)
        resumed.loadStateDict(state)
      }
      straight.updateParameters(model)
      resumed.updateParameters(model)
    })
    expect(resumed.n_averaged.item()).toBe(4)
    for (const [name, value] of Object.entries(straight.stateDict()))
      expect(resumed.stateDict()[name]?.tolist()).toEqual(value.tolist())
  })

  it('has weights of its own, and averages counters too if asked', () => {
    const model = make()
    const averaged = new swaUtils.AveragedModel(model, null, null, null, true)
    for (const value of golden.values) {
      model.loadStateDict(stateOf(value))
      averaged.updateParameters(model)
    }
    expect(averaged(ones([2, 3])).tolist()).not.toEqual(model(ones([2, 3])).tolist())
    expect(averaged.stateDict()['module.1.num_batches_tracked']?.dtype).toBe('int64')
  })

  it('refuses what does not fit', () => {
    const model = make()
    const averaged = new swaUtils.AveragedModel(model)
    expect(() => averaged.updateParameters(new Linear(3, 4))).toThrow(
      /updateParameters: the parameters of the model differ/,
    )
    const both = { avgFn: getSwaAvgFn(), multiAvgFn: getEmaMultiAvgFn() }
    expect(() => new swaUtils.AveragedModel(model, both)).toThrow(/both given/)
    expect(() => new swaUtils.AveragedModel(3 as never)).toThrow(/must be a module/)
    expect(() => getEmaMultiAvgFn(1.5)).toThrow(/decay must be a number in \[0, 1\], not 1.5/)
  })
})

describe('updateBn', () => {
  const prepared = (): swaUtils.AveragedModel<Sequential> => {
    const model = make()
    model.loadStateDict(stateOf(golden.values[3] as Dump))
    const averaged = new swaUtils.AveragedModel(model)
    averaged.updateParameters(model)
    return averaged.eval()
  }
  const batches = golden.batches.map((batch): [Tensor, Tensor] => [tensor(batch), zeros([5])])

  it('computes the statistics that PyTorch computes, and puts the mode back', () => {
    const averaged = prepared()
    swaUtils.updateBn(batches, averaged)
    expectState(averaged.stateDict(), golden.statistics)
    const norm = [...averaged.module.children()][1] as BatchNorm1d
    expect([averaged.training, norm.momentum]).toEqual([false, 0.1])
  })

  it('takes asynchronous loaders and plain tensors', async () => {
    const averaged = prepared()
    async function* loader(): AsyncGenerator<Tensor> {
      for (const [x] of batches) yield x
    }
    await swaUtils.updateBn(loader(), averaged)
    expectState(averaged.stateDict(), golden.statistics)
  })

  it('puts the mode back after errors, and leaves models without normalisation alone', () => {
    const averaged = prepared()
    expect(() => swaUtils.updateBn([3], averaged)).toThrow(/a batch must be a tensor/)
    expect(averaged.training).toBe(false)
    swaUtils.updateBn([3], new Linear(1, 1))
  })
})

describe('SWALR', () => {
  it.each(Object.keys(golden.curves))('%s: sets the learning rates that PyTorch sets', (name) => {
    const { rate, options, curve, state } = golden.curves[name] as (typeof golden.curves)[string]
    const groups = [0.4, 0.05].map((lr) => ({ params: [zeros([2])], lr }))
    const optimizer = new SGD(groups, { lr: 0.1 })
    const { anneal_epochs: annealEpochs, anneal_strategy: annealStrategy } = options
    const scheduler = new swaUtils.SWALR(optimizer, rate, {
      ...(annealEpochs !== undefined && { annealEpochs }),
      ...(annealStrategy !== undefined && { annealStrategy }),
    })
    curve.forEach((rates, i) => {
      if (i > 0) scheduler.step()
      rates.forEach((lr, g) => expect(optimizer.paramGroups[g]?.lr).toBeCloseTo(lr, 10))
    })
    expect(scheduler.stateDict()).toMatchObject({
      anneal_epochs: state['anneal_epochs'],
      _anneal_strategy: state['_anneal_strategy'],
      last_epoch: state['last_epoch'],
    })
  })

  it('refuses options outside of their range', () => {
    const optimizer = new SGD([zeros([2])], { lr: 1 })
    expect(() => new swaUtils.SWALR(optimizer, -1)).toThrow(/swaLr must be a number ≥ 0/)
    expect(() => new swaUtils.SWALR(optimizer, 1, 1.5)).toThrow(/annealEpochs must be a whole/)
    expect(() => new swaUtils.SWALR(optimizer, 1, 1, 'sine' as never)).toThrow(/not "sine"/)
  })
})
