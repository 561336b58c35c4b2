import type { Sample } from '../testing/samples.ts'
import { samplesFor, withLayout } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { cummax, cummin, logcumsumexp } from './running.ts'

function extremes(op: 'cummax' | 'cummin', along: typeof cummax): Sample[] {
  const golden = (name: string): string => `running:${op}/${name}`
  return [
    { name: 'rows', golden: golden('rows'), run: (x: Tensor) => [...along(x, 1)] },
    {
      name: 'columns',
      golden: golden('columns'),
      run: (x: Tensor) => {
        const { values, indices } = along(x, { dim: 0 })
        return [values, indices]
      },
    },
    {
      name: 'a middle axis',
      golden: golden('a middle axis'),
      run: (x: Tensor) => [...along(x, -2)],
    },
    { name: 'ties', golden: golden('ties'), run: (x: Tensor) => [...along(x, 0)] },
    { name: 'NaN', golden: golden('NaN'), run: (x: Tensor) => [...along(x, 0)], gradcheck: false },
    { name: 'bytes', golden: golden('bytes'), run: (x: Tensor) => [...along(x, 0)] },
    { name: 'bools', golden: golden('bools'), run: (x: Tensor) => [...along(x, 1)] },
    { name: 'without axes', golden: golden('without axes'), run: (x: Tensor) => [...along(x, 0)] },
    { name: 'empty', golden: golden('empty'), run: (x: Tensor) => [...along(x, 0)] },
    {
      name: 'transposed',
      golden: golden('rows'),
      run: (x: Tensor) => [...along(withLayout(x, 'transposed'), 1)],
    },
    {
      name: 'sliced',
      golden: golden('columns'),
      run: (x: Tensor) => [...along(withLayout(x, 'sliced'), 0)],
    },
    {
      name: 'no axis',
      inputs: [[2, 3]],
      run: (x: Tensor) => [...along(x, {})],
      throws: /the axis is one number, not undefined/,
    },
  ]
}

samplesFor('cummax', extremes('cummax', cummax))
samplesFor('cummin', extremes('cummin', cummin))

samplesFor('logcumsumexp', [
  { name: 'rows', golden: 'running:logcumsumexp/rows', run: (x: Tensor) => logcumsumexp(x, 1) },
  {
    name: 'columns',
    golden: 'running:logcumsumexp/columns',
    run: (x: Tensor) => logcumsumexp(x, { dim: 0 }),
  },
  {
    name: 'float64, a middle axis',
    golden: 'running:logcumsumexp/float64',
    run: (x: Tensor) => logcumsumexp(x, -2),
  },
  {
    name: 'large numbers',
    golden: 'running:logcumsumexp/large',
    run: (x: Tensor) => logcumsumexp(x, 0),
    gradcheck: false,
  },
  {
    name: 'infinities and NaN',
    golden: 'running:logcumsumexp/infinities',
    run: (x: Tensor) => logcumsumexp(x, 1),
    gradcheck: false,
  },
  {
    name: 'without axes',
    golden: 'running:logcumsumexp/without axes',
    run: (x: Tensor) => logcumsumexp(x, 0),
  },
  { name: 'empty', golden: 'running:logcumsumexp/empty', run: (x: Tensor) => logcumsumexp(x, 0) },
  {
    name: 'transposed',
    golden: 'running:logcumsumexp/rows',
    run: (x: Tensor) => logcumsumexp(withLayout(x, 'transposed'), 1),
  },
  {
    name: 'of integers',
    inputs: [{ shape: [3], dtype: 'int64' }],
    run: (x: Tensor) => logcumsumexp(x, 0),
    throws: /is for floating dtypes, not int64/,
  },
])
