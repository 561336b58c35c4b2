import { describe, expect, it } from 'vitest'
import { assertClose } from '../testing/index.ts'
import type { Tensor } from '../index.ts'
import {
  arange,
  collectGarbage,
  dropout,
  manualSeed,
  memoryStats,
  rand,
  scope,
  ShapeError,
  stack,
  tensor,
  ValueError,
  vmap,
  zeros,
} from '../index.ts'

const x = (): Tensor => arange(6).float().reshape(3, 2)

describe('vmap', () => {
  it('hides the axis of the samples from the function', () => {
    const seen: unknown[] = []
    const result = vmap(
      (row: Tensor, factor: number) => {
        seen.push(row.shape, row.ndim, row.numel(), row.stride(), row.isContiguous())
        return row.mul(factor)
      },
      [0, null],
    )(x(), 10)
    expect(seen).toEqual([[2], 1, 2, [1], true])
    expect(result.tolist()).toEqual(x().mul(10).tolist())
  })

  it('takes the samples from any axis and puts them into any', () => {
    const sums = vmap((column: Tensor) => column.sum(), { inDims: 1 })(x())
    expect(sums.tolist()).toEqual([6, 9])
    const turned = vmap((row: Tensor) => row.mul(2), { outDims: -1 })(x())
    expect(turned.tolist()).toEqual(x().mul(2).t().tolist())
    const both = vmap((a: Tensor, b: Tensor) => [a.add(b), a.sum()], {
      inDims: [0, -1],
      outDims: [1, 0],
    })(x(), x().t())
    expect(both.map((one) => one.tolist())).toEqual([
      [
        [0, 4, 8],
        [2, 6, 10],
      ],
      [1, 5, 9],
    ])
  })

  it('maps tensors in arrays and objects', () => {
    const fn = ({ w, b }: { w: Tensor; b: Tensor }, [a, n]: [Tensor, number]) => ({
      out: w.mul(a).add(b).mul(n),
      parts: [w, { a }],
    })
    const result = vmap(fn, { inDims: [{ w: null, b: null }, [0, null]] })(
      { w: tensor([2, 3]), b: tensor([1, 1]) },
      [x(), 2],
    )
    expect(result.out.tolist()).toEqual(
      x()
        .mul(tensor([2, 3]))
        .add(1)
        .mul(2)
        .tolist(),
    )
    const [w, { a }] = result.parts as [Tensor, { a: Tensor }]
    expect([w.shape, a.tolist()]).toEqual([[3, 2], x().tolist()])
  })

  it('keeps the names of several results', () => {
    const { values, indices } = vmap((row: Tensor) => row.max(0))(x())
    expect([values.tolist(), indices.tolist()]).toEqual([
      [1, 3, 5],
      [1, 1, 1],
    ])
  })

  it('nests', () => {
    const a = x()
    const b = arange(8).float().reshape(4, 2)
    const table = vmap((row: Tensor) => vmap((other: Tensor) => row.dot(other))(b))(a)
    assertClose(table, a.matmul(b.t()))
    const inner = vmap((row: Tensor) =>
      vmap((one: Tensor) => one.mul(row.sum()).add(a.sum()))(row),
    )(a)
    assertClose(inner, a.mul(a.sum(1, { keepdim: true })).add(a.sum()))
  })

  it('works in chunks', () => {
    const sizes: number[] = []
    const fn = vmap(
      (row: Tensor, all: Tensor) => {
        sizes.push(all.numel())
        return row.mul(all.sum())
      },
      { inDims: [0, null], outDims: 1, chunkSize: 2 },
    )
    assertClose(fn(x(), x()), x().mul(15).t())
    expect(sizes).toHaveLength(2)
  })

  it('has a result for no samples', () => {
    expect(vmap((row: Tensor) => row.sin().matmul(row))(zeros([0, 3])).shape).toEqual([0])
    expect(vmap((row: Tensor) => row.cummax(0).values)(zeros([0, 3])).shape).toEqual([0, 3])
  })

  it('changes tensors of the samples in place, and views of them', () => {
    const result = vmap((row: Tensor) => {
      const y = row.clone()
      y.narrow(0, 0, 1).add_(row.sum())
      y.select(0, 1).mul_(10)
      y.at('1:').sub_(1)
      y.unsqueeze_(0).squeeze_()
      return y
    })(x())
    expect(result.tolist()).toEqual([
      [1, 9],
      [7, 29],
      [13, 49],
    ])
    const y = x()
    vmap((row: Tensor) => row.mul_(2))(y)
    expect(y.tolist()).toEqual(x().mul(2).tolist())
  })

  it('leaves nothing behind', () => {
    const fn = vmap((row: Tensor) => row.softmax(0).cumsum(0).topk(1).values)
    scope(() => fn(x()))
    collectGarbage()
    const before = memoryStats().tensors
    for (let i = 0; i < 20; i++) scope(() => fn(x()))
    collectGarbage()
    expect(memoryStats().tensors).toBeLessThanOrEqual(before)
    const kept = scope(() => fn(x()))
    expect(kept.shape).toEqual([3, 1])
  })
})

