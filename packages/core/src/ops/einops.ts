/** Rearranging, reducing and repeating axes by patterns. */
import { requireTensor } from '../elementwise.ts'
import { ShapeError } from '../errors.ts'
import { isTensor } from '../scope.ts'
import type { Shape } from '../shape.ts'
import { checkShape, numElements } from '../shape.ts'
import { show } from '../show.ts'
import type { Tensor } from '../tensor.ts'
import type { Group, Pattern, PatternAxis, PatternOp } from './einops-pattern.ts'
import { DOTS, INNER_DOTS, parsePattern, patternError } from './einops-pattern.ts'
import { stack } from './joining.ts'

/** Sizes of named axes, as far as they do not follow from the tensor. */
export type AxisSizes = Readonly<Record<string, number>>

/** A tensor, or several of one shape, which become the first axis. */
export type Rearrangeable = Tensor | readonly Tensor[]

/** How axes are reduced: by name, or by a function of the tensor and the axes that are to go. */
export type Reducer =
  | 'min'
  | 'max'
  | 'sum'
  | 'mean'
  | 'prod'
  | 'any'
  | 'all'
  | ((x: Tensor, axes: readonly number[]) => Tensor)

const REDUCERS: Readonly<Record<string, (x: Tensor, axes: readonly number[]) => Tensor>> = {
  min: (x, axes) => x.amin(axes),
  max: (x, axes) => x.amax(axes),
  sum: (x, axes) => x.sum(axes),
  mean: (x, axes) => x.mean(axes),
  // From the last to the first, so that the places of the others stay.
  prod: (x, axes) => axes.toSorted((a, b) => b - a).reduce((y, axis) => y.prod(axis), x),
  any: (x, axes) => x.any(axes),
  all: (x, axes) => x.all(axes),
}

/**
 * Transposes, splits, merges and adds axes by a pattern: axes by name, composed ones in parentheses.
 *
 * - `'b c h w -> b h w c'` transposes, `'b c h w -> b (c h w)'` flattens;
 * - `'b (h p) (w q) c -> b (h w) (p q c)'` with `{ p: 2, q: 2 }` splits: all sizes but one of each
 *   composed axis are given;
 * - `'... c -> c ...'`: the ellipsis stands for any number of axes; `1` or `()` is an axis of size 1;
 * - of a list of tensors, the first axis counts them.
 *
 * The result shares storage where the strides allow. Patterns are read once and remembered.
 *
 * @throws {ValueError} for a mistake in the pattern or the sizes. @throws {ShapeError} for a tensor
 * that does not fit the pattern.
 * @see einops.rearrange, https://einops.rocks
 *
 * @example
 * ```ts
 * import { arange, rearrange } from '@flambeau/core'
 * console.log(rearrange(arange(6), '(a b) -> b a', { a: 2 }).tolist()) // => [ [ 0, 3 ], [ 1, 4 ], [ 2, 5 ] ]
 * ```
 */
export function rearrange(x: Rearrangeable, pattern: string, sizes?: AxisSizes): Tensor {
  return transform('rearrange', x, pattern, null, sizes)
}

/**
 * Reduces the axes that the right side of a pattern does not name, and rearranges the others as
 * {@link rearrange} does: `reduce(x, 'b (h 2) (w 2) c -> b h w c', 'max')` is max pooling.
 *
 * The reduction is 'min', 'max', 'sum', 'mean', 'prod', 'any', 'all', or a function of the tensor and
 * the list of axes that are to go.
 *
 * @throws {ValueError, ShapeError} as `rearrange`, and for an unknown reduction.
 * @see einops.reduce, https://einops.rocks
 */
export function reduce(
  x: Rearrangeable,
  pattern: string,
  reduction: Reducer,
  sizes?: AxisSizes,
): Tensor {
  return transform('reduce', x, pattern, reduction, sizes)
}

/**
 * Repeats along the axes that only the right side of a pattern names, and rearranges the others as
 * {@link rearrange} does: `repeat(x, 'h w -> (h 2) w c', { c: 3 })`. A number on the right is a new
 * axis of that size. (`x.repeat(2, 3)`, PyTorch's, is the tensor's method.)
 *
 * @throws {ValueError, ShapeError} as `rearrange`, and for a new axis without a size.
 * @see einops.repeat, https://einops.rocks
 */
export function repeat(x: Rearrangeable, pattern: string, sizes?: AxisSizes): Tensor {
  return transform('repeat', x, pattern, null, sizes)
}

function transform(
  op: PatternOp,
  given: Rearrangeable,
  text: string,
  reduction: Reducer | null,
  sizes: AxisSizes = {},
): Tensor {
  if (typeof text !== 'string') {
    throw patternError(op, String(show(text)), 'the pattern is a string', "'b c h w -> b (c h w)'")
  }
  const pattern = parsePattern(op, text)
  const x = Array.isArray(given) ? stack(given as readonly Tensor[]) : (given as Tensor)
  requireTensor(op, 'x', x)
  const reducer = op === 'reduce' ? reducerOf(text, reduction) : null
  checkSizes(pattern, sizes)
  const left = spread(pattern, pattern.left, x)
  const right = spread(pattern, pattern.right, x)
  const lengths = axisLengths(pattern, left, x, sizes)

  // One axis for each name on the left.
  let axes = left.flat()
  let y = x.reshape(left.flatMap((group) => group.map((axis) => lengthOf(lengths, axis))))
  const wanted = right.flat()
  if (reducer !== null) {
    const going = axes.flatMap((axis, i) => (wanted.includes(axis) ? [] : [i]))
    if (going.length > 0) {
      const rank = y.ndim - going.length
      y = reducer(y, going)
      checkReduced(text, y, rank)
    }
    axes = axes.filter((axis) => wanted.includes(axis))
  }
  const kept = wanted.filter((axis) => axes.includes(axis))
  y = y.permute(kept.map((axis) => axes.indexOf(axis)))
  if (kept.length < wanted.length) y = withNewAxes(y, wanted, axes, lengths)
  return y.reshape(
    checkShape(
      op,
      right.map((group) => numElements(group.map((axis) => lengthOf(lengths, axis)))),
    ),
  )
}

