import { manualSeed } from './generator.ts'
import { bernoulli, normal, rand, randint, randLike, randn, randnLike, randperm } from './random.ts'
import { tensor } from './creation.ts'
import type { Tensor } from './tensor.ts'
import { samplesFor } from './testing/samples.ts'

// The numbers themselves are checked in random.test.ts. The seed makes each call give the same, so
// that a gradient check sees a constant.
samplesFor('uniform', [
  {
    name: 'in place',
    inputs: [[2, 3]],
    run: (x: Tensor) => {
      manualSeed(0)
      return x.clone().uniform_(-1, 2)
    },
  },
  {
    name: 'a new tensor like a transposed one',
    inputs: [{ shape: [3, 4], layout: 'transposed' }],
    run: (x: Tensor) => {
      manualSeed(0)
      return randLike(x)
    },
    gradcheck: false, // the result does not depend on the input
  },
  { name: 'empty', inputs: [0], run: (n: number) => rand([n, 3]), gradcheck: false },
  {
    name: 'turned bounds',
    inputs: [[2]],
    run: (x: Tensor) => x.uniform_(1, 0),
    throws: /\[1, 0\) must be a finite range/,
  },
])
samplesFor('normal', [
  {
    name: 'in place',
    inputs: [[4, 5]],
    run: (x: Tensor) => {
      manualSeed(0)
      return x.clone().normal_(1, 2)
    },
  },
  { name: 'a new tensor', inputs: [7], run: (n: number) => randn([n]), gradcheck: false },
  {
    name: 'like another',
    inputs: [[3, 4]],
    run: (x: Tensor) => randnLike(x),
    gradcheck: false, // the result does not depend on the input
  },
  {
    name: 'a negative deviation',
    inputs: [[2]],
    run: (x: Tensor) => x.normal_(0, -1),
    throws: /std must be at least 0/,
  },
])
samplesFor('normalEach', [
  {
    name: 'means and deviations that broadcast',
    inputs: [[3, 1], { shape: [4], low: 0 }],
    run: (mean: Tensor, std: Tensor) => normal(mean, std),
    gradcheck: false, // random, and no gradient flows
  },
  {
    name: 'a negative deviation',
    inputs: [{ shape: [2], values: [1, -1] }],
    run: (std: Tensor) => normal(0, std),
    throws: /that of element 1 is -1/,
  },
])
samplesFor('exponential', [
  {
    name: 'in place',
    inputs: [[2, 3]],
    run: (x: Tensor) => {
      manualSeed(0)
      return x.clone().exponential_(2)
    },
  },
  {
    name: 'a rate of 0',
    inputs: [[2]],
    run: (x: Tensor) => x.exponential_(0),
    throws: /lambd must be more than 0/,
  },
])
samplesFor('randint', [
  { name: 'a new tensor', inputs: [5], run: (n: number) => randint(-3, 3, [n]) },
  {
    name: 'floating, in place',
    inputs: [[2, 3]],
    run: (x: Tensor) => {
      manualSeed(0)
      return x.clone().random_(0, 10)
    },
  },
  {
    name: 'an empty range',
    inputs: [2],
    run: (n: number) => randint(3, 3, [n]),
    throws: /low \(3\) must be less than high \(3\)/,
  },
])
samplesFor('random', [
  {
    name: 'bytes',
    inputs: [{ shape: [6], dtype: 'uint8' }],
    run: (x: Tensor) => x.clone().random_(),
  },
  {
    name: 'floating, over all whole numbers that it holds',
    inputs: [[2, 3]],
    run: (x: Tensor) => {
      manualSeed(0)
      return x.clone().random_()
    },
  },
  {
    name: 'bytes from a bound on',
    inputs: [{ shape: [6], dtype: 'uint8' }],
    run: (x: Tensor) => x.clone().random_(250, null),
  },
])
samplesFor('bernoulli', [
  {
    name: 'in place',
    inputs: [[2, 3]],
    run: (x: Tensor) => {
      manualSeed(0)
      return x.clone().bernoulli_(0.3)
    },
  },
  {
    name: 'a probability above 1',
    inputs: [[2]],
    run: (x: Tensor) => x.bernoulli_(2),
    throws: /p must lie in \[0, 1\], not 2/,
  },
])
samplesFor('bernoulliEach', [
  {
    name: 'a new tensor',
    inputs: [{ shape: [2, 3], low: 0, high: 1 }],
    run: (p: Tensor) => bernoulli(p),
    gradcheck: false, // random
  },
  {
    name: 'in place',
    inputs: [[2, 3]],
    run: (x: Tensor) => {
      manualSeed(0)
      return x.clone().bernoulli_(tensor([0.2, 0.5, 0.8]))
    },
  },
  {
    name: 'a probability above 1',
    inputs: [{ shape: [2], values: [0.5, 2] }],
    run: (p: Tensor) => bernoulli(p),
    throws: /the one of element 1 is 2/,
  },
])
samplesFor('randperm', [
  { name: 'a permutation', inputs: [10], run: (n: number) => randperm(n) },
  { name: 'of nothing', inputs: [0], run: (n: number) => randperm(n) },
  {
    name: 'of half a number',
    inputs: [2.5],
    run: (n: number) => randperm(n),
    throws: /n must be a whole number ≥ 0, not 2.5/,
  },
])
