import type { Tensor } from '../../tensor.ts'
import { samplesFor } from '../../testing/samples.ts'
import type { QrMode } from './qr.ts'
import { householderProduct, oldQr, qr } from './qr.ts'

const golden = (name: string): string => `linalg:${name}`
const plain = (x: Tensor): readonly Tensor[] => qr(x)

samplesFor('qr', [
  { name: 'a batch of square matrices', golden: golden('qr'), run: plain },
  { name: 'a tall matrix', golden: golden('qr tall'), run: plain },
  { name: 'a wide matrix', golden: golden('qr wide'), run: plain },
  {
    name: 'a wide matrix, complete',
    golden: golden('qr wide complete'),
    run: (x: Tensor) => qr(x, { mode: 'complete' }),
  },
  {
    name: 'a tall matrix, complete',
    golden: golden('qr tall complete'),
    run: (x: Tensor) => qr(x, 'complete'),
    gradcheck: false, // PyTorch has no derivative here either
  },
  { name: 'R only', golden: golden('qr r'), run: (x: Tensor) => qr(x, 'r').R, gradcheck: false },
  { name: 'the gradient of Q', golden: golden('qr Q alone'), run: (x: Tensor) => qr(x).Q },
  { name: 'the gradient of R', golden: golden('qr R alone'), run: (x: Tensor) => qr(x).R },
  {
    name: 'no columns',
    golden: golden('qr no columns'),
    run: (x: Tensor) => qr(x, 'complete'),
    gradcheck: false,
  },
  { name: "torch's older form", golden: golden('torch.qr'), run: (x: Tensor) => oldQr(x) },
  {
    name: 'all columns, by the older form',
    inputs: [[2, 3]],
    run: (x: Tensor) => oldQr(x, { some: false }),
  },
  {
    name: 'a mode that does not exist',
    inputs: [[2, 2]],
    run: (x: Tensor) => qr(x, 'full' as QrMode),
    throws: /qr: there is no mode "full".*reduced, complete, r/s,
  },
])

samplesFor('householderProduct', [
  {
    name: 'two reflectors',
    golden: golden('householderProduct'),
    run: (x: Tensor, tau: Tensor) => householderProduct(x, tau),
  },
  {
    name: 'a batch',
    golden: golden('householderProduct of a batch'),
    run: (x: Tensor, tau: Tensor) => householderProduct(x, { tau }),
  },
  {
    name: 'no reflectors',
    inputs: [[3, 2], [0]],
    run: (x: Tensor, tau: Tensor) => householderProduct(x, tau),
  },
  {
    name: 'more columns than rows',
    inputs: [[2, 3], [1]],
    run: (x: Tensor, tau: Tensor) => householderProduct(x, tau),
    throws: /at least as many rows \(2\) as columns \(3\)/,
  },
  {
    name: 'factors of another batch',
    inputs: [
      [2, 3, 3],
      [3, 3],
    ],
    run: (x: Tensor, tau: Tensor) => householderProduct(x, tau),
    throws: /tau must have the axes \[2, 3\]/,
  },
])

samplesFor('orgqr', [
  {
    name: 'reached through householderProduct',
    golden: golden('householderProduct'),
    run: (x: Tensor, tau: Tensor) => householderProduct(x, tau),
  },
])
