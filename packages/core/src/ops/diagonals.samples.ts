import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { diag, diagEmbed, diagflat, diagonal, tril, triu } from './diagonals.ts'

samplesFor('diagonal', [
  {
    name: 'of two axes of three',
    run: (x: Tensor) => diagonal(x, 1, 0, 2),
    golden: 'views:diagonal',
  },
  {
    name: 'below the main one',
    run: (x: Tensor) => diagonal(x, { offset: -1 }),
    golden: 'views:diagonal/below',
  },
  { name: 'outside', inputs: [[2, 3]], run: (x: Tensor) => diagonal(x, 9) },
  {
    name: 'one axis twice',
    inputs: [[2, 3]],
    run: (x: Tensor) => diagonal(x, 0, 1, 1),
    throws: /dim1 and dim2 are the same axis 1/,
  },
])
samplesFor('diagEmbed', [
  {
    name: 'below, around an axis',
    run: (x: Tensor) => diagEmbed(x, -1, 0, 2),
    golden: 'views:diagEmbed',
  },
  { name: 'empty', inputs: [[2, 0]], run: (x: Tensor) => diagEmbed(x) },
  {
    name: 'without axes',
    inputs: [[]],
    run: (x: Tensor) => diagEmbed(x),
    throws: /the tensor has no axis/,
  },
])
samplesFor('diag', [
  { name: 'of a vector', run: (x: Tensor) => diag(x), golden: 'views:diag' },
  {
    name: 'of a matrix',
    run: (x: Tensor) => diag(x, { diagonal: 1 }),
    golden: 'views:diag/matrix',
  },
  {
    name: 'of three axes',
    inputs: [[2, 2, 2]],
    run: (x: Tensor) => diag(x),
    throws: /the tensor has 3 axes, diag\(\) takes one or two/,
  },
])
samplesFor('diagflat', [
  { name: 'above the main diagonal', run: (x: Tensor) => diagflat(x, 1), golden: 'views:diagflat' },
])
samplesFor('fillDiagonal_', [
  {
    name: 'a wide matrix',
    run: (x: Tensor) => x.clone().fillDiagonal_(7),
    golden: 'views:fillDiagonal_',
  },
  {
    name: 'again below it',
    run: (x: Tensor) => x.clone().fillDiagonal_(7, { wrap: true }),
    golden: 'views:fillDiagonal_/wrap',
  },
  {
    name: 'three axes',
    run: (x: Tensor) => x.clone().fillDiagonal_(7),
    golden: 'views:fillDiagonal_/cube',
  },
  {
    name: 'three axes of several sizes',
    inputs: [[2, 2, 3]],
    run: (x: Tensor) => x.fillDiagonal_(7),
    throws: /all sizes of more than two axes must be equal, but are \[2, 2, 3\]/,
  },
])
samplesFor('tril', [
  { name: 'with the diagonal above', run: (x: Tensor) => tril(x, 1), golden: 'views:tril' },
  {
    name: 'a transposed matrix',
    inputs: [{ shape: [4, 3], layout: 'transposed' }],
    run: (x: Tensor) => tril(x, { diagonal: -1 }),
  },
  { name: 'a diagonal far away', inputs: [[2, 3]], run: (x: Tensor) => tril(x, -(2 ** 53 - 1)) },
  {
    name: 'one axis',
    inputs: [[3]],
    run: (x: Tensor) => tril(x),
    throws: /tril: a matrix has two axes, the tensor 1/,
  },
])
samplesFor('triu', [
  { name: 'with the diagonal below', run: (x: Tensor) => triu(x, -1), golden: 'views:triu' },
  { name: 'empty', inputs: [[0, 3]], run: (x: Tensor) => triu(x) },
  {
    name: 'a fraction',
    inputs: [[2, 2]],
    run: (x: Tensor) => triu(x, 0.5),
    throws: /the diagonal is a whole number, not 0.5/,
  },
])
samplesFor('tril_', [
  { name: 'a tall matrix', run: (x: Tensor) => x.clone().tril_(), golden: 'views:tril_' },
])
samplesFor('triu_', [
  {
    name: 'a transposed matrix',
    run: (x: Tensor) => x.t().clone().triu_(1),
    golden: 'views:triu_',
  },
])
