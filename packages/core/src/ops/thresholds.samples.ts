import {
  allclose,
  celu,
  equal,
  hardshrink,
  isclose,
  prelu,
  selu,
  tensor,
  threshold,
} from '../index.ts'
import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { elu } from './thresholds.ts'

type Unary = (input: Tensor) => Tensor

const activations: [string, string, Unary][] = [
  ['elu', 'elu', elu],
  ['elu', 'elu/0.5', (x) => elu(x, { alpha: 0.5 })],
  ['celu', 'celu', celu],
  ['celu', 'celu/2', (x) => celu(x, 2)],
  ['selu', 'selu', selu],
  ['threshold', 'threshold', (x) => threshold(x, 0.25, -7)],
  ['hardshrink', 'hardshrink', hardshrink],
  ['hardshrink', 'hardshrink/1', (x) => hardshrink(x, { lambd: 1 })],
]
for (const [op, golden, run] of activations) {
  samplesFor(op, [
    { name: `${golden}: values and gradients`, golden: `elementwise:${golden}`, run },
    {
      name: `${golden}: infinite, NaN and other special values`,
      golden: `elementwise:${golden}/special`,
      run,
      gradcheck: false,
    },
  ])
}
for (const [name, run] of [
  ['celu', celu],
  ['selu', selu],
  ['hardshrink', hardshrink],
] as const) {
  samplesFor(name, [
    { name: 'a transposed view', inputs: [{ shape: [3, 4], layout: 'transposed' }], run },
    {
      name: 'whole numbers are refused',
      inputs: [{ shape: [2], dtype: 'int64' }],
      run,
      throws: new RegExp(`${name}: is for floating dtypes, not int64`),
    },
  ])
}
samplesFor('celu', [
  {
    name: 'alpha 0',
    inputs: [[2]],
    run: (x: Tensor) => celu(x, { alpha: 0 }),
    throws: /celu: alpha must not be 0/,
  },
])
samplesFor('threshold', [
  {
    name: 'whole numbers',
    golden: 'elementwise:threshold/int64',
    run: (x: Tensor) => threshold(x, { threshold: 1, value: 9 }),
  },
  {
    name: 'without a value',
    inputs: [[2]],
    run: (x: Tensor) => (threshold as unknown as (x: Tensor, bound: number) => Tensor)(x, 1),
    throws: /threshold: value must be a number, not undefined/,
  },
])
samplesFor('prelu', [
  { name: 'a weight for each channel', golden: 'elementwise:prelu', run: prelu },
  { name: 'one weight', golden: 'elementwise:prelu/one weight', run: prelu },
  {
    name: 'a weight without axes',
    golden: 'elementwise:prelu/no axes',
    run: (x: Tensor, weight: Tensor) => prelu(x, { weight }),
  },
  {
    name: 'another number of weights',
    inputs: [[2, 3], [2]],
    run: prelu,
    throws: /prelu: the weight \[2\] must be .* one for each of 3 channels/,
  },
])

samplesFor('isclose', [
  { name: 'infinite and NaN', golden: 'elementwise:isclose', run: isclose },
  {
    name: 'tolerances of choice',
    golden: 'elementwise:isclose/tolerances',
    run: (x: Tensor, y: Tensor) => isclose(x, y, 0.2, { atol: 0, equalNan: true }),
  },
  {
    name: 'whole numbers',
    golden: 'elementwise:isclose/int64',
    run: (x: Tensor, other: Tensor) => isclose(x, { other, atol: 1.5 }),
  },
  {
    name: 'exactly',
    golden: 'elementwise:isclose/exact',
    run: (x: Tensor, y: Tensor) => isclose(x, y, 0, 0),
  },
  {
    name: 'dtypes that differ',
    inputs: [[2], { shape: [2], dtype: 'float64' }],
    run: isclose,
    throws: /isclose: both tensors must be of one dtype, not float32 and float64/,
  },
  {
    name: 'a negative tolerance',
    inputs: [[2], [2]],
    run: (x: Tensor, y: Tensor) => isclose(x, y, { rtol: -1 }),
    throws: /isclose: rtol must be a number from 0 on, not -1/,
  },
])
const all = (test: (x: Tensor, y: Tensor) => boolean) => (x: Tensor, y: Tensor) =>
  tensor([test(x, y), test(x, x.clone())])
samplesFor('allclose', [
  {
    name: 'near, and the same',
    inputs: [
      [2, 3],
      [2, 3],
    ],
    run: all((x, y) => allclose(x, y)),
  },
])
samplesFor('equal', [
  {
    name: 'others, and the same',
    inputs: [
      [2, 3],
      [2, 3],
    ],
    run: all((x, y) => equal(x, y)),
  },
])
