/**
 * What sibling packages need of core and users do not: dispatch, scopes, and the native addon. No
 * promise of stability.
 */
export type { Arguments, Given } from './arguments.ts'
export { isAsyncIterable, isIterable, isNamed, parameters } from './arguments.ts'
export { autocasting, autocastLists, inAutocast } from './autocast-dispatch.ts'
export type { CompoundWatcher } from './compounds.ts'
export { compounds } from './compounds.ts'
export { gradientSwitch } from './creation.ts'
export type { DeviceKind } from './device.ts'
export { anyDevice, near, registerDevice } from './device.ts'
export { dtypeName } from './dtype.ts'
export { otherEngine } from './engine.ts'
export { Channel, receiveTensor } from './exchange.ts'
export { withDefaultGenerator } from './generator.ts'
export { inPlaceOf } from './in-place.ts'
export { namedResult } from './named-result.ts'
export { commands, coreFolder, native } from './native.ts'
export type { AddonKind, Advice } from './native-file.ts'
export { addonPlaces, brokenAddon, findAddon, missingAddon, platformFacts } from './native-file.ts'
export type { BackwardInfo, Input, Interpreter, OpCall, Recorder, SavedInputs } from './op.ts'
export {
  asMultipleViews,
  defineOp,
  isInferring,
  isRecording,
  needs,
  Op,
  operations,
  recording,
  run,
  runInPlace,
  runMany,
  vmapping,
  writerName,
} from './op.ts'
export { profiling } from './profiling.ts'
export type { StridedLayout, ViewLayouts } from './ops/strided.ts'
export { viewOfBase, writeIntoBase } from './ops/strided.ts'
export type { AdamStepOptions, SgdStepOptions, StepRule } from './ops/optim.ts'
export { adamStep, capturedSteps, optimStep, sgdStep, unscaleAll, zeroAll } from './ops/optim.ts'
export type { Conversion } from './ops/cast.ts'
export { conversionOf } from './ops/cast.ts'
export { axesOfFormat } from './ops/memory-format.ts'
export {
  requireBoolean,
  requireCount,
  requireCounts,
  requireFunction,
  requireInstance,
  requireIterable,
  requireList,
  requireNumber,
  requireNumberList,
  requireOneOf,
  requireOptions,
  requireTensor,
  requireTensors,
  requireText,
} from './requirements.ts'
export { adaptiveMax } from './ops/adaptive-pool.ts'
export type { BorderMode, ImageWarpOptions, ResizeFilter, Sampling } from './ops/image.ts'
export type { GifFrame } from './ops/image.ts'
export { imageGif, imageRecolour, imageResize, imageTable, imageWarp } from './ops/image.ts'
export { bagMode, embedBags } from './ops/embedding-bag.ts'
export { paddingRow, renormRows, requireTable, takeRows } from './ops/embedding.ts'
export { normalizeBatch, normalizeInstances } from './ops/normalization.ts'
export { averageGrad } from './ops/pool-records.ts'
export type { LegacyReduction } from './ops/loss-rule.ts'
export { legacyReduction } from './ops/loss-rule.ts'
export { recurrent } from './ops/recurrent-records.ts'
export type { Cell as RecurrentCell } from './ops/recurrent-second-order.ts'
export { setGradientSuffix } from './printing.ts'
export { show } from './show.ts'
export {
  currentScope,
  discard,
  internally,
  isTensor,
  moveToScope,
  outsideScopes,
  Scope,
  scopes,
} from './scope.ts'
export type { Shape } from './shape.ts'
export { sameShape } from './shape.ts'
export { graphError } from './native-errors.ts'
export { become, liveId, share, wrap } from './tensor.ts'
export { batched, currentLevels, samplesOf } from './vmap/interpreter.ts'
export { rules as batchRules } from './vmap/rules.ts'
