/** Connectionist temporal classification: the loss of sequences without alignment. */
import { autocasting, inAutocast } from '../autocast-dispatch.ts'
import type { Arguments } from '../arguments.ts'
import { parameters } from '../arguments.ts'
import { onesLike, tensor } from '../creation.ts'
import { INT64, isFloatingCode } from '../dtype.ts'
import { requireTensor } from '../elementwise.ts'
import { DTypeError, ShapeError, ValueError } from '../errors.ts'
import type { SavedInputs } from '../op.ts'
import { defineOp, isRecording, needs, run, runMany } from '../op.ts'
import { show } from '../show.ts'
import { Tensor } from '../tensor.ts'
import { castCode } from './cast.ts'
import { transferred } from './transfer.ts'
import type { CtcInputs } from './ctc-alignments.ts'
import { differentiableGrad, mostPlaces } from './ctc-alignments.ts'
import type { AnyReduction } from './loss-rule.ts'
import { reduceLoss, reductionOf } from './loss-rule.ts'

interface CtcParams {
  blank: number
  zeroInfinity: boolean
}

const INPUTS = ['logProbs', 'targets', 'inputLengths', 'targetLengths'] as const

function inputsOf(saved: SavedInputs): CtcInputs {
  const [logProbs, targets, inputLengths, targetLengths] = INPUTS.map((name) => saved[name])
  return { logProbs, targets, inputLengths, targetLengths } as CtcInputs
}

// The second output holds the sums over alignments up to each step.
const ctcLossOp = defineOp<(typeof INPUTS)[number], CtcParams>('ctcLoss', INPUTS, {
  outputs: 2,
  derivative: {
    needs: [...INPUTS, 'out0', 'out1'],
    formula: ([grad], saved, { params }) => {
      if (!grad) return []
      const inputs = inputsOf(saved)
      // Gradients of gradients go through operations that have some.
      if (isRecording()) return [differentiableGrad(grad, inputs, params), null, null, null]
      const { out0, out1 } = saved
      return [ctcLossGrad(grad, inputs, out0 as Tensor, out1 as Tensor, params), null, null, null]
    },
  },
})

const ctcLossGradOp = defineOp<'grad' | (typeof INPUTS)[number] | 'loss' | 'sums', CtcParams>(
  'ctcLossGrad',
  ['grad', ...INPUTS, 'loss', 'sums'],
  {
    derivative: {
      grad: needs([...INPUTS, 'grad', 'loss', 'sums'], (v, saved, { params }) => {
        const one = onesLike(saved['grad'] as Tensor)
        const { loss, sums } = saved
        const each = ctcLossGrad(one, inputsOf(saved), loss as Tensor, sums as Tensor, params)
        return v.mul(each).sum([0, 2])
      }),
      logProbs: 'non-differentiable',
      targets: 'non-differentiable',
      inputLengths: 'non-differentiable',
      targetLengths: 'non-differentiable',
      loss: 'non-differentiable',
      sums: 'non-differentiable',
    },
  },
)

function ctcLossGrad(
  grad: Tensor,
  { logProbs, targets, inputLengths, targetLengths }: CtcInputs,
  loss: Tensor,
  sums: Tensor,
  params: CtcParams,
): Tensor {
  const inputs = [grad, logProbs, targets, inputLengths, targetLengths, loss, sums]
  const numbers = [params.blank, params.zeroInfinity ? 1 : 0]
  return run(ctcLossGradOp, inputs, logProbs._shape, logProbs._dtype, numbers, params)
}

/** Lengths of sequences: a list of them, or one for a single sequence. */
export type Lengths = Tensor | readonly number[] | number

/** Lengths as int64 `[n]`. */
function lengthsOf(op: string, name: string, lengths: Lengths, count: number): Tensor {
  if (!(lengths instanceof Tensor)) {
    const list = typeof lengths === 'number' ? [lengths] : lengths
    if (!Array.isArray(list) || !list.every((length) => Number.isSafeInteger(length))) {
      throw new ValueError(
        op,
        [{ name, description: show(lengths) }],
        `${name} are whole numbers`,
        'pass an array or a tensor of them',
      )
    }
    return lengthsOf(op, name, tensor(list as number[], { dtype: 'int64' }), count)
  }
  if (isFloatingCode(lengths._dtype)) {
    throw new DTypeError(op, { [name]: lengths }, `${name} must be integers`, "x.to('int64')")
  }
  const list = lengths.ndim === 0 ? lengths.reshape([1]) : lengths
  if (list.ndim !== 1 || list.numel() !== count) {
    throw new ShapeError(
      op,
      { [name]: lengths },
      `${name} must be [${count}], one for each sequence`,
      'the sequences are the axis 1 of logProbs',
    )
  }
  return castCode(list, INT64)
}

