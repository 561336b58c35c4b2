/** Operations of the user's own: what they compute, and how gradients flow back through them. */
import { AutogradError, DTypeError, ShapeError, Tensor, ValueError, zeros } from '@flambeau/core'
import type { BackwardInfo, SavedInputs, Shape } from '@flambeau/core/internal'
import {
  commands,
  graphError,
  isRecording,
  liveId,
  moveToScope,
  native,
  Op,
  outsideScopes,
  requireFunction,
  share,
  wrap,
} from '@flambeau/core/internal'
import { unpackError } from './engine.ts'
import { withMode } from './grad-mode.ts'
import { record, savedSlot } from './tape.ts'

/**
 * What a {@link Function} keeps from its forward to its backward pass.
 *
 * @example
 * ```ts
 * import { Function } from '@flambeau/autograd'
 * import type { FunctionContext } from '@flambeau/autograd'
 * import type { Tensor } from '@flambeau/core'
 * import { ones } from '@flambeau/core'
 * class Square extends Function {
 *   static override forward(ctx: FunctionContext, x: Tensor): Tensor {
 *     ctx.saveForBackward(x)
 *     return x.mul(x)
 *   }
 *   static override backward(ctx: FunctionContext, grad: Tensor): Tensor {
 *     const [x] = ctx.savedTensors
 *     return grad.mul(x as Tensor).mul(2)
 *   }
 * }
 * const x = ones([2]).requiresGrad_()
 * ;(Square.apply(x) as Tensor).sum().backward()
 * console.log(x.grad?.tolist()) // => [ 2, 2 ]
 * ```
 */
export class FunctionContext {
  /** Per argument of `apply`: is it a tensor that requires a gradient? */
  readonly needsInputGrad: readonly boolean[];
  // Anything else may be kept as a field, as in PyTorch; tensors should go through saveForBackward.
  [field: string]: unknown

  /** @internal */
  constructor(needsInputGrad: readonly boolean[]) {
    this.needsInputGrad = needsInputGrad
    contexts.set(this, {
      toSave: [],
      saved: [],
      slot: 0,
      nonDifferentiable: new Set(),
      dirty: new Set(),
      materialize: true,
    })
  }

  /**
   * Keeps tensors for the backward pass, where {@link savedTensors} has them. Inputs and outputs
   * should be kept in this way only: their changes in place are noticed, and memory is freed in time.
   */
  saveForBackward(...tensors: readonly (Tensor | null)[]): void {
    for (const tensor of tensors) {
      if (tensor !== null) requireOwnTensor('saveForBackward', tensor)
    }
    stateOf(this).toSave = tensors
  }

  /**
   * What `saveForBackward` was given.
   *
   * @throws {AutogradError} if one of the tensors was changed in place since, or the graph was freed.
   */
  get savedTensors(): (Tensor | null)[] {
    const { slot, toSave, saved } = stateOf(this)
    if (slot === 0) return [...toSave]
    const source = savedSlot(slot)
    return saved.map((index) => {
      if (index < 0) return null
      try {
        native.unpack(source, index)
      } catch (error) {
        throw unpackError(error, 'the function', `savedTensors[${saved.indexOf(index)}]`)
      }
      return wrap(commands[0] as number, null)
    })
  }

  /** Says that these outputs have no gradient. */
  markNonDifferentiable(...outputs: readonly Tensor[]): void {
    stateOf(this).nonDifferentiable = new Set(outputs)
  }

  /** Says that these inputs were changed in place. They must be outputs too. */
  markDirty(...inputs: readonly Tensor[]): void {
    stateOf(this).dirty = new Set(inputs)
  }

  /**
   * Says whether the backward pass gets zeros where no gradient arrived (the default), or null.
   */
  setMaterializeGrads(value: boolean): void {
    stateOf(this).materialize = value
  }
}

/** What of a context is not the user's. */
interface ContextState {
  toSave: readonly (Tensor | null)[]
  /** Per saved tensor: its place in the node, -1 for null. */
  saved: readonly number[]
  /** The node; 0 before it was made. */
  slot: number
  nonDifferentiable: ReadonlySet<Tensor>
  dirty: ReadonlySet<Tensor>
  materialize: boolean
}

const contexts = new WeakMap<FunctionContext, ContextState>()

