import type { Tensor } from '@flambeau/core'
import { AutogradError, tensor, ValueError } from '@flambeau/core'
import { afterEach, describe, expect, it } from 'vitest'
import { detectAnomaly, Function, grad, setDetectAnomaly } from './index.ts'

afterEach(() => {
  setDetectAnomaly(false)
})

const leaf = (values: number[]): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true })

/** 0 · √0 has the gradient 0 · ∞. */
function badRoot(x: Tensor): Tensor {
  return x.sqrt().mul(0).sum()
}

describe('anomaly mode', () => {
  it('names the operation whose gradient is NaN, and where it was called', () => {
    const x = leaf([0, 1])
    expect(() => detectAnomaly(() => badRoot(x).backward())).toThrow(AutogradError)
    expect(() => detectAnomaly(() => badRoot(x).backward())).toThrow(
      /^SqrtBackward: the gradient of input 0 is NaN\n  gradient: float64 \[2\]\n  fix: the forward call was\n +at badRoot \(.*anomaly\.test\.ts:\d+:\d+\)/,
    )
  })

  it('says nothing where it is off, or told not to look', () => {
    const x = leaf([0, 1])
    badRoot(x).backward()
    expect(x.grad?.tolist()).toEqual([NaN, 0])
    expect(() => detectAnomaly(() => badRoot(x).backward(), { checkNan: false })).not.toThrow()
    expect(() => detectAnomaly(() => badRoot(x).backward(), false)).not.toThrow()
  })

  it('knows the place only of operations that it saw', () => {
    const y = badRoot(leaf([0, 1]))
    setDetectAnomaly(true)
    expect(() => y.backward()).toThrow(/fix: turn anomaly mode on for the forward pass too/)
  })

  it('names both places for an operation of a backward pass', () => {
    const x = leaf([0, 1])
    using _ = detectAnomaly()
    function cubicRoot(): Tensor {
      return x.pow(1.5).sum()
    }
    const [first] = grad(cubicRoot(), [x], { createGraph: true })
    expect(() => (first as Tensor).mul(0).sum().backward()).toThrow(
      /PowBackward: .* is NaN[\s\S]*in the backward pass of an operation: the forward call was\n +at cubicRoot/,
    )
  })

  it('says where the operation was called whose derivative threw', () => {
    class Broken extends Function {
      static override forward(_ctx: unknown, x: Tensor): Tensor {
        return x.mul(2)
      }
      static override backward(): Tensor {
        throw new Error('mine')
      }
    }
    function useBroken(): Tensor {
      return Broken.apply(leaf([1]))
    }
    expect(() => detectAnomaly(() => useBroken().backward())).toThrow(
      /^mine\n  in the backward pass of an operation: the forward call was\n +at useBroken/,
    )
    expect(() => useBroken().backward()).toThrow(/^mine$/)
  })

  it('lasts for a body, a promise, a block, or until it is switched off', async () => {
    const fails = (): boolean => {
      try {
        badRoot(leaf([0])).backward()
        return false
      } catch {
        return true
      }
    }
    expect([detectAnomaly(fails), fails()]).toEqual([true, false])
    const later = detectAnomaly(async () => {
      await Promise.resolve()
      return fails()
    })
    expect(await later).toBe(true)
    {
      using _ = setDetectAnomaly(true)
      expect(fails()).toBe(true)
      setDetectAnomaly(false)
      expect(fails()).toBe(false)
    }
    expect(() => setDetectAnomaly(1 as never)).toThrow(ValueError)
    expect(fails()).toBe(false)
  })
})
