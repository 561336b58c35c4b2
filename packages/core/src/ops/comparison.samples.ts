import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import {
  bitwiseAnd,
  bitwiseLeftShift,
  bitwiseOr,
  bitwiseRightShift,
  bitwiseXor,
  eq,
  ge,
  gt,
  le,
  logicalAnd,
  logicalOr,
  logicalXor,
  lt,
  ne,
} from '../index.ts'

const comparisons = [
  ['eq', 'eq', eq],
  ['ne', 'ne', ne],
  ['lt', 'lt', lt],
  ['le', 'le', le],
  ['gt', 'gt', gt],
  ['ge', 'ge', ge],
  ['logicalAnd', 'logical_and', logicalAnd],
  ['logicalOr', 'logical_or', logicalOr],
  ['logicalXor', 'logical_xor', logicalXor],
] as const
for (const [name, golden, run] of comparisons) {
  samplesFor(name, [
    { name: 'zeros, infinities and NaN', golden: `comparison:${golden}`, run },
    { name: 'whole numbers broadcast', golden: `comparison:${golden}/int32`, run },
    {
      name: 'views of different layouts',
      inputs: [
        { shape: [3, 4], layout: 'transposed' },
        { shape: [3, 4], layout: 'sliced' },
      ],
      run,
    },
    { name: 'a number', inputs: [[2, 3], 0.5], run },
    {
      name: 'bool',
      inputs: [
        { shape: [5], dtype: 'bool' },
        { shape: [5], dtype: 'bool' },
      ],
      run,
    },
    { name: 'empty', inputs: [[0, 3], [3]], run },
    {
      name: 'shapes that do not fit',
      inputs: [[2, 3], [4]],
      run,
      throws: new RegExp(`${name}.*do not broadcast`, 's'),
    },
  ])
  if (golden.startsWith('logical')) continue
  samplesFor(name, [
    { name: 'whole numbers and a fraction', golden: `comparison:${golden}/number`, run },
  ])
}

const bits = [
  ['bitwiseAnd', 'bitwise_and', bitwiseAnd],
  ['bitwiseOr', 'bitwise_or', bitwiseOr],
  ['bitwiseXor', 'bitwise_xor', bitwiseXor],
] as const
for (const [name, golden, run] of bits) {
  samplesFor(name, [
    { name: 'whole numbers broadcast', golden: `comparison:${golden}`, run },
    {
      name: 'in place',
      golden: `comparison:${golden}`,
      run: (x: Tensor, y: Tensor) => x.clone()[`${name}_`](y),
    },
    { name: 'bool', golden: `comparison:${golden}/bool`, run },
    {
      name: 'floating dtypes are refused',
      inputs: [[2], { shape: [2], dtype: 'int64' }],
      run,
      throws: new RegExp(`${name}: is for integers and bool, not float32`),
    },
  ])
}

const shifts = [
  ['bitwiseLeftShift', 'bitwise_left_shift', bitwiseLeftShift],
  ['bitwiseRightShift', 'bitwise_right_shift', bitwiseRightShift],
] as const
for (const [name, golden, run] of shifts) {
  samplesFor(name, [
    { name: 'int64', golden: `comparison:${golden}`, run },
    { name: 'uint8 by a number', golden: `comparison:${golden}/uint8`, run },
    {
      name: 'in place',
      golden: `comparison:${golden}`,
      run: (x: Tensor, y: Tensor) => x.clone()[`${name}_`](y),
    },
    {
      name: 'bool is refused',
      inputs: [
        { shape: [2], dtype: 'bool' },
        { shape: [2], dtype: 'bool' },
      ],
      run,
      throws: new RegExp(`${name}: is for integers, not bool`),
    },
  ])
}
