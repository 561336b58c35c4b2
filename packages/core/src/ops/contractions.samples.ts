import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import { cross, crossAt, inner, kron, outer, tensordot, trace, vecdot } from './contractions.ts'
import { vdot } from './matmul.ts'
import { multiDot } from './multi-dot.ts'

const golden = (name: string): string => `products:${name}`

samplesFor('vdot', [
  { name: 'vectors', golden: golden('vdot'), run: vdot },
  {
    name: 'two dtypes',
    inputs: [[3], { shape: [3], dtype: 'int64' }],
    run: vdot,
    throws: /vdot: the vectors must have one dtype, not float32 and int64/,
  },
])

samplesFor('outer', [
  { name: 'vectors', golden: golden('outer'), run: outer },
  { name: 'two dtypes', golden: golden('outer of two dtypes'), run: outer },
  {
    name: 'a matrix',
    inputs: [[2, 3], [3]],
    run: outer,
    throws: /outer: input must have 1 axis, not 2/,
  },
])

samplesFor('inner', [
  { name: 'more axes', golden: golden('inner'), run: inner },
  { name: 'without axes', golden: golden('inner of a scalar'), run: inner },
  {
    name: 'sizes that differ',
    inputs: [
      [2, 3],
      [4, 2],
    ],
    run: inner,
    throws: /input\.shape\[-1\] \(3\) must equal other\.shape\[-1\] \(2\)/,
  },
])

samplesFor('kron', [
  { name: 'matrices', golden: golden('kron'), run: kron },
  { name: 'different numbers of axes', golden: golden('kron of different ranks'), run: kron },
])

samplesFor('tensordot', [
  {
    name: 'the last axes and the first',
    golden: golden('tensordot'),
    run: (a: Tensor, b: Tensor) => tensordot(a, b),
  },
  {
    name: 'named axes',
    golden: golden('tensordot by axes'),
    run: (a: Tensor, b: Tensor) => tensordot(a, b, { dims: [[0, 2], [1, 0]] }), // prettier-ignore
  },
  {
    name: 'an axis of size 1 is expanded',
    golden: golden('tensordot of an axis of size 1'),
    run: (a: Tensor, b: Tensor) => tensordot(a, b, [[1], [0]]),
  },
  {
    name: 'no axes',
    golden: golden('tensordot of no axes'),
    run: (a: Tensor, b: Tensor) => tensordot(a, b, { dims: 0 }),
  },
  {
    name: 'sizes that differ',
    inputs: [
      [4, 3],
      [2, 3],
    ],
    run: (a: Tensor, b: Tensor) => tensordot(a, b, 1),
    throws: /axis 1 of a has size 3, axis 0 of b, which it meets, 2/,
  },
  {
    name: 'more axes than there are',
    inputs: [
      [4, 3],
      [3, 4],
    ],
    run: (a: Tensor, b: Tensor) => tensordot(a, b, 3),
    throws: /dims is a number of axes that both have, not 3/,
  },
  {
    name: 'lists of different lengths',
    inputs: [
      [4, 3],
      [3, 4],
    ],
    run: (a: Tensor, b: Tensor) => tensordot(a, b, [[0], []]),
    throws: /two lists of the same length/,
  },
])

samplesFor('trace', [
  { name: 'a matrix that is not square', golden: golden('trace'), run: trace },
  { name: 'integers', golden: golden('trace of integers'), run: trace },
  {
    name: 'a batch',
    inputs: [[2, 3, 3]],
    run: trace,
    throws: /trace: input must be a matrix, but has 3 axes/,
  },
  {
    name: 'bools',
    inputs: [{ shape: [2, 2], dtype: 'bool' }],
    run: trace,
    throws: /trace: is not defined for bool/,
  },
])

samplesFor('cross', [
  {
    name: 'the first axis of size 3',
    golden: golden('cross'),
    run: (a: Tensor, b: Tensor) => cross(a, b),
  },
  {
    name: 'a named axis',
    golden: golden('cross along an axis'),
    run: (a: Tensor, b: Tensor) => cross(a, b, { dim: -1 }),
  },
  {
    name: 'integers',
    golden: golden('cross of integers'),
    run: (a: Tensor, b: Tensor) => cross(a, b, 0),
  },
  {
    name: 'the last axis',
    golden: golden('linalg.cross'),
    run: (a: Tensor, b: Tensor) => crossAt('cross', a, b, -1),
  },
  {
    name: 'no axis of size 3',
    inputs: [
      [2, 2],
      [2, 2],
    ],
    run: (a: Tensor, b: Tensor) => cross(a, b),
    throws: /cross: no axis has size 3/,
  },
  {
    name: 'another size',
    inputs: [
      [3, 2],
      [3, 2],
    ],
    run: (a: Tensor, b: Tensor) => cross(a, b, 1),
    throws: /input\.shape\[1\] must be 3, not 2/,
  },
  {
    name: 'different numbers of axes',
    inputs: [[2, 3], [3]],
    run: (a: Tensor, b: Tensor) => cross(a, b, 1),
    throws: /both need the same number of axes, not 2 and 1/,
  },
])

samplesFor('vecdot', [
  {
    name: 'vectors broadcast',
    golden: golden('vecdot'),
    run: (x: Tensor, y: Tensor) => vecdot(x, y),
  },
  {
    name: 'a named axis',
    golden: golden('vecdot along an axis'),
    run: (x: Tensor, y: Tensor) => vecdot(x, y, { dim: 0 }),
  },
  {
    name: 'integers',
    inputs: [
      { shape: [3], dtype: 'int64' },
      { shape: [3], dtype: 'int64' },
    ],
    run: (x: Tensor, y: Tensor) => vecdot(x, y),
    throws: /vecdot: takes floating tensors only/,
  },
])

samplesFor('multiDot', [
  {
    name: 'four matrices',
    golden: golden('multiDot'),
    run: (...list: Tensor[]) => multiDot(list),
  },
  {
    name: 'a row, a matrix and a column',
    golden: golden('multiDot of vectors'),
    run: (...tensors: Tensor[]) => multiDot({ tensors }),
  },
  {
    name: 'a single matrix',
    inputs: [[2, 2]],
    run: (a: Tensor) => multiDot([a]),
    throws: /a list of at least two tensors is multiplied, not of 1/,
  },
  {
    name: 'sizes that differ',
    inputs: [
      [2, 3],
      [2, 3],
    ],
    run: (...list: Tensor[]) => multiDot(list),
    throws: /3 columns meet 2 rows.*tensors\[1\]/s,
  },
  {
    name: 'a vector in between',
    inputs: [[2, 3], [3], [3, 2]],
    run: (...list: Tensor[]) => multiDot(list),
    throws: /it must have two axes, not 1/,
  },
])
