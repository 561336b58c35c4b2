import type { Tensor } from '@flambeau/core'
import { arange, cat, meshgrid, ones, stack, tensor } from '@flambeau/core'
import {
  requireInstance,
  requireList,
  requireNumberList,
  requireOptions,
} from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { vggFeatures } from '../classification/vgg.ts'
import { BoxCoder, matchAnchors } from './anchors.ts'
import { boxIou, clipBoxesToImage } from './boxes.ts'
import type { Detection, DetectionTarget, DetectorLosses, ImageSize } from './detector.ts'
import { Detector, ImageBatcher } from './detector.ts'
import { FeatureMaps, SmallBackbone } from './feature-maps.ts'
import type { SelectionOptions } from './selection.ts'
import { indices, selectDetections } from './selection.ts'

const F = nn.functional

/** Which boxes an SSD starts from. */
export interface DefaultBoxOptions {
  /** For each map, shapes beside the square: width over height; each is turned as well. */
  readonly aspectRatios: readonly (readonly number[])[]
  /** Sizes as shares of the image, one more than maps. Default from 0.15 to 0.9, and 1. */
  readonly scales?: readonly number[]
  /** Pixels between neighbours of each map. Default: as the map's size says. */
  readonly steps?: readonly number[]
}

/**
 * The boxes that SSD starts from: two squares and the given shapes around each place of each map.
 *
 * @see torchvision.models.detection.anchor_utils.DefaultBoxGenerator
 *
 * @example
 * ```ts
 * import { DefaultBoxes } from '@flambeau/vision-models'
 * const boxes = new DefaultBoxes({ aspectRatios: [[2], [2]] })
 * console.log(boxes.perPlace, boxes.forMaps([[4, 4], [2, 2]], [64, 64]).shape)
 * // => [ 4, 4 ] [ 80, 4 ]
 * ```
 */
export class DefaultBoxes {
  readonly aspectRatios: readonly (readonly number[])[]
  readonly scales: readonly number[]
  readonly steps: readonly number[] | null

  constructor(options: DefaultBoxOptions) {
    requireOptions('DefaultBoxes', options, ['aspectRatios'])
    requireList('DefaultBoxes', 'aspectRatios', options.aspectRatios, 'a list for each map')
    const { aspectRatios, steps = null } = options
    const count = aspectRatios.length
    const between = (k: number): number => 0.15 + (0.75 * k) / (count - 1)
    const guessed = count === 1 ? [0.15, 0.9] : [...aspectRatios.map((_, k) => between(k)), 1]
    this.aspectRatios = aspectRatios
    this.steps = steps
    this.scales = options.scales ?? guessed
  }

  /** Boxes at each place, for each map. */
  get perPlace(): number[] {
    return this.aspectRatios.map((ratios) => 2 + 2 * ratios.length)
  }

  /** All boxes, map by map, row by row: `[A, 4]` in pixels of an image of that size. */
  forMaps(maps: readonly ImageSize[], size: ImageSize): Tensor {
    requireNumberList('DefaultBoxes', 'size', size, 2)
    const [height, width] = size
    requireList('DefaultBoxes', 'maps', maps, 'a list of sizes')
    const all = maps.map(([rows, columns], k) => {
      const step = this.steps?.[k]
      const [down, across] = step === undefined ? [rows, columns] : [height / step, width / step]
      const [y, x] = meshgrid(
        [arange(rows).add(0.5).div(down), arange(columns).add(0.5).div(across)],
        { indexing: 'ij' },
      ) as [Tensor, Tensor]
      const centres = stack([x.flatten(), y.flatten()], 1).unsqueeze(1)
      const halves = tensor(this.#sizes(k), { dtype: 'float32' }).clamp(0, 1).div(2)
      return cat([centres.sub(halves), centres.add(halves)], 2).reshape([-1, 4])
    })
    return cat(all).mul(tensor([width, height, width, height]))
  }

  /** Widths and heights at map k as shares of the image. */
  #sizes(k: number): number[][] {
    const [own, next] = [this.scales[k] as number, this.scales[k + 1] as number]
    const between = Math.sqrt(own * next)
    const shaped = (this.aspectRatios[k] as readonly number[]).flatMap((ratio) => {
      const [long, short] = [own * Math.sqrt(ratio), own / Math.sqrt(ratio)]
      return [
        [long, short],
        [short, long],
      ]
    })
    return [[own, own], [between, between], ...shaped]
  }
}

/** A 3 × 3 convolution for each map, and their outputs place by place: `[N, A, columns]`. */
class MapHead extends nn.Module<[maps: readonly Tensor[]]> {
  module_list: nn.ModuleList<nn.Conv2d>
  readonly columns: number

