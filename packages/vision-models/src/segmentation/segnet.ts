import type { Tensor } from '@flambeau/core'
import { requireNumberList, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

const F = nn.functional

/** A number of 3 × 3 convolutions, each with batch norm and ReLU. */
function stage(widths: readonly number[]): nn.Sequential {
  const layers = new nn.Sequential()
  for (let i = 1; i < widths.length; i++) {
    const [from, to] = [widths[i - 1] as number, widths[i] as number]
    layers.extend([
      new nn.Conv2d(from, to, 3, { padding: 1 }),
      new nn.BatchNorm2d(to),
      new nn.ReLU(),
    ])
  }
  return layers
}

export interface SegNetOptions {
  /** Default 21. */
  readonly numClasses?: number
  /** Default 3. */
  readonly inChannels?: number
  /** Channels at each resolution. Default those of VGG-16: `[64, 128, 256, 512, 512]`. */
  readonly features?: readonly number[]
  /** Convolutions at each resolution. Default those of VGG-16: `[2, 2, 3, 3, 3]`. */
  readonly convolutions?: readonly number[]
}

/**
 * SegNet: poolings remember where each maximum stood, and the way up puts values back there.
 *
 * Shapes: `[N, inChannels, H, W]`, sides of at least 2 for each resolution -> logits
 * `[N, numClasses, H, W]`.
 *
 * @throws {ShapeError} for images of other channels, or too small.
 * @see Badrinarayanan, Kendall and Cipolla 2015, https://arxiv.org/abs/1511.00561
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { SegNet } from '@flambeau/vision-models'
 * const net = new SegNet({ numClasses: 3, features: [8, 16], convolutions: [1, 2] })
 * console.log(net(ones([1, 3, 18, 27])).shape) // => [ 1, 3, 18, 27 ]
 * ```
 */
export class SegNet extends nn.Module {
  encoder: nn.ModuleList
  decoder: nn.ModuleList
  classifier: nn.Conv2d

  constructor(options: SegNetOptions = {}) {
    super()
    requireOptions(new.target.name, options)
    const { numClasses = 21, inChannels = 3 } = options
    const { features = [64, 128, 256, 512, 512], convolutions = [2, 2, 3, 3, 3] } = options
    this.encoder = new nn.ModuleList()
    this.decoder = new nn.ModuleList()
    let channels = inChannels
    requireNumberList('SegNet', 'features', features)
    const down: number[][] = features.map((width, i) => {
      const widths = [channels, ...Array.from({ length: convolutions[i] ?? 1 }, () => width)]
      channels = width
      return widths
    })
    for (const widths of down) this.encoder.append(stage(widths))
    // Backwards, each stage ends with the channels that the one before it began with.
    down.toReversed().forEach((widths) => {
      const [first = 1] = widths
      const last = first === inChannels ? (widths.at(-1) as number) : first
      this.decoder.append(stage([...widths.slice(1).toReversed(), last]))
    })
    this.classifier = new nn.Conv2d(features[0] ?? inChannels, numClasses, 1)
  }

  override forward(x: Tensor): Tensor {
    const places: { indices: Tensor; size: readonly number[] }[] = []
    let y = x
    for (const layer of this.encoder) {
      const seen = layer(y)
      const [values, indices] = F.maxPool2d(seen, 2, { stride: 2, returnIndices: true })
      places.push({ indices, size: seen.shape.slice(2) })
      y = values
    }
    for (const layer of this.decoder) {
      const { indices, size } = places.pop() as { indices: Tensor; size: [number, number] }
      y = layer(F.maxUnpool2d(y, indices, 2, { stride: 2, outputSize: size }))
    }
    return this.classifier(y)
  }
}
