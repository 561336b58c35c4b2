/**
 * Builds the addon that is published for this platform, all libraries inside, into its package:
 * node scripts/build-platform.mjs [--verbose]
 *
 * The first time it compiles oneDNN, which takes ten minutes on two cores.
 */
import { withLock } from './lib/lock.mjs'
import { buildPlatform, platformFolder } from './lib/platform.mjs'
import { runMain } from './lib/steps.mjs'

await runMain(async () => {
  const verbose = process.argv.includes('--verbose')
  const { stderr } = process
  const progress = (/** @type {string} */ text) => {
    if (stderr.isTTY && !verbose) stderr.write(`\r\u001b[K${text}`)
  }
  const did = await withLock(() => buildPlatform({ verbose, progress }))
  if (stderr.isTTY) stderr.write('\r\u001b[K')
  process.stdout.write(`${platformFolder}: ${did ?? 'up to date'}\n`)
  return 0
})
