/** Points of an embedding, turned so that one sees most of them. */
import type { Tensor } from '@flambeau/core'
import { linalg, tensor } from '@flambeau/core'
import type { EmbeddingEvent } from '@flambeau/tensorboard'
import type { EmbeddingMessage } from './protocol.ts'

/** More points are not sent: nobody could tell them apart. */
const MOST = 5000
/** Directions. */
const DIRECTIONS = 3

/** The points of an embedding by their principal components. */
export function embeddingMessage(embedding: EmbeddingEvent): EmbeddingMessage {
  const { vectors, header, labels } = embedding.read()
  const [first = []] = vectors
  const size = first.length
  const sent = vectors.slice(0, MOST)
  const isTable = size > 0 && sent.every((row) => row.length === size && row.every(Number.isFinite))
  const { points, shares } = isTable
    ? principal(tensor(sent as number[][], { dtype: 'float64' }))
    : { points: [], shares: [] }
  const { imageSize } = embedding
  const [width, height] = imageSize ?? [0, 0]
  const columns = Math.ceil(Math.sqrt(vectors.length))
  return {
    count: vectors.length,
    size,
    points,
    shares,
    header: header ?? (labels.length > 0 ? [''] : []),
    labels: labels.slice(0, MOST),
    image: imageSize === null ? null : { width, height, columns },
  }
}

/**
 * The places of points `[N, D]` along the directions in which they differ most, and the share of the
 * variance that each direction has.
 */
function principal(points: Tensor): { points: number[][]; shares: number[] } {
  const [count = 0, size = 0] = points.shape
  const centred = points.sub(points.mean(0))
  const wide = size > count
  // The smaller of the two products has the same variances.
  const products = wide ? centred.matmul(centred.t()) : centred.t().matmul(centred)
  const { eigenvalues, eigenvectors } = linalg.eigh(products)
  const most = Math.min(DIRECTIONS, eigenvalues.numel())
  const values = eigenvalues.flip(0).narrow(0, 0, most).clamp(0)
  const vectors = eigenvectors.flip(1).narrow(1, 0, most)
  const places = wide ? vectors.mul(values.sqrt()) : centred.matmul(vectors)
  const total = Math.max(eigenvalues.clamp(0).sum().item(), Number.MIN_VALUE)
  return { points: places.tolist() as number[][], shares: values.div(total).tolist() as number[] }
}
