/** Regions that may hold objects, found without a network. */
import type { Tensor } from '@flambeau/core'
import { tensor } from '@flambeau/core'
import { requireNumberList, requireOptions, requireTensor } from '@flambeau/core/internal'
import type { ImageSize } from './detector.ts'

/** Regions `[K, 4]` of an image `[C, H, W]`, as x1, y1, x2, y2 in its pixels. */
export type Proposer = (image: Tensor) => Tensor

/** Options of {@link slidingWindows}. */
export interface SlidingWindowOptions {
  /** Sides of windows, in pixels. */
  readonly sizes: readonly number[]
  /** Height over width. Default [1]. */
  readonly aspectRatios?: readonly number[]
  /** From one window to the next, as a share of its sides. Default 0.25. */
  readonly stride?: number
}

/**
 * Windows of some sizes all over an image.
 *
 * Shapes: -> `[K, 4]`; within the image.
 *
 * @example
 * ```ts
 * import { slidingWindows } from '@flambeau/vision-models'
 * console.log(slidingWindows([32, 32], { sizes: [16], stride: 0.5 }).shape) // => [ 9, 4 ]
 * ```
 */
export function slidingWindows(imageSize: ImageSize, options: SlidingWindowOptions): Tensor {
  requireNumberList('slidingWindows', 'imageSize', imageSize, 2)
  requireOptions('slidingWindows', options, ['sizes'])
  const [height, width] = imageSize
  const { sizes, aspectRatios = [1], stride = 0.25 } = options
  requireNumberList('slidingWindows', 'sizes', sizes)
  requireNumberList('slidingWindows', 'aspectRatios', aspectRatios)
  const boxes: number[] = []
  for (const size of sizes) {
    for (const ratio of aspectRatios) {
      const h = Math.min(size * Math.sqrt(ratio), height)
      const w = Math.min(size / Math.sqrt(ratio), width)
      const [down, across] = [steps(height - h, h * stride), steps(width - w, w * stride)]
      for (const y of down) for (const x of across) boxes.push(x, y, x + w, y + h)
    }
  }
  return tensor(boxes, { dtype: 'float32' }).reshape([-1, 4])
}

/** 0, …, `room` in about equal steps. */
function steps(room: number, step: number): number[] {
  const count = Math.max(Math.ceil(room / step - 1e-9), 0)
  return Array.from({ length: count + 1 }, (_, i) => (count === 0 ? 0 : (room * i) / count))
}

/** Options of {@link selectiveSearch}. */
export interface SelectiveSearchOptions {
  /** How easily pixels join: larger for larger regions at the start. Default 0.3. */
  readonly joining?: number
  /** Least pixels of a region at the start. Default 12. */
  readonly minArea?: number
  /** Regions with a shorter side are left out, in pixels. Default 6. */
  readonly minSide?: number
  /** Bins of a colour histogram, for each channel. Default 8. */
  readonly bins?: number
}

interface Region {
  box: [x1: number, y1: number, x2: number, y2: number]
  area: number
  readonly histogram: Float64Array
  readonly neighbours: Set<number>
}

/**
 * Regions of an image by grouping: pixels of like colours form regions, of which the two neighbours that
 * are most alike, in colour, size and how they fill their box, become one, again and again. The boxes of
 * all regions on the way are given.
 *
 * Shapes: image `[C, H, W]`, 0 to 1 -> `[K, 4]`.
 *
 * @see Uijlings et al. 2013, https://doi.org/10.1007/s11263-013-0620-5; Felzenszwalb and Huttenlocher
 * 2004, https://doi.org/10.1023/B:VISI.0000022288.19776.77
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { selectiveSearch } from '@flambeau/vision-models'
 * const image = zeros([3, 32, 32])
 * image.narrow(1, 8, 12).narrow(2, 4, 16).fill_(1)
 * console.log(selectiveSearch(image).tolist()) // => [ [ 0, 0, 32, 32 ], [ 4, 8, 20, 20 ] ]
 * ```
 */
export function selectiveSearch(image: Tensor, options: SelectiveSearchOptions = {}): Tensor {
  requireOptions('selectiveSearch', options)
  const { joining = 0.3, minArea = 12, minSide = 6, bins = 8 } = options
  requireTensor('selectiveSearch', 'image', image)
  const [channels, height, width] = image.shape as [number, number, number]
  const pixels = image.detach().float().contiguous().toArray() as Float32Array
  const owner = superpixels(pixels, channels, height, width, joining, minArea)
  const regions = regionsOf(owner, pixels, channels, height, width, bins)
  const boxes = [...regions.values()].map((region) => region.box)
  let next = Math.max(...regions.keys()) + 1
  const whole = height * width
  const pairs = new Map<string, { a: number; b: number; score: number }>()
  const relate = (a: number, b: number): void => {
    const [x, y] = [regions.get(a) as Region, regions.get(b) as Region]
    pairs.set(a < b ? `${a},${b}` : `${b},${a}`, { a, b, score: alike(x, y, whole, channels) })
  }
  for (const [a, region] of regions) for (const b of region.neighbours) if (a < b) relate(a, b)
  while (pairs.size > 0) {
    let best: { a: number; b: number; score: number } | null = null
    for (const pair of pairs.values()) if (best === null || pair.score > best.score) best = pair
    const { a, b } = best as { a: number; b: number }
    const joined = join(regions.get(a) as Region, regions.get(b) as Region)
    joined.neighbours.delete(a)
    joined.neighbours.delete(b)
    for (const old of [a, b]) {
      for (const other of (regions.get(old) as Region).neighbours) {
        pairs.delete(old < other ? `${old},${other}` : `${other},${old}`)
        regions.get(other)?.neighbours.delete(old)
      }
      regions.delete(old)
    }
    const own = next++
    regions.set(own, joined)
    for (const other of joined.neighbours) {
      regions.get(other)?.neighbours.add(own)
      relate(own, other)
    }
    boxes.push(joined.box)
  }
  const unique = new Map(boxes.map((box) => [box.join(','), box]))
  const large = [...unique.values()].filter(
    ([x1, y1, x2, y2]) => Math.min(x2 - x1, y2 - y1) >= minSide,
  )
  return tensor(large.flat(), { dtype: 'float32' }).reshape([-1, 4])
}

