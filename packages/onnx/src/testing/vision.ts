/** Vision models at small sizes, with inputs. */
import { arange, rand, randn } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import * as V from '@flambeau/vision-models'
import * as nn from '@flambeau/nn'
import type { Case } from './cases.ts'
import { part } from './cases.ts'

const image =
  (channels: number, size: number) =>
  (batch: number): Tensor[] => [randn([batch, channels, size, size])]

const numClasses = 3
const vit = {
  ...{ imageSize: 16, patchSize: 8, numClasses, hiddenDim: 12 },
  ...{ numLayers: 2, numHeads: 2, mlpDim: 16 },
}
const taught = {
  ...{ imageSize: 16, patchSize: 8, numClasses, embedDim: 12 },
  ...{ depth: 2, numHeads: 2, hiddenDim: 16 },
}
const gan = { latent: 6, channels: 1, imageSize: 8, hidden: 8 }
const dcgan = { latent: 6, channels: 1, imageSize: 32 as const, features: 4 }
const dilated = {
  ...{ numClasses, stem: 'cifar' as const },
  replaceStrideWithDilation: [false, true, true] as const,
}
const dense = { numClasses, growthRate: 4, blocks: [2, 2], numInitFeatures: 8 }
const flat = { inFeatures: 16, hidden: [8], latent: 4 }
const unet = {
  ...{ channels: 1, width: 8, multipliers: [1, 2], timeDim: 8 },
  ...{ groups: 4, heads: 2, numClasses },
}

/** The model with a classifier of the same layers, but narrow: the original's has 100 million weights. */
function slim<M extends nn.AnyModule>(model: M, from: number): M {
  const classifier = new nn.Sequential(
    ...[new nn.Linear(from, 8), new nn.ReLU(), new nn.Dropout()],
    new nn.Linear(8, numClasses),
  )
  model.registerModule('classifier', classifier)
  return model
}

/** Models that name what an image shows. */
export const classification: readonly Case[] = [
  {
    name: 'Perceptron',
    model: () => new V.Perceptron({ inFeatures: 16, numClasses }),
    inputs: image(1, 4),
  },
  {
    name: 'MLP',
    model: () => new V.MLP({ inFeatures: 16, hidden: [8], numClasses }),
    inputs: image(1, 4),
  },
  { name: 'LeNet5', model: () => new V.LeNet5({ numClasses }), inputs: image(1, 28) },
  {
    name: 'LeNet5 (relu)',
    model: () => new V.LeNet5({ activation: 'relu' }),
    inputs: image(1, 28),
  },
  { name: 'SimpleCNN', model: () => new V.SimpleCNN({ numClasses }), inputs: image(1, 28) },
  {
    name: 'AlexNet',
    model: () => slim(new V.AlexNet({ numClasses }), 256 * 36),
    inputs: image(3, 64),
  },
  {
    name: 'AlexNetGray',
    model: () => slim(new V.AlexNetGray({ numClasses }), 384),
    inputs: image(1, 67),
  },
  {
    name: 'VGGGray',
    model: () => slim(new V.VGGGray({ numClasses, imageSize: 32 }), 512),
    inputs: image(1, 32),
  },
  {
    name: 'SpatialPyramidPooling',
    model: () => new V.SpatialPyramidPooling([3, 1]),
    inputs: image(2, 7),
  },
  {
    name: 'VGG-11',
    model: () => slim(new V.VGG(11, { numClasses, batchNorm: true }), 512 * 49),
    inputs: image(3, 32),
  },
  { name: 'GoogLeNet', model: () => new V.GoogLeNet({ numClasses }), inputs: image(3, 32) },
  { name: 'ResNet-18', model: () => new V.ResNet(18, { numClasses }), inputs: image(3, 32) },
  { name: 'ResNet-50 (dilated)', model: () => new V.ResNet(50, dilated), inputs: image(3, 8) },
  { name: 'DenseNet', model: () => new V.DenseNet(121, dense), inputs: image(3, 32) },
  {
    name: 'VisionTransformer',
    model: () => new V.VisionTransformer('tiny', vit),
    inputs: image(3, 16),
  },
  {
    name: 'TaughtVisionTransformer',
    model: () => new V.TaughtVisionTransformer(taught),
    inputs: image(3, 16),
  },
  { name: 'TransformerViT', model: () => new V.TransformerViT(taught), inputs: image(3, 16) },
  {
    name: 'Inception',
    model: () =>
      new V.Inception(3, { ch1x1: 2, ch3x3red: 2, ch3x3: 3, ch5x5red: 2, ch5x5: 3, poolProj: 2 }),
    inputs: image(3, 8),
  },
  { name: 'ResBlock', model: () => new V.ResBlock(3, 4), inputs: image(3, 8) },
  { name: 'ImageTokenizer', model: () => new nn.ImageTokenizer(16, 8, 6), inputs: image(3, 16) },
  { name: 'SelfAttention', model: () => new V.SelfAttention(8), inputs: (n) => [randn([n, 5, 8])] },
  {
    name: 'Correlation2d',
    model: () => new V.Correlation2d([2, 2]),
    inputs: () => [randn([6, 6])],
    axes: [{}],
  },
]

