/** What this package adds to tensors. */
import { AutogradError, DTypeError, ShapeError, Tensor, ValueError } from '@flambeau/core'
import {
  commands,
  gradientSwitch,
  isInferring,
  liveId,
  native,
  requireFunction,
  sameShape,
  setGradientSuffix,
  wrap,
} from '@flambeau/core/internal'
import { nodeOf } from './engine.ts'
import type { BackwardArguments } from './gradients.ts'
import { backwardMethod } from './gradients.ts'
import { graphNode, type GraphNode } from './graph-node.ts'
import type { AccumulateHook, Hook, HookHandle } from './hooks.ts'
import { addHook, hooksOf } from './hooks.ts'
import { nodeName, retaining } from './tape.ts'

declare module '@flambeau/core' {
  interface Tensor {
    /** Whether operations on the tensor are recorded. Only leaves may be set. */
    requiresGrad: boolean
    /** The accumulated gradient of a leaf; null before the first backward pass. */
    grad: Tensor | null
    /** The operation that made the tensor; null for leaves. */
    readonly gradFn: GraphNode | null
    /** True unless the tensor was made by a recorded operation. */
    readonly isLeaf: boolean
    /** Sets `requiresGrad`; returns the tensor. @see torch.Tensor.requires_grad_ */
    requiresGrad_(requiresGrad?: boolean): this
    /**
     * Computes the gradient of this tensor with respect to all leaves and adds it to their `grad`.
     *
     * The parameters are `gradient` (weights of the elements; may be left out for a tensor with one
     * element), `retainGraph`, `createGraph` and `inputs`.
     *
     * @throws {AutogradError} if the tensor does not require a gradient, has several elements and
     * no `gradient` is given, or its graph was freed by an earlier pass.
     * @see torch.Tensor.backward
     */
    backward(...given: BackwardArguments): void
    /**
     * Calls `hook` with each gradient of this tensor, before it is used or accumulated; what the
     * hook returns takes its place. Hooks of a leaf stay; those of another tensor are dropped with
     * its graph, when a backward pass without `retainGraph` is through with it.
     *
     * @throws {AutogradError} if the tensor does not require a gradient.
     * @throws {ShapeError, DTypeError, ValueError} in the backward pass, if the hook returns
     * something else than a tensor of the gradient's shape and dtype, or nothing.
     * @see torch.Tensor.register_hook
     */
    registerHook(hook: Hook): HookHandle
    /**
     * Calls `hook` with this leaf each time after a backward pass added to its `grad`.
     *
     * @throws {AutogradError} if the tensor does not require a gradient, or is not a leaf.
     * @see torch.Tensor.register_post_accumulate_grad_hook
     */
    registerPostAccumulateGradHook(hook: AccumulateHook): HookHandle
    /** True for a tensor that keeps its gradient though it is not a leaf. */
    readonly retainsGrad: boolean
    /** How often the tensor's storage was written to in place. @see torch.Tensor._version */
    readonly _version: number
    /**
     * Keeps the gradient of a tensor that is not a leaf in its `grad`.
     *
     * @throws {AutogradError} if the tensor does not require a gradient.
     * @see torch.Tensor.retain_grad
     */
    retainGrad(): void
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
  if (on && !isInferring() && tensor.isInference()) {
    throw new AutogradError(
      'requiresGrad',
      { input: tensor },
      'a tensor made in inference mode cannot require a gradient outside of it',
      'clone() it outside of inference mode',
    )
  }
  native.setRequiresGrad(id, on ? 1 : 0)
  tensor._own = on
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
  if (grad._id === id) {
    throw new ValueError(
      'grad',
      { input: tensor },
      'a tensor cannot be its own gradient',
      'use clone()',
    )
  }
  native.setGrad(id, liveId('grad', grad))
  tensor._autograd = { grad } satisfies GradientCache
}

function requireNode(op: string, tensor: Tensor): { slot: number; output: number } {
  liveId(op, tensor)
  const node = nodeOf(tensor)
  if (node.slot !== 0) return node
  throw new AutogradError(
    op,
    { input: tensor },
    'the tensor does not require a gradient',
    'set requiresGrad first',
  )
}

function registerHook(tensor: Tensor, hook: Hook): HookHandle {
  requireFunction('registerHook', 'hook', hook)
  const { slot, output } = requireNode('registerHook', tensor)
  const { byOutput } = hooksOf(slot)
  let list = byOutput.get(output)
  if (list === undefined) byOutput.set(output, (list = new Set()))
  return addHook('registerHook', list, hook)
}

function registerPostAccumulateGradHook(tensor: Tensor, hook: AccumulateHook): HookHandle {
  const op = 'registerPostAccumulateGradHook'
  requireFunction(op, 'hook', hook)
  const { slot } = requireNode(op, tensor)
  if (!tensor.isLeaf) {
    throw new AutogradError(
      op,
      { input: tensor },
      'only gradients of leaves are accumulated; this tensor was made by an operation',
      'use registerHook',
    )
  }
  // Held by the node, which the leaf holds: a count on the leaf would be a cycle.
  const leaf = new WeakRef(tensor)
  return addHook(op, hooksOf(slot).accumulated, () => {
    const alive = leaf.deref()
    if (alive !== undefined && !alive.isDisposed) hook(alive)
  })
}

function retainGrad(tensor: Tensor): void {
  const id = liveId('retainGrad', tensor)
  if (!tensor._requiresGrad) {
    throw new AutogradError(
      'retainGrad',
      { input: tensor },
      'the tensor does not require a gradient',
      'set requiresGrad before the computation',
    )
  }
  if (tensor.isLeaf) return
  native.setRetainsGrad(id)
  retaining.add(id)
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
      get(this: Tensor): GraphNode | null {
        if (!this._requiresGrad || this.isLeaf) return null
        const { slot } = nodeOf(this)
        return slot === 0 ? null : graphNode(slot, this)
      },
    },
    requiresGrad_: {
      value(this: Tensor, on = true): Tensor {
        setRequiresGrad(this, on)
        return this
      },
    },
    backward: {
      value(this: Tensor, ...given: readonly unknown[]): void {
        backwardMethod(this, given)
      },
    },
    registerHook: {
      value(this: Tensor, hook: Hook): HookHandle {
        return registerHook(this, hook)
      },
    },
    registerPostAccumulateGradHook: {
      value(this: Tensor, hook: AccumulateHook): HookHandle {
        return registerPostAccumulateGradHook(this, hook)
      },
    },
    retainsGrad: {
      get(this: Tensor): boolean {
        native.graphInfo(liveId('retainsGrad', this))
        return commands[3] === 1
      },
    },
    _version: {
      get(this: Tensor): number {
        native.graphInfo(liveId('_version', this))
        return commands[0] as number
      },
    },
    retainGrad: {
      value(this: Tensor): void {
        retainGrad(this)
      },
    },
  })
  gradientSwitch.set = (tensor) => setRequiresGrad(tensor, true)
  setGradientSuffix((tensor) => {
    if (!tensor._requiresGrad) return null
    return tensor.isLeaf ? 'requiresGrad=true' : `gradFn=<${nodeName(nodeOf(tensor).slot)}>`
  })
}
