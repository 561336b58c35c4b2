import { eye } from '../../creation.ts'
import type { Tensor } from '../../tensor.ts'
import { samplesFor } from '../../testing/samples.ts'
import { mT } from './checks.ts'
import { cholesky, choleskyInverse, choleskySolve, solveTriangular } from './triangular.ts'

const golden = (name: string): string => `linalg:${name}`
const loose = { rtol: 1e-4, atol: 1e-4 }

/** Positive definite, from anything. */
export function definite(x: Tensor): Tensor {
  return x.matmul(mT(x)).add(eye(x.shape.at(-1) as number, { dtype: x.dtype, device: x.device }))
}

samplesFor('solveTriangular', [
  {
    name: 'lower',
    golden: golden('solveTriangular lower'),
    run: (A: Tensor, B: Tensor) => solveTriangular(A, B, { upper: false }),
  },
  {
    name: 'upper, from the right',
    golden: golden('solveTriangular upper, from the right'),
    run: (A: Tensor, B: Tensor) => solveTriangular(A, { B, upper: true, left: false }),
  },
  {
    name: 'with ones on the diagonal',
    golden: golden('solveTriangular unitriangular'),
    run: (A: Tensor, B: Tensor) => solveTriangular(A, B, true, true, true),
  },
  {
    name: 'one matrix for a batch',
    golden: golden('solveTriangular broadcast'),
    run: (A: Tensor, B: Tensor) => solveTriangular(A, B, false),
  },
  {
    name: 'float32',
    golden: golden('solveTriangular float32'),
    run: (A: Tensor, B: Tensor) => solveTriangular(A, B, true),
  },
  {
    name: 'operands of any layout',
    inputs: [
      { shape: [3, 3], layout: 'transposed', values: [3, 0, 0, 1, 2, 0, 1, 1, 2] },
      { shape: [3, 2], layout: 'sliced' },
    ],
    run: (A: Tensor, B: Tensor) => solveTriangular(A, B, false),
  },
  {
    name: 'a sliced matrix for an expanded batch',
    inputs: [
      { shape: [2, 2], layout: 'sliced', values: [3, 1, 0, 2] },
      { shape: [3, 2, 1], layout: 'expanded' },
    ],
    run: (A: Tensor, B: Tensor) => solveTriangular(A, B, true),
  },
  { name: 'no rows', inputs: [[2, 0, 0], [0, 3]], run: (A: Tensor, B: Tensor) => solveTriangular(A, B, true) }, // prettier-ignore
  {
    name: 'a right side of another size',
    inputs: [
      [3, 3],
      [2, 3],
    ],
    run: (A: Tensor, B: Tensor) => solveTriangular(A, B, true),
    throws: /B\.shape\[-2\] \(2\) must equal the 3 rows of A.*left: false/s,
  },
  {
    name: 'a matrix that is not square',
    inputs: [
      [3, 2],
      [3, 3],
    ],
    run: (A: Tensor, B: Tensor) => solveTriangular(A, B, true),
    throws: /A must be square, but has 3 rows and 2 columns/,
  },
  {
    name: 'which triangle is not said',
    inputs: [
      [2, 2],
      [2, 2],
    ],
    run: (A: Tensor, B: Tensor) => solveTriangular(A, { B } as { B: Tensor; upper: boolean }),
    throws: /upper is true or false/,
  },
  {
    name: 'two dtypes',
    inputs: [[2, 2], { shape: [2, 2], dtype: 'float64' }],
    run: (A: Tensor, B: Tensor) => solveTriangular(A.to('float32'), B, true),
    throws: /the tensors must have one dtype, not float32 and float64/,
  },
  {
    name: 'integers',
    inputs: [{ shape: [2, 2], dtype: 'int64' }, [2, 2]],
    run: (A: Tensor, B: Tensor) => solveTriangular(A, B, true),
    throws: /takes float32 and float64, not int64/,
  },
])

samplesFor('cholesky', [
  { name: 'a matrix', golden: golden('cholesky'), run: (x: Tensor) => cholesky(definite(x)) },
  {
    name: 'the upper factor of a batch',
    golden: golden('cholesky upper'),
    run: (x: Tensor) => cholesky(definite(x), { upper: true }),
  },
  {
    name: 'float32',
    golden: golden('cholesky float32'),
    run: (x: Tensor) => cholesky(definite(x)),
    tolerance: loose,
  },
  { name: 'no rows', golden: golden('cholesky empty'), run: (x: Tensor) => cholesky(x) },
  {
    name: 'reads the lower triangle only',
    inputs: [{ shape: [2, 2], values: [4, 99, 2, 5] }],
    run: (x: Tensor) => cholesky(x),
    gradcheck: false, // the gradient is spread over both triangles
  },
  {
    name: 'the second of a batch is not positive definite',
    inputs: [{ shape: [2, 2, 2], values: [1, 0, 0, 1, 1, 2, 2, 1] }],
    run: (x: Tensor) => cholesky(x),
    throws:
      /cholesky: matrix 1 of the batch is not positive definite: its leading minor of order 2/,
  },
  {
    name: 'a single matrix is not positive definite',
    inputs: [{ shape: [2, 2], values: [-1, 0, 0, 1] }],
    run: (x: Tensor) => cholesky(x),
    throws:
      /cholesky: matrix is not positive definite: its leading minor of order 1 is not positive/,
  },
  {
    name: 'a vector',
    inputs: [[3]],
    run: (x: Tensor) => cholesky(x),
    throws: /input must have the axes \[\.\.\., rows, columns\], not 1/,
  },
])

samplesFor('choleskySolve', [
  {
    name: 'a batch of factors',
    golden: golden('choleskySolve'),
    run: (b: Tensor, x: Tensor) => choleskySolve(b, cholesky(definite(x))),
  },
  {
    name: 'an upper factor',
    golden: golden('choleskySolve upper'),
    run: (b: Tensor, x: Tensor) => choleskySolve(b, mT(cholesky(definite(x))), { upper: true }),
  },
])

samplesFor('choleskyInverse', [
  {
    name: 'a batch of factors',
    golden: golden('choleskyInverse'),
    run: (x: Tensor) => choleskyInverse(cholesky(definite(x))),
  },
  {
    name: 'an upper factor',
    golden: golden('choleskyInverse upper'),
    run: (x: Tensor) => choleskyInverse(mT(cholesky(definite(x))), true),
  },
])
