/** Every model of the packages, exported and run by another runtime. */
import * as graphModels from '@flambeau/graph-models'
import * as nn from '@flambeau/nn'
import * as sequenceModels from '@flambeau/sequence-models'
import * as visionModels from '@flambeau/vision-models'
import { describe, expect, it } from 'vitest'
import { exported } from '../testing/cases.ts'
import { graphs } from '../testing/graphs.ts'
import { sequences } from '../testing/sequences.ts'
import { classification, detection, generation, segmentation } from '../testing/vision.ts'

describe.each(
  Object.entries({ classification, detection, generation, segmentation, sequences, graphs }),
)('%s', (_kind, cases) => {
  it.each(cases.map((one) => [one.name, one] as const))(
    '%s gives the same in onnxruntime, also for another batch size',
    async (_name, one) => {
      const { elsewhere, imported } = await exported(one)
      expect(elsewhere).toBeLessThan(1e-4)
      expect(imported).toBeLessThan(1e-4)
    },
  )
})

/** What cannot be exported, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  TopKPooling: 'how many nodes it keeps depends on the graph; its layers are those of others',
  MessagePassing: 'the base of layers, which has no forward',
}

it('no model of the packages is left out', () => {
  const cases = [classification, detection, generation, segmentation, sequences, graphs].flat()
  const covered = cases.flatMap(({ model }) => [...model().modules()])
  const packages = [visionModels, sequenceModels, graphModels]
  const left = packages.flatMap((names) =>
    Object.entries(names).flatMap(([name, value]) => {
      const made = typeof value === 'function' && value.prototype instanceof nn.Module
      if (!made || name in REFUSED) return []
      return covered.some((module) => module instanceof (value as never)) ? [] : [name]
    }),
  )
  expect(left).toEqual([])
})
