/** Images that are zero almost everywhere. */
import { inspect } from 'node:util'
import {
  DTypeError,
  IndexError,
  ShapeError,
  Tensor,
  tensor,
  ValueError,
  zeros,
} from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { near, parameters } from '@flambeau/core/internal'
import { requireTensor, wholeNumbers } from '../functional/inputs.ts'
import type { Rulebook } from './sparse-conv-rules.ts'

/** What an image with few sites is made of, by name. */
export interface SparseTensor2dOptions {
  /** Values of the sites, `[N, C]`. */
  features: Tensor
  /** Image, row and column of each site, int64 `[N, 3]`. */
  coordinates: Tensor
  /** Height and width. */
  spatialShape: readonly number[]
  /** How many images there are. Default: as many as the coordinates name. */
  batchSize?: number | null
}

const NAMES = ['features', 'coordinates', 'spatialShape', 'batchSize'] as const

/** What tensors of the same sites share. */
interface Sites {
  /** Places in the images one after another, row by row. */
  readonly places: Int32Array
  readonly coordinates: Tensor
  readonly spatialShape: readonly number[]
  readonly batchSize: number
  readonly rulebooks: Map<string, Rulebook>
}

const OP = 'SparseTensor2d'

function placesOf(
  coordinates: Tensor,
  batchSize: number,
  [height = 0, width = 0]: readonly number[],
): Int32Array {
  const flat = coordinates.to('int32').contiguous().toArray() as Int32Array
  const count = flat.length / 3
  const places = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    const [b, y, x] = [flat[3 * i], flat[3 * i + 1], flat[3 * i + 2]] as [number, number, number]
    if (b < 0 || b >= batchSize || y < 0 || y >= height || x < 0 || x >= width) {
      throw new IndexError(
        OP,
        { coordinates },
        `site ${i} is (${b}, ${y}, ${x}), outside of ${batchSize} images of ${height} × ${width}`,
        'coordinates are image, row and column',
      )
    }
    places[i] = (b * height + y) * width + x
  }
  const sorted = places.slice().sort()
  for (let i = 1; i < count; i++) {
    if (sorted[i] !== sorted[i - 1]) continue
    const place = sorted[i] as number
    const row = Math.floor(place / width)
    const site = `(${Math.floor(row / height)}, ${row % height}, ${place % width})`
    throw new ValueError(OP, { coordinates }, `site ${site} is there twice`, 'add up its features')
  }
  return places
}

function requireCells(batchSize: number, spatialShape: readonly number[]): void {
  const cells = spatialShape.reduce((a, b) => a * b, batchSize)
  if (cells < 2 ** 31) return
  throw new ValueError(
    OP,
    { batchSize, spatialShape },
    `the images have ${cells} places together, more than 2³¹ - 1`,
    'use smaller batches',
  )
}

/**
 * Images that are zero but at some sites: their features `[N, C]` and coordinates (image, row,
 * column) int64 `[N, 3]`, in any order. Sparse layers compute at these sites only.
 *
 * @throws {ShapeError, DTypeError} for tensors of another form. @throws {IndexError} for sites outside
 * of the images. @throws {ValueError} for a site that is there twice.
 * @see Graham, Engelcke, van der Maaten 2018, https://arxiv.org/abs/1711.10275
 *
 * @example
 * ```ts
 * import { tensor, zeros } from '@flambeau/core'
 * import { SparseTensor2d } from '@flambeau/nn'
 * const x = SparseTensor2d.fromDense(zeros([1, 2, 4, 4]).setAt([0, 1, 2, 3], 7))
 * console.log(x.coordinates.tolist(), x.features.tolist()) // => [ [ 0, 2, 3 ] ] [ [ 0, 7 ] ]
 * console.log(x.map((features) => features.mul(2)).toDense().sum().item()) // => 14
 * const two = new SparseTensor2d(tensor([[1], [2]]).float(), tensor([[0, 0, 0], [1, 3, 3]]), [4, 4])
 * console.log(two) // => SparseTensor2d(sites=2, channels=1, batchSize=2, spatialShape=[4, 4], float32)
 * ```
 */
export class SparseTensor2d {
  /** Values of the sites, `[N, C]`. */
  readonly features: Tensor
  readonly #sites: Sites

  constructor(...given: Arguments<SparseTensor2dOptions, typeof NAMES> | [Tensor, Sites]) {
    if (given.length === 2 && isSites(given[1])) {
      this.features = given[0]
      this.#sites = given[1]
      return
    }
    const read = parameters<[Tensor, Tensor, readonly number[], number | null]>(OP, NAMES)(given)
    const [features, coordinates, spatial, batch = null] = read
    if (!(features instanceof Tensor) || !(coordinates instanceof Tensor)) {
      const why = 'features and coordinates must be tensors'
      throw new ValueError(
        OP,
        [],
        why,
        'new SparseTensor2d(features, coordinates, [height, width])',
      )
    }
    const n = features.shape[0]
    if (features.ndim !== 2 || coordinates.shape.join() !== `${n},3`) {
      const why = 'features must be [N, C], and coordinates [N, 3]'
      throw new ShapeError(OP, { features, coordinates }, why, 'give a row for each site')
    }
    if (!features.isFloatingPoint() || coordinates.dtype !== 'int64') {
      const why = 'features must be floating, and coordinates int64'
      throw new DTypeError(OP, { features, coordinates }, why, "convert with to('int64')")
    }
    const spatialShape = wholeNumbers(OP, 'spatialShape', spatial, 2, 1)
    const most = n === 0 ? -1 : coordinates.select(1, 0).max().item()
    const batchSize = batch ?? most + 1
    wholeNumbers(OP, 'batchSize', batchSize, 1, 0)
    requireCells(batchSize, spatialShape)
    this.features = features
    const own = coordinates.detach()
    const places = placesOf(own, batchSize, spatialShape)
    this.#sites = { places, coordinates: own, spatialShape, batchSize, rulebooks: new Map() }
  }

