/** Scaling of losses, so that small gradients survive narrow dtypes. */
import type { Device } from '@flambeau/core'
import { Tensor, tensor, ValueError } from '@flambeau/core'
import { noGrad } from '@flambeau/autograd'
import type { Arguments } from '@flambeau/core/internal'
import { internally, parameters, requireCount, show, unscaleAll } from '@flambeau/core/internal'
import { Optimizer } from './optimizer.ts'
import type { AnyOptimizer } from './schedulers/scheduler.ts'

export interface GradScalerOptions {
  /** Where the scale is kept. Default `'cpu'`. */
  device?: Device
  /** The factor at the start. Default 65536. */
  initScale?: number
  /** Factor by which the scale grows, > 1. Default 2. */
  growthFactor?: number
  /** Factor by which it shrinks after infinite gradients, < 1. Default 0.5. */
  backoffFactor?: number
  /** Steps in a row with finite gradients until it grows. Default 2000. */
  growthInterval?: number
  /** False: nothing is scaled, and `step` calls the optimizer's. Default true. */
  enabled?: boolean
}

/** What {@link GradScaler.stateDict} gives, by PyTorch's names; empty if disabled. */
export type GradScalerState = {
  scale?: number
  growth_factor?: number
  backoff_factor?: number
  growth_interval?: number
  _growth_tracker?: number
}

/** A tensor, or lists of them, nested as they may be. */
export type Outputs = Tensor | readonly Outputs[]

const NAMES = [
  'device',
  'initScale',
  'growthFactor',
  'backoffFactor',
  'growthInterval',
  'enabled',
] as const
const read = parameters<[Device, number, number, number, number, boolean]>('GradScaler', NAMES)

interface Progress {
  stage: 'ready' | 'unscaled' | 'stepped'
  /** Was a gradient infinite or NaN? Null: nothing was checked. */
  foundInf: boolean | null
}

function fail(method: string, rule: string, fix: string): ValueError {
  return new ValueError(`GradScaler.${method}`, [], rule, fix)
}

/**
 * Multiplies losses by a large factor, so that gradients which narrow dtypes would round to zero
 * survive, and divides the gradients by it before the step. A step whose gradients are infinite or
 * NaN is left out, and the factor shrinks; after `growthInterval` good steps it grows. All gradients are
 * checked and divided in one native call. float16 needs it, bfloat16 seldom does.
 *
 * Dtype: gradients must not be float16; keep float32 parameters, and compute in {@link autocast}.
 *
 * @throws {ValueError} unless growthFactor > 1, backoffFactor < 1 and growthInterval is a whole number ≥ 1.
 * @see Micikevicius et al. 2017, https://arxiv.org/abs/1710.03740; torch.amp.GradScaler
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { GradScaler, SGD } from '@flambeau/optim'
 * const x = tensor([2], { dtype: 'float32', requiresGrad: true })
 * const optimizer = new SGD([x], { lr: 0.25 })
 * const scaler = new GradScaler({ initScale: 1024 })
 * scaler.scale(x.square().sum()).backward()
 * scaler.step(optimizer)
 * scaler.update()
 * console.log(x.item(), scaler.getScale()) // => 1 1024
 * ```
 */
export class GradScaler {
  readonly #enabled: boolean
  /** The scale now, a float32 number, and whether it has been used. */
  #scale: number
  #used = false
  #growthFactor: number
  #backoffFactor: number
  #growthInterval: number
  #growthTracker = 0
  #progress: Map<AnyOptimizer, Progress> = new Map()

  constructor(...given: Arguments<GradScalerOptions, typeof NAMES>) {
    const [
      device = 'cpu',
      initScale = 65536,
      growthFactor = 2,
      backoffFactor = 0.5,
      growthInterval = 2000,
      enabled = true,
    ] = read(given)
    this.#enabled = enabled
    this.#scale = Math.fround(tensor(initScale, { dtype: 'float32', device }).item())
    this.#growthFactor = requireFactor('growthFactor', growthFactor, (x) => x > 1, '> 1')
    this.#backoffFactor = requireFactor('backoffFactor', backoffFactor, (x) => x < 1, '< 1')
    requireCount('GradScaler', 'growthInterval', growthInterval, 1)
    this.#growthInterval = growthInterval
  }

