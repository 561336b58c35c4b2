/**
 * Builds the native addon: node scripts/build-native.mjs [--tests] [--sanitize] [--verbose]
 */
import { withLock } from './lib/lock.mjs'
import { buildNative } from './lib/native.mjs'
import { runMain } from './lib/steps.mjs'

const has = (/** @type {string} */ flag) => process.argv.includes(flag)

await runMain(async () => {
  const did = await withLock(() =>
    buildNative({
      tests: has('--tests'),
      verbose: has('--verbose'),
      variant: has('--sanitize') ? 'sanitize' : 'release',
    }),
  )
  process.stdout.write(`native: ${did ?? 'up to date'}\n`)
  return 0
})
