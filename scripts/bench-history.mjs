/**
 * Appends a run of the benchmarks to benchmarks/history.jsonl:
 *
 *   npm run bench -- --python … --json report.json
 *   npm run bench:history -- report.json [--commit HASH] [--date 2026-01-31T12:00:00Z]
 *
 * The commit is that of the checkout, which must have no changes, unless another is named. Prints what
 * changed by more than a tenth since the last run on such a processor.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { outputOf } from './lib/exec.mjs'
import { changes, entryOf, parseHistory } from './lib/history.mjs'
import { inRepo, readJson } from './lib/repo.mjs'
import { StepError, runMain } from './lib/steps.mjs'

const path = inRepo('benchmarks/history.jsonl')

await runMain(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { commit: { type: 'string' }, date: { type: 'string' } },
  })
  const [file] = positionals
  if (!file || !existsSync(file)) {
    throw new StepError(
      file ? `there is no file ${file}` : 'no report is named',
      'npm run bench -- --json report.json, then npm run bench:history -- report.json',
    )
  }
  const entry = entryOf(readJson(file), {
    commit: values.commit ?? currentCommit(),
    date: new Date(values.date ?? Date.now()).toISOString(),
    processor: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
    node: process.versions.node,
  })
  const history = existsSync(path) ? parseHistory(readFileSync(path, 'utf8')) : []
  for (const { name, before, now } of changes(history, entry)) {
    const factor = (now / before).toFixed(2)
    process.stdout.write(`${name}: ${before} ms before, ${now} ms now (× ${factor})\n`)
  }
  appendFileSync(path, `${JSON.stringify(entry)}\n`)
  const count = Object.keys(entry.milliseconds).length
  process.stdout.write(`benchmarks/history.jsonl: ${count} workloads of ${entry.commit}\n`)
  return 0
})

/** The commit of the checkout. */
function currentCommit() {
  const changed = outputOf('git', ['status', '--porcelain', '--untracked-files=no'])
  if (changed !== '') {
    throw new StepError(
      'the checkout has changes: no commit has what was measured',
      'commit them first, or name the commit: --commit HASH',
    )
  }
  return outputOf('git', ['rev-parse', '--short=12', 'HEAD']) ?? 'unknown'
}
