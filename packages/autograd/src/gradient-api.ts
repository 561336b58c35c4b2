/** What this package adds to tensors, and the functions on gradients. */
import { AutogradError, DTypeError, ShapeError, Tensor, ValueError } from '@flambeau/core'
import {
  commands,
  gradientSwitch,
  liveId,
  native,
  recording,
  sameShape,
  setGradientSuffix,
  wrap,
} from '@flambeau/core/internal'
import { nodeOf, runBackward } from './engine.ts'
import type { Hook } from './tape.ts'
import { hooks, tape } from './tape.ts'

/** Options of {@link Tensor.backward}. */
export interface BackwardOptions {
  /** Keep the saved tensors for another backward pass. Default: the value of createGraph. */
  retainGraph?: boolean
  /** Record the backward pass itself, for gradients of gradients. Default false. */
  createGraph?: boolean
  /** Add gradients to these leaves only. Default: all leaves. */
  inputs?: readonly Tensor[]
}

/** The operation that made a tensor. */
export interface GradFn {
  /** For example `AddBackward`. */
  readonly name: string
}

/** Takes a hook off again. */
export interface HookHandle {
  remove(): void
}

declare module '@flambeau/core' {
  interface Tensor {
    /** Whether operations on the tensor are recorded. Only leaves may be set. */
    requiresGrad: boolean
    /** The accumulated gradient of a leaf; null before the first backward pass. */
    grad: Tensor | null
    /** The operation that made the tensor; null for leaves. */
    readonly gradFn: GradFn | null
    /** True unless the tensor was made by a recorded operation. */
    readonly isLeaf: boolean
    /** Sets `requiresGrad`; returns the tensor. @see torch.Tensor.requires_grad_ */
    requiresGrad_(requiresGrad?: boolean): this
    /**
     * Computes the gradient of this tensor with respect to all leaves and adds it to their `grad`.
     *
     * @param gradient Weights of the elements; may be left out for a tensor with one element.
     * @throws {AutogradError} if the tensor does not require a gradient, has several elements and
     * no `gradient` is given, or its graph was freed by an earlier pass.
     * @see torch.Tensor.backward
     */
    backward(gradient?: Tensor | null, options?: BackwardOptions): void
    /**
     * Calls `hook` with each gradient of this tensor, before it is used or accumulated; what the
     * hook returns takes its place.
     *
     * @throws {AutogradError} if the tensor does not require a gradient.
     * @see torch.Tensor.register_hook
     */
    registerHook(hook: Hook): HookHandle
    /** Keeps the gradient of a tensor that is not a leaf in its `grad`. */
    retainGrad(): void
    /** Cuts the tensor off from its history, in place. @see torch.Tensor.detach_ */
    detach_(): this
  }
}

function requireFloating(op: string, tensor: Tensor): void {
  if (tensor.isFloatingPoint()) return
  throw new DTypeError(
    op,
    { input: tensor },
    `only floating tensors can require gradients, not ${tensor.dtype}`,
    "cast it with to('float32')",
  )
}

function setRequiresGrad(tensor: Tensor, on: boolean): void {
  const id = liveId('requiresGrad', tensor)
  if (on) requireFloating('requiresGrad', tensor)
  if (!on && tensor._requiresGrad && !tensor.isLeaf) {
    throw new AutogradError(
      'requiresGrad',
      { input: tensor },
      'only leaves can change requiresGrad; this tensor was made by an operation',
      'use detach()',
    )
  }
  if (on === tensor._requiresGrad) return
  native.setRequiresGrad(id, on ? 1 : 0)
  tensor._requiresGrad = on
}

/** Kept at a tensor whose gradient was read, so that the same object comes back. */
interface GradientCache {
  grad: Tensor | null
}

