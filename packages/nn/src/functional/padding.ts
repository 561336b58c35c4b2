/** Padding: by a value, or by what the input holds. */
import { autocasting, inAutocast, show } from '@flambeau/core/internal'
import type { Tensor } from '@flambeau/core'
import { constantPadNd, ShapeError, tensor, ValueError } from '@flambeau/core'
import type { Arguments } from '@flambeau/core/internal'
import { parameters } from '@flambeau/core/internal'
import { requireTensor } from './inputs.ts'

/** What new positions hold: a value, the input mirrored without its edge, its edge, or its other end. */
export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular'

export interface PadOptions {
  /** Positions to add before and after, for the last axis first; negative ones take away. */
  pad: readonly number[]
  /** Default 'constant'. */
  mode?: PadMode
  /** What new positions hold, for the mode 'constant'. Default null: 0. */
  value?: number | null
}

const NAMES = ['pad', 'mode', 'value'] as const
const readPad = parameters<[readonly number[], PadMode, number | null]>('pad', NAMES)

type Indices = (size: number, before: number, after: number) => number[]

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)

/** Where each position of a padded axis comes from. */
const sources: Record<Exclude<PadMode, 'constant'>, Indices> = {
  replicate: (size, before, after) =>
    range(-before, size + after).map((i) => Math.min(Math.max(i, 0), size - 1)),
  reflect: (size, before, after) =>
    range(-before, size + after).map((i) => {
      const inside = Math.abs(i)
      return inside < size ? inside : 2 * (size - 1) - inside
    }),
  // What is taken away at one end is not there for the other one.
  circular: (size, before, after) => {
    const kept = range(Math.max(-before, 0), size - Math.max(-after, 0))
    const head = before > 0 ? kept.slice(kept.length - before) : []
    const tail = after > 0 ? kept.slice(0, after) : []
    return [...head, ...kept, ...tail]
  },
}

function fail(input: Tensor, rule: string, fix: string): never {
  throw new ShapeError('pad', { input }, rule, fix)
}

function requireRoom(
  input: Tensor,
  axis: number,
  before: number,
  after: number,
  mode: PadMode,
): void {
  const size = input.shape[axis] as number
  const most = mode === 'reflect' ? size - 1 : mode === 'circular' ? size : Infinity
  if (size === 0)
    fail(input, `axis ${axis} is empty: there is nothing to pad with`, 'pad by a value')
  if (Math.max(before, after) > most) {
    fail(
      input,
      `mode '${mode}' can add at most ${most} to axis ${axis} (of ${size}), not ${Math.max(before, after)}`,
      'pad less, or replicate the edge',
    )
  }
  // Taking everything away would leave nothing to look at.
  if (size + before + after < 1 || -before > size || -after > size) {
    fail(
      input,
      `${before} before and ${after} after leave nothing of axis ${axis} (of ${size})`,
      'take away less',
    )
  }
  if (
    mode === 'circular' &&
    size + Math.min(before, 0) + Math.min(after, 0) < Math.max(before, after)
  ) {
    fail(input, `what is left of axis ${axis} is shorter than the padding`, 'pad less')
  }
}

/**
 * With positions added around (or taken away from) the last axes.
 *
 * Shapes: input `[*, n]`, pad [before, after, …] with the last axis first -> `[*, n + before + after]`.
 * Modes but 'constant' pad the last 1, 2 or 3 axes of inputs that have one or two axes more.
 * Dtype: kept.
 *
 * @throws {ValueError} if `pad` does not hold two whole numbers per axis, or for another mode.
 * @throws {ShapeError} if a mode cannot pad this input so far, or nothing would be left.
 * @see torch.nn.functional.pad
 *
 * @example
 * ```ts
 * import { tensor } from '@flambeau/core'
 * import { functional as F } from '@flambeau/nn'
 * console.log(F.pad(tensor([[1, 2, 3]]), [2, 1], 'reflect')) // => tensor([[3, 2, 1, 2, 3, 2]])
 * ```
 */
export function pad(input: Tensor, ...given: Arguments<PadOptions, typeof NAMES>): Tensor {
  const op = 'pad'
  requireTensor(op, 'input', input)
  const [sizes = [], mode = 'constant', value = null] = readPad(given)
  if (mode === 'constant') return constantPadNd(input, sizes, value ?? 0)
  if (autocasting.on && mode !== 'circular') {
    return inAutocast('padReflecting', pad, [input, ...given])
  }
  const indices = (sources as Partial<Record<string, Indices>>)[mode]
  if (indices === undefined) {
    throw new ValueError(
      op,
      { input },
      `there is no mode ${show(mode)}`,
      "use 'constant', 'reflect', 'replicate' or 'circular'",
    )
  }
  if (value !== null && value !== 0) {
    throw new ValueError(op, { input }, `mode '${mode}' takes no value`, 'leave the value out')
  }
  const axes = Array.isArray(sizes) ? sizes.length / 2 : 0
  if (![1, 2, 3].includes(axes) || !sizes.every(Number.isSafeInteger)) {
    throw new ValueError(
      op,
      { input },
      `pad is a list of 2, 4 or 6 whole numbers, not ${show(sizes)}`,
      'pad: [left, right, top, bottom]',
    )
  }
  if (input.ndim !== axes + 1 && input.ndim !== axes + 2) {
    fail(
      input,
      `${2 * axes} numbers pad an input with ${axes + 1} or ${axes + 2} axes, not ${input.ndim}`,
      'add axes with unsqueeze()',
    )
  }
  const channels = input.shape[input.ndim - axes - 1]
  if (channels === 0) fail(input, 'there are no channels', 'only the batch may be empty')
  let padded = input
  for (let i = 0; i < axes; i++) {
    const axis = input.ndim - 1 - i
    const before = sizes[2 * i] as number
    const after = sizes[2 * i + 1] as number
    requireRoom(input, axis, before, after, mode)
    if (before === 0 && after === 0) continue
    const list = indices(input.shape[axis] as number, before, after)
    padded = padded.indexSelect(axis, tensor(list, { dtype: 'int64', device: input.device }))
  }
  return padded === input ? input.clone() : padded
}
