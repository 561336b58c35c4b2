import type { Tensor } from '@flambeau/core'
import { requireInstance, requireOptions } from '@flambeau/core/internal'
import type { ResNetDepth } from '../classification/resnet.ts'
import type { Detection, DetectionTarget, DetectorLosses, ImageSize } from './detector.ts'
import { Detector, ImageBatcher } from './detector.ts'
import { FeatureMaps, PyramidBackbone, ResNetStages, SmallBackbone } from './feature-maps.ts'
import type { Pooler, RegionHeadOptions } from './roi-heads.ts'
import {
  MaskBranch,
  multiScaleRoiAlign,
  pasteMasks,
  RegionHeads,
  TwoLayerHead,
} from './roi-heads.ts'
import type { RegionProposalOptions } from './rpn.ts'
import { RegionProposals } from './rpn.ts'

/** Options of {@link FasterRCNN}. */
export interface FasterRCNNOptions extends Partial<RegionHeadOptions> {
  /** With the background. Default 91, COCO's. */
  readonly numClasses?: number
  /** Pixels of an image's shorter side; null: as it is. Default 800. */
  readonly minSize?: number | null
  /** Most pixels of its longer side. Default 1333. */
  readonly maxSize?: number
  /** Subtracted from each channel of an image. Default ImageNet's. */
  readonly mean?: readonly number[]
  /** What each channel is then divided by. Default ImageNet's. */
  readonly std?: readonly number[]
  /** Of the region proposal network. Default anchors of 32, 64, … pixels, one size a map. */
  readonly proposals?: Partial<RegionProposalOptions>
  /** Features of a region after its head. Default 1024. */
  readonly headWidth?: number
  /** Bins a side of a region. Default 7. */
  readonly poolSize?: number
  /** Size of a box, in pixels, that is looked for at stride 16. Default 224. */
  readonly canonicalScale?: number
}

/** How masks are found. */
export interface MaskOptions {
  /** Channels of the convolutions. Default [256, 256, 256, 256]. */
  readonly maskWidths?: readonly number[]
  /** Channels after doubling the size. Default 256. */
  readonly maskReduced?: number
  /** Bins a side; masks have twice as many. Default 14. */
  readonly maskPoolSize?: number
}

/**
 * Faster R-CNN: a network proposes regions, another says what is in them, both from the same features.
 *
 * Losses: `loss_classifier`, `loss_box_reg`, `loss_objectness`, `loss_rpn_box_reg`.
 *
 * @param backbone Maps of one width; the last is only for proposals. See {@link PyramidBackbone}.
 * @see torchvision.models.detection.FasterRCNN; Ren et al. 2015, https://arxiv.org/abs/1506.01497
 *
 * @example
 * ```ts
 * import { rand, tensor } from '@flambeau/core'
 * import { FasterRCNN, PyramidBackbone, SmallBackbone } from '@flambeau/vision-models'
 * const backbone = new PyramidBackbone(new SmallBackbone({ widths: [8, 16, 32], levels: 2 }), 16)
 * const net = new FasterRCNN(backbone, { numClasses: 3, minSize: 64, headWidth: 32 })
 * const boxes = tensor([[8, 8, 40, 40]], { dtype: 'float32' })
 * const losses = net.losses([rand([3, 64, 64])], [{ boxes, labels: tensor([2]) }])
 * console.log(Object.keys(losses).join(', '))
 * // => loss_classifier, loss_box_reg, loss_objectness, loss_rpn_box_reg
 * ```
 */
export class FasterRCNN extends Detector {
  readonly numClasses: number
  readonly backbone: FeatureMaps
  readonly rpn: RegionProposals
  readonly roi_heads: RegionHeads
  readonly batcher: ImageBatcher

