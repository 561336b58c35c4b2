/** Image files become tensors. */
import { readFile, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { isMainThread } from 'node:worker_threads'
import type { Tensor } from '@flambeau/core'
import { fromTypedArray, stack, tensor, ValueError } from '@flambeau/core'
import { imageGif, imageTable, requireOptions, show } from '@flambeau/core/internal'
import type { Sharp } from 'sharp'
import { FormatError } from '../formats/errors.ts'
import { codec } from './codec.ts'
import type { ImageFail, ImageInfo } from './header.ts'
import { failImage, gifFrame, parseImageInfo } from './header.ts'
import { gifOfIndices, pngOfIndices } from './indices.ts'
import { requirePath } from '../formats/arguments.ts'

/**
 * What channels a decoded image has: those of the file, or grey, colour, with or without alpha
 * (which is dropped, not blended, where it is not asked for). `index` gives the numbers of colours in
 * a palette instead of the colours, and grey images as they are: for masks of classes.
 */
export type ImageMode = 'unchanged' | 'gray' | 'grayAlpha' | 'rgb' | 'rgba' | 'index'

/** How {@link decodeImage} and {@link readImage} decode. */
export interface DecodeOptions {
  /** Default `unchanged`. */
  mode?: ImageMode
  /** `int32` keeps the 16 bits of such PNG files; `uint8` keeps the upper 8. Default `uint8`. */
  dtype?: 'uint8' | 'int32'
  /** Turn the image as its EXIF orientation says. Default false, as in PyTorch. */
  orient?: boolean
  /**
   * Let the decoder halve the sides of JPEG and WebP images up to three times (1/2, 1/4, 1/8), as long
   * as they keep at least `[height, width]`. That is several times faster than decoding a
   * photograph in full and resizing it, and differs a little from that. Default: the full size.
   */
  shrinkTo?: readonly [height: number, width: number]
  /** More pixels than this are refused before anything is decoded. Default 2^26 (67 million). */
  maxPixels?: number
  /** Accept images that end early; what is missing is grey or black. Default false. */
  allowTruncated?: boolean
}

const MODES: readonly ImageMode[] = ['unchanged', 'gray', 'grayAlpha', 'rgb', 'rgba', 'index']
const CHANNELS = { gray: 1, grayAlpha: 2, rgb: 3, rgba: 4, index: 1 } as const
const MOST_PIXELS = 2 ** 26

function checkOptions(options: DecodeOptions): void {
  const { mode = 'unchanged', dtype = 'uint8', maxPixels = 1, shrinkTo = [1, 1] } = options
  const wrong = !MODES.includes(mode)
    ? `mode must be one of ${MODES.join(', ')}, not ${show(mode)}`
    : dtype !== 'uint8' && dtype !== 'int32'
      ? `dtype must be 'uint8' or 'int32', not ${show(dtype)}`
      : !(maxPixels >= 1)
        ? `maxPixels must be at least 1, not ${show(maxPixels)}`
        : shrinkTo.length !== 2 || !shrinkTo.every((side) => side >= 1)
          ? 'shrinkTo must be [height, width], both at least 1'
          : undefined
  if (wrong !== undefined) throw new ValueError('decodeImage', [], wrong, "{ mode: 'rgb' }")
}

function checkSize(info: ImageInfo, maxPixels: number, fail: ImageFail): void {
  const pixels = info.height * info.width
  if (pixels <= maxPixels) return
  fail(
    undefined,
    `${info.height} × ${info.width} are ${pixels} pixels, more than the limit of ${maxPixels}`,
    'if the file can be trusted, pass a larger { maxPixels }',
  )
}

/** The smallest size that the decoder can give at once and that is not below the wanted one. */
function shrunk(info: ImageInfo, options: DecodeOptions): [number, number] | undefined {
  const { shrinkTo } = options
  if (shrinkTo === undefined || (info.format !== 'JPEG' && info.format !== 'WebP')) return undefined
  for (const factor of [8, 4, 2]) {
    const [height, width] = [Math.ceil(info.height / factor), Math.ceil(info.width / factor)]
    if (height >= shrinkTo[0] && width >= shrinkTo[1]) return [height, width]
  }
  return undefined
}

/** What an error of the library says, in one line. */
function reasonOf(error: unknown): string {
  const lines = (error as Error).message.split('\n').map((line) => line.trim())
  return [...new Set(lines)]
    .map((line) => line.replace(/^Input [Bb]uffer (has|contains) /, 'it has '))
    .join('; ')
    .slice(0, 200)
}

interface Decoded {
  data: Buffer
  info: { width: number; height: number; channels: number }
}

async function pixels(image: Sharp, deep: boolean, fail: ImageFail): Promise<Decoded> {
  try {
    return await image
      .raw({ depth: deep ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true })
  } catch (error) {
    return fail(undefined, `it cannot be decoded (${reasonOf(error)})`)
  }
}

/** The pixels as a tensor [C, H, W] whose channels lie beside each other in memory. */
function toTensor({ data, info }: Decoded, deep: boolean): Tensor {
  const shape = [info.height, info.width, info.channels]
  if (!deep) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    return fromTypedArray(bytes, shape).permute(2, 0, 1)
  }
  const words = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2)
  return fromTypedArray(Int32Array.from(words), shape).permute(2, 0, 1)
}

