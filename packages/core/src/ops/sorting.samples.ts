import type { Sample } from '../testing/samples.ts'
import { samplesFor, withLayout } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { argsort, msort, sort } from './sorting.ts'
import type { SortOptions } from './sorting.ts'

type Sorted = (x: Tensor, options: SortOptions) => Tensor | readonly Tensor[]

function orders(op: 'sort' | 'argsort', by: Sorted): Sample[] {
  const golden = (name: string): string => `sorting:${op}/${name}`
  const samples: Sample[] = [
    { name: 'rows', golden: golden('rows'), run: (x: Tensor) => by(x, { dim: 1 }) },
    { name: 'descending', golden: golden('descending'), run: (x) => by(x, { descending: true }) },
    { name: 'columns', golden: golden('columns'), run: (x: Tensor) => by(x, { dim: 0 }) },
    {
      name: 'a middle axis, descending',
      golden: golden('a middle axis'),
      run: (x: Tensor) => by(x, { dim: -2, descending: true }),
    },
    {
      name: 'long rows',
      golden: golden('long rows'),
      run: (x: Tensor) => by(x, { dim: 1 }),
      gradcheck: false,
    },
    {
      name: 'float64, long',
      golden: golden('float64, long'),
      run: (x: Tensor) => by(x, { dim: 0 }),
      gradcheck: false,
    },
    ...['strange', 'ties'].flatMap((kind) =>
      ['', ', descending'].map((way) => ({
        name: kind + way,
        golden: golden(kind + way),
        run: (x: Tensor) => by(x, { dim: 1, descending: way !== '', stable: true }),
        gradcheck: false,
      })),
    ),
    { name: 'many ties', golden: golden('many ties'), run: (x: Tensor) => by(x, { dim: 0 }) },
    {
      name: 'many ties, int32',
      golden: golden('many ties, int32'),
      run: (x: Tensor) => by(x, { dim: 0, descending: true }),
    },
    { name: 'bytes', golden: golden('bytes'), run: (x: Tensor) => by(x, { dim: 0 }) },
    { name: 'bools', golden: golden('bools'), run: (x: Tensor) => by(x, { dim: 0 }) },
    { name: 'without axes', golden: golden('without axes'), run: (x: Tensor) => by(x, {}) },
    { name: 'empty', golden: golden('empty'), run: (x: Tensor) => by(x, { dim: 1 }) },
    {
      name: 'transposed',
      golden: golden('rows'),
      run: (x: Tensor) => by(withLayout(x, 'transposed'), { dim: 1 }),
    },
    {
      name: 'sliced columns',
      golden: golden('columns'),
      run: (x: Tensor) => by(withLayout(x, 'sliced'), { dim: 0 }),
    },
    {
      name: 'channels stored last',
      inputs: [{ shape: [2, 5, 2, 3], layout: 'channelsLast' }],
      run: (x: Tensor) => by(x, { dim: 1 }),
    },
    {
      name: 'no such axis',
      inputs: [[2, 3]],
      run: (x: Tensor) => by(x, { dim: 2 }),
      throws: /axis 2 is outside \[-2, 1\]/,
    },
    {
      name: 'a name that is no option',
      inputs: [[2, 3]],
      run: (x: Tensor) => by(x, { reverse: true } as never),
      throws: /there is no option 'reverse'.*dim, descending, stable/s,
    },
  ]
  return op === 'sort' ? samples : samples.map((sample) => ({ ...sample, gradcheck: false }))
}

samplesFor('sort', [
  ...orders('sort', (x, options) => [...sort(x, options)]),
  {
    name: 'by position',
    golden: 'sorting:sort/a middle axis',
    run: (x: Tensor) => {
      const { values, indices } = x.sort(-2, true)
      return [values, indices]
    },
  },
])
samplesFor('argsort', [
  ...orders('argsort', argsort),
  {
    name: 'by position',
    golden: 'sorting:argsort/a middle axis',
    run: (x: Tensor) => x.argsort(1, true, { stable: false }),
    gradcheck: false,
  },
])
samplesFor('msort', [
  { name: 'columns', golden: 'sorting:msort', run: msort },
  { name: 'without axes', golden: 'sorting:msort/without axes', run: msort },
])
