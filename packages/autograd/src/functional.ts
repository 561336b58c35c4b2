/** Derivatives of functions: Jacobians, Hessians, and their products with vectors. */
import {
  AutogradError,
  onesLike,
  ShapeError,
  stack,
  Tensor,
  ValueError,
  zeros,
  zerosLike,
} from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters, requireFunction, requireOneOf, sameShape } from '@flambeau/core/internal'
import { enableGrad } from './grad-mode.ts'
import { grad } from './gradients.ts'

/** A tensor, or several. */
export type Tensors = Tensor | readonly Tensor[]

/** A function of tensors: of one, or of as many as the inputs are. */
export type TensorFunction<I extends Tensors, O extends Tensors> = (
  ...inputs: I extends Tensor ? [input: Tensor] : Tensor[]
) => O

/** One result for a single tensor, an array of them for several. */
export type PerTensor<T extends Tensors, R> = T extends Tensor ? R : R[]

/** Options of {@link vjp}, {@link jvp}, {@link vhp} and {@link hvp}. */
export interface ProductOptions<V extends Tensors = Tensors> {
  /** The vector; may be left out where it has one element, which is 1 then. */
  v?: V | null
  /** Record the result, for further derivatives. Default false. */
  createGraph?: boolean
  /** Refuse outputs that do not depend on an input, in place of giving zeros. Default false. */
  strict?: boolean
}

type ProductArguments = Arguments<ProductOptions, ['v', 'createGraph', 'strict']>

/** Options of {@link jacobian}. */
export interface JacobianOptions {
  /** Record the result, for further derivatives. Default false. */
  createGraph?: boolean
  /** Refuse outputs that do not depend on an input, in place of giving zeros. Default false. */
  strict?: boolean
  /** Compute all rows in one call. The result is the same. Default false. */
  vectorize?: boolean
  /** `'forward-mode'` computes columns in place of rows; with `vectorize` only. */
  strategy?: 'reverse-mode' | 'forward-mode'
}

type JacobianArguments = Arguments<
  JacobianOptions,
  ['createGraph', 'strict', 'vectorize', 'strategy']
>

/** Options of {@link hessian}. */
export interface HessianOptions extends Omit<JacobianOptions, 'strategy'> {
  /** The strategy of the outer of the two Jacobians. */
  outerJacobianStrategy?: 'reverse-mode' | 'forward-mode'
}

type HessianArguments = Arguments<
  HessianOptions,
  ['createGraph', 'strict', 'vectorize', 'outerJacobianStrategy']
>

function listOf(op: string, name: string, value: unknown): Tensor[] {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  if (list.every((one) => one instanceof Tensor)) return list
  throw new ValueError(
    op,
    [],
    `${name} must be a tensor or an array of tensors`,
    'make tensors of numbers with tensor(…)',
  )
}

/** What a call works with: inputs of its own that are part of a graph, and the outputs. */
interface Evaluation {
  readonly op: string
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  readonly single: { readonly input: boolean; readonly output: boolean }
  readonly createGraph: boolean
  readonly strict: boolean
}

function evaluate(
  op: string,
  fn: unknown,
  given: unknown,
  createGraph: boolean,
  strict: boolean,
): Evaluation {
  requireFunction(op, 'fn', fn)
  // Inputs with a history keep it only where the result is to have one.
  const inputs = listOf(op, 'inputs', given).map((input) =>
    createGraph && input.requiresGrad
      ? input.view([...input.shape])
      : input.detach().requiresGrad_(),
  )
  const result = (fn as (...inputs: Tensor[]) => unknown)(...inputs)
  const outputs = listOf(op, "the function's result", result)
  if (strict) {
    outputs.forEach((output, i) => {
      if (!output.requiresGrad) throw independent(op, `output ${i}`, 'any input')
    })
  }
  const single = { input: !Array.isArray(given), output: !Array.isArray(result) }
  return { op, inputs, outputs, single, createGraph, strict }
}