function stateOf(ctx: FunctionContext): ContextState {
  return contexts.get(ctx) as ContextState
}

function requireOwnTensor(name: string, value: unknown): asserts value is Tensor {
  if (value instanceof Tensor) return
  throw new ValueError(
    name,
    [],
    `only tensors and null can be saved, not ${typeof value}`,
    'keep other values as fields of ctx',
  )
}

/** What a gradient is for an argument of `apply`. */
export type Gradient = Tensor | null | undefined

// Arguments of any kind: parameters are contravariant.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Anything = any

/** The class of a user's function. */
interface FunctionClass {
  readonly name: string
  forward(...given: Anything[]): Anything
  setupContext?(ctx: FunctionContext, inputs: Anything, output: Anything): void
  backward(ctx: FunctionContext, ...grads: Anything[]): Gradient | readonly Gradient[]
}

/** What the node of a call remembers, beside what is saved natively. */
interface Call {
  readonly fn: FunctionClass
  readonly ctx: FunctionContext
  /** Per argument of `apply`: what its gradient must be; null for no tensor. */
  readonly inputs: readonly (Kind | null)[]
  readonly outputs: readonly Kind[]
}

interface Kind {
  readonly shape: Shape
  readonly dtype: Tensor['dtype']
}

const operations = new WeakMap<object, Op<Call>>()

function operationOf(fn: FunctionClass): Op<Call> {
  let op = operations.get(fn)
  if (op === undefined) {
    op = new Op<Call>(fn.name, [], { derivative: { needs: [], formula: runBackward } })
    operations.set(fn, op)
  }
  return op
}

/**
 * An operation with a derivative of the user's own. A subclass has a static `forward`, which computes
 * the outputs from the arguments without being recorded, and a static `backward`, which computes the
 * gradient of each argument (null for none) from the gradients of the outputs. `apply` calls it.
 *
 * `forward` gets a {@link FunctionContext} first, unless the class has `setupContext(ctx, inputs,
 * output)`, which is called after it. What `backward` computes is recorded where gradients of
 * gradients are asked for.
 *
 * @see torch.autograd.Function
 *
 * @example
 * ```ts
 * import { tensor, type Tensor } from '@flambeau/core'
 * import { Function, type FunctionContext } from '@flambeau/autograd'
 *
 * class Cube extends Function {
 *   static override forward(ctx: FunctionContext, x: Tensor): Tensor {
 *     ctx.saveForBackward(x)
 *     return x.pow(3)
 *   }
 *   static override backward(ctx: FunctionContext, grad: Tensor): Tensor {
 *     const [x] = ctx.savedTensors as [Tensor]
 *     return grad.mul(x.square().mul(3))
 *   }
 * }
 *
 * const x = tensor([2], { dtype: 'float32', requiresGrad: true })
 * Cube.apply(x).backward()
 * console.log(x.grad) // => tensor([12.])
 * ```
 */
export abstract class CustomFunction {
  /** Computes the output, or several in an array. */
  static forward(..._given: Anything[]): Anything {
    throw missing('forward')
  }

  /** The gradient of each argument of `apply`, in an array if there are several. */
  static backward(_ctx: FunctionContext, ..._grads: Anything[]): Gradient | readonly Gradient[] {
    throw missing('backward')
  }

  /**
   * Calls the function.
   *
   * @throws {AutogradError} if a tensor was marked dirty that is not an output, or is a leaf that
   * requires a gradient.
   */
  static apply<A extends unknown[], R>(
    this: {
      forward(...args: A): R
      setupContext(ctx: FunctionContext, inputs: A, output: R): void
    },
    ...args: A
  ): R
  static apply<A extends unknown[], R>(
    this: { forward(ctx: FunctionContext, ...args: A): R },
    ...args: A
  ): R
  static apply(this: unknown, ...args: unknown[]): unknown {
    return call(this as FunctionClass, args)
  }
}

function missing(method: string): AutogradError {
  return new AutogradError(
    'Function',
    [],
    `the class has no static method ${method}`,
    `static override ${method}(ctx, …) { … }`,
  )
}

