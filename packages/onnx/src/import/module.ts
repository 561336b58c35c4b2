/** Graphs of ONNX as modules. */
import { DTypeError, FlambeauError, ShapeError, Tensor, ValueError } from '@flambeau/core'
import { requireInstance, requireOptions } from '@flambeau/core/internal'
import type { AnyModule } from '@flambeau/nn'
import { Module, Parameter } from '@flambeau/nn'
import { NodeCall, remember } from './context.ts'
import type { Operator } from './context.ts'
import type { GraphNode, GraphValue } from './graph.ts'
import { OnnxGraphView } from './graph.ts'
import { operators } from './operators.ts'
import { isGenerated, isWeight, usesOf } from './parameters.ts'

/** The options of {@link importOnnx}. */
export interface ImportOptions {
  /**
   * Operators to carry out yourself, by type (for example `'Det'`, or with a domain
   * `'com.example.Mix'`): a function of the input tensors, null where one is left out, and the node.
   */
  readonly operators?: Readonly<
    Record<
      string,
      (inputs: readonly (Tensor | null)[], node: GraphNode) => Tensor | readonly (Tensor | null)[]
    >
  >
  /**
   * Which floating initializers are parameters, by name and shape; others are buffers. Default: those
   * that layers have as weights, or that have names of their own, not numbered by an exporter.
   */
  readonly trainable?: (name: string, shape: readonly number[]) => boolean
}

const OP = 'importOnnx'

/** A part of the tree that the dots in names of parameters make. */
class Branch extends Module<never, never> {
  override forward(): never {
    throw new ValueError('Branch', [], 'holds parameters, and computes nothing', 'call the module')
  }
}

const fields = (of: object): Record<string, unknown> => of as Record<string, unknown>

interface Step {
  readonly node: GraphNode
  readonly run: Operator
  readonly value: Tensor | null
  /** Names that nothing uses afterwards. */
  readonly dead: readonly string[]
}

// The call of an imported graph: a tensor for each input.
export interface OnnxModule {
  (...inputs: Tensor[]): Tensor & readonly Tensor[] & Readonly<Record<string, Tensor>>
}

/**
 * An imported graph as a module: `forward` takes a tensor for each input of the graph and runs its
 * nodes with flambeau's operations, through which gradients flow. A single output is returned as it
 * is, several as a list that also has them by name.
 *
 * Floating initializers are parameters under their names in the file, so that state dicts fit those of
 * the module that was exported. Normalisation keeps the statistics of the file, also in training.
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import * as nn from '@flambeau/nn'
 * import { exportOnnx, importOnnx, OnnxModule } from '@flambeau/onnx'
 * const net = await importOnnx(await exportOnnx(new nn.Linear(3, 2), [ones([1, 3])]))
 * console.log(net instanceof OnnxModule, Object.keys(net.stateDict())) // => true [ 'weight', 'bias' ]
 * ```
 */
export class OnnxModule extends Module<Tensor[], unknown> {
  /** Inputs, outputs, nodes; printable. */
  readonly graph: OnnxGraphView
  // A set and a map: copies of the module share them.
  private readonly _steps: ReadonlySet<Step>
  private readonly _places: ReadonlyMap<string, readonly string[]>

  /** Use {@link importOnnx}. @internal */
  constructor(
    graph: OnnxGraphView,
    stored: ReadonlyMap<string, Tensor>,
    values: ReadonlyMap<GraphNode, Tensor>,
    options: ImportOptions,
  ) {
    super()
    const fix = 'use what importOnnx() returns'
    requireInstance('OnnxModule', 'graph', graph, OnnxGraphView, fix)
    requireInstance('OnnxModule', 'stored', stored, Map, fix)
    requireInstance('OnnxModule', 'values', values, Map, fix)
    requireOptions('OnnxModule', options)
    this.graph = graph
    this._steps = new Set(stepsOf(graph, values, options))
    const uses = usesOf(graph)
    const places = new Map<string, readonly string[]>()
    for (const [name, one] of stored) {
      const floating = one.isFloatingPoint()
      const own = uses.get(name) ?? []
      const learns =
        floating && (options.trainable?.(name, one.shape) ?? isWeight(name, one.shape, own))
      if (!floating) remember(one)
      places.set(name, placeIn(this, name, learns ? new Parameter(one) : one))
    }
    this._places = places
  }

  /**
   * The outputs for these inputs, one for each of the graph's.
   *
   * @throws {ValueError} for another number of inputs. @throws {DTypeError, ShapeError} for inputs that
   * are not what the graph takes.
   */
  override forward(...inputs: Tensor[]): unknown {
    const { graph } = this
    if (inputs.length !== graph.inputs.length) {
      const names = graph.inputs.map(({ name }) => name).join(', ')
      const rule = `${inputs.length} inputs are given, the graph takes ${graph.inputs.length}: ${names}`
      throw new ValueError('OnnxModule', [], rule, 'pass a tensor for each, in order')
    }
    const values = new Map<string, Tensor>()
    const sizes = new Map<string, number>()
    graph.inputs.forEach((wanted, i) => {
      requireInput(wanted, inputs[i], sizes)
      values.set(wanted.name, inputs[i] as Tensor)
    })
    const get = (name: string): Tensor | null =>
      name === '' ? null : (values.get(name) ?? storedAt(this, this._places.get(name)))
    for (const { node, run, value, dead } of this._steps) {
      const outputs = runNode(new NodeCall(node, node.inputs.map(get), value), run)
      node.outputs.forEach((name, i) => {
        const output = outputs[i]
        if (name !== '' && output instanceof Tensor) values.set(name, output)
      })
      for (const name of dead) values.delete(name)
    }
    const names = graph.outputs.map(({ name }) => name)
    const results = names.map((name) => get(name) as Tensor)
    return results.length === 1 ? results[0] : withNames(names, results)
  }

