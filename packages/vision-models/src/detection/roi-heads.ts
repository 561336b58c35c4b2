/** What is in proposed regions: the second half of R-CNNs. */
import type { Tensor } from '@flambeau/core'
import { arange, cat, stack, zeros } from '@flambeau/core'
import {
  requireNumberList,
  requireOptions,
  requireTensor,
  requireTensors,
} from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { BoxCoder, matchAnchors } from './anchors.ts'
import { boxArea, boxIou, clipBoxesToImage, withImageNumbers } from './boxes.ts'
import type { Detection, DetectionTarget, DetectorLosses, ImageSize } from './detector.ts'
import { renameKeys } from './feature-maps.ts'
import { roiAlign } from './regions.ts'
import { balancedSample } from './rpn.ts'
import type { SelectionOptions } from './selection.ts'
import { indices, selectDetections } from './selection.ts'

const F = nn.functional

/** Features of regions: maps and boxes `[K, 4]` of each image -> one row for each box. */
export type Pooler = (
  maps: readonly Tensor[],
  boxes: readonly Tensor[],
  batchSize: ImageSize,
) => Tensor

/** How {@link multiScaleRoiAlign} chooses and samples. */
export interface MultiScaleOptions {
  /** Bins a side. */
  readonly outputSize: number
  /** Points a side of each bin. Default 2. */
  readonly samplingRatio?: number
  /** A box of this size, in pixels, ... Default 224. */
  readonly canonicalScale?: number
  /** ... is looked for at the map of stride 2^this. Default 4. */
  readonly canonicalLevel?: number
}

/**
 * {@link roiAlign} from the map that fits each box: large ones from coarse maps.
 *
 * @see torchvision.ops.MultiScaleRoIAlign; Lin et al. 2016, https://arxiv.org/abs/1612.03144
 */
export function multiScaleRoiAlign(
  maps: readonly Tensor[],
  boxes: readonly Tensor[],
  size: ImageSize,
  options: MultiScaleOptions,
): Tensor {
  requireTensors('multiScaleRoiAlign', 'maps', maps, 1)
  requireTensors('multiScaleRoiAlign', 'boxes', boxes)
  requireNumberList('multiScaleRoiAlign', 'size', size, 2)
  const [height] = size
  requireOptions('multiScaleRoiAlign', options, ['outputSize'])
  const { outputSize, samplingRatio = 2, canonicalScale = 224, canonicalLevel = 4 } = options
  const rows = withImageNumbers(boxes)
  const strides = maps.map((map) => Math.round(Math.log2(height / (map.shape[2] as number))))
  const [finest, coarsest] = [strides[0] as number, strides.at(-1) as number]
  const sizes = boxArea(rows.narrow(1, 1, 4))
    .sqrt()
    .tolist() as number[]
  const levels = sizes.map((size) => {
    const level = Math.floor(canonicalLevel + Math.log2(size / canonicalScale) + 1e-6)
    return Math.min(Math.max(level, finest), coarsest) - finest
  })
  const order: number[] = []
  const parts: Tensor[] = []
  maps.forEach((map, i) => {
    const own = [...levels.keys()].filter((k) => levels[k] === i)
    if (own.length === 0) return
    order.push(...own)
    const spatialScale = 2 ** -(strides[i] as number)
    const chosen = rows.indexSelect(0, indices(own))
    parts.push(roiAlign(map, chosen, outputSize, { spatialScale, samplingRatio }))
  })
  if (parts.length === 0) {
    return zeros([0, (maps[0] as Tensor).shape[1] as number, outputSize, outputSize])
  }
  const place = new Array<number>(order.length)
  order.forEach((k, at) => (place[k] = at))
  return cat(parts).indexSelect(0, indices(place))
}

/** Two linear layers over the features of a region. @see torchvision's TwoMLPHead */
export class TwoLayerHead extends nn.Module {
  fc6: nn.Linear
  fc7: nn.Linear

  constructor(inFeatures: number, width: number) {
    super()
    this.fc6 = new nn.Linear(inFeatures, width)
    this.fc7 = new nn.Linear(width, width)
  }

  override forward(x: Tensor): Tensor {
    return F.relu(this.fc7(F.relu(this.fc6(x.flatten(1)))))
  }
}

class BoxPredictor extends nn.Module<[x: Tensor], { logits: Tensor; codes: Tensor }> {
  cls_score: nn.Linear
  bbox_pred: nn.Linear

  constructor(width: number, numClasses: number) {
    super()
    this.cls_score = new nn.Linear(width, numClasses)
    this.bbox_pred = new nn.Linear(width, 4 * numClasses)
  }

