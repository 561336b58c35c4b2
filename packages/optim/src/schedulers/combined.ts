/** Schedules made of others. */
import { ValueError } from '@flambeau/core'
import type { ParamGroup } from '../optimizer.ts'
import { ReduceLROnPlateau } from './plateau.ts'
import type { AnyOptimizer, SchedulerState, SchedulerValue } from './scheduler.ts'
import { LRScheduler } from './scheduler.ts'

/** @throws {ValueError} unless these are schedulers of `optimizer` that need no metric. */
function requireSchedulers(
  name: string,
  optimizer: AnyOptimizer,
  schedulers: readonly LRScheduler[],
): void {
  const fail = (rule: string, fix: string): never => {
    throw new ValueError(name, [], rule, fix)
  }
  if (!Array.isArray(schedulers) || schedulers.length === 0)
    fail('there are no schedulers', 'pass a list of at least one')
  schedulers.forEach((scheduler, i) => {
    if (!(scheduler instanceof LRScheduler)) fail(`item ${i} is not a scheduler`, 'pass schedulers')
    if (scheduler instanceof ReduceLROnPlateau)
      fail('ReduceLROnPlateau needs a metric at each step', 'step it on its own')
    if (scheduler.optimizer !== optimizer)
      fail(`scheduler ${i} belongs to another optimizer`, 'make all of them for one optimizer')
  })
}

/** State of a scheduler that has others. */
function stateWithParts(state: SchedulerState, parts: readonly LRScheduler[]): SchedulerState {
  state['_schedulers'] = parts.map((part) => part.stateDict())
  return state
}

function loadParts(name: string, state: SchedulerState, parts: readonly LRScheduler[]): void {
  const saved = (state as SchedulerState | null | undefined)?.['_schedulers']
  if (!Array.isArray(saved) || saved.length !== parts.length) {
    throw new ValueError(
      `${name}.loadStateDict`,
      [],
      `the state is not one of ${parts.length} schedulers`,
      'build the same schedulers first',
    )
  }
  parts.forEach((part, i) => part.loadStateDict(saved[i] as SchedulerState))
}

/**
 * Several schedulers that all step at once, each going on from what the others made of the learning
 * rate.
 *
 * @throws {ValueError} unless all belong to one optimizer.
 * @see torch.optim.lr_scheduler.ChainedScheduler
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { ChainedScheduler, ConstantLR, ExponentialLR, SGD } from '@flambeau/optim'
 * const optimizer = new SGD([zeros([2])], { lr: 1 })
 * const scheduler = new ChainedScheduler([
 *   new ConstantLR(optimizer, { factor: 0.5, totalIters: 4 }),
 *   new ExponentialLR(optimizer, 0.5),
 * ])
 * scheduler.step()
 * console.log(scheduler.getLastLr()) // => [ 0.25 ]
 * ```
 */
export class ChainedScheduler extends LRScheduler {
  readonly #parts: readonly LRScheduler[]
  protected readonly saved: readonly string[] = []

  constructor(schedulers: readonly LRScheduler[], optimizer?: AnyOptimizer) {
    const first = optimizer ?? schedulers?.[0]?.optimizer
    super(first as AnyOptimizer)
    requireSchedulers('ChainedScheduler', this.optimizer, schedulers)
    this.#parts = [...schedulers]
    this.lastLr = this.optimizer.paramGroups.map((group) => group.lr)
  }

  protected rateOf(group: ParamGroup): number {
    return group.lr
  }

  override step(): void {
    for (const part of this.#parts) part.step()
    this.lastLr = this.optimizer.paramGroups.map((group) => group.lr)
  }

  override stateDict(): SchedulerState {
    return stateWithParts({ _last_lr: [...this.lastLr] as SchedulerValue }, this.#parts)
  }

  override loadStateDict(state: SchedulerState): void {
    loadParts('ChainedScheduler', state, this.#parts)
    if (Array.isArray(state['_last_lr'])) this.lastLr = [...(state['_last_lr'] as number[])]
  }
}

/**
 * Several schedulers one after the other: the next one starts anew at each milestone.
 *
 * @throws {ValueError} unless all belong to `optimizer` and there is one milestone less than
 * schedulers.
 * @see torch.optim.lr_scheduler.SequentialLR
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { ConstantLR, ExponentialLR, SequentialLR, SGD } from '@flambeau/optim'
 * const optimizer = new SGD([zeros([2])], { lr: 1 })
 * const warm = new ConstantLR(optimizer, { factor: 0.1, totalIters: 2 })
 * const fall = new ExponentialLR(optimizer, 0.5)
 * const scheduler = new SequentialLR(optimizer, [warm, fall], [2])
 * for (let epoch = 0; epoch < 3; epoch++) scheduler.step()
 * console.log(scheduler.getLastLr()) // => [ 0.5 ]
 * ```
 */
export class SequentialLR extends LRScheduler {
  readonly #parts: readonly LRScheduler[]
  #milestones: readonly number[]
  protected readonly saved: readonly string[] = []

  constructor(
    optimizer: AnyOptimizer,
    schedulers: readonly LRScheduler[],
    milestones: readonly number[] | { milestones: readonly number[]; lastEpoch?: number },
    lastEpoch = -1,
  ) {
    super(optimizer)
    requireSchedulers('SequentialLR', optimizer, schedulers)
    const named = Array.isArray(milestones)
      ? { milestones: milestones as readonly number[], lastEpoch }
      : (milestones as { milestones: readonly number[]; lastEpoch?: number })
    const list = named?.milestones
    if (!Array.isArray(list) || list.length !== schedulers.length - 1) {
      throw new ValueError(
        'SequentialLR',
        [],
        `${schedulers.length} schedulers need ${schedulers.length - 1} milestones, not ${Array.isArray(list) ? list.length : 'none'}`,
        'give the step at which each scheduler but the first begins',
      )
    }
    this.#parts = [...schedulers]
    this.#milestones = [...(list as readonly number[])]
    this.lastEpoch = (named.lastEpoch ?? -1) + 1
    // Each scheduler took its first step when it was made: only one of them counts.
    for (const group of optimizer.paramGroups) group.lr = group['initialLr'] as number
    this.undo()
    const first = this.#current()
    first.begin()
    this.lastLr = first.getLastLr()
  }

  /** Takes back the first step of every part. @internal */
  undo(): void {
    for (const part of this.#parts) {
      if (part instanceof SequentialLR) part.undo()
      else part.lastEpoch -= 1
    }
  }

  #index(): number {
    let index = 0
    while (index < this.#milestones.length && (this.#milestones[index] as number) <= this.lastEpoch)
      index++
    return index
  }

  #current(): LRScheduler {
    return this.#parts[this.#index()] as LRScheduler
  }

  protected rateOf(group: ParamGroup): number {
    return group.lr
  }

  override step(): void {
    this.lastEpoch++
    const index = this.#index()
    const part = this.#parts[index] as LRScheduler
    if (index > 0 && this.#milestones[index - 1] === this.lastEpoch) part.moveTo(0)
    else part.step()
    this.lastLr = part.getLastLr()
  }

  override stateDict(): SchedulerState {
    const state: SchedulerState = {
      _milestones: [...this.#milestones],
      last_epoch: this.lastEpoch,
      _last_lr: [...this.lastLr],
    }
    return stateWithParts(state, this.#parts)
  }

  override loadStateDict(state: SchedulerState): void {
    super.loadStateDict(state)
    if (Array.isArray(state['_milestones'])) this.#milestones = state['_milestones'] as number[]
    loadParts('SequentialLR', state, this.#parts)
  }
}
