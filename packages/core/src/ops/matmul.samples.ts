import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import { bmm, dot, linear, matmul, mm, mv } from './matmul.ts'

const golden = (name: string): string => `matmul:${name}`
const INTEGERS = ['int64', 'int32', 'uint8'] as const

samplesFor('matmul', [
  ...[
    'matrices',
    'a long inner axis',
    'batches',
    'both broadcast',
    'one matrix for a batch',
    'a batch for one matrix',
    'vector by vector',
    'vector by matrix',
    'matrix by vector',
    'vector by batch',
    'batch by vector',
    'no inner elements',
    'no rows',
    'float64',
    ...INTEGERS,
  ].map((name) => ({ name, golden: golden(name), run: matmul })),
  {
    name: 'transposed views',
    golden: golden('transposed'),
    run: (a: Tensor, b: Tensor) => matmul(a.t(), b.t()),
  },
  {
    name: 'NaN and infinities',
    golden: golden('NaN and infinities'),
    run: matmul,
    gradcheck: false,
  },
  {
    name: 'strided and expanded operands',
    inputs: [
      { shape: [3, 4], layout: 'sliced' },
      { shape: [4, 2], layout: 'expanded' },
    ],
    run: matmul,
  },
  {
    name: 'two dtypes',
    inputs: [[2, 3], { shape: [3, 2], dtype: 'int64' }],
    run: matmul,
  },
  { name: 'mm', inputs: [[2, 3], [3, 4]], run: mm }, // prettier-ignore
  { name: 'bmm', golden: golden('bmm'), run: bmm },
  { name: 'mv', inputs: [[2, 3], [3]], run: mv },
  { name: 'dot', inputs: [[3], [3]], run: dot },
  {
    name: 'inner sizes that differ',
    inputs: [
      [2, 3],
      [4, 3],
    ],
    run: matmul,
    throws: /input\.shape\[-1\] \(3\) must equal other\.shape\[-2\] \(4\).*transpose\(-2, -1\)/s,
  },
  {
    name: 'a vector that is too long',
    inputs: [[2, 3], [4]],
    run: matmul,
    throws: /input\.shape\[-1\] \(3\) must equal other\.shape\[-1\] \(4\)/,
  },
  {
    name: 'batches that do not broadcast',
    inputs: [
      [2, 3, 4],
      [3, 4, 5],
    ],
    run: matmul,
    throws: /matmul: shapes \[2\] and \[3\] do not broadcast/,
  },
  { name: 'no axes', inputs: [[], [3]], run: matmul, throws: /operands with axes.*mul\(\)/s },
  {
    name: 'bools',
    inputs: [
      { shape: [2, 2], dtype: 'bool' },
      { shape: [2, 2], dtype: 'bool' },
    ],
    run: matmul,
    throws: /matmul: is not defined for bool/,
  },
  {
    name: 'mm of batches',
    inputs: [
      [2, 3, 4],
      [4, 5],
    ],
    run: mm,
    throws: /mm: input must have 2 axes, not 3/,
  },
  {
    name: 'mv of a matrix',
    inputs: [
      [2, 3],
      [3, 1],
    ],
    run: mv,
    throws: /mv: vec must have 1 axis, not 2/,
  },
  {
    name: 'dot of matrices',
    inputs: [[2], [2, 2]],
    run: dot,
    throws: /dot: tensor must have 1 axis, not 2/,
  },
  {
    name: 'bmm of different batches',
    inputs: [
      [2, 3, 4],
      [1, 4, 5],
    ],
    run: bmm,
    throws: /bmm: input\.shape\[0\] \(2\) must equal mat2\.shape\[0\] \(1\)/,
  },
])

samplesFor('linear', [
  ...[
    'linear',
    'linear without bias',
    'linear of a batch',
    'linear of a vector',
    'linear without rows',
    'linear without features',
  ].map((name) => ({ name, golden: golden(name), run: linear })),
  {
    name: 'a batch whose rows need a copy',
    golden: golden('linear of a turned batch'),
    run: (x: Tensor, w: Tensor, b: Tensor) => linear(x.transpose(0, 1), w, b),
  },
  {
    name: 'transposed operands',
    inputs: [
      { shape: [3, 4], layout: 'transposed' },
      { shape: [5, 4], layout: 'transposed' },
      { shape: [5], layout: 'sliced' },
    ],
    run: linear,
  },
  {
    name: 'a weight stored as [in, out]',
    inputs: [
      [2, 3],
      [3, 4],
    ],
    run: linear,
    throws: /input must end in an axis of size 4.*weight\.t\(\)/s,
  },
  {
    name: 'a weight with one axis',
    inputs: [[2, 3], [3]],
    run: linear,
    throws: /weight must have the two axes/,
  },
  {
    name: 'a bias that does not fit',
    inputs: [[2, 3], [4, 3], [3]],
    run: linear,
    throws: /linear: bias must have the shape \[4\]/,
  },
])

// The gradient of a weight, reached through the gradients of these.
samplesFor('rowsProduct', [
  {
    name: 'reached through linear',
    inputs: [
      [2, 3, 4],
      [5, 4],
    ],
    run: linear,
  },
  {
    name: 'reached through matmul',
    inputs: [
      [2, 3, 4],
      [4, 5],
    ],
    run: matmul,
  },
])

samplesFor('rowsProductAndSum', [
  {
    name: 'reached through linear',
    inputs: [[2, 3, 4], [5, 4], [5]],
    run: linear,
  },
  {
    name: 'of a vector',
    inputs: [[4], [5, 4], [5]],
    run: linear,
  },
])