  override forward(x: Tensor): { logits: Tensor; codes: Tensor } {
    const flat = x.flatten(1)
    return { logits: this.cls_score(flat), codes: this.bbox_pred(flat) }
  }
}

/** Convolutions over the features of a region, then twice the size and a mask for each class. */
export class MaskBranch {
  head: nn.Sequential
  predictor: nn.Sequential

  constructor(channels: number, widths: readonly number[], reduced: number, numClasses: number) {
    let from = channels
    this.head = new nn.Sequential(
      ...widths.map((width) => {
        const conv = new nn.Conv2d(from, width, 3, { padding: 1 })
        nn.init.kaimingNormal_(conv.weight, { mode: 'fanOut', nonlinearity: 'relu' })
        nn.init.zeros_(conv.bias as nn.Parameter)
        from = width
        return new nn.Sequential(conv, new nn.ReLU(true))
      }),
    )
    // Checkpoints from before torchvision 0.13 name the convolutions.
    this.head.registerLoadStateDictPreHook((_, state, prefix) => {
      widths.forEach((__, i) => {
        renameKeys(state, prefix, new RegExp(`^mask_fcn${i + 1}\\.`), `${i}.0.`)
      })
    })
    const up = new nn.ConvTranspose2d(from, reduced, 2, { stride: 2 })
    const logits = new nn.Conv2d(reduced, numClasses, 1)
    for (const layer of [up, logits]) {
      nn.init.kaimingNormal_(layer.weight, { mode: 'fanOut', nonlinearity: 'relu' })
    }
    this.predictor = new nn.Sequential({
      conv5_mask: up,
      relu: new nn.ReLU(true),
      mask_fcn_logits: logits,
    })
  }
}

/** Options of the second half of R-CNNs. */
export interface RegionHeadOptions extends Partial<SelectionOptions> {
  /** With the background. */
  readonly numClasses: number
  /** Overlap from which on a region belongs to an object, else to the background. Default 0.5. */
  readonly foreground?: number
  /** Regions of an image that count in the loss. Default 512. */
  readonly samples?: number
  /** At most this share of them is of objects. Default 0.25. */
  readonly positiveShare?: number
}

/** Regions that a training step looks at. */
interface Sampled {
  readonly boxes: Tensor
  /** The object of each region; 0 for the background. */
  readonly objects: number[]
  readonly labels: number[]
  readonly codes: Tensor
}

/**
 * Classifies proposed regions and says how the objects lie in them.
 *
 * Losses: `loss_classifier`, `loss_box_reg`, and `loss_mask` with masks.
 *
 * @see torchvision.models.detection.roi_heads.RoIHeads
 *
 * @example
 * ```ts
 * import { rand, tensor } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * import type { Pooler } from '@flambeau/vision-models'
 * import { RegionHeads, roiPool, withImageNumbers } from '@flambeau/vision-models'
 * const pool: Pooler = ([map], boxes) =>
 *   roiPool(map!, withImageNumbers(boxes), 2, { spatialScale: 1 / 8 })
 * const heads = new RegionHeads(pool, new nn.Flatten(), 4 * 8, { numClasses: 3 })
 * const boxes = tensor([[0, 0, 40, 40]], { dtype: 'float32' })
 * const [found] = heads.find([rand([1, 8, 8, 8])], [boxes], [64, 64], [[64, 64]])
 * console.log(found?.boxes.shape[1]) // => 4
 * ```
 */
export class RegionHeads extends nn.Module<never, never> {
  box_head: nn.Module
  readonly box_predictor: BoxPredictor
  readonly mask_head: nn.Module | null = null
  readonly mask_predictor: nn.Module | null = null
  readonly pool: { readonly boxes: Pooler; readonly masks: Pooler | null }
  readonly coder: BoxCoder = new BoxCoder([10, 10, 5, 5])
  readonly numClasses: number
  readonly sampling: { readonly foreground: number; readonly count: number; readonly share: number }
  readonly selection: SelectionOptions

  /** @param width Features that `head` gives for a region. */
  constructor(
    pool: Pooler,
    head: nn.Module,
    width: number,
    options: RegionHeadOptions,
    mask?: { readonly pool: Pooler; readonly branch: MaskBranch },
  ) {
    super()
    requireOptions('RegionHeads', options, ['numClasses'])
    const { numClasses, foreground = 0.5, samples = 512, positiveShare = 0.25 } = options
    this.numClasses = numClasses
    this.box_head = head
    this.box_predictor = new BoxPredictor(width, numClasses)
    if (mask !== undefined) {
      this.mask_head = mask.branch.head
      this.mask_predictor = mask.branch.predictor
    }
    this.pool = { boxes: pool, masks: mask?.pool ?? null }
    this.sampling = { foreground, count: samples, share: positiveShare }
    this.selection = {
      scoreThreshold: options.scoreThreshold ?? 0.05,
      nmsThreshold: options.nmsThreshold ?? 0.5,
      detectionsPerImage: options.detectionsPerImage ?? 100,
      minSide: options.minSide ?? 1e-2,
    }
  }

