import type { Tensor } from '@flambeau/core'
import { AutogradError, memoryStats, scope, tensor } from '@flambeau/core'
import { inPlaceOf } from '@flambeau/core/internal'
import { describe, expect, it } from 'vitest'
import { gradcheck, gradgradcheck, noGrad } from './index.ts'

function leaf(values: number[]): Tensor {
  return tensor(values, { dtype: 'float64', requiresGrad: true })
}
const ones = (n: number): Tensor => tensor(Array.from({ length: n }, () => 1)).to('float64')

describe('a tensor saved for backward', () => {
  it('and changed since stops the pass, naming the operation and the tensor', () => {
    const x = leaf([1, 2])
    const y = x.mul(2)
    const z = y.mul(y)
    y.add_(1)
    y.add_(1)
    expect(() => z.backward(ones(2))).toThrow(
      /backward: '(input|other)' of mul, needed for its gradient, was modified by an in-place operation \(add_\): it is at version 2, expected 0[\s\S]*fix: use the form without underscore/,
    )
  })

  it('and changed through a view stops the pass too', () => {
    const x = leaf([1, 2])
    const w = tensor([3, 4], { dtype: 'float64' })
    const y = x.mul(w)
    w.select(0, 1).fill_(7)
    expect(() => y.backward(ones(2))).toThrow(
      /'other' of mul, .* modified by an in-place operation \(fill_\): it is at version 1, expected 0/,
    )
  })

  it('may change where its value is not needed', () => {
    const x = leaf([1, 2])
    const w = tensor([3, 4], { dtype: 'float64' })
    const y = x.add(w)
    w.fill_(7)
    y.backward(ones(2))
    expect(x.grad?.tolist()).toEqual([1, 1])
  })

  it('as an output is watched as well', () => {
    const x = leaf([1, 2])
    const y = x.exp()
    y.mul_(2)
    expect(() => y.backward(ones(2))).toThrow(/'out' of exp, needed for its gradient, was modified/)
  })
})

describe('a leaf', () => {
  it('cannot be changed in place while operations are recorded', () => {
    const x = leaf([1, 2])
    expect(() => x.mul_(2)).toThrow(AutogradError)
    expect(() => x.mul_(2)).toThrow(
      /mul_: a leaf that requires a gradient cannot be changed in place while operations are recorded[\s\S]*fix: wrap the update in noGrad\(\)/,
    )
    expect(x.tolist()).toEqual([1, 2])
    noGrad(() => x.mul_(2))
    expect(x.tolist()).toEqual([2, 4])
  })

  it('that needs no gradient becomes part of the graph', () => {
    const x = leaf([1, 2])
    const buffer = tensor([1, 1], { dtype: 'float64' })
    buffer.mul_(x)
    expect(buffer.requiresGrad).toBe(true)
    expect(buffer.gradFn?.name).toBe('MulBackward')
    buffer.backward(ones(2))
    expect(x.grad?.tolist()).toEqual([1, 1])
  })
})

describe('the history of views', () => {
  it('follows a write into the view, its base or a sister', () => {
    const x = leaf([1, 2, 3])
    const y = x.mul(2)
    const view = y.narrow(0, 0, 2)
    const sister = y.narrow(0, 1, 2)
    expect(view.gradFn?.name).toBe('SliceBackward')
    view.mul_(5)
    expect(y.gradFn?.name).toBe('CopySlices')
    expect(view.gradFn?.name).toBe('AsStridedBackward')
    expect(sister.gradFn?.name).toBe('AsStridedBackward')
    sister.sum().backward()
    expect(x.grad?.tolist()).toEqual([0, 10, 2])
  })

  it('keeps no memory alive when the graph is gone', () => {
    const x = leaf([1, 2, 3])
    const before = memoryStats().tensors
    scope(() => {
      const base = x.mul(1)
      for (let i = 0; i < 100; i++) {
        const view = base.narrow(0, 0, 2)
        // What the product saves is a view of the tensor whose history comes to hold the product.
        base.narrow(0, 1, 2).add_(view.mul(view))
      }
    })
    expect(memoryStats().tensors).toBe(before)
  })

  it('is found through many writes', () => {
    const x = leaf([1, 1])
    scope(() => {
      const base = x.mul(1)
      const view = base.narrow(0, 0, 1)
      for (let i = 0; i < 20_000; i++) view.add_(0)
      base.sum().backward()
    })
    expect(x.grad?.tolist()).toEqual([1, 1])
  })
})

describe('gradients through in-place operations', () => {
  it('are those of the plain form', () => {
    const x = leaf([0.5, 1.5])
    const w = leaf([2, 0.25])
    const fn = (a: Tensor, b: Tensor): Tensor => {
      const y = a.mul(1.5)
      y.mul_(b)
      y.add_(a)
      y.mul_(y)
      return y.mul(b)
    }
    expect(gradcheck(fn, [x, w])).toBe(true)
    expect(gradgradcheck(fn, [x, w])).toBe(true)
  })

  it('hold where an operand is the target', () => {
    const x = leaf([0.5, 1.5])
    expect(
      gradcheck(
        (a: Tensor) => {
          const y = a.mul(2)
          return y.mul_(y)
        },
        [x],
      ),
    ).toBe(true)
  })

  it('hold for the in-place form of a composite function', () => {
    const scale_ = inPlaceOf('scale_', (self, by: Tensor) => self.mul(self).mul(by))
    const x = leaf([0.5, 1.5])
    const w = leaf([2, 0.25])
    const fn = (a: Tensor, b: Tensor): Tensor => scale_(scale_(a.mul(1.5), b), a).mul(b)
    expect(gradcheck(fn, [x, w])).toBe(true)
    expect(gradgradcheck(fn, [x, w])).toBe(true)
    expect(() => scale_(x, w)).toThrow(/scale_: a leaf that requires a gradient/)
    expect(x.tolist()).toEqual([0.5, 1.5])
  })

  it('have the dtype of the source', () => {
    const x = tensor([1, 2], { dtype: 'float32', requiresGrad: true })
    const y = tensor([0, 0], { dtype: 'float64' })
    y.copy_(x)
    y.backward(ones(2))
    expect(x.grad?.dtype).toBe('float32')
  })
})
