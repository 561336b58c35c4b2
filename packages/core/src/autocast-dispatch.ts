/**
 * What automatic mixed precision does to a call: the functions of the lists below begin with
 * `if (autocasting.on) return inAutocast(…)`, which casts the tensors among their arguments and calls
 * them again outside of it, as PyTorch does. Other functions know nothing of it.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { isNamed } from './arguments.ts'
import { anyDevice } from './device.ts'
import type { DTypeCode } from './dtype.ts'
import { BFLOAT16, FLOAT32, FLOAT64, isFloatingCode } from './dtype.ts'
import { commands, native } from './native.ts'
import { isRecording } from './op.ts'
import { castCode } from './ops/cast.ts'
import { outsideScopes } from './scope.ts'
import { liveId, Tensor } from './tensor.ts'

/** Functions that compute in the lower precision, as on PyTorch's list for the CPU. */
const LOWER = [
  'addbmm',
  'addmm',
  'baddbmm',
  'bmm',
  'conv1d',
  'conv2d',
  'conv3d',
  'convTranspose1d',
  'convTranspose2d',
  'convTranspose3d',
  'einsum',
  'linear',
  'matmul',
  'matrixPower',
  'mm',
  'multiDot',
  'prelu',
  'scaledDotProductAttention',
  'tensordot',
  'vecdot',
] as const

/** Functions that need the range or the digits of float32. */
const FLOAT32_ONLY = [
  'adaptiveAvgPool3d',
  'adaptiveMaxPool3d',
  'avgPool3d',
  'binaryCrossEntropy',
  'binaryCrossEntropyWithLogits',
  'cdist',
  'cholesky',
  'choleskyInverse',
  'choleskySolve',
  'cosineEmbeddingLoss',
  'crossEntropy',
  'ctcLoss',
  'eigh',
  'eigvalsh',
  'fractionalMaxPool2d',
  'fractionalMaxPool3d',
  'gridSample',
  'hingeEmbeddingLoss',
  'householderProduct',
  'huberLoss',
  'inverse',
  'klDiv',
  'l1Loss',
  'marginRankingLoss',
  'matrixRank',
  'maxPool3d',
  'maxUnpool1d',
  'maxUnpool2d',
  'maxUnpool3d',
  'mseLoss',
  'multiMarginLoss',
  'multilabelMarginLoss',
  'nllLoss',
  'padReflecting',
  'poissonNllLoss',
  'prod',
  'qr',
  'smoothL1Loss',
  'softMarginLoss',
  'solve',
  'svd',
  'svdvals',
  'tensorinv',
  'tensorsolve',
  'trace',
  'tripletMarginLoss',
] as const

/** Functions whose operands must have one dtype: the wider one. */
const PROMOTED = ['indexCopy'] as const

/** A function that autocast treats in some way. */
export type AutocastName =
  | (typeof LOWER)[number]
  | (typeof FLOAT32_ONLY)[number]
  | (typeof PROMOTED)[number]

const lower: ReadonlySet<string> = new Set(LOWER)
const promoted: ReadonlySet<string> = new Set(PROMOTED)

/** The names of the lists, for tests. */
export const autocastLists: {
  readonly lower: readonly AutocastName[]
  readonly float32: readonly AutocastName[]
  readonly promoted: readonly AutocastName[]
} = { lower: LOWER, float32: FLOAT32_ONLY, promoted: PROMOTED }

/** Where a region computes: tensors elsewhere are left alone. */
export type AutocastDevice = 'cpu' | 'cuda'

/** How calls are treated at some place. */
export interface AutocastMode {
  enabled: boolean
  device: AutocastDevice
  dtype: DTypeCode
  cacheEnabled: boolean
  /** True until the body returned: for an asynchronous one, at its first await. */
  synchronous: boolean
  /** Casts of parameters, made once for all uses in the outermost region. */
  cache: AutocastCache
}

/** A cast of a parameter, good as long as the parameter is not written to. */
interface Kept {
  readonly cast: Tensor
  readonly version: number
}

/** Casts that are part of the graph, and those that are not, by parameter. */
export interface AutocastCache {
  readonly recorded: Map<Tensor, Kept>
  readonly unrecorded: Map<Tensor, Kept>
}

export function newCache(): AutocastCache {
  return { recorded: new Map(), unrecorded: new Map() }
}

