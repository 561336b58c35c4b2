import { samplesFor } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { repeat, repeatInterleave, tile } from './repeating.ts'

samplesFor('repeat', [
  { name: 'with a new axis', run: (x: Tensor) => repeat(x, 2, 1, 3), golden: 'rearranging:repeat' },
  { name: 'once is a copy', inputs: [[2, 3]], run: (x: Tensor) => repeat(x, [1, 1]) },
  { name: 'never', inputs: [[2, 3]], run: (x: Tensor) => repeat(x, { repeats: [0, 2] }) },
  {
    name: 'more axes than one copy can have',
    inputs: [[1, 1, 1, 1, 1, 1, 1, 1, 1]],
    run: (x: Tensor) => repeat(x, [2, 2, 2, 2, 2, 2, 2, 2, 2]),
    gradcheck: false,
  },
  {
    name: 'too few',
    inputs: [[2, 3]],
    run: (x: Tensor) => repeat(x, 2),
    throws: /1 repeats are given for 2 axes/,
  },
])
samplesFor('tile', [
  { name: 'the last axis', run: (x: Tensor) => tile(x, 2), golden: 'rearranging:tile' },
])
samplesFor('repeatInterleave', [
  {
    name: 'each twice',
    run: (x: Tensor) => repeatInterleave(x, 2, 1),
    golden: 'rearranging:repeatInterleave',
  },
  {
    name: 'as often as a tensor says',
    run: (x: Tensor, y: Tensor) => repeatInterleave(x, y, 0),
    golden: 'rearranging:repeatInterleave/each',
  },
  {
    name: 'in row-major order',
    inputs: [[2, 2]],
    run: (x: Tensor) => repeatInterleave(x, { repeats: 3 }),
  },
  {
    name: 'an output size that is not the sum',
    inputs: [[2], { shape: [2], dtype: 'int64', values: [2, 1] }],
    run: (x: Tensor, y: Tensor) => repeatInterleave(x, y, 0, { outputSize: 4 }),
    throws: /the repeats add up to less than the size of the output/,
  },
  {
    name: 'a negative number',
    inputs: [[2], { shape: [2], dtype: 'int64', values: [5, -1] }],
    run: (x: Tensor, y: Tensor) => repeatInterleave(x, y, 0, { outputSize: 4 }),
    throws: /repeats must not be negative|add up to more/,
  },
])
samplesFor('repeatIndex', [
  {
    name: 'positions',
    run: (x: Tensor) => repeatInterleave(x),
    golden: 'rearranging:repeatInterleave/positions',
  },
  {
    name: 'repeats of another dtype',
    inputs: [[2]],
    run: (x: Tensor) => repeatInterleave(x),
    throws: /repeats are int64 or int32, not float32/,
  },
])
