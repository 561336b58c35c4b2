/** Functions that write their result into a given tensor: `add(a, b, { out })`. */
import { isNamed } from '../arguments.ts'
import { category, dtypeName } from '../dtype.ts'
import { AutogradError, DTypeError, ShapeError, ValueError } from '../errors.ts'
import { overwrite } from '../in-place.ts'
import type { Interpreter } from '../op.ts'
import { isRecording, runInPlace, vmapping } from '../op.ts'
import { castCode } from '../ops/cast.ts'
import { internally } from '../scope.ts'
import { formatShape, sameShape } from '../shape.ts'
import { show } from '../show.ts'
import { become, requireTensor, Tensor } from '../tensor.ts'
import { batchOf } from '../vmap/batch.ts'
import { elementwise } from '../vmap/rules.ts'

/** What `out` is for a function with this result: a tensor, or a list of as many. */
export type OutOf<R> = R extends Tensor ? Tensor : readonly Tensor[]

/** Parameters with `out` among the options that come last. */
type AddOut<P extends readonly unknown[], O> = P extends readonly []
  ? [options: { readonly out: O }]
  : number extends P['length']
    ? [...P, options: { readonly out: O }]
    : P extends readonly [infer Only]
      ? WithOption<Only, O>
      : P extends readonly [infer First, ...infer Rest]
        ? [First, ...AddOut<Rest, O>]
        : P extends readonly [_?: infer Optional, ...rest: infer Rest]
          ? | [options: { readonly out: O }]
            | WithOption<Optional, O>
            | [Optional, ...AddOut<Rest, O>]
          : never

/** The last argument: options take `out` too, after anything else it comes in an object of its own. */
type WithOption<Last, O> =
  | [last: Last, options: { readonly out: O }]
  | (Last extends Tensor | readonly unknown[] | string | number | boolean | null | undefined
      ? never
      : [options: Last & { readonly out: O }])

/** A function, and the same with `{ out }` at the end of its arguments. */
export type WithOut<F extends (...args: never) => unknown> = F &
  ((...args: AddOut<Parameters<F>, OutOf<ReturnType<F>>>) => ReturnType<F>)

type Run = (...args: unknown[]) => unknown

/** Calls `visit` with the tensors among arguments, those in lists and options included. */
function eachArgument(args: readonly unknown[], visit: (tensor: Tensor) => void): void {
  for (const arg of args) {
    if (arg instanceof Tensor) visit(arg)
    else if (Array.isArray(arg)) eachArgument(arg, visit)
    else if (isNamed(arg)) eachArgument(Object.values(arg), visit)
  }
}

/** Throws where something wants a gradient: what is written into `out` has none. */
function refuseGradients(name: string, args: readonly unknown[], outs: readonly Tensor[]): void {
  if (!isRecording()) return
  eachArgument([...args, ...outs], (tensor) => {
    if (!tensor._requiresGrad) return
    throw new AutogradError(
      name,
      { tensor },
      'what is written into out has no gradient, but a tensor of the call requires one',
      'leave out away, or call it inside of noGrad(() => …)',
    )
  })
}

/** Throws unless a result of this dtype may be stored in `out`, as PyTorch decides. */
function requireDtype(name: string, out: Tensor, result: Tensor): void {
  if (category(result._dtype) <= category(out._dtype)) return
  throw new DTypeError(
    name,
    { out, result },
    `the result's dtype ${dtypeName(result._dtype)} cannot be stored in ${dtypeName(out._dtype)}`,
    `make out of ${dtypeName(result._dtype)}`,
  )
}

/** Writes `result` into `out`, which takes its shape. */
function store(name: string, out: Tensor, result: Tensor, args: readonly unknown[]): void {
  if (result === out) return
  if (batchOf(result) !== null && batchOf(out) === null) {
    const rule = 'the result is one of many that vmap computes, and out has room for one'
    throw new ValueError(name, { out, result }, rule, 'write into a tensor made of a mapped one')
  }
  requireDtype(name, out, result)
  if (sameShape(out._shape, result._shape)) {
    overwrite(name, out, result)
    return
  }
  if (out._base !== null) {
    throw new ShapeError(
      name,
      { out, result },
      `out is a view of shape ${formatShape(out._shape)}, but the result has ${formatShape(result._shape)}`,
      'a view cannot change its shape: take one of the right shape',
    )
  }
  let own = castCode(result.detach(), out._dtype)
  let given = own._base !== null
  eachArgument(args, (tensor) => (given ||= tensor === own || tensor === result))
  if (given) own = own.clone()
  become(out, own, false)
}

