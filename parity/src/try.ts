/**
 * Runs folders of operator cases and prints what fails:
 * node --conditions=@flambeau/source --import tsx src/try.ts FOLDER NAMES.json [operator …] [--all]
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Case, Names, StoredTensor } from './cases.ts'
import { runCase } from './cases.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { all: { type: 'boolean' }, quiet: { type: 'boolean' }, dtype: { type: 'string' } },
})
const [folder, namesFile, ...wanted] = positionals as [string, string, ...string[]]
const names = JSON.parse(readFileSync(namesFile, 'utf8')) as Names

/** Tensors as dtype, shape and their first elements. */
function brief(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('t' in value)) return value
  const { t, s, d } = value as StoredTensor
  return `${t} [${s.join(', ')}]: ${d.slice(0, 8).join(' ')}`
}

let passed = 0
let total = 0
for (const file of readdirSync(folder).sort()) {
  const op = file.replace(/\.json$/, '')
  if (wanted.length > 0 && !wanted.includes(op)) continue
  const { cases } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { cases: Case[] }
  const failures = new Map<string, { count: number; example: string }>()
  let ok = 0
  let ran = 0
  for (const test of cases) {
    if (values.dtype !== undefined && test.dtype !== values.dtype) continue
    ran++
    const outcome = runCase(names, test)
    if (outcome.status === 'pass') {
      ok++
      continue
    }
    const why = outcome.status === 'missing' ? 'missing' : outcome.why
    const key = `${test.ns}.${test.name} ${test.dtype}${test.raises === undefined ? '' : ' must raise'}`
    const shown = why.split('\n').slice(0, 2).join(' | ')
    const call = JSON.stringify([...test.args, test.kwargs], brief).slice(0, 300)
    const entry = failures.get(key)
    if (entry === undefined || values.all) {
      const id = values.all ? `${key} #${failures.size}` : key
      failures.set(id, { count: 1, example: `${shown}\n        ${call}` })
    } else entry.count++
  }
  passed += ok
  total += ran
  if (failures.size === 0) continue
  console.log(`${op}: ${ok}/${ran}`)
  if (values.quiet) continue
  for (const [key, { count, example }] of failures) console.log(`    ${key} (${count}): ${example}`)
}
console.log(`${passed} of ${total} cases pass`)
