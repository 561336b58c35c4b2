/** Steps of optimizers: all parameters in one native call, in place. */
import type { DTypeCode } from '../dtype.ts'
import type { Op } from '../op.ts'
import { defineOp, runInPlace } from '../op.ts'
import type { Tensor } from '../tensor.ts'

// A call to native code names this many parameters at the most; more go in several calls.
const MAX_PARAMS = 4096

const sgdOp = defineOp('sgdStep', ['tensors'], {
  kernel: 'sgd_step',
  derivative: { tensors: 'non-differentiable' },
})

const adamOp = defineOp('adamStep', ['tensors'], {
  kernel: 'adam_step',
  derivative: { tensors: 'non-differentiable' },
})

const zeroOp = defineOp('zeroAll', ['tensors'], {
  kernel: 'zero_many',
  derivative: { tensors: 'non-differentiable' },
})

/** Tensors by role (parameters, gradients, first state, …), each list in the same order. */
type Roles = readonly (readonly Tensor[])[]

/** Calls body for groups of parameters of one dtype that a single call can name. */
function eachGroup(roles: Roles, body: (group: Roles, count: number) => void): void {
  const params = roles[0] as readonly Tensor[]
  const types = new Map<DTypeCode, number[]>()
  params.forEach((param, i) => {
    const places = types.get(param._dtype)
    if (places === undefined) types.set(param._dtype, [i])
    else places.push(i)
  })
  for (const places of types.values()) {
    for (let start = 0; start < places.length; start += MAX_PARAMS) {
      const part = places.slice(start, start + MAX_PARAMS)
      const pick = (list: readonly Tensor[]): readonly Tensor[] =>
        part.length === params.length ? list : part.map((i) => list[i] as Tensor)
      body(roles.map(pick), part.length)
    }
  }
}

/** All but the gradients: what a step writes. */
function written(roles: Roles): Tensor[] {
  return roles.filter((_, role) => role !== 1).flat()
}

/**
 * How steps take part in a graph of a device. While it is captured, optimizers leave in `again` what
 * takes the same step once more. For a replay that is called with a list in `numbers`: what a step
 * would compute with goes there, and nothing is computed. @internal
 */
export const capturedSteps: {
  again: (() => void)[] | null
  numbers: (readonly number[])[] | null
} = { again: null, numbers: null }

/** Changes tensors, given by role, as the op with these numbers does. */
function takeStep(op: Op<null>, roles: Roles, numbers: readonly number[]): void {
  if (capturedSteps.numbers !== null) capturedSteps.numbers.push(numbers)
  else runInPlace(op, written(roles), roles.flat(), numbers)
}

export interface SgdStepOptions {
  lr: number
  momentum: number
  dampening: number
  weightDecay: number
  nesterov: boolean
  maximize: boolean
  /** The buffers start as the gradients, whatever they hold. */
  first: boolean
}

/**
 * One step of stochastic gradient descent. `buffers` is empty without momentum.
 *
 * @see torch.optim.SGD
 */
export function sgdStep(
  params: readonly Tensor[],
  grads: readonly Tensor[],
  buffers: readonly Tensor[],
  options: SgdStepOptions,
): void {
  const { lr, momentum, dampening, weightDecay, nesterov, maximize, first } = options
  const flags = [nesterov, maximize, first].map(Number)
  const roles = momentum === 0 ? [params, grads] : [params, grads, buffers]
  eachGroup(roles, (group, count) => {
    const numbers = [count, lr, momentum, dampening, weightDecay, ...flags]
    takeStep(sgdOp, group, numbers)
  })
}

export interface AdamStepOptions {
  lr: number
  betas: readonly [number, number]
  eps: number
  weightDecay: number
  /** Weight decay shrinks the parameter (AdamW) instead of adding to the gradient. */
  decoupled: boolean
  amsgrad: boolean
  maximize: boolean
  /** How many steps these parameters have taken, this one included. */
  step: number
}

/**
 * One step of Adam or AdamW. `largest` holds the largest second moments so far with AMSGrad and is
 * empty without.
 *
 * @see torch.optim.Adam, torch.optim.AdamW
 */
export function adamStep(
  params: readonly Tensor[],
  grads: readonly Tensor[],
  means: readonly Tensor[],
  squares: readonly Tensor[],
  largest: readonly Tensor[],
  options: AdamStepOptions,
): void {
  const { lr, betas, eps, weightDecay, decoupled, amsgrad, maximize, step } = options
  const flags = [decoupled, amsgrad, maximize].map(Number)
  const roles = [params, grads, means, squares, ...(amsgrad ? [largest] : [])]
  eachGroup(roles, (group, count) => {
    const numbers = [count, lr, betas[0], betas[1], eps, weightDecay, ...flags, step]
    takeStep(adamOp, group, numbers)
  })
}

const stepOp = defineOp('optimStep', ['tensors'], {
  kernel: 'optim_step',
  derivative: { tensors: 'non-differentiable' },
})

/** Algorithms that change each element by itself, in the order of their native codes. */
const STEP_RULES = [
  'rmsprop',
  'adagrad',
  'adadelta',
  'adamax',
  'nadam',
  'radam',
  'asgd',
  'rprop',
  'average',
] as const
export type StepRule = (typeof STEP_RULES)[number]

/**
 * One step of an algorithm for all parameters. `roles` are the parameters, their gradients, and
 * each kind of state; `numbers` are those of native/simd/optim.cc, the first two being the
 * gradient's factor (-1 to go up) and the weight decay that is added to it.
 */
export function optimStep(rule: StepRule, roles: Roles, numbers: readonly number[]): void {
  const code = STEP_RULES.indexOf(rule)
  eachGroup(roles, (group, count) => {
    takeStep(stepOp, group, [count, code, ...numbers])
  })
}

const unscaleOp = defineOp('unscaleAll', ['tensors'], {
  kernel: 'unscale_many',
  derivative: { tensors: 'non-differentiable' },
})

/**
 * Multiplies gradients by a factor in place, and sets `found` (float32 `[]`) to 1 if one of their
 * elements was infinite or NaN before.
 */
export function unscaleAll(grads: readonly Tensor[], factor: number, found: Tensor): void {
  eachGroup([grads], ([group]) => {
    const tensors = [...(group as readonly Tensor[]), found]
    runInPlace(unscaleOp, tensors, tensors, [factor])
  })
}

/** Sets all elements of all tensors to zero. */
export function zeroAll(tensors: readonly Tensor[]): void {
  for (let start = 0; start < tensors.length; start += MAX_PARAMS) {
    const part = tensors.slice(start, start + MAX_PARAMS)
    runInPlace(zeroOp, part, part)
  }
}
