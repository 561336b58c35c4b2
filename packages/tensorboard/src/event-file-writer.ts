import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { ValueError } from '@flambeau/core'
import { requireOptions, requireText, show } from '@flambeau/core/internal'
import { Event } from './messages.ts'
import { frame } from './records.ts'

export interface EventFileOptions {
  /** How many events wait at most before they are written. Default 10. */
  readonly maxQueue?: number
  /** Seconds after which events that wait are written anyway. Default 120. */
  readonly flushSecs?: number
  /** At the end of the file's name. Default ''. */
  readonly filenameSuffix?: string
}

/** Files that are open: what waits for them is written when the process ends. */
const open = new Set<EventFileWriter>()
let files = 0

/**
 * Writes events to a new file in a folder, which it makes. What waits is written by `flush`, by `close`
 * and when the process ends.
 *
 * @throws {ValueError} for a queue below 1 or no time; what the file system throws.
 * @see torch.utils.tensorboard.writer.FileWriter
 *
 * @example
 * ```ts
 * import { mkdtempSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { EventFileWriter, readEvents } from '@flambeau/tensorboard'
 * const file = new EventFileWriter(mkdtempSync(join(tmpdir(), 'run-')))
 * file.add({ wallTime: 0, step: 3, summary: { value: [{ tag: 'loss', simpleValue: 0.5 }] } })
 * file.close()
 * console.log(readEvents(file.path).events[1]?.step) // => 3
 * ```
 */
export class EventFileWriter {
  /** Of the file. */
  readonly path: string
  readonly #maxQueue: number
  readonly #timer: NodeJS.Timeout
  #descriptor: number | null
  #queue: Uint8Array[] = []

  constructor(logDir: string, options: EventFileOptions = {}) {
    requireText('EventFileWriter', 'logDir', logDir)
    requireOptions('EventFileWriter', options)
    const { maxQueue = 10, flushSecs = 120, filenameSuffix = '' } = options
    requireText('EventFileWriter', 'filenameSuffix', filenameSuffix)
    const fail = (rule: string): ValueError =>
      new ValueError('EventFileWriter', [], rule, '{ maxQueue: 10, flushSecs: 120 }')
    if (!Number.isInteger(maxQueue) || maxQueue < 1) throw fail(`maxQueue is ${show(maxQueue)}`)
    if (!(flushSecs > 0)) throw fail(`flushSecs is ${show(flushSecs)}`)
    mkdirSync(logDir, { recursive: true })
    const now = Date.now() / 1000
    const time = String(Math.floor(now)).padStart(10, '0')
    // Readers take the files of a run in the order of their names.
    const uid = String(files++).padStart(6, '0')
    const name = `events.out.tfevents.${time}.${hostname()}.${process.pid}.${uid}${filenameSuffix}`
    this.path = join(logDir, name)
    this.#maxQueue = maxQueue
    this.#descriptor = openSync(this.path, 'a')
    this.#timer = setInterval(() => this.flush(), Math.min(flushSecs * 1000, 2 ** 31 - 1))
    this.#timer.unref()
    if (open.size === 0) process.on('exit', closeAll)
    open.add(this)
    this.add({ wallTime: now, fileVersion: 'brain.Event:2' })
    this.flush()
  }

  /**
   * Adds an event, and writes those that wait if there are enough of them.
   *
   * @throws {ValueError} if it is closed, or for what is no event.
   */
  add(event: Event): void {
    if (this.#descriptor === null) {
      const fix = 'call close() last, or open another'
      throw new ValueError('EventFileWriter.add', [], `${this.path} is closed`, fix)
    }
    requireOptions('EventFileWriter.add', event, ['wallTime'])
    this.#queue.push(frame(encoded(event)))
    if (this.#queue.length >= this.#maxQueue) this.flush()
  }

  /** Writes what waits. */
  flush(): void {
    if (this.#descriptor === null || this.#queue.length === 0) return
    const bytes = Buffer.concat(this.#queue)
    this.#queue = []
    for (let at = 0; at < bytes.length;) {
      at += writeSync(this.#descriptor, bytes, at, bytes.length - at)
    }
  }

  /** Writes what waits, and closes the file. More than once is as good as once. */
  close(): void {
    if (this.#descriptor === null) return
    this.flush()
    clearInterval(this.#timer)
    closeSync(this.#descriptor)
    this.#descriptor = null
    open.delete(this)
    if (open.size === 0) process.removeListener('exit', closeAll)
  }
}

/** The bytes of an event. @throws {ValueError} if a field has a value of another kind than its own. */
function encoded(event: Event): Uint8Array {
  try {
    return Event.encode(event)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const rule = `a field of the event has a value of another kind (${reason})`
    const fix = 'pass { wallTime, step, summary: { value: [{ tag, simpleValue }] } }'
    throw new ValueError('EventFileWriter.add', [], rule, fix, { cause: error })
  }
}

function closeAll(): void {
  for (const file of [...open]) file.close()
}
