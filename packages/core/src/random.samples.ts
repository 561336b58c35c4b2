import { tensor } from './creation.ts'
import { getRngState, initialSeed, manualSeed, seed, setRngState } from './generator.ts'
import { binomial, multinomial, poisson } from './ops/distributions.ts'
import {
  alphaDropout,
  alphaDropout_,
  dropout,
  dropout_,
  featureAlphaDropout,
  featureAlphaDropout_,
  featureDropout,
} from './ops/dropout.ts'
import { bernoulli, normal } from './ops/sampling.ts'
import { rand, randint, randintLike, randLike, randn, randnLike, randperm } from './random.ts'
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
    name: 'means that the inputs do not change: no gradient flows',
    inputs: [[3, 1], { shape: [4], low: 0 }],
    run: (mean: Tensor, std: Tensor) => {
      manualSeed(0)
      return normal(mean.mul(0), std.mul(0).add(1))
    },
  },
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

// Where the same seed gives the same for inputs that hardly differ, or what is overwritten.
const CHECKED = /_$|dropout|poisson/i

/** A sample of the function `name`, seeded as its golden was. */
function seeded(
  name: string,
  run: (...inputs: Tensor[]) => Tensor | Tensor[],
  golden: string = name,
): void {
  samplesFor(name, [
    {
      name: `the numbers of PyTorch${golden === name ? '' : ` (${golden})`}`,
      run: (...inputs: Tensor[]) => {
        manualSeed(3)
        return run(...inputs)
      },
      golden: `distributions:${golden}`,
      gradcheck: CHECKED.test(name),
    },
  ])
}

