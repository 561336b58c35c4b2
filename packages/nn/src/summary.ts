/** What a model is made of and costs, found by calling it once. */
import { inspect } from 'node:util'
import { noGrad } from '@flambeau/autograd'
import type { DType } from '@flambeau/core'
import { getRngState, ones, scope, setRngState, Tensor, ValueError, zeros } from '@flambeau/core'
import { requireList, requireOptions } from '@flambeau/core/internal'
import { isUninitialized } from './layers/lazy.ts'
import type { AnyModule } from './module.ts'
import { Module } from './module.ts'
import { buffersOf } from './module-state.ts'
import { countingFlops } from './summary-flops.ts'
import type { SummaryRow } from './summary-journal.ts'
import { bytesOf, Journal, tensorsIn } from './summary-journal.ts'
import { formatSummary } from './summary-table.ts'

export type { OutputShape, SummaryRow } from './summary-journal.ts'

/**
 * What a model is made of, as {@link summary} finds it; prints as a table.
 *
 * @example
 * ```ts
 * import * as nn from '@flambeau/nn'
 * const found = nn.summary(new nn.Linear(4, 2), [8, 4])
 * console.log(found.toString().split('\n')[3])
 * // => Linear  [8, 2]                10        yes    128    64 B
 * ```
 */
export class ModelSummary {
  /** Modules in the order of execution. */
  readonly rows: readonly SummaryRow[]
  /** Elements of all parameters. */
  readonly parameters: number
  /** How many of these require a gradient. */
  readonly trainable: number
  /** Operations of a call: 2 for each multiplication and addition of products and convolutions. */
  readonly flops: number
  /** Multiplications and additions: half of {@link flops}. */
  readonly macs: number
  /** What the inputs take. */
  readonly inputBytes: number
  /** What the outputs of the innermost modules take together. */
  readonly activationBytes: number
  /** What parameters and buffers take. */
  readonly parameterBytes: number
  readonly #columns: number

  /** @internal */
  constructor(rows: readonly SummaryRow[], inputBytes: number, columns: number) {
    requireList('ModelSummary', 'rows', rows, 'the rows of summary()')
    const sum = (of: (row: SummaryRow) => number): number =>
      rows.reduce((total, row) => total + of(row), 0)
    this.rows = rows
    this.parameters = sum((row) => row.parameters)
    this.trainable = sum((row) => row.trainable)
    this.flops = sum((row) => row.flops)
    this.macs = this.flops / 2
    this.inputBytes = inputBytes
    this.activationBytes = sum((row) => row.activationBytes)
    this.parameterBytes = sum((row) => row.parameterBytes)
    this.#columns = columns
  }

  /** The table. */
  toString(): string {
    return formatSummary(this, this.#columns)
  }
}

Object.defineProperty(ModelSummary.prototype, inspect.custom, {
  value(this: ModelSummary): string {
    return this.toString()
  },
})

export interface SummaryOptions {
  /** The dtype of the inputs that are made of shapes, or one for each. Default: the parameters'. */
  dtype?: DType | readonly DType[]
  /** How deep the table goes; what is deeper counts to the row above. Default Infinity. */
  depth?: number
  /** Call it in evaluation or training mode? Default 'eval'. */
  mode?: 'eval' | 'train'
  /** The width of the table. Default 100. */
  columns?: number
}

/** One shape, several shapes, an example, or the arguments of a call (tensors and anything else). */
export type SummaryInput =
  | readonly number[]
  | readonly (readonly number[])[]
  | Tensor
  | readonly unknown[]

const OP = 'summary'

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'number')
}

/** The dtype of the first floating parameter. */
function usualDtype(model: AnyModule): DType {
  for (const one of model.parameters()) if (one.isFloatingPoint()) return one.dtype
  return 'float32'
}

/** The arguments of the call. */
function argumentsOf(model: AnyModule, input: SummaryInput, options: SummaryOptions): unknown[] {
  if (input instanceof Tensor) return [input]
  if (!Array.isArray(input)) {
    const why = 'the input is a shape, shapes, a tensor or an array of arguments'
    throw new ValueError(OP, [], why, 'summary(model, [1, 3, 224, 224])')
  }
  const list: unknown[] = isShape(input) ? [input] : input
  if (list.length === 0 || !list.every(isShape)) return list
  return list.map((shape, i) => {
    const { dtype } = options
    const own = (Array.isArray(dtype) ? dtype[i] : dtype) ?? usualDtype(model)
    // Zeros are valid indices, ones are no special case of arithmetic.
    return own.startsWith('float') || own === 'bfloat16'
      ? ones(shape, { dtype: own as 'float32' })
      : zeros(shape, { dtype: own as 'int64' })
  })
}