  override forward(): never {
    throw new Error('RegionHeads: call losses() or find()')
  }

  /** Regions to learn from, among the proposals and the objects themselves. */
  private sample(proposals: Tensor, target: DetectionTarget): Sampled {
    const { foreground, count, share } = this.sampling
    const all = cat([proposals.detach(), target.boxes])
    const iou = boxIou(target.boxes, all)
    const matched = matchAnchors(iou, foreground, foreground, false).matched.tolist() as number[]
    const classes = target.labels.tolist() as number[]
    const labels = matched.map((object) => (object < 0 ? 0 : (classes[object] as number)))
    const { positive, negative } = balancedSample(labels, count, share)
    const chosen = [...positive, ...negative].toSorted((a, b) => a - b)
    const boxes = all.indexSelect(0, indices(chosen))
    const objects = chosen.map((place) => Math.max(matched[place] as number, 0))
    const truths = classes.length === 0 ? boxes : target.boxes.indexSelect(0, indices(objects))
    return {
      boxes,
      objects,
      labels: chosen.map((place) => labels[place] as number),
      codes: this.coder.encode(truths, boxes),
    }
  }

  /** The losses of proposals `[K, 4]` of each image. */
  losses(
    maps: readonly Tensor[],
    proposals: readonly Tensor[],
    batchSize: ImageSize,
    targets: readonly DetectionTarget[],
  ): DetectorLosses {
    const sampled = proposals.map((one, i) => this.sample(one, targets[i] as DetectionTarget))
    const boxes = sampled.map((one) => one.boxes)
    const { logits, codes } = this.box_predictor(
      this.box_head(this.pool.boxes(maps, boxes, batchSize)),
    )
    const labels = sampled.flatMap((one) => one.labels)
    const positive = [...labels.keys()].filter((row) => labels[row]! > 0)
    // Each region has codes for every class: only those of its own are compared.
    const own = indices(positive.map((row) => row * this.numClasses + (labels[row] as number)))
    const wanted = cat(sampled.map((one) => one.codes)).indexSelect(0, indices(positive))
    const said = codes.reshape([-1, 4]).indexSelect(0, own)
    const box = F.smoothL1Loss(said, wanted, { beta: 1 / 9, reduction: 'sum' })
    return {
      loss_classifier: F.crossEntropy(logits, indices(labels)),
      loss_box_reg: box.div(Math.max(labels.length, 1)),
      ...(this.pool.masks === null
        ? {}
        : { loss_mask: this.maskLoss(maps, sampled, batchSize, targets) }),
    }
  }

  private masks(maps: readonly Tensor[], boxes: readonly Tensor[], batchSize: ImageSize): Tensor {
    const features = (this.pool.masks as Pooler)(maps, boxes, batchSize)
    return (this.mask_predictor as nn.Module)((this.mask_head as nn.Module)(features))
  }

  private maskLoss(
    maps: readonly Tensor[],
    sampled: readonly Sampled[],
    batchSize: ImageSize,
    targets: readonly DetectionTarget[],
  ): Tensor {
    const positive = sampled.map(({ labels }) =>
      [...labels.keys()].filter((row) => labels[row]! > 0),
    )
    const boxes = sampled.map((one, i) =>
      one.boxes.indexSelect(0, indices(positive[i] as number[])),
    )
    const labels = sampled.flatMap((one, i) =>
      (positive[i] as number[]).map((row) => one.labels[row]!),
    )
    // Nothing to learn from, but the branch stays in the graph.
    if (labels.length === 0) {
      const first = (maps[0] as Tensor).narrow(0, 0, 1)
      return (this.mask_predictor as nn.Module)((this.mask_head as nn.Module)(first))
        .sum()
        .mul(0)
    }
    const logits = this.masks(maps, boxes, batchSize)
    const [, classes, side] = logits.shape as [number, number, number, number]
    const wanted = targets.map((target, i) => {
      const rows = positive[i] as number[]
      const objects = rows.map((row) => (sampled[i] as Sampled).objects[row] as number)
      const numbers = (boxes[i] as Tensor).newTensor(objects).reshape([-1, 1])
      const masks = (target.masks as Tensor).float().unsqueeze(1)
      if (rows.length === 0) return zeros([0, side, side])
      return roiAlign(masks, cat([numbers, boxes[i] as Tensor], 1), side).squeeze(1)
    })
    const own = indices(labels.map((label, row) => row * classes + label))
    const said = logits.reshape([-1, side, side]).indexSelect(0, own)
    return F.binaryCrossEntropyWithLogits(said, cat(wanted))
  }

