import { samplesFor, withLayout } from '../testing/samples.ts'
import type { Layout, Sample } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import type { Dims, ReduceOptions } from './reduce-axes.ts'
import {
  all,
  any,
  countNonzero,
  logsumexp,
  mean,
  norm,
  prod,
  std,
  stdMean,
  sum,
  variance,
  varMean,
} from './reduce.ts'
import { amax, amin } from './compare-reduce.ts'

type Reduce = (x: Tensor, dim?: Dims, options?: ReduceOptions) => Tensor

/** The golden cases that every reduction over any axes has, in several layouts. */
function families(op: string, reduce: Reduce, gradcheck = true): Sample[] {
  const laidOut =
    (layout: Layout, dim: Dims) =>
    (x: Tensor): Tensor =>
      reduce(withLayout(x, layout), dim)
  const golden = (name: string): string => `reduce:${op}/${name}`
  return [
    { name: 'one axis', golden: golden('one axis'), run: (x: Tensor) => reduce(x, 1) },
    { name: 'the first axis', golden: golden('the first axis'), run: (x: Tensor) => reduce(x, 0) },
    {
      name: 'a negative axis, kept',
      golden: golden('kept'),
      run: (x: Tensor) => reduce(x, -1, { keepdim: true }),
    },
    {
      name: 'several axes',
      golden: golden('several axes'),
      run: (x: Tensor) => reduce(x, [0, -1]),
    },
    { name: 'long rows', golden: golden('long rows'), run: (x: Tensor) => reduce(x, 1) },
    {
      name: 'without axes',
      golden: golden('without axes'),
      run: (x: Tensor) => reduce(x, 0),
      gradcheck,
    },
    { name: 'float64', golden: golden('float64'), run: (x: Tensor) => reduce(x, 0) },
    { name: 'transposed', golden: golden('one axis'), run: laidOut('transposed', 1) },
    { name: 'sliced', golden: golden('one axis'), run: laidOut('sliced', 1) },
    { name: 'sliced columns', golden: golden('the first axis'), run: laidOut('sliced', 0) },
    {
      name: 'transposed, outer axes',
      golden: golden('several axes'),
      run: laidOut('transposed', [0, 2]),
    },
    {
      name: 'channels of pixels stored channels-last',
      inputs: [{ shape: [2, 3, 2, 2], layout: 'channelsLast' }],
      run: (x: Tensor) => reduce(x, [0, 2, 3]),
    },
    {
      name: 'no such axis',
      inputs: [[2, 3]],
      run: (x: Tensor) => reduce(x, 2),
      throws: /axis 2 is outside \[-2, 1\]/,
    },
    {
      name: 'an axis twice',
      inputs: [[2, 3]],
      run: (x: Tensor) => reduce(x, [1, -1]),
      throws: /an axis appears more than once in \[1, -1\]/,
    },
  ]
}

samplesFor('sum', [
  ...families('sum', sum),
  { name: 'all axes', golden: 'reduce:sum/all', run: (x: Tensor) => sum(x) },
  { name: 'an empty list is all axes', golden: 'reduce:sum/all', run: (x: Tensor) => sum(x, []) },
  {
    name: 'all axes, kept',
    inputs: [[2, 3]],
    run: (x: Tensor) => sum(x, { keepdim: true }),
  },
  { name: 'of nothing', golden: 'reduce:sum/empty', run: (x: Tensor) => sum(x, 0) },
  { name: 'of integers', golden: 'reduce:sum/of integers', run: (x: Tensor) => sum(x, 1) },
  { name: 'of bools', golden: 'reduce:sum/of bools', run: (x: Tensor) => sum(x) },
  {
    name: 'as float64',
    golden: 'reduce:sum/as float64',
    run: (x: Tensor) => sum(x, 0, { dtype: 'float64' }),
  },
  {
    name: 'integers as float32',
    golden: 'reduce:sum/integers as float32',
    run: (x: Tensor) => sum(x, 0, { dtype: 'float32' }),
  },
  {
    name: 'floats as integers, each cut before',
    golden: 'reduce:sum/floats as integers',
    run: (x: Tensor) => sum(x, { dtype: 'int64' }),
  },
  {
    name: 'as bool',
    golden: 'reduce:sum/as bool',
    run: (x: Tensor) => sum(x, 0, { dtype: 'bool' }),
  },
  {
    name: 'infinities and NaN',
    golden: 'reduce:sum/infinities',
    run: (x: Tensor) => sum(x, 1),
    gradcheck: false,
  },
  {
    name: 'expanded',
    inputs: [{ shape: [4, 3], layout: 'expanded' }],
    run: (x: Tensor) => sum(x, 0),
  },
  {
    name: 'options that are not an object',
    inputs: [[2, 3]],
    run: (x: Tensor) => sum(x, 1, true as never),
    throws: /options are an object, not boolean/,
  },
  {
    name: 'axes that are a word',
    inputs: [[2, 3]],
    run: (x: Tensor) => sum(x, 'rows' as never),
    throws: /axes are a number or a list of numbers, not string/,
  },
])

