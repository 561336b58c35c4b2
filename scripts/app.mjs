/**
 * npm run mnist, npm run diffusion, …: sets up what is missing, then runs the app of that folder below
 * apps/. Every flag goes to the app (see --help).
 */
import { existsSync } from 'node:fs'
import { runInForeground } from './lib/exec.mjs'
import { inRepo } from './lib/repo.mjs'
import { StepError, runMain } from './lib/steps.mjs'
import { setup } from './setup.mjs'

const [name = '', ...flags] = process.argv.slice(2)

await runMain(async () => {
  if (!existsSync(inRepo(`apps/${name}/src/main.ts`))) {
    throw new StepError(`there is no app '${name}'`, 'see the folder apps/')
  }
  await setup({ build: `apps/${name}/tsconfig.build.json` })
  return runInForeground(process.execPath, [inRepo(`apps/${name}/dist/main.js`), ...flags])
})
