import { readFileSync } from 'node:fs'
import type { DType } from '@flambeau/core'
import { ones, tensor } from '@flambeau/core'
import '@flambeau/autograd'
import { describe, expect, it } from 'vitest'
import type { GradScalerState } from './index.ts'
import { GradScaler, SGD } from './index.ts'

type Plain = number | string

// Written by ../goldens/scaler.py with PyTorch.
const golden = JSON.parse(
  readFileSync(new URL('../goldens/scaler.json', import.meta.url), 'utf8'),
) as {
  factors: Plain[]
  cases: Record<
    string,
    {
      options: Record<string, never>
      dtype: DType
      steps: [Plain[], number, GradScalerState][]
    }
  >
  dtypes: Record<string, [string, string]>
}

const numberOf = (value: Plain): number => Number(String(value).replace('inf', 'Infinity'))
const camel = (name: string): string =>
  name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

describe('GradScaler', () => {
  it.each(Object.keys(golden.cases))(
    '%s: scales, steps and states are those of PyTorch',
    (name) => {
      const { options, dtype, steps } = golden.cases[name] as (typeof golden.cases)[string]
      const given = Object.fromEntries(Object.entries(options).map(([k, v]) => [camel(k), v]))
      const x = tensor([1, -2], { dtype, requiresGrad: true })
      const optimizer = new SGD([x], { lr: 0.125, momentum: 0.5 })
      let scaler = new GradScaler('cpu', given)
      steps.forEach(([values, scale, state], i) => {
        const factors = tensor([1, numberOf(golden.factors[i] as Plain)], { dtype })
        optimizer.zeroGrad()
        scaler.scale(x.mul(factors).sum()).backward()
        if (i % 3 === 1) scaler.unscale_(optimizer)
        scaler.step(optimizer)
        if (i === 9) scaler.update(16)
        else scaler.update()
        expect(scaler.getScale()).toBe(scale)
        expect(scaler.stateDict()).toEqual(state)
        expect(x.detach().to('float64').tolist()).toEqual(values.map(numberOf))
        // From here on another one goes on.
        if (i === 5 && scaler.isEnabled()) {
          const next = new GradScaler()
          next.loadStateDict(scaler.stateDict())
          scaler = next
        }
      })
    },
  )

  it.each(Object.keys(golden.dtypes))('the scaled loss has the dtype of PyTorch: %s', (name) => {
    const scaler = new GradScaler({ initScale: 4 })
    const dtype = name as DType
    const scaled = scaler.scale([ones([], { dtype }), [ones([1], { dtype })]] as const)
    expect([scaled[0].dtype, scaled[1][0].dtype]).toEqual(golden.dtypes[name])
    expect(scaled[0].item()).toBe(4)
  })

  it('checks all optimizers of a step', () => {
    const a = ones([1], { requiresGrad: true })
    const b = ones([1], { requiresGrad: true })
    const [first, second] = [new SGD([a], { lr: 1 }), new SGD([b], { lr: 1 })]
    const scaler = new GradScaler({ initScale: 2 })
    scaler.scale(a.sum().add(b.mul(Number.POSITIVE_INFINITY).sum())).backward()
    scaler.step(first)
    scaler.step(second)
    scaler.update()
    expect([a.item(), b.item(), scaler.getScale()]).toEqual([0, 1, 1])
  })

  it('says what is wrong', () => {
    const x = ones([2], { requiresGrad: true })
    const optimizer = new SGD([x], { lr: 1 })
    const scaler = new GradScaler()
    expect(() => scaler.step(optimizer)).toThrow(/step: nothing was scaled before/)
    expect(() => scaler.scale(3 as never)).toThrow(/a tensor or a list of tensors/)
    const loss = scaler.scale(x.sum())
    expect(() => scaler.step(optimizer)).toThrow(/no parameter of the optimizer has a gradient/)
    expect(() => new GradScaler().update()).toThrow(/nothing was scaled/)
    scaler.update(1)
    loss.backward()
    scaler.unscale_(optimizer)
    expect(() => scaler.unscale_(optimizer)).toThrow(/already called for this optimizer/)
    scaler.step(optimizer)
    expect(() => scaler.unscale_(optimizer)).toThrow(/after step\(\)/)
    expect(() => scaler.step(optimizer)).toThrow(/step\(\) was already called/)
    scaler.update()
    expect(() => scaler.update()).toThrow(/no gradients were checked/)
    expect(() => scaler.step(optimizer, () => 1)).toThrow(/closures cannot be scaled/)
    expect(() => scaler.update(ones([2]))).toThrow(/newScale must be a number/)
    expect(() => scaler.loadStateDict({})).toThrow(/not the state of a scaler/)
    expect(() => scaler.step({} as never)).toThrow(/must be an optimizer/)
    expect(() => new GradScaler({ growthFactor: 1 })).toThrow(/growthFactor must be a number > 1/)
    expect(() => new GradScaler({ backoffFactor: 1 })).toThrow(/backoffFactor must be a number < 1/)
    expect(() => new GradScaler({ growthInterval: 0 })).toThrow(/growthInterval must be a whole/)
    const half = ones([1], { dtype: 'float16', requiresGrad: true })
    scaler.scale(half.sum()).backward()
    expect(() => scaler.step(new SGD([half], { lr: 1 }))).toThrow(/must not be float16/)
  })
})
