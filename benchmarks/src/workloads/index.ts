/** All workloads. Names and definitions are those of pytorch/workloads.py. */
import type { Workload } from '../workload.ts'
import { attention } from './attention.ts'
import { convolutions } from './conv.ts'
import { elementwise } from './elementwise.ts'
import { inference } from './infer.ts'
import { products } from './matmul.ts'
import { movement } from './movement.ts'
import { normalizations } from './normalization.ts'
import { optimizers } from './optim.ts'
import { overhead } from './overhead.ts'
import { random } from './random.ts'
import { reductions } from './reduce.ts'
import { softmaxes } from './softmax.ts'
import { sorting } from './sort.ts'
import { training } from './train.ts'

export const workloads: readonly Workload[] = [
  ...training,
  ...inference,
  ...overhead,
  ...elementwise,
  ...reductions,
  ...softmaxes,
  ...normalizations,
  ...products,
  ...attention,
  ...convolutions,
  ...movement,
  ...sorting,
  ...random,
  ...optimizers,
]
