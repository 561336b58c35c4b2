import { fileURLToPath } from 'node:url'
import { packageTests } from '../../vitest.shared.ts'

// Tests run on the emulation of a GPU, unless the environment names another addon.
process.env['FLAMBEAU_CUDA_NATIVE'] ??= fileURLToPath(
  new URL('./prebuilt-emulated/flambeau_cuda.node', import.meta.url),
)

export default packageTests()