  constructor(channels: readonly number[], perPlace: readonly number[], columns: number) {
    super()
    this.columns = columns
    this.module_list = new nn.ModuleList(
      channels.map((from, i) => {
        const conv = new nn.Conv2d(from, (perPlace[i] as number) * columns, 3, { padding: 1 })
        nn.init.xavierUniform_(conv.weight)
        nn.init.zeros_(conv.bias as nn.Parameter)
        return conv
      }),
    )
  }

  override forward(maps: readonly Tensor[]): Tensor {
    const parts = maps.map((map, i) =>
      byPlace((this.module_list[i] as nn.Conv2d)(map), this.columns),
    )
    return cat(parts, 1)
  }
}

/** Outputs of a map place by place: `[N, A · columns, H, W]` -> `[N, H · W · A, columns]`. */
export function byPlace(output: Tensor, columns: number): Tensor {
  const [count, , height, width] = output.shape as [number, number, number, number]
  const split = output.reshape([count, -1, columns, height, width])
  return split.permute(0, 3, 4, 1, 2).reshape([count, -1, columns])
}

class SSDHead extends nn.Module<[maps: readonly Tensor[]], { boxes: Tensor; logits: Tensor }> {
  readonly classification_head: MapHead
  readonly regression_head: MapHead

  constructor(channels: readonly number[], perPlace: readonly number[], numClasses: number) {
    super()
    this.classification_head = new MapHead(channels, perPlace, numClasses)
    this.regression_head = new MapHead(channels, perPlace, 4)
  }

  override forward(maps: readonly Tensor[]): { boxes: Tensor; logits: Tensor } {
    return { boxes: this.regression_head(maps), logits: this.classification_head(maps) }
  }
}

/** Options of {@link SSD}. */
export interface SSDOptions extends Partial<SelectionOptions> {
  /** With the background. Default 91, COCO's. */
  readonly numClasses?: number
  /** What every image is resized to. Default [300, 300]. */
  readonly size?: ImageSize
  /** Overlap from which on a default box belongs to an object. Default 0.5. */
  readonly iouThreshold?: number
  /** Background boxes that count, to one of an object. Default 3. */
  readonly negatives?: number
  /** Subtracted from each channel of an image. Default ImageNet's. */
  readonly mean?: readonly number[]
  /** What each channel is then divided by. Default ImageNet's. */
  readonly std?: readonly number[]
}

/**
 * SSD: each place of several maps of features says of its default boxes what they are and how they lie.
 * Of the background, only the boxes that are mistaken most count in the loss.
 *
 * Losses: `bbox_regression`, `classification`.
 *
 * @see torchvision.models.detection.ssd.SSD; Liu et al. 2015, https://arxiv.org/abs/1512.02325
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { DefaultBoxes, SmallBackbone, SSD } from '@flambeau/vision-models'
 * const backbone = new SmallBackbone({ widths: [8, 16, 32], levels: 2 })
 * const boxes = new DefaultBoxes({ aspectRatios: [[2], [2]] })
 * const net = new SSD(backbone, boxes, { numClasses: 4, size: [48, 48] })
 * const [found] = net.detect([rand([3, 60, 40])])
 * console.log(found?.boxes.shape[1]) // => 4
 * ```
 */
export class SSD extends Detector {
  readonly numClasses: number
  readonly backbone: FeatureMaps
  readonly head: SSDHead
  readonly defaultBoxes: DefaultBoxes
  readonly batcher: ImageBatcher
  readonly coder: BoxCoder = new BoxCoder([10, 10, 5, 5])
  readonly iouThreshold: number
  readonly negatives: number
  readonly selection: SelectionOptions

  constructor(backbone: FeatureMaps, defaultBoxes: DefaultBoxes, options: SSDOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { numClasses = 91, size = [300, 300], mean, std } = options
    this.numClasses = numClasses
    this.backbone = backbone
    this.defaultBoxes = defaultBoxes
    requireInstance('SSD', 'backbone', backbone, FeatureMaps)
    requireInstance('SSD', 'defaultBoxes', defaultBoxes, DefaultBoxes)
    this.head = new SSDHead(backbone.outChannels, defaultBoxes.perPlace, numClasses)
    this.batcher = new ImageBatcher({
      fixedSize: size,
      ...(mean === undefined ? {} : { mean }),
      ...(std === undefined ? {} : { std }),
    })
    this.iouThreshold = options.iouThreshold ?? 0.5
    this.negatives = options.negatives ?? 3
    this.selection = {
      scoreThreshold: options.scoreThreshold ?? 0.01,
      nmsThreshold: options.nmsThreshold ?? 0.45,
      detectionsPerImage: options.detectionsPerImage ?? 200,
      candidatesPerClass: options.candidatesPerClass ?? 400,
    }
  }

