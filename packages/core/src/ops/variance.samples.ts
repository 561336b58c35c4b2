import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import type { Dims, ReduceOptions } from './reduce-axes.ts'
import { families } from './reduce-families.samples.ts'
import { std, stdMean, variance, varMean } from './variance.ts'

const spreads = {
  var: (x: Tensor, dim?: Dims, options?: ReduceOptions): Tensor =>
    variance(x, dim, { ...options, correction: 0 }),
  std: (x: Tensor, dim?: Dims, options?: ReduceOptions): Tensor =>
    std(x, dim, { ...options, correction: 0 }),
}

samplesFor('var', [
  ...families('var', spreads.var),
  { name: 'all axes', golden: 'reduce:var/all', run: (x: Tensor) => variance(x) },
  {
    name: 'another correction',
    golden: 'reduce:var/correction',
    run: (x: Tensor) => variance(x, 1, { correction: 2 }),
  },
  ...[
    (x: Tensor) => variance(x, 1, 2),
    (x: Tensor) => variance(x, [1], { correction: 2, keepdim: false }),
    (x: Tensor) => x.var({ dim: 1, correction: 2 }),
  ].map((run, i) => ({
    name: `another correction, call form ${i + 1}`,
    golden: 'reduce:var/correction',
    run,
  })),
  ...[
    (x: Tensor) => variance(x, true),
    (x: Tensor) => variance(x, null, true),
    (x: Tensor) => variance(x, { unbiased: true }),
    (x: Tensor) => x.var({ correction: null }),
  ].map((run, i) => ({ name: `unbiased, call form ${i + 1}`, golden: 'reduce:var/all', run })),
  {
    name: 'both unbiased and a correction',
    inputs: [[3]],
    run: (x: Tensor) => variance(x, { unbiased: true, correction: 0 }),
    throws: /'unbiased' and 'correction' say the same/,
  },
  {
    name: 'of a single element',
    golden: 'reduce:var/too few',
    run: (x: Tensor) => variance(x, 1),
    gradcheck: false,
  },
  {
    name: 'of nothing',
    golden: 'reduce:var/empty',
    run: (x: Tensor) => variance(x, 0),
    gradcheck: false,
  },
  {
    name: 'a large mean',
    golden: 'reduce:var/large mean',
    run: (x: Tensor) => variance(x),
    // PyTorch's own result carries the rounding of a float32 mean.
    tolerance: { rtol: 1e-4, atol: 1e-5 },
  },
  {
    name: 'of integers',
    inputs: [{ shape: [3], dtype: 'int64' }],
    run: (x: Tensor) => variance(x),
    throws: /var is a fraction, which int64 cannot hold/,
  },
  {
    name: 'a correction that is not a number',
    inputs: [[3]],
    run: (x: Tensor) => variance(x, { correction: '1' as never }),
    throws: /the correction is a number, not .?1/,
  },
])

samplesFor('std', [
  // At a single element the deviation is 0, where its root has a kink.
  ...families('std', spreads.std, false),
  { name: 'all axes', golden: 'reduce:std/all', run: (x: Tensor) => std(x) },
  {
    name: 'zero in one row',
    golden: 'reduce:std/none',
    run: (x: Tensor) => std(x, 1),
    gradcheck: false,
  },
])

samplesFor('varMean', [
  { name: 'one axis', golden: 'reduce:varMean', run: (x: Tensor) => varMean(x, 1) },
  {
    name: 'by name, all axes, kept',
    golden: 'reduce:varMean/all, kept',
    run: (x: Tensor) => {
      const result = varMean(x, { correction: 0, keepdim: true })
      return [result.var, result.mean]
    },
  },
  { name: 'the variance alone', inputs: [[2, 3]], run: (x: Tensor) => varMean(x, 1).var },
  { name: 'the mean alone', inputs: [[2, 3]], run: (x: Tensor) => varMean(x, 0).mean },
])

samplesFor('stdMean', [
  {
    name: 'one axis, kept',
    golden: 'reduce:stdMean',
    run: (x: Tensor) => stdMean(x, 0, { keepdim: true }),
  },
  { name: 'the deviation alone', inputs: [[2, 3]], run: (x: Tensor) => stdMean(x, 1).std },
  {
    name: 'several axes, channels-last',
    inputs: [{ shape: [2, 3, 2, 2], layout: 'channelsLast' }],
    run: (x: Tensor) => stdMean(x, [0, 2, 3]),
  },
])
