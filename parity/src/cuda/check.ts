/**
 * Compares everything on a GPU with the processor, and writes what it found:
 *
 *   node dist/cuda/check.js [samples] [modules] [fused] [leak] [--only OP] [--every N] [--seconds S] [--json FILE]
 *
 * Without a part all of them run. `--every 20` takes every 20th sample, for runs under a sanitizer.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  backends,
  deviceCount,
  getDeviceName,
  synchronize,
  unavailableReason,
} from '@flambeau/cuda-backend'
import { moduleClasses, reportModule } from '../modules.ts'
import { isRandomOnDevice } from './exceptions.ts'
import { fusedCases } from './fused.ts'
import { leakTest } from './leak.ts'
import { sampleCases } from './samples.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    every: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '240' },
    json: { type: 'string' },
  },
})
const wants = (part: string): boolean => positionals.length === 0 || positionals.includes(part)
const say = (text: string): void => void process.stdout.write(`${text}\n`)

interface Part {
  cases: number
  passed: number
  /** Cases that were not run as the time was up. */
  left: number
  failures: string[]
}

/** Runs cases until the time is up. */
function part(
  name: string,
  seconds: number,
  cases: Iterable<{ name: string; run: () => unknown }>,
): Part {
  const report: Part = { cases: 0, passed: 0, left: 0, failures: [] }
  const end = performance.now() + 1e3 * seconds
  for (const { name: one, run } of cases) {
    report.cases++
    if (performance.now() > end) {
      report.left++
      continue
    }
    try {
      run()
      synchronize()
      report.passed++
    } catch (error) {
      report.failures.push(`${one}: ${(error as Error).message.split('\n').slice(0, 3).join(' ')}`)
    }
  }
  const { cases: all, passed, left } = report
  say(`${name}: ${passed} of ${all} passed${left > 0 ? `, ${left} not run for lack of time` : ''}`)
  for (const failure of report.failures.slice(0, 40)) say(`  ${failure}`)
  return report
}

function* chosenSamples(): Generator<{ name: string; run: () => void }> {
  const every = Math.max(1, Number(values.every))
  let i = 0
  for (const { op, name, run } of sampleCases(values.only))
    if (i++ % every === 0) yield { name: `${op}: ${name}`, run }
}

function* modules(): Generator<{ name: string; run: () => void }> {
  for (const name of moduleClasses()) {
    if (isRandomOnDevice(name)) continue
    yield {
      name,
      run: () => {
        const { failures } = reportModule(name, 'cuda')
        if (failures.length > 0) throw new Error(failures.join('; '))
      },
    }
  }
}

if (deviceCount() === 0) {
  say(unavailableReason() ?? 'there is no GPU')
  process.exitCode = 2
} else {
  say(`GPU: ${getDeviceName()}`)
  // The processor knows no TF32.
  backends.cudnn.allowTf32 = false
  const seconds = Number(values.seconds)
  const report = {
    device: getDeviceName(),
    samples: wants('samples') ? part('samples', seconds, chosenSamples()) : null,
    modules: wants('modules') ? part('modules', seconds, modules()) : null,
    fused: wants('fused') ? part('fused', seconds, fusedCases(20)) : null,
    leak: wants('leak') ? leakTest(5000, seconds) : null,
  }
  if (report.leak !== null) say(`leak: ${JSON.stringify(report.leak)}`)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
  const good =
    (report.samples?.failures.length ?? 0) === 0 &&
    (report.modules?.failures.length ?? 0) === 0 &&
    (report.fused?.failures.length ?? 0) === 0 &&
    (report.leak?.flat ?? true)
  process.exitCode = good ? 0 : 1
  const { engines, functions, refusal } = backends.cudnn.convolutions()
  say(
    `cuDNN ${backends.cudnn.version()}: ${engines} convolutions by engines, ${functions} by functions`,
  )
  if (refusal !== '') say(`the last engine that was passed over: ${refusal}`)
}
