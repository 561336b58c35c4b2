/**
 * npm run parity: sets up what is missing, then compares the public API with PyTorch's names and values
 * (parity/src/main.ts says which flags there are).
 */
import { runInForeground } from './lib/exec.mjs'
import { inRepo } from './lib/repo.mjs'
import { runMain } from './lib/steps.mjs'
import { setup } from './setup.mjs'

await runMain(async () => {
  await setup({ build: 'parity/tsconfig.build.json' })
  return runInForeground(process.execPath, [
    inRepo('parity/dist/main.js'),
    ...process.argv.slice(2),
  ])
})
