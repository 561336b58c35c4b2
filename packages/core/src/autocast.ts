/** Automatic mixed precision: products and convolutions in 16 bits, the rest in 32. */
import type { Arguments } from './arguments.ts'
import { isNamed, parameters } from './arguments.ts'
import type { AutocastDevice, AutocastMode } from './autocast-dispatch.ts'
import {
  autocasting,
  autocastMode,
  autocastModes,
  emptyCache,
  newCache,
  outermost,
  refreshAutocast,
} from './autocast-dispatch.ts'
import { isDeviceAvailable } from './device.ts'
import type { DType, DTypeCode } from './dtype.ts'
import { BFLOAT16, dtypeCode, dtypeName, FLOAT16, FLOAT64, isFloatingCode } from './dtype.ts'
import { DeviceError, DTypeError, ValueError } from './errors.ts'
import { castCode } from './ops/cast.ts'
import { requireBoolean, requireFunction } from './requirements.ts'
import { show } from './show.ts'
import { Tensor } from './tensor.ts'

export interface AutocastOptions {
  /** Where the region computes, `'cpu'` or `'cuda'`. Default: as around it, `'cpu'` outermost. */
  deviceType?: AutocastDevice
  /** The lower precision: `'bfloat16'` or `'float16'`. Default {@link getAutocastDtype}. */
  dtype?: DType | null
  /** False: the region computes as if there were no autocast. Default true. */
  enabled?: boolean
  /** Cast each parameter once for all its uses in the outermost region. Default true. */
  cacheEnabled?: boolean | null
}

const NAMES = ['deviceType', 'dtype', 'enabled', 'cacheEnabled'] as const
type Settings = Arguments<AutocastOptions, typeof NAMES>
const read = parameters<[AutocastDevice, DType | null, boolean, boolean | null]>('autocast', NAMES)

// Functions of any kind: parameters are contravariant.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyFunction = (...args: any[]) => any

function requireAvailable(op: string, deviceType: unknown): void {
  if (deviceType === undefined || isAutocastAvailable(deviceType as string)) return
  throw new DeviceError(
    op,
    [],
    `there is no autocast for the device ${show(deviceType)}`,
    deviceType === 'cuda' ? "import '@flambeau/cuda-backend' first, or use 'cpu'" : "'cpu'",
  )
}

/** Lower precisions of devices where no region says one. */
const usual: Record<AutocastDevice, DTypeCode> = { cpu: BFLOAT16, cuda: FLOAT16 }

/** @throws {DTypeError} for a dtype that is not a lower precision. */
function lowerCode(op: string, dtype: DType): DTypeCode {
  const code = dtypeCode(dtype)
  if (code === BFLOAT16 || code === FLOAT16) return code
  throw new DTypeError(
    op,
    [],
    `autocast computes in bfloat16 or float16, not ${dtype}`,
    "{ dtype: 'bfloat16' }",
  )
}

/** The lower precision that a device has inside of a mode. */
function dtypeAt(mode: AutocastMode, device: AutocastDevice): DTypeCode {
  return mode.device === device ? mode.dtype : usual[device]
}

/** The mode that arguments ask for, inside of that of this place. */
function modeFor(given: readonly unknown[]): AutocastMode {
  const [deviceType, dtype, enabled = true, cacheEnabled] = read(given)
  requireAvailable('autocast', deviceType)
  requireBoolean('autocast', 'enabled', enabled)
  requireBoolean('autocast', 'cacheEnabled', cacheEnabled ?? true)
  const around = autocastMode()
  const device = deviceType ?? around.device
  return {
    enabled,
    device,
    dtype: dtype ? lowerCode('autocast', dtype) : dtypeAt(around, device),
    cacheEnabled: cacheEnabled ?? around.cacheEnabled,
    synchronous: true,
    // Casts live as long as the outermost region, in PyTorch too.
    cache: around === outermost ? newCache() : around.cache,
  }
}

