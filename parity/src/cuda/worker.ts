/** Runs the cases of a part in this process, and says before and after each what it does. */
import { writeSync } from 'node:fs'
import { backends, synchronize } from '@flambeau/cuda-backend'
import type { Case, Choice } from './parts.ts'
import { parts, warmups } from './parts.ts'

/** What a worker says, one JSON text on a line. */
export type Message = Begun | Ended | Done

/** It begins with a case. */
export interface Begun {
  begin: number
  op: string
  name: string
  patience: number | null
}

/** The case is done. */
export interface Ended {
  end: number
  value?: unknown
  failure?: CaseFailure
}

/** Nothing is left to do. */
export interface Done {
  /** How many cases were run. */
  done: number
  /** How many were left out for lack of time, or since their operation is. */
  left: number
  /** How convolutions were computed; null without cuDNN. */
  convolutions: { engines: number; functions: number; refusal: string } | null
}

/** What is wrong with a case. */
export interface CaseFailure {
  message: string
  /** Can the process not use the GPU any more? */
  lost: boolean
  /** What happened when the case was run a second time. */
  again: string | null
}

/** Which cases of a part a worker runs. Cases have numbers; those of {@link warmups} come first. */
export interface Share extends Choice {
  /** It has the cases whose number, divided by `of`, leaves `index`, and all warm-ups. */
  readonly index: number
  readonly of: number
  /** The first number. */
  readonly from: number
  /** Only this number, after the warm-ups. */
  readonly one?: number | undefined
  /** Is nothing loaded beforehand? */
  readonly isCold?: boolean
  /** Numbers and operations to be left out. */
  readonly without: readonly (number | string)[]
}

/** How often a worker runs what failed a second time. */
const MOST_REPEATED = 40

/** @throws what is wrong with the case, or with the GPU after it. */
function runOnce({ run }: Case): unknown {
  const value = run()
  synchronize()
  return value
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)

/** Fails everything from now on? What a kernel reported is thrown once. */
function isLost(): boolean {
  for (let i = 0; i < 2; i++) {
    try {
      synchronize()
      return false
    } catch {
      // Perhaps the last of what was reported.
    }
  }
  return true
}

function secondRun(one: Case, message: string): string {
  try {
    runOnce(one)
    return 'passes'
  } catch (error) {
    return messageOf(error) === message ? 'fails alike' : `fails otherwise: ${messageOf(error)}`
  }
}

/** For {@link runWorker}: to a file descriptor, at once, so that nothing gets lost. */
export function sayTo(descriptor: number): (message: Message) => void {
  return (message) => void writeSync(descriptor, `${JSON.stringify(message)}\n`)
}

/** Runs the share of a part. The process ends where the GPU cannot be used any more. */
export function runWorker(part: string, share: Share, say: (message: Message) => void): void {
  const end = performance.now() + 1e3 * share.seconds
  const first = warmups(part)
  let [number, done, left, repeated] = [0, 0, 0, 0]
  const { cases } = parts[part] as (typeof parts)[string]
  const mine = (): boolean => {
    if (number < first.length) return share.isCold !== true
    if (share.one !== undefined) return number === share.one
    const place = number - first.length
    const isIts = place % share.every === 0 && (place / share.every) % share.of === share.index
    return number >= share.from && isIts
  }
  const run = (one: Case): void => {
    if (!mine() || share.without.includes(number)) return
    if (performance.now() > end || share.without.includes(one.op)) {
      left++
      return
    }
    const { op, name, patience = null } = one
    say({ begin: number, op, name, patience })
    try {
      const value = runOnce(one)
      say({ end: number, ...(value !== undefined && { value }) })
    } catch (error) {
      const message = messageOf(error)
      const lost = isLost()
      let again: string | null = null
      if (!lost && one.isOnce !== true && repeated++ < MOST_REPEATED) {
        say({ begin: number, op, name, patience }) // it may take as long again
        again = secondRun(one, message)
      }
      say({ end: number, failure: { message, lost, again } })
      // Nothing that comes after it would say anything; whoever reads this begins anew.
      if (lost) process.exit(3)
    }
    done++
  }
  for (const one of first) {
    run(one)
    number++
  }
  for (const one of cases(share)) {
    run(one)
    number++
    if (share.one !== undefined && number > share.one) break
  }
  say({ done, left, convolutions: convolutions() })
}

function convolutions(): Done['convolutions'] {
  try {
    return backends.cudnn.convolutions()
  } catch {
    return null
  }
}
