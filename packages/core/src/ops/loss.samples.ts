import { tensor } from '../creation.ts'
import type { Tensor } from '../tensor.ts'
import type { InputSpec, Sample } from '../testing/samples.ts'
import { samplesFor } from '../testing/samples.ts'
import type { CrossEntropyOptions, LossReduction } from './loss.ts'
import { crossEntropy, mseLoss, nllLoss } from './loss.ts'
import { logSoftmax } from './softmax.ts'

type ClassLoss = (input: Tensor, target: Tensor, options: CrossEntropyOptions) => Tensor

const REDUCTIONS: readonly LossReduction[] = ['none', 'mean', 'sum']
const weighted = ({ dtype, device }: Tensor): Tensor =>
  tensor([0.5, 2, 1, 1.5, 0.75], { dtype, device })

function labels(...values: number[]): InputSpec {
  return { shape: [values.length], dtype: 'int64', values }
}

/** What cross-entropy and negative log-likelihood have in common. */
function classSamples(op: string, fn: ClassLoss): Sample[] {
  const golden = (name: string): string => `loss:${op}/${name}`
  return [
    ...REDUCTIONS.flatMap((reduction) => [
      {
        name: reduction,
        golden: golden(reduction),
        run: (x: Tensor, t: Tensor) => fn(x, t, { reduction }),
      },
      {
        name: `${reduction}, some labels ignored`,
        golden: golden(`${reduction}, ignored`),
        run: (x: Tensor, t: Tensor) => fn(x, t, { reduction }),
      },
      {
        name: `${reduction}, weighted`,
        golden: golden(`${reduction}, weighted`),
        run: (x: Tensor, t: Tensor) => fn(x, t, { reduction, weight: weighted(x) }),
      },
    ]),
    {
      name: 'another ignored label',
      golden: golden('another ignored label'),
      run: (x: Tensor, t: Tensor) => fn(x, t, { ignoreIndex: 1 }),
    },
    { name: 'many classes', golden: golden('many classes'), run: fn },
    {
      name: 'pixels, weighted',
      golden: golden('pixels'),
      run: (x: Tensor, t: Tensor) => fn(x, t, { weight: weighted(x) }),
    },
    {
      name: 'pixels, none',
      golden: golden('pixels, none'),
      run: (x: Tensor, t: Tensor) => fn(x, t, { reduction: 'none' }),
    },
    { name: 'float64', golden: golden('float64'), run: fn },
    { name: 'all labels ignored', golden: golden('all ignored'), run: fn, gradcheck: false },
    { name: 'the mean of no rows', golden: golden('no rows'), run: fn, gradcheck: false },
    {
      name: 'the sum of no rows',
      golden: golden('no rows, sum'),
      run: (x: Tensor, t: Tensor) => fn(x, t, { reduction: 'sum' }),
    },
    { name: 'large scores', golden: golden('large scores'), run: fn, gradcheck: false },
    {
      name: 'infinite scores',
      golden: golden('infinite scores'),
      run: (x: Tensor, t: Tensor) => fn(x, t, { reduction: 'none' }),
      gradcheck: false,
    },
    {
      name: 'stored channels-last',
      inputs: [
        { shape: [2, 3, 2, 2], layout: 'channelsLast' },
        { shape: [2, 2, 2], dtype: 'int64', low: 0, high: 3 },
      ],
      run: fn,
    },
    {
      name: 'transposed',
      inputs: [{ shape: [2, 3], layout: 'transposed' }, labels(2, 0)],
      run: fn,
    },
    {
      name: 'labels of another integer dtype',
      inputs: [[2, 3], { shape: [2], dtype: 'uint8', values: [2, 0] }],
      run: fn,
    },
    {
      name: 'a label out of range',
      inputs: [[3, 10], labels(9, 12, 0)],
      run: fn,
      throws: /target 12 at position 1 is outside \[0, 10\)/,
    },
    {
      name: 'a negative label that is not ignored',
      inputs: [[2, 3], labels(0, -1)],
      run: fn,
      throws: /target -1 at position 1 is outside \[0, 3\)/,
    },
    {
      name: 'labels that do not fit',
      inputs: [[2, 3], labels(0, 1, 2)],
      run: fn,
      throws: /target must have the shape \[2\], one label per row of scores/,
    },
    {
      name: 'one-hot labels',
      inputs: [[2, 3], { shape: [2, 3], dtype: 'int64' }],
      run: fn,
      throws: /target must have the shape \[2\].*argmax\(1\)/s,
    },
    {
      name: 'floating labels',
      inputs: [[2, 3], [2]],
      run: fn,
      throws: /labels must be integers, not float32/,
    },
    {
      name: 'integer scores',
      inputs: [{ shape: [2, 3], dtype: 'int64' }, labels(0, 1)],
      run: fn,
      throws: /input must be floating/,
    },
    { name: 'no classes', inputs: [[2, 0], labels(0, 1)], run: fn, throws: /at least one class/ },
    {
      name: 'weights that do not fit',
      inputs: [[2, 3], labels(0, 1)],
      run: (x: Tensor, t: Tensor) => fn(x, t, { weight: weighted(x) }),
      throws: /weight must have the shape \[3\], one factor per class/,
    },
    {
      name: 'a reduction that does not exist',
      inputs: [[2, 3], labels(0, 1)],
      run: (x: Tensor, t: Tensor) => fn(x, t, { reduction: 'max' as LossReduction }),
      throws: /reduction must be 'none', 'mean' or 'sum'/,
    },
    {
      name: 'an ignored label that is not whole',
      inputs: [[2, 3], labels(0, 1)],
      run: (x: Tensor, t: Tensor) => fn(x, t, { ignoreIndex: 0.5 }),
      throws: /ignoreIndex must be a whole number/,
    },
  ]
}