  constructor(backbone: FeatureMaps, options: FasterRCNNOptions = {}, masks?: MaskOptions) {
    super()
    requireOptions(new.target.name, options)
    const { numClasses = 91, minSize = 800, maxSize = 1333, mean, std } = options
    const { headWidth = 1024, poolSize = 7, canonicalScale = 224 } = options
    requireInstance('FasterRCNN', 'backbone', backbone, FeatureMaps)
    const channels = backbone.outChannels[0] as number
    this.numClasses = numClasses
    this.backbone = backbone
    const anchorSizes = backbone.outChannels.map((_, i) => [32 * 2 ** i])
    this.rpn = new RegionProposals(channels, { anchorSizes, ...options.proposals })
    const pool =
      (outputSize: number): Pooler =>
      (maps, boxes, size) =>
        multiScaleRoiAlign(maps.slice(0, -1), boxes, size, { outputSize, canonicalScale })
    const head = new TwoLayerHead(channels * poolSize ** 2, headWidth)
    const { maskWidths = [256, 256, 256, 256], maskReduced = 256, maskPoolSize = 14 } = masks ?? {}
    this.roi_heads = new RegionHeads(
      pool(poolSize),
      head,
      headWidth,
      { ...options, numClasses },
      masks && {
        pool: pool(maskPoolSize),
        branch: new MaskBranch(channels, maskWidths, maskReduced, numClasses),
      },
    )
    this.batcher = new ImageBatcher({
      minSize,
      maxSize,
      ...(mean === undefined ? {} : { mean }),
      ...(std === undefined ? {} : { std }),
    })
  }

  protected override computeLosses(
    images: readonly Tensor[],
    given: readonly DetectionTarget[],
  ): DetectorLosses {
    const batch = this.batcher.batch(images)
    const targets = this.batcher.targets(batch, given)
    const size = batch.tensor.shape.slice(2) as unknown as ImageSize
    const maps = this.backbone(batch.tensor)
    const { proposals, losses } = this.rpn(maps, size, batch.sizes, targets)
    return { ...this.roi_heads.losses(maps, proposals, size, targets), ...losses }
  }

  protected override find(images: readonly Tensor[]): Detection[] {
    const batch = this.batcher.batch(images)
    const size = batch.tensor.shape.slice(2) as unknown as ImageSize
    const maps = this.backbone(batch.tensor)
    const { proposals } = this.rpn(maps, size, batch.sizes)
    const found = this.batcher.restore(
      batch,
      this.roi_heads.find(maps, proposals, size, batch.sizes),
    )
    return found.map((one, i) => {
      if (one.masks === undefined) return one
      return { ...one, masks: pasteMasks(one.masks, one.boxes, batch.given[i] as ImageSize) }
    })
  }
}

/**
 * Mask R-CNN: {@link FasterRCNN} that also finds the mask of each object.
 *
 * Losses: those of Faster R-CNN and `loss_mask`.
 *
 * @see torchvision.models.detection.MaskRCNN; He et al. 2017, https://arxiv.org/abs/1703.06870
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { MaskRCNN, PyramidBackbone, SmallBackbone } from '@flambeau/vision-models'
 * const backbone = new PyramidBackbone(new SmallBackbone({ widths: [8, 16, 32], levels: 2 }), 16)
 * const net = new MaskRCNN(backbone, { numClasses: 3, minSize: 64, headWidth: 32, maskWidths: [16] })
 * console.log(net.detect([rand([3, 64, 48])])[0]?.masks?.shape.slice(1)) // => [ 1, 64, 48 ]
 * ```
 */
export class MaskRCNN extends FasterRCNN {
  override readonly needsMasks: boolean = true

  constructor(backbone: FeatureMaps, options: FasterRCNNOptions & MaskOptions = {}) {
    super(backbone, options, options)
  }
}

/** What the R-CNNs on ResNet take beside {@link FasterRCNNOptions}. */
export interface ResNetDetectorOptions extends FasterRCNNOptions, MaskOptions {
  /** Default 50. */
  readonly depth?: ResNetDepth
  /** `frozen` for weights that were learned elsewhere, `batch` from scratch. Default `frozen`. */
  readonly norm?: 'frozen' | 'batch'
  /** Channels of the pyramid. Default 256. */
  readonly pyramidWidth?: number
}

function resNetPyramid(op: string, options: ResNetDetectorOptions): PyramidBackbone {
  requireOptions(op, options)
  const { depth = 50, norm = 'frozen', pyramidWidth = 256 } = options
  return new PyramidBackbone(new ResNetStages(depth, norm), pyramidWidth)
}

