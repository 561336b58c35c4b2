/** Elements written, added or reduced where an index tensor says, one by one along an axis. */
import type { Arguments } from '../arguments.ts'
import { isNamed, parameters } from '../arguments.ts'
import type { DType } from '../dtype.ts'
import type { Operand } from '../elementwise.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ValueError } from '../errors.ts'
import type { MethodTable } from '../methods.ts'
import { defineOp, needs, run, runInPlace } from '../op.ts'
import { show } from '../show.ts'
import type { AnyDType } from '../tensor.ts'
import { Tensor } from '../tensor.ts'
import { axisOf, requireInside, withAxis } from './gathering.ts'
import type { Value } from './index-groups.ts'
import { asOperand, reportedAs, requireFits, requireIndex } from './index-groups.ts'
import type { Reduction } from './scatter-reduce.ts'
import { reducePlaces, reductionNamed } from './scatter-reduce.ts'

interface ScatterParams {
  axis: number
  /** Add to what is there? Else it is overwritten. */
  add: boolean
}

const scatterOp = defineOp<'input' | 'index' | 'src', ScatterParams>(
  'scatter',
  ['input', 'index', 'src'],
  {
    derivative: {
      input: needs(['index'], (grad, { index }, { params }) =>
        params.add
          ? grad
          : write('scatter', grad, index as Tensor, 0, { ...params, add: false }, false),
      ),
      index: 'non-differentiable',
      src: needs(['index'], (grad, { index }, { params }) =>
        grad.gather(params.axis, index as Tensor),
      ),
    },
  },
)

/** Writes or adds: to `input`, or to a copy. */
function write(
  op: string,
  input: Tensor,
  index: Tensor,
  src: Operand,
  params: ScatterParams,
  inPlace: boolean,
): Tensor {
  const numbers = [params.axis, params.add ? 1 : 0]
  const inputs = [input, index, src]
  if (!inPlace) return run(scatterOp, inputs, input._shape, input._dtype, numbers, params)
  runInPlace(scatterOp, [input], inputs, numbers, params, input._dtype, op)
  return input
}

/** What is done where several elements meet, or with what is there. */
type Mode = 'write' | Reduction

/**
 * Common to all forms of scatter. `includeSelf` says whether what was in a place before takes part
 * in a reduction. @internal
 */
export function scatterInto(
  op: string,
  input: Tensor,
  dim: unknown,
  index: unknown,
  src: Operand,
  mode: Mode,
  inPlace: boolean,
  includeSelf = true,
): Tensor {
  requireTensor(op, 'input', input)
  requireIndex(op, index)
  const axis = axisOf(op, dim, input)
  let source: Operand = src
  if (src instanceof Tensor) {
    if (src._dtype !== input._dtype) {
      throw new DTypeError(
        op,
        { input, src },
        `src must have the dtype of the input, ${input.dtype}`,
        `convert: src.to('${input.dtype}')`,
      )
    }
  } else {
    requireFits(op, src, input)
  }
  if (input.ndim === 0 || index.ndim === 0) {
    const places = withAxis(index)
    const from = src instanceof Tensor ? withAxis(src) : src
    const target = withAxis(input)
    const written = scatterInto(op, target, axis, places, from, mode, inPlace, includeSelf)
    return inPlace ? input : written.reshape(input._shape)
  }
  if (index.numel() === 0) return inPlace ? input : input.clone()
  requireInside(op, index, input, axis, 'input')
  if (src instanceof Tensor) {
    requireInside(op, index, src, -1, 'src')
    source = index._shape.reduce(
      (part, size, i) => (size < (part._shape[i] as number) ? part.narrow(i, 0, size) : part),
      src,
    )
  }
  return reportedAs(op, () => {
    if (mode === 'write') return write(op, input, index, source, { axis, add: false }, inPlace)
    if (mode !== 'sum') {
      return reducePlaces(op, input, axis, index, source, mode, includeSelf, inPlace)
    }
    const base = includeSelf ? input : write(op, input, index, 0, { axis, add: false }, inPlace)
    return write(op, base, index, source, { axis, add: true }, inPlace)
  })
}

interface ScatterIndex {
  /** The indexed axis. */
  dim: number
  /** Where on that axis each element goes. */
  index: Tensor
}

export interface ScatterOptions {
  /** Add to or multiply with what is there; by default it is overwritten. */
  reduce?: 'add' | 'multiply' | null
}

export interface ScatterSourceOptions extends ScatterIndex, ScatterOptions {
  /** What is written. */
  src: Tensor | number | boolean
}

export interface ScatterValueOptions extends ScatterIndex, ScatterOptions {
  /** What is written everywhere. */
  value: number | boolean
}

/** What `scatter` takes after its tensor; `src` by name is also called `value`. */
export type ScatterArguments =
  | Arguments<ScatterSourceOptions, ['dim', 'index', 'src', 'reduce']>
  | Arguments<ScatterValueOptions, ['dim', 'index', 'value', 'reduce']>

const readScatter = parameters<[number, Tensor, Value, string | null]>('scatter', [
  'dim',
  'index',
  'src',
  'reduce',
])

const MODES: Record<string, Mode> = { add: 'sum', multiply: 'prod' }

