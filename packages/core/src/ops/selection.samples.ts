import type { Sample } from '../testing/samples.ts'
import { samplesFor, withLayout } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import type { TopkOptions } from './selection.ts'
import { kthvalue, median, mode, nanmedian, topk } from './selection.ts'

function tops(): Sample[] {
  const cases: [string, TopkOptions][] = [
    ['rows', { k: 2 }],
    ['smallest columns', { k: 3, dim: 0, largest: false }],
    ['of many', { k: 2 }],
    ['smallest of many', { k: 3, largest: false }],
    ['half', { k: 50 }],
    ['not sorted', { k: 6, sorted: false }],
    ['all', { k: 4 }],
    ['none', { k: 0, dim: null }],
    ['ties', { k: 4 }],
    ['ties of many', { k: 3 }],
    ['strange', { k: 3 }],
    ['smallest, strange', { k: 5, largest: false }],
    ['bytes', { k: 3 }],
    ['without axes', { k: 1 }],
  ]
  return cases.map(([name, options]) => ({
    name,
    golden: `sorting:topk/${name}`,
    run: (x: Tensor) => [...topk(x, options)],
    gradcheck: !name.includes('strange'),
  }))
}

samplesFor('topk', [
  ...tops(),
  {
    name: 'by position, transposed',
    golden: 'sorting:topk/smallest columns',
    run: (x: Tensor) => {
      const { values, indices } = withLayout(x, 'transposed').topk(3, 0, false)
      return [values, indices]
    },
  },
  {
    name: 'more than there are',
    inputs: [[2, 3]],
    run: (x: Tensor) => [...topk(x, 4)],
    throws: /k \(4\) is outside \[0, 3\], the axis having 3 elements/,
  },
  {
    name: 'half an element',
    inputs: [[2, 3]],
    run: (x: Tensor) => [...topk(x, 0.5)],
    throws: /k is a whole number, not 0\.5/,
  },
  {
    name: 'of bools',
    inputs: [{ shape: [3], dtype: 'bool' }],
    run: (x: Tensor) => [...topk(x, 1)],
    throws: /bools are not compared by size.*x\.byte\(\)\.topk/s,
  },
])

samplesFor('kthvalue', [
  { name: 'rows', golden: 'sorting:kthvalue/rows', run: (x: Tensor) => [...kthvalue(x, 2)] },
  {
    name: 'columns, kept',
    golden: 'sorting:kthvalue/columns, kept',
    run: (x: Tensor) => [...kthvalue(x, 3, 0, true)],
  },
  {
    name: 'columns, kept, by name',
    golden: 'sorting:kthvalue/columns, kept',
    run: (x: Tensor) => [...x.kthvalue({ k: 3, dim: 0, keepdim: true })],
  },
  { name: 'ties', golden: 'sorting:kthvalue/ties', run: (x: Tensor) => [...kthvalue(x, 4)] },
  { name: 'many', golden: 'sorting:kthvalue/many', run: (x: Tensor) => [...kthvalue(x, 60)] },
  {
    name: 'strange',
    golden: 'sorting:kthvalue/strange',
    run: (x: Tensor) => [...kthvalue(x, 5)],
    gradcheck: false,
  },
  {
    name: 'without axes',
    golden: 'sorting:kthvalue/without axes',
    run: (x: Tensor) => [...kthvalue(x, 1)],
  },
  {
    name: 'counted from zero',
    inputs: [[2, 3]],
    run: (x: Tensor) => [...kthvalue(x, 0)],
    throws: /k \(0\) is outside \[1, 3\]/,
  },
  {
    name: 'of nothing',
    inputs: [[2, 0]],
    run: (x: Tensor) => [...kthvalue(x, 1)],
    throws: /axis 1 has no elements, and of nothing there is no kthvalue/,
  },
])

