import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ValueError } from '@flambeau/core'
import type { FileProblem, PlacedEvent } from './event-file-reader.ts'
import { EventFileReader } from './event-file-reader.ts'
import type { HParamsData as HParams } from './messages.ts'
import { HParamsData } from './messages.ts'
import type { GraphNode } from './read-graph.ts'
import { readGraph } from './read-graph.ts'
import type { HistogramEvent, ImageSize, ScalarEvent, TextEvent } from './read-summaries.ts'
import { contentOf, imagesOf } from './read-summaries.ts'

/** An image of a run; its bytes are read when they are asked for. */
export interface ImageEvent extends ImageSize {
  readonly wallTime: number
  readonly step: number
  /** Of the images that were logged at once, from 0. */
  readonly index: number
  /** The bytes of the file: PNG, or what was logged. */
  read(): Uint8Array
}

/** Hyper-parameters of a run; numbers, texts, booleans. */
export type Hparams = Readonly<Record<string, number | string | boolean>>

/** Names of what was logged, by its kind. */
export interface Tags {
  readonly scalars: string[]
  readonly images: string[]
  readonly histograms: string[]
  readonly texts: string[]
}

/** Events of a histogram that are kept: of more, every second one is left out. */
const MOST_HISTOGRAMS = 400

/** Is this the name of an event file? */
export const isEventFile = (name: string): boolean => name.includes('tfevents')

/**
 * Reads the run in a folder, or a single event file: written by flambeau, PyTorch or TensorFlow. `reload`
 * may be called again while the run goes on, and adds what has come.
 *
 * @throws What the file system throws if there is no such folder.
 * @see tensorboard.backend.event_processing.event_accumulator.EventAccumulator
 *
 * @example
 * ```ts
 * import { mkdtempSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { EventAccumulator, SummaryWriter } from '@flambeau/tensorboard'
 * const writer = new SummaryWriter(mkdtempSync(join(tmpdir(), 'runs-')))
 * writer.addScalar('accuracy', 0.75, 10)
 * writer.close()
 * const run = new EventAccumulator(writer.logDir).reload()
 * console.log(run.tags().scalars, run.scalars('accuracy')[0]?.step) // => [ 'accuracy' ] 10
 * ```
 */
export class EventAccumulator {
  readonly path: string
  /** Hyper-parameters, null if there are none. */
  hparams: Hparams | null = null
  /** Tags of the curves that hyper-parameters are compared by; [] if that was not told. */
  hparamMetrics: readonly string[] = []
  /** Seconds since 1970 of the first and the last event; null before there is one. */
  firstTime: number | null = null
  lastTime: number | null = null
  /** How often the run began again at an earlier step, so that what was read before is gone. */
  purges = 0
  readonly #readers = new Map<string, EventFileReader>()
  readonly #scalars = new Map<string, ScalarEvent[]>()
  readonly #images = new Map<string, ImageEvent[]>()
  readonly #histograms = new Map<string, HistogramEvent[]>()
  readonly #texts = new Map<string, TextEvent[]>()
  #graph: Uint8Array | null = null

  constructor(path: string) {
    this.path = path
    statSync(path)
  }

