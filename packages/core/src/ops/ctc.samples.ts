import { tensor } from '../creation.ts'
import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import type { CtcLossOptions } from './ctc.ts'
import { ctcLoss } from './ctc.ts'
import { logSoftmax } from './softmax.ts'

type Options = Omit<CtcLossOptions, 'targets' | 'inputLengths' | 'targetLengths'>

/** The loss of scores: the gradient is right behind a log-softmax only. */
const loss =
  (inputLengths: readonly number[], targetLengths: readonly number[], options: Options = {}) =>
  (x: Tensor, targets: Tensor): Tensor =>
    ctcLoss(logSoftmax(x, -1), targets, inputLengths, targetLengths, options)

const labels = (shape: readonly number[], values: readonly number[]) =>
  ({ shape, dtype: 'int64', values }) as const

samplesFor('ctcLoss', [
  { name: 'two sequences', golden: 'recurrent:ctc/none', run: loss([7, 5], [3, 2]) },
  {
    name: 'the mean by label',
    golden: 'recurrent:ctc/mean',
    run: loss([7, 5], [3, 2], { reduction: 'mean' }),
  },
  { name: 'the sum', golden: 'recurrent:ctc/sum', run: loss([7, 5], [3, 2], { reduction: 2 }) },
  {
    name: 'targets in a row, one of them empty',
    golden: 'recurrent:ctc/in a row',
    run: loss([6, 4, 6], [2, 0, 3]),
  },
  {
    name: 'another blank, lengths as tensors',
    golden: 'recurrent:ctc/another blank',
    run: (x: Tensor, targets: Tensor) =>
      ctcLoss(logSoftmax(x, 2), {
        targets,
        inputLengths: tensor([5, 5]),
        targetLengths: tensor([2, 2], { dtype: 'int32' }),
        blank: 2,
      }),
  },
  {
    name: 'one sequence',
    golden: 'recurrent:ctc/one sequence',
    run: (x: Tensor, targets: Tensor) => ctcLoss(logSoftmax(x, 1), targets, 6, 3, 0, 'mean'),
  },
  {
    name: 'what is too short left out',
    golden: 'recurrent:ctc/too short',
    run: loss([2, 2], [3, 1], { reduction: 'sum', zeroInfinity: true }),
  },
  { name: 'no labels', golden: 'recurrent:ctc/no labels', run: loss([3, 2], [0, 0]) },
  { name: 'float64', golden: 'recurrent:ctc/float64', run: loss([6, 6], [3, 2]) },
  {
    name: 'infinite losses',
    golden: 'recurrent:ctc/infinite',
    run: loss([2, 0], [3, 1]),
    gradcheck: false, // not finite
  },
  {
    name: 'scores that are no numbers',
    golden: 'recurrent:ctc/no number',
    run: (x: Tensor, targets: Tensor) => ctcLoss(x, targets, [1, 2], [1, 2]),
    gradcheck: false, // not finite
  },
  {
    name: 'a label that is no class',
    inputs: [[3, 1, 4], labels([1, 1], [4])],
    run: loss([3], [1]),
    throws: /ctcLoss: label 4 of target 0 is outside \[0, 4\)/,
  },
  {
    name: 'an input length beyond the steps',
    inputs: [[3, 1, 4], labels([1, 1], [1])],
    run: loss([4], [1]),
    throws: /the length of the input of sequence 0 is 4, outside \[0, 3\]/,
  },
  {
    name: 'targets shorter than their lengths',
    inputs: [[3, 2, 4], labels([3], [1, 2, 3])],
    run: loss([3, 3], [2, 2]),
    throws: /the targets are shorter than their lengths/,
  },
  {
    name: 'a blank that is no class',
    inputs: [[3, 1, 4], labels([1, 1], [1])],
    run: loss([3], [1], { blank: 4 }),
    throws: /blank must be a class in \[0, 4\), not 4/,
  },
  {
    name: 'one length for two sequences',
    inputs: [[3, 2, 4], labels([2, 1], [1, 2])],
    run: loss([3], [1, 1]),
    throws: /inputLengths must be \[2\], one for each sequence/,
  },
])

samplesFor('ctcLossGrad', [
  {
    name: 'reached through ctcLoss',
    inputs: [[4, 1, 3], labels([1, 2], [1, 2])],
    run: loss([4], [2]),
  },
])
