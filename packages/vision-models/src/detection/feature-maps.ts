/** Networks that give several maps of features of an image. */
import type { Tensor } from '@flambeau/core'
import { ones, rsqrt, zeros } from '@flambeau/core'
import {
  requireCount,
  requireInstance,
  requireNumberList,
  requireOptions,
  requireTensor,
  requireTensors,
} from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'
import type { ResNetDepth } from '../classification/resnet.ts'
import { ResNet } from '../classification/resnet.ts'

const F = nn.functional

/**
 * A network from images `[N, 3, H, W]` to maps of features, the finest first: what detectors stand on.
 *
 * @example
 * ```ts
 * import type { Tensor } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * import { FastRCNN, FeatureMaps } from '@flambeau/vision-models'
 * class Plain extends FeatureMaps {
 *   readonly outChannels = [8]
 *   readonly conv = new nn.Conv2d(3, 8, 3, { stride: 4, padding: 1 })
 *   override forward(images: Tensor): Tensor[] {
 *     return [this.conv(images).relu()]
 *   }
 * }
 * console.log(new FastRCNN({ numClasses: 3, backbone: new Plain() }).backbone.outChannels) // => [ 8 ]
 * ```
 */
export abstract class FeatureMaps extends nn.Module<[images: Tensor], Tensor[]> {
  /** Channels of each map. */
  abstract readonly outChannels: readonly number[]
}

/**
 * A small network from scratch: 3 × 3 convolutions with batch norm, each halving the size, of which the
 * last ones' maps are given.
 *
 * Shapes: `[N, inChannels, H, W]` -> `levels` maps; the last has stride 2^widths.length.
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { SmallBackbone } from '@flambeau/vision-models'
 * const net = new SmallBackbone({ widths: [8, 16, 32], levels: 2 })
 * console.log(net(ones([1, 3, 32, 32])).map((map) => map.shape[2])) // => [ 8, 4 ]
 * ```
 */
export class SmallBackbone extends FeatureMaps {
  readonly outChannels: readonly number[]
  stages: nn.ModuleList<nn.Sequential>
  readonly levels: number

  constructor(
    options: {
      /** Channels after each halving. Default [16, 32, 64, 96, 128]. */
      widths?: readonly number[]
      /** How many maps are given. Default 3. */
      levels?: number
      /** Default 3. */
      inChannels?: number
    } = {},
  ) {
    super()
    requireOptions(new.target.name, options)
    const { widths = [16, 32, 64, 96, 128], levels = 3, inChannels = 3 } = options
    requireNumberList('SmallBackbone', 'widths', widths)
    requireCount('SmallBackbone', 'levels', levels, 1)
    this.levels = Math.min(levels, widths.length)
    this.outChannels = widths.slice(-this.levels)
    let channels = inChannels
    this.stages = new nn.ModuleList(
      widths.map((width, i) => {
        const layers = [...convolution(channels, width, 2)]
        if (i > 0) layers.push(...convolution(width, width, 1))
        channels = width
        return new nn.Sequential(...layers)
      }),
    )
  }

  override forward(images: Tensor): Tensor[] {
    const maps: Tensor[] = []
    let x = images
    for (const stage of this.stages) maps.push((x = stage(x)))
    return maps.slice(-this.levels)
  }
}

/** A 3 × 3 convolution, batch norm and rectifier. */
export function* convolution(from: number, to: number, stride: number): Generator<nn.Module> {
  const conv = new nn.Conv2d(from, to, 3, { stride, padding: 1, bias: false })
  nn.init.kaimingNormal_(conv.weight, { mode: 'fanOut', nonlinearity: 'relu' })
  yield conv
  yield new nn.BatchNorm2d(to)
  yield new nn.ReLU(true)
}

/**
 * Batch norm with statistics and weights that stay as they were loaded: y = (x - mean) / √(var + eps) ·
 * weight + bias. All are buffers.
 *
 * Shapes: `[N, C, H, W]` -> the same.
 *
 * @see torchvision.ops.FrozenBatchNorm2d
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { FrozenBatchNorm2d } from '@flambeau/vision-models'
 * const norm = new FrozenBatchNorm2d(2, 0)
 * console.log(norm(ones([1, 2, 1, 1])).flatten().tolist(), [...norm.parameters()].length)
 * // => [ 1, 1 ] 0
 * ```
 */
