import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import {
  alias,
  detach,
  flatten,
  ravel,
  reshape,
  reshapeAs,
  squeeze,
  unflatten,
  unsqueeze,
  view,
  viewAs,
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
samplesFor('viewDtype', [
  {
    name: 'the bits of floats',
    run: (x: Tensor) => view(x, 'int32'),
    golden: 'views:view/dtype',
    gradcheck: false,
  },
  {
    name: 'more elements of fewer bytes',
    run: (x: Tensor) => view(x, { dtype: 'int32' }),
    golden: 'views:view/smaller',
    gradcheck: false,
  },
  {
    name: 'an axis that the elements do not fill',
    inputs: [[2, 3]],
    run: (x: Tensor) => view(x, 'float64'),
    throws: /the last axis has 12 bytes, which elements of 8 bytes \(float64\) do not fill/,
  },
  {
    name: 'bytes as bools',
    inputs: [{ shape: [2], dtype: 'uint8' }],
    run: (x: Tensor) => view(x, 'bool'),
    throws: /other bytes than 0 and 1 are no bools/,
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
samplesFor('viewAs', [
  { name: 'of three rows', run: (x: Tensor, y: Tensor) => viewAs(x, y), golden: 'views:viewAs' },
])
samplesFor('reshapeAs', [
  {
    name: 'of a transposed matrix',
    run: (x: Tensor, y: Tensor) => reshapeAs(x.t(), { other: y }),
    golden: 'views:reshapeAs',
  },
])
samplesFor('flatten', [
  { name: 'the last axes', run: (x: Tensor) => flatten(x, 1, 2), golden: 'views:flatten' },
  { name: 'no axes', inputs: [[]], run: (x: Tensor) => flatten(x) },
  {
    name: 'from the end to the beginning',
    inputs: [[2, 3]],
    run: (x: Tensor) => flatten(x, { startDim: 1, endDim: 0 }),
    throws: /startDim \(1\) comes after endDim \(0\)/,
  },
])
samplesFor('ravel', [
  { name: 'a transposed matrix', run: (x: Tensor) => ravel(x.t()), golden: 'views:ravel' },
])
samplesFor('unflatten', [
  {
    name: 'one size left open',
    run: (x: Tensor) => unflatten(x, 1, [3, -1]),
    golden: 'views:unflatten',
  },
  {
    name: 'sizes that do not multiply to the axis',
    inputs: [[6]],
    run: (x: Tensor) => unflatten(x, { dim: 0, sizes: [4, 2] }),
    throws: /sizes \[4, 2\] do not multiply to 6/,
  },
])
samplesFor('squeeze', [
  { name: 'all axes of size 1', run: (x: Tensor) => squeeze(x), golden: 'views:squeeze' },
  { name: 'some axes', inputs: [[1, 2, 1]], run: (x: Tensor) => squeeze(x, { dim: [0, 1] }) },
])
samplesFor('unsqueeze', [
  { name: 'at the end', run: (x: Tensor) => unsqueeze(x, -1), golden: 'views:unsqueeze' },
  {
    name: 'beyond the end',
    inputs: [[2]],
    run: (x: Tensor) => unsqueeze(x, 2),
    throws: /axis 2 is outside \[-2, 1\]/,
  },
])
samplesFor('alias', [{ name: 'equal', inputs: [[2, 3]], run: alias }])
samplesFor('detach', [{ name: 'equal', inputs: [[2, 3]], run: detach, gradcheck: false }])
