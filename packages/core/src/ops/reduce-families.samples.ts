/** Samples that every reduction over any axes has. */
import { withLayout } from '../testing/samples.ts'
import type { Layout, Sample } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import type { Dims, ReduceOptions } from './reduce-axes.ts'

type Reduce = (x: Tensor, dim?: Dims, options?: ReduceOptions) => Tensor

/** The golden cases that every reduction over any axes has, in several layouts. */
export function families(op: string, reduce: Reduce, gradcheck = true): Sample[] {
  const laidOut =
    (layout: Layout, dim: Dims) =>
    (x: Tensor): Tensor =>
      reduce(withLayout(x, layout), dim)
  const golden = (name: string): string => `reduce:${op}/${name}`
  return [
    { name: 'one axis', golden: golden('one axis'), run: (x: Tensor) => reduce(x, 1) },
    { name: 'the first axis', golden: golden('the first axis'), run: (x: Tensor) => reduce(x, 0) },
    {
      name: 'a negative axis, kept',
      golden: golden('kept'),
      run: (x: Tensor) => reduce(x, -1, { keepdim: true }),
    },
    {
      name: 'several axes',
      golden: golden('several axes'),
      run: (x: Tensor) => reduce(x, [0, -1]),
    },
    { name: 'long rows', golden: golden('long rows'), run: (x: Tensor) => reduce(x, 1) },
    {
      name: 'without axes',
      golden: golden('without axes'),
      run: (x: Tensor) => reduce(x, 0),
      gradcheck,
    },
    { name: 'float64', golden: golden('float64'), run: (x: Tensor) => reduce(x, 0) },
    { name: 'transposed', golden: golden('one axis'), run: laidOut('transposed', 1) },
    { name: 'sliced', golden: golden('one axis'), run: laidOut('sliced', 1) },
    { name: 'sliced columns', golden: golden('the first axis'), run: laidOut('sliced', 0) },
    {
      name: 'transposed, outer axes',
      golden: golden('several axes'),
      run: laidOut('transposed', [0, 2]),
    },
    {
      name: 'channels of pixels stored channels-last',
      inputs: [{ shape: [2, 3, 2, 2], layout: 'channelsLast' }],
      run: (x: Tensor) => reduce(x, [0, 2, 3]),
    },
    {
      name: 'no such axis',
      inputs: [[2, 3]],
      run: (x: Tensor) => reduce(x, 2),
      throws: /axis 2 is outside \[-2, 1\]/,
    },
    {
      name: 'an axis twice',
      inputs: [[2, 3]],
      run: (x: Tensor) => reduce(x, [1, -1]),
      throws: /an axis appears more than once in \[1, -1\]/,
    },
  ]
}
