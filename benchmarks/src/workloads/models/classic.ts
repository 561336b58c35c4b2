/** Plain stacks of convolutions: LeNet-5, a small network, AlexNet and VGG-11, for grey images. */
import * as nn from '@flambeau/nn'

/** LeNet-5 with sigmoids and mean pooling, for 28×28. @see LeCun et al. 1998 */
export function lenet5(): nn.Sequential {
  return new nn.Sequential(
    new nn.Conv2d(1, 6, 5, { padding: 2 }),
    new nn.Sigmoid(),
    new nn.AvgPool2d(2, 2),
    new nn.Conv2d(6, 16, 5),
    new nn.Sigmoid(),
    new nn.AvgPool2d(2, 2),
    new nn.Flatten(),
    new nn.Linear(400, 120),
    new nn.Sigmoid(),
    new nn.Linear(120, 84),
    new nn.Sigmoid(),
    new nn.Linear(84, 10),
  )
}

/** Three convolutions with ReLU and pooling, three linear layers, for 28×28. */
export function smallCnn(): nn.Sequential {
  const block = (from: number, to: number): nn.Module[] => [
    new nn.Conv2d(from, to, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
  ]
  return new nn.Sequential(
    ...block(1, 16),
    ...block(16, 32),
    ...block(32, 64),
    new nn.Flatten(),
    new nn.Linear(576, 128),
    new nn.ReLU(),
    new nn.Linear(128, 64),
    new nn.ReLU(),
    new nn.Linear(64, 10),
  )
}

/** Two wide layers with dropout, and one for 10 classes. */
function classifier(features: number, dropout: number): nn.Module[] {
  return [
    new nn.Flatten(),
    new nn.Linear(features, 4096),
    new nn.ReLU(),
    new nn.Dropout(dropout),
    new nn.Linear(4096, 4096),
    new nn.ReLU(),
    new nn.Dropout(dropout),
    new nn.Linear(4096, 10),
  ]
}

/** AlexNet for 224×224. @see Krizhevsky et al. 2012 */
export function alexnet(dropout: number): nn.Sequential {
  const conv = (from: number, to: number, kernel: number, padding: number): nn.Module[] => [
    new nn.Conv2d(from, to, kernel, { padding }),
    new nn.ReLU(),
  ]
  return new nn.Sequential(
    new nn.Conv2d(1, 96, 11, { stride: 4, padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(3, 2),
    ...conv(96, 256, 5, 2),
    new nn.MaxPool2d(3, 2),
    ...conv(256, 384, 3, 1),
    ...conv(384, 384, 3, 1),
    ...conv(384, 384, 3, 1),
    new nn.MaxPool2d(3, 2),
    ...classifier(384 * 5 * 5, dropout),
  )
}

const vggStages = [
  [1, 64],
  [1, 128],
  [2, 256],
  [2, 512],
  [2, 512],
] as const

/** VGG-11 for 224×224. @see Simonyan & Zisserman 2014, https://arxiv.org/abs/1409.1556 */
export function vgg11(dropout: number): nn.Sequential {
  const layers: nn.Module[] = []
  let channels = 1
  for (const [count, out] of vggStages) {
    for (let i = 0; i < count; i++) {
      layers.push(new nn.Conv2d(channels, out, 3, { padding: 1 }), new nn.ReLU())
      channels = out
    }
    layers.push(new nn.MaxPool2d(2, 2))
  }
  return new nn.Sequential(...layers, ...classifier(512 * 7 * 7, dropout))
}
