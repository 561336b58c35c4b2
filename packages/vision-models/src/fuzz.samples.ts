/** How scripts/fuzz.mjs and fuzz.test.ts call this package. */
import { ones, rand, tensor } from '@flambeau/core'
import type { FuzzSubject } from '@flambeau/core/testing'
import { oneOfEach } from '@flambeau/core/testing'
import * as vision from './index.ts'

/** Networks that are small enough to be called often. */
const SMALL = new Set(
  ['ResBlock', 'SelfAttention', 'LeNet5', 'SimpleCNN', 'MLP', 'Perceptron', 'Inception', 'SPPF']
    .concat([
      'BasicBlock',
      'BoxCoder',
      'AnchorGenerator',
      'FrozenBatchNorm2d',
      'Correlation2d',
      'C3',
    ])
    .concat(['ImageBatcher', 'DefaultBoxes', 'AutoEncoder', 'VAE', 'SmallBackbone', 'Diffusion'])
    .concat(['GANGenerator', 'GANDiscriminator', 'SpatialPyramidPooling']),
)
const target = (): object => ({ boxes: tensor([[0.0, 0, 4, 4]]), labels: tensor([1]) })

export const subject: FuzzSubject = {
  api: vision,
  objects: () => [
    ...oneOfEach(
      vision,
      () => [[{ numClasses: 3 }], [4, 4], [4, 2], [4], [{ sizes: [8], aspectRatios: [1] }], []],
      (kind) => SMALL.has(kind.name),
    ),
    tensor([
      [0.0, 0, 4, 4],
      [1, 1, 5, 6],
    ]),
    tensor([0.5, 0.9]),
    rand([3, 16, 16]),
    ones([2, 3, 16, 16]),
    [rand([3, 16, 16])],
    [target()],
  ],
  except: {
    'new Detector': 'is abstract',
    'new FeatureMaps': 'is abstract',
    'RegionProposals.losses': 'is private',
    'RegionHeads.masks': 'is private',
    'SSD.match': 'is private',
  },
  protects: ['computeLosses', 'features', 'mapsOf', 'timeOf', 'kept', 'noiseIn', 'detect']
    // Private methods.
    .concat(['look', 'proposals', 'sample', 'maskLoss', 'propose', 'boxesFor', 'counted', 'grid'])
    .concat(['decode', 'assign', 'outputs']),
  often: ['forward'],
  strings: ['xyxy', 'xywh', 'max', 'avg', 'mean', 'valid'],
}