function independent(op: string, what: string, input: string): AutogradError {
  return new AutogradError(
    op,
    [],
    `${what} does not depend on ${input}, which strict does not allow`,
    'compute it from the inputs with recorded operations, or leave strict out for zeros',
  )
}

/** The vector of a product, as long as what it is multiplied with. */
function vectorFor(op: string, v: unknown, like: readonly Tensor[], single: boolean): Tensor[] {
  if (v === null || v === undefined) {
    if (single && (like[0] as Tensor).numel() === 1) return [onesLike(like[0] as Tensor)]
    throw new ValueError(
      op,
      [],
      'the vector can be left out only beside a single tensor with one element',
      'pass v, of the same shape',
    )
  }
  const list = listOf(op, 'v', v)
  if (list.length !== like.length || Array.isArray(v) === single) {
    throw new ValueError(
      op,
      [],
      `v has ${list.length} tensors where ${like.length} are needed`,
      single ? 'pass a tensor' : 'pass an array with one for each',
    )
  }
  list.forEach((one, i) => {
    if (sameShape(one.shape, (like[i] as Tensor).shape)) return
    throw new ShapeError(
      op,
      { [`v[${i}]`]: one, for: like[i] as Tensor },
      'v must have the shape of what it is multiplied with',
      'reshape v',
    )
  })
  return list
}

/** The gradients of those outputs that have one; null for zeros. */
function gradients(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  weights: readonly Tensor[],
  createGraph: boolean,
): (Tensor | null)[] {
  const used = outputs.flatMap((output, i) => (output.requiresGrad ? [i] : []))
  if (used.length === 0) return inputs.map(() => null)
  return grad(
    used.map((i) => outputs[i] as Tensor),
    inputs,
    {
      gradOutputs: used.map((i) => weights[i] as Tensor),
      retainGraph: true,
      createGraph,
      allowUnused: true,
    },
  )
}

/** Results as the caller gets them: recorded or not, zeros where there is no dependence. */
function finished(
  { op, createGraph, strict }: Evaluation,
  what: string,
  results: readonly (Tensor | null)[],
  like: readonly Tensor[],
): Tensor[] {
  return results.map((result, i) => {
    if (strict && result === null) throw independent(op, what, `input ${i}`)
    if (strict && createGraph && !(result as Tensor).requiresGrad) {
      throw independent(op, `the derivative of ${what}`, `input ${i}`)
    }
    const value = result ?? zerosLike((like[i] as Tensor).detach())
    return createGraph ? value : value.detach()
  })
}

function results(list: readonly Tensor[], single: boolean, createGraph: boolean): unknown {
  const own = createGraph ? list : list.map((one) => one.detach())
  return single ? own[0] : own
}

const readVjp = parameters<[unknown, boolean, boolean]>('vjp', ['v', 'createGraph', 'strict'])

/**
 * The outputs of `fn`, and the product of a vector (of the outputs' shape) with its Jacobian.
 *
 * @throws {ValueError, ShapeError} if `v` does not fit the outputs.
 * @see torch.autograd.functional.vjp
 */
export function vjp<I extends Tensors, O extends Tensors>(
  fn: TensorFunction<I, O>,
  inputs: I,
  ...given: ProductArguments
): [outputs: O, vjp: PerTensor<I, Tensor>] {
  const [v, createGraph = false, strict = false] = readVjp(given)
  return enableGrad(() => {
    const call = evaluate('vjp', fn, inputs, createGraph, strict)
    const weights = vectorFor('vjp', v, call.outputs, call.single.output)
    const products = gradients(call.outputs, call.inputs, weights, createGraph)
    const list = finished(call, 'the output', products, call.inputs)
    return [
      results(call.outputs, call.single.output, createGraph),
      call.single.input ? list[0] : list,
    ] as [O, PerTensor<I, Tensor>]
  })
}

const readJvp = parameters<[unknown, boolean, boolean]>('jvp', ['v', 'createGraph', 'strict'])

