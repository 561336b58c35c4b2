/** A worker in a process of its own, which is ended where it does not end by itself. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Begun, Done, Ended, Message, Share } from './worker.ts'

/** Seconds until a process says something, and from its last word to its end. */
export const START_SECONDS = 60
const END_SECONDS = 10

const main = fileURLToPath(import.meta.url).replace(/worker-process(\.[tj]s)$/, 'check$1')

/** How a worker ended. */
export interface Outcome {
  /** The case that it ended in; null before the first one, and after the last. */
  in: Begun | null
  how: 'done' | 'lost' | 'hung' | 'crashed'
  done: Done | null
  /** How it failed to end well after its last case; null where it did not fail. */
  after: string | null
  /** The last lines that it printed. */
  said: string
}

/** The end of a text. */
export const lastLines = (text: string, count: number): string =>
  text.trimEnd().split('\n').slice(-count).join('\n')

/** What a worker is run for. */
export interface Work {
  readonly part: string
  /** Seconds after which a case hangs, unless it says otherwise. */
  readonly patience: number
  /** Are calls and launches printed, for what they tell where a process ends early? */
  readonly isTraced: boolean
}

/** How a worker is run. */
export interface WorkOptions {
  env?: NodeJS.ProcessEnv
  /** A program and its options that run the worker. */
  wrapper?: string[]
  /** Seconds without a word, in place of those of cases. */
  limit?: number
}

/** A worker, until it ends or is ended. `on` hears of the cases that it has done. */
export function work(
  { part, patience, isTraced }: Work,
  share: Share,
  on: (begun: Begun, end: Ended) => void,
  { env = {}, wrapper = [], limit }: WorkOptions = {},
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
