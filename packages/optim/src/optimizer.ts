/** What all optimizers share: parameter groups, state, and saving both. */
import { ShapeError, Tensor, tensor, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import {
  capturedSteps,
  internally,
  requireIterable,
  liveId,
  native,
  parameters,
  scopes,
  show,
  wrap,
} from '@flambeau/core/internal'
import { enableGrad, noGrad } from '@flambeau/autograd'
import type {
  HookOptions,
  OptimizerHooks,
  RemovableHandle,
  StateDictHook,
  StateHook,
  StepPostHook,
  StepPreHook,
} from './optimizer-hooks.ts'
import { addHook, throughHooks } from './optimizer-hooks.ts'

/** Parameters with options of their own. */
export interface ParamGroup {
  params: Tensor[]
  lr: number
  [option: string]: unknown
}

/** Parameters, or groups of them whose options override the optimizer's. */
export type Params<Options> =
  | Iterable<Tensor>
  | Iterable<{ params: Iterable<Tensor> | Tensor } & Partial<Options>>

/** What an optimizer keeps under one name. */
export type StateValue = Tensor | number | null | readonly StateValue[]

/** Tensors and numbers that an optimizer keeps for one parameter, by PyTorch's names. */
export type ParamState = Record<string, StateValue>

/** What {@link Optimizer.stateDict} gives: parameters are numbered through all groups. */
export type OptimizerState = {
  state: Record<string, ParamState>
  param_groups: ({ params: number[] } & Record<string, OptionValue>)[]
}

/** An option's value, such as a learning rate, a flag, or a pair of betas. */
export type OptionValue = number | boolean | null | readonly number[] | string

/**
 * State that is a number here and a tensor without axes in PyTorch's files. Counts of steps are
 * float32 there; the others are written as float64, so that no digits are lost.
 */
const NUMBERS: ReadonlySet<string> = new Set(['step', 'mu_product', 'eta', 'mu'])

function toFile(key: string, value: StateValue): StateValue {
  if (!NUMBERS.has(key) || typeof value !== 'number') return value
  return tensor(value, { dtype: key === 'step' ? 'float32' : 'float64' })
}

/** Options of PyTorch's groups about how a step is carried out; here there is one way. */
export type Switches = Readonly<Record<string, boolean | null>>

/** `weightDecay` -> `weight_decay`, as PyTorch's files have it. @internal */
export function toSnake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** The other way round. @internal */
export function toCamel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** What {@link Optimizer.zeroGrad} takes by name. */
export interface ZeroGradOptions {
  /** Forget the gradients; otherwise they become zeros. Default true. */
  setToNone?: boolean
}

const readZeroGrad = parameters<[boolean]>('zeroGrad', ['setToNone'])

/** A parameter with its gradient and state, as a step needs them. */
export interface StepItem {
  param: Tensor
  grad: Tensor
  state: ParamState
}

/**
 * The base of all optimizers. A subclass changes the parameters of one group in `stepGroup`.
 *
 * @see torch.optim.Optimizer
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import '@flambeau/autograd'
 * import type { ParamGroup, StepItem } from '@flambeau/optim'
 * import { Optimizer } from '@flambeau/optim'
 * class SignSGD extends Optimizer<{ lr: number }> {
 *   protected checkOptions() {}
 *   protected stepGroup(group: ParamGroup, items: readonly StepItem[]) {
 *     for (const { param, grad } of items) param.sub_(grad.sign(), { alpha: group.lr })
 *   }
 * }
 * const x = tensor([3, -3], { dtype: 'float32', requiresGrad: true })
 * const optimizer = new SignSGD([x], { lr: 0.5 })
 * x.square().sum().backward()
 * optimizer.step()
 * console.log(x.tolist()) // => [ 2.5, -2.5 ]
 * ```
 */
export abstract class Optimizer<Options extends object = object> {
  readonly paramGroups: (ParamGroup & Options)[] = []
  readonly state: Map<Tensor, ParamState> = new Map()
  readonly defaults: Options & { lr: number }
  readonly #hooks: OptimizerHooks = {
    stepPre: [],
    stepPost: [],
    savePre: [],
    savePost: [],
    loadPre: [],
    loadPost: [],
  }

  constructor(params: Params<Options>, defaults: Options & { lr: number }) {
    this.defaults = defaults
    const list = listOf(this.constructor.name, params)
    if (list.length === 0) {
      throw new ValueError(
        this.constructor.name,
        [],
        'there are no parameters to optimize',
        'pass model.parameters()',
      )
    }
    if (list.some((item) => item instanceof Tensor)) {
      this.addParamGroup({ params: list as Tensor[] } as never)
    } else {
      for (const group of list) this.addParamGroup(group as never)
    }
  }

  /**
   * Adds parameters, or a single one, with options of their own.
   *
   * @throws {ValueError} for things that are not tensors, not leaves, or already there, and for
   * options outside of their range.
   */
  addParamGroup(group: { params: Iterable<Tensor> | Tensor } & Partial<Options>): void {
    const name = this.constructor.name
    const params = paramsOf(name, group)
    const known = new Set(this.paramGroups.flatMap((one) => one.params))
    params.forEach((param, i) => {
      if (!(param instanceof Tensor)) {
        throw new ValueError(name, [], `parameter ${i} is not a tensor`, 'pass model.parameters()')
      }
      if (!param.isLeaf) {
        throw new ValueError(
          name,
          { [`params[${i}]`]: param },
          'only leaves can be optimized; this tensor was made by an operation',
          'pass the tensor that requires the gradient, or detach() it',
        )
      }
      if (known.has(param)) {
        throw new ValueError(
          name,
          { [`params[${i}]`]: param },
          'the parameter appears more than once',
          'name each parameter in one group',
        )
      }
      known.add(param)
    })
    const full = { ...this.defaults, ...group, params } as ParamGroup & Options
    this.checkOptions(full)
    this.paramGroups.push(full)
  }

  /** Throws a {@link ValueError} if an option is outside of its range. */
  protected abstract checkOptions(options: Options & { lr: number }): void

  /** Changes the parameters of one group that have gradients. */
  protected abstract stepGroup(group: ParamGroup & Options, items: readonly StepItem[]): void

  /**
   * One step: changes every parameter that has a gradient.
   *
   * @param closure Computes the loss again; called before the step, its result is returned.
   */
  step(): undefined
  step<T>(closure: () => T): T
  step<T>(closure?: () => T): T | undefined {
    const { stepPre, stepPost } = this.#hooks
    if (stepPre.length + stepPost.length === 0) return this.takeStep(closure)
    let args: readonly unknown[] = closure === undefined ? [] : [closure]
    for (const hook of stepPre) args = hook(this, args) ?? args
    const result = this.takeStep(args[0] as (() => T) | undefined)
    for (const hook of stepPost) hook(this, args)
    return result
  }

  /** The step itself, between its hooks. */
  protected takeStep<T>(closure?: () => T): T | undefined {
    const result = closure === undefined ? undefined : enableGrad(closure)
    const { again } = capturedSteps
    if (again !== null) this.requireReplays()
    noGrad(() =>
      internally(() => {
        for (const group of this.paramGroups) {
          const items = this.#items(group)
          if (items.length === 0) continue
          if (again === null) {
            this.stepGroup(group, items)
            continue
          }
          this.#requireState(items, () => this.stepGroup(group, items))
          again.push(() => noGrad(() => internally(() => this.stepGroup(group, items))))
        }
      }),
    )
    return result
  }

  /** Takes a step of a graph, by which no state is made: each replay would make it anew. */
  #requireState(items: readonly StepItem[], step: () => void): void {
    const size = (): number => items.reduce((sum, { state }) => sum + Object.keys(state).length, 0)
    const before = size()
    step()
    if (size() === before) return
    for (const { state } of items) for (const key of Object.keys(state)) delete state[key]
    throw new ValueError(
      this.constructor.name,
      [],
      'the first step of an optimizer makes its state, and cannot be part of a CUDA graph',
      'take a step before: graph(step, { warmup: 1 })',
    )
  }

  /**
   * Throws a {@link ValueError} unless a step can be part of a CUDA graph: where the numbers that it
   * computes with, such as the count of steps, are all handed to one native call, which each replay
   * gives anew.
   */
  protected requireReplays(): void {
    throw new ValueError(
      this.constructor.name,
      [],
      'its steps cannot be part of a CUDA graph',
      'capture the forward and backward pass only, or use Adam, AdamW or SGD',
    )
  }

  #items(group: ParamGroup): StepItem[] {
    const items: StepItem[] = []
    for (const param of group.params) {
      const id = native.grad(liveId(this.constructor.name, param))
      if (id === 0) continue
      const grad = wrap(id, scopes.current)
      if (grad.shape.join() !== param.shape.join()) {
        throw new ShapeError(
          this.constructor.name,
          { param, grad },
          'the gradient has another shape than its parameter',
          'call zeroGrad() and backward() again',
        )
      }
      let state = this.state.get(param)
      if (state === undefined) this.state.set(param, (state = {}))
      items.push({ param, grad, state })
    }
    return items
  }

  /**
   * Calls `hook` before each step.
   *
   * @see torch.optim.Optimizer.register_step_pre_hook
   */
  registerStepPreHook(hook: StepPreHook): RemovableHandle {
    return addHook('registerStepPreHook', this.#hooks.stepPre, hook)
  }

  /** Calls `hook` after each step. @see torch.optim.Optimizer.register_step_post_hook */
  registerStepPostHook(hook: StepPostHook): RemovableHandle {
    return addHook('registerStepPostHook', this.#hooks.stepPost, hook)
  }

  /** Calls `hook` before {@link stateDict}. @see torch.optim.Optimizer.register_state_dict_pre_hook */
  registerStateDictPreHook(hook: StateHook, options?: HookOptions): RemovableHandle {
    return addHook('registerStateDictPreHook', this.#hooks.savePre, hook, options)
  }

  /** Calls `hook` after {@link stateDict}. @see torch.optim.Optimizer.register_state_dict_post_hook */
  registerStateDictPostHook(hook: StateDictHook, options?: HookOptions): RemovableHandle {
    return addHook('registerStateDictPostHook', this.#hooks.savePost, hook, options)
  }

  /**
   * Calls `hook` before {@link loadStateDict} with the state, of which it may return another one.
   *
   * @see torch.optim.Optimizer.register_load_state_dict_pre_hook
   */
  registerLoadStateDictPreHook(hook: StateDictHook, options?: HookOptions): RemovableHandle {
    return addHook('registerLoadStateDictPreHook', this.#hooks.loadPre, hook, options)
  }

  /**
   * Calls `hook` after {@link loadStateDict}.
   *
   * @see torch.optim.Optimizer.register_load_state_dict_post_hook
   */
  registerLoadStateDictPostHook(hook: StateHook, options?: HookOptions): RemovableHandle {
    return addHook('registerLoadStateDictPostHook', this.#hooks.loadPost, hook, options)
  }

  /**
   * Forgets the gradients of all parameters; with `setToNone: false` fills them with zeros.
   *
   * @see torch.optim.Optimizer.zero_grad
   */
  zeroGrad(...given: Arguments<ZeroGradOptions, ['setToNone']>): void {
    const [setToNone = true] = readZeroGrad(given)
    for (const group of this.paramGroups) {
      for (const param of group.params) {
        if (setToNone) param.grad = null
        else if (param.grad !== null) noGrad(() => param.grad?.zero_())
      }
    }
  }

  /** Options of PyTorch's files that have no meaning here. */
  protected switches(): Switches {
    return {}
  }

  /**
   * State and options, with PyTorch's names. Counts are tensors without axes, as there; other tensors
   * are not copied.
   */
  stateDict(): OptimizerState {
    for (const hook of this.#hooks.savePre) hook(this)
    const numbers = new Map<Tensor, number>()
    for (const group of this.paramGroups) {
      for (const param of group.params) numbers.set(param, numbers.size)
    }
    const state: Record<string, ParamState> = {}
    for (const [param, values] of this.state) {
      const number = numbers.get(param)
      if (number === undefined || Object.keys(values).length === 0) continue
      state[number] = Object.fromEntries(
        Object.entries(values).map(([key, value]) => [key, toFile(key, value)]),
      )
    }
    const groups = this.paramGroups.map((group) => {
      const options = Object.entries(group)
        .filter(([key]) => key !== 'params')
        .map(([key, value]) => [toSnake(key), value])
      return {
        ...this.switches(),
        ...Object.fromEntries(options),
        params: group.params.map((param) => numbers.get(param) as number),
      } as OptimizerState['param_groups'][number]
    })
    return throughHooks(this.#hooks.savePost, this, { state, param_groups: groups })
  }

  /**
   * Takes over state and options from {@link stateDict}. Parameters are matched by position.
   *
   * @throws {ValueError} if the groups have other sizes. @throws {ShapeError} if a state tensor does
   * not fit its parameter.
   */
  loadStateDict(stateDict: OptimizerState): void {
    const saved = throughHooks(this.#hooks.loadPre, this, stateDict)
    const name = `${this.constructor.name}.loadStateDict`
    const sizes = (groups: readonly { params: readonly unknown[] }[]): string =>
      groups.map((group) => group.params.length).join(', ')
    if (!isState(saved)) {
      throw new ValueError(
        name,
        [],
        'this is not the state of an optimizer',
        'pass what stateDict() gave',
      )
    }
    if (sizes(saved.param_groups) !== sizes(this.paramGroups)) {
      throw new ValueError(
        name,
        [],
        `the groups have ${sizes(saved.param_groups)} parameters in the state and ${sizes(this.paramGroups)} here`,
        'build the optimizer with the same groups',
      )
    }
    const params = new Map<number, Tensor>()
    saved.param_groups.forEach((group, g) =>
      group.params.forEach((number, i) =>
        params.set(number, this.paramGroups[g]?.params[i] as Tensor),
      ),
    )
    const state = new Map<Tensor, ParamState>()
    for (const [number, values] of Object.entries(saved.state)) {
      const param = params.get(Number(number))
      if (param === undefined) {
        throw new ValueError(
          name,
          [],
          `there is state for parameter ${number}, which does not exist`,
          'load the state of the same model',
        )
      }
      const copy: ParamState = {}
      for (const [key, value] of Object.entries(values)) {
        if (value instanceof Tensor && !this.fits(key, value, param)) {
          throw new ShapeError(
            name,
            { param, [key]: value },
            `'${key}' of parameter ${number} has another shape than the parameter`,
            'load the state of the same model',
          )
        }
        copy[key] = NUMBERS.has(key) && value instanceof Tensor ? value.item() : own(value, param)
      }
      state.set(param, copy)
    }
    saved.param_groups.forEach((group, g) => {
      const options = Object.entries(group)
        .filter(([key]) => key !== 'params')
        .map(([key, value]) => [toCamel(key), value])
      const merged = { ...this.paramGroups[g], ...Object.fromEntries(options) } as ParamGroup &
        Options
      this.checkOptions(merged)
      Object.assign(this.paramGroups[g] as object, merged)
    })
    this.state.clear()
    for (const [param, values] of state) this.state.set(param, values)
    for (const hook of this.#hooks.loadPost) hook(this)
  }

  /** May `value` be what is kept under `key` for `param`? */
  protected fits(_key: string, value: Tensor, param: Tensor): boolean {
    return value.numel() === 1 || value.shape.join() === param.shape.join()
  }

  /** Printed with the options of each group, as in PyTorch. */
  toString(): string {
    const groups = this.paramGroups.map((group, i) => {
      const options = Object.entries(group)
        .filter(([key]) => key !== 'params')
        .map(([key, value]) => `    ${key}: ${String(value)}`)
      return `Parameter Group ${i}\n${options.join('\n')}`
    })
    return `${this.constructor.name} (\n${groups.join('\n\n')}\n)`
  }
}

/** Has `saved` the form that {@link Optimizer.stateDict} gives? */
function isState(saved: unknown): saved is OptimizerState {
  if (typeof saved !== 'object' || saved === null) return false
  const { param_groups: groups, state } = saved as { param_groups?: unknown; state?: unknown }
  const isGroup = (group: { params?: unknown } | null): boolean => Array.isArray(group?.params)
  if (!Array.isArray(groups) || !groups.every(isGroup)) return false
  if (typeof state !== 'object' || state === null) return false
  return Object.values(state).every((values) => typeof values === 'object' && values !== null)
}

/** The parameters of a group, or its only one, as an array. @throws {ValueError} @internal */
export function paramsOf(op: string, group: { params: unknown }): unknown[] {
  const params: unknown = group?.params
  return params instanceof Tensor ? [params] : listOf(op, params)
}

/** Parameters or groups as an array. @throws {ValueError} for what is no list of such. */
function listOf(op: string, params: unknown): unknown[] {
  const fix = params instanceof Tensor ? 'pass [tensor]' : 'pass model.parameters()'
  requireIterable(op, 'params', params, 'an iterable of tensors, or of groups { params, … }', fix)
  return [...params]
}

/** A copy of a state value where the parameter is, in its dtype. */
function own(value: StateValue, param: Tensor): StateValue {
  if (Array.isArray(value)) return (value as StateValue[]).map((item) => own(item, param))
  if (!(value instanceof Tensor)) return value
  return noGrad(() => value.detach().to(param.device, param.dtype).clone())
}

/** @throws {ValueError} unless `value` is a number ≥ 0 (and below `below`). @internal */
export function requireRange(
  optimizer: string,
  name: string,
  value: unknown,
  below: number = Number.POSITIVE_INFINITY,
): void {
  if (typeof value === 'number' && value >= 0 && value < below) return
  const range = below === Number.POSITIVE_INFINITY ? '≥ 0' : `in [0, ${below})`
  throw new ValueError(
    optimizer,
    [{ name, description: show(value) }],
    `${name} must be a number ${range}, not ${show(value)}`,
    'check the options',
  )
}