samplesFor('crossEntropy', [
  ...classSamples('crossEntropy', crossEntropy),
  { name: 'one row', golden: 'loss:crossEntropy/one row', run: crossEntropy },
  ...REDUCTIONS.flatMap((reduction) => [
    {
      name: `${reduction}, smoothed`,
      golden: `loss:crossEntropy/${reduction}, smoothed`,
      run: (x: Tensor, t: Tensor) => crossEntropy(x, t, { reduction, labelSmoothing: 0.1 }),
    },
    {
      name: `${reduction}, smoothed and weighted`,
      golden: `loss:crossEntropy/${reduction}, smoothed and weighted`,
      run: (x: Tensor, t: Tensor) =>
        crossEntropy(x, t, { reduction, labelSmoothing: 0.3, weight: weighted(x) }),
    },
    {
      name: `${reduction} of probabilities`,
      golden: `loss:crossEntropy/probabilities, ${reduction}`,
      run: (x: Tensor, t: Tensor) =>
        crossEntropy(x, t, { reduction, labelSmoothing: 0.2, weight: weighted(x) }),
    },
  ]),
  {
    name: 'probabilities of pixels',
    golden: 'loss:crossEntropy/probabilities of pixels',
    run: crossEntropy,
  },
  {
    name: 'a share above 1',
    inputs: [[2, 3], labels(0, 1)],
    run: (x: Tensor, t: Tensor) => crossEntropy(x, t, { labelSmoothing: 1.5 }),
    throws: /labelSmoothing must lie in \[0, 1\]/,
  },
  {
    name: 'an ignored label among probabilities',
    inputs: [
      [2, 3],
      [2, 3],
    ],
    run: (x: Tensor, t: Tensor) => crossEntropy(x, t, { ignoreIndex: 1 }),
    throws: /ignoreIndex is for labels/,
  },
])

samplesFor('crossEntropyGrad', [
  { name: 'reached through crossEntropy', inputs: [[2, 3], labels(0, 2)], run: crossEntropy },
  {
    name: 'one gradient per row, smoothed and weighted',
    inputs: [[4, 5], labels(0, -100, 4, 2)],
    run: (x: Tensor, t: Tensor) =>
      crossEntropy(x, t, { reduction: 'none', labelSmoothing: 0.3, weight: weighted(x) }),
  },
])

samplesFor('nllLoss', [
  ...classSamples('nllLoss', nllLoss),
  {
    name: 'after logSoftmax',
    inputs: [[3, 4], labels(0, 3, 1)],
    run: (x: Tensor, t: Tensor) => nllLoss(logSoftmax(x, 1), t),
  },
])

samplesFor('nllLossGrad', [
  { name: 'reached through nllLoss', inputs: [[2, 3], labels(0, 2)], run: nllLoss },
])

samplesFor('mseLoss', [
  ...REDUCTIONS.map((reduction) => ({
    name: reduction,
    golden: `loss:mseLoss/${reduction}`,
    run: (a: Tensor, b: Tensor) => mseLoss(a, b, { reduction }),
  })),
  { name: 'broadcast', golden: 'loss:mseLoss/broadcast', run: mseLoss },
  { name: 'float64', golden: 'loss:mseLoss/float64', run: mseLoss },
  { name: 'the mean of nothing', golden: 'loss:mseLoss/empty', run: mseLoss, gradcheck: false },
  {
    name: 'two layouts and dtypes',
    inputs: [
      { shape: [3, 4], layout: 'transposed' },
      { shape: [3, 4], dtype: 'int64' },
    ],
    run: mseLoss,
  },
  {
    name: 'shapes that do not fit',
    inputs: [[2, 3], [2]],
    run: mseLoss,
    throws: /mseLoss: shapes \[2, 3\] and \[2\] do not broadcast/,
  },
  {
    name: 'integers',
    inputs: [labels(1, 2), labels(3, 4)],
    run: mseLoss,
    throws: /input or target must be floating/,
  },
])

samplesFor(
  'mseLossGrad',
  REDUCTIONS.map((reduction) => ({
    name: `reached through mseLoss, ${reduction}`,
    inputs: [
      [2, 3],
      [2, 3],
    ],
    run: (a: Tensor, b: Tensor) => mseLoss(a, b, { reduction }),
  })),
)
