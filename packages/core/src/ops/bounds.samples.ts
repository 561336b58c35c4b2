import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { clamp, clampMax, clampMin, maximum, minimum } from '../index.ts'

for (const [name, run] of [
  ['maximum', maximum],
  ['minimum', minimum],
] as const) {
  samplesFor(name, [
    { name: 'values and gradients', golden: `bounds:${name}`, run },
    { name: 'ties and NaN', golden: `bounds:${name}/ties and NaN`, run, gradcheck: false },
    { name: 'int32 and int64', golden: `bounds:${name}/int32 and int64`, run },
    { name: 'a number', inputs: [[2, 3], 0.25], run },
    { name: 'a number first', inputs: [0.25, [2, 3]], run },
    {
      name: 'views of different layouts',
      inputs: [
        { shape: [3, 4], layout: 'transposed' },
        { shape: [3, 4], layout: 'sliced' },
      ],
      run,
    },
    {
      name: 'bool',
      inputs: [
        { shape: [4], dtype: 'bool' },
        { shape: [4], dtype: 'bool' },
      ],
      run,
    },
    { name: 'empty', inputs: [[0, 3], [3]], run },
  ])
}

samplesFor('clamp', [
  {
    name: 'the gradient passes on the bounds',
    golden: 'bounds:clamp',
    run: (x: Tensor) => clamp(x, -1, 1),
    gradcheck: false,
  },
  {
    name: 'in place',
    golden: 'bounds:clamp',
    run: (x: Tensor) => x.clone().clamp_(-1, 1),
    gradcheck: false,
  },
  {
    name: 'a lower bound',
    golden: 'bounds:clamp/min',
    run: (x: Tensor) => clamp(x, -1),
    gradcheck: false,
  },
  {
    name: 'an upper bound in place',
    golden: 'bounds:clamp/max',
    run: (x: Tensor) => x.clone().clamp_(null, 1),
    gradcheck: false,
  },
  { name: 'tensors as bounds', golden: 'bounds:clamp/tensors', run: clamp },
  {
    name: 'whole numbers',
    golden: 'bounds:clamp/int64',
    run: (x: Tensor) => clamp(x, -2, 3),
  },
  {
    name: 'whole numbers between fractions',
    golden: 'bounds:clamp/fractions of int64',
    run: (x: Tensor) => clamp(x, -1.5, 2.5),
  },
  { name: 'empty', inputs: [[0, 3], [3], 1], run: clamp },
  {
    name: 'no bounds',
    inputs: [[2]],
    run: (x: Tensor) => clamp(x),
    throws: /clamp: at least one bound must be given/,
  },
  {
    name: 'shapes that do not fit',
    inputs: [[2, 3], [4], 1],
    run: clamp,
    throws: /clamp.*do not broadcast/s,
  },
])
for (const [name, run] of [
  ['clampMin', clampMin],
  ['clampMax', clampMax],
] as const) {
  samplesFor(name, [
    { name: 'a tensor as bound', golden: `bounds:${name}`, run },
    {
      name: 'in place',
      golden: `bounds:${name}`,
      run: (x: Tensor, y: Tensor) => x.clone()[`${name}_`](y),
    },
    { name: 'a number', inputs: [[2, 3], 0.25], run },
  ])
}
