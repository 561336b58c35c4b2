import { randn, stack } from '@flambeau/core'
import { expect, it } from 'vitest'
import './index.ts'
import { grad } from './index.ts'

it.each([0, 1, 2, 3])(
  'gradients of parts that are laid out alike are joined so, along axis %i',
  (axis) => {
    const x = randn([2, 3, 4, 5], { dtype: 'float64', requiresGrad: true })
    const parts = x.unbind(axis)
    const last = x.shape.toSpliced(axis, 1)[2] as number
    // In memory their last axis is the first.
    const laid = parts.map(({ shape }) =>
      randn([last, ...shape.slice(0, 2)], { dtype: 'float64' }).permute(1, 2, 0),
    )
    const [found] = grad([...parts], [x], { gradOutputs: laid })
    expect(found?.tolist()).toEqual(stack(laid, axis).tolist())
    expect(found?.isContiguous()).toBe(false)
  },
)
