import type { Tensor } from '@flambeau/core'
import {
  AutogradError,
  collectGarbage,
  memoryStats,
  scope,
  ShapeError,
  tensor,
  ValueError,
} from '@flambeau/core'
import { assertClose } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import type { FunctionContext } from './index.ts'
import { Function, grad, gradcheck, gradgradcheck, noGrad, onceDifferentiable } from './index.ts'

const leaf = (values: number[]): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true })

class Exp extends Function {
  static override forward(ctx: FunctionContext, x: Tensor): Tensor {
    const y = x.exp()
    ctx.saveForBackward(y)
    return y
  }
  static override backward(ctx: FunctionContext, upper: Tensor): Tensor {
    const [y] = ctx.savedTensors as [Tensor]
    return upper.mul(y)
  }
}

class ScaledProduct extends Function {
  static none: unknown
  static override forward(ctx: FunctionContext, a: Tensor, b: Tensor, scale: number): Tensor {
    ctx.saveForBackward(a, null, b)
    ctx['scale'] = scale
    return a.mul(b).mul(scale)
  }
  static override backward(ctx: FunctionContext, upper: Tensor): (Tensor | null)[] {
    const [a, none, b] = ctx.savedTensors as [Tensor, null, Tensor]
    ScaledProduct.none = none
    const by = upper.mul(ctx['scale'] as number)
    return [
      ctx.needsInputGrad[0] ? by.mul(b) : null,
      ctx.needsInputGrad[1] ? by.mul(a) : null,
      null,
    ]
  }
}

/** Two outputs, of which the user may use one. */
class SinCos extends Function {
  static seen: (Tensor | null)[] = []
  static override forward(ctx: FunctionContext, x: Tensor, materialize: boolean): [Tensor, Tensor] {
    ctx.saveForBackward(x)
    ctx.setMaterializeGrads(materialize)
    return [x.sin(), x.cos()]
  }
  static override backward(
    ctx: FunctionContext,
    sin: Tensor | null,
    cos: Tensor | null,
  ): (Tensor | null)[] {
    SinCos.seen = [sin, cos]
    const [x] = ctx.savedTensors as [Tensor]
    const terms = [sin?.mul(x.cos()), cos?.mul(x.sin().neg())].filter((t) => t !== undefined)
    return [terms.reduce((a, b) => a.add(b)), null]
  }
}

class Increment extends Function {
  static override forward(ctx: FunctionContext, x: Tensor): Tensor {
    x.add_(1)
    ctx.markDirty(x)
    return x
  }
  static override backward(_ctx: FunctionContext, upper: Tensor): Tensor {
    return upper.mul(10)
  }
}

