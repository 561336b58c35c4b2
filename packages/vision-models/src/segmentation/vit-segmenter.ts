import type { Tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'
import type { ViTOptions, ViTSize } from '../classification/vit.ts'
import { VisionTransformer } from '../classification/vit.ts'

const F = nn.functional

/**
 * A vision transformer that labels pixels: each patch's vector becomes logits, which are scaled up
 * to the image (Segmenter with its linear decoder).
 *
 * Shapes: `[N, inChannels, imageSize, imageSize]` -> logits `[N, numClasses, imageSize, imageSize]`.
 *
 * @throws {ValueError} if patches do not cover the image, or heads do not divide the width.
 * @throws {ShapeError} for images of other channels or sizes.
 * @see Strudel et al. 2021, https://arxiv.org/abs/2105.05633
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { ViTSegmenter } from '@flambeau/vision-models'
 * const net = new ViTSegmenter('tiny', { imageSize: 32, patchSize: 4, numClasses: 2, numLayers: 2 })
 * console.log(net(ones([1, 3, 32, 32])).shape) // => [ 1, 2, 32, 32 ]
 * ```
 */
export class ViTSegmenter extends nn.Module {
  readonly backbone: VisionTransformer
  head: nn.Linear

  constructor(size: ViTSize, options: ViTOptions = {}) {
    super()
    this.backbone = new VisionTransformer(size, options)
    const width = this.backbone.class_token.shape[2] as number
    // The classifier of images is not asked.
    this.backbone.registerModule('heads', null)
    this.head = new nn.Linear(width, options.numClasses ?? 1000)
  }

  override forward(x: Tensor): Tensor {
    const side = this.backbone.imageSize / this.backbone.patchSize
    const patches = this.backbone.tokens(x).narrow(1, 1, side * side)
    const logits = this.head(patches).transpose(1, 2).unflatten(2, [side, side])
    const size = this.backbone.imageSize
    return F.interpolate(logits, { size: [size, size], mode: 'bilinear' })
  }
}
