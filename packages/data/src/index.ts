/** Datasets, transforms, loaders and checkpoints. */
export type { CheckpointRest, LoadCheckpointOptions, SaveCheckpointOptions } from './checkpoint.ts'
export { loadCheckpoint, loadSafetensors, saveCheckpoint, saveSafetensors } from './checkpoint.ts'
export type { CheckpointEntry, CheckpointFolderOptions } from './checkpoint-folder.ts'
export { CheckpointFolder } from './checkpoint-folder.ts'
export type { Checkpoint, Restored, Stateful } from './checkpoint-tree.ts'
export { defaultCollate, defaultConvert } from './collate.ts'
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
export * from './generators/index.ts'
export * from './sources/images.ts'
export type { MNISTOptions } from './sources/mnist.ts'
export { MNIST } from './sources/mnist.ts'
export type { WorkerPlace } from './loader/errors.ts'
export { LoaderTimeoutError, WorkerCrashError, WorkerError } from './loader/errors.ts'
export type { CollateFunction } from './loader/fetch.ts'
export type { BatchIterator } from './loader/iterator.ts'
export type { DataLoaderOptions } from './loader/options.ts'
export { recipeOf } from './loader/recipe.ts'
export { sampleContext } from './loader/seeds.ts'
export type { LoaderState, SamplerState } from './loader/state.ts'
export { workerDataset } from './loader/worker-dataset.ts'
export type { WorkerInfo } from './loader/worker-info.ts'
export { getWorkerInfo } from './loader/worker-info.ts'
export type {
  BatchSamplerOptions,
  DistributedSamplerOptions,
  RandomSamplerOptions,
  Sized,
  WeightedRandomSamplerOptions,
} from './sampler.ts'
export {
  BatchSampler,
  DistributedSampler,
  RandomSampler,
  Sampler,
  SequentialSampler,
  SubsetRandomSampler,
  WeightedRandomSampler,
} from './sampler.ts'
export type { AxisRange, TensorInfo } from './safetensors-file.ts'
export { openSafetensors, SafetensorsFile } from './safetensors-file.ts'
export * from './tables/index.ts'
export type { TorchValue } from './torch-file.ts'
export {
  load,
  loadTorch,
  parseTorchFile,
  save,
  saveTorch,
  serializeTorchFile,
} from './torch-file.ts'
export * from './transforms/index.ts'
