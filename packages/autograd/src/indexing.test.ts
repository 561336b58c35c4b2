import type { Tensor } from '@flambeau/core'
import { AutogradError, randn, span, tensor, zeros } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import { gradcheck, gradgradcheck, noGrad } from './index.ts'

function leaf(...shape: number[]): Tensor {
  const x = randn(shape, { dtype: 'float64' })
  x.requiresGrad = true
  return x
}

/** Checks first and second derivatives of a function of leaves of these shapes. */
function check(fn: (...inputs: Tensor[]) => Tensor, ...shapes: number[][]): void {
  const inputs = shapes.map((shape) => leaf(...shape))
  expect(gradcheck(fn, inputs)).toBe(true)
  // Squares, so that second derivatives are not all 0.
  expect(gradgradcheck((...given) => fn(...given).square(), inputs)).toBe(true)
}

const rows = tensor([2, 0])
const mask = tensor([
  [true, false, true],
  [false, true, true],
])

describe('assignment to a part of a tensor of the graph has the right gradients', () => {
  const assignments: Record<string, { index: Parameters<Tensor['setAt']>[0]; value: number[] }> = {
    'a number': { index: 1, value: [3] },
    'slices as text': { index: '::2, 1:', value: [2] },
    'an ellipsis and a new axis': { index: ['...', null, 0], value: [4, 1] },
    'an index': { index: [rows], value: [2, 3] },
    'a list': { index: [[3, 1]], value: [3] },
    'a list in text': { index: '[0, -1], 1', value: [2] },
    'an index behind a slice': { index: [span(1, 4), rows], value: [3, 2] },
    'an index and a number': { index: [rows, 1], value: [2] },
    'two indices that broadcast': { index: [[[0], [3]], rows], value: [2, 2] },
    'a mask': { index: [tensor([true, false, true, true])], value: [3, 3] },
    'a mask and one value': { index: [tensor([true, false, true, true])], value: [] },
    'a mask behind a slice': { index: [span(2), tensor([false, true, true])], value: [2] },
    true: { index: [true, rows], value: [2, 3] },
  }
  for (const [name, { index, value }] of Object.entries(assignments)) {
    it(`by ${name}`, () => {
      const assign = (x: Tensor, v: Tensor): Tensor => x.mul(2).setAt(index, v)
      check(assign, [4, 3], value)
    })
    it(`by ${name}, to a view of a view`, () => {
      check(
        (x, v) => {
          const base = x.mul(2)
          base.t().at(':, 1:').setAt(index, v)
          return base
        },
        [4, 4],
        value,
      )
    })
    it(`by ${name}, adding`, () => {
      check((x, v) => x.mul(2).setAt(index, v, { accumulate: true }), [4, 3], value)
    })
  }
})

describe('in-place operations on parts', () => {
  it('reach the whole', () => {
    check(
      (x, v) => {
        const y = x.mul(3)
        y.at('1').mul_(v)
        y.at(':, ::2').add_(y.at('0, 1'))
        y.at('0').indexAdd_(0, rows, v.narrow(0, 0, 2))
        y.at('1:').maskedFill_(mask, v.sum())
        y.select(1, 1).scatter_(0, tensor([0, 2]), v.narrow(0, 1, 2))
        return y
      },
      [3, 3],
      [3],
    )
  })

  it('of a copy leave it alone', () => {
    const x = leaf(3, 3)
    const y = x.mul(1)
    y.at(rows).mul_(5)
    expect(y.eq(x).all().item()).toBe(true)
  })

  it('hold for tensors without axes', () => {
    const at = tensor([0])
    check(
      (x, v) => {
        const y = x.mul(2)
        y.indexAdd_(0, at, v.reshape(1))
        y.put_(at, v.reshape(1).mul(y.reshape(1).clone()))
        return y.indexReduce_(0, at, v.reshape(1), 'prod')
      },
      [],
      [],
    )
  })
})

describe('a leaf that requires a gradient', () => {
  it('can only be assigned to where nothing is recorded', () => {
    const x = zeros([3, 2], { requiresGrad: true })
    for (const index of [0, '1:', [rows], [span(1), rows.narrow(0, 1, 1)]]) {
      expect(() => x.setAt(index, 1)).toThrow(AutogradError)
      expect(() => x.setAt(index, 1)).toThrow(/^setAt: .*(leaf|view)/)
      noGrad(() => x.setAt(index, 1))
    }
    expect(x.sum().item()).toBe(6)
  })
})