samplesFor('mean', [
  ...families('mean', mean),
  { name: 'all axes', golden: 'reduce:mean/all', run: (x: Tensor) => mean(x) },
  {
    name: 'of nothing',
    golden: 'reduce:mean/empty',
    run: (x: Tensor) => mean(x, 0),
    gradcheck: false,
  },
  {
    name: 'integers as float32',
    golden: 'reduce:mean/integers as float32',
    run: (x: Tensor) => mean(x, 0, { dtype: 'float32' }),
  },
  {
    name: 'of integers',
    inputs: [{ shape: [3], dtype: 'int64' }],
    run: (x: Tensor) => mean(x),
    throws: /mean is a fraction, which int64 cannot hold.*x\.float\(\)\.mean/s,
  },
  {
    name: 'as integers',
    inputs: [[3]],
    run: (x: Tensor) => mean(x, { dtype: 'int32' }),
    throws: /mean is a fraction, which int32 cannot hold/,
  },
])

samplesFor('prod', [
  { name: 'all axes', golden: 'reduce:prod/all', run: (x: Tensor) => prod(x) },
  { name: 'one axis', golden: 'reduce:prod/one axis', run: (x: Tensor) => prod(x, 1) },
  {
    name: 'kept',
    golden: 'reduce:prod/kept',
    run: (x: Tensor) => prod(x, 0, { keepdim: true }),
  },
  { name: 'one or more zeros', golden: 'reduce:prod/zeros', run: (x: Tensor) => prod(x, 1) },
  { name: 'all axes, one zero', golden: 'reduce:prod/all, one zero', run: (x: Tensor) => prod(x) },
  { name: 'of nothing', golden: 'reduce:prod/empty', run: (x: Tensor) => prod(x, 1) },
  { name: 'of integers', golden: 'reduce:prod/of integers', run: (x: Tensor) => prod(x, 0) },
  {
    name: 'as float64',
    golden: 'reduce:prod/as float64',
    run: (x: Tensor) => prod(x, { dtype: 'float64' }),
  },
  { name: 'without axes', inputs: [[]], run: (x: Tensor) => prod(x, -1) },
  {
    name: 'transposed',
    golden: 'reduce:prod/one axis',
    run: (x: Tensor) => prod(withLayout(x, 'transposed'), 1),
  },
  {
    name: 'several axes',
    inputs: [[2, 3]],
    run: (x: Tensor) => prod(x, [0, 1] as never),
    throws: /prod: the axis is one number, not a list/,
  },
])

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
    throws: /the correction is a number, not 1/,
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

samplesFor('norm', [
  ...families('norm', (x, dim, options) => norm(x, 2, dim, options)),
  ...[1, 3, 2.5, 0.5, -1].map((p) => ({
    name: `p ${p}`,
    golden: `reduce:norm/p ${p}`,
    run: (x: Tensor) => norm(x, p, 1),
  })),
  { name: 'p 0 counts', golden: 'reduce:norm/p 0', run: (x: Tensor) => norm(x, 0, 1) },
  {
    name: 'p infinity',
    golden: 'reduce:norm/p inf',
    run: (x: Tensor) => norm(x, Number.POSITIVE_INFINITY, 1),
  },
  {
    name: 'p minus infinity',
    golden: 'reduce:norm/p -inf',
    run: (x: Tensor) => norm(x, Number.NEGATIVE_INFINITY, 1),
  },
  { name: 'all axes', golden: 'reduce:norm/all', run: (x: Tensor) => norm(x, 'fro') },
  {
    name: 'zero in one row',
    golden: 'reduce:norm/zero',
    run: (x: Tensor) => norm(x, 2, 1),
    gradcheck: false,
  },
  {
    name: 'p 3 at zeros',
    golden: 'reduce:norm/p 3 at zeros',
    run: (x: Tensor) => norm(x, 3, 1),
    gradcheck: false,
  },
  {
    name: 'p 1 at zeros',
    golden: 'reduce:norm/p 1 at zeros',
    run: (x: Tensor) => norm(x, 1),
    gradcheck: false,
  },
  {
    name: 'p infinity, ties',
    golden: 'reduce:norm/p inf, ties',
    run: (x: Tensor) => norm(x, Number.POSITIVE_INFINITY),
    gradcheck: false,
  },
  {
    name: 'as float64',
    golden: 'reduce:norm/as float64',
    run: (x: Tensor) => norm(x, 2, { dtype: 'float64' }),
  },
  { name: 'of nothing', golden: 'reduce:norm/empty', run: (x: Tensor) => norm(x, 2, 1) },
  {
    name: 'the largest of nothing',
    inputs: [[2, 0]],
    run: (x: Tensor) => norm(x, Number.POSITIVE_INFINITY, 1),
    throws: /axis 1 has no elements, and of nothing there is no norm/,
  },
  {
    name: 'of integers',
    inputs: [{ shape: [3], dtype: 'int64' }],
    run: (x: Tensor) => norm(x),
    throws: /norm is a fraction, which int64 cannot hold/,
  },
  {
    name: 'the nuclear norm',
    inputs: [[2, 2]],
    run: (x: Tensor) => norm(x, 'nuc' as never),
    throws: /p is a number or 'fro', not nuc/,
  },
])