/** The products of the Jacobian with vectors: derivatives of vjp, which is linear, by its vector. */
function pushForward(call: Evaluation): (v: readonly Tensor[]) => (Tensor | null)[] {
  const { outputs, inputs, createGraph } = call
  const probes = outputs.map((output) => zerosLike(output.detach()).requiresGrad_())
  const back = gradients(outputs, inputs, probes, true)
  const used = back.flatMap((one, i) => (one !== null && one.requiresGrad ? [i] : []))
  return (v) => {
    if (used.length === 0) return outputs.map(() => null)
    return grad(
      used.map((i) => back[i] as Tensor),
      probes,
      {
        gradOutputs: used.map((i) => v[i] as Tensor),
        retainGraph: true,
        createGraph,
        allowUnused: true,
      },
    )
  }
}

/**
 * The outputs of `fn`, and the product of its Jacobian with a vector (of the inputs' shape).
 *
 * @throws {ValueError, ShapeError} if `v` does not fit the inputs.
 * @see torch.autograd.functional.jvp
 */
export function jvp<I extends Tensors, O extends Tensors>(
  fn: TensorFunction<I, O>,
  inputs: I,
  ...given: ProductArguments
): [outputs: O, jvp: PerTensor<O, Tensor>] {
  const [v, createGraph = false, strict = false] = readJvp(given)
  return enableGrad(() => {
    const call = evaluate('jvp', fn, inputs, createGraph, strict)
    const vector = vectorFor('jvp', v, call.inputs, call.single.input)
    const list = finished(call, 'the output', pushForward(call)(vector), call.outputs)
    return [
      results(call.outputs, call.single.output, createGraph),
      call.single.output ? list[0] : list,
    ] as [O, PerTensor<O, Tensor>]
  })
}

const readJacobian = parameters<[boolean, boolean, boolean, JacobianOptions['strategy']]>(
  'jacobian',
  ['createGraph', 'strict', 'vectorize', 'strategy'],
)

function checkStrategy(op: string, strategy: unknown, vectorize: boolean, strict: boolean): void {
  requireOneOf(op, 'strategy', strategy, ['reverse-mode', 'forward-mode'])
  if (strategy === 'forward-mode' && !vectorize) {
    throw new ValueError(
      op,
      [],
      "'forward-mode' goes with vectorize only",
      'pass { vectorize: true }',
    )
  }
  if (strict && vectorize) {
    throw new ValueError(op, [], 'strict and vectorize do not go together', 'leave one of them out')
  }
}

/** A tensor of zeros with a one at element `i`. */
function oneHot(like: Tensor, i: number): Tensor {
  const flat = zeros([like.numel()], { dtype: like.dtype, device: like.device })
  flat.select(0, i).fill_(1)
  return flat.reshape([...like.shape])
}

/** Rows (or columns) of a Jacobian in one tensor; null entries are zeros. */
function stacked(parts: readonly Tensor[], lead: readonly number[], like: Tensor): Tensor {
  const shape = [...lead, ...like.shape]
  if (parts.length === 0) return zeros(shape, { dtype: like.dtype, device: like.device })
  return stack(parts).reshape(shape)
}

function rowsOf(call: Evaluation): Tensor[][] {
  const { inputs, outputs, createGraph } = call
  return outputs.map((output, i) => {
    const rows = Array.from({ length: output.numel() }, (_, j) =>
      finished(
        call,
        `output ${i}`,
        gradients([output], inputs, [oneHot(output, j)], createGraph),
        inputs,
      ),
    )
    return inputs.map((input, k) =>
      stacked(
        rows.map((row) => row[k] as Tensor),
        output.shape,
        input,
      ),
    )
  })
}

