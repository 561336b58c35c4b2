import { samplesFor, withLayout } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { dist, renorm } from './renorm.ts'

samplesFor('dist', [
  ...[0, 1, 2, 2.5].map((p) => ({
    name: `p ${p}`,
    golden: `differences:dist/p ${p}`,
    run: (x: Tensor, y: Tensor) => dist(x, y, p),
    gradcheck: p !== 0,
  })),
  {
    name: 'p infinity, by name',
    golden: 'differences:dist/p inf',
    run: (x: Tensor, y: Tensor) => x.dist({ other: y, p: Number.POSITIVE_INFINITY }),
  },
  { name: 'broadcast', golden: 'differences:dist/broadcast', run: (x, y) => dist(x, y) },
  {
    name: 'equal',
    golden: 'differences:dist/equal',
    run: (x: Tensor, y: Tensor) => dist(x, y),
    gradcheck: false,
  },
  {
    name: 'of integers',
    inputs: [
      { shape: [3], dtype: 'int64' },
      { shape: [3], dtype: 'int64' },
    ],
    run: (x: Tensor, y: Tensor) => dist(x, y),
    throws: /dist is a fraction, which int64 cannot hold/,
  },
])

samplesFor('renorm', [
  { name: 'rows', golden: 'differences:renorm/rows', run: (x: Tensor) => renorm(x, 2, 0, 1) },
  {
    name: 'columns, by name',
    golden: 'differences:renorm/columns',
    run: (x: Tensor) => renorm(x, { p: 1, dim: -1, maxnorm: 2 }),
  },
  {
    name: 'planes, transposed',
    golden: 'differences:renorm/planes',
    run: (x: Tensor) => renorm(withLayout(x, 'transposed'), 2.5, 1, 1.5),
  },
  {
    name: 'p infinity',
    golden: 'differences:renorm/infinity',
    run: (x: Tensor) => renorm(x, Number.POSITIVE_INFINITY, 0, 0.5),
  },
  {
    name: 'zeros',
    golden: 'differences:renorm/zeros',
    run: (x: Tensor) => renorm(x, 2, 0, { maxnorm: 1 }),
    gradcheck: false,
  },
  {
    name: 'one axis',
    inputs: [[3]],
    run: (x: Tensor) => renorm(x, 2, 0, 1),
    throws: /slices have norms where there are two axes or more, not 1/,
  },
  {
    name: 'a power of 0',
    inputs: [[2, 3]],
    run: (x: Tensor) => renorm(x, 0, 0, 1),
    throws: /p is above 0, not 0/,
  },
  {
    name: 'a negative norm',
    inputs: [[2, 3]],
    run: (x: Tensor) => renorm(x, 2, 0, -1),
    throws: /maxnorm is 0 or more, not -1/,
  },
])
samplesFor('renorm_', [
  {
    name: 'rows',
    golden: 'differences:renorm/rows',
    run: (x: Tensor) => x.clone().renorm_(2, 0, 1),
  },
  {
    name: 'of integers',
    inputs: [{ shape: [2, 3], dtype: 'int64' }],
    run: (x: Tensor) => x.renorm_(2, 0, 1),
    throws: /renorm_ is a fraction, which int64 cannot hold/,
  },
])