/** Brightness of a colour (ITU-R 601), rounded. */
const brightness = (red: number, green: number, blue: number): number =>
  Math.round(0.299 * red + 0.587 * green + 0.114 * blue)

function grey(image: Tensor): Tensor {
  const weights = tensor([0.299, 0.587, 0.114], { dtype: 'float32' }).view(3, 1, 1)
  const sum = image.narrow(0, 0, 3).to('float32').mul(weights).sum(0, true).round()
  return sum.to(image.dtype)
}

/** Values from a table of up to 256, by index. */
function lookUp(indices: Tensor, values: readonly number[]): Tensor {
  const all = Array.from({ length: 256 }, (_, i) => values[i] ?? 0)
  return imageTable(indices, tensor(all, { dtype: 'uint8' }).view(1, 256))
}

/** The indices of a GIF, read by our own kernel: several times faster than by way of colours. */
function gifIndices(bytes: Uint8Array, info: ImageInfo, fail: ImageFail): Tensor {
  const frame = gifFrame(bytes, fail)
  try {
    return imageGif(fromTypedArray(bytes), info.height, info.width, frame)
  } catch (error) {
    if (!(error instanceof ValueError)) throw error
    return fail(frame.start, error.rule)
  }
}

async function decodeIndices(
  bytes: Uint8Array,
  info: ImageInfo,
  options: DecodeOptions,
  fail: ImageFail,
): Promise<Tensor> {
  // Small enough not to be missed on the main thread: a millisecond at most.
  const small = !isMainThread || info.height * info.width <= 2 ** 18
  if (info.format === 'GIF' && small && options.allowTruncated !== true) {
    return gifIndices(bytes, info, fail)
  }
  const file = info.format === 'PNG' ? pngOfIndices(bytes) : gifOfIndices(bytes, fail)
  const image = await open(file, options)
  const decoded = await pixels(image.extractChannel(0), false, fail)
  const indices = toTensor(decoded, false)
  // A PNG of few bits was spread over the range of 8.
  if (info.format !== 'PNG' || info.bits >= 8) return indices
  const step = 255 / (2 ** info.bits - 1)
  return lookUp(
    indices,
    Array.from({ length: 256 }, (_, value) => Math.round(value / step)),
  )
}

async function open(bytes: Uint8Array, options: DecodeOptions): Promise<Sharp> {
  const sharp = await codec()
  return sharp(bytes, {
    limitInputPixels: options.maxPixels ?? MOST_PIXELS,
    failOn: options.allowTruncated === true ? 'none' : 'truncated',
    ignoreIcc: true,
    autoOrient: options.orient ?? false,
  })
}

