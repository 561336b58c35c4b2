/**
 * npm run mnist: sets up what is missing, then trains. Every flag goes to the app (see --help).
 */
import { runInForeground } from './lib/exec.mjs'
import { inRepo } from './lib/repo.mjs'
import { runMain } from './lib/steps.mjs'
import { setup } from './setup.mjs'

await runMain(async () => {
  await setup({ build: 'apps/mnist/tsconfig.build.json' })
  return runInForeground(process.execPath, [
    inRepo('apps/mnist/dist/main.js'),
    ...process.argv.slice(2),
  ])
})
