/**
 * Packs every package, and installs a few from the tarballs into an empty folder as a user would, to
 * train a step there: node scripts/check-pack.mjs [--only core,nn,…]
 *
 * This is the quick part of scripts/release-check.mjs. It packs the addon of the checkout, which takes
 * some libraries from the system, in place of the published one.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkTree, makeConsumer, runProgram } from './lib/consumer.mjs'
import { describeTarball, importable, onlySome, packAll } from './lib/pack.mjs'
import { imports, trainingCommonJs, trainingModule } from './lib/programs.mjs'
import { serveRegistry } from './lib/registry.mjs'
import { inRepo } from './lib/repo.mjs'
import { runMain } from './lib/steps.mjs'

const say = (/** @type {string} */ text) => process.stdout.write(`${text}\n`)

await runMain(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'flambeau-pack-'))
  try {
    const standIn = inRepo('packages/core/prebuilt/flambeau.node')
    const tarballs = await packAll(folder, { standIn, ...onlySome() })
    for (const tarball of tarballs) say(describeTarball(tarball))
    const { url, close } = await serveRegistry(tarballs)
    try {
      const few = ['core', 'nn', 'optim'].map((name) => `@flambeau/${name}`)
      const user = await makeConsumer(join(folder, 'few'), few, url)
      const flambeau = [...few, '@flambeau/autograd', '@flambeau/core-linux-x64-gnu']
      checkTree(user, { flambeau, without: ['sharp'] })
      await runProgram(user, 'training.mjs', trainingModule)
      await runProgram(user, 'training.cjs', trainingCommonJs)
      say(`installed ${few.join(', ')}: trained, from an ES module and from CommonJS`)
      const names = importable(tarballs)
      const all = await makeConsumer(join(folder, 'all'), names, url)
      await runProgram(all, 'imports.mjs', imports(names))
      say(`installed and imported ${names.length} packages`)
    } finally {
      await close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return 0
})
