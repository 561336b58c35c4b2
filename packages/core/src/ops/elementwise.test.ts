import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Tensor } from '../index.ts'
import {
  add,
  addcmul,
  allclose,
  clamp,
  div,
  DTypeError,
  equal,
  eq,
  floatPower,
  frexp,
  full,
  isclose,
  lerp,
  maximum,
  mul,
  nanToNum,
  polygamma,
  pow,
  remainder,
  round,
  ShapeError,
  special,
  sub,
  tensor,
  ValueError,
  where,
  xlogy,
} from '../index.ts'

const whole = (...values: number[]): Tensor => tensor(values)
const floats = (...values: number[]): Tensor => tensor(values, { dtype: 'float32' })
const mask = (...values: boolean[]): Tensor => tensor(values)

describe('operands', () => {
  it('come by position or by name', () => {
    const x = floats(1, 2)
    const y = floats(3, 5)
    expect(x.add(y, { alpha: 2 }).tolist()).toEqual([7, 12])
    expect(x.add(y, 2).tolist()).toEqual([7, 12])
    expect(x.add({ other: y, alpha: 2 }).tolist()).toEqual([7, 12])
    expect(add(x, { other: 1 }).tolist()).toEqual([2, 3])
    expect(mul(x, { other: y }).tolist()).toEqual([3, 10])
    expect(x.pow({ exponent: 2 }).tolist()).toEqual([1, 4])
    expect(x.pow_({ exponent: 2 }).tolist()).toEqual([1, 4])
    expect(y.div({ other: 2, roundingMode: 'floor' }).tolist()).toEqual([1, 2])
    expect(div(y, 2, 'trunc').tolist()).toEqual([1, 2])
    expect(div(y, 2, null).tolist()).toEqual([1.5, 2.5])
    expect(clamp(y, { min: 4 }).tolist()).toEqual([4, 5])
    expect(clamp(y, 0, { max: 4 }).tolist()).toEqual([3, 4])
    expect(clamp(y, null, 4).tolist()).toEqual([3, 4])
    expect(y.clip({ max: tensor(4) }).tolist()).toEqual([3, 4])
    expect(x.clampMin({ min: 2 }).tolist()).toEqual([2, 4])
    expect(lerp(x, { end: y, weight: 0 }).tolist()).toEqual([1, 4])
    expect(addcmul(x, x, { tensor2: y, value: 2 }).tolist()).toEqual([7, 44])
    expect(x.eq({ other: 4 }).tolist()).toEqual([false, true])
  })

  it('may be numbers in the first place', () => {
    const x = whole(2, 3)
    expect(pow(2, x).tolist()).toEqual([4, 8])
    expect(remainder(7, x).tolist()).toEqual([1, 1])
    expect(sub(7, x).tolist()).toEqual([5, 4])
    expect(xlogy(0, x).tolist()).toEqual([0, 0])
    expect(floatPower(2, x).dtype).toBe('float64')
    expect(where(mask(true, false), 1, 0).dtype).toBe('int64')
    expect(where(mask(true, false), 1.5, 0).dtype).toBe('float32')
    expect(where(mask(true, false), true, false).dtype).toBe('bool')
  })

  it('may be booleans, which do not change a dtype', () => {
    expect(mask(true, false).add(true).dtype).toBe('bool')
    expect(mask(true, false).add(1).dtype).toBe('int64')
    expect(whole(1, 2).mul(true).tolist()).toEqual([1, 2])
    expect(floats(1, 0).eq(true).tolist()).toEqual([true, false])
    expect(mask(true, false).add(mask(true, false), { alpha: true }).tolist()).toEqual([
      true,
      false,
    ])
    expect(mask(false, false).add(mask(true, false), { alpha: 0 }).tolist()).toEqual([false, false])
    expect(() => whole(1).add(whole(1), { alpha: true })).toThrow(
      /add: alpha may be a boolean for results of dtype bool only/,
    )
  })

  it('are refused with a typed error', () => {
    const x = floats(1, 2)
    expect(() => mul(x, 'y' as unknown as number)).toThrow(
      /mul: other must be a tensor or a number/,
    )
    expect(() => x.mul({ othr: 2 } as unknown as { other: number })).toThrow(
      /mul: there is no option 'othr'\n {2}fix: options: other/,
    )
    expect(() => add(x, x, { alpha: 'a' as unknown as number })).toThrow(
      /add: alpha must be a number, not "a"/,
    )
    expect(() => whole(1).add(whole(1), { alpha: 1.5 })).toThrow(
      /add: alpha must be whole for operands of integer dtype, not 1.5/,
    )
    expect(() => add(1, 2)).toThrow(/add: at least one operand must be a tensor/)
    expect(() => sub(mask(true), 1)).toThrow(DTypeError)
    expect(() => sub(1, mask(true))).toThrow(DTypeError)
    expect(() => mask(true).bitwiseLeftShift(mask(true))).toThrow(DTypeError)
    expect(() => x.bitwiseAnd(1)).toThrow(DTypeError)
    expect(() => clamp(mask(true), false)).toThrow(/clamp: is not defined for bool/)
    expect(() => clamp(x)).toThrow(/clamp: at least one bound must be given/)
    expect(() => lerp(x, x.to('float64'), 0.5)).toThrow(
      /lerp: end must be of the input's dtype float32, not float64/,
    )
    expect(() => x.addcdiv(whole(1, 2), whole(1, 2))).toThrow(DTypeError)
    expect(() => whole(2).pow(-1)).toThrow(ValueError)
    const bytes = tensor([44, 45], { dtype: 'uint8' })
    expect(bytes.mul(300).tolist()).toEqual([144, 188])
    expect(() => bytes.clamp(0, 300)).toThrow(/clamp: 300 cannot be held by uint8/)
    expect(() => bytes.pow(300)).toThrow(/pow: 300 cannot be held by uint8/)
    expect(() => where(bytes.gt(0), bytes, 300)).toThrow(/where: 300 cannot be held by uint8/)
    expect(() => bytes.addcmul(bytes, bytes, 300)).toThrow(/addcmul: 300 cannot be held/)
    expect(() => div(x, 2, 'ceil' as 'floor')).toThrow(
      /div: roundingMode is 'floor', 'trunc' or null, not "ceil"/,
    )
    expect(() => special.polygamma(1.5, x)).toThrow(/polygamma: n must be a whole number/)
  })

  it('have names that the compiler checks', () => {
    const x = floats(1, 2)
    // @ts-expect-error a name that does not exist
    expect(() => x.add(x, { alhpa: 2 })).toThrow(/there is no option 'alhpa'/)
    // @ts-expect-error a name that does not exist
    expect(() => x.clamp({ minimum: 2 })).toThrow(/there is no option 'minimum'/)
    // @ts-expect-error a mode that does not exist
    expect(() => x.div(2, { roundingMode: 'ceil' })).toThrow(ValueError)
    expectTypeOf(x.eq(1)).toEqualTypeOf<Tensor<'bool'>>()
    expectTypeOf(floats(1).isnan().item()).toEqualTypeOf<boolean>()
    expectTypeOf(allclose(x, x)).toEqualTypeOf<boolean>()
    expectTypeOf<Tensor<'int64'>>().toHaveProperty('neg').returns.toEqualTypeOf<Tensor<'int64'>>()
    expectTypeOf(frexp(x).exponent).toEqualTypeOf<Tensor>()
  })
})

