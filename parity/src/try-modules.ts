/**
 * Runs the module cases and prints what fails; `--write` keeps the classes that pass whole as the
 * baseline: node --conditions=@flambeau/source --import tsx src/try-modules.ts [Class …] [--write]
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { moduleClasses, reportModule } from './modules.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean' } },
})
const reports = (positionals.length > 0 ? positionals : moduleClasses()).map((name) =>
  reportModule(name),
)
for (const { name, cases, passed, missing, failures } of reports) {
  if (passed === cases) continue
  console.log(`${name}: ${missing ? 'missing' : `${passed}/${cases}`}`)
  for (const why of new Set(failures)) console.log(`    ${why.split('\n').slice(0, 2).join(' | ')}`)
}
const whole = reports.filter(({ cases, passed }) => cases === passed)
const sum = (of: 'cases' | 'passed'): number => reports.reduce((total, r) => total + r[of], 0)
console.log(
  `${sum('passed')} of ${sum('cases')} cases pass; ${whole.length} of ${reports.length} classes whole`,
)
if (values.write) {
  const text = JSON.stringify({ classes: whole.map(({ name }) => name) }, null, 2)
  writeFileSync(new URL('../modules-baseline.json', import.meta.url), `${text}\n`)
}