export class FrozenBatchNorm2d extends nn.Module {
  declare readonly weight: Tensor
  declare readonly bias: Tensor
  declare readonly running_mean: Tensor
  declare readonly running_var: Tensor
  readonly eps: number

  constructor(channels: number, eps: number = 1e-5) {
    super()
    this.eps = eps
    this.registerBuffer('weight', ones([channels]))
    this.registerBuffer('bias', zeros([channels]))
    this.registerBuffer('running_mean', zeros([channels]))
    this.registerBuffer('running_var', ones([channels]))
    // Checkpoints of a batch norm that learned have one more.
    this.registerLoadStateDictPreHook((_, state, prefix) => {
      Reflect.deleteProperty(state, `${prefix}num_batches_tracked`)
    })
  }

  override forward(x: Tensor): Tensor {
    const column = (values: Tensor): Tensor => values.reshape([1, -1, 1, 1])
    const scale = this.weight.mul(rsqrt(this.running_var.add(this.eps)))
    const shift = this.bias.sub(this.running_mean.mul(scale))
    requireTensor('FrozenBatchNorm2d', 'x', x)
    return x.mul(column(scale)).add(column(shift))
  }
}

/**
 * The maps of a ResNet's four stages, at strides 4, 8, 16 and 32, with torchvision's keys.
 *
 * @see torchvision.models._utils.IntermediateLayerGetter
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { ResNetStages } from '@flambeau/vision-models'
 * const net = new ResNetStages(18)
 * console.log(net.outChannels, net(ones([1, 3, 64, 64])).map((map) => map.shape[2]))
 * // => [ 64, 128, 256, 512 ] [ 16, 8, 4, 2 ]
 * ```
 */
export class ResNetStages extends FeatureMaps {
  readonly outChannels: readonly number[]
  conv1: nn.Module
  bn1: nn.Module
  layer1: nn.Sequential
  layer2: nn.Sequential
  layer3: nn.Sequential
  layer4: nn.Sequential

  /** @param norm `frozen` for weights that were learned elsewhere, `batch` from scratch. Default `frozen`. */
  constructor(depth: ResNetDepth, norm: 'frozen' | 'batch' = 'frozen') {
    super()
    const net = new ResNet(depth)
    if (norm === 'frozen') freezeNorms(net)
    const { conv1, bn1, layer1, layer2, layer3, layer4 } = net
    ;[this.conv1, this.bn1] = [conv1, bn1]
    ;[this.layer1, this.layer2, this.layer3, this.layer4] = [layer1, layer2, layer3, layer4]
    const deepest = depth > 34 ? 2048 : 512
    this.outChannels = [deepest / 8, deepest / 4, deepest / 2, deepest]
  }

  override forward(images: Tensor): Tensor[] {
    const stem = F.maxPool2d(F.relu(this.bn1(this.conv1(images))), 3, { stride: 2, padding: 1 })
    const c2 = this.layer1(stem)
    const c3 = this.layer2(c2)
    const c4 = this.layer3(c3)
    return [c2, c3, c4, this.layer4(c4)]
  }
}

/** Puts a {@link FrozenBatchNorm2d} in the place of each batch norm below. */
function freezeNorms(root: nn.Module): void {
  for (const module of [...root.modules()]) {
    for (const [name, child] of [...module.namedChildren()]) {
      if (!(child instanceof nn.BatchNorm2d)) continue
      module.registerModule(name, new FrozenBatchNorm2d(child.numFeatures, child.eps))
    }
  }
}

/** The convolution of a pyramid, under the key that torchvision gives it. */
function lateral(from: number, to: number, kernelSize: 1 | 3): nn.Sequential {
  const conv = new nn.Conv2d(from, to, kernelSize, { padding: kernelSize === 3 ? 1 : 0 })
  nn.init.kaimingUniform_(conv.weight, { a: 1 })
  nn.init.zeros_(conv.bias as nn.Parameter)
  return new nn.Sequential(conv)
}

