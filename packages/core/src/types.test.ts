/** What the compiler knows: dtypes, exact results of overloads, names of options. */
import { describe, expectTypeOf, it } from 'vitest'
import type { DType, Tensor } from './index.ts'
import { arange, fromTypedArray, full, linalg, ones, rand, tensor, zeros } from './index.ts'

// An unknown dtype: what a function gets from its caller.
const any: Tensor = zeros([2, 2])
const f32 = zeros([2, 2], { dtype: 'float32' })
const f64 = zeros([2, 2], { dtype: 'float64' })
const i64 = zeros([2, 2], { dtype: 'int64' })
const bool = ones([2, 2], { dtype: 'bool' })

describe('the dtype in the type', () => {
  it('comes from the option where it is written', () => {
    expectTypeOf(f32.dtype).toEqualTypeOf<'float32'>()
    expectTypeOf(arange(3, { dtype: 'int64' }).dtype).toEqualTypeOf<'int64'>()
    expectTypeOf(full([2], true, { dtype: 'bool' }).dtype).toEqualTypeOf<'bool'>()
    expectTypeOf(any.dtype).toEqualTypeOf<DType>()
    const chosen = 'float64' as DType
    expectTypeOf(zeros([1], { dtype: chosen }).dtype).toEqualTypeOf<DType>()
  })

  it('decides what item() gives', () => {
    expectTypeOf(i64.at(0, 0).sum().item()).toEqualTypeOf<number>()
    expectTypeOf(bool.all().item()).toEqualTypeOf<boolean>()
    expectTypeOf(f32.isnan().any().item()).toEqualTypeOf<boolean>()
    expectTypeOf(any.sum().item()).toEqualTypeOf<number>()
  })

  it('stays through views, and becomes bool by comparing', () => {
    expectTypeOf(i64.t().reshape(4).unsqueeze(0).dtype).toEqualTypeOf<'int64'>()
    expectTypeOf(f64.transpose(0, 1).clone().dtype).toEqualTypeOf<'float64'>()
    expectTypeOf(f32.gt(0).dtype).toEqualTypeOf<'bool'>()
    expectTypeOf(f32.eq(f64).logicalNot().dtype).toEqualTypeOf<'bool'>()
  })

  it('is that of the cast', () => {
    expectTypeOf(i64.double().dtype).toEqualTypeOf<'float64'>()
    expectTypeOf(i64.to('bfloat16').dtype).toEqualTypeOf<'bfloat16'>()
    expectTypeOf(i64.half().neg().dtype).toEqualTypeOf<'float16'>()
    expectTypeOf(f32.long().dtype).toEqualTypeOf<'int64'>()
    expectTypeOf(f32.to(i64).dtype).toEqualTypeOf<'int64'>()
    expectTypeOf(f32.to('cpu', 'int8').dtype).toEqualTypeOf<'int8'>()
    expectTypeOf(f32.to({ dtype: 'int16', copy: true }).dtype).toEqualTypeOf<'int16'>()
    expectTypeOf(f32.to({ copy: true }).dtype).toEqualTypeOf<'float32'>()
    expectTypeOf(f32.to('cpu').dtype).toEqualTypeOf<'float32'>()
    expectTypeOf(f32.type('bool').dtype).toEqualTypeOf<'bool'>()
    // @ts-expect-error there is no such option
    const misspelt = (): Tensor => f32.to({ dtype: 'int16', copies: true })
    expectTypeOf(misspelt).toBeFunction()
  })

  it('goes with tensors of unknown dtype in both directions', () => {
    const takes = (x: Tensor): Tensor => x
    expectTypeOf(takes).toBeCallableWith(bool)
    const known: Tensor<'float32'> = takes(f32)
    expectTypeOf(known.dtype).toEqualTypeOf<'float32'>()
    // @ts-expect-error one known dtype is not another
    const wrong: Tensor<'int64'> = f32
    expectTypeOf(wrong).not.toBeAny()
  })
})

describe('overloads', () => {
  it('give a tensor or several by their arguments', () => {
    expectTypeOf(f32.max()).toExtend<Tensor>()
    const { values, indices } = f32.max(1)
    expectTypeOf(values).toExtend<Tensor>()
    expectTypeOf(indices.select(0, 0).item()).toEqualTypeOf<number>()
    expectTypeOf(f32.max(f32)).toExtend<Tensor>()
    const [q, r] = linalg.qr(f32)
    expectTypeOf(q).toExtend<Tensor>()
    expectTypeOf(r).toExtend<Tensor>()
    expectTypeOf(f32.size()).toEqualTypeOf<readonly number[]>()
    expectTypeOf(f32.size(0)).toEqualTypeOf<number>()
  })
})

describe('mistakes are compile errors', () => {
  it('in the names of options', () => {
    const mistakes = (): unknown[] => [
      // @ts-expect-error it is keepdim
      f32.sum(1, { keepDim: true }),
      // @ts-expect-error it is dtype
      zeros([2], { type: 'int64' }),
      // @ts-expect-error softmax has no alpha
      f32.softmax(1, { alpha: 2 }),
      // @ts-expect-error it is alpha
      f32.add(f32, { beta: 2 }),
      // @ts-expect-error narrow needs a length
      f32.narrow({ dim: 0, start: 1 }),
    ]
    expectTypeOf(mistakes).toBeFunction()
  })

  it('in the kinds of arguments', () => {
    const mistakes = (): unknown[] => [
      // @ts-expect-error no such dtype
      zeros([2], { dtype: 'float' }),
      // @ts-expect-error text is no operand
      f32.add('1'),
      // @ts-expect-error a shape is a list of numbers
      rand(['2']),
      // @ts-expect-error no tensor of functions
      tensor([() => 1]),
      // @ts-expect-error the elements come first
      fromTypedArray([2], new Float32Array(2)),
    ]
    expectTypeOf(mistakes).toBeFunction()
  })
})
