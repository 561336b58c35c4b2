import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { to } from './cast.ts'
import { clone, contiguous } from './copy.ts'

samplesFor('clone', [
  { name: 'row-major', inputs: [[2, 3]], run: clone },
  { name: 'transposed', inputs: [{ shape: [2, 3], layout: 'transposed' }], run: clone },
])
samplesFor('contiguous', [
  {
    name: 'of a transposed tensor',
    inputs: [{ shape: [2, 3], layout: 'transposed' }],
    run: contiguous,
  },
  { name: 'of a row-major tensor', inputs: [[2, 3]], run: contiguous },
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
    run: (x: Tensor) => to(x, 'float' as never),
    throws: /"float" is not a dtype/,
  },
])
