import type { Sample } from '../testing/samples.ts'
import { samplesFor, withLayout } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { bincount, histc, histogram } from './histogram.ts'

samplesFor('bincount', [
  { name: 'numbers', golden: 'counting:bincount', run: (x: Tensor) => bincount(x) },
  {
    name: 'at least 12',
    golden: 'counting:bincount/at least',
    run: (x: Tensor) => bincount(x, { minlength: 12 }),
  },
  { name: 'bytes', golden: 'counting:bincount/bytes', run: (x: Tensor) => bincount(x) },
  ...['weights', 'float64', 'whole weights'].map((name) => ({
    name,
    golden: `counting:bincount/${name}`,
    run: (x: Tensor, weights: Tensor) => bincount(x, weights),
  })),
  {
    name: 'sliced, weights by name',
    golden: 'counting:bincount/float64',
    run: (x: Tensor, weights: Tensor) =>
      withLayout(x, 'sliced').bincount({ weights: withLayout(weights, 'sliced') }),
  },
  {
    name: 'of nothing',
    golden: 'counting:bincount/of nothing',
    run: (x: Tensor) => bincount(x, null, 2),
  },
  {
    name: 'negative numbers',
    inputs: [{ shape: [3], dtype: 'int64', values: [1, -2, 0] }],
    run: (x: Tensor) => bincount(x),
    throws: /counts numbers from 0 on, but there is -2/,
  },
  {
    name: 'floats',
    inputs: [[3]],
    run: (x: Tensor) => bincount(x),
    throws: /counts integers, not float32/,
  },
  {
    name: 'several axes',
    inputs: [{ shape: [2, 2], dtype: 'int64' }],
    run: (x: Tensor) => bincount(x),
    throws: /input has one axis, and weights has the same size/,
  },
  {
    name: 'a negative size',
    inputs: [{ shape: [2], dtype: 'int64' }],
    run: (x: Tensor) => bincount(x, { minlength: -1 }),
    throws: /minlength must be a whole number ≥ 0, not -1/,
  },
])

const counted: Sample[] = [
  { name: 'of their range', golden: 'counting:histc', run: (x: Tensor) => histc(x, 5) },
  { name: 'of a range', golden: 'counting:histc/range', run: (x: Tensor) => histc(x, 8, -1, 2) },
  {
    name: 'of a range, by name, transposed',
    golden: 'counting:histc/range',
    run: (x: Tensor) => withLayout(x, 'transposed').histc({ bins: 8, min: -1, max: 2 }),
  },
  {
    name: 'edges',
    golden: 'counting:histc/edges',
    run: (x: Tensor) => histc(x, 4, { max: 4 }),
  },
  { name: 'one value', golden: 'counting:histc/one value', run: (x: Tensor) => histc(x, 3) },
  { name: 'of nothing', golden: 'counting:histc/of nothing', run: (x: Tensor) => histc(x, 3) },
  {
    name: 'many elements, on all threads',
    inputs: [[300, 400]],
    run: (x: Tensor) => histc(x, 3),
  },
  {
    name: 'of integers',
    inputs: [{ shape: [3], dtype: 'int64' }],
    run: (x: Tensor) => histc(x),
    throws: /is for floating dtypes, not int64/,
  },
  {
    name: 'no bins',
    inputs: [[3]],
    run: (x: Tensor) => histc(x, 0),
    throws: /bins must be a whole number ≥ 1, not 0/,
  },
  {
    name: 'a range from large to small',
    inputs: [[3]],
    run: (x: Tensor) => histc(x, 3, 2, 1),
    throws: /the range \[2, 1\] is not one from a smaller to a larger/,
  },
  {
    name: 'a range of NaN',
    inputs: [{ shape: [2], values: [1, Number.NaN] }],
    run: (x: Tensor) => histc(x, 3),
    throws: /the range of the elements, \[NaN, NaN\], is not finite/,
  },
]
// Steps, which finite differences see where an element crosses an edge.
samplesFor(
  'histc',
  counted.map((sample) => ({ ...sample, gradcheck: false })),
)

samplesFor('histogram', [
  {
    name: 'of their range',
    golden: 'counting:histogram',
    run: (x: Tensor) => [...histogram(x, 5)],
  },
  {
    name: 'of a range',
    golden: 'counting:histogram/range',
    run: (x: Tensor) => {
      const { hist, binEdges } = x.histogram(8, { range: [-1, 2] })
      return [hist, binEdges]
    },
  },
  {
    name: 'density',
    golden: 'counting:histogram/density',
    run: (x: Tensor, weight: Tensor) => [...histogram(x, { bins: 4, weight, density: true })],
  },
  {
    name: 'by edges',
    golden: 'counting:histogram/edges',
    run: (x: Tensor, edges: Tensor) => [...histogram(x, edges)],
  },
  {
    name: 'by edges, with weights',
    golden: 'counting:histogram/edges and weights',
    run: (x: Tensor, edges: Tensor, weight: Tensor) => [...histogram(x, edges, null, weight, true)],
  },
  {
    name: 'one value',
    golden: 'counting:histogram/one value',
    run: (x: Tensor) => [...histogram(x, 3)],
  },
  {
    name: 'of nothing',
    golden: 'counting:histogram/of nothing',
    run: (x: Tensor) => [...histogram(x, 3)],
  },
  {
    name: 'edges and a range',
    inputs: [[3], [3]],
    run: (x: Tensor, bins: Tensor) => [...histogram(x, bins, [0, 1])],
    throws: /the edges of bins say the range/,
  },
  {
    name: 'one edge',
    inputs: [[3], [1]],
    run: (x: Tensor, bins: Tensor) => [...histogram(x, bins)],
    throws: /edges of bins are a tensor \[bins \+ 1\]/,
  },
  {
    name: 'edges of another dtype',
    inputs: [[3], { shape: [3], dtype: 'int64' }],
    run: (x: Tensor, bins: Tensor) => [...histogram(x, bins)],
    throws: /the edges have the dtype of the input \(float32\), not int64/,
  },
  {
    name: 'a weight that does not fit',
    inputs: [[3], [2]],
    run: (x: Tensor, weight: Tensor) => [...histogram(x, 3, { weight })],
    throws: /each element has a weight of its dtype/,
  },
  {
    name: 'a range of one number',
    inputs: [[3]],
    run: (x: Tensor) => [...histogram(x, 3, { range: [1] as never })],
    throws: /a range has two numbers, not \[1\]/,
  },
])