function withMode<T>(mode: AutocastMode, body: () => T): T {
  const before = autocasting.current
  const shared = autocastMode().cache === mode.cache
  const finish = (): void => {
    if (!shared) emptyCache(mode.cache)
  }
  autocasting.current = mode
  refreshAutocast()
  let result: T
  let asynchronous = false
  try {
    result = autocastModes.run(mode, body)
    asynchronous = result instanceof Promise
  } finally {
    mode.synchronous = false
    autocasting.current = before
    if (asynchronous) autocasting.asynchronous++
    else finish()
    refreshAutocast()
  }
  if (!(result instanceof Promise)) return result
  return result.finally(() => {
    autocasting.asynchronous--
    finish()
    refreshAutocast()
  }) as T
}

/** The mode from here on until the result is disposed. */
function untilDisposed(mode: AutocastMode): Disposable {
  const store = autocastModes.getStore()
  const target = store !== undefined && !store.synchronous ? store : autocasting.current
  const fields = ['enabled', 'device', 'dtype', 'cacheEnabled', 'cache'] as const
  const before = { ...target }
  if (target === outermost) autocasting.current = mode
  else for (const field of fields) set(target, field, mode[field])
  refreshAutocast()
  return {
    [Symbol.dispose](): void {
      if (mode.cache !== before.cache) emptyCache(mode.cache)
      if (target === outermost) autocasting.current = outermost
      else for (const field of fields) set(target, field, before[field])
      refreshAutocast()
    },
  }
}

function set<K extends keyof AutocastMode>(
  mode: AutocastMode,
  key: K,
  value: AutocastMode[K],
): void {
  mode[key] = value
}

/** The type of {@link autocast}. */
export interface Autocast {
  /** Runs `body` in a region, through every `await`; returns what it returns. */
  <T>(body: () => T): T
  <T>(options: AutocastOptions, body: () => T): T
  <T>(deviceType: AutocastDevice, dtype: DType | null, body: () => T): T
  <T>(deviceType: AutocastDevice, body: () => T): T
  /** A region until the result is disposed: `using _ = autocast()`. */
  (...given: Settings): Disposable
  /** A function that always runs in a region. */
  readonly wrap: <F extends AnyFunction>(fn: F, ...given: Settings) => F
}

/**
 * Automatic mixed precision: inside of the region matrix products, convolutions and attention
 * compute in bfloat16 (or float16; the usual one on a GPU), whatever the dtype of their inputs; losses, norms of matrices and
 * others that need the digits compute in float32; everything else takes what comes. Parameters stay
 * float32, and so do their gradients. Results of the region may be 16 bits wide. Call `backward()`
 * outside of the region.
 *
 * As a body's surroundings, `autocast({ dtype: 'bfloat16' }, () => …)`, also asynchronous; for a block,
 * `using _ = autocast()`; for a function, `autocast.wrap(fn)`. Regions nest; `enabled: false` switches
 * off. float64 and integer tensors are left alone, and so are in-place forms.
 *
 * @throws {DTypeError} for dtypes other than bfloat16 and float16. @throws {DeviceError} for a
 * device that is not there.
 * @see torch.autocast; Micikevicius et al. 2017, https://arxiv.org/abs/1710.03740
 *
 * @example
 * ```ts
 * import { autocast, mseLoss, ones } from '@flambeau/core'
 * const [x, w] = [ones([2, 3]), ones([3, 4])]
 * const [product, loss] = autocast({ dtype: 'bfloat16' }, () => {
 *   const y = x.matmul(w)
 *   return [y, mseLoss(y, ones([2, 4]))]
 * })
 * console.log(product.dtype, loss.dtype) // => bfloat16 float32
 * ```
 */
export const autocast: Autocast = Object.assign(
  (...given: readonly unknown[]): unknown => {
    const body = given.at(-1)
    if (typeof body !== 'function') {
      if (given.some((value) => typeof value === 'function')) {
        throw new ValueError(
          'autocast',
          [],
          'the body of the region is the last argument',
          "autocast('cuda', 'float16', () => …)",
        )
      }
      return untilDisposed(modeFor(given))
    }
    return withMode(modeFor(given.slice(0, -1)), body as () => unknown)
  },
  {
    wrap<F extends AnyFunction>(fn: F, ...given: Settings): F {
      requireFunction('autocast.wrap', 'fn', fn)
      modeFor(given)
      return function (this: unknown, ...args: unknown[]): unknown {
        return withMode(modeFor(given), () => fn.apply(this, args) as unknown)
      } as F
    },
  },
) as Autocast

