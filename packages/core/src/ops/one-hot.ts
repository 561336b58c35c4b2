/** Class indices as vectors. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { INT64 } from '../dtype.ts'
import { ValueError } from '../errors.ts'
import { defineOp, run } from '../op.ts'
import { checkShape } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import { requireIndex } from './index-groups.ts'

const oneHotOp = defineOp('oneHot', ['input'], { derivative: { input: 'non-differentiable' } })

export interface OneHotOptions {
  /** Number of classes; -1 (the default) counts them. */
  numClasses?: number
}

/** What `oneHot` takes after its tensor. */
export type OneHotArguments = Arguments<OneHotOptions, ['numClasses']>

const readOneHot = parameters<[number]>('oneHot', ['numClasses'])

/**
 * A vector for each class index: 1 at the class, 0 elsewhere. Without `numClasses` there are as many
 * classes as the largest index says.
 *
 * Shapes: input `[*]` of whole numbers in [0, C) -> `[*, C]`, int64.
 *
 * @throws {IndexError} naming a class out of range. @throws {ValueError} if the number of classes is
 * left out and there is no index, or it is not a whole number ≥ 0.
 * @see torch.nn.functional.one_hot
 */
export function oneHot(input: Tensor, ...given: OneHotArguments): Tensor<'int64'> {
  requireIndex('oneHot', input)
  const [numClasses = -1] = readOneHot(given)
  let classes = numClasses
  if (classes === -1) {
    if (input.numel() === 0) {
      throw new ValueError(
        'oneHot',
        { input },
        'without an index, the number of classes must be given',
        'oneHot(x, 10)',
      )
    }
    classes = 0
    for (const label of input.toArray()) if (label >= classes) classes = label + 1
  }
  if (!Number.isInteger(classes) || classes < 0) {
    throw new ValueError(
      'oneHot',
      { input },
      `the number of classes is a whole number ≥ 0, or -1, not ${show(numClasses)}`,
      'oneHot(x, 10)',
    )
  }
  const shape = checkShape('oneHot', [...input._shape, classes])
  return run(oneHotOp, [input], shape, INT64)
}
