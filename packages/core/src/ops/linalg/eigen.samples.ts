import type { Tensor } from '../../tensor.ts'
import { samplesFor } from '../../testing/samples.ts'
import { mT } from './checks.ts'
import type { Triangle } from './eigen.ts'
import { eigh, eigvals, eigvalsh } from './eigen.ts'

const golden = (name: string): string => `linalg:${name}`
const symmetric = (x: Tensor): Tensor => x.add(mT(x))

samplesFor('eigh', [
  {
    name: 'a batch',
    golden: golden('eigh'),
    run: (x: Tensor) => {
      const { eigenvalues, eigenvectors } = eigh(symmetric(x))
      // Vectors are determined up to their sign.
      return [eigenvalues, eigenvectors.abs()]
    },
  },
  {
    name: 'the upper triangle',
    golden: golden('eigh upper'),
    run: (x: Tensor) => eigh(x, { UPLO: 'U' }).eigenvalues,
    gradcheck: false, // the gradient is spread over both triangles
  },
  { name: 'NaN', golden: golden('eigh of NaN'), run: (x: Tensor) => eigh(x), gradcheck: false },
  {
    name: 'puts the matrix together again',
    inputs: [[2, 3, 3]],
    run: (x: Tensor) => {
      const { eigenvalues, eigenvectors } = eigh(symmetric(x), 'L')
      return eigenvectors.mul(eigenvalues.unsqueeze(-2)).matmul(mT(eigenvectors))
    },
  },
  { name: 'no rows', inputs: [[2, 0, 0]], run: (x: Tensor) => eigh(x) },
  {
    name: 'a triangle that does not exist',
    inputs: [[2, 2]],
    run: (x: Tensor) => eigh(x, 'D' as Triangle),
    throws: /eigh: UPLO is 'L' or 'U', not "D"/,
  },
])

samplesFor('eigvalsh', [
  { name: 'a batch', golden: golden('eigvalsh'), run: (x: Tensor) => eigvalsh(symmetric(x)) },
])

const parts = (x: Tensor): readonly Tensor[] => eigvals(x)

samplesFor('eigvals', [
  { name: 'a conjugate pair and a real one', golden: golden('eigvals'), run: parts },
  { name: 'a batch', golden: golden('eigvals of a batch'), run: parts },
  { name: 'no rows', inputs: [[0, 0]], run: parts },
  {
    name: 'NaN',
    inputs: [{ shape: [2, 2, 2], values: [1, 0, 0, 1, 0, Number.NaN, 0, 1] }],
    run: parts,
    throws: /eig: matrix 1 of the batch holds NaN or infinities/,
  },
])

samplesFor('eig', [{ name: 'reached through eigvals', golden: golden('eigvals'), run: parts }])
