/**
 * What the transforms of images in @flambeau/data are made of: maps of pixels, other sizes, tables
 * of colours. Nothing here has a gradient; `gridSample` and `interpolate` of @flambeau/nn do.
 */
import { FLOAT32, UINT8 } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import { defineOp, run } from '../op.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'

const alone = { derivative: { image: 'non-differentiable' } } as const
const warpOp = defineOp('image_warp', ['image'], alone)
const resizeOp = defineOp('image_resize', ['image'], alone)
const recolourOp = defineOp('image_recolour', ['image'], alone)
const gifOp = defineOp('image_gif', ['file'], { derivative: { file: 'non-differentiable' } })
const tableOp = defineOp('image_table', ['image', 'table'], {
  derivative: { image: 'non-differentiable', table: 'non-differentiable' },
})

/** How pixels between those of an image come about. */
export type Sampling = 'nearest' | 'bilinear' | 'bicubic'
const SAMPLINGS: readonly Sampling[] = ['nearest', 'bilinear', 'bicubic']

/** What lies beyond the edges of an image a b c d. */
export type BorderMode =
  /** The fill. */
  | 'constant'
  /** a a | a b c d | d d */
  | 'edge'
  /** c b | a b c d | c b */
  | 'reflect'
  /** b a | a b c d | d c */
  | 'symmetric'
  /** c d | a b c d | a b */
  | 'wrap'
const BORDERS: readonly BorderMode[] = ['constant', 'edge', 'reflect', 'symmetric', 'wrap']

/** How an image is brought to another size. */
export type ResizeFilter = 'nearest' | 'bilinear' | 'bicubic' | 'area' | 'nearest-exact'
const FILTERS: readonly ResizeFilter[] = ['nearest', 'bilinear', 'bicubic', 'area', 'nearest-exact']

function choose<T extends string>(op: string, name: string, list: readonly T[], value: T): number {
  const index = list.indexOf(value)
  if (index >= 0) return index
  throw new ValueError(
    op,
    [],
    `${name} must be one of ${list.join(', ')}, not ${show(value)}`,
    `{ ${name}: '${list[1]}' }`,
  )
}

function requireImage(op: string, image: Tensor): void {
  requireTensor(op, 'image', image)
  if (image.ndim === 3) return
  throw new ShapeError(
    op,
    { image },
    `an image is [C, H, W], this has ${image.ndim} axes`,
    'select one image of a batch; add an axis to an image without channels: x.unsqueeze(0)',
  )
}

function requireBlendable(op: string, image: Tensor, mode: string): void {
  if (mode.startsWith('nearest') || image._dtype === UINT8 || image._dtype === FLOAT32) return
  throw new DTypeError(
    op,
    { image },
    `pixels of ${image.dtype} cannot be blended`,
    "use uint8 or float32, or 'nearest'",
  )
}

function requireSize(op: string, image: Tensor, height: number, width: number): void {
  const fits = (side: number): boolean => Number.isInteger(side) && side >= 0 && side <= 2 ** 24
  if (fits(height) && fits(width)) return
  throw new ValueError(
    op,
    { image },
    `height and width must be whole numbers from 0 to 2^24, not ${show(height)} and ${show(width)}`,
    'check the size',
  )
}

/** Options of {@link imageWarp}. */
export interface ImageWarpOptions {
  height: number
  width: number
  sampling: Sampling
  border: BorderMode
  /** One number for each channel, or for all; of the image's range. */
  fill: readonly number[]
}

/**
 * The image whose pixel (x, y) comes from ((m0 x + m1 y + m2) / d, (m3 x + m4 y + m5) / d) with
 * d = m6 x + m7 y + m8, in pixels whose first one has its centre at (0, 0).
 *
 * Shapes: `[C, H, W]` -> `[C, height, width]`. Dtype: uint8 (rounded) and float32; others with
 * `nearest`.
 *
 * @throws {ShapeError, DTypeError, ValueError} for anything else. @internal
 */
export function imageWarp(
  image: Tensor,
  map: readonly number[],
  options: ImageWarpOptions,
): Tensor {
  const op = 'imageWarp'
  const { height, width, sampling, border, fill } = options
  requireImage(op, image)
  requireBlendable(op, image, sampling)
  requireSize(op, image, height, width)
  const channels = image._shape[0] as number
  const fills = fill.length === 1 ? Array.from({ length: channels }, () => fill[0]) : fill
  if (fills.length !== channels || map.length !== 9) {
    throw new ValueError(
      op,
      { image },
      `fill has ${fill.length} numbers for ${channels} channels`,
      'give one number, or one for each channel',
    )
  }
  const numbers = [
    choose(op, 'interpolation', SAMPLINGS, sampling),
    choose(op, 'border', BORDERS, border),
    ...map,
    ...(fills as number[]),
  ]
  if (image.numel() === 0 && border !== 'constant') {
    throw new ShapeError(op, { image }, 'an empty image has no edge to continue', 'pad it first')
  }
  return run(warpOp, [image], [channels, height, width], image._dtype, numbers)
}