/** Lets the operation `name` itself write into `out`, if nothing that it reads may be there. */
function directly(name: string, out: Tensor): Interpreter {
  let done = false
  return {
    run(call, spec) {
      if (done || call.op.name !== name || out._dtype !== spec.dtype) return null
      if (!sameShape(out._shape, spec.shape)) return null
      done = true
      runInPlace(
        call.op,
        [out],
        call.inputs,
        call.numbers,
        call.params,
        call.numberDtype,
        call.op.name,
      )
      return out
    },
    runMany: () => null,
    runInPlace: () => false,
  }
}

function rootOf(tensor: Tensor): Tensor {
  return tensor._base ?? tensor
}

/** May the result be computed in `out`: does no argument share its memory? */
function apart(args: readonly unknown[], out: Tensor): boolean {
  let free = true
  const root = rootOf(out)
  // A tensor that shares memory without being a view (detach) has a base too.
  eachArgument(args, (tensor) => (free &&= rootOf(tensor) !== root))
  return free
}

function requireSingle(name: string, out: unknown, result: unknown): asserts out is Tensor {
  if (out instanceof Tensor && result instanceof Tensor) return
  const rule = `out must be a tensor, not ${show(out)}: there is one result`
  throw new ValueError(name, [], rule, 'empty([0]) will do')
}

/** The results with those that were written into in their places, by number and by name. */
function replaced(results: readonly Tensor[], outs: readonly Tensor[]): readonly Tensor[] {
  const list = [...outs]
  for (const key of Object.getOwnPropertyNames(results)) {
    if (key === 'length' || /^\d+$/.test(key)) continue
    const at = results.indexOf((results as unknown as Record<string, Tensor>)[key] as Tensor)
    if (at >= 0) Object.defineProperty(list, key, { value: outs[at] })
  }
  return list
}

function callInto(name: string, fn: Run, args: readonly unknown[], out: unknown): unknown {
  const outs = (Array.isArray(out) ? out : [out]) as readonly unknown[]
  for (const each of outs) requireTensor(name, 'out', each)
  refuseGradients(name, args, outs as readonly Tensor[])
  return internally(() => {
    const before = vmapping.interpreter
    const direct =
      before === null && out instanceof Tensor && elementwise.has(name) && apart(args, out)
    if (direct) vmapping.interpreter = directly(name, out)
    let result: unknown
    try {
      result = fn(...args)
    } finally {
      vmapping.interpreter = before
    }
    if (!Array.isArray(result)) {
      requireSingle(name, out, result)
      store(name, out, result as Tensor, args)
      return out
    }
    if (!Array.isArray(out) || out.length !== result.length) {
      throw new ValueError(
        name,
        [],
        `there are ${result.length} results, so out must be a list of as many tensors`,
        'out: [values, indices], for example',
      )
    }
    result.forEach((each, i) => store(name, out[i] as Tensor, each as Tensor, args))
    return replaced(result as Tensor[], out as Tensor[])
  })
}

/** Takes `out` from the options at the end; null if there is none. */
function takeOut(args: readonly unknown[]): { rest: unknown[]; out: unknown } | null {
  const last = args[args.length - 1]
  if (!isNamed(last) || !('out' in last)) return null
  const { out, ...options } = last
  const rest = args.slice(0, -1)
  if (Object.keys(options).length > 0) rest.push(options)
  return { rest, out }
}

/**
 * The function, which then also takes `out`: its result is written into that tensor (into those, where
 * it has several results), which is returned. A tensor of another shape takes the result's, so that
 * `empty([0])` will do; one of another dtype converts it. `out` may be one of the inputs.
 *
 * The call throws
 * - {@link AutogradError} if a tensor of the call requires a gradient and operations are recorded,
 * - {@link DTypeError} if the result's dtype is of a higher category than `out`'s (floating into
 *   integer, integer into bool), and
 * - {@link ShapeError} if `out` is a view of another shape.
 */
export function withOut<F extends (...args: never) => unknown>(name: string, fn: F): WithOut<F> {
  const run = fn as unknown as Run
  const wrapper = (...args: unknown[]): unknown => {
    const last = args[args.length - 1]
    // The common case first: nothing that could hold `out`.
    if (typeof last !== 'object' || last === null || last instanceof Tensor) return run(...args)
    const taken = takeOut(args)
    if (taken === null || taken.out === null || taken.out === undefined) {
      return run(...(taken === null ? args : taken.rest))
    }
    return callInto(name, run, taken.rest, taken.out)
  }
  Object.defineProperty(wrapper, 'name', { value: fn.name })
  return wrapper as unknown as WithOut<F>
}
