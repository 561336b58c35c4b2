import { describe, expect, it } from 'vitest'
import {
  autocast,
  clearAutocastCache,
  customBwd,
  customFwd,
  getAutocastDtype,
  isAutocastAvailable,
  isAutocastCacheEnabled,
  isAutocastEnabled,
  matmul,
  mseLoss,
  ones,
  setAutocastCacheEnabled,
  setAutocastDtype,
} from './index.ts'

const a = ones([2, 2])
const product = (): string => a.matmul(a).dtype

describe('autocast', () => {
  it('is off outside of regions', () => {
    expect([isAutocastEnabled(), product()]).toEqual([false, 'float32'])
    expect([isAutocastAvailable('cpu'), isAutocastAvailable('cuda')]).toEqual([true, false])
  })

  it('takes its settings by name and by position', () => {
    expect(autocast(product)).toBe('bfloat16')
    expect(autocast({ dtype: 'float16' }, product)).toBe('float16')
    expect(autocast('cpu', 'float16', product)).toBe('float16')
    expect(autocast('cpu', product)).toBe('bfloat16')
    expect(autocast({ enabled: false }, product)).toBe('float32')
    const body = (): unknown[] => [isAutocastEnabled('cpu'), getAutocastDtype('cpu')]
    expect(autocast({ dtype: 'float16' }, body)).toEqual([true, 'float16'])
    expect(autocast({ cacheEnabled: false }, isAutocastCacheEnabled)).toBe(false)
  })

  it('nests: dtypes are inherited, and it can be switched off', () => {
    autocast({ dtype: 'float16' }, () => {
      expect(autocast(product)).toBe('float16')
      expect(autocast({ enabled: false }, product)).toBe('float32')
      expect(autocast({ enabled: false }, () => autocast(product))).toBe('float16')
      expect(product()).toBe('float16')
    })
    expect(product()).toBe('float32')
  })

  it('ends with errors', () => {
    expect(() =>
      autocast(() => {
        throw new RangeError('mine')
      }),
    ).toThrow('mine')
    expect(() => autocast(() => a.matmul(ones([3, 2])))).toThrow(/matmul/)
    expect([isAutocastEnabled(), product()]).toEqual([false, 'float32'])
  })

  it('lasts for a block', () => {
    {
      using _ = autocast()
      expect(product()).toBe('bfloat16')
      {
        using _ = autocast({ enabled: false })
        expect(product()).toBe('float32')
      }
      expect(product()).toBe('bfloat16')
      autocast({ dtype: 'float16' }, () => {
        using _ = autocast({ enabled: false })
        expect(product()).toBe('float32')
      })
    }
    expect(product()).toBe('float32')
  })

  it('follows asynchronous bodies, and no one else', async () => {
    const seen: string[] = []
    const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1))
    const inside = autocast(async () => {
      seen.push(product())
      await wait()
      seen.push(product())
      using _ = autocast({ enabled: false })
      await wait()
      seen.push(product())
      return 3
    })
    seen.push(`outside ${product()}`)
    await wait()
    seen.push(`outside ${product()}`)
    expect(await inside).toBe(3)
    expect(seen.filter((one) => !one.startsWith('outside'))).toEqual([
      'bfloat16',
      'bfloat16',
      'float32',
    ])
    expect(new Set(seen.filter((one) => one.startsWith('outside')))).toEqual(
      new Set(['outside float32']),
    )
    await expect(
      autocast(async () => {
        await wait()
        throw new RangeError('mine')
      }),
    ).rejects.toThrow('mine')
    expect(product()).toBe('float32')
  })

  it('leaves float64 and integers alone', () => {
    const double = ones([2, 2], { dtype: 'float64' })
    const whole = ones([2, 2], { dtype: 'int64' })
    autocast(() => {
      expect(double.matmul(double).dtype).toBe('float64')
      expect(whole.matmul(whole).dtype).toBe('int64')
      expect(mseLoss(double, double).dtype).toBe('float64')
    })
  })

  it('casts tensors that are given by name, and in lists', () => {
    autocast(() => {
      expect(matmul(a, { other: a }).dtype).toBe('bfloat16')
      expect(a.to('bfloat16').indexCopy(0, ones([1], { dtype: 'int64' }), ones([1, 2])).dtype).toBe(
        'float32',
      )
    })
  })

  it('wraps functions', () => {
    const wrapped = autocast.wrap(product, { dtype: 'float16' })
    expect([wrapped(), product()]).toEqual(['float16', 'float32'])
  })

  it('has defaults that can be set', () => {
    setAutocastDtype('cpu', 'float16')
    setAutocastCacheEnabled(false)
    try {
      expect(autocast(product)).toBe('float16')
      expect(autocast(isAutocastCacheEnabled)).toBe(false)
    } finally {
      setAutocastDtype('cpu', 'bfloat16')
      setAutocastCacheEnabled(true)
    }
    autocast(() => {
      product()
      clearAutocastCache()
      expect(product()).toBe('bfloat16')
    })
  })

  it('gives functions of one’s own a dtype', () => {
    const own = customFwd((x: typeof a) => [x.dtype, product()], { castInputs: 'float32' })
    expect(autocast(() => own(ones([2], { dtype: 'bfloat16' })))).toEqual(['float32', 'float32'])
    expect(own(ones([2], { dtype: 'bfloat16' }))).toEqual(['bfloat16', 'float32'])
    const plain = customFwd(product)
    expect(autocast(() => plain())).toBe('bfloat16')
    expect(autocast(() => customBwd(product)())).toBe('float32')
  })

  it('says what is wrong', () => {
    expect(() => autocast({ dtype: 'float32' }, product)).toThrow(
      /bfloat16 or float16, not float32/,
    )
    expect(() => autocast({ deviceType: 'cuda' }, product)).toThrow(/no autocast for/)
    expect(() => autocast({ enabled: 1 as never }, product)).toThrow(
      /enabled must be true or false/,
    )
    expect(() => autocast({ wrong: 1 } as never, product)).toThrow(/no option 'wrong'/)
    expect(() => autocast('cpu', product as never, 'bfloat16' as never)).toThrow(
      /the body of the region is the last argument/,
    )
    expect(() => autocast.wrap(3 as never)).toThrow(/fn must be a function/)
    expect(() => setAutocastCacheEnabled(1 as never)).toThrow(/true or false/)
    expect(() => customFwd(3 as never)).toThrow(/customFwd: fn must be a function/)
    expect(() => customBwd(3 as never)).toThrow(/customBwd: fn must be a function/)
    expect(() => setAutocastDtype('cpu', 'int64')).toThrow(/not int64/)
  })
})
