import { readFileSync } from 'node:fs'
import { grad, gradcheck } from '@flambeau/autograd'
import type { Tensor } from '@flambeau/core'
import { manualSeed, randn, tensor, zeros } from '@flambeau/core'
import { assertClose } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import * as functional from './index.ts'

interface Stored {
  shape: number[]
  data: number[]
}

interface Case {
  name: string
  inputs: Stored[]
  args: unknown[]
  output: Stored
  grads: Stored[]
}

// Written by goldens/functional.py with PyTorch.
const { cases } = JSON.parse(
  readFileSync(new URL('../../goldens/functional.json', import.meta.url), 'utf8'),
) as { cases: Case[] }

const read = ({ shape, data }: Stored): Tensor => tensor(data, { dtype: 'float64' }).reshape(shape)
const tolerance = { rtol: 1e-7, atol: 1e-9 }

describe('functions that the operator database lacks', () => {
  it.each(cases.map((test, i) => [i, test.name, test] as const))(
    'have the values and gradients of PyTorch: %i %s',
    (_, name, test) => {
      const call = (functional as unknown as Record<string, (...args: unknown[]) => Tensor>)[name]
      const leaves = test.inputs.map((stored) => read(stored).requiresGrad_())
      manualSeed(1)
      const out = call?.(...leaves, ...test.args) as Tensor
      assertClose(out.detach(), read(test.output), tolerance, name)
      const grads = grad(out.square().sum(), leaves)
      test.grads.forEach((want, i) => {
        assertClose(grads[i] as Tensor, read(want), tolerance, `gradient ${i} of ${name}`)
      })
    },
  )

  it('place the pixels of a grid exactly where PyTorch does, as gradients jump there', () => {
    const identity = tensor(
      [
        [
          [1, 0, 0],
          [0, 1, 0],
        ],
      ],
      { dtype: 'float32' },
    )
    const x = functional.affineGrid(identity, [1, 1, 1, 28]).at(0, 0, ':', 0)
    expect([2, 4, 7, 9].map((i) => x.at(i).item())).toEqual([
      -0.8214285969734192, -0.6785714030265808, -0.4642857015132904, -0.3214285373687744,
    ])
  })

  it('refuse what they cannot take', () => {
    const { affineGrid, fold, interpolate, rrelu } = functional
    const theta = tensor([[[1, 0, 0.5]]])
    expect(() => affineGrid(theta, [1, 1, 2, 2])).toThrow(/theta must be \[N, 2, 3\]/)
    expect(() => fold(read({ shape: [3, 4], data: Array(12).fill(1) }), 3, 2)).toThrow(
      /columns of 3/,
    )
    expect(() => rrelu(tensor([0.5]), 2, 1)).toThrow(/must be at most upper/)
    const line = tensor([[[1, 2.5]]])
    expect(() => interpolate(line, 4, null, 'bilinear')).toThrow(/is for 2 axes/)
    expect(() => interpolate(line, 4, 2)).toThrow(/one of size and scaleFactor/)
    expect(() => interpolate(line, 2 ** 31)).toThrow(/an axis can have 16777216 pixels/)
    expect(() => interpolate(line, null, 2 ** 31)).toThrow(/an axis can have 16777216 pixels/)
    expect(() => interpolate(line, 4, null, 'linear', null, null, true)).toThrow(/no antialias/)
  })
})

it('pixels that come as often as each other are repeated where they lie', () => {
  const expected = (x: Tensor, times: readonly number[]): Tensor =>
    times.reduce((y, count, i) => y.repeatInterleave(count, i + 2), x)
  const cases = [
    [[2, 3, 4], [3]],
    [
      [2, 3, 2, 5],
      [2, 2],
    ],
    [
      [1, 1, 1, 1],
      [2, 1],
    ],
    [
      [2, 4, 2, 3, 1],
      [2, 1, 3],
    ],
  ] as const
  for (const [shape, times] of cases) {
    for (const last of shape.length === 4 ? [false, true] : [false]) {
      const x = randn([...shape], { dtype: 'float64' })
      const lying = last ? x.contiguous({ memoryFormat: 'channelsLast' }) : x
      const y = functional.interpolate(lying, { scaleFactor: [...times] })
      expect(y.tolist()).toEqual(expected(x, times).tolist())
      if (last) expect(y.isContiguous('channelsLast')).toBe(true)
      // A result of its own, whatever is repeated.
      y.add_(1)
      expect(lying.tolist()).toEqual(x.tolist())
      expect(
        gradcheck(
          (z) => functional.interpolate(z, { scaleFactor: [...times] }),
          [lying.detach().requiresGrad_()],
        ),
      ).toBe(true)
    }
  }
})

describe('binaryCrossEntropy', () => {
  it('has the gradients of PyTorch where probabilities are 0 or 1', () => {
    const p = tensor([0, 1, 0, 1, 1e-13, 1 - 2 ** -24, 0.3]).requiresGrad_()
    const yes = tensor([0, 1, 1, 0, 1, 1, 0.5])
    const losses = functional.binaryCrossEntropy(p, yes, { reduction: 'none' })
    losses.sum().backward()
    assertClose(losses, tensor([0, 0, 100, 100, 29.933607, 5.9604645e-8, 0.78032386]))
    const slopes = tensor([0, 0, -1e12, 1e12, -1e12, -1, -0.95238084])
    assertClose(p.grad as Tensor, slopes, { rtol: 1e-6, atol: 0 })
  })

  it('learns on where a sigmoid has said 1, and is right', () => {
    const scores = tensor([200, -200, 40, -3], { dtype: 'float32' }).requiresGrad_()
    const loss = functional.binaryCrossEntropy(scores.sigmoid(), tensor([1, 0, 0, 1]).float())
    loss.backward()
    expect(loss.item()).toBeCloseTo(25.762146, 5)
    assertClose(scores.grad as Tensor, tensor([0, 0, 0, -0.23814353]))
  })

  it('refuses what is no probability, and takes nothing at all', () => {
    for (const wrong of [-1e-30, 1.000001, NaN, Infinity]) {
      const p = tensor([0.5, wrong], { dtype: 'float32' })
      expect(() => functional.binaryCrossEntropy(p, zeros(2))).toThrow(
        /must be probabilities, from 0 to 1/,
      )
    }
    expect(functional.binaryCrossEntropy(zeros(0), zeros(0), { reduction: 'sum' }).item()).toBe(0)
  })
})