function columnsOf(call: Evaluation): Tensor[][] {
  const { inputs, outputs } = call
  const push = pushForward(call)
  const columns = inputs.map((input, k) =>
    Array.from({ length: input.numel() }, (_, j) => {
      const basis = inputs.map((other, i) =>
        i === k ? oneHot(input, j) : zerosLike(other.detach()),
      )
      return finished(call, 'the output', push(basis), outputs)
    }),
  )
  return outputs.map((output, i) =>
    inputs.map((input, k) => {
      const list = (columns[k] as Tensor[][]).map((column) => column[i] as Tensor)
      // [input elements, …output] -> […output, …input]
      const rows = stacked(list, [input.numel()], output).movedim(0, -1)
      return rows.reshape([...output.shape, ...input.shape])
    }),
  )
}

/**
 * The Jacobian of `fn`: for each output and each input, the derivative of every element of one by
 * every element of the other.
 *
 * Shapes: output `[…o]`, input `[…i]` -> `[…o, …i]`. With several outputs or inputs the result is an
 * array by outputs, by inputs, or by outputs of arrays by inputs.
 *
 * @throws {AutogradError} with `strict`, if an output does not depend on an input.
 * @throws {ValueError} for another strategy, or options that do not go together.
 * @see torch.autograd.functional.jacobian
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { jacobian } from '@flambeau/autograd'
 * const x = tensor([1, 2], { dtype: 'float32' })
 * console.log(jacobian((x) => x.square(), x))
 * // tensor([[2., 0.],
 * //         [0., 4.]])
 * ```
 */
export function jacobian<I extends Tensors, O extends Tensors>(
  fn: TensorFunction<I, O>,
  inputs: I,
  ...given: JacobianArguments
): PerTensor<O, PerTensor<I, Tensor>> {
  const [createGraph = false, strict = false, vectorize = false, strategy = 'reverse-mode'] =
    readJacobian(given)
  checkStrategy('jacobian', strategy, vectorize, strict)
  return jacobianOf('jacobian', fn, inputs, createGraph, strict, strategy) as PerTensor<
    O,
    PerTensor<I, Tensor>
  >
}

function jacobianOf(
  op: string,
  fn: unknown,
  inputs: unknown,
  createGraph: boolean,
  strict: boolean,
  strategy: 'reverse-mode' | 'forward-mode',
): unknown {
  return enableGrad(() => {
    const call = evaluate(op, fn, inputs, createGraph, strict)
    const table = strategy === 'forward-mode' ? columnsOf(call) : rowsOf(call)
    const perOutput = table.map((row) => (call.single.input ? row[0] : row))
    return call.single.output ? perOutput[0] : perOutput
  })
}

function requireScalar(op: string, outputs: readonly Tensor[], single: boolean): Tensor {
  const [output] = outputs
  if (single && output !== undefined && output.numel() === 1) return output
  throw new ShapeError(
    op,
    Object.fromEntries(outputs.map((one, i) => [`output ${i}`, one])),
    'the function must return one tensor with one element',
    'sum the output, or use jacobian',
  )
}

const readHessian = parameters<
  [boolean, boolean, boolean, HessianOptions['outerJacobianStrategy']]
>('hessian', ['createGraph', 'strict', 'vectorize', 'outerJacobianStrategy'])

/**
 * The Hessian of a function with one output of one element: for each two inputs, the second
 * derivatives by every element of one and every element of the other.
 *
 * Shapes: inputs `[…a]`, `[…b]` -> `[…a, …b]`; with several inputs an array of arrays.
 *
 * @throws {ShapeError} if the output has several elements. @throws as {@link jacobian} does.
 * @see torch.autograd.functional.hessian
 */
