/** Backward passes as functions: into the leaves, or to chosen inputs. */
import { AutogradError, onesLike, ShapeError, stack, ValueError, zerosLike } from '@flambeau/core'
import type { Tensor } from '@flambeau/core'
import type { Arguments, Given } from '@flambeau/core/internal'
import { internally, liveId, parameters, requireTensor, sameShape } from '@flambeau/core/internal'
import { tensorList } from './arguments.ts'
import { accumulateAt, nodeOf, runBackward } from './engine.ts'
import { runAccumulated } from './hooks.ts'

/** Weights of outputs: one for all of them, or one for each; null stands for ones. */
export type Weights = Tensor | readonly (Tensor | null)[] | null

/** Options of {@link Tensor.backward}. */
export interface BackwardOptions {
  /** Weights of the elements; may be left out for a tensor with one element. */
  gradient?: Tensor | null
  /** Keep the saved tensors for another backward pass. Default: the value of createGraph. */
  retainGraph?: boolean | null
  /** Record the backward pass itself, for gradients of gradients. Default false. */
  createGraph?: boolean
  /** Add gradients to these tensors only. Default: all leaves. */
  inputs?: Tensor | readonly Tensor[] | null
}

/** How {@link Tensor.backward} is called. */
export type BackwardArguments = Arguments<
  BackwardOptions,
  ['gradient', 'retainGraph', 'createGraph', 'inputs']
>

/** Options of {@link backward}. */
export interface BackwardOfOptions extends Omit<BackwardOptions, 'gradient'> {
  /** Weights of the elements of each tensor. */
  gradTensors?: Weights
  /** Former name of gradTensors. */
  gradVariables?: Weights
}

type BackwardOfArguments = Arguments<
  BackwardOfOptions,
  ['gradTensors', 'retainGraph', 'createGraph', 'gradVariables', 'inputs']
>

type BackwardParameters = [
  Weights,
  boolean | null,
  boolean,
  Weights | undefined,
  Tensor | readonly Tensor[] | null,
]

const readBackward = parameters<BackwardParameters>('backward', [
  'gradTensors',
  'retainGraph',
  'createGraph',
  'gradVariables',
  'inputs',
])

const readMethod = parameters<[Tensor | null, boolean | null, boolean, BackwardParameters[4]]>(
  'backward',
  ['gradient', 'retainGraph', 'createGraph', 'inputs'],
)

function rootGradient(op: string, root: Tensor, gradient: Tensor | null | undefined): Tensor {
  if (!root._requiresGrad) {
    throw new AutogradError(
      op,
      { output: root },
      'the output does not require a gradient: no input of its computation does, or it was computed inside of noGrad',
      'set requiresGrad on the inputs before the computation',
    )
  }
  if (gradient === null || gradient === undefined) {
    if (root.numel() !== 1) {
      throw new AutogradError(
        op,
        { output: root },
        `the output has ${root.numel()} elements; without a gradient it must have exactly one`,
        'reduce it with sum() or mean(), or pass the gradient of each element',
      )
    }
    return onesLike(root.detach())
  }
  requireTensor(op, 'gradient', gradient)
  liveId(op, gradient)
  if (!sameShape(gradient.shape, root.shape)) {
    throw new ShapeError(
      op,
      { output: root, gradient },
      'the gradient must have the shape of its output',
      'reshape the gradient',
    )
  }
  return gradient.dtype === root.dtype ? gradient : gradient.to(root.dtype)
}

/** Weights as a list as long as the outputs. */
function weightsOf(
  op: string,
  roots: readonly Tensor[],
  given: Weights | undefined,
): readonly (Tensor | null)[] {
  const list = Array.isArray(given) ? (given as readonly (Tensor | null)[]) : [given ?? null]
  if (list.length > 1 && list.length !== roots.length) {
    throw new ValueError(
      op,
      [],
      `${list.length} gradients do not fit ${roots.length} outputs`,
      'pass one for each output; null stands for ones',
    )
  }
  return roots.map((_, i) => list[i] as Tensor | null)
}

/** Tensors to differentiate by. */
function targetList(op: string, inputs: Tensor | readonly Tensor[]): Tensor[] {
  const targets = tensorList(op, 'inputs', inputs)
  targets.forEach((target, i) => {
    if (target._requiresGrad) return
    throw new AutogradError(
      op,
      { [`inputs[${i}]`]: target },
      'the input does not require a gradient',
      'set requiresGrad before the computation',
    )
  })
  return targets
}

function backwardOf(
  roots: readonly Tensor[],
  weights: Weights | undefined,
  given: Given<[boolean | null, boolean, BackwardParameters[4]]>,
): void {
  const [retain, createGraph = false, inputs] = given
  const retainGraph = retain ?? createGraph
  const gradients = weightsOf('backward', roots, weights).map((gradient, i) =>
    rootGradient('backward', roots[i] as Tensor, gradient),
  )
  if (inputs === undefined || inputs === null) {
    runBackward({ roots, gradients, targets: null, retainGraph, createGraph })
    return
  }
  const targets = targetList('backward', inputs)
  const results = runBackward({ roots, gradients, targets, retainGraph, createGraph })
  internally(() => {
    results.forEach((result, i) => {
      if (result === null) return
      const target = targets[i] as Tensor
      accumulateAt(target._id, result, createGraph)
      runAccumulated(nodeOf(target).slot)
    })
  })
}

