/** Models that are no classifiers: what they are, and where they are trained. */
import type { Tensor } from '@flambeau/core'
import { zeros } from '@flambeau/core'
import type { Module } from '@flambeau/nn'
import {
  AutoEncoder,
  DCGANDiscriminator,
  DCGANGenerator,
  DiffusionUNet,
  FCN,
  GANDiscriminator,
  GANGenerator,
  PSPNet,
  SegNet,
  UNet,
  VAE,
  ViTSegmenter,
} from '@flambeau/vision-models'

export interface Other {
  readonly family: 'segmentation' | 'generation'
  readonly summary: string
  /** The shape of an input without the batch. */
  readonly input: readonly number[]
  /** What comes after the input. Default nothing. */
  readonly rest?: () => readonly Tensor[]
  readonly build: () => Module<never, unknown>
  /** The command that trains it. */
  readonly trainedBy: string
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
  trainedBy: `zoo ${name}`,
})
const generator = (
  name: string,
  summary: string,
  input: readonly number[],
  build: () => Module<never, unknown>,
): Other => ({ family: 'generation', summary, input, build, trainedBy: `zoo ${name}` })

const DIGIT = [1, 28, 28]

export const OTHERS: Readonly<Record<string, Other>> = {
  unet: {
    family: 'segmentation',
    summary: 'down and up again, with what was seen on the way; 64 to 1024 channels',
    input: [3, 160, 240],
    build: () => new UNet(),
    trainedBy: 'npm run carvana',
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
    trainedBy: 'npm run diffusion',
  },
}