  private boxesFor(maps: readonly Tensor[], size: ImageSize): Tensor {
    const sizes = maps.map((map) => map.shape.slice(2) as unknown as ImageSize)
    return this.defaultBoxes.forMaps(sizes, size)
  }

  /** The object of each default box: its number, or -1. Each object has its best box at least. */
  private match(boxes: Tensor, anchors: Tensor): number[] {
    if (boxes.shape[0] === 0) return Array.from({ length: anchors.shape[0] as number }, () => -1)
    const iou = boxIou(boxes, anchors)
    const { iouThreshold: at } = this
    const matched = matchAnchors(iou, at, at, false).matched.tolist() as number[]
    const best = iou.argmax(1).tolist() as number[]
    best.forEach((anchor, object) => (matched[anchor] = object))
    return matched
  }

  protected override computeLosses(
    images: readonly Tensor[],
    given: readonly DetectionTarget[],
  ): DetectorLosses {
    const batch = this.batcher.batch(images)
    const targets = this.batcher.targets(batch, given)
    const maps = this.backbone(batch.tensor)
    const { boxes, logits } = this.head(maps)
    const anchors = this.boxesFor(maps, batch.tensor.shape.slice(2) as unknown as ImageSize)
    let objects = 0
    const boxLosses: Tensor[] = []
    const classes = targets.map((target, i) => {
      const matched = this.match(target.boxes, anchors)
      const rows = indices([...matched.keys()].filter((row) => matched[row]! >= 0))
      const own = indices(matched.filter((object) => object >= 0))
      objects += own.numel()
      const wanted = this.coder.encode(
        target.boxes.indexSelect(0, own),
        anchors.indexSelect(0, rows),
      )
      const said = boxes.select(0, i).indexSelect(0, rows)
      boxLosses.push(F.smoothL1Loss(said, wanted, { reduction: 'sum' }))
      const labels = target.labels.tolist() as number[]
      return indices(matched.map((object) => (object < 0 ? 0 : (labels[object] as number))))
    })
    const wanted = stack(classes)
    const loss = F.crossEntropy(logits.reshape([-1, this.numClasses]), wanted.flatten(), {
      reduction: 'none',
    }).reshape(wanted.shape)
    const counted = this.counted(loss.detach(), wanted.gt(0))
    const count = Math.max(1, objects)
    return {
      bbox_regression: stack(boxLosses).sum().div(count),
      classification: loss.mul(counted).sum().div(count),
    }
  }

  /** Which boxes count in the classification: those of objects, and the worst of the background. */
  private counted(loss: Tensor, isObject: Tensor): Tensor {
    const background = loss.maskedFill(isObject, -Infinity)
    const rank = background.argsort(1, true).argsort(1)
    const most = isObject.sum({ dim: 1, keepdim: true }).mul(this.negatives)
    return rank.lt(most).logicalOr(isObject).to(loss.dtype)
  }

  protected override find(images: readonly Tensor[]): Detection[] {
    const batch = this.batcher.batch(images)
    const maps = this.backbone(batch.tensor)
    const { boxes, logits } = this.head(maps)
    const size = batch.tensor.shape.slice(2) as unknown as ImageSize
    const anchors = this.boxesFor(maps, size)
    const found = images.map((_, i) => {
      const own = clipBoxesToImage(this.coder.decode(boxes.select(0, i), anchors), size)
      return selectDetections(own, logits.select(0, i).softmax(1), this.selection)
    })
    return this.batcher.restore(batch, found)
  }
}

/**
 * VGG-16 for SSD: the map before its fourth pooling, scaled to a learned length, then the converted
 * linear layers and four coarser stages. 300 pixels a side give maps of 38, 19, 10, 5, 3 and 1.
 *
 * @see torchvision.models.detection.ssd.SSDFeatureExtractorVGG
 *
 * @example
 * ```ts
 * import { SSDBackbone } from '@flambeau/vision-models'
 * console.log(new SSDBackbone().outChannels) // => [ 512, 1024, 512, 256, 256, 256 ]
 * ```
 */
export class SSDBackbone extends FeatureMaps {
  readonly outChannels: readonly number[] = [512, 1024, 512, 256, 256, 256]
  scale_weight: nn.Parameter
  features: nn.Sequential
  extra: nn.ModuleList<nn.Sequential>

