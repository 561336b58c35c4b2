/** Rows of a summary, written while the model runs. */
import { Tensor } from '@flambeau/core'
import { SparseTensor2d } from './layers/sparse-conv-tensor.ts'
import type { AnyModule } from './module.ts'
import { buffersOf } from './module-state.ts'
import { Parameter } from './parameter.ts'
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

/** All tensors of a result or an argument, however deep. */
export function* tensorsIn(value: unknown): Generator<Tensor> {
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

/** What the elements of a tensor take. */
export const bytesOf = (tensor: Tensor): number => tensor.numel() * tensor.itemsize

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
export class Journal {
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
