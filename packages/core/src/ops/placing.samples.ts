import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { constantPadNd, diagonalScatter, selectScatter, sliceScatter } from './placing.ts'

samplesFor('windowScatter', [
  {
    name: 'every second position',
    run: (x: Tensor, y: Tensor) => sliceScatter(x, y, 1, 1, null, 2),
    golden: 'rearranging:sliceScatter',
  },
])
samplesFor('sliceScatter', [
  {
    name: 'by name',
    run: (x: Tensor, y: Tensor) => sliceScatter(x, y, { dim: 1, start: 1, step: 2 }),
    golden: 'rearranging:sliceScatter',
  },
  {
    name: 'a slice that src does not fit',
    inputs: [
      [4, 2],
      [2, 2],
    ],
    run: (x: Tensor, y: Tensor) => sliceScatter(x, y, 0, 1),
    throws: /src has shape \[2, 2\], what it replaces \[3, 2\]/,
  },
])
samplesFor('selectScatter', [
  {
    name: 'the last position',
    run: (x: Tensor, y: Tensor) => selectScatter(x, y, 1, -1),
    golden: 'rearranging:selectScatter',
  },
  {
    name: 'outside',
    inputs: [[4, 2], [2]],
    run: (x: Tensor, y: Tensor) => selectScatter(x, y, 0, 4),
    throws: /index 4 is outside axis 0/,
  },
])
samplesFor('diagonalScatter', [
  {
    name: 'above the main diagonal',
    run: (x: Tensor, y: Tensor) => diagonalScatter(x, y, 1),
    golden: 'rearranging:diagonalScatter',
  },
  {
    name: 'too short',
    inputs: [[3, 3], [2]],
    run: (x: Tensor, y: Tensor) => diagonalScatter(x, y),
    throws: /src has shape \[2\], what it replaces \[3\]/,
  },
])
samplesFor('constantPadNd', [
  {
    name: 'one side taken away',
    run: (x: Tensor) => constantPadNd(x, [1, 2, -1, 1], 3),
    golden: 'rearranging:constantPadNd',
  },
  { name: 'nothing', inputs: [[2, 3]], run: (x: Tensor) => constantPadNd(x, []) },
  {
    name: 'by name',
    inputs: [{ shape: [3, 2], layout: 'transposed' }],
    run: (x: Tensor) => constantPadNd(x, { pad: [0, 1], value: -1 }),
  },
  {
    name: 'half an axis',
    inputs: [[2]],
    run: (x: Tensor) => constantPadNd(x, [1]),
    throws: /pad is a list of two whole numbers for each of the last axes/,
  },
  {
    name: 'more than there is',
    inputs: [[3]],
    run: (x: Tensor) => constantPadNd(x, [-2, -2]),
    throws: /-2 before and -2 after do not fit axis 0, which has 3/,
  },
])
