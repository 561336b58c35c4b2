import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { to } from './cast.ts'
import { transferTo } from './transfer.ts'
import { clone, contiguous, fill, fill_, zero_ } from './copy.ts'

samplesFor('clone', [
  { name: 'row-major', inputs: [[2, 3]], run: clone },
  { name: 'transposed', inputs: [{ shape: [2, 3], layout: 'transposed' }], run: clone },
  {
    name: 'with the channels innermost',
    inputs: [[2, 3, 2, 2]],
    run: (x: Tensor) => clone(x, { memoryFormat: 'channelsLast' }),
  },
])
samplesFor('contiguous', [
  {
    name: 'of a transposed tensor',
    inputs: [{ shape: [2, 3], layout: 'transposed' }],
    run: contiguous,
  },
  { name: 'of a row-major tensor', inputs: [[2, 3]], run: contiguous },
  {
    name: 'a format for another number of axes',
    inputs: [[2, 3]],
    run: (x: Tensor) => contiguous(x, { memoryFormat: 'channelsLast' }),
    throws: /channelsLast is for 4 axes, the tensor has 2/,
  },
])
samplesFor('copy', [
  {
    name: 'a row into a matrix',
    inputs: [[2, 3], [3]],
    run: (x: Tensor, y: Tensor) => x.clone().copy_(y),
  },
  {
    name: 'too many axes',
    inputs: [[3], [2, 3]],
    run: (x: Tensor, y: Tensor) => x.clone().copy_(y),
    throws: /copy_.*more elements/,
  },
])
samplesFor('fillInPlace', [
  { name: 'a number', inputs: [[2, 3]], run: (x: Tensor) => x.clone().fill_(1.5) },
  { name: 'zeros', inputs: [[2, 3]], run: (x: Tensor) => x.clone().zero_() },
])
samplesFor('fill_', [
  { name: 'a number', run: (x: Tensor) => fill_(x.clone(), 1.5), golden: 'views:fill_' },
  {
    name: 'a tensor without axes',
    inputs: [[2, 3], []],
    run: (x: Tensor, y: Tensor) => fill_(x.clone(), y),
  },
  {
    name: 'a number that the dtype cannot hold',
    inputs: [{ shape: [2], dtype: 'int8' }],
    run: (x: Tensor) => fill_(x.clone(), 300),
    throws: /fill_: 300 cannot be held by int8/,
  },
  {
    name: 'a tensor with an axis',
    inputs: [[2, 3], [3]],
    run: (x: Tensor, y: Tensor) => fill_(x.clone(), y),
    throws: /fill_: value has 1 axes; only a tensor without axes is one value/,
  },
])
samplesFor('zero_', [
  { name: 'everywhere', run: (x: Tensor) => zero_(x.clone()), golden: 'views:zero_' },
])
samplesFor('filled', [
  { name: 'a number', inputs: [[2, 3]], run: (x: Tensor) => fill(x, { value: 1.5 }) },
])
samplesFor('fill', [
  {
    name: 'the value of a tensor',
    run: (x: Tensor, y: Tensor) => fill(x, y),
    golden: 'views:fill',
  },
])
samplesFor('transfer', [
  { name: 'where it is', inputs: [[2, 3]], run: (x: Tensor) => transferTo(x, 0) },
  {
    name: 'a permuted tensor',
    inputs: [{ shape: [2, 3, 4], layout: 'transposed' }],
    run: (x: Tensor) => transferTo(x, 0),
  },
])
samplesFor('cast', [
  { name: 'to int32', inputs: [[2, 3]], run: (x: Tensor) => to(x, 'int32') },
  {
    name: 'to float32',
    inputs: [{ shape: [2, 3], dtype: 'int64' }],
    run: (x: Tensor) => to(x, 'float32'),
  },
  {
    name: 'to bool',
    inputs: [{ shape: [3], values: [0, 0.5, Number.NaN] }],
    run: (x: Tensor) => x.bool(),
  },
  {
    name: 'an unknown dtype',
    inputs: [[2]],
    run: (x: Tensor) => to(x, 'float' as 'float32'),
    throws: /"float" is not a dtype, and no device/,
  },
  {
    name: 'a device after the dtype',
    inputs: [[2]],
    run: (x: Tensor) => to(x, 'float16', 'cpu' as never),
    throws: /nonBlocking must be true or false.*to\('cuda', 'float16'\)/s,
  },
])
