/**
 * Runs the native unit tests, and core's tests on the addon, under AddressSanitizer and
 * UndefinedBehaviorSanitizer: node scripts/test-sanitize.mjs [--native-only]
 */
import { join } from 'node:path'
import { outputOf, runInForeground } from './lib/exec.mjs'
import { withLock } from './lib/lock.mjs'
import { buildFolder, buildNative } from './lib/native.mjs'
import { inRepo, toolEnvironment } from './lib/repo.mjs'
import { StepError, runMain } from './lib/steps.mjs'

const options = {
  UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  ASAN_OPTIONS: 'detect_stack_use_after_return=1:abort_on_error=0',
}

await runMain(async () => {
  const did = await withLock(() =>
    buildNative({ tests: true, verbose: false, variant: 'sanitize' }),
  )
  process.stdout.write(`native (sanitizers): ${did ?? 'up to date'}\n`)

  const unitTests = join(buildFolder('sanitize'), 'flambeau_native_tests')
  const native = await runInForeground(unitTests, [], options)
  if (native !== 0 || process.argv.includes('--native-only')) return native

  const runtime = outputOf('g++', ['-print-file-name=libasan.so'])
  if (!runtime?.startsWith('/')) {
    throw new StepError('g++ knows no libasan.so', 'install the sanitizer library of this g++')
  }
  return runInForeground(
    inRepo('node_modules/.bin/vitest'),
    ['run', '--root', inRepo('packages/core')],
    {
      ...toolEnvironment(),
      ...options,
      // Node itself never frees some of its memory.
      ASAN_OPTIONS: `${options.ASAN_OPTIONS}:detect_leaks=0`,
      LD_PRELOAD: runtime,
      FLAMBEAU_NATIVE: inRepo('packages/core/prebuilt-asan/flambeau.node'),
    },
  )
})
