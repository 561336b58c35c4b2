/**
 * Looks for races in the kernels of GPUs, on the emulated one: runs the native unit tests, every
 * sample of every operation, every module of nn and captured graphs while each access is watched:
 * node scripts/test-races.mjs [--native-only] [--only OP] [--every N] [--traffic]
 *
 * --traffic prints in the end, for each kernel, what its requests asked of memory and what they moved.
 */
import { parseArgs } from 'node:util'
import { runInForeground } from './lib/exec.mjs'
import { withLock } from './lib/lock.mjs'
import { buildNative, testProgram } from './lib/native.mjs'
import { inRepo, toolEnvironment } from './lib/repo.mjs'
import { runMain } from './lib/steps.mjs'

const { values } = parseArgs({
  options: {
    'native-only': { type: 'boolean', default: false },
    traffic: { type: 'boolean', default: false },
    only: { type: 'string' },
    every: { type: 'string', default: '1' },
  },
})

await runMain(async () => {
  const did = await withLock(() =>
    buildNative({ tests: true, verbose: false, variant: 'cuda-races' }),
  )
  process.stdout.write(`native (races): ${did ?? 'up to date'}\n`)
  const native = await runInForeground(testProgram('cuda-races'), [], {})
  if (native !== 0 || values['native-only']) return native

  const only = values.only === undefined ? [] : ['--only', values.only]
  return runInForeground(
    process.execPath,
    [
      '--conditions=@flambeau/source',
      '--import',
      'tsx',
      inRepo('parity/src/cuda/check.ts'),
      ...(only.length > 0 ? ['samples', ...only] : ['samples', 'modules', 'fused']),
      ...['--every', values.every, '--seconds', '7200', '--patience', '120'],
      // Each process would print a table of its own.
      ...(values.traffic ? ['--processes', '0'] : []),
    ],
    {
      ...toolEnvironment(),
      FLAMBEAU_CUDA_NATIVE: inRepo(
        'packages/cuda-backend/prebuilt-emulated-races/flambeau_cuda.node',
      ),
      ...(values.traffic ? { FLAMBEAU_EMULATED_TRAFFIC: '1' } : {}),
    },
  )
})