function call(fn: FunctionClass, args: readonly unknown[]): unknown {
  const tensors = args.map((arg) => (arg instanceof Tensor ? arg : null))
  tensors.forEach((tensor) => tensor !== null && liveId(fn.name, tensor))
  const needed = tensors.map((tensor) => tensor?._requiresGrad ?? false)
  const ctx = new FunctionContext(needed)
  const result: unknown = withMode(false, () => {
    if (fn.setupContext === undefined) return fn.forward(ctx, ...args) as unknown
    const output: unknown = fn.forward(...args)
    fn.setupContext(ctx, args, output)
    return output
  })
  const list: unknown[] = Array.isArray(result) ? result : [result]
  checkDirty(fn, ctx, tensors, list)
  if (!isRecording() || !needed.includes(true)) return result
  const outputs = list.map((output) => resultOf(ctx, tensors, output))
  connect(fn, ctx, tensors, outputs, list)
  return Array.isArray(result) ? outputs : outputs[0]
}

function checkDirty(
  fn: FunctionClass,
  ctx: FunctionContext,
  inputs: readonly (Tensor | null)[],
  outputs: readonly unknown[],
): void {
  for (const tensor of stateOf(ctx).dirty) {
    const rule = !inputs.includes(tensor)
      ? 'a tensor was marked dirty that is not an input'
      : outputs.includes(tensor)
        ? null
        : 'an input was marked dirty that is not an output'
    if (rule !== null) {
      throw new AutogradError(
        fn.name,
        { input: tensor },
        rule,
        'mark inputs that forward changes in place and returns',
      )
    }
  }
}

/** An output as the caller gets it: an object of its own, unless it was changed in place. */
function resultOf(
  ctx: FunctionContext,
  inputs: readonly (Tensor | null)[],
  output: unknown,
): unknown {
  if (!(output instanceof Tensor) || stateOf(ctx).dirty.has(output)) return output
  if (stateOf(ctx).nonDifferentiable.has(output)) {
    return inputs.includes(output) || output._requiresGrad ? output.detach() : output
  }
  // An input, or something with a history from elsewhere, has its own place in the graph.
  const isForeign = inputs.includes(output) || (output._own && output._base === null)
  return isForeign ? withMode(false, () => output.view([...output.shape])) : output
}

/** Makes the node of a call. */
function connect(
  fn: FunctionClass,
  ctx: FunctionContext,
  inputs: readonly (Tensor | null)[],
  outputs: readonly unknown[],
  returned: readonly unknown[],
): void {
  const state = stateOf(ctx)
  const results = outputs.map((output, i) =>
    output instanceof Tensor &&
    output.isFloatingPoint() &&
    !state.nonDifferentiable.has(returned[i] as Tensor)
      ? output
      : null,
  )
  if (results.every((output) => output === null)) return
  let at = 0
  for (const input of inputs) commands[at++] = input?._requiresGrad ? input._id : 0
  for (const output of results) {
    commands[at++] = output?._id ?? 0
    commands[at++] = output !== null && state.dirty.has(output) ? 1 : 0
  }
  const saved = state.toSave
  const described = inputs.filter((input) => input !== null)
  try {
    state.slot = native.connectNode(inputs.length, outputs.length)
    let place = 0
    state.saved = saved.map((tensor) => {
      if (tensor === null) return -1
      const output = returned.indexOf(tensor)
      native.saveFor(state.slot, liveId(fn.name, tensor), output + 1)
      return place++
    })
  } catch (error) {
    throw (
      graphError(error, fn.name, Object.fromEntries(described.map((t, i) => [`input ${i}`, t]))) ??
      error
    )
  }
  for (const output of results) {
    if (output === null) continue
    output._own = true
    if (output._base !== null && state.dirty.has(output)) output._base._own = true
  }
  state.toSave = []
  state.nonDifferentiable = new Set()
  state.dirty = new Set()
  const params: Call = {
    fn,
    ctx,
    inputs: inputs.map((tensor) => tensor && kindOf(tensor)),
    outputs: outputs.map((output) => kindOf(output)),
  }
  const shapes = inputs.map((tensor) => tensor?._shape ?? null)
  record(state.slot, { op: operationOf(fn) as Op, params, inputs: shapes, saved: 0 })
}

function kindOf(value: unknown): Kind {
  return value instanceof Tensor
    ? { shape: value._shape, dtype: value.dtype }
    : { shape: [], dtype: 'float32' }
}

