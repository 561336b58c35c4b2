/** All operators of ONNX that are carried out here. */
import type { Operators } from './context.ts'
import { elementwise } from './ops/elementwise.ts'
import { indexing } from './ops/indexing.ts'
import { layers } from './ops/layers.ts'
import { recurrentOperators } from './ops/recurrent.ts'
import { reductions } from './ops/reduce.ts'
import { sampling } from './ops/sampling.ts'
import { shapes } from './ops/shapes.ts'

/** By type. */
export const operators: Operators = {
  ...elementwise,
  ...shapes,
  ...indexing,
  ...reductions,
  ...layers,
  ...recurrentOperators,
  ...sampling,
  // A constant is read when the graph is.
  Constant: (c) => c.constant(),
}
