/** ResNet-18. @see He et al. 2015, https://arxiv.org/abs/1512.03385 */
import type { Tensor } from '@flambeau/core'
import * as nn from '@flambeau/nn'

class Block extends nn.Module {
  readonly conv1: nn.Conv2d
  readonly bn1: nn.BatchNorm2d
  readonly relu: nn.ReLU
  readonly conv2: nn.Conv2d
  readonly bn2: nn.BatchNorm2d
  readonly downsample: nn.Sequential | null

  constructor(from: number, to: number, stride: number) {
    super()
    this.conv1 = new nn.Conv2d(from, to, 3, { stride, padding: 1, bias: false })
    this.bn1 = new nn.BatchNorm2d(to)
    this.relu = new nn.ReLU({ inplace: true })
    this.conv2 = new nn.Conv2d(to, to, 3, { padding: 1, bias: false })
    this.bn2 = new nn.BatchNorm2d(to)
    const same = stride === 1 && from === to
    this.downsample = same
      ? null
      : new nn.Sequential(
          new nn.Conv2d(from, to, 1, { stride, bias: false }),
          new nn.BatchNorm2d(to),
        )
  }

  override forward(x: Tensor): Tensor {
    const identity = this.downsample === null ? x : this.downsample(x)
    const y = this.bn2(this.conv2(this.relu(this.bn1(this.conv1(x)))))
    return this.relu(y.add_(identity))
  }
}

const stages = [
  [64, 1],
  [128, 2],
  [256, 2],
  [512, 2],
] as const

/** For images of 3 channels. The large stem halves the size twice, the small one keeps it. */
export function resnet18(classes: number, stem: 'large' | 'small'): nn.Sequential {
  const first =
    stem === 'large'
      ? new nn.Conv2d(3, 64, 7, { stride: 2, padding: 3, bias: false })
      : new nn.Conv2d(3, 64, 3, { padding: 1, bias: false })
  const layers: nn.Module[] = [first, new nn.BatchNorm2d(64), new nn.ReLU({ inplace: true })]
  if (stem === 'large') layers.push(new nn.MaxPool2d(3, 2, 1))
  let channels = 64
  for (const [out, stride] of stages) {
    layers.push(new Block(channels, out, stride), new Block(out, out, 1))
    channels = out
  }
  return new nn.Sequential(
    ...layers,
    new nn.AdaptiveAvgPool2d(1),
    new nn.Flatten(),
    new nn.Linear(512, classes),
  )
}
