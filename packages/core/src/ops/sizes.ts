/** Lists of sizes, as views, repetitions and creation take them. */
import { isNamed, parameters } from '../arguments.ts'
import { ShapeError } from '../errors.ts'
import type { Shape } from '../shape.ts'
import { checkShape, formatShape, numElements } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'

/** Sizes given one by one or as one array: `view(2, 3)` or `view([2, 3])`. */
export type SizeList = (number | readonly number[])[]

/** The same, or by name in one object: `view({ size: [2, 3] })`. */
export type Sizes<Name extends string> =
  | SizeList
  | [options: { readonly [K in Name]: readonly number[] }]

/**
 * The sizes of a list, which is not checked further.
 *
 * @throws {ShapeError} for anything else than numbers or one array of numbers.
 */
export function sizesOf(op: string, name: string, list: readonly unknown[]): readonly number[] {
  const [first] = list
  if (list.length === 1 && typeof first !== 'number') {
    const sizes = isNamed(first) ? parameters<[unknown]>(op, [name])(list)[0] : first
    if (isNumbers(sizes)) return sizes
  } else if (isNumbers(list)) {
    return list
  }
  throw new ShapeError(
    op,
    [],
    `${name} comes as numbers or as one array of numbers, not as ${list.map(show).join(', ')}`,
    `${op}(2, 3) or ${op}([2, 3])`,
  )
}

function isNumbers(value: unknown): value is readonly number[] {
  if (!Array.isArray(value)) return false
  for (const item of value as readonly unknown[]) if (typeof item !== 'number') return false
  return true
}

/** Is this one array of numbers? Functions whose last sizes are options need it apart. */
export function requireSizes(op: string, name: string, value: unknown): readonly number[] {
  if (isNumbers(value)) return value
  throw new ShapeError(
    op,
    [],
    `${name} is an array of whole numbers, not ${show(value)}`,
    `${name}: [2, 3]`,
  )
}

/**
 * Replaces a size of -1 by what the number of elements leaves for it.
 *
 * @throws {ShapeError} if the sizes do not give the tensor's number of elements.
 */
export function inferSizes(op: string, input: Tensor, sizes: readonly number[]): Shape {
  const total = input.numel()
  const open = sizes.indexOf(-1)
  if (open < 0) {
    const shape = checkShape(op, sizes)
    if (numElements(shape) !== total) {
      throw new ShapeError(
        op,
        { input },
        `shape ${formatShape(shape)} has ${numElements(shape)} elements, the tensor ${total}`,
        'choose sizes with the same product; one may be -1 and is then computed',
      )
    }
    return shape
  }
  const others = sizes.filter((_, i) => i !== open)
  checkShape(op, others)
  const rest = numElements(others)
  if (rest === 0 || total % rest !== 0) {
    throw new ShapeError(
      op,
      { input },
      `no size for -1 in ${formatShape(sizes)} gives ${total} elements`,
      rest === 0
        ? 'beside a size of 0, -1 is ambiguous: write the size'
        : `${total} is not divisible by ${rest}`,
    )
  }
  return checkShape(
    op,
    sizes.map((size, i) => (i === open ? total / rest : size)),
  )
}
