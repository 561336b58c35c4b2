/**
 * npm run bench: sets up what is missing, then runs the benchmarks. Every flag goes to them (see --help).
 */
import { runInForeground } from './lib/exec.mjs'
import { inRepo } from './lib/repo.mjs'
import { runMain } from './lib/steps.mjs'
import { setup } from './setup.mjs'

await runMain(async () => {
  await setup({ build: 'benchmarks/tsconfig.build.json' })
  return runInForeground(process.execPath, [
    inRepo('benchmarks/dist/main.js'),
    ...process.argv.slice(2),
  ])
})
