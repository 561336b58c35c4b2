import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * What one task of a test run came to.
 *
 * @typedef {object} Outcome
 * @property {string} task e.g. `@flambeau/core#test`
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {{ name: string, message: string }[]} failures one for each failed test
 * @property {number} seconds
 * @property {boolean} cached
 *
 * What turbo tells about a task (from its run summary).
 *
 * @typedef {object} Task
 * @property {string} taskId
 * @property {string} directory relative to the root
 * @property {string[] | null} outputs
 * @property {{ status: string }} cache
 * @property {{ startTime: number, endTime: number, exitCode: number | null } | undefined} execution
 */

/**
 * Counts a task's tests. A suite's tests come from the report that it leaves; a check without a report
 * (a linter, the compiler) is one test. A suite that crashed, left no report or ran no test has failed.
 *
 * @param {string} top the root folder
 * @param {Task} task
 * @param {string[]} log what the task printed
 * @returns {Outcome}
 */
export function outcomeOf(top, task, log) {
  const { execution } = task
  const printed = readableLog(log)
  /** @type {Outcome} */
  const outcome = {
    task: task.taskId,
    passed: 0,
    failed: 0,
    skipped: 0,
    failures: [],
    seconds: execution ? (execution.endTime - execution.startTime) / 1000 : 0,
    cached: task.cache.status === 'HIT',
  }
  const fail = (/** @type {string} */ name, /** @type {string} */ message) => {
    outcome.failed += 1
    outcome.failures.push({ name, message })
  }
  if (!execution) {
    fail('did not run', 'a task that it depends on failed')
    return outcome
  }
  const succeeded = execution.exitCode === 0
  const report = task.outputs?.find((path) => path.startsWith('test-results/'))
  if (!report) {
    if (succeeded) outcome.passed = 1
    else fail(`exit ${execution.exitCode}`, printed)
    return outcome
  }
  const path = join(top, task.directory, report)
  if (existsSync(path)) addReport(outcome, JSON.parse(readFileSync(path, 'utf8')))
  if (!succeeded && outcome.failed === 0) fail(`crashed with exit ${execution.exitCode}`, printed)
  if (succeeded && outcome.passed === 0) fail('ran no test', printed)
  return outcome
}

/**
 * Adds the counts of a report in vitest's (and Jest's) JSON format.
 *
 * @param {Outcome} outcome
 * @param {{ testResults: { name: string, status: string, message?: string, assertionResults: { fullName: string, status: string, failureMessages?: string[] | null }[] }[] }} report
 */
function addReport(outcome, report) {
  for (const file of report.testResults) {
    for (const test of file.assertionResults) {
      if (test.status === 'passed') outcome.passed += 1
      else if (test.status === 'failed') {
        outcome.failed += 1
        outcome.failures.push({
          name: test.fullName,
          message: messageOf(test.failureMessages ?? []),
        })
      } else outcome.skipped += 1
    }
    const isBroken =
      file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')
    if (isBroken) {
      outcome.failed += 1
      outcome.failures.push({
        name: file.name,
        message: file.message ?? 'the file could not be run',
      })
    }
  }
}

/**
 * @param {string[]} messages of one test, with stack traces
 * @returns {string} without the test runner's own frames
 */
const messageOf = (messages) =>
  messages.join('\n').replace(/^\s*at .*\b(node_modules|node:internal)\b.*\n?/gm, '')

/**
 * The table of tasks, the failures, and the one closing line.
 *
 * @param {Outcome[]} outcomes
 * @param {{ messageLines?: number }} [options]
 * @returns {string} ends with `N passed, N failed` and a newline
 */
export function formatOutcomes(outcomes, { messageLines = 25 } = {}) {
  const width = Math.max(0, ...outcomes.map((outcome) => label(outcome.task).length))
  const table = outcomes.map((outcome) => {
    const counts = [
      `${outcome.passed} passed`,
      ...(outcome.failed > 0 ? [`${outcome.failed} FAILED`] : []),
      ...(outcome.skipped > 0 ? [`${outcome.skipped} skipped`] : []),
    ]
    const time = outcome.cached ? 'cached' : `${outcome.seconds.toFixed(1)} s`
    return `  ${label(outcome.task).padEnd(width)}  ${counts.join(', ')}  ${time}`
  })
  const failures = outcomes.flatMap(({ task, failures: list }) =>
    list.map(({ name, message }) => {
      const lines = message.trimEnd().split('\n')
      const shown = lines.slice(0, messageLines).map((line) => `    ${line}`)
      if (lines.length > messageLines) shown.push(`    … ${lines.length - messageLines} more lines`)
      return [`FAILED ${label(task)}: ${name}`, ...shown, ''].join('\n')
    }),
  )
  const sum = (/** @type {'passed' | 'failed'} */ key) =>
    outcomes.reduce((total, outcome) => total + outcome[key], 0)
  const closing = `${sum('passed')} passed, ${sum('failed')} failed`
  return [...table, '', ...failures, closing, ''].join('\n')
}

/**
 * `@flambeau/core#test:native` -> `core test:native`; `//#check:types` -> `types`.
 *
 * @param {string} taskId
 */
const label = (taskId) =>
  taskId
    .replace(/^\/\/#(check:)?/, '')
    .replace('@flambeau/', '')
    .replace('#', ' ')

/** @param {string[]} log */
function readableLog(log) {
  const noise = /^> |ELIFECYCLE|ERR_PNPM_RECURSIVE|^cache (miss|hit|bypass)/
  return log
    .filter((line) => !noise.test(line.trim()))
    .join('\n')
    .trim()
}
