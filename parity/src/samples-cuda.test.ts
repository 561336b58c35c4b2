/** Every sample of every operation on a GPU, by default an emulated one: see cuda/samples.ts. */
import { fileURLToPath } from 'node:url'
import { allSamples } from '@flambeau/core/testing'
import { expect, it } from 'vitest'

process.env['FLAMBEAU_CUDA_NATIVE'] ??= fileURLToPath(
  new URL('../../packages/cuda-backend/prebuilt-emulated/flambeau_cuda.node', import.meta.url),
)
// The process ends where the processor touches memory of a device.
process.env['FLAMBEAU_EMULATED_PROTECT'] ??= '1'
const { backends, synchronize } = await import('@flambeau/cuda-backend')
const { sampleCases } = await import('./cuda/samples.ts')
backends.cudnn.allowTf32 = false // as what is compared with

it.each([...allSamples().keys()])('%s', (op) => {
  const failures: string[] = []
  let count = 0
  for (const { name, run } of sampleCases(op)) {
    count++
    try {
      run()
      synchronize()
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`)
    }
  }
  expect(failures).toEqual([])
  expect(count).toBeGreaterThan(0)
})
