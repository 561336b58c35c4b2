/** Products, means and extremes of the elements that meet in a place: the hard part of scatterReduce. */
import type { Operand } from '../elementwise.ts'
import { AutogradError, DTypeError, ValueError } from '../errors.ts'
import { BOOL, INT64, isFloatingCode } from '../dtype.ts'
import type { BackwardInfo, SavedInputs } from '../op.ts'
import { defineOp, isRecording, run, runInPlace } from '../op.ts'
import { fullCode } from '../creation.ts'
import { show } from '../show.ts'
import { Tensor } from '../tensor.ts'

/** How elements that meet in one place are combined. */
export type Reduction = 'sum' | 'prod' | 'mean' | 'amax' | 'amin'

const REDUCTIONS: ReadonlySet<string> = new Set(['sum', 'prod', 'mean', 'amax', 'amin'])

/** The reduction of this name. @internal @throws {ValueError} if there is none. */
export function reductionNamed(op: string, name: unknown, without?: Reduction): Reduction {
  if (typeof name === 'string' && REDUCTIONS.has(name) && name !== without) return name as Reduction
  const names = [...REDUCTIONS].filter((other) => other !== without)
  throw new ValueError(
    op,
    [],
    `reduce must be one of ${names.join(', ')}, not ${show(name)}`,
    "reduce: 'amax'",
  )
}

interface ReduceParams {
  axis: number
  reduction: 'prod' | 'amax' | 'amin'
}

// What is in a place takes part; that it should not is arranged before.
const scatterReduceOp = defineOp<'input' | 'index' | 'src', ReduceParams>(
  'scatterReduce',
  ['input', 'index', 'src'],
  {
    derivative: {
      needs: ['input', 'index', 'src', 'out'],
      formula: ([grad], saved, info) => {
        if (!grad) return [null, null, null]
        return info.params.reduction === 'prod'
          ? productGradients(grad, saved, info)
          : extremeGradients(grad, saved, info)
      },
    },
  },
)

/** Numbers of the reductions in native/kernels/scatter_reduce.cc. */
const NUMBERS = { prod: 0, amax: 1, amin: 2 } as const

type Gradients = readonly [Tensor | null, null, Tensor | null]

/** Elements that equal the result share its gradient. */
function extremeGradients(
  grad: Tensor,
  { input, index, src, out }: SavedInputs,
  { params: { axis }, needed }: BackwardInfo<ReduceParams>,
): Gradients {
  const reached = (out as Tensor).gather(axis, index as Tensor)
  const own = (input as Tensor).eq(out as Tensor).to(grad.dtype)
  const theirs = (src as Tensor).eq(reached).to(grad.dtype)
  const share = grad.div(own.scatterAdd(axis, index as Tensor, theirs))
  return [
    needed[0] === true ? share.mul(own) : null,
    null,
    needed[2] === true ? share.gather(axis, index as Tensor).mul(theirs) : null,
  ]
}

/**
 * Each factor's gradient is that of the product times the other factors, which are the product
 * divided by the factor. Where the factor is the only 0 of its product, the others' product is
 * computed with a 1 in its place.
 */
function productGradients(
  grad: Tensor,
  saved: SavedInputs,
  { params: { axis }, needed }: BackwardInfo<ReduceParams>,
): Gradients {
  const { input, index, src, out } = saved as Saved
  return [
    needed[0] === true ? ownProductGradient(grad, axis, { input, index, src, out }) : null,
    null,
    needed[2] === true ? sourceProductGradient(grad, axis, { input, index, src, out }) : null,
  ]
}

interface Saved extends SavedInputs {
  input: Tensor
  index: Tensor
  src: Tensor
  out: Tensor
}

function ownProductGradient(grad: Tensor, axis: number, { input, index, src, out }: Saved): Tensor {
  const zero = input.eq(0)
  if (!zero.any().item()) return grad.mul(out.div(input))
  const factor = input.maskedFill(zero, 1)
  return grad.mul(factor.scatterReduce(axis, index, src, 'prod')).div(factor)
}