/** The region of each pixel: neighbours join if they differ less than their regions do inside. */
function superpixels(
  pixels: Float32Array,
  channels: number,
  height: number,
  width: number,
  joining: number,
  minArea: number,
): Int32Array {
  const count = height * width
  const edges: { a: number; b: number; weight: number }[] = []
  const connect = (a: number, b: number): void => {
    let sum = 0
    for (let c = 0; c < channels; c++) {
      sum += ((pixels[c * count + a] as number) - (pixels[c * count + b] as number)) ** 2
    }
    edges.push({ a, b, weight: Math.sqrt(sum) })
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x
      if (x + 1 < width) connect(at, at + 1)
      if (y + 1 < height) connect(at, at + width)
    }
  }
  edges.sort((p, q) => p.weight - q.weight)
  const parent = Int32Array.from({ length: count }, (_, i) => i)
  const area = new Int32Array(count).fill(1)
  const inside = new Float64Array(count)
  const rootOf = (i: number): number => {
    let root = i
    while (parent[root] !== root) {
      parent[root] = parent[parent[root] as number] as number
      root = parent[root] as number
    }
    return root
  }
  const unite = (a: number, b: number, weight: number): void => {
    parent[b] = a
    area[a] = (area[a] as number) + (area[b] as number)
    inside[a] = weight
  }
  const scale = joining * Math.sqrt(count)
  for (const { a, b, weight } of edges) {
    const [p, q] = [rootOf(a), rootOf(b)]
    if (p === q) continue
    const room = (i: number): number => (inside[i] as number) + scale / (area[i] as number)
    if (weight <= Math.min(room(p), room(q), 0.5)) unite(p, q, weight)
  }
  for (const { a, b, weight } of edges) {
    const [p, q] = [rootOf(a), rootOf(b)]
    if (p !== q && Math.min(area[p] as number, area[q] as number) < minArea) unite(p, q, weight)
  }
  return parent.map((_, i) => rootOf(i))
}

function regionsOf(
  owner: Int32Array,
  pixels: Float32Array,
  channels: number,
  height: number,
  width: number,
  bins: number,
): Map<number, Region> {
  const regions = new Map<number, Region>()
  const count = height * width
  for (let at = 0; at < count; at++) {
    const [x, y] = [at % width, Math.floor(at / width)]
    const id = owner[at] as number
    let region = regions.get(id)
    if (region === undefined) {
      const histogram = new Float64Array(channels * bins)
      region = { box: [x, y, x + 1, y + 1], area: 0, histogram, neighbours: new Set() }
      regions.set(id, region)
    }
    const { box, histogram, neighbours } = region
    box[0] = Math.min(box[0], x)
    box[2] = Math.max(box[2], x + 1)
    box[3] = y + 1
    region.area++
    for (let c = 0; c < channels; c++) {
      const bin = Math.floor((pixels[c * count + at] as number) * bins)
      const place = c * bins + Math.min(Math.max(bin, 0), bins - 1)
      histogram[place] = (histogram[place] as number) + 1
    }
    const before = [x > 0 ? at - 1 : at, y > 0 ? at - width : at]
    for (const other of before.map((i) => owner[i] as number)) {
      if (other === id) continue
      neighbours.add(other)
      regions.get(other)?.neighbours.add(id)
    }
  }
  return regions
}

function boxAround(a: Region, b: Region): Region['box'] {
  return [
    Math.min(a.box[0], b.box[0]),
    Math.min(a.box[1], b.box[1]),
    Math.max(a.box[2], b.box[2]),
    Math.max(a.box[3], b.box[3]),
  ]
}

/** How alike two regions are: colours, smallness, and how well they fill the box around both. */
function alike(a: Region, b: Region, whole: number, channels: number): number {
  let colours = 0
  a.histogram.forEach((value, i) => {
    colours += Math.min(value / a.area, (b.histogram[i] as number) / b.area)
  })
  const [x1, y1, x2, y2] = boxAround(a, b)
  const area = a.area + b.area
  return colours / channels + 1 - area / whole + 1 - ((x2 - x1) * (y2 - y1) - area) / whole
}

function join(a: Region, b: Region): Region {
  return {
    box: boxAround(a, b),
    area: a.area + b.area,
    histogram: a.histogram.map((value, i) => value + (b.histogram[i] as number)),
    neighbours: new Set([...a.neighbours, ...b.neighbours]),
  }
}
