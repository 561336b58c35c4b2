import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { ValueError } from '@flambeau/core'
import { requireText, show } from '@flambeau/core/internal'
import type { CustomScalarChart } from './custom-scalars.ts'
import { PROJECTOR_FILE } from './embedding.ts'
import type { FileProblem, PlacedEvent } from './event-file-reader.ts'
import { EventFileReader } from './event-file-reader.ts'
import type { MeshEvent } from './mesh.ts'
import { partNumbers } from './mesh.ts'
import type { HParamsData as HParams, SummaryValue } from './messages.ts'
import { HParamsData } from './messages.ts'
import type { EmbeddingEvent } from './read-embeddings.ts'
import { embeddingEvent, parseProjector } from './read-embeddings.ts'
import type { GraphNode } from './read-graph.ts'
import { readGraph } from './read-graph.ts'
import type {
  AudioSize,
  HistogramEvent,
  ImageSize,
  PrCurveEvent,
  ScalarEvent,
  TextEvent,
} from './read-summaries.ts'
import { contentOf, imagesOf, meshPart } from './read-summaries.ts'
import { fromProto } from './tensors.ts'

/** An image of a run; its bytes are read when they are asked for. */
export interface ImageEvent extends ImageSize {
  readonly wallTime: number
  readonly step: number
  /** Of the images that were logged at once, from 0. */
  readonly index: number
  /** The bytes of the file: PNG, or what was logged. */
  read(): Uint8Array
}

/** A sound of a run; its bytes are read when they are asked for. */
export interface AudioEvent extends AudioSize {
  readonly wallTime: number
  readonly step: number
  /** The bytes of the file: WAV, or what was logged. */
  read(): Uint8Array
}

/** A tensor of a run; its elements are read when they are asked for. */
export interface TensorEvent {
  readonly wallTime: number
  readonly step: number
  /** @throws {ValueError} if it has a dtype that is not known here, or lacks elements. */
  read(): Tensor
}

/** Hyper-parameters of a run; numbers, texts, booleans. */
export type Hparams = Readonly<Record<string, number | string | boolean>>

/** Names of what was logged, by its kind. */
export interface Tags {
  readonly scalars: string[]
  readonly images: string[]
  readonly histograms: string[]
  readonly texts: string[]
  readonly audio: string[]
  readonly prCurves: string[]
  readonly meshes: string[]
  readonly tensors: string[]
}

/** Events of a histogram that are kept: of more, every second one is left out. */
const MOST_HISTOGRAMS = 400