describe('forms in place', () => {
  it('compute in the common dtype and store in their own', () => {
    const x = floats(16_777_216, 1)
    // In float32 the sum would lose the 1.
    expect(x.add_(tensor([1, 1], { dtype: 'float64' })).tolist()).toEqual([16_777_216, 2])
    const small = tensor([100, 50], { dtype: 'int32' })
    small.mul_(whole(2 ** 31, 1))
    expect(small.tolist()).toEqual([0, 50])
    const y = tensor([0.1], { dtype: 'float32' })
    expect(y.eq_(tensor([0.1], { dtype: 'float64' })).tolist()).toEqual([0])
  })

  it('store the answers of comparisons as numbers', () => {
    const x = whole(1, 5)
    expect(x.lt_(3.5).tolist()).toEqual([1, 0])
    expect(x.dtype).toBe('int64')
    expect(floats(2, 0).logicalAnd_(mask(true, true)).tolist()).toEqual([1, 0])
    expect(mask(true, false).ne_(mask(true, true)).tolist()).toEqual([false, true])
    expect(floats(2, 0).logicalNot_().tolist()).toEqual([0, 1])
  })

  it('refuse what they cannot store', () => {
    expect(() => whole(1).div_(2)).toThrow(/div_: the result's dtype cannot be stored in int64/)
    expect(() => whole(1).add_(0.5)).toThrow(DTypeError)
    expect(() => mask(true).add_(1)).toThrow(DTypeError)
    expect(() => floats(1, 2).add_(full([2, 2], 1))).toThrow(ShapeError)
    expect(() => floats(1, 2).add_(full([2, 2], 1))).toThrow(
      /add_: the result has shape \[2, 2\], which cannot be written into \[2\]/,
    )
  })
})

describe('results', () => {
  it('of where with a condition alone are places', () => {
    const [rows, columns] = where(
      tensor([
        [0, 3],
        [4, 0],
      ]),
    ) as [Tensor, Tensor]
    expect(rows.tolist()).toEqual([0, 1])
    expect(columns.tolist()).toEqual([1, 0])
  })

  it('of closeness are answers', () => {
    const x = floats(1, Number.NaN)
    expect(allclose(x, x)).toBe(false)
    expect(allclose(x, x, { equalNan: true })).toBe(true)
    expect(equal(whole(1), floats(1))).toBe(false)
    expect(equal(whole(1), { other: whole(1) })).toBe(true)
    expect(isclose(whole(1), whole(2), 0, 1).tolist()).toEqual([true])
    expect(equal(whole(), whole())).toBe(true)
  })

  it('round to decimals', () => {
    expect(round(tensor([1.25, -1.35], { dtype: 'float64' }), 1).tolist()).toEqual([1.2, -1.4])
    expect(round(tensor([1250, 1350], { dtype: 'float64' }), { decimals: -2 }).tolist()).toEqual([
      1200, 1400,
    ])
  })

  it('keep what the dtype has: ±0, NaN and limits', () => {
    const x = floats(-0, Number.NaN, Number.POSITIVE_INFINITY)
    expect(x.signbit().tolist()).toEqual([true, false, false])
    expect(maximum(x, 1).tolist()).toEqual([1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(x.fmax(floats(1, 1, 1)).tolist()).toEqual([1, 1, Number.POSITIVE_INFINITY])
    expect(nanToNum(x, { posinf: 7 }).tolist()).toEqual([-0, 0, 7])
    expect(eq(x, x).tolist()).toEqual([true, false, true])
  })

  it('of special functions are precise in both floating dtypes', () => {
    const x = tensor([0.5], { dtype: 'float64' })
    // ψ'(1/2) = π²/2; ζ(2, 1/2) is the same sum.
    expect(polygamma(1, x).item()).toBeCloseTo(Math.PI ** 2 / 2, 13)
    expect(special.zeta(2, x).item()).toBeCloseTo(Math.PI ** 2 / 2, 13)
    expect(special.gammaln(x).item()).toBeCloseTo(Math.log(Math.PI) / 2, 14)
    expect(special.erfinv(x.erf()).item()).toBeCloseTo(0.5, 14)
    expect(special.ndtri(special.ndtr(x)).item()).toBeCloseTo(0.5, 14)
    expect(special.expit(special.logit(x)).item()).toBe(0.5)
    expect(special.gammainc(x, x).add(special.gammaincc(x, x)).item()).toBeCloseTo(1, 14)
    expect(special.i0e(floats(0)).item()).toBe(1)
  })
})
