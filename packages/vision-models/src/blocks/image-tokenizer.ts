import type { Tensor } from '@flambeau/core'
import { ShapeError, ValueError, zeros } from '@flambeau/core'
import * as nn from '@flambeau/nn'

/** Options of {@link ImageTokenizer}. */
export interface ImageTokenizerOptions {
  /** Default 3. */
  readonly inChannels?: number
  /** Probability that a number of a token is left out in training. Default 0. */
  readonly patchDropout?: number
}

/**
 * Makes a sequence of an image: it is cut into patches, each becomes a vector, and where the patch lies is
 * added as a learnt vector.
 *
 * Shapes: `[N, inChannels, imageSize, imageSize]` -> `[N, (imageSize / patchSize)², dim]`, patches row by row.
 *
 * @throws {ValueError} if patches do not cover the image. @throws {ShapeError} for images of other sizes.
 * @see Dosovitskiy et al. 2020, https://arxiv.org/abs/2010.11929
 *
 * @example
 * ```ts
 * import { randn } from '@flambeau/core'
 * import { ImageTokenizer } from '@flambeau/vision-models'
 * console.log(new ImageTokenizer(32, 8, 64)(randn([2, 3, 32, 32])).shape) // => [ 2, 16, 64 ]
 * ```
 */
export class ImageTokenizer extends nn.Module {
  readonly imageSize: number
  readonly conv: nn.Conv2d
  readonly pos_embed: nn.Parameter
  readonly patch_dropout: nn.Dropout

  constructor(
    imageSize: number,
    patchSize: number,
    dim: number,
    options: ImageTokenizerOptions = {},
  ) {
    super()
    const { inChannels = 3, patchDropout = 0 } = options
    if (!(patchSize > 0) || imageSize % patchSize !== 0) {
      const rule = `patches of ${patchSize} pixels do not cover ${imageSize}`
      throw new ValueError('ImageTokenizer', { imageSize, patchSize }, rule, 'choose a divisor')
    }
    this.imageSize = imageSize
    // Each patch is seen once: the step is the size of the kernel.
    this.conv = new nn.Conv2d(inChannels, dim, patchSize, { stride: patchSize })
    this.pos_embed = new nn.Parameter(zeros([1, (imageSize / patchSize) ** 2, dim]))
    nn.init.truncNormal_(this.pos_embed, 0, 0.02)
    this.patch_dropout = new nn.Dropout(patchDropout)
  }

  override forward(x: Tensor): Tensor {
    const { imageSize } = this
    if (x.ndim !== 4 || x.shape[2] !== imageSize || x.shape[3] !== imageSize) {
      const rule = `images must be [N, C, ${imageSize}, ${imageSize}]`
      const fix = 'resize them, or give the tokenizer their size'
      throw new ShapeError('ImageTokenizer', { x }, rule, fix)
    }
    const tokens = this.conv(x).flatten(2).transpose(1, 2)
    return this.patch_dropout(tokens.add(this.pos_embed))
  }
}
