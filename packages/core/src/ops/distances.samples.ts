import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import { cdist, pdist } from './distances.ts'

const golden = (name: string): string => `products:${name}`
const of = (p: string): number => (p === 'inf' ? Number.POSITIVE_INFINITY : Number(p))
const plain = (a: Tensor, b: Tensor): Tensor => cdist(a, b)

samplesFor('cdist', [
  ...['0', '0.5', '1', '2', '3', 'inf'].map((p) => ({
    name: `the norm ${p}`,
    golden: golden(`cdist p=${p}`),
    run: (a: Tensor, b: Tensor) => cdist(a, b, { p: of(p) }),
    // A sum of square roots, squared, loses more digits.
    ...(p === '0.5' ? { tolerance: { rtol: 1e-5, atol: 1e-4 } } : {}),
  })),
  { name: 'leading axes broadcast', golden: golden('cdist with broadcasting'), run: plain },
  {
    name: 'by a matrix product',
    golden: golden('cdist by products'),
    run: (a: Tensor, b: Tensor) => cdist(a, b, { computeMode: 'use_mm_for_euclid_dist' }),
  },
  {
    name: 'the gradient of equal rows is 0',
    golden: golden('cdist of equal rows'),
    run: plain,
    gradcheck: false, // a kink
  },
  { name: 'no coordinates', golden: golden('cdist without coordinates'), run: plain },
  {
    name: 'enough rows for a matrix product',
    inputs: [
      [30, 17],
      [2, 17],
    ],
    run: plain,
    gradcheck: false, // 544 elements: the smaller samples take the same way
  },
  {
    name: 'rows of different lengths',
    inputs: [
      [3, 4],
      [3, 5],
    ],
    run: plain,
    throws: /x1\.shape\[-1\] \(4\) must equal x2\.shape\[-1\] \(5\)/,
  },
  { name: 'a vector', inputs: [[3, 4], [4]], run: plain, throws: /x2 needs two axes, not 1/ },
  {
    name: 'a negative norm',
    inputs: [
      [3, 4],
      [3, 4],
    ],
    run: (a: Tensor, b: Tensor) => cdist(a, b, -1),
    throws: /p is a number ≥ 0, not -1/,
  },
  {
    name: 'a mode that does not exist',
    inputs: [
      [3, 4],
      [3, 4],
    ],
    run: (a: Tensor, b: Tensor) => cdist(a, b, 2, 'fast' as 'use_mm_for_euclid_dist'),
    throws: /there is no computeMode "fast"/,
  },
])

samplesFor('pdist', [
  { name: 'four points', golden: golden('pdist'), run: (x: Tensor) => pdist(x) },
  ...['0', '1', '3', 'inf'].map((p) => ({
    name: `the norm ${p}`,
    golden: golden(`pdist p=${p}`),
    run: (x: Tensor) => pdist(x, { p: of(p) }),
  })),
  { name: 'one point', golden: golden('pdist of one point'), run: (x: Tensor) => pdist(x) },
  {
    name: 'a batch',
    inputs: [[2, 3, 4]],
    run: (x: Tensor) => pdist(x),
    throws: /input must have the axes \[points, coordinates\], not 3/,
  },
])