/** Does a tensor of this shape sum to the other one? */
function sumsTo(shape: Shape, target: Shape): boolean {
  const lead = shape.length - target.length
  return lead >= 0 && target.every((size, i) => size === 1 || size === (shape[i + lead] as number))
}

function runBackward(
  grads: readonly (Tensor | null)[],
  _saved: SavedInputs,
  { params }: BackwardInfo<Call>,
): (Tensor | null)[] {
  const { fn, ctx, inputs, outputs } = params
  // The user's code: its tensors are its own, and it may keep them.
  const result = outsideScopes(() => {
    const given = outputs.map((kind, i) => {
      const grad = grads[i] ?? null
      if (grad !== null) {
        const shown = share(grad)
        moveToScope(shown, null)
        return shown
      }
      return stateOf(ctx).materialize ? zeros([...kind.shape], { dtype: kind.dtype }) : null
    })
    return fn.backward(ctx, ...given)
  })
  const list: readonly unknown[] = Array.isArray(result) ? result : [result]
  const extra = list.slice(inputs.length).some((grad) => grad !== null && grad !== undefined)
  if (list.length < inputs.length || extra) {
    throw new AutogradError(
      fn.name,
      [],
      `backward returned ${list.length} ${list.length === 1 ? 'gradient' : 'gradients'} for ${inputs.length} arguments`,
      'return one for each argument of apply, null where there is none',
    )
  }
  return inputs.map((kind, i) => checkedGradient(fn, i, kind, list[i]))
}

function checkedGradient(
  fn: FunctionClass,
  i: number,
  kind: Kind | null,
  grad: unknown,
): Tensor | null {
  if (grad === null || grad === undefined) return null
  if (!(grad instanceof Tensor)) {
    throw new ValueError(
      fn.name,
      [],
      `backward returned ${typeof grad} as gradient ${i}, which is not a tensor`,
      'return a tensor or null',
    )
  }
  liveId(fn.name, grad)
  if (kind === null) {
    throw new AutogradError(
      fn.name,
      { gradient: grad },
      `backward returned a gradient for argument ${i}, which is not a tensor`,
      'return null for it',
    )
  }
  if (!sumsTo(grad._shape, kind.shape)) {
    throw new ShapeError(
      fn.name,
      { gradient: grad },
      `gradient ${i} has shape [${grad.shape.join(', ')}], the argument [${kind.shape.join(', ')}]`,
      'return a gradient of the shape of its argument',
    )
  }
  if (grad.dtype === kind.dtype) return grad
  if (grad.isFloatingPoint()) return grad.to(kind.dtype)
  throw new DTypeError(
    fn.name,
    { gradient: grad },
    `gradient ${i} is ${grad.dtype}, the argument ${kind.dtype}`,
    `return a gradient of dtype ${kind.dtype}`,
  )
}

/** What {@link onceDifferentiable} gives where a second derivative is asked for. */
class Once extends CustomFunction {
  static override forward(_ctx: FunctionContext, result: Tensor, ..._grads: Tensor[]): Tensor {
    return result
  }
  static override backward(): never {
    throw new AutogradError(
      'backward',
      [],
      'a function was differentiated twice that says it can be only once',
      'write its backward with recorded operations, without onceDifferentiable',
    )
  }
}

/**
 * A `backward` that cannot be differentiated itself, for example because it leaves the tensors: it
 * runs without recording, and a gradient of its gradients is an error. For a static method, also as
 * a decorator.
 *
 * @see torch.autograd.function.once_differentiable
 */
export function onceDifferentiable<
  F extends (ctx: FunctionContext, ...grads: Anything[]) => Gradient | readonly Gradient[],
>(backward: F, _context?: unknown): F {
  requireFunction('onceDifferentiable', 'backward', backward)
  const once = function (this: unknown, ctx: FunctionContext, ...grads: Tensor[]): unknown {
    const result = withMode(false, () => backward.call(this, ctx, ...grads))
    const list: readonly Gradient[] = Array.isArray(result) ? result : [result as Gradient]
    if (!isRecording() || !grads.some((grad) => grad?.requiresGrad)) return list
    // The gradients as results of something that requires one.
    return list.map((grad) => (grad ? Once.apply(grad, ...grads) : null))
  }
  Object.defineProperty(once, 'name', { value: backward.name })
  return once as unknown as F
}
