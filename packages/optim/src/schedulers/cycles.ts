/** Schedules that go up and down, with the momentum going the other way. */
import { ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireCount, show } from '@flambeau/core/internal'
import type { ParamGroup } from '../optimizer.ts'
import { toCamel, toSnake } from '../optimizer.ts'
import type { AnyOptimizer, SchedulerState } from './scheduler.ts'
import { LRScheduler, perGroup, requireBetween } from './scheduler.ts'

/** What stands for the momentum of an optimizer: an option, or the first of Adam's betas. */
function usesBetas(scheduler: string, optimizer: AnyOptimizer): boolean {
  const defaults = optimizer.defaults as Record<string, unknown>
  if ('momentum' in defaults || 'betas' in defaults) return 'betas' in defaults
  throw new ValueError(
    scheduler,
    [],
    `${optimizer.constructor.name} has neither momentum nor betas to cycle`,
    '{ cycleMomentum: false }',
  )
}

function setMomentum(group: ParamGroup, betas: boolean, value: number): void {
  if (!betas) {
    group['momentum'] = value
    return
  }
  const before: unknown = group['betas']
  if (!Array.isArray(before)) {
    throw new ValueError(
      'step',
      [],
      'the optimizer has no betas to cycle, but the state that was loaded is of one that has',
      'load the state of a scheduler of the same optimizer',
    )
  }
  group['betas'] = [value, ...(before as number[]).slice(1)]
}

/** How the height of a cycle changes: from the count of cycles, or of steps, to a factor. */
export type ScaleFn = (at: number) => number

export interface CyclicLROptions {
  /** The lower learning rate; one for all groups, or one for each. */
  baseLr: number | readonly number[]
  /** The upper one. */
  maxLr: number | readonly number[]
  /** Steps on the way up. Default 2000. */
  stepSizeUp?: number
  /** Steps on the way down. Default: as on the way up. */
  stepSizeDown?: number | null
  /** Cycles of one height, halved after each, or multiplied by gamma^steps. Default 'triangular'. */
  mode?: 'triangular' | 'triangular2' | 'exp_range'
  /** Used by 'exp_range'. Default 1. */
  gamma?: number
  /** Instead of a mode. */
  scaleFn?: ScaleFn | null
  /** What `scaleFn` gets: the number of the cycle (from 1), or of steps. Default 'cycle'. */
  scaleMode?: 'cycle' | 'iterations'
  /** Move the momentum the other way. Default true. */
  cycleMomentum?: boolean
  /** Default 0.8. */
  baseMomentum?: number | readonly number[]
  /** Default 0.9. */
  maxMomentum?: number | readonly number[]
  /** Steps already taken, to resume. Default -1: none. */
  lastEpoch?: number
}

const CYCLIC = [
  'baseLr',
  'maxLr',
  'stepSizeUp',
  'stepSizeDown',
  'mode',
  'gamma',
  'scaleFn',
  'scaleMode',
  'cycleMomentum',
  'baseMomentum',
  'maxMomentum',
  'lastEpoch',
] as const
const readCyclic = parameters<
  [
    number | number[],
    number | number[],
    number,
    number | null,
    string,
    number,
    ScaleFn | null,
    string,
    boolean,
    number | number[],
    number | number[],
    number,
  ]
>('CyclicLR', CYCLIC)

/**
 * Learning rates that rise and fall in a straight line between two bounds; step after each batch.
 *
 * @throws {ValueError} for an unknown mode, or an optimizer without momentum unless
 * `cycleMomentum` is false.
 * @see Smith 2015, https://arxiv.org/abs/1506.01186; torch.optim.lr_scheduler.CyclicLR
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { CyclicLR, SGD } from '@flambeau/optim'
 * const optimizer = new SGD([zeros([2])], { lr: 1, momentum: 0.9 })
 * const scheduler = new CyclicLR(optimizer, 0.25, 1, { stepSizeUp: 2 })
 * for (let batch = 0; batch < 2; batch++) scheduler.step()
 * console.log(scheduler.getLastLr()) // => [ 1 ]
 * ```
 */
export class CyclicLR extends LRScheduler {
  maxLrs: number[]
  totalSize: number
  stepRatio: number
  mode: string
  gamma: number
  scaleMode: string
  cycleMomentum: boolean
  useBeta1 = false
  baseMomentums: number[] = []
  maxMomentums: number[] = []
  readonly #scale: ScaleFn
  protected readonly saved: readonly string[] = [
    'maxLrs',
    'totalSize',
    'stepRatio',
    'mode',
    'gamma',
    'scaleMode',
    'cycleMomentum',
    'useBeta1',
    'baseMomentums',
    'maxMomentums',
  ]

