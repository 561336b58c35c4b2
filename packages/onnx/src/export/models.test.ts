/** Every model of the packages, exported and run by another runtime. */
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
