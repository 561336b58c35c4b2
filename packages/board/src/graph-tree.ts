/** The graph of a model as a tree of modules. */
import type { GraphNode } from '@flambeau/tensorboard'
import type { GraphItem } from './protocol.ts'

interface Branch {
  readonly items: Map<string, Branch>
  node: GraphNode | null
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** Ops that hold the state of a module: flambeau's, and those of graphs that PyTorch wrote. */
const STATE = new Set(['Parameter', 'Buffer'])
const PLUMBING = new Set(['Input', 'Output', 'Constant', 'prim::GetAttr', 'prim::Constant'])

/** Modules, and within them their operations and parameters, in the order of execution. */
export function graphTree(nodes: readonly GraphNode[]): GraphItem[] {
  const root: Branch = { items: new Map(), node: null }
  for (const node of nodes) {
    if (PLUMBING.has(node.op)) continue
    let branch = root
    for (const part of node.name.split('/')) {
      let next = branch.items.get(part)
      if (next === undefined) branch.items.set(part, (next = { items: new Map(), node: null }))
      branch = next
    }
    branch.node = node
  }
  return [...root.items].map(([name, branch]) => itemOf(name, branch))
}

function itemOf(part: string, { items, node }: Branch): GraphItem {
  if (node !== null && items.size === 0) {
    const isState = STATE.has(node.op)
    return {
      name: part,
      type: node.op,
      kind: isState ? 'parameter' : 'operation',
      shape: node.shape,
      parameters: node.op === 'Parameter' ? product(node.shape ?? []) : 0,
      inputs: node.inputs,
      children: [],
    }
  }
  // `Linear[fc1]`: the class, and the name within the model.
  const [, type = part, name = part] = /^(.*)\[(.*)\]$/.exec(part) ?? []
  const children = [...items].map(([one, branch]) => itemOf(one, branch))
  const last = children.findLast((child) => child.kind !== 'parameter' && child.shape !== null)
  return {
    name,
    type,
    kind: 'module',
    shape: last?.shape ?? null,
    parameters: children.reduce((sum, child) => sum + child.parameters, 0),
    inputs: [],
    children,
  }
}