describe('random numbers in vmap', () => {
  it('are refused unless it is said how they are meant', () => {
    expect(() => vmap((row: Tensor) => row.add(rand([2])))(x())).toThrow(
      /uniform: random numbers inside of vmap may be different for each sample or the same[\s\S]*randomness: 'different'/,
    )
    expect(() => vmap((row: Tensor) => dropout(row, 0.5, true))(x())).toThrow(ValueError)
  })

  it('are different for each sample, or the same', () => {
    const noise = (row: Tensor): Tensor => row.mul(0).add(rand([2]))
    manualSeed(1)
    const different = vmap(noise, { randomness: 'different' })(x())
    manualSeed(1)
    expect(different.tolist()).toEqual(rand([3, 2]).tolist())
    manualSeed(1)
    const same = vmap(noise, { randomness: 'same' })(x())
    manualSeed(1)
    const one = rand([2]).tolist()
    expect(same.tolist()).toEqual([one, one, one])
    const dropped = vmap((row: Tensor) => dropout(row.mul(0).add(1), 0.5, true), {
      randomness: 'same',
    })(zeros([4, 64]))
    expect(dropped.sub(dropped.select(0, 0)).abs().sum().item()).toBe(0)
    const filled = vmap((row: Tensor) => row.clone().uniform_(), { randomness: 'different' })(x())
    expect(filled.select(0, 0).equal(filled.select(0, 1))).toBe(false)
    const shared = zeros([2])
    expect(() =>
      vmap((row: Tensor) => row.add(shared.uniform_()), { randomness: 'different' })(x()),
    ).toThrow(/a tensor that all samples of vmap share cannot be filled differently/)
  })
})

describe('what vmap refuses', () => {
  it('looking at values, and keeping tensors of the samples', () => {
    expect(() => vmap((row: Tensor) => row.mul(row.sum().item()))(x())).toThrow(
      /item: input stands for 3 samples inside of vmap, which cannot be looked into there[\s\S]*fix: do it outside of vmap/,
    )
    expect(() => vmap((row: Tensor) => row.nonzero())(x())).toThrow(ValueError)
    let kept: Tensor | undefined
    vmap((row: Tensor) => (kept = row.mul(2)))(x())
    expect(() => kept?.tolist()).toThrow(/tolist: input belongs to a call of vmap that is over/)
    expect(() => kept?.add(1)).toThrow(/./)
    expect(() => vmap((row: Tensor) => row.add(kept!))(x())).toThrow(
      /add: an input belongs to a call of vmap that is over/,
    )
    expect(
      String(vmap((row: Tensor) => (expect(String(row)).toMatch(/one of 3 in vmap/), row))(x())),
    ).toMatch(/^tensor/)
  })

  it('writing to what all samples share, or to a view that it had to copy', () => {
    const shared = zeros([2])
    expect(() => vmap((row: Tensor) => shared.add_(row))(x())).toThrow(
      /add_: a tensor that all samples of vmap share cannot be changed by one of them/,
    )
    expect(() =>
      vmap((value: Tensor) => value.diagonal().view(-1).mul_(2))(zeros([2, 2, 2])),
    ).not.toThrow()
  })

  it('dims that do not fit', () => {
    const fn = (a: Tensor, ..._rest: unknown[]): Tensor => a
    expect(() => vmap(fn)(x(), 3)).toThrow(/inDims name axis 0 of 3, which is not a tensor/)
    expect(() => vmap(fn, 2)(x())).toThrow(/inDims names axis 2, outside \[-2, 1\]/)
    expect(() => vmap(fn, [0, 0])(x())).toThrow(/inDims \[0,0\] do not have the structure of/)
    expect(() => vmap(fn, [null])(x())).toThrow(/vmap: no argument is mapped/)
    expect(() => vmap(fn)(x(), zeros([4]))).toThrow(ShapeError)
    expect(() => vmap(fn)(x(), zeros([4]))).toThrow(
      /the samples' axes have different sizes, 3 and 4/,
    )
    expect(() => vmap(fn, 0, 2)(x())).toThrow(/outDims names axis 2, outside/)
    expect(() => vmap(fn, 0, [0, 0])(x())).toThrow(/outDims \[0,0\] do not have the structure/)
    expect(() => vmap(fn, 0, null)(x())).toThrow(/outDims say null of a result that is different/)
    expect(vmap((_row: Tensor) => tensor([1, 2]), 0, null)(x()).tolist()).toEqual([1, 2])
  })

  it('functions and options of other kinds', () => {
    expect(() => vmap(3 as never)).toThrow(/fn must be a function, not 3/)
    expect(() => vmap((_row: Tensor) => 3)(x())).toThrow(
      /the function returned 3, which is not a tensor/,
    )
    expect(() => vmap(async (a: Tensor) => a)(x())).toThrow(/the function returned a promise/)
    expect(() => vmap((a: Tensor) => a, { randomness: 'often' } as never)).toThrow(ValueError)
    expect(() => vmap((a: Tensor) => a, { chunkSize: 0 })).toThrow(/chunkSize must be a whole/)
    expect(() => vmap((a: Tensor) => a, { dims: 0 } as never)).toThrow(/there is no option 'dims'/)
  })

  it('and is in order after an error', () => {
    expect(() =>
      vmap((_row: Tensor): Tensor => {
        throw new Error('mine')
      })(x()),
    ).toThrow('mine')
    expect(stack([rand([2])]).shape).toEqual([1, 2])
    expect(vmap((row: Tensor) => row.sum())(x()).tolist()).toEqual([1, 5, 9])
  })
})