function readGrad(tensor: Tensor): Tensor | null {
  const id = native.grad(liveId('grad', tensor))
  const cache = tensor._autograd as GradientCache | null
  if (id === 0) {
    if (cache !== null) cache.grad = null
    return null
  }
  if (cache?.grad && cache.grad._id === id) {
    native.release(id)
    return cache.grad
  }
  const grad = wrap(id, null)
  tensor._autograd = { grad } satisfies GradientCache
  // wrap() may have made an alias; the leaf keeps that, so that identity holds.
  if (grad._id !== id) native.setGrad(tensor._id, grad._id)
  return grad
}

function writeGrad(tensor: Tensor, grad: Tensor | null | undefined): void {
  const id = liveId('grad', tensor)
  if (grad === null || grad === undefined) {
    native.setGrad(id, 0)
    tensor._autograd = null
    return
  }
  if (!(grad instanceof Tensor)) {
    throw new ValueError(
      'grad',
      { input: tensor },
      'a gradient is a tensor or null',
      'set a tensor',
    )
  }
  if (!sameShape(grad.shape, tensor.shape)) {
    throw new ShapeError(
      'grad',
      { input: tensor, grad },
      'a gradient has the shape of its tensor',
      'reshape it',
    )
  }
  if (grad.dtype !== tensor.dtype) {
    throw new DTypeError(
      'grad',
      { input: tensor, grad },
      'a gradient has the dtype of its tensor',
      `cast it with to('${tensor.dtype}')`,
    )
  }
  native.setGrad(id, liveId('grad', grad))
  tensor._autograd = { grad } satisfies GradientCache
}

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
    return onesLike(root)
  }
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

function onesLike(tensor: Tensor): Tensor {
  return tensor.detach().mul(0).add(1)
}

/**
 * Adds the gradients of `tensors` (sum of products with `gradTensors`) to the leaves' `grad`.
 *
 * @throws {AutogradError} as {@link Tensor.backward} does.
 * @see torch.autograd.backward
 */
export function backward(
  tensors: Tensor | readonly Tensor[],
  gradTensors?: Tensor | readonly (Tensor | null)[] | null,
  options: BackwardOptions = {},
): void {
  const roots = Array.isArray(tensors) ? (tensors as Tensor[]) : [tensors as Tensor]
  const given = Array.isArray(gradTensors) ? gradTensors : [gradTensors ?? null]
  const createGraph = options.createGraph ?? false
  const gradients = roots.map((root, i) => {
    liveId('backward', root)
    return rootGradient('backward', root, given[i] as Tensor | null)
  })
  const retainGraph = options.retainGraph ?? createGraph
  if (options.inputs === undefined) {
    runBackward({ roots, gradients, targets: null, retainGraph, createGraph })
    return
  }
  const targets = options.inputs
  const results = runBackward({ roots, gradients, targets, retainGraph, createGraph })
  results.forEach((result, i) => {
    const target = targets[i] as Tensor
    if (result !== null) target.grad = target.grad === null ? result : target.grad.add(result)
  })
}

export interface GradOptions {
  /** Weights of the outputs' elements. */
  gradOutputs?: Tensor | readonly (Tensor | null)[] | null
  retainGraph?: boolean
  createGraph?: boolean
  /** Give null for inputs that the outputs do not depend on, instead of an error. */
  allowUnused?: boolean
}