describe('Function', () => {
  it('has the derivative that it says, also of second order', () => {
    const x = leaf([0.3, -1.2])
    const y = Exp.apply(x)
    expect([y.requiresGrad, y.isLeaf, y.gradFn?.name]).toEqual([true, false, 'ExpBackward'])
    y.backward(tensor([1, 2]).double())
    assertClose(x.grad as Tensor, tensor([Math.exp(0.3), 2 * Math.exp(-1.2)], { dtype: 'float64' }))
    expect(gradcheck((a: Tensor) => Exp.apply(a.mul(2)).mul(a), [x])).toBe(true)
    expect(gradgradcheck((a: Tensor) => Exp.apply(a.mul(2)).mul(a), [x])).toBe(true)
  })

  it('takes values beside tensors, and says which gradients are wanted', () => {
    const a = leaf([1, 2])
    const b = tensor([3, 4], { dtype: 'float64' })
    const y = ScaledProduct.apply(a, b, 2)
    expect(y.tolist()).toEqual([6, 16])
    expect(grad(y.sum(), [a])[0]?.tolist()).toEqual([6, 8])
    expect(ScaledProduct.none).toBeNull()
    const fn = (p: Tensor, q: Tensor): Tensor => ScaledProduct.apply(p, q, 3)
    expect(gradgradcheck(fn, [a, leaf([3, 4])])).toBe(true)
  })

  it('sums a gradient over broadcast axes, and casts it', () => {
    const a = tensor([[1], [2]], { dtype: 'float32', requiresGrad: true })
    const y = ScaledProduct.apply(a, tensor([3, 4], { dtype: 'float64' }), 1)
    y.sum().backward()
    expect(a.grad?.tolist()).toEqual([[7], [7]])
    expect(a.grad?.dtype).toBe('float32')
  })

  it('gets zeros where no gradient arrived, or null if it says so', () => {
    const x = leaf([0.5])
    const [s] = SinCos.apply(x, true)
    s.backward()
    expect(SinCos.seen.map((g) => g?.tolist())).toEqual([[1], [0]])
    const [, c] = SinCos.apply(x, false)
    c.backward()
    expect(SinCos.seen.map((g) => g?.tolist() ?? null)).toEqual([null, [1]])
    expect(x.grad?.item()).toBeCloseTo(Math.cos(0.5) - Math.sin(0.5), 12)
    expect(gradgradcheck((a: Tensor) => [...SinCos.apply(a, true)], [x])).toBe(true)
  })

  it('runs forward without recording, and leaves no node where nothing is recorded', () => {
    let inside = true
    class Look extends Function {
      static override forward(_ctx: FunctionContext, x: Tensor): Tensor {
        const y = x.mul(2)
        inside = y.requiresGrad
        return y
      }
    }
    expect(Look.apply(leaf([1])).requiresGrad).toBe(true)
    expect(inside).toBe(false)
    expect(noGrad(() => Look.apply(leaf([1]))).requiresGrad).toBe(false)
    expect(Look.apply(tensor([1, 2])).requiresGrad).toBe(false)
    expect(() => Look.apply(leaf([1])).backward()).toThrow(
      /Function: the class has no static method backward/,
    )
  })

  it('has outputs without a gradient: integers, and those that are marked', () => {
    class Sorted extends Function {
      static override forward(ctx: FunctionContext, x: Tensor): [Tensor, Tensor, Tensor, number] {
        const same = x.mul(1)
        ctx.markNonDifferentiable(same)
        return [x.mul(2), same, x.long(), 5]
      }
      static override backward(_ctx: FunctionContext, upper: Tensor): Tensor {
        return upper.mul(2)
      }
    }
    const x = leaf([1, 2])
    const [y, same, whole, five] = Sorted.apply(x)
    expect([y.requiresGrad, same.requiresGrad, whole.requiresGrad, five]).toEqual([
      true,
      false,
      false,
      5,
    ])
    y.sum().backward()
    expect(x.grad?.tolist()).toEqual([2, 2])
  })

  it('keeps its context apart from forward where the class says so', () => {
    class Square extends Function {
      static override forward(x: Tensor, factor: number): Tensor {
        return x.mul(x).mul(factor)
      }
      static setupContext(
        ctx: FunctionContext,
        [x, factor]: [Tensor, number],
        output: Tensor,
      ): void {
        expect(output.shape).toEqual([2])
        ctx.saveForBackward(x)
        ctx['factor'] = factor
      }
      static override backward(ctx: FunctionContext, upper: Tensor): (Tensor | null)[] {
        const [x] = ctx.savedTensors as [Tensor]
        return [upper.mul(x).mul(2 * (ctx['factor'] as number)), null]
      }
    }
    expect(gradgradcheck((x: Tensor) => Square.apply(x, 3), [leaf([1, 2])])).toBe(true)
  })

  it('may change an input that is not a leaf', () => {
    const x = leaf([1, 2])
    const y = x.mul(3)
    const view = y.narrow(0, 0, 1)
    const out = Increment.apply(y)
    expect(out).toBe(y)
    expect(out.tolist()).toEqual([4, 7])
    expect(view.mul(out).sum().requiresGrad).toBe(true)
    expect(grad(view.mul(2).sum(), [x])[0]?.tolist()).toEqual([60, 0])
  })

  it('may change a view, whose base knows of it', () => {
    const x = leaf([1, 2])
    const y = x.mul(3)
    Increment.apply(y.narrow(0, 1, 1))
    expect(y.gradFn?.name).toBe('CopySlices')
    expect(grad(y.sum(), [x])[0]?.tolist()).toEqual([3, 30])
  })

  it('may return its input, which stays what it was', () => {
    class Identity extends Function {
      static override forward(_ctx: FunctionContext, x: Tensor): Tensor {
        return x
      }
      static override backward(_ctx: FunctionContext, upper: Tensor): Tensor {
        return upper.neg()
      }
    }
    const x = leaf([1, 2])
    const y = Identity.apply(x)
    expect([y === x, x.isLeaf, y.gradFn?.name]).toEqual([false, true, 'IdentityBackward'])
    y.sum().backward()
    expect(x.grad?.tolist()).toEqual([-1, -1])
    expect(() => Identity.apply(x.mul(1)).mul_(2)).toThrow(
      /mul_: a view that a user's Function returned cannot be changed in place/,
    )
  })
})

