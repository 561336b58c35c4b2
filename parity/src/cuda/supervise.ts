/**
 * Runs a part of the check in processes of their own. A kernel that fails takes its process's access to
 * the GPU with it, and one that never ends takes the process: what such a case was, and where in it that
 * happened, is found out in a fresh process, and another one goes on with the cases after it.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Choice } from './parts.ts'
import type { Begun, CaseFailure, Done, Ended, Message, Share } from './worker.ts'

/** How a case ended that did not pass. */
export interface Failure {
  op: string
  name: string
  /** It threw; it made the GPU unusable; it did not end; it ended the process. */
  kind: 'failed' | 'lost' | 'hung' | 'crashed'
  message: string
  /** The last calls and launches, where they were printed. */
  trace?: string
  /** The same once more in the process. */
  again?: string
  /** The same in a process of its own, in which each launch is waited for and named. */
  alone?: string
  /** The same under compute-sanitizer. */
  sanitizer?: string
}

/** What became of a part. */
export interface PartReport {
  /** Cases that were run. */
  cases: number
  passed: number
  /** Cases that were left out: the time was up, or their operation had failed too often. */
  left: number
  /** Were all others reached before the time was up? */
  isWhole: boolean
  seconds: number
  failures: Failure[]
  /** What cases returned. */
  values: Record<string, unknown>
}

/** How a part is run. */
export interface Plan extends Choice {
  readonly part: string
  readonly processes: number
  /** Seconds after which a case hangs, unless it says otherwise. */
  readonly patience: number
  /** Are calls and launches printed, for what they tell where a process ends early? */
  readonly isTraced: boolean
  /** Told of every failure, and now and then. */
  readonly onChange: (report: PartReport, failure: Failure | null) => void
}

/** How many cases that ended a process are looked into. */
const MOST_EXAMINED = { lost: 6, crashed: 6, hung: 2 }
const MOST_SANITIZED = 2
const SANITIZER_SECONDS = 60
/** Of an operation; its other cases are left out then. What hangs takes the most time. */
const MOST = { lost: 3, crashed: 3, hung: 1 }
/** Of a part: then something else is wrong. */
const MOST_RESTARTS = 300
/** Seconds until a process says something, and from its last word to its end. */
const START_SECONDS = 60
const END_SECONDS = 10

const main = fileURLToPath(import.meta.url).replace(/supervise(\.[tj]s)$/, 'check$1')

interface Outcome {
  /** The case that it ended in; null before the first one, and after the last. */
  in: Begun | null
  how: 'done' | 'lost' | 'hung' | 'crashed'
  done: Done | null
  /** How it failed to end well after its last case; null where it did not fail. */
  after: string | null
  /** The last lines that it printed. */
  said: string
}

const lastLines = (text: string, count: number): string =>
  text.trimEnd().split('\n').slice(-count).join('\n')

/** A worker, until it ends or is ended. `on` hears of the cases that it has done. */
function work(
  { part, patience, isTraced }: Plan,
  share: Share,
  on: (begun: Begun, end: Ended) => void,
  {
    env = {},
    wrapper = [],
    limit,
  }: { env?: NodeJS.ProcessEnv; wrapper?: string[]; limit?: number } = {},
): Promise<Outcome> {
  const args = [...process.execArgv, main, part, '--worker', JSON.stringify(share)]
  const [file, ...rest] = [...wrapper, process.execPath, ...args] as [string, ...string[]]
  // A group of its own, so that what it started ends with it.
  const child = spawn(file, rest, {
    env: { ...process.env, ...(isTraced && { FLAMBEAU_CUDA_TRACE: '1' }), ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  })
  return new Promise((resolve) => {
    let said = ''
    let begun: Begun | null = null
    let done: Done | null = null
    let how: Outcome['how'] = 'crashed'
    let after: string | null = null
    let status: string | null = null
    let isOver = false
    let timer: NodeJS.Timeout
    const finish = (): void => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      kill()
      if (how === 'done' && status !== 'exit status 0') after = status ?? 'did not end'
      resolve({ in: how === 'done' ? null : begun, how, done, after, said })
    }
    const kill = (): void => {
      if (child.pid === undefined) return // it did not begin
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has ended.
      }
    }
    const wait = (seconds: number): void => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        if (how === 'crashed') how = 'hung'
        // A process that does not end at once is left to the system.
        finish()
      }, seconds * 1e3)
    }
    wait(limit ?? START_SECONDS)
    const listen = (stream: Readable): void =>
      void stream.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-20_000)))
    listen(child.stdout as Readable)
    listen(child.stderr as Readable)
    const messages = createInterface({ input: child.stdio[3] as Readable })
    messages.on('line', (line) => {
      if (isOver) return
      const message = JSON.parse(line) as Message
      if ('begin' in message) {
        begun = message
        wait(limit ?? message.patience ?? patience)
      } else if ('end' in message) {
        const isLost = message.failure?.lost === true
        if (isLost) how = 'lost'
        on(begun as Begun, message)
        // The next case is looked for; a process without its GPU may not get to its end.
        wait(limit ?? (isLost ? END_SECONDS : START_SECONDS))
      } else {
        how = 'done'
        done = message
        wait(END_SECONDS)
      }
    })
    child.on('error', (error) => {
      said += error.message
      finish()
    })
    child.on('exit', (code, signal) => {
      status = signal ?? `exit status ${code}`
      if (how === 'crashed') said += `\n(ended with ${status})`
      // What it said last is still on its way.
      messages.once('close', finish)
      setTimeout(finish, 2000)
    })
  })
}

/** One case, without what has failed before it, such as a first use. */
const alone = (share: Share, one: number, seconds: number): Share => ({
  ...share,
  ...{ one, seconds },
  without: share.without.filter((each) => typeof each === 'number' && each !== one),
})

