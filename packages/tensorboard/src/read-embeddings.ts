/** Embeddings as they lie in the folder of a run. */
import { readFileSync } from 'node:fs'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { ValueError } from '@flambeau/core'
import type { EmbeddingInfo } from './embedding.ts'

/** Points with their labels. */
export interface EmbeddingData {
  /** A row for each point. */
  readonly vectors: readonly (readonly number[])[]
  /** Names of the columns of labels; null if there is but one, without a name. */
  readonly header: readonly string[] | null
  /** A row of labels for each point; [] if there are none. */
  readonly labels: readonly (readonly string[])[]
}

/** An embedding of a run; its points are read when they are asked for. */
export interface EmbeddingEvent {
  readonly tag: string
  readonly step: number
  /** Width and height of the image of a point; null if there are none. */
  readonly imageSize: readonly [width: number, height: number] | null
  read(): EmbeddingData
  /** The bytes of the image of all images. @throws {ValueError} if there is none. */
  readSprite(): Uint8Array
}

/** A message in text: fields with texts, numbers or messages. */
interface TextMessage {
  readonly texts: Map<string, string[]>
  readonly messages: Map<string, TextMessage[]>
}

const token = /\s*(?:([A-Za-z_]\w*)\s*(?::\s*("(?:[^"\\]|\\.)*"|[^\s{}"]+)|:?\s*\{)|(\}))/y

/** Reads the text form of protocol buffers, as far as the projector needs it. */
function parseText(text: string): TextMessage {
  const top: TextMessage = { texts: new Map(), messages: new Map() }
  const stack = [top]
  token.lastIndex = 0
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const [, name, value, end] = found
    const current = stack.at(-1) as TextMessage
    if (end !== undefined) {
      if (stack.length > 1) stack.pop()
    } else if (name !== undefined && value !== undefined) {
      const list = current.texts.get(name) ?? []
      current.texts.set(name, list)
      list.push(value.startsWith('"') ? unquoted(value) : value)
    } else if (name !== undefined) {
      const inner: TextMessage = { texts: new Map(), messages: new Map() }
      current.messages.set(name, [...(current.messages.get(name) ?? []), inner])
      stack.push(inner)
    }
  }
  return top
}

/** A text within quotes; bytes of UTF-8 may stand there as octal numbers. */
function unquoted(text: string): string {
  const bytes = text.slice(1, -1).replaceAll(/\\([0-7]{3}|.)/g, (_all, what: string) => {
    if (/^[0-7]{3}$/.test(what)) return `%${Number.parseInt(what, 8).toString(16).padStart(2, '0')}`
    return ({ n: '\n', t: '\t' } as Record<string, string>)[what] ?? what
  })
  if (bytes === text.slice(1, -1)) return bytes
  try {
    return decodeURIComponent(bytes)
  } catch {
    return bytes // a per cent sign of its own
  }
}

/** What a projector's file tells of embeddings. */
export function parseProjector(text: string): EmbeddingInfo[] {
  return (parseText(text).messages.get('embeddings') ?? []).flatMap(({ texts, messages }) => {
    const one = (name: string): string | undefined => texts.get(name)?.[0]
    const tensorPath = one('tensor_path')
    // Without it the points are in a checkpoint of TensorFlow.
    if (tensorPath === undefined) return []
    const metadataPath = one('metadata_path')
    const sprite = messages.get('sprite')?.[0]
    const imagePath = sprite?.texts.get('image_path')?.[0]
    const singleImageDim = (sprite?.texts.get('single_image_dim') ?? []).map(Number)
    return [
      {
        tensorName: one('tensor_name') ?? tensorPath,
        tensorPath,
        ...(metadataPath === undefined ? {} : { metadataPath }),
        ...(imagePath === undefined ? {} : { sprite: { imagePath, singleImageDim } }),
      },
    ]
  })
}

/** An embedding in a folder, to be read. */
export function embeddingEvent(folder: string, info: EmbeddingInfo): EmbeddingEvent {
  const { tensorName, tensorPath, metadataPath, sprite } = info
  const [, tag = tensorName, step = '0'] = /^(.*):(\d+)$/s.exec(tensorName) ?? []
  const [width = 0, height = 0] = sprite?.singleImageDim ?? []
  return {
    tag,
    step: Number(step),
    imageSize: sprite === undefined || !(width > 0 && height > 0) ? null : [width, height],
    read() {
      const vectors = table(read(folder, tensorPath).toString()).map((row) => row.map(Number))
      const rows = metadataPath === undefined ? [] : table(read(folder, metadataPath).toString())
      const hasHeader = rows.length === vectors.length + 1 && (rows[0]?.length ?? 0) > 1
      const header = hasHeader ? (rows[0] as string[]) : null
      return { vectors, header, labels: hasHeader ? rows.slice(1) : rows }
    },
    readSprite() {
      if (sprite !== undefined) return new Uint8Array(read(folder, sprite.imagePath))
      const rule = `the embedding '${tag}' has no images`
      throw new ValueError('EmbeddingEvent', [], rule, 'addEmbedding(mat, { labelImg })')
    },
  }
}

/** A file that a run names. @throws {ValueError} if it is not within its folder. */
function read(folder: string, path: string): Buffer {
  const place = resolve(folder, path)
  const inside = relative(resolve(folder), place)
  if (isAbsolute(inside) || inside === '..' || inside.startsWith(`..${sep}`)) {
    const rule = `${path} is outside of the run`
    throw new ValueError('EventAccumulator', [], rule, 'name files in the folder of the run')
  }
  return readFileSync(join(folder, inside))
}

const table = (text: string): string[][] =>
  text
    .replace(/\r?\n$/, '')
    .split(/\r?\n/)
    .map((line) => line.split('\t'))
