import { ones, profiler } from '@flambeau/core'
import { expect, it } from 'vitest'
import './index.ts'

it('a profile attributes what a backward pass does to the derivatives', () => {
  const w = ones([8, 8], { requiresGrad: true })
  const seen = profiler.profile(() => w.matmul(w).exp().sum().backward())
  const events = seen.events()
  const backward = events.find(({ name }) => name === 'backward')
  const node = events.find(({ name }) => name === 'MatmulBackward')
  expect(node?.depth).toBe((backward?.depth ?? Number.NaN) + 1)
  const inside = events.filter(
    ({ name, start, depth }) =>
      name === 'matmul' &&
      depth === (node?.depth ?? 0) + 1 &&
      start >= (node?.start ?? 0) &&
      start <= (node?.start ?? 0) + (node?.duration ?? 0),
  )
  expect(inside.length).toBeGreaterThanOrEqual(2)
  expect(events.map(({ name }) => name)).toContain('AccumulateGrad')
  expect(w.grad?.shape).toEqual([8, 8])
})
