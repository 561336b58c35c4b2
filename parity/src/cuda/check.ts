/**
 * Compares everything on a GPU with the processor, measures it, and writes what it found:
 *
 *   node dist/cuda/check.js [samples] [modules] [fused] [leak] [speed] [--only OP] [--every N]
 *     [--seconds S] [--json FILE] [--processes N] [--patience S]
 *
 * Without a part all of them run, each for S seconds at most. Parts are run by processes of their own, so
 * that what makes the GPU unusable, or never ends, is one failure among others (supervise.ts).
 * `--processes 0` runs them in this one, for a debugger or a sanitizer, and names each before it runs. `--every 20` takes every 20th case.
 */
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import {
  backends,
  deviceCount,
  getDeviceName,
  getDeviceProperties,
  unavailableReason,
  versions,
} from '@flambeau/cuda-backend'
import { parts } from './parts.ts'
import type { Failure, PartReport } from './supervise.ts'
import { supervise } from './supervise.ts'
import type { Message, Share } from './worker.ts'
import { runWorker, sayTo } from './worker.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    every: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '240' },
    json: { type: 'string' },
    processes: { type: 'string' },
    patience: { type: 'string', default: '8' },
    worker: { type: 'string' },
  },
})
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const [seconds, every] = [Number(values.seconds), Math.max(1, Number(values.every))]
const chosen = Object.keys(parts).filter(
  (name) => positionals.length === 0 || positionals.includes(name),
)

/** Shown of a failure, of which the report has all. */
function shown({ op, name, kind, message, again, alone }: Failure): string {
  const short = (text: string, lines: number): string =>
    text.split('\n').slice(0, lines).join(' ').slice(0, 500)
  return [
    `  ${op}: ${name}: ${kind === 'failed' ? '' : `${kind}: `}${short(message, 3)}`,
    ...(again === undefined || again === 'fails alike'
      ? []
      : [`    run again it ${short(again, 1)}`]),
    ...(alone === undefined ? [] : [`    alone: ${alone.replaceAll('\n', '\n      ')}`]),
  ].join('\n')
}

/** Operations by how many of their cases failed. */
function countsOf(failures: readonly Failure[]): string {
  const counts = new Map<string, number>()
  for (const { op } of failures) counts.set(op, (counts.get(op) ?? 0) + 1)
  return [...counts].map(([op, count]) => `${op} ${count}`).join(', ')
}

/** What a worker says, for people. */
function print(message: Message): void {
  if ('begin' in message) return say(`${message.op}: ${message.name}`)
  if ('done' in message) return say(`${message.done} were run, ${message.left} not`)
  if (message.failure === undefined) return
  process.exitCode = 1
  say(`  failed: ${message.failure.message}`)
}

async function checkAll(): Promise<void> {
  say(`GPU: ${getDeviceName()}, CUDA ${versions().runtime} on a driver for ${versions().driver}`)
  const report: Record<string, unknown> & { parts: Record<string, PartReport> } = {
    device: getDeviceProperties(),
    versions: versions(),
    parts: {},
  }
  let written = 0
  const write = (): void => {
    if (values.json === undefined) return
    writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
    written = performance.now()
  }
  let isGood = true
  for (const part of chosen) {
    let told = 0
    const most = Number(values.processes ?? Math.min(6, Math.floor(availableParallelism() / 2)))
    const found = await supervise({
      part,
      only: values.only,
      every,
      seconds,
      patience: Number(values.patience),
      isTraced: parts[part]?.isShared === true,
      processes: parts[part]?.isShared === true ? Math.max(1, most) : 1,
      onChange: (state, failure) => {
        report.parts[part] = state
        if (failure !== null && told++ < 60) say(shown(failure))
        if (failure !== null || performance.now() - written > 1000) write()
      },
    })
    report.parts[part] = found
    write()
    const { cases, passed, left, isWhole, failures } = found
    isGood &&= failures.length === 0 && passed === cases
    say(
      `${part}: ${passed} of ${cases} passed in ${found.seconds.toFixed(0)} s${left > 0 ? `, ${left} not run` : ''}${isWhole ? '' : ', others not reached'}`,
    )
    for (const [name, value] of Object.entries(found.values))
      say(`  ${name}: ${typeof value === 'number' ? value.toFixed(1) : JSON.stringify(value)}`)
    if (failures.length > 0) say(`  failed: ${countsOf(failures)}`)
    for (const failure of failures) if (failure.alone !== undefined) say(shown(failure))
  }
  process.exitCode = isGood ? 0 : 1
}

if (deviceCount() === 0) {
  say(unavailableReason() ?? 'there is no GPU')
  process.exitCode = 2
} else {
  // The processor knows no TF32.
  backends.cudnn.allowTf32 = false
  if (values.worker !== undefined) {
    runWorker(chosen[0] as string, JSON.parse(values.worker) as Share, sayTo(3))
  } else if (values.processes === '0') {
    const share = { only: values.only, every, seconds, index: 0, of: 1, from: 0, without: [] }
    for (const part of chosen) runWorker(part, { ...share, isCold: true }, print)
  } else {
    await checkAll()
  }
}