  override extraRepr(): string {
    const { inputs, outputs, nodes, opset } = this.graph
    const names = (of: readonly GraphValue[]): string => of.map(({ name }) => name).join(', ')
    return `${names(inputs)} -> ${names(outputs)}, ${nodes.length} nodes, opset ${opset}`
  }
}

/** Puts a tensor where its name says; returns the fields that lead there. */
function placeIn(root: AnyModule, name: string, value: Tensor): readonly string[] {
  const parts = name.split('.').filter((part) => part !== '')
  const path: string[] = []
  let owner = root
  while (parts.length > 1) {
    let part = parts.shift() as string
    while (part in owner && !(fields(owner)[part] instanceof Branch)) part += '_'
    if (!(fields(owner)[part] instanceof Branch)) owner.registerModule(part, new Branch())
    owner = fields(owner)[part] as AnyModule
    path.push(part)
  }
  let key = parts[0] ?? 'tensor'
  while (key in owner) key += '_'
  if (value instanceof Parameter) owner.registerParameter(key, value)
  else owner.registerBuffer(key, value, { persistent: !isGenerated(name) })
  return [...path, key]
}

/** The parameter or buffer to which fields of `root` lead; null without them. */
function storedAt(root: object, path: readonly string[] | undefined): Tensor | null {
  if (path === undefined) return null
  return path.reduce<unknown>((owner, key) => fields(owner as object)[key], root) as Tensor
}

/** The results as a list that has them by name too, where a name is not that of something else. */
function withNames(names: readonly string[], results: readonly Tensor[]): Tensor[] {
  const list = [...results]
  names.forEach((name, i) => {
    if (name in list || /^\d+$/.test(name)) return
    Object.defineProperty(list, name, { value: results[i] })
  })
  return list
}

/** Runs a node; what goes wrong in it is said to be of the node. */
function runNode(c: NodeCall, run: Operator): readonly (Tensor | null)[] {
  try {
    const result = run(c)
    return result instanceof Tensor ? [result] : result
  } catch (error) {
    if (!(error instanceof FlambeauError) || error.op === OP) throw error
    const wrapped = c.fail(`${error.op}: ${error.rule}`)
    wrapped.cause = error
    throw wrapped
  }
}

function requireInput(wanted: GraphValue, given: unknown, sizes: Map<string, number>): void {
  const { name, dtype, shape } = wanted
  if (!(given instanceof Tensor)) {
    throw new ValueError('OnnxModule', [], `the input '${name}' must be a tensor`, 'pass a tensor')
  }
  if (given.dtype !== dtype) {
    const rule = `the input '${name}' is ${dtype}, not ${given.dtype}`
    throw new DTypeError('OnnxModule', { [name]: given }, rule, `convert it: x.to('${dtype}')`)
  }
  if (shape === null) return
  const fits = shape.every((size, axis) => {
    const got = given.shape[axis] as number
    if (size === null || typeof size === 'number') return size === null || size === got
    if (!sizes.has(size)) sizes.set(size, got)
    return sizes.get(size) === got
  })
  if (fits && given.ndim === shape.length) return
  const known = [...sizes].map(([symbol, size]) => `${symbol} = ${size}`).join(', ')
  const rule = `the input '${name}' has the shape [${shape.map((size) => size ?? '?').join(', ')}]`
  throw new ShapeError(
    'OnnxModule',
    { [name]: given },
    known === '' ? rule : `${rule} with ${known}`,
    'names stand for sizes that are the same wherever they are',
  )
}

function stepsOf(
  graph: OnnxGraphView,
  values: ReadonlyMap<GraphNode, Tensor>,
  options: ImportOptions,
): Step[] {
  const last = new Map<string, number>()
  graph.nodes.forEach(({ inputs }, i) => inputs.forEach((name) => last.set(name, i)))
  for (const { name } of graph.outputs) last.set(name, Number.POSITIVE_INFINITY)
  const dead = graph.nodes.map((): string[] => [])
  for (const [name, i] of last) dead[i]?.push(name)
  return graph.nodes.map((node, i) => {
    const run = operatorOf(graph, node, options)
    return { node, run, value: values.get(node) ?? null, dead: dead[i] as string[] }
  })
}

function operatorOf(graph: OnnxGraphView, node: GraphNode, options: ImportOptions): Operator {
  const { type, domain, name } = node
  const full = domain === '' ? type : `${domain}.${type}`
  const own = options.operators
  if (own !== undefined && Object.hasOwn(own, full)) {
    const body = own[full] as NonNullable<typeof own>[string]
    return (c) => body(c.inputs, c.node)
  }
  if (domain === '' && Object.hasOwn(operators, type)) return operators[type] as Operator
  const others = new Set(
    graph.nodes.flatMap((one) => {
      const known = one.domain === '' && Object.hasOwn(operators, one.type)
      return known ? [] : [one.domain === '' ? one.type : `${one.domain}.${one.type}`]
    }),
  )
  const control = ['If', 'Loop', 'Scan'].includes(type)
  throw new ValueError(
    OP,
    [],
    `node '${name}' has the operator ${full}, which is not known here (unknown in this file: ${[...others].join(', ')})`,
    control
      ? 'export the model without conditions and loops that depend on data'
      : `pass { operators: { '${full}': (inputs, node) => … } }, or export the model with other operators`,
  )
}
