/** Schedules that multiply the learning rate. */
import { ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireCount } from '@flambeau/core/internal'
import type { ParamGroup } from '../optimizer.ts'
import type { AnyOptimizer, SchedulerState } from './scheduler.ts'
import { LRScheduler, perGroup, requireBetween } from './scheduler.ts'

/** A factor from the number of steps taken. */
export type LrLambda = (epoch: number) => number

export interface LambdaLROptions {
  /** From the number of steps to the factor; one for all groups, or one for each. */
  lrLambda: LrLambda | readonly LrLambda[]
  /** Steps already taken, to resume. Default -1: none. */
  lastEpoch?: number
}

function lambdasOf(name: string, optimizer: AnyOptimizer, given: unknown): LrLambda[] {
  const list = perGroup(name, 'lrLambda', optimizer, given as LrLambda)
  for (const one of list) {
    if (typeof one === 'function') continue
    throw new ValueError(name, [], 'lrLambda must be a function', '(epoch) => 0.95 ** epoch')
  }
  return list
}

/**
 * lr = initial lr · lrLambda(steps).
 *
 * @throws {ValueError} unless lrLambda is a function, or a list with one for each group.
 * @see torch.optim.lr_scheduler.LambdaLR
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { LambdaLR, SGD } from '@flambeau/optim'
 * const optimizer = new SGD([zeros([2])], { lr: 1 })
 * const scheduler = new LambdaLR(optimizer, (epoch) => 0.5 ** epoch)
 * optimizer.step()
 * scheduler.step()
 * console.log(scheduler.getLastLr()) // => [ 0.5 ]
 * ```
 */
export class LambdaLR extends LRScheduler {
  readonly lrLambdas: readonly LrLambda[]
  protected readonly saved: readonly string[] = []

  // Functions are not saved.
  protected override extras(): SchedulerState {
    return { lr_lambdas: this.lrLambdas.map(() => null) }
  }

  constructor(
    optimizer: AnyOptimizer,
    ...given: Arguments<LambdaLROptions, ['lrLambda', 'lastEpoch']>
  ) {
    super(optimizer)
    const [lrLambda, lastEpoch] = readLambda(given)
    this.lrLambdas = lambdasOf('LambdaLR', optimizer, lrLambda)
    this.start(lastEpoch)
  }

  protected rateOf(_group: ParamGroup, i: number): number {
    return (this.baseLrs[i] as number) * (this.lrLambdas[i] as LrLambda)(this.lastEpoch)
  }
}

const readLambda = parameters<[LrLambda, number]>('LambdaLR', ['lrLambda', 'lastEpoch'])

/**
 * lr ← lr · lrLambda(steps) at each step.
 *
 * @throws {ValueError} unless lrLambda is a function, or a list with one for each group.
 * @see torch.optim.lr_scheduler.MultiplicativeLR
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { MultiplicativeLR, SGD } from '@flambeau/optim'
 * const optimizer = new SGD([zeros([2])], { lr: 1 })
 * const scheduler = new MultiplicativeLR(optimizer, () => 0.5)
 * scheduler.step()
 * scheduler.step()
 * console.log(scheduler.getLastLr()) // => [ 0.25 ]
 * ```
 */
export class MultiplicativeLR extends LRScheduler {
  readonly lrLambdas: readonly LrLambda[]
  protected readonly saved: readonly string[] = []

  protected override extras(): SchedulerState {
    return { lr_lambdas: this.lrLambdas.map(() => null) }
  }

  constructor(
    optimizer: AnyOptimizer,
    ...given: Arguments<LambdaLROptions, ['lrLambda', 'lastEpoch']>
  ) {
    super(optimizer)
    const [lrLambda, lastEpoch] = readMultiplicative(given)
    this.lrLambdas = lambdasOf('MultiplicativeLR', optimizer, lrLambda)
    this.start(lastEpoch)
  }

  protected rateOf(group: ParamGroup, i: number): number {
    return this.isInitial ? group.lr : group.lr * (this.lrLambdas[i] as LrLambda)(this.lastEpoch)
  }
}

const readMultiplicative = parameters<[LrLambda, number]>('MultiplicativeLR', [
  'lrLambda',
  'lastEpoch',
])

