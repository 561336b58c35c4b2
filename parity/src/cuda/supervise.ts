/**
 * Runs a part of the check in processes of their own. A kernel that fails takes its process's access to
 * the GPU with it, and one that never ends takes the process: what such a case was, and where in it that
 * happened, is found out in a fresh process, and another one goes on with the cases after it.
 */
import { spawnSync } from 'node:child_process'
import type { Choice } from './parts.ts'
import type { Begun, CaseFailure, Done, Ended, Share } from './worker.ts'
import type { Outcome, Work } from './worker-process.ts'
import { lastLines, START_SECONDS, work } from './worker-process.ts'

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
export interface Plan extends Choice, Work {
  readonly processes: number
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

/** A part that is being run, by several processes at once. */
class Supervision {
  readonly #plan: Plan
  readonly #start = performance.now()
  readonly #report: PartReport = {
    cases: 0,
    passed: 0,
    left: 0,
    isWhole: true,
    seconds: 0,
    failures: [],
    values: {},
  }
  /** How many cases of an operation ended a process. */
  readonly #lostOf = new Map<string, number>()
  readonly #without: (number | string)[] = []
  readonly #looked = { lost: 0, crashed: 0, hung: 0 }
  /** Warm-ups are run by every process; what they find is told once. */
  readonly #told = new Set<string>()
  #restarts = 0
  #sanitized = 0

  constructor(plan: Plan) {
    this.#plan = plan
  }

  async run(): Promise<PartReport> {
    const { processes } = this.#plan
    await Promise.all(Array.from({ length: processes }, (_, index) => this.#oneShare(index)))
    this.#report.seconds = this.#elapsed()
    return this.#report
  }

  #elapsed(): number {
    return (performance.now() - this.#start) / 1e3
  }

  #remaining(): number {
    return this.#plan.seconds - this.#elapsed()
  }

  /** The cases of a process, and of those that go on where one of its kind ended early. */
  async #oneShare(index: number): Promise<void> {
    const { only, every, processes, part } = this.#plan
    const [of, without] = [processes, this.#without]
    let from = 0
    while (this.#remaining() > 1 || from === 0) {
      const share = { only, every, index, of, from, without, seconds: this.#remaining() }
      const ended = await work(this.#plan, share, (begun, end) => this.#count(begun, end))
      if (ended.done !== null) return this.#finish(ended, ended.done)
      if (ended.in === null) {
        const message = `a process ${ended.how} before its first case: ${lastLines(ended.said, 20)}`
        return this.#add({ op: part, name: `process ${index}`, kind: 'crashed', message })
      }
      from = ended.in.begin + 1
      await this.#lookInto(ended, ended.in, share)
      if (++this.#restarts > MOST_RESTARTS) {
        const message = `${this.#restarts} processes ended early: the rest was left out`
        this.#report.isWhole = false
        return this.#add({ op: part, name: 'all', kind: 'crashed', message })
      }
    }
    this.#report.isWhole = false
  }

  /** A case that is done. */
  #count({ op, name }: Begun, { failure, value }: Ended): void {
    const report = this.#report
    report.seconds = this.#elapsed()
    const isWarmup = op === 'first use'
    if (!isWarmup) report.cases++
    if (value !== undefined) report.values[op === name ? name : `${op}: ${name}`] = value
    if (failure === undefined) {
      if (!isWarmup) report.passed++
      this.#plan.onChange(report, null)
    } else if (!failure.lost) {
      const { message, again } = failure
      this.#add({ op, name, kind: 'failed', message, ...(again !== null && { again }) })
    } else {
      this.#add({ op, name, kind: 'lost', message: failure.message })
    }
  }

  #add(failure: Failure): void {
    const name = `${failure.op}: ${failure.name}`
    if (this.#told.has(name)) return
    this.#told.add(name)
    this.#report.failures.push(failure)
    this.#plan.onChange(this.#report, failure)
  }

  /** A process that has run all of its cases. */
  #finish({ after, said }: Outcome, { left, convolutions }: Done): void {
    this.#report.left += left
    if (after !== null) {
      const message = `a process after its last case: ${after}: ${lastLines(said, 12)}`
      const name = 'the end of a process'
      this.#add({ op: this.#plan.part, name, kind: 'crashed', message })
    }
    if (convolutions !== null) this.#addConvolutions(convolutions)
  }

  #addConvolutions(counts: NonNullable<Done['convolutions']>): void {
    const { values } = this.#report
    const before = values['convolutions'] as typeof counts | undefined
    values['convolutions'] = {
      engines: counts.engines + (before?.engines ?? 0),
      functions: counts.functions + (before?.functions ?? 0),
      refusal: counts.refusal || (before?.refusal ?? ''),
    }
  }

  /** A case in which a process ended. */
  async #lookInto(ended: Outcome, { begin: number, op, name }: Begun, share: Share): Promise<void> {
    const { how, said } = ended
    if (how === 'hung' || how === 'crashed') {
      this.#report.cases++
      const message = how === 'hung' ? 'it did not end' : lastLines(said, 20)
      this.#add({ op, name, kind: how, message })
    }
    this.#without.push(number)
    const lost = (this.#lostOf.get(op) ?? 0) + 1
    this.#lostOf.set(op, lost)
    if (how !== 'done' && lost >= MOST[how]) this.#without.push(op)
    const failure = this.#report.failures.find((each) => each.op === op && each.name === name)
    if (failure === undefined) return
    if (this.#plan.isTraced) failure.trace = lastLines(said, 12)
    // The first of an operation tells what the others would.
    const isNew = lost === 1 && how !== 'done' && this.#looked[how] < MOST_EXAMINED[how]
    if (!isNew || this.#remaining() <= 10) return
    this.#looked[how]++
    failure.alone = await examined(this.#plan, share, number)
    const isTime = this.#sanitized < MOST_SANITIZED && this.#remaining() > 30
    if (how !== 'hung' && isTime && hasSanitizer()) {
      this.#sanitized++
      failure.sanitizer = await sanitized(this.#plan, share, number)
    }
    this.#plan.onChange(this.#report, null)
  }
}

/** Runs all cases of a part. */
export function supervise(plan: Plan): Promise<PartReport> {
  return new Supervision(plan).run()
}
