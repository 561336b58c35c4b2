import type { Sample } from '../testing/samples.ts'
import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import {
  abs,
  bitwiseNot,
  ceil,
  floor,
  isfinite,
  isinf,
  isnan,
  logicalNot,
  neg,
  reciprocal,
  round,
  rsqrt,
  sign,
  sqrt,
  square,
  trunc,
} from '../index.ts'

type Unary = (input: Tensor) => Tensor
type InPlaceName = 'neg_' | 'abs_' | 'sign_' | 'square_' | 'floor_' | 'ceil_' | 'round_' | 'trunc_'

const layouts: Partial<Sample>[] = [
  { name: 'a transposed view', inputs: [{ shape: [3, 4], layout: 'transposed' }] },
  { name: 'channels-last', inputs: [{ shape: [2, 3, 2, 2], layout: 'channelsLast' }] },
  { name: 'every second element', inputs: [{ shape: [2, 4], layout: 'sliced' }] },
  { name: 'no axes', inputs: [[]] },
  { name: 'empty', inputs: [[0, 3]] },
]

const keeping: [string, Unary, InPlaceName][] = [
  ['neg', neg, 'neg_'],
  ['abs', abs, 'abs_'],
  ['sign', sign, 'sign_'],
  ['square', square, 'square_'],
  ['floor', floor, 'floor_'],
  ['ceil', ceil, 'ceil_'],
  ['round', round, 'round_'],
  ['trunc', trunc, 'trunc_'],
]
for (const [name, run, method] of keeping) {
  samplesFor(name, [
    ...layouts.map((sample) => ({ name: '', ...sample, run })),
    { name: 'values and gradients', golden: `unary:${name}`, run },
    { name: 'in place', golden: `unary:${name}`, run: (x: Tensor) => x.clone()[method]() },
    {
      name: 'infinite, NaN and other special values',
      golden: `unary:${name}/special`,
      run,
      gradcheck: false,
    },
    { name: 'whole numbers', golden: `unary:${name}/int32`, run },
  ])
}
samplesFor('square', [{ name: 'bool counts as numbers', golden: 'unary:square/bool', run: square }])
for (const [name, run] of keeping.filter(([op]) => op !== 'sign' && op !== 'square')) {
  samplesFor(name, [
    {
      name: 'bool is refused',
      inputs: [{ shape: [2], dtype: 'bool' }],
      run,
      throws: new RegExp(`${name}: is not defined for bool`),
    },
  ])
}

const roots: [string, Unary, 'sqrt_' | 'rsqrt_' | 'reciprocal_'][] = [
  ['sqrt', sqrt, 'sqrt_'],
  ['rsqrt', rsqrt, 'rsqrt_'],
  ['reciprocal', reciprocal, 'reciprocal_'],
]
for (const [name, run, method] of roots) {
  samplesFor(name, [
    { name: 'values and gradients', golden: `unary:${name}`, run },
    { name: 'in place', golden: `unary:${name}`, run: (x: Tensor) => x.clone()[method]() },
    { name: 'float64', golden: `unary:${name}/float64`, run },
    { name: 'special values', golden: `unary:${name}/special`, run, gradcheck: false },
    { name: 'whole numbers become floating', golden: `unary:${name}/int64`, run },
    {
      name: 'a transposed view',
      inputs: [{ shape: [3, 4], low: 0.2, high: 3, layout: 'transposed' }],
      run,
    },
    { name: 'empty', inputs: [[0, 3]], run },
    {
      name: 'whole numbers cannot hold the result in place',
      inputs: [{ shape: [2], dtype: 'int64' }],
      run: (x: Tensor) => x[method](),
      throws: new RegExp(`${method}: the result's dtype cannot be stored in int64`),
    },
  ])
}

const tests: [string, Unary][] = [
  ['isnan', isnan],
  ['isinf', isinf],
  ['isfinite', isfinite],
  ['logicalNot', logicalNot],
]
for (const [name, run] of tests) {
  samplesFor(name, [
    ...layouts.map((sample) => ({ name: '', ...sample, run })),
    { name: 'special values', golden: `unary:${name}`, run },
    { name: 'whole numbers', golden: `unary:${name}/int64`, run },
  ])
}

samplesFor('bitwiseNot', [
  { name: 'whole numbers', golden: 'unary:bitwiseNot', run: bitwiseNot },
  {
    name: 'in place',
    golden: 'unary:bitwiseNot',
    run: (x: Tensor) => x.clone().bitwiseNot_(),
  },
  { name: 'bool', golden: 'unary:bitwiseNot/bool', run: bitwiseNot },
  {
    name: 'floating dtypes are refused',
    inputs: [[2]],
    run: bitwiseNot,
    throws: /bitwiseNot: is for integers and bool, not float32/,
  },
])