export interface StepLROptions {
  /** Steps between two reductions. */
  stepSize: number
  /** Factor of a reduction. Default 0.1. */
  gamma?: number
  /** Steps already taken, to resume. Default -1: none. */
  lastEpoch?: number
}

/**
 * lr ← lr · gamma every `stepSize` steps.
 *
 * @throws {ValueError} unless stepSize is a whole number ≥ 1.
 * @see torch.optim.lr_scheduler.StepLR
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { SGD, StepLR } from '@flambeau/optim'
 * const optimizer = new SGD([zeros([2])], { lr: 1 })
 * const scheduler = new StepLR(optimizer, 2, { gamma: 0.5 })
 * for (let epoch = 0; epoch < 4; epoch++) scheduler.step()
 * console.log(scheduler.getLastLr()) // => [ 0.25 ]
 * ```
 */
export class StepLR extends LRScheduler {
  readonly stepSize: number
  readonly gamma: number
  protected readonly saved: readonly string[] = ['stepSize', 'gamma']

  constructor(
    optimizer: AnyOptimizer,
    ...given: Arguments<StepLROptions, ['stepSize', 'gamma', 'lastEpoch']>
  ) {
    super(optimizer)
    const [stepSize, gamma = 0.1, lastEpoch] = readStep(given)
    requireCount('StepLR', 'stepSize', stepSize, 1)
    this.stepSize = stepSize
    this.gamma = gamma
    this.start(lastEpoch)
  }

  protected rateOf(group: ParamGroup): number {
    const falls = this.lastEpoch !== 0 && this.lastEpoch % this.stepSize === 0
    return falls ? group.lr * this.gamma : group.lr
  }

  protected override closedForm(_group: ParamGroup, i: number): number {
    return (this.baseLrs[i] as number) * this.gamma ** Math.floor(this.lastEpoch / this.stepSize)
  }
}

const readStep = parameters<[number, number, number]>('StepLR', ['stepSize', 'gamma', 'lastEpoch'])

export interface MultiStepLROptions {
  /** After how many steps to reduce. */
  milestones: readonly number[]
  /** Factor of a reduction. Default 0.1. */
  gamma?: number
  /** Steps already taken, to resume. Default -1: none. */
  lastEpoch?: number
}

/**
 * lr ← lr · gamma at each milestone; one that is named twice counts twice.
 *
 * @throws {ValueError} unless milestones is a list of numbers.
 * @see torch.optim.lr_scheduler.MultiStepLR
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { MultiStepLR, SGD } from '@flambeau/optim'
 * const optimizer = new SGD([zeros([2])], { lr: 1 })
 * const scheduler = new MultiStepLR(optimizer, [1, 3], { gamma: 0.5 })
 * for (let epoch = 0; epoch < 3; epoch++) scheduler.step()
 * console.log(scheduler.getLastLr()) // => [ 0.25 ]
 * ```
 */
export class MultiStepLR extends LRScheduler {
  /** How often each milestone counts. */
  milestones: Record<string, number>
  readonly gamma: number
  protected readonly saved: readonly string[] = ['milestones', 'gamma']

  constructor(
    optimizer: AnyOptimizer,
    ...given: Arguments<MultiStepLROptions, ['milestones', 'gamma', 'lastEpoch']>
  ) {
    super(optimizer)
    const [milestones, gamma = 0.1, lastEpoch] = readMultiStep(given)
    if (!Array.isArray(milestones) || milestones.some((m) => typeof m !== 'number')) {
      throw new ValueError('MultiStepLR', [], 'milestones are a list of numbers', '[30, 80]')
    }
    this.milestones = {}
    for (const m of milestones) this.milestones[m] = (this.milestones[m] ?? 0) + 1
    this.gamma = gamma
    this.start(lastEpoch)
  }

  protected rateOf(group: ParamGroup): number {
    const times = this.milestones[this.lastEpoch]
    return times === undefined ? group.lr : group.lr * this.gamma ** times
  }

  protected override closedForm(_group: ParamGroup, i: number): number {
    let times = 0
    for (const [milestone, count] of Object.entries(this.milestones)) {
      if (Number(milestone) <= this.lastEpoch) times += count
    }
    return (this.baseLrs[i] as number) * this.gamma ** times
  }
}

const readMultiStep = parameters<[number[], number, number]>('MultiStepLR', [
  'milestones',
  'gamma',
  'lastEpoch',
])