  // Functions are not saved.
  protected override extras(): SchedulerState {
    return { _scale_fn_custom: null }
  }

  constructor(optimizer: AnyOptimizer, ...given: Arguments<CyclicLROptions, typeof CYCLIC>) {
    super(optimizer)
    const [baseLr, maxLr, up = 2000, down, mode = 'triangular', gamma = 1, ...rest] =
      readCyclic(given)
    const [scaleFn, scaleMode = 'cycle', cycleMomentum = true, ...momentum] = rest
    const [baseMomentum = 0.8, maxMomentum = 0.9, lastEpoch = -1] = momentum
    const bases = perGroup('CyclicLR', 'baseLr', optimizer, baseLr as number)
    this.maxLrs = perGroup('CyclicLR', 'maxLr', optimizer, maxLr as number)
    for (const value of [...bases, ...this.maxLrs])
      requireBetween('CyclicLR', 'a learning rate', value, 0, Number.POSITIVE_INFINITY)
    requireBetween('CyclicLR', 'stepSizeUp', up, Number.MIN_VALUE, Number.POSITIVE_INFINITY)
    this.totalSize = up + (down ?? up)
    this.stepRatio = up / this.totalSize
    this.mode = mode
    this.gamma = gamma
    this.cycleMomentum = cycleMomentum
    const scales: Record<string, [ScaleFn, string]> = {
      triangular: [() => 1, 'cycle'],
      triangular2: [(cycle) => 1 / 2 ** (cycle - 1), 'cycle'],
      exp_range: [(steps) => this.gamma ** steps, 'iterations'],
    }
    const own = Object.hasOwn(scales, mode) ? scales[mode] : undefined
    if (own === undefined && typeof scaleFn !== 'function') {
      throw new ValueError(
        'CyclicLR',
        [],
        `there is no mode ${show(mode)}`,
        "use 'triangular', 'triangular2' or 'exp_range', or give scaleFn",
      )
    }
    this.#scale = scaleFn ?? (own?.[0] as ScaleFn)
    this.scaleMode = scaleFn === undefined || scaleFn === null ? (own?.[1] as string) : scaleMode
    if (lastEpoch === -1) {
      optimizer.paramGroups.forEach((group, i) => {
        group.lr = bases[i] as number
      })
    }
    if (cycleMomentum) {
      this.useBeta1 = usesBetas('CyclicLR', optimizer)
      this.baseMomentums = perGroup('CyclicLR', 'baseMomentum', optimizer, baseMomentum as number)
      this.maxMomentums = perGroup('CyclicLR', 'maxMomentum', optimizer, maxMomentum as number)
      if (lastEpoch === -1) {
        optimizer.paramGroups.forEach((group, i) => {
          setMomentum(group, this.useBeta1, this.maxMomentums[i] as number)
          group['maxMomentum'] = this.maxMomentums[i]
          group['baseMomentum'] = this.baseMomentums[i]
        })
      }
    }
    // What counts are the bounds, whatever the optimizer's learning rate was.
    optimizer.paramGroups.forEach((group, i) => {
      if (lastEpoch === -1) group['initialLr'] = bases[i]
    })
    this.start(lastEpoch)
    this.baseLrs = bases
  }

  protected rateOf(group: ParamGroup, i: number): number {
    const cycle = Math.floor(1 + this.lastEpoch / this.totalSize)
    const x = 1 + this.lastEpoch / this.totalSize - cycle
    const up = x <= this.stepRatio
    const height = up ? x / this.stepRatio : (x - 1) / (this.stepRatio - 1)
    const scale = height * this.#scale(this.scaleMode === 'cycle' ? cycle : this.lastEpoch)
    if (this.cycleMomentum) {
      const [low, high] = [this.baseMomentums[i] as number, this.maxMomentums[i] as number]
      setMomentum(group, this.useBeta1, high - (high - low) * scale)
    }
    const base = this.baseLrs[i] as number
    return base + ((this.maxLrs[i] as number) - base) * scale
  }
}

