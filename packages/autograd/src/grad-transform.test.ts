import type { Tensor } from '@flambeau/core'
import { arange, DTypeError, ShapeError, stack, tensor, ValueError, vmap } from '@flambeau/core'
import { assertClose } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import { grad, gradAndValue, gradcheck, noGrad } from './index.ts'

const values = (...shape: number[]): Tensor => {
  const count = shape.reduce((a, b) => a * b, 1)
  return arange(count).double().mul(0.7).add(0.2).sin().reshape(shape)
}

const loss = (w: Tensor, x: Tensor, y: Tensor): Tensor => x.matmul(w).tanh().sub(y).square().sum()

/** Gradients by `w`, computed sample by sample. */
function oneByOne(w: Tensor, xs: Tensor, ys: Tensor): Tensor {
  const rows = Array.from({ length: xs.size(0) }, (_, i) => {
    const leaf = w.detach().clone().requiresGrad_()
    return grad(loss(leaf, xs.select(0, i), ys.select(0, i)), leaf)[0] as Tensor
  })
  return stack(rows)
}

describe('grad of a function', () => {
  it('is the function that computes its gradient', () => {
    const w = values(3, 2)
    const x = values(3)
    const y = values(2)
    const leaf = w.clone().requiresGrad_()
    const [expected] = grad(loss(leaf, x, y), leaf)
    const got = grad(loss)(w, x, y)
    assertClose(got, expected as Tensor)
    expect([got.requiresGrad, w.requiresGrad]).toEqual([false, false])
    assertClose(
      noGrad(() => grad(loss)(w, x, y)),
      expected as Tensor,
    )
  })

  it('differentiates by the arguments that argnums names, of any structure', () => {
    const fn = (p: { w: Tensor; b: Tensor }, x: Tensor): Tensor => x.mul(p.w).add(p.b).sum()
    const p = { w: values(2), b: values(2) }
    const x = values(2).add(1)
    const [dp, dx] = grad<Parameters<typeof fn>, [typeof p, Tensor]>(fn, [0, 1])(p, x)
    assertClose(dp.w, x)
    expect(dp.b.tolist()).toEqual([1, 1])
    assertClose(dx, p.w)
    assertClose(grad<Parameters<typeof fn>, Tensor>(fn, { argnums: -1 })(p, x), p.w)
  })

  it('is that of each of many samples, also through what has no rule in vmap', () => {
    const samples = values(20, 2, 3)
    const fn = (w: Tensor, x: Tensor): Tensor => w.mul(x).cumsum(1).square().sum()
    const looped = stack(samples.unbind().map((x) => grad(fn)(values(2, 3), x)))
    const perSample = vmap(grad(fn), { inDims: [null, 0] })
    assertClose(perSample(values(2, 3), samples), looped)
    const leaf = samples.clone().requiresGrad_()
    leaf
      .unbind()
      .reduce((sum, part, i) => sum.add(part.mul(i)), tensor(0))
      .sum()
      .backward()
    assertClose(leaf.grad as Tensor, arange(20).double().reshape(20, 1, 1).expand(20, 2, 3))
  })

  it('passes on what else the function returns', () => {
    const fn = (x: Tensor): [Tensor, { twice: Tensor }] => [x.square().sum(), { twice: x.mul(2) }]
    const [dx, aux] = grad<[Tensor], [Tensor, { twice: Tensor }]>(fn, { hasAux: true })(values(2))
    assertClose(dx, aux.twice)
    const [again, [value]] = gradAndValue(fn, 0, true)(values(2))
    assertClose(again, dx)
    assertClose(value, values(2).square().sum())
    expect(gradAndValue((x: Tensor) => x.sum())(values(2))[1].requiresGrad).toBe(false)
  })

  it('nests, and is part of the graph where its arguments are', () => {
    const cube = (x: Tensor): Tensor => x.pow(3).sum()
    const x = tensor(2, { dtype: 'float64' })
    expect(grad(grad(cube))(x).item()).toBe(12)
    expect(grad(grad(grad(cube)))(x).item()).toBe(6)
    // By a variable of the outer function that the inner one closes over.
    const mixed = (a: Tensor): Tensor => grad((b: Tensor) => b.mul(b).mul(a).sum())(a)
    expect(grad(mixed)(x).item()).toBe(8)
    const leaf = values(3).requiresGrad_()
    expect(gradcheck((a: Tensor) => grad(cube)(a).mul(a), [leaf])).toBe(true)
  })

  it('is zero where the output does not depend on the argument', () => {
    expect(grad((_x: Tensor) => tensor(3, { dtype: 'float64' }))(values(2)).tolist()).toEqual([
      0, 0,
    ])
  })

  it('says what does not fit', () => {
    expect(() => grad((x: Tensor) => x.mul(2))(values(2))).toThrow(ShapeError)
    expect(() => grad((x: Tensor) => x.mul(2))(values(2))).toThrow(/the output has 2 elements/)
    expect(() => grad((x: Tensor) => x.sum())(tensor([1, 2]))).toThrow(DTypeError)
    expect(() => grad((_x: Tensor) => 3)(values(2))).toThrow(/the function must return a tensor/)
    expect(() => grad((x: Tensor) => x.sum(), 1)(values(2))).toThrow(/argnums name argument 1 of 1/)
    expect(() => grad((x: Tensor) => x.sum(), 0.5)(values(2))).toThrow(ValueError)
  })
})

