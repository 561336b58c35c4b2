/**
 * Every class of nn on a GPU: what PyTorch's module database expects, with module and inputs there. The
 * GPU is the one that FLAMBEAU_CUDA_NATIVE's addon finds, by default an emulated one.
 */
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { moduleClasses, reportModule } from './modules.ts'

process.env['FLAMBEAU_CUDA_NATIVE'] ??= fileURLToPath(
  new URL('../../packages/cuda-backend/prebuilt-emulated/flambeau_cuda.node', import.meta.url),
)
const { deviceCount } = await import('@flambeau/cuda-backend')

/**
 * Classes with cases that draw random numbers, which are others on a GPU. Lazy classes draw their weights
 * at the first call, where the input is.
 */
const RANDOM: ReadonlySet<string> = new Set([
  'AlphaDropout',
  'Dropout',
  'Dropout1d',
  'Dropout2d',
  'Dropout3d',
  'FeatureAlphaDropout',
  'FractionalMaxPool2d',
  'FractionalMaxPool3d',
  'GumbelSoftmax',
  'RReLU',
])

describe('modules on a GPU', () => {
  it('has one', () => {
    expect(deviceCount()).toBeGreaterThan(0)
  })

  it.each(moduleClasses().filter((name) => !RANDOM.has(name) && !name.startsWith('Lazy')))(
    '%s',
    (name) => {
      const { failures, cases } = reportModule(name, 'cuda')
      expect(failures).toEqual([])
      expect(cases).toBeGreaterThan(0)
    },
  )
})
