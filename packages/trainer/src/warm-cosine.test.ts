import * as nn from '@flambeau/nn'
import { AdamW } from '@flambeau/optim'
import { expect, test } from 'vitest'
import { warmCosine } from './warm-cosine.ts'

const optimizerOf = (lr: number): AdamW => new AdamW(new nn.Linear(2, 1).parameters(), { lr })
const rate = (optimizer: AdamW): number => optimizer.paramGroups[0]?.lr ?? Number.NaN

test('rises for a twentieth of the steps, then falls to almost nothing', () => {
  const optimizer = optimizerOf(7)
  const { scheduler } = warmCosine(optimizer, 0.2, 200)
  const rates = Array.from({ length: 200 }, () => {
    const now = rate(optimizer)
    scheduler.step()
    return now
  })
  expect(rates[0]).toBeCloseTo(0.2 / 11)
  expect(rates.indexOf(Math.max(...rates))).toBe(10)
  expect(rates[10]).toBeCloseTo(0.2, 2)
  expect(rates[100]).toBeCloseTo(0.1, 3)
  expect(rates[199]).toBeLessThan(0.001)
})

test('has the rate that it is given now, where the run was', () => {
  const [before, after] = [optimizerOf(1), optimizerOf(1)]
  const first = warmCosine(before, 1e30, 100)
  for (let i = 0; i < 50; i++) first.scheduler.step()
  const second = warmCosine(after, 0.2, 100)
  after.loadStateDict(before.stateDict())
  second.scheduler.loadStateDict(first.scheduler.stateDict() as never)
  expect(rate(after)).toBeGreaterThan(1e29)
  second.callback.onEpochStart?.(2)
  expect(rate(after)).toBeCloseTo(0.1, 3)
})