/** Is this the name of an event file? */
export function isEventFile(name: string): boolean {
  requireText('isEventFile', 'name', name)
  return name.includes('tfevents')
}

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
  readonly #audio = new Map<string, AudioEvent[]>()
  readonly #prCurves = new Map<string, PrCurveEvent[]>()
  readonly #meshes = new Map<string, (MeshEvent & { readonly places: Map<number, Place> })[]>()
  readonly #tensors = new Map<string, TensorEvent[]>()
  #charts: readonly CustomScalarChart[] = []
  #embeddings: readonly EmbeddingEvent[] = []
  /** When the projector's file was last written, and its size. */
  #projector = ''
  #graph: Uint8Array | null = null

  constructor(path: string) {
    requireText('EventAccumulator', 'path', path)
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
    return this.#readProjector() || count > 0
  }

  /** Names of what was logged. */
  tags(): Tags {
    const names = (map: ReadonlyMap<string, unknown>): string[] => [...map.keys()].toSorted()
    return {
      scalars: names(this.#scalars),
      images: names(this.#images),
      histograms: names(this.#histograms),
      texts: names(this.#texts),
      audio: names(this.#audio),
      prCurves: names(this.#prCurves),
      meshes: names(this.#meshes),
      tensors: names(this.#tensors),
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

  /** The sounds of a tag. @throws {ValueError} if there are none. */
  audio(tag: string): readonly AudioEvent[] {
    return this.#of('audio', this.#audio, tag)
  }

  /** The precision-recall curves of a tag. @throws {ValueError} if there are none. */
  prCurves(tag: string): readonly PrCurveEvent[] {
    return this.#of('prCurves', this.#prCurves, tag)
  }

  /** The meshes of a tag. @throws {ValueError} if there are none. */
  meshes(tag: string): readonly MeshEvent[] {
    return this.#of('meshes', this.#meshes, tag)
  }

  /** The tensors of a tag. @throws {ValueError} if there are none. */
  tensors(tag: string): readonly TensorEvent[] {
    return this.#of('tensors', this.#tensors, tag)
  }

  /** Embeddings of the run; [] if there are none. */
  get embeddings(): readonly EmbeddingEvent[] {
    return this.#embeddings
  }

  /** Charts of several curves, as they were laid out last; [] if none were. */
  get customScalars(): readonly CustomScalarChart[] {
    return this.#charts
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
    const rule = `there are no ${kind} ${show(tag)} in ${this.path}`
    throw new ValueError('EventAccumulator', [], rule, `one of ${names.join(', ') || 'none'}`)
  }

  #paths(): string[] {
    if (!statSync(this.path).isDirectory()) return [this.path]
    const names = readdirSync(this.path, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && isEventFile(entry.name))
      .map((entry) => entry.name)
    return names.toSorted().map((name) => join(this.path, name))
  }

  /** Looks for embeddings, which are told by a file of their own; has it changed? */
  #readProjector(): boolean {
    if (!statSync(this.path).isDirectory()) return false
    const path = join(this.path, PROJECTOR_FILE)
    const state = statSync(path, { throwIfNoEntry: false })
    const stamp = state === undefined ? '' : `${state.mtimeMs} ${state.size}`
    if (stamp === this.#projector) return false
    this.#projector = stamp
    const infos = state === undefined ? [] : parseProjector(readFileSync(path, 'utf8'))
    this.#embeddings = infos.map((info) => embeddingEvent(this.path, info))
    return true
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
      } else if (content.kind === 'prCurve') {
        add(this.#prCurves, tag, { wallTime, step, ...content.curve })
      } else if (content.kind === 'layout') {
        this.#charts = content.charts
      } else {
        const again: Place = () => reader.at(event.offset).summary?.value?.[place]
        if (content.kind === 'images') {
          content.sizes.forEach((size, index) => {
            const read = (): Uint8Array => imagesOf(again() ?? {})[index] ?? new Uint8Array()
            add(this.#images, tag, { wallTime, step, index, ...size, read })
          })
        } else if (content.kind === 'audio') {
          const read = (): Uint8Array => again()?.audio?.encodedAudioString ?? new Uint8Array()
          add(this.#audio, tag, { wallTime, step, ...content.size, read })
        } else if (content.kind === 'tensor') {
          add(this.#tensors, tag, { wallTime, step, read: () => tensorAt(tag, again) })
        } else if (content.kind === 'mesh') {
          this.#takeMesh(content, wallTime, step, again)
        }
      }
    })
  }

  /** Parts of a mesh come one after the other. */
  #takeMesh(
    { name, part, config }: { name: string; part: number; config: string },
    wallTime: number,
    step: number,
    again: Place,
  ): void {
    const last = this.#meshes.get(name)?.at(-1)
    if (last !== undefined && last.step === step && !last.places.has(part)) {
      last.places.set(part, again)
      return
    }
    const places = new Map([[part, again]])
    const read: MeshEvent['read'] = (which) => meshPart(places.get(partNumbers[which])?.()?.tensor)
    add(this.#meshes, name, { wallTime, step, config, places, read })
  }

  /** A run that went on from an earlier step: what it did after that is no longer so. */
  #purge(step: number): void {
    this.purges++
    const maps = [
      ...[this.#scalars, this.#images, this.#histograms, this.#texts, this.#audio],
      ...[this.#prCurves, this.#meshes, this.#tensors],
    ]
    for (const map of maps) {
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

/** A value of a file, read again. */
type Place = () => SummaryValue | undefined

function tensorAt(tag: string, again: Place): Tensor {
  const tensor = fromProto(again()?.tensor ?? {})
  if (tensor !== null) return tensor
  const rule = `the tensor '${tag}' cannot be read`
  throw new ValueError(
    'EventAccumulator',
    [],
    rule,
    'its dtype is not known here, or it is cut off',
  )
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
