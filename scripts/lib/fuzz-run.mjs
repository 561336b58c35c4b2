/**
 * The process that scripts/fuzz.mjs watches: makes the calls and prints what went wrong. It runs from
 * TypeScript source, so that it is started with --conditions=@flambeau/source --import tsx.
 */
import { openSync, writeSync } from 'node:fs'
import { inRepo } from './repo.mjs'

const [calls, seed, only, trace] = /** @type {[string, string, string, string]} */ (
  process.argv.slice(2)
)
const ROUND = 4000

const core = await import(inRepo('packages/core/src/index.ts'))
const testing = await import(inRepo('packages/core/src/testing/index.ts'))
const autograd = await import(inRepo('packages/autograd/src/index.ts'))

const pattern = new RegExp(only)
/** @type {{ name: string }[]} */
const all = [
  ...testing.publicTargets(),
  ...testing.publicTargets(autograd, {}),
  ...testing.sampleTargets(),
]
const targets = all.filter((target) => pattern.test(target.name))
const file = openSync(trace, 'w')
const width = 2000

core.collectGarbage()
const before = core.memoryStats()
/** @type {Map<string, { count: number, text: string }>} */
const problems = new Map()
let done = 0
let returned = 0
for (let round = 0; done < Number(calls); round++) {
  const report = testing.fuzz({
    seed: Number(seed) + round,
    calls: Math.min(ROUND, Number(calls) - done),
    targets,
    // Overwritten each time: a crash leaves the call that it happened in.
    before: (/** @type {number} */ call, /** @type {() => string} */ text) => {
      const line = `seed ${Number(seed) + round}, call ${call}: ${text()}`
      writeSync(file, line.slice(0, width).padEnd(width), 0)
    },
  })
  done += report.calls
  returned += report.returned
  for (const { text, problem } of report.failures) {
    const key = problem.replaceAll(/\d+/g, 'N')
    const known = problems.get(key)
    if (known) known.count++
    else problems.set(key, { count: 1, text: `${problem}\n    in ${text}` })
  }
}
core.collectGarbage()
const after = core.memoryStats()
for (const { count, text } of problems.values()) process.stdout.write(`${count} × ${text}\n`)
const left = after.tensors - before.tensors
if (left > 2) process.stdout.write(`${left} tensors were left behind\n`)
process.stdout.write(
  `${done} calls of ${targets.length} functions, ${returned} returned, ${problems.size} kinds of problem\n`,
)
process.exitCode = problems.size > 0 || left > 2 ? 1 : 0
