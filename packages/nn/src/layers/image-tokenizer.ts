/** Images as sequences of patches. */
import type { Pair, Tensor } from '@flambeau/core'
import { arange, cat, ShapeError, ValueError, zeros } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireCounts, show } from '@flambeau/core/internal'
import { requireTensor, wholeNumbers } from '../functional/inputs.ts'
import { truncNormal_ } from '../init.ts'
import { Module } from '../module.ts'
import { Parameter } from '../parameter.ts'
import { Conv2d } from './conv-layers.ts'
import { describe, unless } from './describe.ts'
import type { FactoryOptions } from './factory.ts'
import { newParameter } from './factory.ts'

/** How many patches there are along height and width. @throws {ShapeError} if they do not fit. */
function gridOf(op: string, size: readonly number[], patch: readonly number[]): [number, number] {
  const grid = size.map((one, axis) => one / (patch[axis] as number)) as [number, number]
  if (grid.every((one) => Number.isInteger(one) && one > 0)) return grid
  throw new ShapeError(
    op,
    { imageSize: size, patchSize: patch },
    `patches of ${patch.join(' × ')} must fill the image of ${size.join(' × ')}`,
    'resize the image, or choose another patchSize',
  )
}

const PATCHIFY = ['patchSize'] as const

/**
 * The pixels of an image's patches, row by row: `[N, C, H, W]` -> `[N, tokens, C · pH · pW]`, where
 * the pixels of a patch are in the order of a convolution's weight.
 *
 * @throws {ShapeError} unless there are 4 axes which the patches fill.
 *
 * @example
 * ```ts
 * import { arange } from '@flambeau/core'
 * import { patchify, unpatchify } from '@flambeau/nn'
 * const image = arange(16).reshape(1, 1, 4, 4)
 * const patches = patchify(image, 2)
 * console.log(patches.shape, patches.at(0, 1).tolist()) // => [ 1, 4, 4 ] [ 2, 3, 6, 7 ]
 * console.log(unpatchify(patches, 2, [4, 4]).equal(image)) // => true
 * ```
 */
export function patchify(
  input: Tensor,
  ...given: Arguments<{ patchSize: Pair }, typeof PATCHIFY>
): Tensor {
  const op = 'patchify'
  const [patchSize] = parameters<[Pair]>(op, PATCHIFY)(given)
  const [ph, pw] = wholeNumbers(op, 'patchSize', patchSize, 2, 1) as [number, number]
  requireTensor(op, 'input', input)
  if (input.ndim !== 4) {
    const why = 'input must be images [N, C, H, W]'
    throw new ShapeError(op, { input }, why, 'use unsqueeze(0)')
  }
  const [n, c, height, width] = input.shape as [number, number, number, number]
  const [h, w] = gridOf(op, [height, width], [ph, pw])
  const split = input.reshape([n, c, h, ph, w, pw])
  return split.permute(0, 2, 4, 1, 3, 5).reshape([n, h * w, c * ph * pw])
}

const UNPATCHIFY = ['patchSize', 'imageSize'] as const

/**
 * The images that {@link patchify} made patches of: `[N, tokens, C · pH · pW]` -> `[N, C, H, W]`.
 *
 * @throws {ShapeError} if there are not as many tokens, or they have other sizes.
 */
export function unpatchify(
  input: Tensor,
  ...given: Arguments<{ patchSize: Pair; imageSize: Pair }, typeof UNPATCHIFY>
): Tensor {
  const op = 'unpatchify'
  const [patchSize, imageSize] = parameters<[Pair, Pair]>(op, UNPATCHIFY)(given)
  const patch = wholeNumbers(op, 'patchSize', patchSize, 2, 1) as [number, number]
  const size = wholeNumbers(op, 'imageSize', imageSize, 2, 1) as [number, number]
  const [h, w] = gridOf(op, size, patch)
  requireTensor(op, 'input', input)
  const pixels = patch[0] * patch[1]
  const [n = 0, tokens, wide = 0] = input.shape
  if (input.ndim !== 3 || tokens !== h * w || wide % pixels !== 0) {
    const why = `input must be [N, ${h * w}, C · ${pixels}] for images of ${size.join(' × ')}`
    throw new ShapeError(op, { input }, why, 'take off class tokens before')
  }
  const split = input.reshape([n, h, w, wide / pixels, ...patch])
  return split.permute(0, 3, 1, 4, 2, 5).reshape([n, wide / pixels, ...size])
}

