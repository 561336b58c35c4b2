/** How often values occur. */
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { fullCode } from '../creation.ts'
import { BOOL, dtypeName, FLOAT32, FLOAT64, INT64, isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import type { NamedResult } from '../named-result.ts'
import { namedResult } from '../named-result.ts'
import { defineOp, run } from '../op.ts'
import { linspace } from '../ranges.ts'
import { internally } from '../scope.ts'
import { sameShape } from '../shape.ts'
import { requireCount } from '../requirements.ts'
import { show } from '../show.ts'
import { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { flag } from './reduce-axes.ts'

const bincountOp = defineOp('bincount', ['input', 'weights'], {
  derivative: { input: 'non-differentiable', weights: 'non-differentiable' },
})

export interface BincountOptions {
  /** What each number counts for, `[n]`. Default 1. */
  weights?: Tensor | null
  /** The least size of the result. Default 0. */
  minlength?: number
}

const readBincount = parameters<[Tensor | null, number]>('bincount', ['weights', 'minlength'])

/**
 * How often each of the numbers 0, 1, … occurs, or the sum of its weights.
 *
 * Shapes: input `[n]`, weights `[n]` -> `[max(minlength, 1 + max(input))]`. Dtype: int64; float32
 * with float32 weights and float64 with others.
 *
 * @throws {DTypeError} unless the input is of integers. @throws {ShapeError} if it has several axes,
 * or the weights have another size. @throws {ValueError} for a negative number.
 * @see torch.bincount
 */
export function bincount(
  input: Tensor,
  ...given: Arguments<BincountOptions, ['weights', 'minlength']>
): Tensor {
  const [weights = null, minlength] = readBincount(given)
  requireTensor('bincount', 'input', input)
  const least = minlength ?? 0
  requireCount('bincount', 'minlength', least)
  if (isFloatingCode(input._dtype) || input._dtype === BOOL) {
    throw new DTypeError(
      'bincount',
      { input },
      `counts integers, not ${input.dtype}`,
      'convert the input first: x.long().bincount()',
    )
  }
  if (weights !== null) requireTensor('bincount', 'weights', weights)
  if (input.ndim !== 1 || (weights !== null && !sameShape(weights._shape, input._shape))) {
    throw new ShapeError(
      'bincount',
      { input, weights },
      'input has one axis, and weights has the same size',
      'flatten both with reshape(-1)',
    )
  }
  if (input.numel() === 0) return fullCode([least], 0, INT64, input)
  return internally(() => {
    const smallest = input.amin().item()
    if (smallest < 0) {
      throw new ValueError(
        'bincount',
        { input },
        `counts numbers from 0 on, but there is ${smallest}`,
        'subtract the smallest number first',
      )
    }
    const size = Math.max(least, input.amax().item() + 1)
    if (weights === null) return run(bincountOp, [input, null], [size], INT64)
    const dtype = weights._dtype === FLOAT32 ? FLOAT32 : FLOAT64
    return run(bincountOp, [input, castCode(weights.detach(), dtype)], [size], dtype)
  })
}

const histogramOp = defineOp('histogram', ['input', 'edges', 'weight'], {
  derivative: {
    input: 'non-differentiable',
    edges: 'non-differentiable',
    weight: 'non-differentiable',
  },
})

// How bins are found, as the kernel knows it: PyTorch's two functions differ at their borders.
const UNIFORM = 0
const UNIFORM_BY_EDGES = 1
const BY_EDGES = 2

function count(input: Tensor, edges: Tensor, weight: Tensor | null, kind: number): Tensor {
  const inputs = [input.detach().reshape(-1), edges.detach(), weight && weight.detach().reshape(-1)]
  return run(histogramOp, inputs, [edges.numel() - 1], input._dtype, [kind])
}

function requireFloats(op: string, input: Tensor): void {
  requireTensor(op, 'input', input)
  if (isFloatingCode(input._dtype)) return
  throw new DTypeError(
    op,
    { input },
    `is for floating dtypes, not ${input.dtype}`,
    `convert the input first: x.float().${op}(…)`,
  )
}

/** The range of the elements, or around their one value; [0, 1] of nothing. */
function rangeOf(op: string, input: Tensor, around: number): [number, number] {
  if (input.numel() === 0) return [0, 1]
  const low = input.detach().amin().item()
  const high = input.detach().amax().item()
  if (!Number.isFinite(low) || !Number.isFinite(high)) {
    throw new ValueError(
      op,
      { input },
      `the range of the elements, [${low}, ${high}], is not finite`,
      'name a finite range',
    )
  }
  return low === high ? [low - around, high + around] : [low, high]
}

function requireRange(op: string, low: unknown, high: unknown): void {
  if (typeof low !== 'number' || typeof high !== 'number') {
    throw new ValueError(op, [], `a range has two numbers, not ${show([low, high])}`, '[0, 1]')
  }
  if (Number.isFinite(low) && Number.isFinite(high) && low <= high) return
  throw new ValueError(
    op,
    [],
    `the range [${low}, ${high}] is not one from a smaller to a larger finite number`,
    'name the smaller end first',
  )
}

export interface HistcOptions {
  /** The number of bins. Default 100. */
  bins?: number
  /** Where the first bin begins. Default 0. */
  min?: number
  /** Where the last bin ends; where it equals min, the range is that of the elements. Default 0. */
  max?: number
}

const readHistc = parameters<[number, number, number]>('histc', ['bins', 'min', 'max'])

/**
 * How many elements are in each of `bins` bins of the same width from `min` to `max`; others and NaN
 * are not counted.
 *
 * Shapes: input `[*]` -> `[bins]`. Dtype: that of the input, which must be floating.
 *
 * @throws {DTypeError} if the input is not floating. @throws {ValueError} for bins or a range that
 * make no sense.
 * @see torch.histc
 */
export function histc(
  input: Tensor,
  ...given: Arguments<HistcOptions, ['bins', 'min', 'max']>
): Tensor {
  const [bins, min = 0, max = 0] = readHistc(given)
  requireFloats('histc', input)
  const size = bins ?? 100
  requireCount('histc', 'bins', size, 1)
  requireRange('histc', min, max)
  return internally(() => {
    const [low, high] = min === max ? rangeOf('histc', input, 1) : [min, max]
    return count(input, edgesOf(input, low, high, size), null, UNIFORM)
  })
}

function edgesOf(input: Tensor, low: number, high: number, bins: number): Tensor {
  return linspace(low, high, bins + 1, { dtype: dtypeName(input._dtype), device: input.device })
}

export interface HistogramOptions {
  /** The number of bins, or their edges in ascending order `[bins + 1]`. */
  bins: number | Tensor
  /** Where the first of a number of bins begins and the last one ends. Default: the elements'. */
  range?: readonly [number, number] | null
  /** What each element counts for, like input. Default 1. */
  weight?: Tensor | null
  /** Divide by the total and the width of each bin, so that the integral is 1. Default false. */
  density?: boolean
}

/** Counts, or densities, and the edges between bins. */
export type Histogram = NamedResult<readonly ['hist', 'binEdges']>

const readHistogram = parameters<
  [number | Tensor, readonly [number, number] | null, Tensor | null, boolean]
>('histogram', ['bins', 'range', 'weight', 'density'])

/** @throws {ShapeError, DTypeError, ValueError} unless `edges` alone makes bins for `input`. */
function requireEdges(input: Tensor, edges: Tensor, range: unknown): void {
  if (range !== null) {
    throw new ValueError(
      'histogram',
      { input, bins: edges },
      'the edges of bins say the range',
      'leave range out, or name the number of bins',
    )
  }
  if (edges.ndim !== 1 || edges.numel() < 2) {
    throw new ShapeError(
      'histogram',
      { input, bins: edges },
      'edges of bins are a tensor [bins + 1]',
      'pass tensor([0, 1, 2]) for two bins',
    )
  }
  if (edges._dtype === input._dtype) return
  throw new DTypeError(
    'histogram',
    { input, bins: edges },
    `the edges have the dtype of the input (${input.dtype}), not ${edges.dtype}`,
    `convert them: edges.to('${input.dtype}')`,
  )
}

function requireWeight(input: Tensor, weight: Tensor): void {
  requireTensor('histogram', 'weight', weight)
  if (weight._dtype === input._dtype && sameShape(weight._shape, input._shape)) return
  throw new ShapeError(
    'histogram',
    { input, weight },
    'each element has a weight of its dtype',
    'give weight the shape and the dtype of the input',
  )
}

/**
 * How many elements, or which total weight, is in each bin. Bins contain their left edge, the last
 * one also its right edge; elements outside and NaN are not counted.
 *
 * Shapes: input `[*]` -> hist `[bins]` and binEdges `[bins + 1]`. Dtype: that of the input, which
 * must be floating.
 *
 * @throws {DTypeError} if the input is not floating. @throws {ShapeError} if edges or weight do not
 * fit. @throws {ValueError} for bins or a range that make no sense.
 * @see torch.histogram
 *
 * @example
 * ```ts
 * import { histogram, tensor } from '@flambeau/core'
 * const { hist, binEdges } = histogram(tensor([0.5, 1.5, 1.75]), 2, { range: [0, 2] })
 * console.log(hist.tolist(), binEdges.tolist()) // [ 1, 2 ] [ 0, 1, 2 ]
 * ```
 */
export function histogram(
  input: Tensor,
  ...given: Arguments<HistogramOptions, ['bins', 'range', 'weight', 'density']>
): Histogram {
  const [bins, range = null, weight = null, density] = readHistogram(given)
  requireFloats('histogram', input)
  const divides = flag('histogram', 'density', density, false)
  if (weight !== null) requireWeight(input, weight)
  return internally(() => {
    if (bins instanceof Tensor) requireEdges(input, bins, range)
    const edges = bins instanceof Tensor ? bins : edgesFor(input, bins, range)
    const kind = bins instanceof Tensor ? BY_EDGES : UNIFORM_BY_EDGES
    const hist = count(input, edges, weight, kind)
    if (!divides) return namedResult(['hist', 'binEdges'], [hist, edges])
    const n = edges.numel() - 1
    const widths = edges.narrow(0, 1, n).sub(edges.narrow(0, 0, n))
    return namedResult(['hist', 'binEdges'], [hist.div(hist.sum()).div(widths), edges])
  })
}

function edgesFor(
  input: Tensor,
  bins: number | undefined,
  range: readonly [number, number] | null,
): Tensor {
  requireCount('histogram', 'bins', bins, 1)
  if (range === null) return edgesOf(input, ...rangeOf('histogram', input, 0.5), bins)
  if (!Array.isArray(range) || range.length !== 2) {
    throw new ValueError('histogram', [], `a range has two numbers, not ${show(range)}`, '[0, 1]')
  }
  const [low, high] = range
  requireRange('histogram', low, high)
  return low === high
    ? edgesOf(input, low - 0.5, high + 0.5, bins)
    : edgesOf(input, low, high, bins)
}

export interface HistogramMethods {
  /** See {@link bincount}. */
  bincount(...given: Arguments<BincountOptions, ['weights', 'minlength']>): Tensor
  /** See {@link histc}. */
  histc(...given: Arguments<HistcOptions, ['bins', 'min', 'max']>): Tensor
  /** See {@link histogram}. */
  histogram(
    ...given: Arguments<HistogramOptions, ['bins', 'range', 'weight', 'density']>
  ): Histogram
}

export const histogramMethods: MethodTable<HistogramMethods> = { bincount, histc, histogram }
