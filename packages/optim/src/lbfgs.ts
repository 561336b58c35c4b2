import type { Arguments } from '@flambeau/core/internal'
import { cat, Tensor, ValueError, zerosLike } from '@flambeau/core'
import { internally, moveToScope, outsideScopes, show } from '@flambeau/core/internal'
import { enableGrad, noGrad } from '@flambeau/autograd'
import { lineSearch } from './line-search.ts'
import type { ParamGroup, Params, ParamState, StateValue } from './optimizer.ts'
import { Optimizer, requireRange } from './optimizer.ts'
import { optionReader } from './options.ts'

export interface LBFGSOptions {
  /** Factor of the step. Default 1. */
  lr?: number
  /** Iterations in one step. Default 20. */
  maxIter?: number
  /** Evaluations of the loss in one step. Default maxIter · 5 / 4. */
  maxEval?: number | null
  /** Ends a step when no gradient is larger. Default 1e-7. */
  toleranceGrad?: number
  /** Ends a step when changes are smaller. Default 1e-9. */
  toleranceChange?: number
  /** How many changes are remembered. Default 100. */
  historySize?: number
  /** Search along each direction until Wolfe's conditions hold. Default null: go one step. */
  lineSearchFn?: 'strong_wolfe' | null
}

type Full = Required<LBFGSOptions>

/** What is kept from one iteration to the next. */
interface Memory {
  direction: Tensor
  stepSize: number
  /** Changes of the gradient, changes of the parameters, and 1 / their product. */
  gradients: Tensor[]
  changes: Tensor[]
  inverse: number[]
  /** Scale of the first guess of the inverse Hessian. */
  scale: number
  lastGradient: Tensor
  lastLoss: number
}

const NAMES = [
  'lr',
  'maxIter',
  'maxEval',
  'toleranceGrad',
  'toleranceChange',
  'historySize',
  'lineSearchFn',
] as const
type LBFGSArguments = Arguments<LBFGSOptions, typeof NAMES>
const read = optionReader<LBFGSOptions>('LBFGS', NAMES)

/**
 * L-BFGS: steps along the gradient times an estimate of the inverse Hessian from the last changes.
 * For smooth problems on a whole data set; one `step(closure)` makes up to `maxIter` iterations and
 * evaluates the closure, which clears the gradients, computes the loss and calls `backward()`, many
 * times.
 *
 * @throws {ValueError} for options outside of their range, several parameter groups, or a step
 * without a closure.
 * @see Nocedal, Wright 2006, Numerical Optimization, algorithms 7.4 and 3.5; torch.optim.LBFGS
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import '@flambeau/autograd'
 * import { LBFGS } from '@flambeau/optim'
 * const x = tensor([3, -2], { dtype: 'float64', requiresGrad: true })
 * const optimizer = new LBFGS([x], { lineSearchFn: 'strong_wolfe' })
 * optimizer.step(() => {
 *   optimizer.zeroGrad()
 *   const loss = x.sub(1).square().sum()
 *   loss.backward()
 *   return loss
 * })
 * console.log(Array.from(x.toArray(), Math.round)) // => [ 1, 1 ]
 * ```
 */
export class LBFGS extends Optimizer<Full> {
  constructor(params: Params<LBFGSOptions>, ...given: LBFGSArguments) {
    const options = read(given)
    const maxIter = options.maxIter ?? 20
    super(params as Params<Full>, {
      lr: 1,
      toleranceGrad: 1e-7,
      toleranceChange: 1e-9,
      historySize: 100,
      lineSearchFn: null,
      ...options,
      maxIter,
      maxEval: options.maxEval ?? Math.floor((maxIter * 5) / 4),
    })
    if (this.paramGroups.length !== 1) {
      throw new ValueError('LBFGS', [], 'all parameters are one group', 'pass a list of tensors')
    }
  }

  protected override checkOptions(options: Full): void {
    requireRange('LBFGS', 'lr', options.lr)
    if (options.lineSearchFn !== null && options.lineSearchFn !== 'strong_wolfe') {
      throw new ValueError(
        'LBFGS',
        [],
        `there is no lineSearchFn ${show(options.lineSearchFn)}`,
        "use 'strong_wolfe' or null",
      )
    }
  }

  protected override fits(): boolean {
    return true
  }

  protected override stepGroup(): void {
    throw new ValueError('LBFGS.step', [], 'a closure is needed', 'step(() => …)')
  }

