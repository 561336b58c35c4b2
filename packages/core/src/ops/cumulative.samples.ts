import { samplesFor, withLayout } from '../testing/samples.ts'
import type { Sample } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { cumprod, cumsum } from './cumulative.ts'

function running(op: 'cumsum' | 'cumprod', along: typeof cumsum): Sample[] {
  const golden = (name: string): string => `reduce:${op}/${name}`
  return [
    { name: 'rows', golden: golden('rows'), run: (x: Tensor) => along(x, 1) },
    { name: 'columns', golden: golden('columns'), run: (x: Tensor) => along(x, 0) },
    { name: 'a middle axis', golden: golden('a middle axis'), run: (x: Tensor) => along(x, -2) },
    { name: 'float64', golden: golden('float64'), run: (x: Tensor) => along(x, 0) },
    { name: 'without axes', golden: golden('without axes'), run: (x: Tensor) => along(x, -1) },
    { name: 'one element', golden: golden('one element'), run: (x: Tensor) => along(x, 1) },
    { name: 'empty', golden: golden('empty'), run: (x: Tensor) => along(x, 0) },
    { name: 'of bytes', golden: golden('of bytes'), run: (x: Tensor) => along(x, 1) },
    {
      name: 'as float32',
      golden: golden('as float32'),
      run: (x: Tensor) => along(x, 0, { dtype: 'float32' }),
    },
    {
      name: 'transposed',
      golden: golden('rows'),
      run: (x: Tensor) => along(withLayout(x, 'transposed'), 1),
    },
    {
      name: 'sliced',
      golden: golden('columns'),
      run: (x: Tensor) => along(withLayout(x, 'sliced'), 0),
    },
    {
      name: 'channels stored last',
      inputs: [{ shape: [2, 3, 2, 2], layout: 'channelsLast' }],
      run: (x: Tensor) => along(x, 1),
    },
    {
      name: 'expanded',
      inputs: [{ shape: [3, 2], layout: 'expanded' }],
      run: (x: Tensor) => along(x, 0),
    },
    {
      name: 'no such axis',
      inputs: [[2, 3]],
      run: (x: Tensor) => along(x, -3),
      throws: /axis -3 is outside \[-2, 1\]/,
    },
    {
      name: 'no axis',
      inputs: [[2, 3]],
      run: (x: Tensor) => along(x, undefined as never),
      throws: /the axis is one number, not undefined/,
    },
    {
      name: 'as bool',
      inputs: [[2, 3]],
      run: (x: Tensor) => along(x, 0, { dtype: 'bool' }),
      throws: /bools are not added up in bool/,
    },
  ]
}

samplesFor('cumsum', [
  ...running('cumsum', cumsum),
  { name: 'of bools', golden: 'reduce:cumsum/of bools', run: (x: Tensor) => cumsum(x, 0) },
  {
    name: 'as int32',
    golden: 'reduce:cumsum/as int32',
    run: (x: Tensor) => cumsum(x, 0, { dtype: 'int32' }),
  },
])
samplesFor('cumprod', [
  ...running('cumprod', cumprod),
  { name: 'zeros', golden: 'reduce:cumprod/zeros', run: (x: Tensor) => cumprod(x, 1) },
])
samplesFor('cumsum_', [
  {
    name: 'of a tensor that is its own',
    golden: 'reduce:cumsum/rows',
    run: (x: Tensor) => x.clone().cumsum_(1),
  },
  {
    name: 'by name',
    golden: 'reduce:cumsum/columns',
    run: (x: Tensor) => x.clone().cumsum_({ dim: 0, dtype: x.dtype }),
  },
  {
    name: 'keeps the dtype of integers',
    inputs: [{ shape: [4], dtype: 'int32' }],
    run: (x: Tensor) => x.cumsum_(0).bitwiseAnd(1),
  },
  {
    name: 'in another dtype',
    inputs: [{ shape: [4], dtype: 'int32' }],
    run: (x: Tensor) => x.cumsum_(0, 'float32'),
    throws: /cumsum_: the result is stored in int32, not in float32/,
  },
])
samplesFor('cumprod_', [
  {
    name: 'of a tensor that is its own',
    golden: 'reduce:cumprod/rows',
    run: (x: Tensor) => x.clone().cumprod_(1),
  },
])
samplesFor('recurrence', [
  { name: 'reached through cumprod', inputs: [[3, 4]], run: (x: Tensor) => cumprod(x, 1) },
])
