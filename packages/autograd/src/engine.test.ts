import type { Tensor } from '@flambeau/core'
import { AutogradError, DisposedError, ShapeError, tensor, varMean } from '@flambeau/core'
import { defineOp, runMany } from '@flambeau/core/internal'
import { describe, expect, it } from 'vitest'
import { backward, grad, gradcheck, gradgradcheck } from './index.ts'

function leaf(values: number[] | number[][] | number): Tensor {
  return tensor(values, { dtype: 'float64', requiresGrad: true })
}

function thrown(body: () => unknown): Error {
  try {
    body()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

describe('backward', () => {
  it('adds to the gradient that a leaf has', () => {
    const x = leaf([1, 2, 3])
    x.mul(x).sum().backward()
    expect(x.grad?.tolist()).toEqual([2, 4, 6])
    x.mul(10).sum().backward()
    expect(x.grad?.tolist()).toEqual([12, 14, 16])
  })

  it('gives a leaf memory of its own when the gradient was expanded', () => {
    const x = leaf([1, 2, 3])
    x.sum().backward()
    expect(x.grad?.stride()).toEqual([1])
    x.mul(tensor([1, 2, 3], { dtype: 'float64' }))
      .sum()
      .backward()
    expect(x.grad?.tolist()).toEqual([2, 3, 4])
  })

  it('adds an expanded gradient to another one in any order of arrival', () => {
    for (const build of [
      (x: Tensor) => x.sum().add(x.mul(x).sum()),
      (x: Tensor) => x.mul(x).sum().add(x.sum()),
      (x: Tensor) => x.sum().add(x.sum()).add(x.sum()),
    ]) {
      const x = leaf([1, 2, 3])
      const y = build(x)
      y.backward()
      const [expected] = grad(build(x), [x])
      expect(x.grad?.tolist()).toEqual(expected?.tolist())
    }
    const x = leaf([1, 2, 3])
    x.sum().add(x.mul(x).sum()).backward()
    expect(x.grad?.tolist()).toEqual([3, 5, 7])
  })

  it('leaves the gradient it was given as it was', () => {
    const x = leaf([1, 2])
    const upstream = tensor([1, 1], { dtype: 'float64' })
    const y = x.add(0)
    y.add(x).backward(upstream)
    expect(x.grad?.tolist()).toEqual([2, 2])
    expect(upstream.tolist()).toEqual([1, 1])
    x.grad?.mul_(0)
    expect(upstream.tolist()).toEqual([1, 1])
  })

  it('counts every use of an input', () => {
    const x = leaf([2, 3])
    const y = x.mul(x).mul(x)
    y.backward(tensor([1, 1], { dtype: 'float64' }))
    expect(x.grad?.tolist()).toEqual([12, 27])
  })

  it('waits for all users of a tensor before it goes on', () => {
    const x = leaf(2)
    let a = x.mul(1)
    for (let i = 0; i < 20; i++) a = a.add(a)
    a.backward()
    expect(x.grad?.item()).toBe(2 ** 20)
  })

  it('sums gradients back over broadcast axes', () => {
    const row = leaf([1, 2, 3])
    const column = leaf([[1], [2]])
    const scalar = leaf(2)
    row.mul(column).mul(scalar).sum().backward()
    expect(row.grad?.tolist()).toEqual([6, 6, 6])
    expect(column.grad?.tolist()).toEqual([[12], [12]])
    expect(scalar.grad?.item()).toBe(18)
    expect(scalar.grad?.shape).toEqual([])
  })

  it('is the gradient of a leaf itself', () => {
    const x = leaf(3)
    x.backward()
    expect(x.grad?.item()).toBe(1)
  })

  it('frees the saved tensors, and says so at a second pass', () => {
    const x = leaf([1, 2])
    const y = x.mul(x).sum()
    y.backward()
    const error = thrown(() => y.backward())
    expect(error).toBeInstanceOf(AutogradError)
    expect(error.message).toMatch(/already used for a backward pass, which freed/)
    expect(error.message).toMatch(/fix: pass \{ retainGraph: true \}/)
    expect(x.grad?.tolist()).toEqual([2, 4])
  })

  it('runs again with retainGraph', () => {
    const x = leaf([1, 2])
    const y = x.mul(x).sum()
    y.backward(null, { retainGraph: true })
    y.backward()
    expect(x.grad?.tolist()).toEqual([4, 8])
  })

  it('adds to the given inputs only', () => {
    const x = leaf([1, 2])
    const w = leaf([3, 4])
    backward(x.mul(w).sum(), null, { inputs: [w] })
    expect(x.grad).toBeNull()
    expect(w.grad?.tolist()).toEqual([1, 2])
    backward(x.mul(w).sum(), null, { inputs: [w] })
    expect(w.grad?.tolist()).toEqual([2, 4])
  })

  it('starts from several tensors at once', () => {
    const x = leaf([1, 2])
    backward([x.mul(2), x.mul(x).sum()], [tensor([1, 10], { dtype: 'float64' }), null])
    expect(x.grad?.tolist()).toEqual([4, 24])
  })

  it('asks for a gradient where the output has several elements', () => {
    const x = leaf([1, 2])
    expect(() => x.mul(2).backward()).toThrow(
      /backward: the output has 2 elements; without a gradient it must have exactly one[\s\S]*fix: reduce it with sum\(\)/,
    )
    expect(() => x.mul(2).backward(tensor([1, 2, 3], { dtype: 'float64' }))).toThrow(ShapeError)
  })

  it('refuses an output that does not require a gradient', () => {
    expect(() => tensor([1]).mul(2).backward()).toThrow(
      /backward: the output does not require a gradient: no input/,
    )
  })

  it('refuses a disposed output', () => {
    const y = leaf([1]).mul(2)
    y.dispose()
    expect(() => y.backward()).toThrow(DisposedError)
    expect(() => grad([y], [leaf([1])])).toThrow(DisposedError)
  })

  it('sums the gradients of windows in one place', () => {
    const x = leaf([
      [1, 2],
      [3, 4],
      [5, 6],
    ])
    const y = x.mul(2)
    const [a, b, c] = y.unbind() as [Tensor, Tensor, Tensor]
    const parts = [a.mul(10), b.mul(20), c.mul(30), y.narrow(0, 1, 2).mul(100).sum(0)]
    const sum = parts.reduce((total, part) => total.add(part)).sum()
    const other = y.select(1, 1).mul(1000).sum().add(y.mul(7).sum())
    grad(sum.add(other), [x], { retainGraph: true, createGraph: true })
    sum.add(other).backward()
    expect(x.grad?.tolist()).toEqual([
      [34, 2034],
      [254, 2254],
      [274, 2274],
    ])
  })

  it('keeps a given gradient of which windows were taken', () => {
    const x = leaf([1, 2, 3])
    const y = x.mul(1)
    const given = tensor([1, 1, 1], { dtype: 'float64' })
    backward([y, y.narrow(0, 0, 2)], [given, tensor([5, 5], { dtype: 'float64' })])
    expect(given.tolist()).toEqual([1, 1, 1])
    expect(x.grad?.tolist()).toEqual([6, 6, 1])
  })

  it('accumulates into a gradient of another layout', () => {
    const x = tensor(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { dtype: 'float64', requiresGrad: true },
    )
    x.t().mul(x.t()).sum().backward()
    x.mul(2).sum().backward()
    expect(x.grad?.tolist()).toEqual([
      [4, 6, 8],
      [10, 12, 14],
    ])
  })
})

describe('grad', () => {
  it('touches no grad', () => {
    const x = leaf([1, 2])
    const [dx] = grad(x.mul(x).sum(), x)
    expect(dx?.tolist()).toEqual([2, 4])
    expect(x.grad).toBeNull()
  })

  it('differentiates by intermediate results', () => {
    const x = leaf([1, 2])
    const y = x.mul(3)
    const [dy, dx] = grad(y.mul(y).sum(), [y, x])
    expect(dy?.tolist()).toEqual([6, 12])
    expect(dx?.tolist()).toEqual([18, 36])
  })

  it('differentiates several outputs with their weights', () => {
    const x = leaf([1, 2])
    const [dx] = grad([x.mul(2), x.mul(x)], [x], {
      gradOutputs: [tensor([1, 1], { dtype: 'float64' }), tensor([10, 100], { dtype: 'float64' })],
    })
    expect(dx?.tolist()).toEqual([22, 402])
  })

  it('gives the same input twice where it is asked twice', () => {
    const x = leaf([1, 2])
    const [a, b] = grad(x.mul(2).sum(), [x, x])
    expect(a?.tolist()).toEqual([2, 2])
    expect(b?.tolist()).toEqual([2, 2])
  })

  it('wants inputs to be used unless allowUnused says otherwise', () => {
    const x = leaf([1])
    const other = leaf([1])
    expect(() => grad(x.mul(2), [other])).toThrow(
      /grad: the outputs do not depend on this input[\s\S]*inputs\[0\][\s\S]*allowUnused/,
    )
    expect(grad(x.mul(2), [x, other], { allowUnused: true })[1]).toBeNull()
  })

  it('refuses inputs that do not require a gradient', () => {
    const x = leaf([1])
    expect(() => grad(x.mul(2), [tensor([1])])).toThrow(/the input does not require a gradient/)
  })

  it('gives zeros for inputs that are not used where it is asked for them', () => {
    const x = leaf([1, 2])
    const unused = leaf([3])
    const [, zeros] = grad(x.mul(2).sum(), [x, unused], { materializeGrads: true })
    expect(zeros?.tolist()).toEqual([0])
    expect(() => grad(x.sum(), [x], { materializeGrads: true, allowUnused: false })).toThrow(
      /grad: allowUnused is false, but materializeGrads gives zeros/,
    )
  })

  it('runs one pass for each position of batched weights', () => {
    const x = leaf([1, 2, 3])
    const unused = leaf([3])
    const eye = tensor([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ])
    const [rows, none] = grad(x.mul(x), [x, unused], {
      gradOutputs: eye,
      isGradsBatched: true,
      allowUnused: true,
    })
    expect(rows?.tolist()).toEqual([
      [2, 0, 0],
      [0, 4, 0],
      [0, 0, 6],
    ])
    expect(none).toBeNull()
    expect(() => grad(x.sum(), [x], { isGradsBatched: true })).toThrow(
      /with isGradsBatched, all gradOutputs have the same first axis/,
    )
  })

  it('takes its parameters by position too', () => {
    const x = leaf([1, 2])
    const y = x.mul(x)
    const [first] = grad(y, x, tensor([1, 1]).double(), true, true)
    expect(first?.requiresGrad).toBe(true)
    backward(y, tensor([1, 1]).double(), true)
    y.backward(tensor([1, 1]).double(), true)
    y.backward({ gradient: tensor([1, 1]).double(), inputs: x })
    expect(x.grad?.tolist()).toEqual([6, 12])
    expect(() => backward(y, { gradTensors: y, gradVariables: y })).toThrow(
      /gradTensors and gradVariables are the same/,
    )
    expect(() => y.backward({ gradients: y } as never)).toThrow(/there is no option 'gradients'/)
  })

  it('weighs an infinite output by one', () => {
    const x = leaf([0])
    const y = x.log().sum()
    expect(y.item()).toBe(-Infinity)
    expect(grad(y, [x])[0]?.tolist()).toEqual([Infinity])
  })

  it('keeps the parts of the graph that lead to no input out of the pass', () => {
    const x = leaf([2])
    const w = leaf([5])
    const y = x.mul(w)
    const [dx] = grad(y, [x], { retainGraph: true })
    expect(dx?.tolist()).toEqual([5])
    expect(w.grad).toBeNull()
  })
})

describe('createGraph', () => {
  it('gives the Hessian of a cubic', () => {
    // f = Σ x³ + x0 x1 x2: the Hessian has 6 x on its diagonal and the third factor off it.
    const x = leaf([1, 2, 3])
    const product = x.select(0, 0).mul(x.select(0, 1)).mul(x.select(0, 2))
    const f = x.mul(x).mul(x).sum().add(product)
    const [first] = grad(f, [x], { createGraph: true })
    expect(first?.tolist()).toEqual([3 + 6, 12 + 3, 27 + 2])
    const rows = [0, 1, 2].map((i) => {
      const [row] = grad((first as Tensor).select(0, i), [x], { retainGraph: true })
      return row?.tolist()
    })
    expect(rows).toEqual([
      [6, 3, 2],
      [3, 12, 1],
      [2, 1, 18],
    ])
  })

  it('goes to the third order', () => {
    const x = leaf(2)
    const y = x.mul(x).mul(x).mul(x)
    const [first] = grad(y, [x], { createGraph: true })
    const [second] = grad(first as Tensor, [x], { createGraph: true })
    const [third] = grad(second as Tensor, [x], { createGraph: true })
    expect([first?.item(), second?.item(), third?.item()]).toEqual([32, 48, 48])
  })

  it('differentiates the gradient it was given', () => {
    const x = leaf([1, 2])
    const v = leaf([3, 4])
    const [dx] = grad(x.mul(x), [x], { gradOutputs: v, createGraph: true })
    const [dv] = grad((dx as Tensor).sum(), [v])
    expect(dv?.tolist()).toEqual([2, 4])
  })

  it('adds recorded gradients at leaves', () => {
    const x = leaf(3)
    x.mul(x).mul(x).backward(null, { createGraph: true })
    expect(x.grad?.requiresGrad).toBe(true)
    const [second] = grad(x.grad as Tensor, [x])
    expect(second?.item()).toBe(18)
  })

  it('sees through an in-place operation', () => {
    const x = leaf([1.5, 2])
    const w = leaf([0.5, 3])
    const fn = (a: Tensor, b: Tensor): Tensor => {
      const y = a.mul(1)
      y.mul_(b)
      y.mul_(b)
      return y
    }
    expect(gradcheck(fn, [x, w])).toBe(true)
    expect(gradgradcheck(fn, [x, w])).toBe(true)
  })
})

describe('a node with several outputs', () => {
  const pairOp = defineOp<'input'>('testPair', ['input'], {
    kernel: 'testPairIsNeverRun',
    outputs: 2,
    derivative: { needs: [], formula: () => [null] },
  })

  it('names a kernel that is missing', () => {
    const x = leaf([1])
    expect(() => runMany(pairOp, [x], [])).toThrow(/no kernel 'testPairIsNeverRun'/)
  })

  it('gets the gradients of the outputs that were used', () => {
    const use = (pick: (both: [Tensor, Tensor]) => Tensor): unknown => {
      const x = leaf([1, 2, 6])
      const [variance, mean] = varMean(x, 0) as unknown as [Tensor, Tensor]
      pick([variance, mean]).backward()
      return x.grad?.mul(3).tolist()
    }
    expect(use(([variance]) => variance)).toEqual([-6, -3, 9])
    expect(use(([, mean]) => mean)).toEqual([1, 1, 1])
    expect(use(([variance, mean]) => variance.add(mean))).toEqual([-5, -2, 10])
  })

  it('passes no gradient through an output that has none', () => {
    const x = leaf([3, 1, 2])
    const { values, indices } = x.max(0) as unknown as { values: Tensor; indices: Tensor }
    expect(indices.requiresGrad).toBe(false)
    values.backward()
    expect(x.grad?.tolist()).toEqual([1, 0, 0])
  })
})

describe('a deep graph', () => {
  it('of 100,000 operations runs backward and is released', () => {
    const x = leaf(1)
    let y: Tensor = x
    for (let i = 0; i < 100_000; i++) y = y.add(1)
    y.backward()
    expect(x.grad?.item()).toBe(1)
  })

  it('of 100,000 operations is dropped without a backward pass', () => {
    const x = leaf(1)
    let y: Tensor = x
    for (let i = 0; i < 100_000; i++) {
      const next = y.mul(1)
      if (y !== x) y.dispose()
      y = next
    }
    y.dispose()
    expect(x.mul(2).item()).toBe(2)
  })
})

describe('leaves', () => {
  it('are tensors that no operation made', () => {
    const x = leaf([1])
    expect(x.isLeaf).toBe(true)
    expect(x.gradFn).toBeNull()
    expect(x.mul(2).isLeaf).toBe(false)
    expect(x.mul(2).gradFn?.name).toBe('MulBackward')
    expect(tensor([1]).mul(2).isLeaf).toBe(true)
  })

  it('are floating if they require a gradient', () => {
    expect(() => tensor([1, 2]).requiresGrad_()).toThrow(
      /requiresGrad: only floating tensors can require gradients, not int64[\s\S]*fix: cast it with to\('float32'\)/,
    )
    expect(() => tensor([true], { requiresGrad: true })).toThrow(/not bool/)
  })

  it('alone can change requiresGrad', () => {
    const x = leaf([1])
    const y = x.mul(2)
    expect(() => {
      y.requiresGrad = false
    }).toThrow(/only leaves can change requiresGrad/)
    y.requiresGrad = true
    x.requiresGrad = false
    expect(x.mul(2).requiresGrad).toBe(false)
  })

  it('take a gradient of their own shape and dtype only', () => {
    const x = leaf([1, 2])
    expect(() => {
      x.grad = tensor([1], { dtype: 'float64' })
    }).toThrow(/a gradient has the shape of its tensor/)
    expect(() => {
      x.grad = tensor([1, 2], { dtype: 'float32' })
    }).toThrow(/a gradient has the dtype of its tensor/)
    expect(() => {
      x.grad = x
    }).toThrow(/grad: a tensor cannot be its own gradient/)
    const g = tensor([5, 6], { dtype: 'float64' })
    x.grad = g
    expect(x.grad).toBe(g)
    x.grad = null
    expect(x.grad).toBeNull()
  })

  it('keep the same gradient object from pass to pass', () => {
    const x = leaf([1, 2])
    x.mul(2).sum().backward()
    const before = x.grad
    x.mul(2).sum().backward()
    expect(x.grad).toBe(before)
    expect(before?.tolist()).toEqual([4, 4])
  })
})

describe('detach', () => {
  it('shares storage and stops gradients', () => {
    const x = leaf([1, 2])
    const y = x.mul(2)
    const cut = y.detach()
    expect(cut.requiresGrad).toBe(false)
    expect(cut.sharesStorageWith(y)).toBe(true)
    x.mul(cut).sum().backward()
    expect(x.grad?.tolist()).toEqual([2, 4])
  })

  it('cuts a tensor off in place with detach_', () => {
    const x = leaf([1, 2])
    const y = x.mul(2).detach_()
    expect(y.requiresGrad).toBe(false)
    expect(y.isLeaf).toBe(true)
    expect(y.gradFn).toBeNull()
    expect(() => y.sum().backward()).toThrow(AutogradError)
  })
})

describe('atan2', () => {
  it('has the slope 0 in the origin, as in PyTorch, and passes gradients on elsewhere', () => {
    const y = tensor([0, 1, -2], { dtype: 'float32', requiresGrad: true })
    const x = tensor([0, 0, 2], { dtype: 'float32', requiresGrad: true })
    const [dy, dx] = grad(y.atan2(x).sum(), [y, x], { createGraph: true })
    expect(dy?.tolist()).toEqual([0, 0, 0.25])
    expect(dx?.tolist()).toEqual([-0, -1, 0.25])
    const [second] = grad(dy?.sum() as Tensor, [y])
    expect(second?.at('1:').tolist()).toEqual([-0, 0.125])
  })
})

describe('printing', () => {
  it('shows where a gradient comes from', () => {
    const x = tensor([1, 2], { dtype: 'float32', requiresGrad: true })
    expect(String(x)).toBe('tensor([1., 2.], requiresGrad=true)')
    expect(String(x.mul(2))).toBe('tensor([2., 4.], gradFn=<MulBackward>)')
    expect(String(x.mul(2).detach())).toBe('tensor([2., 4.])')
  })
})
