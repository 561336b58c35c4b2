/** All programs, in the order of the course. */
import type { Group, Program } from './group.ts'
import { firstSteps } from './first-steps/index.ts'
import { tensors } from './tensors/index.ts'
import { training } from './training/index.ts'
import { convolution } from './convolution/index.ts'
import { networks } from './networks/index.ts'
import { blocks } from './blocks/index.ts'
import { segmentation } from './segmentation/index.ts'
import { visionTransformers } from './vision-transformers/index.ts'
import { sequences } from './sequences/index.ts'
import { graphs } from './graphs/index.ts'

export const groups: readonly Group[] = [
  firstSteps,
  tensors,
  training,
  convolution,
  networks,
  blocks,
  segmentation,
  visionTransformers,
  sequences,
  graphs,
]

/** By name. */
export const programs: Readonly<Record<string, Program>> = Object.assign(
  {},
  ...groups.map((group) => group.programs),
)