/** Is autocast on at this place? @see torch.is_autocast_enabled */
export function isAutocastEnabled(deviceType: AutocastDevice = 'cpu'): boolean {
  requireAvailable('isAutocastEnabled', deviceType)
  const { enabled, device } = autocastMode()
  return enabled && device === deviceType
}

/** Is there autocast for a device? @see torch.amp.is_autocast_available */
export function isAutocastAvailable(deviceType: string): boolean {
  return deviceType === 'cpu' || (deviceType === 'cuda' && isDeviceAvailable('cuda'))
}

/**
 * The lower precision at this place; unless set otherwise bfloat16 on the processor, float16 on a GPU.
 *
 * @see torch.get_autocast_dtype
 */
export function getAutocastDtype(deviceType: AutocastDevice = 'cpu'): DType {
  requireAvailable('getAutocastDtype', deviceType)
  return dtypeName(dtypeAt(autocastMode(), deviceType))
}

/**
 * Sets the lower precision at this place, also of regions that do not say one.
 *
 * @throws {DTypeError} for dtypes other than bfloat16 and float16.
 * @see torch.set_autocast_dtype
 */
export function setAutocastDtype(deviceType: AutocastDevice, dtype: DType): void {
  requireAvailable('setAutocastDtype', deviceType)
  const code = lowerCode('setAutocastDtype', dtype)
  const mode = autocastMode()
  if (mode.device === deviceType) mode.dtype = code
  else usual[deviceType] = code
}

/** Do regions cast each parameter once at this place? @see torch.is_autocast_cache_enabled */
export function isAutocastCacheEnabled(): boolean {
  return autocastMode().cacheEnabled
}

/** Sets whether parameters are cast once at this place. @throws {ValueError} unless it is a boolean. @see torch.set_autocast_cache_enabled */
export function setAutocastCacheEnabled(enabled: boolean): void {
  requireBoolean('setAutocastCacheEnabled', 'enabled', enabled)
  autocastMode().cacheEnabled = enabled
}

/** Forgets the casts of parameters that the region here has made. @see torch.clear_autocast_cache */
export function clearAutocastCache(): void {
  emptyCache(autocastMode().cache)
}

/** What {@link customFwd} takes by name. */
export interface CustomFwdOptions {
  deviceType?: AutocastDevice
  /** Casts floating tensors among the arguments to this dtype, and switches autocast off inside. */
  castInputs?: DType | null
}

/**
 * A `forward` of a function with a derivative of its own that does right in autocast: with
 * `castInputs`, its floating arguments are cast (float64 is not) and autocast is off inside; otherwise
 * it runs in the mode around it.
 *
 * @see torch.amp.custom_fwd
 */
export function customFwd<F extends AnyFunction>(fwd: F, options: CustomFwdOptions = {}): F {
  requireFunction('customFwd', 'fn', fwd)
  const { deviceType, castInputs = null } = options
  requireAvailable('customFwd', deviceType)
  if (castInputs === null) return fwd
  const code = dtypeCode(castInputs)
  const cast = (value: unknown): unknown => {
    if (value instanceof Tensor) {
      return isFloatingCode(value._dtype) && value._dtype !== FLOAT64
        ? castCode(value, code)
        : value
    }
    if (Array.isArray(value)) return (value as unknown[]).map(cast)
    if (!isNamed(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cast(item)]))
  }
  return function (this: unknown, ...args: unknown[]): unknown {
    if (!autocastMode().enabled) return fwd.apply(this, args) as unknown
    return autocast({ enabled: false }, () => fwd.apply(this, args.map(cast)) as unknown)
  } as F
}

/** What {@link customBwd} takes by name. */
export interface CustomBwdOptions {
  deviceType?: AutocastDevice
}

/**
 * A `backward` that always runs without autocast, whatever surrounds `backward()`: its gradients come in
 * the dtypes of the forward results.
 *
 * @see torch.amp.custom_bwd
 */
export function customBwd<F extends AnyFunction>(bwd: F, options: CustomBwdOptions = {}): F {
  requireFunction('customBwd', 'fn', bwd)
  requireAvailable('customBwd', options.deviceType)
  return autocast.wrap(bwd, { enabled: false })
}
