/**
 * The process that scripts/fuzz.mjs watches: makes the calls and prints what went wrong. It runs from
 * TypeScript source, so that it is started with --conditions=@flambeau/source --import tsx.
 */
import { existsSync, openSync, readdirSync, writeSync } from 'node:fs'
import { inRepo } from './repo.mjs'

const [calls, seed, only, trace, wanted] = /** @type {[string, string, string, string, string]} */ (
  process.argv.slice(2)
)
const ROUND = 4000
const WIDTH = 2000

const core = await import(inRepo('packages/core/src/index.ts'))
const testing = await import(inRepo('packages/core/src/testing/index.ts'))
const autograd = await import(inRepo('packages/autograd/src/index.ts'))

const pattern = new RegExp(only)
const file = openSync(trace, 'w')
/** @type {Map<string, { count: number, text: string }>} */
const problems = new Map()
let last = ''
let done = 0
let returned = 0

/**
 * Overwritten each time: a crash leaves the call that it happened in.
 *
 * @param {string} line
 */
function note(line) {
  last = line
  writeSync(file, line.slice(0, WIDTH).padEnd(WIDTH), 0)
}

/**
 * @param {string} problem
 * @param {string} text of the call
 */
function add(problem, text) {
  const key = problem.replaceAll(/\d+/g, 'N')
  const known = problems.get(key)
  if (known) known.count++
  else problems.set(key, { count: 1, text: `${problem}\n    in ${text}` })
}

/** @param {{ calls: number, returned: number, failures: { text: string, problem: string }[] }} report */
function count(report) {
  done += report.calls
  returned += report.returned
  for (const { text, problem } of report.failures) add(problem, text)
}

process.on('unhandledRejection', (error) => {
  const text = error instanceof Error ? error.stack : String(error)
  add(`a rejection that nobody handles: ${text}`, `or before: ${last}`)
})

/** The operations and the gradients: functions of tensors. */
async function fuzzOperations() {
  /** @type {{ name: string }[]} */
  const all = [
    ...testing.publicTargets(),
    ...testing.publicTargets(autograd, {}),
    ...testing.sampleTargets(),
  ]
  const targets = all.filter((target) => pattern.test(target.name))
  if (targets.length === 0) return
  core.collectGarbage()
  const before = core.memoryStats()
  const end = done + Number(calls)
  for (let round = 0; done < end; round++) {
    count(
      testing.fuzz({
        seed: Number(seed) + round,
        calls: Math.min(ROUND, end - done),
        targets,
        before: (/** @type {number} */ call, /** @type {() => string} */ text) =>
          note(`seed ${Number(seed) + round}, call ${call}: ${text()}`),
      }),
    )
  }
  core.collectGarbage()
  const left = core.memoryStats().tensors - before.tensors
  if (left > 2) add(`${left} tensors were left behind`, 'core and autograd')
}

/** @param {string} name of a package that says how it is called, in src/fuzz.samples.ts */
async function fuzzOnePackage(name) {
  const { subject } = await import(inRepo(`packages/${name}/src/fuzz.samples.ts`))
  const end = done + Number(calls)
  for (let round = 0; done < end; round++) {
    const before = done
    count(
      await testing.fuzzPackage(subject, {
        seed: Number(seed) + round,
        calls: Math.min(ROUND, end - done),
        only: pattern,
        before: (/** @type {number} */ call, /** @type {() => string} */ text) =>
          note(`${name}, seed ${Number(seed) + round}, call ${call}: ${text()}`),
      }),
    )
    if (done === before) break
  }
}

const packages = readdirSync(inRepo('packages')).filter((name) =>
  existsSync(inRepo(`packages/${name}/src/fuzz.samples.ts`)),
)
const known = ['operations', ...packages]
const chosen = wanted === '' ? known : wanted.split(',')
for (const name of chosen) {
  if (!known.includes(name)) throw new Error(`there is no ${name}: choose of ${known.join(', ')}`)
  if (name === 'operations') await fuzzOperations()
  else await fuzzOnePackage(name)
}
for (const { count: times, text } of problems.values()) {
  process.stdout.write(`${times} × ${text}\n`)
}
process.stdout.write(
  `${done} calls of ${chosen.join(', ')}, ${returned} returned, ${problems.size} kinds of problem\n`,
)
// A worker or a server that a call left behind would keep the process.
process.exit(problems.size > 0 ? 1 : 0)
