/** The parts that YOLO's fifth form is made of. */
import type { Tensor } from '@flambeau/core'
import { cat } from '@flambeau/core'
import { requireCount, requireOptions } from '@flambeau/core/internal'
import * as nn from '@flambeau/nn'

const F = nn.functional

/** A convolution, batch norm and SiLU. */
export class ConvBlock extends nn.Module {
  conv: nn.Conv2d
  bn: nn.BatchNorm2d

  constructor(from: number, to: number, kernelSize = 1, stride = 1) {
    super()
    const padding = Math.floor(kernelSize / 2) === 3 ? 2 : Math.floor(kernelSize / 2)
    this.conv = new nn.Conv2d(from, to, kernelSize, { stride, padding, bias: false })
    this.bn = new nn.BatchNorm2d(to, { eps: 1e-3 })
  }

  override forward(x: Tensor): Tensor {
    return F.silu(this.bn(this.conv(x)))
  }
}

class NarrowBlock extends nn.Module {
  readonly cv1: ConvBlock
  readonly cv2: ConvBlock
  readonly add: boolean

  constructor(width: number, add: boolean) {
    super()
    this.cv1 = new ConvBlock(width, width)
    this.cv2 = new ConvBlock(width, width, 3)
    this.add = add
  }

  override forward(x: Tensor): Tensor {
    const y = this.cv2(this.cv1(x))
    return this.add ? x.add(y) : y
  }
}

/**
 * A cross-stage partial block: half of the channels go through residual blocks, half past them.
 *
 * Shapes: `[N, from, H, W]` -> `[N, to, H, W]`.
 *
 * @param count Residual blocks. @param add Do they add their input? Default true.
 * @see Wang et al. 2019, https://arxiv.org/abs/1911.11929
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { C3 } from '@flambeau/vision-models'
 * console.log(new C3(8, 16, 2)(ones([1, 8, 6, 6])).shape) // => [ 1, 16, 6, 6 ]
 * ```
 */
export class C3 extends nn.Module {
  readonly cv1: ConvBlock
  readonly cv2: ConvBlock
  readonly cv3: ConvBlock
  m: nn.Sequential

  constructor(from: number, to: number, count: number = 1, add: boolean = true) {
    super()
    requireCount('C3', 'to', to, 2)
    requireCount('C3', 'count', count)
    const half = Math.floor(to / 2)
    this.cv1 = new ConvBlock(from, half)
    this.cv2 = new ConvBlock(from, half)
    this.cv3 = new ConvBlock(2 * half, to)
    this.m = new nn.Sequential(...Array.from({ length: count }, () => new NarrowBlock(half, add)))
  }

  override forward(x: Tensor): Tensor {
    return this.cv3(cat([this.m(this.cv1(x)), this.cv2(x)], 1))
  }
}

/**
 * Spatial pyramid pooling, fast: three poolings of the same size one after another see 5, 9 and 13
 * places, and are put side by side.
 *
 * Shapes: `[N, from, H, W]` -> `[N, to, H, W]`.
 *
 * @see He et al. 2014, https://arxiv.org/abs/1406.4729
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { SPPF } from '@flambeau/vision-models'
 * console.log(new SPPF(8, 16)(ones([1, 8, 6, 6])).shape) // => [ 1, 16, 6, 6 ]
 * ```
 */
export class SPPF extends nn.Module {
  readonly cv1: ConvBlock
  readonly cv2: ConvBlock
  readonly kernelSize: number

  constructor(from: number, to: number, kernelSize: number = 5) {
    super()
    requireCount('SPPF', 'from', from, 2)
    requireCount('SPPF', 'kernelSize', kernelSize, 1)
    const half = Math.floor(from / 2)
    this.kernelSize = kernelSize
    this.cv1 = new ConvBlock(from, half)
    this.cv2 = new ConvBlock(4 * half, to)
  }

