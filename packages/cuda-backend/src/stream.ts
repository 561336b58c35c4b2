/** Streams, on which work is done in order, and events, which mark points of them. */
import { ValueError } from '@flambeau/core'
import { requireFunction, requireInstance, requireOptions, show } from '@flambeau/core/internal'
import type { DeviceLike } from './device.ts'
import { deviceIndex } from './device.ts'
import { withAddon } from './errors.ts'

/** What {@link Stream} is made from. */
export interface StreamOptions {
  /** Default: the current GPU. */
  device?: DeviceLike
  /** A lower number is served first. Default: 0. */
  priority?: number
}

/**
 * A queue of work of a GPU. Work on one stream is done in order; two streams may be served at once.
 * Memory is safe: what a tensor occupied is not reused before all streams are past their use of it.
 * The order between streams is the program's to keep, by {@link Stream.waitStream} or events.
 *
 * @see torch.cuda.Stream
 *
 * @example
 * ```ts
 * import { isAvailable, stream, Stream, currentStream } from '@flambeau/cuda-backend'
 * import { ones } from '@flambeau/core'
 * if (isAvailable()) {
 *   const side = new Stream()
 *   side.waitStream(currentStream()) // the input is ready
 *   const y = stream(side, () => ones([4], { device: 'cuda' }).mul(2))
 *   currentStream().waitStream(side) // the result is ready
 *   console.log(y.sum().item()) // 8
 * }
 * ```
 */
export class Stream {
  /** What the addon calls it. @internal */
  readonly _number: number
  /** The index of its GPU. */
  readonly deviceIndex: number
  /** A lower number is served first. */
  readonly priority: number

  /** @throws {DeviceError} where there is no such GPU. */
  constructor(device?: DeviceLike | StreamOptions, priority = 0) {
    const options: StreamOptions =
      typeof device === 'object' && device !== null ? device : { device, priority }
    const index = deviceIndex('Stream', options.device)
    const wanted = options.priority ?? 0
    if (!Number.isInteger(wanted) || Math.abs(wanted) > 1000) {
      throw new ValueError('Stream', [], `a priority is a small whole number, not ${show(wanted)}`)
    }
    this._number = withAddon('Stream', (addon) => addon.newStream(index, wanted))
    ;[this.deviceIndex, this.priority] = withAddon('Stream', (addon) =>
      addon.streamInfo(this._number),
    )
  }

  /** Such as `'cuda:0'`. */
  get device(): string {
    return `cuda:${this.deviceIndex}`
  }

  /** The least and the greatest priority, such as `[0, -5]`. @see torch.cuda.Stream.priority_range */
  static priorityRange(device?: DeviceLike): [least: number, greatest: number] {
    const index = deviceIndex('Stream.priorityRange', device)
    return withAddon('Stream.priorityRange', (addon) => addon.priorityRange(index))
  }

  /** Has everything been done? @throws {ValueError} while a graph is captured. */
  query(): boolean {
    return withAddon('Stream.query', (addon) => addon.streamQuery(this._number))
  }

  /**
   * Waits until everything has been done, and throws what kernels found meanwhile.
   *
   * @throws {ValueError} while a graph is captured.
   */
  synchronize(): void {
    withAddon('Stream.synchronize', (addon) => addon.streamSynchronize(this._number))
  }

  /** Marks this point of the work by an event, a new one unless given. */
  recordEvent(event: Event = new Event()): Event {
    requireEvent('Stream.recordEvent', event)
    event.record(this)
    return event
  }

  /** Lets what comes later on this stream wait for an event. */
  waitEvent(event: Event): void {
    requireEvent('Stream.waitEvent', event)
    event.wait(this)
  }

  /** Lets what comes later on this stream wait for all that is on another one by now. */
  waitStream(stream: Stream): void {
    requireStream('Stream.waitStream', stream)
    this.waitEvent(stream.recordEvent())
  }
}

/** A stream that the addon knows already. */
function known(number: number): Stream {
  const stream = Object.create(Stream.prototype) as {
    _number: number
    deviceIndex: number
    priority: number
  }
  stream._number = number
  ;[stream.deviceIndex, stream.priority] = withAddon('currentStream', (addon) =>
    addon.streamInfo(number),
  )
  return stream as Stream
}

/**
 * The stream that this thread puts work for a GPU on.
 *
 * @throws {DeviceError} where there is no such GPU.
 * @see torch.cuda.current_stream
 */