/** Where a token is: learnt, or waves of fixed lengths along both axes. */
export type PositionEmbedding = 'learned' | 'sinusoidal' | 'none'

export interface ImageTokenizerOptions extends FactoryOptions {
  /** Height and width of the images. */
  imageSize: Pair
  /** Height and width of a patch. */
  patchSize: Pair
  /** The size of tokens. */
  dim: number
  /** Channels of the images. Default 3. */
  inChannels?: number
  /** Put a learnt token in front of all others. Default false. */
  classToken?: boolean
  /** What is added to the tokens. Default 'learned'. */
  position?: PositionEmbedding
  /** Add a bias to the tokens. Default true. */
  bias?: boolean
}

const NAMES = [
  'imageSize',
  'patchSize',
  'dim',
  'inChannels',
  'classToken',
  'position',
  'bias',
  'device',
  'dtype',
] as const

type Read = [
  Pair,
  Pair,
  number,
  number,
  boolean,
  PositionEmbedding,
  boolean,
  FactoryOptions['device'],
  FactoryOptions['dtype'],
]

/** Sines and cosines of the row, then of the column, `[1, h · w, dim]`. */
function waves([h, w]: readonly [number, number], dim: number, dtype: Tensor['dtype']): Tensor {
  const quarter = dim / 4
  const lengths = arange(quarter, { dtype: 'float64' }).div(quarter).mul(-Math.log(10000)).exp()
  const angles = (count: number): Tensor =>
    arange(count, { dtype: 'float64' }).unsqueeze(1).mul(lengths)
  const [rows, columns] = [angles(h), angles(w)]
  const y = cat([rows.sin(), rows.cos()], 1)
    .unsqueeze(1)
    .expand([h, w, 2 * quarter])
  const x = cat([columns.sin(), columns.cos()], 1)
    .unsqueeze(0)
    .expand([h, w, 2 * quarter])
  return cat([y, x], 2)
    .reshape([1, h * w, dim])
    .to(dtype)
}

/**
 * Makes tokens of an image's patches by a convolution whose stride is its size, as vision
 * transformers begin: adds what says where a token is, and a class token in front if wanted.
 *
 * Shapes: x `[N, inChannels, H, W]` -> `[N, tokens, dim]`, row by row, tokens = H · W / (pH · pW), and 1
 * for the class token. State-dict names: `projection.weight` `[dim, inChannels, pH, pW]`,
 * `projection.bias`, `class_token` `[1, 1, dim]`, `position_embedding` `[1, tokens, dim]` if learnt.
 * Learnt positions start normal with std 0.02, the class token at 0.
 *
 * @throws {ValueError} for sizes that are not whole numbers, or waves whose `dim` is no multiple of 4.
 * @throws {ShapeError} if patches do not fill the image, or for images of another size.
 * @see Dosovitskiy et al. 2021, https://arxiv.org/abs/2010.11929
 *
 * @example
 * ```ts
 * import { randn } from '@flambeau/core'
 * import { ImageTokenizer } from '@flambeau/nn'
 * const tokenizer = new ImageTokenizer([32, 48], 16, 64, { classToken: true })
 * const tokens = tokenizer(randn([2, 3, 32, 48]))
 * console.log(tokens.shape, tokenizer.toMap(tokens).shape) // => [ 2, 7, 64 ] [ 2, 64, 2, 3 ]
 * ```
 */
export class ImageTokenizer extends Module {
  readonly imageSize: readonly number[]
  readonly patchSize: readonly number[]
  /** Patches along height and width. */
  readonly grid: readonly [number, number]
  readonly dim: number
  readonly position: PositionEmbedding
  readonly projection: Conv2d
  /** `[1, 1, dim]`; null without one. */
  class_token: Parameter | null
  /** `[1, tokens, dim]`: a parameter if learnt, else a buffer, or null. */
  declare position_embedding: Tensor | null

