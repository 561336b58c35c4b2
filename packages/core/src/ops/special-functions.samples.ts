import {
  acosh,
  angle,
  asinh,
  atanh,
  deg2rad,
  digamma,
  erfc,
  erfinv,
  i0,
  igamma,
  igammac,
  lgamma,
  logaddexp,
  logaddexp2,
  logit,
  mvlgamma,
  polygamma,
  rad2deg,
  sinc,
  special,
  tensor,
  xlogy,
} from '../index.ts'
import type { InputSpec } from '../testing/samples.ts'
import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'

type Unary = (input: Tensor) => Tensor

const { entr, erfcx, i0e, i1, i1e, logNdtr, ndtr, ndtri, xlog1py, zeta } = special

// PyTorch's own error, in float64.
const COARSE = { rtol: 2e-9, atol: 0 }

/** Functions of one number, and where views of them are sampled. */
const functions: [string, Unary, low: number, high: number][] = [
  ['asinh', asinh, -2, 2],
  ['acosh', acosh, 1.2, 3],
  ['atanh', atanh, -0.8, 0.8],
  ['erfc', erfc, -2, 2],
  ['erfinv', erfinv, -0.8, 0.8],
  ['erfcx', erfcx, -1, 2],
  ['ndtr', ndtr, -2, 2],
  ['ndtri', ndtri, 0.1, 0.9],
  ['logNdtr', logNdtr, -3, 2],
  ['lgamma', lgamma, 0.4, 4],
  ['digamma', digamma, 0.4, 4],
  ['i0', i0, -3, 3],
  ['i0e', i0e, 0.5, 3],
  ['i1', i1, -3, 3],
  ['i1e', i1e, 0.5, 3],
  ['sinc', sinc, 0.2, 2],
  ['entr', entr, 0.2, 2],
  ['logit', logit, 0.2, 0.8],
  ['deg2rad', deg2rad, -90, 90],
  ['rad2deg', rad2deg, -2, 2],
]
for (const [name, run, low, high] of functions) {
  const input = (shape: number[], layout: 'sliced' | 'channelsLast'): InputSpec => ({
    shape,
    low,
    high,
    layout,
  })
  samplesFor(name, [
    { name: 'values and gradients', golden: `special:${name}`, run },
    { name: 'float64', golden: `special:${name}/float64`, run },
    {
      name: 'infinite, NaN and other special values',
      golden: `special:${name}/special`,
      run,
      gradcheck: false,
    },
    { name: 'whole numbers become floating', golden: `special:${name}/int64`, run },
    { name: 'every second element of a view', inputs: [input([3, 4], 'sliced')], run },
    { name: 'channels-last', inputs: [input([2, 3, 2, 2], 'channelsLast')], run },
    { name: 'no axes', inputs: [{ shape: [], low, high }], run },
    { name: 'empty', inputs: [[0, 3]], run },
  ])
  const method = `${name}_` as 'asinh_'
  if (!['erfcx', 'ndtr', 'ndtri', 'logNdtr', 'i0e', 'i1', 'i1e', 'entr'].includes(name)) {
    const error = name.endsWith('2rad') || name.endsWith('2deg') ? 'mul_' : method
    samplesFor(method, [
      { name: 'in place', golden: `special:${name}`, run: (x: Tensor) => x.clone()[method]() },
      {
        name: 'whole numbers cannot hold the result',
        inputs: [{ shape: [2], dtype: 'int32' }],
        run: (x: Tensor) => x[method](),
        throws: new RegExp(`${error}: the result's dtype cannot be stored in int32`),
      },
    ])
  }
}

samplesFor('i1', [{ name: 'the slope at 0', inputs: [{ shape: [1], values: [0] }], run: i1 }])
samplesFor('i1e', [
  { name: 'the slope at 0', inputs: [{ shape: [1], values: [0] }], run: i1e, gradcheck: false },
])
samplesFor('angle', [
  { name: 'of special values', golden: 'special:angle', run: angle, gradcheck: false },
  { name: 'whole numbers', golden: 'special:angle/int64', run: angle },
  { name: 'of numbers', inputs: [[2, 3]], run: angle },
])
samplesFor('digamma', [
  {
    name: 'left of 0',
    golden: 'special:digamma/negative',
    run: digamma,
    gradcheck: false,
  },
])
samplesFor('logit', [
  {
    name: 'kept between bounds',
    golden: 'special:logit/0.2',
    run: (x: Tensor) => logit(x, 0.2),
    gradcheck: false,
  },
  {
    name: 'kept between 0 and 1',
    golden: 'special:logit/0.0',
    run: (x: Tensor) => logit(x, { eps: 0 }),
    gradcheck: false,
  },
  {
    name: 'a bound that is no number',
    inputs: [[2]],
    run: (x: Tensor) => logit(x, 'a' as unknown as number),
    throws: /logit: eps must be a number or null, not "a"/,
  },
])

