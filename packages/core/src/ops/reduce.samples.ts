import { samplesFor, withLayout } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { families } from './reduce-families.samples.ts'
import type { Dims } from './reduce-axes.ts'
import { all, any, countNonzero, logsumexp, mean, norm, prod, sum } from './reduce.ts'

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
  ...[
    (x: Tensor) => sum(x, -1, true),
    (x: Tensor) => sum(x, { dim: -1, keepdim: true }),
    (x: Tensor) => sum(x, [-1], true, null),
    (x: Tensor) => sum(x, -1, true, { dtype: null }),
    (x: Tensor) => x.sum({ dim: [2], keepdim: true, dtype: undefined }),
  ].map((run, i) => ({ name: `kept, call form ${i + 1}`, golden: 'reduce:sum/kept', run })),
  {
    name: 'null is all axes',
    golden: 'reduce:sum/all',
    run: (x: Tensor) => sum(x, { dim: null }),
  },
  {
    name: 'a name that is no option',
    inputs: [[2, 3]],
    run: (x: Tensor) => sum(x, { axis: 1 } as never),
    throws: /there is no option 'axis'.*options: dim, keepdim, dtype/s,
  },
  {
    name: 'the axis twice',
    inputs: [[2, 3]],
    run: (x: Tensor) => sum(x, 1, { dim: 1 }),
    throws: /'dim' is given by position and by name/,
  },
  {
    name: 'a switch that is a number',
    inputs: [[2, 3]],
    run: (x: Tensor) => sum(x, 1, 1 as never),
    throws: /keepdim is true or false, not 1/,
  },
  {
    name: 'axes that are a word',
    inputs: [[2, 3]],
    run: (x: Tensor) => sum(x, 'rows' as never),
    throws: /axes are a number or a list of numbers, not "rows"/,
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
    throws: /p is a number or 'fro', not .?nuc/,
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