export interface ConstantLROptions {
  /** Factor of the first steps, in [0, 1]. Default 1/3. */
  factor?: number
  /** After how many steps the factor ends. Default 5. */
  totalIters?: number
  /** Steps already taken, to resume. Default -1: none. */
  lastEpoch?: number
}

/**
 * lr = initial lr · factor for the first `totalIters` steps, then the initial lr.
 *
 * @throws {ValueError} unless factor is in [0, 1].
 * @see torch.optim.lr_scheduler.ConstantLR
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { ConstantLR, SGD } from '@flambeau/optim'
 * const optimizer = new SGD([zeros([2])], { lr: 1 })
 * const scheduler = new ConstantLR(optimizer, { factor: 0.5, totalIters: 2 })
 * console.log(scheduler.getLastLr()) // => [ 0.5 ]
 * ```
 */
export class ConstantLR extends LRScheduler {
  readonly factor: number
  readonly totalIters: number
  protected readonly saved: readonly string[] = ['factor', 'totalIters']

  constructor(
    optimizer: AnyOptimizer,
    ...given: Arguments<ConstantLROptions, ['factor', 'totalIters', 'lastEpoch']>
  ) {
    super(optimizer)
    const [factor = 1 / 3, totalIters = 5, lastEpoch] = readConstant(given)
    requireBetween('ConstantLR', 'factor', factor, 0, 1)
    this.factor = factor
    this.totalIters = totalIters
    this.start(lastEpoch)
  }

  protected rateOf(group: ParamGroup): number {
    if (this.lastEpoch === 0) return group.lr * this.factor
    return this.lastEpoch === this.totalIters ? group.lr * (1 / this.factor) : group.lr
  }

  protected override closedForm(_group: ParamGroup, i: number): number {
    const base = this.baseLrs[i] as number
    return this.lastEpoch >= this.totalIters ? base : base * this.factor
  }
}

const readConstant = parameters<[number, number, number]>('ConstantLR', [
  'factor',
  'totalIters',
  'lastEpoch',
])

export interface LinearLROptions {
  /** Factor at the first step, in (0, 1]. Default 1/3. */
  startFactor?: number
  /** Factor after `totalIters` steps, in [0, 1]. Default 1. */
  endFactor?: number
  /** Steps from the one to the other. Default 5. */
  totalIters?: number
  /** Steps already taken, to resume. Default -1: none. */
  lastEpoch?: number
}

/**
 * lr = initial lr · a factor that goes from `startFactor` to `endFactor` in `totalIters` steps.
 *
 * @throws {ValueError} unless startFactor is in (0, 1] and endFactor in [0, 1].
 * @see torch.optim.lr_scheduler.LinearLR
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { LinearLR, SGD } from '@flambeau/optim'
 * const optimizer = new SGD([zeros([2])], { lr: 1 })
 * const scheduler = new LinearLR(optimizer, { startFactor: 0.5, totalIters: 2 })
 * scheduler.step()
 * console.log(scheduler.getLastLr()) // => [ 0.75 ]
 * ```
 */
export class LinearLR extends LRScheduler {
  readonly startFactor: number
  readonly endFactor: number
  readonly totalIters: number
  protected readonly saved: readonly string[] = ['startFactor', 'endFactor', 'totalIters']

  constructor(
    optimizer: AnyOptimizer,
    ...given: Arguments<LinearLROptions, ['startFactor', 'endFactor', 'totalIters', 'lastEpoch']>
  ) {
    super(optimizer)
    const [startFactor = 1 / 3, endFactor = 1, totalIters = 5, lastEpoch] = readLinear(given)
    requireBetween('LinearLR', 'startFactor', startFactor, Number.MIN_VALUE, 1)
    requireBetween('LinearLR', 'endFactor', endFactor, 0, 1)
    this.startFactor = startFactor
    this.endFactor = endFactor
    this.totalIters = totalIters
    this.start(lastEpoch)
  }

  protected rateOf(group: ParamGroup): number {
    const { lastEpoch, startFactor, endFactor, totalIters } = this
    if (lastEpoch === 0) return group.lr * startFactor
    if (this.isInitial || lastEpoch > totalIters) return group.lr
    const rise = endFactor - startFactor
    return group.lr * (1 + rise / (totalIters * startFactor + (lastEpoch - 1) * rise))
  }

