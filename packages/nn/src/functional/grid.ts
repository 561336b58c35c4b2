/** Sampling of images at given places. */
import {
  autocasting,
  compounds,
  inAutocast,
  requireNumberList,
  requireOneOf,
} from '@flambeau/core/internal'
import type { Tensor } from '@flambeau/core'
import {
  DTypeError,
  linspace,
  onesLike,
  ShapeError,
  stack,
  ValueError,
  where,
} from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { requireFloating, requireSameDtype, requireTensor } from './inputs.ts'

/** How values between pixels come from these; 'bilinear' is trilinear for volumes. */
export type GridSampleMode = 'bilinear' | 'nearest' | 'bicubic'
/** What is beyond the edges: zeros, the edge, or the image mirrored. */
export type GridPaddingMode = 'zeros' | 'border' | 'reflection'

export interface GridSampleOptions {
  /** Places, -1 and 1 being the edges: `[N, H', W', 2]` of (x, y), or `[N, D', H', W', 3]`. */
  grid: Tensor
  /** Default 'bilinear'. */
  mode?: GridSampleMode
  /** Default 'zeros'. */
  paddingMode?: GridPaddingMode
  /** Are -1 and 1 the centres of the corner pixels, not their outer edges? Default null: no. */
  alignCorners?: boolean | null
}

const NAMES = ['grid', 'mode', 'paddingMode', 'alignCorners'] as const

const readGridSample = parameters<[Tensor, GridSampleMode, GridPaddingMode, boolean | null]>(
  'gridSample',
  NAMES,
)

/** How places outside of the image are treated along one axis. */
interface Edge {
  size: number
  padding: GridPaddingMode
  aligned: boolean
}

/** Places from [-1, 1] to pixels. */
function unnormalize(x: Tensor, { size, aligned }: Edge): Tensor {
  return aligned ? x.add(1).mul((size - 1) / 2) : x.add(1).mul(size).sub(1).div(2)
}

/** Places mirrored at `low` and `high`, as often as needed. */
function reflected(x: Tensor, low: number, high: number): Tensor {
  if (low === high) return x.mul(0)
  const span = high - low
  const distance = x.sub(low).abs()
  const extra = distance.sub(distance.detach().div(span).floor().mul(span))
  const even = distance.detach().div(span).floor().remainder(2).eq(0)
  return where(even, extra.add(low), extra.neg().add(high))
}

/** Places within the image, unless zeros are beyond. */
function confined(x: Tensor, { size, padding, aligned }: Edge): Tensor {
  if (padding === 'zeros') return x
  const inside =
    padding === 'border' ? x : aligned ? reflected(x, 0, size - 1) : reflected(x, -0.5, size - 0.5)
  // At the very edge the gradient is 0, as everywhere beyond.
  const low = inside.le(0)
  const high = inside.ge(size - 1)
  return where(low, 0, where(high, size - 1, inside))
}

/** The image's pixels, all planes in a row, and the sizes of its axes. */
interface Pixels {
  /** `[N, C, pixels]`. */
  flat: Tensor
  sizes: readonly number[]
}

/** The values at whole places `[N, *]` for each axis, 0 outside: `[N, C, *]`. */
function pixelsAt({ flat, sizes }: Pixels, places: readonly Tensor[]): Tensor {
  let index: Tensor | null = null
  let inside: Tensor | null = null
  places.forEach((place, axis) => {
    const size = sizes[axis] as number
    const valid = place.ge(0).logicalAnd(place.le(size - 1))
    inside = inside === null ? valid : inside.logicalAnd(valid)
    // NaN is outside, and gets an index all the same.
    const safe = where(valid, place, 0).to('int64')
    index = index === null ? safe : index.mul(size).add(safe)
  })
  const [n, c] = flat.shape as readonly [number, number, number]
  const positions = (index as unknown as Tensor).flatten(1).unsqueeze(1).expand(n, c, -1)
  const values = flat.gather(2, positions)
  return values.mul((inside as unknown as Tensor).flatten(1).unsqueeze(1).to(flat.dtype))
}

