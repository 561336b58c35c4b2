import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import type { DType } from './index.ts'
import {
  add,
  canCast,
  finfo,
  full,
  getDefaultDevice,
  getDefaultDtype,
  getDevice,
  iinfo,
  isFloatingPoint,
  isNonzero,
  isSameSize,
  isSigned,
  isTensor,
  numel,
  ones,
  promoteTypes,
  resultType,
  isDeviceAvailable,
  setDefaultDevice,
  setDefaultDtype,
  setDefaultTensorType,
  ShapeError,
  tensor,
  version,
  zeros,
} from './index.ts'

interface Goldens {
  each: Record<
    DType,
    {
      bytes: number
      floating: boolean
      signed: boolean
      withBool: DType
      withInteger: DType
      withFloat: DType
      finfo?: Record<string, number>
      iinfo?: { bits: number; max: string; min: string }
    }
  >
  pairs: Record<string, { promote: DType; canCast: boolean; withScalar: DType; add: DType }>
}

const { each, pairs } = JSON.parse(
  readFileSync(new URL('../goldens/dtypes.json', import.meta.url), 'utf8'),
) as Goldens

afterEach(() => setDefaultDtype('float32'))

describe.each(Object.entries(each) as [DType, Goldens['each'][DType]][])('%s', (dtype, golden) => {
  const x = ones([1], { dtype })

  it('has the size and kind of PyTorch', () => {
    expect([x.itemsize, x.elementSize(), x.nbytes]).toEqual(Array(3).fill(golden.bytes))
    expect([x.isFloatingPoint(), isFloatingPoint(x)]).toEqual([golden.floating, golden.floating])
    expect([x.isSigned(), isSigned(x)]).toEqual([golden.signed, golden.signed])
  })

  it('meets numbers and booleans as in PyTorch', () => {
    expect([resultType(x, true), resultType(x, 2), resultType(2.5, x)]).toEqual([
      golden.withBool,
      golden.withInteger,
      golden.withFloat,
    ])
    expect([add(x, 2).dtype, x.mul(2.5).dtype]).toEqual([golden.withInteger, golden.withFloat])
  })

  it('has the limits of PyTorch', () => {
    if (golden.finfo !== undefined) {
      const { smallest_normal: smallestNormal, ...rest } = golden.finfo
      expect(finfo(dtype)).toEqual({ dtype, smallestNormal, ...rest })
      expect(full([1], finfo(dtype).max, { dtype }).item()).toBe(finfo(dtype).max)
    } else {
      expect(() => finfo(dtype)).toThrow(`finfo: ${dtype} is not a floating dtype`)
    }
    if (golden.iinfo !== undefined) {
      const { bits, max, min } = iinfo(dtype)
      expect([bits, String(max), String(min)]).toEqual([
        golden.iinfo.bits,
        golden.iinfo.max,
        golden.iinfo.min,
      ])
    } else {
      expect(() => iinfo(dtype)).toThrow(`iinfo: ${dtype} is not an integer dtype`)
    }
  })
})

describe.each(Object.entries(pairs))('%s', (names, golden) => {
  const [a, b] = names.split(' ') as [DType, DType]

  it('meet as in PyTorch', () => {
    expect(promoteTypes(a, b)).toBe(golden.promote)
    expect(canCast(a, b)).toBe(golden.canCast)
    expect(resultType(ones([1], { dtype: a }), tensor(1, { dtype: b }))).toBe(golden.withScalar)
    expect(ones([1], { dtype: a }).add(tensor(1, { dtype: b })).dtype).toBe(golden.add)
  })
})

describe('the default dtype', () => {
  it.each(['float16', 'bfloat16', 'float64'] as const)('may be %s', (dtype) => {
    setDefaultDtype(dtype)
    expect(getDefaultDtype()).toBe(dtype)
    expect([tensor(1.5).dtype, zeros([1]).dtype, tensor([1, 2]).div(2).dtype]).toEqual(
      Array(3).fill(dtype),
    )
    expect(finfo().dtype).toBe(dtype)
  })

  it('is floating', () => {
    expect(() => setDefaultDtype('int64')).toThrow(/must be floating, not int64/)
  })

  it('has the names of tensor types', () => {
    setDefaultTensorType('torch.DoubleTensor')
    expect(getDefaultDtype()).toBe('float64')
    setDefaultTensorType('float16')
    expect(getDefaultDtype()).toBe('float16')
    expect(() => setDefaultTensorType('torch.CharTensor')).toThrow(/"torch.CharTensor" is not/)
  })
})

describe('questions about tensors', () => {
  const x = tensor([[0, 2]])

  it('are methods and functions', () => {
    expect([isTensor(x), isTensor([1]), isTensor(null)]).toEqual([true, false, false])
    expect([numel(x), x.nelement(), x.ndimension()]).toEqual([2, 2, 2])
    expect([isSameSize(x, zeros([1, 2])), x.isSameSize(zeros([2]))]).toEqual([true, false])
    expect([x.isCpu, x.getDevice(), getDevice(x), getDefaultDevice()]).toEqual([
      true,
      -1,
      -1,
      'cpu',
    ])
    setDefaultDevice('cpu')
    expect(() => setDefaultDevice('cuda')).toThrow(/there is no device "cuda"/)
    expect(version).toMatch(/^\d+\.\d+\.\d+/)
    expect([isDeviceAvailable('cpu'), isDeviceAvailable('cuda')]).toEqual([true, false])
  })

  it('say whether the only element is not zero', () => {
    expect([isNonzero(tensor([[2.5]])), tensor(false).isNonzero()]).toEqual([true, false])
    expect(tensor([true]).isNonzero()).toBe(true)
    expect(() => isNonzero(x)).toThrow(ShapeError)
  })
})