  protected override closedForm(_group: ParamGroup, i: number): number {
    const { startFactor, endFactor, totalIters } = this
    const part = Math.min(totalIters, this.lastEpoch) / totalIters
    return (this.baseLrs[i] as number) * (startFactor + (endFactor - startFactor) * part)
  }
}

const readLinear = parameters<[number, number, number, number]>('LinearLR', [
  'startFactor',
  'endFactor',
  'totalIters',
  'lastEpoch',
])

export interface ExponentialLROptions {
  /** Factor of each step. */
  gamma: number
  /** Steps already taken, to resume. Default -1: none. */
  lastEpoch?: number
}

/**
 * lr ← lr · gamma at each step.
 *
 * @throws {ValueError} unless gamma is a number.
 * @see torch.optim.lr_scheduler.ExponentialLR
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { ExponentialLR, SGD } from '@flambeau/optim'
 * const optimizer = new SGD([zeros([2])], { lr: 1 })
 * const scheduler = new ExponentialLR(optimizer, 0.5)
 * scheduler.step()
 * console.log(scheduler.getLastLr()) // => [ 0.5 ]
 * ```
 */
export class ExponentialLR extends LRScheduler {
  readonly gamma: number
  protected readonly saved: readonly string[] = ['gamma']

  constructor(
    optimizer: AnyOptimizer,
    ...given: Arguments<ExponentialLROptions, ['gamma', 'lastEpoch']>
  ) {
    super(optimizer)
    const [gamma, lastEpoch] = readExponential(given)
    requireBetween('ExponentialLR', 'gamma', gamma, 0, Number.POSITIVE_INFINITY)
    this.gamma = gamma as number
    this.start(lastEpoch)
  }

  protected rateOf(group: ParamGroup): number {
    return this.isInitial ? group.lr : group.lr * this.gamma
  }

  protected override closedForm(_group: ParamGroup, i: number): number {
    return (this.baseLrs[i] as number) * this.gamma ** this.lastEpoch
  }
}

const readExponential = parameters<[number, number]>('ExponentialLR', ['gamma', 'lastEpoch'])

export interface PolynomialLROptions {
  /** After how many steps the learning rate is 0. Default 5. */
  totalIters?: number
  /** Power of the fall. Default 1. */
  power?: number
  /** Steps already taken, to resume. Default -1: none. */
  lastEpoch?: number
}

/**
 * lr = initial lr · (1 - steps / totalIters)^power, 0 from there on.
 *
 * @throws {ValueError} unless totalIters is a whole number ≥ 1.
 * @see torch.optim.lr_scheduler.PolynomialLR
 *
 * @example
 * ```ts
 * import { zeros } from '@flambeau/core'
 * import { PolynomialLR, SGD } from '@flambeau/optim'
 * const optimizer = new SGD([zeros([2])], { lr: 1 })
 * const scheduler = new PolynomialLR(optimizer, { totalIters: 4, power: 1 })
 * scheduler.step()
 * console.log(scheduler.getLastLr()) // => [ 0.75 ]
 * ```
 */
export class PolynomialLR extends LRScheduler {
  readonly totalIters: number
  readonly power: number
  protected readonly saved: readonly string[] = ['totalIters', 'power']

  constructor(
    optimizer: AnyOptimizer,
    ...given: Arguments<PolynomialLROptions, ['totalIters', 'power', 'lastEpoch']>
  ) {
    super(optimizer)
    const [totalIters = 5, power = 1, lastEpoch] = readPolynomial(given)
    requireCount('PolynomialLR', 'totalIters', totalIters, 1)
    this.totalIters = totalIters
    this.power = power
    this.start(lastEpoch)
  }

  protected rateOf(group: ParamGroup): number {
    const { lastEpoch, totalIters, power } = this
    if (this.isInitial || lastEpoch > totalIters) return group.lr
    const factor = (1 - lastEpoch / totalIters) / (1 - (lastEpoch - 1) / totalIters)
    return group.lr * factor ** power
  }

  protected override closedForm(_group: ParamGroup, i: number): number {
    const part = Math.min(this.totalIters, this.lastEpoch) / this.totalIters
    return (this.baseLrs[i] as number) * (1 - part) ** this.power
  }
}

const readPolynomial = parameters<[number, number, number]>('PolynomialLR', [
  'totalIters',
  'power',
  'lastEpoch',
])
