import type { Tensor } from '../tensor.ts'
import { samplesFor } from '../testing/samples.ts'
import { bilinear, corrcoef, cov } from './covariance.ts'

const golden = (name: string): string => `products:${name}`

samplesFor('cov', [
  { name: 'three variables', golden: golden('cov'), run: (x: Tensor) => cov(x) },
  {
    name: 'a population',
    golden: golden('cov of a population'),
    run: (x: Tensor) => cov(x, { correction: 0 }),
  },
  { name: 'a variable', golden: golden('cov of a variable'), run: (x: Tensor) => cov(x) },
  { name: 'integers', golden: golden('cov of integers'), run: (x: Tensor) => cov(x) },
  {
    name: 'counts and weights',
    golden: golden('cov with weights'),
    run: (x: Tensor, fweights: Tensor, aweights: Tensor) => cov(x, { fweights, aweights }),
  },
  {
    name: 'weights of a population',
    golden: golden('cov with weights of a population'),
    run: (x: Tensor, aweights: Tensor) => cov(x, 0, null, aweights),
  },
  {
    name: 'three axes',
    inputs: [[2, 3, 4]],
    run: (x: Tensor) => cov(x),
    throws: /cov: input must have at most two axes, not 3/,
  },
  {
    name: 'counts that are fractions',
    inputs: [[2, 3], [3]],
    run: (x: Tensor, fweights: Tensor) => cov(x, { fweights }),
    throws: /fweights must be integers, not float32/,
  },
  {
    name: 'a weight too few',
    inputs: [[2, 3], [2]],
    run: (x: Tensor, aweights: Tensor) => cov(x, { aweights }),
    throws: /one axis with an element for each of the 3 observations/,
  },
  {
    name: 'a negative weight',
    inputs: [[2, 3], { shape: [3], values: [1, -1, 1] }],
    run: (x: Tensor, aweights: Tensor) => cov(x, { aweights }),
    throws: /aweights must not be negative/,
  },
])

samplesFor('corrcoef', [
  {
    name: 'three variables',
    golden: golden('corrcoef'),
    run: corrcoef,
    gradcheck: false, // the limits ±1 are kinks, and the diagonal lies on one
  },
  {
    name: 'between two variables',
    inputs: [[2, 5]],
    run: (x: Tensor) => corrcoef(x).select(0, 0).select(0, 1),
  },
  {
    name: 'a variable',
    golden: golden('corrcoef of a variable'),
    run: corrcoef,
  },
])

samplesFor('bilinear', [
  { name: 'rows', golden: golden('bilinear'), run: bilinear },
  { name: 'a batch', golden: golden('bilinear of a batch'), run: bilinear },
  { name: 'vectors', golden: golden('bilinear of vectors'), run: bilinear },
  {
    name: 'a weight that does not fit',
    inputs: [
      [2, 3],
      [2, 4],
      [5, 4, 3],
    ],
    run: bilinear,
    throws: /weight must have the axes \[out, 3, 4\]/,
  },
  {
    name: 'different batches',
    inputs: [
      [2, 3],
      [1, 4],
      [5, 3, 4],
    ],
    run: bilinear,
    throws: /both inputs need the same axes before the last/,
  },
  {
    name: 'a bias that does not fit',
    inputs: [[2, 3], [2, 4], [5, 3, 4], [4]],
    run: bilinear,
    throws: /bias must have the shape \[5\]/,
  },
])