export function hessian<I extends Tensors>(
  fn: TensorFunction<I, Tensor>,
  inputs: I,
  ...given: HessianArguments
): PerTensor<I, PerTensor<I, Tensor>> {
  const [createGraph = false, strict = false, vectorize = false, outer = 'reverse-mode'] =
    readHessian(given)
  requireFunction('hessian', 'fn', fn)
  checkStrategy('hessian', outer, vectorize, strict)
  const scalar = (...own: Tensor[]): Tensor => {
    const output = (fn as (...inputs: Tensor[]) => unknown)(...own)
    const outputs = listOf('hessian', "the function's result", output)
    return requireScalar('hessian', outputs, !Array.isArray(output))
  }
  // The inner Jacobian is a function of the inputs, as the outer one needs it.
  const inner = (...own: Tensor[]): unknown => {
    const output = scalar(...own)
    if (strict && !output.requiresGrad) throw independent('hessian', 'output 0', 'any input')
    const first = gradients([output], own, [onesLike(output.detach())], true)
    const list = first.map((one, i) => {
      if (strict && !one?.requiresGrad) {
        throw independent('hessian', 'the derivative of the output', `input ${i}`)
      }
      return one ?? zerosLike((own[i] as Tensor).detach())
    })
    return Array.isArray(inputs) ? list : list[0]
  }
  const table = jacobianOf('hessian', inner, inputs, createGraph, strict, outer)
  return table as PerTensor<I, PerTensor<I, Tensor>>
}

/** First derivatives of a scalar function, recorded. */
function gradientOf(call: Evaluation): { output: Tensor; first: Tensor[] } {
  const output = requireScalar(call.op, call.outputs, call.single.output)
  const first = gradients([output], call.inputs, [onesLike(output.detach())], true)
  const list = first.map((one, i) => {
    if (call.strict && !one?.requiresGrad) {
      throw independent(call.op, 'the derivative of the output', `input ${i}`)
    }
    return one ?? zerosLike((call.inputs[i] as Tensor).detach())
  })
  return { output, first: list }
}

const readVhp = parameters<[unknown, boolean, boolean]>('vhp', ['v', 'createGraph', 'strict'])

/**
 * The output of a function with one element, and the product of a vector (of the inputs' shape) with
 * its Hessian.
 *
 * @throws {ShapeError} if the output has several elements. @throws as {@link vjp} does.
 * @see torch.autograd.functional.vhp
 */
export function vhp<I extends Tensors>(
  fn: TensorFunction<I, Tensor>,
  inputs: I,
  ...given: ProductArguments
): [output: Tensor, vhp: PerTensor<I, Tensor>] {
  const [v, createGraph = false, strict = false] = readVhp(given)
  return enableGrad(() => {
    const call = evaluate('vhp', fn, inputs, createGraph, strict)
    const vector = vectorFor('vhp', v, call.inputs, call.single.input)
    const { output, first } = gradientOf(call)
    const products = gradients(first, call.inputs, vector, createGraph)
    const list = finished(call, 'the derivative of the output', products, call.inputs)
    return [createGraph ? output : output.detach(), call.single.input ? list[0] : list] as [
      Tensor,
      PerTensor<I, Tensor>,
    ]
  })
}

const readHvp = parameters<[unknown, boolean, boolean]>('hvp', ['v', 'createGraph', 'strict'])

/**
 * The output of a function with one element, and the product of its Hessian with a vector (of the
 * inputs' shape). {@link vhp} gives the same in half the time where the function is twice
 * continuously differentiable.
 *
 * @throws {ShapeError} if the output has several elements. @throws as {@link vjp} does.
 * @see torch.autograd.functional.hvp
 */
export function hvp<I extends Tensors>(
  fn: TensorFunction<I, Tensor>,
  inputs: I,
  ...given: ProductArguments
): [output: Tensor, hvp: PerTensor<I, Tensor>] {
  const [v, createGraph = false, strict = false] = readHvp(given)
  return enableGrad(() => {
    const call = evaluate('hvp', fn, inputs, createGraph, strict)
    const vector = vectorFor('hvp', v, call.inputs, call.single.input)
    const { output, first } = gradientOf(call)
    const products = pushForward({ ...call, outputs: first })(vector)
    const list = finished(call, 'the derivative of the output', products, call.inputs)
    return [createGraph ? output : output.detach(), call.single.input ? list[0] : list] as [
      Tensor,
      PerTensor<I, Tensor>,
    ]
  })
}