describe('a mistake in a Function', () => {
  class Wrong extends Function {
    static override forward(_ctx: FunctionContext, x: Tensor, _gradients: unknown): Tensor {
      _ctx['gradients'] = _gradients
      return x.mul(2)
    }
    static override backward(ctx: FunctionContext): (Tensor | null)[] {
      return ctx['gradients'] as (Tensor | null)[]
    }
  }
  const back = (gradients: unknown): void =>
    Wrong.apply(leaf([1, 2]), gradients)
      .sum()
      .backward()

  it.each([
    ['too few gradients', [], /Wrong: backward returned 0 gradients for 2 arguments/],
    ['too many', [null, null, leaf([1])], /Wrong: backward returned 3 gradients for 2 arguments/],
    ['a gradient for a value', [null, leaf([1])], /gradient for argument 1, which is not a tensor/],
    ['no tensor', [3, null], /Wrong: backward returned number as gradient 0, which is not a/],
    ['another shape', [leaf([1, 2, 3]), null], /gradient 0 has shape \[3\], the argument \[2\]/],
    ['integers', [tensor([1, 2]), null], /gradient 0 is int64, the argument float64/],
  ])('is %s', (_, gradients, text) => {
    expect(() => back(gradients)).toThrow(text)
  })

  it('is a gradient of too many kinds only', () => {
    expect(() => back([null, null, null])).not.toThrow()
    expect(() => back([leaf([1, 2, 3]), null])).toThrow(ShapeError)
  })

  it('is a dirty tensor that is a leaf, no input, or no output', () => {
    expect(() => Increment.apply(leaf([1]))).toThrow(
      /Increment: a leaf that requires a gradient cannot be changed in place/,
    )
    class Stray extends Function {
      static override forward(ctx: FunctionContext, x: Tensor, returned: boolean): Tensor {
        const y = x.mul(2)
        ctx.markDirty(returned ? y : x)
        return y
      }
    }
    expect(() => Stray.apply(leaf([1]), true)).toThrow(/marked dirty that is not an input/)
    expect(() => Stray.apply(leaf([1]), false)).toThrow(/marked dirty that is not an output/)
  })

  it('is a saved tensor that was changed, freed, or is none', () => {
    const a = leaf([1])
    const b = tensor([2], { dtype: 'float64' })
    const y = ScaledProduct.apply(a, b, 1)
    b.add_(1)
    expect(() => y.backward()).toThrow(AutogradError)
    expect(() => y.backward()).toThrow(
      /'savedTensors\[2\]' of the function, needed .* modified by an in-place operation \(add_\)/,
    )
    const z = Exp.apply(a)
    z.backward()
    expect(() => z.backward()).toThrow(/already used for a backward pass/)
    class SavesNumbers extends Function {
      static override forward(ctx: FunctionContext, x: Tensor): Tensor {
        ctx.saveForBackward(3 as never)
        return x
      }
    }
    expect(() => SavesNumbers.apply(a)).toThrow(ValueError)
  })
})

describe('onceDifferentiable', () => {
  class Cube extends Function {
    static override forward(ctx: FunctionContext, x: Tensor): Tensor {
      ctx.saveForBackward(x)
      return x.pow(3)
    }
    static override backward = onceDifferentiable((ctx: FunctionContext, upper: Tensor): Tensor => {
      const [x] = ctx.savedTensors as [Tensor]
      return upper.mul(x.square().mul(3))
    })
  }

  it('gives a gradient that refuses to be differentiated', () => {
    const x = leaf([2])
    expect(grad(Cube.apply(x), [x])[0]?.item()).toBe(12)
    const upper = leaf([1])
    const [first] = grad(Cube.apply(x), [x], { createGraph: true, gradOutputs: upper })
    expect(first?.requiresGrad).toBe(true)
    expect(() => grad(first as Tensor, [upper])).toThrow(
      /a function was differentiated twice that says it can be only once/,
    )
  })
})

describe('the memory of a Function', () => {
  it('is free when the graph is', () => {
    const x = leaf([1, 2, 3])
    const run = (): void =>
      scope(() => {
        const y = Exp.apply(x)
        const [s] = SinCos.apply(y, true)
        ScaledProduct.apply(s, y, 2).sum().backward()
        Increment.apply(y.mul(1).narrow(0, 0, 1))
      })
    run()
    collectGarbage()
    const before = memoryStats().tensors
    for (let i = 0; i < 50; i++) run()
    // What the backward passes of users make is the collector's.
    collectGarbage()
    expect(memoryStats().tensors).toBeLessThanOrEqual(before)
  })
})
