/** Embeddings: points with labels and images, as TensorBoard's projector reads them from a folder. */
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tensor } from '@flambeau/core'
import { ShapeError, ValueError } from '@flambeau/core'
import { requireList, requireTensor, requireText } from '@flambeau/core/internal'
import { encodePng, gridOf } from './pixels.ts'

/** A label for each row; with a header a list of them, one for each column. */
export type Metadata = readonly Label[] | readonly (readonly Label[])[]

type Label = string | number | boolean | null

/** What the projector is told of an embedding; paths are relative to the folder of the run. */
export interface EmbeddingInfo {
  readonly tensorName: string
  readonly tensorPath: string
  readonly metadataPath?: string
  readonly sprite?: { readonly imagePath: string; readonly singleImageDim: readonly number[] }
}

/** The name of the projector's file in the folder of a run. */
export const PROJECTOR_FILE = 'projector_config.pbtxt'

/**
 * Writes an embedding into the folder of a run.
 *
 * @throws {ShapeError} if `mat` is no matrix, or labels or images are not one for each row.
 * @throws {ValueError} if rows of labels and header differ in length.
 */
export function writeEmbedding(
  op: string,
  logDir: string,
  mat: Tensor,
  tag: string,
  step: number,
  metadata: Metadata | null,
  header: readonly string[] | null,
  images: Tensor | null,
): EmbeddingInfo {
  requireTensor(op, 'mat', mat)
  requireText(op, 'tag', tag)
  if (metadata !== null) requireList(op, 'metadata', metadata)
  if (header !== null) requireList(op, 'metadataHeader', header)
  if (images !== null) requireTensor(op, 'labelImg', images)
  const [count = 0] = mat.shape
  if (mat.ndim !== 2 || mat.numel() === 0) {
    const rule = `mat is [${mat.shape.join(', ')}], not [N, D] with some numbers`
    throw new ShapeError(op, { mat }, rule, 'a row for each point: flatten(1)')
  }
  const number = String(step).padStart(5, '0')
  const name = tag.replace(/[%/\\]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)
  const subfolder = `${number}/${name}`
  const lines = metadata === null ? null : linesOf(op, mat, metadata, header)
  const sprite = images === null ? null : spriteOf(op, mat, images)
  const folder = join(logDir, number, name)
  if (existsSync(folder) && !statSync(folder).isDirectory()) {
    const rule = `${folder} is a file`
    throw new ValueError(op, { mat }, rule, 'choose another tag')
  }
  mkdirSync(folder, { recursive: true })
  const values = mat.detach().flatten().toArray() as ArrayLike<number>
  const width = mat.shape[1] as number
  const rows = Array.from({ length: count }, (_, i) =>
    Array.from({ length: width }, (_one, j) => String(values[i * width + j])).join('\t'),
  )
  writeFileSync(join(folder, 'tensors.tsv'), `${rows.join('\n')}\n`)
  if (lines !== null) writeFileSync(join(folder, 'metadata.tsv'), `${lines.join('\n')}\n`)
  if (sprite !== null) writeFileSync(join(folder, 'sprite.png'), sprite)
  const [, , high = 0, wide = 0] = images?.shape ?? []
  return {
    tensorName: `${tag}:${number}`,
    tensorPath: `${subfolder}/tensors.tsv`,
    ...(lines === null ? {} : { metadataPath: `${subfolder}/metadata.tsv` }),
    ...(sprite === null
      ? {}
      : { sprite: { imagePath: `${subfolder}/sprite.png`, singleImageDim: [wide, high] } }),
  }
}

function linesOf(
  op: string,
  mat: Tensor,
  metadata: Metadata,
  header: readonly string[] | null,
): string[] {
  const [count = 0] = mat.shape
  if (metadata.length !== count) {
    const rule = `there are ${metadata.length} labels for ${count} rows`
    throw new ShapeError(op, { mat }, rule, 'give one for each row')
  }
  // A line or a tab within a label would begin another row or column.
  const text = (label: unknown): string => String(label).replaceAll(/[\t\r\n]+/g, ' ')
  if (header === null || header.length === 0) return metadata.map(text)
  const table = [header, ...metadata].map((row) => (Array.isArray(row) ? (row as Label[]) : [row]))
  const wrong = table.findIndex((row) => row.length !== header.length)
  if (wrong < 0) return table.map((row) => row.map(text).join('\t'))
  const found = table[wrong]?.length ?? 0
  const rule = `metadata[${wrong - 1}] has ${found} labels for ${header.length} columns`
  throw new ValueError(op, { mat }, rule, 'give a label for each name of metadataHeader')
}

/** All images in one, in a square of as many columns as rows. */
function spriteOf(op: string, mat: Tensor, images: Tensor): Uint8Array {
  const [count = 0] = mat.shape
  if (images.ndim !== 4 || images.shape[0] !== count) {
    const rule = `labelImg is [${images.shape.join(', ')}] for ${count} rows`
    throw new ShapeError(op, { mat, labelImg: images }, rule, 'give [N, C, H, W], one for each row')
  }
  const columns = Math.ceil(Math.sqrt(count))
  const grid = gridOf(op, images, 'NCHW', columns)
  const { width, channels } = grid
  // The projector takes sprites for square.
  const data = new Uint8Array(width * width * channels)
  data.set(grid.data.subarray(0, data.length))
  return encodePng({ width, height: width, channels, data })
}

/** The projector's file: messages as text. */
export function projectorText(embeddings: readonly EmbeddingInfo[]): string {
  const quoted = (text: string): string => JSON.stringify(text)
  return embeddings
    .map(({ tensorName, tensorPath, metadataPath, sprite }) => {
      const lines = [`  tensor_name: ${quoted(tensorName)}`]
      if (metadataPath !== undefined) lines.push(`  metadata_path: ${quoted(metadataPath)}`)
      if (sprite !== undefined) {
        lines.push('  sprite {', `    image_path: ${quoted(sprite.imagePath)}`)
        for (const size of sprite.singleImageDim) lines.push(`    single_image_dim: ${size}`)
        lines.push('  }')
      }
      lines.push(`  tensor_path: ${quoted(tensorPath)}`)
      return `embeddings {\n${lines.join('\n')}\n}\n`
    })
    .join('')
}
