import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { asStrided, asStrided_, asStridedScatter, stridedSum, stridedZero } from './strided.ts'

samplesFor('asStrided', [
  {
    name: 'a window',
    golden: 'strided:asStrided',
    run: (x: Tensor) => asStrided(x, [2, 2], [3, 1], 1),
  },
  {
    name: 'windows that overlap',
    golden: 'strided:overlaps',
    run: (x: Tensor) => asStrided(x, [4, 3], [1, 1]),
  },
  {
    name: 'rows that repeat',
    golden: 'strided:repeats',
    run: (x: Tensor) => asStrided(x, { size: [2, 3], stride: [0, 2] }),
  },
  {
    name: 'of a tensor whose elements overlap',
    golden: 'strided:expanded',
    run: (x: Tensor) => asStrided(x.expand(4, 3), [2, 2], [1, 1]),
  },
  {
    name: 'of a transposed tensor',
    inputs: [{ shape: [3, 4], layout: 'transposed' }],
    run: (x: Tensor) => asStrided(x, [3, 2], [1, 5], 1),
  },
  {
    name: 'of a part of a storage',
    inputs: [[8]],
    run: (x: Tensor) => asStrided(x.mul(1).narrow(0, 2, 5), [2, 2], [2, 1], 3),
  },
  { name: 'empty', inputs: [[4]], run: (x: Tensor) => asStrided(x, [0, 2], [9, 9], 100) },
  { name: 'one element', inputs: [[4]], run: (x: Tensor) => asStrided(x, [], [], 3) },
  {
    name: 'beyond the storage',
    inputs: [[4]],
    run: (x: Tensor) => asStrided(x, [2, 2], [3, 1], 1),
    throws: /asStrided: .*needs 6 elements, the storage has 4/,
  },
  {
    name: 'a negative stride',
    inputs: [[4]],
    run: (x: Tensor) => asStrided(x, [2], [-1], 2),
    throws: /asStrided: stride must be a whole number ≥ 0, not -1/,
  },
  {
    name: 'too few strides',
    inputs: [[4]],
    run: (x: Tensor) => asStrided(x, [2, 2], [1]),
    throws: /asStrided: .*must be arrays of the same length/,
  },
])
samplesFor('asStrided_', [
  {
    name: 'of a copy',
    golden: 'strided:asStrided_',
    run: (x: Tensor) => asStrided_(x.mul(2), [2, 2], [1, 2], 1),
  },
])
samplesFor('asStridedScatter', [
  {
    name: 'into a window',
    golden: 'strided:asStridedScatter',
    run: (x: Tensor, src: Tensor) => asStridedScatter(x, src, [2, 2], [3, 1], 1),
  },
  {
    name: 'of a transposed tensor',
    inputs: [{ shape: [3, 4], layout: 'transposed' }, [2]],
    run: (x: Tensor, src: Tensor) => asStridedScatter(x, src, { size: [2], stride: [5] }),
  },
  {
    name: 'a source of another shape',
    inputs: [[6], [3]],
    run: (x: Tensor, src: Tensor) => asStridedScatter(x, src, [2], [1]),
    throws: /asStridedScatter: src has shape \[3\], size is \[2\]/,
  },
])
samplesFor('stridedSum', [
  {
    name: 'places that coincide',
    inputs: [[2, 3]],
    run: (x: Tensor) => stridedSum(x, 5, { offset: 1, shape: [2, 3], strides: [1, 1] }),
  },
  {
    name: 'places of their own',
    inputs: [[2, 3]],
    run: (x: Tensor) => stridedSum(x, 8, { offset: 1, shape: [2, 3], strides: [4, 1] }),
  },
  {
    name: 'no element',
    inputs: [[0, 3]],
    run: (x: Tensor) => stridedSum(x, 2, { offset: 1, shape: [0, 3], strides: [9, 9] }),
  },
])
samplesFor('stridedZero', [
  {
    name: 'a window',
    inputs: [[8]],
    run: (x: Tensor) => stridedZero(x, { offset: 1, shape: [2, 2], strides: [4, 1] }),
  },
  {
    name: 'no element',
    inputs: [[2]],
    run: (x: Tensor) => stridedZero(x, { offset: 0, shape: [0], strides: [1] }),
  },
])