/** The modes of asynchronous bodies, which others may interrupt. */
export const autocastModes: AsyncLocalStorage<AutocastMode> = new AsyncLocalStorage()

/** What holds outside of every region. */
export const outermost: AutocastMode = {
  enabled: false,
  device: 'cpu',
  dtype: BFLOAT16,
  cacheEnabled: true,
  synchronous: true,
  cache: newCache(),
}

/**
 * `on` is all that a call looks at: true where regions are enabled, and everywhere while asynchronous
 * ones run.
 */
export const autocasting: {
  on: boolean
  current: AutocastMode
  asynchronous: number
} = { on: false, current: outermost, asynchronous: 0 }

/** Sets `on` after a change. */
export function refreshAutocast(): void {
  autocasting.on = autocasting.current.enabled || autocasting.asynchronous > 0
}

/** The mode at this place. */
export function autocastMode(): AutocastMode {
  const { asynchronous, current } = autocasting
  return asynchronous > 0 ? (autocastModes.getStore() ?? current) : current
}

/** Frees the casts; the graph keeps what it needs of them. */
export function emptyCache(cache: AutocastCache): void {
  for (const casts of [cache.recorded, cache.unrecorded]) {
    for (const { cast } of casts.values()) cast.dispose()
    casts.clear()
  }
}

function isEligible(tensor: Tensor, device: AutocastDevice): boolean {
  if (!isFloatingCode(tensor._dtype) || tensor._dtype === FLOAT64) return false
  return !anyDevice() || tensor.isCuda === (device === 'cuda')
}

// What native.info writes.
const IS_LEAF = 4
const VERSION = 7

/** The tensor in `dtype`, unless it is float64, no floating one or elsewhere; parameters are cast once in a region. */
export function castIn(mode: AutocastMode, tensor: Tensor, dtype: DTypeCode): Tensor {
  if (!isEligible(tensor, mode.device) || tensor._dtype === dtype) return tensor
  const mayKeep =
    mode.cacheEnabled &&
    dtype === mode.dtype &&
    tensor._dtype === FLOAT32 &&
    tensor._base === null &&
    tensor._requiresGrad
  if (!mayKeep) return castCode(tensor, dtype)
  native.info(liveId('autocast', tensor))
  if (commands[IS_LEAF] !== 1) return castCode(tensor, dtype)
  const version = commands[VERSION] as number
  const { recorded, unrecorded } = mode.cache
  const casts = isRecording() ? recorded : unrecorded
  const known = casts.get(tensor)
  if (known !== undefined && known.version === version && known.cast._id !== 0) return known.cast
  const cast = outsideScopes(() => castCode(tensor, dtype))
  casts.set(tensor, { cast, version })
  return cast
}

/** An argument with all tensors in it cast. */
function castArgument(mode: AutocastMode, value: unknown, dtype: DTypeCode): unknown {
  if (value instanceof Tensor) return castIn(mode, value, dtype)
  if (Array.isArray(value)) {
    if (!value.some((item) => item instanceof Tensor)) return value
    return (value as unknown[]).map((item) => castArgument(mode, item, dtype))
  }
  if (!isNamed(value)) return value
  const entries = Object.entries(value)
  return Object.fromEntries(entries.map(([key, item]) => [key, castArgument(mode, item, dtype)]))
}

/** float32 if a tensor among the arguments is that, else the lower precision. */
function widest(mode: AutocastMode, args: readonly unknown[]): DTypeCode {
  const isWide = (value: unknown): boolean => {
    if (value instanceof Tensor) return value._dtype === FLOAT32
    return isNamed(value) && Object.values(value).some(isWide)
  }
  return args.some(isWide) ? FLOAT32 : mode.dtype
}

/**
 * Calls a function of the lists above as its list says: with its tensors cast, and without autocast
 * inside of it. float64 and integer tensors stay as they are.
 */
export function inAutocast<R>(
  name: AutocastName,
  // Parameters are contravariant.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  fn: (...args: any[]) => R,
  args: readonly unknown[],
): R {
  const mode = autocastMode()
  autocasting.on = false
  try {
    let given = args
    if (mode.enabled) {
      const dtype = lower.has(name) ? mode.dtype : promoted.has(name) ? widest(mode, args) : FLOAT32
      given = args.map((value) => castArgument(mode, value, dtype))
    }
    return fn(...given)
  } finally {
    refreshAutocast()
  }
}
