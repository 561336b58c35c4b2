/** Image files: decoding and encoding. */
export type { DecodeOptions, ImageMode } from './decode.ts'
export { decodeImage, imageInfo, readImage } from './decode.ts'
export type { AnimationOptions, EncodeOptions } from './encode.ts'
export { encodeImage, writeAnimation, writeImage } from './encode.ts'
export type { Colour, ImageFormat, ImageInfo } from './header.ts'
export { parseImageInfo } from './header.ts'