export interface OneCycleLROptions {
  /** The highest learning rate; one for all groups, or one for each. */
  maxLr: number | readonly number[]
  /** Steps in all; or `epochs` and `stepsPerEpoch`. */
  totalSteps?: number | null
  epochs?: number | null
  stepsPerEpoch?: number | null
  /** Share of the steps on the way up. Default 0.3. */
  pctStart?: number
  /** Along half a cosine or a straight line. Default 'cos'. */
  annealStrategy?: 'cos' | 'linear'
  /** Move the momentum the other way. Default true. */
  cycleMomentum?: boolean
  /** Default 0.85. */
  baseMomentum?: number | readonly number[]
  /** Default 0.95. */
  maxMomentum?: number | readonly number[]
  /** The first learning rate is maxLr / divFactor. Default 25. */
  divFactor?: number
  /** The last one is the first / finalDivFactor. Default 1e4. */
  finalDivFactor?: number
  /** Come down to the first learning rate before going below it. Default false. */
  threePhase?: boolean
  /** Steps already taken, to resume. Default -1: none. */
  lastEpoch?: number
}

const ONE_CYCLE = [
  'maxLr',
  'totalSteps',
  'epochs',
  'stepsPerEpoch',
  'pctStart',
  'annealStrategy',
  'cycleMomentum',
  'baseMomentum',
  'maxMomentum',
  'divFactor',
  'finalDivFactor',
  'threePhase',
  'lastEpoch',
] as const
const readOneCycle = parameters<
  [
    number | number[],
    number | null,
    number | null,
    number | null,
    number,
    string,
    boolean,
    number | number[],
    number | number[],
    number,
    number,
    boolean,
    number,
  ]
>('OneCycleLR', ONE_CYCLE)

/** A stretch of the cycle: until which step, and between which options of the group. */
interface Phase {
  end: number
  lr: readonly [from: string, to: string]
  momentum: readonly [from: string, to: string]
}

/**
 * One rise to `maxLr` and one fall far below the start; step after each batch.
 *
 * @throws {ValueError} without a number of steps, after more steps than that, for a share outside of
 * [0, 1], or an optimizer without momentum unless `cycleMomentum` is false.
 * @see Smith, Topin 2017, https://arxiv.org/abs/1708.07120; torch.optim.lr_scheduler.OneCycleLR
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { OneCycleLR, SGD } from '@flambeau/optim'
 * const optimizer = new SGD([zeros([2])], { lr: 1, momentum: 0.9 })
 * const scheduler = new OneCycleLR(optimizer, 1, { totalSteps: 10, pctStart: 0.5 })
 * for (let batch = 0; batch < 4; batch++) scheduler.step()
 * console.log(scheduler.getLastLr()) // => [ 1 ]
 * ```
 */
export class OneCycleLR extends LRScheduler {
  totalSteps: number
  cycleMomentum: boolean
  useBeta1 = false
  #phases: readonly Phase[]
  /** How the ends of a phase are joined, under PyTorch's name in state dicts. @internal */
  _annealFuncType: 'cos' | 'linear'
  protected readonly saved: readonly string[] = [
    'totalSteps',
    '_annealFuncType',
    'cycleMomentum',
    'useBeta1',
  ]

  constructor(optimizer: AnyOptimizer, ...given: Arguments<OneCycleLROptions, typeof ONE_CYCLE>) {
    super(optimizer)
    const [maxLr, totalSteps, epochs, stepsPerEpoch, pctStart = 0.3, ...rest] = readOneCycle(given)
    const [annealStrategy = 'cos', cycleMomentum = true, baseMomentum = 0.85, ...more] = rest
    const [maxMomentum = 0.95, div = 25, finalDiv = 1e4, threePhase = false, lastEpoch = -1] = more
    this.totalSteps = stepsOf(totalSteps, epochs, stepsPerEpoch)
    requireBetween('OneCycleLR', 'pctStart', pctStart, 0, 1)
    if (annealStrategy !== 'cos' && annealStrategy !== 'linear') {
      throw new ValueError(
        'OneCycleLR',
        [],
        `annealStrategy must be 'cos' or 'linear', not ${show(annealStrategy)}`,
        'check the options',
      )
    }
    this._annealFuncType = annealStrategy
    const rise = pctStart * this.totalSteps
    const last = this.totalSteps - 1
    const up = { lr: ['initialLr', 'maxLr'], momentum: ['maxMomentum', 'baseMomentum'] } as const
    const back = { lr: ['maxLr', 'initialLr'], momentum: ['baseMomentum', 'maxMomentum'] } as const
    const down = { lr: ['maxLr', 'minLr'], momentum: ['baseMomentum', 'maxMomentum'] } as const
    const out = { lr: ['initialLr', 'minLr'], momentum: ['maxMomentum', 'maxMomentum'] } as const
    this.#phases = threePhase
      ? [
          { end: rise - 1, lr: up.lr, momentum: up.momentum },
          { end: 2 * rise - 2, lr: back.lr, momentum: back.momentum },
          { end: last, lr: out.lr, momentum: out.momentum },
        ]
      : [
          { end: rise - 1, lr: up.lr, momentum: up.momentum },
          { end: last, lr: down.lr, momentum: down.momentum },
        ]
    const highest = perGroup('OneCycleLR', 'maxLr', optimizer, maxLr as number)
    for (const value of highest)
      requireBetween('OneCycleLR', 'maxLr', value, 0, Number.POSITIVE_INFINITY)
    this.cycleMomentum = cycleMomentum
    if (cycleMomentum) this.useBeta1 = usesBetas('OneCycleLR', optimizer)
    if (lastEpoch === -1) {
      const bases = perGroup('OneCycleLR', 'baseMomentum', optimizer, baseMomentum as number)
      const tops = perGroup('OneCycleLR', 'maxMomentum', optimizer, maxMomentum as number)
      optimizer.paramGroups.forEach((group, i) => {
        const first = (highest[i] as number) / div
        group['initialLr'] = first
        group['maxLr'] = highest[i]
        group['minLr'] = first / finalDiv
        if (!cycleMomentum) return
        setMomentum(group, this.useBeta1, tops[i] as number)
        group['maxMomentum'] = tops[i]
        group['baseMomentum'] = bases[i]
      })
    }
    this.start(lastEpoch)
  }