seeded('rand', () => rand(2, 3))
seeded('randn', () => randn({ size: [2, 9] }))
seeded('randLike', (x) => randLike(x))
seeded('randnLike', (x) => randnLike(x))
seeded('randint', () => randint({ low: -3, high: 9, size: [2, 3] }))
seeded('randintLike', (x) => randintLike(x, 2, 9))
seeded('randperm', () => randperm(10, { dtype: 'int32' }))
seeded('bernoulli', (p) => bernoulli(p))
seeded('bernoulli', (x) => x.bernoulli(0.7), 'bernoulli/p')
seeded('normal', (mean, std) => normal(mean, { std }))
seeded('normal', () => normal(1, 2, [2, 9]), 'normal/size')
seeded('uniform_', (x) => x.clone().uniform_(-1, { to: 2 }))
seeded('normal_', (x) => x.clone().normal_(1, 2))
seeded('exponential_', (x) => x.clone().exponential_({ lambd: 2 }))
seeded('cauchy_', (x) => x.clone().cauchy_(1, 2))
seeded('logNormal_', (x) => x.clone().logNormal_({ mean: 0, std: 1 }))
seeded('geometric_', (x) => x.clone().geometric_(0.3))
seeded('bernoulli_', (x) => x.clone().bernoulli_(0.3))
seeded('random_', (x) => x.clone().random_(2, 9))
seeded('poisson', (rates) => poisson(rates))
seeded('binomial', (count, prob) => binomial(count, prob))
seeded('multinomial', (weights) => multinomial(weights, 4))
seeded(
  'multinomial',
  (weights) => weights.multinomial({ numSamples: 12, replacement: true }),
  'multinomial/replacement',
)
seeded('dropout', (x) => dropout(x, { p: 0.4, train: true }))
seeded('dropout_', (x) => dropout_(x.clone(), 0.4, true))
seeded('alphaDropout', (x) => alphaDropout(x, 0.4))
seeded('alphaDropout_', (x) => alphaDropout_(x.clone(), 0.4))
seeded('featureDropout', (x) => featureDropout(x, 0.4))
seeded('featureAlphaDropout', (x) => featureAlphaDropout(x, 0.4))
seeded('featureAlphaDropout_', (x) => featureAlphaDropout_(x.clone(), 0.4))
seeded('initialSeed', () => tensor(Number(initialSeed())))
seeded('setRngState', () => {
  rand(3)
  const state = getRngState()
  const first = rand(4)
  setRngState(state)
  return [rand(4), first]
})
seeded('getRngState', () => getRngState().to('int64').sum())
samplesFor('manualSeed', [
  {
    name: 'starts the same stream',
    inputs: [],
    run: () => {
      manualSeed(3)
      return rand(2, 3)
    },
    golden: 'distributions:rand',
  },
])
samplesFor('seed', [
  {
    name: 'is the seed from then on',
    run: () => {
      const chosen = seed()
      const stream = rand(2, 3)
      manualSeed(chosen)
      return stream.eq(rand(2, 3)).all()
    },
    golden: 'distributions:seed',
  },
])
samplesFor('cauchy', [
  {
    name: 'in place',
    inputs: [[2, 3]],
    run: (x: Tensor) => {
      manualSeed(0)
      return x.clone().cauchy_(1, 2)
    },
  },
  {
    name: 'a width of 0',
    inputs: [[2]],
    run: (x: Tensor) => x.cauchy_(0, 0),
    throws: /cauchy_: sigma must be more than 0, not 0/,
  },
])
samplesFor('logNormal', [
  {
    name: 'in place',
    inputs: [[2, 3]],
    run: (x: Tensor) => {
      manualSeed(0)
      return x.clone().logNormal_(0, 1)
    },
  },
  {
    name: 'a deviation of 0',
    inputs: [[2]],
    run: (x: Tensor) => x.logNormal_(0, 0),
    throws: /logNormal_: std must be more than 0, not 0/,
  },
])
samplesFor('geometric', [
  {
    name: 'in place',
    inputs: [[2, 3]],
    run: (x: Tensor) => {
      manualSeed(0)
      return x.clone().geometric_(0.3)
    },
  },
  {
    name: 'a certain success',
    inputs: [[2]],
    run: (x: Tensor) => x.geometric_(1),
    throws: /geometric_: p must lie in \(0, 1\), not 1/,
  },
  {
    name: 'of bools',
    inputs: [{ shape: [2], dtype: 'bool' }],
    run: (x: Tensor) => x.geometric_(0.5),
    throws: /geometric_: bools cannot count/,
  },
])
samplesFor('poisson', [
  {
    name: 'a negative rate',
    inputs: [{ shape: [2], values: [1, -1] }],
    run: (rates: Tensor) => poisson(rates),
    throws: /poisson: rates are at least 0, but that of element 1 is -1/,
  },
])
samplesFor('binomial', [
  {
    name: 'operands that the inputs do not change: no gradient flows',
    inputs: [[3], [3]],
    run: (count: Tensor, prob: Tensor) => {
      manualSeed(0)
      return binomial(count.mul(0).add(50), prob.mul(0).add(0.3))
    },
  },
  {
    name: 'operands that broadcast',
    inputs: [[3, 1], { shape: [4], low: 0, high: 1 }],
    run: (count: Tensor, prob: Tensor) => binomial(count.abs().mul(50), { prob }),
    gradcheck: false, // random
  },
  {
    name: 'operands of two dtypes',
    inputs: [{ shape: [2], dtype: 'float64' }, [2]],
    run: (count: Tensor, prob: Tensor) => binomial(count, prob.to('float32')),
    throws: /binomial: prob must have the dtype of count, float64, not float32/,
  },
])
samplesFor('multinomial', [
  {
    name: 'more samples than categories',
    inputs: [{ shape: [3], low: 0 }],
    run: (weights: Tensor) => multinomial(weights, 4),
    throws: /multinomial: 4 samples of 3 categories cannot all differ/,
  },
  {
    name: 'more samples than a tensor can have elements',
    inputs: [{ shape: [3], low: 0 }],
    run: (weights: Tensor) => multinomial(weights, 2 ** 60, true),
    throws: /multinomial: .*more elements than memory can hold/,
  },
  {
    name: 'a row without weight',
    inputs: [{ shape: [2, 2], values: [1, 2, 0, 0] }],
    run: (weights: Tensor) => multinomial(weights, 1),
    throws: /multinomial: the weights of a distribution must not all be 0/,
  },
  {
    name: 'a negative weight, with replacement',
    inputs: [{ shape: [2], values: [1, -2] }],
    run: (weights: Tensor) => multinomial(weights, 5, true),
    throws: /multinomial: weights are finite numbers of at least 0, but that of category 1 is -2/,
  },
  {
    name: 'scores of three axes',
    inputs: [[1, 2, 3]],
    run: (weights: Tensor) => multinomial(weights, 1),
    throws: /multinomial: weights have 1 or 2 axes, not 3/,
  },
])
samplesFor('featureDropout', [
  {
    name: 'without channels',
    inputs: [[3]],
    run: (x: Tensor) => featureDropout(x, 0.5),
    throws: /featureDropout: channels are the second axis, the input has 1/,
  },
])
