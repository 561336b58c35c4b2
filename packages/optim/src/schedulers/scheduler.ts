/** What all schedulers share: the count of steps, the learning rates they set, and saving both. */
import { ValueError } from '@flambeau/core'
import { requireNumber, show } from '@flambeau/core/internal'
import { Optimizer } from '../optimizer.ts'
import type { ParamGroup } from '../optimizer.ts'

/** Any optimizer: a scheduler only changes the options of its groups. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyOptimizer = Optimizer<any>

/** A value that {@link LRScheduler.stateDict} may hold. */
export type SchedulerValue =
  | number
  | boolean
  | string
  | null
  | readonly SchedulerValue[]
  | { readonly [key: string]: SchedulerValue }

/** What {@link LRScheduler.stateDict} gives, by PyTorch's names. */
export type SchedulerState = Record<string, SchedulerValue>

/** `stepSize` -> `step_size`, `TMax` -> `T_max`, `Ti` -> `T_i`, as PyTorch's files have it. */
function fileName(field: string): string {
  if (/^T./.test(field)) return `T_${(field[1] as string).toLowerCase()}${field.slice(2)}`
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/**
 * The base of schedulers, which change the learning rate of every group of an optimizer. Call
 * `step()` once after each epoch (or batch) of optimizer steps. To write one, say in `rateOf` what
 * a group's learning rate is next, and call `start` at the end of the constructor.
 *
 * @see torch.optim.lr_scheduler.LRScheduler
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import type { AnyOptimizer, ParamGroup } from '@flambeau/optim'
 * import { LRScheduler, SGD } from '@flambeau/optim'
 * class Halving extends LRScheduler {
 *   protected readonly saved = []
 *   constructor(optimizer: AnyOptimizer) {
 *     super(optimizer)
 *     this.start()
 *   }
 *   protected rateOf(group: ParamGroup) {
 *     return this.isInitial ? group.lr : group.lr / 2
 *   }
 * }
 * const scheduler = new Halving(new SGD([zeros([2])], { lr: 1 }))
 * scheduler.step()
 * console.log(scheduler.getLastLr()) // => [ 0.5 ]
 * ```
 */
export abstract class LRScheduler {
  readonly optimizer: AnyOptimizer
  /** The learning rates at the start, by group. */
  baseLrs: number[] = []
  /** How many steps were taken; PyTorch calls it so whatever a step is. */
  lastEpoch = -1
  /** @internal */
  stepCount = 0
  /** Is this the first step, the constructor's own? */
  protected isInitial = false
  protected lastLr: number[] = []
  /** Fields that {@link stateDict} holds beside the common ones. */
  protected abstract readonly saved: readonly string[]

  /** @throws {ValueError} unless `optimizer` is one. */
  constructor(optimizer: AnyOptimizer) {
    if (!(optimizer instanceof Optimizer)) {
      throw new ValueError(
        new.target.name,
        [],
        'the first argument must be an optimizer',
        `new ${new.target.name}(optimizer, …)`,
      )
    }
    this.optimizer = optimizer
  }

  /** Takes the first step. @throws {ValueError} on resuming without initial rates. */
  protected start(lastEpoch = -1): void {
    this.optimizer.paramGroups.forEach((group, i) => {
      if (lastEpoch === -1) group['initialLr'] ??= group.lr
      else if (group['initialLr'] === undefined) {
        throw new ValueError(
          this.constructor.name,
          { lastEpoch },
          `group ${i} has no initialLr to resume from`,
          'load the optimizer’s state first, or leave lastEpoch out',
        )
      }
    })
    this.baseLrs = this.optimizer.paramGroups.map((group) => group['initialLr'] as number)
    this.lastEpoch = lastEpoch
    this.begin()
  }

  /** The first step, which sets the learning rates of step 0. @internal */
  begin(): void {
    this.stepCount = 0
    this.isInitial = true
    try {
      this.step()
    } finally {
      this.isInitial = false
    }
  }

  /** The next learning rate of a group, from the one it has or from the number of steps. */
  protected abstract rateOf(group: ParamGroup, index: number): number

  /** The learning rate after `lastEpoch` steps, where it follows without those before. */
  protected closedForm(group: ParamGroup, index: number): number {
    return this.rateOf(group, index)
  }

  /**
   * Sets the next learning rates; with `epoch`, those after so many steps.
   *
   * @throws {ValueError} if `epoch` is not a number ≥ 0.
   */
  step(epoch?: number): void {
    this.stepCount++
    this.moveTo(epoch)
  }

  /** {@link step} without counting it. @internal */
  moveTo(epoch?: number): void {
    if (epoch !== undefined && !(typeof epoch === 'number' && epoch >= 0)) {
      throw new ValueError(
        `${this.constructor.name}.step`,
        [],
        `the epoch must be a number ≥ 0, not ${show(epoch)}`,
        'leave it out to go on by one',
      )
    }
    this.lastEpoch = epoch ?? this.lastEpoch + 1
    const rates = this.optimizer.paramGroups.map((group, i) =>
      epoch === undefined ? this.rateOf(group, i) : this.closedForm(group, i),
    )
    this.setRates(rates)
  }

  protected setRates(rates: readonly number[]): void {
    this.optimizer.paramGroups.forEach((group, i) => {
      group.lr = rates[i] as number
    })
    this.lastLr = [...rates]
  }

  /** The learning rates that were set last, by group. */
  getLastLr(): number[] {
    return [...this.lastLr]
  }

  /** The state, with PyTorch's names; functions are left out. */
  stateDict(): SchedulerState {
    const fields = this as unknown as Record<string, SchedulerValue>
    const state: SchedulerState = {}
    for (const name of this.saved) state[fileName(name)] = fields[name] as SchedulerValue
    state['base_lrs'] = [...this.baseLrs]
    state['last_epoch'] = this.lastEpoch
    state['_step_count'] = this.stepCount
    state['_is_initial'] = false
    state['_get_lr_called_within_step'] = false
    state['_last_lr'] = [...this.lastLr]
    return Object.assign(state, this.extras())
  }

  /** What PyTorch's file has beside {@link saved}. */
  protected extras(): SchedulerState {
    return {}
  }

  /**
   * Takes over what {@link stateDict} gave.
   *
   * @throws {ValueError} if that is not a scheduler's state.
   */
  loadStateDict(state: SchedulerState): void {
    if (typeof state !== 'object' || state === null || typeof state['last_epoch'] !== 'number') {
      throw new ValueError(
        `${this.constructor.name}.loadStateDict`,
        [],
        'this is not the state of a scheduler',
        'pass what stateDict() gave',
      )
    }
    const fields = this as unknown as Record<string, unknown>
    for (const name of this.saved) {
      const value = state[fileName(name)]
      if (value === undefined) continue
      if (typeof fields[name] === 'number') {
        requireNumber(`${this.constructor.name}.loadStateDict`, fileName(name), value)
      }
      fields[name] = value
    }
    if (Array.isArray(state['base_lrs'])) this.baseLrs = [...(state['base_lrs'] as number[])]
    this.lastEpoch = state['last_epoch']
    if (typeof state['_step_count'] === 'number') this.stepCount = state['_step_count']
    if (Array.isArray(state['_last_lr'])) this.lastLr = [...(state['_last_lr'] as number[])]
  }
}

/** A value for each group: one for all, or a list. @throws {ValueError} for a list of wrong length. @internal */
export function perGroup<T>(
  scheduler: string,
  name: string,
  optimizer: AnyOptimizer,
  value: T | readonly T[],
): T[] {
  const count = optimizer.paramGroups.length
  if (!Array.isArray(value)) return Array.from({ length: count }, () => value as T)
  if (value.length !== count) {
    throw new ValueError(
      scheduler,
      [],
      `${name} has ${value.length} values for ${count} parameter groups`,
      'give one value, or one for each group',
    )
  }
  return [...(value as readonly T[])]
}

/** @throws {ValueError} unless `value` is a number within [low, high]. @internal */
export function requireBetween(
  scheduler: string,
  name: string,
  value: unknown,
  low: number,
  high: number,
): void {
  if (typeof value === 'number' && value >= low && value <= high) return
  const range = high === Number.POSITIVE_INFINITY ? `≥ ${low}` : `in [${low}, ${high}]`
  throw new ValueError(
    scheduler,
    [],
    `${name} must be a number ${range}, not ${show(value)}`,
    'check the options',
  )
}