/** Sum over the corners around each place, by their share. */
function multilinear(pixels: Pixels, places: readonly Tensor[]): Tensor {
  const corners = places.map((x) => {
    const low = x.detach().floor()
    const share = x.sub(low)
    return [
      [low, share.neg().add(1)],
      [low.add(1), share],
    ] as const
  })
  let sum: Tensor | null = null
  for (let corner = 0; corner < 2 ** places.length; corner++) {
    const chosen = corners.map(
      (pair, axis) => pair[(corner >> axis) & 1] as readonly [Tensor, Tensor],
    )
    const weight = chosen.map(([, share]) => share).reduce((a, b) => a.mul(b))
    const values = pixelsAt(
      pixels,
      chosen.map(([place]) => place),
    )
    const term = values.mul(weight.flatten(1).unsqueeze(1))
    sum = sum === null ? term : sum.add(term)
  }
  return sum as Tensor
}

// Keys' cubic convolution, near and far from a pixel, with a = -3/4.
const near = (x: Tensor): Tensor => x.mul(1.25).sub(2.25).mul(x).mul(x).add(1)
const far = (x: Tensor): Tensor => x.mul(-0.75).add(3.75).mul(x).sub(6).mul(x).add(3)

function bicubic(pixels: Pixels, places: readonly Tensor[], edges: readonly Edge[]): Tensor {
  const taps = places.map((x) => {
    const low = x.detach().floor()
    const t = x.sub(low)
    const weights = [far(t.add(1)), near(t), near(t.neg().add(1)), far(t.neg().add(2))]
    return weights.map((weight, k) => [low.add(k - 1), weight] as const)
  })
  const [rows, columns] = taps as [(typeof taps)[number], (typeof taps)[number]]
  const [rowEdge, columnEdge] = edges as [Edge, Edge]
  let sum: Tensor | null = null
  for (const [y, rowWeight] of rows) {
    for (const [x, columnWeight] of columns) {
      const place = [confined(y, rowEdge), confined(x, columnEdge)].map((p) => p.round())
      const weight = rowWeight.mul(columnWeight).flatten(1).unsqueeze(1)
      const term = pixelsAt(pixels, place).mul(weight)
      sum = sum === null ? term : sum.add(term)
    }
  }
  return sum as Tensor
}

/**
 * The image at the places of a grid.
 *
 * Shapes: input `[N, C, H, W]`, grid `[N, H', W', 2]` -> `[N, C, H', W']`; or input
 * `[N, C, D, H, W]`, grid `[N, D', H', W', 3]` -> `[N, C, D', H', W']`. Places are (x, y) or
 * (x, y, z). Dtype: floating, kept; of both the same.
 *
 * @throws {ShapeError} if the shapes do not fit, or the image is empty. @throws {DTypeError} for other
 * dtypes. @throws {ValueError} for other modes, or 'bicubic' of volumes.
 * @see torch.nn.functional.grid_sample
 *
 * @example
 * ```ts
 * import { tensor, zeros } from '@flambeau/core'
 * import { functional as F } from '@flambeau/nn'
 * console.log(F.gridSample(tensor([[[[1, 2.5]]]]), zeros([1, 1, 1, 2])))
 * // => tensor([[[[1.7500]]]])
 * ```
 */
export function gridSample(
  input: Tensor,
  ...given: Arguments<GridSampleOptions, typeof NAMES>
): Tensor {
  if (autocasting.on) return inAutocast('gridSample', gridSample, [input, ...given])
  const read = readGridSample(given)
  const { watcher } = compounds
  if (watcher === null) return sampled(input, read)
  return watcher('gridSample', [input, read[0] ?? null], read, () => sampled(input, read))
}