  /** What is found in proposals `[K, 4]` of each image; masks are of the size of the mask head. */
  find(
    maps: readonly Tensor[],
    proposals: readonly Tensor[],
    batchSize: ImageSize,
    sizes: readonly ImageSize[],
  ): Detection[] {
    const counts = proposals.map((one) => one.shape[0] as number)
    const all = cat(proposals)
    const { logits, codes } = this.box_predictor(
      this.box_head(this.pool.boxes(maps, proposals, batchSize)),
    )
    const decoded = this.coder.decode(codes, all).reshape([-1, this.numClasses, 4])
    const [boxes, scores] = [decoded.split(counts), logits.softmax(1).split(counts)]
    const found = counts.map((_, i) =>
      selectDetections(
        clipBoxesToImage(boxes[i] as Tensor, sizes[i] as ImageSize),
        scores[i] as Tensor,
        this.selection,
      ),
    )
    if (this.pool.masks === null) return found
    return found.map((one, i) => {
      const empty = found.map((other, k) => (k === i ? other.boxes : other.boxes.narrow(0, 0, 0)))
      const masks = this.masks(maps, empty, batchSize).sigmoid()
      const [count, classes, side] = masks.shape as [number, number, number]
      const own = arange(count).mul(classes).add(one.labels)
      const chosen = masks.reshape([-1, side, side]).indexSelect(0, own)
      return { ...one, masks: chosen.unsqueeze(1) }
    })
  }
}

/**
 * Masks of boxes drawn into images: each is stretched over its box.
 *
 * Shapes: masks `[K, 1, M, M]`, boxes `[K, 4]` -> `[K, 1, H, W]`.
 *
 * @see torchvision.models.detection.roi_heads.paste_masks_in_image
 *
 * @example
 * ```ts
 * import { ones, tensor } from '@flambeau/core'
 * import { pasteMasks } from '@flambeau/vision-models'
 * const boxes = tensor([[2, 2, 5, 5]], { dtype: 'float32' })
 * const mask = pasteMasks(ones([1, 1, 4, 4]), boxes, [8, 8])
 * console.log(mask.shape, mask.gt(0.5).sum().item()) // => [ 1, 1, 8, 8 ] 9
 * ```
 */
export function pasteMasks(masks: Tensor, boxes: Tensor, size: ImageSize): Tensor {
  requireTensor('pasteMasks', 'masks', masks)
  requireTensor('pasteMasks', 'boxes', boxes)
  requireNumberList('pasteMasks', 'size', size, 2)
  const [height, width] = size
  const [count, , side] = masks.shape as [number, number, number, number]
  if (count === 0) return zeros([0, 1, height, width])
  // One pixel around, so that edges are soft on both sides.
  const padded = F.pad(masks, [1, 1, 1, 1])
  const grow = (side + 2) / side
  const corners = boxes.tolist() as [number, number, number, number][]
  const drawn = corners.map(([x1, y1, x2, y2], k) => {
    const [cx, cy] = [(x1 + x2) / 2, (y1 + y2) / 2]
    const [w, h] = [((x2 - x1) / 2) * grow, ((y2 - y1) / 2) * grow]
    const [left, top, right, bottom] = [cx - w, cy - h, cx + w, cy + h].map(Math.trunc) as [
      number,
      number,
      number,
      number,
    ]
    const size: [number, number] = [Math.max(bottom - top + 1, 1), Math.max(right - left + 1, 1)]
    const mask = F.interpolate(padded.narrow(0, k, 1), { size, mode: 'bilinear' })
    const out = zeros([1, height, width])
    const [x, y] = [Math.max(left, 0), Math.max(top, 0)]
    const [across, down] = [Math.min(right + 1, width) - x, Math.min(bottom + 1, height) - y]
    if (across > 0 && down > 0) {
      const part = mask
        .select(0, 0)
        .narrow(1, y - top, down)
        .narrow(2, x - left, across)
      out.narrow(1, y, down).narrow(2, x, across).copy_(part)
    }
    return out
  })
  return stack(drawn)
}