/** Models that say of each pixel what it shows. */
export const segmentation: readonly Case[] = [
  {
    name: 'FCN-32s',
    model: () => new V.FCN(32, { numClasses, headWidth: 8 }),
    inputs: image(3, 32),
  },
  { name: 'FCN-8s', model: () => new V.FCN(8, { numClasses, headWidth: 8 }), inputs: image(3, 32) },
  { name: 'PSPNet', model: () => new V.PSPNet({ numClasses, depth: 18 }), inputs: image(3, 32) },
  {
    name: 'SegNet',
    model: () => new V.SegNet({ numClasses, features: [4, 8], convolutions: [1, 2] }),
    inputs: image(3, 16),
  },
  {
    name: 'UNet',
    model: () => new V.UNet({ features: [4, 8] }),
    inputs: (n) => [randn([n, 3, 8 * n, 16])],
    axes: [{ 0: 'batch', 2: '4*height', 3: '4*width' }],
  },
  { name: 'ViTSegmenter', model: () => new V.ViTSegmenter('tiny', vit), inputs: image(3, 16) },
]

/** Models that make images. */
export const generation: readonly Case[] = [
  { name: 'AutoEncoder', model: () => new V.AutoEncoder(flat), inputs: image(1, 4) },
  { name: 'VAE', model: () => new V.VAE(flat), inputs: image(1, 4) },
  { name: 'GANGenerator', model: () => new V.GANGenerator(gan), inputs: (n) => [randn([n, 6])] },
  { name: 'GANDiscriminator', model: () => new V.GANDiscriminator(gan), inputs: image(1, 8) },
  {
    name: 'DCGANGenerator',
    model: () => new V.DCGANGenerator(dcgan),
    inputs: (n) => [randn([n, 6])],
  },
  {
    name: 'DCGANDiscriminator',
    model: () => new V.DCGANDiscriminator(dcgan),
    inputs: image(1, 32),
  },
  {
    name: 'Diffusion (noise of given steps)',
    model: () =>
      part(new V.Diffusion({ steps: 10 }), (net, x: Image, t: Tensor, noise: Tensor) =>
        net.predictStart(net.addNoise(x, t, noise).x, t, noise),
      ),
    inputs: (n) => [randn([n, 1, 4, 4]), arange(n, { dtype: 'int64' }), randn([n, 1, 4, 4])],
  },
  {
    name: 'DiffusionUNet',
    model: () => new V.DiffusionUNet(unet),
    inputs: (n) => [
      randn([n, 1, 8, 8]),
      arange(n, { dtype: 'int64' }),
      arange(n, { dtype: 'int64' }).remainder(3),
    ],
  },
]

type Image = Tensor

