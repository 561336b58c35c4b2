/** All programs, in the order of the course. */
import type { Group, Program } from './group.ts'
import { firstSteps } from './first-steps/index.ts'
import { tensors } from './tensors/index.ts'
import { training } from './training/index.ts'

export const groups: readonly Group[] = [firstSteps, tensors, training]

/** By name. */
export const programs: Readonly<Record<string, Program>> = Object.assign(
  {},
  ...groups.map((group) => group.programs),
)
