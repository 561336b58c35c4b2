/**
 * Builds what is published of the native parts for this platform, all libraries inside, into the packages
 * that bring it: node scripts/build-platform.mjs [--cuda | --all] [--verbose]
 *
 * By default the addon of the processor; the first time that compiles oneDNN, which takes ten minutes on two
 * cores. --cuda: the addon of GPUs, for all of them, which takes nvcc an hour of a processor. --all: both.
 */
import { withLock } from './lib/lock.mjs'
import { buildCudaPlatform, buildPlatform } from './lib/platform.mjs'
import { runMain } from './lib/steps.mjs'

const has = (/** @type {string} */ flag) => process.argv.includes(flag)

await runMain(async () => {
  const verbose = has('--verbose')
  const { stderr } = process
  const progress = (/** @type {string} */ text) => {
    if (stderr.isTTY && !verbose) stderr.write(`\r\u001b[K${text}`)
  }
  for (const [name, build] of /** @type {const} */ ([
    ['processor', has('--cuda') ? null : buildPlatform],
    ['GPUs', has('--cuda') || has('--all') ? buildCudaPlatform : null],
  ])) {
    if (build === null) continue
    const did = await withLock(() => build({ verbose, progress }))
    if (stderr.isTTY) stderr.write('\r\u001b[K')
    process.stdout.write(`addon of ${name}: ${did ?? 'up to date'}\n`)
  }
  return 0
})
