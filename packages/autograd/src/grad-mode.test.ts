import { tensor, ValueError, type Tensor } from '@flambeau/core'
import { afterEach, describe, expect, it } from 'vitest'
import { enableGrad, isGradEnabled, noGrad, setGradEnabled } from './index.ts'

const x: Tensor = tensor([1.5, 2], { requiresGrad: true })
const records = (): boolean => x.mul(2).requiresGrad
const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1))

afterEach(() => {
  setGradEnabled(true)
})

describe('noGrad', () => {
  it('records nothing while its body runs', () => {
    expect(noGrad(() => [records(), isGradEnabled()])).toEqual([false, false])
    expect([records(), isGradEnabled()]).toEqual([true, true])
  })

  it('ends when its body throws', () => {
    expect(() =>
      noGrad(() => {
        throw new Error('mine')
      }),
    ).toThrow('mine')
    expect(records()).toBe(true)
  })

  it('nests, with enableGrad inside', () => {
    noGrad(() => {
      expect(enableGrad(records)).toBe(true)
      expect(records()).toBe(false)
      noGrad(() => expect(records()).toBe(false))
      expect(records()).toBe(false)
    })
  })

  it('lasts until disposed without a body', () => {
    {
      using _ = noGrad()
      expect(records()).toBe(false)
      {
        using __ = enableGrad()
        expect(records()).toBe(true)
      }
      expect(records()).toBe(false)
    }
    expect(records()).toBe(true)
  })

  it('follows await, and leaves others alone meanwhile', async () => {
    const inside: boolean[] = []
    const running = noGrad(async () => {
      inside.push(records())
      await tick()
      inside.push(records(), isGradEnabled())
      await tick()
      inside.push(records())
      return 'done'
    })
    const outside = [records(), isGradEnabled()]
    await tick()
    outside.push(records())
    expect(await running).toBe('done')
    outside.push(records())
    expect(inside).toEqual([false, false, false, false])
    expect(outside).toEqual([true, true, true, true])
  })

  it('runs several bodies at once, each in its own mode', async () => {
    const results = await Promise.all([
      noGrad(async () => {
        await tick()
        return records()
      }),
      (async () => {
        await tick()
        return records()
      })(),
      noGrad(async () => {
        await tick()
        return enableGrad(async () => {
          await tick()
          return records()
        })
      }),
    ])
    expect(results).toEqual([false, true, true])
  })

  it('ends when its promise is rejected', async () => {
    await expect(
      noGrad(async () => {
        await tick()
        throw new Error('mine')
      }),
    ).rejects.toThrow('mine')
    expect(records()).toBe(true)
  })

  it('allows in-place changes of leaves', () => {
    const w = tensor([1, 2], { dtype: 'float32', requiresGrad: true })
    noGrad(() => w.add_(1))
    expect(w.tolist()).toEqual([2, 3])
    expect(w.requiresGrad).toBe(true)
    expect(w.isLeaf).toBe(true)
  })

  it('needs a function', () => {
    expect(() => noGrad(3 as never)).toThrow(ValueError)
    expect(() => enableGrad('x' as never)).toThrow(/enableGrad: the body must be a function/)
  })
})

describe('enableGrad', () => {
  it('records after an await when recording is off elsewhere', async () => {
    setGradEnabled(false)
    const inside = await enableGrad(async () => {
      const first = records()
      await tick()
      return [first, records(), isGradEnabled()]
    })
    expect(inside).toEqual([true, true, true])
    expect(records()).toBe(false)
  })
})

describe('setGradEnabled', () => {
  it('switches until it is switched again', () => {
    setGradEnabled(false)
    expect(records()).toBe(false)
    setGradEnabled(true)
    expect(records()).toBe(true)
  })
})