  override forward(x: Tensor): Tensor {
    const parts = [this.cv1(x)]
    const padding = Math.floor(this.kernelSize / 2)
    for (let i = 0; i < 3; i++) {
      parts.push(F.maxPool2d(parts.at(-1) as Tensor, this.kernelSize, { stride: 1, padding }))
    }
    return this.cv2(cat(parts, 1))
  }
}

/** Widths and depths of the network. */
export interface YOLOv5Size {
  /** Factor of all channels. */
  readonly widthMultiple: number
  /** Factor of the number of blocks. */
  readonly depthMultiple: number
}

/**
 * The network of YOLO's fifth form: a backbone of {@link C3} blocks with {@link SPPF} at its end, and a
 * neck that carries what coarse maps know to fine ones and back.
 *
 * Shapes: `[N, 3, H, W]`, multiples of 32 -> three maps, of strides 8, 16 and 32.
 *
 * @see Liu et al. 2018 (PANet), https://arxiv.org/abs/1803.01534
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import { YOLOv5Network } from '@flambeau/vision-models'
 * const net = new YOLOv5Network({ widthMultiple: 0.125, depthMultiple: 0.33 })
 * console.log(net.outChannels, net(ones([1, 3, 64, 64])).map((map) => map.shape[3]))
 * // => [ 32, 64, 128 ] [ 8, 4, 2 ]
 * ```
 */
export class YOLOv5Network extends nn.Module<[images: Tensor], Tensor[]> {
  readonly outChannels: readonly number[]
  model: nn.ModuleList

  constructor(size: YOLOv5Size) {
    super()
    requireOptions('YOLOv5Network', size, ['widthMultiple', 'depthMultiple'])
    const { widthMultiple, depthMultiple } = size
    const wide = (channels: number): number => Math.ceil((channels * widthMultiple) / 8) * 8
    const deep = (count: number): number => Math.max(Math.round(count * depthMultiple), 1)
    const [w64, w128, w256, w512, w1024] = [64, 128, 256, 512, 1024].map(wide) as [
      number,
      number,
      number,
      number,
      number,
    ]
    this.outChannels = [w256, w512, w1024]
    // Numbered as the layers of the original, also those without weights.
    this.model = new nn.ModuleList<nn.Module>([
      new ConvBlock(3, w64, 6, 2),
      new ConvBlock(w64, w128, 3, 2),
      new C3(w128, w128, deep(3)),
      new ConvBlock(w128, w256, 3, 2),
      new C3(w256, w256, deep(6)),
      new ConvBlock(w256, w512, 3, 2),
      new C3(w512, w512, deep(9)),
      new ConvBlock(w512, w1024, 3, 2),
      new C3(w1024, w1024, deep(3)),
      new SPPF(w1024, w1024),
      new ConvBlock(w1024, w512),
      new nn.Upsample({ scaleFactor: 2 }),
      new nn.Identity(),
      new C3(2 * w512, w512, deep(3), false),
      new ConvBlock(w512, w256),
      new nn.Upsample({ scaleFactor: 2 }),
      new nn.Identity(),
      new C3(2 * w256, w256, deep(3), false),
      new ConvBlock(w256, w256, 3, 2),
      new nn.Identity(),
      new C3(2 * w256, w512, deep(3), false),
      new ConvBlock(w512, w512, 3, 2),
      new nn.Identity(),
      new C3(2 * w512, w1024, deep(3), false),
    ])
  }

  override forward(images: Tensor): Tensor[] {
    const run = (from: number, to: number, x: Tensor): Tensor => {
      let y = x
      for (let i = from; i <= to; i++) y = (this.model[i] as nn.Module)(y)
      return y
    }
    const stride8 = run(0, 4, images)
    const stride16 = run(5, 6, stride8)
    const top = run(10, 10, run(7, 9, stride16))
    const middle = run(14, 14, run(13, 13, cat([run(11, 11, top), stride16], 1)))
    const fine = run(17, 17, cat([run(15, 15, middle), stride8], 1))
    const back = run(20, 20, cat([run(18, 18, fine), middle], 1))
    const coarse = run(23, 23, cat([run(21, 21, back), top], 1))
    return [fine, back, coarse]
  }
}
