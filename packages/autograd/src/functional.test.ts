import { readFileSync } from 'node:fs'
import {
  AutogradError,
  fromTypedArray,
  ShapeError,
  tensor,
  type Tensor,
  ValueError,
} from '@flambeau/core'
import { assertClose } from '@flambeau/core/testing'
import { describe, expect, it } from 'vitest'
import { gradcheck, hessian, hvp, jacobian, jvp, noGrad, vhp, vjp } from './index.ts'

interface Stored {
  shape: number[]
  data: number[]
}
type Nested = Stored | Nested[]
interface Case {
  method: 'jacobian' | 'hessian' | 'vjp' | 'jvp' | 'vhp' | 'hvp'
  fn: string
  inputs: Stored[]
  v?: Nested | null
  result: Nested
}

const file = new URL('../goldens/functional.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] }

/** The same as in goldens/functional.py. */
const functions: Record<string, (x: Tensor, y: Tensor) => Tensor | Tensor[]> = {
  exp: (x) => x.exp(),
  cubes: (x) => x.pow(3).sum(),
  roots: (x) => [x.exp(), x.sum().mul(x)],
  product: (x, y) => x.matmul(y),
  mixed: (x, y) => [x.sin().mul(y.sum()), y.mul(y).sum()],
  scalar: (x, y) => x.sin().sum().mul(y.cos()).sum(),
  second: (x, y) => y.mul(y).sum().add(x.sum().mul(0)),
}

const methods = { jacobian, hessian, vjp, jvp, vhp, hvp }

const made = ({ shape, data }: Stored): Tensor => fromTypedArray(Float64Array.from(data), shape)

/** The number of tensors that were compared. */
function compare(actual: unknown, expected: Nested): number {
  if (Array.isArray(expected)) {
    expect(Array.isArray(actual)).toBe(true)
    expect(actual).toHaveLength(expected.length)
    return expected.reduce((sum, one, i) => sum + compare((actual as unknown[])[i], one), 0)
  }
  expect((actual as Tensor).requiresGrad).toBe(false)
  assertClose(actual as Tensor, { dtype: 'float64', ...expected }, { rtol: 1e-10, atol: 1e-12 })
  return 1
}

describe('as in PyTorch', () => {
  it.each(cases.map((one) => ({ ...one, title: `${one.method} of ${one.fn}` })))(
    '$title',
    ({ method, fn, inputs, v, result }) => {
      const given = inputs.map(made)
      const args = given.length === 1 ? (given[0] as Tensor) : given
      const call = methods[method] as (...given: unknown[]) => unknown
      const vector =
        v === undefined || v === null
          ? v
          : Array.isArray(v)
            ? v.map((one) => made(one as Stored))
            : made(v)
      const got =
        vector === undefined ? call(functions[fn], args) : call(functions[fn], args, vector)
      expect(compare(got, result)).toBeGreaterThan(0)
    },
  )
})

const x = (): Tensor => tensor([0.5, 1.5], { dtype: 'float64' })

describe('jacobian', () => {
  it('is the same by rows, by columns and at once', () => {
    const rows = jacobian((a: Tensor) => a.sin().mul(a.sum()), x())
    const columns = jacobian((a: Tensor) => a.sin().mul(a.sum()), x(), {
      vectorize: true,
      strategy: 'forward-mode',
    })
    const together = jacobian((a: Tensor) => a.sin().mul(a.sum()), x(), { vectorize: true })
    assertClose(columns, rows)
    assertClose(together, rows)
    const [first, second] = jacobian(
      (a: Tensor, b: Tensor) => a.mul(b.sum()),
      [x(), x()] as readonly Tensor[],
      { vectorize: true, strategy: 'forward-mode' },
    ) as [Tensor, Tensor]
    expect([first.shape, second.shape]).toEqual([
      [2, 2],
      [2, 2],
    ])
  })

  it('is recorded where it is asked for, and leaves gradients alone', () => {
    const leaf = x().requiresGrad_()
    const plain = jacobian((a: Tensor) => a.exp(), leaf)
    expect([plain.requiresGrad, leaf.grad]).toEqual([false, null])
    expect(
      gradcheck((a: Tensor) => jacobian((b: Tensor) => b.pow(3), a, { createGraph: true }), [leaf]),
    ).toBe(true)
    expect(noGrad(() => jacobian((a: Tensor) => a.mul(2), leaf)).tolist()).toEqual([
      [2, 0],
      [0, 2],
    ])
  })

  it('gives zeros where nothing depends, or refuses with strict', () => {
    const constant = (): Tensor => tensor([1, 2]).double()
    expect(jacobian(constant, x()).tolist()).toEqual([
      [0, 0],
      [0, 0],
    ])
    expect(() => jacobian(constant, x(), { strict: true })).toThrow(AutogradError)
    expect(() => jacobian(constant, x(), { strict: true })).toThrow(
      /jacobian: output 0 does not depend on any input, which strict does not allow/,
    )
    expect(() =>
      jacobian((a: Tensor, _b: Tensor) => a.mul(2), [x(), x()] as readonly Tensor[], false, true),
    ).toThrow(/jacobian: output 0 does not depend on input 1/)
    expect(() =>
      jacobian((a: Tensor) => a.mul(2), x().requiresGrad_(), { createGraph: true, strict: true }),
    ).toThrow(/the derivative of output 0 does not depend on input 0/)
    expect(() => hessian((a: Tensor) => a.sum(), x(), { strict: true })).toThrow(
      /the derivative of the output does not depend on input 0/,
    )
    expect(() => hvp((a: Tensor) => a.sum(), x(), x(), { strict: true })).toThrow(AutogradError)
    expect(() => vjp((_a: Tensor) => tensor([1, 2]).double(), x(), x(), false, true)).toThrow(
      /vjp: output 0 does not depend on any input/,
    )
  })

  it('says what does not fit', () => {
    const f = (a: Tensor): Tensor => a.exp()
    expect(() => jacobian(f, 3 as never)).toThrow(/jacobian: inputs must be a tensor or an array/)
    expect(() => jacobian((() => 3) as never, x())).toThrow(
      /the function's result must be a tensor/,
    )
    expect(() => jacobian(f, x(), { strategy: 'sideways' as never })).toThrow(
      /strategy must be one of "reverse-mode", "forward-mode", not "sideways"/,
    )
    expect(() => jacobian(f, x(), { strategy: 'forward-mode' })).toThrow(/goes with vectorize only/)
    expect(() => jacobian(f, x(), { strict: true, vectorize: true })).toThrow(/do not go together/)
    expect(() => hessian(f, x())).toThrow(ShapeError)
    expect(() => hessian(f, x())).toThrow(/hessian: the function must return one tensor with one/)
    expect(() => vjp(f, x())).toThrow(/the vector can be left out only beside a single tensor/)
    expect(() => vjp(f, x(), tensor([1]).double())).toThrow(/v must have the shape of what it is/)
    expect(() => jvp(f, x(), [x(), x()])).toThrow(/v has 2 tensors where 1 are needed/)
    expect(() => vhp(f, x(), x())).toThrow(ShapeError)
    expect(() => vjp(null as never, x())).toThrow(ValueError)
  })
})

describe('products', () => {
  it('take the vector and options by name, and are recorded where asked for', () => {
    const a = x().requiresGrad_()
    const [output, product] = vjp((b: Tensor) => b.exp(), a, { v: x(), createGraph: true })
    expect([output.requiresGrad, product.requiresGrad]).toEqual([true, true])
    const fn = (b: Tensor): Tensor => b.pow(3).sum()
    expect(gradcheck((b: Tensor) => jvp(fn, b, x(), true)[1], [a])).toBe(true)
    expect(gradcheck((b: Tensor) => vhp(fn, b, x(), true)[1], [a])).toBe(true)
    expect(gradcheck((b: Tensor) => hvp(fn, b, x(), true)[1], [a])).toBe(true)
  })
})
