import { add, AutogradError, exp, zeros } from '@flambeau/core'
import { expect, it } from 'vitest'
import { noGrad } from './index.ts'

it('out refuses tensors that want a gradient', () => {
  const x = zeros([2], { requiresGrad: true })
  const out = zeros([2])
  expect(() => exp(x, { out })).toThrow(AutogradError)
  expect(() => add(out, x, { out })).toThrow(/^add: what is written/)
  expect(() => exp(out, { out: x })).toThrow(/what is written into out has no gradient/)
  expect(noGrad(() => exp(x, { out })).tolist()).toEqual([1, 1])
  expect(out.requiresGrad).toBe(false)
})

it('out is the same tensor in the graph that reads it later', () => {
  const w = zeros([2], { requiresGrad: true })
  const out = zeros([2])
  exp(zeros([2]), { out })
  w.mul(out).sum().backward()
  expect(w.grad?.tolist()).toEqual([1, 1])
})
