/**
 * Walks the graph from outputs to inputs. Each node's formula runs in a scope of its own, so that
 * temporary tensors are freed at once; gradients wait in `pending` until all of their contributions
 * have arrived, which the plan's order guarantees.
 */
import type { Tensor } from '@flambeau/core'
import { AutogradError, ValueError } from '@flambeau/core'
import type { BackwardInfo, Op, SavedInputs, Shape } from '@flambeau/core/internal'
import {
  anyDevice,
  commands,
  graphError,
  internally,
  moveToScope,
  native,
  near,
  profiling,
  sameShape,
  Scope,
  scopes,
  share,
  wrap,
  writerName,
} from '@flambeau/core/internal'
import { anomaly, checkAnomaly, explain } from './anomaly.ts'
import { withMode } from './grad-mode.ts'
import { hooks, runAccumulated, runHooks, runPosthooks, runPrehooks, spendHooks } from './hooks.ts'
import type { TapeEntry } from './tape.ts'
import { afterPasses, entryOf, nodeName, retaining, sweepTape, spentEntry, tape } from './tape.ts'

interface PlannedNode {
  slot: number
  leaf: number
  outputs: number
  released: boolean
  /** Per input: slot of the node it came from (0: no gradient), and which of its outputs it is. */
  from: number[]
  output: number[]
}

let planBuffer = new Int32Array(4096)

/** Fills the plan's buffer, if it is long enough; returns the length that is needed. */
function writePlan(roots: readonly Tensor[]): number {
  roots.forEach((root, i) => (commands[i] = root._id))
  try {
    return native.plan(roots.length, planBuffer)
  } catch (error) {
    throw (
      graphError(
        error,
        'backward',
        Object.fromEntries(roots.map((root, i) => [`outputs[${i}]`, root])),
      ) ?? error
    )
  }
}

/** Nodes from which `roots` were computed, each after all that use it. */
function makePlan(roots: readonly Tensor[]): PlannedNode[] {
  if (roots.length > commands.length) {
    throw new ValueError(
      'backward',
      [],
      `${roots.length} outputs at once are more than ${commands.length}`,
      'sum some of them first',
    )
  }
  const length = writePlan(roots)
  if (length > planBuffer.length) {
    planBuffer = new Int32Array(length * 2)
    writePlan(roots)
  }
  const nodes: PlannedNode[] = []
  let at = 0
  for (let count = planBuffer[at++] as number; count > 0; count--) {
    const node: PlannedNode = {
      slot: planBuffer[at] as number,
      leaf: planBuffer[at + 1] as number,
      outputs: planBuffer[at + 2] as number,
      released: planBuffer[at + 3] === 1,
      from: [],
      output: [],
    }
    const edges = planBuffer[at + 4] as number
    at += 5
    for (let i = 0; i < edges; i++, at += 2) {
      node.from.push(planBuffer[at] as number)
      node.output.push(planBuffer[at + 1] as number)
    }
    nodes.push(node)
  }
  return nodes
}

/** The node and output that a tensor is, and whether it is a leaf. Slot 0: no gradient flows. */
export function nodeOf(tensor: Tensor): { slot: number; output: number; leaf: boolean } {
  try {
    native.nodeOf(tensor._id)
  } catch (error) {
    throw graphError(error, 'gradFn', { input: tensor }) ?? error
  }
  return {
    slot: commands[0] as number,
    output: commands[1] as number,
    leaf: commands[2] === 1,
  }
}

export interface BackwardRequest {
  roots: readonly Tensor[]
  /** Per root. */
  gradients: readonly Tensor[]
  /** Gradients to hand out instead of storing them at leaves. */
  targets: readonly Tensor[] | null
  retainGraph: boolean
  createGraph: boolean
}

/** Gradients that wait for their node, by output. Each is a wrapper with a count of its own. */
class Pending {
  readonly #waiting = new Map<number, (Tensor | null)[]>()

  add(slot: number, output: number, grad: Tensor, createGraph: boolean): void {
    let list = this.#waiting.get(slot)
    if (list === undefined) {
      list = []
      this.#waiting.set(slot, list)
    }
    const before = list[output] ?? null
    if (before === null) {
      list[output] = grad
      return
    }
    list[output] = accumulate(before, grad, createGraph)
  }

  /** What has arrived so far, if it may be changed in place. */
  total(slot: number, output: number): Tensor | null {
    const found = this.#waiting.get(slot)?.[output] ?? null
    return found !== null && native.unshared(found._id) ? found : null
  }

  take(slot: number): (Tensor | null)[] | null {
    const list = this.#waiting.get(slot) ?? null
    if (list !== null) this.#waiting.delete(slot)
    return list
  }

