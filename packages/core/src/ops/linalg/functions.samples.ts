import type { Tensor } from '../../tensor.ts'
import { samplesFor } from '../../testing/samples.ts'
import { mT } from './checks.ts'
import { matrixExp, matrixPower } from './powers.ts'
import { matrixRank, pinv, pinverse } from './pseudoinverse.ts'
import { tensorinv, tensorsolve } from './tensor-maps.ts'

const golden = (name: string): string => `linalg:${name}`
const loose = { rtol: 1e-4, atol: 1e-4 }
const symmetric = (x: Tensor): Tensor => x.add(mT(x))

samplesFor('matrixExp', [
  { name: 'a batch', golden: golden('matrixExp'), run: matrixExp },
  { name: 'small elements', golden: golden('matrixExp of small ones'), run: matrixExp },
  { name: 'large elements', golden: golden('matrixExp of large ones'), run: matrixExp },
  { name: 'float32', golden: golden('matrixExp float32'), run: matrixExp, tolerance: loose },
  { name: 'no rows', inputs: [[2, 0, 0]], run: matrixExp },
  {
    name: 'half precision',
    inputs: [{ shape: [2, 2], dtype: 'float16' }],
    run: matrixExp,
    gradcheck: false, // the rounding of float16 is coarser than the differences
  },
  {
    name: 'integers',
    inputs: [{ shape: [2, 2], dtype: 'int64' }],
    run: matrixExp,
    throws: /matrixExp: is for floating dtypes, not int64/,
  },
])

samplesFor('matrixPower', [
  ...[0, 1, 5].map((n) => ({
    name: `n = ${n}`,
    golden: golden(`matrixPower ${n}`),
    run: (x: Tensor) => matrixPower(x, n),
    gradcheck: n > 0,
  })),
  {
    name: 'powers of the inverse',
    golden: golden('matrixPower -2'),
    run: (x: Tensor) => matrixPower(x, { n: -2 }),
  },
  {
    name: 'integers',
    golden: golden('matrixPower of integers'),
    run: (x: Tensor) => matrixPower(x, 3),
  },
  {
    name: 'a fraction',
    inputs: [[2, 2]],
    run: (x: Tensor) => matrixPower(x, 0.5),
    throws: /n must be a whole number, not 0\.5/,
  },
])

samplesFor('matrixRank', [
  { name: 'a batch', golden: golden('matrixRank'), run: (x: Tensor) => matrixRank(x) },
  {
    name: 'with limits',
    golden: golden('matrixRank with limits'),
    run: (x: Tensor) => matrixRank(x, { atol: 1, rtol: 0 }),
  },
  {
    name: 'with a limit for each matrix',
    golden: golden('matrixRank by tol'),
    run: (x: Tensor, tol: Tensor) => matrixRank(x, tol),
  },
  {
    name: 'symmetric',
    golden: golden('matrixRank hermitian'),
    run: (x: Tensor) => matrixRank(symmetric(x), { hermitian: true }),
  },
  { name: 'no rows', golden: golden('matrixRank empty'), run: (x: Tensor) => matrixRank(x) },
  {
    name: 'a limit that is no number',
    inputs: [[2, 2]],
    run: (x: Tensor) => matrixRank(x, { atol: '1' as unknown as number }),
    throws: /atol is a number or a tensor, not "1"/,
  },
])

samplesFor('pinv', [
  { name: 'a batch of tall matrices', golden: golden('pinv'), run: (x: Tensor) => pinv(x) },
  { name: 'a wide matrix', golden: golden('pinv wide'), run: (x: Tensor) => pinv(x) },
  {
    name: 'matrices of rank 2',
    golden: golden('pinv of rank 2'),
    run: (a: Tensor, b: Tensor) => pinv(a.matmul(b)),
  },
  {
    name: 'symmetric',
    golden: golden('pinv hermitian'),
    run: (x: Tensor) => pinv(symmetric(x), { hermitian: true }),
  },
  {
    name: 'with a limit',
    golden: golden('pinv with a limit'),
    run: (x: Tensor) => pinv(x, { atol: 1 }),
    gradcheck: false, // the rank changes as soon as a zero moves
  },
  {
    name: 'float32',
    golden: golden('pinv float32'),
    run: (x: Tensor) => pinv(x),
    tolerance: loose,
  },
  { name: 'no rows', inputs: [[0, 3]], run: (x: Tensor) => pinv(x) },
  {
    name: 'NaN',
    inputs: [{ shape: [2, 1], values: [Number.NaN, 1] }],
    run: (x: Tensor) => pinv(x),
    throws: /pinv: matrix holds NaN/,
  },
])

samplesFor('pinverse', [
  { name: 'a tall matrix', golden: golden('pinverse'), run: (x: Tensor) => pinverse(x) },
])

samplesFor('tensorinv', [
  {
    name: 'one axis of rows',
    golden: golden('tensorinv'),
    run: (x: Tensor) => tensorinv(x, { ind: 1 }),
  },
  {
    name: 'not square',
    inputs: [[2, 2, 3]],
    run: (x: Tensor) => tensorinv(x),
    throws: /the rows \[2, 2\] have 4 elements, the columns \[3\] 3/,
  },
  {
    name: 'no rows',
    inputs: [[2, 2]],
    run: (x: Tensor) => tensorinv(x, 0),
    throws: /ind must be a whole number > 0, not 0/,
  },
])

samplesFor('tensorsolve', [
  {
    name: 'the first axes are rows',
    golden: golden('tensorsolve'),
    run: (A: Tensor, B: Tensor) => tensorsolve(A, B),
  },
  {
    name: 'with axes that are moved first',
    golden: golden('tensorsolve with dims'),
    run: (A: Tensor, B: Tensor) => tensorsolve(A, B, { dims: [0] }),
  },
  {
    name: 'shapes that do not fit',
    inputs: [[2, 2], [3]],
    run: (A: Tensor, B: Tensor) => tensorsolve(A, B),
    throws: /the first axes of A \[2\] must have as many elements as B \[3\]/,
  },
])
