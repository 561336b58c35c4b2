/**
 * npm test: sets up what is missing, runs every check and every test of the repository through turbo,
 * and ends with one line `N passed, N failed`.
 *
 * node scripts/test.mjs [--force] [--verbose] [--filter=PACKAGE ...]
 */
import { allTasks } from './lib/checks.mjs'
import { formatOutcomes } from './lib/report.mjs'
import { StepError } from './lib/steps.mjs'
import { runTasks } from './lib/turbo.mjs'
import { setup } from './setup.mjs'

const flags = process.argv.slice(2)
const verbose = flags.includes('--verbose')
const filters = flags
  .filter((flag) => flag.startsWith('--filter='))
  .map((flag) => flag.slice('--filter='.length))

try {
  await setup({ tests: true, build: null, verbose })
  const outcomes = await runTasks(allTasks, { verbose, force: flags.includes('--force'), filters })
  process.stdout.write(formatOutcomes(outcomes))
  process.exitCode = outcomes.some((outcome) => outcome.failed > 0) ? 1 : 0
} catch (error) {
  const fix = error instanceof StepError ? `\n\nfix: ${error.fix}` : ''
  process.stdout.write(
    `\n${error instanceof StepError ? error.message : /** @type {Error} */ (error).stack}${fix}\n\n0 passed, 1 failed\n`,
  )
  process.exitCode = 1
}
