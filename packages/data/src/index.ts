/** Datasets, transforms, loaders and checkpoints. */
export type { Checkpoint } from './checkpoint.ts'
export { loadCheckpoint, loadSafetensors, saveCheckpoint, saveSafetensors } from './checkpoint.ts'
export { defaultCollate } from './collate.ts'
export type { DataLoaderOptions } from './data-loader.ts'
export { DataLoader } from './data-loader.ts'
export {
  ChainDataset,
  ConcatDataset,
  randomSplit,
  StackDataset,
  Subset,
} from './dataset-combine.ts'
export { TensorDataset } from './dataset-tensor.ts'
export type { Collated, NumericArray, Portable, SampleContext, WorkerRecipe } from './dataset.ts'
export { Dataset, IterableDataset } from './dataset.ts'
export { writeFileAtomic } from './formats/atomic-write.ts'
export { FileWriteError, FormatError } from './formats/errors.ts'
export { parseIdx } from './formats/idx.ts'
export type { RawDType, RawTensor } from './formats/raw-tensor.ts'
export { parseNpy, serializeNpy } from './formats/npy.ts'
export * from './metrics/index.ts'
export type { NpzOptions, SaveNpzOptions } from './npy-file.ts'
export { loadNpy, loadNpz, parseNpz, saveNpy, saveNpz, serializeNpz } from './npy-file.ts'
export type {
  AnimationOptions,
  Colour,
  DecodeOptions,
  EncodeOptions,
  ImageFormat,
  ImageInfo,
  ImageMode,
} from './images/index.ts'
export {
  decodeImage,
  encodeImage,
  imageInfo,
  parseImageInfo,
  readImage,
  writeAnimation,
  writeImage,
} from './images/index.ts'
export type { MNISTOptions } from './sources/mnist.ts'
export { MNIST } from './sources/mnist.ts'
export { recipeOf } from './loader/recipe.ts'
export type { TorchValue } from './torch-file.ts'
export { loadTorch, parseTorchFile, saveTorch, serializeTorchFile } from './torch-file.ts'
export { Compose } from './transforms/compose.ts'
export { Normalize } from './transforms/normalize.ts'
export { ToTensor } from './transforms/to-tensor.ts'
export type { Transform } from './transforms/transform.ts'
