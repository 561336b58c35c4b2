import type { Sample } from '../testing/samples.ts'
import { samplesFor, withLayout } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { aminmax, nanmean, nansum } from './nan-reduce.ts'

function leavingOut(op: 'nansum' | 'nanmean', reduce: typeof nansum): Sample[] {
  const golden = (name: string): string => `running:${op}/${name}`
  return [
    { name: 'all axes', golden: golden('all'), run: (x: Tensor) => reduce(x), gradcheck: false },
    { name: 'rows', golden: golden('rows'), run: (x: Tensor) => reduce(x, 1), gradcheck: false },
    {
      name: 'columns, kept',
      golden: golden('columns, kept'),
      run: (x: Tensor) => reduce(x, 0, true),
      gradcheck: false,
    },
    {
      name: 'several axes',
      golden: golden('several axes'),
      run: (x: Tensor) => reduce(x, { dim: [0, -1] }),
    },
    {
      name: 'as float64',
      golden: golden('as float64'),
      run: (x: Tensor) => reduce(x, 1, { dtype: 'float64' }),
      gradcheck: false,
    },
    {
      name: 'float64',
      golden: golden('float64'),
      run: (x: Tensor) => reduce(x, 0),
      gradcheck: false,
    },
    { name: 'without axes', golden: golden('without axes'), run: (x: Tensor) => reduce(x, 0) },
    { name: 'of nothing', golden: golden('of nothing'), run: (x: Tensor) => reduce(x, 1) },
    {
      name: 'rows, transposed',
      golden: golden('rows'),
      run: (x: Tensor) => reduce(withLayout(x, 'transposed'), 1),
      gradcheck: false,
    },
    {
      name: 'columns, sliced',
      golden: golden('columns, kept'),
      run: (x: Tensor) => reduce(withLayout(x, 'sliced'), { dim: 0, keepdim: true }),
      gradcheck: false,
    },
    { name: 'long rows', inputs: [[2, 150]], run: (x: Tensor) => reduce(x, 1) },
    {
      name: 'no such axis',
      inputs: [[2, 3]],
      run: (x: Tensor) => reduce(x, 2),
      throws: /axis 2 is outside \[-2, 1\]/,
    },
  ]
}

samplesFor('nansum', [
  ...leavingOut('nansum', nansum),
  { name: 'of integers', golden: 'running:nansum/of integers', run: (x: Tensor) => nansum(x, 0) },
  { name: 'of bools', golden: 'running:nansum/of bools', run: (x: Tensor) => nansum(x) },
  {
    name: 'floats as integers',
    golden: 'running:nansum/as integers',
    run: (x: Tensor) => nansum(x, { dtype: 'int64' }),
  },
])
samplesFor('nanmean', [
  ...leavingOut('nanmean', nanmean),
  {
    name: 'of integers',
    inputs: [{ shape: [3], dtype: 'int64' }],
    run: (x: Tensor) => nanmean(x, { dtype: 'float64' }),
    throws: /nanmean is a fraction, which int64 cannot hold/,
  },
])

samplesFor('aminmax', [
  { name: 'all axes', golden: 'running:aminmax/all', run: (x: Tensor) => [...aminmax(x)] },
  { name: 'rows', golden: 'running:aminmax/rows', run: (x: Tensor) => [...aminmax(x, 1)] },
  {
    name: 'columns, kept, by name',
    golden: 'running:aminmax/columns, kept',
    run: (x: Tensor) => {
      const { min, max } = aminmax(x, { dim: 0, keepdim: true })
      return [min, max]
    },
  },
  {
    name: 'ties share the gradient',
    golden: 'running:aminmax/ties',
    run: (x: Tensor) => [...aminmax(x, { dim: null })],
    gradcheck: false,
  },
  {
    name: 'NaN',
    golden: 'running:aminmax/NaN',
    run: (x: Tensor) => [...aminmax(x, 1)],
    gradcheck: false,
  },
  {
    name: 'of integers',
    golden: 'running:aminmax/of integers',
    run: (x: Tensor) => [...aminmax(x, 0)],
  },
  {
    name: 'without axes',
    golden: 'running:aminmax/without axes',
    run: (x: Tensor) => [...aminmax(x, 0)],
  },
  {
    name: 'of nothing',
    inputs: [[2, 0]],
    run: (x: Tensor) => [...aminmax(x, 1)],
    throws: /axis 1 has no elements/,
  },
])
