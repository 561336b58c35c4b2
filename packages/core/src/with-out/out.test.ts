import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Tensor } from '../index.ts'
import {
  add,
  arange,
  asStrided,
  cat,
  DTypeError,
  empty,
  exp,
  linalg,
  matmul,
  max,
  mul,
  ones,
  ShapeError,
  sort,
  special,
  sum,
  tensor,
  ValueError,
  vmap,
  zeros,
} from '../index.ts'

const floats = (...values: number[]): Tensor => tensor(values, { dtype: 'float32' })

describe('out', () => {
  it('is written into and returned', () => {
    const out = zeros([3])
    const kept = out.view(3)
    const given = add(floats(1, 2, 3), floats(10, 20, 30), { out })
    expect(given).toBe(out)
    expect(kept.tolist()).toEqual([11, 22, 33])
  })

  it('goes with other options, and after positions', () => {
    const out = zeros([2])
    add(floats(1, 2), floats(3, 4), { alpha: 2, out })
    expect(out.tolist()).toEqual([7, 10])
    sum(ones([2, 3]), 1, { out })
    expect(out.tolist()).toEqual([3, 3])
    sum(ones([2, 4]), { dim: 1, out })
    expect(out.tolist()).toEqual([4, 4])
    cat([floats(5), floats(6)], { out })
    expect(out.tolist()).toEqual([5, 6])
  })

  it('takes the shape of the result', () => {
    const out = empty([0])
    expect(exp(zeros([2, 2]), { out })).toBe(out)
    expect(out.tolist()).toEqual([
      [1, 1],
      [1, 1],
    ])
    zeros([3], { out })
    expect(out.tolist()).toEqual([0, 0, 0])
  })

  it('does not take away what was given', () => {
    const x = floats(1, 2)
    const out = empty([0])
    matmul(x, floats(1, 1), { out })
    expect(x.tolist()).toEqual([1, 2])
    expect(out.tolist()).toBe(3)
  })

  it('may be an input, or lie in its memory', () => {
    const x = floats(1, 2, 3, 4)
    add(x, x, { out: x })
    expect(x.tolist()).toEqual([2, 4, 6, 8])
    mul(x.narrow(0, 0, 3), 10, { out: x.narrow(0, 1, 3) })
    expect(x.tolist()).toEqual([2, 20, 40, 60])
  })

  it('has strides of its own', () => {
    const out = zeros([2, 2])
    add(floats(1, 2), floats(0, 0), { out: out.select(1, 1) })
    expect(out.tolist()).toEqual([
      [0, 1],
      [0, 2],
    ])
  })

  it('converts the dtype upwards', () => {
    const out = empty([2], { dtype: 'float64' })
    add(floats(1, 2), 1, { out })
    expect(out.dtype).toBe('float64')
    expect(out.tolist()).toEqual([2, 3])
    const whole = empty([2], { dtype: 'int64' })
    expect(() => add(floats(1, 2), 1, { out: whole })).toThrow(DTypeError)
    expect(() => add(floats(1, 2), 1, { out: whole })).toThrow(/float32 cannot be stored in int64/)
  })

  it('is a list where there are several results', () => {
    const [values, indices] = [empty([0]), empty([0], { dtype: 'int64' })]
    const result = sort(floats(3, 1, 2), { out: [values, indices] })
    expect(result[0]).toBe(values)
    expect(result.indices).toBe(indices)
    expect(indices.tolist()).toEqual([1, 2, 0])
    const best = max(tensor([[1, 5]]), 1, { out: [values, indices] })
    expect(best.values.tolist()).toEqual([5])
    expect(() => sort(floats(1), { out: [values] })).toThrow(ValueError)
  })

  it('is there in namespaces', () => {
    const out = empty([0])
    linalg.inv(tensor([[2]], { dtype: 'float32' }), { out })
    expect(out.tolist()).toEqual([[0.5]])
    special.expit(zeros([1]), { out })
    expect(out.tolist()).toEqual([0.5])
  })

  it('is left alone where it is null', () => {
    // @ts-expect-error: null is no tensor, but what Python's None stands for
    expect(exp(zeros([1]), { out: null }).tolist()).toEqual([1])
  })

  it('refuses what it cannot be', () => {
    // @ts-expect-error: not a tensor
    expect(() => exp(zeros([1]), { out: 3 })).toThrow(/exp.*out must be a tensor/s)
    const view = zeros([4]).narrow(0, 0, 2)
    expect(() => exp(zeros([3]), { out: view })).toThrow(ShapeError)
    const spread = asStrided(zeros([1]), [3], [0])
    expect(() => exp(zeros([3]), { out: spread })).toThrow(/exp/)
    // @ts-expect-error: no such option
    expect(() => exp(zeros([3]), { into: view })).not.toThrow()
  })

  it('cannot hold what vmap computes of many', () => {
    const doubled = vmap((x: Tensor) => add(x, x, { out: empty([0]) }))
    expect(() => doubled(arange(3))).toThrow(/one of many that vmap computes/)
    const mapped = vmap((x: Tensor) => add(x, x, { out: x.clone() }))
    expect(mapped(arange(3)).tolist()).toEqual([0, 2, 4])
  })

  it('has types', () => {
    expectTypeOf(add).toBeCallableWith(ones([1]), ones([1]), { out: ones([1]) })
    expectTypeOf(sum).toBeCallableWith(ones([1]), { dim: 0, out: ones([1]) })
    expectTypeOf(exp(ones([1]), { out: ones([1]) })).toExtend<Tensor>()
  })
})