samplesFor('logsumexp', [
  ...families('logsumexp', (x, dim, options) => logsumexp(x, dim as Dims, options)),
  { name: 'large numbers', golden: 'reduce:logsumexp/large', run: (x: Tensor) => logsumexp(x, 1) },
  {
    name: 'infinities',
    golden: 'reduce:logsumexp/infinities',
    run: (x: Tensor) => logsumexp(x, 1),
    gradcheck: false,
  },
  { name: 'of nothing', golden: 'reduce:logsumexp/empty', run: (x: Tensor) => logsumexp(x, 0) },
  {
    name: 'of integers',
    golden: 'reduce:logsumexp/of integers',
    run: (x: Tensor) => logsumexp(x, 0),
  },
])

samplesFor('all', [
  {
    name: 'one axis',
    golden: 'reduce:all/one axis',
    run: (x: Tensor) => all(x, 1),
    gradcheck: false,
  },
  {
    name: 'kept',
    golden: 'reduce:all/kept',
    run: (x: Tensor) => all(x, 0, { keepdim: true }),
    gradcheck: false,
  },
  { name: 'all axes, of bytes', golden: 'reduce:all/all', run: (x: Tensor) => all(x) },
  { name: 'of nothing', golden: 'reduce:all/empty', run: (x: Tensor) => all(x), gradcheck: false },
  {
    name: 'an empty list is no axis',
    golden: 'reduce:all/no axes',
    run: (x: Tensor) => all(x, []),
    gradcheck: false,
  },
])

samplesFor('any', [
  {
    name: 'one axis',
    golden: 'reduce:any/one axis',
    run: (x: Tensor) => any(x, 1),
    gradcheck: false,
  },
  {
    name: 'several axes',
    golden: 'reduce:any/several axes',
    run: (x: Tensor) => any(x, [0, 1]),
  },
  { name: 'of bytes', golden: 'reduce:any/of bytes', run: (x: Tensor) => any(x, 0) },
  { name: 'of nothing', golden: 'reduce:any/empty', run: (x: Tensor) => any(x), gradcheck: false },
])

samplesFor('countNonzero', [
  {
    name: 'all axes',
    golden: 'reduce:countNonzero/all',
    run: (x: Tensor) => countNonzero(x),
    gradcheck: false,
  },
  {
    name: 'one axis',
    golden: 'reduce:countNonzero/one axis',
    run: (x: Tensor) => countNonzero(x, 0),
  },
  {
    name: 'several axes',
    golden: 'reduce:countNonzero/several axes',
    run: (x: Tensor) => countNonzero(x, [0, 1]),
  },
])

samplesFor('amax', [
  ...families('amax', amax),
  { name: 'all axes', golden: 'reduce:amax/all', run: (x: Tensor) => amax(x) },
  {
    name: 'ties share the gradient',
    golden: 'reduce:amax/ties',
    run: (x: Tensor) => amax(x, 1),
    gradcheck: false,
  },
  { name: 'NaN', golden: 'reduce:amax/NaN', run: (x: Tensor) => amax(x, 1), gradcheck: false },
  {
    name: 'no results of nothing',
    golden: 'reduce:amax/empty result',
    run: (x: Tensor) => amax(x, 1),
  },
  { name: 'of bools', golden: 'reduce:amax/of bools', run: (x: Tensor) => amax(x, 0) },
  {
    name: 'of nothing',
    inputs: [[0, 3]],
    run: (x: Tensor) => amax(x, 0),
    throws: /axis 0 has no elements, and of nothing there is no amax/,
  },
])

samplesFor('amin', [
  ...families('amin', amin),
  { name: 'of integers', golden: 'reduce:amin/of integers', run: (x: Tensor) => amin(x) },
  {
    name: 'ties share the gradient',
    golden: 'reduce:amin/ties',
    run: (x: Tensor) => amin(x),
    gradcheck: false,
  },
])