  /** @internal Of places that are known to be right. */
  static ofPlaces(
    features: Tensor,
    places: Int32Array,
    spatialShape: readonly number[],
    batchSize: number,
  ): SparseTensor2d {
    const [height, width] = spatialShape as [number, number]
    const all = new Int32Array(3 * places.length)
    for (let i = 0; i < places.length; i++) {
      const place = places[i] as number
      const row = Math.floor(place / width)
      all[3 * i] = Math.floor(row / height)
      all[3 * i + 1] = row % height
      all[3 * i + 2] = place % width
    }
    const coordinates = tensor(all, { device: features.device })
      .to('int64')
      .reshape([places.length, 3])
    const sites = { places, coordinates, spatialShape, batchSize, rulebooks: new Map() }
    return new SparseTensor2d(features, sites)
  }

  /**
   * The sites of images `[B, C, H, W]` where any channel is not 0; row by row. Differentiable.
   *
   * @throws {ShapeError} unless there are 4 axes.
   */
  static fromDense(images: Tensor): SparseTensor2d {
    requireTensor('SparseTensor2d.fromDense', 'images', images)
    if (images.ndim !== 4) {
      const why = `images must be [B, C, H, W], but have ${images.ndim} axes`
      throw new ShapeError('SparseTensor2d.fromDense', { images }, why, 'use unsqueeze(0)')
    }
    const [batchSize, channels, height, width] = images.shape as [number, number, number, number]
    requireCells(batchSize, [height, width])
    const found = images.detach().ne(0).any(1).reshape(-1).nonzero().squeeze(1)
    const features = images.permute(0, 2, 3, 1).reshape([-1, channels]).indexSelect(0, found)
    const places = found.to('int32').toArray() as Int32Array
    return SparseTensor2d.ofPlaces(features, Int32Array.from(places), [height, width], batchSize)
  }

  /** Image, row and column of each site, int64 `[N, 3]`. */
  get coordinates(): Tensor {
    return this.#sites.coordinates
  }

  /** Height and width. */
  get spatialShape(): readonly number[] {
    return this.#sites.spatialShape
  }

  /** How many images there are. */
  get batchSize(): number {
    return this.#sites.batchSize
  }

  /** How many sites there are. */
  get numSites(): number {
    return this.#sites.places.length
  }

  get channels(): number {
    return this.features.shape[1] as number
  }

  /** The share of places that are sites. */
  get density(): number {
    const cells = this.spatialShape.reduce((a, b) => a * b, this.batchSize)
    return cells === 0 ? 0 : this.numSites / cells
  }

  /** @internal Places in the images one after another, row by row. */
  get places(): Int32Array {
    return this.#sites.places
  }

  /** @internal Made once for each geometry; tensors of the same sites share them. */
  rulebook(key: string, make: () => Rulebook): Rulebook {
    const { rulebooks } = this.#sites
    let found = rulebooks.get(key)
    if (found === undefined) rulebooks.set(key, (found = near(this.features._id, make)))
    return found
  }

  /** The same sites with other features. @throws {ShapeError} unless there is a row for each site. */
  withFeatures(features: Tensor): SparseTensor2d {
    requireTensor('SparseTensor2d.withFeatures', 'features', features)
    if (features.ndim === 2 && features.shape[0] === this.numSites) {
      return new SparseTensor2d(features, this.#sites)
    }
    const why = `features must be [${this.numSites}, C], a row for each site`
    throw new ShapeError('SparseTensor2d.withFeatures', { features }, why, 'keep the rows')
  }

  /** `fn` of the features, at the same sites: `x.map((features) => features.relu())`. */
  map(fn: (features: Tensor) => Tensor): SparseTensor2d {
    if (typeof fn === 'function') return this.withFeatures(fn(this.features))
    throw new ValueError(
      'SparseTensor2d.map',
      [],
      'fn must be a function',
      'x.map((f) => f.relu())',
    )
  }

  /** Images `[B, C, H, W]`, 0 where there is no site. Differentiable. */
  toDense(): Tensor {
    const [height, width] = this.spatialShape as [number, number]
    const { features, batchSize, channels } = this
    const empty = zeros([batchSize * height * width, channels], {
      dtype: features.dtype,
      device: features.device,
    })
    const places = tensor(this.places, { device: features.device }).to('int64')
    const flat = empty.indexAdd(0, places, features)
    return flat.reshape([batchSize, height, width, channels]).permute(0, 3, 1, 2)
  }

  toString(): string {
    const { numSites, channels, batchSize, spatialShape, features } = this
    const shape = `[${spatialShape.join(', ')}]`
    return `SparseTensor2d(sites=${numSites}, channels=${channels}, batchSize=${batchSize}, spatialShape=${shape}, ${features.dtype})`
  }
}

Object.defineProperty(SparseTensor2d.prototype, inspect.custom, {
  value(this: SparseTensor2d): string {
    return this.toString()
  },
})

function isSites(value: unknown): value is Sites {
  return typeof value === 'object' && value !== null && 'rulebooks' in value
}