export function currentStream(device?: DeviceLike): Stream {
  const index = deviceIndex('currentStream', device)
  return known(withAddon('currentStream', (addon) => addon.currentStream(index)))
}

/**
 * The stream of a GPU that is used unless another one is chosen.
 *
 * @throws {DeviceError} where there is no such GPU.
 * @see torch.cuda.default_stream
 */
export function defaultStream(device?: DeviceLike): Stream {
  const index = deviceIndex('defaultStream', device)
  return known(withAddon('defaultStream', (addon) => addon.defaultStream(index)))
}

/** Puts work for the stream's GPU on it from now on. @see torch.cuda.set_stream */
export function setStream(stream: Stream): void {
  requireStream('setStream', stream)
  withAddon('setStream', (addon) => addon.setStream(stream._number))
}

/**
 * Runs `body` with its work on a stream, and returns its result; null: on the current one. What runs
 * after an `await` in `body` is on the stream from before.
 *
 * @see torch.cuda.stream
 */
export function stream<T>(on: Stream | null, body: () => T): T {
  requireFunction('stream', 'body', body)
  if (on !== null) requireStream('stream', on)
  if (on === null) return body()
  const before = currentStream(on.deviceIndex)
  setStream(on)
  try {
    return body()
  } finally {
    setStream(before)
  }
}

/** What {@link Event} is made from. */
export interface EventOptions {
  /** Shall it keep time? Default: no, which is cheaper. */
  enableTiming?: boolean
}

/**
 * A point in the work of a stream: others can wait for it, and the time between two can be measured.
 *
 * @see torch.cuda.Event
 *
 * @example
 * ```ts
 * import { Event, isAvailable } from '@flambeau/cuda-backend'
 * import { ones } from '@flambeau/core'
 * if (isAvailable()) {
 *   const start = new Event({ enableTiming: true })
 *   const end = new Event({ enableTiming: true })
 *   const x = ones([512, 512], { device: 'cuda' })
 *   start.record()
 *   x.matmul(x)
 *   end.record()
 *   end.synchronize()
 *   console.log(`${start.elapsedTime(end)} ms`)
 * }
 * ```
 */
export class Event {
  readonly #native: object
  /** Does it keep time? */
  readonly enableTiming: boolean

  /** @throws {DeviceError} where no GPU can be used. */
  constructor(options: boolean | EventOptions = false) {
    if (typeof options !== 'boolean') requireOptions('Event', options)
    this.enableTiming = typeof options === 'boolean' ? options : (options.enableTiming ?? false)
    this.#native = withAddon('Event', (addon) => addon.newEvent(this.enableTiming ? 1 : 0))
  }

  /**
   * Marks the point that a stream has come to, by default the current one.
   *
   * @throws {ValueError} if it was recorded on another GPU before.
   */
  record(stream: Stream = currentStream()): void {
    requireStream('Event.record', stream)
    withAddon('Event.record', (addon) => addon.eventRecord(this.#native, stream._number))
  }

  /** Lets what comes later on a stream, by default the current one, wait for it. */
  wait(stream: Stream = currentStream()): void {
    requireStream('Event.wait', stream)
    withAddon('Event.wait', (addon) => addon.eventWait(this.#native, stream._number))
  }

  /** Has the work before it been done? @throws {ValueError} while a graph is captured. */
  query(): boolean {
    return withAddon('Event.query', (addon) => addon.eventQuery(this.#native))
  }

  /**
   * Waits until the work before it has been done, and throws what kernels found meanwhile.
   *
   * @throws {ValueError} while a graph is captured.
   */
  synchronize(): void {
    withAddon('Event.synchronize', (addon) => addon.eventSynchronize(this.#native))
  }

  /**
   * Milliseconds from this event to a later one.
   *
   * @throws {ValueError} unless both keep time, were recorded, and have been reached.
   */
  elapsedTime(endEvent: Event): number {
    requireEvent('Event.elapsedTime', endEvent)
    return withAddon('Event.elapsedTime', (addon) =>
      addon.eventElapsed(this.#native, endEvent.#native),
    )
  }
}

function requireStream(op: string, stream: unknown): void {
  requireInstance(op, 'stream', stream, Stream, 'new Stream()')
}

function requireEvent(op: string, event: unknown): void {
  requireInstance(op, 'event', event, Event, 'new Event()')
}
