/** Where objects may be: the first half of Faster R-CNN. */
import type { Tensor } from '@flambeau/core'
import { cat, randperm } from '@flambeau/core'
import { requireList, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import { AnchorGenerator, BoxCoder, matchAnchors } from './anchors.ts'
import { batchedNms, boxIou, clipBoxesToImage, removeSmallBoxes } from './boxes.ts'
import type { DetectionTarget, DetectorLosses, ImageSize } from './detector.ts'
import { renameKeys } from './feature-maps.ts'
import { indices } from './selection.ts'
import { byPlace } from './ssd.ts'

const F = nn.functional

/**
 * Chooses examples at random, so that objects are at most a share of them.
 *
 * @param labels 1 and up for objects, 0 for the background, below for neither.
 * @returns Their places, in order.
 */
export function balancedSample(
  labels: readonly number[],
  count: number,
  positiveShare: number,
): { positive: number[]; negative: number[] } {
  const places = [...labels.keys()]
  const choose = (all: number[], most: number): number[] => {
    if (all.length <= most) return all
    const order = randperm(all.length).narrow(0, 0, most).tolist() as number[]
    return order.map((i) => all[i] as number).toSorted((a, b) => a - b)
  }
  const objects = places.filter((i) => labels[i]! > 0)
  const positive = choose(objects, Math.floor(count * positiveShare))
  const background = places.filter((i) => labels[i] === 0)
  return { positive, negative: choose(background, count - positive.length) }
}

class RPNHead extends nn.Module<[maps: readonly Tensor[]], { scores: Tensor[]; codes: Tensor[] }> {
  conv: nn.Sequential
  cls_logits: nn.Conv2d
  bbox_pred: nn.Conv2d

  constructor(channels: number, perPlace: number) {
    super()
    const conv = new nn.Conv2d(channels, channels, 3, { padding: 1 })
    this.conv = new nn.Sequential(new nn.Sequential(conv, new nn.ReLU(true)))
    this.cls_logits = new nn.Conv2d(channels, perPlace, 1)
    this.bbox_pred = new nn.Conv2d(channels, 4 * perPlace, 1)
    for (const layer of [conv, this.cls_logits, this.bbox_pred]) {
      nn.init.normal_(layer.weight, 0, 0.01)
      nn.init.zeros_(layer.bias as nn.Parameter)
    }
    // Checkpoints from before torchvision 0.13 have one convolution without a place.
    this.registerLoadStateDictPreHook((_, state, prefix) => {
      renameKeys(state, prefix, /^conv\.(weight|bias)$/, 'conv.0.0.$1')
    })
  }

  override forward(maps: readonly Tensor[]): { scores: Tensor[]; codes: Tensor[] } {
    const hidden = maps.map((map) => this.conv(map))
    return {
      scores: hidden.map((map) => byPlace(this.cls_logits(map), 1).squeeze(2)),
      codes: hidden.map((map) => byPlace(this.bbox_pred(map), 4)),
    }
  }
}

/** Options of {@link RegionProposals}. */
export interface RegionProposalOptions {
  /** For each map, roots of the anchors' areas in pixels. */
  readonly anchorSizes: readonly (readonly number[])[]
  /** Height over width of the anchors of every map. Default [0.5, 1, 2]. */
  readonly aspectRatios?: readonly number[]
  /** Overlap from which on an anchor belongs to an object. Default 0.7. */
  readonly foreground?: number
  /** Overlap below which an anchor belongs to the background. Default 0.3. */
  readonly background?: number
  /** Anchors of an image that count in the loss. Default 256, at most half of them of objects. */
  readonly samples?: number
  /** Boxes of a map before suppression: in training and evaluation. Default [2000, 1000]. */
  readonly candidates?: readonly [training: number, evaluation: number]
  /** Boxes of an image that are proposed: in training and evaluation. Default [2000, 1000]. */
  readonly proposals?: readonly [training: number, evaluation: number]
  /** Default 0.7. */
  readonly nmsThreshold?: number
}

/**
 * The region proposal network: says of anchors around every place of every map whether there is an
 * object, and where exactly.
 *
 * Losses: `loss_objectness`, `loss_rpn_box_reg`.
 *
 * @see torchvision.models.detection.rpn.RegionProposalNetwork; Ren et al. 2015,
 * https://arxiv.org/abs/1506.01497
 *
 * @example
 * ```ts
 * import { rand } from '@flambeau/core'
 * import { RegionProposals } from '@flambeau/vision-models'
 * const rpn = new RegionProposals(8, { anchorSizes: [[16], [32]] })
 * const maps = [rand([1, 8, 8, 8]), rand([1, 8, 4, 4])]
 * const { proposals } = rpn(maps, [64, 64], [[64, 64]])
 * console.log(proposals[0]?.shape[1]) // => 4
 * ```
 */
export class RegionProposals extends nn.Module<
  [
    maps: readonly Tensor[],
    batchSize: ImageSize,
    sizes: readonly ImageSize[],
    targets?: readonly DetectionTarget[],
  ],
  { proposals: Tensor[]; losses: DetectorLosses }
> {
  readonly head: RPNHead
  readonly anchors: AnchorGenerator
  readonly coder: BoxCoder = new BoxCoder()
  readonly options: Required<RegionProposalOptions>

  constructor(channels: number, options: RegionProposalOptions) {
    super()
    requireOptions('RegionProposals', options, ['anchorSizes'])
    requireList('RegionProposals', 'anchorSizes', options.anchorSizes, 'a list of lists of sizes')
    const { anchorSizes, aspectRatios = [0.5, 1, 2] } = options
    this.options = {
      aspectRatios,
      foreground: 0.7,
      background: 0.3,
      samples: 256,
      candidates: [2000, 1000],
      proposals: [2000, 1000],
      nmsThreshold: 0.7,
      ...options,
    }
    this.anchors = new AnchorGenerator(
      anchorSizes,
      anchorSizes.map(() => aspectRatios),
    )
    this.head = new RPNHead(channels, this.anchors.perPlace[0] as number)
  }

  override forward(
    maps: readonly Tensor[],
    batchSize: ImageSize,
    sizes: readonly ImageSize[],
    targets?: readonly DetectionTarget[],
  ): { proposals: Tensor[]; losses: DetectorLosses } {
    const { scores, codes } = this.head(maps)
    const mapSizes = maps.map((map) => map.shape.slice(2) as unknown as ImageSize)
    const anchors = this.anchors.forMaps(mapSizes, batchSize)
    const [allScores, allCodes] = [cat(scores, 1), cat(codes, 1)]
    const counts = scores.map((one) => one.shape[1] as number)
    const proposals = sizes.map((size, i) =>
      this.propose(
        this.coder.decode(allCodes.select(0, i).detach(), anchors),
        allScores.select(0, i).detach(),
        counts,
        size,
      ),
    )
    const losses = targets === undefined ? {} : this.losses(allScores, allCodes, anchors, targets)
    return { proposals, losses }
  }

  /** The best boxes of an image, chosen map by map. */
  private propose(
    boxes: Tensor,
    scores: Tensor,
    counts: readonly number[],
    size: ImageSize,
  ): Tensor {
    const { candidates, proposals, nmsThreshold } = this.options
    const mode = this.training ? 0 : 1
    const rows: Tensor[] = []
    const levels: number[] = []
    let from = 0
    counts.forEach((count, level) => {
      const most = Math.min(count, candidates[mode])
      rows.push(scores.narrow(0, from, count).topk(most).indices.add(from))
      for (let i = 0; i < most; i++) levels.push(level)
      from += count
    })
    const best = cat(rows)
    const inside = clipBoxesToImage(boxes.indexSelect(0, best), size)
    const large = removeSmallBoxes(inside, 1e-3)
    const chosen = inside.indexSelect(0, large)
    const kept = batchedNms(
      chosen,
      scores.indexSelect(0, best).sigmoid().indexSelect(0, large),
      indices(levels).indexSelect(0, large),
      nmsThreshold,
    )
    const most = Math.min(kept.shape[0] as number, proposals[mode])
    return chosen.indexSelect(0, kept.narrow(0, 0, most))
  }

  private losses(
    scores: Tensor,
    codes: Tensor,
    anchors: Tensor,
    targets: readonly DetectionTarget[],
  ): DetectorLosses {
    const { foreground, background, samples } = this.options
    const count = anchors.shape[0] as number
    const [positives, all, truths, wanted]: [number[], number[], number[], Tensor[]] = [
      [],
      [],
      [],
      [],
    ]
    targets.forEach(({ boxes }, image) => {
      const { matched } = matchAnchors(boxIou(boxes, anchors), foreground, background, true)
      const objects = matched.tolist() as number[]
      // An object of number 0 is one, what belongs to neither is not chosen.
      const labels = objects.map((object) => (object >= 0 ? 1 : object === -1 ? 0 : -1))
      const { positive, negative } = balancedSample(labels, samples, 0.5)
      const at = (place: number): number => image * count + place
      positives.push(...positive.map(at))
      all.push(...positive.map(at), ...negative.map(at))
      truths.push(...positive.map(() => 1), ...negative.map(() => 0))
      const own = boxes.indexSelect(0, indices(positive.map((place) => objects[place] as number)))
      wanted.push(this.coder.encode(own, anchors.indexSelect(0, indices(positive))))
    })
    const said = codes.reshape([-1, 4]).indexSelect(0, indices(positives))
    const box = F.smoothL1Loss(said, cat(wanted), { beta: 1 / 9, reduction: 'sum' })
    const logits = scores.flatten().indexSelect(0, indices(all))
    return {
      loss_objectness: F.binaryCrossEntropyWithLogits(logits, logits.newTensor(truths)),
      loss_rpn_box_reg: box.div(all.length),
    }
  }
}