/** What detectors compute of images; what they find is chosen outside of the graph. */
export const detection: readonly Case[] = [
  {
    name: 'OverFeat (features and heads)',
    model: () =>
      part(new V.OverFeat({ numClasses, widths: [4, 8, 8] }), (net, x: Image) => {
        const features = net.features(x)
        return [net.classifier(features), net.regressor(features)]
      }),
    inputs: image(3, 64),
  },
  {
    name: 'YOLOv1 (backbone and head)',
    model: () =>
      part(new V.YOLOv1({ numClasses, size: [32, 32], widths: [4, 8, 8, 8] }), (net, x: Image) =>
        net.head(net.backbone(x)[0] as Tensor),
      ),
    inputs: image(3, 32),
  },
  {
    name: 'SmallYOLOv1 (backbone and head)',
    model: () =>
      part(new V.SmallYOLOv1({ numClasses, size: [32, 32] }), (net, x: Image) =>
        net.head(net.backbone(x)[0] as Tensor),
      ),
    inputs: image(3, 32),
  },
  {
    name: 'YOLOv5 (network and heads)',
    model: () =>
      part(
        new V.YOLOv5({ numClasses, size: [64, 64], widthMultiple: 0.125, depthMultiple: 0.33 }),
        (net, x: Image) =>
          net
            .network(x)
            .map((map, i) =>
              (net.heads as unknown as { at(i: number): (m: Tensor) => Tensor }).at(i)(map),
            ),
      ),
    inputs: image(3, 64),
  },
  {
    name: 'SmallYOLOv5 (network and heads)',
    model: () =>
      part(new V.SmallYOLOv5({ numClasses, size: [64, 64] }), (net, x: Image) =>
        net
          .network(x)
          .map((map, i) =>
            (net.heads as unknown as { at(i: number): (m: Tensor) => Tensor }).at(i)(map),
          ),
      ),
    inputs: image(3, 64),
  },
  {
    name: 'SmallSSD (backbone and head)',
    model: () =>
      part(new V.SmallSSD({ numClasses, size: [64, 64] }), (net, x: Image) =>
        net.head(net.backbone(x)),
      ),
    inputs: image(3, 64),
  },
  {
    name: 'SSD300 (backbone and head)',
    model: () => part(new V.SSD300({ numClasses }), (net, x: Image) => net.head(net.backbone(x))),
    inputs: () => [rand([1, 3, 300, 300])],
    axes: [{}],
    batches: [1],
  },
  {
    name: 'SmallFasterRCNN (backbone and proposals)',
    model: () =>
      part(new V.SmallFasterRCNN({ numClasses }), (net, x: Image) => net.rpn.head(net.backbone(x))),
    inputs: image(3, 64),
  },
  {
    name: 'FasterRCNNResNet (pyramid of ResNet-18, proposals)',
    model: () =>
      part(new V.FasterRCNNResNet({ depth: 18, pyramidWidth: 8 }), (net, x: Image) =>
        net.rpn.head(net.backbone(x)),
      ),
    inputs: image(3, 64),
  },
  {
    name: 'MaskRCNNResNet (masks of regions)',
    model: () =>
      part(new V.MaskRCNNResNet({ depth: 18, pyramidWidth: 8 }), (net, x: Image) =>
        net.roi_heads.mask_predictor?.(net.roi_heads.mask_head?.(x) as Tensor),
      ),
    inputs: image(8, 14),
  },
  {
    name: 'SmallMaskRCNN (masks of regions)',
    model: () =>
      part(new V.SmallMaskRCNN({ numClasses, pyramidWidth: 8 }), (net, x: Image) =>
        net.roi_heads.mask_predictor?.(net.roi_heads.mask_head?.(x) as Tensor),
      ),
    inputs: image(8, 14),
  },
  ...[
    { name: 'FastRCNN', make: () => new V.FastRCNN({ numClasses, headWidth: 8 }), side: 5 },
    { name: 'RCNN', make: () => new V.RCNN({ numClasses, headWidth: 8 }), side: 32 },
  ].map(({ name, make, side }): Case => ({
    name: `${name} (classes and boxes of regions)`,
    model: () => part(make(), (net, x: Image) => net.heads.box_predictor(net.heads.box_head(x))),
    inputs: image(name === 'RCNN' ? 3 : 64, side),
  })),
  {
    name: 'SPPNet (backbone, pyramid and heads)',
    model: () =>
      part(new V.SPPNet({ numClasses, headWidth: 8, levels: [3, 1] }), (net, x: Image) => {
        const features = net.pyramid(net.backbone(x).at(-1) as Tensor)
        return net.heads.box_predictor(net.heads.box_head(features))
      }),
    inputs: image(3, 40),
  },
]
