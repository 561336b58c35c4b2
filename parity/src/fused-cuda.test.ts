/** Captured graphs with kernels that are compiled at run time, on the emulation of a GPU. */
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

process.env['FLAMBEAU_CUDA_NATIVE'] ??= fileURLToPath(
  new URL('../../packages/cuda-backend/prebuilt-emulated/flambeau_cuda.node', import.meta.url),
)
const { fusedCases } = await import('./cuda/fused.ts')

// All dtypes and many more programs are compared on a GPU.
const chosen = [...fusedCases(3)].filter(({ name }) => /program|float32|bfloat16/.test(name))

it.each(chosen.map((each) => [each.name, each] as const))('%s', (_, { run }) => {
  expect(run()).toBeGreaterThan(1)
})
