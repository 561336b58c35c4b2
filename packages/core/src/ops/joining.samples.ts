import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import {
  atleast1d,
  atleast2d,
  atleast3d,
  blockDiag,
  cat,
  columnStack,
  concat,
  concatenate,
  dstack,
  hstack,
  stack,
  vstack,
} from './joining.ts'

samplesFor('cat', [
  { name: 'along the last axis', run: (...x: Tensor[]) => cat(x, -1), golden: 'joining:cat' },
  {
    name: 'along the first axis, one part empty',
    inputs: [
      [0, 3],
      [2, 3],
    ],
    run: (...x: Tensor[]) => cat(x),
  },
  {
    name: 'transposed parts',
    inputs: [{ shape: [2, 3], layout: 'transposed' }, [1, 3]],
    run: (...x: Tensor[]) => cat(x, { dim: 0 }),
  },
  {
    name: 'another axis differs',
    inputs: [
      [2, 3],
      [2, 4],
    ],
    run: (...x: Tensor[]) => cat(x, 0),
    throws: /all axes but 0 must be equal/,
  },
  {
    name: 'a tensor without axes',
    inputs: [[2], []],
    run: (...x: Tensor[]) => cat(x),
    throws: /tensors without axes cannot be joined/,
  },
])
samplesFor('concat', [
  { name: 'along the first axis', run: (...x: Tensor[]) => concat(x), golden: 'joining:concat' },
])
samplesFor('concatenate', [
  {
    name: 'along the second axis',
    run: (...x: Tensor[]) => concatenate(x, 1),
    golden: 'joining:concatenate',
  },
])
samplesFor('stack', [
  { name: 'as a new axis', run: (...x: Tensor[]) => stack(x, 1), golden: 'joining:stack' },
  {
    name: 'as a last axis',
    run: (...x: Tensor[]) => stack(x, { dim: -1 }),
    golden: 'joining:stack/last',
  },
  {
    name: 'transposed parts',
    inputs: [{ shape: [2, 3], layout: 'transposed' }, [2, 3]],
    run: (...x: Tensor[]) => stack(x),
  },
  {
    name: 'shapes differ',
    inputs: [[2], [3]],
    run: (...x: Tensor[]) => stack(x),
    throws: /all shapes must be equal/,
  },
])
samplesFor('atleast1d', [
  {
    name: 'none and one axis',
    run: (...x: Tensor[]) => atleast1d(...x),
    golden: 'joining:atleast1d',
  },
])
samplesFor('atleast2d', [
  { name: 'none and one axis', run: (...x: Tensor[]) => atleast2d(x), golden: 'joining:atleast2d' },
])
samplesFor('atleast3d', [
  { name: 'up to two axes', run: (...x: Tensor[]) => atleast3d(x), golden: 'joining:atleast3d' },
  { name: 'a single tensor', inputs: [[2, 1, 3, 1]], run: (x: Tensor) => atleast3d(x) },
])
samplesFor('hstack', [
  { name: 'two matrices', run: (...x: Tensor[]) => hstack(x), golden: 'joining:hstack' },
  {
    name: 'nothing',
    inputs: [],
    run: () => hstack([]),
    throws: /hstack: a list of at least one tensor is needed/,
  },
])
samplesFor('vstack', [
  { name: 'a row and a matrix', run: (...x: Tensor[]) => vstack(x), golden: 'joining:vstack' },
])
samplesFor('dstack', [
  { name: 'two matrices', run: (...x: Tensor[]) => dstack(x), golden: 'joining:dstack' },
])
samplesFor('columnStack', [
  {
    name: 'a column and a matrix',
    run: (...x: Tensor[]) => columnStack(x),
    golden: 'joining:columnStack',
  },
])
samplesFor('blockDiag', [
  {
    name: 'a matrix, a row and a number',
    run: (...x: Tensor[]) => blockDiag(...x),
    golden: 'joining:blockDiag',
  },
  {
    name: 'three axes',
    inputs: [[2, 2, 2]],
    run: (...x: Tensor[]) => blockDiag(x),
    throws: /a block has at most two axes, not 3/,
  },
])
