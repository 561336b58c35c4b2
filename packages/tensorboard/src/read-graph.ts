/** Graphs of models, as event files hold them. */
import { GraphDef } from './messages.ts'

/** An operation, an input or a parameter of a model. */
export interface GraphNode {
  /** With the scopes that it is in, divided by `/`: `Net/Linear[fc1]/weight`. */
  readonly name: string
  /** What it does: `conv2d`, `Parameter`. */
  readonly op: string
  /** Names of the nodes that it takes something from. */
  readonly inputs: readonly string[]
  /** Of what it gives; null if it is not known. */
  readonly shape: readonly number[] | null
}

/** The nodes of a graph. */
export function readGraph(bytes: Uint8Array): GraphNode[] {
  return (GraphDef.decode(bytes).node ?? []).map(
    ({ name = '', op = '', input = [], attr = [] }) => {
      const shapes = attr.find(({ key }) => key === '_output_shapes')?.value?.list?.shape
      const shape = shapes?.[0]?.dim?.map(({ size = 0 }) => size) ?? null
      return { name, op, inputs: input, shape }
    },
  )
}