function sampled(input: Tensor, read: ReturnType<typeof readGridSample>): Tensor {
  const op = 'gridSample'
  const [grid, mode = 'bilinear', padding = 'zeros', align] = read
  requireFloating(op, input)
  requireTensor(op, 'grid', grid)
  requireSameDtype(op, { input, grid })
  requireOneOf(op, 'mode', mode, ['bilinear', 'nearest', 'bicubic'])
  requireOneOf(op, 'paddingMode', padding, ['zeros', 'border', 'reflection'])
  const dims = input.ndim - 2
  if ((dims !== 2 && dims !== 3) || grid.ndim !== input.ndim || grid.shape.at(-1) !== dims) {
    throw new ShapeError(
      op,
      { input, grid },
      'images [N, C, H, W] need a grid [N, H, W, 2], volumes [N, C, D, H, W] one of [N, D, H, W, 3]',
      'see affineGrid()',
    )
  }
  const sizes = input.shape.slice(2)
  if (grid.shape[0] !== input.shape[0] || sizes.includes(0)) {
    throw new ShapeError(
      op,
      { input, grid },
      'input and grid must have one batch size, and the image must not be empty',
      'use a grid for each image',
    )
  }
  if (mode === 'bicubic' && dims === 3) {
    throw new ValueError(op, { input }, "mode 'bicubic' is for images", "use 'bilinear'")
  }
  const edges = sizes.map((size): Edge => ({ size, padding, aligned: align ?? false }))
  // The grid's last axis is (x, y, z), the image's axes are (z, y, x).
  const raw = edges.map((edge, axis) => unnormalize(grid.select(-1, dims - 1 - axis), edge))
  const pixels: Pixels = { flat: input.flatten(2), sizes }
  const places = mode === 'bicubic' ? raw : raw.map((x, axis) => confined(x, edges[axis] as Edge))
  const values =
    mode === 'bicubic'
      ? bicubic(pixels, places, edges)
      : mode === 'bilinear'
        ? multilinear(pixels, places)
        : pixelsAt(
            pixels,
            places.map((x) => x.detach().round()),
          )
  return values.reshape([...input.shape.slice(0, 2), ...grid.shape.slice(1, -1)])
}

export interface AffineGridOptions {
  /** The shape of the images: `[N, C, H, W]` or `[N, C, D, H, W]`. */
  size: readonly number[]
  /** As of {@link gridSample}. Default null: no. */
  alignCorners?: boolean | null
}

const AFFINE = ['size', 'alignCorners'] as const

/** The centres of pixels along an axis, rounded as PyTorch does: on a pixel, the gradient jumps. */
function centres(like: Tensor, size: number, aligned: boolean): Tensor {
  const dtype = like.dtype as 'float32'
  if (size <= 1) return like.newZeros([size])
  const points = linspace(-1, 1, size, { dtype, device: like.device })
  return aligned ? points : points.mul(size - 1).div(size)
}

/**
 * The grid with which {@link gridSample} maps images by a matrix: output places times `theta`.
 *
 * Shapes: theta `[N, 2, 3]` -> `[N, H, W, 2]`, or `[N, 3, 4]` -> `[N, D, H, W, 3]`. Dtype: floating,
 * kept.
 *
 * @throws {ShapeError} if theta and size do not fit. @throws {DTypeError} for other dtypes.
 * @see torch.nn.functional.affine_grid
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { functional as F } from '@flambeau/nn'
 * console.log(F.affineGrid(tensor([[[0.5, 0, 0], [0, 0.5, 0]]]), [1, 1, 1, 2]))
 * // => tensor([[[[-0.2500,  0.0000],
 * //              [ 0.2500,  0.0000]]]])
 * ```
 */
export function affineGrid(
  theta: Tensor,
  ...given: Arguments<AffineGridOptions, typeof AFFINE>
): Tensor {
  const op = 'affineGrid'
  const read = parameters<[readonly number[], boolean | null]>(op, AFFINE)(given)
  const [size = [], align] = read
  requireTensor(op, 'theta', theta)
  if (!theta.isFloatingPoint()) {
    throw new DTypeError(op, { theta }, 'theta must be floating', "convert with .to('float32')")
  }
  requireNumberList(op, 'size', size)
  const dims = size.length - 2
  const fits = theta.ndim === 3 && theta.shape[1] === dims && theta.shape[2] === dims + 1
  if (
    (dims !== 2 && dims !== 3) ||
    !fits ||
    theta.shape[0] !== size[0] ||
    size.some((n) => n < 1)
  ) {
    throw new ShapeError(
      op,
      { theta },
      `theta must be [N, 2, 3] for sizes [N, C, H, W], or [N, 3, 4] for [N, C, D, H, W], not for [${size.join(', ')}]`,
      'pass one matrix for each image',
    )
  }
  const axes = size.slice(2)
  const lines = axes.map((n, axis) =>
    centres(theta, n, align ?? false)
      .reshape(axes.map((_, other) => (other === axis ? n : 1)))
      .expand(axes),
  )
  const places = [...lines.reverse(), onesLike(lines[0] as Tensor)]
  const base = stack(places, -1).reshape([1, -1, dims + 1])
  return base.matmul(theta.transpose(1, 2)).reshape([size[0] as number, ...axes, dims])
}
