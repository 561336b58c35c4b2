/** The history of the benchmarks: one line of JSON for each run that is worth keeping. */

/**
 * @typedef {object} Entry
 * @property {string} commit what was measured
 * @property {string} date of the run, ISO 8601
 * @property {string} processor
 * @property {string} node
 * @property {Record<string, number>} ratios flambeau's time / PyTorch's, by workload
 * @property {Record<string, number>} milliseconds flambeau's time, by workload
 */

/** Three digits tell all that a run knows. */
const rounded = (/** @type {number} */ value) => Number(value.toPrecision(3))

/**
 * Makes an entry of what `npm run bench -- --json` wrote. Workloads that failed, or that never had the cores
 * to themselves, are left out.
 *
 * @param {any} report
 * @param {Omit<Entry, 'ratios' | 'milliseconds'>} run
 * @returns {Entry}
 */
export function entryOf(report, run) {
  if (typeof report?.workloads !== 'object' || report.workloads === null) {
    throw new TypeError('the report has no workloads: it is not from npm run bench -- --json')
  }
  /** @type {Entry} */
  const entry = { ...run, ratios: {}, milliseconds: {} }
  for (const [name, outcome] of Object.entries(report.workloads)) {
    if (outcome.failure !== null || outcome.contended) continue
    if (outcome.ratio !== null) entry.ratios[name] = rounded(outcome.ratio)
    if (outcome.flambeauMs !== null) entry.milliseconds[name] = rounded(outcome.flambeauMs)
  }
  if (Object.keys(entry.milliseconds).length === 0) {
    throw new TypeError('the report has no workload that ran undisturbed')
  }
  return entry
}

/**
 * @param {string} text of the history file
 * @returns {Entry[]}
 */
export const parseHistory = (text) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

/**
 * What changed by more than a tenth since the last run on the same processor, most slowed first.
 *
 * @param {Entry[]} history
 * @param {Entry} entry
 * @returns {{ name: string, before: number, now: number }[]} in milliseconds
 */
export function changes(history, entry) {
  const last = history.findLast(({ processor }) => processor === entry.processor)
  if (!last) return []
  return Object.entries(entry.milliseconds)
    .flatMap(([name, now]) => {
      const before = last.milliseconds[name]
      return before === undefined || Math.abs(Math.log(now / before)) < Math.log(1.1)
        ? []
        : [{ name, before, now }]
    })
    .toSorted((a, b) => b.now / b.before - a.now / a.before)
}
