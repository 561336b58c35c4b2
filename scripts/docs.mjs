/**
 * npm run docs: sets up what is missing, then builds the site into docs/dist. Every flag goes to
 * docs/site/build.ts (`--serve` shows the site, `--base /flambeau/` is for one below the root of a host).
 */
import { runInForeground } from './lib/exec.mjs'
import { inRepo } from './lib/repo.mjs'
import { runMain } from './lib/steps.mjs'
import { setup } from './setup.mjs'

await runMain(async () => {
  await setup({ build: null, native: false })
  return runInForeground(inRepo('docs/node_modules/.bin/tsx'), [
    '--conditions=@flambeau/source',
    inRepo('docs/site/build.ts'),
    ...process.argv.slice(2),
  ])
})
