/**
 * Every class of nn on a GPU: what PyTorch's module database expects, with module and inputs there. The
 * GPU is the one that FLAMBEAU_CUDA_NATIVE's addon finds, by default an emulated one.
 */
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { isRandomOnDevice } from './cuda/exceptions.ts'
import { moduleClasses, reportModule } from './modules.ts'

process.env['FLAMBEAU_CUDA_NATIVE'] ??= fileURLToPath(
  new URL('../../packages/cuda-backend/prebuilt-emulated/flambeau_cuda.node', import.meta.url),
)
const { backends, deviceCount } = await import('@flambeau/cuda-backend')
backends.cudnn.allowTf32 = false // as what is compared with

describe('modules on a GPU', () => {
  it('has one', () => {
    expect(deviceCount()).toBeGreaterThan(0)
  })

  it.each(moduleClasses().filter((name) => !isRandomOnDevice(name)))('%s', (name) => {
    const { failures, cases } = reportModule(name, 'cuda')
    expect(failures).toEqual([])
    expect(cases).toBeGreaterThan(0)
  })
})