/** What a case does by itself, with each launch waited for and printed. */
async function examined(plan: Plan, share: Share, one: number): Promise<string> {
  let failure: CaseFailure | undefined
  const ended = await work(
    plan,
    alone(share, one, START_SECONDS),
    (_, end) => void (end.end === one && (failure = end.failure)),
    { env: { CUDA_LAUNCH_BLOCKING: '1', FLAMBEAU_CUDA_TRACE: '1' } },
  )
  if (ended.how === 'done' && failure === undefined) return 'passes'
  return [
    ...(failure ? [failure.message] : [`the process ${ended.how}`]),
    'the last calls and launches:',
    lastLines(ended.said, 12),
  ].join('\n')
}

let sanitizer: boolean | undefined
function hasSanitizer(): boolean {
  return (sanitizer ??= spawnSync('compute-sanitizer', ['--version']).status === 0)
}

async function sanitized(plan: Plan, share: Share, one: number): Promise<string> {
  const { said } = await work(plan, alone(share, one, SANITIZER_SECONDS), () => {}, {
    wrapper: ['compute-sanitizer', '--tool', 'memcheck', '--print-limit', '3'],
    limit: SANITIZER_SECONDS,
  })
  const from = said.search(/^=+ (Invalid|Program hit|Error)/m)
  return from < 0 ? lastLines(said, 12) : said.slice(from, from + 4000)
}

/** Runs all cases of a part. */
export async function supervise(plan: Plan): Promise<PartReport> {
  const start = performance.now()
  const report: PartReport = {
    cases: 0,
    passed: 0,
    left: 0,
    isWhole: true,
    seconds: 0,
    failures: [],
    values: {},
  }
  const seconds = (): number => plan.seconds - (performance.now() - start) / 1e3
  const lostOf = new Map<string, number>()
  const without: (number | string)[] = []
  const looked = { lost: 0, crashed: 0, hung: 0 }
  let [restarts, checked] = [0, 0]
  // Warm-ups are run by every process; what they find is told once.
  const told = new Set<string>()
  const add = (failure: Failure): void => {
    if (told.has(`${failure.op}: ${failure.name}`)) return
    told.add(`${failure.op}: ${failure.name}`)
    report.failures.push(failure)
    plan.onChange(report, failure)
  }

  const addConvolutions = (counts: Done['convolutions']): void => {
    if (counts === null) return
    const before = (report.values['convolutions'] ?? counts) as typeof counts
    const isFirst = before === counts
    report.values['convolutions'] = {
      engines: counts.engines + (isFirst ? 0 : before.engines),
      functions: counts.functions + (isFirst ? 0 : before.functions),
      refusal: counts.refusal || before.refusal,
    }
  }

  async function oneProcess(index: number): Promise<void> {
    let from = 0
    while (seconds() > 1 || from === 0) {
      const { only, every } = plan
      const share = { only, every, index, of: plan.processes, from, without, seconds: seconds() }
      const ended = await work(plan, share, ({ op, name }, { failure, value }) => {
        report.seconds = (performance.now() - start) / 1e3
        const isWarmup = op === 'first use'
        if (!isWarmup) report.cases++
        if (value !== undefined) report.values[op === name ? name : `${op}: ${name}`] = value
        if (failure === undefined) {
          if (!isWarmup) report.passed++
          plan.onChange(report, null)
        } else if (!failure.lost) {
          const { message, again } = failure
          add({ op, name, kind: 'failed', message, ...(again !== null && { again }) })
        } else {
          add({ op, name, kind: 'lost', message: failure.message })
        }
      })
      if (ended.done !== null) {
        report.left += ended.done.left
        if (ended.after !== null) {
          const message = `a process after its last case: ${ended.after}: ${lastLines(ended.said, 12)}`
          add({ op: plan.part, name: 'the end of a process', kind: 'crashed', message })
        }
        addConvolutions(ended.done.convolutions)
        return
      }
      if (ended.in === null) {
        const message = `a process ${ended.how} before its first case: ${lastLines(ended.said, 20)}`
        return add({ op: plan.part, name: `process ${index}`, kind: 'crashed', message })
      }
      const { begin: number, op, name } = ended.in
      if (ended.how === 'hung' || ended.how === 'crashed') {
        report.cases++
        const message = ended.how === 'hung' ? 'it did not end' : lastLines(ended.said, 20)
        add({ op, name, kind: ended.how, message })
      }
      without.push(number)
      from = number + 1
      const lost = (lostOf.get(op) ?? 0) + 1
      lostOf.set(op, lost)
      if (ended.how !== 'done' && lost >= MOST[ended.how]) without.push(op)
      const failure = report.failures.find((each) => each.op === op && each.name === name)
      // The first of an operation tells what the others would.
      if (failure && plan.isTraced) failure.trace = lastLines(ended.said, 12)
      const { how } = ended
      const isNew = lost === 1 && how !== 'done' && looked[how] < MOST_EXAMINED[how]
      if (failure && isNew && seconds() > 10) {
        looked[how]++
        failure.alone = await examined(plan, share, number)
        if (ended.how !== 'hung' && checked < MOST_SANITIZED && seconds() > 30 && hasSanitizer()) {
          checked++
          failure.sanitizer = await sanitized(plan, share, number)
        }
        plan.onChange(report, null)
      }
      if (++restarts > MOST_RESTARTS) {
        const message = `${restarts} processes ended early: the rest was left out`
        report.isWhole = false
        return add({ op: plan.part, name: 'all', kind: 'crashed', message })
      }
    }
    report.isWhole = false
  }

  await Promise.all(Array.from({ length: plan.processes }, (_, index) => oneProcess(index)))
  report.seconds = (performance.now() - start) / 1e3
  return report
}