describe('gradients inside of vmap', () => {
  const w = values(3, 2)
  const xs = values(4, 3)
  const ys = values(4, 2)

  it('are those of each sample', () => {
    const perSample = vmap(grad(loss), { inDims: [null, 0, 0] })(w, xs, ys)
    assertClose(perSample, oneByOne(w, xs, ys))
    expect(perSample.requiresGrad).toBe(false)
    const [gradients, losses] = vmap(gradAndValue(loss), { inDims: [null, 0, 0] })(w, xs, ys)
    assertClose(gradients, perSample)
    expect(losses.shape).toEqual([4])
  })

  it('are those of each sample where weights differ too, and in nested calls', () => {
    const ws = stack([w, w.mul(2)])
    const table = vmap((one: Tensor) => vmap(grad(loss), { inDims: [null, 0, 0] })(one, xs, ys))(ws)
    assertClose(table, stack([oneByOne(w, xs, ys), oneByOne(w.mul(2), xs, ys)]))
    const turned = vmap(
      (x: Tensor, y: Tensor) => vmap(grad(loss), { inDims: [0, null, null] })(ws, x, y),
      { outDims: 1 },
    )(xs, ys)
    assertClose(turned, table)
  })

  it('give Hessians', () => {
    const fn = (x: Tensor): Tensor => x.sin().mul(x.sum()).sum()
    const rows = vmap((x: Tensor, v: Tensor) =>
      grad((one: Tensor) => grad(fn)(one).mul(v).sum())(x),
    )(xs, xs)
    const expected = Array.from({ length: 4 }, (_, i) => {
      const x = xs.select(0, i)
      return grad((one: Tensor) => grad(fn)(one).mul(x).sum())(x)
    })
    assertClose(rows, stack(expected))
  })

  it('flow through vmap to what is outside', () => {
    const leaf = w.clone().requiresGrad_()
    const mapped = vmap(loss, { inDims: [null, 0, 0] })(leaf, xs, ys)
    expect(mapped.requiresGrad).toBe(true)
    const [total] = grad(mapped.sum(), leaf)
    assertClose(total as Tensor, oneByOne(w, xs, ys).sum(0))
    const fn = (a: Tensor, b: Tensor): Tensor =>
      vmap((row: Tensor) => row.mul(b).softmax(0).cumsum(0).add(row.select(0, 0)))(a)
    expect(gradcheck(fn, [xs.clone().requiresGrad_(), values(3).requiresGrad_()])).toBe(true)
    // By sample, where no rule covers the operation.
    const sorted = (a: Tensor): Tensor => vmap((row: Tensor) => row.sort().values.mul(row))(a)
    expect(gradcheck(sorted, [xs.clone().requiresGrad_()])).toBe(true)
    // Written in place.
    const written = (a: Tensor): Tensor =>
      vmap((row: Tensor) => {
        const y = row.mul(2)
        y.narrow(0, 0, 2).mul_(row.narrow(0, 1, 2))
        return y.sin_()
      })(a)
    expect(gradcheck(written, [xs.clone().requiresGrad_()])).toBe(true)
  })

  it('are asked for of functions, not of tensors', () => {
    expect(() => vmap((x: Tensor) => grad(x.requiresGrad_().sum(), x)[0] as Tensor)(xs)).toThrow(
      /inside of vmap/,
    )
  })
})
