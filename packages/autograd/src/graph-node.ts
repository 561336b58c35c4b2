/** Nodes of the graph as users see them. */
import type { Tensor } from '@flambeau/core'
import { AutogradError } from '@flambeau/core'
import { commands, native } from '@flambeau/core/internal'
import type { HookHandle, NodeHook, NodePrehook } from './hooks.ts'
import { addHook, hooksOf } from './hooks.ts'
import { nodeName } from './tape.ts'

/** Nodes that users hold, by slot. */
const shown = new Map<number, WeakRef<GraphNode>>()

/** An input of a node: the node that it came from, and which of its outputs it is. */
export type Edge = readonly [node: GraphNode | null, output: number]

/**
 * An operation in the graph: what `gradFn` gives. It keeps the tensor alive that it was asked from.
 *
 * @see torch.autograd.graph.Node
 *
 * @example
 * ```ts
 * import { ones } from '@flambeau/core'
 * import '@flambeau/autograd'
 * const y = ones([2]).requiresGrad_().exp().sum()
 * console.log(y.gradFn?.name) // => SumBackward
 * ```
 */
export class GraphNode {
  /** For the user's own notes. */
  readonly metadata: Record<string, unknown> = {}
  readonly #slot: number
  /** What tells the node from a later one in its slot. @internal */
  readonly _sequence: number
  readonly #anchor: Tensor

  /** @internal */
  constructor(slot: number, sequence: number, anchor: Tensor) {
    this.#slot = slot
    this._sequence = sequence
    this.#anchor = anchor
  }

  /** For example `AddBackward`; `AccumulateGrad` for a leaf. */
  get name(): string {
    return nodeName(this.#live())
  }

  /** Where the node's inputs came from; null where no gradient flows. */
  get nextFunctions(): Edge[] {
    native.nodeEdges(this.#live())
    const count = commands[2] as number
    const edges = Array.from(commands.subarray(3, 3 + 2 * count))
    return Array.from({ length: count }, (_, i) => {
      const slot = edges[2 * i] as number
      return [slot === 0 ? null : graphNode(slot, this.#anchor), edges[2 * i + 1] as number]
    })
  }

  /**
   * Calls `hook` after the node, with the gradients of its inputs and of its outputs; what it returns
   * takes the place of the former. Dropped with the graph, as hooks of tensors are.
   *
   * @see torch.autograd.graph.Node.register_hook
   */
  registerHook(hook: NodeHook): HookHandle {
    return addHook('registerHook', hooksOf(this.#live()).after, hook)
  }

  /**
   * Calls `hook` before the node, with the gradients of its outputs; what it returns takes their
   * place.
   *
   * @see torch.autograd.graph.Node.register_prehook
   */
  registerPrehook(hook: NodePrehook): HookHandle {
    return addHook('registerPrehook', hooksOf(this.#live()).before, hook)
  }

  toString(): string {
    return `<${this.name}>`
  }

  /** The slot, if the node is still there. */
  #live(): number {
    try {
      native.nodeEdges(this.#slot)
      if (commands[0] === this._sequence) return this.#slot
    } catch {
      // The slot is empty.
    }
    throw new AutogradError(
      'gradFn',
      [],
      'the node was freed: its tensor was disposed or cut off from its history',
      'ask for gradFn again',
    )
  }
}

/** The node in a slot, which `anchor` leads to. */
export function graphNode(slot: number, anchor: Tensor): GraphNode {
  native.nodeEdges(slot)
  const sequence = commands[0] as number
  const known = shown.get(slot)?.deref()
  if (known?._sequence === sequence) return known
  const node = new GraphNode(slot, sequence, anchor)
  shown.set(slot, new WeakRef(node))
  return node
}
