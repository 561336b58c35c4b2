/** Makes the emulated GPU known to core. */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { registerDevice } from '@flambeau/core/internal'

const path =
  process.env['FLAMBEAU_CUDA_NATIVE'] ??
  fileURLToPath(new URL('../../prebuilt-emulated/flambeau_cuda.node', import.meta.url))
const addon = createRequire(import.meta.url)(path) as {
  device(): object
  availability(): { count: number; rule: string; fix: string }
}
const { count, rule } = addon.availability()
registerDevice({
  name: 'cuda',
  package: '@flambeau/cuda-backend',
  external: addon.device(),
  count,
  reason: rule,
  current: () => 0,
})
