/**
 * Runs the native unit tests, then core's and autograd's tests and many hostile calls on the addon,
 * all under AddressSanitizer and UndefinedBehaviorSanitizer:
 * node scripts/test-sanitize.mjs [--native-only] [--calls N]
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { outputOf, runInForeground } from './lib/exec.mjs'
import { withLock } from './lib/lock.mjs'
import { buildFolder, buildNative } from './lib/native.mjs'
import { inRepo, toolEnvironment } from './lib/repo.mjs'
import { StepError, runMain } from './lib/steps.mjs'

const { values } = parseArgs({
  options: {
    'native-only': { type: 'boolean', default: false },
    calls: { type: 'string', default: '20000' },
  },
})

const options = {
  UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  ASAN_OPTIONS: 'detect_stack_use_after_return=1:abort_on_error=0',
}

// Their bounds are on resident memory, which the sanitizer multiplies.
const notHere = ['src/memory.test.ts', 'src/workers.test.ts']

await runMain(async () => {
  const did = await withLock(() =>
    buildNative({ tests: true, verbose: false, variant: 'sanitize' }),
  )
  process.stdout.write(`native (sanitizers): ${did ?? 'up to date'}\n`)

  const unitTests = join(buildFolder('sanitize'), 'flambeau_native_tests')
  const native = await runInForeground(unitTests, [], options)
  if (native !== 0 || values['native-only']) return native

  const runtime = outputOf('g++', ['-print-file-name=libasan.so'])
  if (!runtime?.startsWith('/')) {
    throw new StepError('g++ knows no libasan.so', 'install the sanitizer library of this g++')
  }
  const environment = {
    ...toolEnvironment(),
    ...options,
    // Node itself never frees some of its memory, and is told of requests that are too large.
    ASAN_OPTIONS: `${options.ASAN_OPTIONS}:detect_leaks=0:allocator_may_return_null=1`,
    LD_PRELOAD: runtime,
    FLAMBEAU_NATIVE: inRepo('packages/core/prebuilt-asan/flambeau.node'),
  }
  for (const name of ['core', 'autograd']) {
    const code = await runInForeground(
      inRepo('node_modules/.bin/vitest'),
      [
        'run',
        '--root',
        inRepo('packages', name),
        ...notHere.flatMap((file) => ['--exclude', file]),
      ],
      environment,
    )
    if (code !== 0) return code
  }
  return runInForeground(
    process.execPath,
    [inRepo('scripts/fuzz.mjs'), '--calls', values.calls, '--packages', 'operations'],
    environment,
  )
})
