/** R-CNN, SPP-Net and Fast R-CNN: what is in regions that something else proposed. */
import type { Tensor } from '@flambeau/core'
import { cat, ShapeError } from '@flambeau/core'
import {
  requireCounts,
  requireInstance,
  requireNumber,
  requireNumberList,
  requireOptions,
} from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { withImageNumbers } from './boxes.ts'
import type { Detection, DetectionTarget, DetectorLosses, ImageSize } from './detector.ts'
import { Detector, ImageBatcher, resizeBoxes } from './detector.ts'
import type { FeatureMaps } from './feature-maps.ts'
import { convolution, SmallBackbone } from './feature-maps.ts'
import type { Proposer, SlidingWindowOptions } from './proposals.ts'
import { slidingWindows } from './proposals.ts'
import { roiAlign, roiPool } from './regions.ts'
import type { Pooler, RegionHeadOptions } from './roi-heads.ts'
import { RegionHeads, TwoLayerHead } from './roi-heads.ts'

/** Options of the detectors that are given regions. */
export interface RegionDetectorOptions extends Partial<RegionHeadOptions> {
  /** With the background. Default 21, Pascal VOC's. */
  readonly numClasses?: number
  /** Where regions come from; see {@link selectiveSearch}. Default windows of 20, 32 and 52 pixels. */
  readonly propose?: Proposer
  /** Features of a region after its head. Default 128. */
  readonly headWidth?: number
}

/** Options of those that compute the features of the whole image once. */
export interface SharedFeatureOptions extends RegionDetectorOptions {
  /** Its last map is used. Default a small network of stride 8. */
  readonly backbone?: FeatureMaps
  /** The backbone stays as it is, as in SPP-Net's paper. Default false. */
  readonly frozen?: boolean
}

const WINDOWS: SlidingWindowOptions = { sizes: [20, 32, 52], aspectRatios: [1, 1.5], stride: 0.3 }

/**
 * The base of detectors that are given regions.
 *
 * Losses: `loss_classifier`, `loss_box_reg`.
 */
abstract class RegionDetector extends Detector {
  readonly numClasses: number
  readonly propose: Proposer
  readonly batcher: ImageBatcher
  abstract readonly heads: RegionHeads

  constructor(options: RegionDetectorOptions) {
    super()
    requireOptions(new.target.name, options)
    this.numClasses = options.numClasses ?? 21
    this.propose =
      options.propose ??
      ((image) => slidingWindows(image.shape.slice(1) as unknown as ImageSize, WINDOWS))
    this.batcher = new ImageBatcher({
      sizeDivisible: 8,
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
    })
  }

  /** Maps of the batch from which regions are taken. */
  protected abstract features(images: Tensor): Tensor[]

  private proposals(images: readonly Tensor[]): Tensor[] {
    return images.map((image, i) => {
      const boxes = this.propose(image)
      if (boxes.ndim === 2 && boxes.shape[1] === 4) return boxes
      throw new ShapeError(
        this.constructor.name,
        { boxes },
        `the proposals of image ${i} are not [K, 4]`,
        'x1, y1, x2, y2 in pixels',
      )
    })
  }

  protected override computeLosses(
    images: readonly Tensor[],
    given: readonly DetectionTarget[],
  ): DetectorLosses {
    const batch = this.batcher.batch(images)
    const targets = this.batcher.targets(batch, given)
    const size = batch.tensor.shape.slice(2) as unknown as ImageSize
    const proposals = this.proposals(images).map((boxes, i) =>
      resizeBoxes(boxes, batch.given[i] as ImageSize, batch.sizes[i] as ImageSize),
    )
    return this.heads.losses(this.features(batch.tensor), proposals, size, targets)
  }

  protected override find(images: readonly Tensor[]): Detection[] {
    const batch = this.batcher.batch(images)
    const size = batch.tensor.shape.slice(2) as unknown as ImageSize
    const proposals = this.proposals(images).map((boxes, i) =>
      resizeBoxes(boxes, batch.given[i] as ImageSize, batch.sizes[i] as ImageSize),
    )
    const maps = this.features(batch.tensor)
    return this.batcher.restore(batch, this.heads.find(maps, proposals, size, batch.sizes))
  }
}

