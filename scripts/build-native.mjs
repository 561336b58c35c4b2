/**
 * Builds a native addon: node scripts/build-native.mjs [--tests] [--sanitize] [--verbose]
 *
 * By default core's. --cuda: that of the CUDA backend, for GPUs, which needs nvcc. --emulated: the same for
 * tests without a GPU.
 */
import { withLock } from './lib/lock.mjs'
import { buildNative, findNvcc } from './lib/native.mjs'
import { StepError, runMain } from './lib/steps.mjs'

const has = (/** @type {string} */ flag) => process.argv.includes(flag)

/** @returns {import('./lib/native.mjs').Variant} */
function variant() {
  if (has('--cuda')) return 'cuda'
  if (has('--emulated')) return has('--sanitize') ? 'cuda-sanitize' : 'cuda-emulated'
  return has('--sanitize') ? 'sanitize' : 'release'
}

await runMain(async () => {
  if (has('--cuda') && findNvcc() === null) {
    throw new StepError(
      'nvcc, the compiler of the CUDA toolkit, was not found',
      'install the toolkit (12 or 13), or set CUDA_HOME to its folder',
    )
  }
  const did = await withLock(() =>
    buildNative({ tests: has('--tests'), verbose: has('--verbose'), variant: variant() }),
  )
  process.stdout.write(`native: ${did ?? 'up to date'}\n`)
  return 0
})