/** The method of {@link backward}. */
export function backwardMethod(self: Tensor, given: readonly unknown[]): void {
  const [gradient, retainGraph, createGraph, inputs] = readMethod(given)
  backwardOf(tensorList('backward', 'input', self), gradient, [retainGraph, createGraph, inputs])
}

/**
 * Adds the gradients of `tensors` (sum of products with `gradTensors`) to the leaves' `grad`.
 *
 * @throws {AutogradError} as {@link Tensor.backward} does.
 * @see torch.autograd.backward
 */
export function backward(tensors: Tensor | readonly Tensor[], ...given: BackwardOfArguments): void {
  const [gradTensors, retainGraph, createGraph, gradVariables, inputs] = readBackward(given)
  if (gradTensors && gradVariables) {
    throw new ValueError(
      'backward',
      [],
      'gradTensors and gradVariables are the same and must not both be given',
      'give gradTensors',
    )
  }
  const roots = tensorList('backward', 'tensors', tensors)
  backwardOf(roots, gradTensors ?? gradVariables, [retainGraph, createGraph, inputs])
}

/** Options of {@link grad}. */
export interface GradOptions {
  /** Weights of the outputs' elements. */
  gradOutputs?: Weights
  /** Keep the saved tensors for another backward pass. Default: the value of createGraph. */
  retainGraph?: boolean | null
  /** Record the backward pass itself, for gradients of gradients. Default false. */
  createGraph?: boolean
  /** Without effect, as in PyTorch: only gradients of the inputs are computed. */
  onlyInputs?: boolean
  /**
   * Give null for inputs that the outputs do not depend on, instead of an error. Default: the value
   * of materializeGrads.
   */
  allowUnused?: boolean | null
  /** The first axis of each of gradOutputs counts separate passes, whose results are stacked. */
  isGradsBatched?: boolean
  /** Give zeros for inputs that the outputs do not depend on. */
  materializeGrads?: boolean
}

/** How gradients of tensors are asked for. */
export type GradArguments = Arguments<
  GradOptions,
  [
    'gradOutputs',
    'retainGraph',
    'createGraph',
    'onlyInputs',
    'allowUnused',
    'isGradsBatched',
    'materializeGrads',
  ]
>

const readGrad = parameters<
  [Weights, boolean | null, boolean, boolean, boolean | null, boolean, boolean]
>('grad', [
  'gradOutputs',
  'retainGraph',
  'createGraph',
  'onlyInputs',
  'allowUnused',
  'isGradsBatched',
  'materializeGrads',
])

/** What one pass needs. */
interface Pass {
  roots: readonly Tensor[]
  targets: readonly Tensor[]
  retainGraph: boolean
  createGraph: boolean
}

function gradOf(pass: Pass, weights: readonly (Tensor | null)[]): (Tensor | null)[] {
  const gradients = weights.map((one, i) => rootGradient('grad', pass.roots[i] as Tensor, one))
  return runBackward({ ...pass, gradients })
}

/** One pass for each position of the first axis of the weights. */
function batchedGrad(pass: Pass, weights: readonly (Tensor | null)[]): (Tensor | null)[] {
  const counts = weights.map((one) => (one === null || one.ndim === 0 ? -1 : one.size(0)))
  const count = counts[0] as number
  if (count < 1 || counts.some((other) => other !== count)) {
    throw new ShapeError(
      'grad',
      Object.fromEntries(weights.map((one, i) => [`gradOutputs[${i}]`, one])),
      'with isGradsBatched, all gradOutputs have the same first axis',
      'stack the gradients of the passes: [passes, …output.shape]',
    )
  }
  const passes = Array.from({ length: count }, (_, i) => {
    const last = i === count - 1
    const own = weights.map((one) => (one as Tensor).select(0, i))
    return gradOf({ ...pass, retainGraph: pass.retainGraph || !last }, own)
  })
  return pass.targets.map((target, i) => {
    const results = passes.map((pass) => pass[i] ?? null)
    if (results.every((one) => one === null)) return null
    return stack(results.map((one) => one ?? zerosLike(target.detach())))
  })
}

/**
 * The gradients of `outputs` (sum of products with `gradOutputs`) with respect to `inputs`, without
 * touching any `grad`.
 *
 * @throws as grad.ts says.
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  ...given: GradArguments
): (Tensor | null)[] {
  const roots = tensorList('grad', 'outputs', outputs)
  const targets = targetList('grad', inputs)
  const [gradOutputs, retain, createGraph = false, , unused, batched, materialize] = readGrad(given)
  if (materialize && unused === false) {
    throw new ValueError(
      'grad',
      [],
      'allowUnused is false, but materializeGrads gives zeros for inputs that are not used',
      'leave allowUnused out',
    )
  }
  const pass = { roots, targets, retainGraph: retain ?? createGraph, createGraph }
  const weights = weightsOf('grad', roots, gradOutputs)
  const results = internally(() => (batched ? batchedGrad : gradOf)(pass, weights))
  if (unused || (unused !== false && materialize)) {
    return materialize ? results.map((one, i) => one ?? zerosLike(targets[i] as Tensor)) : results
  }
  results.forEach((result, i) => {
    if (result !== null) return
    throw new AutogradError(
      'grad',
      { [`inputs[${i}]`]: targets[i] as Tensor },
      'the outputs do not depend on this input',
      'leave it out, or pass { allowUnused: true } to get null',
    )
  })
  return results
}
