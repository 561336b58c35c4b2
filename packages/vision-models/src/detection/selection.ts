/** From scores of every box for every class to detections. */
import type { Tensor } from '@flambeau/core'
import { fromTypedArray, tensor } from '@flambeau/core'
import { batchedNms } from './boxes.ts'
import type { Detection } from './detector.ts'

/** What is kept of what a detector says. */
export interface SelectionOptions {
  /** Only scores above. */
  readonly scoreThreshold: number
  /** Of boxes of a class that overlap by more, the best stays. */
  readonly nmsThreshold: number
  /** Most detections in an image. */
  readonly detectionsPerImage: number
  /** Most of a class before suppression. Default no limit. */
  readonly candidatesPerClass?: number
  /** Least side of a box, in pixels. Default 0. */
  readonly minSide?: number
}

/** Places as a tensor: int64 `[K]`. */
export function indices(places: readonly number[]): Tensor {
  return fromTypedArray(BigInt64Array.from(places, BigInt))
}

/**
 * The detections of an image: scores above a threshold, the best of overlapping boxes.
 *
 * @param boxes `[A, 4]`, or `[A, C, 4]` with boxes of their own for each class.
 * @param scores `[A, C]`, the background first.
 */
export function selectDetections(
  boxes: Tensor,
  scores: Tensor,
  options: SelectionOptions,
): Detection {
  const { scoreThreshold, nmsThreshold, detectionsPerImage, candidatesPerClass, minSide } = options
  const [count, classes] = scores.shape as [number, number]
  const values = scores.detach().float().contiguous().toArray() as Float32Array
  const flat = (boxes.ndim === 2 ? boxes.unsqueeze(1) : boxes).detach()
  const own = flat.shape[1] as number
  const corners = flat.float().contiguous().toArray() as Float32Array
  const chosen: { row: number; label: number; score: number; box: number[] }[] = []
  for (let label = 1; label < classes; label++) {
    const candidates: typeof chosen = []
    for (let row = 0; row < count; row++) {
      const score = values[row * classes + label] as number
      if (!(score > scoreThreshold)) continue
      const at = 4 * (row * own + (own === 1 ? 0 : label))
      const box = [...corners.subarray(at, at + 4)]
      const side = Math.min(box[2]! - box[0]!, box[3]! - box[1]!)
      if (side >= (minSide ?? -Infinity)) candidates.push({ row, label, score, box })
    }
    candidates.sort((a, b) => b.score - a.score)
    chosen.push(...candidates.slice(0, candidatesPerClass))
  }
  const found = {
    boxes: tensor(
      chosen.flatMap((one) => one.box),
      { dtype: 'float32' },
    ).reshape([-1, 4]),
    scores: tensor(
      chosen.map((one) => one.score),
      { dtype: 'float32' },
    ),
    labels: indices(chosen.map((one) => one.label)),
  }
  const kept = batchedNms(found.boxes, found.scores, found.labels, nmsThreshold)
  const best = kept.narrow(0, 0, Math.min(detectionsPerImage, kept.shape[0] as number))
  return {
    boxes: found.boxes.indexSelect(0, best),
    scores: found.scores.indexSelect(0, best),
    labels: found.labels.indexSelect(0, best),
  }
}
