/**
 * Prints how much of PyTorch's surface is here: pnpm parity
 *
 *   --verbose   every name that is missing or fails, with the reason
 *   --write     writes baseline.json and docs/torch-parity.md
 *
 * Fails when a name that passed (baseline.json) no longer does.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Names } from './cases.ts'
import type { Baseline } from './document.ts'
import { baselineOf, documentOf, lost, summaryOf } from './document.ts'
import { report } from './report.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { verbose: { type: 'boolean' }, write: { type: 'boolean' } },
})

const read = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))

const names = read('../names.json') as Names
const reasons = read('../reasons.json') as Record<string, string>
const reports = report(names, positionals)

console.log(summaryOf(reports, reasons))
if (values.verbose) {
  for (const entry of reports) {
    const key = `${entry.namespace}.${entry.torch}`
    if (!entry.exists) {
      if (reasons[key] === undefined && !entry.namespace.startsWith('nn.'))
        console.log(`missing  ${key}`)
      continue
    }
    for (const check of ['values', 'gradcheck', 'gradgradcheck'] as const) {
      const result = entry[check]
      if (result !== null && !result.done)
        console.log(`${check}  ${key}: ${result.why.split('\n')[0]}`)
    }
  }
}
if (values.write) {
  const write = (path: string, text: string): void =>
    writeFileSync(new URL(path, import.meta.url), text)
  write('../baseline.json', `${JSON.stringify(baselineOf(reports), null, 1)}\n`)
  write('../../docs/torch-parity.md', documentOf(reports, reasons))
} else if (positionals.length === 0) {
  const gone = lost(read('../baseline.json') as Baseline, reports)
  for (const line of gone) console.error(`went backwards: ${line}`)
  if (gone.length > 0) process.exitCode = 1
}
