/** Which detections of one image find which objects: the rules of COCO and of Pascal VOC. */

/** A box as [left, top, right, bottom]. */
export type Corners = readonly [number, number, number, number]

/** An object of an image. */
export interface Truth {
  area: number
  /** COCO: a region of many objects. VOC: an object too hard to count. */
  crowd: boolean
}

/** What a model found in an image. */
export interface Detection {
  score: number
  area: number
  /** With each object of its class in its image. */
  overlaps: Float64Array
}

/** A detection's fate at one threshold. */
export interface Outcome {
  score: number
  hit: boolean
  ignored: boolean
}

/**
 * Intersection over union of a detection and an object. With a crowd, over the detection's own area: a
 * part of it lies in the crowd or not.
 */
export function overlap(detection: Corners, truth: Corners, crowd: boolean): number {
  const width = Math.min(detection[2], truth[2]) - Math.max(detection[0], truth[0])
  const height = Math.min(detection[3], truth[3]) - Math.max(detection[1], truth[1])
  if (!(width > 0 && height > 0)) return 0
  const both = width * height
  const area = (box: Corners): number => (box[2] - box[0]) * (box[3] - box[1])
  const union = crowd ? area(detection) : area(detection) + area(truth) - both
  return union > 0 ? both / union : 0
}

/**
 * COCO: each detection, best first, takes the object that it overlaps most and that is not taken yet;
 * objects that count come before those to be ignored (crowds, and outside of the area range). A
 * detection of an ignored object, or of none and outside of the range itself, is ignored.
 */
export function matchCoco(
  detections: readonly Detection[],
  truths: readonly Truth[],
  threshold: number,
  range: readonly [number, number],
): Outcome[] {
  const outside = (area: number): boolean => area < range[0] || area > range[1]
  const skipped = truths.map((truth) => truth.crowd || outside(truth.area))
  const order = [...truths.keys()].sort((a, b) => Number(skipped[a]) - Number(skipped[b]))
  const taken = new Uint8Array(truths.length)
  return detections.map((detection) => {
    let best = Math.min(threshold, 1 - 1e-10)
    let found = -1
    for (const t of order) {
      if (taken[t] === 1 && !(truths[t] as Truth).crowd) continue
      if (found >= 0 && !skipped[found] && skipped[t]) break
      const value = detection.overlaps[t] as number
      if (value < best) continue
      best = value
      found = t
    }
    if (found < 0) return { score: detection.score, hit: false, ignored: outside(detection.area) }
    taken[found] = 1
    return { score: detection.score, hit: true, ignored: skipped[found] as boolean }
  })
}

/**
 * VOC: each detection, best first, is judged by the object that it overlaps most: it finds it if the
 * overlap exceeds the threshold and nothing found it before.
 */
export function matchVoc(
  detections: readonly Detection[],
  truths: readonly Truth[],
  threshold: number,
): Outcome[] {
  const taken = new Uint8Array(truths.length)
  return detections.map(({ score, overlaps: row }) => {
    let found = -1
    for (let t = 0; t < row.length; t++) {
      if (found < 0 || (row[t] as number) > (row[found] as number)) found = t
    }
    if (found < 0 || !((row[found] as number) > threshold))
      return { score, hit: false, ignored: false }
    if ((truths[found] as Truth).crowd) return { score, hit: false, ignored: true }
    const hit = taken[found] === 0
    taken[found] = 1
    return { score, hit, ignored: false }
  })
}

/** How precision over recall becomes one number. */
export type Interpolation = 'coco101' | 'voc11' | 'all'

/**
 * The average precision and the recall reached, of outcomes in any order. Equal scores keep their order,
 * which is that of the images.
 */
export function averagePrecisionOf(
  outcomes: readonly Outcome[],
  objects: number,
  interpolation: Interpolation,
): { precision: number; recall: number } {
  const counted = outcomes.filter((one) => !one.ignored).sort((a, b) => b.score - a.score)
  const precision = new Float64Array(counted.length)
  const recall = new Float64Array(counted.length)
  let hits = 0
  for (const [i, { hit }] of counted.entries()) {
    if (hit) hits++
    precision[i] = hits / (i + 1)
    recall[i] = hits / objects
  }
  const reached = hits / objects
  // The best precision at this recall or a higher one.
  for (let i = precision.length - 2; i >= 0; i--)
    precision[i] = Math.max(precision[i] as number, precision[i + 1] as number)
  if (interpolation === 'all') {
    let [area, before] = [0, 0]
    for (let i = 0; i < recall.length; i++) {
      area += ((recall[i] as number) - before) * (precision[i] as number)
      before = recall[i] as number
    }
    return { precision: area, recall: reached }
  }
  const points = interpolation === 'coco101' ? 101 : 11
  let [sum, at] = [0, 0]
  for (let p = 0; p < points; p++) {
    const wanted = RECALLS[points]![p] as number
    while (at < recall.length && (recall[at] as number) < wanted) at++
    if (at < recall.length) sum += precision[at] as number
  }
  return { precision: sum / points, recall: reached }
}

/** Evenly spaced recalls as NumPy's linspace makes them: the last bit decides at equality. */
function recallPoints(count: number): Float64Array {
  const step = 1 / (count - 1)
  return Float64Array.from({ length: count }, (_, i) => (i === count - 1 ? 1 : i * step))
}

const RECALLS: Readonly<Record<number, Float64Array>> = {
  101: recallPoints(101),
  11: recallPoints(11),
}
