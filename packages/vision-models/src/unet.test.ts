import { readFileSync } from 'node:fs'
import { manualSeed, randn, ShapeError } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import { expect, it } from 'vitest'
import { UNet } from './index.ts'

interface Golden {
  readonly keys: string[]
  readonly output: number[]
  readonly loss: number
  readonly gradient: number[]
}

const golden = JSON.parse(
  readFileSync(new URL('../goldens/unet.json', import.meta.url), 'utf8'),
) as Golden

it('gives what the same network in PyTorch gives, on sizes that are not multiples of 8', () => {
  manualSeed(0)
  const model = new UNet({ features: [8, 16, 32] })
  const x = randn([2, 3, 21, 30])
  const y = model(x)
  expect(Object.keys(model.stateDict()).sort()).toEqual(golden.keys.sort())
  const target = x.narrow(1, 0, 1).gt(0).float()
  const loss = nn.functional.binaryCrossEntropyWithLogits(y, target)
  loss.backward()
  expect(loss.item()).toBeCloseTo(golden.loss, 5)
  const output = y.at('..., ::4, ::5')
  const seen = output.flatten().tolist() as number[]
  expect(seen.length).toBe(golden.output.length)
  for (const [i, want] of golden.output.entries()) expect(seen[i]).toBeCloseTo(want, 4)
  for (const [i, parameter] of [...model.parameters()].entries()) {
    const want = golden.gradient[i] as number
    expect(Math.abs((parameter.grad as Tensor).norm().item() - want)).toBeLessThan(
      1e-3 * want + 1e-5,
    )
  }
})

it('refuses images of other channels', () => {
  expect(() => new UNet({ features: [4] })(randn([1, 1, 8, 8]))).toThrow(ShapeError)
})