/** The base of those that compute the features of the whole image once. */
abstract class SharedFeatures extends RegionDetector {
  readonly backbone: FeatureMaps
  readonly frozen: boolean

  constructor(options: SharedFeatureOptions) {
    super(options)
    const { backbone } = options
    if (backbone !== undefined) {
      requireInstance(new.target.name, 'backbone', backbone, nn.Module, 'new SmallBackbone(…)')
      requireNumberList(new.target.name, 'backbone.outChannels', backbone.outChannels)
    }
    this.backbone = backbone ?? new SmallBackbone({ widths: [16, 32, 64], levels: 1 })
    this.frozen = options.frozen ?? false
  }

  protected override features(images: Tensor): Tensor[] {
    const last = this.backbone(images).at(-1) as Tensor
    return [this.frozen ? last.detach() : last]
  }
}

/** Pixels of the image to one of the map. */
function strideOf(map: Tensor, [height]: ImageSize): number {
  return height / (map.shape[2] as number)
}

/**
 * Fast R-CNN: the features of the image are computed once, those of each region are its maxima over a
 * grid; one head says its class and where the object lies.
 *
 * Losses: `loss_classifier`, `loss_box_reg`.
 *
 * @see Girshick 2015, https://arxiv.org/abs/1504.08083
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { FastRCNN, selectiveSearch } from '@flambeau/vision-models'
 * const net = new FastRCNN({ numClasses: 3, propose: selectiveSearch })
 * console.log(net.detect([rand([3, 48, 48])]).length) // => 1
 * ```
 */
export class FastRCNN extends SharedFeatures {
  readonly heads: RegionHeads

  constructor(
    options: SharedFeatureOptions & { /** Bins a side. Default 5. */ poolSize?: number } = {},
  ) {
    super(options)
    const { headWidth = 128, poolSize = 5 } = options
    requireCounts('FastRCNN', { headWidth, poolSize }, 1)
    const channels = this.backbone.outChannels.at(-1) as number
    const pool: Pooler = (maps, boxes, size) => {
      const [map] = maps as [Tensor]
      const spatialScale = 1 / strideOf(map, size)
      return roiPool(map, withImageNumbers(boxes), poolSize, { spatialScale })
    }
    const head = new TwoLayerHead(channels * poolSize ** 2, headWidth)
    this.heads = new RegionHeads(pool, head, headWidth, {
      samples: 64,
      ...options,
      numClasses: this.numClasses,
    })
  }
}

/**
 * Pools a map of any size to the same number of features: its maxima over grids of several sizes.
 *
 * Shapes: `[N, C, H, W]` -> `[N, C · (l₁² + l₂² + …)]`.
 *
 * @param levels Cells a side of each grid. Default [4, 2, 1].
 * @see He et al. 2014, https://arxiv.org/abs/1406.4729
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { SpatialPyramidPooling } from '@flambeau/vision-models'
 * const pool = new SpatialPyramidPooling([2, 1])
 * console.log(pool(ones([1, 8, 7, 9])).shape, pool(ones([1, 8, 12, 5])).shape)
 * // => [ 1, 40 ] [ 1, 40 ]
 * ```
 */
export class SpatialPyramidPooling extends nn.Module {
  readonly levels: readonly number[]

  constructor(levels: readonly number[] = [4, 2, 1]) {
    super()
    requireNumberList('SpatialPyramidPooling', 'levels', levels)
    this.levels = levels
  }

  override forward(x: Tensor): Tensor {
    const { adaptiveMaxPool2d } = nn.functional
    return cat(
      this.levels.map((side) => adaptiveMaxPool2d(x, [side, side]).flatten(1)),
      1,
    )
  }

  /** The same of regions `[K, 5]` of a map, as {@link roiPool} takes them. */
  regions(map: Tensor, boxes: Tensor, spatialScale: number): Tensor {
    return cat(
      this.levels.map((side) => roiPool(map, boxes, side, { spatialScale }).flatten(1)),
      1,
    )
  }
}

