/** What the page asks for, by its path. */
import type { EventAccumulator } from '@flambeau/tensorboard'
import { embeddingMessage } from './embedding.ts'
import { graphTree } from './graph-tree.ts'
import type { AudioInfo, ImageInfo, PrCurveInfo, ScalarsMessage, TextInfo } from './protocol.ts'
import { rebin } from './rebin.ts'
import type { Runs } from './runs.ts'

/** An answer: an object as JSON, or bytes of a type. */
export type Answer =
  | { readonly json: unknown }
  | { readonly bytes: Uint8Array; readonly type: string }

/** Something that was asked for and is not there. */
class NotThere extends Error {}

/** The type of an image file by its first bytes. */
function typeOfImage(bytes: Uint8Array): string {
  const starts = (...first: number[]): boolean => first.every((byte, i) => bytes[i] === byte)
  if (starts(0x89, 0x50, 0x4e, 0x47)) return 'image/png'
  if (starts(0xff, 0xd8, 0xff)) return 'image/jpeg'
  if (starts(0x47, 0x49, 0x46)) return 'image/gif'
  return 'application/octet-stream'
}

function scalarsFrom(run: EventAccumulator, tag: string, from: number): ScalarsMessage {
  const events = run.scalars(tag).slice(from)
  return {
    from,
    generation: run.purges,
    steps: events.map(({ step }) => step),
    times: events.map(({ wallTime }) => wallTime),
    values: events.map(({ value }) => (Number.isFinite(value) ? value : null)),
  }
}

/** A number in a query, from 0 up. */
function indexIn(query: URLSearchParams, name: string): number {
  const value = Number(query.get(name) ?? 0)
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new NotThere(`${name} must be a whole number from 0 up`)
}

type Kind = 'scalars' | 'images' | 'histograms' | 'texts' | 'audio' | 'prCurves'

/**
 * The answer to `path` with `query`, null if there is no such path.
 *
 * @throws {NotThere} if a run or a tag is asked for that is not there; see {@link isNotThere}.
 */
export function answer(runs: Runs, path: string, query: URLSearchParams): Answer | null {
  if (path === '/api/runs') return { json: runs.describe() }
  const name = query.get('run') ?? ''
  const tag = query.get('tag') ?? ''
  const runWith = (kind: Kind): EventAccumulator => {
    const run = anyRun()
    if (run.tags()[kind].includes(tag)) return run
    throw new NotThere(`the run '${name}' has no ${kind} '${tag}'`)
  }
  const anyRun = (): EventAccumulator => {
    const run = runs.get(name)
    if (run !== undefined) return run
    throw new NotThere(`there is no run '${name}'`)
  }
  switch (path) {
    case '/api/scalars':
      return { json: scalarsFrom(runWith('scalars'), tag, indexIn(query, 'from')) }
    case '/api/images': {
      const images = runWith('images').images(tag)
      const list: ImageInfo[] = images.map(({ step, wallTime, width, height }) => ({
        step,
        wallTime,
        width,
        height,
      }))
      return { json: list }
    }
    case '/api/image': {
      const image = runWith('images').images(tag)[indexIn(query, 'index')]
      if (image === undefined) throw new NotThere(`'${tag}' has no such image`)
      const bytes = image.read()
      return { bytes, type: typeOfImage(bytes) }
    }
    case '/api/histograms':
      return { json: rebin(runWith('histograms').histograms(tag)) }
    case '/api/texts': {
      const texts: readonly TextInfo[] = runWith('texts').texts(tag)
      return { json: texts }
    }
    case '/api/pr-curves': {
      const curves: readonly PrCurveInfo[] = runWith('prCurves').prCurves(tag)
      return { json: curves }
    }
    case '/api/audio': {
      const list: AudioInfo[] = runWith('audio')
        .audio(tag)
        .map(({ step, wallTime, sampleRate, lengthFrames }) => ({
          step,
          wallTime,
          sampleRate,
          seconds: lengthFrames / Math.max(1, sampleRate),
        }))
      return { json: list }
    }
    case '/api/sound': {
      const sound = runWith('audio').audio(tag)[indexIn(query, 'index')]
      if (sound === undefined) throw new NotThere(`'${tag}' has no such sound`)
      // What a file says of itself is not trusted to be sound.
      const type = sound.contentType.startsWith('audio/') ? sound.contentType : 'audio/wav'
      return { bytes: sound.read(), type }
    }
    case '/api/embedding':
    case '/api/sprite': {
      const embedding = anyRun().embeddings[indexIn(query, 'index')]
      if (embedding === undefined) throw new NotThere(`the run '${name}' has no such embedding`)
      if (path === '/api/embedding') return { json: embeddingMessage(embedding) }
      if (embedding.imageSize === null) throw new NotThere('the embedding has no images')
      const bytes = embedding.readSprite()
      return { bytes, type: typeOfImage(bytes) }
    }
    case '/api/graph': {
      const graph = anyRun().graph()
      if (graph === null) throw new NotThere(`the run '${name}' has no graph`)
      return { json: graphTree(graph) }
    }
    default:
      return null
  }
}

/** Was it the page's wish that was wrong? */
export function isNotThere(error: unknown): error is Error {
  return error instanceof NotThere
}
