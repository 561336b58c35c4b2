/**
 * pnpm verify: every check and every test, cheapest first, stopping at the first stage that fails.
 */
import { stages } from './lib/checks.mjs'
import { formatOutcomes } from './lib/report.mjs'
import { runMain } from './lib/steps.mjs'
import { runTasks } from './lib/turbo.mjs'
import { setup } from './setup.mjs'

const verbose = process.argv.includes('--verbose')

await runMain(async () => {
  await setup({ tests: true, build: null, verbose })
  for (const tasks of stages) {
    const outcomes = await runTasks(tasks, { verbose, force: false })
    process.stdout.write(formatOutcomes(outcomes))
    if (outcomes.some((outcome) => outcome.failed > 0)) return 1
  }
  return 0
})
