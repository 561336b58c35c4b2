import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { addcdiv, addcmul, lerp, where } from '../index.ts'

samplesFor('where', [
  { name: 'equal shapes', golden: 'ternary:where', run: where },
  { name: 'all broadcast', golden: 'ternary:where/broadcast', run: where },
  {
    name: 'a number',
    golden: 'ternary:where/number',
    run: (condition: Tensor, x: Tensor) => where(condition, x, 0.5),
  },
  {
    name: 'as a method',
    golden: 'ternary:where',
    run: (condition: Tensor, x: Tensor, y: Tensor) => x.where(condition, y),
  },
  { name: 'int32 and float32', golden: 'ternary:where/int32 and float32', run: where },
  { name: 'two numbers', inputs: [{ shape: [4], dtype: 'bool' }, 1, 2.5], run: where },
  {
    name: 'views of different layouts',
    inputs: [
      { shape: [3, 4], dtype: 'bool', layout: 'transposed' },
      { shape: [3, 4], layout: 'sliced' },
      { shape: [3, 4], layout: 'expanded' },
    ],
    run: where,
  },
  { name: 'empty', inputs: [{ shape: [0, 3], dtype: 'bool' }, [3], 1], run: where },
  {
    name: 'a condition that is not bool',
    inputs: [[2], [2], [2]],
    run: where,
    throws: /where: the condition must be bool, not float32/,
  },
  {
    name: 'shapes that do not fit',
    inputs: [{ shape: [2, 3], dtype: 'bool' }, [4], 1],
    run: where,
    throws: /where.*do not broadcast/s,
  },
])

samplesFor('lerp', [
  {
    name: 'a number as weight',
    golden: 'ternary:lerp',
    run: (x: Tensor, y: Tensor) => lerp(x, y, 0.25),
  },
  { name: 'a tensor as weight', golden: 'ternary:lerp/tensor weight', run: lerp },
  {
    name: 'in place',
    golden: 'ternary:lerp/tensor weight',
    run: (x: Tensor, y: Tensor, weight: Tensor) => x.clone().lerp_(y, weight),
  },
  { name: 'empty', inputs: [[0, 3], [3], 0.5], run: lerp },
  {
    name: 'whole numbers are refused',
    inputs: [{ shape: [2], dtype: 'int64' }, { shape: [2], dtype: 'int64' }, 0.5],
    run: lerp,
    throws: /lerp: is for floating dtypes, not int64/,
  },
])

for (const [name, run] of [
  ['addcmul', addcmul],
  ['addcdiv', addcdiv],
] as const) {
  samplesFor(name, [
    { name: 'equal shapes', golden: `ternary:${name}`, run },
    {
      name: 'a value, and all broadcast',
      golden: `ternary:${name}/value and broadcast`,
      run: (x: Tensor, a: Tensor, b: Tensor) => run(x, a, b, { value: -1.5 }),
    },
    {
      name: 'in place',
      golden: `ternary:${name}`,
      run: (x: Tensor, a: Tensor, b: Tensor) => x.clone()[`${name}_`](a, b),
    },
    { name: 'empty', inputs: [[0, 3], [3], [3]], run },
    {
      name: 'a number in place of a tensor',
      inputs: [[2], 1, [2]],
      run,
      throws: new RegExp(`${name}: tensor1 must be a tensor`),
    },
    {
      name: 'shapes that do not fit',
      inputs: [[2, 3], [4], [1]],
      run,
      throws: new RegExp(`${name}.*do not broadcast`, 's'),
    },
  ])
}
samplesFor('addcmul', [
  {
    name: 'whole numbers',
    golden: 'ternary:addcmul/int64',
    run: (x: Tensor, a: Tensor, b: Tensor) => addcmul(x, a, b, { value: 2 }),
  },
])
samplesFor('addcdiv', [
  {
    name: 'whole numbers are refused',
    inputs: [
      { shape: [2], dtype: 'int64' },
      { shape: [2], dtype: 'int64' },
      { shape: [2], dtype: 'int64' },
    ],
    run: addcdiv,
    throws: /addcdiv: is for floating dtypes, not int64/,
  },
])