samplesFor('polygamma', [
  ...[1, 2, 3].map((n) => ({
    name: `derivative ${n}`,
    golden: `special:polygamma/${n}`,
    run: (x: Tensor) => polygamma(n, x),
    tolerance: COARSE,
  })),
  { name: 'order 0 is digamma', inputs: [{ shape: [3], low: 0.5, high: 3 }], run: digammaByOrder },
  {
    name: 'left of 0',
    golden: 'special:polygamma/negative',
    run: (x: Tensor) => polygamma(2, x),
  },
  {
    name: 'whole numbers become floating',
    golden: 'special:polygamma/int64',
    run: (x: Tensor) => x.polygamma({ n: 1 }),
  },
  {
    name: 'an order below 0',
    inputs: [[2]],
    run: (x: Tensor) => x.polygamma(-1),
    throws: /polygamma: n must be a whole number ≥ 0, not -1/,
  },
])
function digammaByOrder(x: Tensor): Tensor {
  return polygamma(0, x)
}
samplesFor('polygamma_', [
  {
    name: 'in place',
    golden: 'special:polygamma/2',
    run: (x: Tensor) => x.clone().polygamma_(2),
  },
  {
    name: 'order 0, in place',
    golden: 'special:digamma',
    run: (x: Tensor) => x.clone().polygamma_(0),
  },
])
samplesFor('mvlgamma', [
  { name: 'one dimension', golden: 'special:mvlgamma/1', run: (x: Tensor) => mvlgamma(x, 1) },
  {
    name: 'three dimensions',
    golden: 'special:mvlgamma/3',
    run: (x: Tensor) => mvlgamma(x, { p: 3 }),
  },
  {
    name: 'whole numbers become floating',
    golden: 'special:mvlgamma/int64',
    run: (x: Tensor) => mvlgamma(x, 2),
  },
  {
    name: 'no dimensions',
    inputs: [[2]],
    run: (x: Tensor) => mvlgamma(x, 0),
    throws: /mvlgamma: p must be a whole number ≥ 1, not 0/,
  },
])
samplesFor('mvlgamma_', [
  {
    name: 'in place',
    golden: 'special:mvlgamma/3',
    run: (x: Tensor) => x.clone().mvlgamma_(3),
  },
])

/** The operand by which the functions below are not differentiable. */
function first(like: Tensor): Tensor {
  return tensor([[1.5], [4.25]], { dtype: like.dtype, device: like.device })
}

samplesFor('zeta', [
  { name: 'both broadcast', golden: 'special:zeta', run: (q: Tensor) => zeta(first(q), q) },
  {
    name: 'poles, and outside of the domain',
    golden: 'special:zeta/edges',
    run: zeta,
    gradcheck: false,
  },
  { name: 'a number first', golden: 'special:zeta/number', run: (q: Tensor) => zeta(3, q) },
])
for (const [name, run] of [
  ['igamma', igamma],
  ['igammac', igammac],
] as const) {
  samplesFor(name, [
    { name: 'both broadcast', golden: `special:${name}`, run: (x: Tensor) => run(first(x), x) },
    {
      name: 'large arguments',
      golden: `special:${name}/large`,
      run,
      gradcheck: false,
      tolerance: COARSE,
    },
    {
      name: 'limits, and outside of the domain',
      golden: `special:${name}/edges`,
      run,
      gradcheck: false,
    },
    {
      name: 'whole numbers are refused',
      inputs: [
        { shape: [2], dtype: 'int64' },
        { shape: [2], dtype: 'int64' },
      ],
      run,
      throws: new RegExp(`${name}: is for floating dtypes, not int64`),
    },
    {
      name: 'a number is refused',
      inputs: [[2], 1],
      run,
      throws: new RegExp(`${name}: other must be a tensor`),
    },
  ])
  const method = `${name}_` as const
  samplesFor(method, [
    {
      name: 'in place',
      golden: `special:${name}/large`,
      run: (a: Tensor, x: Tensor) => a.clone()[method](x),
      gradcheck: false,
      tolerance: COARSE,
    },
  ])
}

for (const [name, run] of [
  ['xlogy', xlogy],
  ['xlog1py', xlog1py],
] as const) {
  samplesFor(name, [
    { name: 'both broadcast', golden: `special:${name}`, run },
    { name: 'zeros and NaN', golden: `special:${name}/edges`, run, gradcheck: false },
    { name: 'a number', golden: `special:${name}/number`, run: (x: Tensor) => run(x, 2.5) },
    {
      name: 'a number first',
      golden: `special:${name}/number first`,
      run: (y: Tensor) => run(2.5, { other: y }),
    },
    {
      name: '0 times an infinite logarithm',
      inputs: [{ shape: [2], values: [0, 1.5] }],
      run: (x: Tensor) => run(x, name === 'xlogy' ? 0 : -1),
      gradcheck: false,
    },
    { name: 'whole numbers become floating', golden: `special:${name}/int64`, run },
  ])
}
samplesFor('xlogy_', [
  {
    name: 'in place',
    golden: 'special:xlogy',
    run: (x: Tensor, y: Tensor) => x.clone().xlogy_(y),
  },
])
for (const [name, run] of [
  ['logaddexp', logaddexp],
  ['logaddexp2', logaddexp2],
] as const) {
  samplesFor(name, [
    { name: 'both broadcast', golden: `special:${name}`, run },
    { name: 'infinite and NaN', golden: `special:${name}/edges`, run, gradcheck: false },
    { name: 'float64', golden: `special:${name}/float64`, run },
    {
      name: 'whole numbers are refused',
      inputs: [
        { shape: [2], dtype: 'int64' },
        { shape: [2], dtype: 'int64' },
      ],
      run,
      throws: new RegExp(`${name}: is for floating dtypes, not int64`),
    },
  ])
}