/**
 * SPP-Net: as {@link FastRCNN}, but regions are pooled over grids of several sizes.
 *
 * Losses: `loss_classifier`, `loss_box_reg`.
 *
 * @see He et al. 2014, https://arxiv.org/abs/1406.4729
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { SPPNet } from '@flambeau/vision-models'
 * const net = new SPPNet({ numClasses: 3, levels: [3, 1] })
 * console.log(net.detect([rand([3, 48, 48])]).length) // => 1
 * ```
 */
export class SPPNet extends SharedFeatures {
  readonly pyramid: SpatialPyramidPooling
  readonly heads: RegionHeads

  constructor(
    options: SharedFeatureOptions & { /** Cells a side. */ levels?: readonly number[] } = {},
  ) {
    super(options)
    const { headWidth = 128, levels = [4, 2, 1] } = options
    requireNumberList('SPPNet', 'levels', levels)
    this.pyramid = new SpatialPyramidPooling(levels)
    const channels = this.backbone.outChannels.at(-1) as number
    const cells = levels.reduce((sum, side) => sum + side ** 2, 0)
    const pool: Pooler = (maps, boxes, size) => {
      const [map] = maps as [Tensor]
      return this.pyramid.regions(map, withImageNumbers(boxes), 1 / strideOf(map, size))
    }
    this.heads = new RegionHeads(pool, new TwoLayerHead(channels * cells, headWidth), headWidth, {
      samples: 64,
      ...options,
      numClasses: this.numClasses,
    })
  }
}

/** Options of {@link RCNN}. */
export interface RCNNOptions extends RegionDetectorOptions {
  /** Pixels a side to which each region is stretched, a multiple of 8. Default 32. */
  readonly cropSize?: number
  /** Pixels of the crop around the region. Default 4. */
  readonly context?: number
}

/**
 * R-CNN: each region is cut out of the image, stretched to one size, and goes through a network of its
 * own that says its class and where the object lies.
 *
 * Losses: `loss_classifier`, `loss_box_reg`. The classifier is a softmax in the place of the paper's
 * support vector machines.
 *
 * @see Girshick et al. 2013, https://arxiv.org/abs/1311.2524
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { RCNN, slidingWindows } from '@flambeau/vision-models'
 * const net = new RCNN({ numClasses: 3, propose: () => slidingWindows([48, 48], { sizes: [24] }) })
 * console.log(net.detect([rand([3, 48, 48])]).length) // => 1
 * ```
 */
export class RCNN extends RegionDetector {
  readonly heads: RegionHeads

  constructor(options: RCNNOptions = {}) {
    super(options)
    const { headWidth = 128, cropSize = 32, context = 4 } = options
    requireCounts('RCNN', { headWidth, cropSize }, 1)
    requireNumber('RCNN', 'context', context)
    const crop: Pooler = ([images], boxes) => {
      const rows = withImageNumbers(boxes)
      // As much around each region as gives `context` pixels after stretching.
      const sides = rows.narrow(1, 3, 2).sub(rows.narrow(1, 1, 2))
      const around = sides.mul(context / (cropSize - 2 * context))
      const wide = cat(
        [rows.narrow(1, 0, 1), rows.narrow(1, 1, 2).sub(around), rows.narrow(1, 3, 2).add(around)],
        1,
      )
      return roiAlign(images as Tensor, wide, cropSize, { samplingRatio: 1, aligned: true })
    }
    const side = cropSize / 8
    const network = new nn.Sequential(
      ...convolution(3, 16, 2),
      ...convolution(16, 32, 2),
      ...convolution(32, 64, 2),
      new nn.Flatten(),
      new nn.Linear(64 * side ** 2, headWidth),
      new nn.ReLU(),
    )
    this.heads = new RegionHeads(crop, network, headWidth, {
      samples: 64,
      ...options,
      numClasses: this.numClasses,
    })
  }

  protected override features(images: Tensor): Tensor[] {
    return [images]
  }
}
