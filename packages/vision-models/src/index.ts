/** Vision models: building blocks, classification, segmentation and generation. */
export type { LearntKernel } from './blocks/correlation.ts'
export {
  corr2d,
  corr2dMultiIn,
  corr2dMultiInOut,
  Correlation2d,
  learnKernel,
  pool2d,
} from './blocks/correlation.ts'
export { ResBlock } from './blocks/res-block.ts'
export { SelfAttention } from './blocks/self-attention.ts'
export type { AlexNetGrayOptions, AlexNetOptions } from './classification/alexnet.ts'
export { AlexNet, AlexNetGray } from './classification/alexnet.ts'
export type { DenseNetDepth, DenseNetOptions } from './classification/densenet.ts'
export { DenseNet } from './classification/densenet.ts'
export type {
  GoogLeNetOptions,
  GoogLeNetOutput,
  InceptionWidths,
} from './classification/googlenet.ts'
export { GoogLeNet, Inception } from './classification/googlenet.ts'
export type { LeNetOptions } from './classification/lenet.ts'
export { LeNet5 } from './classification/lenet.ts'
export type { MLPOptions, PerceptronOptions } from './classification/mlp.ts'
export { MLP, Perceptron } from './classification/mlp.ts'
export type { ResNetDepth, ResNetOptions } from './classification/resnet.ts'
export { BasicBlock, Bottleneck, ResNet } from './classification/resnet.ts'
export type { SimpleCNNOptions } from './classification/simple-cnn.ts'
export { SimpleCNN } from './classification/simple-cnn.ts'
export type { VGGDepth, VGGOptions } from './classification/vgg.ts'
export { VGG, VGGGray } from './classification/vgg.ts'
export type { ViTOptions, ViTSize } from './classification/vit.ts'
export { VisionTransformer } from './classification/vit.ts'
export type { TaughtViTOptions } from './classification/vit-taught.ts'
export { TaughtVisionTransformer, TransformerViT } from './classification/vit-taught.ts'
export type { Matches } from './detection/anchors.ts'
export { AnchorGenerator, BoxCoder, matchAnchors } from './detection/anchors.ts'
export type { BoxFormat, SoftNmsResult } from './detection/boxes.ts'
export {
  batchedNms,
  boxArea,
  boxConvert,
  boxIou,
  clipBoxesToImage,
  generalizedBoxIou,
  nms,
  removeSmallBoxes,
  softNms,
  withImageNumbers,
} from './detection/boxes.ts'
export type {
  Detection,
  DetectionTarget,
  DetectorLosses,
  ImageBatch,
  ImageBatcherOptions,
  ImageSize,
} from './detection/detector.ts'
export { checkTargets, Detector, ImageBatcher, totalLoss } from './detection/detector.ts'
export type {
  FasterRCNNOptions,
  MaskOptions,
  ResNetDetectorOptions,
  SmallRCNNOptions,
} from './detection/faster-rcnn.ts'
export {
  FasterRCNN,
  FasterRCNNResNet,
  MaskRCNN,
  MaskRCNNResNet,
  SmallFasterRCNN,
  SmallMaskRCNN,
} from './detection/faster-rcnn.ts'
export {
  FeatureMaps,
  FeaturePyramid,
  FrozenBatchNorm2d,
  PyramidBackbone,
  ResNetStages,
  SmallBackbone,
} from './detection/feature-maps.ts'
export type { Reduction } from './detection/losses.ts'
export type { LabelledImage } from './detection/mosaic.ts'
export { mosaic } from './detection/mosaic.ts'
export { generalizedBoxIouLoss, sigmoidFocalLoss } from './detection/losses.ts'
export type { OverFeatOptions } from './detection/overfeat.ts'
export { mergeBoxes, OverFeat } from './detection/overfeat.ts'
export type {
  Proposer,
  SelectiveSearchOptions,
  SlidingWindowOptions,
} from './detection/proposals.ts'
export { selectiveSearch, slidingWindows } from './detection/proposals.ts'
export type {
  RCNNOptions,
  RegionDetectorOptions,
  SharedFeatureOptions,
} from './detection/region-detectors.ts'
export { FastRCNN, RCNN, SpatialPyramidPooling, SPPNet } from './detection/region-detectors.ts'
export type { RoiAlignOptions, RoiOptions } from './detection/regions.ts'
export { roiAlign, roiPool } from './detection/regions.ts'
export type { MultiScaleOptions, Pooler, RegionHeadOptions } from './detection/roi-heads.ts'
export { multiScaleRoiAlign, pasteMasks, RegionHeads } from './detection/roi-heads.ts'
export type { RegionProposalOptions } from './detection/rpn.ts'
export { RegionProposals } from './detection/rpn.ts'
export type { SelectionOptions } from './detection/selection.ts'
export type { DefaultBoxOptions, SmallSSDOptions, SSDOptions } from './detection/ssd.ts'
export { DefaultBoxes, SmallSSD, SSD, SSD300, SSDBackbone } from './detection/ssd.ts'
export type { YOLOv5Size } from './detection/yolo-blocks.ts'
export { C3, SPPF, YOLOv5Network } from './detection/yolo-blocks.ts'
export type { YOLOv1Options } from './detection/yolo-v1.ts'
export { SmallYOLOv1, YOLOv1 } from './detection/yolo-v1.ts'
export type { AnchorShape, SmallYOLOv5Options, YOLOv5Options } from './detection/yolo-v5.ts'
export { completeBoxIouLoss, SmallYOLOv5, YOLOv5 } from './detection/yolo-v5.ts'
export type { AutoEncoderOptions, VAEOutput } from './generative/autoencoder.ts'
export { addNoise, AutoEncoder, VAE, vaeLoss } from './generative/autoencoder.ts'
export type { Denoiser, DiffusionOptions, SampleOptions } from './generative/diffusion.ts'
export { Diffusion, hideLabels, SimpleDiffusion } from './generative/diffusion.ts'
export type { DiffusionUNetOptions } from './generative/diffusion-unet.ts'
export { DiffusionUNet } from './generative/diffusion-unet.ts'
export type { DCGANOptions, GANOptions, GANTraining, StepTaker } from './generative/gan.ts'
export {
  DCGANDiscriminator,
  DCGANGenerator,
  GANDiscriminator,
  GANGenerator,
  ganStep,
} from './generative/gan.ts'
export type { FCNOptions, FCNStride } from './segmentation/fcn.ts'
export { FCN } from './segmentation/fcn.ts'
export type { PSPNetOptions } from './segmentation/pspnet.ts'
export { PSPNet } from './segmentation/pspnet.ts'
export type { SegNetOptions } from './segmentation/segnet.ts'
export { SegNet } from './segmentation/segnet.ts'
export type { UNetOptions } from './segmentation/unet.ts'
export { UNet } from './segmentation/unet.ts'
export { ViTSegmenter } from './segmentation/vit-segmenter.ts'
export type { FreezeOptions, LearningRateGroup } from './transfer.ts'
export { backbone, discriminativeGroups, freeze, replaceHead } from './transfer.ts'
