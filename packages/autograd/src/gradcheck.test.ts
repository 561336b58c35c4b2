import type { Tensor } from '@flambeau/core'
import { AutogradError, rand, tensor, ValueError } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import type { FunctionContext } from './index.ts'
import { Function, gradcheck, gradgradcheck } from './index.ts'

const leaf = (values: number[]): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true })

/** x² with a derivative that the test chooses. */
function square(derivative: (grad: Tensor, x: Tensor) => Tensor): (x: Tensor) => Tensor {
  class Square extends Function {
    static override forward(ctx: FunctionContext, x: Tensor): Tensor {
      ctx.saveForBackward(x)
      return x.mul(x)
    }
    static override backward(ctx: FunctionContext, grad: Tensor): Tensor {
      return derivative(grad, ctx.savedTensors[0] as Tensor)
    }
  }
  return (x) => Square.apply(x)
}

const right = square((grad, x) => grad.mul(x).mul(2))
const wrong = square((grad, x) => grad.mul(x).mul(2.1))
// Right for a sum of the outputs only.
const swapped = square((grad, x) => grad.flip([0]).mul(x).mul(2))

describe('gradcheck', () => {
  it('agrees with a right derivative, in both modes', () => {
    expect(gradcheck(right, leaf([1, 2, 3]))).toBe(true)
    expect(gradcheck(right, [leaf([1, 2, 3])], { fastMode: true })).toBe(true)
    expect(gradcheck((x: Tensor, n: number) => [x.mul(n), x.sum()], [leaf([1, 2]), 3])).toBe(true)
  })

  it('says where a derivative is wrong, and by how much', () => {
    expect(() => gradcheck(wrong, [leaf([1, 2])])).toThrow(AutogradError)
    expect(() => gradcheck(wrong, [leaf([1, 2])])).toThrow(
      /gradcheck: the gradient of output element 0 at element 0 is 2\.1, finite differences give (2|1\.99|2\.00)\d*\n  inputs\[0\]: float64 \[2\]/,
    )
    expect(() => gradcheck(swapped, [leaf([1, 2])])).toThrow(
      /of output element 0 at element 0 is 0/,
    )
    expect(() => gradcheck(swapped, [leaf([1, 2])], { fastMode: true })).toThrow(/at element 0/)
    expect(gradcheck(wrong, [leaf([1, 2])], { raiseException: false })).toBe(false)
    expect(gradcheck(wrong, [leaf([1, 2])], { rtol: 0.2 })).toBe(true)
  })

  it('finds a derivative that is missing', () => {
    expect(() => gradcheck((x: Tensor) => x.detach().mul(3), [leaf([1])])).toThrow(
      /is 0, finite differences give (3|2\.99|3\.00)/,
    )
    expect(gradcheck((x: Tensor) => x.detach().mul(0), [leaf([1])])).toBe(true)
  })

  it('finds a backward pass that does not repeat', () => {
    const random = square((grad, x) =>
      grad
        .mul(x)
        .mul(2)
        .add(rand([2]).mul(1e-7)),
    )
    expect(() => gradcheck(random, [leaf([1, 2])])).toThrow(/two backward passes differ by/)
    expect(gradcheck(random, [leaf([1, 2])], { nondetTol: 1e-5 })).toBe(true)
  })

  it('checks dtypes and batched passes where it is told to', () => {
    const options = { checkGradDtypes: true, checkBatchedGrad: true }
    expect(gradcheck(right, [leaf([1, 2])], options)).toBe(true)
    const float = tensor([1, 2], { dtype: 'float32', requiresGrad: true })
    expect(gradcheck(right, [float], { eps: 1e-2, atol: 1e-2, rtol: 1e-2 })).toBe(true)
  })

  it('takes elements that share memory one by one', () => {
    const x = tensor([1.5], { dtype: 'float64' }).expand(3).requiresGrad_()
    expect(gradcheck(right, [x])).toBe(true)
  })

  it('refuses what it cannot check', () => {
    expect(() => gradcheck(right, [tensor([1.5])])).toThrow(
      /gradcheck: at least one input must require a gradient/,
    )
    expect(() => gradcheck(right, leaf([1]), { checkForwardAd: true })).toThrow(ValueError)
    expect(() => gradcheck(right, 3 as never)).toThrow(/inputs are a tensor or an array of them/)
    expect(() => gradcheck(3 as never, leaf([1]))).toThrow(ValueError)
    // A mistake of another kind is no failed check.
    const broken = (): Tensor => {
      throw new Error('mine')
    }
    expect(() => gradcheck(broken, [leaf([1])], { raiseException: false })).toThrow('mine')
  })
})

describe('gradgradcheck', () => {
  it('checks second derivatives by inputs and by gradients of outputs', () => {
    expect(gradgradcheck(right, leaf([1, 2, 3]))).toBe(true)
    expect(gradgradcheck(right, [leaf([1, 2])], { genNonContigGradOutputs: true })).toBe(true)
    expect(gradgradcheck(right, [leaf([1, 2])], leaf([0.5, 2]))).toBe(true)
    expect(gradgradcheck(right, [leaf([1])], { gradOutputs: [leaf([0.5])] })).toBe(true)
    // The first derivative is right, the second is not.
    const once = square((grad, x) => grad.mul(x.detach()).mul(2))
    expect(gradcheck(once, [leaf([1, 2])])).toBe(true)
    expect(() => gradgradcheck(once, [leaf([1, 2])])).toThrow(/gradgradcheck: the gradient/)
    expect(gradgradcheck(once, [leaf([1])], { raiseException: false })).toBe(false)
    const bound = square((grad, x) => grad.detach().mul(x).mul(2))
    expect(() => gradgradcheck(bound, [leaf([1, 2])])).toThrow(/inputs\[1\]/)
    expect(() => gradgradcheck(right, leaf([1]), { checkFwdOverRev: true })).toThrow(ValueError)
  })
})