type Lengths = ReadonlyMap<string, number>

function lengthOf(lengths: Lengths, axis: PatternAxis): number {
  return typeof axis === 'number' ? axis : (lengths.get(axis) as number)
}

function reducerOf(
  text: string,
  reduction: unknown,
): (x: Tensor, axes: readonly number[]) => Tensor {
  if (typeof reduction === 'function') return reduction as (x: Tensor) => Tensor
  const known = typeof reduction === 'string' && Object.hasOwn(REDUCERS, reduction)
  if (known) return REDUCERS[reduction] as (x: Tensor) => Tensor
  throw patternError(
    'reduce',
    text,
    `there is no reduction ${show(reduction)}`,
    `use ${Object.keys(REDUCERS).join(', ')} or a function of the tensor and the axes`,
  )
}

function checkReduced(text: string, y: unknown, rank: number): void {
  if (isTensor(y) && y.ndim === rank) return
  throw patternError(
    'reduce',
    text,
    `the reduction gave ${show(y)}, not a tensor without the reduced axes`,
    'return for example x.sum(axes)',
  )
}

function checkSizes({ op, text, left, right }: Pattern, sizes: AxisSizes): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (!left.flat().includes(name) && !right.flat().includes(name)) {
      throw patternError(
        op,
        text,
        `the pattern has no axis '${name}', of which the size is given`,
        'leave it out, or name the axis in the pattern',
      )
    }
    if (!Number.isSafeInteger(size) || size < 0) {
      throw patternError(
        op,
        text,
        `the size of '${name}' is ${show(size)}`,
        'sizes are whole numbers',
      )
    }
  }
}

/** With names in place of an ellipsis: as many as the tensor has axes beside the others. */
function spread({ op, text, left }: Pattern, side: readonly Group[], x: Tensor): readonly Group[] {
  const open = left.some((group) => group.includes(DOTS))
  const count = x.ndim - left.length + Number(open)
  if (count < 0 || (count > 0 && !open)) {
    throw new ShapeError(
      op,
      [
        { name: 'pattern', description: show(text) },
        { name: 'x', description: show(x) },
      ],
      `the tensor has ${x.ndim} axes, the left side ${open ? 'at least ' : ''}${left.length - Number(open)}`,
      "name every axis, or write '...' for the others",
    )
  }
  const names = Array.from({ length: count }, (_, i) => `${DOTS}${i}`)
  return side.flatMap((group) => {
    if (group.includes(DOTS)) return names.map((name) => [name])
    return [group.flatMap((axis) => (axis === INNER_DOTS ? names : [axis]))]
  })
}

/** The sizes of all names, from the shape and from what is given. */
function axisLengths(
  pattern: Pattern,
  left: readonly Group[],
  x: Tensor,
  sizes: AxisSizes,
): Map<string, number> {
  const { op, text } = pattern
  const lengths = new Map(Object.entries(sizes))
  left.forEach((group, i) => {
    const size = x.shape[i] as number
    const open = group.filter((axis) => typeof axis === 'string' && !lengths.has(axis))
    const known = numElements(
      group.filter((axis) => !open.includes(axis)).map((axis) => lengthOf(lengths, axis)),
    )
    if (open.length > 1) {
      throw patternError(
        op,
        text,
        `the sizes of ${open.map((axis) => `'${axis}'`).join(' and ')} cannot both follow from ${size}`,
        `give one of them: { ${open[0]}: … }`,
      )
    }
    const [name] = open as [string | undefined]
    if (name === undefined ? known !== size : known === 0 || size % known !== 0) {
      throw new ShapeError(
        op,
        [
          { name: 'pattern', description: show(text) },
          { name: 'x', description: show(x) },
          { name: 'sizes', description: JSON.stringify(sizes) },
        ],
        name === undefined
          ? `axis ${i} has size ${size}, the pattern says ${known}`
          : `axis ${i} of size ${size} cannot be divided into parts of ${known} for '${name}'`,
        'check the sizes that are given, and the order of the axes',
      )
    }
    if (name !== undefined) lengths.set(name, size / known)
  })
  const unknown = pattern.right
    .flat()
    .find((axis) => typeof axis === 'string' && !axis.includes(DOTS) && !lengths.has(axis))
  if (unknown !== undefined) {
    throw patternError(
      op,
      text,
      `the new axis '${unknown}' has no size`,
      `give it: { ${unknown}: … }`,
    )
  }
  return lengths
}

/** With the axes of `wanted` that are new, expanded to their sizes. */
function withNewAxes(
  y: Tensor,
  wanted: readonly PatternAxis[],
  old: readonly PatternAxis[],
  lengths: Lengths,
): Tensor {
  const full = wanted.map((axis) => lengthOf(lengths, axis))
  const ones: Shape = full.map((size, i) => (old.includes(wanted[i] as PatternAxis) ? size : 1))
  return y.reshape(ones).expand(checkShape('repeat', full))
}