  dispose(): void {
    for (const list of this.#waiting.values()) for (const grad of list) grad?.dispose()
    this.#waiting.clear()
  }
}

/** a + b, into a's memory if nothing else uses it. Both counts go over to the result. */
function accumulate(a: Tensor, b: Tensor, createGraph: boolean): Tensor {
  if (!createGraph && native.unshared(a._id)) {
    a.add_(b)
    b.dispose()
    return a
  }
  if (!createGraph && native.unshared(b._id)) {
    b.add_(a)
    a.dispose()
    return b
  }
  const sum = a.add(b)
  a.dispose()
  b.dispose()
  return sum
}

/** Sums a gradient over the axes along which its input was broadcast. */
function sumTo(grad: Tensor, shape: Shape): Tensor {
  if (sameShape(grad._shape, shape)) return grad
  const lead = grad.ndim - shape.length
  const axes = grad._shape
    .map((size, i) => (i < lead || (shape[i - lead] === 1 && size !== 1) ? i : -1))
    .filter((axis) => axis >= 0)
  const sum = axes.length > 0 ? grad.sum(axes, { keepdim: true }) : grad
  return lead > 0 || !sameShape(sum._shape, shape) ? sum.reshape(shape) : sum
}

/** A gradient, if there is one, of the shape of its input. */
function summedTo(
  shape: TapeEntry['inputs'][number] | undefined,
  grad: Tensor | null | undefined,
): Tensor | null {
  if (grad === null || grad === undefined) return null
  return Array.isArray(shape) ? sumTo(grad, shape as Shape) : grad
}

/** The tensors and numbers that the node's formulas asked for. */
function unpackSaved(slot: number, op: Op, entry: TapeEntry): SavedInputs {
  const saved: Record<string, unknown> = {}
  const source = entry.checkpoint === undefined ? slot : entry.checkpoint.slot()
  let index = 0
  for (let bit = 0, rest = entry.saved; rest !== 0; bit++, rest >>>= 1) {
    if ((rest & 1) === 0) continue
    const isInput = bit < entry.inputs.length
    const name = isInput
      ? (op.inputs[bit] as string)
      : bit === op.inputs.length && op.outputs === 1
        ? 'out'
        : `out${bit - op.inputs.length}`
    const meta = isInput ? entry.inputs[bit] : undefined
    if (isInput && (meta === null || typeof meta === 'number')) {
      saved[name] = meta
      continue
    }
    try {
      native.unpack(source, index++)
    } catch (error) {
      throw unpackError(error, op.name, name)
    }
    saved[name] = wrap(commands[0] as number, scopes.current)
  }
  if (op.outputs > 1 && 'out0' in saved) saved['out'] = saved['out0']
  return saved as SavedInputs
}

/** The error for a saved tensor that is not there any more, or not as it was. */
export function unpackError(error: unknown, op: string, name: string): unknown {
  const { code, message } = error as { code?: string; message: string }
  if (code === 'ERR_MODIFIED') {
    const [version, expected, writer] = message.split(' ')
    const by = writerName(Number(writer)) || 'a write'
    return new AutogradError(
      'backward',
      [],
      `'${name}' of ${op}, needed for its gradient, was modified by an in-place operation (${by}): it is at version ${version}, expected ${expected}`,
      'use the form without underscore, or clone() the tensor before changing it',
    )
  }
  return code === 'ERR_RELEASED' ? releasedError() : error
}

function releasedError(): AutogradError {
  return new AutogradError(
    'backward',
    [],
    'this graph was already used for a backward pass, which freed the saved tensors',
    'pass { retainGraph: true } to the first pass, or compute the forward pass again',
  )
}

/** Runs the node's formulas on the gradients of its outputs. Called inside of a scope. */
function formulas(
  node: PlannedNode,
  grads: readonly (Tensor | null)[],
  needed: readonly boolean[],
): readonly (Tensor | null)[] {
  const entry = entryOf(node.slot)
  if (entry === undefined) {
    throw new AutogradError(
      'backward',
      [],
      'the graph belongs to another thread',
      'keep forward and backward in one thread',
    )
  }
  const { op } = entry
  if (node.released && (entry.saved !== 0 || hooks.get(node.slot)?.spent)) throw releasedError()
  const info: BackwardInfo<unknown> = {
    params: entry.params,
    shapes: entry.inputs.some((input) => typeof input === 'number')
      ? entry.inputs.map((input) => (typeof input === 'number' ? null : input))
      : (entry.inputs as readonly (Shape | null)[]),
    needed,
  }
  const saved = unpackSaved(node.slot, op, entry)
  if (!anyDevice()) return gradients(op, grads, saved, info)
  // What a formula makes of nothing is on the device of what it gets.
  const id = grads.find((grad) => grad !== null)?._id ?? 0
  return near(id, () => gradients(op, grads, saved, info))
}

function gradients(
  op: Op,
  grads: readonly (Tensor | null)[],
  saved: SavedInputs,
  info: BackwardInfo<unknown>,
): readonly (Tensor | null)[] {
  if (op.joint !== null) return op.joint.formula(grads, saved, info)
  const grad = grads[0] ?? null
  if (grad === null) return []
  return info.needed.map((wanted, i) => {
    const rule = op.rules[i] ?? null
    return wanted && rule !== null ? rule.formula(grad, saved, info) : null
  })
}

/** Adds the node's gradient to what has arrived for its only input, if its rule can do that. */
function addInto(node: PlannedNode, grad: Tensor, pending: Pending): boolean {
  const entry = entryOf(node.slot)
  const into = entry?.op.rules[0]?.into
  if (entry === undefined || into === undefined) return false
  const total = pending.total(node.from[0] as number, node.output[0] as number)
  if (total === null || total._dtype !== grad._dtype) return false
  const shapes = entry.inputs as readonly (Shape | null)[]
  into(total, grad, { params: entry.params, shapes, needed: [true] })
  return true
}

/** The same in anomaly mode. */
function watched(
  node: PlannedNode,
  grads: readonly (Tensor | null)[],
  needed: readonly boolean[],
): readonly (Tensor | null)[] {
  const entry = entryOf(node.slot)
  const before = anomaly.running
  anomaly.running = entry?.trace ?? null
  try {
    const out = formulas(node, grads, needed)
    const wanted = needed.map((one, i) => (one ? (out[i] ?? null) : null))
    if (anomaly.checkNan) checkAnomaly(nodeName(node.slot), wanted, entry?.trace)
    return out
  } catch (error) {
    throw explain(error, entry?.trace)
  } finally {
    anomaly.running = before
  }
}

/** Tensors that keep their gradient without being leaves: their ids by node slot and output. */
function retainedOutputs(): Map<number, Map<number, number>> {
  const bySlot = new Map<number, Map<number, number>>()
  for (const id of retaining) {
    const found = retainedNode(id)
    if (found === null) {
      retaining.delete(id)
      continue
    }
    const outputs = bySlot.get(found.slot) ?? new Map<number, number>()
    bySlot.set(found.slot, outputs.set(found.output, id))
  }
  return bySlot
}

/** Null if the tensor died, or its id belongs to another one by now. */
function retainedNode(id: number): { slot: number; output: number } | null {
  try {
    native.nodeOf(id)
  } catch {
    return null
  }
  return commands[3] === 1 ? { slot: commands[0] as number, output: commands[1] as number } : null
}

/** Adds `grad` to the gradient that native code keeps for a tensor. */
export function accumulateAt(id: number, grad: Tensor, createGraph: boolean): void {
  const existing = native.grad(id)
  if (existing !== 0) {
    const before = wrap(existing, scopes.current)
    if (createGraph) native.setGrad(id, before.add(grad)._id)
    else before.add_(grad)
    return
  }
  // Memory that something else uses must not become the tensor's gradient: it is changed in place.
  if (createGraph || native.unshared(grad._id)) {
    native.setGrad(id, grad._id)
  } else {
    native.setGrad(id, grad.clone()._id)
  }
}

/** Which nodes lead to a target; all of them without targets. */
function usefulNodes(
  plan: readonly PlannedNode[],
  targets: ReadonlySet<number> | null,
): Set<number> | null {
  if (targets === null) return null
  const useful = new Set<number>()
  for (let i = plan.length - 1; i >= 0; i--) {
    const node = plan[i] as PlannedNode
    if (targets.has(node.slot) || node.from.some((slot) => useful.has(slot))) {
      useful.add(node.slot)
    }
  }
  return useful
}

/** Passes that run now: a hook, or a user's function, may start another one. */
let passes = 0

/**
 * Runs a backward pass. Without targets, gradients are added to the leaves; with targets, the
 * result has the gradient of each (null where none arrived).
 */
export function runBackward(request: BackwardRequest): (Tensor | null)[] {
  const { createGraph } = request
  passes++
  try {
    return withMode(createGraph, () =>
      internally(() =>
        profiling.span === null
          ? walk(request)
          : profiling.span('backward', 'backward', () => walk(request)),
      ),
    )
  } finally {
    passes--
    if (passes === 0 && afterPasses.size > 0) {
      for (const clean of afterPasses) clean()
      afterPasses.clear()
    }
    sweepTape()
    native.safePoint()
  }
}

function walk(request: BackwardRequest): (Tensor | null)[] {
  const { roots, gradients, targets, retainGraph, createGraph } = request
  const plan = makePlan(roots)
  const targetNodes = targets?.map((target) => nodeOf(target)) ?? null
  const useful = usefulNodes(plan, targetNodes && new Set(targetNodes.map((t) => t.slot)))
  const results: (Tensor | null)[] = targets?.map(() => null) ?? []
  const retained = targets === null && retaining.size > 0 ? retainedOutputs() : null
  const pending = new Pending()
  const pass: Pass = {
    pending,
    useful,
    createGraph,
    targetNodes,
    results,
    retained,
    handed: [],
    scope: new Scope(scopes.current),
  }
  try {
    roots.forEach((root, i) => {
      const { slot, output } = nodeOf(root)
      pending.add(slot, output, share(gradients[i] as Tensor), createGraph)
    })
    for (const node of plan) {
      const grads = pending.take(node.slot)
      if (grads === null) continue
      if (profiling.span === null) visit(node, grads, pass)
      else profiling.span(nodeName(node.slot), 'backward', () => visit(node, grads, pass))
      if (!retainGraph && node.from.length > 0) release(node.slot)
    }
  } finally {
    pending.dispose()
  }
  return results
}

/** Lets go of what the node keeps for its formulas. */
function release(slot: number): void {
  native.releaseSaved(slot)
  const entry = tape[slot]
  entry?.checkpoint?.release()
  // Another pass through it is an error: the details would only outlive collections of young objects.
  if (entry !== undefined && entry.saved !== 0) tape[slot] = spentEntry(entry.op)
  spendHooks(slot)
}

interface Pass {
  pending: Pending
  useful: Set<number> | null
  createGraph: boolean
  targetNodes: readonly { slot: number; output: number }[] | null
  results: (Tensor | null)[]
  /** Ids of tensors that keep their gradient without being leaves, by slot and output. */
  retained: ReadonlyMap<number, ReadonlyMap<number, number>> | null
  /** Used again by each node: gradients on their way to its inputs, and the scope of its formulas. */
  handed: (Tensor | null)[]
  scope: Scope
}

/** One node: hooks, then targets, then its formulas or the leaf's gradient. */
function visit(node: PlannedNode, arrived: (Tensor | null)[], pass: Pass): void {
  const { pending, useful, createGraph, targetNodes, retained, handed, scope } = pass
  const outer = scopes.current
  scopes.current = scope
  try {
    let grads: readonly (Tensor | null)[] = arrived
    if (hooks.size > 0) {
      grads = Array.from({ length: node.outputs }, (_, output) => {
        const grad = arrived[output] ?? null
        return grad === null ? grad : runHooks(node.slot, output, grad)
      })
    }
    if (targetNodes !== null) handToTargets(node, grads, pass, outer)
    retained?.get(node.slot)?.forEach((id, output) => {
      const grad = grads[output]
      if (grad) accumulateAt(id, grad, createGraph)
    })
    if (useful !== null && !node.from.some((slot) => useful.has(slot))) return
    if (hooks.size > 0) grads = runPrehooks(node.slot, grads)
    if (node.from.length === 0) {
      const grad = grads[0]
      if (targetNodes === null && node.leaf !== 0 && grad) {
        accumulateAt(node.leaf, grad, createGraph)
        if (hooks.size > 0) {
          runPosthooks(node.slot, [], grads)
          runAccumulated(node.slot)
        }
      }
      return
    }
    const plain = !createGraph && hooks.size === 0 && !anomaly.enabled
    if (plain && node.from.length === 1 && grads[0] && addInto(node, grads[0], pending)) return
    const needed = node.from.map((slot) => slot !== 0 && (useful === null || useful.has(slot)))
    let out = anomaly.enabled ? watched(node, grads, needed) : formulas(node, grads, needed)
    const entry = tape[node.slot]
    if (hooks.size > 0) {
      const summed = needed.map((wanted, i) => (wanted ? summedTo(entry?.inputs[i], out[i]) : null))
      out = runPosthooks(node.slot, summed, grads)
    }
    for (let i = 0; i < needed.length; i++) {
      const grad = needed[i] ? summedTo(entry?.inputs[i], out[i]) : null
      if (grad === null) continue
      const mine = share(grad)
      moveToScope(mine, outer)
      // The scope lets go of its own counts below: only then may a sum reuse this memory.
      handed[i] = mine
    }
  } finally {
    scopes.current = outer
    for (const grad of arrived) grad?.dispose()
    scope.close()
    scope.closed = false
  }
  for (let i = 0; i < node.from.length; i++) {
    const grad = handed[i] ?? null
    if (grad === null) continue
    handed[i] = null
    pending.add(node.from[i] as number, node.output[i] as number, grad, createGraph)
  }
}

function handToTargets(
  node: PlannedNode,
  grads: readonly (Tensor | null)[],
  { targetNodes, results }: Pass,
  outer: Scope | null,
): void {
  targetNodes?.forEach((target, i) => {
    const grad = target.slot === node.slot ? grads[target.output] : null
    if (!grad) return
    const mine = share(grad)
    moveToScope(mine, outer)
    results[i] = mine
  })
}