function sourceProductGradient(
  grad: Tensor,
  axis: number,
  { input, index, src, out }: Saved,
): Tensor {
  const zero = src.eq(0)
  const share = grad.mul(out).gather(axis, index)
  if (!zero.any().item()) return share.div(src)
  const met = fullCode(input._shape, 0, grad._dtype, grad)
    .scatterAdd(axis, index, zero.to(grad.dtype))
    .gather(axis, index)
  if (isRecording() && met.gt(1).any().item()) {
    throw new AutogradError(
      'scatterReduce',
      { input, index, src },
      'second derivatives of a product with several zeros are not computed',
      'add a small number to the source',
    )
  }
  const single = zero.logicalAnd(met.eq(1))
  const others = input.scatterReduce(axis, index, src.maskedFill(single, 1), 'prod')
  return grad
    .mul(others)
    .gather(axis, index)
    .where(single, share.div(src.maskedFill(zero, 1)))
}

function runReduction(
  op: string,
  input: Tensor,
  index: Tensor,
  src: Tensor,
  params: ReduceParams,
  inPlace: boolean,
): Tensor {
  const numbers = [params.axis, NUMBERS[params.reduction]]
  const inputs = [input, index, src]
  if (!inPlace) return run(scatterReduceOp, inputs, input._shape, input._dtype, numbers, params)
  // The derivative needs what is overwritten.
  const wanted = isRecording() && (input._requiresGrad || src._requiresGrad)
  if (wanted) inputs[0] = input.clone()
  runInPlace(scatterReduceOp, [input], inputs, numbers, params, input._dtype, op)
  return input
}

/** Sums divided by counts; those of integers are rounded down. */
function meanOf(
  input: Tensor,
  axis: number,
  index: Tensor,
  src: Operand,
  includeSelf: boolean,
  inPlace: boolean,
): Tensor {
  const floating = isFloatingCode(input._dtype)
  const count = fullCode(input._shape, includeSelf ? 1 : 0, floating ? input._dtype : INT64, index)
  count.scatter_(axis, index, 1, 'add')
  if (!includeSelf) count.clamp_(1)
  const options = floating ? {} : ({ roundingMode: 'floor' } as const)
  if (inPlace) {
    const base = includeSelf ? input : input.scatter_(axis, index, 0)
    return base.scatter_(axis, index, src, 'add').div_(count, options)
  }
  const base = includeSelf ? input : input.scatter(axis, index, 0)
  return base.scatter(axis, index, src, 'add').div(count, options).to(input.dtype)
}

const WORST = { amax: Number.NEGATIVE_INFINITY, amin: Number.POSITIVE_INFINITY } as const

/**
 * Elements of `src` combined with each other and, with `includeSelf`, with what is in their places.
 *
 * @internal @throws {DTypeError} for a mean of bools.
 */
export function reducePlaces(
  op: string,
  input: Tensor,
  axis: number,
  index: Tensor,
  src: Operand,
  reduction: Exclude<Reduction, 'sum'>,
  includeSelf: boolean,
  inPlace: boolean,
): Tensor {
  if (reduction === 'mean') {
    if (input._dtype !== BOOL) return meanOf(input, axis, index, src, includeSelf, inPlace)
    throw new DTypeError(op, { input }, 'bools have no mean', "convert: x.to('float32')")
  }
  const source = src instanceof Tensor ? src : fullCode(index._shape, src, input._dtype, index)
  let base = input
  if (!includeSelf) {
    // What does not count becomes what cannot matter; of integers, one of those that count.
    const neutral =
      reduction === 'prod' ? 1 : isFloatingCode(input._dtype) ? WORST[reduction] : source
    base = inPlace ? input.scatter_(axis, index, neutral) : input.scatter(axis, index, neutral)
  }
  return runReduction(op, base, index, source, { axis, reduction }, inPlace)
}
