/** Models that are no classifiers: what they are, and how they are trained. */
import type { Tensor } from '@flambeau/core'
import { zeros } from '@flambeau/core'
import type { Module } from '@flambeau/nn'
import {
  AutoEncoder,
  DCGANDiscriminator,
  DCGANGenerator,
  DiffusionUNet,
  FasterRCNNResNet,
  FastRCNN,
  FCN,
  GANDiscriminator,
  GANGenerator,
  MaskRCNNResNet,
  OverFeat,
  PSPNet,
  RCNN,
  SegNet,
  SPPNet,
  SSD300,
  UNet,
  VAE,
  ViTSegmenter,
  YOLOv1,
  YOLOv5,
} from '@flambeau/vision-models'

export interface Other {
  readonly family: 'detection' | 'segmentation' | 'generation'
  readonly summary: string
  /** The shape of an input without the batch. */
  readonly input: readonly number[]
  /** What comes after the input. Default nothing. */
  readonly rest?: () => readonly Tensor[]
  readonly build: () => Module<never, unknown>
  /** What `train` knows it, or a small form of it, by. */
  readonly trainedAs: string
  /** The app that has it in full. Default none. */
  readonly app?: string
}

const segmenter = (
  name: string,
  summary: string,
  build: () => Module<never, unknown>,
  size = 224,
): Other => ({
  family: 'segmentation',
  summary,
  input: [3, size, size],
  build,
  trainedAs: name,
})
const detector = (
  name: string,
  summary: string,
  side: number,
  build: () => Module<never, unknown>,
  app?: string,
): Other => ({
  family: 'detection',
  summary,
  input: [3, side, side],
  build,
  trainedAs: name,
  ...(app === undefined ? {} : { app: `npm run detect -- --model ${app}` }),
})
const generator = (
  name: string,
  summary: string,
  input: readonly number[],
  build: () => Module<never, unknown>,
): Other => ({ family: 'generation', summary, input, build, trainedAs: name })

const DIGIT = [1, 28, 28]

export const OTHERS: Readonly<Record<string, Other>> = {
  overfeat: detector(
    'overfeat',
    'a classifier of windows at three scales, in one pass',
    224,
    () => new OverFeat({ widths: [64, 128, 256] }),
  ),
  rcnn: detector('rcnn', 'each proposed region by itself', 224, () => new RCNN()),
  spp_net: detector('spp_net', 'regions pooled over grids of three sizes', 224, () => new SPPNet()),
  fast_rcnn: detector(
    'fast_rcnn',
    'regions pooled from the features of the image',
    224,
    () => new FastRCNN(),
  ),
  faster_rcnn: detector(
    'faster_rcnn',
    'a network proposes regions; on ResNet-50 with a pyramid',
    320,
    () => new FasterRCNNResNet({ minSize: 320 }),
    'faster-rcnn',
  ),
  mask_rcnn: detector(
    'mask_rcnn',
    'and finds masks',
    320,
    () => new MaskRCNNResNet({ minSize: 320 }),
  ),
  yolo_v1: detector(
    'yolo_v1',
    'a grid whose cells say what lies in them',
    448,
    () => new YOLOv1({ size: [448, 448], widths: [32, 64, 128, 256, 512, 1024] }),
    'yolo-v1',
  ),
  yolo_v5: detector(
    'yolo_v5',
    'anchors at three strides of a CSP network',
    640,
    () => new YOLOv5(),
    'yolo',
  ),
  ssd: detector('ssd', 'default boxes at six maps of VGG-16', 300, () => new SSD300(), 'ssd'),
  unet: {
    family: 'segmentation',
    summary: 'down and up again, with what was seen on the way; 64 to 1024 channels',
    input: [3, 160, 240],
    build: () => new UNet(),
    trainedAs: 'unet',
    app: 'npm run carvana',
  },
  fcn32s: segmenter('fcn32s', 'VGG-16, enlarged 32 times', () => new FCN(32)),
  fcn16s: segmenter('fcn16s', 'with the maps of half the stride too', () => new FCN(16)),
  fcn8s: segmenter('fcn8s', 'and of a quarter of the stride', () => new FCN(8)),
  segnet: segmenter(
    'segnet',
    'VGG-16 and its mirror, by the places of the maxima',
    () => new SegNet(),
  ),
  pspnet50: segmenter('pspnet18', 'ResNet-50, and averages of regions', () => new PSPNet()),
  vit_segmenter: segmenter(
    'vit_segmenter',
    'a vision transformer, base, each patch drawn',
    () => new ViTSegmenter('base', { numClasses: 21 }),
  ),
  autoencoder: generator(
    'autoencoder',
    '784 numbers in 16 and back',
    DIGIT,
    () => new AutoEncoder(),
  ),
  denoising_autoencoder: generator(
    'denoising_autoencoder',
    'the same, shown images with noise on them',
    DIGIT,
    () => new AutoEncoder(),
  ),
  vae: generator('vae', 'codes are distributions', DIGIT, () => new VAE()),
  gan_generator: generator('gan', 'linear layers, noise to digits', [64], () => new GANGenerator()),
  gan_discriminator: generator('gan', 'real or drawn?', DIGIT, () => new GANDiscriminator()),
  dcgan_generator: generator(
    'dcgan',
    'convolutions, noise to images',
    [100],
    () => new DCGANGenerator(),
  ),
  dcgan_discriminator: generator(
    'dcgan',
    'real or drawn?',
    [3, 64, 64],
    () => new DCGANDiscriminator(),
  ),
  ddpm_unet: {
    family: 'generation',
    summary: 'a U-Net that knows the step of the noise and the class',
    input: DIGIT,
    rest: () => [zeros([1], { dtype: 'int64' }), zeros([1], { dtype: 'int64' })],
    build: () => new DiffusionUNet({ width: 16, numClasses: 10, multipliers: [1, 2, 4] }),
    trainedAs: 'ddpm',
    app: 'npm run diffusion',
  },
}