function scatterForm(
  op: string,
  input: Tensor,
  given: readonly unknown[],
  inPlace: boolean,
): Tensor {
  const last = given.at(-1)
  let args = given
  if (isNamed(last) && 'value' in last && !('src' in last)) {
    const { value, ...others } = last
    args = [...given.slice(0, -1), { ...others, src: value }]
  }
  const [dim, index, src, reduce = null] = readScatter(args)
  const mode = reduce === null ? 'write' : Object.hasOwn(MODES, reduce) ? MODES[reduce] : undefined
  if (mode === undefined) {
    throw new ValueError(
      op,
      [],
      `reduce must be 'add' or 'multiply', not ${show(reduce)}`,
      'scatterReduce() knows more',
    )
  }
  return scatterInto(op, input, dim, index, asOperand(op, 'src', src), mode, inPlace)
}

/**
 * A copy of `input` with the elements of `src` (or one number) written where `index` says:
 * out[i][index[i][j][k]][k] = src[i][j][k] for dim 1. Where several go to one place, the last counts;
 * with `reduce` they are added or multiplied, in order.
 *
 * Shapes: index has as many axes as input, and is no larger, except on axis `dim`; src is at least as
 * large as index. Dtype: that of input, which src must have.
 *
 * @throws {IndexError} naming an index out of range. @throws {ShapeError, DTypeError, ValueError}
 * @see torch.scatter
 */
export function scatter<D extends DType>(input: Tensor<D>, ...given: ScatterArguments): Tensor<D> {
  return scatterForm('scatter', input, given, false)
}

export interface ScatterAddOptions extends ScatterIndex {
  /** What is added. */
  src: Tensor
}

/** What `scatterAdd` takes after its tensor. */
export type ScatterAddArguments = Arguments<ScatterAddOptions, ['dim', 'index', 'src']>

const readScatterAdd = parameters<[number, Tensor, Tensor]>('scatterAdd', ['dim', 'index', 'src'])

function scatterAddForm(
  op: string,
  input: Tensor,
  given: readonly unknown[],
  inPlace: boolean,
): Tensor {
  const [dim, index, src] = readScatterAdd(given)
  requireTensor(op, 'src', src)
  return scatterInto(op, input, dim, index, src, 'sum', inPlace)
}

/**
 * {@link scatter} that adds: out[i][index[i][j][k]][k] += src[i][j][k] for dim 1.
 *
 * @throws {IndexError} naming an index out of range. @throws {ShapeError, DTypeError}
 * @see torch.scatter_add
 */
export function scatterAdd<D extends DType>(
  input: Tensor<D>,
  ...given: ScatterAddArguments
): Tensor<D> {
  return scatterAddForm('scatterAdd', input, given, false)
}

export interface ReduceSwitch {
  /** Does what was in a place before take part? Default true. */
  includeSelf?: boolean
}

export interface ScatterReduceOptions extends ScatterAddOptions, ReduceSwitch {
  /** How elements that meet are combined. */
  reduce: Reduction
}

/** What `scatterReduce` takes after its tensor. */
export type ScatterReduceArguments = Arguments<
  ScatterReduceOptions,
  ['dim', 'index', 'src', 'reduce', 'includeSelf']
>

const readScatterReduce = parameters<[number, Tensor, Tensor, string, boolean]>('scatterReduce', [
  'dim',
  'index',
  'src',
  'reduce',
  'includeSelf',
])

function scatterReduceForm(
  op: string,
  input: Tensor,
  given: readonly unknown[],
  inPlace: boolean,
): Tensor {
  const [dim, index, src, reduce, includeSelf = true] = readScatterReduce(given)
  requireTensor(op, 'src', src)
  const mode = reductionNamed(op, reduce)
  return scatterInto(op, input, dim, index, src, mode, inPlace, includeSelf)
}

/**
 * A copy of `input` in which each place that `index` names holds the sum, product, mean, maximum or
 * minimum of what was there and all elements of `src` that go there (see {@link scatter}); without
 * `includeSelf`, of the latter alone. Places that are not named keep what they have.
 *
 * Shapes: as scatter's. Dtype: that of input, which src must have; a mean of integers is rounded
 * down. Maxima and minima are NaN where an element is; equal ones share the gradient.
 *
 * @throws {IndexError} naming an index out of range. @throws {ShapeError, DTypeError}
 * @throws {ValueError} for another `reduce`.
 * @see torch.scatter_reduce
 */
export function scatterReduce<D extends DType>(
  input: Tensor<D>,
  ...given: ScatterReduceArguments
): Tensor<D> {
  return scatterReduceForm('scatterReduce', input, given, false)
}

export interface ScatteringMethods<D extends DType = AnyDType> {
  /** See {@link scatter}. */
  scatter(...given: ScatterArguments): Tensor<D>
  /** {@link scatter}, writing into this tensor. */
  scatter_(...given: ScatterArguments): Tensor<D>
  /** See {@link scatterAdd}. */
  scatterAdd(...given: ScatterAddArguments): Tensor<D>
  /** {@link scatterAdd}, adding to this tensor. */
  scatterAdd_(...given: ScatterAddArguments): Tensor<D>
  /** See {@link scatterReduce}. */
  scatterReduce(...given: ScatterReduceArguments): Tensor<D>
  /** {@link scatterReduce}, writing into this tensor. */
  scatterReduce_(...given: ScatterReduceArguments): Tensor<D>
}

export const scatteringMethods: MethodTable<ScatteringMethods> = {
  scatter,
  scatter_: (self, ...given) => scatterForm('scatter_', self, given, true),
  scatterAdd,
  scatterAdd_: (self, ...given) => scatterAddForm('scatterAdd_', self, given, true),
  scatterReduce,
  scatterReduce_: (self, ...given) => scatterReduceForm('scatterReduce_', self, given, true),
}