function middles(op: 'median' | 'nanmedian', of: typeof median): Sample[] {
  const golden = (name: string): string => `sorting:${op}/${name}`
  return [
    { name: 'rows', golden: golden('rows'), run: (x: Tensor) => [...of(x, 1)] },
    {
      name: 'columns, kept',
      golden: golden('columns, kept'),
      run: (x: Tensor) => [...of(x, 0, true)],
    },
    {
      name: 'columns, kept, by name, sliced',
      golden: golden('columns, kept'),
      run: (x: Tensor) => [...of(withLayout(x, 'sliced'), { dim: 0, keepdim: true })],
    },
    { name: 'many', golden: golden('many'), run: (x: Tensor) => [...of(x, 1)] },
    { name: 'ties', golden: golden('ties'), run: (x: Tensor) => [...of(x, -1)] },
    { name: 'NaN', golden: golden('NaN'), run: (x: Tensor) => [...of(x, 1)], gradcheck: false },
    {
      name: 'only NaN',
      golden: golden('only NaN'),
      run: (x: Tensor) => [...of(x, 0)],
      gradcheck: false,
    },
    {
      name: 'without axes',
      golden: golden('without axes'),
      run: (x: Tensor) => [...of(x, 0)],
    },
    {
      name: 'of an axis without elements',
      inputs: [[2, 0]],
      run: (x: Tensor) => [...of(x, 1)],
      throws: new RegExp(`axis 1 has no elements, and of nothing there is no ${op}`),
    },
    {
      name: 'of bools',
      inputs: [{ shape: [3], dtype: 'bool' }],
      run: (x: Tensor) => of(x),
      throws: /bools are not compared by size/,
    },
  ]
}

function middlesOfAll(op: 'median' | 'nanmedian', of: typeof median): Sample[] {
  const golden = (name: string): string => `sorting:${op}/${name}`
  const run = (x: Tensor): Tensor => of(x)
  return [
    { name: 'all axes', golden: golden('all'), run },
    { name: 'ties', golden: golden('all, ties'), run, gradcheck: false },
    { name: 'NaN', golden: golden('all, NaN'), run, gradcheck: false },
    { name: 'of nothing', golden: golden('of nothing'), run },
    { name: 'of no integers', golden: golden('no integers'), run },
    {
      name: 'transposed',
      golden: golden('all'),
      run: (x: Tensor) => of(withLayout(x, 'transposed')),
    },
  ]
}

samplesFor('median', middles('median', median))
samplesFor('nanmedian', middles('nanmedian', nanmedian))
samplesFor('medianOfAll', middlesOfAll('median', median))
samplesFor('nanmedianOfAll', middlesOfAll('nanmedian', nanmedian))

samplesFor('mode', [
  { name: 'rows', golden: 'sorting:mode/rows', run: (x: Tensor) => [...mode(x, 1)] },
  {
    name: 'columns, kept',
    golden: 'sorting:mode/columns, kept',
    run: (x: Tensor) => [...mode(x, 0, true)],
  },
  { name: 'many', golden: 'sorting:mode/many', run: (x: Tensor) => [...mode(x)] },
  {
    name: 'of floats',
    golden: 'sorting:mode/of floats',
    run: (x: Tensor) => [...mode(x, { dim: -1 })],
    gradcheck: false,
  },
  {
    name: 'one element in each row',
    inputs: [[3, 1]],
    run: (x: Tensor) => [...mode(x)],
  },
  {
    name: 'NaN',
    golden: 'sorting:mode/NaN',
    run: (x: Tensor) => [...mode(x)],
    gradcheck: false,
  },
  { name: 'bools', golden: 'sorting:mode/bools', run: (x: Tensor) => [...mode(x)] },
  { name: 'without axes', golden: 'sorting:mode/without axes', run: (x: Tensor) => [...mode(x)] },
  {
    name: 'of nothing',
    inputs: [[2, 0]],
    run: (x: Tensor) => [...mode(x)],
    throws: /axis 1 has no elements, and of nothing there is no mode/,
  },
])
