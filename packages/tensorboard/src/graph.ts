/** The graph of a model: its operations within its modules, found by calling it once. */
import type { Input, Interpreter } from '@flambeau/core/internal'
import { run, runInPlace, runMany, vmapping } from '@flambeau/core/internal'
import { Tensor } from '@flambeau/core'
import type { AnyModule, SummaryInput } from '@flambeau/nn'
import { summary } from '@flambeau/nn'
import { GraphDef } from './messages.ts'
import type { NodeDef } from './messages.ts'

/** Nodes as they are found. */
class Tracer {
  readonly nodes: NodeDef[] = []
  readonly #made = new Map<Tensor, string>()
  readonly #names = new Map<string, number>()
  /** Scopes of the modules that are running. */
  readonly #scopes: string[] = []
  readonly #scopeOf: ReadonlyMap<AnyModule, string>
  readonly #parameters: ReadonlyMap<Tensor, { name: string; op: string }>

  constructor(model: AnyModule) {
    const scopes = new Map<AnyModule, string>()
    const parameters = new Map<Tensor, { name: string; op: string }>()
    const typeOf = (module: AnyModule): string => module.constructor.name
    const scopeAt = new Map([['', typeOf(model)]])
    for (const [path, module] of model.namedModules()) {
      const parts = path.split('.')
      const last = parts.pop() ?? ''
      const outer = scopeAt.get(parts.join('.')) ?? typeOf(model)
      const scope = path === '' ? typeOf(model) : `${outer}/${typeOf(module)}[${last}]`
      scopeAt.set(path, scope)
      scopes.set(module, scope)
    }
    const add = (op: string, path: string, tensor: Tensor): void => {
      const parts = path.split('.')
      const last = parts.pop() ?? ''
      const scope = scopeAt.get(parts.join('.')) ?? typeOf(model)
      parameters.set(tensor, { name: `${scope}/${last}`, op })
    }
    for (const [path, tensor] of model.namedParameters()) add('Parameter', path, tensor)
    for (const [path, tensor] of model.namedBuffers()) add('Buffer', path, tensor)
    this.#scopeOf = scopes
    this.#parameters = parameters
  }

  enter(module: AnyModule, args: readonly unknown[]): void {
    if (this.#scopes.length === 0) {
      for (const one of args) if (one instanceof Tensor) this.#known(one, 'input/input', 'Input')
    }
    this.#scopes.push(this.#scopeOf.get(module) ?? module.constructor.name)
  }

  leave(output: unknown): void {
    this.#scopes.pop()
    if (this.#scopes.length > 0) return
    for (const one of Array.isArray(output) ? output : [output]) {
      if (one instanceof Tensor) this.#add('output/output', 'Output', [one], one.shape)
    }
  }

  /** A call of an operation, with what it made. */
  call(op: string, inputs: readonly Input[], outputs: readonly Tensor[]): void {
    const scope = this.#scopes.at(-1)
    if (scope === undefined) return
    const [first] = inputs
    if (op === 'detach' && first instanceof Tensor) {
      // The same numbers, by another name.
      for (const output of outputs) this.#made.set(output, this.#source(first))
      return
    }
    const name = this.#add(`${scope}/${op}`, op, inputs, outputs[0]?.shape ?? [])
    for (const output of outputs) this.#made.set(output, name)
  }

  #add(wanted: string, op: string, inputs: readonly Input[], shape: readonly number[]): string {
    const input = inputs.flatMap((one) => (one instanceof Tensor ? [this.#source(one)] : []))
    const count = this.#names.get(wanted) ?? 0
    this.#names.set(wanted, count + 1)
    const name = count === 0 ? wanted : `${wanted}_${count}`
    const shapes = [{ dim: shape.map((size) => ({ size })) }]
    const attr = [{ key: '_output_shapes', value: { list: { shape: shapes } } }]
    this.nodes.push({ name, op, input, attr })
    return name
  }

  /** The node that a tensor comes from. */
  #source(tensor: Tensor): string {
    const made = this.#made.get(tensor)
    if (made !== undefined) return made
    const state = this.#parameters.get(tensor)
    if (state !== undefined) return this.#known(tensor, state.name, state.op)
    return this.#known(tensor, `${this.#scopes.at(-1) ?? 'input'}/constant`, 'Constant')
  }

  #known(tensor: Tensor, name: string, op: string): string {
    const node = this.#add(name, op, [], tensor.shape)
    this.#made.set(tensor, node)
    return node
  }
}

/** Runs operations as if it were not there, and tells the tracer of them. */
function watching(tracer: Tracer): Interpreter {
  const directly = <T>(body: () => T): T => {
    const before = vmapping.interpreter
    vmapping.interpreter = null
    try {
      return body()
    } finally {
      vmapping.interpreter = before
    }
  }
  return {
    run({ op, inputs, numbers, params, numberDtype }, { shape, dtype }) {
      const out = directly(() => run(op, inputs, shape, dtype, numbers, params, numberDtype))
      tracer.call(op.name, inputs, [out])
      return out
    },
    runMany({ op, inputs, numbers, params, numberDtype }, specs) {
      const outs = directly(() => runMany(op, inputs, specs, numbers, params, numberDtype))
      tracer.call(op.name, inputs, outs)
      return outs
    },
    runInPlace({ op, inputs, numbers, params, numberDtype }, targets, name) {
      directly(() => runInPlace(op, targets, inputs, numbers, params, numberDtype, name))
      tracer.call(name, [...targets, ...inputs], targets)
      return true
    },
  }
}

/**
 * The graph of a model as TensorBoard draws it: operations, inputs and parameters within the scopes of
 * their modules, with the shapes that an example has.
 *
 * @throws {ValueError} if the model fails for the input.
 */
export function traceGraph(model: AnyModule, input: SummaryInput): Uint8Array<ArrayBuffer> {
  const tracer = new Tracer(model)
  const handles = [...model.modules()].flatMap((module) => [
    module.registerForwardPreHook((_module, args) => tracer.enter(module, args), {
      prepend: true,
    }),
    module.registerForwardHook((_module, _args, output) => tracer.leave(output)),
  ])
  const before = vmapping.interpreter
  vmapping.interpreter = watching(tracer)
  try {
    summary(model, input)
  } finally {
    vmapping.interpreter = before
    for (const handle of handles) handle.remove()
  }
  return GraphDef.encode({ node: tracer.nodes, versions: { producer: 22 } })
}
