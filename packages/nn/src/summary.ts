/** What a model is made of and costs, found by calling it once. */
import { inspect } from 'node:util'
import { noGrad } from '@flambeau/autograd'
import type { DType } from '@flambeau/core'
import { getRngState, ones, scope, setRngState, Tensor, ValueError, zeros } from '@flambeau/core'
import { isUninitialized } from './layers/lazy.ts'
import type { AnyModule } from './module.ts'
import { Module } from './module.ts'
import { buffersOf } from './module-state.ts'
import { SparseTensor2d } from './layers/sparse-conv-tensor.ts'
import { Parameter } from './parameter.ts'
import { countingFlops } from './summary-flops.ts'
import { formatSummary } from './summary-table.ts'
import { PackedSequence } from './utils/rnn.ts'

/** The shape of an output; of several, an array; null for what is no tensor. */
export type OutputShape = readonly number[] | readonly OutputShape[] | null

/** A call of a module, or a container of modules that were called. */
export interface SummaryRow {
  /** The dotted name; '' for the model itself. */
  readonly name: string
  /** The name of the class. */
  readonly type: string
  /** How many calls it is inside of; containers count. */
  readonly depth: number
  /** Shapes of what it returned; undefined for containers, which are not called. */
  outputShape: OutputShape | undefined
  /** Elements of its own parameters: not those of modules with rows of their own. */
  parameters: number
  /** How many of these require a gradient. */
  trainable: number
  /** Operations of its own, 2 for each multiplication and addition of products and convolutions. */
  flops: number
  /** What its output takes; 0 for arguments and views of them, and where rows below tell more. */
  activationBytes: number
  /** What its own parameters and buffers take. */
  parameterBytes: number
  /** It was called before: its parameters are in the row of the first call. */
  readonly again: boolean
}

/** What a model is made of; prints as a table. */
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

/** All tensors of a result or an argument, however deep. */
function* tensorsIn(value: unknown): Generator<Tensor> {
  if (value instanceof Tensor) yield value
  else if (value instanceof PackedSequence) yield value.data
  else if (value instanceof SparseTensor2d) yield value.features
  else if (Array.isArray(value)) for (const one of value) yield* tensorsIn(one)
  else if (typeof value === 'object' && value !== null) {
    if (Object.getPrototypeOf(value) === Object.prototype) yield* tensorsIn(Object.values(value))
  }
}

function shapesOf(value: unknown): OutputShape {
  if (value instanceof Tensor) return [...value.shape]
  if (value instanceof PackedSequence) return [...value.data.shape]
  if (value instanceof SparseTensor2d) return [...value.features.shape]
  const list = Array.isArray(value)
    ? value
    : typeof value === 'object' && value !== null
      ? Object.values(value)
      : null
  if (list === null) return null
  const shapes = list.map(shapesOf)
  return shapes.length === 1 ? (shapes[0] as OutputShape) : shapes
}

/** The tensor whose memory it is. */
const storageOf = (tensor: Tensor): Tensor => tensor._base ?? tensor

const bytesOf = (tensor: Tensor): number => tensor.numel() * tensor.itemsize

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

interface Frame {
  row: SummaryRow
  path: string
  /** Rows below it. */
  below: number
  /** Containers that the last row below it is in, outermost first. */
  containers: SummaryRow[]
  /** Its operations are counted by a formula. */
  counted: boolean
  /** It computes a parameter, which is no output. */
  silent: boolean
}

/** Writes rows while the model runs. */
class Journal {
  readonly rows: SummaryRow[] = []
  readonly #stack: Frame[] = []
  readonly #paths = new Map<AnyModule, string>()
  readonly #first = new Map<AnyModule, SummaryRow>()
  readonly #byPath = new Map<string, SummaryRow>()
  readonly #depth: number

  constructor(model: AnyModule, depth: number) {
    this.#depth = depth
    for (const [path, module] of model.namedModules()) this.#paths.set(module, path)
  }