/**
 * The pixels of an image file: JPEG, PNG, GIF (the first frame) or WebP. Decoding runs on other
 * threads, several images at a time.
 *
 * Shapes: `[C, H, W]`, with the channels of a pixel beside each other in memory. Dtype: uint8 (0 to
 * 255), or int32 if options ask for 16 bits.
 *
 * @param options.path named in errors; the file is not opened.
 * @throws {FormatError} if the bytes are not a whole image of one of these formats, or have more pixels
 *   than the limit. @throws {ValueError} for bad options.
 * @see torchvision.io.decode_image
 */
export async function decodeImage(
  bytes: Uint8Array,
  options: DecodeOptions & { path?: string } = {},
): Promise<Tensor> {
  requireOptions('decodeImage', options)
  checkOptions(options)
  const info = parseImageInfo(bytes, options.path)
  const fail = failImage(info.format, options.path)
  checkSize(info, options.maxPixels ?? MOST_PIXELS, fail)
  const { mode = 'unchanged', dtype = 'uint8' } = options
  const finish = (image: Tensor): Tensor => (dtype === image.dtype ? image : image.to(dtype))
  if (info.palette !== null && (mode === 'index' || mode === 'gray')) {
    const indices = await decodeIndices(bytes, info, options, fail)
    if (mode === 'index') return finish(indices)
    return finish(
      lookUp(
        indices,
        info.palette.map((colour) => brightness(...colour)),
      ),
    )
  }
  if (mode === 'index' && info.channels > 2) {
    fail(undefined, 'pixels are colours, not indices into a palette', "{ mode: 'rgb' }, or 'gray'")
  }
  const channels = mode === 'unchanged' ? info.channels : CHANNELS[mode]
  const wantsGrey = channels < 3
  // The library forgets the alpha of grey images, hence colours for those.
  const asGrey = channels === 1 && info.channels < 3
  const deep = dtype === 'int32' && info.bits === 16
  let image = await open(bytes, options)
  const size = shrunk(info, options)
  if (size !== undefined) image = image.resize(size[1], size[0], { fit: 'fill', kernel: 'linear' })
  image = channels % 2 === 1 ? image.removeAlpha() : image.ensureAlpha()
  image = image.toColourspace(deep ? (asGrey ? 'grey16' : 'rgb16') : asGrey ? 'b-w' : 'srgb')
  const result = toTensor(await pixels(image, deep, fail), deep)
  if (result.shape[0] === channels) return finish(result)
  if (!wantsGrey || (result.shape[0] as number) < 3) {
    return fail(undefined, `${result.shape[0]} channels were decoded instead of ${channels}`)
  }
  if (channels === 1) return finish(grey(result))
  return finish(stack([grey(result).select(0, 0), result.select(0, -1)], 0))
}

const readLater = promisify(readFile)

/** The bytes of a file; a worker thread may wait for them. @throws {FormatError} if it cannot be read. @internal */
export async function readImageFile(path: string): Promise<Uint8Array> {
  requirePath('readImage', path)
  try {
    return isMainThread ? await readLater(path) : readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new FormatError(
      {
        format: 'image',
        path,
        reason: code === 'ENOENT' ? 'the file does not exist' : `the file cannot be read (${code})`,
        fix: 'check the path and its permissions',
      },
      { cause: error },
    )
  }
}

/**
 * The pixels of an image file, see {@link decodeImage}.
 *
 * @throws {FormatError} if the file cannot be read or is not a whole image.
 * @see torchvision.io.decode_image
 */
export async function readImage(path: string, options: DecodeOptions = {}): Promise<Tensor> {
  return decodeImage(await readImageFile(path), { ...options, path })
}

/**
 * What an image file says of itself, without decoding it.
 *
 * @throws {FormatError} if the file cannot be read or is not an image.
 */
export async function imageInfo(path: string): Promise<ImageInfo> {
  return parseImageInfo(await readImageFile(path), path)
}
