import {
  AutogradError,
  isInference,
  isInferenceModeEnabled,
  tensor,
  ValueError,
  type Tensor,
} from '@flambeau/core'
import { afterEach, describe, expect, it } from 'vitest'
import { enableGrad, inferenceMode, isGradEnabled, noGrad, setGradEnabled } from './index.ts'

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
    expect(() => enableGrad('x' as never)).toThrow(/enableGrad: body must be a function/)
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
  it('lasts for a body, or until its result is disposed', () => {
    expect(setGradEnabled(false, records)).toBe(false)
    {
      using _ = setGradEnabled(false)
      expect(records()).toBe(false)
      expect(setGradEnabled(true, records)).toBe(true)
    }
    expect(records()).toBe(true)
    expect(() => setGradEnabled(1 as never)).toThrow(ValueError)
  })

  it('switches until it is switched again', () => {
    setGradEnabled(false)
    expect(records()).toBe(false)
    setGradEnabled(true)
    expect(records()).toBe(true)
  })
})

describe('functions and methods', () => {
  it('always run in the mode they were wrapped in, with their own this, name and results', async () => {
    const model = { factor: 2 }
    const context = { kind: 'method', name: 'predict' } as const
    const predict = noGrad(function predict(this: typeof model, y: Tensor): Tensor {
      return y.mul(this.factor)
    }, context)
    expect([predict.name, predict.length]).toEqual(['predict', 1])
    expect(predict.call(model, x).requiresGrad).toBe(false)
    const later = noGrad.wrap(async (y: Tensor) => {
      await tick()
      return y.mul(2).requiresGrad
    })
    expect(await later(x)).toBe(false)
    expect(records()).toBe(true)
  })

  it('are decorated in both of the ways that TypeScript knows', () => {
    const owner = {
      predict(): boolean {
        return records()
      },
    }
    const descriptor = Object.getOwnPropertyDescriptor(owner, 'predict') as PropertyDescriptor
    Object.defineProperty(owner, 'predict', noGrad(owner, 'predict', descriptor))
    expect(owner.predict()).toBe(false)
    expect(() => noGrad(records, { kind: 'class' } as never)).toThrow(
      /noGrad: only methods can be decorated/,
    )
  })
})

describe('inference mode', () => {
  it('makes tensors that never join a graph', () => {
    const made = inferenceMode(() => {
      expect([isGradEnabled(), isInferenceModeEnabled()]).toEqual([false, true])
      return x.mul(2)
    })
    expect([made.requiresGrad, made.isInference(), isInference(x)]).toEqual([false, true, false])
    expect(isInferenceModeEnabled()).toBe(false)
    // What nothing saves may be used.
    expect(x.add(made).requiresGrad).toBe(true)
    expect(() => x.mul(made)).toThrow(AutogradError)
    expect(() => x.mul(made)).toThrow(
      /mul: a tensor made in inference mode cannot be saved for a backward pass[\s\S]*fix: clone\(\)/,
    )
    expect(x.mul(made.clone()).requiresGrad).toBe(true)
  })

  it('lets nobody change or record its tensors outside', () => {
    const made = inferenceMode(() => tensor([1, 2]).mul(1.5))
    expect(() => made.add_(1)).toThrow(
      /add_: a tensor made in inference mode cannot be changed in place outside of it/,
    )
    expect(() => made.requiresGrad_()).toThrow(
      /requiresGrad: a tensor made in inference mode cannot require a gradient outside of it/,
    )
    inferenceMode(() => made.add_(1).requiresGrad_())
    expect(made.requiresGrad).toBe(true)
    expect(made.tolist()).toEqual([2.5, 4])
  })

  it('makes views of tensors from outside, which refuse to be changed outside', () => {
    const y = x.mul(2)
    const view = inferenceMode(() => y.narrow(0, 0, 1))
    expect(view.isInference()).toBe(false)
    expect(() => view.mul_(2)).toThrow(/a view that was made in inference mode cannot be changed/)
    y.mul_(2)
    expect(() => view.mul(2)).toThrow(/an input is a view that was made in inference mode/)
  })

  it('can be left, and follows await', async () => {
    await inferenceMode(async () => {
      await tick()
      expect(isInferenceModeEnabled()).toBe(true)
      {
        using _ = inferenceMode(false)
        expect([records(), isInferenceModeEnabled()]).toEqual([true, false])
      }
      expect([records(), isInferenceModeEnabled()]).toEqual([false, true])
    })
    using _ = inferenceMode()
    expect(isInferenceModeEnabled()).toBe(true)
  })
})

describe('a backward pass', () => {
  it('is not recorded in a mode of its own kind', () => {
    const y = x.mul(2).sum()
    inferenceMode(() => y.backward())
    expect(x.grad?.isInference()).toBe(true)
    x.grad = null
  })
})
