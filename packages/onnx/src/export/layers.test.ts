/** Layers and functions, exported and run by another runtime. */
import { describe, expect, it } from 'vitest'
import { exported } from '../testing/cases.ts'
import { layerCases } from '../testing/layers.ts'

describe.each(Object.entries(layerCases))('%s', (_kind, cases) => {
  it.each(cases.map((one) => [one.name, one] as const))(
    '%s gives the same in onnxruntime',
    async (_name, one) => {
      const { elsewhere, imported } = await exported(one)
      expect(elsewhere).toBeLessThan(2e-5)
      expect(imported).toBeLessThan(2e-5)
    },
  )
})

describe.each([17, 20, 21, 23])('opset %i', (opset) => {
  const names = ['GELU (tanh)', 'GroupNorm', 'gridSample (border)', 'reductions', 'pads', 'spreads']
  const cases = Object.values(layerCases).flat()
  it.each(names)('%s gives the same', async (name) => {
    const one = cases.find((other) => other.name === name)
    if (one === undefined) throw new Error(`no case ${name}`)
    const { elsewhere, imported } = await exported({ ...one, options: { opset } })
    expect(elsewhere).toBeLessThan(2e-5)
    expect(imported).toBeLessThan(2e-5)
  })
})