/**
 * The gradients of `outputs` (sum of products with `gradOutputs`) with respect to `inputs`, without
 * touching any `grad`.
 *
 * @throws {AutogradError} if an input does not require a gradient, or is not used and `allowUnused`
 * is not set.
 * @see torch.autograd.grad
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { grad } from '@flambeau/autograd'
 * const x = tensor([3], { dtype: 'float32', requiresGrad: true })
 * const [dx] = grad(x.mul(x), [x])
 * console.log(dx) // => tensor([6.])
 * ```
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions = {},
): (Tensor | null)[] {
  const roots = Array.isArray(outputs) ? (outputs as Tensor[]) : [outputs as Tensor]
  const targets = Array.isArray(inputs) ? (inputs as Tensor[]) : [inputs as Tensor]
  const given = Array.isArray(options.gradOutputs)
    ? options.gradOutputs
    : [options.gradOutputs ?? null]
  targets.forEach((target, i) => {
    if (target._requiresGrad) return
    throw new AutogradError(
      'grad',
      { [`inputs[${i}]`]: target },
      'the input does not require a gradient',
      'set requiresGrad before the computation',
    )
  })
  const createGraph = options.createGraph ?? false
  const gradients = roots.map((root, i) => rootGradient('grad', root, given[i] as Tensor | null))
  const results = runBackward({
    roots,
    gradients,
    targets,
    retainGraph: options.retainGraph ?? createGraph,
    createGraph,
  })
  if (options.allowUnused !== true) {
    results.forEach((result, i) => {
      if (result !== null) return
      throw new AutogradError(
        'grad',
        { [`inputs[${i}]`]: targets[i] as Tensor },
        'the outputs do not depend on this input',
        'leave it out, or pass { allowUnused: true } to get null',
      )
    })
  }
  return results
}

function registerHook(tensor: Tensor, hook: Hook): HookHandle {
  liveId('registerHook', tensor)
  const { slot, output } = nodeOf(tensor)
  if (slot === 0) {
    throw new AutogradError(
      'registerHook',
      { input: tensor },
      'the tensor does not require a gradient',
      'set requiresGrad first',
    )
  }
  let outputs = hooks.get(slot)
  if (outputs === undefined) hooks.set(slot, (outputs = new Map()))
  let list = outputs.get(output)
  if (list === undefined) outputs.set(output, (list = new Set()))
  list.add(hook)
  return { remove: () => void list.delete(hook) }
}

function gradFnName(tensor: Tensor): string {
  const { slot } = nodeOf(tensor)
  const name = tape[slot]?.op.name ?? 'Unknown'
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}Backward`
}

/** Adds the gradient members to Tensor. */
export function extendTensor(): void {
  const { prototype } = Tensor
  Object.defineProperties(prototype, {
    requiresGrad: {
      get(this: Tensor): boolean {
        return this._requiresGrad
      },
      set(this: Tensor, on: boolean) {
        setRequiresGrad(this, Boolean(on))
      },
    },
    grad: {
      get(this: Tensor): Tensor | null {
        return readGrad(this)
      },
      set(this: Tensor, grad: Tensor | null) {
        writeGrad(this, grad)
      },
    },
    isLeaf: {
      get(this: Tensor): boolean {
        native.info(liveId('isLeaf', this))
        return commands[4] === 1
      },
    },
    gradFn: {
      get(this: Tensor): GradFn | null {
        return this.isLeaf ? null : { name: gradFnName(this) }
      },
    },
    requiresGrad_: {
      value(this: Tensor, on = true): Tensor {
        setRequiresGrad(this, on)
        return this
      },
    },
    backward: {
      value(this: Tensor, gradient?: Tensor | null, options?: BackwardOptions): void {
        backward(this, gradient, options)
      },
    },
    registerHook: {
      value(this: Tensor, hook: Hook): HookHandle {
        return registerHook(this, hook)
      },
    },
    retainGrad: {
      value(this: Tensor): void {
        if (this.isLeaf) return
        const id = this._id
        registerHook(this, (grad) => {
          if (this._id === id) this.grad = this.grad === null ? grad.detach() : this.grad.add(grad)
        })
      },
    },
    detach_: {
      value(this: Tensor): Tensor {
        native.setRequiresGrad(liveId('detach_', this), 0)
        this._requiresGrad = false
        return this
      },
    },
  })
  gradientSwitch.set = (tensor) => setRequiresGrad(tensor, true)
  setGradientSuffix((tensor) => {
    if (!tensor._requiresGrad) return null
    return tensor.isLeaf ? 'requiresGrad=true' : `gradFn=<${gradFnName(tensor)}>`
  })
}

/** True while operations are recorded here. @see torch.is_grad_enabled */
export function isGradEnabled(): boolean {
  return recording.enabled && !(recording.asynchronous > 0 && recording.pausedHere())
}
