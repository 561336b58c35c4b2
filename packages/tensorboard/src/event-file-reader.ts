import { requireCount, requireNumber, requireText } from '@flambeau/core/internal'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { Event } from './messages.ts'
import { recordAt } from './records.ts'

/** Something wrong with an event file. */
export interface FileProblem {
  readonly path: string
  /** Bytes before the damaged record. */
  readonly offset: number
  /** What it is, and what became of it. */
  readonly message: string
}

/** An event with the place of its record. */
export interface PlacedEvent extends Event {
  readonly offset: number
}

/** Bytes that are read at once. */
const CHUNK = 1 << 20

/**
 * Reads an event file, also one that is being written: each call of `read` gives what has come since. A
 * record that is not complete yet is left for the next call; damaged ones are left out and reported.
 *
 * @example
 * ```ts
 * import { mkdtempSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { EventFileReader, EventFileWriter } from '@flambeau/tensorboard'
 * const file = new EventFileWriter(mkdtempSync(join(tmpdir(), 'run-')))
 * const reader = new EventFileReader(file.path)
 * reader.read()
 * file.add({ wallTime: 0, step: 7 })
 * file.flush()
 * console.log(reader.read().map((event) => event.step)) // => [ 7 ]
 * file.close()
 * ```
 */
export class EventFileReader {
  readonly path: string
  /** What was wrong with the file so far. */
  readonly problems: FileProblem[] = []
  /** Where the next record begins. */
  #offset = 0
  #lost = false

  constructor(path: string) {
    requireText('EventFileReader', 'path', path)
    this.path = path
  }

  /**
   * The events that have come, of about the first `limit` bytes of them; none if there is nothing new.
   *
   * @param limit Bytes. Default all.
   * @throws What the file system throws.
   */
  read(limit: number = Infinity): PlacedEvent[] {
    requireNumber('EventFileReader.read', 'limit', limit)
    const events: PlacedEvent[] = []
    if (this.#lost) return events
    const descriptor = openSync(this.path, 'r')
    try {
      const { size } = fstatSync(descriptor)
      if (size < this.#offset) this.#report('the file has become shorter: it is read no further')
      const end = Math.min(size, this.#offset + limit)
      let want = CHUNK
      while (!this.#lost && this.#offset < end) {
        const chunk = bytesAt(descriptor, this.#offset, Math.min(want, size - this.#offset))
        const needs = this.#take(chunk, events)
        // A record that is larger than the rest of the file is being written.
        if (needs > size - this.#offset) break
        want = Math.max(CHUNK, needs)
      }
    } finally {
      closeSync(descriptor)
    }
    return events
  }

  /** The event of the record at `offset`. @throws {RangeError} if it is not there any more. */
  at(offset: number): Event {
    requireCount('EventFileReader.at', 'offset', offset)
    const descriptor = openSync(this.path, 'r')
    try {
      let found = recordAt(bytesAt(descriptor, offset, CHUNK), 0)
      if (found.kind === 'end') found = recordAt(bytesAt(descriptor, offset, found.needs), 0)
      if (found.kind === 'record') return Event.decode(found.data)
      throw new RangeError(`${this.path}: the record at ${offset} is damaged`)
    } finally {
      closeSync(descriptor)
    }
  }

  /** Reads the whole records of a chunk; what the next one needs, 0 if there was one. */
  #take(chunk: Uint8Array, events: PlacedEvent[]): number {
    const start = this.#offset
    for (;;) {
      const found = recordAt(chunk, this.#offset - start)
      if (found.kind === 'end') return this.#offset === start ? found.needs : 0
      if (found.kind === 'lost') {
        this.#report('the length of a record is damaged: nothing after it can be read')
        return 0
      }
      if (found.kind === 'damaged') {
        this.#problem('a record is damaged and was left out')
      } else {
        try {
          events.push(Object.assign(Event.decode(found.data), { offset: this.#offset }))
        } catch (error) {
          this.#problem(`a record is no event and was left out (${(error as Error).message})`)
        }
      }
      this.#offset = start + found.next
    }
  }

  #report(message: string): void {
    this.#problem(message)
    this.#lost = true
  }

  #problem(message: string): void {
    this.problems.push({ path: this.path, offset: this.#offset, message })
  }
}

function bytesAt(descriptor: number, offset: number, length: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const count = readSync(descriptor, bytes, filled, length - filled, offset + filled)
    if (count === 0) break
    filled += count
  }
  return bytes.subarray(0, filled)
}

/**
 * All events of a file, with what was wrong with it: a record at its end that is not complete is no
 * mistake, as it may be being written.
 *
 * @throws What the file system throws.
 */
export function readEvents(path: string): { events: PlacedEvent[]; problems: FileProblem[] } {
  const reader = new EventFileReader(path)
  return { events: reader.read(), problems: reader.problems }
}
