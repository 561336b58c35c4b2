/** Which initializers are weights: a file does not say, so their use and their name must. */
import type { OnnxGraphView } from './graph.ts'

/** A use of a tensor: the operator, and which of its inputs it is. */
export interface Use {
  readonly type: string
  readonly input: number
}

/** Inputs that are weights of layers. */
const WEIGHTS: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [1, 2],
  MatMul: [0, 1],
  LSTM: [1, 2, 3],
  GRU: [1, 2, 3],
  RNN: [1, 2, 3],
  BatchNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  LayerNormalization: [1, 2],
  GroupNormalization: [1, 2],
  RMSNormalization: [1],
  PRelu: [1],
  Gather: [0],
  Einsum: [0, 1, 2],
}

/** Inputs that are settings: bounds, factors, statistics. */
const SETTINGS: Readonly<Record<string, readonly number[]>> = {
  BatchNormalization: [3, 4],
  Resize: [1, 2, 3],
  Clip: [1, 2],
  Pad: [2],
  Range: [0, 1, 2],
  OneHot: [2],
  Where: [0],
  Cast: [0],
  Equal: [0, 1],
  Less: [0, 1],
  LessOrEqual: [0, 1],
  Greater: [0, 1],
  GreaterOrEqual: [0, 1],
  Max: [0, 1],
  Min: [0, 1],
  Pow: [1],
  Mod: [1],
}

/** Names that exporters give to what has none. */
const GENERATED = /^(constant(_\d+)?|_?val_\d+|onnx::\w+|\/.*|.*_output_\d+|.*Constant.*|\d+)$/

/** The uses of each tensor. */
export function usesOf(graph: OnnxGraphView): Map<string, Use[]> {
  const uses = new Map<string, Use[]>()
  for (const { type, inputs } of graph.nodes) {
    inputs.forEach((name, input) => {
      const known = uses.get(name)
      if (known === undefined) uses.set(name, [{ type, input }])
      else known.push({ type, input })
    })
  }
  return uses
}

/** Is a floating initializer something to be learnt? */
export function isWeight(name: string, shape: readonly number[], uses: readonly Use[]): boolean {
  const among = (table: Readonly<Record<string, readonly number[]>>, use: Use): boolean =>
    Object.hasOwn(table, use.type) && (table[use.type] as readonly number[]).includes(use.input)
  if (uses.every((use) => among(SETTINGS, use))) return false
  if (!isGenerated(name)) return true
  if (shape.length === 0 || /^constant(_\d+)?$/.test(name)) return false
  // Norms of groups are written as products and sums with [C, 1, 1], biases as sums with [C].
  const perChannel = shape.slice(1).every((size) => size === 1) && (shape[0] as number) > 1
  const affine = perChannel && uses.every(({ type }) => type === 'Mul' || type === 'Add')
  return affine || uses.some((use) => among(WEIGHTS, use))
}

/** Is it a name that an exporter made up? */
export function isGenerated(name: string): boolean {
  return GENERATED.test(name)
}