  /** What was wrong with the files so far. */
  get problems(): FileProblem[] {
    return [...this.#readers.values()].flatMap((reader) => reader.problems)
  }

  /**
   * Reads what has come since the last time.
   *
   * @param limit Bytes of each file, about. Default all.
   */
  reload(limit: number = Infinity): this {
    this.poll(limit)
    return this
  }

  /** Like `reload`; tells whether something has come. */
  poll(limit: number = Infinity): boolean {
    let count = 0
    for (const path of this.#paths()) {
      let reader = this.#readers.get(path)
      if (reader === undefined) this.#readers.set(path, (reader = new EventFileReader(path)))
      const events = reader.read(limit)
      for (const event of events) this.#take(event, reader)
      count += events.length
    }
    return count > 0
  }

  /** Names of what was logged. */
  tags(): Tags {
    const names = (map: ReadonlyMap<string, unknown>): string[] => [...map.keys()].toSorted()
    return {
      scalars: names(this.#scalars),
      images: names(this.#images),
      histograms: names(this.#histograms),
      texts: names(this.#texts),
    }
  }

  /** The curve of a tag. @throws {ValueError} if there is none. */
  scalars(tag: string): readonly ScalarEvent[] {
    return this.#of('scalars', this.#scalars, tag)
  }

  /** The images of a tag. @throws {ValueError} if there are none. */
  images(tag: string): readonly ImageEvent[] {
    return this.#of('images', this.#images, tag)
  }

  /** The histograms of a tag, at most some hundreds. @throws {ValueError} if there are none. */
  histograms(tag: string): readonly HistogramEvent[] {
    return this.#of('histograms', this.#histograms, tag)
  }

  /** The texts of a tag. @throws {ValueError} if there are none. */
  texts(tag: string): readonly TextEvent[] {
    return this.#of('texts', this.#texts, tag)
  }

  /** Was a graph logged? */
  get hasGraph(): boolean {
    return this.#graph !== null
  }

  /** The nodes of the model's graph, or null if none was logged. */
  graph(): GraphNode[] | null {
    return this.#graph === null ? null : readGraph(this.#graph)
  }

  #of<T>(kind: keyof Tags, map: ReadonlyMap<string, T[]>, tag: string): readonly T[] {
    const found = map.get(tag)
    if (found !== undefined) return found
    const names = this.tags()[kind]
    const rule = `there are no ${kind} '${tag}' in ${this.path}`
    throw new ValueError('EventAccumulator', [], rule, `one of ${names.join(', ') || 'none'}`)
  }

  #paths(): string[] {
    if (!statSync(this.path).isDirectory()) return [this.path]
    const names = readdirSync(this.path, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && isEventFile(entry.name))
      .map((entry) => entry.name)
    return names.toSorted().map((name) => join(this.path, name))
  }

  #take(event: PlacedEvent, reader: EventFileReader): void {
    const { wallTime = 0, step = 0 } = event
    if (wallTime > 0) {
      this.firstTime = Math.min(this.firstTime ?? Infinity, wallTime)
      this.lastTime = Math.max(this.lastTime ?? 0, wallTime)
    }
    if (event.sessionLog?.status === 1) this.#purge(step)
    if (event.graphDef !== undefined) this.#graph = new Uint8Array(event.graphDef)
    event.summary?.value?.forEach((value, place) => {
      const tag = value.tag ?? ''
      const data = value.metadata?.pluginData
      if (data?.pluginName === 'hparams' && data.content !== undefined) {
        this.#takeHparams(HParamsData.decode(data.content))
        return
      }
      const content = contentOf(value)
      if (content.kind === 'scalar') {
        add(this.#scalars, tag, { wallTime, step, value: content.value })
      } else if (content.kind === 'histogram') {
        const list = add(this.#histograms, tag, { wallTime, step, ...content.histogram })
        if (list.length > MOST_HISTOGRAMS) {
          const last = list.at(-1) as HistogramEvent
          const kept = list.slice(0, -1).filter((_, i) => i % 2 === 0)
          list.splice(0, list.length, ...kept, last)
        }
      } else if (content.kind === 'text') {
        const name = tag.replace(/\/text_summary$/, '')
        add(this.#texts, name, { wallTime, step, text: content.text })
      } else if (content.kind === 'images') {
        const { offset } = event
        content.sizes.forEach((size, index) => {
          const read = (): Uint8Array => {
            const again = reader.at(offset).summary?.value?.[place]
            return (again === undefined ? undefined : imagesOf(again)[index]) ?? new Uint8Array()
          }
          add(this.#images, tag, { wallTime, step, index, ...size, read })
        })
      }
    })
  }

  /** A run that went on from an earlier step: what it did after that is no longer so. */
  #purge(step: number): void {
    this.purges++
    for (const map of [this.#scalars, this.#images, this.#histograms, this.#texts]) {
      for (const [tag, list] of map as Map<string, { step: number }[]>) {
        map.set(tag, list.filter((one) => one.step < step) as never)
      }
    }
  }

  #takeHparams({ experiment, sessionStartInfo }: HParams): void {
    const metrics = (experiment?.metricInfos ?? []).map(({ name }) => name?.tag ?? '')
    this.hparamMetrics = [...new Set([...this.hparamMetrics, ...metrics])]
    if (sessionStartInfo === undefined) return
    const found: Record<string, number | string | boolean> = { ...this.hparams }
    for (const { key = '', value = {} } of sessionStartInfo.hparams ?? []) {
      found[key] = value.stringValue ?? value.boolValue ?? value.numberValue ?? ''
    }
    this.hparams = found
  }
}

function add<T>(map: Map<string, T[]>, tag: string, event: T): T[] {
  const list = map.get(tag)
  if (list !== undefined) {
    list.push(event)
    return list
  }
  const first = [event]
  map.set(tag, first)
  return first
}