/**
 * Faster R-CNN on a ResNet with a feature pyramid, with torchvision's state-dict keys.
 *
 * @see torchvision.models.detection.fasterrcnn_resnet50_fpn
 *
 * @example
 * ```ts
 * import { FasterRCNNResNet } from '@flambeau/vision-models'
 * const net = new FasterRCNNResNet({ depth: 18, numClasses: 5, pyramidWidth: 32, headWidth: 64 })
 * console.log('backbone.body.layer1.0.bn1.running_mean' in net.stateDict()) // => true
 * ```
 */
export class FasterRCNNResNet extends FasterRCNN {
  constructor(options: ResNetDetectorOptions = {}) {
    super(resNetPyramid(new.target.name, options), options)
  }
}

/**
 * Mask R-CNN on a ResNet with a feature pyramid, with torchvision's state-dict keys.
 *
 * @see torchvision.models.detection.maskrcnn_resnet50_fpn
 *
 * @example
 * ```ts
 * import { MaskRCNNResNet } from '@flambeau/vision-models'
 * const net = new MaskRCNNResNet({ depth: 18, numClasses: 5, pyramidWidth: 32, headWidth: 64 })
 * console.log('roi_heads.mask_predictor.conv5_mask.weight' in net.stateDict()) // => true
 * ```
 */
export class MaskRCNNResNet extends MaskRCNN {
  constructor(options: ResNetDetectorOptions = {}) {
    super(resNetPyramid(new.target.name, options), options)
  }
}

/** Options of the R-CNNs that learn from scratch on two cores. */
export interface SmallRCNNOptions extends FasterRCNNOptions, MaskOptions {
  /** Channels after each halving; the last three give maps. Default [16, 32, 64, 96]. */
  readonly widths?: readonly number[]
  /** Channels of the pyramid. Default 48. */
  readonly pyramidWidth?: number
  /** Roots of anchors' areas for each of the four maps, in pixels. Default 20, 32, 48, 80. */
  readonly anchorSizes?: readonly (readonly number[])[]
}

function small(op: string, options: SmallRCNNOptions): [PyramidBackbone, SmallRCNNOptions] {
  requireOptions(op, options)
  const { widths = [16, 32, 64, 96], pyramidWidth = 48 } = options
  const { anchorSizes = [[20], [32], [48], [80]] } = options
  const body = new SmallBackbone({ widths, levels: 3 })
  const settings: SmallRCNNOptions = {
    minSize: null,
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
    headWidth: 128,
    poolSize: 5,
    canonicalScale: 128,
    samples: 64,
    maskWidths: [32, 32],
    maskReduced: 32,
    maskPoolSize: 8,
    ...options,
    proposals: {
      anchorSizes,
      aspectRatios: [1, 1.6],
      foreground: 0.6,
      samples: 64,
      candidates: [200, 200],
      proposals: [100, 60],
      ...options.proposals,
    },
  }
  return [new PyramidBackbone(body, pyramidWidth), settings]
}

/**
 * A Faster R-CNN that learns from scratch on two cores, for images of about 100 pixels.
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { SmallFasterRCNN } from '@flambeau/vision-models'
 * const net = new SmallFasterRCNN({ numClasses: 11 })
 * console.log(net.detect(rand([2, 3, 96, 96])).length) // => 2
 * ```
 */
export class SmallFasterRCNN extends FasterRCNN {
  constructor(options: SmallRCNNOptions = {}) {
    super(...small(new.target.name, options))
  }
}

/**
 * A Mask R-CNN that learns from scratch on two cores, for images of about 100 pixels.
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { SmallMaskRCNN } from '@flambeau/vision-models'
 * const net = new SmallMaskRCNN({ numClasses: 3 })
 * console.log(net.detect(rand([1, 3, 64, 64]))[0]?.masks?.shape.slice(2)) // => [ 64, 64 ]
 * ```
 */
export class SmallMaskRCNN extends MaskRCNN {
  constructor(options: SmallRCNNOptions = {}) {
    super(...small(new.target.name, options))
  }
}