  constructor(...given: Arguments<ImageTokenizerOptions, typeof NAMES>) {
    super()
    const op = 'ImageTokenizer'
    const read = parameters<Read>(op, NAMES)(given)
    const [imageSize, patchSize, dim, inChannels = 3, classToken = false] = read
    const [position = 'learned', bias = true, device = null, dtype = null] = [
      read[5],
      read[6],
      read[7],
      read[8],
    ] as const
    requireCounts(op, { dim, inChannels }, 1)
    this.dim = dim as number
    this.imageSize = wholeNumbers(op, 'imageSize', imageSize, 2, 1)
    this.patchSize = wholeNumbers(op, 'patchSize', patchSize, 2, 1)
    this.grid = gridOf(op, this.imageSize, this.patchSize)
    if (!['learned', 'sinusoidal', 'none'].includes(position)) {
      const why = `there is no position ${show(position)}`
      throw new ValueError(op, [], why, "use 'learned', 'sinusoidal' or 'none'")
    }
    if (position === 'sinusoidal' && this.dim % 4 !== 0) {
      const why = `waves along two axes need a dim that is a multiple of 4, not ${this.dim}`
      throw new ValueError(op, [], why, `dim: ${4 * Math.ceil(this.dim / 4)}`)
    }
    this.position = position
    const options = { device, dtype }
    const patch = this.patchSize as [number, number]
    const settings = { stride: patch, bias, ...options }
    this.projection = new Conv2d(inChannels, this.dim, patch, settings)
    const { dtype: own } = this.projection.weight
    this.class_token = classToken
      ? new Parameter(zeros([1, 1, this.dim], { dtype: own as 'float32' }))
      : null
    const tokens = this.grid[0] * this.grid[1]
    if (position === 'learned') {
      const learnt = newParameter([1, tokens + (classToken ? 1 : 0), this.dim], options)
      truncNormal_(learnt, { std: 0.02 })
      this.registerParameter('position_embedding', learnt)
    } else {
      const places = position === 'none' ? null : waves(this.grid, this.dim, own)
      // The class token is nowhere.
      const nowhere = zeros([1, 1, this.dim], { dtype: own as 'float32' })
      const fixed = places !== null && classToken ? cat([nowhere, places], 1) : places
      this.registerBuffer('position_embedding', fixed, { persistent: false })
    }
  }

  /** How many tokens an image makes, the class token included. */
  get numTokens(): number {
    return this.grid[0] * this.grid[1] + (this.class_token === null ? 0 : 1)
  }

  override forward(input: Tensor): Tensor {
    requireTensor('ImageTokenizer', 'input', input)
    const { imageSize, class_token: first } = this
    if (input.ndim !== 4 || input.shape.slice(2).join() !== imageSize.join()) {
      const why = `input must be images [N, C, ${imageSize.join(', ')}]`
      throw new ShapeError('ImageTokenizer', { input }, why, 'resize them, or set imageSize')
    }
    const patches = this.projection(input).flatten(2).transpose(1, 2) // [N, tokens, dim]
    const all =
      first === null
        ? patches
        : cat([first.expand([input.shape[0] as number, 1, this.dim]), patches], 1)
    return this.position_embedding === null ? all : all.add(this.position_embedding)
  }

  private withoutFirst(op: string, tokens: Tensor): Tensor {
    requireTensor(op, 'tokens', tokens)
    const count = this.grid[0] * this.grid[1]
    if (tokens.ndim === 3 && tokens.shape[1] === count) return tokens
    if (tokens.ndim === 3 && this.class_token !== null && tokens.shape[1] === count + 1) {
      return tokens.narrow(1, 1, count)
    }
    const why = `tokens must be [N, ${this.numTokens}, …], or [N, ${count}, …] without the class token`
    throw new ShapeError(op, { tokens }, why, 'pass the tokens of whole images')
  }

  /** Tokens where they were: `[N, tokens, D]` -> `[N, D, H / pH, W / pW]`; without the class token. */
  toMap(tokens: Tensor): Tensor {
    const own = this.withoutFirst('ImageTokenizer.toMap', tokens)
    return own.transpose(1, 2).unflatten(2, [...this.grid])
  }

  /**
   * Images whose patches have these pixels: `[N, tokens, C · pH · pW]` -> `[N, C, H, W]`; without the
   * class token. What a decoder's last layer gives, for example.
   */
  unpatchify(tokens: Tensor): Tensor {
    const { patchSize, imageSize } = this
    const own = this.withoutFirst('ImageTokenizer.unpatchify', tokens)
    return unpatchify(own, patchSize as [number, number], imageSize as [number, number])
  }

  override extraRepr(): string {
    const { imageSize, patchSize, dim, position } = this
    const classToken = unless(false, this.class_token !== null)
    return describe({
      imageSize,
      patchSize,
      dim,
      classToken,
      position: unless('learned', position),
    })
  }
}
