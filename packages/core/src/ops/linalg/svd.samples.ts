import type { Tensor } from '../../tensor.ts'
import { samplesFor } from '../../testing/samples.ts'
import { oldSvd, svd, svdvals } from './svd.ts'

const golden = (name: string): string => `linalg:${name}`

// Vectors are determined up to their sign.
const unsigned = ([U, S, V]: readonly Tensor[]): Tensor[] => [
  (U as Tensor).abs(),
  S as Tensor,
  (V as Tensor).abs(),
]

samplesFor('svd', [
  ...['3x3', '4x2', '2x4'].map((size) => ({
    name: `a batch of ${size}`,
    golden: golden(`svd ${size}`),
    run: (x: Tensor) => unsigned(svd(x, { fullMatrices: false })),
  })),
  { name: 'full matrices', golden: golden('svd full'), run: (x: Tensor) => svd(x).S },
  {
    name: 'the first vectors of full matrices',
    golden: golden('svd full, first vectors'),
    run: (x: Tensor) => {
      const { U, Vh } = svd(x)
      return [U.narrow(-1, 0, 2).abs(), Vh.abs()]
    },
  },
  { name: 'no columns', golden: golden('svd empty'), run: (x: Tensor) => svd(x), gradcheck: false },
  {
    name: 'infinities',
    golden: golden('svd of infinities'),
    run: (x: Tensor) => svd(x).S,
    gradcheck: false,
  },
  {
    name: 'puts the matrix together again',
    inputs: [[2, 2, 3]],
    run: (x: Tensor) => {
      const { U, S, Vh } = svd(x, false)
      return U.mul(S.unsqueeze(-2)).matmul(Vh)
    },
  },
  {
    name: "torch's older form",
    golden: golden('torch.svd'),
    run: (x: Tensor) => unsigned(oldSvd(x)),
  },
  {
    name: 'zeros instead of vectors',
    golden: golden('torch.svd without vectors'),
    run: (x: Tensor) => oldSvd(x, { computeUv: false }),
    gradcheck: false,
  },
  {
    name: 'NaN in the second of a batch',
    inputs: [{ shape: [2, 1, 2], values: [1, 0, Number.NaN, 1] }],
    run: (x: Tensor) => svd(x),
    throws: /svd: matrix 1 of the batch holds NaN, and has no such decomposition/,
  },
  {
    name: 'a driver',
    inputs: [[2, 2]],
    run: (x: Tensor) => svd(x, { driver: 'gesvd' }),
    throws: /a driver \("gesvd"\) can be chosen on CUDA only/,
  },
])

samplesFor('svdvals', [
  { name: 'a batch', golden: golden('svdvals'), run: (x: Tensor) => svdvals(x) },
])