/**
 * A feature pyramid: coarse maps, which know what there is, are added to fine ones, which know where.
 * One more map of half the size of the last is given at the end.
 *
 * Shapes: maps of `inChannels`, the finest first -> one more, all of `outChannels`.
 *
 * @see torchvision.ops.FeaturePyramidNetwork; Lin et al. 2016, https://arxiv.org/abs/1612.03144
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { FeaturePyramid } from '@flambeau/vision-models'
 * const pyramid = new FeaturePyramid([8, 16], 4)
 * const maps = pyramid([ones([1, 8, 12, 12]), ones([1, 16, 6, 6])])
 * console.log(maps.map((map) => map.shape.slice(1))) // => [ [ 4, 12, 12 ], [ 4, 6, 6 ], [ 4, 3, 3 ] ]
 * ```
 */
export class FeaturePyramid extends nn.Module<[maps: readonly Tensor[]], Tensor[]> {
  inner_blocks: nn.ModuleList<nn.Sequential>
  layer_blocks: nn.ModuleList<nn.Sequential>

  constructor(inChannels: readonly number[], outChannels: number) {
    super()
    requireNumberList('FeaturePyramid', 'inChannels', inChannels)
    this.inner_blocks = new nn.ModuleList(inChannels.map((from) => lateral(from, outChannels, 1)))
    this.layer_blocks = new nn.ModuleList(
      inChannels.map(() => lateral(outChannels, outChannels, 3)),
    )
    // Checkpoints from before torchvision 0.13 have the convolutions without their `0.`.
    this.registerLoadStateDictPreHook((_, state, prefix) => {
      renameKeys(state, prefix, /^((?:inner|layer)_blocks\.\d+)\.(weight|bias)$/, '$1.0.$2')
    })
  }

  override forward(maps: readonly Tensor[]): Tensor[] {
    requireTensors('FeaturePyramid', 'maps', maps, this.inner_blocks.length)
    const out: Tensor[] = []
    let above: Tensor | null = null
    for (let i = maps.length - 1; i >= 0; i--) {
      const own: Tensor = (this.inner_blocks[i] as nn.Sequential)(maps[i] as Tensor)
      const size = own.shape.slice(2) as [number, number]
      above = above === null ? own : own.add(F.interpolate(above, { size, mode: 'nearest' }))
      out.unshift((this.layer_blocks[i] as nn.Sequential)(above))
    }
    out.push(F.maxPool2d(out.at(-1) as Tensor, 1, { stride: 2 }))
    return out
  }
}

/** Gives keys below a prefix the names that they have today. */
export function renameKeys(
  state: Record<string, Tensor>,
  prefix: string,
  from: RegExp,
  to: string,
): void {
  for (const key of Object.keys(state)) {
    if (!key.startsWith(prefix)) continue
    const rest = key.slice(prefix.length)
    if (!from.test(rest)) continue
    state[prefix + rest.replace(from, to)] = state[key] as Tensor
    Reflect.deleteProperty(state, key)
  }
}

/**
 * A network with a feature pyramid on top, under torchvision's keys `body` and `fpn`.
 *
 * @see torchvision.models.detection.backbone_utils.BackboneWithFPN
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { PyramidBackbone, SmallBackbone } from '@flambeau/vision-models'
 * const net = new PyramidBackbone(new SmallBackbone({ widths: [8, 16, 32], levels: 2 }), 16)
 * console.log(net(ones([1, 3, 64, 64])).map((map) => map.shape[2])) // => [ 16, 8, 4 ]
 * ```
 */
export class PyramidBackbone extends FeatureMaps {
  readonly outChannels: readonly number[]
  readonly body: FeatureMaps
  readonly fpn: FeaturePyramid

  constructor(body: FeatureMaps, outChannels: number = 256) {
    super()
    this.body = body
    requireInstance('PyramidBackbone', 'body', body, FeatureMaps)
    this.fpn = new FeaturePyramid(body.outChannels, outChannels)
    this.outChannels = Array.from({ length: body.outChannels.length + 1 }, () => outChannels)
  }

  override forward(images: Tensor): Tensor[] {
    return this.fpn(this.body(images))
  }
}
