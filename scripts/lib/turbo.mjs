import { readdirSync, rmSync } from 'node:fs'
import { run } from './exec.mjs'
import { toolchainFingerprint } from './fingerprint.mjs'
import { inRepo, readJson, root, workspaceFolders } from './repo.mjs'
import { outcomeOf } from './report.mjs'
import { StepError, tail } from './steps.mjs'

/** @typedef {import('./report.mjs').Outcome} Outcome */

/**
 * Runs tasks through turbo, all of them even if some fail, and counts what they came to.
 *
 * @param {string[]} tasks
 * @param {{ verbose: boolean, force: boolean, filters?: string[] }} options
 * @returns {Promise<Outcome[]>}
 */
export async function runTasks(tasks, { verbose, force, filters = [] }) {
  // A report must come from this run or from turbo's cache, never from an earlier crash.
  for (const folder of ['.', ...workspaceFolders()]) {
    rmSync(inRepo(folder, 'test-results'), { recursive: true, force: true })
  }
  const runs = inRepo('.turbo/runs')
  rmSync(runs, { recursive: true, force: true })

  /** @type {Map<string, string[]>} */
  const logs = new Map()
  const progress = liveProgress(verbose)
  const result = await run(
    'turbo',
    [
      'run',
      ...tasks,
      ...filters.map((filter) => `--filter=${filter}`),
      '--json',
      '--summarize',
      '--continue=always',
      ...(force ? ['--force'] : []),
    ],
    {
      env: { FLAMBEAU_TOOLCHAIN: toolchainFingerprint() },
      onLine: (line) => {
        const event = parseEvent(line)
        if (!event) return
        logs.set(event.source, [...(logs.get(event.source) ?? []), event.text])
        progress.show(event.source, event.text)
      },
    },
  )
  progress.end()
  const summary = summaryBelow(runs)
  if (!summary) {
    throw new StepError(
      `turbo could not start the tasks (exit ${result.code})\n${tail(result.output)}`,
      'look at turbo.json, or run turbo by hand',
    )
  }
  const helpers = new Set(['sources', 'build:native']) // only there for others to depend on
  return summary.tasks
    .filter((/** @type {{ task: string }} */ { task }) => !helpers.has(task))
    .map((/** @type {import('./report.mjs').Task} */ task) =>
      outcomeOf(root, task, logs.get(task.taskId) ?? []),
    )
}

/**
 * @param {string} line
 * @returns {{ source: string, text: string } | null}
 */
function parseEvent(line) {
  try {
    return JSON.parse(line)
  } catch {
    return null // not an event: turbo also prints plain lines before it starts
  }
}

/** @param {string} folder */
function summaryBelow(folder) {
  try {
    const [name] = readdirSync(folder)
    return readJson(`${folder}/${name}`)
  } catch {
    return null
  }
}

/**
 * On a terminal: one line that says which tasks were started last. With --verbose: everything they print.
 *
 * @param {boolean} verbose
 */
function liveProgress(verbose) {
  const { stderr } = process
  const live = stderr.isTTY && !verbose
  return {
    show(/** @type {string} */ source, /** @type {string} */ text) {
      if (verbose) stderr.write(`${source}: ${text}\n`)
      else if (live && source !== 'turbo')
        stderr.write(
          `\r\u001b[K  ${`${source}: ${text.trim()}`.slice(0, (stderr.columns ?? 80) - 4)}`,
        )
    },
    end() {
      if (live) stderr.write('\r\u001b[K')
    },
  }
}