  get #params(): readonly Tensor[] {
    return (this.paramGroups[0] as ParamGroup).params
  }

  #gradient(): Tensor {
    const parts = this.#params.map((p) => (p.grad ?? zerosLike(p)).reshape(-1))
    return parts.length === 1 ? (parts[0] as Tensor).clone() : cat(parts, 0)
  }

  /** Parameters plus `size` times the direction. */
  #move(size: number, direction: Tensor): void {
    let at = 0
    for (const param of this.#params) {
      const n = param.numel()
      param.add_(direction.narrow(0, at, n).reshape([...param.shape]), { alpha: size })
      at += n
    }
  }

  protected override takeStep<T>(closure?: () => T): T | undefined {
    if (typeof closure !== 'function') {
      this.stepGroup()
      return undefined
    }
    const evaluate = (): { result: T; loss: number } => {
      const result = outsideScopes(() => enableGrad(closure))
      const loss: unknown = result
      const value = typeof loss === 'number' ? loss : ((loss as Tensor | null)?.item?.() as unknown)
      if (typeof value === 'number') return { result, loss: value }
      throw new ValueError('LBFGS.step', [], 'the closure must return the loss', 'return loss')
    }
    return noGrad(() => this.#iterate(evaluate))
  }

  #iterate<T>(evaluate: () => { result: T; loss: number }): T {
    const group = this.paramGroups[0] as ParamGroup & Full
    const first = this.#params[0] as Tensor
    const state: ParamState = this.state.get(first) ?? {}
    this.state.set(first, state)
    state['func_evals'] = ((state['func_evals'] as number | undefined) ?? 0) + 1
    state['n_iter'] ??= 0
    const start = evaluate()
    let loss = start.loss
    let evaluations = 1
    let memory = recall(state)
    const kept = internally(() => {
      let gradient = this.#gradient()
      if (largest(gradient) <= group.toleranceGrad) return null
      for (let iteration = 1; iteration <= group.maxIter; iteration++) {
        const count = (state['n_iter'] as number) + 1
        state['n_iter'] = count
        memory = count === 1 || memory === null ? begin(gradient) : update(memory, gradient, group)
        memory.lastGradient = gradient
        memory.lastLoss = loss
        const { direction } = memory
        memory.stepSize =
          count === 1 ? Math.min(1, 1 / gradient.abs().sum().item()) * group.lr : group.lr
        const slope = gradient.dot(direction).item()
        if (slope > -group.toleranceChange) break
        let used = 0
        let done = false
        if (group.lineSearchFn !== null) {
          const origin = this.#params.map((p) => p.clone())
          const found = lineSearch(
            (size) => {
              this.#move(size, direction)
              const value = evaluate().loss
              const there = this.#gradient()
              this.#params.forEach((p, i) => p.copy_(origin[i] as Tensor))
              return { loss: value, gradient: there }
            },
            { size: memory.stepSize, direction, loss, gradient, slope },
            (group.maxEval as number) - evaluations,
          )
          ;({ loss, gradient } = found)
          memory.stepSize = found.size
          used = found.evaluations
          this.#move(memory.stepSize, direction)
          done = largest(gradient) <= group.toleranceGrad
        } else {
          this.#move(memory.stepSize, direction)
          if (iteration !== group.maxIter) {
            loss = evaluate().loss
            gradient = this.#gradient()
            done = largest(gradient) <= group.toleranceGrad
            used = 1
          }
        }
        evaluations += used
        state['func_evals'] = (state['func_evals'] as number) + used
        const small =
          largest(direction) * Math.abs(memory.stepSize) <= group.toleranceChange ||
          Math.abs(loss - memory.lastLoss) < group.toleranceChange
        if (evaluations >= (group.maxEval as number) || done || small) break
      }
      return memory === null ? null : remember(state, memory)
    })
    // What is remembered outlives the scope of this step.
    if (kept !== null) for (const tensor of kept) moveToScope(tensor, null)
    return start.result
  }
}

function largest(x: Tensor): number {
  return x.abs().max().item()
}

function begin(gradient: Tensor): Memory {
  return {
    direction: gradient.neg(),
    stepSize: 0,
    gradients: [],
    changes: [],
    inverse: [],
    scale: 1,
    lastGradient: gradient,
    lastLoss: 0,
  }
}

/** The next direction: the two loops of algorithm 7.4. */
function update(memory: Memory, gradient: Tensor, { historySize }: Full): Memory {
  const { gradients, changes, inverse } = memory
  const y = gradient.sub(memory.lastGradient)
  const s = memory.direction.mul(memory.stepSize)
  const product = y.dot(s).item()
  if (product > 1e-10) {
    if (gradients.length === historySize) {
      gradients.shift()
      changes.shift()
      inverse.shift()
    }
    gradients.push(y)
    changes.push(s)
    inverse.push(1 / product)
    memory.scale = product / y.dot(y).item()
  }
  const q = gradient.neg()
  const weights: number[] = []
  for (let i = gradients.length - 1; i >= 0; i--) {
    weights[i] = (changes[i] as Tensor).dot(q).item() * (inverse[i] as number)
    q.add_(gradients[i] as Tensor, { alpha: -(weights[i] as number) })
  }
  const r = q.mul(memory.scale)
  for (let i = 0; i < gradients.length; i++) {
    const back = (gradients[i] as Tensor).dot(r).item() * (inverse[i] as number)
    r.add_(changes[i] as Tensor, { alpha: (weights[i] as number) - back })
  }
  memory.direction = r
  return memory
}

/** PyTorch keeps some numbers as tensors without axes. */
function numberOf(value: StateValue | undefined): number {
  return value instanceof Tensor ? value.item() : (value as number)
}

/** The state that {@link remember} wrote, by PyTorch's names. */
function recall(state: ParamState): Memory | null {
  if (!('d' in state)) return null
  return {
    direction: state['d'] as Tensor,
    stepSize: numberOf(state['t']),
    gradients: [...(state['old_dirs'] as Tensor[])],
    changes: [...(state['old_stps'] as Tensor[])],
    inverse: (state['ro'] as StateValue[]).map(numberOf),
    scale: numberOf(state['H_diag']),
    lastGradient: state['prev_flat_grad'] as Tensor,
    lastLoss: numberOf(state['prev_loss']),
  }
}

/** Writes the memory into the state; returns its tensors. */
function remember(state: ParamState, memory: Memory): Tensor[] {
  state['d'] = memory.direction
  state['t'] = memory.stepSize
  state['old_dirs'] = memory.gradients
  state['old_stps'] = memory.changes
  state['ro'] = memory.inverse
  state['H_diag'] = memory.scale
  state['prev_flat_grad'] = memory.lastGradient
  state['prev_loss'] = memory.lastLoss
  return [memory.direction, memory.lastGradient, ...memory.gradients, ...memory.changes]
}