  protected override extras(): SchedulerState {
    const phases = this.#phases.map(({ end, lr, momentum }) => ({
      end_step: end,
      start_lr: toSnake(lr[0]),
      end_lr: toSnake(lr[1]),
      ...(this.cycleMomentum && {
        start_momentum: toSnake(momentum[0]),
        end_momentum: toSnake(momentum[1]),
      }),
    }))
    return { _schedule_phases: phases }
  }

  override loadStateDict(state: SchedulerState): void {
    super.loadStateDict(state)
    const phases = state['_schedule_phases']
    if (!Array.isArray(phases)) return
    const name = (phase: Record<string, unknown>, key: string): string =>
      toCamel(typeof phase[key] === 'string' ? phase[key] : '')
    this.#phases = (phases as Record<string, unknown>[]).map((phase) => ({
      end: Number(phase['end_step']),
      lr: [name(phase, 'start_lr'), name(phase, 'end_lr')],
      momentum: [name(phase, 'start_momentum'), name(phase, 'end_momentum')],
    }))
  }

  #anneal(from: number, to: number, part: number): number {
    if (this._annealFuncType === 'linear') return (to - from) * part + from
    return to + ((from - to) / 2) * (Math.cos(Math.PI * part) + 1)
  }

  protected rateOf(group: ParamGroup): number {
    const at = this.lastEpoch
    if (at > this.totalSteps) {
      throw new ValueError(
        'OneCycleLR.step',
        [],
        `step ${at} is beyond the ${this.totalSteps} steps of the schedule`,
        'make totalSteps (or epochs · stepsPerEpoch) the number of batches in all',
      )
    }
    let start = 0
    const last = this.#phases.length - 1
    const index = this.#phases.findIndex((phase, i) => at <= phase.end || i === last)
    if (index > 0) start = (this.#phases[index - 1] as Phase).end
    const { end, lr, momentum } = this.#phases[index] as Phase
    const part = (at - start) / (end - start)
    const between = ([from, to]: readonly [string, string]): number =>
      this.#anneal(group[from] as number, group[to] as number, part)
    if (this.cycleMomentum) setMomentum(group, this.useBeta1, between(momentum))
    return between(lr)
  }
}

function stepsOf(
  total: number | null | undefined,
  epochs: number | null | undefined,
  perEpoch: number | null | undefined,
): number {
  if (total !== null && total !== undefined) {
    requireCount('OneCycleLR', 'totalSteps', total, 1)
    return total
  }
  if (epochs === null || epochs === undefined || perEpoch === null || perEpoch === undefined) {
    throw new ValueError(
      'OneCycleLR',
      [],
      'the number of steps is not given',
      'give totalSteps, or both epochs and stepsPerEpoch',
    )
  }
  requireCount('OneCycleLR', 'epochs', epochs, 1)
  requireCount('OneCycleLR', 'stepsPerEpoch', perEpoch, 1)
  return epochs * perEpoch
}