/** What {@link summary} puts back: fields, buffers, modes and the generator. */
function remember(model: AnyModule): () => void {
  const state = getRngState()
  const modules = [...model.modules()].map((module) => ({
    module,
    prototype: Object.getPrototypeOf(module) as object,
    fields: Object.getOwnPropertyDescriptors(module),
    contents: [...buffersOf(module).keys()].flatMap((key) => {
      const buffer = (module as unknown as Record<string, unknown>)[key]
      return buffer instanceof Tensor ? [[buffer, buffer.detach().clone()] as const] : []
    }),
  }))
  return () => {
    for (const { module, prototype, fields, contents } of modules) {
      Object.setPrototypeOf(module, prototype)
      for (const key of Object.keys(module))
        if (!(key in fields)) Reflect.deleteProperty(module, key)
      Object.defineProperties(module, fields)
      noGrad(() => {
        for (const [buffer, content] of contents) buffer.copy_(content)
      })
    }
    setRngState(state)
  }
}

/**
 * What a model is made of and costs: calls it once and lists the modules in the order of execution
 * with the shapes of their outputs, parameters, operations and memory. Printed, it is a table.
 *
 * The input is one shape with the batch (`[1, 3, 224, 224]`), several shapes (`[[1, 10], [1, 20]]`), an
 * example tensor, or an array of the call's arguments. Inputs made of shapes are ones, or zeros where
 * `dtype` is not floating. FLOPs are 2 for each multiplication and addition in matrix products,
 * convolutions, attention and recurrent layers, as PyTorch's FlopCounterMode has it, also of those
 * that are called as functions; everything else counts as none. MB are 10⁶ bytes.
 *
 * The model stays as it was: modes, buffers, random numbers, gradients, hooks.
 *
 * @throws {ValueError} for an input of another kind, layers that wait for their shape, or a model that
 * fails, named with the layer.
 * @see torch.utils.flop_counter.FlopCounterMode
 *
 * @example
 * ```ts
 * import * as nn from '@flambeau/nn'
 * const net = new nn.Sequential(new nn.Linear(784, 100), new nn.ReLU(), new nn.Linear(100, 10))
 * const { parameters, flops, rows } = nn.summary(net, [32, 784])
 * console.log(parameters, flops, rows[3]?.outputShape) // => 79510 5081600 [ 32, 10 ]
 * ```
 */
export function summary(
  model: AnyModule,
  input: SummaryInput,
  options: SummaryOptions = {},
): ModelSummary {
  if (!(model instanceof Module)) {
    throw new ValueError(OP, [], 'the first argument is not a module', 'summary(model, [1, 784])')
  }
  requireOptions(OP, options)
  const { depth = Infinity, mode = 'eval', columns = 100 } = options
  if (!(depth >= 0) || !(columns >= 40)) {
    const why = 'depth is a number ≥ 0, and columns one ≥ 40'
    throw new ValueError(OP, { depth, columns }, why, 'leave them out')
  }
  for (const [name, tensor] of [...model.namedParameters(), ...model.namedBuffers()]) {
    if (!isUninitialized(tensor)) continue
    const why = `${name} waits for its shape`
    throw new ValueError(OP, [], why, 'call the model once before')
  }
  return scope(() => {
    const args = argumentsOf(model, input, options)
    const inputBytes = [...tensorsIn(args)].reduce((sum, one) => sum + bytesOf(one), 0)
    const journal = new Journal(model, depth)
    const restore = remember(model)
    const handles = [...model.modules()].flatMap((module) => [
      module.registerForwardPreHook(() => journal.enter(module, model), { prepend: true }),
      module.registerForwardHook((_module, given, output) => {
        journal.leave(given, output)
      }),
    ])
    try {
      for (const module of model.modules()) module.training = mode === 'train'
      const call = model as unknown as (...args: unknown[]) => unknown
      countingFlops(model, journal, () => noGrad(() => scope(() => void call(...args))))
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const where = journal.place === '' ? 'the model' : journal.place
      const failure = new ValueError(OP, [], `${where} fails for this input: ${message}`)
      failure.cause = error
      throw failure
    } finally {
      for (const handle of handles) handle.remove()
      restore()
    }
    journal.addParameters()
    return new ModelSummary(journal.rows, inputBytes, columns)
  })
}
