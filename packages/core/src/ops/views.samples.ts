import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import {
  alias,
  detach,
  expand,
  narrow,
  permute,
  reshape,
  select,
  slice,
  squeeze,
  transpose,
  unsqueeze,
  view,
} from './views.ts'

samplesFor('view', [
  {
    name: 'other shape',
    inputs: [[2, 6]],
    run: (x: Tensor) => view(x, 3, -1),
    golden: 'views:view',
  },
  {
    name: 'axes of size 1 vanish',
    inputs: [[2, 1, 3, 1]],
    run: (x: Tensor) => squeeze(x),
    golden: 'views:squeeze',
  },
  {
    name: 'a new axis',
    inputs: [[2, 3]],
    run: (x: Tensor) => unsqueeze(x, -1),
    golden: 'views:unsqueeze',
  },
  { name: 'empty', inputs: [[0, 3]], run: (x: Tensor) => view(x, 3, 0) },
  {
    name: 'a transposed tensor merges no axes',
    inputs: [{ shape: [3, 4], layout: 'transposed' }],
    run: (x: Tensor) => view(x, 12),
    throws: /view: the tensor's strides do not allow/,
  },
  {
    name: 'another number of elements',
    inputs: [[2, 3]],
    run: (x: Tensor) => view(x, 4),
    throws: /has 4 elements, the tensor 6/,
  },
])
samplesFor('reshape', [
  {
    name: 'a view',
    inputs: [[2, 6]],
    run: (x: Tensor) => reshape(x, [3, 4]),
    golden: 'views:reshape',
  },
  {
    name: 'a copy of a transposed tensor',
    inputs: [{ shape: [3, 4], layout: 'transposed' }],
    run: (x: Tensor) => reshape(x, 2, 6),
  },
  {
    name: '-1 that does not divide',
    inputs: [[2, 3]],
    run: (x: Tensor) => reshape(x, 4, -1),
    throws: /no size for -1/,
  },
])
samplesFor('permute', [
  {
    name: 'three axes',
    inputs: [[2, 3, 4]],
    run: (x: Tensor) => permute(x, 2, 0, 1),
    golden: 'views:permute',
  },
  {
    name: 'two axes exchanged',
    inputs: [[2, 3, 4]],
    run: (x: Tensor) => transpose(x, -1, 0),
    golden: 'views:transpose',
  },
  {
    name: 'an axis twice',
    inputs: [[2, 3]],
    run: (x: Tensor) => permute(x, 0, 0),
    throws: /more than once/,
  },
])
samplesFor('expand', [
  {
    name: 'an axis of size 1 and a new one',
    inputs: [[2, 1]],
    run: (x: Tensor) => expand(x, 4, -1, 3),
    golden: 'views:expand',
  },
  {
    name: 'an axis of another size',
    inputs: [[2, 3]],
    run: (x: Tensor) => expand(x, 2, 4),
    throws: /cannot be expanded/,
  },
])
samplesFor('select', [
  {
    name: 'from the back',
    inputs: [[3, 4]],
    run: (x: Tensor) => select(x, 1, -1),
    golden: 'views:select',
  },
  {
    name: 'outside',
    inputs: [[3, 4]],
    run: (x: Tensor) => select(x, 0, 3),
    throws: /index 3 is outside axis 0, which has 3/,
  },
])
samplesFor('slice', [
  {
    name: 'with a step',
    inputs: [[7, 2]],
    run: (x: Tensor) => slice(x, 0, 1, 6, 2),
    golden: 'views:slice',
  },
  { name: 'bounds are cut', inputs: [[4, 2]], run: (x: Tensor) => slice(x, 0, -100, 100) },
  { name: 'nothing left', inputs: [[4, 2]], run: (x: Tensor) => slice(x, 0, 3, 1) },
  {
    name: 'narrowed',
    inputs: [[4, 5]],
    run: (x: Tensor) => narrow(x, 1, 1, 3),
    golden: 'views:narrow',
  },
  {
    name: 'narrow outside',
    inputs: [[4, 5]],
    run: (x: Tensor) => narrow(x, 1, 3, 3),
    throws: /3 positions from 3 do not lie in axis 1/,
  },
])
samplesFor('windowGrad', [
  { name: 'reached through select', inputs: [[3, 4]], run: (x: Tensor) => select(x, 0, 1) },
])
samplesFor('alias', [{ name: 'equal', inputs: [[2, 3]], run: alias }])
samplesFor('detach', [{ name: 'equal', inputs: [[2, 3]], run: detach, gradcheck: false }])