function checkScores(op: string, logProbs: Tensor, targets: Tensor): void {
  requireTensor(op, 'logProbs', logProbs)
  requireTensor(op, 'targets', targets)
  if (!isFloatingCode(logProbs._dtype)) {
    throw new DTypeError(op, { logProbs }, 'logProbs must be floating', 'logSoftmax() gives them')
  }
  if (logProbs.ndim !== 2 && logProbs.ndim !== 3) {
    throw new ShapeError(
      op,
      { logProbs, targets },
      `logProbs must be [T, N, C] or [T, C], but has ${logProbs.ndim} axes`,
      'the steps come first, the classes last',
    )
  }
  const batch = logProbs.ndim === 3 ? [1, 2] : [1]
  if (batch.includes(targets.ndim)) return
  throw new ShapeError(
    op,
    { logProbs, targets },
    logProbs.ndim === 3
      ? `targets must be [N, S], or all of them in a row, but has ${targets.ndim} axes`
      : `the target of one sequence must be [S], but has ${targets.ndim} axes`,
    'labels are class numbers',
  )
}

/** The loss with all arguments read. @internal */
function classifyTemporally(
  op: string,
  given: Tensor,
  targetsGiven: Tensor,
  lengths: { input: Lengths; target: Lengths },
  params: CtcParams,
  reduction: AnyReduction,
): Tensor {
  checkScores(op, given, targetsGiven)
  const kind = reductionOf(op, reduction)
  const unbatched = given.ndim === 2
  const logProbs = unbatched ? given.unsqueeze(1) : given
  const [steps, count, classes] = logProbs._shape as readonly [number, number, number]
  const { blank } = params
  if (!Number.isInteger(blank) || blank < 0 || blank >= classes) {
    throw new ValueError(
      op,
      { logProbs: given, blank },
      `blank must be a class in [0, ${classes}), not ${show(blank)}`,
      'it is usually 0',
    )
  }
  const targets = castCode(targetsGiven, INT64)
  if (targets.ndim === 2 && targets._shape[0] !== count) {
    throw new ShapeError(
      op,
      { logProbs: given, targets },
      `targets must have ${count} rows, one for each sequence`,
      'the sequences are the axis 1 of logProbs',
    )
  }
  // As in PyTorch, lengths and targets may be in the processor's memory.
  const there = (x: Tensor): Tensor => transferred(op, x, logProbs.device)
  const inputLengths = there(lengthsOf(op, 'inputLengths', lengths.input, count))
  const targetLengths = there(lengthsOf(op, 'targetLengths', lengths.target, count))
  const dtype = logProbs._dtype
  const places = mostPlaces(targetLengths)
  const [raw, sums] = runMany(
    ctcLossOp,
    [logProbs, targets, inputLengths, targetLengths],
    [
      { shape: [count], dtype },
      { shape: [count, steps, places], dtype },
    ],
    [blank],
    params,
  ) as [Tensor, Tensor]
  sums.dispose() // the graph keeps them
  let loss = raw
  if (params.zeroInfinity) loss = loss.maskedFill(loss.isinf(), 0)
  if (kind === 'mean') loss = loss.div(castCode(targetLengths.clampMin(1), dtype))
  const result = reduceLoss(loss, kind)
  return unbatched && kind === 'none' ? result.squeeze(0) : result
}

export interface CtcLossOptions {
  /** Class numbers, `[N, S]`, or those of all sequences in a row. */
  targets: Tensor
  /** How many steps of each sequence count, `[N]`. */
  inputLengths: Lengths
  /** How many labels each target has, `[N]`. */
  targetLengths: Lengths
  /** The class that stands for no label. Default 0. */
  blank?: number
  /**
   * `'none'`, `'mean'` or `'sum'`, or PyTorch's 0, 1, 2; the mean is that of the losses over the
   * lengths of their targets. Default 'none', as torch's function has it; nn.functional's has 'mean'.
   */
  reduction?: AnyReduction
  /** Make infinite losses 0, and their gradients too. Default false. */
  zeroInfinity?: boolean
}

const NAMES = [
  'targets',
  'inputLengths',
  'targetLengths',
  'blank',
  'reduction',
  'zeroInfinity',
] as const

const readCtcLoss = parameters<[Tensor, Lengths, Lengths, number, AnyReduction, boolean]>(
  'ctcLoss',
  NAMES,
)

/**
 * -log of the probability that the classes of a sequence, repetitions merged and blanks taken out,
 * are the target: infinite where the sequence is too short for it.
 *
 * The gradient is the one of PyTorch: right after a log-softmax, whose outputs these scores must be.
 *
 * Shapes: logProbs `[T, N, C]` or `[T, C]`, targets `[N, S]`, `[S]` or all in a row, lengths `[N]` or
 * `[]` -> `[N]` or `[]`, reduced to `[]`. Dtype: floating, kept; targets and lengths integers.
 *
 * @throws {ShapeError, DTypeError} if the operands do not fit. @throws {IndexError} for a label that is
 * no class. @throws {ValueError} for lengths, a blank or a reduction outside of their range.
 * @see torch.ctc_loss; Graves et al. 2006, https://www.cs.toronto.edu/~graves/icml_2006.pdf
 */
export function ctcLoss(
  logProbs: Tensor,
  ...given: Arguments<CtcLossOptions, typeof NAMES>
): Tensor {
  if (autocasting.on) return inAutocast('ctcLoss', ctcLoss, [logProbs, ...given])
  const read = readCtcLoss(given)
  const [targets, input, target, blank = 0, reduction = 'none', zeroInfinity = false] = read
  const lengths = { input: input as Lengths, target: target as Lengths }
  const params = { blank, zeroInfinity }
  return classifyTemporally('ctcLoss', logProbs, targets as Tensor, lengths, params, reduction)
}
