import type { Tensor } from '../../tensor.ts'
import { samplesFor } from '../../testing/samples.ts'
import { det, inverse, logdet, luFactor, slogdet, solve } from './solve.ts'
import { definite } from './triangular.samples.ts'

const golden = (name: string): string => `linalg:${name}`
const loose = { rtol: 1e-4, atol: 1e-4 }
const SINGULAR = { shape: [2, 2, 2], values: [1, 0, 0, 1, 1, 2, 2, 4] } as const
const plain = (A: Tensor, B: Tensor): Tensor => solve(A, B)

samplesFor('inverse', [
  { name: 'a batch', golden: golden('inverse'), run: inverse },
  { name: 'float32', golden: golden('inverse float32'), run: inverse, tolerance: loose },
  { name: 'no rows', golden: golden('inverse empty'), run: inverse },
  {
    name: 'a transposed view',
    inputs: [{ shape: [2, 2], layout: 'transposed', values: [3, 1, 0, 2] }],
    run: inverse,
  },
  {
    name: 'the second of a batch is singular',
    inputs: [SINGULAR],
    run: inverse,
    throws: /inverse: matrix 1 of the batch is singular and has no inverse: pivot 1 is 0/,
  },
  {
    name: 'a matrix that is not square',
    inputs: [[2, 3]],
    run: inverse,
    throws: /inverse: input must be square, but has 2 rows and 3 columns/,
  },
  {
    name: 'half precision',
    inputs: [{ shape: [2, 2], dtype: 'float16' }],
    run: (x: Tensor) => inverse(x.to('float16')),
    throws: /takes float32 and float64, not float16/,
  },
])

samplesFor('solve', [
  { name: 'a matrix', golden: golden('solve'), run: plain },
  { name: 'a vector', golden: golden('solve vector'), run: plain },
  { name: 'a batch of vectors', golden: golden('solve vectors'), run: plain },
  { name: 'batches broadcast', golden: golden('solve broadcast'), run: plain },
  {
    name: 'from the right',
    golden: golden('solve from the right'),
    run: (A: Tensor, B: Tensor) => solve(A, { B, left: false }),
  },
  {
    name: 'a right side of another size',
    inputs: [
      [3, 3],
      [2, 3],
    ],
    run: plain,
    throws: /solve: B must have 3 rows, as A has/,
  },
  {
    name: 'the second of a batch is singular',
    inputs: [SINGULAR, [2, 1]],
    run: plain,
    throws: /solve: matrix 1 of the batch is singular, the system has no single solution/,
  },
])

samplesFor('det', [
  { name: 'a batch', golden: golden('det'), run: det },
  {
    name: 'a singular matrix',
    golden: golden('det singular'),
    run: det,
    tolerance: { rtol: 1e-10, atol: 1e-9 },
  },
  {
    name: 'a matrix of rank 1',
    golden: golden('det rank 1'),
    run: det,
    tolerance: { rtol: 1e-10, atol: 1e-9 },
    gradcheck: false, // its singular vectors have no derivative: checked once by PyTorch's gradient
  },
  {
    name: 'singular and regular ones',
    golden: golden('det mixed'),
    run: det,
    tolerance: { rtol: 1e-10, atol: 1e-9 },
  },
  { name: 'no rows', golden: golden('det empty'), run: det },
])

samplesFor('slogdet', [
  { name: 'a batch', golden: golden('slogdet'), run: slogdet },
  { name: 'a singular matrix', golden: golden('slogdet singular'), run: slogdet, gradcheck: false },
])

samplesFor('logdet', [
  { name: 'a batch', golden: golden('logdet'), run: (x: Tensor) => logdet(definite(x)) },
  {
    name: 'a negative determinant',
    golden: golden('logdet negative'),
    run: logdet,
    gradcheck: false, // NaN
  },
])

samplesFor('luFactor', [
  ...['3x3', '2x4', '4x2'].map((size) => ({
    name: `a batch of ${size}`,
    golden: golden(`luFactor ${size}`),
    run: (x: Tensor) => luFactor(x),
  })),
  { name: 'float32', golden: golden('luFactor float32'), run: (x: Tensor) => luFactor(x) },
  { name: 'no columns', inputs: [[2, 0]], run: (x: Tensor) => luFactor(x) },
  {
    name: 'the second of a batch is singular',
    inputs: [SINGULAR],
    run: (x: Tensor) => luFactor(x),
    throws: /luFactor: matrix 1 of the batch is singular: U\[1, 1\] is 0/,
  },
  {
    name: 'without pivoting',
    inputs: [[2, 2]],
    run: (x: Tensor) => luFactor(x, { pivot: false }),
    throws: /there are no factors without pivoting on the CPU/,
  },
])
