/** Which site contributes to which through which element of a kernel. */
import type { Tensor } from '@flambeau/core'
import { tensor } from '@flambeau/core'

/** How a kernel goes over images. */
export interface Geometry {
  readonly kernelSize: readonly number[]
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly dilation: readonly number[]
}

/** Pairs of sites, element of the kernel by element of the kernel. */
export interface Rulebook {
  /** Places of the outputs, row by row. */
  readonly places: Int32Array
  /** Height and width of the output. */
  readonly spatialShape: readonly number[]
  /** How many pairs each element has. */
  readonly counts: readonly number[]
  /** The element through which every site contributes to itself, without pairs; -1 if there is none. */
  readonly centre: number
  /** Rows of the input, int64 `[pairs]`. */
  readonly inputs: Tensor
  /** Rows of the output, int64 `[pairs]`. */
  readonly outputs: Tensor
}

/** Rows by place; -1 where there is none. */
interface Rows {
  get(place: number): number
  set(place: number, row: number): void
}

// Up to here a table of all places is faster than a map and small: 256 MB.
const TABLE_CELLS = 2 ** 26

function rowsByPlace(cells: number): Rows {
  if (cells <= TABLE_CELLS) {
    const table = new Int32Array(cells).fill(-1)
    return {
      get: (place) => table[place] as number,
      set: (place, row) => {
        table[place] = row
      },
    }
  }
  const map = new Map<number, number>()
  return { get: (place) => map.get(place) ?? -1, set: (place, row) => void map.set(place, row) }
}

/** Rows and columns of places, and where their images begin in an image of another size. */
function positions(
  places: Int32Array,
  [height = 0, width = 0]: readonly number[],
  cells: number,
): { ys: Int32Array; xs: Int32Array; starts: Int32Array } {
  const [ys, xs, starts] = [0, 0, 0].map(() => new Int32Array(places.length)) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ]
  for (let i = 0; i < places.length; i++) {
    const place = places[i] as number
    const row = (place / width) | 0
    const image = (row / height) | 0
    ys[i] = row - image * height
    xs[i] = place - row * width
    starts[i] = image * cells
  }
  return { ys, xs, starts }
}

/** Grows as pairs are added. */
class Pairs {
  #inputs: Int32Array
  #outputs: Int32Array
  #length = 0
  readonly counts: number[] = []

  constructor(expected: number) {
    this.#inputs = new Int32Array(expected)
    this.#outputs = new Int32Array(expected)
  }

  add(input: number, output: number): void {
    if (this.#length === this.#inputs.length) this.#grow()
    this.#inputs[this.#length] = input
    this.#outputs[this.#length++] = output
  }

  #grow(): void {
    const [inputs, outputs] = [this.#inputs, this.#outputs]
    const size = Math.max(1024, 2 * this.#length)
    this.#inputs = new Int32Array(size)
    this.#inputs.set(inputs)
    this.#outputs = new Int32Array(size)
    this.#outputs.set(outputs)
  }

  /** Ends an element of the kernel. */
  end(): void {
    this.counts.push(this.#length - this.counts.reduce((a, b) => a + b, 0))
  }

  renameOutputs(rows: Rows): void {
    const outputs = this.#outputs
    for (let i = 0; i < this.#length; i++) outputs[i] = rows.get(outputs[i] as number)
  }

  tensors(): { inputs: Tensor; outputs: Tensor } {
    const [inputs, outputs] = [this.#inputs, this.#outputs].map((all) =>
      tensor(all.subarray(0, this.#length)).to('int64'),
    ) as [Tensor, Tensor]
    return { inputs, outputs }
  }
}

/** Outputs at the sites of the input, which odd kernels are centred on. */
export function submanifoldRules(
  places: Int32Array,
  batchSize: number,
  spatialShape: readonly number[],
  { kernelSize, dilation }: Geometry,
): Rulebook {
  const [height, width] = spatialShape as [number, number]
  const [kh, kw] = kernelSize as [number, number]
  const { ys, xs } = positions(places, spatialShape, 0)
  const rows = rowsByPlace(batchSize * height * width)
  for (let i = 0; i < places.length; i++) rows.set(places[i] as number, i)
  const pairs = new Pairs(4 * places.length)
  const centre = (kh * kw - 1) / 2
  for (let k = 0; k < kh * kw; k++) {
    const dy = (Math.floor(k / kw) - (kh - 1) / 2) * (dilation[0] as number)
    const dx = ((k % kw) - (kw - 1) / 2) * (dilation[1] as number)
    for (let i = 0; k !== centre && i < places.length; i++) {
      const [y, x] = [(ys[i] as number) + dy, (xs[i] as number) + dx]
      if (y < 0 || y >= height || x < 0 || x >= width) continue
      const from = rows.get((places[i] as number) + dy * width + dx)
      if (from >= 0) pairs.add(from, i)
    }
    pairs.end()
  }
  return { places, spatialShape, counts: pairs.counts, centre, ...pairs.tensors() }
}

/** The height and width that a kernel leaves. */
export function outputShape(spatialShape: readonly number[], geometry: Geometry): number[] {
  const { kernelSize, stride, padding, dilation } = geometry
  return spatialShape.map((size, axis) => {
    const reach = (dilation[axis] as number) * ((kernelSize[axis] as number) - 1) + 1
    return Math.floor((size + 2 * (padding[axis] as number) - reach) / (stride[axis] as number)) + 1
  })
}

/** Outputs wherever the kernel sees a site. */
export function regularRules(
  places: Int32Array,
  batchSize: number,
  spatialShape: readonly number[],
  geometry: Geometry,
): Rulebook {
  const { kernelSize, stride, padding, dilation } = geometry
  const [outHeight, outWidth] = outputShape(spatialShape, geometry) as [number, number]
  const [kh, kw] = kernelSize as [number, number]
  const cells = outHeight * outWidth
  const { ys, xs, starts } = positions(places, spatialShape, cells)
  const found: number[] = []
  const rows = rowsByPlace(batchSize * cells)
  const pairs = new Pairs(2 * places.length)
  const [sy, sx] = stride as [number, number]
  for (let k = 0; k < kh * kw; k++) {
    const dy = (padding[0] as number) - Math.floor(k / kw) * (dilation[0] as number)
    const dx = (padding[1] as number) - (k % kw) * (dilation[1] as number)
    for (let i = 0; i < places.length; i++) {
      const [y, x] = [(ys[i] as number) + dy, (xs[i] as number) + dx]
      if (y < 0 || x < 0 || y % sy !== 0 || x % sx !== 0) continue
      const [outY, outX] = [y / sy, x / sx]
      if (outY >= outHeight || outX >= outWidth) continue
      const place = (starts[i] as number) + outY * outWidth + outX
      pairs.add(i, place)
      if (rows.get(place) >= 0) continue
      rows.set(place, 0)
      found.push(place)
    }
    pairs.end()
  }
  const sorted = Int32Array.from(found).sort()
  for (let i = 0; i < sorted.length; i++) rows.set(sorted[i] as number, i)
  // Until all were found, places stood for rows.
  pairs.renameOutputs(rows)
  const { counts } = pairs
  const shape = [outHeight, outWidth]
  return { places: sorted, spatialShape: shape, counts, centre: -1, ...pairs.tensors() }
}