/**
 * The image in another size. With `antialias`, filters reach as far as pixels shrink.
 *
 * Shapes: `[C, H, W]` -> `[C, height, width]`. Dtype: uint8 (computed in 16-bit whole numbers) and
 * float32; others with `nearest` and `nearest-exact`.
 *
 * @throws {ShapeError, DTypeError, ValueError} for anything else. @internal
 */
export function imageResize(
  image: Tensor,
  height: number,
  width: number,
  filter: ResizeFilter,
  antialias: boolean,
): Tensor {
  const op = 'imageResize'
  requireImage(op, image)
  requireBlendable(op, image, filter)
  requireSize(op, image, height, width)
  const channels = image._shape[0] as number
  if (image.numel() === 0 && channels * height * width > 0) {
    throw new ShapeError(
      op,
      { image },
      'an empty image cannot be enlarged',
      'check where it is from',
    )
  }
  const kind = choose(op, 'interpolation', FILTERS, filter)
  const smooth = antialias && (filter === 'bilinear' || filter === 'bicubic')
  return run(resizeOp, [image], [channels, height, width], image._dtype, [kind, smooth ? 1 : 0])
}

/**
 * `table[c, x]` for each pixel: any change of a colour that looks at it alone.
 *
 * Shapes: image `[C, H, W]`, table `[C or 1, 256]` -> like image. Dtype: image uint8; the result has
 * that of the table, uint8 or float32.
 *
 * @throws {ShapeError, DTypeError} for anything else. @internal
 */
export function imageTable(image: Tensor, table: Tensor): Tensor {
  const op = 'imageTable'
  requireImage(op, image)
  requireTensor(op, 'table', table)
  if (image._dtype !== UINT8 || (table._dtype !== UINT8 && table._dtype !== FLOAT32)) {
    throw new DTypeError(op, { image, table }, 'the image must be uint8', 'x.byte()')
  }
  const [rows, columns] = table._shape
  const fits = rows === 1 || rows === image._shape[0]
  if (table.ndim !== 2 || columns !== 256 || !fits) {
    throw new ShapeError(
      op,
      { image, table },
      'the table needs 256 values for each channel, or for all',
      'tables have shape [C, 256] or [1, 256]',
    )
  }
  return run(tableOp, [image, table], image._shape, table._dtype)
}

/**
 * Colours of other saturation, by a factor (0 makes it grey, 1 leaves it), or hue, turned by a share
 * of the full circle.
 *
 * Shapes: `[3, H, W]` -> same. Dtype: uint8 (rounded down) and float32 in [0, 1]; clamped.
 *
 * @throws {ShapeError, DTypeError} for anything else. @internal
 */
export function imageRecolour(image: Tensor, change: 'saturation' | 'hue', amount: number): Tensor {
  const op = 'imageRecolour'
  requireImage(op, image)
  if (image._shape[0] !== 3) {
    throw new ShapeError(op, { image }, 'the image must have 3 channels', 'convert it to RGB first')
  }
  if (image._dtype !== UINT8 && image._dtype !== FLOAT32) {
    throw new DTypeError(op, { image }, `the image must be uint8 or float32`, 'x.float().div(255)')
  }
  const numbers = [change === 'saturation' ? 0 : 1, amount]
  return run(recolourOp, [image], image._shape, image._dtype, numbers)
}

/** Where the first image of a GIF file is, as its headers say. */
export interface GifFrame {
  /** The place of the byte before the image data. */
  start: number
  left: number
  top: number
  width: number
  height: number
  interlaced: boolean
}

/**
 * The indices of a GIF file's first image, by LZW; 0 where its frame is not.
 *
 * Shapes: file `[n]` -> `[1, height, width]`. Dtype: uint8.
 *
 * @throws {ValueError} for data that are damaged, or end early. @throws {ShapeError, DTypeError} for
 * anything but bytes. @internal
 */
export function imageGif(file: Tensor, height: number, width: number, frame: GifFrame): Tensor {
  const op = 'imageGif'
  requireTensor(op, 'file', file)
  if (file.ndim !== 1) throw new ShapeError(op, { file }, 'a file has one axis', 'x.view(-1)')
  if (file._dtype !== UINT8) throw new DTypeError(op, { file }, 'a file is uint8', 'x.byte()')
  requireSize(op, file, height, width)
  const { start, left, top, interlaced } = frame
  const numbers = [start, left, top, frame.width, frame.height, interlaced ? 1 : 0]
  return run(gifOp, [file], [1, height, width], UINT8, numbers)
}