  #row(path: string, type: string, depth: number, again = false): SummaryRow {
    const row: SummaryRow = {
      name: path,
      type,
      depth,
      outputShape: undefined,
      parameters: 0,
      trainable: 0,
      flops: 0,
      activationBytes: 0,
      parameterBytes: 0,
      again,
    }
    this.rows.push(row)
    if (!this.#byPath.has(path)) this.#byPath.set(path, row)
    return row
  }

  /** Rows of the containers between a caller and what it calls. */
  #enterContainers(caller: Frame, path: string, model: AnyModule): number {
    const prefix = caller.path === '' ? '' : `${caller.path}.`
    const steps = path.startsWith(prefix) ? path.slice(prefix.length).split('.').slice(0, -1) : []
    const open = caller.containers
    let at = 0
    while (at < steps.length && open[at]?.name === prefix + steps.slice(0, at + 1).join('.')) at++
    open.length = at
    for (; at < steps.length; at++) {
      const name = prefix + steps.slice(0, at + 1).join('.')
      const depth = caller.row.depth + at + 1
      if (depth > this.#depth) break
      open.push(this.#row(name, model.getSubmodule(name).constructor.name, depth))
    }
    return caller.row.depth + steps.length + 1
  }

  enter(module: AnyModule, model: AnyModule): void {
    const path = this.#paths.get(module) ?? '?'
    const caller = this.#stack.at(-1)
    if (caller !== undefined && path.split('.').includes('parametrizations')) {
      // What makes a layer's weight is part of the layer.
      if (!this.#first.has(module)) this.#first.set(module, caller.row)
      this.#stack.push({ ...caller, path, below: 0, containers: [], silent: true })
      return
    }
    const depth = caller === undefined ? 0 : this.#enterContainers(caller, path, model)
    if (caller !== undefined) caller.below++
    const hidden = depth > this.#depth
    const above = caller?.containers.at(-1) ?? caller?.row
    const row =
      hidden && above !== undefined
        ? above
        : this.#row(path, module.constructor.name, depth, this.#first.has(module))
    if (!this.#first.has(module)) this.#first.set(module, row)
    this.#stack.push({
      row,
      path,
      below: 0,
      containers: [],
      counted: caller?.counted ?? false,
      silent: false,
    })
  }

  /** Has a formula in place of the operations of the module that runs. */
  count(flops: number): void {
    const frame = this.#stack.at(-1)
    if (frame === undefined || frame.counted) return
    frame.row.flops += flops
    frame.counted = true
  }

  leave(args: readonly unknown[], output: unknown): void {
    const { row, path, below, silent } = this.#stack.pop() as Frame
    if (silent) return
    if (below === 0) {
      const given = new Set([...tensorsIn(args)].map(storageOf))
      for (const one of tensorsIn(output)) {
        if (!given.has(storageOf(one))) row.activationBytes += bytesOf(one)
      }
    }
    if (row.name === path) row.outputShape = shapesOf(output)
  }

  add(flops: number): void {
    const frame = this.#stack.at(-1)
    if (frame !== undefined && !frame.counted) frame.row.flops += flops
  }

  /** Where the model was when it failed. */
  get place(): string {
    const frame = this.#stack.at(-1)
    return frame === undefined ? '' : `${frame.path || 'the model'} (${frame.row.type})`
  }

  /** Gives parameters and buffers to rows, each once. */
  addParameters(): void {
    const seen = new Set<Tensor>()
    for (const [module, path] of this.#paths) {
      const row = this.#first.get(module) ?? this.#above(path)
      const fields = module as unknown as Record<string, unknown>
      const own = [...Object.keys(module).filter((key) => fields[key] instanceof Parameter)]
      for (const key of [...own, ...buffersOf(module).keys()]) {
        const tensor = fields[key]
        if (!(tensor instanceof Tensor) || seen.has(tensor)) continue
        seen.add(tensor)
        row.parameterBytes += bytesOf(tensor)
        if (!(tensor instanceof Parameter)) continue
        row.parameters += tensor.numel()
        if (tensor.requiresGrad) row.trainable += tensor.numel()
      }
    }
  }

  /** The row of the innermost module around one that has none. */
  #above(path: string): SummaryRow {
    for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
      const row = this.#byPath.get(at)
      if (row !== undefined) return row
    }
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