  /**
   * The loss (or several outputs) times the scale.
   *
   * @throws {ValueError} for what is neither a tensor nor a list of tensors.
   */
  scale(outputs: Tensor): Tensor
  scale<T extends Outputs>(outputs: T): T
  scale(outputs: Outputs): Outputs {
    if (!this.#enabled) return outputs
    if (outputs instanceof Tensor) {
      this.#used = true
      return outputs.mul(tensor(this.#scale, { dtype: 'float32' }))
    }
    if (Array.isArray(outputs)) return outputs.map((one: Outputs) => this.scale(one))
    throw fail('scale', 'outputs must be a tensor or a list of tensors', 'pass the loss')
  }

  /**
   * Divides the gradients of an optimizer's parameters by the scale, in place, to be changed before
   * the step, for example clipped. `step` calls it otherwise.
   *
   * @throws {ValueError} after another `unscale_` or `step` since the last `update`, before any `scale`,
   * and for float16 gradients.
   */
  unscale_(optimizer: AnyOptimizer): void {
    if (!this.#enabled) return
    this.#requireUsed('unscale_')
    const progress = this.#progressOf('unscale_', optimizer)
    if (progress.stage !== 'ready') {
      throw fail(
        'unscale_',
        progress.stage === 'unscaled'
          ? 'unscale_() was already called for this optimizer since the last update()'
          : 'unscale_() is called after step()',
        'call it once, between backward() and step()',
      )
    }
    progress.foundInf = this.#unscale(optimizer)
    progress.stage = 'unscaled'
  }

  /** Divides all gradients; null if there are none, else whether one was infinite or NaN. */
  #unscale(optimizer: AnyOptimizer): boolean | null {
    return noGrad(() =>
      internally(() => {
        const grads: Tensor[] = []
        for (const group of optimizer.paramGroups) {
          for (const param of group.params) {
            const { grad } = param
            if (grad === null) continue
            if (grad.dtype === 'float16') {
              throw fail(
                'unscale_',
                'gradients must not be float16',
                "keep the parameters in float32 and compute in autocast({ dtype: 'float16' }, …)",
              )
            }
            grads.push(grad)
          }
        }
        if (grads.length === 0) return null
        const { device } = grads[0] as Tensor
        const found = tensor(0, { dtype: 'float32', device })
        unscaleAll(grads, Math.fround(1 / this.#scale), found)
        return found.item() !== 0
      }),
    )
  }

  /**
   * The optimizer's step with unscaled gradients, unless one of them is infinite or NaN: then nothing
   * changes. Returns what the optimizer's `step` does.
   *
   * @throws {ValueError} if called twice without `update`, before any `scale`, with a closure, or if there
   * are no gradients.
   */
  step(optimizer: AnyOptimizer, ...args: readonly unknown[]): unknown {
    const step = (): unknown =>
      (optimizer.step as (...args: readonly unknown[]) => unknown).call(optimizer, ...args)
    if (!this.#enabled) return step()
    if (args.some((one) => typeof one === 'function')) {
      throw fail(
        'step',
        'closures cannot be scaled',
        'compute gradients first, then step(optimizer)',
      )
    }
    this.#requireUsed('step')
    const progress = this.#progressOf('step', optimizer)
    if (progress.stage === 'stepped') {
      throw fail(
        'step',
        'step() was already called for this optimizer since the last update()',
        'call update() after all steps',
      )
    }
    if (progress.stage === 'ready') this.unscale_(optimizer)
    if (progress.foundInf === null) {
      throw fail(
        'step',
        'no parameter of the optimizer has a gradient',
        'call scaler.scale(loss).backward() before',
      )
    }
    const result = progress.foundInf ? undefined : step()
    progress.stage = 'stepped'
    return result
  }

  /**
   * Shrinks the scale if a step was left out, grows it after enough good ones, or sets it to
   * `newScale`. To be called after all steps.
   *
   * @throws {ValueError} if nothing was checked since the last time, or `newScale` is not one number.
   */
  update(newScale?: number | Tensor | null): void {
    if (!this.#enabled) return
    this.#requireUsed('update')
    if (newScale !== undefined && newScale !== null) this.#scale = scaleOf(newScale)
    else this.#adapt()
    this.#progress = new Map()
  }

  #adapt(): void {
    const found = [...this.#progress.values()].filter((one) => one.foundInf !== null)
    if (found.length === 0) {
      throw fail(
        'update',
        'no gradients were checked since the last update()',
        'call step() before',
      )
    }
    if (found.some((one) => one.foundInf)) {
      this.#scale = Math.fround(this.#scale * this.#backoffFactor)
      this.#growthTracker = 0
      return
    }
    this.#growthTracker += 1
    if (this.#growthTracker !== this.#growthInterval) return
    const grown = Math.fround(this.#scale * this.#growthFactor)
    if (Number.isFinite(grown)) this.#scale = grown
    this.#growthTracker = 0
  }

  #progressOf(method: string, optimizer: AnyOptimizer): Progress {
    if (!(optimizer instanceof Optimizer)) {
      throw fail(method, 'the argument must be an optimizer', `scaler.${method}(optimizer)`)
    }
    let progress = this.#progress.get(optimizer)
    if (progress === undefined) {
      progress = { stage: 'ready', foundInf: null }
      this.#progress.set(optimizer, progress)
    }
    return progress
  }

  #requireUsed(method: string): void {
    if (this.#used) return
    throw fail(method, 'nothing was scaled before', 'call scaler.scale(loss).backward()')
  }

  /** The scale; 1 if disabled. */
  getScale(): number {
    return this.#enabled ? this.#scale : 1
  }

  getGrowthFactor(): number {
    return this.#growthFactor
  }

  /** @throws {ValueError} unless it is > 1. */
  setGrowthFactor(newFactor: number): void {
    this.#growthFactor = requireFactor('growthFactor', newFactor, (x) => x > 1, '> 1')
  }

  getBackoffFactor(): number {
    return this.#backoffFactor
  }

  /** @throws {ValueError} unless it is < 1. */
  setBackoffFactor(newFactor: number): void {
    this.#backoffFactor = requireFactor('backoffFactor', newFactor, (x) => x < 1, '< 1')
  }

  getGrowthInterval(): number {
    return this.#growthInterval
  }

  /** @throws {ValueError} unless it is a whole number ≥ 1. */
  setGrowthInterval(newInterval: number): void {
    requireCount('GradScaler', 'growthInterval', newInterval, 1)
    this.#growthInterval = newInterval
  }

  isEnabled(): boolean {
    return this.#enabled
  }

  /** The state, with PyTorch's names; to be taken after `update()`. Empty if disabled. */
  stateDict(): GradScalerState {
    if (!this.#enabled) return {}
    return {
      scale: this.#scale,
      growth_factor: this.#growthFactor,
      backoff_factor: this.#backoffFactor,
      growth_interval: this.#growthInterval,
      _growth_tracker: this.#growthTracker,
    }
  }

  /**
   * Takes over what {@link stateDict} gave; without effect if disabled.
   *
   * @throws {ValueError} if the state is empty, of a disabled scaler, or not one.
   */
  loadStateDict(state: GradScalerState): void {
    if (!this.#enabled) return
    const numbers = [
      state?.scale,
      state?.growth_factor,
      state?.backoff_factor,
      state?.growth_interval,
      state?._growth_tracker,
    ]
    if (numbers.some((value) => typeof value !== 'number')) {
      throw fail(
        'loadStateDict',
        'this is not the state of a scaler that was enabled',
        'pass what stateDict() gave',
      )
    }
    const [scale, growth, backoff, interval, tracker] = numbers as number[]
    this.setGrowthFactor(growth as number)
    this.setBackoffFactor(backoff as number)
    this.setGrowthInterval(interval as number)
    this.#scale = Math.fround(scale as number)
    this.#growthTracker = tracker as number
  }
}

function scaleOf(given: number | Tensor): number {
  if (typeof given === 'number') return Math.fround(given)
  if (!(given instanceof Tensor) || given.numel() !== 1 || given.requiresGrad) {
    throw fail(
      'update',
      'newScale must be a number, or a tensor of one element that requires no gradient',
      'scaler.update(1024)',
    )
  }
  return Math.fround(given.item())
}

function requireFactor(
  name: string,
  value: number,
  holds: (value: number) => boolean,
  range: string,
): number {
  if (typeof value === 'number' && holds(value)) return value
  throw new ValueError(
    'GradScaler',
    [],
    `${name} must be a number ${range}, not ${show(value)}`,
    'check the options',
  )
}