  constructor() {
    super()
    const vgg = vggFeatures(16, 3, false)
    for (const module of vgg) {
      if (!(module instanceof nn.Conv2d)) continue
      nn.init.kaimingNormal_(module.weight, { mode: 'fanOut', nonlinearity: 'relu' })
      nn.init.zeros_(module.bias as nn.Parameter)
    }
    // As in the paper, 75 is halved to 38.
    vgg[16] = new nn.MaxPool2d(2, { stride: 2, ceilMode: true })
    this.scale_weight = new nn.Parameter(ones([512]).mul(20))
    this.features = vgg.slice(0, 23)
    const stages = [
      narrowThenWide(1024, 256, { stride: 2, padding: 1 }),
      narrowThenWide(512, 128, { stride: 2, padding: 1 }),
      narrowThenWide(256, 128, {}),
      narrowThenWide(256, 128, {}),
    ]
    const converted = new nn.Sequential(
      new nn.MaxPool2d(3, { stride: 1, padding: 1 }),
      new nn.Conv2d(512, 1024, 3, { padding: 6, dilation: 6 }),
      new nn.ReLU(true),
      new nn.Conv2d(1024, 1024, 1),
      new nn.ReLU(true),
    )
    for (const part of [...stages, converted]) drawEvenly(part)
    this.extra = new nn.ModuleList([vgg.slice(23, 30).append(converted), ...stages])
  }

  override forward(images: Tensor): Tensor[] {
    let x = this.features(images)
    const maps = [this.scale_weight.reshape([1, -1, 1, 1]).mul(F.normalize(x))]
    for (const stage of this.extra) maps.push((x = stage(x)))
    return maps
  }
}

function narrowThenWide(from: number, width: number, wide: object): nn.Sequential {
  return new nn.Sequential(
    new nn.Conv2d(from, width, 1),
    new nn.ReLU(true),
    new nn.Conv2d(width, 2 * width, 3, wide),
    new nn.ReLU(true),
  )
}

function drawEvenly(part: nn.Module): void {
  for (const layer of part.modules()) {
    if (!(layer instanceof nn.Conv2d)) continue
    nn.init.xavierUniform_(layer.weight)
    nn.init.zeros_(layer.bias as nn.Parameter)
  }
}

/**
 * SSD300 on VGG-16, with torchvision's state-dict keys.
 *
 * @see torchvision.models.detection.ssd300_vgg16; Liu et al. 2015, https://arxiv.org/abs/1512.02325
 *
 * @example
 * ```ts
 * import { SSD300 } from '@flambeau/vision-models'
 * const net = new SSD300({ numClasses: 21 })
 * console.log(net.defaultBoxes.perPlace) // => [ 4, 6, 6, 6, 4, 4 ]
 * ```
 */
export class SSD300 extends SSD {
  constructor(options: Omit<SSDOptions, 'size'> = {}) {
    const boxes = new DefaultBoxes({
      aspectRatios: [[2], [2, 3], [2, 3], [2, 3], [2], [2]],
      scales: [0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05],
      steps: [8, 16, 32, 64, 100, 300],
    })
    const whole = 1 / 255
    super(new SSDBackbone(), boxes, {
      mean: [0.48235, 0.45882, 0.40784],
      std: [whole, whole, whole],
      ...options,
      size: [300, 300],
    })
  }
}

/** Options of {@link SmallSSD}. */
export interface SmallSSDOptions extends SSDOptions {
  /** Channels after each halving; the last three give maps. Default [16, 32, 64, 96, 128]. */
  readonly widths?: readonly number[]
  /** Sizes of default boxes as shares of the image, one more than maps. Default [0.2, 0.35, 0.6, 0.9]. */
  readonly scales?: readonly number[]
}

/**
 * An SSD that learns from scratch on two cores: {@link SmallBackbone} with three maps.
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { SmallSSD } from '@flambeau/vision-models'
 * const net = new SmallSSD({ numClasses: 11, size: [96, 96] })
 * console.log(net.detect(rand([2, 3, 96, 96])).length) // => 2
 * ```
 */
export class SmallSSD extends SSD {
  constructor(options: SmallSSDOptions = {}) {
    requireOptions('SmallSSD', options)
    const { widths = [16, 32, 64, 96, 128], scales = [0.2, 0.35, 0.6, 0.9] } = options
    const boxes = new DefaultBoxes({ aspectRatios: [[1.5], [1.5], [1.5]], scales })
    super(new SmallBackbone({ widths, levels: 3 }), boxes, {
      size: [128, 128],
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
      ...options,
    })
  }
}
